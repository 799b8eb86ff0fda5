"""One command's events are stored together, once, on the version they were decided on, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from service.algorithms.digests import SHA256
from service.log.event_store import (
    AppendMalformed,
    Claim,
    ClaimTaken,
    EventStore,
    IdempotencyMismatch,
    Receipt,
    VersionConflict,
)
from service.log.merkle import Frontier
from tests.log.commands import CODEC, COUNTY, command, idempotency, noted, stream_append
from tests.log.counted import counted


@asynccontextmanager
async def two_stores(url: str) -> AsyncIterator[tuple[EventStore, EventStore]]:
    """Two stores with pools of their own stand for two processes: they share nothing but the database."""
    async with (
        asyncpg.create_pool(url, min_size=1, max_size=3) as one,
        asyncpg.create_pool(url, min_size=1, max_size=3) as other,
        EventStore(one, codec=CODEC) as left,
        EventStore(other, codec=CODEC) as right,
    ):
        yield left, right


async def stored(store: EventStore, county: str = COUNTY) -> list[tuple[int, str, int]]:
    """(position, stream, version) of everything in the log."""
    return [
        (event.position, event.stream, event.version) async for batch in store.read(county) for event in batch
    ]


async def test_an_append_answers_with_where_its_events_stand(store: EventStore) -> None:
    receipt = await store.append(
        COUNTY, command(stream_append("thing-1", 0, noted(1), noted(2)), stream_append("thing-2", 0))
    )
    assert (receipt.first_position, receipt.last_position) == (1, 3)
    assert list(receipt.events) == [
        ("thing-1", 1, 1, "thing.noted"),
        ("thing-1", 2, 2, "thing.noted"),
        ("thing-2", 1, 3, "thing.noted"),
    ]
    assert receipt.response == b'{"position":3}'
    assert not receipt.replayed
    head = await store.load(COUNTY, "thing-1")
    assert head is not None
    assert (head.version, head.state, head.state_code) == (2, b"state of thing-1", "1")
    events = await store.read_stream(COUNTY, "thing-1")
    assert [(event.version, event.data["number"], event.recorded_at) for event in events] == [
        (1, 1, receipt.recorded_at),
        (2, 2, receipt.recorded_at),
    ]


async def test_the_head_is_the_tree_over_the_stored_bytes(store: EventStore) -> None:
    for number in range(5):
        await store.append(COUNTY, command(stream_append(f"thing-{number}", 0, noted(number), noted(number))))
    leaves = [SHA256.leaf(body) async for batch in store.read_stored(COUNTY) for _, body in batch]
    head = await store.head(COUNTY)
    assert head.position == len(leaves) == 10
    assert head.frontier == Frontier().extended(leaves)
    assert head.root == head.frontier.root()


async def test_a_stream_that_exists_cannot_be_begun_again(store: EventStore) -> None:
    await store.append(COUNTY, command(stream_append("thing-1", 0)))
    with pytest.raises(VersionConflict) as conflict:
        await store.append(COUNTY, command(stream_append("thing-1", 0)))
    assert (conflict.value.stream, conflict.value.expected, conflict.value.actual) == ("thing-1", 0, 1)


@pytest.mark.parametrize("expected", [1, 3, 2**31 - 10])
async def test_a_version_that_is_not_there_is_refused(store: EventStore, expected: int) -> None:
    await store.append(COUNTY, command(stream_append("thing-1", 0, noted(), noted())))
    with pytest.raises(VersionConflict) as conflict:
        await store.append(COUNTY, command(stream_append("thing-1", expected)))
    assert conflict.value.actual == 2
    with pytest.raises(VersionConflict) as conflict:
        await store.append(COUNTY, command(stream_append("thing-new", expected)))
    assert conflict.value.actual == 0


async def test_one_stale_stream_keeps_the_whole_command_out(store: EventStore) -> None:
    await store.append(COUNTY, command(stream_append("thing-2", 0)))
    with pytest.raises(VersionConflict):
        await store.append(
            COUNTY,
            command(stream_append("thing-1", 0), stream_append("thing-2", 0), stream_append("thing-3", 0)),
        )
    assert await stored(store) == [(1, "thing-2", 1)]


async def test_of_racers_on_one_version_exactly_one_wins(store: EventStore) -> None:
    await store.append(COUNTY, command(stream_append("thing-1", 0)))
    outcomes = await asyncio.gather(
        *(
            store.append(
                COUNTY, command(stream_append("thing-1", 1, noted(number)), command_id=f"c-{number}")
            )
            for number in range(100)
        ),
        return_exceptions=True,
    )
    winners = [outcome for outcome in outcomes if isinstance(outcome, Receipt)]
    losers = [outcome for outcome in outcomes if not isinstance(outcome, Receipt)]
    assert len(winners) == 1
    assert all(isinstance(loser, VersionConflict) and loser.actual == 2 for loser in losers)
    assert await stored(store) == [(1, "thing-1", 1), (2, "thing-1", 2)]
    (_, second) = await store.read_stream(COUNTY, "thing-1")
    assert second.command_id == f"c-{outcomes.index(winners[0])}"


async def test_racers_in_two_processes_have_one_winner_a_round(database_url: str) -> None:
    async with two_stores(database_url) as (left, right):
        acknowledged = 0
        for version in range(20):
            outcomes = await asyncio.gather(
                *(
                    store.append(COUNTY, command(stream_append("thing-1", version)))
                    for store in (left, right)
                    for _ in range(5)
                ),
                return_exceptions=True,
            )
            acknowledged += sum(isinstance(outcome, Receipt) for outcome in outcomes)
            assert all(isinstance(outcome, Receipt | VersionConflict) for outcome in outcomes)
            assert acknowledged == version + 1
        assert [version for _, _, version in await stored(left)] == list(range(1, 21))


async def test_a_claim_is_taken_once(store: EventStore) -> None:
    certificate = Claim("certificate", "陶确字2022001")
    await store.append(COUNTY, command(stream_append("thing-1", 0, noted(), noted()), claims=[certificate]))
    with pytest.raises(ClaimTaken) as taken:
        await store.append(
            COUNTY, command(stream_append("thing-2", 0), claims=[Claim("other", "k"), certificate])
        )
    assert (taken.value.kind, taken.value.key) == ("certificate", "陶确字2022001")
    assert (taken.value.stream, taken.value.position) == ("thing-1", 1)
    await store.append(COUNTY, command(stream_append("thing-2", 0), claims=[Claim("other", "k")]))
    await store.append("653023", command(stream_append("thing-1", 0), claims=[certificate]))


async def test_of_racers_for_one_claim_exactly_one_wins(store: EventStore) -> None:
    outcomes = await asyncio.gather(
        *(
            store.append(
                COUNTY, command(stream_append(f"thing-{number}", 0), claims=[Claim("certificate", "1")])
            )
            for number in range(50)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Receipt) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ClaimTaken) and outcome.position == 1 for outcome in outcomes) == 49
    assert len(await stored(store)) == 1


async def test_claims_are_listed_in_the_order_they_were_made(store: EventStore) -> None:
    for number, kind in enumerate(["unit", "person", "unit", "certificate"]):
        append = command(stream_append(f"thing-{number}", 0), claims=[Claim(kind, str(9 - number))])
        await store.append(COUNTY, append)
    assert await store.claims(COUNTY, ["unit", "person"]) == [
        Claim("unit", "9"),
        Claim("person", "8"),
        Claim("unit", "7"),
    ]
    assert await store.claims("653023", ["unit"]) == []


async def test_the_same_key_fifty_times_at_once_has_one_effect_and_equal_answers(store: EventStore) -> None:
    receipts = await asyncio.gather(
        *(
            store.append(COUNTY, command(stream_append("thing-1", 0, noted(), noted()), key="k"))
            for _ in range(50)
        )
    )
    assert {receipt.response for receipt in receipts} == {b'{"position":2}'}
    assert {(receipt.first_position, receipt.last_position, receipt.recorded_at) for receipt in receipts} == {
        (1, 2, receipts[0].recorded_at)
    }
    assert {tuple(receipt.events) for receipt in receipts} == {tuple(receipts[0].events)}
    assert sum(receipt.replayed for receipt in receipts) == 49
    assert len(await stored(store)) == 2


async def test_the_same_key_in_two_processes_at_once_has_one_effect(database_url: str) -> None:
    async with two_stores(database_url) as (left, right):
        for number in range(10):
            receipts = await asyncio.gather(
                *(
                    store.append(COUNTY, command(stream_append(f"thing-{number}", 0), key=f"k-{number}"))
                    for store in (left, right)
                    for _ in range(10)
                )
            )
            assert len({receipt.response for receipt in receipts}) == 1
            assert sum(not receipt.replayed for receipt in receipts) == 1
        assert len(await stored(left)) == 10


async def test_a_retry_is_answered_before_its_stale_version_is(store: EventStore) -> None:
    first = await store.append(
        COUNTY, command(stream_append("thing-1", 0), key="k", claims=[Claim("c", "1")])
    )
    await store.append(COUNTY, command(stream_append("thing-1", 1)))
    again = await store.append(
        COUNTY, command(stream_append("thing-1", 0), key="k", claims=[Claim("c", "1")])
    )
    assert again == Receipt(
        first.first_position,
        first.last_position,
        first.recorded_at,
        first.events,
        first.response,
        replayed=True,
    )


async def test_a_retry_that_waits_behind_another_command_is_still_a_retry(database_url: str) -> None:
    """Stored by one process, retried in another one while that process changes the same stream."""
    async with two_stores(database_url) as (left, right):
        first = await left.append(COUNTY, command(stream_append("thing-1", 0), key="k"))
        _, again = await asyncio.gather(
            right.append(COUNTY, command(stream_append("thing-1", 1))),
            right.append(COUNTY, command(stream_append("thing-1", 0), key="k")),
        )
        assert again.replayed
        assert again.response == first.response


async def test_a_key_used_for_another_request_is_refused(store: EventStore) -> None:
    await store.append(COUNTY, command(stream_append("thing-1", 0), key="k"))
    with pytest.raises(IdempotencyMismatch):
        await store.append(COUNTY, command(stream_append("thing-2", 0), key="k", body="another"))
    outcomes = await asyncio.gather(
        *(
            store.append(COUNTY, command(stream_append(f"thing-{body}", 0), key="k-2", body=str(body)))
            for body in range(3, 6)
        ),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt, IdempotencyMismatch, IdempotencyMismatch]


async def test_senders_do_not_share_their_keys(store: EventStore) -> None:
    await store.append(COUNTY, command(stream_append("thing-1", 0), key="k", scope="k_01"))
    other = command(stream_append("thing-2", 0), key="k", scope="k_02", body="another")
    assert not (await store.append(COUNTY, other)).replayed


async def test_an_earlier_answer_can_be_looked_up(store: EventStore) -> None:
    assert await store.replayed(COUNTY, idempotency("k")) is None
    receipt = await store.append(COUNTY, command(stream_append("thing-1", 0, noted(), noted()), key="k"))
    found = await store.replayed(COUNTY, idempotency("k"))
    assert found is not None
    assert found.replayed
    assert (found.response, list(found.events)) == (receipt.response, list(receipt.events))
    with pytest.raises(IdempotencyMismatch):
        await store.replayed(COUNTY, idempotency("k", "another"))


async def test_a_bad_command_does_not_harm_its_neighbours(store: EventStore) -> None:
    """Stale, claimed, refused by the database (version out of its range), failing to respond: all in one batch."""
    await store.append(COUNTY, command(stream_append("thing-0", 0), claims=[Claim("c", "1")]))

    def fail(_: Receipt) -> bytes:
        msg = "no such template"
        raise LookupError(msg)

    good = [store.append(COUNTY, command(stream_append(f"thing-{number}", 0))) for number in range(1, 20)]
    bad = [
        store.append(COUNTY, command(stream_append("thing-0", 7))),
        store.append(COUNTY, command(stream_append("thing-30", 0), claims=[Claim("c", "1")])),
        store.append(COUNTY, command(stream_append("thing-31", 2**31))),
        store.append(COUNTY, command(stream_append("thing-32", 0), respond=fail)),
    ]
    outcomes = await asyncio.gather(*good[:10], *bad, *good[10:], return_exceptions=True)
    assert sum(isinstance(outcome, Receipt) for outcome in outcomes) == len(good)
    assert [type(outcome).__name__ for outcome in outcomes[10:14]] == [
        "VersionConflict",
        "ClaimTaken",
        "AppendRefused",
        "LookupError",
    ]
    assert [position for position, _, _ in await stored(store)] == list(range(1, 21))
    assert (await store.verify(COUNTY)).problem is None


async def test_five_thousand_streams_are_one_append(store: EventStore) -> None:
    names = [f"thing-{number:04d}" for number in range(5000)]
    await store.append(COUNTY, command(*(stream_append(name, 0) for name in names)))
    receipt = await store.append(COUNTY, command(*(stream_append(name, 1) for name in names)))
    assert receipt.last_position == 10_000
    heads = await store.load_many(COUNTY, [*names, "thing-none"])
    assert {head.version for head in heads.values()} == {2}
    assert len(heads) == 5000
    with pytest.raises(VersionConflict):
        await store.append(
            COUNTY, command(*(stream_append(name, 2) for name in names[:-1]), stream_append(names[-1], 1))
        )
    assert (await store.head(COUNTY)).position == 10_000
    assert (await store.verify(COUNTY)).problem is None


async def test_commands_that_wait_are_committed_together(store: EventStore) -> None:
    names = (
        "taizhang_append_batch_commands_sum",
        "taizhang_events_total",
        "taizhang_append_batch_commands_count",
    )
    before = [counted(name, COUNTY) for name in names]
    await asyncio.gather(
        *(store.append(COUNTY, command(stream_append(f"thing-{number}", 0))) for number in range(500))
    )
    commands, events, transactions = (
        counted(name, COUNTY) - was for name, was in zip(names, before, strict=True)
    )
    assert (commands, events) == (500, 500)
    assert transactions < 25


async def test_positions_have_no_gap_whatever_fails(store: EventStore) -> None:
    outcomes = await asyncio.gather(
        *(
            store.append(COUNTY, command(stream_append(f"thing-{number % 37}", number // 37)))
            for number in range(37 * 8)
        ),
        return_exceptions=True,
    )
    acknowledged = [outcome for outcome in outcomes if isinstance(outcome, Receipt)]
    assert [position for position, _, _ in await stored(store)] == list(range(1, len(acknowledged) + 1))


async def test_the_moment_of_recording_never_decreases(pool: asyncpg.Pool) -> None:
    now = datetime(2024, 5, 1, 12, tzinfo=UTC)
    shown = [now]
    clock: Callable[[], datetime] = lambda: shown[-1]  # noqa: E731
    async with EventStore(pool, clock=clock, codec=CODEC) as store:
        receipts = []
        for version, hours in enumerate((0.0, -3.0, 1 / 3600, 0.0)):
            shown.append(now + timedelta(hours=hours))
            receipts.append(await store.append(COUNTY, command(stream_append("thing-1", version))))
    assert [receipt.recorded_at - now for receipt in receipts] == [
        timedelta(0),
        timedelta(0),
        timedelta(seconds=1),
        timedelta(seconds=1),
    ]


async def test_counties_have_logs_of_their_own(store: EventStore) -> None:
    await store.append("653022", command(stream_append("thing-1", 0), key="k"))
    receipt = await store.append("653023", command(stream_append("thing-1", 0), key="k", body="another"))
    assert receipt.first_position == 1
    assert await store.counties() == ["653022", "653023"]


@pytest.mark.parametrize(
    ("county", "wrong"),
    [
        ("65302", command(stream_append("thing-1", 0))),
        ("６５３０２２", command(stream_append("thing-1", 0))),
        (COUNTY, command()),
        (COUNTY, command(stream_append("", 0))),
        (COUNTY, command(stream_append("thing-\x00", 0))),
        (COUNTY, command(stream_append("thing-\ud800", 0))),
        (COUNTY, command(stream_append("thing-1", -1))),
        (COUNTY, command(stream_append("thing-1", 0), stream_append("thing-1", 0))),
        (COUNTY, command(stream_append("thing-1", 0), claims=[Claim("c", "1"), Claim("c", "1")])),
        (COUNTY, command(stream_append("thing-1", 0), claims=[Claim("c", "x" * 301)])),
        (COUNTY, command(stream_append("thing-1", 0), key="")),
        (COUNTY, command(stream_append("thing-1", 0, noted(event_type="thing noted")))),
        (COUNTY, command(stream_append("thing-1", 0, noted(big="x" * 1_100_000)))),
    ],
    ids=range(13),
)
async def test_what_the_log_cannot_hold_is_refused_before_it_is_sent(
    store: EventStore, county: str, wrong: object
) -> None:
    with pytest.raises(AppendMalformed):
        await store.append(county, wrong)  # type: ignore[arg-type]
    assert await store.counties() == []
