"""Rebuilds ledgers from the log beside the live ones: replay, catch up, compare, swap, keep the old one.

The shadow tables lie in a schema of their own and are filled by the very functions that run live, in big batches, with
indexes built at the end. What is compared are digests of live and shadow at the same position. The swap moves tables
between schemas in one transaction that holds the checkpoints, so that no live runner can write meanwhile; its term
(epoch) ends there. Work goes on while events are appended and while live runners of any process run. Whoever is killed
leaves a row in `projection_rebuild` and half-filled shadow tables, and the next rebuild goes on from there.

Memory is bounded by `RebuildLimits`: rows are flushed and forgotten beyond it, and loaded again where an event needs them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final

import asyncpg
import orjson
import uvloop
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import (
    AddConstraint,
    CreateColumn,
    CreateIndex,
    ExecutableDDLElement,
    SetColumnComment,
    SetTableComment,
)

import service
from projections.catalogue import chosen
from projections.engine.events import EventReader, LedgerEvent, Upcast
from projections.engine.projection import Projection
from projections.engine.rows import Rows
from projections.engine.tables import PREVIOUS, SHADOW, LedgerTable, metadata as ledger_metadata
from projections.engine.writing import copy_in, load, write_fast
from service.database import schema
from service.database.schema import WRITER_ROLE
from service.database.trouble import TROUBLE
from service.ledgers.projector import holder_name, keys_of
from service.log.codec import EventCodec
from service.log.ends import ends_of
from service.memory import collecting_paused

_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
_ROOT: Final = Path(service.__file__).resolve().parents[1]
"""Where this code lies: the processes of a rebuild run the same."""
READ_AT_ONCE: Final = 4000
"""Events of one fetch."""
SLICE: Final = 250
"""Events between two looks at the network: the next fetch fills up while these are applied."""
LEASE_SECONDS: Final = 10.0
SWAP_ATTEMPTS: Final = 20
SHOWN_DIFFERENCES: Final = 10
_RUN: Final = 10_000
"""Rows that are hashed together: part of what a digest is."""

_FENCE: Final = """
UPDATE projection_rebuild r
SET positions = r.positions || $3::jsonb, updated_at = clock_timestamp(),
    lease_until = clock_timestamp() + make_interval(secs => $4)
FROM unnest($1::text[], $2::bigint[]) AS mine (name, epoch)
WHERE r.projection = mine.name AND r.epoch = mine.epoch RETURNING r.projection"""

_CLAIM: Final = """
UPDATE projection_rebuild
SET holder = $2, epoch = epoch + 1, lease_until = clock_timestamp() + make_interval(secs => $3)
WHERE projection = $1 AND (holder IS NULL OR holder = $2 OR lease_until < clock_timestamp())
RETURNING epoch, version, positions"""

_READ: Final = """
SELECT position, body FROM event WHERE county = $1 AND position > $2 AND position <= $3 ORDER BY position"""

_SWAPPED: Final = """
INSERT INTO projection_checkpoint AS c
    (county, projection, version, position, epoch, holder, lease_until, state, error, updated_at)
SELECT at.county, $1, $2, at.position, 1, NULL, NULL, 'RUNNING', NULL, clock_timestamp()
FROM unnest($3::text[], $4::bigint[]) AS at (county, position)
ON CONFLICT (county, projection) DO UPDATE SET version = excluded.version, position = excluded.position,
    epoch = c.epoch + 1, holder = NULL, lease_until = NULL, state = 'RUNNING', error = NULL,
    updated_at = excluded.updated_at"""


class RebuildUnderWay(Exception):  # noqa: N818  names a state, like its siblings
    """Somebody else is rebuilding this ledger."""

    def __init__(self, projection: str, holder: str | None) -> None:
        super().__init__(f"{projection} is being rebuilt by {holder or 'somebody else'}")


class RebuildImpossible(Exception):  # noqa: N818  names a state, like its siblings
    """The database does not let it, in one sentence."""


@dataclass(frozen=True, slots=True)
class RebuildLimits:
    """How much stays in memory, and how often the work so far is made safe."""

    rows: int = 120_000
    """Rows kept; beyond, they are written and forgotten (about 4 KB each in the widest ledger)."""
    appended: int = 20_000
    """Rows of tables that are only added to, gathered before they are copied in."""
    seconds: float = 30.0
    """After how long the work so far is committed: at most this much is lost to a kill."""


@dataclass(slots=True)
class RebuildProgress:
    """How far a rebuild is: events over all its ledgers' common passes."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class RebuildOutcome:
    """What came of one ledger's rebuild."""

    projection: str
    positions: dict[str, int]
    """By county: the position up to which the new tables show the log."""
    rows: int
    digests: dict[str, str]
    """By county, at the position of the comparison."""
    equal: bool | None
    """Whether live and rebuilt rows were the same at the same position; None: nothing to compare with."""
    differences: list[str]
    """The first ones, in words."""
    swapped: bool
    events: int
    replay_seconds: float
    seconds: float


