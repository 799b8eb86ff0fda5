"""The ledger of what was recorded on behalf (代为登记台账): a row per event and the unit for which another one recorded it,
and what villages' secretaries have confirmed of it.

Whatever command marks an event so (RECORDED_ON_BEHALF) is in it; nothing of the event itself is repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Unpack

import orjson
from sqlalchemy import Index

from domain.catalogue import EVENT_TYPES
from projections.engine.events import LedgerEvent
from projections.engine.meaning import UNIT_CODE
from projections.engine.projection import Handler, Projection
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Rows
from projections.engine.tables import (
    LedgerTable,
    day_column,
    ledger_table,
    moment_column,
    position_column,
    text_column,
)
from projections.engine.writing import Connection

ON_BEHALF: Final = ledger_table(
    "on_behalf_record",
    text_column("unit", "被代为登记的单位", of=UNIT_CODE),
    text_column("recorder", "登记单位", of=UNIT_CODE),
    text_column("stream", "事件流"),
    text_column("type", "事件类型"),
    day_column("occurred_on", "业务日期"),
    moment_column("recorded_at", "记录时间"),
    key=("position", "unit"),
    group=None,
    comment="代为登记台账：每个事件每个被代登记单位一行",
    indexes=(
        Index("on_behalf_record_unit_idx", "county", "unit", "position"),
        Index("on_behalf_record_recorder_idx", "county", "recorder", "position"),
    ),
)

CONFIRMATION: Final = ledger_table(
    "on_behalf_confirmation",
    position_column("entry_position", "所确认事项的日志位置"),
    text_column("unit", "确认的村", of=UNIT_CODE),
    text_column("secretary", "确认人"),
    day_column("confirmed_on", "确认日期"),
    key=("entry_position", "unit"),
    group=None,
    comment="代为登记事项的确认：每次确认一行",
)

MARK: Final = "RECORDED_ON_BEHALF"


def represented(warnings: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Each unit for which an event with these warnings was recorded, and the unit that recorded it."""
    return {
        unit: one["params"]["recorder"]
        for one in warnings
        if one["code"] == MARK
        for unit in one["params"]["unit"].split("、")
    }


def _record(event: LedgerEvent, rows: Rows) -> None:
    if not event.basis.warnings:
        return
    warnings = [orjson.loads(memoryview(one)) for one in event.basis.warnings]
    for unit, recorder in represented(warnings).items():
        rows.append(
            ON_BEHALF,
            unit,
            recorder,
            event.stream,
            event.type,
            event.day,
            event.moment,
            event.position,
        )


def _confirmed(event: LedgerEvent, rows: Rows) -> None:
    rows.append(
        CONFIRMATION, event.data["entry"], event.id, event.data["secretary"], event.day, event.position
    )
    _record(event, rows)


HANDLERS: Final[Mapping[str, Handler]] = dict.fromkeys(sorted(EVENT_TYPES), _record) | {
    "organization.recording_confirmed": _confirmed
}


def _keys(_event: LedgerEvent) -> tuple[tuple[LedgerTable, str], ...]:
    return ()


PROJECTION: Final = Projection(
    name="on_behalf",
    title="代为登记台账",
    version=1,
    tables=(ON_BEHALF, CONFIRMATION),
    handlers=HANDLERS,
    keys=_keys,
)


async def on_behalf_page(
    connection: Connection,
    county: str,
    *,
    unit: str | list[str] | None = None,
    recorder: str | list[str] | None = None,
    township: str | None = None,
    confirmed: bool | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """What was recorded on behalf, in the order of the log. `township`: of the villages of this one."""
    conditions = Conditions()
    conditions.equal("r.county", county)
    conditions.equal("r.unit", unit)
    conditions.equal("r.recorder", recorder)
    if township is not None:
        conditions.parts.append(f"left(r.unit, 9) = left({conditions.parameter(township)}::text, 9)")
    if confirmed is not None:
        conditions.parts.append(f"c.entry_position IS {'NOT ' if confirmed else ''}NULL")
    return await page(
        connection,
        ON_BEHALF,
        conditions,
        source="on_behalf_record r LEFT JOIN on_behalf_confirmation c"
        " ON c.county = r.county AND c.entry_position = r.position AND c.unit = r.unit",
        alias="r",
        columns=ON_BEHALF.columns,
        usually="position",
        extra=["c.confirmed_on", "c.secretary AS confirmed_by"],
        **paging,
    )
