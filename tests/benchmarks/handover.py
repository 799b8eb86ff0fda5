"""How long each step of a handover of 5,000 assets takes, from the notice to the completion on every asset at once.

    python -m tests.benchmarks --only handover

One service in this process, asked over HTTP without a socket; a village's manager has 5,000 assets in care and hands all
of them to one successor. The completion writes 5,001 events in one transaction. Clearance is asked over HTTP too, before
the case is opened: with everything in care, and of somebody with nothing.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from service.database import migrate
from service.memory import settle_memory
from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.departure.departing import Departure
from tests.api.service import Service, running
from tests.projections.history import Log, append_all, card, confirmation, custody

DATABASE: Final = "bench_handover"
ASSETS: Final = int(os.environ.get("TAIZHANG_BENCH_HANDOVER_ASSETS", "5000"))
TARGET_SECONDS: Final = 2.0
CLEARANCE_MS: Final = 10.0
ASKED: Final = 100
_DAY: Final = date(2021, 7, 1)


async def run(url: str) -> list[dict[str, Any]]:
    """Measure on a server; a database of its own is made and dropped."""
    admin = await asyncpg.connect(url)
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {DATABASE}")
        ours = urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))
        await migrate.upgrade(ours)
        async with running(ours) as service:
            settle_memory()  # as `taizhang serve` does
            return await _handed_over(service)
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.close()


async def _handed_over(service: Service) -> list[dict[str, Any]]:
    people = [await service.person(unit) for unit in (VILLAGE, VILLAGE, TOWNSHIP, VILLAGE)]
    assets = [f"{VILLAGE}-{number:06d}" for number in range(ASSETS)]
    last = await append_all(service.app.state.context.store, _in_care(assets, people[0]))
    await service.read("/v1/ledgers/custody-ledger", min_position=last, limit=1)
    await service.pool.execute("VACUUM ANALYZE")
    rows = [
        await _asked(service, person, what)
        for person, what in ((people[3], "nobody's"), (people[0], f"all {ASSETS:,}"))
    ]
    it = Departure(service, assets, *people[:3])

    async def signed() -> None:
        await it.all_signatures()

    async def completed() -> None:
        done = await service.write(f"{it.path}/completion", {})
        assert done["resource"]["state"] == "COMPLETED", done

    steps: list[tuple[str, Callable[[], Awaitable[Any]], float | None]] = [
        ("notice and list", it.open, None),
        ("reconciliation", it.reconcile, None),
        ("acceptance of all lines", it.accept, None),
        ("seal of the list", it.seal, None),
        ("three signatures", signed, None),
        ("completion, atomic", completed, TARGET_SECONDS),
    ]
    for name, step, target in steps:
        started = time.perf_counter()
        await step()
        rows.append(
            _row(f"handover of {ASSETS:,} assets: {name}", time.perf_counter() - started, "s", target)
        )
    assert (await it.clearance())["clear"] is True
    return rows


def _in_care(assets: list[str], person: str) -> list[Any]:
    log = Log()
    for asset in assets:
        stream = f"asset-{asset}"
        log.add(stream, "asset.registered", {"card": card(100_000_00, VILLAGE, "村道"), "scope": "IN"}, _DAY)
        log.add(stream, "asset.ownership_confirmed", confirmation({VILLAGE: 100_000_00}), _DAY)
        log.add(stream, "asset.custody_assigned", custody(VILLAGE, {person: "MANAGER"}), _DAY)
    return log.events


async def _asked(service: Service, person: str, what: str) -> dict[str, Any]:
    runs = []
    for _ in range(ASKED):
        started = time.perf_counter()
        await service.read(f"/v1/clearances/{person}", "personnel")
        runs.append((time.perf_counter() - started) * 1000)
    p99 = statistics.quantiles(runs, n=100)[98]
    row = _row(f"clearance over HTTP, {what} in care, 99th percentile", round(p99, 2), "ms", CLEARANCE_MS)
    return row | {"runs": [round(one, 2) for one in runs]}


def _row(name: str, value: float, unit: str, target: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "compared_with": None if target is None else f"target {target:g} {unit}",
        "ratio": None if target is None else target / value,
        "runs": [value],
    }
