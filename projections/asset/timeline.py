"""The timeline (资产履历): every event of an asset, and every event of a departure case that has it on its list.

A row says where in the log the event is, and carries what one searches by. The event itself stays in one place, the
log; reading the timeline joins it, so there is no second copy to keep, to correct or to forget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import Index

from domain.asset.asset import Asset
from domain.catalogue import EVENT_TYPES
from domain.departure.case import DepartureCase
from domain.household.asset import HouseholdAsset
from domain.oversight.policy_override import PolicyOverride
from domain.recorded import RecordedEvent
from domain.revitalisation.case import RevitalisationCase
from projections.asset.summaries import InWords, summary
from projections.engine.events import LedgerEvent
from projections.engine.projection import Handler, Projection
from projections.engine.reading import MAX_PAGE, Conditions, QuestionInvalid
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    day_column,
    ledger_table,
    moment_column,
    text_column,
    whole_column,
)
from projections.engine.writing import Connection

ASSET_TIMELINE: Final = ledger_table(
    "asset_timeline",
    text_column("asset", "资产编号"),
    text_column("stream", "事件流"),
    whole_column("version", "流内版本"),
    text_column("type", "事件类型"),
    day_column("occurred_on", "业务日期"),
    moment_column("recorded_at", "记录时间"),
    text_column("actor", "操作者"),
    text_column("actor_organization", "操作者单位", null=True),
    whole_column("warnings", "提醒条数"),
    whole_column("findings", "历史数据检查发现条数"),
    key=("asset", "position"),
    group=None,
    comment="资产履历：每项资产每个事件一行；事件内容在日志中",
    indexes=(Index("asset_timeline_position_idx", "county", "position"),),
)


def _add(event: LedgerEvent, rows: Rows, asset: str) -> None:
    actor, basis = event.actor, event.basis
    rows.append(
        ASSET_TIMELINE,
        asset,
        event.stream,
        event.version,
        event.type,
        event.day,
        event.moment,
        actor.id,
        actor.organization,
        len(basis.warnings),
        len(basis.findings),
        event.position,
    )


def _own(event: LedgerEvent, rows: Rows) -> None:
    _add(event, rows, event.id)


def _listed(event: LedgerEvent, rows: Rows) -> None:
    for asset in dict.fromkeys(event.data["assets"]):
        _add(event, rows, asset)


def _line(event: LedgerEvent, rows: Rows) -> None:
    _add(event, rows, event.data["asset"])


def _compared(event: LedgerEvent, rows: Rows) -> None:
    for line in event.data["lines"]:
        _add(event, rows, line["asset"])


def _found(event: LedgerEvent, rows: Rows) -> None:
    if (asset := event.data["finding"].get("asset")) is not None:
        _add(event, rows, asset)


def _granted(event: LedgerEvent, rows: Rows) -> None:
    _add(event, rows, event.data["overrideGrant"]["asset"])


_OF_LISTS: Final[dict[str, Handler]] = {
    f"{DepartureCase.KIND}.{fact}": handler
    for fact, handler in (
        ("opened", _listed),
        ("lines_added", _listed),
        ("lines_accepted", _listed),
        ("line_disputed", _line),
        ("dispute_resolved", _line),
        ("lines_reassigned", _listed),
        ("reconciliation_recorded", _compared),
        ("difference_resolved", _line),
        ("finding_raised", _found),
    )
}
HANDLERS: Final[Mapping[str, Handler]] = {
    **{
        name: _own
        for name in sorted(EVENT_TYPES)
        if name.partition(".")[0] in {Asset.KIND, HouseholdAsset.KIND}
    },
    **_OF_LISTS,
    f"{PolicyOverride.KIND}.granted": _granted,
    f"{PolicyOverride.KIND}.revoked": _line,
    **{name: _line for name in sorted(EVENT_TYPES) if name.partition(".")[0] == RevitalisationCase.KIND},
}


def _keys(_event: LedgerEvent) -> tuple[tuple[LedgerTable, str], ...]:
    return ()


PROJECTION: Final = Projection(
    name="asset_timeline",
    title="资产履历",
    version=1,
    tables=(ASSET_TIMELINE,),
    handlers=HANDLERS,
    keys=_keys,
    weight=2,
)

Decode = Callable[[str, int, bytes], RecordedEvent]
"""(county, position, stored bytes) → event, upcast: the codec's."""


async def timeline(
    connection: Connection,
    county: str,
    asset: str,
    *,
    decode: Decode,
    word: InWords,
    types: list[str] | None = None,
    since: date | None = None,
    until: date | None = None,
    descending: bool = False,
    limit: int = 100,
    cursor: str | None = None,
) -> tuple[list[Row], str | None]:
    """Events of an asset in the order of the log, and the next cursor. Each row: position, stream, version, type,
    `title` (Chinese), `summary` (one Chinese line), occurred_on, recorded_at, actor (object), clauses, warnings,
    findings, command_id, data. Lists of a departure case are left out of `data` (`assetCount` instead).
    """
    conditions = Conditions()
    conditions.equal("t.county", county)
    conditions.equal("t.asset", asset)
    conditions.equal("t.type", types)
    conditions.between("t.occurred_on", since, until)
    if cursor is not None:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise QuestionInvalid("cursor", cursor[:80])
        conditions.add(f"t.position {'<' if descending else '>'} {{}}", int(cursor))
    limit = max(1, min(limit, MAX_PAGE))
    records = await connection.fetch(
        "SELECT t.position, e.body FROM asset_timeline t JOIN event e ON e.county = t.county AND e.position = t.position"
        f" WHERE {conditions.where} ORDER BY t.position {'DESC' if descending else ''} LIMIT {limit + 1}",
        *conditions.parameters,
    )
    rows = [_entry(decode(county, position, body), word) for position, body in records[:limit]]
    return rows, str(rows[-1]["position"]) if len(records) > limit else None


def _entry(event: RecordedEvent, word: InWords) -> Row:
    data: dict[str, Any] = event.data
    if event.type in _OF_LISTS and "assets" in data:
        data = {name: value for name, value in data.items() if name != "assets"} | {
            "assetCount": len(data["assets"])
        }
    return {
        "position": event.position,
        "stream": event.stream,
        "version": event.version,
        "type": event.type,
        "title": EVENT_TYPES[event.type].TITLE,
        "summary": summary(event.type, event.data, word),
        "occurred_on": event.occurred_on,
        "recorded_at": event.recorded_at,
        "actor": event.actor,
        "clauses": event.basis.get("clauses", []),
        "warnings": event.basis.get("warnings", []),
        "findings": event.basis.get("findings", []),
        "command_id": event.command_id,
        "data": data,
    }
