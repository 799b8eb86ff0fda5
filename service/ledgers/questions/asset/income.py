"""The income ledger: receipts and distributions, line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from domain.values import BusinessDate, Code, Fen, Value
from projections.asset import income as income_ledger
from projections.engine.differences import RowSelection, selection
from projections.engine.part import About
from projections.engine.reading import Page
from projections.engine.rows import Row
from service.ledgers.filters import ComparedFilters, Several, Standpoint, about_any
from service.ledgers.queries import LedgerMoment, ledgers_at
from service.ledgers.source import Source
from service.ledgers.tables import row_model, typed_rows


class IncomeTotals(Value):
    """Totals of income: received, paid out, balance."""

    lines: int = Field(title="行数")
    received: Fen = Field(title="收入合计")
    distributed: Fen = Field(title="分配合计")
    balance: Fen = Field(title="结余")


class IncomeFilters(ComparedFilters):
    """Filters of the income ledger."""

    PROJECTION: ClassVar[str] = income_ledger.PROJECTION.name
    DATED = True
    TOTALS = IncomeTotals

    holder: Several = Field(default=(), title="收益权人", max_length=200)
    asset: Several = Field(default=(), title="资产编号", max_length=200)
    contract: Code | None = Field(default=None, title="经营合同")
    entry: Literal["RECEIPT", "DISTRIBUTION"] | None = Field(default=None, title="收支")
    use: Code | None = Field(default=None, title="用途")
    since: BusinessDate | None = Field(default=None, title="起始日期")
    until: BusinessDate | None = Field(default=None, title="截止日期")

    def about(self) -> About | None:
        """Assets, or those of holders."""
        return about_any(self.asset, self.holder)

    async def totals(self, at: Standpoint) -> Row | None:
        """What came in, what was paid out, and the balance, over holders, assets and days asked for."""
        covered = {"holder", "asset", "since", "until"}
        given = {name: value for name, value in self.filters().items() if name in covered}
        return await income_ledger.income_totals(at.connection, at.county, **given)

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Lines of the income ledger."""
        return await income_ledger.income_page(at.connection, at.county, **self.filters(), **paging)

    def rows(self, county: str) -> RowSelection:
        """Lines of the ledger."""
        conditions = income_ledger.income_conditions(county, **self.filters())
        return selection(income_ledger.INCOME_LEDGER, "i", conditions)


IncomeRow = row_model("IncomeLedgerRow", income_ledger.INCOME_LEDGER)


class HolderYear(Value):
    """One holder's year."""

    holder: str | None = Field(title="收益权人", description="为空是尚未归属的收入")
    year: int = Field(title="年度")
    opening: Fen = Field(title="年初结余")
    received: Fen = Field(title="收入")
    distributed: Fen = Field(title="已分配金额")
    closing: Fen = Field(title="年末结余")


async def holder_years(
    source: Source, holders: Sequence[str] | None, moment: LedgerMoment
) -> tuple[HolderYear, ...]:
    """Per holder and year: opening + received − distributed = closing."""
    async with ledgers_at(source, (income_ledger.PROJECTION.name,), moment) as (connection, _):
        rows = await income_ledger.income_by_holder_and_year(
            connection, source.county, holder=None if holders is None else list(holders)
        )
    return typed_rows(rows, HolderYear)
