"""Long work outside a request: queued in a table, worked off by whoever runs, watched and cancelled by its id.

A kind of work is an async function of a `Job`. It is told again from the beginning after an interruption, so it has to
find out by itself what it did before: every append of a job carries an id made from the operation's. What was running
when a process died is taken up by the next that looks; after `ATTEMPTS` it is given up, visibly.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Self

import asyncpg
import orjson
import structlog
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from domain.refusals import Refusal, refuse
from domain.regulation.wording import SERVICE, Wording
from service import metrics
from service.commands.actor import Actor
from service.commands.problems import from_log_error
from service.database.trouble import LOST, OUTAGE, TROUBLE
from service.ledgers.projector import holder_name
from service.log.appending import LogError
from service.shares import Share, working

log = structlog.get_logger(__name__)

metadata: Final = MetaData()

_KEY: Final = Text(collation="C")

operation_table: Final = Table(
    "operation",
    metadata,
    Column("county", _KEY, nullable=False, comment="县级行政区划代码（6位）"),
    Column("operation", _KEY, nullable=False, comment="任务编号"),
    Column("kind", _KEY, nullable=False, comment="任务类型"),
    Column("state", _KEY, nullable=False, comment="QUEUED / RUNNING / SUCCEEDED / FAILED / CANCELLED"),
    Column("actor", JSONB, nullable=False, comment="提交者"),
    Column("request", JSONB, nullable=False, comment="任务参数"),
    Column("request_sha256", LargeBinary, nullable=False, comment="请求摘要，用于幂等"),
    Column("done", Integer, nullable=False, comment="已完成数"),
    Column("total", Integer, nullable=True, comment="总数"),
    Column("cancel_requested", Boolean, nullable=False, comment="是否要求取消"),
    Column("attempts", Integer, nullable=False, comment="第几次执行"),
    Column("holder", Text, nullable=True, comment="执行者"),
    Column("lease_until", DateTime(timezone=True), nullable=True, comment="租约到期时间"),
    Column("created_at", DateTime(timezone=True), nullable=False, comment="提交时间"),
    Column("started_at", DateTime(timezone=True), nullable=True, comment="开始时间"),
    Column("finished_at", DateTime(timezone=True), nullable=True, comment="结束时间"),
    Column("result", JSONB, nullable=True, comment="结果"),
    Column("problem", JSONB, nullable=True, comment="失败原因：代码、条款、说明"),
    PrimaryKeyConstraint("county", "operation", name="operation_pkey"),
    Index("operation_state_idx", "state", "created_at"),
    comment="耗时任务：进度、结果、取消；不属于事件日志",
)

operation_file: Final = Table(
    "operation_file",
    metadata,
    Column("county", _KEY, nullable=False, comment="县级行政区划代码（6位）"),
    Column("operation", _KEY, nullable=False, comment="任务编号"),
    Column("name", _KEY, nullable=False, comment="文件名"),
    Column("media_type", Text, nullable=False, comment="媒体类型"),
    Column("content", LargeBinary, nullable=False, comment="内容"),
    PrimaryKeyConstraint("county", "operation", "name", name="operation_file_pkey"),
    ForeignKeyConstraint(
        ["county", "operation"],
        ["operation.county", "operation.operation"],
        name="operation_file_operation_fkey",
    ),
    comment="任务的输入与输出文件；输入在任务结束后删除",
)

LEASE_SECONDS: Final = 30.0
"""How long a silent worker keeps its operation."""
LOOK_SECONDS: Final = 5.0
"""How often abandoned operations are looked for."""
SIDE_BY_SIDE: Final = 2
"""Operations one process works on at a time."""
ATTEMPTS: Final = 3
"""How often an operation is begun before it is given up."""
AGAIN_SECONDS: Final = 5
"""When somebody whose operation is still under way is told to ask for the next."""
INPUT: Final = "input"
"""Name of the file an operation works on."""

State = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]
ENDED: Final = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class Operation:
    """A piece of long work as it stands."""

    operation: str
    kind: str
    state: State
    organization: str
    ordered_by: str
    """The credential or person that ordered it."""
    done: int
    total: int | None
    attempts: int
    request: dict[str, Any]
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any] | None
    problem: dict[str, Any] | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of an operation."""

    name: str
    media_type: str
    content: bytes


