"""A service under load to which things happen: killed, frozen, no room, lost replies, wrong clocks. What it acknowledged
is stored, and once.

The short form runs in the suite; `make soak` kills the service 50 times and its PostgreSQL 20 times.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg
import httpx
import pytest

from service.database.database import open_database
from service.log.event_store import EventStore
from service.settings import Settings
from tests import clock
from tests.infrastructure.conftest import ROOT
from tests.infrastructure.test_clocks import set_clock, shifted_pool
from tests.log.wire import Wire, wire_to

COUNTY = "653022"
MOST_SECONDS_TO_STOP: Final = 20.0
"""What docs/operations.md promises of a stop, whatever is under way."""


@dataclass
class Killed:
    """A service on its own embedded database, its clients, and what they were told."""

    environment: dict[str, str]
    port: int
    token: str = ""
    acknowledged: dict[str, int] = field(default_factory=dict)
    """Code of a person → position."""
    refusals: int = 0
    """Answers of the service that it did not do it."""
    waits: dict[str, list[float]] = field(default_factory=dict)
    """Trouble → seconds from its end until the next write was acknowledged."""
    _trouble: tuple[str, float] | None = None
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

    async def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        assert await asyncio.to_thread(self.process.wait, 60) == 0

    def begin_again(self, trouble: str) -> None:
        """From here on the next acknowledgement is waited for."""
        self._trouble = (trouble, time.monotonic())

    def _going_on(self) -> None:
        if self._trouble is not None:
            trouble, since = self._trouble
            self.waits.setdefault(trouble, []).append(time.monotonic() - since)
            self._trouble = None

    def report(self) -> None:
        """For who runs the long form with -s."""
        for trouble, waits in sorted(self.waits.items()):
            print(
                f"{trouble}: {len(waits)} ×, median {statistics.median(waits):.2f} s, longest {max(waits):.2f} s"
            )
        print(f"{len(self.acknowledged)} writes acknowledged, {self.refusals} refused with 503")

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
                        self._going_on()
                        break
                    assert answer.status_code == 503, answer.text
                    self.refusals += 1
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
        if killed.process is not None and killed.process.stdout is not None:
            killed.process.stdout.close()


Trouble = Callable[[Killed], Awaitable[None]]
"""Something that happens to a service under load; afterwards it has to go on by itself."""


async def service_killed(killed: Killed) -> None:
    killed.kill()
    await killed.start()


async def service_stopped(killed: Killed) -> None:
    """A stop under load ends in good order and soon, whoever waits for events or has not sent his request whole."""
    assert killed.process is not None
    headers = {"Authorization": f"Bearer {killed.token}"}
    half = socket.create_connection(("127.0.0.1", killed.port))
    half.sendall(b"POST /v1/persons HTTP/1.1\r\nHost: taizhang\r\nContent-Length: 100\r\n")
    async with httpx.AsyncClient(base_url=killed.url, headers=headers, timeout=60) as http:
        waits = {"after": 10**9, "wait": 30}
        waiting = [asyncio.create_task(http.get("/v1/events", params=waits)) for _ in range(4)]
        await asyncio.sleep(0.3)
        assert not any(one.done() for one in waiting)
        began = time.monotonic()
        await killed.stop()
        assert time.monotonic() - began < MOST_SECONDS_TO_STOP
        await asyncio.gather(*waiting, return_exceptions=True)
    half.close()
    assert killed.process.stdout is not None
    killed.process.stdout.close()
    await killed.start()


async def server_killed(killed: Killed) -> None:
    os.kill(killed.postmaster(), signal.SIGKILL)


async def service_frozen(killed: Killed) -> None:
    assert killed.process is not None
    await frozen({killed.process.pid}, 1.0)


async def server_frozen(killed: Killed) -> None:
    """The server with every session of it."""
    await frozen(descendants(killed.postmaster()), 1.0)


async def disk_full(killed: Killed) -> None:
    """Until several writes were refused for it, or the server gave up; then there is room again."""
    ballast = Path(killed.environment["TAIZHANG_DATA"]) / "ballast"
    refusals = killed.refusals
    try:
        with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
            while True:  # what is free changes meanwhile: the server writes too
                file.write(bytes(1 << 18))
        async with asyncio.timeout(60):
            while killed.refusals < refusals + 5:  # noqa: ASYNC110  the clients count them
                await asyncio.sleep(0.05)
    finally:
        ballast.unlink()


async def frozen(processes: set[int], seconds: float) -> None:
    for one in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        for one in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)


def descendants(pid: int) -> set[int]:
    """A process with everything below it."""
    found = {pid}
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= descendants(child)
    return found


async def in_trouble(killed: Killed, troubles: list[Trouble]) -> None:
    """A service with six clients, and one trouble after another, each when twenty more writes are acknowledged."""
    await killed.start()
    await asyncio.to_thread(killed.first_key)
    stop = asyncio.Event()
    clients = [asyncio.create_task(killed.write(number, stop)) for number in range(6)]

    async def twenty_more() -> None:
        before = len(killed.acknowledged)
        async with asyncio.timeout(120):
            while len(killed.acknowledged) < before + 20:
                assert not any(client.done() for client in clients), [
                    client.exception() for client in clients if client.done()
                ]
                await asyncio.sleep(0.02)

    for trouble in troubles:
        await twenty_more()
        await trouble(killed)
        killed.begin_again(trouble.__name__)
    await twenty_more()
    stop.set()
    async with asyncio.timeout(120):
        await asyncio.gather(*clients)
    killed.report()


@pytest.fixture
def small_disk(place: Path) -> Iterator[Path]:
    """A file system of its own that can be filled, where one may be mounted; else the folder, which is never filled."""
    folder = place / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1500m,mode=711", "taizhang-test", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


KINDS: Final[dict[str, tuple[Trouble, int, int]]] = {
    "service killed": (service_killed, 2, 50),
    "service stopped": (service_stopped, 1, 10),
    "server killed": (server_killed, 1, 20),
    "service frozen": (service_frozen, 1, 10),
    "server frozen": (server_frozen, 0, 10),
    "disk full": (disk_full, 1, 5),
}
"""What happens: how often in the short form, and in the long one."""


def ordered(disk: Path, form: int) -> list[Trouble]:
    """Everything that is to happen, mixed."""
    troubles = [one[0] for one in KINDS.values() for _ in range(one[form])]
    if not disk.is_mount():
        troubles = [one for one in troubles if one is not disk_full]
    random.Random(7).shuffle(troubles)
    return troubles


@pytest.mark.parametrize("form", [1, pytest.param(2, marks=pytest.mark.soak)], ids=["short", "long"])
async def test_what_was_acknowledged_is_stored_once_whatever_happens(
    small_disk: Path, environment: dict[str, str], unused_tcp_port: int, form: int
) -> None:
    environment["TAIZHANG_DATA"] = str(small_disk / "data")
    with killable(environment, unused_tcp_port) as killed:
        await in_trouble(killed, ordered(small_disk, form))
    async with open_database(Settings(data=small_disk / "data")) as database:
        await require_stored_once(killed, database.pool)


# ---- lost replies and wrong clocks: a server of its own behind a wire ------------------------------------------------


@dataclass
class Apart:
    """A service whose way to its database can be cut, and whose clock and whose database's clock can be set."""

    wire: Wire
    clock: Path
    pool: asyncpg.Pool

    def set_service(self, seconds: int) -> None:
        """What the service's clock is wrong by; at once whole, for it is read at any time."""
        written = self.clock.with_suffix(".new")
        written.write_text(str(seconds))
        written.replace(self.clock)

    async def replies_lost(self, killed: Killed) -> None:
        """Twenty commits are stored and nobody hears of it."""
        before = self.wire.replies_lost
        self.wire.lose_commits(20)
        async with asyncio.timeout(120):
            while self.wire.replies_lost < before + 20:  # noqa: ASYNC110  the wire tells nobody
                await asyncio.sleep(0.02)

    async def service_far_ahead(self, killed: Killed) -> None:
        """A year: nothing is recorded until the clock is right again."""
        refusals = killed.refusals
        self.set_service(365 * 86_400)
        async with asyncio.timeout(60):
            while killed.refusals < refusals + 5:  # noqa: ASYNC110  the clients count them
                await asyncio.sleep(0.02)
        self.set_service(0)

    async def service_set(self, killed: Killed) -> None:
        """An hour back, or a minute ahead, and right again: it is written on."""
        for wrong in (-3_600, 60):
            self.set_service(wrong)
            await self._written(killed)
            self.set_service(0)

    async def database_set(self, killed: Killed) -> None:
        """An hour back, an hour ahead, and right again: it is written on."""
        for wrong in (-3_600.0, 3_600.0, 0.0):
            await set_clock(self.pool, wrong / 3_600)
            await self._written(killed)

    @staticmethod
    async def _written(killed: Killed) -> None:
        before = len(killed.acknowledged)
        async with asyncio.timeout(60):
            while len(killed.acknowledged) < before + 10:  # noqa: ASYNC110  the clients count them
                await asyncio.sleep(0.02)


