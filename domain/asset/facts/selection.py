"""Selection of an operator (选定经营主体, C4.7-05): the announcement, bids, the choice, and its result as contracts are held to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from domain.asset.facts.contract import ContractText, Operator
from domain.bounds import FactDay, NotBefore
from domain.classification import UNIT
from domain.values import (
    AssetCode,
    Code,
    Fen,
    Listed,
    Name,
    OrganizationCode,
    PaperSha256,
    PersonCode,
    Text,
    Value,
)

if TYPE_CHECKING:
    from datetime import date

    from domain.occasion import Occasion

SELECTED: Final = "operator_selection.operator_selected"
"""The fact that takes the step of choosing in a chain."""


class SelectionAnnouncement(Value):
    """Announcement of a selection: what is offered, in which way, and where everybody could read it."""

    asset: AssetCode = Field(title="资产编号")
    owner: OrganizationCode = Field(title="选定主体的所有权人")
    mode: Annotated[Code, Listed("operation-modes")] = Field(title="经营方式")
    part: Annotated[Name | None, UNIT] = Field(default=None, title="拟经营部位", description="整项资产留空")
    conditions: Annotated[Text, UNIT] = Field(title="公告的经营条件")
    announced_on: FactDay = Field(title="选定公告日期")
    announcement_sha256: PaperSha256 = Field(title="选定公告摘要")


class Bid(Value):
    """A candidate's paper: who would run the asset, what it offers, and whom in office it says it is related to."""

    bid: Code = Field(title="报名编号")
    bidder: Operator = Field(title="报名主体")
    annual_income: Fen | None = Field(default=None, title="报价（年收益）")
    relatives: tuple[PersonCode, ...] = Field(
        default=(), title="申报的任职近亲属", description="报名主体负责人的近亲属中任职的人员", max_length=50
    )
    received_on: Annotated[FactDay, NotBefore("its.announcement.announced_on", clause="C4.7-05")] = Field(
        title="收到报名日期"
    )
    document_sha256: PaperSha256 = Field(title="报名材料摘要")


class SelectionChoice(Value):
    """Choice among the bids as it is published: which one, why, and who kept out of it."""

    bid: Code = Field(title="选定的报名")
    reason: Annotated[Text, UNIT] = Field(title="选定理由", description="随结果公布")
    recused: tuple[PersonCode, ...] = Field(default=(), title="回避人员", max_length=50)
    published_on: Annotated[FactDay, NotBefore("its.bids[bid].received_on", clause="C4.7-05")] = Field(
        title="选定结果公布日期"
    )
    evidence_sha256: PaperSha256 = Field(title="选定结果公布凭证摘要")


class SelectedOperator(Value):
    """Result of a selection, as a contract is held to it."""

    selection: Code = Field(title="经营主体选定编号")
    asset: Code = Field(title="资产编号")
    mode: Code = Field(title="经营方式")
    part: Annotated[Name | None, UNIT] = Field(default=None, title="拟经营部位")
    operator: Code = Field(title="经营主体编号")
    published_on: FactDay = Field(title="选定结果公布日期")
    annual_income: Fen | None = Field(default=None, title="中选报价（年收益）")

    def must_be_reached(self, terms: ContractText, at: Occasion) -> None:
        """Refuse a contract that brings less a year than the chosen bid offered (C4.7-05): RENT_BELOW_BID."""
        at.require(
            self.annual_income is None or terms.annual_income >= self.annual_income,
            "RENT_BELOW_BID",
            clause="C4.7-05",
            missing=["terms.annualIncome"],
            bid=self.annual_income,
            rent=terms.annual_income,
        )

    def unlike(self, asset: str, terms: ContractText, day: date) -> list[str]:
        """Fields of a contract that are not as selected, by that day: none when the operator was selected for just this."""
        same = {
            "selection": self.selection == terms.selection and self.published_on <= day,
            "asset": self.asset == asset,
            "operator": self.operator == terms.operator.operator,
            "mode": self.mode == terms.mode,
            "part": self.part == terms.part,
        }
        return [f"terms.{name}" if name != "asset" else name for name, it in same.items() if not it]
