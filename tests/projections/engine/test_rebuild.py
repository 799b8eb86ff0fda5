"""Rebuilding: the same rows as live, beside writes and live runners, after kills, swapped in one step or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from projections.catalogue import CATALOGUE
from projections.engine.events import EventReader, LedgerEvent
from projections.engine.projection import PoisonEvent, Projection
from service.database import schema
from service.ledgers.projector import Projector
from service.ledgers.rebuild import streams
from service.ledgers.rebuild.claims import Claims
from service.ledgers.rebuild.plan import (
    RebuildImpossible,
    RebuildLimits,
    RebuildOutcome,
    RebuildProgress,
    RebuildUnderWay,
    StreamRange,
    in_groups,
)
from service.ledgers.rebuild.replay import Replay
from service.ledgers.rebuild.run import Rebuild, connected
from service.ledgers.rebuild.streams import StreamFold, StreamsWanted
from service.ledgers.rebuild.workers import rebuild
from service.log.codec import EventCodec
from service.log.event_store import EventStore
from tests.projections.contents import digests, folded_rows, positions, stored_rows, until
from tests.projections.engine.test_part import EVENTS as DISORDERED, LATE
from tests.projections.history import COUNTY, OTHER_COUNTY, Log, RandomHistory, append_all, card, fill_log

ALL = list(CATALOGUE.values())
SMALL = RebuildLimits(rows=300, appended=100, seconds=0.05)
NOTHING_KEPT = RebuildLimits(rows=100, streamed=40, appended=50, seconds=0.0)
BY_POSITION = [one for one in ALL if not one.by_streams]


async def live(pool: asyncpg.Pool, store: EventStore, seed: int, count: int, county: str = COUNTY) -> int:
    """A log of a random history, with its ledgers kept up live in many small batches."""
    async with Projector(pool, store, batch=61) as projector:
        last = await append_all(store, RandomHistory(seed, county).take(count))
        await projector.wait_for(county, None, last, 60)
    return last


async def test_rebuilt_rows_are_the_live_rows(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    await live(pool, store, 41, 6000)
    before = await digests(pool, COUNTY)
    outcomes = await rebuild(database_url, ALL, processes=1)
    assert {one.projection: (one.equal, one.swapped, one.differences) for one in outcomes} == dict.fromkeys(
        CATALOGUE, (True, True, [])
    )
    assert {one.projection: one.digests[COUNTY] for one in outcomes} == before
    assert await digests(pool, COUNTY) == before


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), rows=st.integers(5, 400), appended=st.integers(1, 300))
async def test_rows_that_are_forgotten_and_loaded_again_are_the_same(
    postgres_server: Any, migrated_template: str, seed: int, rows: int, appended: int
) -> None:
    """Whatever the memory limits are. (A database of its own for every example.)"""
    from tests import postgres

    events = RandomHistory(seed, alive=50).take(2500)
    with postgres.fresh_database(postgres_server, migrated_template) as url:
        async with asyncpg.create_pool(url, min_size=1, max_size=6) as pool, EventStore(pool) as store:
            await append_all(store, events)
            limits = RebuildLimits(rows=rows, appended=appended, seconds=1000)
            await Rebuild(url, ALL, limits=limits).run()
            for projection in ALL:
                assert await stored_rows(pool, COUNTY, projection) == folded_rows(events, COUNTY, projection)


async def test_digests_do_not_depend_on_the_order_of_columns(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    """It is another in a database that was upgraded than in a fresh one."""
    await live(pool, store, 49, 300)
    before = await digests(pool, COUNTY)
    await pool.execute(
        "ALTER TABLE person ADD moved text; UPDATE person SET moved = name;"
        "ALTER TABLE person DROP name; ALTER TABLE person RENAME moved TO name;"
        'ALTER TABLE person ALTER name TYPE varchar COLLATE "C", ALTER name SET NOT NULL'
    )
    assert await schema.differences(pool) == []
    assert await digests(pool, COUNTY) == before
    (outcome,) = await rebuild(database_url, [CATALOGUE["directory"]], swap=False)
    assert outcome.equal is True


async def test_an_exchange_of_values_between_two_rows_is_another_digest(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    """The server's own hash of a row is a sum over its columns: a sum of those would often be the same."""
    await live(pool, store, 70, 800)
    before = await digests(pool, COUNTY)
    people = await pool.fetch(
        "SELECT DISTINCT ON (name) person, name FROM person WHERE county = $1 ORDER BY name LIMIT 11", COUNTY
    )
    rename = "UPDATE person SET name = $3 WHERE county = $1 AND person = $2"
    first = people[0]
    for other in people[1:]:
        await pool.execute(rename, COUNTY, first["person"], other["name"])
        await pool.execute(rename, COUNTY, other["person"], first["name"])
        found = await digests(pool, COUNTY, [CATALOGUE["directory"]])
        assert found["directory"] != before["directory"]
        await pool.execute(rename, COUNTY, other["person"], other["name"])
    await pool.execute(rename, COUNTY, people[-1]["person"], first["name"])
    (outcome,) = await rebuild(database_url, [CATALOGUE["directory"]], swap=False)
    assert (outcome.equal, len(outcome.differences)) == (False, 2)
    await pool.execute(rename, COUNTY, people[-1]["person"], people[-1]["name"])
    await pool.execute(rename, COUNTY, first["person"], first["name"])
    assert len(people) == 11
    assert await digests(pool, COUNTY) == before


