"""The demonstration of a village's income plan: refused without its procedure and with another text, then paid as it was decided."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.sample.walk import Client, Walk

_SEEN = hashlib.sha256("演示".encode()).hexdigest()


async def open_account(clerk: Client, village: str, day: str) -> None:
    """The village's income sub-account, opened where the sample has not opened it."""
    path = f"/v1/organizations/{village}/income-sub-account"
    if not await clerk.knows(path):
        opening = {"openedOn": day, "balance": "0.00", "documentNo": "演示村账1号", "documentSha256": _SEEN}
        await clerk.post(path, {"opening": opening})


@dataclass(slots=True)
class PlanWalk:
    """Proposal, vote, notice, review, filings and payment, each by its own unit; `day`: the date so many days ago."""

    clients: Mapping[str, Client]
    day: Callable[[int], str]
    village: str
    township: str
    person: str
    """Who signs for the village; for the others the walk signs as the holders of their keys."""
    procedure: str = field(init=False, default="")
    sha256: str = field(init=False, default="")

    async def run(self, walk: Walk) -> None:
        """Walk; two attempts in vain are on the way."""
        clerk, asset = self.clients["clerk"], walk.path.rpartition("/")[2]
        lines = [
            {"use": "COLLECTIVE_ECONOMY", "amount": "12000.00"},
            {"use": "PUBLIC_POST", "amount": "8000.00"},
        ]
        plan = {
            "village": self.village,
            "year": int(self.day(330)[:4]),
            "sources": [{"asset": asset, "amount": "20000.00"}],
            "lines": lines,
            "purposeStatement": "开发公益岗位两个，扶持合作社一家（演示）",
        }
        told = await clerk.post("/v1/income-plans", {"plan": plan, "occurredOn": self.day(329)})
        walk.note("提出收益分配方案", told, "壮大集体经济、公益岗位")
        path, subject = f"/v1/income-plans/{told['id']}", told["resource"]["subject"]
        self.sha256 = subject["sha256"]
        await self._open(walk, subject)
        body = {"payment": self._payment(lines), "procedure": self.procedure}
        early = await clerk.post(f"{path}/execution", body, expect=409)
        walk.refused("程序未完成就支付", early)
        await self._decide(walk)
        swapped = plan | {"lines": [lines[0] | {"amount": "12000.01"}, lines[1] | {"amount": "7999.99"}]}
        amendment = {"plan": swapped, "reason": "演示：改动一分钱", "occurredOn": self.day(302)}
        await clerk.post(f"{path}/amendments", amendment)
        walk.refused("支付改动过的方案", await clerk.post(f"{path}/execution", body, expect=409))
        back = {"plan": plan, "reason": "演示：恢复表决的文本", "occurredOn": self.day(301)}
        await clerk.post(f"{path}/amendments", back)
        paid = await clerk.post(f"{path}/execution", body)
        walk.version += sum(one["stream"] == f"asset-{asset}" for one in paid["events"])
        walk.note("支付收益分配方案", paid, "资产、收益资金明细科目和程序同时记录")
        notice = {"publishedOn": self.day(295), "place": "村务公开栏（演示）", "evidenceSha256": _SEEN}
        walk.note("公布使用情况", await clerk.post(f"{path}/use-notices", {"notice": notice}))

    def _payment(self, lines: list[dict[str, str]]) -> dict[str, Any]:
        paid = [{"line": number, "amount": one["amount"]} for number, one in enumerate(lines, 1)]
        return {
            "payment": "DEMO-P1",
            "amount": "20000.00",
            "paidOn": self.day(300),
            "voucherNo": "演示付-001",
            "listSha256": _SEEN,
            "lines": paid,
        }

    async def _open(self, walk: Walk, subject: dict[str, Any]) -> None:
        roles = (("VILLAGE", self.village), ("OWNER", self.village), ("TOWNSHIP", self.township))
        opening = {
            "chain": "A8",
            "title": "演示：收益分配使用方案",
            "subject": subject,
            "case": {"ownerKind": "VILLAGE", "projectScope": "SINGLE_VILLAGE", "assetType": "PROCESSING"},
            "parties": [{"role": role, "organization": unit} for role, unit in roles],
        }
        body = {"opening": opening, "by": self._by(self.village), "occurredOn": self.day(328)}
        opened = await self.clients["village"].post("/v1/procedures", body)
        walk.note("启动程序（A8）", opened)
        self.procedure = str(opened["id"])

    async def _decide(self, walk: Walk) -> None:
        meeting = {
            "kind": "REPRESENTATIVE_MEETING",
            "heldOn": self.day(327),
            "place": "村委会（演示）",
            "members": 35,
            "present": 33,
            "inFavour": 30,
            "against": 3,
            "minutesSha256": _SEEN,
        }
        posting = {
            "place": {"role": "OWNER_LOCATION", "organization": self.village},
            "location": "村务公开栏（演示）",
            "postedOn": self.day(326),
            "evidence": [_SEEN],
            "text": "收益分配使用方案公示",
        }
        answer = {"filedBy": self.village, "answer": "ACCEPTED"}
        village, township, agriculture = self.village, self.township, "AGRICULTURE"
        await self._act("steps", "PROPOSE", village, "village", 328)
        voted = await self._act("meetings", "DECISION", village, "village", None, meeting=meeting)
        walk.note("村民代表会议表决", voted, "应到三十五人，同意三十人")
        await self._act("notices", "NOTICE", village, "village", None, posting=posting)
        await self._act("reviews", "REVIEW", township, "township", 325, verdict="APPROVED")
        for step in ("LINE_FILING", "RECHECK"):
            await self._act("filings", step, village, "village", 324)
        await self._act("filing-answers", "RECHECK", agriculture, "agriculture", 320, **answer)
        done = await self._act("notice-completions", "NOTICE", village, "village", 303)
        walk.note("公示、审核、备案完成", done)

    async def _act(
        self, what: str, step: str, unit: str, who: str, ago: int | None, **facts: Any
    ) -> dict[str, Any]:
        dated = {} if ago is None else {"occurredOn": self.day(ago)}
        body = {"step": step, "by": self._by(unit), "subjectSha256": self.sha256} | dated | facts
        return await self.clients[who].post(f"/v1/procedures/{self.procedure}/{what}", body)

    def _by(self, unit: str) -> dict[str, str]:
        return {"organization": unit, "person": self.person}
