"""The ledger of relief plans (困难家庭帮扶台账, A11): a row per plan, with its sum, how far it is paid, and whether its use was made public."""

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

STATE: Final = states(PROPOSED="已提出", WITHDRAWN="已撤回", PAYING="部分支付", PAID="已支付")

RELIEF_PLAN: Final = ledger_table(
    "relief_plan",
    text_column("relief_plan", "帮扶方案编号"),
    text_column("village", "村集体", of=UNIT_CODE),
    money_column("amount", "帮扶金额"),
    whole_column("households", "帮扶户数"),
    code_column("state", "帮扶方案状态", STATE),
    day_column("proposed_on", "提出日期"),
    text_column("procedure", "程序编号", null=True),
    money_column("paid", "已支付金额"),
    whole_column("payments", "支付次数"),
    day_column("last_paid_on", "最近支付日期", null=True),
    day_column("published_on", "使用情况公布日期", null=True),
    key=("relief_plan",),
    group="relief_plan",
    comment="困难家庭帮扶：每个方案一行",
    indexes=(Index("relief_plan_village_idx", "county", "village"),),
)


def _proposed(event: LedgerEvent, rows: Rows) -> None:
    content = event.data["content"]
    rows.put(
        RELIEF_PLAN,
        {
            "relief_plan": event.id,
            "village": content["village"],
            "amount": sum(one["amount"] for one in content["lines"]),
            "households": len({one["household"] for one in content["lines"]}),
            "state": "PROPOSED",
            "proposed_on": event.day,
            "procedure": None,
            "paid": 0,
            "payments": 0,
            "last_paid_on": None,
            "published_on": None,
            "position": event.position,
        },
    )


def _withdrawn(event: LedgerEvent, rows: Rows) -> None:
    _row(event, rows).update(state="WITHDRAWN")


def _paid(event: LedgerEvent, rows: Rows) -> None:
    row = _row(event, rows)
    payment = event.data["payment"]
    paid, paid_on = row["paid"] + payment["amount"], day(payment["paidOn"])
    row.update(
        paid=paid,
        payments=row["payments"] + 1,
        last_paid_on=max(row["last_paid_on"] or paid_on, paid_on),
        procedure=event.data["procedure"],
        state="PAID" if paid == row["amount"] else "PAYING",
    )


def _published(event: LedgerEvent, rows: Rows) -> None:
    _row(event, rows).update(published_on=day(event.data["notice"]["publishedOn"]))


def _row(event: LedgerEvent, rows: Rows) -> Row:
    row = rows.edit(RELIEF_PLAN, event.id)
    row["position"] = event.position
    return row


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(RELIEF_PLAN, event.id)]


PROJECTION: Final = Projection(
    name="relief_plans",
    title="困难家庭帮扶台账",
    version=1,
    tables=(RELIEF_PLAN,),
    handlers={
        "relief_plan.proposed": _proposed,
        "relief_plan.withdrawn": _withdrawn,
        "relief_plan.paid": _paid,
        "relief_plan.use_published": _published,
    },
    keys=_keys,
)


async def relief_page(
    connection: Connection,
    county: str,
    *,
    village: str | list[str] | None = None,
    state: str | None = None,
    unpublished: bool | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Plans in order of their codes; unpublished: paid, and its use not made public yet."""
    conditions = Conditions()
    conditions.equal("r.county", county)
    conditions.equal("r.village", village)
    conditions.equal("r.state", state)
    if unpublished is not None:
        waiting = "(r.payments > 0 AND r.published_on IS NULL)"
        conditions.parts.append(waiting if unpublished else f"NOT {waiting}")
    return await page(
        connection,
        RELIEF_PLAN,
        conditions,
        source="relief_plan r",
        alias="r",
        columns=RELIEF_PLAN.columns,
        usually="relief_plan",
        **paging,
    )
