"""Rows that a late event touches, folded anew from the log in business time (`domain.order`).

An event whose business day is not before the newest of its stream is applied to the rows as they are. One that comes late
(the log lists these, `late_event`) would find rows that later days have changed already: then the groups of its stream are
folded anew from all their events, and nothing else. The handlers are the same, and so are the rows, whether the events
came in order or not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from functools import partial
from typing import Any, Final

from domain.catalogue import AGGREGATE_KINDS
from domain.order import UNPLACED, place_of, placed
from projections.engine.events import EventReader, LedgerEvent
from projections.engine.projection import PoisonEvent, Projection
from projections.engine.rows import Row, Rows
from projections.engine.tables import LedgerTable
from projections.engine.writing import Connection, load

_LATE: Final = "SELECT position FROM late_event WHERE county = $1 AND position > $2 AND position <= $3"
_OF_STREAMS: Final = """
SELECT position, body FROM event
WHERE county = $1 AND stream = ANY($2::text[]) AND position <= $3 ORDER BY position"""
_NAMING: Final = """
SELECT position, body FROM event
WHERE county = $1 AND type = ANY($2::text[]) AND position <= $3
    AND EXISTS (SELECT FROM unnest($4::text[]) AS named WHERE position(convert_to(named, 'UTF8') IN body) > 0)
ORDER BY position"""

_REACHED: Final = ("position", "version")
"""Columns that say how far in the log a row is: the last event that touched it, in whatever order they happened."""

_Group = tuple[LedgerTable, str]


async def late_positions(connection: Connection, county: str, after: int, upto: int) -> frozenset[int]:
    """Positions of the events in a stretch of the log that lie before an older one of their stream."""
    return frozenset([row[0] for row in await connection.fetch(_LATE, county, after, upto)])


def late_streams(projection: Projection, events: Iterable[LedgerEvent], late: Collection[int]) -> set[str]:
    """Streams of which these events hold a late one that the projection reads and whose rows depend on the order."""
    if not late or all(table.group is None for table in projection.tables):
        return set()
    return {
        event.stream
        for event in events
        if event.position in late and event.type in projection.handlers and _in_business_time(event.stream)
    }


def _in_business_time(stream: str) -> bool:
    return AGGREGATE_KINDS[stream.partition("-")[0]].IN_BUSINESS_TIME


async def refold(
    connection: Connection,
    projection: Projection,
    rows: Rows,
    streams: Collection[str],
    reader: EventReader,
    *,
    upto: int,
    until: date | None = None,
    schema: str | None = None,
) -> list[LedgerEvent]:
    """Make the groups of some streams anew in `rows`, from the events up to a position (and a business day).

    Gives the events that have no place: they rest on what the log does not have by then.
    """
    told = await _read(connection, projection, reader, until, _OF_STREAMS, rows.county, list(streams), upto)
    groups = _groups_of(projection, told)
    foreign = await _naming(connection, projection, reader, until, groups, upto, rows.county)
    events = [*told, *(one for one in foreign if one.stream not in streams)]
    scratch = await _scratch(connection, projection, rows, groups, events, schema)
    highest: dict[tuple[str, str, Any], dict[str, int]] = {}

    def take(event: LedgerEvent) -> bool:
        keys = list(projection.keys(event))
        before = Before(scratch, keys)
        try:
            projection.handlers[event.type](event, scratch)
        except UNPLACED:
            before.restore()
            return False
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise PoisonEvent(projection.name, event.position, event.type, reason) from error
        for ledger, group in keys:
            for sub, row in scratch.tables[ledger.name].groups.get(group, {}).items():
                reached = highest.setdefault((ledger.name, group, sub), {})
                reached.update((one, max(reached.get(one, 0), row[one])) for one in _REACHED if one in row)
        return True

    unplaced = placed(events, partial(_place, projection, streams), take)
    mine = {one.partition("-")[2] for one in streams}
    await load(connection, rows, groups, schema=schema)
    for ledger, group in groups:
        made = scratch.tables[ledger.name].groups.get(group, {})
        there = rows.tables[ledger.name].groups.get(group, {})
        whose = projection.shared.get(ledger)
        for sub in [one for one in there if one not in made and (whose is None or there[one][whose] in mine)]:
            rows.delete(ledger, group, sub)
        for sub, row in made.items():
            row.update(highest[ledger.name, group, sub])
            if there.get(sub) != row:
                rows.put(ledger, row)
    return unplaced


def _place(projection: Projection, streams: Collection[str], event: LedgerEvent) -> tuple[int, date, int]:
    """The order within a group: its stream's, and what other streams say of it before or behind that, as it became known."""
    if event.stream not in streams:
        return 1 if projection.foreign_first else 3, date.min, event.position
    follows, day, position = place_of(event.version, event.day, event.position)
    return 2 if follows else 0, day if _in_business_time(event.stream) else date.min, position


