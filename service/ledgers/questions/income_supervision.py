"""Supervision of income: what is due, came in, was paid out and lies idle, for each operating asset or each unit (C4.9-01)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from pydantic import Field

from domain.values import Fen, Value, total
from projections.income import supervision as board
from projections.income.supervision import IdleBounds, WatchedAssets
from service.ledgers.differences import cursor_of, start_of
from service.ledgers.queries import LedgerMoment, ledgers_at
from service.ledgers.source import Source
from service.ledgers.tables import typed_rows

LEDGER: Final = "INCOME_SUPERVISION"
"""The ledger of T9 that whoever leads this supervision keeps."""
_NO_BOUND: Final = "本县未规定天数时为空"


class SupervisedIncome(Value):
    """Income of one operating asset, or of one unit whose income it is."""

    subject: str = Field(title="资产或收益权人编号")
    name: str | None = Field(title="资产或收益权人名称")
    village: str | None = Field(title="所在村", description="按资产列出时给出")
    township: str | None = Field(title="所在乡镇", description="按资产列出时给出")
    due: Fen = Field(title="应收收益", description="各合同至当日应收，按收益权份额分至收益权人")
    overdue: Fen = Field(title="欠收收益", description="当日之前应收而未收到的，各合同分别计算")
    overdue_since: date | None = Field(title="最早欠收的应收日期")
    received: Fen = Field(title="已收收益")
    distributed: Fen = Field(title="已分配收益")
    upkeep: Fen = Field(title="已列支管护费用")
    balance: Fen | None = Field(
        title="收益资金明细科目余额", description="按收益权人列出、不限资产，且设有明细科目时给出"
    )
    planned: Fen = Field(title="已列方案未支付")
    planned_since: date | None = Field(title="最早未付清方案的提出日期")
    planned_idle: Fen | None = Field(title="逾期未支付", description=_NO_BOUND)
    unplanned: Fen = Field(title="已收未列方案")
    unplanned_since: date | None = Field(title="最早未列方案收益的入账日期")
    unplanned_idle: Fen | None = Field(title="逾期未列方案", description=_NO_BOUND)


class SupervisedTotals(Value):
    """Sums over all lines that the filters cover."""

    lines: int = Field(title="行数")
    due: Fen = Field(title="应收收益合计")
    overdue: Fen = Field(title="欠收收益合计")
    received: Fen = Field(title="已收收益合计")
    distributed: Fen = Field(title="已分配收益合计")
    planned: Fen = Field(title="已列方案未支付合计")
    unplanned: Fen = Field(title="已收未列方案合计")


class IncomeSupervision(Value):
    """The board of a day."""

    on: date = Field(title="日期")
    department: str | None = Field(title="行业主管部门", description="为空时为全部经营类资产")
    rows: tuple[SupervisedIncome, ...] = Field(title="行")
    totals: SupervisedTotals = Field(title="合计", description="筛选范围内全部行的合计")
    next_cursor: str | None = Field(title="下一页游标", description="没有下一页时为空")
    position: int = Field(title="日志位置")


SupervisedBy = Literal["unit", "asset"]
"""By what the board has its lines."""


@dataclass(frozen=True, slots=True)
class SupervisionFilters:
    """Which lines are asked for, from where on, and at most how many."""

    by: SupervisedBy
    department: str | None = None
    unit: str | None = None
    village: str | None = None
    township: str | None = None
    asset: str | None = None
    overdue: bool | None = None
    limit: int = 100
    cursor: str | None = None


async def supervised_income(
    source: Source, filters: SupervisionFilters, moment: LedgerMoment
) -> IncomeSupervision:
    """The board as of a day, as it was known at a moment. CURSOR_INVALID."""
    on = moment.as_of or source.today
    rules = (await source.regulation()).on(on)
    bounds = IdleBounds(rules.within_if_set("INCOME_UNPLANNED"), rules.within_if_set("INCOME_UNPAID"))
    watched = WatchedAssets(
        None if filters.department is None else rules.types_of(filters.department),
        filters.village,
        filters.township,
        filters.asset,
    )
    start = start_of(filters.cursor) or ("",)
    ask = board.income_of_units if filters.by == "unit" else board.income_of_assets
    async with ledgers_at(source, board.LEDGERS, moment) as (connection, position):
        found = await ask(connection, source.county, on, watched, bounds)
    lines = typed_rows((one for one in found if _asked(one, filters)), SupervisedIncome)
    after = [one for one in lines if one.subject > str(start[0])]
    shown = after[: filters.limit]
    return IncomeSupervision(
        on=on,
        department=filters.department,
        rows=tuple(shown),
        totals=_totals(lines),
        next_cursor=cursor_of((shown[-1].subject,)) if len(after) > len(shown) else None,
        position=position,
    )


def _asked(line: dict[str, object], filters: SupervisionFilters) -> bool:
    unit = filters.unit is None or filters.by != "unit" or line["subject"] == filters.unit
    return unit and (filters.overdue is None or (line["overdue"] != 0) is filters.overdue)


def _totals(lines: tuple[SupervisedIncome, ...]) -> SupervisedTotals:
    summed = ("due", "overdue", "received", "distributed", "planned", "unplanned")
    sums = {name: total(getattr(one, name) for one in lines) for name in summed}
    return SupervisedTotals(lines=len(lines), **sums)
