"""The readings of auditors: a chain that shows what was altered, taken out or cut off, with every statement that is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from service.log.checkpoints import Checkpoints
from service.log.event_store import EventStore
from service.log.readings import NotRecorded, Reading, Readings, problem_of
from service.log.signing_keys import known_keys, origin_of
from tests.log.commands import command, noted, stream_append

COUNTY = "653022"
NOW = datetime(2026, 11, 30, 4, 5, 6, tzinfo=UTC)


def look(number: int) -> Reading:
    return Reading(
        NOW + timedelta(seconds=number), "tzk_1", "AUDIT", None, "read_asset", f"/v1/assets/A-{number}", "", 1
    )


class Kept:
    """The readings of one database, and what lies beside its keys."""

    def __init__(self, pool: asyncpg.Pool, folder: Path) -> None:
        self.pool = pool
        self.readings = Readings(pool)
        self.checkpoints = Checkpoints(pool, folder, lambda: NOW)

    async def read(self, *numbers: int) -> None:
        await asyncio.gather(*(self.readings.record(COUNTY, look(one)) for one in numbers))

    async def sign(self) -> None:
        """A checkpoint of a log that has something in it; of nothing there is none."""
        async with EventStore(self.pool) as store:
            await store.append(COUNTY, command(stream_append("thing-1", 0, noted())))
        await self.checkpoints.make(COUNTY)

    async def problem(self) -> str | None:
        async with self.pool.acquire() as connection:
            keys = [one.verifier for one in await known_keys(connection, COUNTY, "LOG")]
            beside = self.checkpoints.keys.remembered_readings(COUNTY)
            return await problem_of(connection, COUNTY, origin_of(COUNTY), keys, beside)


@pytest_asyncio.fixture
async def kept(database_url: str, tmp_path: Path) -> AsyncIterator[Kept]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        yield Kept(pool, tmp_path / "keys")


async def test_readings_are_numbered_without_gaps_and_together(kept: Kept) -> None:
    await kept.read(*range(1200))
    await kept.read(1200)
    found = await kept.readings.page(COUNTY, 0, None, 5_000)
    assert [one["number"] for one in found] == list(range(1, 1202))
    assert {one["subject"] for one in found} == {f"/v1/assets/A-{number}" for number in range(1201)}
    assert await kept.readings.page(COUNTY, 1200, "tzk_1", 10) == found[1200:]
    assert await kept.readings.page(COUNTY, 0, "tzk_2", 10) == []
    assert await kept.problem() is None


@pytest.mark.parametrize(("statement", "told"), [
    ("UPDATE reading SET body = convert_to(replace(convert_from(body, 'UTF8'), 'A-2', 'A-9'), 'UTF8') WHERE number = 3",
     "reading 3: its bytes"),
    ("DELETE FROM reading WHERE number = 2", "reading 2: missing"),
    ("DELETE FROM reading WHERE number = 5", "readings: 4 are there"),
    (("DELETE FROM reading WHERE number = 5; UPDATE reading_head SET number = 4,"
     " hash = (SELECT hash FROM reading WHERE number = 4)"), "readings: 4 are left of 5"),
    ("DELETE FROM reading; DELETE FROM reading_head; DELETE FROM reading_statement", "readings: 0 are left of 5"),
    ("UPDATE reading_statement SET text = replace(text, E'\\n5\\n', E'\\n4\\n')", "reading statement 5: not signed by this log"),
    ("UPDATE reading SET hash = sha256('x') WHERE number = 5; UPDATE reading_head SET hash = sha256('x')",
     "reading 5: its bytes"),
])  # fmt: skip
async def test_a_reading_that_was_altered_or_lost_is_found(kept: Kept, statement: str, told: str) -> None:
    """Five readings covered by a checkpoint; then somebody reaches the database."""
    await kept.read(0, 1, 2, 3, 4)
    await kept.sign()
    assert await kept.problem() is None
    await kept.pool.execute(statement)
    assert (await kept.problem() or "").startswith(told)


async def test_a_chain_that_was_made_anew_is_not_the_one_that_was_signed(kept: Kept) -> None:
    """Whoever rewrites all tables cannot sign: the text beside the key says what the fifth reading's hash was."""
    await kept.read(0, 1, 2, 3, 4)
    await kept.sign()
    for table in ("reading", "reading_head", "reading_statement"):
        await kept.pool.execute(f"DELETE FROM {table}")
    await kept.read(0, 1, 9, 3, 4)
    assert await kept.problem() == "reading 5: not what was signed (与签名不符)"


async def test_what_the_database_does_not_take_is_told_to_everybody_who_waits(kept: Kept) -> None:
    await kept.pool.execute("ALTER TABLE reading RENAME TO elsewhere")
    told = await asyncio.gather(
        *(kept.readings.record(COUNTY, look(one)) for one in range(3)), return_exceptions=True
    )
    assert [type(one) for one in told] == [NotRecorded] * 3
    await kept.pool.execute("ALTER TABLE elsewhere RENAME TO reading")
    await kept.read(7)
    assert await kept.problem() is None
