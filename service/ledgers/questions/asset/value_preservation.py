"""Preservation of the value of assets in a year, and their earnings (C2-04)."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from domain.refusals import refuse
from domain.values import Fen, Value
from projections.asset import income as income_ledger, register as asset_register
from projections.asset.value_preservation import FORMULA, balances, households_paid, preservation
from service.ledgers.queries import LedgerMoment, ledgers_at
from service.ledgers.source import Source
from service.ledgers.tables import typed_rows


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
    """Preservation of value in a year."""

    year: int = Field(title="年度")
    formula: str = Field(title="算法版本")
    households: int = Field(title="受益户数", description="当年分得收益的户数")
    rows: tuple[PreservationRow, ...] = Field(title="行")
    position: int = Field(title="日志位置")


async def value_preservation(
    source: Source, year: int, unit: str | None, known_at: datetime | None
) -> PreservationBody:
    """A year's preservation rate, income yield and households, per owner by share and for the county (C2-04).

    DATE_IN_FUTURE for a year that has not begun.
    """
    if date(year, 1, 1) > source.today:
        raise refuse("DATE_IN_FUTURE", field="year")
    register, income = asset_register.PROJECTION.name, income_ledger.PROJECTION.name
    before, after = (LedgerMoment(date(one, 12, 31), known_at) for one in (year - 1, year))
    async with ledgers_at(source, (register,), before) as (connection, _):
        opening = await balances(connection, source.county, unit)
    async with ledgers_at(source, (income, register), after) as (connection, position):
        closing = await balances(connection, source.county, unit)
        households = await households_paid(connection, source.county, year, unit)
    units = sorted(opening.keys() | closing.keys(), key=lambda one: (one is not None, one or ""))
    rows = [preservation(one, opening.get(one), closing.get(one)) for one in units]
    return PreservationBody(
        year=year,
        formula=FORMULA,
        households=households,
        rows=typed_rows(rows, PreservationRow),
        position=position,
    )
