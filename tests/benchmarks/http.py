"""A command over HTTP against a route of the same application that does nothing: one worker, 64 connections; and two of them.

Beside requests a second it says what a request costs: processor time of the worker and of the database, WAL, bytes on disk.
The service runs in a process of its own (uvicorn, uvloop, httptools), the load comes from this one over raw sockets, so
that the client costs little. Both routes get the same bodies through the same gate; contestants take turns.
"""

from __future__ import annotations

import asyncio
import statistics
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import asyncpg
import httpx
import orjson

from service.database import migrate
from tests.api.bodies import road
from tests.api.process import killable, served
from tests.benchmarks.cpu import ProcessorTime, postmaster_of, seconds_of

CONNECTIONS = 64

Requests = Iterator[bytes]


class _Connection(asyncio.Protocol):
    """One connection that sends its next request when the answer to the last one is there."""

    def __init__(self, requests: Requests, statuses: dict[bytes, int]) -> None:
        self.requests = requests
        self.statuses = statuses
        self.buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        place = self.buffer.find(b"content-length: ", 0, head)
        length = int(self.buffer[place + 16 : self.buffer.find(b"\r\n", place)])
        if len(self.buffer) < head + 4 + length:
            return
        status = self.buffer[9:12]
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.buffer = b""
        following = next(self.requests, None)
        if following is None:
            self.transport.close()
        else:
            self.transport.write(following)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def load(
    url: str,
    requests: Callable[[int, float], Requests],
    seconds: float,
    wanted: bytes,
    *,
    refused: frozenset[bytes] = frozenset(),
) -> float:
    """Answers `wanted` per second over `CONNECTIONS` connections; `refused` do not count, any other is a mistake."""
    address = httpx.URL(url)
    statuses: dict[bytes, int] = {}
    loop = asyncio.get_running_loop()
    started = perf_counter()
    connections: list[_Connection] = []
    for number in range(CONNECTIONS):
        _, protocol = await loop.create_connection(
            partial(_Connection, requests(number, started + seconds), statuses),
            address.host,
            int(address.port or 0),
        )
        connections.append(protocol)
    await asyncio.gather(*(connection.done for connection in connections))
    elapsed = perf_counter() - started
    if set(statuses) - refused != {wanted}:
        raise RuntimeError(f"{url}: statuses {statuses}")
    return statuses[wanted] / elapsed


def _request(path: str, token: str, body: bytes, headers: str = "") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n{headers}"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode() + body


class Traffic:
    """The requests of one run: what every connection sends until time is up."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.versions: dict[str, int] = {}

    def registrations(self, path: str) -> Callable[[int, float], Requests]:
        """Registrations of new assets, or the same bodies to a route that does nothing."""

        def requests(number: int, until: float) -> Requests:
            while perf_counter() < until:
                asset = f"B-{uuid.uuid4().hex}"
                body = orjson.dumps({"asset": asset, "card": road()})
                yield _request(path, self.token, body, f"idempotency-key: {asset}\r\n")

        return requests

    def reports(self, path: str | None) -> Callable[[int, float], Requests]:
        """Status reports, every connection on an asset of its own; or the same bodies to `path`."""

        def requests(number: int, until: float) -> Requests:
            asset = f"R-{number:04d}"
            while perf_counter() < until:
                version = self.versions.get(asset, 1)
                report = {"state": "IDLE", "reportedOn": "2022-01-01", "note": f"第 {version} 次查看"}
                body = orjson.dumps({"report": report})
                headers = f'idempotency-key: {uuid.uuid4().hex}\r\nif-match: "{version}"\r\n'
                yield _request(path or f"/v1/assets/{asset}/status-reports", self.token, body, headers)
                if path is None:
                    self.versions[asset] = version + 1

        return requests


@asynccontextmanager
async def database(url: str) -> AsyncIterator[str]:
    name = f"bench_http_{uuid.uuid4().hex[:12]}"
    admin = await asyncpg.connect(url)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        base, _, query = url.partition("?")
        own = f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
        await migrate.upgrade(own)
        yield own
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.close()


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of one request: rate, processor time in µs, bytes of WAL."""

    rate: float
    worker: float
    database: float
    wal: float


WARM_SECONDS = 1.0
SETTLE_SECONDS = 0.5
"""For the ledgers to take in what was stored."""


async def cost(
    worker: int,
    postmaster: int,
    admin: Any,
    service: str,
    contestant: tuple[Callable[[int, float], Requests], bytes],
    seconds: float,
) -> Cost:
    """What each request of a stretch of load costs."""
    requests, wanted = contestant
    began, spent, wal = seconds_of(worker), ProcessorTime(postmaster), await admin.fetchval(_WAL)
    started = perf_counter()
    rate = await load(service, requests, seconds, wanted)
    count = rate * (perf_counter() - started)
    await asyncio.sleep(SETTLE_SECONDS)
    written = await admin.fetchval(_WAL) - wal
    return Cost(
        rate,
        (seconds_of(worker) - began) / count * 1e6,
        spent.server / count * 1e6,
        float(written) / count,
    )


