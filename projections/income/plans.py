"""The ledger of income plans (收益分配方案台账, A8): a row per plan, with its sums, how far it is paid, and whether its use was made public."""

from __future__ import annotations

from typing import Final, Unpack

from sqlalchemy import Index

from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import MONEY, UNIT_CODE, Each, member, parts, states
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    json_column,
    ledger_table,
    money_column,
    text_column,
    whole_column,
)
from projections.engine.writing import Connection

STATE: Final = states(PROPOSED="已提出", WITHDRAWN="已撤回", PAYING="部分支付", PAID="已支付")
RULESET: Final = states(GENERAL="一般收益", PV="光伏收益")

INCOME_PLAN: Final = ledger_table(
    "income_plan",
    text_column("income_plan", "方案编号"),
    text_column("village", "村集体", of=UNIT_CODE),
    whole_column("year", "年度"),
    code_column("ruleset", "适用规则", RULESET),
    money_column("amount", "方案金额"),
    money_column("village_share", "到村金额"),
    money_column("household_share", "到户金额"),
    whole_column("lines", "明细行数"),
    whole_column("households", "到户户数"),
    json_column(
        "sources",
        "各项资产的使用金额",
        of=Each(parts("LedgerPlanSource", asset=member("来源资产"), amount=member("使用金额", MONEY))),
        title="收益来源",
    ),
    code_column("state", "方案状态", STATE),
    day_column("proposed_on", "提出日期"),
    text_column("procedure", "程序编号", null=True),
    money_column("paid", "已支付金额"),
    whole_column("payments", "支付次数"),
    day_column("last_paid_on", "最近支付日期", null=True),
    day_column("published_on", "使用情况公布日期", null=True),
    whole_column("amendments", "修改次数"),
    money_column("to_pay_again", "银行退回待再支付金额"),
    key=("income_plan",),
    group="income_plan",
    comment="收益分配方案：每个方案一行",
    indexes=(Index("income_plan_village_idx", "county", "village", "year"),),
)


def _text(event: LedgerEvent) -> Row:
    """What follows from the plan's text."""
    content = event.data["content"]
    households = {one["household"] for one in content["lines"] if one.get("household") is not None}
    return {
        "year": content["year"],
        "ruleset": content.get("ruleset", "GENERAL"),
        "amount": sum(one["amount"] for one in content["lines"]),
        "village_share": event.data["villageShare"],
        "household_share": event.data["householdShare"],
        "lines": len(content["lines"]),
        "households": len(households),
        "sources": content["sources"],
    }


def _proposed(event: LedgerEvent, rows: Rows) -> None:
    rows.put(
        INCOME_PLAN,
        {
            "income_plan": event.id,
            "village": event.data["content"]["village"],
            "state": "PROPOSED",
            "proposed_on": event.day,
            "procedure": None,
            "paid": 0,
            "payments": 0,
            "last_paid_on": None,
            "published_on": None,
            "amendments": 0,
            "to_pay_again": 0,
            "position": event.position,
        }
        | _text(event),
    )


def _amended(event: LedgerEvent, rows: Rows) -> None:
    row = _row(event, rows)
    row.update(_text(event), amendments=row["amendments"] + 1)


def _withdrawn(event: LedgerEvent, rows: Rows) -> None:
    _row(event, rows).update(state="WITHDRAWN")


def _executed(event: LedgerEvent, rows: Rows) -> None:
    row = _row(event, rows)
    payment = event.data["payment"]
    paid, paid_on = row["paid"] + payment["amount"], day(payment["paidOn"])
    row["to_pay_again"] -= event.data.get("paidAgain") or 0
    row.update(
        paid=paid,
        payments=row["payments"] + 1,
        last_paid_on=max(row["last_paid_on"] or paid_on, paid_on),
        procedure=event.data["procedure"],
        state="PAID" if paid == row["amount"] else "PAYING",
    )


def _returned(event: LedgerEvent, rows: Rows) -> None:
    row = _row(event, rows)
    amount = event.data["back"]["amount"]
    row.update(paid=row["paid"] - amount, to_pay_again=row["to_pay_again"] + amount, state="PAYING")


def _published(event: LedgerEvent, rows: Rows) -> None:
    _row(event, rows).update(published_on=day(event.data["notice"]["publishedOn"]))


def _row(event: LedgerEvent, rows: Rows) -> Row:
    row = rows.edit(INCOME_PLAN, event.id)
    row["position"] = event.position
    return row


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(INCOME_PLAN, event.id)]


PROJECTION: Final = Projection(
    name="income_plans",
    title="收益分配方案台账",
    version=4,
    tables=(INCOME_PLAN,),
    handlers={
        "income_plan.proposed": _proposed,
        "income_plan.amended": _amended,
        "income_plan.withdrawn": _withdrawn,
        "income_plan.executed": _executed,
        "income_plan.payment_returned": _returned,
        "income_plan.use_published": _published,
    },
    keys=_keys,
)


async def plan_page(
    connection: Connection,
    county: str,
    *,
    village: str | list[str] | None = None,
    year: int | None = None,
    state: str | None = None,
    ruleset: str | None = None,
    unpublished: bool | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Plans in order of their codes; unpublished: paid, and its use not made public yet."""
    conditions = Conditions()
    conditions.equal("p.county", county)
    conditions.equal("p.village", village)
    conditions.equal("p.year", year)
    conditions.equal("p.state", state)
    conditions.equal("p.ruleset", ruleset)
    if unpublished is not None:
        waiting = "(p.payments > 0 AND p.published_on IS NULL)"
        conditions.parts.append(waiting if unpublished else f"NOT {waiting}")
    return await page(
        connection,
        INCOME_PLAN,
        conditions,
        source="income_plan p",
        alias="p",
        columns=INCOME_PLAN.columns,
        usually="income_plan",
        **paging,
    )
