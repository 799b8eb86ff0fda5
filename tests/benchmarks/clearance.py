"""How long the question takes whether somebody may leave, asked of the ledgers of a large county.

    python -m tests.benchmarks --only clearance

One county of 50,000 assets, each registered, confirmed and in custody: one person has none of them in care, one has
312, one has all. Measured is the question behind `GET /v1/clearances/{person}`, without HTTP.
"""

from __future__ import annotations

import os
import time
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from projections.departure.clearance import COUNTED, hindrances
from service.database import migrate
from service.ledgers.projector import Projector
from service.log.event_store import EventStore
from tests.examples import calendar
from tests.projections.history import COUNTY, VILLAGES, Log, append_all, card, confirmation, custody

DATABASE: Final = "bench_clearance"
ASSETS: Final = int(os.environ.get("TAIZHANG_BENCH_CLEARANCE_ASSETS", "50000"))
FEW: Final = 312
TARGET_MS: Final = 10.0
ASKED: Final = 200


async def run(url: str) -> list[dict[str, Any]]:
    """Measure on a server; a database of its own is made and dropped."""
    admin = await asyncpg.connect(url)
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {DATABASE}")
        ours = urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))
        await migrate.upgrade(ours)
        async with asyncpg.create_pool(ours, min_size=2, max_size=8) as pool, EventStore(pool) as store:
            last = await append_all(store, _county().events)
            async with Projector(pool, store) as projector:
                await projector.wait_for(COUNTY, None, last, 600)
            await pool.execute("VACUUM ANALYZE")
            async with pool.acquire() as connection:
                return [
                    await _asked(connection, person, count, ASKED if count < ASSETS else 20)
                    for person, count in (("P-NONE", 0), ("P-312", FEW), ("P-ALL", ASSETS))
                ]
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.close()


def _county() -> Log:
    log = Log()
    village = VILLAGES[0]
    for number in range(ASSETS):
        stream = f"asset-{village}-{number:06d}"
        persons = {"P-ALL": "RESPONSIBLE"} | ({"P-312": "MANAGER"} if number < FEW else {})
        log.add(stream, "asset.registered", {"card": card(), "scope": "IN"})
        log.add(stream, "asset.ownership_confirmed", confirmation({village: 100_000_00}))
        log.add(stream, "asset.custody_assigned", custody(village, persons))
    return log


async def _asked(connection: Any, person: str, count: int, times: int) -> dict[str, Any]:
    runs = []
    for _ in range(times):
        started = time.perf_counter()
        found = await hindrances(connection, COUNTY, calendar(), person, date(2023, 1, 1), date(2021, 6, 17))
        runs.append((time.perf_counter() - started) * 1000)
    assert found["assets_in_care"] == min(count, COUNTED), found["counts"]
    p99 = sorted(runs)[max(0, -(-len(runs) * 99 // 100) - 1)]
    return {
        "name": f"clearance of who has {count:,} of {ASSETS:,} assets in care, 99th percentile",
        "value": round(p99, 2),
        "unit": "ms",
        "compared_with": f"target {TARGET_MS:g} ms",
        "ratio": round(TARGET_MS / p99, 2),
        "runs": [round(one, 2) for one in runs],
    }