class OperationCancelled(Exception):  # noqa: N818  asked for, not a mistake
    """Somebody asked to stop; raised inside the work at its next `progress`."""


@dataclass(slots=True)
class Job:
    """One operation at work."""

    county: str
    operation: str
    actor: Actor
    request: dict[str, Any]
    pool: asyncpg.Pool
    holder: str
    lease_seconds: float = LEASE_SECONDS
    resumed: bool = False
    """Whether it was begun before and interrupted: it may have stored what it had to."""

    async def file(self, name: str = INPUT) -> bytes:
        """A file of the operation; LookupError."""
        content = await self.pool.fetchval(
            "SELECT content FROM operation_file WHERE county = $1 AND operation = $2 AND name = $3",
            self.county,
            self.operation,
            name,
        )
        if content is None:
            raise LookupError(f"operation {self.operation} has no file {name}")
        return bytes(content)

    async def keep(self, name: str, media_type: str, content: bytes) -> None:
        """Store a file with the operation, in place of an earlier one of that name."""
        await _put_file(self.pool, self.county, self.operation, StoredFile(name, media_type, content))

    async def progress(self, done: int, total: int | None) -> None:
        """Tell how far the work is and keep the lease. `OperationCancelled` when it is to stop, or is another's now."""
        cancelled = await self.pool.fetchval(
            "UPDATE operation SET done = $4, total = $5, lease_until = clock_timestamp() + $6"
            " WHERE county = $1 AND operation = $2 AND holder = $3 AND state = 'RUNNING' RETURNING cancel_requested",
            self.county,
            self.operation,
            self.holder,
            done,
            total,
            timedelta(seconds=self.lease_seconds),
        )
        if cancelled is not False:
            raise OperationCancelled


Work = Callable[[Job], Awaitable[dict[str, Any]]]
"""A kind of long work; gives the operation's result, a JSON object. Refusals end it as FAILED with their words."""


