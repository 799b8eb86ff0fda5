"""A village's sub-account, its plan, and the procedure (A8) that decides on it, each step by its unit's own key."""

from __future__ import annotations

from typing import Any

from tests.api.service import Service

SEEN = "c" * 64


def account(village: str) -> str:
    return f"/v1/organizations/{village}/income-sub-account"


async def open_account(
    service: Service, village: str, balance: str = "0.00", on: str = "2021-08-01"
) -> dict[str, Any]:
    opening = {"openedOn": on, "balance": balance, "documentNo": "村账〔2021〕1号", "documentSha256": SEEN}
    return await service.write(account(village), {"opening": opening})


def money(receipt: str, amount: str, on: str, **facts: Any) -> dict[str, Any]:
    told = {"receipt": receipt, "amount": amount, "receivedOn": on, "voucherNo": f"收-{receipt}"}
    return {"receipt": told | facts}


async def village_key(service: Service, village: str) -> str:
    """A key of the village's own; what it is called."""
    body = {
        "label": "村经办",
        "organization": village,
        "organizationKind": "VILLAGE",
        "roles": ["REGISTRAR"],
        "divisions": [village],
        "expiresAt": "2027-06-30T00:00:00+08:00",
    }
    made = await service.write("/v1/keys", body, "admin")
    service.tokens[village] = made["resource"]["token"] if "resource" in made else made["token"]
    return village


