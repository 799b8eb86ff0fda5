"""Any ledger as of a business day, as known at a place in the log: the log's events folded once more (D7).

The same handlers that fill the live tables fill temporary ones of the same names, from the events whose business date
is not after the day and whose position is not after the place. Every question a ledger answers can then be asked on
that connection, and is answered as of that moment. Memory is bounded: beyond `ROWS_IN_MEMORY` rows are written out and
loaded again where an event needs them.

An event can rest on one whose business date lies after its own (a paper dated before the asset it belongs to). As of a
day in between it cannot be shown; such events are counted in `unplaced`, never guessed at.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from projections.engine.events import EventReader, LedgerEvent
from projections.engine.projection import PoisonEvent, Projection
from projections.engine.rows import Row, Rows
from projections.engine.tables import LedgerTable
from projections.engine.writing import Connection, load, write_fast

ROWS_IN_MEMORY: Final = 60_000
SLICE: Final = 250
"""Events between two looks at the network."""

Batches = AsyncIterator[Sequence[tuple[int, bytes]]]
"""(position, stored bytes) in order of position."""


@dataclass(slots=True)
class PastLedger:
    """One ledger at a moment, growing along the log."""

    projection: Projection
    county: str
    on: date | None
    """Business day; None: whatever the business date."""
    position: int = 0
    """How far in the log it is."""
    unplaced: int = 0
    rows: Rows = field(init=False)
    _complete: bool = field(init=False, default=True)

    def __post_init__(self) -> None:
        self.rows = self.projection.rows(self.county)

    async def create(self, connection: Connection, schema: str) -> None:
        """Temporary tables like those of `schema`, in front of them on this connection's search path."""
        await connection.execute(f'SET search_path = pg_temp, "{schema}"')
        for ledger in self.projection.tables:
            await connection.execute(
                f'CREATE TEMPORARY TABLE {ledger.name} (LIKE "{schema}".{ledger.name} INCLUDING DEFAULTS)'
            )
            await connection.execute(f"ALTER TABLE {ledger.name} ADD PRIMARY KEY ({', '.join(ledger.key)})")

    async def grow(
        self, connection: Connection, reader: EventReader, batches: Batches, position: int
    ) -> None:
        """Take in the events up to `position`; the tables then show the ledger at that moment."""
        async for stored in batches:
            events = reader.read_all(stored)
            for start in range(0, len(events), SLICE):
                await self._take(connection, events[start : start + SLICE])
                await asyncio.sleep(0)
        await self._write(connection)
        for ledger in self.projection.tables:
            await connection.execute(f"ANALYZE {ledger.name}")
        self.position = position

    async def _take(self, connection: Connection, events: Sequence[LedgerEvent]) -> None:
        handlers, on = self.projection.handlers, self.on
        mine = [event for event in events if event.type in handlers and (on is None or event.day <= on)]
        if not self._complete:
            await load(connection, self.rows, (key for event in mine for key in self.projection.keys(event)))
        for event in mine:
            self._apply(event)
        held = sum(len(table.groups) + len(table.appended) for table in self.rows.tables.values())
        if held > ROWS_IN_MEMORY:
            await self._write(connection)

    def _apply(self, event: LedgerEvent) -> None:
        before = None if self.on is None else _Before(self.rows, self.projection.keys(event))
        try:
            self.projection.handlers[event.type](event, self.rows)
        except Exception as error:
            if before is None or not isinstance(error, KeyError):
                reason = f"{type(error).__name__}: {error}"
                raise PoisonEvent(self.projection.name, event.position, event.type, reason) from error
            before.restore()
            self.unplaced += 1

    async def _write(self, connection: Connection) -> None:
        await write_fast(connection, self.rows)
        for table in self.rows.tables.values():
            table.forget()
        self._complete = False


class _Before:
    """The rows an event may change, as they were: what it left half done is taken back."""

    def __init__(self, rows: Rows, keys: Any) -> None:
        self._rows = rows
        self._groups: list[tuple[LedgerTable, str, dict[Any, Row] | None]] = [
            (ledger, group, _copied(rows.tables[ledger.name].groups.get(group))) for ledger, group in keys
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


def _copied(group: dict[Any, Row] | None) -> dict[Any, Row] | None:
    return None if group is None else {sub: dict(row) for sub, row in group.items()}
