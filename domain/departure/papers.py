"""Papers of a departure (离任交接): the notice, lines of the list, reconciliation, audit, findings, signatures."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field

from domain.bounds import FactDay, NotAfter, NotBefore
from domain.classification import PERSONAL_OF_LEAVER
from domain.values import (
    BusinessDate,
    Code,
    FormerOrganizationCode,
    FormerPersonCode,
    Name,
    OrganizationCode,
    PaperSha256,
    PersonCode,
    Sha256,
    Text,
    Value,
)

CANNOT_SIGN: Final = frozenset({"DEATH", "DETENTION"})
"""Reasons of leaving after which somebody else signs for the leaver."""

ON_PAPER: Final = "填写的为纸上签字，由签字人单位录入；不填的为本人登录签字"
"""What it says that a signature has a scan, or none."""

LeavingReason = Literal["TRANSFER", "RESIGN", "RETIRE", "REMOVED", "DEATH", "DETENTION", "OTHER"]


class DepartureNotice(Value):
    """Notice of a departure: person, duty, unit, day, reason and successor."""

    person: FormerPersonCode = Field(title="离任人")
    kind: Literal["RESPONSIBLE", "MANAGER"] = Field(title="交接类型", description="责任人 / 管理人员")
    organization: FormerOrganizationCode = Field(title="单位")
    reason: Annotated[LeavingReason, PERSONAL_OF_LEAVER] = Field(title="离任原因")
    departs_on: BusinessDate = Field(title="离任日期")
    successor: PersonCode | None = Field(default=None, title="接任人")
    document_no: Annotated[Name | None, PERSONAL_OF_LEAVER] = Field(default=None, title="通知文号")


class HandoverLine(Value):
    """One asset of the list.

    `asset_version`: the version of the asset that the line speaks of; what happens to the asset later makes the line
    an addendum that has to be accepted anew. `incoming`: who takes this one over, if not the case's successor.
    """

    state: Literal["OPEN", "ACCEPTED", "DISPUTED"] = Field(
        title="清单项状态", description="待接收 / 已接收 / 有异议"
    )
    asset_version: int | None = Field(default=None, title="资产版本")
    incoming: Code | None = Field(default=None, title="另行指定的接收人")
    addendum: bool = Field(default=False, title="是否补充清单项")


class AssetReconciliationLine(Value):
    """One asset reconciled (核账): book against card, the thing itself, its papers (C4.10-10)."""

    asset: Code = Field(title="资产编号")
    book: Literal["AGREES", "DIFFERS"] = Field(title="账面核对")
    physical: Literal["FOUND", "MISSING", "DAMAGED"] = Field(title="实物核对")
    documents: Literal["COMPLETE", "INCOMPLETE"] = Field(title="资料核对")
    note: Text | None = Field(default=None, title="差异说明")

    @property
    def differs(self) -> bool:
        """Whether anything is not as it should be."""
        return (self.book, self.physical, self.documents) != ("AGREES", "FOUND", "COMPLETE")


class DepartureAudit(Value):
    """The result of the departure audit (C4.10-09), by reference to its report. It covers whole days."""

    auditor: PersonCode = Field(title="审计人")
    auditor_organization: Code = Field(title="审计单位")
    covers_from: Annotated[BusinessDate, NotAfter("cut_off")] | None = Field(
        default=None, title="审计起始日", description="不晚于任职起始日；不填即全部任期"
    )
    cut_off: Annotated[FactDay, NotBefore("given.in_duty_since")] = Field(title="审计截止日")
    opinion: Text = Field(title="审计意见")
    report_no: Name = Field(title="审计报告文号")
    delta_report_no: Name | None = Field(
        default=None, title="补充审计报告文号", description="截止日早于离任日时，补充至离任日"
    )


class AuditFinding(Value):
    """Something an auditor found, during the audit or years later."""

    finding: Code = Field(title="问题编号")
    asset: Code | None = Field(default=None, title="涉及资产")
    clause: Name | None = Field(default=None, title="涉及条款")
    text: Text = Field(title="问题")
    document_no: Name = Field(title="依据文号")


class InterimCustodian(Value):
    """Interim custodian until a successor takes over (P37). It does not release the leaver."""

    person: PersonCode = Field(title="临时管护人")
    appointed_by: Code = Field(title="指定单位", description="上级主管单位")
    since: BusinessDate = Field(title="起始日期")
    until: Annotated[BusinessDate, NotBefore("since")] = Field(title="截止日期（含当日）")
    inventory_no: Name = Field(title="交接盘点表文号")


def days_covered(interims: Iterable[InterimCustodian]) -> int:
    """How many days they look after things together; a day on which two of them do counts once."""
    counted, reached = 0, date.min
    for one in sorted(interims, key=lambda it: it.since):
        first = max(one.since, reached + timedelta(days=1)) if reached > date.min else one.since
        counted += max((one.until - first).days + 1, 0)
        reached = max(reached, one.until)
    return counted


SigningDay = Annotated[FactDay, NotBefore("its.sealed_place.as_of", clause="C4.10-10")]
"""A handover list was signed: not before it was sealed."""


class SealedPlace(Value):
    """Basis of a sealed list: the assets as of a day, as the log knew them at a place of its tree."""

    as_of: BusinessDate = Field(title="业务日期")
    position: int = Field(title="日志位置", ge=0)
    tree_root: Sha256 = Field(title="日志树根")


class SigningRefusal(Value):
    """A leaver's refusal to sign the sealed list, as the supervisor saw it; then somebody of the unit signs in that place."""

    supervisor: PersonCode = Field(title="监交人")
    organization: OrganizationCode = Field(title="监交人单位")
    refused_on: SigningDay = Field(title="拒签日期")
    reason: Annotated[Text, PERSONAL_OF_LEAVER] = Field(title="拒签情况")
    list_sha256: Sha256 = Field(title="清单摘要")


class HandoverSignature(Value):
    """A signature under the sealed list."""

    role: Literal["OUTGOING", "INCOMING", "SUPERVISOR"] = Field(title="签字角色")
    person: Code = Field(title="签字人")
    organization: Code = Field(title="签字人单位")
    signed_on: SigningDay = Field(title="签字日期")
    list_sha256: Sha256 = Field(title="清单摘要")
    paper_sha256: PaperSha256 | None = Field(default=None, title="纸质签字扫描件摘要", description=ON_PAPER)

    @property
    def place(self) -> str:
        """Where it stands among the case's signatures: every incoming person has a place of their own."""
        return f"INCOMING:{self.person}" if self.role == "INCOMING" else self.role
