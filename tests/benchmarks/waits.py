"""Whether writes and health wait for those who ask slowly: 200 questions that are slow to answer, 50 clients who do not
read.

    python -m tests.benchmarks --only waits

The served program with a county of 9,000 assets. Writes are registrations over 64 connections, as fast as they are
answered; health is asked twenty times a second on a connection of its own. Both are measured alone and beside the others,
by turns. Those who ask take processor time of the same machine, and none of it is the service's fault: what their process
took is burnt beside the writes that are measured alone. The 200 ask for the register of a past day, the whole register as lines, and the register as a workbook, ten of
them with one key and from one address, and come again when they are told to; the 50 have a key and an address each, ask for
the whole register and do not read.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import socket
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import httpx

from service.clock import utc_now
from service.commands.authorization import Role
from service.commands.credentials import Credentials, KeySpec
from service.log.event_store import EventStore
from tests.api.process import served
from tests.benchmarks.http import Traffic, database, load
from tests.projections.history import COUNTY, VILLAGES, Log, append_all, card, confirmation, custody

ASSETS: Final = int(os.environ.get("TAIZHANG_BENCH_WAITS_ASSETS", "9000"))
SLOW: Final = 200
PER_KEY: Final = 10
UNREAD: Final = 50
SECONDS: Final = float(os.environ.get("TAIZHANG_BENCH_WAITS_SECONDS", "8"))
RUNS: Final = 3
HEALTH_EVERY: Final = 0.05

_REGISTER: Final = "/v1/ledgers/asset-register"
_LINES: Final = "application/x-ndjson"
_SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_QUESTIONS: Final = (
    (f"{_REGISTER}?as_of=2030-01-01", "application/json"),
    (_REGISTER, _LINES),
    (f"{_REGISTER}?as_of=2029-01-01", "application/json"),
    (_REGISTER, _SHEET),
)


async def run(url: str) -> list[dict[str, Any]]:
    """Measure on a server; a database of its own is made and dropped."""
    async with database(url) as own:
        async with asyncpg.create_pool(own, min_size=1, max_size=4) as pool:
            async with EventStore(pool, clock=lambda: utc_now() - timedelta(days=1)) as store:
                last = await append_all(store, _log().events)
            slow = await _keys(pool, SLOW // PER_KEY)
            unread = await _keys(pool, UNREAD)
        with served(own) as (service, token):
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(base_url=service, headers=headers, timeout=600) as http:
                reached = {"min_position": last, "limit": 1}
                while (await http.get(_REGISTER, params=reached)).status_code == 503:  # noqa: ASYNC110
                    await asyncio.sleep(1)  # the ledgers are still taking it in
            return await _measured(service, token, slow, unread)


def _log() -> Log:
    log = Log()
    for number in range(ASSETS):
        village = VILLAGES[number % len(VILLAGES)]
        stream = f"asset-{village}-{number:06d}"
        log.add(stream, "asset.registered", {"card": card(), "scope": "IN"})
        log.add(stream, "asset.ownership_confirmed", confirmation({village: 100_000_00}))
        log.add(stream, "asset.custody_assigned", custody(village, {"P-1": "RESPONSIBLE"}))
    return log


async def _keys(pool: asyncpg.Pool, count: int) -> list[str]:
    spec = KeySpec(COUNTY, "reader", "653022202000", "TOWNSHIP", [Role.READER], [COUNTY])
    return [(await Credentials(pool).create(spec, utc_now())).token for _ in range(count)]


@dataclass
class _Figures:
    writes: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)


@dataclass
class _Asked:
    """What the crowd was answered, and which part of a processor it took to ask."""

    statuses: Counter[int] = field(default_factory=Counter)
    processor: list[float] = field(default_factory=list)


async def _measured(service: str, token: str, slow: list[str], unread: list[str]) -> list[dict[str, Any]]:
    traffic = Traffic(token)
    alone, beside = _Figures(), _Figures()
    told = _Asked()
    statuses = told.statuses
    asked = 0.0
    await load(service, traffic.registrations("/v1/assets"), 2.0, b"201")
    for _ in range(RUNS):
        async with _crowd(service, slow, unread, told):
            began = time.monotonic()
            await asyncio.sleep(3)
            await _once(service, traffic, beside)
            asked += time.monotonic() - began
        await asyncio.sleep(2)
        async with _burning(told.processor[-1]):
            await _once(service, traffic, alone)
    rate, own = statistics.median(beside.writes), statistics.median(alone.writes)
    late, usual = _percentile(beside.health), _percentile(alone.health)
    who = f"{SLOW} slow questions and {UNREAD} who do not read"
    return [
        {
            "name": f"writes beside {who}",
            "value": rate,
            "unit": "requests/s",
            "ratio": rate / own,
            "compared_with": f"writes beside as much processor time: {own:,.0f} requests/s",
            "runs": [round(one) for one in beside.writes],
            "runs_alone": [round(one) for one in alone.writes],
            "processor_of_those_who_ask": [round(one, 2) for one in told.processor],
        },
        {
            "name": f"health beside {who} and the writes, 99th percentile",
            "value": late,
            "unit": "ms",
            "compared_with": f"beside the writes alone: {usual:.0f} ms",
            "slowest": max(beside.health),
            "median": statistics.median(beside.health),
        },
        {
            "name": "the slow ones: answered",
            "value": statuses[200] / asked,
            "unit": "answers/s",
            "compared_with": f"told to come again: {(statuses[429] + statuses[503]) / asked:,.0f}/s",
            "statuses": {str(status): count for status, count in statuses.items()},
        },
    ]


def _percentile(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


async def _once(service: str, traffic: Traffic, figures: _Figures) -> None:
    watching = asyncio.create_task(_health(service, figures.health))
    try:
        requests = traffic.registrations("/v1/assets")
        refused = frozenset({b"429", b"503"})
        figures.writes.append(await load(service, requests, SECONDS, b"201", refused=refused))
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _health(service: str, milliseconds: list[float]) -> None:
    async with httpx.AsyncClient(base_url=service, timeout=60) as http:
        while True:
            started = time.perf_counter()
            (await http.get("/health/live")).raise_for_status()
            milliseconds.append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(HEALTH_EVERY)


_BURN: Final = """
import sys, time
share = float(sys.argv[1])
while True:
    end = time.process_time() + 0.01 * share
    while time.process_time() < end:
        pass
    time.sleep(0.01 * (1 - share))
