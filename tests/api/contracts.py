"""Contracts over HTTP as owners come to them: chosen, voted on by every owner, each step by its own unit's key, then signed."""

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
        self.service, self.asset, self.terms = service, asset, terms
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

    async def open(self, chain: str = "", owners: list[str] | None = None, **case: str) -> None:
        """Opened by the first owner over the very text."""
        it = (await self.service.read(f"/v1/assets/{self.asset}"))["resource"]
        self.owners = owners or [one["party"] for one in it["owners"]]
        self.kind, scope = it["ownerKind"], it["card"]["projectScope"]
        self.chain = chain or ("A10" if (scope, self.kind) == ("CROSS_VILLAGE", "VILLAGE") else "A9")
        told = {name: value for name, value in self.terms.items() if name not in NOT_DECIDED}
        draft = {
            "kind": "operating_contract",
            "id": self.terms["contract"],
            "content": {"asset": self.asset, "terms": told},
        }
        answer = await self.service.post("/v1/procedures/subjects/digest", draft, "approver")
        subject = answer.json()["subject"]
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
                noun, more = "meetings", {"meeting": self._meeting()}
            elif kind == "DECIDE":
                noun, more = "decisions", more | {"documentNo": "决1号", "reasons": "同意"}
            await self.service.write(f"/v1/procedures/{self.code}/{noun}", body | more, await self.who(unit))

    async def through(self) -> None:
        """Every step up to the contract."""
        last = "MEETING" if self.kind == "VILLAGE" else "DECISION"
        steps = {"A9": ("SELECT", last), "A10": ("PROPOSE", "DECISION", "CHARTER"), "A13": (last, "OPERATOR")}
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

    def _meeting(self) -> dict[str, Any]:
        return {
            "kind": "REPRESENTATIVE_MEETING", "heldOn": self.day, "place": "村委会", "members": 35, "present": 24,
            "inFavour": 13, "against": 11, "minutesSha256": SEEN,
        }  # fmt: skip


async def decided(service: Service, asset: str, terms: dict[str, Any]) -> dict[str, Any]:
    """The body of a contract that its owners have decided on: its terms, and the procedure."""
    it = Choice(service, asset.removeprefix("/v1/assets/"), terms)
    await it.open()
    await it.through()
    return {"terms": terms, "procedure": it.code}
