"""The register card after registration: corrected, documented, entered in the owners' accounts (四(六), C4.3-13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.card import Correction, Document, RegisterCard, check_card, check_useful_life
from domain.asset.facts.correction import difference_of
from domain.asset.facts.ownership import title_rests_on
from domain.asset.facts.upkeep import must_not_be_negative
from domain.asset.guidance import Guidance, guidance_of
from domain.refusals import refuse
from domain.values import Fen, Name, Text

if TYPE_CHECKING:
    from domain.occasion import Occasion
from domain.asset.facts.booking import Booking
from domain.asset.state import AssetState


class AssetRegistration(AssetState):
    """The part of `Asset` that keeps its card, its file and its entries in accounts."""

    class RegistrationCorrected(AssetState.Event):
        """A wrong fact on the card was put right; the old value stays in the history."""

        TOPIC: ClassVar[str] = "asset.registration_corrected"
        TITLE: ClassVar[str] = "登记更正"
        FACT: ClassVar[bool] = True
        WHOLE: ClassVar[str] = "card"
        card: RegisterCard = Field(title="登记卡")
        scope: Literal["IN", "OUT"] = Field(title="管理范围")
        changed: tuple[str, ...] = Field(title="变更的字段")
        old: dict[str, Any] = Field(title="变更前的值")
        absent_before: tuple[str, ...] | None = Field(default=None, title="变更前没有值的字段")
        """Those of `changed` that had no value; they are not in `old`, because the log keeps no empty values."""
        reason: Text = Field(title="更正原因")
        document_no: Name = Field(title="更正依据文号")
        county_document_no: Name | None = Field(default=None, title="县级批准文号")
        guidance: Guidance | None = Field(default=None, title="指导部门")

    def correct_registration(self, correction: Correction, at: Occasion) -> None:
        """Correct fields of the card (C4.6-02). A correction that changes nothing records nothing.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, and ASSET_DISPOSED without a
        document of the county; FIELD_UNKNOWN for a field the card has not; STEP_OUT_OF_ORDER when a confirmed title
        rests on what is changed; FIELD_INVALID for a value below the depreciation posted; QUANTITY_NEGATIVE when
        fewer than none would be left; and whatever a new card is refused with: FIELD_REQUIRED, CODE_UNKNOWN,
        TYPE_CLASS_MISMATCH, SUBCLASS_REQUIRED, QUANTITY_NOT_POSITIVE, ITEM_LIST_REQUIRED, USEFUL_LIFE_INVALID,
        ACCEPTANCE_REQUIRED, AMOUNT_NOT_POSITIVE, FUND_SUBSOURCE_REQUIRED,
        FUND_SOURCE_UNKNOWN, DONATION_PATH_REQUIRED, FUNDING_REQUIRED, FUNDING_SUM_MISMATCH,
        FUNDING_BEFORE_SCOPE_START, GUIDING_DEPT_MISMATCH, RULE_GAP, the code of a row (`AssetClass.forbidden_code`,
        `CardItem.refusal`).
        """
        at.cite("C4.6-02")
        self._allow("CORRECT", at)
        if self.disposed_on is not None:
            at.require(
                correction.county_document_no,
                "ASSET_DISPOSED",
                missing=["countyDocumentNo"],
                disposedOn=self.disposed_on,
            )
        card = correction.applied_to(self.card)
        if card == self.card:
            return
        card, scope = check_card(card, at)
        guidance = guidance_of(card, at)
        card = card.without_filed()
        if card == self.card:
            return
        self._must_keep_confirmation(card, at)
        lives = {(one.useful_life_years, one.asset_type) for one in (self.card, card)}
        if self.regime is not None and len(lives) > 1:
            check_useful_life(card, self.regime, at)
        if card.original_value < self.accumulated_depreciation:
            raise refuse("FIELD_INVALID", field="originalValue", value=card.original_value)
        must_not_be_negative(self.quantity, card.quantity - self.card.quantity)
        difference = difference_of(self.card, card)
        self.record(
            self.RegistrationCorrected,
            at,
            card=card,
            scope=scope,
            changed=difference.changed,
            old=difference.old,
            absent_before=difference.absent_before,
            reason=correction.reason,
            document_no=correction.document_no,
            county_document_no=correction.county_document_no,
            guidance=guidance,
        )

    def _must_keep_confirmation(self, card: RegisterCard, at: Occasion) -> None:
        """What a confirmation rests on (value, class, the facts of its rule) is changed only while the title is open."""
        if self.title == "CONFIRMED" and title_rests_on(card, at.rules) != title_rests_on(
            self.card, at.rules
        ):
            raise refuse(
                "STEP_OUT_OF_ORDER",
                clause="C4.5-02",
                missing=["ownershipConfirmation"],
                step="registrationCorrection",
                state=self.title,
            )

    @event(RegistrationCorrected)
    def _registration_corrected(
        self, card: RegisterCard, scope: Literal["IN", "OUT"], guidance: Guidance | None
    ) -> None:
        self.quantity = self.quantity + card.quantity - self.card.quantity
        self.card = card
        self.scope = scope
        self.guidance = guidance or self.guidance

    class DocumentArchived(AssetState.Event):
        """A document joined the asset's file."""

        TOPIC: ClassVar[str] = "asset.document_archived"
        TITLE: ClassVar[str] = "资料存档"
        FACT: ClassVar[bool] = True
        document: Document = Field(title="存档文件")

    def archive_document(self, document: Document, at: Occasion) -> None:
        """Archive a document by its digest (C4.6-03). The same document again records nothing.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; DOCUMENT_IMMUTABLE when another
        content has the document's number.
        """
        at.cite("C4.6-03")
        self._allow("ARCHIVE", at)
        if document.joins(self.documents):
            self.record(self.DocumentArchived, at, document=document)

    @event(DocumentArchived)
    def _document_archived(self, document: Document) -> None:
        self.documents = {**self.documents, document.document: document}

    class Booked(AssetState.Event):
        """Entered in an owner's accounts."""

        TOPIC: ClassVar[str] = "asset.booked"
        TITLE: ClassVar[str] = "入账"
        booking: Booking = Field(title="入账记录")

    def book(self, booking: Booking, at: Occasion) -> None:
        """Book the confirmed share, or the original value before confirmation (C4.3-13, C4.5-17).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; AMOUNT_NOT_POSITIVE;
        BOOKED_AMOUNT_MISMATCH when the amount is neither the owner's share nor, before there are shares, the
        original value.
        """
        at.cite("C4.3-13", "C4.5-17")
        self._allow("BOOK", at)
        if booking.amount <= 0:
            raise refuse("AMOUNT_NOT_POSITIVE", field="amount")
        shares = {share.party: share.amount for share in self.owners}
        expected = shares.get(booking.party) if shares else self.card.original_value
        at.require(
            expected == booking.amount,
            "BOOKED_AMOUNT_MISMATCH",
            given=booking.amount,
            expected=expected or Fen(0),
        )
        if self.booked.get(booking.party) == booking.amount:
            return
        self.record(self.Booked, at, booking=booking)

    @event(Booked)
    def _booked(self, booking: Booking) -> None:
        self.booked = {**self.booked, booking.party: booking.amount}
