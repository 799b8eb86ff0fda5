"""What sealing costs: a command with and without a personal value, a card and a page behind masks, a forgetting.

    python -m tests.benchmarks --only sealing

Contestants take turns, over HTTP within one process; the same command without the value is the figure from before.
"""

from __future__ import annotations

import statistics
import uuid
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from service.clock import utc_now
from service.database import migrate
from service.personal.forgetting import Forgetter
from service.personal.keys import PersonKeys
from tests.api.household.test_household_life import cow
from tests.api.service import COUNTY, Service, running

DATABASE = "bench_sealing"
COMMANDS = 200
KEYS = 10_000
PAGE = 100


async def run(url: str) -> list[dict[str, Any]]:
    """Measure on a server; a database of its own is made and dropped."""
    admin = await asyncpg.connect(url)
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {DATABASE}")
        ours = urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))
        await migrate.upgrade(ours)
        try:
            async with running(ours) as service:
                return [*await _commands(service), *await _answers(service), *await _forgetting(service)]
        finally:
            await admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    finally:
        await admin.close()


async def _timed(service: Service, household: str, **sealed: str) -> tuple[str, float]:
    asset = f"H-{uuid.uuid4().hex[:16]}"
    body = {"asset": asset, "card": cow(household, **sealed)}
    began = perf_counter()
    await service.write("/v1/household-assets", body)
    return asset, (perf_counter() - began) * 1000


def _row(name: str, ours: list[float], beside: list[float] | None, compared_with: str) -> dict[str, Any]:
    value = statistics.median(ours)
    ratio = None if beside is None else value / statistics.median(beside)
    return {"name": name, "value": value, "unit": "ms", "ratio": ratio, "compared_with": compared_with}


async def _commands(service: Service) -> list[dict[str, Any]]:
    plain, known, new = [], [], []
    await _timed(service, "KNOWN", householder="艾力")
    for number in range(COMMANDS):
        plain.append((await _timed(service, f"P{number}"))[1])
        known.append((await _timed(service, "KNOWN", householder=f"艾力{number}"))[1])
        new.append((await _timed(service, f"N{number}", householder=f"热依拉{number}"))[1])
    return [
        _row("household asset registered without a sealed value", plain, None, ""),
        _row("the same with a householder of a known household", known, plain, "without a sealed value"),
        _row("the same with a householder of a new household", new, plain, "without a sealed value"),
    ]


async def _answers(service: Service) -> list[dict[str, Any]]:
    bare, _ = await _timed(service, "BARE")
    masked, _ = await _timed(service, "MASKED", householder="买买提")
    card: dict[str, list[float]] = {bare: [], masked: []}
    for _ in range(COMMANDS):
        for asset, times in card.items():
            began = perf_counter()
            await service.read(f"/v1/household-assets/{asset}", "clerk")
            times.append((perf_counter() - began) * 1000)
    rows = await service.pool.fetch(
        "SELECT asset FROM household_register WHERE householder IS NULL LIMIT $1", PAGE
    )
    others = await service.pool.fetch(
        "SELECT asset FROM household_register WHERE householder IS NOT NULL AND household LIKE 'N%' LIMIT $1",
        PAGE,
    )
    pages: list[tuple[list[str], list[float]]] = [
        ([one["asset"] for one in found], []) for found in (rows, others)
    ]
    for _ in range(COMMANDS // 4):
        for assets, times in pages:
            began = perf_counter()
            await service.read("/v1/ledgers/household-register", "clerk", asset=assets, limit=PAGE)
            times.append((perf_counter() - began) * 1000)
    return [
        _row("card of a household asset, masked", card[masked], card[bare], "without a sealed value"),
        _row(f"page of {PAGE} rows, masked", pages[1][1], pages[0][1], "without sealed values"),
    ]


async def _forgetting(service: Service) -> list[dict[str, Any]]:
    keys: PersonKeys = service.app.state.sealer.keys
    fresh = [keys.fresh(f"household.F{number}") for number in range(KEYS)]
    await keys.keep(COUNTY, fresh, [], [], utc_now())
    times = []
    for number in range(3):
        began = perf_counter()
        await Forgetter(keys).forget(COUNTY, f"household.F{number}")
        times.append((perf_counter() - began) * 1000)
    return [_row(f"forgetting one of {KEYS:,} persons", times, None, "")]
