"""Clocks that are set back or jump ahead: the database's under the leases, ours under the log."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from structlog.testing import capture_logs

from service.api.app import ServiceParts, create_app
from service.cli.doctor import examine
from service.clock import MOST_GAINED_SECONDS, ClockWatch, utc_now
from service.commands.credentials import Credentials, KeySpec
from service.commands.founding import found
from service.commands.operations import Operations
from service.database.database import Database
from service.ledgers.projector import Projector
from service.log.event_store import EventStore
from tests.api.bodies import road
from tests.api.service import COUNTY, KEYS, REGULATION, new_code
from tests.infrastructure.conftest import ROOT
from tests.infrastructure.test_operations import counting, submitted
from tests.projections.history import RandomHistory, append_all

# ---- the database's clock --------------------------------------------------------------------------------------------

_SHIFTED = """
CREATE SCHEMA shifted;
CREATE TABLE shifted.by (seconds double precision NOT NULL);
INSERT INTO shifted.by VALUES (0);
CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT pg_catalog.clock_timestamp() + make_interval(secs => seconds) FROM shifted.by';
CREATE FUNCTION shifted.now() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT pg_catalog.now() + make_interval(secs => seconds) FROM shifted.by';
"""


@asynccontextmanager
async def shifted_pool(url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections for which the database's clock is set by the table `shifted.by`."""
    connection = await asyncpg.connect(url)
    await connection.execute(_SHIFTED)
    await connection.close()
    path = {"search_path": "shifted, pg_catalog, public"}
    async with asyncpg.create_pool(url, min_size=2, max_size=10, server_settings=path) as pool:
        yield pool


async def set_clock(pool: asyncpg.Pool, hours: float) -> None:
    await pool.execute("UPDATE shifted.by SET seconds = $1", hours * 3600.0)


async def killed(projector: Projector) -> None:
    """End it as a kill does: nothing is given back."""
    tasks = [task for task in (projector._watch, *projector._tasks.values()) if task is not None]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("hours", [-1, 1])
async def test_lease_of_a_dead_holder_reaches_no_further_than_its_length(
    database_url: str, hours: float
) -> None:
    history = RandomHistory(11)
    async with shifted_pool(database_url) as pool, EventStore(pool) as store:
        await append_all(store, history.take(50))
        first = Projector(pool, store, lease_seconds=1)
        await first.start()
        await first.wait_for(COUNTY, None, 50, 30)
        await killed(first)
        await set_clock(pool, hours)
        await append_all(store, history.take(30))
        held = await first.health()
        assert {one["behind"] for one in held} == {30}
        assert not any(one["leased"] or one["healthy"] for one in held)
        async with Projector(pool, store, lease_seconds=1) as second:
            await second.wait_for(COUNTY, None, 80, 20)
            assert all(one["healthy"] for one in await second.health())


async def test_ledger_that_stands_is_not_called_moving_after_the_clock_was_set_back(
    database_url: str,
) -> None:
    """Its checkpoint's time lies an hour ahead, so does its next event's; readiness has to say that it is behind."""
    history = RandomHistory(12)
    async with shifted_pool(database_url) as pool, EventStore(pool) as store:
        await append_all(store, history.take(50))
        projector = Projector(pool, store)
        await projector.start()
        await projector.wait_for(COUNTY, None, 50, 30)
        await killed(projector)
        await append_all(store, history.take(97))
        await set_clock(pool, -1)
        await pool.execute(
            "UPDATE projection_checkpoint SET lease_until = clock_timestamp() + interval '4 seconds'"
        )
        health = await projector.health()
        assert {(one["behind"], one["leased"], one["healthy"]) for one in health} == {(97, True, False)}


async def test_operation_of_a_dead_worker_is_taken_over_after_the_clock_was_set_back(
    database_url: str,
) -> None:
    async with shifted_pool(database_url) as pool:
        await submitted(Operations(pool))
        await pool.execute(
            "UPDATE operation SET state = 'RUNNING', attempts = 1, holder = 'dead', started_at = now(),"
            " lease_until = now() + interval '30 seconds'"
        )
        await set_clock(pool, -1)
        async with Operations(pool, {"count": counting}) as heir:
            done = await heir.wait(COUNTY, "OP-1", 15)
        assert (done.state, done.attempts) == ("SUCCEEDED", 2)


def test_every_lease_in_the_code_is_bounded_by_its_length() -> None:
    """Wherever a lease that ran out is taken over, one that reaches too far is taken over too.

    Never by the moment at which a transaction began: a lease that was renewed since then would seem to reach too far.
    """
    found = 0
    for path in (ROOT / "service").rglob("*.py"):
        text = path.read_text("utf-8")
        ran_out, too_far = (
            len(re.findall(rf"lease_until {sign} (?:pg_catalog\.)?(?:clock_timestamp|now)", text))
            for sign in "<>"
        )
        found += ran_out
        assert too_far >= ran_out, path
        assert not re.search(r"lease_until [=<>] (pg_catalog\.)?now\(\)", text), path
    assert found >= 4


# ---- our own clock ---------------------------------------------------------------------------------------------------


