"""Funds: allocations, money against assets and projects, and how far units' years are reconciled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import Field

from domain.funds.reconciliation import FundReconciliationLine
from domain.sealing.joint_review import ReviewException
from domain.values import Fen, Value
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.funds import ledger as fund_ledger, proceeds as proceeds_pool, questions as fund_questions
from service.ledgers.filters import Filters, Several, Standpoint
from service.ledgers.parameters import YearNumber
from service.ledgers.queries import Look, as_it_stands, ledgers_now
from service.ledgers.source import Source
from service.ledgers.tables import row_model, typed_rows

_NAME = fund_ledger.PROJECTION.name


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


# ---- proceeds of disposals -----------------------------------------------------------------------------------------


class ProceedsTotals(Value):
    """Sums over the receipts asked for, and what of them is left in the pool."""

    receipts: int = Field(title="到账笔数")
    received: Fen = Field(title="到账金额合计")
    allocated: Fen = Field(title="已安排金额")
    balance: Fen = Field(title="尚未安排金额")
    over_a_year: Fen = Field(title="到账一年以上尚未安排金额")
    oldest: date | None = Field(title="最早尚未安排的到账日期")


class ProceedsFilters(Filters):
    """Filters of the ledger of disposal proceeds."""

    PROJECTION: ClassVar[str] = proceeds_pool.PROJECTION.name
    TOTALS = ProceedsTotals
    DATED = True

    asset: Several = Field(default=(), title="资产编号", max_length=200)
    owner: str | None = Field(default=None, title="法定所有权人", max_length=64)
    age: proceeds_pool.Age | None = Field(default=None, title="账龄")
    remains: bool | None = Field(default=None, title="是否尚有未安排的金额")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Receipts with what is left of each on the day asked about."""
        return await proceeds_pool.receipt_page(at.connection, at.county, at.day, **self.filters(), **paging)

    async def totals(self, at: Standpoint) -> Row | None:
        """Sums of these."""
        return await proceeds_pool.receipt_totals(at.connection, at.county, at.day, **self.filters())


ProceedsRow = row_model(
    "ProceedsReceiptRow",
    proceeds_pool.RECEIPT,
    remaining=(Fen, Field(title="尚未安排金额", description="先到账的先安排")),
    days=(int, Field(title="到账天数")),
    age=(
        proceeds_pool.Age,
        Field(
            title="账龄",
            description="UP_TO_90 九十日以内 / UP_TO_180 一百八十日以内 / UP_TO_365 一年以内 / OVER_365 一年以上",
        ),
    ),
)


class ProceedsAllocationFilters(Filters):
    """Filters of the ledger of allocations of disposal proceeds."""

    PROJECTION: ClassVar[str] = proceeds_pool.PROJECTION.name
    DATED = True

    project_code: Several = Field(default=(), title="项目编号", max_length=50)
    asset: str | None = Field(default=None, title="所形成的资产", max_length=64)
    unused: bool | None = Field(default=None, title="是否尚有未使用的金额")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Allocations."""
        return await proceeds_pool.allocation_page(at.connection, at.county, **self.filters(), **paging)


ProceedsAllocationRow = row_model("ProceedsAllocationRow", proceeds_pool.ALLOCATION)


# ---- money against assets ------------------------------------------------------------------------------------------


async def outside_finance(source: Source) -> frozenset[str]:
    """Sources of funds behind which no allocation is expected."""
    return (await source.regulation()).on(source.today).codes("FUND_OUTSIDE_FINANCE")


class FundComparison(Value):
    """Money against assets, for one unit, year and source."""

    unit: str = Field(title="单位")
    source: str = Field(title="资金来源")
    year: int = Field(title="年度")
    allocated: Fen = Field(title="拨付金额")
    non_asset: Fen = Field(title="不形成资产的支出")
    formed: Fen = Field(title="资产资金来源合计")
    difference: Fen = Field(title="差额")
    comparison: Literal["MATCHED", "FUND_WITHOUT_ASSET", "ASSET_WITHOUT_FUND", "AMOUNT_DIFFERS"] = Field(
        title="比对结果", description="一致 / 有资金无资产 / 有资产无资金 / 金额不符"
    )


@dataclass(frozen=True, slots=True)
class ComparisonFilters:
    """Which units, years and sources are compared; None: all."""

    unit: str | None = None
    year: int | None = None
    source: str | None = None


async def compared_funds(
    source: Source, filters: ComparisonFilters, min_position: int = 0
) -> tuple[FundComparison, ...]:
    """Allocations against the funding lines of assets, per unit, year and source."""
    outside = await outside_finance(source)
    async with ledgers_now(source, (_NAME,), min_position) as connection:
        rows = await fund_questions.compared_funds(
            connection, source.county, outside, unit=filters.unit, year=filters.year, source=filters.source
        )
    return typed_rows(rows, FundComparison)


@dataclass(frozen=True, slots=True)
class ComparedYear:
    """A unit's year as the fund ledger has it at a position."""

    lines: tuple[FundReconciliationLine, ...]
    digest: str
    position: int


