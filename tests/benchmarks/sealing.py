"""What sealing costs: a command with and without a personal value, a card and a page behind masks, a forgetting, a rebuild,
and papers taken in.

    python -m tests.benchmarks --only sealing

Contestants take turns, over HTTP within one process; the same command without the value is the figure from before.
"""

from __future__ import annotations

import statistics
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from projections.household.register import PROJECTION as HOUSEHOLDS
from service.clock import utc_now
from service.database import migrate
from service.ledgers.rebuild.workers import rebuild
from service.personal.forgetting import Forgetter
from service.personal.keys import PersonKeys
from tests import papers
from tests.api.household.test_household_life import cow
from tests.api.service import COUNTY, Service, running
from tests.benchmarks.cpu import ProcessorTime, postmaster_of
from tests.projections.history import fill_log

DATABASE = "bench_sealing"
COMMANDS = 200
KEYS = 10_000
PAGE = 100
EVENTS = 20_000
PAPER = 8 << 20


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
                return [
                    *await _commands(service),
                    *await _answers(service),
                    *await _rebuilds(service, ours),
                    *await _papers(service, ours),
                    *await _forgetting(service),
                ]
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


def _row(
    name: str, ours: list[float], beside: list[float] | None, compared_with: str, unit: str = "ms"
) -> dict[str, Any]:
    value = statistics.median(ours)
    ratio = None if beside is None else value / statistics.median(beside)
    return {"name": name, "value": value, "unit": unit, "ratio": ratio, "compared_with": compared_with}


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
    await keys.keep(COUNTY, (), fresh, (), (), utc_now())
    times = []
    for number in range(3):
        began = perf_counter()
        await Forgetter(keys).forget(COUNTY, [fresh[number].name])
        times.append((perf_counter() - began) * 1000)
    return [_row(f"forgetting one of {KEYS:,} persons", times, None, "")]


async def _rebuilds(service: Service, url: str) -> list[dict[str, Any]]:
    """The register of household assets from as many events with a sealed householder and without one, in turns; processor time."""
    store = service.app.state.context.store
    kinds = {
        name: await service.pool.fetchval(
            f"SELECT asset FROM household_register WHERE householder IS {null} LIMIT 1"
        )
        for name, null in (("plain", "NULL"), ("sealed", "NOT NULL"))
    }
    used: dict[str, list[float]] = {name: [] for name in kinds}
    postmaster = await postmaster_of(url)
    for _ in range(3):
        for name, asset in kinds.items():
            (event, *_) = await store.read_stream(COUNTY, f"household_asset-{asset}")
            events = [
                replace(event, position=number, stream=f"household_asset-R{number:07}")
                for number in range(1, EVENTS + 1)
            ]
            async with _database_beside(url) as other:
                connection = await asyncpg.connect(other)
                await fill_log(connection, events)
                await connection.close()
                time = ProcessorTime(postmaster)
                await rebuild(other, [HOUSEHOLDS], processes=1)
                used[name].append((time.client + time.server) / EVENTS * 1_000_000)
    return [
        _row("rebuild of household_register, without sealed values", used["plain"], None, "", "µs/event"),
        _row(
            "the same with a sealed householder in each event",
            used["sealed"],
            used["plain"],
            "without sealed values",
            "µs/event",
        ),
    ]


@asynccontextmanager
async def _database_beside(url: str) -> AsyncIterator[str]:
    name = f"{DATABASE}_beside"
    admin = await asyncpg.connect(url)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        other = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        await migrate.upgrade(other)
        yield other
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


async def _papers(service: Service, url: str) -> list[dict[str, Any]]:
    """Papers taken in one after the other: encrypted, hashed, looked into, put in their place."""
    headers = service.headers("clerk", Content_Type="application/pdf")
    postmaster = await postmaster_of(url)
    walls, used = [], []
    for number in range(20):
        content = papers.pdf(f"资料{number}", padding=PAPER)
        time, began = ProcessorTime(postmaster), perf_counter()
        answer = await service.http.post("/v1/documents", content=content, headers=headers)
        assert answer.status_code == 201, answer.text
        walls.append((perf_counter() - began) * 1000)
        used.append((time.client + time.server) * 1000)
    return [
        _row(f"upload of a paper of {PAPER >> 20} MiB", walls, None, ""),
        _row("the same, processor time", used, None, ""),
    ]
