"""A departure case: one person leaves one duty, and hands over what was in their care (C4.10-09 … C4.10-11).

Open with the list of what is in care; the successor accepts or disputes line by line or the whole batch; the list
is sealed by its digest; outgoing, incoming and a supervisor of the superior unit sign that digest; then the case is
completed, and every asset records HandedOver in the same commit. Until then clearance is refused.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate, registered
from domain.refusals import refuse
from domain.values import BusinessDate, Code, Name, Sha256, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion

SIGNATORIES = ("OUTGOING", "INCOMING", "SUPERVISOR")


class DepartureNotice(Value):
    """Who leaves which duty in which unit, when and why, and who follows."""

    person: Code = Field(title="离任人")
    kind: Literal["RESPONSIBLE", "MANAGER"] = Field(title="交接类型", description="责任人 / 管理人员")
    organization: Code = Field(title="单位")
    reason: Literal["TRANSFER", "RESIGN", "RETIRE", "REMOVED", "DEATH", "DETENTION", "OTHER"] = Field(
        title="原因"
    )
    departs_on: BusinessDate = Field(title="离任日期")
    successor: Code | None = Field(default=None, title="接任人")
    document_no: Name | None = Field(default=None, title="通知文号")


class Audit(Value):
    """The result of the departure audit (C4.10-09), by reference to its report."""

    auditor: Code = Field(title="审计人")
    auditor_organization: Code = Field(title="审计单位")
    cut_off: BusinessDate = Field(title="审计截止日")
    opinion: Text = Field(title="审计意见")
    report_no: Name = Field(title="审计报告文号")
    delta_report_no: Name | None = Field(
        default=None, title="补充审计报告文号", description="截止日早于离任日时，补充至离任日"
    )


class Signature(Value):
    """A signature under the sealed list."""

    role: Literal["OUTGOING", "INCOMING", "SUPERVISOR"]
    person: Code
    organization: Code
    signed_on: BusinessDate
    list_sha256: Sha256


@registered
class DepartureCase(DomainAggregate):
    """One person's leave of one duty."""

    TOPIC: ClassVar[str] = "departure_case"
    KIND: ClassVar[str] = "departure_case"

    notice: DepartureNotice
    successor: str | None
    lines: dict[str, Literal["OPEN", "ACCEPTED", "DISPUTED"]]
    audit: Audit | None
    sealed: str | None
    signatures: dict[str, Signature]
    state: Literal["OPEN", "COMPLETED"]

    class Event(DomainAggregate.Event):
        """Root of the case's events."""

    class Opened(Event, CreatedEvent):
        """The case is open over these assets."""

        TOPIC: ClassVar[str] = "departure_case.opened"
        TITLE: ClassVar[str] = "启动离任交接"
        notice: DepartureNotice
        assets: tuple[Code, ...]

    @classmethod
    def open(cls, case: str, notice: DepartureNotice, assets: tuple[str, ...], at: Occasion) -> DepartureCase:
        """Open a case over what is in the person's care."""
        at.cite("C4.10-09" if notice.kind == "RESPONSIBLE" else "C4.10-10")
        if notice.successor == notice.person:
            raise refuse("SAME_PERSON", person=notice.person)
        return cls.begin(cls.Opened, case, at, notice=notice, assets=tuple(sorted(set(assets))))

    @event(Opened)
    def __init__(self, notice: DepartureNotice, assets: tuple[str, ...]) -> None:
        self.notice = notice
        self.successor = notice.successor
        self.lines = dict.fromkeys(assets, "OPEN")
        self.audit = None
        self.sealed = None
        self.signatures = {}
        self.state = "OPEN"

    class SuccessorNamed(Event):
        """Who takes over."""

        TOPIC: ClassVar[str] = "departure_case.successor_named"
        TITLE: ClassVar[str] = "确定接任人"
        successor: Code

    def name_successor(self, successor: str, at: Occasion) -> None:
        """Name the incoming person; acceptances so far belonged to another and are undone."""
        self._must_be_open()
        if successor == self.notice.person:
            raise refuse("SAME_PERSON", person=successor)
        if successor != self.successor:
            self.record(self.SuccessorNamed, at, successor=successor)

    @event(SuccessorNamed)
    def _successor_named(self, successor: Code) -> None:
        self.successor = successor
        self.lines = dict.fromkeys(self.lines, "OPEN")
        self._unseal()

    class LinesAdded(Event):
        """What came into the person's care while the case was open."""

        TOPIC: ClassVar[str] = "departure_case.lines_added"
        TITLE: ClassVar[str] = "补充交接清单"
        assets: tuple[Code, ...]

    def add_lines(self, assets: tuple[str, ...], at: Occasion) -> None:
        """Add assets to the list (HANDOVER_LIST_INCOMPLETE otherwise)."""
        self._must_be_open()
        new = tuple(sorted(set(assets) - set(self.lines)))
        if new:
            self.record(self.LinesAdded, at, assets=new)

    @event(LinesAdded)
    def _lines_added(self, assets: tuple[Code, ...]) -> None:
        self.lines = self.lines | dict.fromkeys(assets, "OPEN")
        self._unseal()

    class LinesAccepted(Event):
        """The successor accepts these assets."""

        TOPIC: ClassVar[str] = "departure_case.lines_accepted"
        TITLE: ClassVar[str] = "接收清单项"
        assets: tuple[Code, ...]
        accepted_by: Code

    def accept(self, assets: tuple[str, ...] | None, accepted_by: str, at: Occasion) -> None:
        """Accept some lines, or every open one (`assets=None`). A disputed line must be resolved first."""
        at.cite("C4.10-10")
        self._must_be_open()
        self._must_be_incoming(accepted_by)
        chosen = (
            [code for code, state in self.lines.items() if state == "OPEN"]
            if assets is None
            else list(assets)
        )
        unknown = [code for code in chosen if code not in self.lines]
        if unknown:
            raise refuse("NOT_FOUND", what=unknown[:20])
        disputed = [code for code in chosen if self.lines[code] == "DISPUTED"]
        if disputed:
            raise refuse("HANDOVER_DISPUTE_OPEN", missing=disputed, assets=disputed[:20])
        fresh = tuple(sorted({code for code in chosen if self.lines[code] == "OPEN"}))
        if fresh:
            self.record(self.LinesAccepted, at, assets=fresh, accepted_by=accepted_by)

    @event(LinesAccepted)
    def _lines_accepted(self, assets: tuple[Code, ...]) -> None:
        self.lines = self.lines | dict.fromkeys(assets, "ACCEPTED")

    class LineDisputed(Event):
        """The successor does not find what the list says."""

        TOPIC: ClassVar[str] = "departure_case.line_disputed"
        TITLE: ClassVar[str] = "清单项有异议"
        asset: Code
        disputed_by: Code
        reason: Text

    def dispute(self, asset: str, disputed_by: str, reason: str, at: Occasion) -> None:
        """Dispute one line, with the reason; one that is disputed already stays so."""
        at.cite("C4.10-10")
        self._must_be_open()
        self._must_be_incoming(disputed_by)
        if asset not in self.lines:
            raise refuse("NOT_FOUND", what=asset)
        if self.lines[asset] == "DISPUTED":
            return
        self.record(self.LineDisputed, at, asset=asset, disputed_by=disputed_by, reason=reason)

    @event(LineDisputed)
    def _line_disputed(self, asset: Code) -> None:
        self.lines = {**self.lines, asset: "DISPUTED"}
        self._unseal()

    class DisputeResolved(Event):
        """How a dispute was settled; the line is open for acceptance again."""

        TOPIC: ClassVar[str] = "departure_case.dispute_resolved"
        TITLE: ClassVar[str] = "异议处理"
        asset: Code
        resolution: Text
        document_no: Name

    def resolve_dispute(self, asset: str, resolution: str, document_no: str, at: Occasion) -> None:
        """Settle a dispute by a document (shortage report, repair, correction)."""
        at.cite("C4.10-10")
        self._must_be_open()
        if self.lines.get(asset) != "DISPUTED":
            raise refuse("NOT_FOUND", what=asset)
        self.record(self.DisputeResolved, at, asset=asset, resolution=resolution, document_no=document_no)

    @event(DisputeResolved)
    def _dispute_resolved(self, asset: Code) -> None:
        self.lines = {**self.lines, asset: "OPEN"}

    class AuditCompleted(Event):
        """The departure audit is done."""

        TOPIC: ClassVar[str] = "departure_case.audit_completed"
        TITLE: ClassVar[str] = "离任审计完成"
        audit: Audit

    def complete_audit(self, audit: Audit, at: Occasion) -> None:
        """Record the audit: by an auditor outside the unit, up to the departure (C4.10-09, P20)."""
        at.cite("C4.10-09")
        self._must_be_open()
        if audit == self.audit:
            return
        at.require(
            audit.auditor_organization != self.notice.organization and audit.auditor != self.notice.person,
            "AUDITOR_NOT_INDEPENDENT",
            organization=audit.auditor_organization,
        )
        at.not_in_future(audit.cut_off, "cutOff")
        at.require(
            self._audit_reaches(audit, at),
            "AUDIT_STALE",
            missing=["deltaReportNo"] if audit.delta_report_no is None else [],
            cutOff=audit.cut_off,
            departure=self.notice.departs_on,
        )
        self.record(self.AuditCompleted, at, audit=audit)

    def _audit_reaches(self, audit: Audit, at: Occasion) -> bool:
        """Up to the departure, or a little less with a report for the days between (P20)."""
        if audit.cut_off >= self.notice.departs_on:
            return True
        validity = at.rules.parameter("P20")
        recent = self.notice.departs_on - audit.cut_off <= timedelta(days=validity.days_before_departure)
        return recent and (audit.delta_report_no is not None or not validity.delta_report_required)

    @event(AuditCompleted)
    def _audit_completed(self, audit: Audit) -> None:
        self.audit = audit

    class ListSealed(Event):
        """The list is fixed by its digest; what is signed is this."""

        TOPIC: ClassVar[str] = "departure_case.list_sealed"
        TITLE: ClassVar[str] = "封存交接清单"
        list_sha256: Sha256
        count: int

    def seal(self, in_care: frozenset[str], at: Occasion) -> None:
        """Seal the list. `in_care` is what the person is responsible for now: nothing of it may be missing."""
        at.cite("C4.10-10")
        self._must_be_open()
        self._must_be_complete(in_care)
        digest = self.list_digest()
        if digest != self.sealed:
            self.record(self.ListSealed, at, list_sha256=digest, count=len(self.lines))

    @event(ListSealed)
    def _list_sealed(self, list_sha256: Sha256) -> None:
        self.sealed = list_sha256
        self.signatures = {}

    def list_digest(self) -> str:
        """SHA-256 over case, person, duty, successor and the asset codes in order."""
        notice = self.notice
        lines = [
            self.id,
            notice.person,
            notice.kind,
            notice.organization,
            self.successor or "",
            *sorted(self.lines),
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    class Signed(Event):
        """One of the three signatures."""

        TOPIC: ClassVar[str] = "departure_case.signed"
        TITLE: ClassVar[str] = "签字"
        signature: Signature

    def sign(self, signature: Signature, *, superior: str | None, at: Occasion) -> None:
        """Sign the sealed list; the supervisor belongs to the superior unit (C4.10-10)."""
        at.cite("C4.10-10")
        self._must_be_open()
        if self.sealed is None:
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.10-10", step="signature", state="OPEN", missing=["seal"]
            )
        if signature.list_sha256 != self.sealed:
            raise refuse("PLAN_HASH_MISMATCH", clause="C4.10-10")
        at.not_in_future(signature.signed_on, "signedOn")
        if signature.role == "OUTGOING":
            self._must_be_outgoing(signature)
        elif signature.role == "INCOMING":
            self._must_be_incoming(signature.person)
        else:
            at.require(
                superior is not None and signature.organization == superior,
                "SUPERVISOR_NOT_SUPERIOR",
                organization=signature.organization,
            )
        others = {one.person for role, one in self.signatures.items() if role != signature.role}
        if signature.role == "SUPERVISOR":
            others |= {self.notice.person, self.successor or ""}
        if signature.person in others:
            raise refuse("SAME_PERSON", person=signature.person)
        if signature.role not in self.signatures:
            self.record(self.Signed, at, signature=signature)

    @event(Signed)
    def _signed(self, signature: Signature) -> None:
        self.signatures = {**self.signatures, signature.role: signature}

    class Completed(Event):
        """Handover complete: every asset on the list records HandedOver with it."""

        TOPIC: ClassVar[str] = "departure_case.completed"
        TITLE: ClassVar[str] = "交接完成"
        list_sha256: Sha256
        successor: Code
        supervisor: Code

    def complete(self, in_care: frozenset[str], at: Occasion) -> None:
        """Complete the case: list sealed and complete, three signatures, audit for a responsible person."""
        at.cite("C4.10-09", "C4.10-10", "C4.10-11")
        self._must_be_open()
        self._must_be_complete(in_care)
        if self.sealed is None:
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.10-10", step="completion", state="OPEN", missing=["seal"]
            )
        if self.notice.kind == "RESPONSIBLE":
            at.require(self.audit, "AUDIT_REQUIRED", missing=["audit"])
        unsigned = [role for role in SIGNATORIES if role not in self.signatures]
        if unsigned:
            raise refuse("HANDOVER_INCOMPLETE", clause="C4.10-10", missing=unsigned)
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

    def open_points(self) -> list[str]:
        """What still stands in the way of completion, for clearance and progress views."""
        if self.state == "COMPLETED":
            return []
        points = [f"line:{code}" for code, state in sorted(self.lines.items()) if state != "ACCEPTED"]
        if self.successor is None:
            points.append("successor")
        if self.notice.kind == "RESPONSIBLE" and self.audit is None:
            points.append("audit")
        if self.sealed is None:
            points.append("seal")
        points.extend(f"signature:{role}" for role in SIGNATORIES if role not in self.signatures)
        return points

    def _must_be_complete(self, in_care: frozenset[str]) -> None:
        """Everything in care is on the list, nothing on it is disputed, everything is accepted (C4.10-10)."""
        absent = sorted(in_care - set(self.lines))
        if absent:
            raise refuse("HANDOVER_LIST_INCOMPLETE", missing=absent, assets=absent[:20])
        disputed = sorted(code for code, state in self.lines.items() if state == "DISPUTED")
        if disputed:
            raise refuse("HANDOVER_DISPUTE_OPEN", missing=disputed, assets=disputed[:20])
        waiting = sorted(code for code, state in self.lines.items() if state == "OPEN")
        if waiting:
            raise refuse("HANDOVER_INCOMPLETE", clause="C4.10-10", missing=waiting, assets=waiting[:20])

    def _must_be_open(self) -> None:
        if self.state != "OPEN":
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.10-10", step="departureCase", state=self.state)

    def _must_be_incoming(self, person: str) -> None:
        if self.successor is None:
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.10-10", step="acceptance", state="OPEN", missing=["successor"]
            )
        if person == self.notice.person:
            raise refuse("SAME_PERSON", person=person)
        if person != self.successor:
            raise refuse("FORBIDDEN", clause="C4.10-10", person=person)

    def _must_be_outgoing(self, signature: Signature) -> None:
        """The leaver signs; for one who died or is detained, somebody else of the unit does, never the successor."""
        stands_in = (
            self.notice.reason in {"DEATH", "DETENTION"}
            and signature.organization == self.notice.organization
            and signature.person != self.successor
        )
        if signature.person != self.notice.person and not stands_in:
            raise refuse("FORBIDDEN", clause="C4.10-10", person=signature.person)

    def _unseal(self) -> None:
        self.sealed = None
        self.signatures = {}
