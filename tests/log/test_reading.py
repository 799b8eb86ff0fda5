"""Readers go by position and miss nothing, however commits interleave."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Sequence
from time import monotonic

import asyncpg
import pytest

from service.log.codec import EventCodec, UnknownEvent
from service.log.event_store import EventStore, StreamAppend
from tests.log.commands import CODEC, COUNTY, Noted, command, noted, stream_append

GATE = """
CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON event DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.stream = 'thing-slow') EXECUTE FUNCTION wait_at_gate();
"""
"""Holds a transaction open at its commit, rows written and head locked, for as long as the gate is shut."""


async def positions(
    store: EventStore,
    after: int = 0,
    upto: int | None = None,
    types: Sequence[str] | None = None,
    batch: int = 1000,
) -> list[int]:
    """Positions that a reader gets."""
    return [
        event.position
        async for events in store.read(COUNTY, after=after, upto=upto, types=types, batch=batch)
        for event in events
    ]


async def test_while_one_append_is_held_open_no_reader_skips_it(database_url: str, store: EventStore) -> None:
    await store.append(COUNTY, command(stream_append("thing-1", 0)))
    gate = await asyncpg.connect(database_url)
    await gate.execute(GATE)
    await gate.execute("SELECT pg_advisory_lock(7)")
    seen: list[int] = []
    finished = False

    async def reader() -> None:
        while not (finished and seen and seen[-1] == (await store.head(COUNTY)).position):
            seen.extend(await positions(store, after=seen[-1] if seen else 0))
            await asyncio.sleep(0)

    async with (
        asyncpg.create_pool(database_url, min_size=1, max_size=3) as pool,
        EventStore(pool, codec=CODEC) as other,
    ):
        deadline = monotonic() + 10
        reading = asyncio.create_task(reader())
        while not seen:
            assert monotonic() < deadline
            await asyncio.sleep(0.005)
        slow = asyncio.create_task(store.append(COUNTY, command(stream_append("thing-slow", 0))))
        while not await gate.fetchval(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        ):
            assert monotonic() < deadline
        others = [
            asyncio.create_task(
                (store if number % 2 else other).append(COUNTY, command(stream_append(f"thing-{number}", 0)))
            )
            for number in range(10, 20)
        ]
        while not await gate.fetchval(
            "SELECT count(*) FROM pg_locks WHERE locktype <> 'advisory' AND NOT granted"
        ):
            assert monotonic() < deadline
        assert seen == [1]
        await gate.execute("SELECT pg_advisory_unlock(7)")
        receipt = await slow
        await asyncio.gather(*others)
        finished = True
        await asyncio.wait_for(reading, 10)
    await gate.close()
    assert receipt.first_position == 2
    assert seen == list(range(1, 13))


async def test_readers_that_follow_live_writers_see_every_position_once(
    database_url: str, store: EventStore
) -> None:
    async with (
        asyncpg.create_pool(database_url, min_size=1, max_size=3) as pool,
        EventStore(pool, codec=CODEC) as other,
    ):
        total = 2 * 4 * 40

        async def writer(appender: EventStore, name: str) -> None:
            for version in range(40):
                await appender.append(COUNTY, command(stream_append(f"thing-{name}", version)))

        async def reader(batch: int) -> list[int]:
            seen: list[int] = []
            while len(seen) < total:
                found = await positions(store, after=seen[-1] if seen else 0, batch=batch)
                seen.extend(found)
                if not found:
                    await store.committed(COUNTY).wait(seen[-1] if seen else 0, 0.05)
            return seen

        writers = [
            asyncio.create_task(writer(appender, f"{side}{number}"))
            for side, appender in (("l", store), ("r", other))
            for number in range(4)
        ]
        seen = await asyncio.wait_for(asyncio.gather(reader(1), reader(7), reader(1000)), 60)
        await asyncio.gather(*writers)
        assert [*seen] == [list(range(1, total + 1))] * 3


async def test_reading_stops_and_starts_where_it_is_told(store: EventStore) -> None:
    await store.append(COUNTY, command(stream_append("thing-1", 0, *(noted(number) for number in range(10)))))
    assert await positions(store, after=3, upto=7) == [4, 5, 6, 7]
    assert await positions(store, after=10) == []
    assert await positions(store, batch=3) == list(range(1, 11))
    assert [len(batch) async for batch in store.read(COUNTY, batch=4)] == [4, 4, 2]
    assert [len(batch) async for batch in store.read(COUNTY, batch=5)] == [5, 5]
    assert await positions(store, upto=0) == []
    assert [event.version for event in await store.read_stream(COUNTY, "thing-1", after=2, upto=4)] == [3, 4]
    assert await store.read_stream(COUNTY, "thing-none") == []


async def test_reading_by_type_keeps_the_order(store: EventStore) -> None:
    kinds = ["thing.noted", "thing.ended"]
    events = [noted(number, event_type=kinds[number % 3 == 0]) for number in range(30)]
    await store.append(COUNTY, command(stream_append("thing-1", 0, *events)))
    ended = [number + 1 for number in range(30) if number % 3 == 0]
    assert await positions(store, types=["thing.ended"], batch=4) == ended
    assert await positions(store, types=[*kinds, *kinds, "thing.unheard"], batch=7) == list(range(1, 31))
    assert await positions(store, types=["thing.ended"], after=10, upto=20) == [13, 16, 19]
    assert await positions(store, types=["thing.unheard"]) == []


async def test_an_event_of_a_newer_version_stops_the_reader(pool: asyncpg.Pool, store: EventStore) -> None:
    await store.append(COUNTY, command(stream_append("thing-1", 0, noted(), noted(event_type="thing.ended"))))
    older = EventStore(pool, codec=EventCodec({"thing.noted": Noted}))
    with pytest.raises(UnknownEvent, match=r"thing\.ended"):
        await positions(older)


async def test_a_hundred_thousand_events_are_read_in_bounded_memory(store: EventStore) -> None:
    for number in range(50):
        events = [noted(place) for place in range(2000)]
        await store.append(COUNTY, command(StreamAppend(f"thing-{number}", 0, events)))
    gc.collect()
    tracemalloc.start()
    count = 0
    async for batch in store.read(COUNTY):
        count += len(batch)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 16 * 1024 * 1024
    verification = await store.verify(COUNTY)
    assert verification.problem is None
    assert verification.position == 100_000


async def test_a_reader_that_stops_early_leaves_nothing_behind(store: EventStore) -> None:
    await store.append(
        COUNTY, command(stream_append("thing-1", 0, *(noted(number) for number in range(100))))
    )
    for _ in range(20):
        reading = store.read(COUNTY, batch=10)
        async for _ in reading:
            break
        await reading.aclose()  # type: ignore[attr-defined]
    assert await positions(store) == list(range(1, 101))


async def test_waiting_for_a_position_ends_with_its_commit(store: EventStore) -> None:
    waiting = asyncio.create_task(store.wait_for(COUNTY, 2, 10))
    await store.append(COUNTY, command(stream_append("thing-1", 0)))
    assert not waiting.done()
    await store.append(COUNTY, command(stream_append("thing-1", 1)))
    await asyncio.wait_for(waiting, 1)
    await store.wait_for(COUNTY, 2, 0)
    with pytest.raises(TimeoutError):
        await store.wait_for(COUNTY, 3, 0.05)


async def test_waiting_notices_what_another_process_commits(database_url: str, store: EventStore) -> None:
    async with (
        asyncpg.create_pool(database_url, min_size=1, max_size=3) as pool,
        EventStore(pool, codec=CODEC) as other,
    ):
        waiting = asyncio.create_task(store.wait_for(COUNTY, 1, 10))
        await other.append(COUNTY, command(stream_append("thing-1", 0)))
        await asyncio.wait_for(waiting, 5)


async def test_an_empty_log_has_a_head(store: EventStore) -> None:
    head = await store.head(COUNTY)
    assert head.position == 0
    assert head.root.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert await positions(store) == []
    assert await store.load(COUNTY, "thing-1") is None
    problem = (await store.verify(COUNTY)).problem
    assert problem is not None
    assert problem.kind == "empty"  # nothing verified is not good
