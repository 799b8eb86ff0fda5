"""The log of every county: append, read by position, by stream, by type, wait, prove.

Appending goes through one `Committer` per county and process. Reading is by position only: positions are gapless and
in the order of commits, so "everything after n" can never miss an event that was stored later with a smaller number.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from time import monotonic
from typing import Any, Final, Self

import asyncpg

from domain.recorded import RecordedEvent
from service.algorithms.chosen import ChosenAlgorithms
from service.algorithms.digests import DIGESTS, SHA256
from service.clock import ClockWatch, utc_now
from service.database.bulkheads import share_of
from service.log.appending import (
    Append,
    AppendMalformed,
    AppendRefused,
    Claim,
    ClaimTaken,
    CommitterStopped,
    Idempotency,
    IdempotencyMismatch,
    LogBusy,
    LogError,
    LogReadOnly,
    LogUnavailable,
    NewEvent,
    OutcomeUnknown,
    Receipt,
    StreamAppend,
    VersionConflict,
)
from service.log.codec import EventCodec, check_idempotency_names
from service.log.committed import Committed
from service.log.committer import Committer, CommitterLimits, replay, stored_answers
from service.log.ends import ends_of
from service.log.merkle import Frontier
from service.log.signed_note import Checkpoint
from service.log.stream_states import MOST_TOGETHER, STREAMS, StreamHead, StreamStates
from service.log.verification import SideBySide, Verification, verify_log
from service.shares import Share, at_work

__all__ = [
    "Append",
    "AppendMalformed",
    "AppendRefused",
    "Claim",
    "ClaimTaken",
    "Committed",
    "CommitterLimits",
    "CommitterStopped",
    "EventStore",
    "Head",
    "Idempotency",
    "IdempotencyMismatch",
    "LogBusy",
    "LogError",
    "LogReadOnly",
    "LogUnavailable",
    "NewEvent",
    "OutcomeUnknown",
    "Receipt",
    "StreamAppend",
    "StreamHead",
    "Verification",
    "VersionConflict",
]

POLL_SECONDS: Final = 0.05
"""How often a waiter looks whether another process has committed."""

_CLAIMS: Final = """
SELECT kind, key FROM claim WHERE county = $1 AND kind = ANY($2::text[]) ORDER BY position, kind, key"""
_STREAMS_OF: Final = (
    "SELECT stream FROM stream WHERE county = $1 AND stream > $2 AND stream < $3 ORDER BY stream LIMIT $4"
)
_AFTER_HYPHEN: Final = chr(ord("-") + 1)
"""Names of streams are compared byte by byte: every `kind-…` lies before `kind` with this."""
_CLAIMED: Final = "SELECT stream FROM claim WHERE county = $1 AND kind = $2 AND key = $3"
_READ: Final = """
SELECT position, body FROM event
WHERE county = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4"""
_READ_TYPES: Final = """
SELECT found.position, found.body
FROM unnest($5::text[]) AS wanted (type)
CROSS JOIN LATERAL (
    SELECT position, body FROM event
    WHERE county = $1 AND type = wanted.type AND position > $2 AND position <= $3 ORDER BY position LIMIT $4
) AS found
ORDER BY found.position LIMIT $4"""
PAST_EVENTS: Final = """
SELECT position, body FROM event
WHERE county = $1 AND position > $2 AND position <= $3 AND type = ANY($5::text[]) AND occurred_on <= $6
ORDER BY position LIMIT $4"""
"""Events of a stretch of the log, of some types and of business days up to one."""
PAST_EVENTS_OF_STREAMS: Final = """
SELECT position, body FROM event
WHERE county = $1 AND position > $2 AND position <= $3 AND type = ANY($5::text[]) AND occurred_on <= $6
    AND stream = ANY($7::text[])
