"""Keeps the ledgers up with the log while the service runs.

One task per county. Woken by the store's commits, else by looking at the head rows; rows and checkpoint of a batch go
into one transaction. A checkpoint can be moved only by who holds its lease, in the term (epoch) the lease was taken:
another process may take over a lease that ran out, and then the old holder's commit finds another epoch and is undone.
Nothing here rests on notifications, advisory locks or clocks of two machines being equal; and a lease that reaches further
than a lease is long was given by a clock that has been set back since: it is free.

An event that a ledger cannot apply halts that ledger, loudly: state HALTED with the position, the type and the reason.
The others go on. It is tried again once by every process that starts.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, Self

import asyncpg
import orjson
import structlog

from projections.catalogue import CATALOGUE, UnknownProjection
from projections.engine.events import EventReader, LedgerEvent, Undecodable
from projections.engine.projection import PoisonEvent, Projection
from projections.engine.refold import late_positions, late_streams, refold
from projections.engine.tables import LedgerTable
from projections.engine.writing import load, write
from service.clock import MOST_BEHIND_SECONDS
from service.database.trouble import OUTAGE, TROUBLE
from service.log.committed import Committed
from service.log.event_store import EventStore
from service.shares import Share, working

POLL_SECONDS: Final = 0.05
"""How often the head rows are looked at: how late another process's commit is noticed at most."""
LEASE_SECONDS: Final = 5.0
"""After this long without a sign of life another process may take over."""
BATCH: Final = 500
"""Most events of one transaction: bounds memory, and how long the event loop is kept busy at a stretch."""
QUIET_SECONDS: Final = 10.0
"""A ledger that is behind and has not moved for this long is not healthy."""

log = structlog.get_logger(__name__)

_MISSING: Final = """
INSERT INTO projection_checkpoint (county, projection, version, position, epoch, state, updated_at)
SELECT $1, wanted.name, wanted.version, 0, 0, 'RUNNING', clock_timestamp()
FROM unnest($2::text[], $3::int[]) AS wanted (name, version) ON CONFLICT DO NOTHING"""

_CLAIM: Final = """
WITH free AS (
    SELECT c.projection FROM projection_checkpoint c
    JOIN unnest($2::text[], $3::int[], $4::bigint[]) AS wanted (name, version, given_up)
        ON c.projection = wanted.name AND c.version = wanted.version
    WHERE c.county = $1 AND (c.holder IS NULL OR c.holder = $5 OR c.lease_until < clock_timestamp()
            OR c.lease_until > clock_timestamp() + make_interval(secs => $6))
        AND NOT (c.state = 'HALTED' AND c.position = wanted.given_up)
    FOR UPDATE OF c SKIP LOCKED
)
UPDATE projection_checkpoint c
SET holder = $5, epoch = c.epoch + 1, lease_until = clock_timestamp() + make_interval(secs => $6)
FROM free WHERE c.county = $1 AND c.projection = free.projection
RETURNING c.projection, c.epoch, c.position"""

_RENEW: Final = """
UPDATE projection_checkpoint c SET lease_until = clock_timestamp() + make_interval(secs => $4)
FROM unnest($2::text[], $3::bigint[]) AS mine (name, epoch)
WHERE c.county = $1 AND c.projection = mine.name AND c.epoch = mine.epoch RETURNING c.projection"""

_MOVE: Final = """
UPDATE projection_checkpoint c
SET position = $4, state = 'RUNNING', error = NULL, rate = $5, updated_at = clock_timestamp(),
    lease_until = clock_timestamp() + make_interval(secs => $6)
FROM unnest($2::text[], $3::bigint[]) AS mine (name, epoch)
WHERE c.county = $1 AND c.projection = mine.name AND c.epoch = mine.epoch RETURNING c.projection"""

_HALT: Final = """
UPDATE projection_checkpoint SET state = 'HALTED', error = $4, holder = NULL, lease_until = NULL, rate = 0
WHERE county = $1 AND projection = $2 AND epoch = $3 RETURNING projection"""

_RELEASE: Final = "UPDATE projection_checkpoint SET holder = NULL, lease_until = NULL WHERE holder = $1"

