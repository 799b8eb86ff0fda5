"""Scorecards of units for a year, item by item (C5.4-03)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from domain.refusals import refuse
from domain.values import Fen, Value
from projections.oversight import scorecards
from service.ledgers.queries import LedgerMoment, ledgers_at
from service.ledgers.source import Source
from service.ledgers.tables import typed_rows


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


async def scorecards_of(source: Source, year: int, known_at: datetime | None) -> Scorecards:
    """Every unit's scorecard of a year, read off the ledgers of its last day; DATE_IN_FUTURE before that day."""
    on = date(year, 12, 31)
    if on > source.today:
        raise refuse("DATE_IN_FUTURE", field="year")
    days = (await source.regulation()).on(on).within("STATUS_REPORT").days
    async with ledgers_at(source, scorecards.LEDGERS, LedgerMoment(on, known_at)) as (connection, position):
        cards = await scorecards.scorecards(connection, source.county, on, days)
    return Scorecards(
        year=year, formula=scorecards.FORMULA, cards=typed_rows(cards, Scorecard), position=position
    )
