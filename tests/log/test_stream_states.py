"""What is in memory of a stream is what the log held when a command asked, or newer: whoever wrote, in whichever order news
arrive, whatever happens to the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from service.database.bulkheads import NoConnectionFree
from service.log import stream_states
from service.log.event_store import CommitterStopped, EventStore, StreamHead
from service.log.stream_states import StreamStates
from service.shares import TERMS, Share, working
from tests.log.commands import CODEC, COUNTY, command, stream_append
from tests.log.test_append import two_stores
from tests.shares import bulkheads

OTHER = "653101"


async def begun(store: EventStore, *streams: str, county: str = COUNTY) -> None:
    for stream in streams:
        await store.append(county, command(stream_append(stream, 0)))


async def current(store: EventStore, *streams: str, county: str = COUNTY) -> dict[str, int]:
    """Versions as a command gets them that has just caught up."""
    await store.catch_up(county)
    return {name: head.version for name, head in (await store.load_current(county, streams)).items()}


@asynccontextmanager
async def queries(store: EventStore) -> AsyncIterator[list[str]]:
    """The statements that are sent on the kept connection meanwhile, without looks at the log's head."""
    sent: list[str] = []

    def note(record: Any) -> None:
        if "log_head" not in record.query:
            sent.append(record.query)

    connection = store._states._connection
    connection.add_query_logger(note)
    try:
        yield sent
    finally:
        connection.remove_query_logger(note)


async def test_loads_that_are_asked_for_together_are_one_query(store: EventStore) -> None:
    await begun(store, "thing-1", "thing-2", "thing-3")
    await store.load(COUNTY, "thing-1")
    async with queries(store) as sent:
        found = await asyncio.gather(
            store.load(COUNTY, "thing-1"),
            store.load_many(COUNTY, ["thing-2", "thing-3", "thing-9"]),
            store.load(COUNTY, "thing-9"),
        )
    one, several, none = found
    assert (one and one.version, sorted(several), none) == (1, ["thing-2", "thing-3"], None)
    assert len(sent) == 1


async def test_counties_that_are_asked_about_together_are_kept_apart(store: EventStore) -> None:
    await begun(store, "thing-1")
    await begun(store, "thing-1", county=OTHER)
    await store.append(OTHER, command(stream_append("thing-1", 1)))
    heads = await asyncio.gather(store.load(COUNTY, "thing-1"), store.load(OTHER, "thing-1"))
    assert [head and head.version for head in heads] == [1, 2]
    assert await current(store, "thing-1") == {"thing-1": 1}
    assert await current(store, "thing-1", county=OTHER) == {"thing-1": 2}
    assert await current(store, "thing-1") == {"thing-1": 1}


async def test_a_state_that_was_read_or_stored_is_in_memory(store: EventStore) -> None:
    await begun(store, "thing-1")
    assert await current(store, "thing-1") == {"thing-1": 1}
    await begun(store, "thing-2")
    async with queries(store) as sent:
        assert await current(store, "thing-1", "thing-2") == {"thing-1": 1, "thing-2": 1}
    assert not sent
    assert (await store.load_current(COUNTY, ["thing-2"]))["thing-2"] == StreamHead(
        1, b"state of thing-2", "1"
    )


async def test_a_stream_that_another_process_moved_on_is_read_again(database_url: str) -> None:
    async with two_stores(database_url) as (left, right):
        await begun(left, "thing-1", "thing-2")
        assert await current(left, "thing-1", "thing-2") == {"thing-1": 1, "thing-2": 1}
        await right.append(COUNTY, command(stream_append("thing-1", 1)))
        assert await current(left, "thing-1", "thing-2") == {"thing-1": 2, "thing-2": 1}
        await left.append(COUNTY, command(stream_append("thing-1", 2)))
        assert await current(left, "thing-1") == {"thing-1": 3}


async def test_news_of_an_append_that_was_followed_already_come_too_late(database_url: str) -> None:
    """The answer of the commit may be dealt with after a look that has seen what came after it."""
    async with two_stores(database_url) as (left, right):
        await begun(left, "thing-1")
        await current(left, "thing-1")
        late = command(stream_append("thing-1", 1))
        receipt = await left.append(COUNTY, late)
        await right.append(COUNTY, command(stream_append("thing-1", 2)))
        await left.catch_up(COUNTY)
        left._states.appended(COUNTY, late.streams, receipt)
        assert await current(left, "thing-1") == {"thing-1": 3}


async def test_more_news_than_are_looked_at_one_by_one_leave_nothing_in_memory(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_states, "_MOST_MOVED", 3)
    async with two_stores(database_url) as (left, right):
        await begun(left, "thing-1")
        assert await current(left, "thing-1") == {"thing-1": 1}
        for number in (2, 3, 4):
            await begun(right, f"thing-{number}")
        await right.append(COUNTY, command(stream_append("thing-1", 1)))
        assert await current(left, "thing-1") == {"thing-1": 2}


