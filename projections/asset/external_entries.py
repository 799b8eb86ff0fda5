"""The tracker of entries in systems outside (外部系统录入跟踪, T9, T10): a row per asset and system, open until it is entered.

An obligation opens with the confirmation of an asset, or the registration of a household asset, as that event says.
Names and places come from the registers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, Unpack

from sqlalchemy import Index

from projections.engine.codes import HOLDING, SYSTEM
from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import UNIT_CODE, Each, states
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    flag_column,
    json_column,
    ledger_table,
    text_column,
)
from projections.engine.writing import Connection

EXTERNAL_ENTRY: Final = ledger_table(
    "external_entry",
    text_column("asset", "资产编号"),
    code_column("system", "系统", SYSTEM),
    code_column("holding", "资产类别：ASSET 扶贫资产 / HOUSEHOLD 到户资产", HOLDING),
    json_column("owners", "所有权人", of=Each(UNIT_CODE), title="所有权单位"),
    json_column("entered_by", "录入单位", of=Each(UNIT_CODE)),
    flag_column("after_stocktake", "是否须先清产核资"),
    flag_column("rule_gap", "是否文件未明确"),
    day_column("opened_on", "应录入起始日期"),
    code_column(
        "state",
        "状态：OPEN 未录入 / CLOSED 已录入 / LAPSED 不再需要",
        states(OPEN="未录入", CLOSED="已录入", LAPSED="不再需要"),
    ),
    text_column("ref_no", "回执编号", null=True),
    day_column("entered_on", "录入日期", null=True),
    text_column("recorded_by", "登记单位", of=UNIT_CODE, null=True),
    key=("asset", "system"),
    group="asset",
    comment="外部系统录入跟踪：每项资产每个系统一行",
    indexes=(Index("external_entry_state_idx", "county", "state", "system"),),
)


def _open(event: LedgerEvent, rows: Rows, holding: str, owners: list[str]) -> None:
    """Open what the event says is due; what was open before and is not any more lapses."""
    duties: Mapping[str, Mapping[str, Any]] = {
        one["system"]: one for one in event.data.get("externalDuties", ())
    }
    known = {row["system"]: row["state"] for row in rows.group(EXTERNAL_ENTRY, event.id)}
    _lapse(event, rows, (system for system in known if system not in duties))
    for system, duty in duties.items():
        if known.get(system) == "CLOSED":
            continue
        rows.put(
            EXTERNAL_ENTRY,
            {
                "asset": event.id,
                "system": system,
                "holding": holding,
                "owners": owners,
                "entered_by": duty["enteredBy"],
                "after_stocktake": duty.get("afterStocktake", False),
                "rule_gap": duty.get("ruleGap", False),
                "opened_on": event.day,
                "state": "OPEN",
                "ref_no": None,
                "entered_on": None,
                "recorded_by": None,
                "position": event.position,
            },
        )


def _confirmed(event: LedgerEvent, rows: Rows) -> None:
    _open(event, rows, "ASSET", [one["party"] for one in event.data["confirmation"]["owners"]])


def _household_registered(event: LedgerEvent, rows: Rows) -> None:
    _open(event, rows, "HOUSEHOLD", [])  # whose it is stands in the household register alone


def _entered(event: LedgerEvent, rows: Rows) -> None:
    entry = event.data["entry"]
    system = entry["system"]
    if all(row["system"] != system for row in rows.group(EXTERNAL_ENTRY, event.id)):
        _put_unasked(event, rows, system)  # imported history: somebody entered it where it does not belong
    row = rows.edit(EXTERNAL_ENTRY, event.id, system)
    row["state"] = "CLOSED"
    row["ref_no"] = entry.get("refNo")
    row["entered_on"] = day(entry["enteredOn"])
    row["recorded_by"] = event.actor.organization
    row["position"] = event.position


def _put_unasked(event: LedgerEvent, rows: Rows, system: str) -> None:
    rows.put(
        EXTERNAL_ENTRY,
        {
            "asset": event.id,
            "system": system,
            "holding": "HOUSEHOLD" if event.type.startswith("household_asset.") else "ASSET",
            "owners": [],
            "entered_by": [],
            "after_stocktake": False,
            "rule_gap": False,
            "opened_on": event.day,
            "state": "OPEN",
            "ref_no": None,
            "entered_on": None,
            "recorded_by": None,
            "position": event.position,
        },
    )


def _lapse_all(event: LedgerEvent, rows: Rows) -> None:
    _lapse(event, rows, [row["system"] for row in rows.group(EXTERNAL_ENTRY, event.id)])


def _lapse(event: LedgerEvent, rows: Rows, systems: Iterable[str]) -> None:
    for system in list(systems):
        row = rows.edit(EXTERNAL_ENTRY, event.id, system)
        if row["state"] == "OPEN":
            row["state"] = "LAPSED"
            row["position"] = event.position


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(EXTERNAL_ENTRY, event.id)]


PROJECTION: Final = Projection(
    name="external_entries",
    title="外部系统录入跟踪",
    version=4,
    tables=(EXTERNAL_ENTRY,),
    handlers={
        "asset.ownership_confirmed": _confirmed,
        "asset.external_entry_recorded": _entered,
        "asset.disposed": _lapse_all,
        "household_asset.registered": _household_registered,
        "household_asset.external_entry_recorded": _entered,
        "household_asset.registration_closed": _lapse_all,
    },
    keys=_keys,
    weight=1,
)

SOURCE: Final = (
    "external_entry e"
    " LEFT JOIN asset_register a ON a.county = e.county AND a.asset = e.asset AND e.holding = 'ASSET'"
    " LEFT JOIN household_register h ON h.county = e.county AND h.asset = e.asset AND e.holding = 'HOUSEHOLD'"
)
"""An obligation beside the register's row of its asset."""