@dataclass
class Operations:
    """The queue and its workers. Use as `async with Operations(pool, kinds):`; without kinds it only answers."""

    pool: asyncpg.Pool
    kinds: Mapping[str, Work] = field(default_factory=dict)
    holder: str = field(default_factory=holder_name)
    lease_seconds: float = LEASE_SECONDS
    side_by_side: int = SIDE_BY_SIDE
    wording: Callable[[str], Wording] = lambda _: SERVICE
    """How a county says why an operation failed."""
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _workers: list[asyncio.Task[None]] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __aenter__(self) -> Self:
        """Start working."""
        with working(Share.WORK):
            self._workers = [
                asyncio.create_task(self._work(), name=f"operations {n}") for n in range(self.side_by_side)
            ]
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop; what is under way is queued again, for whoever starts next."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def submit(
        self,
        actor: Actor,
        kind: str,
        operation: str,
        request: Mapping[str, Any],
        *,
        digest: bytes,
        content: StoredFile | None = None,
        one_at_a_time: bool = False,
    ) -> Operation:
        """Queue an operation. The same id again gives the one that is there; IDEMPOTENCY_KEY_REUSED if it is another
        request's. `one_at_a_time`: TOO_MANY_REQUESTS while another of the kind is not done for the same key.
        """
        async with self.pool.acquire() as connection, connection.transaction():
            if one_at_a_time:
                await _require_none_under_way(connection, actor, kind, operation)
            made = await connection.fetchval(
                "INSERT INTO operation (county, operation, kind, state, actor, request, request_sha256, done,"
                " cancel_requested, attempts, created_at)"
                " VALUES ($1, $2, $3, 'QUEUED', $4::jsonb, $5::jsonb, $6, 0, false, 0, now())"
                " ON CONFLICT (county, operation) DO NOTHING RETURNING true",
                actor.county,
                operation,
                kind,
                _dump(_actor_as_json(actor)),
                _dump(request),
                digest,
            )
            if made and content is not None:
                await _put_file(connection, actor.county, operation, content)
        if not made:
            known = await self.pool.fetchval(
                "SELECT request_sha256 FROM operation WHERE county = $1 AND operation = $2",
                actor.county,
                operation,
            )
            if known != digest:
                raise refuse("IDEMPOTENCY_KEY_REUSED")
        self._wake.set()
        return await self.get(actor.county, operation)

    async def get(self, county: str, operation: str) -> Operation:
        """An operation as it stands; NOT_FOUND."""
        row = await self.pool.fetchrow(
            "SELECT o.*, ARRAY(SELECT name FROM operation_file f WHERE f.county = o.county"
            " AND f.operation = o.operation AND f.name <> $3 ORDER BY name) AS files"
            " FROM operation o WHERE county = $1 AND operation = $2",
            county,
            operation,
            INPUT,
        )
        if row is None:
            raise refuse("NOT_FOUND", what=operation)
        return _operation(row)

    async def wait(self, county: str, operation: str, seconds: float) -> Operation:
        """The operation when it has ended, or as it stands after `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            found = await self.get(county, operation)
            left = deadline - asyncio.get_running_loop().time()
            if found.state in ENDED or left <= 0:
                return found
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, 0.5)), self._changed:
                    await self._changed.wait()  # another process's end is found by looking again

    async def file(self, county: str, operation: str, name: str) -> StoredFile:
        """A file that an operation made; NOT_FOUND."""
        row = await self.pool.fetchrow(
            "SELECT name, media_type, content FROM operation_file"
            " WHERE county = $1 AND operation = $2 AND name = $3 AND name <> $4",
            county,
            operation,
            name,
            INPUT,
        )
        if row is None:
            raise refuse("NOT_FOUND", what=f"{operation}/{name}")
        return StoredFile(row["name"], row["media_type"], bytes(row["content"]))

    async def file_size(self, county: str, operation: str, name: str) -> int:
        """How many bytes a file has that an operation made; NOT_FOUND."""
        size: int | None = await self.pool.fetchval(
            "SELECT length(content) FROM operation_file WHERE county = $1 AND operation = $2 AND name = $3",
            county,
            operation,
            name,
        )
        if size is None:
            raise refuse("NOT_FOUND", what=f"{operation}/{name}")
        return size

    async def file_part(self, county: str, operation: str, name: str, first: int, last: int) -> bytes:
        """The bytes of such a file from one place to another, both included, counted from 0."""
        part = await self.pool.fetchval(
            "SELECT substring(content FROM $4 FOR $5) FROM operation_file"
            " WHERE county = $1 AND operation = $2 AND name = $3",
            county,
            operation,
            name,
            first + 1,
            last - first + 1,
        )
        return bytes(part)

    async def file_of(self, county: str, kind: str, outcome: Mapping[str, str], name: str) -> bytes:
        """A file of the operation of this kind whose result says this; empty where there is none."""
        found = await self.pool.fetchval(
            "SELECT f.content FROM operation o JOIN operation_file f USING (county, operation)"
            " WHERE o.county = $1 AND o.kind = $2 AND o.result @> $3::jsonb AND f.name = $4"
            " ORDER BY o.created_at LIMIT 1",
            county,
            kind,
            _dump(outcome),
            name,
        )
        return b"" if found is None else bytes(found)

    async def cancel(self, county: str, operation: str) -> Operation:
        """Ask an operation to stop. One that waits is cancelled at once, one at work at its next step; NOT_FOUND."""
        await self.pool.execute(
            "UPDATE operation SET cancel_requested = true,"
            " state = CASE WHEN state = 'QUEUED' THEN 'CANCELLED' ELSE state END,"
            " finished_at = CASE WHEN state = 'QUEUED' THEN now() ELSE finished_at END"
            " WHERE county = $1 AND operation = $2 AND state IN ('QUEUED', 'RUNNING')",
            county,
            operation,
        )
        return await self.get(county, operation)

    # ---- working ------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            try:
                self._wake.clear()  # before looking: what is submitted from here on wakes
                job = await self._take()
                if job is None:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_SECONDS):
                            await self._wake.wait()
                    continue
                await self._run(*job)
            except TROUBLE as error:
                OUTAGE.met("operations", error)
                await asyncio.sleep(1)

    async def _take(self) -> tuple[str, Job] | None:
        """The oldest operation that waits, or whose worker fell silent."""
        async with self.pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "SELECT * FROM operation WHERE kind = ANY($1::text[]) AND (state = 'QUEUED'"
                " OR (state = 'RUNNING' AND (lease_until < clock_timestamp() OR lease_until > clock_timestamp() + $2)))"
                " ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED",
                list(self.kinds),
                timedelta(seconds=self.lease_seconds),
            )
            if row is None:
                return None
            holder = f"{self.holder}#{row['attempts'] + 1}"
            given_up = row["attempts"] >= ATTEMPTS
            await connection.execute(
                "UPDATE operation SET state = 'RUNNING', holder = $3, lease_until = clock_timestamp() + $4,"
                " attempts = attempts + 1, started_at = coalesce(started_at, now()), done = 0"
                " WHERE county = $1 AND operation = $2",
                row["county"],
                row["operation"],
                holder,
                timedelta(seconds=self.lease_seconds),
            )
        job = Job(
            row["county"],
            row["operation"],
            _actor_of(row["county"], orjson.loads(row["actor"])),
            orjson.loads(row["request"]),
            self.pool,
            holder,
            self.lease_seconds,
            resumed=row["started_at"] is not None,
        )
        if given_up:
            await self._failed(job, refuse("OPERATION_ABANDONED", operation=job.operation))
            return await self._take()
        return row["kind"], job

    async def _run(self, kind: str, job: Job) -> None:
        beat = asyncio.create_task(self._beat(job))
        try:
            result = await self.kinds[kind](job)
        except OperationCancelled:
            await self._failed(job, refuse("OPERATION_CANCELLED", operation=job.operation), "CANCELLED")
        except Refusal as refusal:
            await self._failed(job, refusal)
        except LogError as error:
            await self._failed(job, from_log_error(error))
        except asyncio.CancelledError:
            await asyncio.shield(self._requeue(job))
            raise
        except LOST:
            raise  # the database went away: the lease runs out and the work is begun anew
        except Exception:
            log.exception("operation_failed", operation=job.operation, kind=kind)
            await self._failed(job, refuse("INTERNAL", incident=job.operation))
        else:
            await self._end(job, "SUCCEEDED", result=result)
        finally:
            beat.cancel()

    async def _beat(self, job: Job) -> None:
        """Keep the lease while the work is busy elsewhere."""
        while True:
            await asyncio.sleep(self.lease_seconds / 3)
            with contextlib.suppress(*TROUBLE):
                await self.pool.execute(
                    "UPDATE operation SET lease_until = clock_timestamp() + $4"
                    " WHERE county = $1 AND operation = $2 AND holder = $3 AND state = 'RUNNING'",
                    job.county,
                    job.operation,
                    job.holder,
                    timedelta(seconds=self.lease_seconds),
                )

    async def _end(
        self,
        job: Job,
        state: State,
        *,
        result: Mapping[str, Any] | None = None,
        problem: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the end, unless the operation is another worker's by now; its input is not needed any more."""
        async with self.pool.acquire() as connection, connection.transaction():
            ended = await connection.fetchval(
                "UPDATE operation SET state = $4, result = $5::jsonb, problem = $6::jsonb, finished_at = now(),"
                " lease_until = NULL"
                " WHERE county = $1 AND operation = $2 AND holder = $3 AND state = 'RUNNING' RETURNING kind",
                job.county,
                job.operation,
                job.holder,
                state,
                _dump(result) if result is not None else None,
                _dump(problem) if problem is not None else None,
            )
            if ended:
                metrics.OPERATIONS.labels(ended, state).inc()
                await connection.execute(
                    "DELETE FROM operation_file WHERE county = $1 AND operation = $2 AND name = $3",
                    job.county,
                    job.operation,
                    INPUT,
                )
        async with self._changed:
            self._changed.notify_all()

    async def _failed(self, job: Job, refusal: Refusal, state: State = "FAILED") -> None:
        """End it with the refusal, in the words of its county."""
        await self._end(job, state, problem=_as_stored(self.wording(job.county).said(refusal)))

    async def _requeue(self, job: Job) -> None:
        await self.pool.execute(
            "UPDATE operation SET state = 'QUEUED', holder = NULL, lease_until = NULL, attempts = attempts - 1"
            " WHERE county = $1 AND operation = $2 AND holder = $3 AND state = 'RUNNING'",
            job.county,
            job.operation,
            job.holder,
        )


