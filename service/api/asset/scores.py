"""Scores of the register by the regulation's goals: how complete it is (C2-01), whether value is kept (C2-04)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from domain.values import Code
from service.api.http.paging import AsOf, KnownAt, MinPosition
from service.api.http.reading import Reading, get, routes
from service.ledgers.queries import LedgerMoment
from service.ledgers.questions.asset.completeness import UnitCompleteness, UnitDivision, unit_completeness
from service.ledgers.questions.asset.value_preservation import PreservationBody, value_preservation
from service.ledgers.questions.scorecards import Scorecards, scorecards_of
from service.ledgers.tables import value_shown, values_shown

router = routes("/v1/ledgers", "ledgers 台账")

ScoredYear = Annotated[int, Query(title="年度", ge=2013, le=2200)]


@get(
    router,
    "/completeness/units",
    "各单位完整度",
    "ledger.read",
    response_model=tuple[UnitCompleteness, ...],
)
async def read_unit_completeness(
    read: Reading,
    by: Annotated[UnitDivision, Query(title="单位划分")] = "township",
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = 0,
) -> Response:
    """The score rolled up per unit (C2-01)."""
    moment = LedgerMoment(as_of, known_at, min_position)
    return read.answer(values_shown(await unit_completeness(read, by, moment)))


@get(router, "/value-preservation", "保值增值", "ledger.read", response_model=PreservationBody)
async def read_value_preservation(
    read: Reading,
    year: ScoredYear,
    unit: Annotated[Code | None, Query(title="所有权人")] = None,
    known_at: KnownAt = None,
) -> Response:
    """Preservation rate, income yield and households of a year (C2-04), per owner by share and for the county."""
    return read.answer(value_shown(await value_preservation(read, year, unit, known_at)))


@get(router, "/scorecards", "绩效考核", "ledger.read", response_model=Scorecards)
async def read_scorecards(read: Reading, year: ScoredYear, known_at: KnownAt = None) -> Response:
    """Every unit's scorecard of a year, read off the ledgers of its last day (C5.4-03); it cannot be written."""
    return read.answer(value_shown(await scorecards_of(read, year, known_at)))