"""


@asynccontextmanager
async def _burning(share: float) -> AsyncIterator[None]:
    """That part of a processor is taken inside the block, for nothing."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _BURN, str(min(share, 0.99)))
    try:
        yield
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def _crowd(service: str, slow: list[str], unread: list[str], told: _Asked) -> AsyncIterator[None]:
    """All of them, at it inside the block; in a process of their own, so that nobody who measures waits for them."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"service": service, "slow": slow, "unread": unread}).encode() + b"\n")
    try:
        assert await process.stdout.readline() == b"at it\n"
        yield
    finally:
        process.stdin.close()
        said = json.loads(await process.stdout.read())
        await process.wait()
        told.statuses.update({int(status): count for status, count in said["statuses"].items()})
        told.processor.append(said["processor"])


async def crowd(service: str, slow: list[str], unread: list[str]) -> dict[str, Any]:
    """In the process of its own: ask until nobody wants it any more; how often each status was answered, at what cost."""
    statuses: Counter[int] = Counter()
    place = urlsplit(service)
    sockets = [
        _unread(str(place.hostname), int(place.port or 0), token, f"127.0.1.{number}")
        for number, token in enumerate(unread, 1)
    ]
    questions = itertools.cycle(_QUESTIONS)
    async with AsyncExitStack() as stack:
        asking = []
        for number, token in enumerate(slow, 1):
            transport = httpx.AsyncHTTPTransport(local_address=f"127.0.2.{number}")
            client = httpx.AsyncClient(base_url=service, timeout=600, transport=transport)
            http = await stack.enter_async_context(client)
            asking += [
                asyncio.create_task(_ask(http, token, next(questions), statuses)) for _ in range(PER_KEY)
            ]
        print("at it", flush=True)
        began, taken = time.monotonic(), time.process_time()
        await asyncio.to_thread(sys.stdin.read)
        processor = (time.process_time() - taken) / (time.monotonic() - began)
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    for connection in sockets:
        connection.close()
    return {"statuses": statuses, "processor": processor}


def _unread(host: str, port: int, token: str, address: str) -> socket.socket:
    """Somebody who asks for everything through a small window, and does not read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.bind((address, 0))
    connection.connect((host, port))
    connection.sendall(
        f"GET {_REGISTER} HTTP/1.1\r\nHost: taizhang\r\nAuthorization: Bearer {token}\r\nAccept: {_LINES}\r\n\r\n".encode()
    )
    return connection


async def _ask(
    http: httpx.AsyncClient, token: str, question: tuple[str, str], statuses: Counter[int]
) -> None:
    path, accept = question
    headers = {"Authorization": f"Bearer {token}", "Accept": accept}
    while True:
        try:
            answer = await http.get(path, headers=headers)
        except httpx.HTTPError:
            statuses[0] += 1
            await asyncio.sleep(1)
            continue
        statuses[answer.status_code] += 1
        if answer.status_code != 200:
            await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))


if __name__ == "__main__":
    order = json.loads(sys.stdin.readline())
    print(json.dumps(asyncio.run(crowd(**order))))
