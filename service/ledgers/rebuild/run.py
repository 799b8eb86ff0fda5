"""One rebuild: claim, replay, compare, swap."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any, Final

import asyncpg
import orjson

from projections.engine.events import EventReader, Upcast
from projections.engine.projection import Projection
from projections.engine.tables import PREVIOUS, SHADOW
from service.database.trouble import TROUBLE
from service.ledgers.projector import holder_name
from service.ledgers.rebuild import shadow_tables
from service.ledgers.rebuild.claims import LEASE_SECONDS, Claims
from service.ledgers.rebuild.comparison import differences_of, digest_of, misshapen
from service.ledgers.rebuild.plan import (
    SHOWN_DIFFERENCES,
    RebuildImpossible,
    RebuildLimits,
    RebuildOutcome,
    RebuildProgress,
    Shadow,
    in_groups,
)
from service.ledgers.rebuild.ranges import kept_ranges
from service.ledgers.rebuild.replay import Replay
from service.ledgers.rebuild.shadow_writer import cancelled
from service.ledgers.rebuild.sharing import Helper, fold_streams, together
from service.ledgers.rebuild.swap import analyze, hold_checkpoints, take_place
from service.log.codec import EventCodec
from service.log.ends import ends_of
from service.memory import collecting_paused

SWAP_ATTEMPTS: Final = 20


class Rebuild:
    """One pass over the log for some projections. `url` must log in as who owns the tables.

    `helpers` fold ranges of streams beside it, and bring a part of the projections to their end.
    """

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
        helpers: Sequence[Helper] = (),
    ) -> None:
        self.url = url
        self.projections = projections
        self.county = county
        self.swap = swap
        self.accept_difference = accept_difference
        self.limits = limits or RebuildLimits()
        self.claims = Claims(holder or holder_name(), lease_seconds)
        self._report = progress or (lambda _progress: None)
        self._helpers = helpers
        self._reader = EventReader(upcast or EventCodec().upcast)
        self._replay: Replay
        self._work: asyncpg.Connection
        self._live: asyncpg.Connection
        self._schema = ""

    async def run(self) -> list[RebuildOutcome]:
        """Do it. `RebuildUnderWay`, `RebuildImpossible`, or `PoisonEvent` from an event that cannot be applied; then
        the live tables are as they were.
        """
        started = monotonic()
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(collecting_paused())
            self._work = await stack.enter_async_context(connected(self.url))
            log = await stack.enter_async_context(connected(self.url))
            self._live = await stack.enter_async_context(connected(self.url))
            self._schema = await self._work.fetchval("SELECT current_schema()")
            beat = await stack.enter_async_context(connected(self.url))
            self._replay = Replay(
                self._work, log, self.claims, reader=self._reader, limits=self.limits, report=self._report
            )
            await self._prepare()
            heart = asyncio.create_task(self.claims.keep_alive(beat), name="rebuild lease")
            try:
                return await self._rebuild(started)
            finally:
                await cancelled(heart)
                with contextlib.suppress(*TROUBLE):
                    await self._replay.abandon()
                    await self.claims.release(beat)

    async def _rebuild(self, started: float) -> list[RebuildOutcome]:
        await self._require_log()
        shadows = list(self._replay.shadows.values())
        live = await self._live_positions()
        counties = await self._counties()
        heads = await self._heads()
        self._replay.total = sum(heads.values())
        self._replay.done = sum(min(shadow.positions.get(one, 0) for shadow in shadows) for one in counties)
        replaying = monotonic()
        ends: dict[str, int] = {}
        for county in counties:
            comparable = [
                live[one.projection.name][county] for one in shadows if county in live[one.projection.name]
            ]
            ends[county] = min([heads[county], *comparable])
            await fold_streams(self._replay, shadows, county, ends[county], self._helpers)
        streamed = monotonic() - replaying

        async def mine(shadows: Sequence[Shadow]) -> list[RebuildOutcome]:
            for county, upto in ends.items():
                await self._replay.replay(shadows, county, upto)
            await self._replay.commit()
            replayed = monotonic() - replaying
            return [await self._finish(shadow, started, replayed) for shadow in shadows]

        if not self._helpers:
            return await mine(shadows)
        groups = in_groups(self.projections, 1 + len(self._helpers))
        handed = [
            self._finished_by(helper, [self._replay.shadows[one.name] for one in group], started, streamed)
            for helper, group in zip(self._helpers, groups[1:], strict=False)
        ]
        for group in groups[1:]:
            await self._hand_over([one.name for one in group])
        return [
            one
            for some in await together([mine(list(self._replay.shadows.values())), *handed])
            for one in some
        ]

    async def _hand_over(self, names: Sequence[str]) -> None:
        """Let go of projections that somebody else brings to their end."""
        for name in names:
            del self._replay.shadows[name]
        await self.claims.release(self._work, names)

    async def _finished_by(
        self, helper: Helper, shadows: Sequence[Shadow], started: float, streamed: float
    ) -> list[RebuildOutcome]:
        events = {one.projection.name: one.events for one in shadows}
        outcomes = await helper.finish(list(events), self._report)
        return [
            replace(
                one,
                events=one.events + events[one.projection],
                replay_seconds=one.replay_seconds + streamed,
                seconds=monotonic() - started,
            )
            for one in outcomes
        ]

    async def _finish(self, shadow: Shadow, started: float, replayed: float) -> RebuildOutcome:
        """Compare one projection with the live one and let it take its place."""
        self._replay.tell("comparing")
        await shadow_tables.ensure_keys(self._work, shadow)
        digests, equal, differences, rows = await self._compare(shadow)
        swapped = False
        if self.swap and (equal is not False or self.accept_difference):
            self._replay.tell("indexing")
            await shadow_tables.add_indexes(self._work, shadow.projection)
            self._replay.tell("swapping")
            await self._take_place(shadow)
            swapped = True
            self._replay.tell("analyzing")
            await analyze(self._work, shadow.projection, self._schema)
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
            if self.swap and self.county is not None and await misshapen(self._live, projection):
                raise RebuildImpossible(
                    f"The tables of {projection.name} are not as they should be; rebuild it for all counties."
                )
        for place in (SHADOW, PREVIOUS):
            if not await self._work.fetchval("SELECT to_regnamespace($1) IS NOT NULL", place):
                raise RebuildImpossible(f"The schema {place} is missing; an administrator has to create it.")
        live = await self._live_positions()
        for projection in self.projections:
            row = await self.claims.claim(self._work, projection)
            usable = row["version"] == projection.version
            reached: dict[str, int] = orjson.loads(row["positions"])
            streamed = await kept_ranges(self._work, projection.name)
            furthest = reached | {county: one.upto for county, one in streamed.items()}
            # Beyond the live ledger there would be nothing to compare with: then from the beginning.
            usable &= all(furthest.get(one, 0) <= position for one, position in live[projection.name].items())
            # Rows of other counties would be put beside theirs when this one's take their place.
            usable &= self.county is None or set(furthest) <= {self.county}
            usable = usable and bool(furthest) and await shadow_tables.exist(self._work, projection)
            shadow = (
                Shadow(projection, row["epoch"], reached, fresh=False, streamed=streamed)
                if usable
                else Shadow(projection, row["epoch"], {}, fresh=True)
            )
            self._replay.shadows[projection.name] = shadow
            if not usable:
                async with self._work.transaction():
                    await self.claims.fence(self._work, [shadow])
                    await shadow_tables.create(self._work, projection)

    async def _discard(self, shadow: Shadow) -> None:
        async with self._work.transaction():
            await self.claims.fence(self._work, [shadow])
            await shadow_tables.drop(self._work, shadow.projection)
            await self._work.execute(
                "DELETE FROM projection_rebuild WHERE projection = $1", shadow.projection.name
            )
        del self._replay.shadows[shadow.projection.name]

    # Comparison

    async def _compare(self, shadow: Shadow) -> tuple[dict[str, str], bool | None, list[str], int]:
        """Digest of the shadow, and of the live tables at the same position where they are of the same version."""
        name = shadow.projection.name
        async with self._live.transaction(isolation="repeatable_read", readonly=True):
            live = await self._snapshot(shadow)
            for county, position in live.items():
                await self._replay.replay([shadow], county, position)
            await self._replay.commit()
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
                    differences += await differences_of(
                        self._work, self._live, shadow.projection, self._schema, county
                    )
        self._replay.tell(f"compared {name}")
        return digests, equal, differences[:SHOWN_DIFFERENCES], total

    async def _snapshot(self, shadow: Shadow) -> dict[str, int]:
        """Live positions as this transaction sees the live tables. They are not behind the shadow's, unless the live
        ledger went back in a crash; then it cannot be compared now.
        """
        if await misshapen(self._live, shadow.projection):
            return {}
        live = (await self._live_positions(self._live)).get(shadow.projection.name, {})
        for county, position in live.items():
            if position < shadow.positions.get(county, 0):
                raise RebuildImpossible(
                    f"{shadow.projection.name} of {county} is at {position}, behind its rebuild; try again."
                )
        return live

    # Swap

    async def _take_place(self, shadow: Shadow) -> None:
        """Catch up, then in one transaction: hold the checkpoints, apply the rest, move the tables."""
        for attempt in range(SWAP_ATTEMPTS):
            for county in await self._counties():
                head = (await self._heads())[county]
                await self._replay.replay([shadow], county, head)
            await self._replay.commit()
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

    async def _reread(self, shadow: Shadow) -> None:
        stored = await self._work.fetchval(
            "SELECT positions FROM projection_rebuild WHERE projection = $1", shadow.projection.name
        )
        shadow.positions = orjson.loads(stored)

    async def _try_to_swap(self, shadow: Shadow) -> None:
        projection = shadow.projection
        async with self._replay.swapping():
            # Shorter than the server's deadlock_timeout: should readers and we wait for each other, we give way.
            await self._work.execute("SET LOCAL lock_timeout = '500ms'")
            await self.claims.fence(self._work, [shadow])
            await hold_checkpoints(self._work, projection)
            for county in await self._counties():
                head = (await self._heads())[county]
                await self._replay.replay([shadow], county, head)
            await self._replay.copied()
            await self._replay.flush(shadow)
            positions = {one: shadow.positions[one] for one in await self._counties()}
            await take_place(self._work, projection, self._schema, positions, self.county)
        del self._replay.shadows[projection.name]

    # The log and the checkpoints

    async def _heads(self) -> dict[str, int]:
        await self._replay.copied()
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


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of a rebuild."""
    connection = await asyncpg.connect(
        url,
        server_settings={"application_name": "taizhang rebuild", "timezone": "UTC", "jit": "off"},
    )
    try:
        yield connection
    finally:
        connection.terminate()  # whatever it was doing is undone or done


async def _nothing() -> tuple[str, int]:
    return "", 0