async def compared_year(source: Source, unit: str, year: int, look: Look = as_it_stands) -> ComparedYear:
    """A unit's year as the fund ledger has it with all that is in the log; what others get is `folded`."""
    outside = await outside_finance(source)
    async with look(source, _NAME) as (connection, position):
        rows, digest = await fund_questions.unit_ledger(connection, source.county, outside, unit, year)
    names = ("allocated", "non_asset", "formed")
    lines = tuple(
        FundReconciliationLine(source=row["source"], **{name: Fen(row[name]) for name in names})
        for row in rows
    )
    return ComparedYear(lines, digest, position)


ProjectException = Literal["PROJECT_WITHOUT_ASSET", "ASSET_WITHOUT_PROJECT"]


class ProjectRow(Value):
    """A project and the assets made in it."""

    project_code: str = Field(title="项目编号")
    project_name: str | None = Field(title="项目名称")
    first_year: int = Field(title="起始年度")
    last_year: int = Field(title="截止年度")
    allocated: Fen = Field(title="拨付金额")
    non_asset: Fen = Field(title="不形成资产的支出")
    formed: Fen = Field(title="形成资产金额")
    assets: int = Field(title="资产项数")
    ratio_basis_points: int | None = Field(title="资产转化率（万分比）", description="没有拨付时为空")
    exception: ProjectException | None = Field(title="疑点种类")


@dataclass(frozen=True, slots=True)
class ProjectFilters:
    """Which projects, by money paid up to a day, from which code on, and at most how many."""

    until: date
    year: int | None = None
    exception: ProjectException | None = None
    after: str = ""
    limit: int = 100


async def projects(source: Source, filters: ProjectFilters, min_position: int = 0) -> tuple[ProjectRow, ...]:
    """Projects against assets, in order of project code (C4.4-05)."""
    async with ledgers_now(source, (_NAME,), min_position) as connection:
        rows = await fund_questions.projects(
            connection,
            source.county,
            filters.until,
            year=filters.year,
            exception=filters.exception,
            after=filters.after,
            limit=filters.limit,
        )
    return typed_rows(rows, ProjectRow)


async def review_exceptions(
    source: Source, as_of: date, look: Look = as_it_stands
) -> tuple[tuple[ReviewException, ...], int]:
    """What does not fit up to a joint review's day, and the position of the fund ledger that says so (C4.4-05); what is
    sealed is `folded`.
    """
    outside = await outside_finance(source)
    async with look(source, _NAME) as (connection, position):
        found = await fund_questions.review_exceptions(connection, source.county, as_of, outside)
    exceptions = tuple(
        ReviewException.model_validate({"kind": kind, "subject": subject, "amount": Fen(amount)})
        for kind, subject, amount in found
    )
    return exceptions, position
