"""Household assets (到户类资产): registered and inspected, never managed (C4.2-06). An aggregate of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate, registered
from domain.refusals import refuse
from domain.register_card import FundingLine, check_funding_sum, settle_funding
from domain.values import BusinessDate, Code, Fen, Name, Quantity, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion


class HouseholdAssetCard(Value):
    """What is known of an asset that belongs to a household. `household` is a code, never a name."""

    asset_name: Name = Field(title="资产名称")
    asset_content: Text = Field(title="资产内容")
    asset_type: Code = Field(title="类型")
    household: Code | None = Field(default=None, title="户编号")
    location: Code = Field(title="所在村")
    completion_date: BusinessDate = Field(title="建设（购置）时间")
    quantity: Quantity = Field(title="数量")
    unit_of_measure: Name = Field(title="单位")
    original_value: Fen = Field(title="原始价值")
    funding_lines: tuple[FundingLine, ...] = Field(default=(), title="资金来源构成", max_length=50)
    project_code: Code | None = Field(default=None, title="项目编号")
    loan_ref: Name | None = Field(default=None, title="小额信贷合同号")


class Inspection(Value):
    """A yearly look at the asset (C4.3-17, C4.5-21)."""

    inspected_on: BusinessDate = Field(title="检查日期")
    present: bool = Field(title="资产是否在")
    condition: Text = Field(title="状况")
    cooperated: bool = Field(default=True, title="农户是否配合")
    reason: Name | None = Field(default=None, title="不在的原因")


@registered
class HouseholdAsset(DomainAggregate):
    """An asset that belongs to a household: register-only."""

    TOPIC: ClassVar[str] = "household_asset"
    KIND: ClassVar[str] = "household_asset"

    card: HouseholdAssetCard
    state: Literal["REGISTERED", "CLOSED"]
    last_inspection: Inspection | None

    class Event(DomainAggregate.Event):
        """Root of the household asset's events."""

    class Registered(Event, CreatedEvent):
        """Entered in the household register."""

        TOPIC: ClassVar[str] = "household_asset.registered"
        TITLE: ClassVar[str] = "到户资产登记"
        card: HouseholdAssetCard

    @classmethod
    def register(cls, asset: str, card: HouseholdAssetCard, at: Occasion) -> HouseholdAsset:
        """Enter a household asset (C4.2-05); what it is made from is judged like any other asset's (C4.1-01)."""
        at.cite("C4.2-05", "C4.2-06")
        asset_type = at.rules.classify("HOUSEHOLD", None, card.asset_type)
        if card.household is None:
            raise refuse("HOUSEHOLD_REQUIRED", missing=["household"])
        if asset_type.needs_loan_ref and card.loan_ref is None:
            raise refuse("LOAN_REF_REQUIRED", missing=["loanRef"])
        if card.quantity <= 0:
            raise refuse("QUANTITY_NOT_POSITIVE", quantity=str(card.quantity))
        at.rules.unit_of_measure(card.unit_of_measure)
        at.not_in_future(card.completion_date, "completionDate")
        card = card.model_copy(update={"funding_lines": settle_funding(card.funding_lines, at)})
        check_funding_sum(card.funding_lines, card.original_value)
        return cls.begin(cls.Registered, asset, at, card=card)

    @event(Registered)
    def __init__(self, card: HouseholdAssetCard) -> None:
        self.card = card
        self.state = "REGISTERED"
        self.last_inspection = None

    class Inspected(Event):
        """Somebody looked whether it is there and how it is."""

        TOPIC: ClassVar[str] = "household_asset.inspected"
        TITLE: ClassVar[str] = "到户资产检查"
        inspection: Inspection

    def inspect(self, inspection: Inspection, at: Occasion) -> None:
        """Record an inspection: a fact. An asset that is gone closes its row, one found again opens it (C4.3-17)."""
        at.cite("C4.3-17", "C4.5-21")
        if inspection == self.last_inspection:
            return
        at.not_in_future(inspection.inspected_on, "inspectedOn")
        self.record(self.Inspected, at, inspection=inspection)

    @event(Inspected)
    def _inspected(self, inspection: Inspection) -> None:
        self.last_inspection = inspection
        self.state = "REGISTERED" if inspection.present else "CLOSED"
