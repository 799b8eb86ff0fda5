"""Last states of streams, as commands are to know them: what is asked for together is one query on a kept connection, and
what was read or stored last stays in memory.

A command asks `catch_up` first. It looks how far the log has come and drops from memory every stream that has moved on since
the last look, whoever moved it; from then on what is in memory is at least as new as the log was when the command asked.
Everything that changes the memory is in one order: looks and loads are one after the other on one connection, so that what a
load read is never older than the look before it and is in memory before the next; and what was appended here is taken in only
where it lies behind the last look, which then tells of whatever has come after it.

What is in memory is believed as long as the connection is kept: the next one may lead to a database that was restored. A
share with few connections can spare none, and has no memory.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from service.database.bulkheads import share_of
from service.database.trouble import LOST, TROUBLE
from service.log.appending import CommitterStopped, Receipt, StreamAppend
from service.shares import Share

STREAMS: Final = """
SELECT stream, version, state, state_code FROM stream
WHERE county = $1 AND stream = ANY($2::text[])"""
_MOVED: Final = """
SELECT head.position, moved.stream, moved.version FROM log_head AS head
LEFT JOIN LATERAL (
    SELECT stream, version FROM event WHERE county = $1 AND position > $2 ORDER BY position LIMIT $3) AS moved ON true
WHERE head.county = $1"""

MOST_BYTES: Final = 33_554_432
"""Most that states in memory may take, of all counties together."""
MOST_TOGETHER: Final = 64
"""Streams of one request that are read together with others'; who asks for more reads them by himself."""
_MOST_MOVED: Final = 2_000
"""Events since the last look that are looked at one by one; after more of them nothing in memory counts."""
_ENTRY_BYTES: Final = 400
"""What an entry takes beside its state: names, numbers, places in tables."""
_IDLE_SECONDS: Final = 10.0
"""After so long without a request the connection goes back."""
_SHARED_FROM: Final = 3
"""Connections of a share from which on one of them may be kept."""


@dataclass(frozen=True, slots=True)
class StreamHead:
    """Head of a stream, with its aggregate's cached state."""

    version: int
    state: bytes | None
    state_code: str


@dataclass(slots=True)
class _County:
    """A county's requests of one turn of the loop."""

    looking: list[asyncio.Future[None]] = field(default_factory=list)
    loading: list[tuple[Sequence[str], asyncio.Future[dict[str, StreamHead]]]] = field(default_factory=list)

    def fail(self, error: Exception) -> None:
        """Answer everybody who waits with an error."""
        waiters: list[asyncio.Future[Any]] = [*self.looking, *(future for _, future in self.loading)]
        for waiting in waiters:
            if not waiting.done():
                waiting.set_exception(error)


class _Memory:
    """States by county and stream, the ones that were not asked for longest dropped first."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._entries: OrderedDict[tuple[str, str], StreamHead] = OrderedDict()
        self._seen: dict[str, int] = {}
        """How far each county's log had come at the last look."""

    def seen(self, county: str) -> int | None:
        return self._seen.get(county)

    def of(self, county: str, stream: str) -> StreamHead | None:
        found = self._entries.get((county, stream))
        if found is not None:
            self._entries.move_to_end((county, stream))
        return found

    def keep(self, county: str, stream: str, head: StreamHead) -> None:
        """Take a state in, unless a newer one is there."""
        size = _size(stream, head)
        known = self._entries.get((county, stream))
        if (
            size > self._most
            or county not in self._seen
            or (known is not None and known.version > head.version)
        ):
            return
        self.drop(county, stream)
        self._entries[county, stream] = head
        self._bytes += size
        while self._bytes > self._most:
            (_, name), oldest = self._entries.popitem(last=False)
            self._bytes -= _size(name, oldest)

    def drop(self, county: str, stream: str) -> None:
        gone = self._entries.pop((county, stream), None)
        if gone is not None:
            self._bytes -= _size(stream, gone)

    def look(self, county: str, position: int, moved: Iterable[tuple[str, int]]) -> None:
        """The log stands at a position, and these streams have come to these versions since the last look."""
        for stream, version in moved:
            known = self._entries.get((county, stream))
            if known is not None and known.version < version:
                self.drop(county, stream)
        self._seen[county] = position

    def forget(self, county: str) -> None:
        for name in [stream for place, stream in self._entries if place == county]:
            self.drop(county, name)
        self._seen.pop(county, None)

    def forget_all(self) -> None:
        self._entries.clear()
        self._seen.clear()
        self._bytes = 0


def _size(stream: str, head: StreamHead) -> int:
    return _ENTRY_BYTES + len(stream) + len(head.state or b"")