_HEALTH: Final = """
SELECT h.county, h.position AS head, c.projection, c.version, c.position, c.state, c.error, c.holder, c.rate,
    coalesce(c.lease_until > clock_timestamp()
        AND c.lease_until <= clock_timestamp() + make_interval(secs => $1), false) AS led,
    extract(epoch FROM clock_timestamp() - c.updated_at)::float8 AS still,
    extract(epoch FROM clock_timestamp() - e.recorded_at)::float8 AS waiting
FROM log_head h LEFT JOIN projection_checkpoint c ON c.county = h.county
LEFT JOIN event e ON e.county = h.county AND e.position = c.position + 1
ORDER BY h.county, c.projection"""

_REFUSED_BY_DATABASE: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.SyntaxOrAccessError,  # a table, a column or a right is missing
    asyncpg.PLPGSQLError,  # somebody's trigger
)
"""What says that these rows can never be stored, as opposed to a database that is not there."""


class ProjectionHalted(Exception):  # noqa: N818  names a state, like its siblings
    """A ledger stands still at an event it cannot apply; waiting for it is in vain."""

    def __init__(self, county: str, projection: str, position: int, reason: str) -> None:
        super().__init__(f"{projection} of {county} is halted after position {position}: {reason}")
        self.county = county
        self.projection = projection
        self.position = position
        self.reason = reason


class LogGap(Exception):  # noqa: N818  names a state, like its siblings
    """The log does not hold what its head says it holds. Nothing is applied beyond."""


class _Fenced(Exception):  # noqa: N818
    """These projections belong to somebody else now."""

    def __init__(self, names: set[str]) -> None:
        super().__init__(", ".join(sorted(names)))
        self.names = names


class _RowsRefused(Exception):  # noqa: N818
    """The database will not store a projection's rows."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


@dataclass(slots=True)
class _Held:
    """A projection whose lease we have."""

    projection: Projection
    epoch: int
    position: int


def holder_name() -> str:
    """A name nobody else has, that tells people where the holder runs."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"