ORDER BY position LIMIT $4"""
"""The same of some streams."""
_READ_STREAM: Final = """
SELECT position, body FROM event
WHERE county = $1 AND stream = $2 AND version > $3 AND version <= $4 ORDER BY version"""
_READ_STREAMS: Final = """
SELECT position, body FROM event
WHERE county = $1 AND stream = ANY($2::text[]) ORDER BY stream, version"""
_LAST_POSITION: Final = 2**63 - 1
_LAST_VERSION: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Head:
    """Head of a county's log. `recorded_at` of an empty log is the epoch."""

    county: str
    position: int
    root: bytes
    """Merkle root over all events, 32 bytes."""
    frontier: Frontier
    recorded_at: datetime


class EventStore:
    """All counties' logs in one database. Use as `async with EventStore(pool) as store:`, or `start()` and `stop()`.

    A county's committer starts with its first append and takes one connection of the pool while it has work.
    One that reads only refuses every append.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        clock: Callable[[], datetime] = utc_now,
        codec: EventCodec | None = None,
        limits: CommitterLimits | None = None,
        watch: ClockWatch | None = None,
        algorithms: ChosenAlgorithms | None = None,
        reads_only: bool = False,
    ) -> None:
        self._pool = pool
        self._reads_only = reads_only
        self._clock = clock if watch is None else watch.now
        self._watch = watch
        self._algorithms = algorithms or ChosenAlgorithms()
        self._limits = limits or CommitterLimits()
        self.codec = codec or EventCodec()
        self._committers: dict[str, Committer] = {}
        self._committed: dict[str, Committed] = {}
        self._states = StreamStates(pool)
        self._running = False

    async def start(self) -> None:
        """Accept appends, and keep a connection for what commands ask."""
        self._states = StreamStates(self._pool)
        self._running = True

    async def stop(self) -> None:
        """Store what was accepted, answer everybody, give connections back. No append is accepted any more."""
        self._running = False
        await asyncio.gather(*(committer.stop() for committer in self._committers.values()))
        self._committers.clear()
        await self._states.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    # Appending

    async def append(self, county: str, append: Append) -> Receipt:
        """Store all of `append` or nothing, durably, and return where it stands.

        Raises `VersionConflict`, `ClaimTaken`, `IdempotencyMismatch`; `AppendMalformed`, `AppendRefused` for what the
        log cannot hold; `LogBusy`, `LogUnavailable`, `LogReadOnly`, `CommitterStopped` when nothing was stored for
        another reason; `OutcomeUnknown` when that could not be found out. A repeated idempotency key returns the
        first receipt with `replayed=True`, before versions and claims are looked at. Cancelling the caller withdraws
        the command if nothing was sent yet; otherwise it is stored all the same.
        """
        committer = self._committers.get(county)
        if committer is None:
            if not self._running or self._reads_only:
                msg = "the store only reads" if self._reads_only else "the store is not running"
                raise CommitterStopped(msg)
            pool = share_of(self._pool, Share.COMMANDS)
            committer = Committer(
                county, pool, self._clock, self._limits, self.committed(county), self._watch, self._algorithms
            )
            self._committers[county] = committer
            committer.start()
        receipt = await committer.append(append)
        self._states.appended(county, append.streams, receipt)
        return receipt

    async def replayed(self, county: str, idempotency: Idempotency) -> Receipt | None:
        """The receipt of an earlier request with this key; None if there was none.

        `IdempotencyMismatch` if it was another request.
        """
        check_idempotency_names(idempotency.scope, idempotency.key)
        async with self._pool.acquire() as connection:
            answers = await stored_answers(connection, county, [idempotency])
        if not answers:
            return None
        ((stored, receipt),) = answers.values()
        outcome = replay(idempotency, stored, receipt)
        if isinstance(outcome, IdempotencyMismatch):
            raise outcome
        return outcome

    # Streams and claims

    async def load(self, county: str, stream: str) -> StreamHead | None:
        """Where one stream stands; None if it does not exist."""
        return (await self.load_many(county, (stream,))).get(stream)

    async def load_many(self, county: str, streams: Iterable[str]) -> dict[str, StreamHead]:
        """Where many streams stand; those that do not exist are left out. A few for a command are read with others'."""
        names = list(streams)
        if self._running and len(names) <= MOST_TOGETHER and at_work() is Share.COMMANDS:
            return await self._states.load(county, names) if names else {}
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(STREAMS, county, names)
        return {row[0]: StreamHead(*row[1:]) for row in rows}

    async def catch_up(self, county: str) -> None:
        """Look how far the log has come: from here on `load_current` knows all that it held when this was asked."""
        if self._running:
            await self._states.catch_up(county)

    async def load_current(self, county: str, streams: Iterable[str]) -> dict[str, StreamHead]:
        """Where streams stood when `catch_up` was asked, or later: from memory what is there. Those that do not exist are
        left out.
        """
        found: dict[str, StreamHead] = {}
        unknown: list[str] = []
        for stream in streams:
            head = self._states.known(county, stream)
            if head is None:
                unknown.append(stream)
            else:
                found[stream] = head
        if unknown:
            found.update(await self.load_many(county, unknown))
        return found

    async def read_stream(
        self, county: str, stream: str, *, after: int = 0, upto: int | None = None
    ) -> list[RecordedEvent]:
        """A stream's events with `after` < version ≤ `upto`, in order."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                _READ_STREAM, county, stream, after, _LAST_VERSION if upto is None else upto
            )
        decode = self.codec.decode
        return [decode(county, position, body) for position, body in rows]

    async def read_streams(self, county: str, streams: Sequence[str]) -> dict[str, list[RecordedEvent]]:
        """All events of some streams by one read, each stream's in order; those that do not exist are left out."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(_READ_STREAMS, county, list(streams))
        found: dict[str, list[RecordedEvent]] = {}
        for position, body in rows:
            event = self.codec.decode(county, position, body)
            found.setdefault(event.stream, []).append(event)
        return found

    async def streams_of(self, county: str, kind: str, *, after: str = "", limit: int = 500) -> list[str]:
        """Streams of one kind of aggregate after one of them, in the order of their names, at most so many."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                _STREAMS_OF, county, max(after, f"{kind}-"), f"{kind}{_AFTER_HYPHEN}", limit
            )
        return [row["stream"] for row in rows]

    async def claims(self, county: str, kinds: Sequence[str]) -> list[Claim]:
        """Every claim of these kinds, in the order in which they were made."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(_CLAIMS, county, list(kinds))
        return [Claim(row["kind"], row["key"]) for row in rows]

    async def claimed(self, county: str, kind: str, key: str) -> str | None:
        """The stream that claimed a key; None if nobody has."""
        async with self._pool.acquire() as connection:
            stream: str | None = await connection.fetchval(_CLAIMED, county, kind, key)
        return stream

    # The log

    def read_stored(
        self,
        county: str,
        *,
        after: int = 0,
        upto: int | None = None,
        types: Sequence[str] | None = None,
        batch: int = 1000,
    ) -> AsyncIterator[list[tuple[int, bytes]]]:
        """(position, stored bytes) of the events with `after` < position ≤ `upto`, in order.

        At most `batch` at a time; the next ones are fetched while the caller works. Ends where the log ended when it
        got there.
        """
        query, *more = (_READ,) if types is None else (_READ_TYPES, list(set(types)))
        return self._walk(query, county, after, upto, batch, *more)

    async def read_page(
        self,
        county: str,
        *,
        after: int = 0,
        upto: int | None = None,
        types: Sequence[str] | None = None,
        limit: int = 1000,
    ) -> list[tuple[int, bytes]]:
        """The first `limit` of what `read_stored` reads."""
        query, *more = (_READ,) if types is None else (_READ_TYPES, list(set(types)))
        return await self._fetch(query, county, after, _LAST_POSITION if upto is None else upto, limit, *more)

    def read_past(
        self,
        county: str,
        types: Sequence[str],
        until: date,
        *,
        after: int = 0,
        upto: int | None = None,
        batch: int = 1000,
        streams: Sequence[str] | None = None,
    ) -> AsyncIterator[list[tuple[int, bytes]]]:
        """Like `read_stored`, for many types, and only of business days up to `until`: the log is walked along, the
        bytes of what is left out are not read. `streams`: only of these.
        """
        if streams is not None:
            query = PAST_EVENTS_OF_STREAMS
            return self._walk(query, county, after, upto, batch, list(types), until, list(streams))
        return self._walk(PAST_EVENTS, county, after, upto, batch, list(types), until)

    async def _walk(
        self, query: str, county: str, after: int, upto: int | None, batch: int, *more: Any
    ) -> AsyncIterator[list[tuple[int, bytes]]]:
        """The rows of a query in pages; the next page is fetched while the caller works on one."""
        end = _LAST_POSITION if upto is None else upto
        fetching = asyncio.ensure_future(self._fetch(query, county, after, end, batch, *more))
        try:
            while rows := await fetching:
                after = rows[-1][0]
                full = len(rows) == batch and after < end
                if full:
                    fetching = asyncio.ensure_future(self._fetch(query, county, after, end, batch, *more))
                yield rows
                if not full:
                    return
        finally:
            if not fetching.done():
                fetching.cancel()
                await asyncio.wait((fetching,))

    async def read(
        self,
        county: str,
        *,
        after: int = 0,
        upto: int | None = None,
        types: Sequence[str] | None = None,
        batch: int = 1000,
    ) -> AsyncIterator[list[RecordedEvent]]:
        """Like `read_stored`, decoded and upcast. `UnknownEvent` stops it: nothing is skipped."""
        decode = self.codec.decode
        async for rows in self.read_stored(county, after=after, upto=upto, types=types, batch=batch):
            yield [decode(county, position, body) for position, body in rows]

    async def _fetch(self, query: str, *arguments: Any) -> list[tuple[int, bytes]]:
        async with self._pool.acquire() as connection:
            rows: Any = await connection.fetch(query, *arguments)
        found: list[tuple[int, bytes]] = rows  # records of two columns unpack like tuples
        return found

    async def head(self, county: str) -> Head:
        """Where the county's log stands, from the database."""
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(
                "SELECT position, root, frontier, recorded_at, digest FROM log_head WHERE county = $1", county
            )
        if row is None:
            empty = Frontier(digest=self._algorithms.for_new(county).digest)
            return Head(county, 0, empty.root(), empty, datetime.fromtimestamp(0, UTC))
        self.committed(county).publish(row["position"])
        digest = DIGESTS.get(row["digest"], SHA256)  # a name nobody knows is told by who compares or appends
        frontier = Frontier.from_bytes(row["frontier"], digest)
        return Head(county, row["position"], row["root"], frontier, row["recorded_at"])

    async def counties(self) -> list[str]:
        """Codes of the counties that have a log here, in order; also of those whose head row is missing."""
        async with self._pool.acquire() as connection:
            return [one.county for one in await ends_of(connection)]

    def committed(self, county: str) -> Committed:
        """The last position known in this process, and a wake-up when it grows."""
        return self._committed.setdefault(county, Committed())

    async def wait_for(self, county: str, position: int, timeout: float) -> None:
        """Return when the log has reached `position`; `TimeoutError` if it has not within `timeout` seconds."""
        committed = self.committed(county)
        deadline = monotonic() + timeout
        while committed.position < position:
            if (await self.head(county)).position >= position:
                return
            left = deadline - monotonic()
            if left <= 0:
                msg = f"log {county} is at {committed.position}, not yet at {position}"
                raise TimeoutError(msg)
            await committed.wait(position - 1, min(left, POLL_SECONDS))

    async def verify(
        self,
        county: str,
        progress: Callable[[int, int], Any] | None = None,
        *,
        thorough: bool = False,
        beside: SideBySide | None = None,
        signed: Checkpoint | None = None,
    ) -> Verification:
        """Recompute the log from its stored bytes and compare. `progress(position, last)` is called now and then."""
        async with self._pool.acquire() as connection:
            return await verify_log(
                connection, county, progress, thorough=thorough, beside=beside, signed=signed
            )
