"""The demonstration of a village's contract: refused on a typed number and with another text, then signed as it was voted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.sample.walk import Client, Walk

_SEEN = hashlib.sha256("演示合同".encode()).hexdigest()
_NOT_DECIDED = frozenset({"signedOn", "decisionDocument"})


@dataclass(slots=True)
class ContractWalk:
    """Choice, vote and contract (A9), the village's own; `day`: the date so many days ago."""

    clients: Mapping[str, Client]
    day: Callable[[int], str]
    village: str
    person: str
    """Who signs for the village."""
    procedure: str = field(init=False, default="")

    async def run(self, walk: Walk, terms: dict[str, Any]) -> None:
        """Walk; two attempts in vain are on the way."""
        clerk, village = self.clients["clerk"], self.clients["village"]
        typed = {"terms": terms | {"decisionDocument": "演示村代会决议002"}}
        await walk.try_in_vain(clerk, "只填文号就出租", "leases", typed)
        text = {name: value for name, value in terms.items() if name not in _NOT_DECIDED}
        content = {"asset": walk.path.rpartition("/")[2], "terms": text}
        draft = {"kind": "operating_contract", "id": terms["contract"], "content": content}
        told = await clerk.post("/v1/procedures/subjects/digest", draft, expect=200)
        sha256 = told["subject"]["sha256"]
        opening = {
            "chain": "A9",
            "title": "演示：选定经营主体",
            "subject": told["subject"],
            "case": {"ownerKind": "VILLAGE", "projectScope": "SINGLE_VILLAGE", "assetType": "PROCESSING"},
            "parties": [{"role": "OWNER", "organization": self.village}],
        }
        by = {"organization": self.village, "person": self.person}
        opened = await village.post(
            "/v1/procedures", {"opening": opening, "by": by, "occurredOn": self.day(693)}
        )
        self.procedure = str(opened["id"])
        walk.note("启动程序（A9）", opened)
        step = {"by": by, "subjectSha256": sha256}
        path = f"/v1/procedures/{self.procedure}"
        await village.post(f"{path}/steps", step | {"step": "SELECT", "occurredOn": self.day(692)})
        meeting = {
            "kind": "REPRESENTATIVE_MEETING",
            "heldOn": self.day(691),
            "place": "村委会（演示）",
            "members": 35,
            "present": 33,
            "inFavour": 31,
            "against": 2,
            "minutesSha256": _SEEN,
        }
        voted = await village.post(f"{path}/meetings", step | {"step": "MEETING", "meeting": meeting})
        walk.note("村民代表会议表决", voted, "应到三十五人，同意三十一人")
        cheaper = {"terms": terms | {"annualIncome": "29999.99"}, "procedure": self.procedure}
        await walk.try_in_vain(clerk, "租金少一分就签", "leases", cheaper)
        signed = {"terms": terms, "procedure": self.procedure}
        answer = await clerk.post(f"{walk.path}/leases", signed, version=walk.version)
        walk.version += sum(one["stream"] == f"asset-{content['asset']}" for one in answer["events"])
        walk.note("出租", answer, "年租金 30,000.00 元")
