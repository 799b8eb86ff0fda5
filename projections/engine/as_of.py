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
from typing import Final

from projections.engine.events import EventReader, LedgerEvent
from projections.engine.projection import PoisonEvent, Projection
from projections.engine.refold import Before, late_positions, late_streams, refold
from projections.engine.rows import Rows
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
    rows: Rows = field(init=False)
    _complete: bool = field(init=False, default=True)
    _unplaced: set[int] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.rows = self.projection.rows(self.county)

    @property
    def unplaced(self) -> int:
        """How many events have no place in it."""
        return len(self._unplaced)

    @property
    def unplaced_positions(self) -> frozenset[int]:
        """Positions of these."""
        return frozenset(self._unplaced)

    async def create(self, connection: Connection, schema: str, *, keyed: bool = True) -> None:
        """Temporary tables like those of `schema`, in front of them on this connection's search path. `keyed`: they have
        their keys from the start; where they are filled in one go, `taken_over` lays them.
        """
        await connection.execute(f'SET search_path = pg_temp, "{schema}"')
        for ledger in self.projection.tables:
            await connection.execute(
                f'CREATE TEMPORARY TABLE {ledger.name} (LIKE "{schema}".{ledger.name} INCLUDING DEFAULTS)'
            )
        if keyed:
            await self._lay_keys(connection)

    async def taken_over(self, connection: Connection, position: int, unplaced: frozenset[int]) -> None:
        """Go on with tables that somebody else folded up to `position` and that were filled from his."""
        await self._lay_keys(connection)
        await self._analyze(connection)
        for table in self.rows.tables.values():
            table.forget()
        self._complete = False
        self._unplaced = set(unplaced)
        self.position = position

    async def grow(
        self, connection: Connection, reader: EventReader, batches: Batches, position: int
    ) -> None:
        """Take in the events up to `position`; the tables then show the ledger at that moment."""
        late = await late_positions(connection, self.county, self.position, position)
        async for stored in batches:
            events = reader.read_all(stored)
            for start in range(0, len(events), SLICE):
                await self._take(connection, events[start : start + SLICE], reader, late)
                await asyncio.sleep(0)
        await self._write(connection)
        await self._analyze(connection)
        self.position = position

    async def _lay_keys(self, connection: Connection) -> None:
        for ledger in self.projection.tables:
            await connection.execute(f"ALTER TABLE {ledger.name} ADD PRIMARY KEY ({', '.join(ledger.key)})")

    async def _analyze(self, connection: Connection) -> None:
        for ledger in self.projection.tables:
            await connection.execute(f"ANALYZE {ledger.name}")

    async def _take(
        self, connection: Connection, events: Sequence[LedgerEvent], reader: EventReader, late: frozenset[int]
    ) -> None:
        handlers, on = self.projection.handlers, self.on
        mine = [event for event in events if event.type in handlers and (on is None or event.day <= on)]
        anew = late_streams(self.projection, mine, late)
        if not self._complete:
            await load(connection, self.rows, (key for event in mine for key in self.projection.keys(event)))
        for event in mine:
            if event.stream not in anew:
                self._apply(event)
        if anew:
            upto = events[-1].position
            told = {event.position for event in mine if event.stream in anew}
            lost = await refold(connection, self.projection, self.rows, anew, reader, upto=upto, until=on)
            self._unplaced = self._unplaced - told | {one.position for one in lost}
        held = sum(len(table.groups) + len(table.appended) for table in self.rows.tables.values())
        if held > ROWS_IN_MEMORY:
            await self._write(connection)

    def _apply(self, event: LedgerEvent) -> None:
        before = None if self.on is None else Before(self.rows, self.projection.keys(event))
        try:
            self.projection.handlers[event.type](event, self.rows)
        except Exception as error:
            if before is None or not isinstance(error, KeyError):
                reason = f"{type(error).__name__}: {error}"
                raise PoisonEvent(self.projection.name, event.position, event.type, reason) from error
            before.restore()
            self._unplaced.add(event.position)

    async def _write(self, connection: Connection) -> None:
        await write_fast(connection, self.rows)
        for table in self.rows.tables.values():
            table.forget()
        self._complete = False
