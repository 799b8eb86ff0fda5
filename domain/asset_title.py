"""The title of an asset (确权, 四(五)): whose it is, by which rule, and what led there."""

from __future__ import annotations

from abc import abstractmethod
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from eventsourcing.domain import event

from domain.asset_transfers import AssetTransfers
from domain.external_entry import ExternalDuty, duties_of
from domain.income import credited
from domain.ownership import OwnershipConfirmation, check_confirmation
from domain.register_card import RegisterCard
from domain.values import Fen, PartyShare, divided

if TYPE_CHECKING:
    from domain.occasion import Occasion

TITLE_UNCLEAR: Final = "TITLE_UNCLEAR"
"""The risk that opens a title (权属不清): while it is flagged, a confirmed title counts as disputed."""


class AssetTitle(AssetTransfers):
    """The part of `Asset` that knows who owns it. The other parts' attributes it reads are named below its own."""

    title: Literal["UNCONFIRMED", "IN_PROCEDURE", "CONFIRMED", "DISPUTED"]
    owners: tuple[PartyShare, ...]
    owner_kind: str | None
    confirmed_on: date | None
    external_duties: tuple[ExternalDuty, ...]
    ownership_rule: str | None
    regime: str | None
    user_right_holder: str | None
    income_right_holders: tuple[PartyShare, ...]

    card: RegisterCard
    risks: dict[str, date]
    income_received: Fen
    income_distributed: Fen
    income_by_holder: dict[str, Fen]

    class Event(AssetTransfers.Event):
        """Root of the events of this part."""

    @property
    @abstractmethod
    def _operated(self) -> bool:
        """Whether an operator runs the asset under a contract."""

    def _begin_title(self) -> None:
        """The state of a title that nobody has confirmed."""
        self.title = "UNCONFIRMED"
        self.owners = ()
        self.owner_kind = self.ownership_rule = self.regime = self.user_right_holder = None
        self.income_right_holders = ()
        self.confirmed_on = None
        self.external_duties = ()
        self.transfers = {}

    class OwnershipConfirmed(Event):
        """Whose the asset is, in what shares, by which rule; the accounting regime; whose earlier income is."""

        TOPIC: ClassVar[str] = "asset.ownership_confirmed"
        TITLE: ClassVar[str] = "确权"
        confirmation: OwnershipConfirmation
        rule: str
        regime: str
        attributions: tuple[PartyShare, ...]
        external_duties: tuple[ExternalDuty, ...] | None = None
        """The systems outside it has to be entered in; none where an older confirmation does not say."""

    def confirm_ownership(self, confirmation: OwnershipConfirmation, at: Occasion) -> None:
        """Confirm ownership by the decision table of the day (四(五), T3, T4)."""
        self._allow("CONFIRM_OWNERSHIP", at)
        at.require(
            self.title != "CONFIRMED",
            "STEP_OUT_OF_ORDER",
            clause="C4.5-02",
            step="ownershipConfirmation",
            state=self.title,
        )
        advice, regime = check_confirmation(
            confirmation,
            self.card,
            title_unclear=TITLE_UNCLEAR in self.risks,
            transfers=tuple(self.transfers.values()),
            at=at,
        )
        at.warn("NOTICE_MISSING", step="ownershipConfirmation")
        unattributed = self.income_received - self.income_distributed - sum(self.income_by_holder.values())
        self.record(
            self.OwnershipConfirmed,
            at,
            confirmation=confirmation.model_copy(update={"regime": None}),
            rule=advice.rule,
            regime=regime,
            attributions=divided(unattributed, confirmation.income_right_holders or confirmation.owners),
            external_duties=duties_of(
                self.card.asset_class,
                confirmation.owner_kind,
                self.card.asset_type,
                owners=tuple(share.party for share in confirmation.owners),
                location=self.card.location,
                at=at,
            ),
        )

    @event(OwnershipConfirmed)
    def _ownership_confirmed(
        self,
        confirmation: OwnershipConfirmation,
        rule: str,
        regime: str,
        attributions: tuple[PartyShare, ...],
        external_duties: tuple[ExternalDuty, ...] | None,
        occurred_on: date,
    ) -> None:
        self.title = "CONFIRMED"
        self.confirmed_on = occurred_on
        self.external_duties = external_duties or ()
        self.owners = confirmation.owners
        self.owner_kind = confirmation.owner_kind
        self.ownership_rule = rule
        self.regime = regime
        if not self._operated:
            self.user_right_holder = confirmation.user_right_holder or confirmation.owners[0].party
        self.income_right_holders = confirmation.income_right_holders
        self.income_by_holder = credited(self.income_by_holder, attributions)
        self.risks = {kind: day for kind, day in self.risks.items() if kind != TITLE_UNCLEAR}