@dataclass(slots=True)
class _Shadow:
    """One projection's shadow: how far it is in each county, and the rows in memory."""

    projection: Projection
    epoch: int
    positions: dict[str, int]
    fresh: bool
    keyed: bool = False
    rows: dict[str, Rows] = field(default_factory=dict)
    events: int = 0

    def rows_of(self, county: str) -> Rows:
        """The rows in memory; complete if the shadow was empty when we began."""
        found = self.rows.get(county)
        if found is None:
            found = self.rows[county] = self.projection.rows(county)
            if not (self.fresh and county not in self.positions):
                for table in found.tables.values():
                    table.forget()
        return found

    def forget(self) -> None:
        """Nothing in memory can be trusted any more."""
        self.rows.clear()
        self.fresh = False


class Rebuild:
    """One pass over the log for some projections. `url` must log in as who owns the tables."""

    def __init__(
        self,
        url: str,
        projections: Sequence[Projection],
        *,
        county: str | None = None,
        swap: bool = True,
        accept_difference: bool = False,
        progress: Callable[[RebuildProgress], None] | None = None,
        limits: RebuildLimits | None = None,
        upcast: Upcast | None = None,
        holder: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self.url = url
        self.projections = projections
        self.county = county
        self.swap = swap
        self.accept_difference = accept_difference
        self.limits = limits or RebuildLimits()
        self.holder = holder or holder_name()
        self.lease_seconds = lease_seconds
        self._report = progress or (lambda _progress: None)
        self._reader = EventReader(upcast or EventCodec().upcast)
        self._shadows: dict[str, _Shadow] = {}
        self._work: asyncpg.Connection
        self._log: asyncpg.Connection
        self._live: asyncpg.Connection
        self._transaction: Any = None
        self._copying: asyncio.Future[None] | None = None
        self._committed_at = monotonic()
        self._swapping = False
        self._done = 0
        self._total = 0
        self._schema = ""

    async def run(self) -> list[RebuildOutcome]:
        """Do it. `RebuildUnderWay`, `RebuildImpossible`, or `PoisonEvent` from an event that cannot be applied; then
        the live tables are as they were.
        """
        started = monotonic()
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(collecting_paused())
            self._work = await stack.enter_async_context(self._connected())
            self._log = await stack.enter_async_context(self._connected())
            self._live = await stack.enter_async_context(self._connected())
            self._schema = await self._work.fetchval("SELECT current_schema()")
            beat = await stack.enter_async_context(self._connected())
            await self._prepare()
            heart = asyncio.create_task(self._keep_alive(beat), name="rebuild lease")
            try:
                return await self._rebuild(started)
            finally:
                await _cancelled(heart)
                with contextlib.suppress(*TROUBLE):
                    if self._copying is not None:
                        await _cancelled(self._copying)
                    if self._transaction is not None:
                        await self._transaction.rollback()  # else its lock on our own row is waited for below
                    await beat.execute(
                        "UPDATE projection_rebuild SET holder = NULL, lease_until = NULL WHERE holder = $1",
                        self.holder,
                    )

    async def _rebuild(self, started: float) -> list[RebuildOutcome]:
        await self._require_log()
        shadows = list(self._shadows.values())
        live = await self._live_positions()
        counties = await self._counties()
        heads = await self._heads()
        self._total = sum(heads.values())
        self._done = sum(min(shadow.positions.get(one, 0) for shadow in shadows) for one in counties)
        replaying = monotonic()
        for county in counties:
            comparable = [
                live[one.projection.name][county] for one in shadows if county in live[one.projection.name]
            ]
            await self._replay(shadows, county, min([heads[county], *comparable]))
        await self._commit()
        replayed = monotonic() - replaying
        return [await self._finish(shadow, started, replayed) for shadow in shadows]

    async def _finish(self, shadow: _Shadow, started: float, replayed: float) -> RebuildOutcome:
        """Compare one projection with the live one and let it take its place."""
        self._tell("comparing")
        await self._ensure_keys(shadow)
        digests, equal, differences, rows = await self._compare(shadow)
        swapped = False
        if self.swap and (equal is not False or self.accept_difference):
            self._tell("indexing")
            await self._index(shadow)
            self._tell("swapping")
            await self._take_place(shadow)
            swapped = True
        else:
            await self._discard(shadow)
        return RebuildOutcome(
            projection=shadow.projection.name,
            positions=dict(shadow.positions),
            rows=rows,
            digests=digests,
            equal=equal,
            differences=differences,
            swapped=swapped,
            events=shadow.events,
            replay_seconds=replayed,
            seconds=monotonic() - started,
        )

    # Shadow tables

    async def _prepare(self) -> None:
        """Claim every projection's rebuild; begin anew or go on where a killed one stopped."""
        for projection in self.projections:
            if self.swap and self.county is not None and await self._misshapen(projection):
                raise RebuildImpossible(
                    f"The tables of {projection.name} are not as they should be; rebuild it for all counties."
                )
        for place in (SHADOW, PREVIOUS):
            if not await self._work.fetchval("SELECT to_regnamespace($1) IS NOT NULL", place):
                raise RebuildImpossible(f"The schema {place} is missing; an administrator has to create it.")
        live = await self._live_positions()
        for projection in self.projections:
            row = await self._claim(projection)
            usable = row["version"] == projection.version
            reached: dict[str, int] = orjson.loads(row["positions"])
            # Beyond the live ledger there would be nothing to compare with: then from the beginning.
            usable &= all(reached.get(one, 0) <= position for one, position in live[projection.name].items())
            for ledger in projection.tables:
                usable &= await self._work.fetchval("SELECT to_regclass($1) IS NOT NULL", _shadow(ledger))
            positions = reached if usable else {}
            shadow = _Shadow(projection, row["epoch"], positions, fresh=not positions)
            self._shadows[projection.name] = shadow
            if not positions:
                async with self._work.transaction():
                    await self._fence([shadow])
                    await self._create(projection)

    async def _claim(self, projection: Projection) -> Any:
        await self._work.execute(
            "INSERT INTO projection_rebuild (projection, version, positions, epoch, started_at, updated_at)"
            " VALUES ($1, $2, '{}', 0, clock_timestamp(), clock_timestamp()) ON CONFLICT DO NOTHING",
            projection.name,
            projection.version,
        )
        deadline = monotonic() + self.lease_seconds * 1.5  # a killed one's lease has run out by then
        while True:
            row = await self._work.fetchrow(_CLAIM, projection.name, self.holder, self.lease_seconds)
            if row is not None:
                return row
            if monotonic() > deadline:
                holder = await self._work.fetchval(
                    "SELECT holder FROM projection_rebuild WHERE projection = $1", projection.name
                )
                raise RebuildUnderWay(projection.name, holder)
            await asyncio.sleep(0.2)

    async def _create(self, projection: Projection) -> None:
        role = await self._work.fetchval(
            "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", WRITER_ROLE
        )
        for ledger in projection.tables:
            try:
                await self._work.execute(f"DROP TABLE IF EXISTS {_shadow(ledger)}")
                for statement in _definition(ledger):
                    await self._work.execute(statement)
                if role:
                    await self._work.execute(
                        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_shadow(ledger)} TO {WRITER_ROLE}"
                    )
            except asyncpg.InsufficientPrivilegeError as error:
                raise RebuildImpossible(
                    f"The database user may not make tables in {SHADOW}: {error}."
                ) from error
        await self._work.execute(
            "UPDATE projection_rebuild SET version = $2, positions = '{}', started_at = clock_timestamp()"
            " WHERE projection = $1",
            projection.name,
            projection.version,
        )

    async def _ensure_keys(self, shadow: _Shadow) -> None:
        """Primary keys, as soon as rows have to be found again; bulk loading goes faster without."""
        if shadow.keyed:
            return
        for ledger in shadow.projection.tables:
            if not await self._work.fetchval(
                "SELECT EXISTS (SELECT FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'p')",
                _shadow(ledger),
            ):
                constraint = _in_shadow(ledger).primary_key
                await self._work.execute(str(AddConstraint(constraint).compile(dialect=_DIALECT)))
        shadow.keyed = True

    async def _index(self, shadow: _Shadow) -> None:
        for ledger in shadow.projection.tables:
            for index in sorted(_in_shadow(ledger).indexes, key=lambda one: str(one.name)):
                command = CreateIndex(index, if_not_exists=True)
                await self._work.execute(str(command.compile(dialect=_DIALECT)))
            await self._work.execute(f"ANALYZE {_shadow(ledger)}")

    async def _discard(self, shadow: _Shadow) -> None:
        async with self._work.transaction():
            await self._fence([shadow])
            for ledger in shadow.projection.tables:
                await self._work.execute(f"DROP TABLE {_shadow(ledger)}")
            await self._work.execute(
                "DELETE FROM projection_rebuild WHERE projection = $1", shadow.projection.name
            )
        del self._shadows[shadow.projection.name]

    # Replay

    async def _replay(self, shadows: Sequence[_Shadow], county: str, upto: int) -> None:
        """Bring shadows to `upto`, those that are behind first, then all in one pass."""
        while True:
            low = min(shadow.positions.get(county, 0) for shadow in shadows)
            if low >= upto:
                return
            members = [shadow for shadow in shadows if shadow.positions.get(county, 0) == low]
            ahead = [shadow.positions[county] for shadow in shadows if shadow.positions.get(county, 0) > low]
            async for rows in self._read(county, low, min([upto, *ahead])):
                events = self._reader.read_all(rows)
                await self._load(members, county, events)
                for start in range(0, len(events), SLICE):
                    await self._apply(members, county, events[start : start + SLICE])
                    await asyncio.sleep(0)  # lets the next fetch in
                self._done += len(events)
                self._tell("replaying")
                await self._keep_within_limits(members)

    async def _read(self, county: str, low: int, upto: int) -> AsyncIterator[list[Any]]:
        """Events low < position ≤ upto; the next ones are on their way while the caller works."""

        def fetch(after: int) -> asyncio.Future[list[Any]]:
            return asyncio.ensure_future(
                self._log.fetch(_READ, county, after, min(after + READ_AT_ONCE, upto))
            )

        coming = fetch(low)
        try:
            while low < upto:
                rows = await coming
                end = min(low + READ_AT_ONCE, upto)
                if len(rows) != end - low:
                    raise RebuildImpossible(
                        f"The log of {county} does not hold all events from {low + 1} to {end}."
                    )
                low = end
                if low < upto:
                    coming = fetch(low)
                yield rows
        finally:
            await _cancelled(coming)

    async def _load(self, members: Sequence[_Shadow], county: str, events: Sequence[LedgerEvent]) -> None:
        """Bring back rows that were written and forgotten, where these events look at them."""
        for shadow in members:
            rows = shadow.rows_of(county)
            if all(table.complete or table.ledger.group is None for table in rows.tables.values()):
                continue
            handlers = shadow.projection.handlers
            mine = [event for event in events if event.type in handlers]
            if mine:
                await self._begin()
                await self._ensure_keys(shadow)
                await load(self._work, rows, keys_of(shadow.projection, mine), schema=SHADOW)

    async def _apply(self, members: Sequence[_Shadow], county: str, events: Sequence[LedgerEvent]) -> None:
        last = events[-1].position
        for shadow in members:
            projection = shadow.projection
            handlers = projection.handlers
            mine = [event for event in events if event.type in handlers]
            rows = shadow.rows_of(county)
            if mine:
                projection.apply(mine, rows)
                for table in rows.tables.values():
                    if len(table.appended) >= self.limits.appended:
                        await self._begin()
                        appended, table.appended = table.appended, []
                        copy = copy_in(self._work, table.ledger, appended, schema=SHADOW)
                        self._copying = asyncio.ensure_future(
                            copy
                        )  # goes on while the next events are applied
            shadow.positions[county] = last
            shadow.events += len(events)

    async def _keep_within_limits(self, members: Sequence[_Shadow]) -> None:
        if self._swapping:
            return  # its transaction ends with the swap and not before
        kept = sum(
            len(t.groups) for shadow in members for rows in shadow.rows.values() for t in rows.tables.values()
        )
        if kept > self.limits.rows or monotonic() - self._committed_at > self.limits.seconds:
            await self._commit(forget=kept > self.limits.rows)

    async def _copied(self) -> None:
        """Wait for what is being copied: a connection does one thing at a time."""
        if self._copying is not None:
            copying, self._copying = self._copying, None
            await copying

    async def _begin(self) -> None:
        await self._copied()
        if self._transaction is None:
            self._transaction = self._work.transaction()
            await self._transaction.start()
            await self._work.execute("SET LOCAL synchronous_commit = off")
            await self._fence(list(self._shadows.values()))

    async def _commit(self, *, forget: bool = False) -> None:
        """Write what is in memory, and the positions with it."""
        await self._begin()
        for shadow in self._shadows.values():
            await self._flush(shadow)
            if forget:
                for rows in shadow.rows.values():
                    for table in rows.tables.values():
                        table.forget()
            await self._fence([shadow], positions=shadow.positions)
        await self._transaction.commit()
        self._transaction = None
        self._committed_at = monotonic()

    async def _flush(self, shadow: _Shadow) -> None:
        for rows in shadow.rows.values():
            if any(len(table.changed) > len(table.new) for table in rows.tables.values()):
                await self._ensure_keys(shadow)
            await write_fast(self._work, rows, schema=SHADOW)

    async def _fence(self, shadows: Sequence[_Shadow], positions: dict[str, int] | None = None) -> None:
        """Only who holds the rebuild may write; locks its row until the transaction ends."""
        held = await self._work.fetch(
            _FENCE,
            [shadow.projection.name for shadow in shadows],
            [shadow.epoch for shadow in shadows],
            orjson.dumps(positions or {}).decode(),
            self.lease_seconds,
        )
        if len(held) < len(shadows):
            lost = {shadow.projection.name for shadow in shadows} - {row["projection"] for row in held}
            raise RebuildUnderWay(", ".join(sorted(lost)), None)

    # Comparison

    async def _compare(self, shadow: _Shadow) -> tuple[dict[str, str], bool | None, list[str], int]:
        """Digest of the shadow, and of the live tables at the same position where they are of the same version."""
        name = shadow.projection.name
        async with self._live.transaction(isolation="repeatable_read", readonly=True):
            live = await self._snapshot(shadow)
            for county, position in live.items():
                await self._replay([shadow], county, position)
            await self._commit()
            digests: dict[str, str] = {}
            total, equal, differences = 0, True if live else None, list[str]()
            for county in await self._counties():
                comparing = county in live
                mine, theirs = await asyncio.gather(
                    digest_of(self._work, shadow.projection, SHADOW, county),
                    digest_of(self._live, shadow.projection, self._schema, county)
                    if comparing
                    else _nothing(),
                )
                digests[county], rows = mine
                total += rows
                if comparing and mine != theirs:
                    equal = False
                    differences += await self._differences(shadow.projection, county)
        self._tell(f"compared {name}")
        return digests, equal, differences[:SHOWN_DIFFERENCES], total

    async def _snapshot(self, shadow: _Shadow) -> dict[str, int]:
        """Live positions as this transaction sees the live tables. They are not behind the shadow's, unless the live
        ledger went back in a crash; then it cannot be compared now.
        """
        if await self._misshapen(shadow.projection):
            return {}
        live = (await self._live_positions(self._live)).get(shadow.projection.name, {})
        for county, position in live.items():
            if position < shadow.positions.get(county, 0):
                raise RebuildImpossible(
                    f"{shadow.projection.name} of {county} is at {position}, behind its rebuild; try again."
                )
        return live

    async def _misshapen(self, projection: Projection) -> bool:
        """Whether live tables or columns of it are missing or others than the code's: nothing to compare with then."""
        names = [ledger.name for ledger in projection.tables]
        kinds = {f"{kind} {name}" for kind in ("table", "column") for name in names}
        expected = {
            subject: fact
            for subject, fact in schema.expected_facts().items()
            if subject.partition(".")[0] in kinds
        }
        found = await schema.facts_of(self._live, names)
        return any(found.get(subject) != fact for subject, fact in expected.items())

    async def _differences(self, projection: Projection, county: str) -> list[str]:
        found: list[str] = []
        async with self._work.transaction():
            for ledger in projection.tables:
                query = f"SELECT {', '.join(ledger.columns)} FROM {{}} WHERE county = $1 ORDER BY {', '.join(ledger.key)}"
                mine = self._work.cursor(query.format(_shadow(ledger)), county, prefetch=500)
                theirs = self._live.cursor(
                    query.format(f"{self._schema}.{ledger.name}"), county, prefetch=500
                )
                async for line in _merged(ledger, mine, theirs):
                    found.append(line)
                    if len(found) >= SHOWN_DIFFERENCES:
                        return found
        return found

    # Swap

    async def _take_place(self, shadow: _Shadow) -> None:
        """Catch up, then in one transaction: hold the checkpoints, apply the rest, move the tables."""
        for attempt in range(SWAP_ATTEMPTS):
            for county in await self._counties():
                head = (await self._heads())[county]
                await self._replay([shadow], county, head)
            await self._commit()
            try:
                await self._try_to_swap(shadow)
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                # A long question holds the old tables: let it and those behind it through, and come again.
                shadow.forget()
                await self._reread(shadow)
                await asyncio.sleep(min(0.1 * (attempt + 1), 1.0))
            else:
                return
        raise RebuildImpossible(
            f"The tables of {shadow.projection.name} were in use all the time; try again later."
        )

    async def _reread(self, shadow: _Shadow) -> None:
        stored = await self._work.fetchval(
            "SELECT positions FROM projection_rebuild WHERE projection = $1", shadow.projection.name
        )
        shadow.positions = orjson.loads(stored)

    async def _try_to_swap(self, shadow: _Shadow) -> None:
        projection = shadow.projection
        transaction = self._work.transaction()
        await transaction.start()
        self._transaction = transaction
        self._swapping = True
        try:
            # Shorter than the server's deadlock_timeout: should readers and we wait for each other, we give way.
            await self._work.execute("SET LOCAL lock_timeout = '500ms'")
            await self._fence([shadow])
            await self._work.execute(
                "SELECT FROM projection_checkpoint WHERE projection = $1 ORDER BY county FOR UPDATE",
                projection.name,
            )
            for county in await self._counties():
                head = (await self._heads())[county]
                await self._replay([shadow], county, head)
            await self._copied()
            await self._flush(shadow)
            for ledger in projection.tables:
                if self.county is None:
                    await self._move(ledger)
                else:
                    await self._exchange(ledger, self.county)
            counties = await self._counties()
            await self._work.execute(
                _SWAPPED,
                projection.name,
                projection.version,
                counties,
                [shadow.positions[one] for one in counties],
            )
            await self._work.execute("DELETE FROM projection_rebuild WHERE projection = $1", projection.name)
        except BaseException:
            self._transaction = None
            if self._copying is not None:
                copying, self._copying = self._copying, None
                await _cancelled(copying)
            await transaction.rollback()
            raise
        finally:
            self._swapping = False
        self._transaction = None
        await transaction.commit()
        del self._shadows[projection.name]

    async def _move(self, ledger: LedgerTable) -> None:
        await self._work.execute(f"DROP TABLE IF EXISTS {PREVIOUS}.{ledger.name}")
        await self._work.execute(f"ALTER TABLE IF EXISTS {self._schema}.{ledger.name} SET SCHEMA {PREVIOUS}")
        await self._work.execute(f"ALTER TABLE {_shadow(ledger)} SET SCHEMA {self._schema}")

    async def _exchange(self, ledger: LedgerTable, county: str) -> None:
        """One county's rows only: the table stays, its rows are exchanged."""
        live = f"{self._schema}.{ledger.name}"
        columns = ", ".join(ledger.columns)
        await self._work.execute(f"DROP TABLE IF EXISTS {PREVIOUS}.{ledger.name}")
        await self._work.execute(f"CREATE TABLE {PREVIOUS}.{ledger.name} (LIKE {live} INCLUDING ALL)")
        await self._work.execute(
            f"WITH old AS (DELETE FROM {live} WHERE county = $1 RETURNING {columns})"
            f" INSERT INTO {PREVIOUS}.{ledger.name} ({columns}) SELECT {columns} FROM old",
            county,
        )
        await self._work.execute(f"INSERT INTO {live} ({columns}) SELECT {columns} FROM {_shadow(ledger)}")
        await self._work.execute(f"DROP TABLE {_shadow(ledger)}")

    # The log and the checkpoints

    async def _heads(self) -> dict[str, int]:
        await self._copied()
        rows = await self._work.fetch("SELECT county, position FROM log_head")
        return {county: position for county, position in rows if self.county in {None, county}}

    async def _require_log(self) -> None:
        """There is something to build from, with its head; nothing compared with nothing would be equal."""
        ends = await ends_of(self._work, self.county)
        headless = next((one for one in ends if one.head is None), None)
        if headless is not None:
            raise RebuildImpossible(f"The log of {headless.county} is not whole: {headless.problem}.")
        if not any(one.head for one in ends):
            raise RebuildImpossible("There is no log to build ledgers from, and so nothing to compare.")

    async def _counties(self) -> list[str]:
        return sorted(await self._heads())

    async def _live_positions(self, connection: Any = None) -> dict[str, dict[str, int]]:
        """By projection and county, where the live tables were built by this version."""
        rows = await (connection or self._work).fetch(
            "SELECT projection, county, position, version FROM projection_checkpoint"
        )
        found: dict[str, dict[str, int]] = {one.name: {} for one in self.projections}
        versions = {one.name: one.version for one in self.projections}
        for row in rows:
            name, county = row["projection"], row["county"]
            if name in found and self.county in {None, county} and row["version"] == versions[name]:
                found[name][county] = row["position"]
        return found

    async def _keep_alive(self, connection: Any) -> None:
        while True:
            await asyncio.sleep(self.lease_seconds / 3)
            await connection.execute(
                "UPDATE projection_rebuild SET lease_until = clock_timestamp() + make_interval(secs => $2)"
                " WHERE holder = $1",
                self.holder,
                self.lease_seconds,
            )

    def _tell(self, phase: str) -> None:
        self._report(RebuildProgress(phase, min(self._done, self._total), self._total))

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(
            self.url,
            server_settings={"application_name": "taizhang rebuild", "timezone": "UTC", "jit": "off"},
        )
        try:
            yield connection
        finally:
            connection.terminate()  # whatever it was doing is undone or done


