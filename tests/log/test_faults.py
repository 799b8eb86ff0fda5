"""Whatever breaks: an acknowledged write is stored, a stored write is acknowledged or found by its retry, once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from time import monotonic

import asyncpg
import pytest

from service.clock import utc_now
from service.log.event_store import (
    Append,
    CommitterLimits,
    CommitterStopped,
    EventStore,
    LogBusy,
    LogReadOnly,
    LogUnavailable,
    OutcomeUnknown,
    Receipt,
    VersionConflict,
)
from tests.log.commands import CODEC, COUNTY, command, stream_append
from tests.log.counted import counted
from tests.log.wire import Wire, wire_to


@asynccontextmanager
async def store_on(
    url: str, limits: CommitterLimits | None = None, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[EventStore]:
    """A store with a pool of its own: as good as another process."""
    async with (
        asyncpg.create_pool(url, min_size=1, max_size=3, ssl=False) as pool,
        EventStore(pool, codec=CODEC, limits=limits, clock=clock) as store,
    ):
        yield store


@asynccontextmanager
async def head_locked(url: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """An orphan session holds the head row; call the value to let go."""
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SELECT FROM log_head WHERE county = $1 FOR UPDATE", COUNTY)
    released = False

    async def release() -> None:
        nonlocal released
        if not released:
            released = True
            await transaction.rollback()

    try:
        yield release
    finally:
        await release()
        await connection.close()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Wait for a condition, with a deadline."""
    deadline = monotonic() + seconds
    while not await condition():
        assert monotonic() < deadline, "the condition never came"
        await asyncio.sleep(0.005)


async def sessions_waiting_for_locks(url: str) -> int:
    """How many sessions of this database wait for a lock."""
    connection = await asyncpg.connect(url)
    try:
        count: int = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return count
    finally:
        await connection.close()


def waiting(url: str, count: int = 1) -> Callable[[], Awaitable[bool]]:
    """Whether exactly so many sessions wait for a lock."""

    async def condition() -> bool:
        return await sessions_waiting_for_locks(url) == count

    return condition


async def stored(store: EventStore) -> list[tuple[int, str, int, str]]:
    """(position, stream, version, command) of everything in the log."""
    return [
        (event.position, event.stream, event.version, event.command_id)
        async for batch in store.read(COUNTY)
        for event in batch
    ]


def numbered(number: int, *, key: bool = False) -> Append:
    """A command that begins a stream of its own."""
    return command(
        stream_append(f"thing-{number}", 0), command_id=f"c-{number}", key=f"k-{number}" if key else None
    )


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[Wire]:
    """A wire to the test's database."""
    async with wire_to(database_url) as running:
        yield running


async def test_a_commit_whose_reply_is_lost_is_acknowledged_once(wire: Wire) -> None:
    async with store_on(wire.url) as store:
        await store.append(COUNTY, numbered(1))
        wire.lose_next_reply()
        receipt = await store.append(COUNTY, numbered(2))
        assert wire.replies_lost == 1
        assert (receipt.first_position, receipt.response) == (2, b'{"position":2}')
        assert await stored(store) == [(1, "thing-1", 1, "c-1"), (2, "thing-2", 1, "c-2")]
        assert (await store.append(COUNTY, numbered(3))).first_position == 3


async def test_a_lost_reply_is_settled_even_when_others_have_gone_on(database_url: str, wire: Wire) -> None:
    async with store_on(wire.url) as store, store_on(database_url) as other:
        await store.append(COUNTY, numbered(1))
        wire.lose_next_reply()
        wire.refuse()
        pending = asyncio.create_task(store.append(COUNTY, numbered(2)))

        async def lost() -> bool:
            return wire.replies_lost == 1

        await until(lost)
        for number in range(3, 6):
            await other.append(COUNTY, numbered(number))
        wire.accept()
        assert (await pending).first_position == 2
        assert [row[1] for row in await stored(store)] == [f"thing-{number}" for number in (1, 2, 3, 4, 5)]


async def test_a_commit_that_never_arrived_is_sent_again_after_others(database_url: str, wire: Wire) -> None:
    async with store_on(wire.url) as store, store_on(database_url) as other:
        await store.append(COUNTY, numbered(1))
        wire.refuse()
        wire.hang_up()
        pending = asyncio.create_task(store.append(COUNTY, numbered(2)))
        for number in range(3, 6):
            await other.append(COUNTY, numbered(number))
        wire.accept()
        assert (await pending).first_position == 5
        assert [row[1] for row in await stored(store)] == [
            "thing-1",
            "thing-3",
            "thing-4",
            "thing-5",
            "thing-2",
        ]