class StreamStates:
    """See the module. One for all counties of a process; `stop` gives its connection back."""

    def __init__(self, pool: asyncpg.Pool, *, most_bytes: int = MOST_BYTES) -> None:
        self._pool = share_of(pool, Share.COMMANDS)
        self._memory = _Memory(most_bytes)
        self._asked: dict[str, _County] = {}
        self._under_way: Mapping[str, _County] = {}
        self._connection: Any = None
        self._arrival: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    # What callers use

    async def catch_up(self, county: str) -> None:
        """From here on what is in memory is at least as new as the log is now."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._of(county).looking.append(future)
        await future

    async def load(self, county: str, streams: Sequence[str]) -> dict[str, StreamHead]:
        """Where a few streams stand, from the database; those that do not exist are left out."""
        future: asyncio.Future[dict[str, StreamHead]] = asyncio.get_running_loop().create_future()
        self._of(county).loading.append((streams, future))
        return await future

    def known(self, county: str, stream: str) -> StreamHead | None:
        """Where a stream stood at the last look, or later; None where that is not in memory."""
        return self._memory.of(county, stream)

    def appended(self, county: str, streams: Sequence[StreamAppend], receipt: Receipt) -> None:
        """Take in what was stored here just now, but what a look may have seen already: then it may have been followed."""
        seen = self._memory.seen(county)
        if seen is None or receipt.replayed or receipt.first_position <= seen or len(streams) > MOST_TOGETHER:
            return
        for one in streams:
            head = StreamHead(one.expected_version + len(one.events), one.state, one.state_code)
            self._memory.keep(county, one.stream, head)

    def forget(self) -> None:
        """Believe nothing of what is in memory any more."""
        self._memory.forget_all()

    async def stop(self) -> None:
        """Answer nobody any more and give the connection back."""
        self._stopped = True
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
        self._give_up(CommitterStopped("the store is stopping"))
        await self._return()

    def _of(self, county: str) -> _County:
        if self._stopped:
            msg = "the store is not running"
            raise CommitterStopped(msg)
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="stream states")
        elif self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
        return self._asked.setdefault(county, _County())

    # One turn after the other

    async def _work(self) -> None:
        try:
            while self._asked or await self._arrives():
                await asyncio.sleep(0)  # whoever asks in this turn of the loop is answered by the same query
                self._under_way, self._asked = self._asked, {}
                for county, requests in self._under_way.items():
                    try:
                        await self._answer(county, requests)
                    except Exception as error:  # noqa: BLE001  whatever it is, nobody may wait for ever
                        requests.fail(error)
                self._under_way = {}
                if self._pool.get_max_size() < _SHARED_FROM and not self._asked:
                    await self._return()
        finally:
            self._task = None
        await self._return()

    async def _arrives(self) -> bool:
        """Whether somebody asks before the connection has been idle for long."""
        loop = asyncio.get_running_loop()
        arrival = self._arrival = loop.create_future()
        alarm = loop.call_later(_IDLE_SECONDS, _wake, arrival)
        try:
            await arrival
        finally:
            alarm.cancel()
            self._arrival = None
        return bool(self._asked)

    async def _answer(self, county: str, requests: _County) -> None:
        kept = self._connection is not None
        try:
            await self._ask(county, requests)
        except LOST:
            await self._drop()
            if not kept:
                raise
            await self._ask(county, requests)  # the connection may have died while nobody used it
        except BaseException:
            await self._drop()
            raise

    async def _ask(self, county: str, requests: _County) -> None:
        if self._connection is None:
            self._connection = await self._pool.acquire()
        if requests.looking:
            await self._look(county)
            for waiting in requests.looking:
                if not waiting.done():
                    waiting.set_result(None)
        names = list({name for streams, _ in requests.loading for name in streams})
        if not names:
            return
        rows = await self._connection.fetch(STREAMS, county, names)
        found = {row[0]: StreamHead(row[1], row[2], row[3]) for row in rows}
        for name, head in found.items():
            self._memory.keep(county, name, head)
        for streams, future in requests.loading:
            if not future.done():
                future.set_result({name: found[name] for name in streams if name in found})

    async def _look(self, county: str) -> None:
        seen = self._memory.seen(county)
        rows = await self._connection.fetch(_MOVED, county, seen or 0, 0 if seen is None else _MOST_MOVED)
        position = rows[0][0] if rows else 0
        if seen is not None and (position < seen or len(rows) == _MOST_MOVED):
            self._memory.forget(county)
            rows = []
        moved = [(row[1], row[2]) for row in rows if row[1] is not None]
        self._memory.look(county, position, moved)

    # The connection

    async def _drop(self) -> None:
        """Close a connection that failed, or whose statement was given up."""
        connection, self._connection = self._connection, None
        self.forget()
        if connection is not None:
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
            await self._pool.release(connection)

    async def _return(self) -> None:
        """Give the connection back, and with it what was known by it."""
        connection, self._connection = self._connection, None
        self.forget()
        if connection is not None:
            with suppress(*TROUBLE):
                await self._pool.release(connection)

    def _give_up(self, error: Exception) -> None:
        for county in (*self._under_way.values(), *self._asked.values()):
            county.fail(error)
        self._under_way, self._asked = {}, {}


def _wake(arrival: asyncio.Future[None]) -> None:
    if not arrival.done():
        arrival.set_result(None)