class Projector:
    """All counties' ledgers. Use as `async with Projector(pool, store):`; the store must be running."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        store: EventStore,
        *,
        projections: Iterable[Projection] | None = None,
        batch: int = BATCH,
        lease_seconds: float = LEASE_SECONDS,
        holder: str | None = None,
    ) -> None:
        self.pool = pool
        self.store = store
        self.projections = {
            one.name: one for one in (CATALOGUE.values() if projections is None else projections)
        }
        self.batch = batch
        self.lease_seconds = lease_seconds
        self.holder = holder or holder_name()
        self.reader = EventReader(store.codec.upcast)
        self._counties: dict[str, _CountyFollower] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._reached: dict[tuple[str, str], Committed] = {}

    async def start(self) -> None:
        """Start following the logs."""
        with working(Share.LEDGERS):
            self._watch = asyncio.create_task(self._look_at_heads(), name="projector")

    async def stop(self) -> None:
        """Stop at once and give the leases back, so that another process can go on without waiting."""
        tasks = [task for task in (self._watch, *self._tasks.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        self._counties.clear()
        self._watch = None
        with contextlib.suppress(*TROUBLE):
            await self.pool.execute(_RELEASE, self.holder)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    async def _look_at_heads(self) -> None:
        """Notice counties, and commits of other processes."""
        while True:
            try:
                rows = await self.pool.fetch("SELECT county, position FROM log_head")
                OUTAGE.over()
            except TROUBLE as error:
                OUTAGE.met("heads of the logs", error)
                rows = []
            for county, position in rows:
                self.store.committed(county).publish(position)
                if county not in self._tasks:
                    runner = self._counties[county] = _CountyFollower(self, county)
                    self._tasks[county] = asyncio.create_task(runner.run(), name=f"projector {county}")
            await asyncio.sleep(POLL_SECONDS)

    # Waiting and health

    def reached(self, county: str, projection: str) -> Committed:
        """The last position known to be in a ledger, and a wake-up when it grows."""
        return self._reached.setdefault((county, projection), Committed())

    def forget(self, county: str) -> None:
        """The database may have lost its last moments: what was reached has to be looked up again."""
        for key in [key for key in self._reached if key[0] == county]:
            del self._reached[key]

    async def wait_for(
        self,
        county: str,
        projections: Iterable[str] | None,
        position: int,
        timeout: float,
    ) -> None:
        """Return when the ledgers (all for None) show everything up to `position`.

        `TimeoutError` if they do not within `timeout` seconds, `ProjectionHalted` if one stands still before it.
        """
        deadline = monotonic() + timeout
        for name in self.projections if projections is None else projections:
            if name not in self.projections:
                raise UnknownProjection(name)
            await self._wait_for_one(county, name, position, deadline)

    async def _wait_for_one(self, county: str, name: str, position: int, deadline: float) -> None:
        runner = self._counties.get(county)
        if (
            runner is not None and name in runner.held
        ):  # ours: a commit wakes us, no need to ask the database first
            await self.reached(county, name).wait(position - 1, min(deadline - monotonic(), POLL_SECONDS))
        while self.reached(county, name).position < position:
            row = await self.pool.fetchrow(
                "SELECT position, state, error FROM projection_checkpoint WHERE county = $1 AND projection = $2",
                county,
                name,
            )
            found = 0 if row is None else row["position"]
            self.reached(county, name).publish(found)
            if found >= position:
                return
            if row is not None and row["state"] == "HALTED" and not self._will_try(county, name, found):
                reason = orjson.loads(row["error"] or "{}").get("reason", "")
                raise ProjectionHalted(county, name, found, reason)
            left = deadline - monotonic()
            if left <= 0:
                raise TimeoutError(f"{name} of {county} is at {found}, not yet at {position}")
            await self.reached(county, name).wait(position - 1, min(left, POLL_SECONDS))

    def _will_try(self, county: str, name: str, position: int) -> bool:
        """Whether this process has yet to try what another one halted at."""
        runner = self._counties.get(county)
        return self._watch is not None and (runner is None or runner.given_up.get(name) != position)

    async def health(self) -> list[dict[str, Any]]:
        """For each county and ledger: where its checkpoint stands against the committed head, and whether that is well.

        `state`: RUNNING · HALTED at a poison event · OUTDATED, built by another version and to be rebuilt · MISSING,
        never begun. `healthy`: running under a lease that is alive, and either with the head or moving.
        """
        found: dict[str, dict[str, Any]] = {}
        heads: dict[str, int] = {}
        for row in await self.pool.fetch(_HEALTH, self.lease_seconds):
            heads[row["county"]] = row["head"]
            if row["projection"] is not None:
                found.setdefault(row["county"], {})[row["projection"]] = row
        return [
            self._health_of(county, projection, head, found.get(county, {}).get(projection.name))
            for county, head in heads.items()
            for projection in self.projections.values()
        ]

    def _health_of(self, county: str, projection: Projection, head: int, row: Any) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "county": county,
            "projection": projection.name,
            "title": projection.title,
            "head": head,
            "position": 0,
            "behind": head,
            "state": "MISSING",
            "healthy": False,
            "error": None,
            "holder": None,
            "leased": False,
            "eventsPerSecond": 0,
        }
        if row is None:
            return answer
        behind = max(0, head - row["position"])
        state = row["state"] if row["version"] == projection.version else "OUTDATED"
        moving = _moving(row["still"], row["waiting"])
        return answer | {
            "position": row["position"],
            "behind": behind,
            "state": state,
            "healthy": state == "RUNNING" and row["led"] and (behind == 0 or moving),
            "error": None if row["error"] is None else orjson.loads(row["error"]),
            "holder": row["holder"],
            "leased": row["led"],
            "eventsPerSecond": row["rate"],
        }


def _moving(still: float, waiting: float | None) -> bool:
    """Whether a ledger that is behind gets on: its checkpoint moved, or its next event was recorded, a moment ago.

    What lies ahead of the database's clock was stamped by a clock that jumped, or before this one was set back: that
    excuses no ledger. No next event is a gap in the log.
    """
    waited = waiting is not None and -MOST_BEHIND_SECONDS < waiting < QUIET_SECONDS
    return 0 <= still < QUIET_SECONDS or waited


class _CountyFollower:
    """Follows one county's log with all projections whose lease it can get."""

    def __init__(self, projector: Projector, county: str) -> None:
        self.projector = projector
        self.county = county
        self.held: dict[str, _Held] = {}
        self.committed = projector.store.committed(county)
        self.given_up: dict[str, int] = {}
        self._next_look = 0.0
        self._rate = 0
        self._log = log.bind(county=county)

    async def run(self) -> None:
        """Follow the log for ever; begin anew after whatever goes wrong."""
        pause = 0.1
        while True:
            started = monotonic()
            try:
                await self._follow()
            except TROUBLE as error:
                OUTAGE.met("ledgers", error)
            except Exception:  # noqa: BLE001  whatever it is: logged with its trace, and begun anew
                self._log.exception("ledgers_failed")
            self.held.clear()
            self.projector.forget(self.county)
            self._next_look = 0.0
            pause = 0.1 if monotonic() - started > 10 else min(pause * 2, 2.0)
            await asyncio.sleep(pause)

    async def _follow(self) -> None:
        while True:
            if monotonic() >= self._next_look:
                await self._look_after_leases()
            if not await self._step():
                low = min((one.position for one in self.held.values()), default=self.committed.position)
                await self.committed.wait(low, max(0.0, self._next_look - monotonic()))

    async def _look_after_leases(self) -> None:
        """Prolong what we hold, take what is free."""
        projector = self.projector
        self._next_look = monotonic() + projector.lease_seconds / 3
        names = list(projector.projections)
        versions = [one.version for one in projector.projections.values()]
        async with projector.pool.acquire() as connection:
            if self.held:
                epochs = [one.epoch for one in self.held.values()]
                kept = await connection.fetch(
                    _RENEW, self.county, list(self.held), epochs, projector.lease_seconds
                )
                self._drop(set(self.held) - {row["projection"] for row in kept})
            if len(self.held) == len(names):
                return
            await connection.execute(_MISSING, self.county, names, versions)
            wanted = [one for one in projector.projections.values() if one.name not in self.held]
            claimed = await connection.fetch(
                _CLAIM,
                self.county,
                [one.name for one in wanted],
                [one.version for one in wanted],
                [self.given_up.get(one.name, -1) for one in wanted],
                projector.holder,
                projector.lease_seconds,
            )
        for name, epoch, position in claimed:
            self.held[name] = _Held(projector.projections[name], epoch, position)
            projector.reached(self.county, name).publish(position)

    def _drop(self, names: set[str]) -> None:
        for name in names:
            self._log.info("ledger_taken_over", projection=name)
            self.held.pop(name, None)
            self._next_look = 0.0  # if it was rebuilt it is free, and comes back at once

    async def _step(self) -> bool:
        """Bring the projections that are furthest behind one batch forward; False if there is nothing to do."""
        head = self.committed.position
        low = min((one.position for one in self.held.values()), default=head)
        if low >= head:
            return False
        members = [one for one in self.held.values() if one.position == low]
        ahead = [one.position for one in self.held.values() if one.position > low]
        upto = min(low + self.projector.batch, head, *ahead)
        started = monotonic()
        rows = await self._read(low, upto)
        reader = self.projector.reader
        try:
            events = reader.read_all(rows)
        except Undecodable as error:
            upto = error.position - 1
            if upto == low:
                await self._pass_by(members, error)
                return True
            events = reader.read_all(rows[: upto - low])
        await self._advance(members, events, low, upto, started)
        return True

    async def _read(self, low: int, upto: int) -> list[tuple[int, bytes]]:
        store = self.projector.store
        async for rows in store.read_stored(self.county, after=low, upto=upto, batch=upto - low):
            if len(rows) == upto - low and rows[0][0] == low + 1 and rows[-1][0] == upto:
                return rows
            raise LogGap(f"{self.county}: events {low + 1} to {upto} are not all there")
        raise LogGap(f"{self.county}: no events after {low}, but the head is at {self.committed.position}")

    async def _pass_by(self, members: Sequence[_Held], error: Undecodable) -> None:
        """The next event cannot be read: it halts who reads its type, or everybody if that is not known."""
        for member in members:
            name = member.projection.name
            if error.event_type is None or error.event_type in member.projection.handlers:
                await self._halt(member, PoisonEvent(name, error.position, error.event_type, error.reason))
        others = [one for one in members if one.projection.name in self.held]
        await self._advance(others, [], error.position - 1, error.position, monotonic())

    async def _advance(
        self, members: list[_Held], events: list[LedgerEvent], low: int, upto: int, started: float
    ) -> None:
        """Apply and store a batch, or as much of it as can be; halt a projection at an event it cannot apply."""
        while members:
            part = events if not events or events[-1].position <= upto else events[: upto - low]
            try:
                await self._store(members, part, low, upto)
            except PoisonEvent as error:
                if error.position > low + 1:
                    upto = error.position - 1
                    continue
                await self._halt(self.held[error.projection], error)
            except _RowsRefused as refused:
                if upto > low + 1:  # somewhere in this batch: look for it by halves
                    upto = low + (upto - low) // 2
                    continue
                kind = part[0].type if part else None
                poison = PoisonEvent(refused.name, upto, kind, refused.reason)
                await self._halt(self.held[refused.name], poison)
            except _Fenced as fenced:
                self._drop(fenced.names)
            else:
                self._rate = int((upto - low) / max(monotonic() - started, 1e-3))
                for member in members:
                    member.position = upto
                    self.projector.reached(self.county, member.projection.name).publish(upto)
                return
            members = [one for one in members if one.projection.name in self.held]

    async def _store(
        self, members: Sequence[_Held], events: Sequence[LedgerEvent], low: int, upto: int
    ) -> None:
        """One transaction: fence, load, apply, write. The fence comes first and locks the checkpoints: whoever gets
        past it is alone with these rows, and they are exactly as of position `low`.
        """
        names = [one.projection.name for one in members]
        async with self.projector.pool.acquire() as connection, connection.transaction():
            # Losing the last moments in a crash loses rows and checkpoint together; they come again from the log.
            await connection.execute("SET LOCAL synchronous_commit = off")
            epochs = [one.epoch for one in members]
            moved = await connection.fetch(
                _MOVE, self.county, names, epochs, upto, self._rate, self.projector.lease_seconds
            )
            if len(moved) < len(members):
                raise _Fenced(set(names) - {row["projection"] for row in moved})
            late = await late_positions(connection, self.county, low, upto)
            for member in members:
                await self._apply(connection, member.projection, events, low, upto, late)

    async def _apply(
        self,
        connection: Any,
        projection: Projection,
        events: Sequence[LedgerEvent],
        low: int,
        upto: int,
        late: frozenset[int],
    ) -> None:
        handlers = projection.handlers
        mine = [event for event in events if event.type in handlers]
        if not mine:
            return
        anew = late_streams(projection, mine, late)
        if anew:
            mine = [event for event in mine if event.stream not in anew]
        rows = projection.rows(self.county)
        for table in rows.tables.values():
            table.forget()
        wanted = keys_of(projection, mine)
        try:
            await load(connection, rows, wanted)
            projection.apply(mine, rows, after=low)
            if anew:
                reader = self.projector.reader
                for one in await refold(connection, projection, rows, anew, reader, upto=upto):
                    self._log.warning("event_passed_by", projection=projection.name, position=one.position)
            await write(connection, rows)
        except _REFUSED_BY_DATABASE as error:
            raise _RowsRefused(projection.name, f"{type(error).__name__}: {error}") from error

    async def _halt(self, member: _Held, poison: PoisonEvent) -> None:
        name = member.projection.name
        error = orjson.dumps(poison.as_json()).decode()
        await self.projector.pool.execute(_HALT, self.county, name, member.epoch, error)
        self.held.pop(name, None)
        self.given_up[name] = member.position
        self._log.error(
            "ledger_halted",
            projection=name,
            position=poison.position,
            type=poison.event_type,
            reason=poison.reason,
        )


def keys_of(projection: Projection, events: Iterable[LedgerEvent]) -> list[tuple[LedgerTable, str]]:
    """The groups that events will look at; `PoisonEvent` if one is not what its type says."""
    wanted: list[tuple[LedgerTable, str]] = []
    for event in events:
        try:
            wanted.extend(projection.keys(event))
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise PoisonEvent(projection.name, event.position, event.type, reason) from error
    return wanted
