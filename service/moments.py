"""Ledgers at past moments: folded from the log on a connection of their own, and kept for the next question.

The first question about a moment costs a pass over the log; the next ones cost what the current ledger costs. A kept
moment grows along the log, so "as of that day, as known now" is only caught up with what came since.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import asyncpg

from projections.as_of import PastLedger
from projections.catalogue import CATALOGUE
from projections.events import EventReader
from projections.writing import Connection
from service.event_store import EventStore

MOST_KEPT: Final = 3
"""Moments kept at most: each holds a connection, and the rows of its ledgers in the database's temporary files."""
BATCH: Final = 4000

Key = tuple[str, tuple[str, ...], date | None]


@dataclass(slots=True, eq=False)
class _Kept:
    """One moment: its connection, once it has one, and how far its ledgers are. Used by one question at a time."""

    ledgers: list[PastLedger] = field(default_factory=list)
    connection: Any = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Moments:
    """Past moments of all counties' ledgers. Close it before the pool."""

    def __init__(self, pool: asyncpg.Pool, store: EventStore) -> None:
        self._pool = pool
        self._store = store
        self._reader = EventReader(store.codec.upcast)
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._most = min(MOST_KEPT, pool.get_max_size() // 4)

    async def aclose(self) -> None:
        """Forget every moment and give the connections back."""
        while self._kept:
            _, kept = self._kept.popitem()
            await self._drop(kept)

    async def position_at(self, county: str, moment: datetime) -> int:
        """The last position recorded at or before a moment; 0 when there was none. Recorded times never decrease."""
        low = 0
        high = await self._pool.fetchval("SELECT position FROM log_head WHERE county = $1", county) or 0
        while low < high:
            middle = (low + high + 1) // 2
            recorded = await self._pool.fetchval(
                "SELECT recorded_at FROM event WHERE county = $1 AND position = $2", county, middle
            )
            low, high = (middle, high) if recorded <= moment else (low, middle - 1)
        return low

    @asynccontextmanager
    async def at(
        self, county: str, names: Sequence[str], on: date | None, position: int
    ) -> AsyncIterator[tuple[Connection, int]]:
        """A connection on which these ledgers are as of `on`, as known at `position`; and how many events could not
        be placed. Nobody else asks on it meanwhile.
        """
        key = (county, tuple(sorted(names)), on)
        kept = self._kept.setdefault(key, _Kept())
        self._kept.move_to_end(key)
        kept.users += 1
        try:
            async with kept.lock:
                try:
                    await self._bring(kept, key, position)
                except BaseException:
                    await self._drop(kept)  # half folded: begun anew by who asks next
                    raise
                yield kept.connection, sum(one.unplaced for one in kept.ledgers)
        finally:
            kept.users -= 1
            await self._trim()

    async def _bring(self, kept: _Kept, key: Key, position: int) -> None:
        """Fold what is missing up to `position`; from the beginning where the ledgers are beyond it."""
        county, names, on = key
        if kept.connection is not None and kept.ledgers[0].position > position:
            await self._drop(kept)
        if kept.connection is None:
            kept.connection = await self._pool.acquire()
            schema = await kept.connection.fetchval("SELECT current_schema()")
            kept.ledgers = [PastLedger(CATALOGUE[name], county, on) for name in names]
            for ledger in kept.ledgers:
                await ledger.create(kept.connection, schema)
        for ledger in kept.ledgers:
            if ledger.position < position:
                batches = self._store.read_stored(county, after=ledger.position, upto=position, batch=BATCH)
                await ledger.grow(kept.connection, self._reader, batches, position)

    async def _trim(self) -> None:
        """Keep the moments asked for last; one in use is left alone."""
        for key in list(self._kept):
            if len(self._kept) <= self._most:
                return
            if not self._kept[key].users:
                await self._drop(self._kept.pop(key))

    async def _drop(self, kept: _Kept) -> None:
        """Close the connection: its temporary tables and prepared statements must not meet others' questions."""
        connection, kept.connection = kept.connection, None
        if connection is not None:
            await connection.close()
            await self._pool.release(connection)
