"""Contracts over HTTP as owners come to them: the operator selected, voted on by every owner, each step by its own unit's key, then signed."""

from __future__ import annotations

from typing import Any

from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.income.decided import village_key
from tests.api.service import Service

SEEN = "d" * 64
KEYS = {VILLAGE: "village", TOWNSHIP: "approver", "653022202201": "second_village"}
NOT_DECIDED = frozenset({"signedOn", "decisionDocument"})
"""Of a contract, what is no part of the text that is decided on."""


class Choice:
    """The procedure over a contract (A9, A10, A13)."""

    def __init__(self, service: Service, asset: str, terms: dict[str, Any]) -> None:
        self.service, self.asset, self.terms = service, asset, dict(terms)
        self.day = str(terms["signedOn"])
        self.people: dict[str, str] = {}
        self.owners: list[str] = []
        self.code = self.sha256 = self.kind = ""

    async def by(self, unit: str) -> dict[str, str]:
        if unit not in self.people:
            self.people[unit] = await self.service.person(unit)
        return {"organization": unit, "person": self.people[unit]}

    async def who(self, unit: str) -> str:
        """A key of the unit's own."""
        return KEYS[unit] if unit in KEYS else await village_key(self.service, unit)

    async def open(
        self, chain: str = "", owners: list[str] | None = None, *, selected: bool = True, **case: str
    ) -> None:
        """Opened by the first owner over the very text; the operator is `selected` before where the chain wants it."""
        it = (await self.service.read(f"/v1/assets/{self.asset}"))["resource"]
        self.owners = owners or [one["party"] for one in it["owners"]]
        self.kind, scope = it["ownerKind"], it["card"]["projectScope"]
        self.chain = chain or ("A10" if (scope, self.kind) == ("CROSS_VILLAGE", "VILLAGE") else "A9")
        if selected and self.chain == "A9" and "selection" not in self.terms:
            self.terms["selection"] = await self.select()
        subject = await self.subject()
        self.sha256 = subject["sha256"]
        roles = ("OWNER", "VILLAGE") if self.kind == "VILLAGE" else ("OWNER",)
        opening = {
            "chain": self.chain,
            "title": "选定经营主体",
            "subject": subject,
            "case": {"ownerKind": self.kind, "projectScope": scope} | case,
            "parties": [{"role": role, "organization": one} for role in roles for one in self.owners],
        }
        first = self.owners[0]
        body = {"opening": opening, "by": await self.by(first), "occurredOn": self.day}
        self.code = str((await self.service.write("/v1/procedures", body, await self.who(first)))["id"])

    async def subject(self) -> dict[str, Any]:
        """The text with its digest."""
        told = {name: value for name, value in self.terms.items() if name not in NOT_DECIDED}
        draft = {
            "kind": "operating_contract",
            "id": self.terms["contract"],
            "content": {"asset": self.asset, "terms": told},
        }
        answer = await self.service.post("/v1/procedures/subjects/digest", draft, "approver")
        return dict(answer.json()["subject"])

    async def select(self, *relatives: str, **choice: Any) -> str:
        """The operator of the terms is the one candidate, and chosen; gives the selection's code."""
        code = await self.announce()
        await self.bid(code, "B1", self.terms["operator"], relatives=list(relatives))
        await self.result(code, "B1", **choice)
        return code

    async def announce(self, **changes: Any) -> str:
        """The first owner looks for an operator."""
        body = {"announcement": self.announcement(**changes)}
        path = "/v1/operator-selections"
        return str((await self.service.write(path, body, await self.who(self.owners[0])))["id"])

    def announcement(self, **changes: Any) -> dict[str, Any]:
        """What is offered: just what the terms are about."""
        told = {
            "asset": self.asset, "owner": self.owners[0], "mode": self.terms["mode"],
            "conditions": "公开选定经营主体", "announcedOn": self.day, "announcementSha256": SEEN,
        }  # fmt: skip
        part = {"part": self.terms["part"]} if "part" in self.terms else {}
        return told | part | changes

    async def bid(self, selection: str, bid: str, bidder: dict[str, Any], **changes: Any) -> None:
        """Somebody hands in a paper."""
        told = {"bid": bid, "bidder": bidder, "receivedOn": self.day, "documentSha256": SEEN}
        path = f"/v1/operator-selections/{selection}/bids"
        await self.service.write(path, {"bid": told | changes}, await self.who(self.owners[0]))

    async def result(self, selection: str, bid: str, **changes: Any) -> dict[str, Any]:
        """The choice is published."""
        told = {"bid": bid, "reason": "条件最优", "publishedOn": self.day, "evidenceSha256": SEEN}
        path = f"/v1/operator-selections/{selection}/result"
        return await self.service.write(path, {"choice": told | changes}, await self.who(self.owners[0]))

    async def take(self, step: str, *units: str) -> None:
        """The step by each of the owners, or by some of them."""
        rows = (await self.service.read("/v1/regulation/tables/chains"))["rows"]
        (kind,) = [
            one["kind"]
            for row in rows
            if row["code"] == self.chain
            for one in row["steps"]
            if one["code"] == step
        ]
        for unit in units or self.owners:
            body = {"step": step, "by": await self.by(unit), "subjectSha256": self.sha256}
            noun, more = "steps", dict[str, Any](occurredOn=self.day)
            if step == "PROPOSE":
                more["signedBy"] = [await self.in_post(unit, "VILLAGE_PARTY_SECRETARY")]
            if kind == "MEETING":
                await self._elected(unit)
                noun, more = "meetings", {"meeting": self.meeting()}
            elif kind == "DECIDE":
                noun, more = "decisions", more | {"documentNo": "决1号", "reasons": "同意"}
            await self.service.write(f"/v1/procedures/{self.code}/{noun}", body | more, await self.who(unit))

    async def through(self) -> None:
        """Every step up to the contract."""
        last = "MEETING" if self.kind == "VILLAGE" else "DECISION"
        steps = {"A9": (last,), "A10": ("PROPOSE", "DECISION", "CHARTER"), "A13": (last, "OPERATOR")}
        for step in steps[self.chain]:
            await self.take(step)

    async def in_post(self, village: str, post: str) -> str:
        """Somebody who holds a post of the village on the day, appointed long before."""
        unit = (await self.service.read(f"/v1/organizations/{village}"))["resource"]
        for one in unit["tenures"]:
            if one["position"] == post and one["since"] <= self.day and (one.get("until") or "9") >= self.day:
                return str(one["person"])
        person = await self.service.person(village)
        taken = {"position": post, "person": person, "since": "2020-01-01", "documentNo": "任1号"}
        await self.service.write(f"/v1/organizations/{village}/appointments", taken, "personnel")
        return person

    async def _elected(self, village: str) -> None:
        roll = {
            "body": "REPRESENTATIVES", "count": 35, "since": "2018-01-01", "until": "2090-12-31",
            "documentNo": "选举结果1号", "documentSha256": SEEN,
        }  # fmt: skip
        path = f"/v1/organizations/{village}/representatives"
        assert (await self.service.post(path, {"roll": roll}, "clerk")).status_code in {200, 201}

    def meeting(self) -> dict[str, Any]:
        """Thirteen of the thirty-five representatives are for it."""
        return {
            "kind": "REPRESENTATIVE_MEETING", "heldOn": self.day, "place": "村委会", "members": 35, "present": 24,
            "inFavour": 13, "against": 11, "minutesSha256": SEEN,
        }  # fmt: skip


async def decided(service: Service, asset: str, terms: dict[str, Any]) -> dict[str, Any]:
    """The body of a contract that its owners have decided on: its terms, and the procedure."""
    it = Choice(service, asset.removeprefix("/v1/assets/"), terms)
    await it.open()
    await it.through()
    return {"terms": it.terms, "procedure": it.code}
