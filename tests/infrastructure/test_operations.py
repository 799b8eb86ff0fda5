"""Long work: done once, watched, cancelled, taken up again when its worker died, given up visibly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, cast

import asyncpg
import pytest

from domain.refusals import Refusal, refuse
from service.commands.actor import Actor
from service.commands.operations import (
    ATTEMPTS,
    Job,
    Operation,
    OperationCancelled,
    Operations,
    StoredFile,
    operation_id,
)
from tests.domain.saying import refused

COUNTY = "653022"
CLERK = Actor("k_1", "api_key", COUNTY, "653022202000", "TOWNSHIP", frozenset({"REGISTRAR"}), ("653022202",))
DIGEST = sha256(b"request").digest()


async def submitted(operations: Operations, code: str = "OP-1", content: bytes = b"input") -> Operation:
    """An operation in the queue."""
    stored = StoredFile("input", "text/plain", content)
    return await operations.submit(CLERK, "count", code, {"to": 3}, digest=DIGEST, content=stored)


async def counting(job: Job) -> dict[str, Any]:
    """Counts to what was asked."""
    for done in range(1, job.request["to"] + 1):
        await job.progress(done, job.request["to"])
    await job.keep("made.txt", "text/plain", await job.file())
    return {"counted": job.request["to"], "by": job.actor.id, "resumed": job.resumed}


async def test_an_operation_is_worked_off_and_keeps_its_result(pool: asyncpg.Pool) -> None:
    async with Operations(pool, {"count": counting}) as operations:
        await submitted(operations)
        done = await operations.wait(COUNTY, "OP-1", 10)
        assert (done.state, done.done, done.total) == ("SUCCEEDED", 3, 3)
        assert done.result == {"counted": 3, "by": "k_1", "resumed": False}
        assert done.files == ("made.txt",)
        assert (await operations.file(COUNTY, "OP-1", "made.txt")).content == b"input"
        assert await pool.fetchval("SELECT count(*) FROM operation_file WHERE name = 'input'") == 0
        with pytest.raises(Refusal, match="NOT_FOUND"):
            await operations.file(COUNTY, "OP-1", "input")


async def test_the_same_request_is_one_operation(pool: asyncpg.Pool) -> None:
    operations = Operations(pool)
    await submitted(operations)
    assert (await submitted(operations)).operation == "OP-1"
    assert await pool.fetchval("SELECT count(*) FROM operation") == 1
    with pytest.raises(Refusal, match="IDEMPOTENCY_KEY_REUSED"):
        await operations.submit(CLERK, "count", "OP-1", {}, digest=sha256(b"other").digest())
    assert operation_id("k_1", "a", "B") == operation_id("k_1", "a", "B") != operation_id("k_2", "a", "B")


async def test_what_refuses_or_breaks_ends_with_its_words(pool: asyncpg.Pool) -> None:
    async def refusing(_: Job) -> dict[str, Any]:
        raise refuse("BATCH_ALREADY_IMPORTED", batch="B-1")

    async def breaking(_: Job) -> dict[str, Any]:
        raise ZeroDivisionError

    async with Operations(pool, {"count": refusing, "break": breaking}) as operations:
        await submitted(operations)
        told = (await operations.wait(COUNTY, "OP-1", 10)).problem
        assert told is not None
        assert (told["code"], told["clause"]) == ("BATCH_ALREADY_IMPORTED", "C4.4-00")
        await operations.submit(CLERK, "break", "OP-2", {}, digest=DIGEST)
        broken = await operations.wait(COUNTY, "OP-2", 10)
        assert broken.state == "FAILED"
        assert broken.problem is not None
        assert broken.problem["code"] == "INTERNAL"


async def test_an_operation_is_cancelled_before_and_while_it_runs(pool: asyncpg.Pool) -> None:
    waiting = Operations(pool)
    await submitted(waiting)
    assert (await waiting.cancel(COUNTY, "OP-1")).state == "CANCELLED"
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def patient(job: Job) -> dict[str, Any]:
        await job.progress(1, 2)
        begun.set()
        await go_on.wait()
        await job.progress(2, 2)
        return {}

    async with Operations(pool, {"count": patient}) as operations:
        await submitted(operations, "OP-2")
        async with asyncio.timeout(10):
            await begun.wait()
        assert (await operations.cancel(COUNTY, "OP-2")).cancel_requested
        go_on.set()
        ended = await operations.wait(COUNTY, "OP-2", 10)
        assert (ended.state, ended.result) == ("CANCELLED", None)
        with refused("NOT_FOUND"):
            await operations.cancel(COUNTY, "OP-3")


async def test_what_is_under_way_at_a_stop_is_taken_up_by_the_next(pool: asyncpg.Pool) -> None:
    begun = asyncio.Event()

    async def endless(job: Job) -> dict[str, Any]:
        await job.progress(1, None)
        begun.set()
        await asyncio.Event().wait()
        return {}

    async with Operations(pool, {"count": endless}) as operations:
        await submitted(operations)
        async with asyncio.timeout(10):
            await begun.wait()
    assert (await operations.get(COUNTY, "OP-1")).state == "QUEUED"
    async with Operations(pool, {"count": counting}) as operations:
        done = await operations.wait(COUNTY, "OP-1", 10)
        assert done.result == {"counted": 3, "by": "k_1", "resumed": True}


async def test_a_silent_worker_loses_its_operation_and_cannot_end_it(pool: asyncpg.Pool) -> None:
    stuck, free, noticed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def silent(job: Job) -> dict[str, Any]:
        stuck.set()
        await free.wait()
        try:
            await job.progress(1, 1)
        except OperationCancelled:
            noticed.set()
            raise
        return {"by": "the dead"}

    # Alone and with a long lease: neither a colleague of its own process nor its own heartbeat may come before the heir.
    async with Operations(pool, {"count": silent}, lease_seconds=3600, side_by_side=1) as dead:
        await submitted(dead)
        async with asyncio.timeout(10):
            await stuck.wait()
        await pool.execute("UPDATE operation SET lease_until = now() - interval '1 second'")
        async with Operations(pool, {"count": counting}) as heir:
            done = await heir.wait(COUNTY, "OP-1", 10)
            assert (done.state, done.attempts) == ("SUCCEEDED", 2)
            free.set()
            async with asyncio.timeout(10):
                await noticed.wait()
        assert (await heir.get(COUNTY, "OP-1")).result == done.result


class LateConnection:
    """A connection whose transaction began a while before its first statement."""

    def __init__(self, connection: Any, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._connection, self._meanwhile = connection, meanwhile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetchrow(self, *arguments: Any) -> Any:
        await self._connection.fetchval("SELECT now()")
        await self._meanwhile()
        return await self._connection.fetchrow(*arguments)


class LatePool:
    """A pool of such connections."""

    def __init__(self, pool: asyncpg.Pool, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._pool, self._meanwhile = pool, meanwhile

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[LateConnection]:
        async with self._pool.acquire() as connection:
            yield LateConnection(connection, self._meanwhile)


async def test_lease_that_was_renewed_since_a_taker_began_is_not_taken_over(pool: asyncpg.Pool) -> None:
    await submitted(Operations(pool))

    async def renew() -> None:
        await asyncio.sleep(0.05)
        await pool.execute(
            "UPDATE operation SET state = 'RUNNING', holder = 'somebody', attempts = 1,"
            " lease_until = clock_timestamp() + interval '20 seconds'"
        )

    late = Operations(cast("asyncpg.Pool", LatePool(pool, renew)), {"count": counting}, lease_seconds=20)
    assert await late._take() is None


async def test_what_is_interrupted_too_often_is_given_up_visibly(pool: asyncpg.Pool) -> None:
    await submitted(Operations(pool))
    await pool.execute(
        "UPDATE operation SET state = 'RUNNING', attempts = $1, lease_until = now() - interval '1 second'",
        ATTEMPTS,
    )
    async with Operations(pool, {"count": counting}) as operations:
        ended = await operations.wait(COUNTY, "OP-1", 10)
        assert ended.problem is not None
        assert (ended.state, ended.problem["code"]) == ("FAILED", "OPERATION_ABANDONED")
