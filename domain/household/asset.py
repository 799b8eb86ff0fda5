"""Household assets (到户类资产): registered and looked after, never managed (C4.2-06). An aggregate of their own.

What may be done with one is a list of the regulation (HOUSEHOLD_ACTION); everything else is HOUSEHOLD_REGISTER_ONLY.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.asset.facts.card import Document
from domain.asset.facts.correction import difference_of
from domain.asset.facts.external_entry import ExternalEntry, ExternalEntryDuty, check_entry, duties_of
from domain.asset.facts.upkeep import must_not_be_negative
from domain.classification import PERSONAL_OF_HOUSEHOLD, UNIT
from domain.household.card import (
    Entrustment,
    EntrustmentEndDay,
    HouseholdAssetCard,
    HouseholdAssetClosing,
    HouseholdConfirmation,
    HouseholdCorrection,
    HouseholdInspection,
    Loss,
    check_household_card,
    must_be_stated_anew,
)
from domain.refusals import refuse
from domain.values import Code, Name, Quantity, Text

if TYPE_CHECKING:
    from domain.occasion import Occasion


class HouseholdAsset(DomainAggregate):
    """An asset that belongs to a household: register-only."""

    TOPIC: ClassVar[str] = "household_asset"
    KIND: ClassVar[str] = "household_asset"

    card: Annotated[HouseholdAssetCard, Field(title="到户资产登记卡")]
    state: Annotated[Literal["REGISTERED", "CLOSED"], Field(title="登记状态")]
    quantity: Annotated[Quantity, Field(title="现有数量")]
    lead_department: Annotated[str | None, Field(title="牵头部门")]
    confirmation: Annotated[HouseholdConfirmation | None, Field(title="确权到户内容")]
    documents: Annotated[dict[str, Document], Field(title="存档资料")]
    external_duties: Annotated[tuple[ExternalEntryDuty, ...], Field(title="应录入的外部系统")]
    external_entries: Annotated[dict[str, ExternalEntry], Field(title="外部系统录入")]
    last_inspection: Annotated[HouseholdInspection | None, Field(title="最近检查")]
    losses: Annotated[tuple[Loss, ...], Field(title="灭失记录")]
    entrustment: Annotated[Entrustment | None, Field(title="集中委托内容")]
    closing: Annotated[HouseholdAssetClosing | None, Field(title="注销登记内容")]

    @property
    def begun_on(self) -> date:
        """The first day it can be about: money was paid for it, or it was bought or built."""
        card = self.card
        return min([card.completion_date, *(line.allocated_on for line in card.funding_lines)])

    class Event(DomainAggregate.Event):
        """Root of the household asset's events."""

    class Registered(Event, CreatedEvent):
        """Entered in the household register."""

        TOPIC: ClassVar[str] = "household_asset.registered"
        TITLE: ClassVar[str] = "到户资产登记"
        card: HouseholdAssetCard = Field(title="到户资产登记卡")
        lead_department: Code | None = Field(default=None, title="牵头部门")
        external_duties: tuple[ExternalEntryDuty, ...] | None = Field(default=None, title="应录入的外部系统")

    @classmethod
    def register(cls, asset: str, card: HouseholdAssetCard, at: Occasion) -> HouseholdAsset:
        """Enter a household asset (C4.2-05); what it is made from is judged like any other asset's (C4.1-01).

        Its entry in two systems outside falls due with that (C4.3-08).

        Refused: CODE_UNKNOWN, TYPE_CLASS_MISMATCH, SUBCLASS_REQUIRED, HOUSEHOLD_REQUIRED, LOAN_REF_REQUIRED,
        QUANTITY_NOT_POSITIVE, AMOUNT_NOT_POSITIVE, FUND_SUBSOURCE_REQUIRED, FUND_SOURCE_UNKNOWN,
        DONATION_PATH_REQUIRED, FIELD_REQUIRED, FUNDING_REQUIRED, FUNDING_SUM_MISMATCH, RULE_GAP.
        """
        at.cite("C4.2-05", "C4.2-06", "C4.3-08", "C4.6-09")
        card = check_household_card(card, at)
        return cls.begin(
            cls.Registered,
            asset,
            at,
            card=card,
            lead_department=at.rules.regime("HOUSEHOLD", "HOUSEHOLD").lead_department,
            external_duties=duties_of(
                "HOUSEHOLD",
                "HOUSEHOLD",
                card.asset_type,
                owners=(card.household or "",),
                location=card.location,
                at=at,
            ),
        )

    @event(Registered)
    def __init__(
        self,
        card: HouseholdAssetCard,
        lead_department: Code | None = None,
        external_duties: tuple[ExternalEntryDuty, ...] | None = None,
    ) -> None:
        self.card = card
        self.state = "REGISTERED"
        self.quantity = card.quantity
        self.lead_department = lead_department
        self.confirmation = None
        self.documents = {}
        self.external_duties = external_duties or ()
        self.external_entries = {}
        self.last_inspection = None
        self.losses = ()
        self.entrustment = None
        self.closing = None

    def must_allow(self, action: str, at: Occasion) -> None:
        """HOUSEHOLD_REGISTER_ONLY for whatever is not in the regulation's list, STEP_OUT_OF_ORDER once it is closed."""
        at.cite("C4.2-06")
        if action not in at.rules.codes("HOUSEHOLD_ACTION"):
            raise refuse("HOUSEHOLD_REGISTER_ONLY", action=action)
        if self.closing is not None and action not in {"CORRECT", "ARCHIVE"}:
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.2-06", step=action, state="CLOSED")

    class HouseholdConfirmed(Event):
        """Confirmation as the household's own: of effect in the register alone."""

        TOPIC: ClassVar[str] = "household_asset.household_confirmed"
        TITLE: ClassVar[str] = "确权到户"
        confirmation: HouseholdConfirmation = Field(title="确权到户内容")

    def confirm_to_household(self, confirmation: HouseholdConfirmation, at: Occasion) -> None:
        """Confirm that the asset is its household's (C4.6-09); nothing is booked or depreciated by that.

        Refused: HOUSEHOLD_REGISTER_ONLY, STEP_OUT_OF_ORDER.
        """
        self.must_allow("CONFIRM_TO_HOUSEHOLD", at)
        at.cite("C4.6-09")
        if confirmation == self.confirmation:
            return
        self.record(self.HouseholdConfirmed, at, confirmation=confirmation)

    @event(HouseholdConfirmed)
    def _household_confirmed(self, confirmation: HouseholdConfirmation) -> None:
        self.confirmation = confirmation

    class RegistrationCorrected(Event):
        """A wrong fact on the card was put right; the old value stays in the history."""

        TOPIC: ClassVar[str] = "household_asset.registration_corrected"
        TITLE: ClassVar[str] = "到户资产登记更正"
        WHOLE: ClassVar[str] = "card"
        card: HouseholdAssetCard = Field(title="到户资产登记卡")
        changed: Annotated[tuple[str, ...], UNIT] = Field(title="变更的字段")
        old: Annotated[dict[str, Any], PERSONAL_OF_HOUSEHOLD] = Field(title="变更前的值")
        absent_before: Annotated[tuple[str, ...] | None, UNIT] = Field(
            default=None, title="变更前没有值的字段"
        )
        """Those of `changed` that had no value; they are not in `old`, because the log keeps no empty values."""
        reason: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="更正原因")
        document_no: Annotated[Name, UNIT] = Field(title="更正依据文号")

    def correct_registration(self, correction: HouseholdCorrection, at: Occasion) -> None:
        """Correct fields of the card (C4.6-02). A correction that changes nothing records nothing.

        Refused: HOUSEHOLD_REGISTER_ONLY, STEP_OUT_OF_ORDER, FIELD_UNKNOWN, FIELD_REQUIRED, FIELD_INVALID,
        CODE_UNKNOWN, TYPE_CLASS_MISMATCH, SUBCLASS_REQUIRED, HOUSEHOLD_REQUIRED, LOAN_REF_REQUIRED,
        QUANTITY_NOT_POSITIVE, AMOUNT_NOT_POSITIVE, FUND_SUBSOURCE_REQUIRED, FUND_SOURCE_UNKNOWN,
        DONATION_PATH_REQUIRED, FUNDING_REQUIRED, FUNDING_SUM_MISMATCH, QUANTITY_NEGATIVE.
        """
        self.must_allow("CORRECT", at)
        card = correction.applied_to(self.card)
        if card == self.card:
            return
        must_be_stated_anew(self.card, card)
        card = check_household_card(card, at)
        must_not_be_negative(self.quantity, card.quantity - self.card.quantity)
        difference = difference_of(self.card, card)
        self.record(
            self.RegistrationCorrected,
            at,
            card=card,
            changed=difference.changed,
            old=difference.old,
            absent_before=difference.absent_before,
            reason=correction.reason,
            document_no=correction.document_no,
        )

    @event(RegistrationCorrected)
    def _registration_corrected(self, card: HouseholdAssetCard) -> None:
        self.quantity = self.quantity + card.quantity - self.card.quantity
        self.card = card

    class DocumentArchived(Event):
        """A document joined the asset's file."""

        TOPIC: ClassVar[str] = "household_asset.document_archived"
        TITLE: ClassVar[str] = "到户资产资料存档"
        FACT: ClassVar[bool] = True
        document: Document = Field(title="存档文件")

    def archive_document(self, document: Document, at: Occasion) -> None:
        """Archive a document by its digest (C4.6-03). The same document again records nothing.

        Refused: HOUSEHOLD_REGISTER_ONLY, STEP_OUT_OF_ORDER, DOCUMENT_IMMUTABLE.
        """
        self.must_allow("ARCHIVE", at)
        at.cite("C4.6-03")
        if document.joins(self.documents):
            self.record(self.DocumentArchived, at, document=document)

    @event(DocumentArchived)
    def _document_archived(self, document: Document) -> None:
        self.documents = {**self.documents, document.document: document}

    class ExternalEntryRecorded(Event):
        """The asset was entered in a system outside, under its reference number."""

        TOPIC: ClassVar[str] = "household_asset.external_entry_recorded"
        TITLE: ClassVar[str] = "到户资产外部系统录入"
        FACT: ClassVar[bool] = True
        entry: ExternalEntry = Field(title="外部系统录入记录")

    def record_external_entry(self, entry: ExternalEntry, at: Occasion) -> None:
        """Record the entry in one of the two systems household assets go into (C4.3-08): each by its own number.

        Refused: HOUSEHOLD_REGISTER_ONLY, STEP_OUT_OF_ORDER, REF_REQUIRED, CODE_UNKNOWN,
        ALREADY_EXISTS, EXTERNAL_ENTRY_PER_SYSTEM, EXTERNAL_SYSTEM_NOT_APPLICABLE, STOCKTAKE_REQUIRED.
        """
        self.must_allow("EXTERNAL_ENTRY", at)
        at.cite("C4.3-08")
        if check_entry(entry, self.external_duties, self.external_entries, verified=True, at=at):
            self.record(self.ExternalEntryRecorded, at, entry=entry)

    @event(ExternalEntryRecorded)
    def _external_entry_recorded(self, entry: ExternalEntry) -> None:
        self.external_entries = {**self.external_entries, entry.system: entry}

    class Inspected(Event):
        """Somebody looked whether it is there and how it is."""

        TOPIC: ClassVar[str] = "household_asset.inspected"
        TITLE: ClassVar[str] = "到户资产检查"
        FACT: ClassVar[bool] = True
        inspection: HouseholdInspection = Field(title="到户资产检查")

    def inspect(self, inspection: HouseholdInspection, at: Occasion) -> None:
        """Record an inspection: a fact. An asset that is gone closes its row, one found again opens it (C4.3-17).

        Refused: HOUSEHOLD_REGISTER_ONLY, STEP_OUT_OF_ORDER.
        """
        self.must_allow("INSPECT", at)
        at.cite("C4.3-17", "C4.5-21")
        if inspection == self.last_inspection:
            return
        self.record(self.Inspected, at, inspection=inspection)

    @event(Inspected)
    def _inspected(self, inspection: HouseholdInspection) -> None:
        self.last_inspection = inspection
        self.state = "REGISTERED" if inspection.present and self.quantity > 0 else "CLOSED"

    class LossRecorded(Event):
        """All or a part of it is gone; `quantity` is what is left."""

        TOPIC: ClassVar[str] = "household_asset.loss_recorded"
        TITLE: ClassVar[str] = "到户资产灭失登记"
        FACT: ClassVar[bool] = True
        loss: Loss = Field(title="灭失情况")
        quantity: Quantity = Field(title="灭失后数量")

    def record_loss(self, loss: Loss, at: Occasion) -> None:
        """Record that the asset or a part of it is lost: a fact (C4.2-06). Nothing left closes its row.

        Refused: HOUSEHOLD_REGISTER_ONLY, STEP_OUT_OF_ORDER, QUANTITY_NOT_POSITIVE, QUANTITY_NEGATIVE.
        """
        self.must_allow("RECORD_LOSS", at)
        if loss in self.losses:
            return
        if loss.quantity is not None and loss.quantity <= 0:
            raise refuse("QUANTITY_NOT_POSITIVE", quantity=format(loss.quantity, "f"))
        gone = self.quantity if loss.quantity is None else loss.quantity
        must_not_be_negative(self.quantity, -gone)
        self.record(self.LossRecorded, at, loss=loss, quantity=self.quantity - gone)

    @event(LossRecorded)
    def _loss_recorded(self, loss: Loss) -> None:
        self.losses = (*self.losses, loss)
        self.quantity = Decimal(0) if loss.quantity is None else self.quantity - loss.quantity
        self.state = "REGISTERED" if self.quantity > 0 else "CLOSED"

    class Entrusted(Event):
        """Entrustment to an operator, together with other households' assets."""

        TOPIC: ClassVar[str] = "household_asset.entrusted"
        TITLE: ClassVar[str] = "集中委托"
        entrustment: Entrustment = Field(title="集中委托内容")

    def entrust(self, entrustment: Entrustment, at: Occasion) -> None:
        """Entrust it to an operator with the household's consent (C4.6-10).

        HOUSEHOLD_CONSENT_REQUIRED without the consent; STEP_OUT_OF_ORDER while it is entrusted or not there.

        Refused also: HOUSEHOLD_REGISTER_ONLY, AMOUNT_NOT_POSITIVE.
        """
        self.must_allow("ENTRUST", at)
        at.cite("C4.6-10")
        if entrustment == self.entrustment:
            return
        if self.entrustment is not None or self.state == "CLOSED":
            state = "CLOSED" if self.state == "CLOSED" else self.entrustment and self.entrustment.entrustment
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.6-10", step="ENTRUST", state=state)
        if entrustment.yearly_return < 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.6-10", field="yearlyReturn")
        at.require(  # of imported history it becomes a finding, which everybody reads: it names the asset
            entrustment.consent_document,
            "HOUSEHOLD_CONSENT_REQUIRED",
            missing=[self.id],
            households=[self.id],
        )
        self.record(self.Entrusted, at, entrustment=entrustment)

    @event(Entrusted)
    def _entrusted(self, entrustment: Entrustment) -> None:
        self.entrustment = entrustment

    class EntrustmentEnded(Event):
        """The household has it back."""

        TOPIC: ClassVar[str] = "household_asset.entrustment_ended"
        TITLE: ClassVar[str] = "集中委托结束"
        FACT: ClassVar[bool] = True
        entrustment: Code = Field(title="集中委托编号")
        ended_on: EntrustmentEndDay = Field(title="委托结束日期")
        reason: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="结束原因")

    def end_entrustment(self, ended_on: date, reason: str, at: Occasion) -> None:
        """Record that the entrustment is over: a fact (C4.6-10).

        Refused: HOUSEHOLD_REGISTER_ONLY, STEP_OUT_OF_ORDER.
        """
        self.must_allow("ENTRUST", at)
        at.cite("C4.6-10")
        if self.entrustment is None:
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.6-10", step="entrustmentEnding", state="NONE")
        self.record(
            self.EntrustmentEnded,
            at,
            entrustment=self.entrustment.entrustment,
            ended_on=ended_on,
            reason=reason,
        )

    @event(EntrustmentEnded)
    def _entrustment_ended(self) -> None:
        self.entrustment = None

    class RegistrationClosed(Event):
        """Struck from the register for good."""

        TOPIC: ClassVar[str] = "household_asset.registration_closed"
        TITLE: ClassVar[str] = "注销登记"
        closing: HouseholdAssetClosing = Field(title="注销登记内容")

    def close_registration(self, closing: HouseholdAssetClosing, at: Occasion) -> None:
        """Close the row by a paper (C4.2-06): corrected and documented it still can be, nothing else.

        Refused: HOUSEHOLD_REGISTER_ONLY, STEP_OUT_OF_ORDER.
        """
        if closing == self.closing:
            return
        self.must_allow("CLOSE", at)
        self.record(self.RegistrationClosed, at, closing=closing)

    @event(RegistrationClosed)
    def _registration_closed(self, closing: HouseholdAssetClosing) -> None:
        self.closing = closing
        self.state = "CLOSED"
