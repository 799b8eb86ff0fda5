"""The ledger of rewards (绩效激励台账, 四(七)1): a row per village and year, with the cap and what is used of it."""

from __future__ import annotations

from typing import Final, Unpack

from sqlalchemy import Index

from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import UNIT_CODE
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    day_column,
    ledger_table,
    money_column,
    text_column,
    whole_column,
)
from projections.engine.writing import Connection

ANNUAL_RESULT: Final = ledger_table(
    "annual_result",
    text_column("annual_result", "年度净利润编号"),
    text_column("village", "村集体", of=UNIT_CODE),
    whole_column("year", "年度"),
    money_column("net_profit", "经营性资产净利润"),
    money_column("cap", "激励上限"),
    money_column("used", "已用激励额度"),
    money_column("room", "剩余激励额度"),
    money_column("due_back", "尚应追回金额"),
    whole_column("restatements", "更正次数"),
    day_column("stated_on", "核定或最近更正日期"),
    key=("annual_result",),
    group="annual_result",
    comment="绩效激励：每村每年度一行",
    indexes=(Index("annual_result_village_idx", "county", "village", "year"),),
)


def _determined(event: LedgerEvent, rows: Rows) -> None:
    statement = event.data["statement"]
    rows.put(
        ANNUAL_RESULT,
        {
            "annual_result": event.id,
            "village": event.data["village"],
            "year": statement["year"],
            "net_profit": statement["netProfit"],
            "cap": event.data["cap"],
            "used": 0,
            "room": event.data["cap"],
            "due_back": 0,
            "restatements": 0,
            "stated_on": day(statement["determinedOn"]),
            "position": event.position,
        },
    )


def _restated(event: LedgerEvent, rows: Rows) -> None:
    row: Row = rows.edit(ANNUAL_RESULT, event.id)
    told = event.data["restatement"]
    row.update(
        net_profit=told["netProfit"],
        cap=event.data["cap"],
        room=max(0, event.data["cap"] - row["used"]),
        due_back=sum(one["amount"] for one in event.data["due"]),
        restatements=row["restatements"] + 1,
        stated_on=day(told["restatedOn"]),
        position=event.position,
    )


def _counted(event: LedgerEvent, rows: Rows) -> None:
    row: Row = rows.edit(ANNUAL_RESULT, event.id)
    used = event.data["used"]
    row.update(used=used, room=max(0, row["cap"] - used), position=event.position)


def _returned(event: LedgerEvent, rows: Rows) -> None:
    _counted(event, rows)
    rows.edit(ANNUAL_RESULT, event.id).update(due_back=event.data["dueBack"])


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(ANNUAL_RESULT, event.id)]


PROJECTION: Final = Projection(
    name="incentives",
    title="绩效激励台账",
    version=1,
    tables=(ANNUAL_RESULT,),
    handlers={
        "annual_result.determined": _determined,
        "annual_result.restated": _restated,
        "annual_result.incentive_counted": _counted,
        "annual_result.incentive_returned": _returned,
    },
    keys=_keys,
)


async def incentive_page(
    connection: Connection,
    county: str,
    *,
    village: str | list[str] | None = None,
    year: int | None = None,
    due_back: bool | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Village-years in order of their codes."""
    conditions = Conditions()
    conditions.equal("r.county", county)
    conditions.equal("r.village", village)
    conditions.equal("r.year", year)
    if due_back is not None:
        conditions.parts.append("r.due_back > 0" if due_back else "r.due_back = 0")
    return await page(
        connection,
        ANNUAL_RESULT,
        conditions,
        source="annual_result r",
        alias="r",
        columns=ANNUAL_RESULT.columns,
        usually="annual_result",
        **paging,
    )
