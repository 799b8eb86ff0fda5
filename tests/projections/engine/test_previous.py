"""What a rebuild replaced goes after its time, by the service's own hand, and nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from projections.catalogue import CATALOGUE
from service.cli.doctor import CheckResult, examine
from service.database.database import Database
from service.ledgers import clearing_up
from service.ledgers.clearing_up import KeptFor, clear_up
from service.ledgers.rebuild.previous import kept_tables, remove_due
from service.ledgers.rebuild.workers import rebuild
from service.log.event_store import EventStore
from service.settings import Settings
from tests.projections.contents import digests, until
from tests.projections.engine.test_rebuild import live
from tests.projections.history import COUNTY

KEEP = timedelta(days=30)
DIRECTORY = [CATALOGUE["directory"]]
TABLES = {ledger.name for ledger in DIRECTORY[0].tables}


@pytest.fixture
async def replaced(pool: asyncpg.Pool, store: EventStore, database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """A ledger that was rebuilt just now."""
    await live(pool, store, 81, 300)
    await rebuild(database_url, DIRECTORY)
    yield pool


async def kept(pool: asyncpg.Pool) -> set[str]:
    return {table.name for table in await kept_tables(pool)}


async def removed(pool: asyncpg.Pool, keep: timedelta) -> list[str]:
    async with pool.acquire() as connection:
        return await remove_due(connection, keep)


async def aged(pool: asyncpg.Pool, name: str, age: timedelta) -> None:
    since = await pool.fetchval("SELECT clock_timestamp() - $1::interval", age)
    await pool.execute(f"COMMENT ON TABLE ledger_previous.{name} IS 'replaced at {since.isoformat()}'")


async def test_what_was_replaced_says_since_when(replaced: asyncpg.Pool) -> None:
    tables = await kept_tables(replaced)
    assert {table.name for table in tables} == TABLES
    for table in tables:
        assert table.age is not None
        assert timedelta(0) < table.age < timedelta(minutes=5)
        assert table.bytes > 0


async def test_a_county_s_own_rows_say_it_too(replaced: asyncpg.Pool, database_url: str) -> None:
    for name in TABLES:
        await aged(replaced, name, timedelta(days=100))
    await rebuild(database_url, DIRECTORY, county=COUNTY)
    assert await removed(replaced, KEEP) == []
    assert await kept(replaced) == TABLES


async def test_it_goes_after_its_time_and_not_before(replaced: asyncpg.Pool) -> None:
    before = await digests(replaced, COUNTY)
    await aged(replaced, "person", KEEP - timedelta(minutes=1))
    await aged(replaced, "tenure", KEEP + timedelta(seconds=1))
    assert await removed(replaced, KEEP) == ["tenure"]
    assert await kept(replaced) == TABLES - {"tenure"}
    assert await removed(replaced, KEEP) == []
    assert await digests(replaced, COUNTY) == before


async def test_what_an_earlier_version_replaced_is_kept_from_now_on(replaced: asyncpg.Pool) -> None:
    await replaced.execute("COMMENT ON TABLE ledger_previous.person IS '人员：每人一行'")
    assert [table.age for table in await kept_tables(replaced, "person")] == [None]
    assert await removed(replaced, timedelta(0)) == sorted(TABLES - {"person"})
    assert [table.age is not None for table in await kept_tables(replaced)] == [True]
    assert await removed(replaced, timedelta(0)) == ["person"]


async def test_what_was_replaced_anew_meanwhile_is_not_removed(replaced: asyncpg.Pool) -> None:
    """Whoever waits for the old table finds another in its place."""
    await aged(replaced, "person", timedelta(days=31))
    async with replaced.acquire() as other:
        swap = other.transaction()
        await swap.start()
        await other.execute(
            "DROP TABLE ledger_previous.person; CREATE TABLE ledger_previous.person (county text);"
            f"COMMENT ON TABLE ledger_previous.person IS 'replaced at {await other.fetchval('SELECT now()')}'"
        )
        removing = asyncio.create_task(removed(replaced, KEEP))
        await asyncio.wait([removing], timeout=0.3)
        assert not removing.done()
        await swap.commit()
    assert await removing == []
    assert "person" in await kept(replaced)


async def test_a_table_that_is_looked_at_waits_for_the_next_round(replaced: asyncpg.Pool) -> None:
    await aged(replaced, "person", timedelta(days=31))
    async with replaced.acquire() as reader, reader.transaction():
        await reader.fetchval("SELECT count(*) FROM ledger_previous.person")
        await clear_up(replaced, KeptFor())
        assert "person" in await kept(replaced)
    await clear_up(replaced, KeptFor())
    assert await kept(replaced) == TABLES - {"person"}


async def test_a_running_service_removes_it_by_itself(
    replaced: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing_up, "FIRST_SECONDS", 0.05)
    monkeypatch.setattr(clearing_up, "EVERY_SECONDS", 0.05)
    async with clearing_up.clearing_up(replaced, KeptFor(replaced=timedelta(days=2))):
        for name in TABLES:
            await aged(replaced, name, timedelta(days=3))

        async def gone() -> bool:
            return not await kept(replaced)

        await until(gone)


async def test_the_doctor_says_what_is_kept_and_what_nobody_removed(
    replaced: asyncpg.Pool, database_url: str
) -> None:
    async def found() -> CheckResult:
        database = Database(database_url, database_url, replaced, "", "url", None)
        return {one.check: one async for one in examine(database)}["replaced ledgers"]

    assert (await found()).ok
    assert (await found()).found.startswith(f"{len(TABLES)} tables, ")
    await aged(replaced, "person", KEEP + timedelta(days=7) - timedelta(minutes=1))
    assert (await found()).ok
    await aged(replaced, "person", KEEP + timedelta(days=7, seconds=1))
    overdue = await found()
    assert (overdue.ok, "overdue: person. A service" in overdue.found) == (False, True)


def test_the_times_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    def kept_for(**said: Any) -> KeptFor:
        for name, value in said.items():
            monkeypatch.setenv(f"TAIZHANG_{name}", str(value))
        return KeptFor.from_settings(Settings.from_environment())

    assert kept_for() == KeptFor(timedelta(days=30), timedelta(days=30))
    assert kept_for(REPLACED_LEDGERS_DAYS=7, IDEMPOTENCY_DAYS=3) == KeptFor(
        timedelta(days=7), timedelta(days=3)
    )
