"""The demonstration of a village's contract: refused on a typed number, with another operator and text, then signed as voted."""

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
    """Selection, vote and contract (A9), the village's own; `day`: the date so many days ago."""

    clients: Mapping[str, Client]
    day: Callable[[int], str]
    village: str
    person: str
    """Who signs for the village."""
    procedure: str = field(init=False, default="")

    async def run(self, walk: Walk, terms: dict[str, Any]) -> None:
        """Walk; three attempts in vain are on the way."""
        clerk, village = self.clients["clerk"], self.clients["village"]
        typed = {"terms": terms | {"decisionDocument": "演示村代会决议002"}}
        await walk.try_in_vain(clerk, "只填文号就出租", "leases", typed)
        terms = terms | {"selection": await self._select(walk, terms)}
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
        friend = {"operator": {"operator": "OP-9", "name": "演示熟人公司"}}
        await walk.try_in_vain(
            clerk, "换成未选定的主体签", "leases", {"terms": terms | friend, "procedure": self.procedure}
        )
        cheaper = {"terms": terms | {"annualIncome": "29999.99"}, "procedure": self.procedure}
        await walk.try_in_vain(clerk, "租金少一分就签", "leases", cheaper)
        signed = {"terms": terms, "procedure": self.procedure}
        answer = await clerk.post(f"{walk.path}/leases", signed, version=walk.version)
        walk.version += sum(one["stream"] == f"asset-{content['asset']}" for one in answer["events"])
        walk.note("出租", answer, "年租金 30,000.00 元")

    async def _select(self, walk: Walk, terms: dict[str, Any]) -> str:
        """Announced, one paper handed in, chosen with the reason published; gives the selection's code."""
        village = self.clients["village"]
        announcement = {
            "asset": walk.path.rpartition("/")[2],
            "owner": self.village,
            "mode": terms["mode"],
            "conditions": "年租金不低于 28,000 元，公开选定（演示）",
            "announcedOn": self.day(698),
            "announcementSha256": _SEEN,
        }
        opened = await village.post("/v1/operator-selections", {"announcement": announcement})
        walk.note("公告选定经营主体", opened)
        path = f"/v1/operator-selections/{opened['id']}"
        bid = {
            "bid": "B1",
            "bidder": terms["operator"],
            "annualIncome": terms["annualIncome"],
            "receivedOn": self.day(696),
            "documentSha256": _SEEN,
        }
        await village.post(f"{path}/bids", {"bid": bid})
        choice = {
            "bid": "B1",
            "reason": "唯一报名，报价高于底价",
            "publishedOn": self.day(694),
            "evidenceSha256": _SEEN,
        }
        walk.note(
            "公布选定结果",
            await village.post(f"{path}/result", {"choice": choice}),
            "一家报名，理由随结果公布",
        )
        return str(opened["id"])