async def test_a_log_that_was_set_back_leaves_nothing_in_memory(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    await begun(store, "thing-1", "thing-2")
    assert await current(store, "thing-1") == {"thing-1": 1}
    await pool.execute("UPDATE stream SET version = 7 WHERE stream = 'thing-1'")
    await pool.execute("ALTER TABLE log_head DISABLE TRIGGER ALL")
    await pool.execute("UPDATE log_head SET position = 1")
    assert await current(store, "thing-1") == {"thing-1": 7}


async def test_a_connection_that_died_is_replaced_and_nothing_known_by_it_counts(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    await begun(store, "thing-1")
    assert await current(store, "thing-1") == {"thing-1": 1}
    await pool.execute("UPDATE stream SET version = 7 WHERE stream = 'thing-1'")
    await pool.execute("SELECT pg_terminate_backend($1)", store._states._connection.get_server_pid())
    assert await current(store, "thing-1") == {"thing-1": 7}


async def test_who_goes_away_takes_nobody_along(store: EventStore) -> None:
    await begun(store, "thing-1")
    gone = asyncio.create_task(store.load(COUNTY, "thing-1"))
    stays = asyncio.create_task(store.load(COUNTY, "thing-1"))
    await asyncio.sleep(0)
    gone.cancel()
    head = await stays
    assert head is not None
    assert gone.cancelled()


async def test_a_share_of_few_connections_spares_none(database_url: str) -> None:
    async with (
        asyncpg.create_pool(database_url, min_size=1, max_size=2) as few,
        EventStore(few, codec=CODEC) as store,
    ):
        await begun(store, "thing-1")
        assert await current(store, "thing-1") == {"thing-1": 1}
        await asyncio.sleep(0.05)
        assert store._states._connection is None
        assert store._states.known(COUNTY, "thing-1") is None


async def test_who_waits_for_a_connection_waits_no_longer_than_the_share_says(database_url: str) -> None:
    terms = {share: replace(one, wait=0.2) for share, one in TERMS.items()}
    async with bulkheads(database_url, terms=terms) as pool, EventStore(pool, codec=CODEC) as store:
        commands = pool.of(Share.COMMANDS)
        held = [await commands.acquire() for _ in range(commands.get_max_size())]
        with pytest.raises(NoConnectionFree):
            await store.load(COUNTY, "thing-1")
        for one in held:
            await commands.release(one)
        assert await store.load(COUNTY, "thing-1") is None


async def test_questions_do_not_use_the_commands_connection(database_url: str) -> None:
    async with bulkheads(database_url) as pool, EventStore(pool, codec=CODEC) as store:
        with working(Share.QUESTIONS):
            assert await store.load(COUNTY, "thing-1") is None
        assert store._states._connection is None


async def test_a_store_that_stops_answers_whoever_waits_and_gives_its_connection_back(
    database_url: str,
) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as connections:
        async with EventStore(connections, codec=CODEC) as store:
            await store.load(COUNTY, "thing-1")
            waiting = asyncio.create_task(store.load(COUNTY, "thing-1"))
            await asyncio.sleep(0)
        with pytest.raises(CommitterStopped):
            await waiting
        assert connections.get_idle_size() == connections.get_size()


async def test_memory_holds_so_many_bytes_and_the_newest(pool: asyncpg.Pool, store: EventStore) -> None:
    states = StreamStates(pool, most_bytes=3 * (stream_states._ENTRY_BYTES + len("thing-1") + 100))
    await states.catch_up(COUNTY)
    for number in (1, 2, 3):
        states._memory.keep(COUNTY, f"thing-{number}", StreamHead(1, b"x" * 100, "1"))
    assert states.known(COUNTY, "thing-1") is not None
    states._memory.keep(COUNTY, "thing-4", StreamHead(1, b"x" * 100, "1"))
    kept = [number for number in (1, 2, 3, 4) if states.known(COUNTY, f"thing-{number}")]
    assert kept == [1, 3, 4]
    states._memory.keep(COUNTY, "thing-4", StreamHead(2, b"x" * 300, "1"))
    assert [number for number in (1, 2, 3, 4) if states.known(COUNTY, f"thing-{number}")] == [3, 4]
    states._memory.keep(COUNTY, "thing-5", StreamHead(1, b"x" * 100_000, "1"))
    assert states.known(COUNTY, "thing-5") is None
    await states.stop()


async def test_an_older_version_never_takes_a_newer_one_s_place(pool: asyncpg.Pool) -> None:
    states = StreamStates(pool)
    await states.catch_up(COUNTY)
    states._memory.keep(COUNTY, "thing-1", StreamHead(2, b"new", "1"))
    states._memory.keep(COUNTY, "thing-1", StreamHead(1, b"old", "1"))
    assert states.known(COUNTY, "thing-1") == StreamHead(2, b"new", "1")
    await states.stop()