async def test_a_statement_left_behind_on_the_server_never_counts_twice(
    database_url: str, wire: Wire
) -> None:
    """The client is cut off while its statement waits for the head; it sends again; then both may go."""
    async with store_on(wire.url) as store:
        await store.append(COUNTY, numbered(1))
        async with head_locked(database_url) as release:
            pending = asyncio.create_task(store.append(COUNTY, numbered(2)))
            await until(waiting(database_url, 1))
            wire.hang_up()
            await until(waiting(database_url, 2))
            await release()
        assert (await pending).first_position == 2
        assert await stored(store) == [(1, "thing-1", 1, "c-1"), (2, "thing-2", 1, "c-2")]
        assert (await store.append(COUNTY, numbered(3))).first_position == 3
        assert (await store.verify(COUNTY)).problem is None


async def test_an_outcome_that_cannot_be_found_out_is_said_so_and_the_retry_finds_it(
    database_url: str, wire: Wire
) -> None:
    async with store_on(wire.url, CommitterLimits(answer_seconds=0.4, lock_seconds=0.2)) as store:
        await store.append(COUNTY, numbered(1, key=True))  # the statement for such commands is prepared now
        wire.lose_next_reply()
        wire.refuse()
        with pytest.raises(OutcomeUnknown) as unknown:
            await store.append(COUNTY, numbered(2, key=True))
        assert unknown.value.command_id == "c-2"
        with pytest.raises(LogUnavailable):
            await store.append(COUNTY, numbered(3))
        async with store_on(database_url) as other:
            again = await other.append(COUNTY, numbered(2, key=True))
            assert again.replayed
            assert again.first_position == 2
            assert [row[1] for row in await stored(other)] == ["thing-1", "thing-2"]
        wire.accept()
        assert (await store.append(COUNTY, numbered(3))).first_position == 3


@pytest.mark.parametrize("seed", range(3))
async def test_killed_connections_lose_and_double_nothing(database_url: str, seed: int) -> None:
    """Twelve callers go on while their committer's backend is terminated ten times, at odd moments."""
    chance = random.Random(seed)
    acknowledged: dict[str, Receipt] = {}
    kills = 0
    async with store_on(database_url) as store:
        await store.append(COUNTY, numbered(1_000_000))

        async def caller(number: int) -> None:
            version = 0
            while kills < 10:
                name = f"thing-{number}-{version}"
                request = command(
                    stream_append(f"thing-{number}", version),
                    key=name if version % 2 else None,
                    command_id=name,
                )
                acknowledged[name] = await store.append(COUNTY, request)
                version += 1

        async def killer() -> None:
            nonlocal kills
            connection = await asyncpg.connect(database_url)
            while kills < 10:
                kills += await connection.fetchval(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND query LIKE '%WITH moved%' AND pid <> pg_backend_pid()"
                )
                await asyncio.sleep(chance.uniform(0, 0.03))
            await connection.close()

        await asyncio.gather(killer(), *(caller(number) for number in range(12)))
        log = await stored(store)
        assert len(log) == 1 + len(acknowledged)
        assert {row[3]: row[0] for row in log[1:]} == {
            name: receipt.first_position for name, receipt in acknowledged.items()
        }
        assert (await store.verify(COUNTY)).problem is None


async def test_a_failing_committer_answers_everyone_and_starts_again(database_url: str) -> None:
    broken = False

    def clock() -> datetime:
        if broken:
            msg = "the clock is broken"
            raise ZeroDivisionError(msg)
        return utc_now()

    failures = counted("taizhang_append_failures_total", COUNTY)
    async with store_on(database_url, clock=clock) as store:
        await store.append(COUNTY, numbered(1))
        broken = True
        outcomes = await asyncio.wait_for(
            asyncio.gather(
                *(store.append(COUNTY, numbered(number)) for number in range(2, 30)), return_exceptions=True
            ),
            10,
        )
        assert {type(outcome) for outcome in outcomes} == {CommitterStopped}
        broken = False
        assert (await store.append(COUNTY, numbered(2))).first_position == 2
        assert counted("taizhang_append_failures_total", COUNTY) >= failures + 1


