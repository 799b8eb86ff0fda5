"""The ledger of cost guarantees (管护费用保障台账, A18): a row per guarantee; approved ones are lines of a year's budget."""

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

STATE: Final = states(DECLARED="已申报", VERIFIED="已核实", APPROVED="已批准", COVERED="已支付")

GUARANTEE: Final = ledger_table(
    "cost_guarantee",
    text_column("cost_guarantee", "保障编号"),
    text_column("unit", "申报单位", of=UNIT_CODE),
    text_column("asset", "资产编号"),
    whole_column("year", "年度"),
    money_column("cost", "维护管理费用总额"),
    money_column("share", "该单位应承担金额"),
    code_column("state", "管护费用保障状态", STATE),
    day_column("declared_on", "申报日期"),
    day_column("verified_on", "核实日期", null=True),
    day_column("approved_on", "批准日期", null=True),
    whole_column("budget_year", "列入预算的年度", null=True),
    money_column("approved", "批准金额", null=True),
    money_column("covered", "县财政已支付金额"),
    key=("cost_guarantee",),
    group="cost_guarantee",
    comment="管护费用保障：每项一行，已批准的为当年预算的一行",
    indexes=(Index("cost_guarantee_unit_idx", "county", "unit", "budget_year"),),
)


def _declared(event: LedgerEvent, rows: Rows) -> None:
    declared = event.data["declaration"]
    rows.put(
        GUARANTEE,
        {
            "cost_guarantee": event.id,
            "unit": declared["unit"],
            "asset": declared["asset"],
            "year": declared["year"],
            "cost": declared["cost"],
            "share": event.data["share"],
            "state": "DECLARED",
            "declared_on": event.day,
            "verified_on": None,
            "approved_on": None,
            "budget_year": None,
            "approved": None,
            "covered": 0,
            "position": event.position,
        },
    )


def _verified(event: LedgerEvent, rows: Rows) -> None:
    _row(event, rows).update(state="VERIFIED", verified_on=day(event.data["verification"]["verifiedOn"]))


def _approved(event: LedgerEvent, rows: Rows) -> None:
    approval = event.data["approval"]
    _row(event, rows).update(
        state="APPROVED",
        approved_on=day(approval["approvedOn"]),
        budget_year=approval["budgetYear"],
        approved=approval["amount"],
    )


def _covered(event: LedgerEvent, rows: Rows) -> None:
    row = _row(event, rows)
    covered = row["covered"] + event.data["payment"]["amount"]
    row.update(covered=covered, state="COVERED" if covered == row["approved"] else row["state"])


def _row(event: LedgerEvent, rows: Rows) -> Row:
    row = rows.edit(GUARANTEE, event.id)
    row["position"] = event.position
    return row


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(GUARANTEE, event.id)]


PROJECTION: Final = Projection(
    name="cost_guarantees",
    title="管护费用保障台账",
    version=1,
    tables=(GUARANTEE,),
    handlers={
        "cost_guarantee.inability_declared": _declared,
        "cost_guarantee.verified": _verified,
        "cost_guarantee.finance_guarantee_approved": _approved,
        "cost_guarantee.county_cost_covered": _covered,
    },
    keys=_keys,
)


async def guarantee_page(
    connection: Connection,
    county: str,
    *,
    unit: str | list[str] | None = None,
    asset: str | list[str] | None = None,
    year: int | None = None,
    budget_year: int | None = None,
    state: str | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Guarantees in order of their codes; of a budget year: the lines of that year's budget."""
    conditions = Conditions()
    conditions.equal("g.county", county)
    conditions.equal("g.unit", unit)
    conditions.equal("g.asset", asset)
    conditions.equal("g.year", year)
    conditions.equal("g.budget_year", budget_year)
    conditions.equal("g.state", state)
    return await page(
        connection,
        GUARANTEE,
        conditions,
        source="cost_guarantee g",
        alias="g",
        columns=GUARANTEE.columns,
        usually="cost_guarantee",
        **paging,
    )