async def test_a_list_in_another_order_is_another_digest(pool: asyncpg.Pool, store: EventStore) -> None:
    """Also where the server's own hash of JSON comes round again, after 64 members."""
    await live(pool, store, 71, 900)
    numbers = list(range(130))
    await pool.execute("UPDATE asset_register SET items = $1::jsonb", str(numbers))
    before = await digests(pool, COUNTY)
    numbers[0], numbers[64] = numbers[64], numbers[0]
    await pool.execute("UPDATE asset_register SET items = $1::jsonb", str(numbers))
    assert (await digests(pool, COUNTY))["asset_register"] != before["asset_register"]


async def test_a_row_that_is_there_twice_in_another_county_is_not_this_county_s(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    await live(pool, store, 72, 300)
    before = await digests(pool, COUNTY)
    await live(pool, store, 73, 300, OTHER_COUNTY)
    assert await digests(pool, COUNTY) == before


async def test_only_events_that_the_ledger_reads_are_read(
    pool: asyncpg.Pool, store: EventStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = await live(pool, store, 74, 2500)
    read: list[Any] = []
    read_all = EventReader.read_all

    def noted(self: EventReader, rows: Any) -> list[LedgerEvent]:
        events = read_all(self, rows)
        read.extend(events)
        return events

    monkeypatch.setattr(EventReader, "read_all", noted)
    custody = CATALOGUE["custody_ledger"]
    (outcome,) = await Rebuild(database_url, [custody]).run()
    assert (outcome.equal, outcome.swapped, outcome.positions) == (True, True, {COUNTY: last})
    assert outcome.events == last
    of_types = await pool.fetchval(
        "SELECT count(*) FROM event WHERE county = $1 AND type = ANY($2)", COUNTY, list(custody.handlers)
    )
    assert len({one.position for one in read}) == len(read) == of_types < last / 2


async def test_the_planner_knows_the_tables_once_they_are_in_use(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    await live(pool, store, 75, 600)
    known = "SELECT count(*) FROM pg_stats WHERE schemaname = 'public' AND tablename = 'asset_register'"
    for county in (None, COUNTY):
        await pool.execute("DELETE FROM pg_statistic WHERE starelid = 'asset_register'::regclass")
        await rebuild(database_url, [CATALOGUE["asset_register"]], county=county)
        assert await pool.fetchval(known) > 20


async def test_one_county_alone_is_not_rebuilt_into_tables_that_are_not_as_they_should_be(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    await live(pool, store, 50, 200)
    await pool.execute("ALTER TABLE person DROP left_on")
    with pytest.raises(RebuildImpossible, match="directory are not as they should be"):
        await rebuild(database_url, [CATALOGUE["directory"]], county=COUNTY)
    (outcome,) = await rebuild(database_url, [CATALOGUE["directory"]], swap=False)
    assert (outcome.equal, outcome.swapped) == (None, False)


async def test_a_live_runner_goes_on_after_the_swap(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    events = RandomHistory(42).take(3000)
    async with Projector(pool, store) as projector:
        last = await append_all(store, events[:2000])
        await projector.wait_for(COUNTY, None, last, 20)
        await rebuild(database_url, ALL, processes=1)
        last = await append_all(store, events[2000:])
        await projector.wait_for(COUNTY, None, last, 20)
    for projection in ALL:
        assert await stored_rows(pool, COUNTY, projection) == folded_rows(events, COUNTY, projection)


async def test_rebuilding_while_events_are_appended_and_read(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    events = RandomHistory(43).take(6000)
    async with Projector(pool, store, batch=100) as projector:
        await append_all(store, events[:2000])

        async def write() -> int:
            last = 0
            for start in range(2000, 6000, 100):
                last = await append_all(store, events[start : start + 100])
                await asyncio.sleep(0.01)
            return last

        async def read() -> None:
            while not writing.done():
                await pool.fetchval("SELECT count(*) FROM asset_register")
                await pool.fetchval(
                    "SELECT count(*) FROM asset_mention m JOIN asset_register r USING (county, asset)"
                )

        writing = asyncio.create_task(write())
        reading = asyncio.create_task(read())
        outcomes = await Rebuild(database_url, ALL).run()
        last = await writing
        await reading
        assert all(one.equal and one.swapped for one in outcomes)
        await projector.wait_for(COUNTY, None, last, 20)
    for projection in ALL:
        assert await stored_rows(pool, COUNTY, projection) == folded_rows(events, COUNTY, projection)


async def test_a_log_whose_ledgers_never_ran(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    events = RandomHistory(44).take(2000)
    last = await append_all(store, events)
    outcomes = await rebuild(database_url, ALL, processes=1)
    assert {one.equal for one in outcomes} == {None}
    assert await positions(pool, COUNTY) == dict.fromkeys(CATALOGUE, last)
    async with Projector(pool, store) as projector:
        await projector.wait_for(COUNTY, None, last, 5)

        async def well() -> bool:
            return all(one["healthy"] for one in await projector.health())

        await until(well)  # the leases are taken a moment after the start


async def test_a_ledger_that_lags_far_behind_is_compared_where_it_is(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    events = RandomHistory(45).take(2000)
    async with Projector(pool, store) as projector:
        last = await append_all(store, events[:700])
        await projector.wait_for(COUNTY, None, last, 10)
    last = await append_all(store, events[700:])
    outcomes = await rebuild(database_url, ALL, processes=1)
    assert all(one.equal and one.swapped and one.positions == {COUNTY: last} for one in outcomes)
    for projection in ALL:
        assert await stored_rows(pool, COUNTY, projection) == folded_rows(events, COUNTY, projection)


async def test_a_difference_is_told_and_not_swapped_unless_accepted(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    await live(pool, store, 46, 2000)
    good = await digests(pool, COUNTY)
    asset = await pool.fetchval("SELECT min(asset) FROM asset_register")
    await pool.execute(
        "UPDATE asset_register SET original_value = original_value + 1 WHERE asset = $1", asset
    )
    await pool.execute("DELETE FROM asset_share WHERE asset = (SELECT max(asset) FROM asset_share)")
    spoilt = await digests(pool, COUNTY)
    register = [CATALOGUE["asset_register"]]
    (outcome,) = await rebuild(database_url, register)
    assert (outcome.equal, outcome.swapped) == (False, False)
    assert any(asset in line and "original_value" in line for line in outcome.differences)
    assert any("asset_share" in line and "only in the rebuilt" in line for line in outcome.differences)
    assert await digests(pool, COUNTY) == spoilt
    (outcome,) = await rebuild(database_url, register, accept_difference=True)
    assert (outcome.equal, outcome.swapped) == (False, True)
    assert await digests(pool, COUNTY) == good


async def test_verifying_changes_nothing(pool: asyncpg.Pool, store: EventStore, database_url: str) -> None:
    await live(pool, store, 47, 1500)
    await pool.execute("UPDATE person SET name = '某'")
    before, checkpoints = await digests(pool, COUNTY), await pool.fetch("SELECT * FROM projection_checkpoint")
    outcomes = await rebuild(database_url, ALL, swap=False, processes=1)
    assert {one.projection for one in outcomes if not one.equal} == {"directory"}
    assert not any(one.swapped for one in outcomes)
    assert await digests(pool, COUNTY) == before
    assert await pool.fetch("SELECT * FROM projection_checkpoint") == checkpoints
    assert await pool.fetchval("SELECT count(*) FROM projection_rebuild") == 0
    assert await pool.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'ledger_shadow'") == 0


async def test_what_was_replaced_is_kept_until_the_next_time(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    await live(pool, store, 48, 800)
    await pool.execute("UPDATE person SET name = '旧'")
    directory = [CATALOGUE["directory"]]
    await rebuild(database_url, directory, accept_difference=True)
    assert await pool.fetchval("SELECT DISTINCT name FROM ledger_previous.person") == "旧"
    await rebuild(database_url, directory)
    assert await pool.fetchval("SELECT count(*) FROM ledger_previous.person WHERE name = '旧'") == 0


async def test_a_new_version_takes_over_without_comparison(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    last = await live(pool, store, 49, 800)
    newer = replace(CATALOGUE["departures"], version=2)
    (outcome,) = await Rebuild(database_url, [newer]).run()
    assert (outcome.equal, outcome.swapped) == (None, True)
    stored = await pool.fetch(
        "SELECT version, position FROM projection_checkpoint WHERE projection = 'departures'"
    )
    assert [tuple(row) for row in stored] == [(2, last)]


async def test_indexes_keys_comments_and_rights_are_those_of_the_migration(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    await live(pool, store, 50, 500)
    catalogue = """
        SELECT relname, relkind, obj_description(c.oid), relacl::text,
            (SELECT string_agg(coalesce(pg_get_indexdef(i.indexrelid), ''), ';' ORDER BY i.indexrelid::regclass::text)
             FROM pg_index i WHERE i.indrelid = c.oid),
            (SELECT string_agg(concat(attname, attnotnull, format_type(atttypid, atttypmod), col_description(c.oid, attnum)), ';'
                ORDER BY attname) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0)
        FROM pg_class c WHERE relnamespace = 'public'::regnamespace ORDER BY relname"""
    before = await pool.fetch(catalogue)
    await rebuild(database_url, ALL, processes=1)
    assert await pool.fetch(catalogue) == before
    assert await schema.differences(pool) == []


async def test_one_county_alone(pool: asyncpg.Pool, store: EventStore, database_url: str) -> None:
    await live(pool, store, 51, 1200)
    await live(pool, store, 52, 1200, OTHER_COUNTY)
    good, other = await digests(pool, COUNTY), await digests(pool, OTHER_COUNTY)
    await pool.execute("UPDATE asset_register SET asset_name = 'x'")
    spoilt = await digests(pool, OTHER_COUNTY)
    outcomes = await rebuild(database_url, ALL, county=COUNTY, accept_difference=True, processes=1)
    assert all(set(one.positions) == {COUNTY} for one in outcomes)
    assert await digests(pool, COUNTY) == good
    assert await digests(pool, OTHER_COUNTY) == spoilt != other
    await rebuild(database_url, ALL, accept_difference=True, processes=1)
    assert (await digests(pool, COUNTY), await digests(pool, OTHER_COUNTY)) == (good, other)
    async with Projector(pool, store) as projector:
        events = RandomHistory(51).take(1400)
        last = await append_all(store, events[1200:])
        await projector.wait_for(COUNTY, None, last, 10)


async def test_one_county_alone_begins_anew_where_a_rebuild_of_all_was_interrupted(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    """The rows of the other county that it left would be there twice."""
    await live(pool, store, 51, 700)
    await live(pool, store, 52, 700, OTHER_COUNTY)
    before, other = await digests(pool, COUNTY), await digests(pool, OTHER_COUNTY)
    begun = asyncio.create_task(Rebuild(database_url, ALL, swap=False, limits=NOTHING_KEPT).run())
    began = "SELECT EXISTS (SELECT FROM projection_rebuild_range WHERE county = $1 AND last > '')"
    while not await pool.fetchval(began, OTHER_COUNTY):
        assert not begun.done()
        await asyncio.sleep(0.005)
    begun.cancel()
    await asyncio.wait([begun])
    outcomes = await Rebuild(database_url, ALL, county=COUNTY, lease_seconds=0.2).run()
    assert all(one.equal and one.swapped and set(one.positions) == {COUNTY} for one in outcomes)
    assert (await digests(pool, COUNTY), await digests(pool, OTHER_COUNTY)) == (before, other)


async def test_rebuilds_killed_at_random_points_are_resumed(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    events = RandomHistory(53).take(5000)
    await append_all(store, events)
    chance = random.Random(53)
    resumed_at: set[str] = set()
    outcomes: list[RebuildOutcome] | None = None

    async def reached() -> set[str]:
        stored = await pool.fetch(
            "SELECT positions ->> $1 FROM projection_rebuild"
            " UNION SELECT last FROM projection_rebuild_range WHERE county = $1",
            COUNTY,
        )
        return {row[0] for row in stored if row[0]} - resumed_at

    for attempt in range(20):
        task = asyncio.create_task(Rebuild(database_url, ALL, limits=SMALL, lease_seconds=0.2).run())
        if attempt % 3 == 2:  # lives until it is further than any before it, however slow the machine is
            while not task.done() and not await reached():
                await asyncio.wait([task], timeout=0.005)
        else:
            await asyncio.wait([task], timeout=chance.uniform(0.05, 0.6))
        if task.done():
            outcomes = task.result()
            break
        if chance.random() < 0.5:
            await pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'taizhang rebuild'"
                " AND datname = current_database()"
            )
        task.cancel()
        await asyncio.wait([task])
        resumed_at |= await reached()
    if outcomes is None:
        outcomes = await Rebuild(database_url, ALL, limits=SMALL, lease_seconds=0.2).run()
    assert resumed_at, "no rebuild was ever killed after it had made something safe"
    for projection in ALL:
        assert await stored_rows(pool, COUNTY, projection) == folded_rows(events, COUNTY, projection)


async def killed_once(
    pool: asyncpg.Pool, url: str, ledgers: list[Projection], reached: str, *, processes: int = 1
) -> None:
    """Begin a rebuild in processes of its own, and kill the first once the question `reached` has an answer."""
    program = (
        "import asyncio\nfrom service.ledgers.rebuild.plan import RebuildLimits\n"
        "from service.ledgers.rebuild.run import Rebuild\nfrom service.ledgers.rebuild.workers import rebuild\n"
        "from projections.catalogue import chosen\n"
        f"names = {[one.name for one in ledgers]!r}\n"
        "limits = RebuildLimits(rows=100, streamed=40, appended=50, seconds=0.0, shared=0)\n"
    )
    if processes > 1:
        program += f"asyncio.run(rebuild({url!r}, chosen(names), limits=limits, processes={processes}))"
    else:
        program += f"asyncio.run(Rebuild({url!r}, chosen(names), limits=limits, lease_seconds=1.0).run())"
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=Path(__file__).parents[3]
    )
    try:
        deadline = monotonic() + 30
        while not await pool.fetchval(reached, COUNTY):
            assert killed.returncode is None
            assert monotonic() < deadline
            await asyncio.sleep(0.005)
    finally:
        killed.send_signal(signal.SIGKILL)
        await killed.wait()


async def test_a_process_killed_by_the_system_is_resumed_where_it_was(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    events = RandomHistory(54).take(6000)
    await append_all(store, events)
    where = "SELECT min((positions ->> $1)::bigint) FROM projection_rebuild"
    await killed_once(pool, database_url, BY_POSITION, where)
    reached = await pool.fetchval(where, COUNTY)
    seen: list[RebuildProgress] = []
    outcomes = await Rebuild(database_url, BY_POSITION, progress=seen.append, lease_seconds=1.0).run()
    assert 0 < reached < 6000
    assert {one.events for one in outcomes} == {6000 - reached}
    assert seen[0].done >= reached
    for projection in BY_POSITION:
        assert await stored_rows(pool, COUNTY, projection) == folded_rows(events, COUNTY, projection)


async def test_a_process_killed_among_the_streams_is_resumed_behind_the_last_that_is_written(
    pool: asyncpg.Pool, store: EventStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streams that are folded are not read again, and what was recorded meanwhile follows by position."""
    events = RandomHistory(54).take(6000)
    await append_all(store, events[:5000])
    where = """
        SELECT bool_or(last > coalesce(before, '') AND NOT done) AND bool_or(done) FROM (
            SELECT last, done, lag(ends) OVER (ORDER BY number) AS before FROM projection_rebuild_range
            WHERE county = $1 AND projection = 'asset_register') AS ranges"""
    await killed_once(pool, database_url, ALL, where)
    left = await pool.fetch(
        "SELECT last, ends FROM projection_rebuild_range WHERE county = $1 AND projection = 'asset_register' AND NOT done",
        COUNTY,
    )
    assert await pool.fetchval("SELECT count(*) FROM projection_rebuild WHERE positions <> '{}'") == 0
    await append_all(store, events[5000:])
    read: list[LedgerEvent] = []
    read_all = EventReader.read_all

    def noted(self: EventReader, rows: Any) -> list[LedgerEvent]:
        found = read_all(self, rows)
        read.extend(found)
        return found

    monkeypatch.setattr(EventReader, "read_all", noted)
    outcomes = await Rebuild(database_url, ALL, lease_seconds=1.0).run()
    assert {one.positions[COUNTY] for one in outcomes} == {6000}
    again = {one.stream for one in read if one.position <= 5000 and one.type == "asset.registered"}
    registered = {one.stream for one in events[:5000] if one.type == "asset.registered"}
    assert again == {
        one for one in registered if any(row["last"] < one <= (row["ends"] or one) for row in left)
    }
    assert 0 < len(again) < len(registered)
    for projection in ALL:
        assert await stored_rows(pool, COUNTY, projection) == folded_rows(events, COUNTY, projection)


async def test_processes_that_fold_ranges_of_streams_are_resumed_by_one_when_they_were_killed(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    """Whoever goes on takes the ranges as they were made."""
    events = RandomHistory(61).take(6000)
    await append_all(store, events)
    where = "SELECT count(*) > 3 FROM projection_rebuild_range WHERE county = $1 AND done AND projection = 'asset_register'"
    await killed_once(pool, database_url, ALL, where, processes=2)
    outcomes = await Rebuild(database_url, ALL).run()
    assert {one.positions[COUNTY] for one in outcomes} == {6000}
    for projection in ALL:
        assert await stored_rows(pool, COUNTY, projection) == folded_rows(events, COUNTY, projection)
    assert await pool.fetchval("SELECT count(*) FROM projection_rebuild_range") == 0


class _Colleague:
    """A process that helps, in this one: each range with connections of its own."""

    def __init__(self, stack: contextlib.AsyncExitStack, url: str, projections: list[Projection]) -> None:
        self._stack, self._url = stack, url
        self._projections = {one.name: one for one in projections}
        self.ranges: list[int] = []
        self._fold: StreamFold | None = None

    async def fold(self, wanted: StreamsWanted, one: StreamRange, folded: Any) -> Any:
        self.ranges.append(one.number)
        if self._fold is None:
            work, log = [await self._stack.enter_async_context(connected(self._url)) for _ in range(2)]
            self._fold = StreamFold(
                work,
                log,
                wanted,
                self._projections,
                reader=EventReader(EventCodec().upcast),
                limits=NOTHING_KEPT,
                folded=folded,
            )
        await self._fold.fold(one)
        return self._fold.lowest

    async def finish(self, names: Any, progress: Any) -> list[RebuildOutcome]:
        mine = [self._projections[name] for name in names]
        return await Rebuild(self._url, mine, limits=NOTHING_KEPT, progress=progress).run()


async def test_ranges_of_streams_are_folded_side_by_side_each_once(
    pool: asyncpg.Pool, store: EventStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live(pool, store, 62, 3000)
    before = await digests(pool, COUNTY)
    folded: list[int] = []
    fold = StreamFold.fold

    async def noted(self: StreamFold, one: StreamRange) -> None:
        folded.append(one.number)
        await fold(self, one)

    monkeypatch.setattr(StreamFold, "fold", noted)
    by_streams = [one for one in ALL if one.by_streams]
    async with contextlib.AsyncExitStack() as stack:
        helper = _Colleague(stack, database_url, by_streams)
        outcomes = await Rebuild(database_url, by_streams, limits=NOTHING_KEPT, helpers=[helper]).run()
    assert all(one.equal and one.swapped and one.events == 3000 for one in outcomes)
    assert {one.projection for one in outcomes} == {one.name for one in by_streams}
    assert {one.projection: one.digests[COUNTY] for one in outcomes}.items() <= before.items()
    assert sorted(folded) == list(range(16))
    assert 0 < len(helper.ranges) < 16


async def test_the_lowest_event_that_cannot_be_applied_is_told_whichever_process_met_it(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    """Also where another process has met one before, and the ranges behind are not begun."""
    events = RandomHistory(57).take(900)
    await append_all(store, events)
    register = CATALOGUE["asset_register"]
    booked = sorted((one for one in events if one.type == "asset.booked"), key=lambda one: one.stream)

    def fails(event: Any, rows: Any) -> None:
        raise ValueError("cannot be")

    poisoned = replace(register, handlers={**register.handlers, "asset.booked": fails})
    custody = CATALOGUE["custody_ledger"]
    async with contextlib.AsyncExitStack() as stack:
        helper = _Colleague(stack, database_url, [poisoned, custody])
        with pytest.raises(PoisonEvent) as told:
            await Rebuild(
                database_url, [custody, poisoned], limits=NOTHING_KEPT, helpers=[helper], lease_seconds=0.5
            ).run()
    lowest = min(one.position for one in booked)
    assert told.value.position == lowest != booked[0].position
    assert await positions(pool, COUNTY) == {}


async def test_a_process_whose_rebuild_was_taken_over_writes_no_more_of_its_range(
    pool: asyncpg.Pool, store: EventStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append_all(store, RandomHistory(63).take(3000))
    register = CATALOGUE["asset_register"]
    advance = streams.advance_range
    written: list[int] = []

    async def taken_over_after(connection: Any, held: Any) -> None:
        await advance(connection, held)
        if not written:
            written.append(held.number)
            asyncio.get_running_loop().call_soon(taking.set)

    async def take() -> None:
        await taking.wait()
        async with connected(database_url) as other:
            await other.execute("UPDATE projection_rebuild SET lease_until = '-infinity'")
            await Claims("other", 30).claim(other, register)
            written.append(await other.fetchval("SELECT count(*) FROM ledger_shadow.asset_register"))

    taking = asyncio.Event()
    taker = asyncio.create_task(take())
    monkeypatch.setattr(streams, "advance_range", taken_over_after)
    with pytest.raises(RebuildUnderWay):
        await Rebuild(database_url, [register], limits=NOTHING_KEPT, lease_seconds=30).run()
    await taker
    assert written[1] == await pool.fetchval("SELECT count(*) FROM ledger_shadow.asset_register")
    assert await positions(pool, COUNTY) == {}


async def test_what_was_folded_of_a_range_is_not_folded_by_a_rebuild_of_another_version(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    """Its shadow tables are made anew, and the ranges with them."""
    events = RandomHistory(64).take(2000)
    await append_all(store, events)
    register = CATALOGUE["asset_register"]
    where = "SELECT bool_or(done) FROM projection_rebuild_range WHERE county = $1"
    await killed_once(pool, database_url, [register], where)
    (outcome,) = await Rebuild(database_url, [replace(register, version=register.version + 1)]).run()
    assert (outcome.swapped, outcome.positions) == (True, {COUNTY: 2000})
    assert await stored_rows(pool, COUNTY, register) == folded_rows(events, COUNTY, register)


async def test_streams_with_late_events_are_rebuilt_as_they_are_live(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    await fill_log(pool, DISORDERED)
    await pool.execute(LATE)
    async with Projector(pool, store, batch=97) as projector:
        await projector.wait_for(COUNTY, None, len(DISORDERED), 120)
    for limits in (RebuildLimits(), RebuildLimits(rows=150, streamed=70, appended=60)):
        outcomes = await Rebuild(database_url, ALL, limits=limits).run()
        assert [one.differences for one in outcomes if not one.equal] == []


async def test_a_stream_longer_than_what_is_read_at_a_time_is_folded_whole(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    log = Log()
    for asset in ("asset-A", "asset-B"):
        log.add(asset, "asset.registered", {"card": card(), "scope": "IN"})
        for day in range(1, 20):
            maintenance = {"doneOn": f"2022-01-{day:02}", "kind": "ROUTINE", "cost": 100}
            log.add(asset, "asset.maintenance_done", {"maintenance": maintenance})
    await append_all(store, log.events)
    await Rebuild(database_url, [CATALOGUE["asset_register"]], limits=RebuildLimits(streamed=3)).run()
    costs = await pool.fetch("SELECT asset, maintenance_cost FROM asset_register ORDER BY asset")
    assert [tuple(row) for row in costs] == [("A", 1900), ("B", 1900)]


async def test_the_lowest_event_that_cannot_be_applied_is_told_whatever_its_stream_is_called(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    events = RandomHistory(57).take(900)
    await append_all(store, events)

    def fails(event: Any, rows: Any) -> None:
        raise ValueError("cannot be")

    register = CATALOGUE["asset_register"]
    poisoned = replace(register, handlers={**register.handlers, "asset.booked": fails})
    booked = [one for one in events if one.type == "asset.booked"]
    assert min(booked, key=lambda one: one.stream).position > booked[0].position
    for streamed in (4000, 30):
        with pytest.raises(PoisonEvent) as told:
            await Rebuild(
                database_url, [CATALOGUE["custody_ledger"], poisoned], limits=RebuildLimits(streamed=streamed)
            ).run()
        assert told.value.position == booked[0].position
    assert await positions(pool, COUNTY) == {}


async def test_only_one_rebuild_of_a_ledger_at_a_time(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    await live(pool, store, 55, 300)
    await pool.execute(
        "INSERT INTO projection_rebuild VALUES ('directory', 1, '{}', 1, 'somebody', now() + interval '1 second', now(), now())"
    )

    async def at_work() -> None:
        while True:
            await pool.execute(
                "UPDATE projection_rebuild SET lease_until = clock_timestamp() + interval '0.9 seconds'"
            )
            await asyncio.sleep(0.2)

    somebody = asyncio.create_task(at_work())
    with pytest.raises(RebuildUnderWay, match="directory is being rebuilt by somebody"):
        await Rebuild(database_url, [CATALOGUE["directory"]], lease_seconds=1).run()
    somebody.cancel()


async def test_a_rebuild_that_was_taken_over_writes_nothing_more(
    pool: asyncpg.Pool, store: EventStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append_all(store, RandomHistory(56).take(3000))
    taken = asyncio.Event()
    going = Rebuild(database_url, ALL, limits=SMALL, lease_seconds=30)
    keep = Replay.keep_within_limits

    async def take_over(self: Replay, members: Any) -> None:
        await keep(self, members)
        if not taken.is_set():
            await self.commit()
            await pool.execute("UPDATE projection_rebuild SET epoch = epoch + 1, holder = 'other'")
            taken.set()

    monkeypatch.setattr(Replay, "keep_within_limits", take_over)
    with pytest.raises(RebuildUnderWay):
        await going.run()
    assert await positions(pool, COUNTY) == {}


async def test_a_poison_event_stops_the_rebuild_and_leaves_the_live_rows(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    await live(pool, store, 57, 900)
    before = await digests(pool, COUNTY)

    def fails(event: Any, rows: Any) -> None:
        raise ValueError("cannot be")

    register = CATALOGUE["asset_register"]
    poisoned = replace(register, handlers={**register.handlers, "asset.booked": fails})
    with pytest.raises(PoisonEvent, match=r"asset\.booked"):
        await Rebuild(database_url, [poisoned]).run()
    assert await digests(pool, COUNTY) == before


async def test_a_log_with_a_hole_is_not_rebuilt_from(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    await append_all(store, RandomHistory(58).take(200))
    await pool.execute("UPDATE log_head SET position = 210")
    with pytest.raises(RebuildImpossible, match="does not hold all events"):
        await Rebuild(database_url, ALL).run()


async def test_a_long_question_delays_the_swap_and_is_not_cut_off(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    await live(pool, store, 59, 500)
    async with pool.acquire() as reader:
        question = reader.transaction()
        await question.start()
        await reader.fetch("SELECT count(*) FROM person")
        task = asyncio.create_task(Rebuild(database_url, [CATALOGUE["directory"]]).run())
        await asyncio.wait([task], timeout=1.5)
        assert not task.done()
        await asyncio.wait_for(
            pool.fetchval("SELECT count(*) FROM person"), 5
        )  # others get through in between
        await reader.fetch("SELECT count(*) FROM tenure")
        await question.commit()
    (outcome,) = await asyncio.wait_for(task, 20)
    assert outcome.swapped


async def test_without_its_schemas_a_rebuild_says_so(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    await pool.execute("DROP SCHEMA ledger_shadow CASCADE")
    with pytest.raises(RebuildImpossible, match="schema ledger_shadow is missing"):
        await Rebuild(database_url, ALL).run()


async def test_two_processes_share_the_work(pool: asyncpg.Pool, store: EventStore, database_url: str) -> None:
    await live(pool, store, 60, 2000)
    before = await digests(pool, COUNTY)
    seen: list[RebuildProgress] = []
    shared = RebuildLimits(streamed=100, shared=0)
    outcomes = await rebuild(database_url, ALL, processes=2, progress=seen.append, limits=shared)
    assert [one.projection for one in outcomes] == list(CATALOGUE)
    assert all(one.equal and one.swapped for one in outcomes)
    assert {one.projection: one.digests[COUNTY] for one in outcomes} == before
    assert max(one.done for one in seen) == max(one.total for one in seen) == 2000


def test_ledgers_are_spread_by_weight() -> None:
    groups = in_groups(ALL, 2)
    assert sorted(one.name for group in groups for one in group) == sorted(CATALOGUE)
    weights = [sum(one.weight for one in group) for group in groups]
    assert max(weights) - min(weights) <= max(one.weight for one in ALL)
    assert in_groups(ALL[:1], 4) == [ALL[:1]]


def test_a_projection_is_told_from_another_by_itself() -> None:
    assert isinstance(ALL[0], Projection)
    assert replace(ALL[0]) != ALL[0]