async def test_stopping_stores_what_was_accepted(database_url: str) -> None:
    async with store_on(database_url) as store:
        pending = [asyncio.create_task(store.append(COUNTY, numbered(number))) for number in range(300)]
        await asyncio.sleep(0)
        await store.stop()
        receipts = await asyncio.gather(*pending)
        assert len({receipt.first_position for receipt in receipts}) == 300
        with pytest.raises(CommitterStopped):
            await store.append(COUNTY, numbered(301))


async def test_stopping_answers_everyone_even_when_the_database_does_not(database_url: str) -> None:
    async with store_on(database_url, CommitterLimits(answer_seconds=0.3)) as store:
        await store.append(COUNTY, numbered(1))
        async with head_locked(database_url):
            sent = asyncio.create_task(store.append(COUNTY, numbered(2)))
            await until(waiting(database_url))
            queued = asyncio.create_task(store.append(COUNTY, numbered(3)))
            await asyncio.sleep(0)
            await store.stop()
            outcomes = await asyncio.gather(sent, queued, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown, CommitterStopped]


async def test_a_caller_who_goes_away_loses_and_doubles_nothing(database_url: str) -> None:
    async with store_on(database_url) as store:
        await store.append(COUNTY, numbered(1))
        async with head_locked(database_url) as release:
            sent = asyncio.create_task(store.append(COUNTY, numbered(2)))
            await until(waiting(database_url))
            queued = [asyncio.create_task(store.append(COUNTY, numbered(number))) for number in (3, 4)]
            await asyncio.sleep(0)
            sent.cancel()  # too late: it was sent
            queued[0].cancel()  # in time: it is withdrawn
            await asyncio.sleep(0)
            await release()
            assert (await queued[1]).first_position == 3
        assert [row[1] for row in await stored(store)] == ["thing-1", "thing-2", "thing-4"]
        assert (await store.verify(COUNTY)).problem is None


async def test_what_was_prepared_behind_a_refused_transaction_is_stored_all_the_same(
    database_url: str,
) -> None:
    async with asyncio.timeout(10), store_on(database_url, CommitterLimits(answer_seconds=5)) as store:
        await store.append(COUNTY, numbered(1))
        async with head_locked(database_url) as release:
            stale = asyncio.create_task(store.append(COUNTY, numbered(1)))
            await until(waiting(database_url))
            behind = asyncio.gather(*(store.append(COUNTY, numbered(number)) for number in range(2, 12)))
            await asyncio.sleep(0)
            await release()
            with pytest.raises(VersionConflict):
                await stale
            receipts = await behind
        assert [receipt.first_position for receipt in receipts] == list(range(2, 12))
        assert [row[1] for row in await stored(store)] == [f"thing-{number}" for number in range(1, 12)]
        assert (await store.verify(COUNTY)).problem is None


async def test_what_was_prepared_but_not_sent_can_still_be_withdrawn(database_url: str) -> None:
    async with store_on(database_url) as store:
        await store.append(COUNTY, numbered(1))
        async with head_locked(database_url) as release:
            sent = asyncio.create_task(store.append(COUNTY, numbered(2)))
            await until(waiting(database_url))
            behind = [asyncio.create_task(store.append(COUNTY, numbered(number))) for number in range(3, 7)]
            await asyncio.sleep(0)
            behind[1].cancel()
            await asyncio.wait(behind[1:2])
            await release()
            await asyncio.gather(sent, behind[0], *behind[2:])
        assert [row[1] for row in await stored(store)] == [
            "thing-1",
            "thing-2",
            "thing-3",
            "thing-5",
            "thing-6",
        ]
        assert (await store.verify(COUNTY)).problem is None


async def test_a_full_queue_says_so(database_url: str) -> None:
    async with store_on(database_url, CommitterLimits(queue_commands=5)) as store:
        await store.append(COUNTY, numbered(1))
        async with head_locked(database_url) as release:
            sent = asyncio.create_task(store.append(COUNTY, numbered(2)))
            await until(waiting(database_url))
            outcomes = asyncio.gather(
                *(store.append(COUNTY, numbered(number)) for number in range(3, 13)), return_exceptions=True
            )
            await asyncio.sleep(0)
            await release()
            kinds = [type(outcome) for outcome in await outcomes]
        assert kinds == [Receipt] * 5 + [LogBusy] * 5
        await sent
        assert (await store.head(COUNTY)).position == 7