_WAL = "SELECT pg_current_wal_insert_lsn() - '0/0'"
_ON_DISK = """
SELECT pg_total_relation_size('event') AS event, pg_total_relation_size('stream') AS stream,
    pg_total_relation_size('idempotency') AS idempotency, (SELECT count(*) FROM event) AS events"""
_NOOP = {
    "register an asset": "no-op, body of a registration",
    "report on an asset": "no-op, body of a report",
}


async def run(url: str, *, seconds: float = 4.0, runs: int = 3) -> list[dict[str, Any]]:
    """All rows of the table: medians of `runs`, each contestant beside its no-op."""
    postmaster, admin = await postmaster_of(url), await asyncpg.connect(url)
    try:
        async with database(url) as own:
            with killable(own, listening=False) as (service, token, process):
                traffic = Traffic(token)
                await _assets(service, token)
                contestants = {
                    "no-op, body of a registration": (traffic.registrations("/noop"), b"200"),
                    "register an asset": (traffic.registrations("/v1/assets"), b"201"),
                    "no-op, body of a report": (traffic.reports("/noop"), b"200"),
                    "report on an asset": (traffic.reports(None), b"201"),
                }
                costs: dict[str, list[Cost]] = {name: [] for name in contestants}
                for contestant in contestants.values():
                    await load(service, contestant[0], WARM_SECONDS, contestant[1])
                for _ in range(runs):
                    for name, contestant in contestants.items():
                        costs[name].append(
                            await cost(process.pid, postmaster, admin, service, contestant, seconds)
                        )
                size = await _on_disk(own)
                together = await _two_workers(own, (service, token), seconds, runs)
    finally:
        await admin.close()
    rows = [row for name in contestants for row in _rows(name, costs)]
    one = statistics.median(each.rate for each in costs["register an asset"])
    return [*rows, *size, _together(together, one)]


async def _assets(service: str, token: str) -> None:
    """The assets that are reported on."""
    async with httpx.AsyncClient(base_url=service) as http:
        for number in range(CONNECTIONS):
            asset = f"R-{number:04d}"
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": asset}
            answer = await http.post("/v1/assets", json={"asset": asset, "card": road()}, headers=headers)
            answer.raise_for_status()


async def _two_workers(own: str, first: tuple[str, str], seconds: float, runs: int) -> list[float]:
    """Registrations a second of two workers on one county, 64 connections to each."""
    rates = []
    with served(own, listening=False) as second:
        for _ in range(runs):
            both = [
                load(service, Traffic(token).registrations("/v1/assets"), seconds, b"201")
                for service, token in (first, second)
            ]
            rates.append(sum(await asyncio.gather(*both)))
    return rates


async def _on_disk(own: str) -> list[dict[str, Any]]:
    """Bytes for each event that the log's tables take, with their indexes."""
    connection = await asyncpg.connect(own)
    try:
        found = await connection.fetchrow(_ON_DISK)
    finally:
        await connection.close()
    return [
        _row(f"on disk: {table}", found[table] / found["events"], "bytes an event")
        for table in ("event", "stream", "idempotency")
    ]


def _rows(name: str, costs: dict[str, list[Cost]]) -> list[dict[str, Any]]:
    """Rate and costs of one contestant beside its no-op's."""
    beside = _NOOP.get(name)
    what = f"HTTP {name}, {CONNECTIONS} connections"

    def median(of: str, field: str) -> float:
        return statistics.median(getattr(one, field) for one in costs[of])

    rate = _row(what, median(name, "rate"), "requests/s", [one.rate for one in costs[name]])
    spent = _row(
        f"HTTP {name}: the worker's processor time", median(name, "worker"), "µs a request",
        [one.worker for one in costs[name]],
    )  # fmt: skip
    if beside is None:
        return [rate, spent]
    rate |= {"compared_with": beside, "ratio": round(median(name, "rate") / median(beside, "rate"), 2)}
    spent |= {
        "compared_with": f"{beside}: {median(beside, 'worker'):.0f} µs",
        "ratio": round(median(beside, "worker") / median(name, "worker"), 2),
    }
    return [
        rate,
        spent,
        _row(
            f"HTTP {name}: the database's processor time", median(name, "database"), "µs a request",
            [one.database for one in costs[name]],
        ),
        _row(f"HTTP {name}: WAL", median(name, "wal"), "bytes a request", [one.wal for one in costs[name]]),
    ]  # fmt: skip


def _together(rates: list[float], one: float) -> dict[str, Any]:
    value = statistics.median(rates)
    row = _row("HTTP register an asset, two workers on one county", value, "requests/s", rates)
    return row | {"compared_with": f"one worker: {one:.0f} requests/s", "ratio": round(value / one, 2)}


def _row(name: str, value: float, unit: str, runs: list[float] | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value),
        "unit": unit,
        "compared_with": None,
        "ratio": None,
        "runs": [round(one) for one in runs or [value]],
    }
