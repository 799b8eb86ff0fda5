"""A departure case: one person leaves one duty in one unit, and hands over what was in care (C4.10-09 … C4.10-11).

Open with the list of what is in care, each asset at its version. A manager's assets are reconciled, a responsible
person's are audited. Whoever takes over accepts or disputes line by line or the whole batch; what happens to an asset
meanwhile makes its line an addendum that is accepted anew. The list is sealed by its digest; outgoing, every incoming
person and a supervisor of the superior unit sign that digest; then the case is completed, and every asset records
HandedOver in the same commit. Until then clearance is refused. A finding that comes later reopens the case.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.departure.papers import (
    CANNOT_SIGN,
    AssetReconciliationLine,
    AuditFinding,
    DepartureAudit,
    DepartureNotice,
    HandoverLine,
    HandoverSignature,
    InterimCustodian,
    SealedPlace,
    SigningRefusal,
    days_covered,
)
from domain.refusals import Refusal, refuse
from domain.regulation.legal_clock import Reckoning
from domain.values import BusinessDate, Code, Name, Sha256, Text

if TYPE_CHECKING:
    from domain.occasion import Occasion

Care = Mapping[str, int]
"""What is in somebody's care now: asset → its version in the log."""


class DepartureCase(DomainAggregate):
    """One person's leave of one duty in one unit (离任交接)."""

    TOPIC: ClassVar[str] = "departure_case"
    KIND: ClassVar[str] = "departure_case"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    notice: Annotated[DepartureNotice, Field(title="离任通知")]
    due_on: Annotated[date | None, Field(title="办结期限")]
    """By when the handover is to be complete (P19); None in a case that an earlier version opened beyond its calendar."""
    provisional: Annotated[Reckoning | None, Field(title="暂定办结期限的计算依据")]
    """How `due_on` was counted, where no calendar reached it."""
    successor: Annotated[str | None, Field(title="接任人")]
    lines: Annotated[dict[str, HandoverLine], Field(title="交接清单")]
    reconciliation: Annotated[
        dict[str, Literal["AGREES", "DIFFERS", "RESOLVED"]], Field(title="各资产核账结果")
    ]
    reconciled: Annotated[bool, Field(title="核账是否完成")]
    audit_ordered: Annotated[str | None, Field(title="受托审计单位")]
    audit: Annotated[DepartureAudit | None, Field(title="离任审计报告")]
    findings: Annotated[dict[str, Literal["OPEN", "RESOLVED"]], Field(title="各审计问题状态")]
    interim: Annotated[InterimCustodian | None, Field(title="临时管护安排")]
    interims: Annotated[tuple[InterimCustodian, ...], Field(title="历次临时管护安排")]
    sealed: Annotated[str | None, Field(title="已封存清单摘要")]
    sealed_place: Annotated[SealedPlace | None, Field(title="清单封存所据日志")]
    """Where in the log; None for a list that is not sealed, or was before places were kept."""
    signatures: Annotated[dict[str, HandoverSignature], Field(title="各方签字")]
    signing_refused: Annotated[SigningRefusal | None, Field(title="移交人拒签情况")]
    state: Annotated[Literal["OPEN", "COMPLETED"], Field(title="交接状态")]
    reopened: Annotated[int, Field(title="重新启动次数")]

    class Event(DomainAggregate.Event):
        """Root of the case's events."""

    # ---- the list ----------------------------------------------------------------------------------------------

    class Opened(Event, CreatedEvent):
        """The case is open over these assets, each at its version."""

        TOPIC: ClassVar[str] = "departure_case.opened"
        TITLE: ClassVar[str] = "启动离任交接"
        notice: DepartureNotice = Field(title="离任通知")
        assets: tuple[Code, ...] = Field(title="清单资产编号")
        versions: tuple[int, ...] | None = Field(default=None, title="清单资产版本")
        due_on: BusinessDate | None = Field(default=None, title="办结期限")
        provisional: Reckoning | None = Field(default=None, title="暂定办结期限的计算依据")

    @classmethod
    def open(
        cls,
        case: str,
        notice: DepartureNotice,
        care: Care,
        at: Occasion,
        *,
        last_taken_on: date | None = None,
    ) -> DepartureCase:
        """Open a case over what is in the person's care by this duty in this unit; due by P19 from this day on.

        `last_taken_on`: when the leaver took on the last of it by name. Nobody has left before that: an audit up to such
        a day would not reach what it is about.

        Refused: SAME_PERSON when the leaver would take over from himself; DATE_ORDER.
        """
        at.cite("C4.10-09" if notice.kind == "RESPONSIBLE" else "C4.10-10")
        if last_taken_on is not None and notice.departs_on < last_taken_on:
            raise _before_the_duty("notice.departsOn", notice.departs_on, last_taken_on)
        if notice.successor == notice.person:
            raise refuse("SAME_PERSON", person=notice.person)
        assets = tuple(sorted(care))
        deadline = at.due_after(at.rules.parameters["P19"])
        return cls.begin(
            cls.Opened,
            case,
            at,
            notice=notice,
            assets=assets,
            versions=tuple(care[one] for one in assets),
            due_on=deadline.due_on,
            provisional=deadline.provisional,
        )

    @event(Opened)
    def __init__(
        self,
        notice: DepartureNotice,
        assets: tuple[str, ...],
        versions: tuple[int, ...] | None,
        due_on: date | None,
        provisional: Reckoning | None,
    ) -> None:
        self.notice = notice
        self.due_on = due_on
        self.provisional = provisional
        self.successor = notice.successor
        self.lines = _lines(assets, versions, addendum=False)
        self.reconciliation = {}
        self.reconciled = False
        self.audit_ordered = None
        self.audit = None
        self.findings = {}
        self.interim = None
        self.interims = ()
        self.sealed = None
        self.sealed_place = None
        self.signatures = {}
        self.signing_refused = None
        self.state = "OPEN"
        self.reopened = 0

    class SuccessorNamed(Event):
        """A successor named."""

        TOPIC: ClassVar[str] = "departure_case.successor_named"
        TITLE: ClassVar[str] = "确定接任人"
        successor: Code = Field(title="接任人")

    def name_successor(self, successor: str, at: Occasion) -> None:
        """Name the incoming person; acceptances by the one named before are undone.

        Refused: STEP_OUT_OF_ORDER when the case is completed; SAME_PERSON for the leaver.
        """
        self._must_be_open()
        if successor == self.notice.person:
            raise refuse("SAME_PERSON", person=successor)
        if successor != self.successor:
            self.record(self.SuccessorNamed, at, successor=successor)

    @event(SuccessorNamed)
    def _successor_named(self, successor: Code) -> None:
        self.successor = successor
        self.lines = {
            code: line if line.incoming is not None else line.model_copy(update={"state": "OPEN"})
            for code, line in self.lines.items()
        }
        self._unseal()

    class LinesReassigned(Event):
        """These assets go to another successor."""

        TOPIC: ClassVar[str] = "departure_case.lines_reassigned"
        TITLE: ClassVar[str] = "另定接收人"
        assets: tuple[Code, ...] = Field(title="清单资产编号")
        incoming: Code = Field(title="另定的接收人")

    def reassign(self, assets: Sequence[str], incoming: str, at: Occasion) -> None:
        """Let somebody else than the successor take these assets over; they have to accept them themselves.

        Refused: STEP_OUT_OF_ORDER when the case is completed; SAME_PERSON for the leaver; NOT_FOUND for an asset
        that is not on the list.
        """
        at.cite("C4.10-10")
        self._must_be_open()
        if incoming == self.notice.person:
            raise refuse("SAME_PERSON", person=incoming)
        self._must_be_listed(assets)
        moved = tuple(sorted({one for one in assets if self.incoming_of(one) != incoming}))
        if moved:
            self.record(self.LinesReassigned, at, assets=moved, incoming=incoming)

    @event(LinesReassigned)
    def _lines_reassigned(self, assets: tuple[Code, ...], incoming: Code) -> None:
        self._change(assets, incoming=incoming, state="OPEN")
        self._unseal()

    class LinesAdded(Event):
        """Assets added to the list: they came into care, or something happened to them, while the case was open."""

        TOPIC: ClassVar[str] = "departure_case.lines_added"
        TITLE: ClassVar[str] = "补充交接清单"
        assets: tuple[Code, ...] = Field(title="清单资产编号")
        versions: tuple[int, ...] | None = Field(default=None, title="清单资产版本")

    def add_lines(self, care: Care, at: Occasion) -> None:
        """Bring the list up to what is in care now: new assets, and those that moved on since they were listed.

        Refused: STEP_OUT_OF_ORDER when the case is completed.
        """
        at.cite("C4.10-10")
        self._must_be_open()
        news = tuple(sorted(self._not_up_to_date(care)))
        if news:
            self.record(self.LinesAdded, at, assets=news, versions=tuple(care[one] for one in news))

    @event(LinesAdded)
    def _lines_added(self, assets: tuple[Code, ...], versions: tuple[int, ...] | None) -> None:
        incoming = {code: self.lines[code].incoming for code in assets if code in self.lines}
        self.reconciled = self.reconciled and len(incoming) == len(assets)
        added = _lines(assets, versions, addendum=True)
        self.lines = self.lines | {
            code: line.model_copy(update={"incoming": incoming.get(code)}) for code, line in added.items()
        }
        self._unseal()

    class LinesAccepted(Event):
        """Assets of the list accepted by the person who takes them over."""

        TOPIC: ClassVar[str] = "departure_case.lines_accepted"
        TITLE: ClassVar[str] = "接收清单项"
        assets: tuple[Code, ...] = Field(title="清单资产编号")
        accepted_by: Code = Field(title="接收人")

    def accept(self, assets: Sequence[str] | None, accepted_by: str, at: Occasion) -> None:
        """Accept some lines, or every open one of one's own (`assets=None`). A disputed line is resolved first.

        Refused: STEP_OUT_OF_ORDER when the case is completed; NOT_FOUND for an asset that is not on the list;
        SAME_PERSON for the leaver; FORBIDDEN for anybody but who takes these over; HANDOVER_DISPUTE_OPEN for a line
        that is disputed.
        """
        at.cite("C4.10-10")
        self._must_be_open()
        if assets is None:
            self._must_take_over(accepted_by)
            chosen = [code for code in self._lines_of(accepted_by) if self.lines[code].state == "OPEN"]
        else:
            chosen = list(assets)
            self._must_be_listed(chosen)
            self._must_take_over(accepted_by, chosen)
        disputed = [code for code in chosen if self.lines[code].state == "DISPUTED"]
        if disputed:
            raise refuse("HANDOVER_DISPUTE_OPEN", missing=disputed, assets=disputed[:20])
        fresh = tuple(sorted({code for code in chosen if self.lines[code].state == "OPEN"}))
        if fresh:
            self.record(self.LinesAccepted, at, assets=fresh, accepted_by=accepted_by)

    @event(LinesAccepted)
    def _lines_accepted(self, assets: tuple[Code, ...]) -> None:
        self._change(assets, state="ACCEPTED")

    class LineDisputed(Event):
        """Line of the list disputed by the person who takes over."""

        TOPIC: ClassVar[str] = "departure_case.line_disputed"
        TITLE: ClassVar[str] = "清单项有异议"
        asset: Code = Field(title="资产编号")
        disputed_by: Code = Field(title="提出异议人")
        reason: Text = Field(title="异议说明")

    def dispute(self, asset: str, disputed_by: str, reason: str, at: Occasion) -> None:
        """Dispute one line, with the reason; one that is disputed already stays so.

        Refused: STEP_OUT_OF_ORDER when the case is completed; NOT_FOUND for an asset that is not on the list;
        SAME_PERSON for the leaver; FORBIDDEN for anybody but who takes it over.
        """
        at.cite("C4.10-10")
        self._must_be_open()
        self._must_be_listed([asset])
        self._must_take_over(disputed_by, [asset])
        if self.lines[asset].state != "DISPUTED":
            self.record(self.LineDisputed, at, asset=asset, disputed_by=disputed_by, reason=reason)

    @event(LineDisputed)
    def _line_disputed(self, asset: Code) -> None:
        self._change((asset,), state="DISPUTED")
        self._unseal()

    class DisputeResolved(Event):
        """A dispute settled; the line is open for acceptance again."""

        TOPIC: ClassVar[str] = "departure_case.dispute_resolved"
        TITLE: ClassVar[str] = "异议处理"
        asset: Code = Field(title="资产编号")
        resolution: Text = Field(title="处理结果")
        document_no: Name = Field(title="处理依据文号")

    def resolve_dispute(self, asset: str, resolution: str, document_no: str, at: Occasion) -> None:
        """Settle a dispute by a document (shortage report, repair, correction).

        Refused: STEP_OUT_OF_ORDER when the case is completed; NOT_FOUND for a line that is not disputed.
        """
        at.cite("C4.10-10")
        self._must_be_open()
        if asset not in self.lines or self.lines[asset].state != "DISPUTED":
            raise refuse("NOT_FOUND", what=asset)
        self.record(self.DisputeResolved, at, asset=asset, resolution=resolution, document_no=document_no)

    @event(DisputeResolved)
    def _dispute_resolved(self, asset: Code) -> None:
        self._change((asset,), state="OPEN")

    # ---- reconciliation (管理人员核账) -------------------------------------------------------------------------------

    class ReconciliationRecorded(Event):
        """Assets compared: book, thing, papers."""

        TOPIC: ClassVar[str] = "departure_case.reconciliation_recorded"
        TITLE: ClassVar[str] = "核账"
        lines: tuple[AssetReconciliationLine, ...] = Field(title="核账清单")

    def reconcile(self, lines: Sequence[AssetReconciliationLine], at: Occasion) -> None:
        """Record the comparison of assets on the list; a difference says what it is (C4.10-10).

        Refused: STEP_OUT_OF_ORDER when the case is completed; NOT_FOUND for an asset that is not on the list;
        FIELD_INVALID for one that is compared twice; FIELD_REQUIRED for a difference without its note.
        """
        at.cite("C4.10-10")
        self._must_be_open()
        self._must_be_listed([line.asset for line in lines])
        if len({line.asset for line in lines}) != len(lines):
            raise refuse("FIELD_INVALID", clause="C4.10-10", field="lines")
        unexplained = [line.asset for line in lines if line.differs and line.note is None]
        if unexplained:
            raise refuse(
                "FIELD_REQUIRED", clause="C4.10-10", field="note", missing=[f"note:{a}" for a in unexplained]
            )
        self.record(self.ReconciliationRecorded, at, lines=tuple(lines))

    @event(ReconciliationRecorded)
    def _reconciliation_recorded(self, lines: tuple[AssetReconciliationLine, ...]) -> None:
        self.reconciliation = self.reconciliation | {
            line.asset: "DIFFERS" if line.differs else "AGREES" for line in lines
        }
        self.reconciled = False

    class DifferenceResolved(Event):
        """A difference between book, thing and papers settled."""

        TOPIC: ClassVar[str] = "departure_case.difference_resolved"
        TITLE: ClassVar[str] = "核账差异处理"
        asset: Code = Field(title="资产编号")
        resolution: Text = Field(title="处理结果")
        document_no: Name = Field(title="处理依据文号")

    def resolve_difference(self, asset: str, resolution: str, document_no: str, at: Occasion) -> None:
        """Settle a difference by a document. Refused: STEP_OUT_OF_ORDER, NOT_FOUND."""
        at.cite("C4.10-10")
        self._must_be_open()
        if self.reconciliation.get(asset) != "DIFFERS":
            raise refuse("NOT_FOUND", what=asset)
        self.record(self.DifferenceResolved, at, asset=asset, resolution=resolution, document_no=document_no)

    @event(DifferenceResolved)
    def _difference_resolved(self, asset: Code) -> None:
        self.reconciliation = {**self.reconciliation, asset: "RESOLVED"}

    class ReconciliationCompleted(Event):
        """Every asset on the list is compared and every difference settled."""

        TOPIC: ClassVar[str] = "departure_case.reconciliation_completed"
        TITLE: ClassVar[str] = "核账完成"
        count: int = Field(title="已核账项数")
        differences: int = Field(title="有差异项数")

    def complete_reconciliation(self, at: Occasion) -> None:
        """Close the reconciliation; what is not compared or not settled is named.

        Refused: STEP_OUT_OF_ORDER when the case is completed; HANDOVER_INCOMPLETE while an asset is not compared or
        a difference not settled.
        """
        at.cite("C4.10-10")
        self._must_be_open()
        missing = self._unreconciled()
        if missing:
            raise refuse("HANDOVER_INCOMPLETE", clause="C4.10-10", missing=missing, assets=missing[:20])
        if not self.reconciled:
            settled = sum(state == "RESOLVED" for state in self.reconciliation.values())
            self.record(self.ReconciliationCompleted, at, count=len(self.reconciliation), differences=settled)

    @event(ReconciliationCompleted)
    def _reconciliation_completed(self) -> None:
        self.reconciled = True

    # ---- audit (责任人审计) ------------------------------------------------------------------------------------------

    class AuditOrdered(Event):
        """An auditor is asked for."""

        TOPIC: ClassVar[str] = "departure_case.audit_ordered"
        TITLE: ClassVar[str] = "委托离任审计"
        auditor_organization: Code = Field(title="审计单位")
        document_no: Name = Field(title="委托文号")

    def order_audit(self, auditor_organization: str, document_no: str, at: Occasion) -> None:
        """Ask a unit other than the leaver's own for the audit (C4.10-09).

        Refused: STEP_OUT_OF_ORDER when the case is completed; AUDITOR_NOT_INDEPENDENT for the leaver's own unit.
        """
        at.cite("C4.10-09")
        self._must_be_open()
        self._must_be_independent(auditor_organization, at)
        if auditor_organization != self.audit_ordered:
            self.record(
                self.AuditOrdered, at, auditor_organization=auditor_organization, document_no=document_no
            )

    @event(AuditOrdered)
    def _audit_ordered(self, auditor_organization: Code) -> None:
        self.audit_ordered = auditor_organization

    class FindingRaised(Event):
        """An auditor found something. After completion it reopens the case."""

        TOPIC: ClassVar[str] = "departure_case.finding_raised"
        TITLE: ClassVar[str] = "审计发现问题"
        finding: AuditFinding = Field(title="审计发现问题")
        due_on: BusinessDate | None = Field(default=None, title="整改期限")
        provisional: Reckoning | None = Field(default=None, title="暂定整改期限的计算依据")

    def raise_finding(self, finding: AuditFinding, auditor_organization: str, at: Occasion) -> None:
        """Record a finding, also years after the case was completed: then the case is open again (C4.10-11).

        Refused: AUDITOR_NOT_INDEPENDENT for the leaver's own unit; ALREADY_EXISTS when the finding's number is
        taken.
        """
        at.cite("C4.10-09", "C4.10-11")
        self._must_be_independent(auditor_organization, at)
        if finding.finding in self.findings:
            raise refuse("ALREADY_EXISTS", what=finding.finding)
        reopens = self.state == "COMPLETED"
        deadline = at.due_after(at.rules.parameters["P19"]) if reopens else None
        self.record(
            self.FindingRaised,
            at,
            finding=finding,
            due_on=deadline and deadline.due_on,
            provisional=deadline and deadline.provisional,
        )

    @event(FindingRaised)
    def _finding_raised(
        self, finding: AuditFinding, due_on: date | None, provisional: Reckoning | None
    ) -> None:
        self.findings = {**self.findings, finding.finding: "OPEN"}
        if self.state == "COMPLETED":
            self.state = "OPEN"
            self.reopened += 1
            self.due_on = due_on
            self.provisional = provisional

    class FindingResolved(Event):
        """A finding of the audit dealt with."""

        TOPIC: ClassVar[str] = "departure_case.finding_resolved"
        TITLE: ClassVar[str] = "审计问题处理"
        finding: Code = Field(title="审计问题编号")
        resolution: Text = Field(title="处理结果")
        document_no: Name = Field(title="处理依据文号")

    def resolve_finding(self, finding: str, resolution: str, document_no: str, at: Occasion) -> None:
        """Settle a finding by a document. Refused: STEP_OUT_OF_ORDER, NOT_FOUND."""
        at.cite("C4.10-09")
        self._must_be_open()
        if self.findings.get(finding) != "OPEN":
            raise refuse("NOT_FOUND", what=finding)
        self.record(self.FindingResolved, at, finding=finding, resolution=resolution, document_no=document_no)

    @event(FindingResolved)
    def _finding_resolved(self, finding: Code) -> None:
        self.findings = {**self.findings, finding: "RESOLVED"}

    class AuditCompleted(Event):
        """The departure audit is done."""

        TOPIC: ClassVar[str] = "departure_case.audit_completed"
        TITLE: ClassVar[str] = "离任审计完成"
        audit: DepartureAudit = Field(title="离任审计报告")

    def complete_audit(
        self,
        audit: DepartureAudit,
        at: Occasion,
        *,
        in_duty_since: date | None = None,
        last_taken_on: date | None = None,
    ) -> None:
        """Record the audit: by an auditor outside the unit, over the whole tenure up to the departure (C4.10-09, P20).

        `in_duty_since`: first day of the leaver's duty, as far as the log knows; `last_taken_on`: when the last of what is
        still in care by name came to it.

        Refused: STEP_OUT_OF_ORDER, AUDITOR_NOT_INDEPENDENT, AUDIT_REQUIRED, AUDIT_STALE, DATE_ORDER.
        """
        at.cite("C4.10-09")
        self._must_be_open()
        if audit == self.audit:
            return
        if in_duty_since is not None:
            at.given["in_duty_since"] = in_duty_since
        at.require(
            audit.auditor not in {self.notice.person, self.successor, *self.incoming()},
            "AUDITOR_NOT_INDEPENDENT",
            organization=audit.auditor_organization,
        )
        self._must_be_independent(audit.auditor_organization, at)
        at.require(
            audit.covers_from is None or in_duty_since is None or audit.covers_from <= in_duty_since,
            "AUDIT_REQUIRED",
            missing=[f"coversFrom:{in_duty_since}"],
        )
        at.require(
            self._audit_reaches(audit, at),
            "AUDIT_STALE",
            missing=["deltaReportNo"] if audit.delta_report_no is None else [],
            cutOff=audit.cut_off,
            departure=self.notice.departs_on,
        )
        if last_taken_on is not None and audit.cut_off < last_taken_on:
            raise _before_the_duty("audit.cutOff", audit.cut_off, last_taken_on)
        self.record(self.AuditCompleted, at, audit=audit)

    def _audit_reaches(self, audit: DepartureAudit, at: Occasion) -> bool:
        """Up to the departure, or a little less with a report for the days between (P20)."""
        if audit.cut_off >= self.notice.departs_on:
            return True
        validity = at.rules.parameters["P20"]
        recent = self.notice.departs_on - audit.cut_off <= timedelta(days=validity.days_before_departure)
        return recent and (audit.delta_report_no is not None or not validity.delta_report_required)

    @event(AuditCompleted)
    def _audit_completed(self, audit: DepartureAudit) -> None:
        self.audit = audit

    # ---- between the leaver and the successor ------------------------------------------------------------------------

    class InterimCustodianAppointed(Event):
        """Somebody looks after things until the successor does."""

        TOPIC: ClassVar[str] = "departure_case.interim_custodian_appointed"
        TITLE: ClassVar[str] = "指定临时管护人"
        interim: InterimCustodian = Field(title="临时管护安排")

    def appoint_interim(self, interim: InterimCustodian, *, superior: str | None, at: Occasion) -> None:
        """The superior unit appoints an interim custodian, with an inventory; all in turn together for as long as P37 allows.

        Refused: STEP_OUT_OF_ORDER when the case is completed; SAME_PERSON for the leaver; SUPERVISOR_NOT_SUPERIOR
        when another unit than the superior one appoints; INTERIM_TOO_LONG for more days than P37.
        """
        at.cite("C4.10-11")
        self._must_be_open()
        if interim.person == self.notice.person:
            raise refuse("SAME_PERSON", person=interim.person)
        at.require(
            interim.appointed_by == superior, "SUPERVISOR_NOT_SUPERIOR", organization=interim.appointed_by
        )
        days = days_covered([*self.interims, interim])
        longest = at.rules.parameters["P37"]
        at.require(days <= longest, "INTERIM_TOO_LONG", days=days, longest=longest)
        if interim != self.interim:
            self.record(self.InterimCustodianAppointed, at, interim=interim)

    @event(InterimCustodianAppointed)
    def _interim_custodian_appointed(self, interim: InterimCustodian) -> None:
        self.interim = interim
        self.interims = (*self.interims, interim)

    # ---- seal, signatures, completion --------------------------------------------------------------------------------

    class ListSealed(Event):
        """The list is fixed by its digest; what is signed is this."""

        TOPIC: ClassVar[str] = "departure_case.list_sealed"
        TITLE: ClassVar[str] = "封存交接清单"
        list_sha256: Sha256 = Field(title="清单摘要")
        count: int = Field(title="清单项数")
        place: SealedPlace | None = Field(default=None, title="清单封存所据日志")

    def seal(self, care: Care, at: Occasion, place: SealedPlace | None = None) -> None:
        """Seal the list: nothing in care is missing or newer than its line, everything is accepted and reconciled.

        `place`: where in the log it is sealed, so that what is recorded later shows as a delta and changes nothing.

        Refused: STEP_OUT_OF_ORDER when the case is completed; HANDOVER_LIST_INCOMPLETE when something in care is
        not on the list, or newer than its line; HANDOVER_DISPUTE_OPEN; HANDOVER_INCOMPLETE while a line is not
        accepted or not reconciled.
        """
        at.cite("C4.10-10")
        self._must_be_open()
        self._must_be_whole(care)
        digest = self.list_digest()
        if digest != self.sealed:
            self.record(self.ListSealed, at, list_sha256=digest, count=len(self.lines), place=place)

    @event(ListSealed)
    def _list_sealed(self, list_sha256: Sha256, place: SealedPlace | None) -> None:
        self.sealed = list_sha256
        self.sealed_place = place
        self.signatures = {}
        self.signing_refused = None

    def list_digest(self) -> str:
        """SHA-256 over case, person, duty, unit and each line: asset, its version, who takes it over."""
        notice = self.notice
        lines = [
            [code, line.asset_version, self.incoming_of(code)] for code, line in sorted(self.lines.items())
        ]
        content = [self.id, notice.person, notice.kind, notice.organization, lines]
        return hashlib.sha256(
            json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        ).hexdigest()

    class Signed(Event):
        """One of the signatures."""

        TOPIC: ClassVar[str] = "departure_case.signed"
        TITLE: ClassVar[str] = "签字"
        signature: HandoverSignature = Field(title="交接签字")

    def sign(self, signature: HandoverSignature, *, superior: str | None, at: Occasion) -> None:
        """Sign the sealed list; the supervisor belongs to the superior unit (C4.10-10).

        Refused: STEP_OUT_OF_ORDER (before the seal), PLAN_HASH_MISMATCH (another list), FORBIDDEN (no party),
        SUPERVISOR_NOT_SUPERIOR, SAME_PERSON (two places).
        """
        at.cite("C4.10-10")
        self._must_be_open()
        if self.sealed is None:
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.10-10", step="signature", state="OPEN", missing=["seal"]
            )
        if signature.list_sha256 != self.sealed:
            raise refuse("PLAN_HASH_MISMATCH", clause="C4.10-10")
        if signature.role == "OUTGOING":
            self._must_hand_over(signature)
        elif signature.role == "INCOMING":
            self._must_take_over(signature.person)
        else:
            at.require(
                superior is not None and signature.organization == superior,
                "SUPERVISOR_NOT_SUPERIOR",
                organization=signature.organization,
            )
        others = {one.person for place, one in self.signatures.items() if place != signature.place}
        if signature.role == "SUPERVISOR":
            others |= {self.notice.person, *self.incoming()}
        if signature.person in others:
            raise refuse("SAME_PERSON", person=signature.person)
        if signature.place not in self.signatures:
            self.record(self.Signed, at, signature=signature)

    @event(Signed)
    def _signed(self, signature: HandoverSignature) -> None:
        self.signatures = {**self.signatures, signature.place: signature}

    class SigningRefused(Event):
        """The leaver does not sign, and the supervisor says so."""

        TOPIC: ClassVar[str] = "departure_case.signing_refused"
        TITLE: ClassVar[str] = "移交人拒签"
        refusal: SigningRefusal = Field(title="移交人拒签情况")

    def record_signing_refusal(self, refusal: SigningRefusal, *, superior: str | None, at: Occasion) -> None:
        """Record that the leaver refuses to sign the sealed list: by the supervisor of the superior unit (C4.10-10).

        Refused: STEP_OUT_OF_ORDER (before the seal, or when the leaver has signed), PLAN_HASH_MISMATCH,
        SUPERVISOR_NOT_SUPERIOR, SAME_PERSON (the supervisor is a party).
        """
        at.cite("C4.10-10")
        self._must_be_open()
        if self.sealed is None or "OUTGOING" in self.signatures:
            done = "SIGNED" if self.sealed is not None else "OPEN"
            missing = ["seal"] if self.sealed is None else []
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.10-10", step="signingRefusal", state=done, missing=missing
            )
        if refusal.list_sha256 != self.sealed:
            raise refuse("PLAN_HASH_MISMATCH", clause="C4.10-10")
        at.require(
            superior is not None and refusal.organization == superior,
            "SUPERVISOR_NOT_SUPERIOR",
            organization=refusal.organization,
        )
        if refusal.supervisor in {self.notice.person, *self.incoming()}:
            raise refuse("SAME_PERSON", person=refusal.supervisor)
        if refusal != self.signing_refused:
            self.record(self.SigningRefused, at, refusal=refusal)

    @event(SigningRefused)
    def _signing_refused(self, refusal: SigningRefusal) -> None:
        self.signing_refused = refusal

    class Completed(Event):
        """Handover complete: every asset on the list records HandedOver with it."""

        TOPIC: ClassVar[str] = "departure_case.completed"
        TITLE: ClassVar[str] = "交接完成"
        list_sha256: Sha256 = Field(title="清单摘要")
        successor: Code | None = Field(default=None, title="接任人")
        supervisor: Code = Field(title="监交人")

    def complete(self, care: Care, at: Occasion) -> None:
        """Complete the case: list sealed and whole, all signatures, audit for a responsible person, no open finding.

        Refused: STEP_OUT_OF_ORDER when it is completed already or not sealed; HANDOVER_LIST_INCOMPLETE when
        something in care is not on the list, or newer than its line; HANDOVER_DISPUTE_OPEN; AUDIT_REQUIRED for a
        responsible person without an audit; HANDOVER_INCOMPLETE while a line, a finding or a signature is open.
        """
        at.cite("C4.10-09", "C4.10-10", "C4.10-11")
        self._must_be_open()
        self._must_be_whole(care)
        if self.sealed is None:
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.10-10", step="completion", state="OPEN", missing=["seal"]
            )
        if self.notice.kind == "RESPONSIBLE":
            at.require(self.audit, "AUDIT_REQUIRED", missing=["audit"])
        left = [*self._open_findings(), *self._unsigned()]
        if left:
            raise refuse("HANDOVER_INCOMPLETE", clause="C4.10-10", missing=left)
        self.record(
            self.Completed,
            at,
            list_sha256=self.sealed,
            successor=self.successor,
            supervisor=self.signatures["SUPERVISOR"].person,
        )

    @event(Completed)
    def _completed(self) -> None:
        self.state = "COMPLETED"

    # ---- questions ---------------------------------------------------------------------------------------------------

    def incoming_of(self, asset: str) -> str | None:
        """Who takes this asset over."""
        return self.lines[asset].incoming or self.successor

    def incoming(self) -> tuple[str, ...]:
        """Everybody who takes something over, in order of code; the successor also where the list is empty."""
        named = {self.incoming_of(code) for code in self.lines} if self.lines else {self.successor}
        return tuple(sorted(one for one in named if one is not None))

    def open_points(self) -> list[str]:
        """What still stands in the way of completion, for clearance and progress views."""
        if self.state == "COMPLETED":
            return []
        points = [f"line:{code}" for code, line in sorted(self.lines.items()) if line.state != "ACCEPTED"]
        if not self._has_successors():
            points.append("successor")
        if self.notice.kind == "RESPONSIBLE" and self.audit is None:
            points.append("audit")
        if self.notice.kind == "MANAGER" and not self.reconciled:
            points.append("reconciliation")
        points.extend(self._open_findings())
        if self.sealed is None:
            points.append("seal")
        points.extend(self._unsigned())
        return points or ["completion"]

    def _has_successors(self) -> bool:
        if not self.lines:
            return self.successor is not None
        return all(self.incoming_of(code) is not None for code in self.lines)

    def _open_findings(self) -> list[str]:
        return [f"finding:{code}" for code, state in sorted(self.findings.items()) if state == "OPEN"]

    def _unsigned(self) -> list[str]:
        places = ["OUTGOING", *(f"INCOMING:{one}" for one in self.incoming()), "SUPERVISOR"]
        if not self.incoming():
            places.insert(1, "INCOMING")
        return [f"signature:{place}" for place in places if place not in self.signatures]

    def _unreconciled(self) -> list[str]:
        return [code for code in sorted(self.lines) if self.reconciliation.get(code, "DIFFERS") == "DIFFERS"]

    def _lines_of(self, person: str) -> list[str]:
        return [code for code in self.lines if self.incoming_of(code) == person]

    def _not_up_to_date(self, care: Care) -> set[str]:
        """In care, but not on the list, or newer than the list says."""
        return {
            asset
            for asset, version in care.items()
            if asset not in self.lines or (self.lines[asset].asset_version or version) != version
        }

    # ---- what has to hold --------------------------------------------------------------------------------------------

    def _must_be_whole(self, care: Care) -> None:
        """Everything in care is on the list as it is now, reconciled, undisputed and accepted (C4.10-10)."""
        absent = sorted(self._not_up_to_date(care))
        if absent:
            raise refuse("HANDOVER_LIST_INCOMPLETE", missing=absent, assets=absent[:20])
        disputed = sorted(code for code, line in self.lines.items() if line.state == "DISPUTED")
        if disputed:
            raise refuse("HANDOVER_DISPUTE_OPEN", missing=disputed, assets=disputed[:20])
        waiting = sorted(code for code, line in self.lines.items() if line.state == "OPEN")
        if waiting:
            raise refuse("HANDOVER_INCOMPLETE", clause="C4.10-10", missing=waiting, assets=waiting[:20])
        if self.notice.kind == "MANAGER" and not self.reconciled:
            raise refuse("HANDOVER_INCOMPLETE", clause="C4.10-10", missing=["reconciliation"])

    def _must_be_open(self) -> None:
        if self.state != "OPEN":
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.10-10", step="departureCase", state=self.state)

    def _must_be_listed(self, assets: Sequence[str]) -> None:
        unknown = [code for code in assets if code not in self.lines]
        if unknown:
            raise refuse("NOT_FOUND", what="、".join(unknown[:20]))

    def _must_be_independent(self, auditor_organization: str, at: Occasion) -> None:
        at.require(
            auditor_organization != self.notice.organization,
            "AUDITOR_NOT_INDEPENDENT",
            organization=auditor_organization,
        )

    def _must_take_over(self, person: str, assets: Sequence[str] = ()) -> None:
        """The person is the one who takes these assets over; without assets: who takes over anything."""
        if person == self.notice.person:
            raise refuse("SAME_PERSON", person=person)
        if not self.incoming():
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.10-10", step="acceptance", state="OPEN", missing=["successor"]
            )
        wanted = {self.incoming_of(code) for code in assets} or set(self.incoming())
        if person not in wanted or (assets and len(wanted) > 1):
            raise refuse("FORBIDDEN", clause="C4.10-10", action="acceptance")

    def _must_hand_over(self, signature: HandoverSignature) -> None:
        """The leaver signs; for one who died, is detained or refuses the interim custodian or somebody of the unit does."""
        if signature.person == self.notice.person and self.notice.reason not in CANNOT_SIGN:
            return
        in_place = self.notice.reason in CANNOT_SIGN or self.signing_refused is not None
        of_the_unit = signature.organization == self.notice.organization
        interim = self.interim is not None and signature.person == self.interim.person
        stands_in = in_place and (of_the_unit or interim)
        if not stands_in or signature.person in {self.notice.person, *self.incoming()}:
            raise refuse("FORBIDDEN", clause="C4.10-10", action="signature")

    def _change(self, assets: Sequence[str], **facts: object) -> None:
        self.lines = self.lines | {code: self.lines[code].model_copy(update=facts) for code in assets}

    def _unseal(self) -> None:
        self.sealed = None
        self.sealed_place = None
        self.signatures = {}
        self.signing_refused = None


def _before_the_duty(named: str, day: date, last_taken_on: date) -> Refusal:
    """DATE_ORDER for a day of leaving or of its audit before the last duty of the leaver began."""
    return refuse(
        "DATE_ORDER",
        clause="C4.10-09",
        earlier="inDutySince",
        later=named,
        earlierOn=last_taken_on,
        laterOn=day,
    )


def _lines(
    assets: Sequence[str], versions: Sequence[int] | None, *, addendum: bool
) -> dict[str, HandoverLine]:
    numbers: Sequence[int | None] = versions if versions is not None else [None] * len(assets)
    return {
        code: HandoverLine(state="OPEN", asset_version=number, addendum=addendum)
        for code, number in zip(assets, numbers, strict=True)
    }
