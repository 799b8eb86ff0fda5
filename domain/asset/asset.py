"""The Asset aggregate: one public asset from registration to disposal.

Its state (`state.py`) is kept in orthogonal regions: registration, title, operation, contracts, custody, disposal;
what one region forbids in another stands in the dated life-cycle table (`_allow`). Each part below holds the events,
decisions and mutators of one subject and knows no other part. Public methods decide and raise, the `@event` methods
below them only assign. A command that repeats what is already so records nothing. Household assets are not here:
they are register-only and have an aggregate of their own (C4.2-06).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent
from domain.asset.consents import AssetConsents
from domain.asset.contracts import AssetContracts
from domain.asset.custody import AssetCustody
from domain.asset.depreciation import AssetDepreciation
from domain.asset.disposal import AssetDisposals
from domain.asset.facts.card import RegisterCard, check_card
from domain.asset.guidance import Guidance, guidance_of
from domain.asset.income import AssetIncome
from domain.asset.platforms import AssetPlatforms
from domain.asset.preemption import AssetPreemptions
from domain.asset.registration import AssetRegistration
from domain.asset.rights import AssetRights
from domain.asset.risk import AssetRisk
from domain.asset.settlement import AssetSettlement
from domain.asset.state import AssetState
from domain.asset.title import AssetTitle
from domain.asset.title_steps import AssetTitleSteps
from domain.asset.transfers import AssetTransfers
from domain.asset.use import AssetUse

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.refusals import Refusal


class Asset(
    AssetRegistration,
    AssetTransfers,
    AssetTitleSteps,
    AssetTitle,
    AssetSettlement,
    AssetRights,
    AssetPlatforms,
    AssetUse,
    AssetCustody,
    AssetDepreciation,
    AssetContracts,
    AssetConsents,
    AssetRisk,
    AssetIncome,
    AssetDisposals,
    AssetPreemptions,
):
    """A managed public asset (扶贫资产)."""

    TOPIC: ClassVar[str] = "asset"
    KIND: ClassVar[str] = "asset"

    class Registered(AssetState.Event, CreatedEvent):
        """Entered in the register with items 1–9 of the card."""

        TOPIC: ClassVar[str] = "asset.registered"
        TITLE: ClassVar[str] = "登记"
        card: RegisterCard = Field(title="登记卡")
        scope: Literal["IN", "OUT"] = Field(title="管理范围")
        guidance: Guidance | None = Field(default=None, title="指导部门")

    @classmethod
    def register(cls, asset: str, card: RegisterCard, at: Occasion) -> Asset:
        """Register a completed and accepted asset (C4.3-01, C4.6-02).

        Refused: CODE_UNKNOWN, TYPE_CLASS_MISMATCH, SUBCLASS_REQUIRED, FIELD_REQUIRED, QUANTITY_NOT_POSITIVE,
        FIELD_INVALID, ITEM_LIST_REQUIRED, USEFUL_LIFE_INVALID, ACCEPTANCE_REQUIRED,
        AMOUNT_NOT_POSITIVE, FUND_SUBSOURCE_REQUIRED, FUND_SOURCE_UNKNOWN, DONATION_PATH_REQUIRED, FUNDING_REQUIRED,
        FUNDING_SUM_MISMATCH, FUNDING_BEFORE_SCOPE_START, GUIDING_DEPT_MISMATCH, the code of a row
        (`AssetClass.forbidden_code`, `CardItem.refusal`).
        """
        card, scope = check_card(card, at)
        guidance = guidance_of(card, at)
        return cls.begin(cls.Registered, asset, at, card=card.without_filed(), scope=scope, guidance=guidance)

    @classmethod
    def faults_of(cls, card: RegisterCard, at: Occasion) -> list[Refusal]:
        """Everything that a registration of this card would be refused for, not the first alone; nothing is registered.

        A judgement that rests on one that failed is not made.

        Gathered, not raised: CODE_UNKNOWN, TYPE_CLASS_MISMATCH, SUBCLASS_REQUIRED, FIELD_REQUIRED, QUANTITY_NOT_POSITIVE,
        FIELD_INVALID, ITEM_LIST_REQUIRED, USEFUL_LIFE_INVALID, ACCEPTANCE_REQUIRED,
        AMOUNT_NOT_POSITIVE, FUND_SUBSOURCE_REQUIRED, FUND_SOURCE_UNKNOWN, DONATION_PATH_REQUIRED, FUNDING_REQUIRED,
        FUNDING_SUM_MISMATCH, FUNDING_BEFORE_SCOPE_START, GUIDING_DEPT_MISMATCH, the code of a row
        (`AssetClass.forbidden_code`, `CardItem.refusal`).
        """
        found: list[Refusal] = []
        at.gathered = found
        with at.judging():
            check_card(card, at)
        with at.judging():
            guidance_of(card, at)
        at.gathered = None
        return found

    @event(Registered)
    def __init__(
        self, card: RegisterCard, scope: Literal["IN", "OUT"], guidance: Guidance | None = None
    ) -> None:
        self._begin(card, scope, guidance)
