"""Persons who hold posts and answer for assets: a code, a name, the home unit, and how they left (C4.10-11)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay, NotBefore
from domain.classification import PERSONAL_OF_LEAVER, PUBLIC, SEALED_OF_LEAVER, UNIT
from domain.refusals import refuse
from domain.sealed import SealedField, SealedForm
from domain.values import BusinessDate, Code, FormerOrganizationCode, Name, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion

FormalityKind = Literal["TRANSFER", "RESIGN", "RETIRE"]
FactKind = Literal["REMOVED", "DEATH", "DETENTION", "OTHER"]


class PersonCard(Value):
    """An official or clerk."""

    name: Annotated[Name, PUBLIC] = Field(title="姓名")
    organization: FormerOrganizationCode = Field(title="所在单位")


class Clearance(Value):
    """A certificate that everything in a person's care was handed over, as the log stood at `position`."""

    certificate_no: Code = Field(title="证明编号")
    issued_on: BusinessDate = Field(title="签发日期")
    issued_by: Code = Field(title="签发单位")
    position: int = Field(title="日志位置", description="核对到的日志位置")
    cases: tuple[Code, ...] = Field(title="已办结的交接")
    revoked: bool = Field(default=False, title="是否已撤销")
    revoked_on: BusinessDate | None = Field(default=None, title="撤销日期")
    revoked_for: Annotated[Text | None, UNIT] = Field(default=None, title="撤销原因")


class Formality(Value):
    """A transfer, resignation or retirement that was carried out."""

    kind: FormalityKind = Field(title="手续种类", description="调动 / 辞职 / 退休")
    carried_out_on: Annotated[
        FactDay, NotBefore("its.certificates[certificate_no].issued_on", clause="C4.10-11")
    ] = Field(title="办理日期")
    document_no: Annotated[Name, PUBLIC] = Field(title="文号")
    certificate_no: Code = Field(title="移交证明编号")


class LeavingFact(Value):
    """Something that happened, whatever is still open: removal, death, detention."""

    kind: Annotated[FactKind, PERSONAL_OF_LEAVER] = Field(
        title="离任事实种类", description="免职 / 死亡 / 羁押 / 其他"
    )
    happened_on: Annotated[FactDay, PERSONAL_OF_LEAVER] = Field(title="发生日期")
    document_no: Annotated[Name | None, SEALED_OF_LEAVER, SealedField(SealedForm.PAPER, of="person")] = Field(
        default=None, title="文号"
    )