@asynccontextmanager
async def apart(url: str, file: Path) -> AsyncIterator[Apart]:
    async with shifted_pool(url) as pool, wire_to(url) as wire:
        name = await pool.fetchval("SELECT current_database()")
        await pool.execute(f'ALTER DATABASE "{name}" SET search_path = shifted, pg_catalog, public')
        one = Apart(wire, file, pool)
        one.set_service(0)
        yield one


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.soak)], ids=["short", "long"])
async def test_what_was_acknowledged_is_stored_once_whatever_replies_are_lost_and_clocks_say(
    database_url: str, place: Path, environment: dict[str, str], unused_tcp_port: int, times: int
) -> None:
    async with apart(database_url, place / "clock") as one:
        environment |= {"TAIZHANG_DATABASE_URL": one.wire.url, clock.SHIFTED: str(place / "clock")}
        environment["TAIZHANG_KEYS"] = str(place / "keys")
        kinds = (one.replies_lost, one.service_far_ahead, one.service_set, one.database_set)
        troubles = [kind for kind in kinds for _ in range(times)]
        random.Random(7).shuffle(troubles)
        with killable(environment, unused_tcp_port) as killed:
            await in_trouble(killed, troubles)
            await until_ledgers_follow(one.pool)
            await killed.stop()
        assert one.wire.replies_lost == 20 * times
        await require_stored_once(killed, one.pool)


