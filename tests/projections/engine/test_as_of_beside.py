"""A past moment folded in a process of its own: the same rows, one process for all who wait, none for nobody."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import date, timedelta
from multiprocessing.process import BaseProcess
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from domain.refusals import Refusal
from projections.catalogue import CATALOGUE
from service import pace
from service.admission import acting_for
from service.ledgers import moments as kept_moments
from service.ledgers.beside import FoldBounds, FoldOrder, folded_beside
from service.ledgers.moments import Moments
from service.log.event_store import EventStore
from service.metrics import PAST_FOLDS
from service.pace import commanding
from service.processes import MEBIBYTE
from service.shares import Share
from tests.domain.saying import refused
from tests.projections.contents import stored_rows
from tests.projections.history import COUNTY, FIRST_DAY, RandomHistory, fill_log
from tests.shares import bulkheads

EVENTS = RandomHistory(11, alive=60).take(6000)
REGISTER = "asset_register"
PATIENCE = 30.0


@pytest.fixture(autouse=True)
def _everything_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_moments, "FEW", 400)


@pytest_asyncio.fixture
async def beside(database_url: str) -> AsyncIterator[Moments]:
    """Past moments of a random log, as a service keeps them."""
    async with opened(database_url) as found:
        yield found


@asynccontextmanager
async def opened(url: str, events: Any = EVENTS) -> AsyncIterator[Moments]:
    async with bulkheads(url) as shares, EventStore(shares) as store:
        await fill_log(shares, events)
        async with aclosing(Moments(shares, store)) as found:
            yield found


def folding() -> list[BaseProcess]:
    """Processes that fold a past moment."""
    return [one for one in multiprocessing.active_children() if one.name == "past"]


def counted(outcome: str) -> float:
    """How many folds ended so."""
    return float(PAST_FOLDS.labels(outcome)._value.get())


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  processes tell nobody
            await asyncio.sleep(0.01)


async def rows_at(
    moments: Moments, name: str, on: date | None, position: int | None, *, who: str = "one"
) -> tuple[dict[str, Any], int, int]:
    with acting_for(who):
        async with moments.at(COUNTY, [name], on, position) as past:
            return await stored_rows(past.connection, COUNTY, CATALOGUE[name]), past.position, past.unplaced


def two_askers(moments: Moments) -> list[asyncio.Task[Any]]:
    """Two keys that ask about the same moment."""
    return [asyncio.create_task(rows_at(moments, REGISTER, None, 5000, who=who)) for who in ("one", "other")]


@asynccontextmanager
async def nobody_reads_events(url: str) -> AsyncIterator[asyncpg.Connection]:
    """The log is locked: whoever folds it waits. Gives a connection to look at who does."""
    holder, watcher = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        async with holder.transaction():
            await holder.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
            yield watcher
    finally:
        await holder.close()
        await watcher.close()


async def so_many_wait_for_events(watcher: asyncpg.Connection, count: int, seconds: float) -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database() AND query LIKE '%FROM event%'"
    )
    async with asyncio.timeout(seconds):
        while await watcher.fetchval(waiting) != count:  # noqa: ASYNC110  the database tells nobody
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("days", [60, 120, None])
async def test_every_ledger_folded_beside_is_the_one_folded_here(database_url: str, days: int | None) -> None:
    """Rows, place and what has no place, of every ledger of the catalogue: what the process gives and what tools fold."""
    on = None if days is None else FIRST_DAY + timedelta(days=days)
    before = counted("DONE")
    async with opened(database_url) as moments:
        found = {name: await rows_at(moments, name, on, 5000) for name in CATALOGUE}
    assert counted("DONE") == before + len(CATALOGUE)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=6) as pool, EventStore(pool) as store:
        async with aclosing(Moments(pool, store)) as moments:
            here = {name: await rows_at(moments, name, on, 5000) for name in CATALOGUE}
    assert counted("DONE") == before + len(CATALOGUE), "tools have no process beside them"
    assert found == here
    assert sum(len(rows) for rows in here[REGISTER][0].values()) > 20


async def test_moment_folded_beside_goes_on_with_the_log(database_url: str) -> None:
    """What came since is taken in here where it is little, and all of it folded anew beside where it is much."""
    async with opened(database_url, EVENTS[:3000]) as moments:
        for start, end, folds in ((0, 3000, 1), (3000, 3300, 0), (3300, 6000, 1)):
            if start:
                await fill_log(moments._pool, EVENTS[start:end])
            before = counted("DONE")
            found = await rows_at(moments, REGISTER, None, None)
            assert (found[1], counted("DONE") - before) == (end, folds)
            assert found == await rows_at(moments, REGISTER, None, end)


async def test_questions_about_the_same_day_fold_it_once(beside: Moments) -> None:
    before = counted("DONE")
    on = FIRST_DAY + timedelta(days=30)
    asked = (rows_at(beside, REGISTER, on, None, who=who) for who in ("one", "other"))
    one, other = await asyncio.gather(*asked)
    assert one == other
    assert counted("DONE") == before + 1
    assert folding() == []


async def test_process_ends_when_its_last_asker_has_gone(database_url: str) -> None:
    """The first of two goes: it folds on for the second. Both gone: it is ended, in the database too."""
    async with opened(database_url) as moments, nobody_reads_events(database_url) as watcher:
        before = counted("GIVEN_UP")
        first, second = two_askers(moments)
        await until(lambda: len(folding()) == 1)
        await so_many_wait_for_events(watcher, 1, PATIENCE)
        (process,) = folding()
        first.cancel()
        await asyncio.wait((first,))
        assert [one.pid for one in folding()] == [process.pid]
        second.cancel()
        await asyncio.wait((second,))
        assert folding() == []
        assert counted("GIVEN_UP") == before + 1
        await so_many_wait_for_events(watcher, 0, 3)  # less than a lock is waited for


async def test_asker_who_stays_has_the_answer_of_the_process_that_another_began(database_url: str) -> None:
    async with opened(database_url) as moments:
        before = counted("DONE")
        async with nobody_reads_events(database_url):
            first, second = two_askers(moments)
            await until(lambda: len(folding()) == 1)
            first.cancel()
            await asyncio.wait((first,))
        found = await second
        assert counted("DONE") == before + 1
        assert found == await rows_at(moments, REGISTER, None, 5000)


async def test_process_that_dies_is_told_and_the_next_one_answers(database_url: str) -> None:
    async with opened(database_url) as moments:
        async with nobody_reads_events(database_url):
            asked = asyncio.create_task(rows_at(moments, REGISTER, None, 5000))
            await until(lambda: len(folding()) == 1)
            folding()[0].kill()
            with pytest.raises(Refusal) as died:
                await asked
        assert (died.value.code, died.value.params["seconds"]) == ("PAST_LEDGER_INTERRUPTED", 2)
        assert folding() == []
        (found, position, _) = await rows_at(moments, REGISTER, None, 5000)
        assert position == 5000
        assert found[REGISTER]


async def test_fold_beyond_its_memory_ends_with_its_process(database_url: str) -> None:
    async with bulkheads(database_url) as shares:
        await fill_log(shares, EVENTS)
        past = shares.of(Share.PAST)
        order = FoldOrder(past.url, past.settings, "public", COUNTY, (REGISTER,), None, 5000)
        async with past.acquire() as connection:
            for mebibytes in (1, 3):
                with refused("PAST_LEDGER_INTERRUPTED"):
                    await folded_beside(order, connection, FoldBounds(memory=mebibytes * MEBIBYTE))
                await connection.execute("DROP TABLE pg_temp.asset_register, pg_temp.asset_share")
        assert folding() == []
        connection = await past.acquire()
        try:
            (ledger,) = await folded_beside(order, connection)
            assert ledger.position == 5000
        finally:
            await connection.close()
            await past.release(connection)


async def test_fold_waits_while_there_are_commands_and_its_time_does_not_run(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps that took too long by far: it waits for as long as there is a command, longer than it may take, and is done
    when there is none.
    """
    monkeypatch.setattr(pace, "_PACE", pace._WorkPace())
    monkeypatch.setattr(pace, "WAY", 1_000_000.0)
    bounds = FoldBounds(seconds=3.0)
    async with bulkheads(database_url) as shares:
        await fill_log(shares, EVENTS)
        past = shares.of(Share.PAST)
        order = FoldOrder(past.url, past.settings, "public", COUNTY, (REGISTER,), None, 5000)
        connection = await past.acquire()
        try:
            with commanding():
                task = asyncio.create_task(folded_beside(order, connection, bounds))
                await until(lambda: pace._PACE.free_at > 0.0)  # its first step was counted
                await asyncio.sleep(bounds.seconds + 0.5)
                assert not task.done()
            (ledger,) = await task
            assert ledger.position == 5000
        finally:
            await connection.close()
            await past.release(connection)


async def test_closing_ends_what_is_being_folded(database_url: str) -> None:
    async with opened(database_url) as moments, nobody_reads_events(database_url):
        asked = asyncio.create_task(rows_at(moments, REGISTER, None, 5000))
        await until(lambda: len(folding()) == 1)
        await moments.aclose()
        assert folding() == []
        await asyncio.wait((asked,))
        assert asked.cancelled()
