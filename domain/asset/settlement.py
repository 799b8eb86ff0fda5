"""The value of a confirmed asset after the final settlement of its works (竣工决算): one correction, shares by their ratio."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.card import RegisterCard, check_card
from domain.asset.facts.ownership import title_rests_on
from domain.asset.facts.settlement import SETTLEMENT_PAPER, FinalSettlement, SettledValue
from domain.asset.facts.title_plan import check_shares
from domain.asset.guidance import Guidance, guidance_of
from domain.asset.state import AssetState
from domain.refusals import refuse
from domain.values import Fen, PartyShare, split_exactly

if TYPE_CHECKING:
    from domain.occasion import Occasion


class AssetSettlement(AssetState):
    """The part of `Asset` that takes the value its works were settled at."""

    class FinalSettlementRecorded(AssetState.Event):
        """The value of a confirmed asset after its final settlement: the card, the difference, and the shares of then.

        `difference`: fen, below zero where the works cost less than was registered. What was booked and depreciated before
        stays as it was.
        """

        TOPIC: ClassVar[str] = "asset.final_settlement_recorded"
        TITLE: ClassVar[str] = "竣工决算调整"
        WHOLE: ClassVar[str] = "card"
        settlement: FinalSettlement = Field(title="竣工决算")
        card: RegisterCard = Field(title="登记卡")
        scope: Literal["IN", "OUT"] = Field(title="管理范围")
        difference: Fen = Field(title="价值差额")
        owners: tuple[PartyShare, ...] = Field(title="所有权人份额")
        income_right_holders: tuple[PartyShare, ...] = Field(title="收益权人份额")
        guidance: Guidance | None = Field(default=None, title="指导部门")

    def record_final_settlement(self, settlement: FinalSettlement, at: Occasion) -> None:
        """Take the value of the final settlement, once, for a confirmed asset (C4.6-02); the title stays as it is.

        Each owner's share and each income right keeps its part of the whole; the owners book their shares anew (C4.3-13),
        and depreciation goes on from the business day (C4.7-10). The same settlement again records nothing.

        Refused: by the life-cycle table ASSET_DISPOSED, DISPOSAL_IN_PROGRESS; OWNERSHIP_NOT_CONFIRMED; ALREADY_SETTLED;
        EVIDENCE_REQUIRED without the document in the file; STEP_OUT_OF_ORDER where another rule would decide on the title
        of what the money is now; FIELD_INVALID for a value below the depreciation posted; and what a new card with such
        money is refused with: AMOUNT_NOT_POSITIVE, FUNDING_REQUIRED, FUNDING_SUM_MISMATCH, FUND_SUBSOURCE_REQUIRED,
        FUND_SOURCE_UNKNOWN, DONATION_PATH_REQUIRED, FUNDING_BEFORE_SCOPE_START, GUIDING_DEPT_MISMATCH, RULE_GAP,
        RIGHT_OVERLAP, SHARES_NOT_100, FIELD_REQUIRED, CODE_UNKNOWN, TYPE_CLASS_MISMATCH, SUBCLASS_REQUIRED,
        QUANTITY_NOT_POSITIVE, ITEM_LIST_REQUIRED, USEFUL_LIFE_INVALID, ACCEPTANCE_REQUIRED, the code of a row
        (`AssetClass.forbidden_code`, `CardItem.refusal`).
        """
        at.cite("C4.6-02", "C4.6-03", "C4.3-13", "C4.7-10")
        self._allow("CHANGE_SHARES", at)
        known = self.settled_value
        if known is not None and known.settlement == settlement:
            return
        if self.title != "CONFIRMED":  # there are no shares that the difference could follow
            raise refuse("OWNERSHIP_NOT_CONFIRMED", clause="C4.5-02", missing=["ownershipConfirmation"])
        if known is not None:
            raise refuse("ALREADY_SETTLED", document=known.settlement.document, since=known.since)
        paper = self.documents.get(settlement.document)
        at.require(
            paper is not None and paper.kind == SETTLEMENT_PAPER,
            "EVIDENCE_REQUIRED",
            clause="C4.6-03",
            what=settlement.document,
            missing=[f"documents {SETTLEMENT_PAPER}"],
        )
        card, scope = check_card(self._settled_card(settlement), at)
        guidance = guidance_of(card, at)
        card = card.without_filed()
        self._must_keep_title(card, at)
        if card.original_value < self.accumulated_depreciation:
            raise refuse("FIELD_INVALID", field="originalValue", value=card.original_value)
        owners = _at_value(self.owners, card.original_value, "owners")
        self.record(
            self.FinalSettlementRecorded,
            at,
            settlement=settlement,
            card=card,
            scope=scope,
            difference=Fen(card.original_value - self.card.original_value),
            owners=owners,
            income_right_holders=_at_value(
                self.income_right_holders, card.original_value, "incomeRightHolders"
            ),
            guidance=guidance,
        )

    def _settled_card(self, settlement: FinalSettlement) -> RegisterCard:
        changes = {"original_value": settlement.original_value, "funding_lines": settlement.funding_lines}
        return self.card.model_copy(update=changes)

    def _must_keep_title(self, card: RegisterCard, at: Occasion) -> None:
        """The class, the rule and the owner that the title rests on are those of the money as settled; value and shares follow."""
        _, *now, _ = title_rests_on(card, at.rules)
        _, *before, _ = title_rests_on(self.card, at.rules)
        if now != before:
            raise refuse(
                "STEP_OUT_OF_ORDER",
                clause="C4.5-02",
                missing=["ownershipConfirmation"],
                step="finalSettlement",
                state=self.title,
            )

    @event(FinalSettlementRecorded)
    def _final_settlement_recorded(
        self,
        settlement: FinalSettlement,
        card: RegisterCard,
        scope: Literal["IN", "OUT"],
        owners: tuple[PartyShare, ...],
        income_right_holders: tuple[PartyShare, ...],
        occurred_on: date,
        guidance: Guidance | None,
    ) -> None:
        self.settled_value = SettledValue(
            settlement=settlement, since=occurred_on, value_before=self.card.original_value
        )
        self.card = card
        self.scope = scope
        self.guidance = guidance or self.guidance
        self.owners = owners
        self.income_right_holders = income_right_holders


def _at_value(shares: tuple[PartyShare, ...], value: Fen, field: str) -> tuple[PartyShare, ...]:
    """The same parts of another value, exact to the fen, in the order in which they stand. AMOUNT_NOT_POSITIVE for a part of nothing."""
    if not shares:
        return ()
    parts = split_exactly(value, {share.party: share.amount for share in shares})
    settled = tuple(PartyShare(party=share.party, amount=Fen(parts[share.party])) for share in shares)
    check_shares(settled, value, field)
    return settled