async def test_a_session_that_holds_the_head_for_ever_blocks_nobody_for_ever(database_url: str) -> None:
    async with store_on(database_url, CommitterLimits(answer_seconds=0.5, lock_seconds=0.1)) as store:
        await store.append(COUNTY, numbered(1))
        async with head_locked(database_url):
            with pytest.raises(LogUnavailable):
                await store.append(COUNTY, numbered(2))
            await store.append("653023", numbered(2))  # other counties go on
        assert (await store.append(COUNTY, numbered(3))).first_position == 2


async def test_a_database_that_takes_no_writes_is_named(database_url: str) -> None:
    admin = await asyncpg.connect(database_url)
    name = await admin.fetchval("SELECT current_database()")
    await admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    async with store_on(database_url) as store:
        with pytest.raises(LogReadOnly):
            await store.append(COUNTY, numbered(1))
    await admin.close()


async def test_a_database_that_is_gone_is_named(wire: Wire) -> None:
    async with store_on(wire.url, CommitterLimits(answer_seconds=0.3, lock_seconds=0.2)) as store:
        wire.refuse()
        wire.hang_up()
        with pytest.raises(LogUnavailable):
            await store.append(COUNTY, numbered(1))
        wire.accept()
        assert (await store.append(COUNTY, numbered(1))).first_position == 1


async def test_a_failure_without_words_is_named_by_its_kind(database_url: str) -> None:
    """No connection becomes free: the driver raises a bare TimeoutError."""
    limits = CommitterLimits(answer_seconds=0.3, lock_seconds=0.1)
    async with (
        asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool,
        EventStore(pool, codec=CODEC, limits=limits) as store,
    ):
        async with pool.acquire():
            with pytest.raises(LogUnavailable, match=r"command c-1 is not stored: TimeoutError$"):
                await store.append(COUNTY, numbered(1))
        assert (await store.append(COUNTY, numbered(1))).first_position == 1


async def test_two_processes_share_a_county_without_gaps(database_url: str) -> None:
    async with store_on(database_url) as left, store_on(database_url) as right:

        async def caller(store: EventStore, side: str, number: int) -> list[Receipt]:
            return [
                await store.append(COUNTY, command(stream_append(f"thing-{side}-{number}", version)))
                for version in range(30)
            ]

        receipts = await asyncio.gather(
            *(
                caller(store, side, number)
                for store, side in ((left, "l"), (right, "r"))
                for number in range(8)
            )
        )
        positions = sorted(receipt.first_position for mine in receipts for receipt in mine)
        assert positions == list(range(1, 16 * 30 + 1))
        log = await stored(left)
        assert [row[0] for row in log] == positions
        assert (await right.verify(COUNTY)).problem is None


async def test_a_large_command_is_not_starved_by_a_busy_neighbour(database_url: str) -> None:
    """While the large one is laid out, the neighbour's small ones move the head; in the end it locks the head."""
    async with store_on(database_url) as slow, store_on(database_url) as busy:
        ending = False

        async def neighbour(number: int) -> int:
            version = 0
            while not ending:
                await busy.append(COUNTY, command(stream_append(f"thing-{number}", version)))
                version += 1
            return version

        neighbours = [asyncio.create_task(neighbour(number)) for number in range(4)]
        try:
            large = command(*(stream_append(f"thing-large-{number}", 0) for number in range(1500)))
            receipt = await asyncio.wait_for(slow.append(COUNTY, large), 20)
        finally:
            ending = True
            small = await asyncio.gather(*neighbours)
        assert receipt.last_position - receipt.first_position == 1499
        assert (await slow.head(COUNTY)).position == 1500 + sum(small)
        assert (await slow.verify(COUNTY)).problem is None


async def test_one_stream_under_two_processes_never_forks(database_url: str) -> None:
    """Optimistic writers that reload and retry: every acknowledged increment is there."""
    async with store_on(database_url) as left, store_on(database_url) as right:

        async def writer(store: EventStore) -> int:
            done = 0
            while done < 15:
                head = await store.load(COUNTY, "thing-1")
                try:
                    await store.append(COUNTY, command(stream_append("thing-1", head.version if head else 0)))
                except VersionConflict:
                    continue
                done += 1
            return done

        done = await asyncio.gather(*(writer(store) for store in (left, right) for _ in range(3)))
        assert sum(done) == 90
        assert [row[2] for row in await stored(left)] == list(range(1, 91))