async def until_ledgers_follow(pool: asyncpg.Pool) -> None:
    behind = "SELECT count(*) FROM projection_checkpoint c JOIN log_head h USING (county) WHERE c.position < h.position"
    async with asyncio.timeout(60):
        while await pool.fetchval(behind):  # noqa: ASYNC110  the database tells nobody
            await asyncio.sleep(0.1)


async def require_stored_once(killed: Killed, pool: asyncpg.Pool) -> None:
    """Every acknowledged write is in the log at its position, none twice, moments never decrease, and it verifies."""
    async with EventStore(pool) as store:
        verified = await store.verify(COUNTY, thorough=True)
    assert verified.problem is None
    found: dict[str, list[int]] = {}
    rows = await pool.fetch("SELECT stream, position FROM event WHERE type = 'person.registered'")
    for row in rows:
        found.setdefault(row["stream"].removeprefix("person-"), []).append(row["position"])
    assert {code: [position] for code, position in killed.acknowledged.items()} == {
        code: found.get(code) for code in killed.acknowledged
    }
    assert {code: positions for code, positions in found.items() if len(positions) > 1} == {}
    decreasing = await pool.fetchval(
        "SELECT count(*) FROM (SELECT recorded_at < lag(recorded_at) OVER (ORDER BY position) AS back FROM event) e"
        " WHERE back"
    )
    assert decreasing == 0