def _shadow(ledger: LedgerTable) -> str:
    return f"{SHADOW}.{ledger.name}"


def _definition(ledger: LedgerTable) -> list[str]:
    """Statements that make the shadow as the code describes the table, whatever the live one looks like. Its key and
    its indexes come later: loading goes faster without.
    """
    table = _in_shadow(ledger)
    columns = ", ".join(str(CreateColumn(column).compile(dialect=_DIALECT)) for column in table.columns)
    comments: list[ExecutableDDLElement] = [
        SetTableComment(table),
        *(SetColumnComment(one) for one in table.columns if one.comment),
    ]
    return [
        f"CREATE TABLE {_shadow(ledger)} ({columns})",
        *(str(comment.compile(dialect=_DIALECT)) for comment in comments),
    ]


def _in_shadow(ledger: LedgerTable) -> Any:
    """The table as SQLAlchemy knows it, in the schema of shadows: for the DDL of its key and indexes."""
    metadata = type(ledger_metadata)()
    return ledger.table.to_metadata(metadata, schema=SHADOW)


async def _cancelled(task: asyncio.Future[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task


async def _nothing() -> tuple[str, int]:
    return "", 0


async def digest_of(connection: Any, projection: Projection, place: str, county: str) -> tuple[str, int]:
    """SHA-256 over the digests of all rows in key order, table after table, and the count of rows. A row's digest is
    over its text, in which an absent value differs from an empty one, columns in the order of the code: that of the
    table depends on which migrations made it. The server hashes rows, and runs of rows.
    """
    digest, count = hashlib.sha256(), 0
    async with connection.transaction():
        await connection.execute("SET LOCAL timezone = 'UTC'")
        await connection.execute("SET LOCAL work_mem = '64MB'")
        for ledger in projection.tables:
            digest.update(ledger.name.encode() + b"\0")
            query = (
                "SELECT sha256(string_agg(h, ''::bytea ORDER BY n)), count(*) FROM ("
                f"SELECT row_number() OVER (ORDER BY {', '.join(ledger.key[1:])}) - 1 AS n,"
                f" sha256(convert_to(ROW({', '.join(ledger.columns)})::text, 'UTF8')) AS h FROM {place}.{ledger.name}"
                " WHERE county = $1"
                f") AS hashed GROUP BY n / {_RUN} ORDER BY n / {_RUN}"
            )
            for part, rows in await connection.fetch(query, county):
                digest.update(part)
                count += rows
    return digest.hexdigest(), count


async def _merged(ledger: LedgerTable, mine: Any, theirs: Any) -> AsyncIterator[str]:
    """Differences between two ordered runs of rows, in words."""
    left, right = aiter(mine), aiter(theirs)
    a, b = await anext(left, None), await anext(right, None)
    while a is not None or b is not None:
        first = None if a is None else tuple(a[name] for name in ledger.key)
        second = None if b is None else tuple(b[name] for name in ledger.key)
        if second is None or (first is not None and first < second):
            yield f"{ledger.name} {_named(ledger, a)}: only in the rebuilt ledger"
            a = await anext(left, None)
        elif b is not None and (first is None or second < first):
            yield f"{ledger.name} {_named(ledger, b)}: only in the live ledger"
            b = await anext(right, None)
        elif a is not None and b is not None:
            changed = [f"{name} {b[name]!r} → {a[name]!r}" for name in ledger.columns if a[name] != b[name]]
            if changed:
                yield f"{ledger.name} {_named(ledger, a)}: {', '.join(changed)}"
            a, b = await anext(left, None), await anext(right, None)


def _named(ledger: LedgerTable, row: Any) -> str:
    return "/".join(str(row[name]) for name in ledger.key)


def in_groups(projections: Iterable[Projection], count: int) -> list[list[Projection]]:
    """Projections spread over at most `count` groups of about equal weight."""
    groups: list[list[Projection]] = [[] for _ in range(count)]
    for projection in sorted(projections, key=lambda one: -one.weight):
        min(groups, key=lambda group: sum(one.weight for one in group)).append(projection)
    return [group for group in groups if group]


# Several processes


class RebuildFailed(Exception):  # noqa: N818  names a state, like its siblings
    """A process of the rebuild ended with this."""


def obey() -> None:
    """Entry of a process: an order as JSON on stdin, what happens as JSON lines on stdout."""
    order = orjson.loads(sys.stdin.buffer.read())

    def say(**line: Any) -> None:
        sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
        sys.stdout.buffer.flush()  # fails when nobody listens any more, and ends this rebuild

    work = Rebuild(
        order["url"],
        chosen(order["names"]),
        county=order["county"],
        swap=order["swap"],
        accept_difference=order["accept_difference"],
        progress=lambda progress: say(progress=asdict(progress)),
        limits=RebuildLimits(**order["limits"]),
    )
    try:
        say(done=[asdict(outcome) for outcome in uvloop.run(work.run())])
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:  # noqa: BLE001  told to the parent, which raises it
        say(failed=f"{type(error).__name__}: {error}")


async def rebuild(
    url: str,
    projections: Sequence[Projection],
    *,
    county: str | None = None,
    swap: bool = True,
    accept_difference: bool = False,
    progress: Callable[[RebuildProgress], None] | None = None,
    limits: RebuildLimits | None = None,
    processes: int = 2,
) -> list[RebuildOutcome]:
    """Rebuild projections of the catalogue, spread over processes; outcomes in the given order.

    Raises `RebuildFailed` with the first process's words; what other processes had finished by then stays.
    """
    groups = in_groups(projections, max(1, processes))
    limits = limits or RebuildLimits()
    if len(groups) == 1:
        alone = Rebuild(
            url,
            projections,
            county=county,
            swap=swap,
            accept_difference=accept_difference,
            progress=progress,
            limits=limits,
        )
        return await alone.run()
    order = {
        "url": url,
        "county": county,
        "swap": swap,
        "accept_difference": accept_difference,
        "limits": asdict(limits),
    }
    latest = [RebuildProgress("starting", 0, 0) for _ in groups]

    async def send(place: int, group: Sequence[Projection]) -> list[RebuildOutcome]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from service.ledgers.rebuild import obey; obey()",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=_ROOT,
            limit=2**24,
        )
        if process.stdin is None or process.stdout is None:
            msg = "the worker has no pipes"
            raise RuntimeError(msg)
        try:
            process.stdin.write(orjson.dumps(order | {"names": [one.name for one in group]}))
            process.stdin.close()
            async for line in process.stdout:
                said = orjson.loads(line)
                if "progress" in said:
                    latest[place] = RebuildProgress(**said["progress"])
                    _tell_all(latest, progress)
                elif "failed" in said:
                    raise RebuildFailed(said["failed"])
                else:
                    return [RebuildOutcome(**outcome) for outcome in said["done"]]
            raise RebuildFailed(
                f"the process for {group[0].name} ended with exit code {await process.wait()}"
            )
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
            await process.wait()

    sent = [asyncio.ensure_future(send(place, group)) for place, group in enumerate(groups)]
    try:
        done = [outcome for outcomes in await asyncio.gather(*sent) for outcome in outcomes]
    finally:
        for one in sent:
            await _cancelled(one)
    order_of = {projection.name: place for place, projection in enumerate(projections)}
    return sorted(done, key=lambda outcome: order_of[outcome.projection])


def _tell_all(latest: Sequence[RebuildProgress], progress: Callable[[RebuildProgress], None] | None) -> None:
    """All processes' progress as one: the slowest counts."""
    if progress is not None:
        slowest = min(latest, key=lambda one: one.done)
        progress(RebuildProgress(slowest.phase, slowest.done, max(one.total for one in latest)))
