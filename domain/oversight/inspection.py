"""Supervision (监督检查, 五(四), C5.4-01): a supervising organ looks, finds, orders what is to be mended, and looks again.

The organ reads everything and changes no asset: what it finds is recorded here, and the unit mends it by its own steps.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay, NotBefore
from domain.order import there
from domain.refusals import refuse
from domain.values import (
    AssetCode,
    BusinessDate,
    Code,
    Name,
    OrganizationCode,
    PaperSha256,
    PersonCode,
    Text,
    Value,
)

if TYPE_CHECKING:
    from domain.occasion import Occasion


class InspectionRecord(Value):
    """Record of an inspection: inspecting unit, inspected unit, day and matter."""

    organ: OrganizationCode = Field(title="监督单位")
    inspector: PersonCode = Field(title="检查人")
    unit: OrganizationCode = Field(title="被检查单位")
    inspected_on: FactDay = Field(title="检查日期")
    subject: Text = Field(title="检查内容")
    assets: tuple[AssetCode, ...] = Field(default=(), title="检查的资产", max_length=1000)


class SupervisionFinding(Value):
    """Something that is not as it should be."""

    finding: Code = Field(title="问题编号")
    text: Text = Field(title="问题")
    asset: Code | None = Field(default=None, title="资产编号")
    clause: Code | None = Field(default=None, title="条款")
    evidence_sha256: PaperSha256 | None = Field(default=None, title="证据摘要")


class Rectification(Value):
    """Order to put a finding right: measure and deadline."""

    finding: Code = Field(title="问题编号")
    measures: Text = Field(title="整改要求")
    document_no: Name = Field(title="文号")
    due_on: Annotated[BusinessDate, NotBefore("occurred_on")] = Field(title="整改期限")


class RectificationVerification(Value):
    """The organ has looked again."""

    finding: Code = Field(title="问题编号")
    outcome: Literal["RECTIFIED", "NOT_RECTIFIED"] = Field(title="复查结果", description="已整改 / 未整改")
    verified_by: Code = Field(title="复查人")
    verified_on: Annotated[FactDay, NotBefore("its.inspected.inspected_on")] = Field(title="复查日期")
    note: Text | None = Field(default=None, title="说明")


FindingState = Literal["RAISED", "ORDERED", "RECTIFIED"]


class Inspection(DomainAggregate):
    """One inspection, until everything it found is mended."""

    TOPIC: ClassVar[str] = "inspection"
    KIND: ClassVar[str] = "inspection"

    inspected: Annotated[InspectionRecord, Field(title="监督检查情况")]
    findings: Annotated[dict[str, SupervisionFinding], Field(title="检查发现问题")]
    orders: Annotated[dict[str, Rectification], Field(title="各问题责令整改")]
    states: Annotated[dict[str, FindingState], Field(title="各问题状态")]

    @property
    def begun_on(self) -> date:
        """The day of the inspection."""
        return self.inspected.inspected_on

    class Event(DomainAggregate.Event):
        """Root of the inspection's events."""

    class Recorded(Event, CreatedEvent):
        """A supervising organ inspected a unit."""

        TOPIC: ClassVar[str] = "inspection.recorded"
        TITLE: ClassVar[str] = "监督检查"
        inspected: InspectionRecord = Field(title="监督检查情况")

    @classmethod
    def record_inspection(cls, code: str, inspected: InspectionRecord, at: Occasion) -> Inspection:
        """Record an inspection (C5.4-01): FORBIDDEN to an organ that the regulation does not let supervise.

        Nobody inspects the own unit: AUDITOR_NOT_INDEPENDENT.
        """
        at.cite("C5.4-01")
        at.require(
            inspected.organ in at.rules.supervising_organs,
            "FORBIDDEN",
            clause="C5.4-01",
            action="监督检查",
            organization=inspected.organ,
        )
        at.require(
            inspected.organ != inspected.unit,
            "AUDITOR_NOT_INDEPENDENT",
            clause="C5.4-01",
            organization=inspected.organ,
        )
        return cls.begin(cls.Recorded, code, at, inspected=inspected)

    @event(Recorded)
    def __init__(self, inspected: InspectionRecord) -> None:
        self.inspected = inspected
        self.findings = {}
        self.orders = {}
        self.states = {}

    class FindingRaised(Event):
        """Something is not as it should be."""

        TOPIC: ClassVar[str] = "inspection.finding_raised"
        TITLE: ClassVar[str] = "提出问题"
        supervision_finding: SupervisionFinding = Field(title="检查发现的问题")

    def raise_finding(self, found: SupervisionFinding, at: Occasion) -> None:
        """Raise a finding; ALREADY_EXISTS for a number that stands for something else."""
        at.cite("C5.4-01")
        known = self.findings.get(found.finding)
        if known == found:
            return
        if known is not None:
            raise refuse("ALREADY_EXISTS", what=found.finding)
        self.record(self.FindingRaised, at, supervision_finding=found)

    @event(FindingRaised)
    def _finding_raised(self, supervision_finding: SupervisionFinding) -> None:
        number = supervision_finding.finding
        self.findings = {**self.findings, number: supervision_finding}
        self.states = {**self.states, number: "RAISED"}

    class RectificationOrdered(Event):
        """The unit has to mend it until a day."""

        TOPIC: ClassVar[str] = "inspection.rectification_ordered"
        TITLE: ClassVar[str] = "责令整改"
        rectification: Rectification = Field(title="责令整改内容")

    def order_rectification(self, rectification: Rectification, at: Occasion) -> None:
        """Order what is to be mended, or order it anew; never what is mended already.

        Refused: NOT_FOUND, STEP_OUT_OF_ORDER.
        """
        at.cite("C5.4-01")
        self._must_be(rectification.finding, ("RAISED", "ORDERED"), "rectification")
        if self.orders.get(rectification.finding) != rectification:
            self.record(self.RectificationOrdered, at, rectification=rectification)

    @event(RectificationOrdered)
    def _rectification_ordered(self, rectification: Rectification) -> None:
        there(self.findings.get(rectification.finding))
        self.orders = {**self.orders, rectification.finding: rectification}
        self.states = {**self.states, rectification.finding: "ORDERED"}

    class RectificationVerified(Event):
        """The organ looked again."""

        TOPIC: ClassVar[str] = "inspection.rectification_verified"
        TITLE: ClassVar[str] = "复查"
        verified: RectificationVerification = Field(title="复查情况")

    def verify_rectification(self, verified: RectificationVerification, at: Occasion) -> None:
        """Record what the organ saw when it looked again; what is not mended stays ordered.

        Refused: NOT_FOUND, STEP_OUT_OF_ORDER.
        """
        at.cite("C5.4-01")
        self._must_be(verified.finding, ("ORDERED",), "verification")
        self.record(self.RectificationVerified, at, verified=verified)

    @event(RectificationVerified)
    def _rectification_verified(self, verified: RectificationVerification) -> None:
        there(self.orders.get(verified.finding))
        if verified.outcome == "RECTIFIED":
            self.states = {**self.states, verified.finding: "RECTIFIED"}

    def open_findings(self) -> tuple[str, ...]:
        """Numbers of what is not mended yet."""
        return tuple(sorted(number for number, state in self.states.items() if state != "RECTIFIED"))

    def _must_be(self, finding: str, states: tuple[FindingState, ...], step: str) -> None:
        state = self.states.get(finding)
        if state is None:
            raise refuse("NOT_FOUND", what=finding)
        if state not in states:
            raise refuse("STEP_OUT_OF_ORDER", clause="C5.4-01", step=step, state=state)
