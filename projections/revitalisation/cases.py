"""The ledger of revitalisation (盘活台账, 四(十一)): a row per case, with its cause, its plan and how it ended.

Names and places come from the asset register.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Unpack

from sqlalchemy import Index

from projections.engine.events import LedgerEvent, day, day_or_none
from projections.engine.meaning import PERSON_CODE, UNIT_CODE, states, terms
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

CAUSE: Final = states(IDLE="闲置", LOW_YIELD="低效", LOSS="亏损", DECLARED="自行提出")
STATE: Final = states(OPEN="已立项", PLANNED="有方案", CLOSED="已办结", VERIFIED="已核实")

REVITALISATION: Final = ledger_table(
    "revitalisation_case",
    text_column("revitalisation_case", "事项编号"),
    text_column("asset", "资产编号"),
    code_column("cause", "盘活原因", CAUSE),
    day_column("opened_on", "立项日期"),
    day_column("idle_since", "闲置起始日期", null=True),
    whole_column("idle_days", "立项时闲置天数", null=True),
    whole_column("judged_year", "所判断的年度", null=True),
    money_column("income", "该年度到账收益", null=True),
    money_column("net", "该年度净收益", null=True),
    text_column("reason", "盘活理由", null=True),
    code_column("state", "事项状态", STATE),
    code_column("outcome", "盘活方式", terms("REVITALISATION_OUTCOME"), null=True),
    text_column("person", "责任人", of=PERSON_CODE, null=True),
    day_column("deadline", "完成期限", null=True),
    whole_column("extensions", "延期次数"),
    day_column("closed_on", "办结日期", null=True),
    text_column("closed_by", "办结单位", of=UNIT_CODE, null=True),
    text_column("result", "盘活结果", null=True),
    day_column("verified_on", "核实日期", null=True),
    key=("revitalisation_case",),
    group="revitalisation_case",
    comment="盘活事项：每件一行",
    indexes=(Index("revitalisation_case_asset_idx", "county", "asset"),),
)
_ENDED: Final = {"closed_on": None, "closed_by": None, "result": None, "verified_on": None}


def _opened(event: LedgerEvent, rows: Rows) -> None:
    found = event.data["detected"]
    year = found["years"][-1] if found.get("years") else None
    rows.put(
        REVITALISATION,
        {
            "revitalisation_case": event.id,
            "asset": event.data["asset"],
            "cause": found["cause"],
            "opened_on": event.day,
            "idle_since": day_or_none(found.get("idleSince")),
            "idle_days": found.get("idleDays"),
            "judged_year": year and year["year"],
            "income": year and year["income"],
            "net": year and year["income"] - year["upkeep"] - year["depreciation"],
            "reason": event.data.get("reason"),
            "state": "OPEN",
            "outcome": None,
            "person": None,
            "deadline": None,
            "extensions": 0,
            "position": event.position,
        }
        | _ENDED,
    )


def _planned(event: LedgerEvent, rows: Rows) -> None:
    plan = event.data["plan"]
    _row(event, rows).update(
        state="PLANNED", outcome=plan["outcome"], person=plan["person"], deadline=day(plan["deadline"])
    )


def _extended(event: LedgerEvent, rows: Rows) -> None:
    row = _row(event, rows)
    row.update(deadline=day(event.data["extension"]["deadline"]), extensions=row["extensions"] + 1)


def _closed(event: LedgerEvent, rows: Rows) -> None:
    closing = event.data["closing"]
    _row(event, rows).update(
        state="CLOSED",
        outcome=closing["outcome"],
        closed_on=day(closing["closedOn"]),
        closed_by=event.data["closedBy"],
        result=closing["result"],
    )


def _verified(event: LedgerEvent, rows: Rows) -> None:
    seen = event.data["verification"]
    row = _row(event, rows)
    if seen["confirmed"]:
        row.update(state="VERIFIED", verified_on=day(seen["verifiedOn"]))
    else:
        row.update(_ENDED, state="PLANNED")


def _reopened(event: LedgerEvent, rows: Rows) -> None:
    _row(event, rows).update(_ENDED, state="OPEN", outcome=None, person=None, deadline=None, extensions=0)


def _row(event: LedgerEvent, rows: Rows) -> Row:
    row = rows.edit(REVITALISATION, event.id)
    row["position"] = event.position
    return row


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(REVITALISATION, event.id)]


PROJECTION: Final = Projection(
    name="revitalisation",
    title="盘活台账",
    version=2,
    tables=(REVITALISATION,),
    handlers={
        "revitalisation_case.opened": _opened,
        "revitalisation_case.plan_filed": _planned,
        "revitalisation_case.extended": _extended,
        "revitalisation_case.closed": _closed,
        "revitalisation_case.verified": _verified,
        "revitalisation_case.reopened": _reopened,
    },
    keys=_keys,
)

_SOURCE: Final = (
    "revitalisation_case r LEFT JOIN asset_register a ON a.county = r.county AND a.asset = r.asset"
)
_OVERDUE: Final = "(r.state = 'PLANNED' AND r.deadline < {})"


async def revitalisation_page(
    connection: Connection,
    county: str,
    *,
    on: date,
    asset: Any = None,
    cause: str | None = None,
    state: str | None = None,
    township: Any = None,
    village: Any = None,
    overdue: bool | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Cases in order of their codes; overdue is a plan whose deadline lies before the day."""
    conditions = Conditions()
    conditions.equal("r.county", county)
    conditions.equal("r.asset", asset)
    conditions.equal("r.cause", cause)
    conditions.equal("r.state", state)
    conditions.equal("a.township", township)
    conditions.equal("a.village", village)
    late = _OVERDUE.format(f"date '{on.isoformat()}'")
    if overdue is not None:
        conditions.parts.append(late if overdue else f"NOT coalesce({late}, false)")
    return await page(
        connection,
        REVITALISATION,
        conditions,
        source=_SOURCE,
        alias="r",
        columns=REVITALISATION.columns,
        usually="revitalisation_case",
        **paging,
        extra=["a.asset_name", "a.village", "a.township", f"coalesce({late}, false) AS overdue"],
    )
