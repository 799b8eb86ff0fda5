"""Ledgers (台账) over HTTP: the asset register and its totals, household assets, income, custody, departures.

Every answer says how far in the log it reaches (`position`); `min_position` waits until it reaches at least that far.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field

from domain.values import Code, Fen, Value
from projections.asset import income as income_ledger, register as asset_register
from projections.asset.register_questions import categorised, county_totals, unit_totals
from projections.household import register as household_register
from service.api.http.paging import AsOf, KnownAt, MinPosition
from service.api.http.reading import Reading, get, routes
from service.ledgers.queries import ledgers_at
from service.ledgers.tables import rows_shown, shown

router = routes("/v1/ledgers", "ledgers 台账")


# ---- the asset register: village, township (territorial and owned), department and county ledgers ------------------


class SumsBody(Value):
    """Count and sums."""

    assets: int = Field(title="资产项数")
    original_value: Fen = Field(title="原始价值")
    net_book_value: Fen | None = Field(default=None, title="净值")


class CountyTotals(Value):
    """The county's total ledger. `managed` counts every asset once; the others stand beside it, never inside."""

    managed: SumsBody = Field(title="扶贫资产", description="管理范围内、未处置，每项计一次")
    unconfirmed: SumsBody = Field(title="其中未确权")
    disposed: SumsBody = Field(title="已处置")
    out_of_scope: SumsBody = Field(title="范围外登记")
    household: SumsBody = Field(title="到户类资产")
    confirmed_shares: Fen = Field(title="已确权份额合计", description="与未确权原值之和等于扶贫资产原值")
    position: int = Field(title="日志位置")


@get(router, "/asset-register/totals", "全县合计", "ledger.read", response_model=CountyTotals)
async def read_county_totals(
    read: Reading, as_of: AsOf = None, known_at: KnownAt = None, min_position: MinPosition = 0
) -> Response:
    """The county's total, with each asset once; household assets separate."""
    names = (asset_register.PROJECTION.name, household_register.PROJECTION.name)
    async with ledgers_at(read, names, as_of, known_at, min_position) as (connection, position):
        totals = await county_totals(connection, read.county)
    return read.answer(shown(totals | {"position": position}, CountyTotals))


class OwnerTotals(Value):
    """What one unit owns."""

    party: str = Field(title="单位")
    assets: int = Field(title="资产项数", description="有份额的资产")
    amount: Fen = Field(title="所有权份额")
    income_amount: Fen = Field(title="收益权份额")


@get(
    router, "/asset-register/owners", "各单位权属合计", "ledger.read", response_model=tuple[OwnerTotals, ...]
)
async def read_owner_totals(
    read: Reading,
    owner_kind: Annotated[Code | None, Query(title="所有权人类型")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = 0,
) -> Response:
    """What each unit owns of the managed assets: shares, not assets, so that a joint asset is counted once."""
    names = (asset_register.PROJECTION.name,)
    async with ledgers_at(read, names, as_of, known_at, min_position) as (connection, _):
        return read.answer(rows_shown(await unit_totals(connection, read.county, owner_kind), OwnerTotals))


class CategoryTotals(SumsBody):
    """One category of the managed assets."""

    category: str | None = Field(title="分类值")
    accumulated_depreciation: Fen | None = Field(default=None, title="累计折旧")
    income_received: Fen | None = Field(default=None, title="累计收益")
    income_distributed: Fen | None = Field(default=None, title="累计分配")


Dimension = Literal[  # the register's dimensions and the funds; a test holds the two together
    "asset_class", "subclass", "asset_type", "owner_kind", "regime", "village", "township", "completion_year",
    "registration", "title", "operation", "contract", "custody", "disposal", "implementer", "project_code", "custodian",
    "fund_source",
]  # fmt: skip


@get(
    router, "/asset-register/categories", "分类统计", "ledger.read", response_model=tuple[CategoryTotals, ...]
)
async def read_category_totals(
    read: Reading,
    by: Annotated[Dimension, Query(title="分类项")],
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = 0,
) -> Response:
    """The managed assets along one dimension; the values add up to the county's total along every one."""
    names = (asset_register.PROJECTION.name,)
    async with ledgers_at(read, names, as_of, known_at, min_position) as (connection, _):
        return read.answer(rows_shown(await categorised(connection, read.county, by), CategoryTotals))


# ---- household register --------------------------------------------------------------------------------------------


# ---- income --------------------------------------------------------------------------------------------------------


class HolderYear(Value):
    """One holder's year."""

    holder: str | None = Field(title="收益权人", description="为空是尚未归属的收入")
    year: int = Field(title="年度")
    opening: Fen = Field(title="年初结余")
    received: Fen = Field(title="收入")
    distributed: Fen = Field(title="已分配金额")
    closing: Fen = Field(title="年末结余")


@get(
    router, "/income-ledger/holders", "收益权人年度收支", "ledger.read", response_model=tuple[HolderYear, ...]
)
async def read_income_by_holder(
    read: Reading,
    holder: Annotated[list[Code] | None, Query(title="收益权人", max_length=200)] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = 0,
) -> Response:
    """Per holder and year: opening + received − distributed = closing."""
    names = (income_ledger.PROJECTION.name,)
    async with ledgers_at(read, names, as_of, known_at, min_position) as (connection, _):
        rows = await income_ledger.income_by_holder_and_year(connection, read.county, holder=holder)
    return read.answer(rows_shown(rows, HolderYear))


# ---- custody and departures ----------------------------------------------------------------------------------------