PLACED: Final = {
    "asset_name": "coalesce(a.asset_name, h.asset_name)",
    "asset_type": "coalesce(a.asset_type, h.asset_type)",
    "village": "coalesce(a.village, h.village)",
    "township": "coalesce(a.township, h.township)",
}
"""What the registers say of it."""


async def external_entry_page(
    connection: Connection,
    county: str,
    *,
    on: date,
    within_days: int,
    system: str | list[str] | None = None,
    unit: str | None = None,
    village: str | list[str] | None = None,
    township: str | list[str] | None = None,
    holding: str | None = None,
    state: str | None = None,
    overdue: bool | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Obligations with `due_on` and `overdue` as of a day, `within_days` after they opened. `unit`: owner or enterer."""
    conditions = _conditions(
        county, on, within_days, overdue, system, unit, village, township, holding, state
    )
    due = f"e.opened_on + {int(within_days)}"
    return await page(
        connection,
        EXTERNAL_ENTRY,
        conditions,
        source=SOURCE,
        alias="e",
        columns=EXTERNAL_ENTRY.columns,
        usually="asset",
        **paging,
        extra=[
            *(f"{text} AS {name}" for name, text in PLACED.items()),
            f"{due} AS due_on",
            f"(e.state = 'OPEN' AND {due} < date '{on.isoformat()}') AS overdue",
        ],
    )


async def external_entry_totals(
    connection: Connection,
    county: str,
    *,
    on: date,
    within_days: int,
    system: str | list[str] | None = None,
    unit: str | None = None,
    village: str | list[str] | None = None,
    township: str | list[str] | None = None,
    holding: str | None = None,
    state: str | None = None,
    overdue: bool | None = None,
) -> Row:
    """How many are open, overdue, closed and lapsed among what the filters cover."""
    conditions = _conditions(
        county, on, within_days, overdue, system, unit, village, township, holding, state
    )
    late = f"e.state = 'OPEN' AND e.opened_on + {int(within_days)} < date '{on.isoformat()}'"
    record = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE e.state = 'OPEN') AS open,"
        f" count(*) FILTER (WHERE {late}) AS overdue,"
        " count(*) FILTER (WHERE e.state = 'CLOSED') AS closed,"
        " count(*) FILTER (WHERE e.state = 'LAPSED') AS lapsed"
        f" FROM {SOURCE} WHERE {conditions.where}",
        *conditions.parameters,
    )
    return dict(record)


def _conditions(
    county: str,
    on: date,
    within_days: int,
    overdue: bool | None,
    system: Any,
    unit: str | None,
    village: Any,
    township: Any,
    holding: str | None,
    state: str | None,
) -> Conditions:
    conditions = Conditions()
    conditions.equal("e.county", county)
    conditions.equal("e.system", system)
    conditions.equal("e.holding", holding)
    conditions.equal("e.state", state)
    conditions.equal(PLACED["village"], village)
    conditions.equal(PLACED["township"], township)
    if unit is not None:
        conditions.add("(e.owners ? {} OR e.entered_by ? {})", unit, unit)
    if overdue is not None:
        late = f"(e.state = 'OPEN' AND e.opened_on + {int(within_days)} < date '{on.isoformat()}')"
        conditions.parts.append(late if overdue else f"NOT {late}")
    return conditions