@dataclass
class Clock:
    """A clock that is set, on a machine whose uptime goes on."""

    moment: datetime
    steady: float = 1000.0

    def now(self) -> datetime:
        return self.moment

    def uptime(self) -> float:
        return self.steady

    def go_on(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.steady += seconds

    def jump(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def test_watch_tells_a_jump_from_time_that_passes() -> None:
    clock = Clock(utc_now())
    watch = ClockWatch(clock.now, clock.uptime)
    clock.go_on(86_400 * 30)  # also asleep: the uptime counts that
    assert (watch.gained, watch.jumped, watch.now()) == (0, False, clock.moment)
    clock.jump(MOST_GAINED_SECONDS)
    assert (watch.jumped, watch.now()) == (False, clock.moment)
    clock.jump(1)
    assert watch.jumped
    assert watch.now() == clock.moment - timedelta(seconds=1)
    clock.jump(-7200)
    assert not watch.jumped


@asynccontextmanager
async def clocked(
    url: str, clock: Clock, keys: Path
) -> AsyncIterator[tuple[httpx.AsyncClient, asyncpg.Pool]]:
    """A service that lives by this clock, and a clerk who writes."""
    async with asyncpg.create_pool(url, min_size=2, max_size=10) as pool:
        watch = ClockWatch(clock.now, clock.uptime)
        app = create_app(ServiceParts(pool, {COUNTY: REGULATION}, clock=clock.now, watch=watch, keys=keys))
        async with app.router.lifespan_context(app):
            await found(app.state.context, COUNTY)
            organization, kind, roles, divisions = KEYS["clerk"]
            spec = KeySpec(COUNTY, "clerk", organization, kind, roles, divisions)
            token = (await Credentials(pool).create(spec, utc_now())).token
            transport = httpx.ASGITransport(app=app)
            headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://taizhang", headers=headers
            ) as http:
                yield http, pool


async def write(http: httpx.AsyncClient) -> httpx.Response:
    code = new_code()
    body = {"asset": code, "card": road(), "occurredOn": "2020-02-01"}
    return await http.post("/v1/assets", json=body, headers={"Idempotency-Key": code})


async def clock_said(http: httpx.AsyncClient) -> tuple[int, str, dict[str, Any]]:
    answer = await http.get("/health/ready")
    return answer.status_code, answer.json()["status"], answer.json()["checks"]["clock"]


async def settled(pool: asyncpg.Pool) -> None:
    """Wait until the ledgers are with the log."""
    behind = (
        "SELECT bool_or(c.position < h.position) IS NOT FALSE FROM log_head h LEFT JOIN projection_checkpoint c"
        " USING (county)"
    )
    for _ in range(400):
        if not await pool.fetchval(behind):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the ledgers are still behind")


async def test_moment_that_jumped_ahead_is_not_recorded(database_url: str, tmp_path: Path) -> None:
    clock = Clock(utc_now())
    async with clocked(database_url, clock, tmp_path) as (http, pool):
        assert (await write(http)).status_code == 201
        clock.jump(365 * 86_400)
        before = await pool.fetchrow("SELECT position, recorded_at FROM log_head")
        with capture_logs() as lines:
            refused = await write(http)
            await write(http)
        assert (refused.status_code, refused.json()["code"]) == (503, "CLOCK_JUMPED")
        assert "jumped far ahead" in refused.json()["detail"]
        assert [one["event"] for one in lines].count("clock_jumped") == 1
        assert await pool.fetchrow("SELECT position, recorded_at FROM log_head") == before
        status, word, said = await clock_said(http)
        assert (status, word, said["jumped"]) == (503, "unavailable", True)
        clock.jump(-365 * 86_400)
        clock.go_on(10)
        assert (await write(http)).status_code == 201
        recorded = await pool.fetchval("SELECT recorded_at FROM log_head")
        assert abs((recorded - clock.moment).total_seconds()) < 1


async def test_clock_behind_the_log_is_told_loudly(database_url: str, tmp_path: Path) -> None:
    """What is recorded then gets the log's last moment: moments never decrease."""
    clock = Clock(utc_now() + timedelta(days=2))
    async with clocked(database_url, clock, tmp_path) as (http, pool):
        assert (await write(http)).status_code == 201
        await settled(pool)
        _, word, said = await clock_said(http)
        assert (word, abs(said["behindLogSeconds"][COUNTY] - 2 * 86_400) < 60) == ("degraded", True)
        last = await pool.fetchval("SELECT recorded_at FROM log_head")
        clock.jump(-4)
        with capture_logs() as lines:
            assert (await write(http)).status_code == 201
        assert "clock_behind_log" not in [one["event"] for one in lines]
        clock.jump(-2 * 86_400)
        with capture_logs() as lines:
            for _ in range(3):
                assert (await write(http)).status_code == 201
        told = [one for one in lines if one["event"] == "clock_behind_log"]
        assert [one["log_level"] for one in told] == ["error"]
        assert await pool.fetchval("SELECT recorded_at FROM log_head") == last
        database = Database(database_url, database_url, pool, "", "url", None)
        doctor = {one.check: one async for one in examine(database, tmp_path)}
        assert not doctor[f"clock {COUNTY}"].ok
        assert "ahead of our clock" in doctor[f"clock {COUNTY}"].found
