"""Funds: allocations, and how far units' years are reconciled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from domain.values import Fen, Value
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.funds import ledger as fund_ledger, questions as fund_questions
from service.ledgers.filters import Filters, Several, Standpoint
from service.ledgers.parameters import YearNumber
from service.ledgers.tables import row_model


class FundTotals(Value):
    """Count and sums of the allocations that stand."""

    allocations: int = Field(title="拨付笔数")
    amount: Fen = Field(title="拨付金额合计")
    non_asset_amount: Fen = Field(title="不形成资产的支出合计")


class FundFilters(Filters):
    """Filters of the fund ledger."""

    PROJECTION: ClassVar[str] = fund_ledger.PROJECTION.name
    TOTALS = FundTotals

    unit: Several = Field(default=(), title="收款单位", max_length=200)
    source: Several = Field(default=(), title="资金来源", max_length=50)
    year: YearNumber | None = Field(default=None, title="年度")
    project_code: Several = Field(default=(), title="项目编号", max_length=50)
    state: Literal["RECORDED", "WITHDRAWN"] | None = Field(default=None, title="状态")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Allocations."""
        return await fund_questions.allocation_page(at.connection, at.county, **self.filters(), **paging)

    async def totals(self, at: Standpoint) -> Row | None:
        """Count and sums of those that stand."""
        return await fund_questions.allocation_totals(at.connection, at.county, **self.filters())


FundRow = row_model("FundLedgerRow", fund_ledger.ALLOCATION)


class ReconciliationsFilters(Filters):
    """Filters of the reconciliations."""

    PROJECTION: ClassVar[str] = fund_ledger.PROJECTION.name

    unit: Several = Field(default=(), title="单位", max_length=200)
    year: YearNumber | None = Field(default=None, title="年度")
    result: Literal["OPEN", "RECONCILED"] | None = Field(default=None, title="核对结果")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Where every unit's year stands."""
        return await fund_questions.reconciliation_page(at.connection, at.county, **self.filters(), **paging)


ReconciliationRow = row_model("FundReconciliationRow", fund_ledger.RECONCILIATION)
