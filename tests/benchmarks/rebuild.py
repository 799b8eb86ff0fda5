"""How fast ledgers are rebuilt from a million events, and how soon a commit shows in them live.

    python -m tests.benchmarks --only rebuild

The log is filled by COPY from a random history (tests.projections.history: about 16 events per asset, all types). A
rebuild is measured as an operator runs it: read, decode, fold, write, keys, digests of new and live rows compared,
indexes, swap; all ledgers. `replay` is the part that grows with the log and ends with every row safe in its table.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from domain.recorded import RecordedEvent
from projections.catalogue import CATALOGUE
from service.database import migrate
from service.ledgers.projector import Projector
from service.ledgers.rebuild.plan import RebuildOutcome, RebuildProgress
from service.ledgers.rebuild.workers import rebuild
from service.log.event_store import EventStore
from tests.benchmarks.cpu import ProcessorTime, postmaster_of
from tests.projections.history import COUNTY, RandomHistory, append_all, fill_log

EVENTS: Final = int(os.environ.get("TAIZHANG_BENCH_EVENTS", "1000000"))
RUNS: Final = 3
TARGET: Final = 200_000
DATABASE: Final = "bench_rebuild"
ALONE: Final = "custody_ledger"
ALIVE: Final = 12_000
"""Assets alive at a time: touched in no order, so that a row's next event finds thousands of others in between."""


async def run(url: str) -> list[dict[str, Any]]:
    """Measure on a server; a database of its own is made and dropped."""
    admin = await asyncpg.connect(url)
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {DATABASE}")
        ours = urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))
        await migrate.upgrade(ours)
        try:
            return [*await _rebuilds(ours), *await _live(ours)]
        finally:
            await admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    finally:
        await admin.close()


async def _fill(url: str) -> None:
    connection = await asyncpg.connect(url)
    history = iter(RandomHistory(1, alive=ALIVE, departures=0.0001, disposed=0.05, reassigned=0.05))
    left = EVENTS
    while left:
        part: list[RecordedEvent] = [next(history) for _ in range(min(left, 50_000))]
        await fill_log(connection, part)
        left -= len(part)
    await connection.execute("VACUUM ANALYZE event")
    await connection.close()


async def _rebuilds(url: str) -> list[dict[str, Any]]:
    await _fill(url)
    every = list(CATALOGUE.values())
    results: list[dict[str, Any]] = []
    postmaster = await postmaster_of(url)
    for processes in (2, 1):
        totals, replays, memory, client, server = [], [], [], [], []
        outcomes: list[RebuildOutcome] = []
        for _ in range(RUNS if processes > 1 else 1):
            watch = _Memory()
            used = ProcessorTime(postmaster)
            started = time.perf_counter()
            outcomes = await rebuild(url, every, processes=processes, progress=watch)
            totals.append(EVENTS / (time.perf_counter() - started))
            replays.append(EVENTS / max(one.replay_seconds for one in outcomes))
            memory.append(watch.peak)
            await asyncio.sleep(1)  # the server's processes end a moment after their connections
            client.append(used.client / EVENTS * 1_000_000)
            server.append(used.server / EVENTS * 1_000_000)
        assert all(one.swapped and one.equal is not False for one in outcomes)
        what = f"rebuild of all {len(every)} ledgers, {EVENTS:,} events, {processes} process{'es' * (processes > 1)}"
        results += [
            _row(f"{what}: replay", replays, "events/s", TARGET),
            _row(f"{what}: with comparison, indexes and swap", totals, "events/s", TARGET),
            _row(f"{what}: processor time of the processes", client, "µs/event", None),
            _row(f"{what}: processor time of the server", server, "µs/event", None),
        ]
        if processes > 1:
            results.append(_row(f"{what}: memory of all processes", memory, "MB", None))
    return [*results, *await _alone(url, postmaster)]


async def _alone(url: str, postmaster: int) -> list[dict[str, Any]]:
    """One ledger that reads a tenth of the events."""
    used = ProcessorTime(postmaster)
    await rebuild(url, [CATALOGUE[ALONE]], processes=1)
    await asyncio.sleep(1)
    what = f"rebuild of {ALONE} alone, {EVENTS:,} events: processor time of"
    return [
        _row(f"{what} the process", [used.client / EVENTS * 1_000_000], "µs/event", None),
        _row(f"{what} the server", [used.server / EVENTS * 1_000_000], "µs/event", None),
    ]


class _Memory:
    """Looks at the peak memory of the processes that rebuild, whenever they report."""

    def __init__(self) -> None:
        self.peak = 0.0

    def __call__(self, _: RebuildProgress) -> None:
        own = os.getpid()
        total = 0.0
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                lines = (line.split(":", 1) for line in status.read_text().splitlines())
                fields = {name: value.strip() for name, value in lines}
            except OSError:  # it has just ended
                continue
            ours = own in (int(fields["PPid"]), int(fields["Pid"]))
            if ours and fields["Name"].startswith("python"):
                total += int(fields.get("VmHWM", "0 kB").split()[0]) / 1024
        self.peak = max(self.peak, total)


async def _live(url: str) -> list[dict[str, Any]]:
    """From the acknowledgement of a command to its being visible in every ledger, one command at a time; and catching
    up with a backlog.
    """
    connection = await asyncpg.connect(url)
    await connection.execute(
        "ALTER TABLE event DISABLE TRIGGER USER; ALTER TABLE log_head DISABLE TRIGGER USER;"
        " TRUNCATE event; DELETE FROM log_head; TRUNCATE projection_checkpoint;"
        " ALTER TABLE event ENABLE TRIGGER USER; ALTER TABLE log_head ENABLE TRIGGER USER"
    )
    for projection in CATALOGUE.values():
        for ledger in projection.tables:
            await connection.execute(f"TRUNCATE {ledger.name}")
    await connection.close()
    events = RandomHistory(2).take(12_000)
    waits = []
    async with asyncpg.create_pool(url, min_size=2, max_size=8) as pool, EventStore(pool) as store:
        await append_all(store, events[:10_000])
        async with Projector(pool, store) as projector:
            started = time.perf_counter()
            await projector.wait_for(COUNTY, None, 10_000, 60)
            backlog = 10_000 / (time.perf_counter() - started)
            for event in events[10_000:11_000]:
                position = await append_all(store, [event])
                acknowledged = time.perf_counter()
                await projector.wait_for(COUNTY, None, position, 10)
                waits.append((time.perf_counter() - acknowledged) * 1000)
                await asyncio.sleep(0)
    waits.sort()
    return [
        _row(
            "live: from acknowledgement to visible in all ledgers, median",
            [statistics.median(waits)],
            "ms",
            100.0,
        ),
        _row("live: the same, 99th percentile", [waits[int(len(waits) * 0.99)]], "ms", 100.0),
        _row("live runner catching up with a backlog of 10,000 events", [backlog], "events/s", None),
    ]


def _row(name: str, runs: list[float], unit: str, target: float | None) -> dict[str, Any]:
    value = statistics.median(runs)
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "compared_with": None if target is None else f"target {target:,.0f}",
        "ratio": None if target is None else value / target,
        "runs": runs,
    }
