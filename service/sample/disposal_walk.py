"""The demonstration of a disposal: refused on a typed number, before the vote and by its own appraisal, then taken level by level."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.sample.walk import Client, Walk

_DISPOSAL: Final = "disposals/DEMO-D1"
_SEEN: Final = hashlib.sha256("演示处置".encode()).hexdigest()


@dataclass(slots=True)
class DisposalWalk:
    """A village's disposal from 100,000 yuan on (A14); `day`: the date so many days ago; `person`: who signs for the village."""

    clients: Mapping[str, Client]
    day: Callable[[int], str]
    village: str
    township: str
    person: str

    async def run(self, walk: Walk) -> None:
        """Walk; three attempts in vain are on the way."""
        clerk, county = self.clients["clerk"], self.clients["county"]
        proposal = {"disposal": "DEMO-D1", "kind": "AUCTION", "reason": "长期闲置，无法盘活"}
        typed = {"proposal": proposal | {"decisionDocument": "演示村代会决议003"}, "occurredOn": self.day(50)}
        await walk.try_in_vain(clerk, "只填文号就处置", "disposals", typed)
        path, sha256 = await self._opened(walk, proposal)
        decided = {"proposal": proposal, "procedure": path.rpartition("/")[2], "occurredOn": self.day(50)}
        await walk.step(clerk, "提出处置", "disposals", decided)
        approval = {
            "approver": "COUNTY_GOV",
            "approverLevel": "COUNTY_GOV",
            "documentNo": "演示政函008",
            "approvedOn": self.day(20),
        }
        unvoted = {"approval": approval | {"approvedOn": self.day(49)}}
        await walk.try_in_vain(county, "未经表决就批准", f"{_DISPOSAL}/approval", unvoted)
        await self._voted(walk, path, sha256)
        signers = [{"person": f"P0000{n}", "outsideOwnerUnit": n == 1} for n in (1, 2, 3)]
        base = {"value": "150000.00", "baseDate": self.day(40)}
        house = base | {"method": "IN_HOUSE", "reportNo": "演示评-0", "signers": signers}
        on = {"occurredOn": self.day(38)}
        await walk.try_in_vain(
            clerk, "自行评估 15 万元", f"{_DISPOSAL}/appraisals", {"appraisal": house, **on}
        )
        agency = base | {
            "method": "AGENCY",
            "reportNo": "演示评报字001",
            "agency": "演示资产评估公司",
            "agencyLicence": "演示资质001",
        }
        await walk.step(
            clerk, "机构评估", f"{_DISPOSAL}/appraisals", {"appraisal": agency, **on}, "150,000.00 元"
        )
        publication = {
            "publishedOn": self.day(30),
            "channel": "BULLETIN_BOARD",
            "place": self.village,
            "evidenceSha256": hashlib.sha256("演示照片".encode()).hexdigest(),
        }
        await walk.step(
            clerk, "评估结果公开", f"{_DISPOSAL}/publications", {"publication": publication}, "村公开栏"
        )
        for who, level in (("township", "TOWNSHIP"), ("agriculture", "AGRICULTURE")):
            opinion = {"level": level, "opinion": "同意上报", "occurredOn": self.day(22)}
            await walk.step(self.clients[who], f"逐级上报 {level}", f"{_DISPOSAL}/forwardings", opinion)
        await walk.step(county, "县政府批准", f"{_DISPOSAL}/approval", {"approval": approval})
        sale = {
            "disposedOn": self.day(10),
            "price": "156000.00",
            "buyer": "演示买受人",
            "documentNo": "演示成交001",
        }
        await walk.step(clerk, "处置", f"{_DISPOSAL}/execution", {"sale": sale}, "成交 156,000.00 元")
        proceeds = {"amount": "156000.00", "receivedOn": self.day(8), "voucherNo": "演示收-002"}
        await walk.step(clerk, "处置收入", f"{_DISPOSAL}/proceeds", proceeds)

    async def _opened(self, walk: Walk, proposal: dict[str, Any]) -> tuple[str, str]:
        """A procedure over the very proposal, opened by the village; its path and the digest of its text."""
        village = self.clients["village"]
        content = {"asset": walk.path.rpartition("/")[2], "proposal": proposal}
        draft = {"kind": "asset_disposal", "id": proposal["disposal"], "content": content}
        told = await village.post("/v1/procedures/subjects/digest", draft, expect=200)
        parties = (("OWNER", self.village), ("VILLAGE", self.village), ("TOWNSHIP", self.township))
        opening = {
            "chain": "A14",
            "title": "演示：处置闲置设备",
            "subject": told["subject"],
            "case": {"ownerKind": "VILLAGE", "disposalValue": "150000.00"},
            "parties": [{"role": role, "organization": unit} for role, unit in parties],
        }
        by = {"organization": self.village, "person": self.person}
        opened = await village.post(
            "/v1/procedures", {"opening": opening, "by": by, "occurredOn": self.day(52)}
        )
        walk.note("启动程序（A14）", opened)
        return f"/v1/procedures/{opened['id']}", str(told["subject"]["sha256"])

    async def _voted(self, walk: Walk, path: str, sha256: str) -> None:
        meeting = {
            "kind": "REPRESENTATIVE_MEETING",
            "heldOn": self.day(48),
            "place": "村委会（演示）",
            "members": 35,
            "present": 33,
            "inFavour": 31,
            "against": 2,
            "minutesSha256": _SEEN,
        }
        by = {"organization": self.village, "person": self.person}
        body = {"step": "DECISION", "by": by, "subjectSha256": sha256, "meeting": meeting}
        voted = await self.clients["village"].post(f"{path}/meetings", body)
        walk.note("村民代表会议表决", voted, "应到三十五人，同意三十一人")