class Person(DomainAggregate):
    """A person known to the service."""

    TOPIC: ClassVar[str] = "person"
    KIND: ClassVar[str] = "person"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    card: Annotated[PersonCard, Field(title="人员登记内容")]
    clearances: Annotated[tuple[Clearance, ...], Field(title="移交证明")]
    formalities: Annotated[tuple[Formality, ...], Field(title="离任手续")]
    facts: Annotated[tuple[LeavingFact, ...], Field(title="离任事实")]

    @property
    def ended_on(self) -> date | None:
        """The day after the person died."""
        died = [one.happened_on for one in self.facts if one.kind == "DEATH"]
        return min(died) + timedelta(days=1) if died else None

    class Event(DomainAggregate.Event):
        """Root of the person's events."""

    class Registered(Event, CreatedEvent):
        """The person is known from now on."""

        TOPIC: ClassVar[str] = "person.registered"
        TITLE: ClassVar[str] = "人员登记"
        card: PersonCard = Field(title="人员登记内容")

    @classmethod
    def register(cls, person: str, card: PersonCard, at: Occasion) -> Person:
        """Enter a person."""
        return cls.begin(cls.Registered, person, at, card=card)

    @event(Registered)
    def __init__(self, card: PersonCard) -> None:
        self.card = card
        self.clearances = ()
        self.formalities = ()
        self.facts = ()

    class ClearanceIssued(Event):
        """Certificate of clearance issued: nothing is in the way."""

        TOPIC: ClassVar[str] = "person.clearance_issued"
        TITLE: ClassVar[str] = "签发移交证明"
        AFTER_END: ClassVar[bool] = True
        clearance: Clearance = Field(title="移交证明内容")

    def issue_clearance(self, clearance: Clearance, missing: tuple[str, ...], at: Occasion) -> None:
        """Certify that nothing is in the person's care any more; `missing` is what is in the way (C4.10-11).

        Refused: HANDOVER_INCOMPLETE.
        """
        at.cite("C4.10-11")
        if missing:
            raise refuse("HANDOVER_INCOMPLETE", clause="C4.10-11", missing=missing)
        self.record(self.ClearanceIssued, at, clearance=clearance)

    @event(ClearanceIssued)
    def _clearance_issued(self, clearance: Clearance) -> None:
        self.clearances = (*self.clearances, clearance)

    class ClearanceRevoked(Event):
        """A certificate no longer holds."""

        TOPIC: ClassVar[str] = "person.clearance_revoked"
        TITLE: ClassVar[str] = "撤销移交证明"
        AFTER_END: ClassVar[bool] = True
        certificate_no: Code = Field(title="证明编号")
        reason: Annotated[Text, UNIT] = Field(title="撤销理由")

    def revoke_clearances(self, reason: str, at: Occasion) -> None:
        """Revoke every certificate that holds: a later finding has reopened a case (C4.10-11)."""
        at.cite("C4.10-11")
        for one in self.valid_clearances():
            self.record(self.ClearanceRevoked, at, certificate_no=one.certificate_no, reason=reason)

    @event(ClearanceRevoked)
    def _clearance_revoked(self, certificate_no: Code, reason: Text, occurred_on: date) -> None:
        why = {"revoked": True, "revoked_on": occurred_on, "revoked_for": reason}
        self.clearances = tuple(
            one.model_copy(update=why) if one.certificate_no == certificate_no else one
            for one in self.clearances
        )

    class FormalityCarriedOut(Event):
        """The person was transferred, resigned or retired."""

        TOPIC: ClassVar[str] = "person.formality_carried_out"
        TITLE: ClassVar[str] = "办理调动离岗手续"
        formality: Formality = Field(title="离任手续内容")

    def carry_out(self, formality: Formality, missing: tuple[str, ...], in_care: int, at: Occasion) -> None:
        """Carry a formality out: nothing may be in care or open, and a certificate has to hold (C4.10-11).

        Refused: PERSON_HOLDS_ASSETS, HANDOVER_INCOMPLETE, CLEARANCE_REQUIRED.
        """
        at.cite("C4.10-11")
        if in_care:
            raise refuse("PERSON_HOLDS_ASSETS", count=in_care, missing=missing)
        if missing:
            raise refuse("HANDOVER_INCOMPLETE", clause="C4.10-11", missing=missing)
        if formality in self.formalities:
            return
        if formality.certificate_no not in {one.certificate_no for one in self.valid_clearances()}:
            raise refuse(
                "CLEARANCE_REQUIRED", certificate=formality.certificate_no, missing=["certificateNo"]
            )
        self.record(self.FormalityCarriedOut, at, formality=formality)

    @event(FormalityCarriedOut)
    def _formality_carried_out(self, formality: Formality) -> None:
        self.formalities = (*self.formalities, formality)

    class LeavingRecorded(Event):
        """The person was removed, died, or was detained."""

        TOPIC: ClassVar[str] = "person.leaving_recorded"
        TITLE: ClassVar[str] = "离任事实"
        FACT: ClassVar[bool] = True
        AFTER_END: ClassVar[bool] = True
        fact: LeavingFact = Field(title="离任事实内容")

    def record_leaving(self, fact: LeavingFact, at: Occasion) -> None:
        """Record a fact; it is never refused for what it leaves open (D6)."""
        at.cite("C4.10-11")
        if fact not in self.facts:
            self.record(self.LeavingRecorded, at, fact=fact)

    @event(LeavingRecorded)
    def _leaving_recorded(self, fact: LeavingFact) -> None:
        self.facts = (*self.facts, fact)

    @property
    def certificates(self) -> dict[str, Clearance]:
        """Certificates by their number, revoked ones too."""
        return {one.certificate_no: one for one in self.clearances}

    def valid_clearances(self, on: date | None = None) -> tuple[Clearance, ...]:
        """Certificates that hold, issued up to a day."""
        return tuple(
            one for one in self.clearances if not one.revoked and (on is None or one.issued_on <= on)
        )
