"""Fills shadow tables: events are read by position, applied in memory, and written within bounds, positions with them.

What has nothing yet is folded stream after stream instead, where a ledger's groups are of one stream each
(`service.ledgers.rebuild.streams`): a group is then in memory once, and never read back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

import asyncpg

from projections.engine.events import EventReader, LedgerEvent
from projections.engine.refold import late_positions, late_streams, refold
from projections.engine.tables import SHADOW
from projections.engine.writing import load, write_fast
from service.ledgers.projector import keys_of
from service.ledgers.rebuild.claims import Claims
from service.ledgers.rebuild.plan import RebuildImpossible, RebuildLimits, RebuildProgress, Shadow
from service.ledgers.rebuild.shadow_tables import ensure_keys
from service.ledgers.rebuild.shadow_writer import ShadowWriter, cancelled

READ_AT_ONCE: Final = 4000
"""Events of one fetch, about: the stretch of the log that is asked for is as long as it takes to find so many."""
MOST_STRETCH: Final = 8 * READ_AT_ONCE
"""Positions of one fetch: behind events that nobody reads there can be as many in a row that are read."""
SLICE: Final = 250
"""Events between two looks at the network: the next fetch fills up while these are applied."""

_READ: Final = """
SELECT e.position, e.body FROM event e JOIN unnest($4::text[]) AS wanted (type) ON e.type = wanted.type
WHERE e.county = $1 AND e.position > $2 AND e.position <= $3 ORDER BY e.position"""
_HELD: Final = "SELECT count(*) FROM event WHERE county = $1 AND position > $2 AND position <= $3"


class Replay(ShadowWriter):
    """The log replayed into shadows, on a connection that writes and another that reads the log."""

    def __init__(
        self,
        work: asyncpg.Connection,
        log: asyncpg.Connection,
        claims: Claims,
        *,
        reader: EventReader,
        limits: RebuildLimits,
        report: Callable[[RebuildProgress], None],
    ) -> None:
        super().__init__(work, limits)
        self.shadows: dict[str, Shadow] = {}
        """By projection: what is being rebuilt and has not taken its place."""
        self.done = 0.0
        self.total = 0
        self.log, self.reader = log, reader
        self._claims, self._report = claims, report
        self._swapping = False

    def tell(self, phase: str) -> None:
        """Say how far it is."""
        self._report(RebuildProgress(phase, min(round(self.done), self.total), self.total))

    def share(self, members: Sequence[Shadow]) -> float:
        """The part of all the work that a pass for these is."""
        return len(members) / max(len(self.shadows), 1)

    async def replay(self, shadows: Sequence[Shadow], county: str, upto: int) -> None:
        """Bring shadows to `upto`, those that are behind first, then all in one pass."""
        while True:
            low = min(shadow.positions.get(county, 0) for shadow in shadows)
            if low >= upto:
                return
            members = [shadow for shadow in shadows if shadow.positions.get(county, 0) == low]
            ahead = [shadow.positions[county] for shadow in shadows if shadow.positions.get(county, 0) > low]
            await self.copied()
            end = min([upto, *ahead])
            late = await late_positions(self.work, county, low, end)
            async for reached, rows in self._read(members, county, low, end):
                events = self.reader.read_all(rows)
                await self._load(members, county, events)
                anew = {one.projection.name: late_streams(one.projection, events, late) for one in members}
                for start in range(0, len(events), SLICE):
                    await self._apply(members, county, events[start : start + SLICE], anew)
                    await asyncio.sleep(0)  # lets the next fetch in
                await self._refold(members, county, reached, anew)
                for shadow in members:
                    shadow.events += reached - low
                    shadow.positions[county] = reached
                self.done += (reached - low) * self.share(members)
                low = reached
                self.tell("replaying")
                await self.keep_within_limits(members)

    async def _read(
        self, members: Sequence[Shadow], county: str, low: int, upto: int
    ) -> AsyncIterator[tuple[int, list[Any]]]:
        """Events low < position ≤ upto of the types that these ledgers read, each time with the position up to which there
        are no more; the next ones are on their way while the caller works.
        """
        await self.require_all(county, low, upto)
        types = sorted({name for shadow in members for name in shadow.projection.handlers})
        stretch = READ_AT_ONCE

        def fetch() -> asyncio.Future[list[Any]]:
            return asyncio.ensure_future(self.log.fetch(_READ, county, low, min(low + stretch, upto), types))

        coming = fetch()
        try:
            while low < upto:
                rows = await coming
                low = min(low + stretch, upto)
                stretch = min(MOST_STRETCH, max(READ_AT_ONCE, stretch * READ_AT_ONCE // max(len(rows), 1)))
                if low < upto:
                    coming = fetch()
                yield low, rows
        finally:
            await cancelled(coming)

    async def require_all(self, county: str, low: int, upto: int) -> None:
        """The log has every event low < position ≤ upto; RebuildImpossible."""
        if await self.log.fetchval(_HELD, county, low, upto) != upto - low:
            raise RebuildImpossible(f"The log of {county} does not hold all events from {low + 1} to {upto}.")

    async def _load(self, members: Sequence[Shadow], county: str, events: Sequence[LedgerEvent]) -> None:
        """Bring back rows that were written and forgotten, where these events look at them."""
        for shadow in members:
            rows = shadow.rows_of(county)
            if all(table.complete or table.ledger.group is None for table in rows.tables.values()):
                continue
            handlers = shadow.projection.handlers
            mine = [event for event in events if event.type in handlers]
            if mine:
                await self.begin()
                await ensure_keys(self.work, shadow)
                await load(self.work, rows, keys_of(shadow.projection, mine), schema=SHADOW)

    async def _refold(
        self, members: Sequence[Shadow], county: str, upto: int, anew: Mapping[str, set[str]]
    ) -> None:
        """Make anew what late events touch, from the log."""
        for shadow in members:
            streams = anew[shadow.projection.name]
            if streams:
                await self.begin()
                rows = shadow.rows_of(county)
                if not all(table.complete for table in rows.tables.values()):
                    await ensure_keys(self.work, shadow)
                await refold(
                    self.work, shadow.projection, rows, streams, self.reader, upto=upto, schema=SHADOW
                )

    async def _apply(
        self,
        members: Sequence[Shadow],
        county: str,
        events: Sequence[LedgerEvent],
        anew: Mapping[str, set[str]],
    ) -> None:
        for shadow in members:
            projection = shadow.projection
            handlers = projection.handlers
            streams = anew[projection.name]
            mine = [event for event in events if event.type in handlers and event.stream not in streams]
            rows = shadow.rows_of(county)
            if mine:
                projection.apply(mine, rows)
                for table in rows.tables.values():
                    if len(table.appended) >= self.limits.appended:
                        await self.begin()
                        appended, table.appended = table.appended, []
                        self.copy_beside({table.ledger: appended})

    async def keep_within_limits(self, members: Sequence[Shadow]) -> None:
        """Commit where too much is in memory, or the last time is too long ago."""
        if self._swapping:
            return  # its transaction ends with the swap and not before
        kept = sum(
            len(t.groups) for shadow in members for rows in shadow.rows.values() for t in rows.tables.values()
        )
        if kept > self.limits.rows or self.due:
            await self.commit()
        if kept > self.limits.rows:
            for shadow in self.shadows.values():
                for rows in shadow.rows.values():
                    for table in rows.tables.values():
                        table.forget()

    async def fence(self) -> None:
        """Only who holds the rebuilds may write; locks their rows."""
        await self._claims.fence(self.work, list(self.shadows.values()))

    async def advance(self) -> None:
        """Write the rows in memory, and the positions with them."""
        for shadow in self.shadows.values():
            await self.flush(shadow)
            await self._claims.advance(self.work, shadow)

    async def flush(self, shadow: Shadow) -> None:
        """Write what is in memory of one shadow."""
        for rows in shadow.rows.values():
            if any(len(table.changed) > len(table.new) for table in rows.tables.values()):
                await ensure_keys(self.work, shadow)
            await write_fast(self.work, rows, schema=SHADOW)

    @contextlib.asynccontextmanager
    async def swapping(self) -> AsyncIterator[None]:
        """One transaction in which shadows are brought forward and take their places: nothing else commits it."""
        transaction = self.work.transaction()
        await transaction.start()
        self._transaction = transaction
        self._swapping = True
        try:
            yield
        except BaseException:
            self._transaction = None
            await self._stop_copying()
            await transaction.rollback()
            raise
        finally:
            self._swapping = False
        self._transaction = None
        await transaction.commit()
