"""Ledgers at past moments: folded from the log on a connection of their own, and kept for the next question.

The first question about a moment costs a pass over the log; the next ones cost what the current ledger costs. A kept
moment grows along the log, so "as of that day, as known now" is only caught up with what came since.

A service folds more than a few events in a process beside its event loop (`service.ledgers.beside`), one for everybody who
waits for the same moment, which is ended when nobody waits for it any more. Tools, which serve nobody meanwhile, fold in their own.

A question about some assets folds only what they need of the log (`projections.engine.part`), unless all of it is there.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import asyncpg

from projections.catalogue import CATALOGUE
from projections.engine.as_of import PastLedger
from projections.engine.events import EventReader
from projections.engine.part import About, events_of, part_of
from projections.engine.writing import Connection
from service.admission import RoomBounds, WaitingRoom
from service.database.bulkheads import SharePool, share_of
from service.ledgers.beside import FoldOrder, folded_beside
from service.log.event_store import EventStore
from service.memory import collecting_paused
from service.pace import giving_way
from service.shares import Share, working

MOST_KEPT: Final = 3
"""Moments kept at most: each holds a connection, and the rows of its ledgers in the database's temporary files."""
FEW: Final = 2_000
"""Events that a service folds on its own loop, in steps; more are worth a process."""
BATCH: Final = 500
"""Events between two looks at what else there is to do."""
LAST: Final = 2**63 - 1

_BOUNDS: Final[dict[str, Any]] = {
    "per_key": 1,
    "waiting": 32,
    "waiting_per_key": 8,
    "wait_seconds": 10.0,
    "again_seconds": 5,
}
"""Questions about the past: one at a time for each key."""

MOST_OF_LOG: Final = 0.5
"""A part of a log that has more than this of its events is not worth leaving out the rest."""

Key = tuple[str, tuple[str, ...], date | None, int | None, About | None]
"""County, ledgers, business day, place in the log (without one it is the head, wherever that is), and what it is about."""


_asking: ContextVar[bool] = ContextVar("asking", default=False)
"""Whether this question has its place, so that its second moment needs none."""


@dataclass(slots=True, eq=False)
class _Kept:
    """One moment: its connection, once it has one, and how far its ledgers are. Used by one question at a time; folded by
    a task of its own, for whoever waits.
    """

    ledgers: list[PastLedger] = field(default_factory=list)
    connection: Any = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    """Who uses it or waits for it."""
    folding: asyncio.Task[None] | None = None

    @property
    def folded(self) -> bool:
        """Whether there is something to ask, or to go on from."""
        return self.connection is not None and self.folding is None

    @property
    def position(self) -> int:
        """How far in the log all its ledgers are."""
        return min((one.position for one in self.ledgers), default=0)


@dataclass(frozen=True, slots=True)
class Past:
    """Ledgers at a moment: where to ask, how far in the log they are, how many events could not be placed."""

    connection: Connection
    position: int
    unplaced: int


def order_of(on: date | None, position: int | None) -> tuple[date, int]:
    """The order in which two moments are taken, so that nobody waits for a moment whose holder waits for this one."""
    return on or date.max, LAST if position is None else position


