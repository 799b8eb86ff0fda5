"""What a ledger of a past moment costs beside the current one: the register of a large county.

    python -m tests.benchmarks --only moments

One county of 50,000 assets, each registered, confirmed and in custody. Asked is what `GET /v1/ledgers/asset-register`
asks: a page and the sums over everything, of the county and of one township, without HTTP. The first question about a
moment folds the log, in a process beside the service's own, of which the processor time is told too; the next ones find it
kept, and that is what is compared.
"""

from __future__ import annotations

import os
import statistics
import time
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from domain.regulation import Regulation
from service.clock import utc_now
from service.commands.commands import CommandContext
from service.commands.county_source import CountySource
from service.database import migrate
from service.ledgers.catalogue import LEDGERS
from service.ledgers.filters import LedgerQuery
from service.ledgers.moments import Moments
from service.ledgers.projector import Projector
from service.ledgers.queries import read_page
from service.log.event_store import EventStore
from tests.projections.history import COUNTY, VILLAGES, Log, append_all, card, confirmation, custody
from tests.shares import bulkheads

DATABASE: Final = "bench_moments"
ASSETS: Final = int(os.environ.get("TAIZHANG_BENCH_MOMENTS_ASSETS", "50000"))
ASKED: Final = 15
_QUERY: Final = LEDGERS["asset-register"].query
PAST: Final = date(2030, 1, 1)
"""A business day after all of them: the moment has as many rows as the current ledger."""


async def run(url: str) -> list[dict[str, Any]]:
    """Measure on a server; a database of its own is made and dropped."""
    admin = await asyncpg.connect(url)
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {DATABASE}")
        ours = urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))
        await migrate.upgrade(ours)
        async with bulkheads(ours) as pool, EventStore(pool) as store:
            last = await append_all(store, _log().events)
            async with Projector(pool, store) as projector:
                await projector.wait_for(COUNTY, None, last, 600)
            await pool.execute("VACUUM ANALYZE")
            moments = Moments(pool, store)
            context = CommandContext(store, {COUNTY: Regulation.load(county=COUNTY)}, utc_now)
            try:
                return await _compared(CountySource(COUNTY, pool, moments, context))
            finally:
                await moments.aclose()
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.close()


def _log() -> Log:
    log = Log()
    for number in range(ASSETS):
        village = VILLAGES[number % len(VILLAGES)]
        stream = f"asset-{village}-{number:06d}"
        log.add(stream, "asset.registered", {"card": card(), "scope": "IN"})
        log.add(stream, "asset.ownership_confirmed", confirmation({village: 100_000_00}))
        log.add(stream, "asset.custody_assigned", custody(village, {"P-1": "RESPONSIBLE"}))
    return log


async def _compared(county: CountySource) -> list[dict[str, Any]]:
    own = time.process_time()
    first = await _seconds(county, _QUERY.model_validate({"as_of": PAST.isoformat()}))
    own = time.process_time() - own
    rows = [
        {
            "name": f"first question about a moment, {ASSETS:,} assets, {3 * ASSETS:,} events",
            "value": round(first, 2),
            "unit": "s",
        },
        {
            "name": "processor time of it in the service's own process",
            "value": round(own * 1000),
            "unit": "ms",
        },
    ]
    assets = (f"{VILLAGES[0]}-000000",)
    for what, filters in (("one asset", {"asset": assets}), ("one owner", {"owner": (VILLAGES[0],)})):
        await county.moments.aclose()  # or all of it would be there
        given = {"as_of": PAST.isoformat()} | filters
        rows.append(
            {
                "name": f"first question about a moment of {what}",
                "value": round(await _seconds(county, _QUERY.model_validate(given)), 2),
                "unit": "s",
            }
        )
    await _seconds(county, _QUERY.model_validate({"as_of": PAST.isoformat()}))
    for what, filters in (("county", {}), ("one owner", {"owner": (VILLAGES[0],)})):
        current, past = [], []
        for _ in range(ASKED):  # in turns, so that both meet the same machine
            current.append(await _seconds(county, _QUERY.model_validate(filters)))
            past.append(await _seconds(county, _QUERY.model_validate(filters | {"as_of": PAST.isoformat()})))
        now, then = (statistics.median(one) * 1000 for one in (current, past))
        rows.append(
            {
                "name": f"register as of a day, page and sums, {what}, {ASSETS:,} assets",
                "value": round(then, 2),
                "unit": "ms",
                "compared_with": f"the current register: {now:.2f} ms",
                "ratio": round(then / now, 2),
            }
        )
    return rows


async def _seconds(county: CountySource, query: LedgerQuery) -> float:
    started = time.perf_counter()
    found = await read_page(county, query)
    assert found.page.rows
    assert found.totals is not None
    return time.perf_counter() - started