def plan(village: str, asset: str, *lines: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """A plan over the income of one asset."""
    fen = sum(round(float(one["amount"]) * 100) for one in lines)
    told = {
        "village": village,
        "year": 2022,
        "sources": [{"asset": asset, "amount": f"{fen // 100}.{fen % 100:02d}"}],
        "lines": list(lines),
        "purposeStatement": "设公益岗位两个，扶持合作社一家",
    }
    return {"plan": told | facts, "occurredOn": "2022-09-02"}


def line(amount: str, use: str = "COLLECTIVE_ECONOMY", **facts: Any) -> dict[str, Any]:
    return {"use": use, "amount": amount} | facts


def aid(household: str, amount: str, score: int | None = None) -> dict[str, Any]:
    basis = {} if score is None else {"basis": {"criterion": "困难程度评分", "score": score}}
    return line(amount, "AID_NO_LABOUR", household=household) | basis


def payment(number: str, on: str, *amounts: tuple[int, str]) -> dict[str, Any]:
    """An instalment: what is paid of which lines."""
    fen = sum(round(float(amount) * 100) for _, amount in amounts)
    return {
        "payment": number,
        "amount": f"{fen // 100}.{fen % 100:02d}",
        "paidOn": on,
        "voucherNo": f"付-{number}",
        "listSha256": SEEN,
        "lines": [{"line": one, "amount": amount} for one, amount in amounts],
    }


class Decided:
    """A plan's procedure (A8), taken by each unit's own key."""

    def __init__(self, service: Service, village: str, told: dict[str, Any]) -> None:
        self.service, self.village = service, village
        self.plan = f"/v1/income-plans/{told['id']}"
        self.subject = told["resource"]["subject"]
        self.path = self.code = ""
        self.people: dict[str, str] = {}

    async def _by(self, unit: str) -> dict[str, str]:
        if unit not in self.people:
            self.people[unit] = await self.service.person(unit)
        return {"organization": unit, "person": self.people[unit]}

    async def open(self, scope: str = "SINGLE_VILLAGE", **changes: Any) -> None:
        await village_key(self.service, self.village)
        roles = (("VILLAGE", self.village), ("OWNER", self.village), ("TOWNSHIP", "653022202000"))
        opening = {
            "chain": "A8",
            "title": "收益分配使用方案",
            "subject": self.subject,
            "case": {"ownerKind": "VILLAGE", "projectScope": scope, "assetType": "PROCESSING"},
            "parties": [{"role": role, "organization": unit} for role, unit in roles],
        } | changes
        body = {"opening": opening, "by": await self._by(self.village), "occurredOn": "2022-09-03"}
        self.code = str((await self.service.write("/v1/procedures", body, self.village))["id"])
        self.path = f"/v1/procedures/{self.code}"

    async def act(self, what: str, step: str, unit: str, who: str, on: str | None, **facts: Any) -> None:
        dated = {} if on is None else {"occurredOn": on}
        body = {"step": step, "by": await self._by(unit), "subjectSha256": self.subject["sha256"]}
        await self.service.write(f"{self.path}/{what}", body | dated | facts, who)

    async def voted(self) -> None:
        roll = {
            "body": "REPRESENTATIVES",
            "count": 35,
            "since": "2018-01-01",
            "until": "2090-12-31",
            "documentNo": "选举结果1号",
            "documentSha256": SEEN,
        }
        path = f"/v1/organizations/{self.village}/representatives"
        assert (await self.service.post(path, {"roll": roll}, "clerk")).status_code in {200, 201}
        await self.act("steps", "PROPOSE", self.village, self.village, "2022-09-03")
        meeting = {
            "kind": "REPRESENTATIVE_MEETING",
            "heldOn": "2022-09-05",
            "place": "村委会",
            "members": 35,
            "present": 24,
            "inFavour": 13,
            "against": 11,
            "minutesSha256": SEEN,
        }
        await self.act("meetings", "DECISION", self.village, self.village, None, meeting=meeting)

    async def noticed(self) -> None:
        posting = {
            "place": {"role": "OWNER_LOCATION", "organization": self.village},
            "location": "公示栏",
            "postedOn": "2022-09-06",
            "evidence": [SEEN],
            "text": "收益分配方案公示",
        }
        await self.act("notices", "NOTICE", self.village, self.village, None, posting=posting)
        await self.act("notice-completions", "NOTICE", self.village, self.village, "2022-09-20")

    async def reviewed(self) -> None:
        await self.act("reviews", "REVIEW", "653022202000", "approver", "2022-09-07", verdict="APPROVED")

    async def filed(self) -> None:
        await self.act("filings", "RECHECK", self.village, self.village, "2022-09-08")

    async def line_filed(self) -> None:
        await self.act("filings", "LINE_FILING", self.village, self.village, "2022-09-08")

    async def accepted(self) -> None:
        answer = {"filedBy": self.village, "answer": "ACCEPTED"}
        await self.act("filing-answers", "RECHECK", "AGRICULTURE", "agriculture", "2022-09-12", **answer)

    async def through(self, **opening: Any) -> None:
        """All of it, up to the payment."""
        await self.open(**opening)
        for step in (self.voted, self.noticed, self.reviewed, self.line_filed, self.filed, self.accepted):
            await step()

    def paid(self, paid: dict[str, Any]) -> dict[str, Any]:
        return {"payment": paid, "procedure": self.code}


async def paid_by_plan(
    service: Service, village: str, asset: str, number: str, *lines: dict[str, Any], on: str = "2022-10-10"
) -> dict[str, Any]:
    """A plan over an asset's income goes its whole way and is paid at once; the answer to the payment."""
    told = await service.write("/v1/income-plans", plan(village, asset, *lines))
    it = Decided(service, village, told)
    await it.through()
    amounts = [(index, str(one["amount"])) for index, one in enumerate(lines, 1)]
    return await service.write(f"{it.plan}/execution", it.paid(payment(number, on, *amounts)))


async def account_of(service: Service, village: str, on: str) -> None:
    """The village keeps a sub-account with money on it: since that day, or since its receipts so far where it kept none."""
    for day in (on, "2022-09-02"):
        if (await service.get(account(village))).status_code == 404:
            opening = {
                "openedOn": day,
                "balance": "1000000.00",
                "documentNo": "村账〔2021〕1号",
                "documentSha256": SEEN,
            }
            await service.post(account(village), {"opening": opening})
    assert (await service.get(account(village))).status_code == 200