class Moments:
    """Past moments of all counties' ledgers. Close it before the pool."""

    def __init__(self, pool: asyncpg.Pool, store: EventStore) -> None:
        self._pool = pool
        self._store = store
        self._reader = EventReader(store.codec.upcast)
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        share = share_of(pool, Share.PAST)
        self._connections = share
        at_once = max(1, share.get_max_size() // 3)  # each question two moments, and a look at the log
        self._most = min(MOST_KEPT, share.get_max_size() // 2)
        self._room = WaitingRoom(RoomBounds(at_once=at_once, **_BOUNDS))

    async def aclose(self) -> None:
        """Forget every moment, end what is being folded, and give the connections back."""
        while self._kept:
            _, kept = self._kept.popitem()
            await self._drop(kept)

    async def position_at(self, county: str, moment: datetime) -> int:
        """The last position recorded at or before a moment; 0 when there was none. Recorded times never decrease."""
        low, high = 0, await self._head(county)
        while low < high:
            middle = (low + high + 1) // 2
            recorded = await self._pool.fetchval(
                "SELECT recorded_at FROM event WHERE county = $1 AND position = $2", county, middle
            )
            low, high = (middle, high) if recorded <= moment else (low, middle - 1)
        return low

    @asynccontextmanager
    async def at(
        self,
        county: str,
        names: Sequence[str],
        on: date | None,
        position: int | None,
        about: About | None = None,
    ) -> AsyncIterator[Past]:
        """These ledgers as of `on`, as known at `position` (None: now), at least what is asked `about` (None: everything).
        Nobody else asks on the connection meanwhile.

        Who needs two moments at once takes them in the order of `order_of`. TOO_MANY_REQUESTS, SERVICE_BUSY where there
        is no place for the question.
        """
        with working(Share.PAST):
            key = await self._key(county, names, on, position, about)
            if _asking.get():
                async with self._at(key) as past:
                    yield past
                return
            async with self._room.place():
                token = _asking.set(True)
                try:
                    async with self._at(key) as past:
                        yield past
                finally:
                    _asking.reset(token)

    async def _key(
        self, county: str, names: Sequence[str], on: date | None, position: int | None, about: About | None
    ) -> Key:
        """The moment that is asked for: all of it where that is there, or little, or where its ledgers have no parts."""
        ledgers = tuple(sorted(names))
        if about is not None:
            kept = self._kept.get((county, ledgers, on, position, None))
            parts = all(CATALOGUE[name].aggregate is not None for name in names)
            there = kept is not None and kept.folded
            if there or not parts or (await self._head(county) if position is None else position) <= FEW:
                about = None
        return county, ledgers, on, position, about

    @asynccontextmanager
    async def _at(self, key: Key) -> AsyncIterator[Past]:
        county, _, _, position, _ = key
        kept = self._kept.setdefault(key, _Kept())
        self._kept.move_to_end(key)
        kept.users += 1
        try:
            async with kept.lock:
                place = (await self._head(county)) if position is None else position
                await self._folded(kept, key, place)
                yield Past(kept.connection, place, sum(one.unplaced for one in kept.ledgers))
        finally:
            kept.users -= 1
            if kept.folding is not None and not kept.users:
                await self._drop(kept)  # nobody waits for it any more
            await self._trim()

    async def _head(self, county: str) -> int:
        head: int | None = await self._pool.fetchval(
            "SELECT position FROM log_head WHERE county = $1", county
        )
        return head or 0

    async def _folded(self, kept: _Kept, key: Key, position: int) -> None:
        """Until it is folded up to `position`. Who is cancelled leaves the task to those who wait for the same moment."""
        while kept.folding is not None or kept.connection is None or kept.position < position:
            task = kept.folding
            if task is None:
                task = kept.folding = asyncio.create_task(self._fold(kept, key, position))
            try:
                await asyncio.shield(task)
            except Exception:
                await self._drop(kept)  # half folded: begun anew by who asks next
                raise
            kept.folding = None

    async def _fold(self, kept: _Kept, key: Key, position: int) -> None:
        """Fold what is missing up to `position`."""
        county, names, on, _, about = key
        apart = self._connections if isinstance(self._connections, SharePool) else None
        if about is not None or (apart is not None and position - kept.position > FEW):
            connection, kept.connection = kept.connection, None  # it is worth folding anew
            await self._close(connection)
        streams = None
        if kept.connection is None:
            await self._trim()  # what nobody uses makes room before, not after
            kept.ledgers = []
            kept.connection = await self._connections.acquire()
            schema = await kept.connection.fetchval("SELECT current_schema()")
            streams, count = await self._part(kept.connection, key, position)
            if apart is not None and count > FEW:
                order = FoldOrder(apart.url, apart.settings, schema, county, names, on, position, streams)
                kept.ledgers = await folded_beside(order, kept.connection)
                return
            ledgers = [PastLedger(CATALOGUE[name], county, on) for name in names]
            for ledger in ledgers:
                await ledger.create(kept.connection, schema)
            kept.ledgers = ledgers
        for ledger in kept.ledgers:
            if ledger.position < position:
                batches = self._store.read_past(
                    county,
                    list(ledger.projection.handlers),
                    on or date.max,
                    after=ledger.position,
                    upto=position,
                    batch=BATCH,
                    streams=streams,
                )
                with collecting_paused():
                    await giving_way(ledger.grow(kept.connection, self._reader, batches, position))

    async def _part(self, connection: Any, key: Key, position: int) -> tuple[tuple[str, ...] | None, int]:
        """The streams to be folded (None: all), and how many events that is at most."""
        county, names, on, _, about = key
        if about is None:
            return None, position
        ledgers = [CATALOGUE[name] for name in names]
        streams = await part_of(connection, ledgers, about, self._reader, county, on, position)
        count = await events_of(connection, ledgers, county, position, streams)
        return (streams, count) if count <= position * MOST_OF_LOG else (None, position)

    async def _trim(self) -> None:
        """Keep the moments asked for last, whole ones before parts; one in use is left alone."""
        for key in sorted(self._kept, key=lambda one: one[-1] is None):
            if len(self._kept) <= self._most:
                return
            if not self._kept[key].users:
                await self._drop(self._kept.pop(key))

    async def _drop(self, kept: _Kept) -> None:
        """End what is being folded, and close the connection."""
        task, kept.folding = kept.folding, None
        connection, kept.connection = kept.connection, None
        kept.ledgers = []
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
        await self._close(connection)

    async def _close(self, connection: Any) -> None:
        """Close a moment's connection: its temporary tables and prepared statements must not meet others' questions."""
        if connection is not None:
            try:
                await connection.close()
            finally:
                await self._connections.release(connection)
