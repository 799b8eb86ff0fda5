"""Idempotency keys are remembered for their time and forgotten after it."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from service.ledgers.clearing_up import KeptFor, clear_up
from service.log import expired_keys
from service.log.appending import VersionConflict
from service.log.event_store import EventStore
from service.log.expired_keys import forget_expired_keys
from service.log.verification import verify_log
from tests.log.commands import COUNTY, command, idempotency, stream_append

KEEP = timedelta(days=30)


async def aged(pool: asyncpg.Pool, key: str, age: timedelta) -> None:
    await pool.execute(
        "UPDATE idempotency SET recorded_at = clock_timestamp() - $2::interval WHERE key = $1", key, age
    )


async def test_a_key_is_forgotten_after_its_time_and_not_before(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    ages = {"old": KEEP + timedelta(seconds=1), "last day": KEEP - timedelta(minutes=1), "new": timedelta(0)}
    for number, (key, age) in enumerate(ages.items()):
        await store.append(COUNTY, command(stream_append(f"thing-{number}", 0), key=key))
        await aged(pool, key, age)
    await clear_up(pool, KeptFor(keys=KEEP))
    assert await store.replayed(COUNTY, idempotency("old")) is None
    for key in ("last day", "new"):
        receipt = await store.replayed(COUNTY, idempotency(key))
        assert receipt is not None
        assert receipt.replayed
    async with pool.acquire() as connection:
        assert (await verify_log(connection, COUNTY)).problem is None


async def test_a_request_sent_again_after_that_is_a_new_one(pool: asyncpg.Pool, store: EventStore) -> None:
    """It meets what it has done itself, like any other."""
    sent = command(stream_append("thing-1", 0), key="k")
    await store.append(COUNTY, sent)
    assert (await store.append(COUNTY, sent)).replayed
    await aged(pool, "k", timedelta(days=31))
    await forget_expired_keys(pool, KEEP)
    with pytest.raises(VersionConflict):
        await store.append(COUNTY, sent)


async def test_all_that_are_due_go_some_at_a_time(
    pool: asyncpg.Pool, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expired_keys, "_AT_ONCE", 3)
    for number in range(10):
        await store.append(COUNTY, command(stream_append(f"thing-{number}", 0), key=f"k-{number}"))
        await aged(pool, f"k-{number}", timedelta(days=31 if number else 1))
    assert await forget_expired_keys(pool, KEEP) == 9
    assert await forget_expired_keys(pool, KEEP) == 0
    assert await pool.fetchval("SELECT count(*) FROM idempotency") == 1
