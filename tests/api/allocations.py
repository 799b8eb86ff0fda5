"""Allocations of disposal proceeds over HTTP as they come about: a procedure (A17) over the very use, decided on by the leading group."""

from __future__ import annotations

from typing import Any

from tests.api.bodies import VILLAGE
from tests.api.service import Service

NOT_DECIDED = frozenset({"allocatedOn", "documentNo"})
"""Of an allocation, what is no part of the text that is decided on."""


async def leading_group(service: Service) -> str:
    """A key of the county's leading group; what it is called."""
    if "leading" not in service.tokens:
        body = {
            "label": "领导小组",
            "organization": "LEADING_GROUP",
            "organizationKind": "LEADING_GROUP",
            "roles": ["APPROVER"],
            "divisions": ["653022"],
            "expiresAt": "2027-06-30T00:00:00+08:00",
        }
        made = await service.write("/v1/keys", body, "admin")
        service.tokens["leading"] = made["resource"]["token"] if "resource" in made else made["token"]
    return "leading"


class Use:
    """The procedure over a use of proceeds (A17)."""

    def __init__(self, service: Service, allocation: dict[str, Any], owner: str = VILLAGE) -> None:
        self.service, self.allocation, self.owner = service, allocation, owner
        self.day = str(allocation["allocatedOn"])
        self.code = self.path = self.sha256 = ""

    async def open(self, on: str | None = None, chain: str = "A17") -> None:
        """Opened by the finance bureau over the very text."""
        told = {name: value for name, value in self.allocation.items() if name not in NOT_DECIDED}
        draft = {"kind": "proceeds_allocation", "id": self.allocation["allocation"], "content": told}
        answer = await self.service.post("/v1/procedures/subjects/digest", draft, "approver")
        subject = answer.json()["subject"]
        self.sha256 = subject["sha256"]
        opening = {
            "chain": chain,
            "title": "处置所得再安排",
            "subject": subject,
            "case": {"ownerKind": "VILLAGE"},
            "parties": [{"role": "OWNER", "organization": self.owner}],
        }
        by = {"organization": "FINANCE", "person": await self.service.person("FINANCE")}
        body = {"opening": opening, "by": by, "occurredOn": on or self.day}
        self.code = str((await self.service.write("/v1/procedures", body, "finance"))["id"])
        self.path = f"/v1/procedures/{self.code}"

    async def decide(
        self, unit: str = "LEADING_GROUP", who: str = "leading", on: str | None = None
    ) -> tuple[int, Any]:
        """The decision by a unit's own key; the answer."""
        await leading_group(self.service)
        body = {
            "step": "DECISION",
            "by": {"organization": unit, "person": await self.service.person(unit)},
            "subjectSha256": self.sha256,
            "documentNo": "领导小组〔2023〕5号",
            "reasons": "用于巩固脱贫成果项目",
            "occurredOn": on or self.day,
        }
        answer = await self.service.post(f"{self.path}/decisions", body, who)
        return answer.status_code, answer.json()

    @property
    def body(self) -> dict[str, Any]:
        """The allocation by its procedure."""
        return {"allocation": self.allocation, "procedure": self.code}


async def decided_use(service: Service, allocation: dict[str, Any], owner: str = VILLAGE) -> dict[str, Any]:
    """The body of an allocation that the leading group has decided on."""
    it = Use(service, allocation, owner)
    await it.open()
    status, answer = await it.decide()
    assert status == 201, answer
    return it.body