async def _require_none_under_way(connection: Any, actor: Actor, kind: str, operation: str) -> None:
    """TOO_MANY_REQUESTS when the key has another operation of this kind that has not ended."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{kind} {actor.id}")
    other = await connection.fetchval(
        "SELECT operation FROM operation WHERE county = $1 AND kind = $2 AND actor->>'id' = $3"
        " AND state IN ('QUEUED', 'RUNNING') AND operation <> $4 LIMIT 1",
        actor.county,
        kind,
        actor.id,
        operation,
    )
    if other is not None:
        raise refuse("TOO_MANY_REQUESTS", seconds=AGAIN_SECONDS)


def operation_id(scope: str, key: str, prefix: str) -> str:
    """The id of what a sender asks for by an idempotency key: the same key, the same operation."""
    digest = hashlib.sha256(f"{scope}\n{key}".encode()).hexdigest()
    return f"{prefix}-{digest[:16]}"


def _dump(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value)).decode()


def _as_stored(refusal: Refusal) -> dict[str, Any]:
    return {
        "code": refusal.code,
        "clause": refusal.clause,
        "article": None if refusal.article is None else refusal.article.id,
        "quote": refusal.quote,
        "detailZh": refusal.detail_zh,
        "detailEn": refusal.detail_en,
        "missing": list(refusal.missing),
        "params": refusal.params,
    }


def _actor_as_json(actor: Actor) -> dict[str, Any]:
    return {
        "id": actor.id,
        "kind": actor.kind,
        "organization": actor.organization,
        "organizationKind": actor.organization_kind,
        "roles": sorted(actor.roles),
        "divisions": list(actor.divisions),
    }


def _actor_of(county: str, stored: Mapping[str, Any]) -> Actor:
    return Actor(
        id=stored["id"],
        kind=stored["kind"],
        county=county,
        organization=stored["organization"],
        organization_kind=stored["organizationKind"],
        roles=frozenset(stored["roles"]),
        divisions=tuple(stored["divisions"]),
    )


async def _put_file(connection: Any, county: str, operation: str, stored: StoredFile) -> None:
    await connection.execute(
        "INSERT INTO operation_file (county, operation, name, media_type, content) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (county, operation, name) DO UPDATE"
        " SET media_type = excluded.media_type, content = excluded.content",
        county,
        operation,
        stored.name,
        stored.media_type,
        stored.content,
    )


def _operation(row: Any) -> Operation:
    return Operation(
        operation=row["operation"],
        kind=row["kind"],
        state=row["state"],
        organization=orjson.loads(row["actor"])["organization"],
        ordered_by=orjson.loads(row["actor"]).get("id", ""),
        done=row["done"],
        total=row["total"],
        attempts=row["attempts"],
        request=orjson.loads(row["request"]),
        cancel_requested=row["cancel_requested"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        result=None if row["result"] is None else orjson.loads(row["result"]),
        problem=None if row["problem"] is None else orjson.loads(row["problem"]),
        files=tuple(row["files"]),
    )
