"""The ledger of maintenance expenses (维修维护支出台账, A12): a row per expense, with the village's part and how far it is paid."""

from __future__ import annotations

from typing import Final, Unpack

from sqlalchemy import Index

from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import UNIT_CODE, states
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    ledger_table,
    money_column,
    text_column,
    whole_column,
)
from projections.engine.writing import Connection

STATE: Final = states(PROPOSED="已提出", PAYING="部分支付", PAID="已支付")

MAINTENANCE: Final = ledger_table(
    "maintenance_expense",
    text_column("maintenance_expense", "支出编号"),
    text_column("village", "村集体", of=UNIT_CODE),
    text_column("asset", "资产编号"),
    money_column("cost", "费用总额"),
    money_column("share", "本村应承担金额"),
    whole_column("lines", "明细行数"),
    text_column("legal_basis", "依据文号", null=True),
    code_column("state", "支出状态", STATE),
    day_column("proposed_on", "提出日期"),
    text_column("procedure", "程序编号", null=True),
    money_column("paid", "已支付金额"),
    whole_column("payments", "支付次数"),
    day_column("last_paid_on", "最近支付日期", null=True),
    key=("maintenance_expense",),
    group="maintenance_expense",
    comment="维修维护支出：每项支出一行",
    indexes=(Index("maintenance_expense_village_idx", "county", "village"),),
)


def _proposed(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    rows.put(
        MAINTENANCE,
        {
            "maintenance_expense": event.id,
            "village": data["village"],
            "asset": data["asset"],
            "cost": data["cost"],
            "share": data["share"],
            "lines": len(data["lines"]),
            "legal_basis": data["lines"][0].get("legalBasis"),
            "state": "PROPOSED",
            "proposed_on": event.day,
            "procedure": None,
            "paid": 0,
            "payments": 0,
            "last_paid_on": None,
            "position": event.position,
        },
    )


def _paid(event: LedgerEvent, rows: Rows) -> None:
    row: Row = rows.edit(MAINTENANCE, event.id)
    payment = event.data["payment"]
    paid, paid_on = row["paid"] + payment["amount"], day(payment["paidOn"])
    row.update(
        paid=paid,
        payments=row["payments"] + 1,
        last_paid_on=max(row["last_paid_on"] or paid_on, paid_on),
        procedure=event.data["procedure"],
        state="PAID" if paid == row["share"] else "PAYING",
        position=event.position,
    )


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(MAINTENANCE, event.id)]


PROJECTION: Final = Projection(
    name="maintenance_expenses",
    title="维修维护支出台账",
    version=1,
    tables=(MAINTENANCE,),
    handlers={"maintenance_expense.proposed": _proposed, "maintenance_expense.paid": _paid},
    keys=_keys,
)


async def maintenance_page(
    connection: Connection,
    county: str,
    *,
    village: str | list[str] | None = None,
    asset: str | list[str] | None = None,
    state: str | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Expenses in order of their codes."""
    conditions = Conditions()
    conditions.equal("m.county", county)
    conditions.equal("m.village", village)
    conditions.equal("m.asset", asset)
    conditions.equal("m.state", state)
    return await page(
        connection,
        MAINTENANCE,
        conditions,
        source="maintenance_expense m",
        alias="m",
        columns=MAINTENANCE.columns,
        usually="maintenance_expense",
        **paging,
    )
