"""Risk cover of a contract (四(八) 担保、抵押、保险、多方联保): security that the operator or somebody else gives for the asset."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.bounds import FactDay, NotBefore
from domain.values import BusinessDate, Code, Fen, Name, OrganizationCode, Text, Value

RiskCoverKind = Literal[
    "GUARANTEE_BY_OPERATOR", "COLLATERAL_BY_OPERATOR", "INSURANCE", "JOINT_GUARANTEE", "DEPOSIT"
]
"""经营者担保、经营者抵押、保险、多方联保、保证金：each given for the asset, none by it."""


class RiskCover(Value):
    """Cover of a contract: who gives it to whom, for how much, from when to when, by which rule."""

    cover: Code = Field(title="风险保障编号")
    kind: RiskCoverKind = Field(title="风险保障方式")
    provider: Name = Field(title="提供方", description="经营主体、保险公司或其他第三方，不得是资产本身的抵押")
    beneficiary: OrganizationCode = Field(title="受益人", description="资产所有权人")
    amount: Fen = Field(title="保障金额")
    valid_from: Annotated[BusinessDate, NotBefore("start")] = Field(title="保障起始日期")
    valid_to: Annotated[BusinessDate, NotBefore("valid_from", clause="C4.8-01")] = Field(title="保障到期日期")
    collateral: Name | None = Field(
        default=None, title="抵押物", description="经营者抵押必填：抵押物编号或权证号，不得是扶贫资产"
    )
    rule_ref: Name | None = Field(default=None, title="风险防控依据文件")

    def expired(self, on: date) -> bool:
        """Whether it covers nothing any more; its last day is covered."""
        return on > self.valid_to


class RiskCoverRelease(Value):
    """The end of a cover before or after its term: given back, replaced, paid out."""

    released_on: Annotated[
        FactDay, NotBefore("its.risk_covers[cover].cover.valid_from", clause="C4.8-01")
    ] = Field(title="解除日期")
    reason: Text = Field(title="解除原因")


class HeldCover(Value):
    """A cover in the life of a contract."""

    contract: Code = Field(title="合同编号")
    cover: RiskCover = Field(title="风险保障")
    release: RiskCoverRelease | None = Field(default=None, title="解除情况")
