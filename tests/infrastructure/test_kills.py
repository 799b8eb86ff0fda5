"""A service that is killed again and again under load, with its PostgreSQL: what it acknowledged is stored, and once.

The short form runs in the suite; `make soak` kills the service 50 times and its PostgreSQL 20 times.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.database.database import open_database
from service.log.event_store import EventStore
from service.settings import Settings
from tests.infrastructure.conftest import ROOT

COUNTY = "653022"


@dataclass
class Killed:
    """A service on its own embedded database, its clients, and what they were told."""

    environment: dict[str, str]
    port: int
    token: str = ""
    acknowledged: dict[str, int] = field(default_factory=dict)
    """Code of a person → position."""
    process: subprocess.Popen[str] | None = None

    async def start(self) -> None:
        """Start the service; returns when it is ready."""
        self._begin()
        assert self.process is not None
        async with httpx.AsyncClient(base_url=self.url) as http:
            for _ in range(1200):
                assert self.process.poll() is None, "the service does not start again"
                try:
                    if (await http.get("/health/live")).status_code == 200:
                        return
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
        raise AssertionError("the service is not ready")

    def _begin(self) -> None:
        command = [sys.executable, "-m", "tests.program", "--json", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def first_key(self) -> None:
        """Spend the bootstrap token that the first start printed."""
        assert self.process is not None
        assert self.process.stdout is not None
        said = ""
        while not said.rstrip().endswith("}"):
            said += self.process.stdout.readline()
        body = {
            "label": "k", "organization": "COUNTY_GOV", "organizationKind": "COUNTY_GOV",
            "roles": ["ADMIN", "PERSONNEL"], "divisions": [COUNTY],
        }  # fmt: skip
        bootstrap = {"Authorization": f"Bearer {json.loads(said)['bootstrapToken']}"}
        answer = httpx.post(f"{self.url}/v1/keys", json=body, headers=bootstrap)
        assert answer.status_code == 201, answer.text
        self.token = answer.json()["token"]

    def postmaster(self) -> int:
        data = Path(self.environment["TAIZHANG_DATA"])
        return int((data / "postgresql" / "postmaster.pid").read_text().split()[0])

    async def write(self, client: int, stop: asyncio.Event) -> None:
        """One client: every request again with its key until it is answered."""
        async with httpx.AsyncClient(base_url=self.url, timeout=20) as http:
            for number in itertools.count():
                if stop.is_set():
                    return
                code = f"P-{client}-{number}"
                body = {"person": code, "card": {"name": "甲", "organization": "COUNTY_GOV"}}
                headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": f"key-{code}"}
                while True:
                    try:
                        answer = await http.post("/v1/persons", json=body, headers=headers)
                    except httpx.HTTPError:
                        await asyncio.sleep(0.1)
                        continue
                    if answer.status_code == 201:
                        self.acknowledged[code] = answer.json()["position"]
                        break
                    assert answer.status_code == 503, answer.text
                    await asyncio.sleep(0.1)


@contextmanager
def killable(environment: dict[str, str], port: int) -> Iterator[Killed]:
    killed = Killed(environment, port)
    try:
        yield killed
    finally:
        if killed.process is not None and killed.process.poll() is None:
            killed.process.terminate()
            killed.process.wait(60)
            assert killed.process.stdout is not None
            killed.process.stdout.close()


async def kill_under_load(killed: Killed, services: int, servers: int) -> None:
    order = ["service"] * services + ["server"] * servers
    chance = random.Random(7)
    chance.shuffle(order)
    await killed.start()
    killed.first_key()
    stop = asyncio.Event()
    clients = [asyncio.create_task(killed.write(number, stop)) for number in range(6)]
    for one in order:
        before = len(killed.acknowledged)
        async with asyncio.timeout(120):
            while len(killed.acknowledged) < before + 20:
                assert not any(client.done() for client in clients), [
                    c.exception() for c in clients if c.done()
                ]
                await asyncio.sleep(chance.uniform(0.01, 0.1))
        if one == "service":
            killed.kill()
            await killed.start()
        else:
            os.kill(killed.postmaster(), signal.SIGKILL)
    stop.set()
    async with asyncio.timeout(120):
        await asyncio.gather(*clients)


async def stored(settings: Settings) -> tuple[dict[str, list[int]], Any]:
    """Person → positions of its registrations; and what verification says of the log."""
    async with open_database(settings) as database, EventStore(database.pool) as store:
        rows = await database.pool.fetch(
            "SELECT stream, position FROM event WHERE type = 'person.registered'"
        )
        found: dict[str, list[int]] = {}
        for row in rows:
            found.setdefault(row["stream"].removeprefix("person-"), []).append(row["position"])
        return found, await store.verify(COUNTY, thorough=True)


@pytest.mark.parametrize(
    ("services", "servers"), [(2, 1), pytest.param(50, 20, marks=pytest.mark.soak)], ids=["short", "long"]
)
async def test_what_was_acknowledged_is_stored_once_whoever_is_killed(
    place: Path, environment: dict[str, str], unused_tcp_port: int, services: int, servers: int
) -> None:
    with killable(environment, unused_tcp_port) as killed:
        await kill_under_load(killed, services, servers)
    found, verified = await stored(Settings(data=place / "data"))
    assert verified.problem is None
    assert len(killed.acknowledged) >= 20 * (services + servers)
    assert {code: [position] for code, position in killed.acknowledged.items()} == {
        code: found.get(code) for code in killed.acknowledged
    }
    assert {code: positions for code, positions in found.items() if len(positions) > 1} == {}
