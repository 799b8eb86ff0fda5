"""Fund allocations (资金拨付): what finance paid to which unit since 2013, the other side of the assets (C4.4-03).

Money that was meant to form no asset (training, subsidies) says so with its reason and document: it counts when
funds and assets are compared. A mistake is corrected or withdrawn by a further event, with its document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay
from domain.refusals import refuse
from domain.values import Code, Fen, FundSourceCode, Name, OrganizationCode, Text, Value, total

if TYPE_CHECKING:
    from domain.occasion import Occasion


class NonAssetSpend(Value):
    """A part of an allocation that forms no asset, with the reason and the document that says so."""

    amount: Fen = Field(title="金额")
    reason: Text = Field(title="不形成资产的原因", description="如培训、补贴")
    document_no: Name = Field(title="依据文号")


class FundAllocationCard(Value):
    """One payment. Its year is the year of `allocated_on`, as it is for the funding lines of assets."""

    unit: OrganizationCode = Field(title="收款单位")
    source: FundSourceCode = Field(title="资金来源", description="资金来源代码（T1） / fund source code")
    allocated_on: FactDay = Field(title="拨付日期")
    amount: Fen = Field(title="拨付金额")
    document_no: Name = Field(title="资金文号")
    project_code: Code | None = Field(default=None, title="项目编号")
    project_name: Name | None = Field(default=None, title="项目名称")
    non_asset: tuple[NonAssetSpend, ...] = Field(default=(), title="不形成资产的支出明细", max_length=50)


class FundAllocation(DomainAggregate):
    """One allocation and its corrections."""

    TOPIC: ClassVar[str] = "fund_allocation"
    KIND: ClassVar[str] = "fund_allocation"

    card: Annotated[FundAllocationCard, Field(title="资金拨付内容")]
    state: Annotated[Literal["RECORDED", "WITHDRAWN"], Field(title="资金拨付状态")]

    class Event(DomainAggregate.Event):
        """Root of the allocation's events."""

    class Recorded(Event, CreatedEvent):
        """Finance paid this."""

        TOPIC: ClassVar[str] = "fund_allocation.recorded"
        TITLE: ClassVar[str] = "资金拨付登记"
        card: FundAllocationCard = Field(title="资金拨付内容")

    @classmethod
    def enter(cls, allocation: str, card: FundAllocationCard, at: Occasion) -> FundAllocation:
        """Record an allocation: a fact (C4.4-03). Only what cannot be one is refused.

        Refused: FUND_SOURCE_UNKNOWN, AMOUNT_NOT_POSITIVE, FIELD_INVALID.
        """
        at.cite("C4.4-03")
        _check(card, at)
        return cls.begin(cls.Recorded, allocation, at, card=card)

    @event(Recorded)
    def __init__(self, card: FundAllocationCard) -> None:
        self.card = card
        self.state = "RECORDED"

    class Corrected(Event):
        """Record of an allocation corrected: something else was paid than recorded."""

        TOPIC: ClassVar[str] = "fund_allocation.corrected"
        TITLE: ClassVar[str] = "资金拨付更正"
        WHOLE: ClassVar[str] = "allocation"
        card: FundAllocationCard = Field(title="资金拨付内容")
        reason: Text = Field(title="更正原因")
        document_no: Name = Field(title="更正依据文号")

    def correct(self, card: FundAllocationCard, reason: str, document_no: str, at: Occasion) -> None:
        """Put the right facts in place of the wrong ones; also brings a withdrawn allocation back.

        Refused: FUND_SOURCE_UNKNOWN, AMOUNT_NOT_POSITIVE, FIELD_INVALID.
        """
        at.cite("C4.4-03")
        if card == self.card and self.state == "RECORDED":
            return
        _check(card, at)
        self.record(self.Corrected, at, card=card, reason=reason, document_no=document_no)

    @event(Corrected)
    def _corrected(self, card: FundAllocationCard) -> None:
        self.card = card
        self.state = "RECORDED"

    class Withdrawn(Event):
        """Record of an allocation withdrawn: it was never paid, or was recorded twice."""

        TOPIC: ClassVar[str] = "fund_allocation.withdrawn"
        TITLE: ClassVar[str] = "资金拨付撤销"
        reason: Text = Field(title="撤销理由")
        document_no: Name = Field(title="撤销依据文号")

    def withdraw(self, reason: str, document_no: str, at: Occasion) -> None:
        """Take the allocation out of the fund ledger."""
        at.cite("C4.4-03")
        if self.state == "RECORDED":
            self.record(self.Withdrawn, at, reason=reason, document_no=document_no)

    @event(Withdrawn)
    def _withdrawn(self) -> None:
        self.state = "WITHDRAWN"


def _check(card: FundAllocationCard, at: Occasion) -> None:
    at.rules.fund_source(card.source)
    if card.amount <= 0:
        raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.4-03", field="card.amount")
    for index, spend in enumerate(card.non_asset):
        if spend.amount <= 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.4-03", field=f"card.nonAsset[{index}].amount")
    spent = total(spend.amount for spend in card.non_asset)
    if spent > card.amount:
        raise refuse("FIELD_INVALID", clause="C4.4-03", field="card.nonAsset", value=spent.yuan())
