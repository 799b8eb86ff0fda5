"""A command over HTTP against a route of the same application that does nothing: one worker, 64 connections.

The service runs in a process of its own (uvicorn, uvloop, httptools), the load comes from this one over raw sockets, so
that the client costs little. Both routes get the same bodies through the same gate; contestants take turns.
"""

from __future__ import annotations

import asyncio
import statistics
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter
from typing import Any

import asyncpg
import httpx
import orjson

from service.database import migrate
from tests.api.bodies import road
from tests.api.process import served

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


async def run(url: str, *, seconds: float = 4.0, runs: int = 3) -> list[dict[str, Any]]:
    """All rows of the table: medians of `runs`, each contestant beside its no-op."""
    async with database(url) as own:
        with served(own) as (service, token):
            traffic = Traffic(token)
            async with httpx.AsyncClient(base_url=service) as http:
                for number in range(CONNECTIONS):
                    asset = f"R-{number:04d}"
                    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": asset}
                    answer = await http.post(
                        "/v1/assets", json={"asset": asset, "card": road()}, headers=headers
                    )
                    answer.raise_for_status()
            contestants = {
                "no-op, body of a registration": (traffic.registrations("/noop"), b"200"),
                "register an asset": (traffic.registrations("/v1/assets"), b"201"),
                "no-op, body of a report": (traffic.reports("/noop"), b"200"),
                "report on an asset": (traffic.reports(None), b"201"),
            }
            figures: dict[str, list[float]] = {name: [] for name in contestants}
            for _ in range(runs):
                for name, (requests, wanted) in contestants.items():
                    figures[name].append(await load(service, requests, seconds, wanted))
    noop = {
        "register an asset": "no-op, body of a registration",
        "report on an asset": "no-op, body of a report",
    }
    medians = {name: statistics.median(values) for name, values in figures.items()}
    return [
        {
            "name": f"HTTP {name}, {CONNECTIONS} connections",
            "value": round(medians[name]),
            "unit": "requests/s",
            "compared_with": noop.get(name),
            "ratio": round(medians[name] / medians[noop[name]], 2) if name in noop else None,
            "runs": [round(value) for value in figures[name]],
        }
        for name in contestants
    ]