async def _read(
    connection: Connection,
    projection: Projection,
    reader: EventReader,
    until: date | None,
    query: str,
    *values: Any,
) -> list[LedgerEvent]:
    events = reader.read_all(await connection.fetch(query, *values))
    return [one for one in events if one.type in projection.handlers and (until is None or one.day <= until)]


def _groups_of(projection: Projection, events: Sequence[LedgerEvent]) -> list[_Group]:
    """The groups that belong to the streams of these events."""
    found: dict[_Group, None] = {}
    for event in events:
        for ledger, group in projection.keys(event):
            if event.type not in projection.foreign.get(ledger, ()):
                found[ledger, group] = None
    return list(found)


async def _naming(
    connection: Connection,
    projection: Projection,
    reader: EventReader,
    until: date | None,
    groups: Sequence[_Group],
    upto: int,
    county: str,
) -> list[LedgerEvent]:
    """Events of other streams that touch these groups."""
    found: dict[int, LedgerEvent] = {}
    for ledger, types in projection.foreign.items():
        mine = {group for of, group in groups if of is ledger}
        if mine:
            named = [f'"{group}"' for group in sorted(mine)]
            for one in await _read(
                connection, projection, reader, until, _NAMING, county, sorted(types), upto, named
            ):
                if any(of is ledger and group in mine for of, group in projection.keys(one)):
                    found[one.position] = one
    return list(found.values())


async def _scratch(
    connection: Connection,
    projection: Projection,
    rows: Rows,
    groups: Sequence[_Group],
    events: Sequence[LedgerEvent],
    schema: str | None,
) -> Rows:
    """Rows to fold in: the groups that are made anew empty, others that the events look at as they are."""
    scratch = projection.rows(rows.county)
    for table in scratch.tables.values():
        table.forget()
    for ledger, group in groups:
        scratch.tables[ledger.name].groups[group] = {}
    others = [key for event in events for key in projection.keys(event)]
    await load(connection, rows, others, schema=schema)
    for ledger, group in others:
        into = scratch.tables[ledger.name].groups
        if group not in into:
            into[group] = copied(rows.tables[ledger.name].groups.get(group)) or {}
    return scratch


class Before:
    """The rows an event may change, as they were: what it left half done is taken back."""

    def __init__(self, rows: Rows, keys: Iterable[_Group]) -> None:
        self._rows = rows
        self._groups: list[tuple[LedgerTable, str, dict[Any, Row] | None]] = [
            (ledger, group, copied(rows.tables[ledger.name].groups.get(group))) for ledger, group in keys
        ]
        self._appended = {name: len(table.appended) for name, table in rows.tables.items()}

    def restore(self) -> None:
        """Put everything back."""
        for name, length in self._appended.items():
            del self._rows.tables[name].appended[length:]
        for ledger, group, before in self._groups:
            table = self._rows.tables[ledger.name]
            now = table.groups.pop(group, {})
            if before is not None:
                table.groups[group] = before
            for sub in {*now, *(before or ())}:
                key = (group, sub)
                if before is None or sub not in before:
                    table.changed.pop(key, None)
                    table.new.discard(key)
                elif key in table.changed:
                    table.changed[key] = before[sub]


def copied(group: dict[Any, Row] | None) -> dict[Any, Row] | None:
    """The rows of a group, to be changed without changing these."""
    return None if group is None else {sub: dict(row) for sub, row in group.items()}
