"""Sums of the asset register and of the income ledger over HTTP.

Every answer says how far in the log it reaches (`position`); `min_position` waits until it reaches at least that far.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from domain.values import Code
from service.api.http.paging import AsOf, KnownAt, MinPosition
from service.api.http.reading import Reading, get, routes
from service.ledgers.queries import LedgerMoment
from service.ledgers.questions.asset.income import HolderYear, holder_years
from service.ledgers.questions.asset.register import (
    CategoryTotals,
    CountyTotals,
    Dimension,
    OwnerTotals,
    category_totals,
    county_totals,
    owner_totals,
)
from service.ledgers.tables import value_shown, values_shown

router = routes("/v1/ledgers", "ledgers 台账")


@get(router, "/asset-register/totals", "全县合计", "ledger.read", response_model=CountyTotals)
async def read_county_totals(
    read: Reading, as_of: AsOf = None, known_at: KnownAt = None, min_position: MinPosition = 0
) -> Response:
    """The county's total, with each asset once; household assets separate."""
    return read.answer(value_shown(await county_totals(read, LedgerMoment(as_of, known_at, min_position))))


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
    moment = LedgerMoment(as_of, known_at, min_position)
    return read.answer(values_shown(await owner_totals(read, owner_kind, moment)))


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
    moment = LedgerMoment(as_of, known_at, min_position)
    return read.answer(values_shown(await category_totals(read, by, moment)))


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
    moment = LedgerMoment(as_of, known_at, min_position)
    return read.answer(values_shown(await holder_years(read, holder, moment)))
