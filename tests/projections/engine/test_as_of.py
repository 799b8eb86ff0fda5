"""A ledger as of a day, as known at a place in the log, is what a fold over just those events makes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from projections.catalogue import CATALOGUE
from projections.engine import as_of
from projections.engine.projection import Projection
from projections.engine.rows import Rows
from service.ledgers.moments import Moments
from service.log.event_store import EventStore
from tests.projections.contents import stored_rows
from tests.projections.folding import all_rows, fold
from tests.projections.history import COUNTY, FIRST_DAY, RandomHistory, fill_log

EVENTS = RandomHistory(11, alive=60).take(6000)
NAMES = ("asset_register", "custody_ledger", "household_register", "income_ledger")
DAYS = (FIRST_DAY, FIRST_DAY + timedelta(days=40), None)


@pytest_asyncio.fixture
async def moments(pool: asyncpg.Pool) -> AsyncIterator[Moments]:
    """Past moments of a random log."""
    await fill_log(pool, EVENTS)
    async with EventStore(pool) as store:
        found = Moments(pool, store)
        yield found
        await found.aclose()


def expected(projection: Projection, on: date | None, position: int) -> tuple[dict[str, Any], int]:
    """The rows by the simplest means: try every event on a copy, keep the copy if it went well."""
    rows = projection.rows(COUNTY)
    unplaced = 0
    for event in EVENTS[:position]:
        if on is not None and event.occurred_on > on:
            continue
        attempt = rows
        if on is not None and event.type in projection.handlers:
            attempt = deepcopy(rows, {id(ledger): ledger for ledger in projection.tables})
        try:
            fold(projection, [event], attempt)
        except Exception:  # noqa: BLE001 - whatever it is: the event is not placed
            assert attempt is not rows
            unplaced += 1
        else:
            rows = attempt
    return _shown(projection, rows), unplaced


def _shown(projection: Projection, rows: Rows) -> dict[str, Any]:
    return {
        ledger.name: sorted(
            (dict(row) for row in all_rows(rows, ledger)),
            key=lambda row: tuple(row[name] for name in ledger.key),
        )
        for ledger in projection.tables
    }


@pytest.mark.parametrize("position", [0, 777, 2500, 6000])
@pytest.mark.parametrize("name", NAMES)
async def test_as_known_at_a_place(moments: Moments, name: str, position: int) -> None:
    async with moments.at(COUNTY, [name], None, position) as past:
        found = await stored_rows(past.connection, COUNTY, CATALOGUE[name])
    assert (found, past.unplaced) == expected(CATALOGUE[name], None, position)


@pytest.mark.parametrize("days", [3, 15])
@pytest.mark.parametrize("name", NAMES)
async def test_as_of_a_day_and_as_known_at_a_place(moments: Moments, name: str, days: int) -> None:
    on = FIRST_DAY + timedelta(days=days)
    async with moments.at(COUNTY, [name], on, 900) as past:
        found = await stored_rows(past.connection, COUNTY, CATALOGUE[name])
    assert (found, past.unplaced) == expected(CATALOGUE[name], on, 900)
    assert past.unplaced or name != "asset_register" or days > 3


async def test_a_moment_without_a_place_grows_with_the_log(pool: asyncpg.Pool) -> None:
    projection = CATALOGUE["household_register"]
    async with EventStore(pool) as store, aclosing(Moments(pool, store)) as found:
        for start, end in ((0, 500), (500, 500), (500, 3000), (3000, 6000)):
            if end > start:
                await fill_log(pool, EVENTS[start:end])
            async with found.at(COUNTY, [projection.name], None, None) as past:
                assert past.position == end
                assert (
                    await stored_rows(past.connection, COUNTY, projection)
                    == (expected(projection, None, end)[0])
                )


async def test_rows_that_do_not_fit_in_memory_are_the_same(
    moments: Moments, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = FIRST_DAY + timedelta(days=60)
    async with moments.at(COUNTY, NAMES, on, 6000) as past:
        whole = [await stored_rows(past.connection, COUNTY, CATALOGUE[name]) for name in NAMES]
    await moments.aclose()
    monkeypatch.setattr(as_of, "ROWS_IN_MEMORY", 20)
    async with moments.at(COUNTY, NAMES, on, 6000) as past:
        assert [await stored_rows(past.connection, COUNTY, CATALOGUE[name]) for name in NAMES] == whole


async def test_more_moments_than_are_kept(moments: Moments, pool: asyncpg.Pool) -> None:
    for position in range(100, 1100, 100):
        for day in DAYS:
            async with moments.at(COUNTY, ["household_register"], day, position):
                pass
    assert pool.get_size() - pool.get_idle_size() <= 3
    async with moments.at(COUNTY, ["household_register"], None, 6000) as past:
        count = await past.connection.fetchval("SELECT count(*) FROM household_register")
    rows, _ = expected(CATALOGUE["household_register"], None, 6000)
    assert count == len(rows["household_register"])


async def test_the_place_of_a_moment(moments: Moments) -> None:
    last = EVENTS[-1].recorded_at
    assert await moments.position_at(COUNTY, EVENTS[0].recorded_at - timedelta(seconds=1)) == 0
    assert await moments.position_at(COUNTY, EVENTS[41].recorded_at) == 42
    assert await moments.position_at(COUNTY, last + timedelta(days=1)) == 6000


async def test_an_error_of_who_asks_leaves_the_moment_as_it_was(moments: Moments) -> None:
    with pytest.raises(asyncpg.UndefinedColumnError):
        async with moments.at(COUNTY, ["household_register"], None, 3000) as past:
            await past.connection.fetch("SELECT nonsense FROM household_register")
    async with moments.at(COUNTY, ["household_register"], None, 3000) as past:
        assert (
            await stored_rows(past.connection, COUNTY, CATALOGUE["household_register"])
            == (expected(CATALOGUE["household_register"], None, 3000)[0])
        )


async def test_fold_that_failed_is_begun_anew(moments: Moments, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(as_of, "write_fast", fails)
        with pytest.raises(OSError):
            async with moments.at(COUNTY, ["household_register"], None, 3000):
                pass
    async with moments.at(COUNTY, ["household_register"], None, 3000) as past:
        found = await stored_rows(past.connection, COUNTY, CATALOGUE["household_register"])
    assert found == expected(CATALOGUE["household_register"], None, 3000)[0]
