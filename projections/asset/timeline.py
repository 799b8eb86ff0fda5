"""The timeline (资产履历): every event of an asset, and every event of another stream that names it.

An asset's own events are its stream: the log finds them by its key, and no row says it again. Kept are the places of
events of other streams that name the asset (departure cases, exceptions, cases of revitalisation), and of what was
entered long after it happened. The event itself stays in one place, the log: there is no second copy to keep, to correct or to forget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from domain.asset.asset import Asset
from domain.catalogue import EVENT_TYPES
from domain.departure.case import DepartureCase
from domain.household.asset import HouseholdAsset
from domain.oversight.policy_override import PolicyOverride
from domain.recorded import RecordedEvent
from domain.revitalisation.case import RevitalisationCase
from projections.asset.summaries import InWords, summary
from projections.engine.events import LedgerEvent, day
from projections.engine.projection import Handler, Projection
from projections.engine.reading import MAX_PAGE, Conditions, QuestionInvalid
from projections.engine.rows import Row, Rows
from projections.engine.tables import LedgerTable, day_column, ledger_table, text_column, whole_column
from projections.engine.writing import Connection

BACKDATED_DAYS: Final = 90
"""What was entered more than so many days after it happened is listed. What was imported as history is not meant (`findings`)."""

MENTION: Final = ledger_table(
    "asset_mention",
    text_column("asset", "资产编号"),
    key=("asset", "position"),
    group=None,
    comment="资产履历：其他事件流中提到资产的事件，每项资产每个事件一行；资产自身的事件在日志中",
)

BACKDATED: Final = ledger_table(
    "asset_backdated_entry",
    text_column("asset", "资产编号"),
    day_column("occurred_on", "业务日期"),
    whole_column("days", "晚记天数"),
    key=("asset", "position"),
    group=None,
    comment="事后补记：业务日期之后超过90天才记录的事件，每项资产每个事件一行",
)


def _own(event: LedgerEvent, rows: Rows) -> None:
    _when(event, rows, event.id)


def _mention(event: LedgerEvent, rows: Rows, asset: str) -> None:
    rows.append(MENTION, asset, event.position)
    _when(event, rows, asset)


def _when(event: LedgerEvent, rows: Rows, asset: str) -> None:
    """List it if it was entered long after it happened."""
    days = (day(event.recorded_at[:10]) - event.day).days
    if days > BACKDATED_DAYS and not event.basis.findings:
        rows.append(BACKDATED, asset, event.day, days, event.position)


def _listed(event: LedgerEvent, rows: Rows) -> None:
    for asset in dict.fromkeys(event.data["assets"]):
        _mention(event, rows, asset)


def _line(event: LedgerEvent, rows: Rows) -> None:
    _mention(event, rows, event.data["asset"])


def _compared(event: LedgerEvent, rows: Rows) -> None:
    for line in event.data["lines"]:
        _mention(event, rows, line["asset"])


def _found(event: LedgerEvent, rows: Rows) -> None:
    if (asset := event.data["finding"].get("asset")) is not None:
        _mention(event, rows, asset)


def _granted(event: LedgerEvent, rows: Rows) -> None:
    _mention(event, rows, event.data["overrideGrant"]["asset"])


_KINDS: Final = (Asset.KIND, HouseholdAsset.KIND)
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
    **{name: _own for name in sorted(EVENT_TYPES) if name.partition(".")[0] in _KINDS},
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
    version=2,
    tables=(MENTION, BACKDATED),
    handlers=HANDLERS,
    keys=_keys,
    weight=1,
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
    conditions.equal("e.county", county)
    conditions.equal("e.type", types)
    conditions.between("e.occurred_on", since, until)
    if cursor is not None:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise QuestionInvalid("cursor", cursor[:80])
        conditions.add(f"e.position {'<' if descending else '>'} {{}}", int(cursor))
    chosen, values = conditions.where, len(conditions.parameters)
    # Nothing beyond the mentions: a later page would pass one by that came into the ledger meanwhile.
    reached = f"SELECT position FROM projection_checkpoint WHERE county = $1 AND projection = ${values + 3}"
    limit = max(1, min(limit, MAX_PAGE))
    records = await connection.fetch(
        "SELECT position, body FROM ("
        f"SELECT e.position, e.body FROM event e WHERE {chosen} AND e.stream = ANY (${values + 1})"
        " UNION ALL SELECT e.position, e.body FROM asset_mention m"
        " JOIN event e ON e.county = m.county AND e.position = m.position"
        f" WHERE {chosen} AND m.county = e.county AND m.asset = ${values + 2}) found"
        f" WHERE position <= coalesce(({reached}), 0)"
        f" ORDER BY position {'DESC' if descending else ''} LIMIT {limit + 1}",
        *conditions.parameters,
        [f"{kind}-{asset}" for kind in _KINDS],
        asset,
        PROJECTION.name,
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
        "provenance": event.basis.get("provenance"),
        "command_id": event.command_id,
        "data": data,
    }
