"""Disposals over HTTP as owners come to them: a procedure over the very proposal, proposed, voted on by every owner, then step by step."""

from __future__ import annotations

from typing import Any

from tests.api.contracts import Choice
from tests.api.service import Service


class Parting(Choice):
    """The procedure over a disposal (A14, A14s)."""

    def __init__(self, service: Service, asset: str, proposal: dict[str, Any], day: str) -> None:
        super().__init__(service, asset.removeprefix("/v1/assets/"), {"signedOn": day})
        self.proposal = proposal

    async def open(self, chain: str = "A14", owners: list[str] | None = None, **case: str) -> None:
        """Opened by the first owner over the very proposal."""
        it = (await self.service.read(f"/v1/assets/{self.asset}"))["resource"]
        self.owners = owners or [one["party"] for one in it["owners"]]
        self.kind, self.chain = it["ownerKind"], chain
        told = {name: value for name, value in self.proposal.items() if name != "decisionDocument"}
        content = {"asset": self.asset, "proposal": told}
        draft = {"kind": "asset_disposal", "id": self.proposal["disposal"], "content": content}
        answer = await self.service.post("/v1/procedures/subjects/digest", draft, "approver")
        subject = answer.json()["subject"]
        self.sha256 = subject["sha256"]
        worth = "150000.00" if chain == "A14" else "50000.00"
        roles = ("OWNER", "VILLAGE") if self.kind == "VILLAGE" else ("OWNER",)
        township = f"{it['card']['location'][:9]}000"
        opening = {
            "chain": chain,
            "title": "处置资产",
            "subject": subject,
            "case": {"ownerKind": self.kind, "disposalValue": worth} | case,
            "parties": [
                *({"role": role, "organization": one} for role in roles for one in self.owners),
                {"role": "TOWNSHIP", "organization": township},
            ],
        }
        first = self.owners[0]
        body = {"opening": opening, "by": await self.by(first), "occurredOn": self.day}
        self.code = str((await self.service.write("/v1/procedures", body, await self.who(first)))["id"])

    @property
    def body(self) -> dict[str, Any]:
        """The proposal by its procedure."""
        return {"proposal": self.proposal, "procedure": self.code, "occurredOn": self.day}


async def parting(
    service: Service, asset: str, proposal: dict[str, Any], day: str, chain: str = "A14", **case: str
) -> Parting:
    """A procedure that is opened, and nothing more."""
    it = Parting(service, asset, proposal, day)
    await it.open(chain, **case)
    return it


async def put_forward(
    service: Service, life: Any, proposal: dict[str, Any], day: str, chain: str = "A14"
) -> Parting:
    """Proposed by its procedure, and voted on where a village owns it. `life`: whoever takes steps on the asset."""
    it = await parting(service, life.path, proposal, day, chain)
    await life.step("disposals", it.body)
    if it.kind == "VILLAGE":
        await it.take("DECISION")
    return it
