"""The final settlement of the works behind an asset (竣工决算), and the value that it gives a confirmed asset (四(六)¶2)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from pydantic import Field

from domain.asset.facts.card import FundingLine
from domain.bounds import FactDay, NotBefore
from domain.values import Code, Fen, Value

SETTLEMENT_PAPER: Final = "FINAL_ACCOUNT"
"""The kind of archived document that settles works (T8, 四(六)1)."""


class FinalSettlement(Value):
    """Final settlement of the works: the document of it in the asset's file, its day, and what the asset cost by it, fen."""

    document: Code = Field(
        title="决算资料编号", description="已存档的竣工决算资料（FINAL_ACCOUNT） / an archived final account"
    )
    settled_on: Annotated[FactDay, NotBefore("its.card.completion_date", clause="C4.6-02")] = Field(
        title="决算日期"
    )
    original_value: Fen = Field(title="决算价值")
    funding_lines: tuple[FundingLine, ...] = Field(title="决算后资金来源构成", max_length=200)


class SettledValue(Value):
    """The value of an asset since the settlement: the document, the day from which it counts, what it was before, fen."""

    settlement: FinalSettlement = Field(title="竣工决算")
    since: date = Field(title="价值调整日期")
    value_before: Fen = Field(title="调整前价值")
