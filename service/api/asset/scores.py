"""What the register says of the regulation's goals: how complete it is (C2-01), whether value is kept (C2-04)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field

from domain.refusals import refuse
from domain.values import Code, Fen, Value
from projections.asset import income as income_ledger, register as asset_register
from projections.asset.completeness import completeness_of_units
from projections.asset.value_preservation import FORMULA, balances, households_paid, preservation
from projections.oversight import scorecards
from service.api.http.paging import AsOf, KnownAt, MinPosition
from service.api.http.reading import Reading, get, routes
from service.ledgers.queries import ledgers_at
from service.ledgers.questions.asset.completeness import GOALS_NAMED
from service.ledgers.tables import rows_shown

router = routes("/v1/ledgers", "ledgers 台账")


class UnitCompleteness(Value):
    """How complete the records of one unit's assets are."""

    unit: str | None = Field(title="单位", description="为空是尚未落实")
    assets: int = Field(title="资产项数")
    average: str = Field(title="平均完整度", description="0.00–8.00")
    complete: int = Field(title="八项齐全的项数")
    met: dict[str, int] = Field(title="各项目标达到的项数", description=GOALS_NAMED)


@get(
    router,
    "/completeness/units",
    "各单位完整度",
    "ledger.read",
    response_model=tuple[UnitCompleteness, ...],
)
async def read_unit_completeness(
    read: Reading,
    by: Annotated[Literal["township", "village", "responsible_unit"], Query(title="单位划分")] = "township",
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = 0,
) -> Response:
    """The score rolled up per unit (C2-01)."""
    names = (asset_register.PROJECTION.name,)
    async with ledgers_at(read, names, as_of, known_at, min_position) as (connection, _):
        return read.answer(
            rows_shown(await completeness_of_units(connection, read.county, by), UnitCompleteness)
        )


class PreservationRow(Value):
    """One unit's year; under no unit the county's, where each asset counts once."""

    unit: str | None = Field(title="单位", description="为空是全县")
    opening_net_value: Fen = Field(title="期初净值")
    additions: Fen = Field(title="本年新增原值")
    depreciation: Fen = Field(title="本年折旧")
    proceeds: Fen = Field(title="本年处置所得")
    closing_net_value: Fen = Field(title="期末净值")
    preservation_rate: str | None = Field(title="保值率（%）", description="期初净值为零时为空")
    income: Fen = Field(title="本年收益")
    income_yield: str | None = Field(title="收益率（%）", description="本年收益与期初净值之比")


class PreservationBody(Value):
    """Whether value was kept in a year."""

    year: int = Field(title="年度")
    formula: str = Field(title="算法版本")
    households: int = Field(title="受益户数", description="当年分得收益的户数")
    rows: tuple[PreservationRow, ...] = Field(title="行")
    position: int = Field(title="日志位置")


@get(router, "/value-preservation", "保值增值", "ledger.read", response_model=PreservationBody)
async def read_value_preservation(
    read: Reading,
    year: Annotated[int, Query(title="年度", ge=2013, le=2200)],
    unit: Annotated[Code | None, Query(title="所有权人")] = None,
    known_at: KnownAt = None,
) -> Response:
    """Preservation rate, income yield and households of a year (C2-04), per owner by share and for the county."""
    if date(year, 1, 1) > read.day(None):
        raise refuse("DATE_IN_FUTURE", field="year")
    register, income = asset_register.PROJECTION.name, income_ledger.PROJECTION.name
    async with ledgers_at(read, (register,), date(year - 1, 12, 31), known_at) as (connection, _):
        opening = await balances(connection, read.county, unit)
    async with ledgers_at(read, (income, register), date(year, 12, 31), known_at) as (connection, position):
        closing = await balances(connection, read.county, unit)
        households = await households_paid(connection, read.county, year, unit)
    units = sorted(opening.keys() | closing.keys(), key=lambda one: (one is not None, one or ""))
    rows = [preservation(one, opening.get(one), closing.get(one)) for one in units]
    return read.answer(
        {
            "year": year,
            "formula": FORMULA,
            "households": households,
            "rows": rows_shown(rows, PreservationRow),
            "position": position,
        }
    )


class ScoreItem(Value):
    """One item of a scorecard."""

    item: Literal["COVERAGE", "TIMELINESS", "IN_USE", "INCOME", "FINDINGS"] = Field(title="项目")
    name: str = Field(title="项目名称")
    part: int | None = Field(title="达到数", description="收益项目为空")
    whole: int | None = Field(title="总数", description="收益项目为空")
    part_amount: Fen | None = Field(title="到账收益", description="收益项目给出，以约定收益为限")
    whole_amount: Fen | None = Field(title="约定收益", description="收益项目给出")
    percent: str = Field(title="百分比")


class Scorecard(Value):
    """One unit's year."""

    unit: str = Field(title="单位")
    score: str = Field(title="得分", description="各项百分比的平均值")
    items: tuple[ScoreItem, ...] = Field(title="各项得分")


class Scorecards(Value):
    """All units' year."""

    year: int = Field(title="年度")
    formula: str = Field(title="算法版本")
    cards: tuple[Scorecard, ...] = Field(title="单位得分")
    position: int = Field(title="日志位置")


@get(router, "/scorecards", "绩效考核", "ledger.read", response_model=Scorecards)
async def read_scorecards(
    read: Reading,
    year: Annotated[int, Query(title="年度", ge=2013, le=2200)],
    known_at: KnownAt = None,
) -> Response:
    """Every unit's scorecard of a year, read off the ledgers of its last day (C5.4-03); it cannot be written."""
    on = date(year, 12, 31)
    if on > read.day(None):
        raise refuse("DATE_IN_FUTURE", field="year")
    days = (await read.regulation()).on(on).within("STATUS_REPORT").days
    async with ledgers_at(read, scorecards.LEDGERS, on, known_at) as (connection, position):
        cards = await scorecards.scorecards(connection, read.county, on, days)
    return read.answer(
        {
            "year": year,
            "formula": scorecards.FORMULA,
            "cards": rows_shown(cards, Scorecard),
            "position": position,
        }
    )
