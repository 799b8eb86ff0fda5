"""What is slow, or is not read, holds up nobody else: over HTTP, in the shares a service has."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute

from service.admission import acting_for
from service.api.http.intake import IntakeRoute
from service.api.http.spool import Spools
from service.api.routers import ROUTERS
from service.clock import utc_now
from service.commands.authorization import Role
from service.commands.credentials import Credentials, KeySpec
from service.ledgers import moments
from service.shares import DEFAULT_CONNECTIONS, LEAST_CONNECTIONS, TERMS
from tests.api.bodies import TOWNSHIP, road
from tests.api.http.test_connections import Client
from tests.api.process import served
from tests.api.service import COUNTY, Service, new_code, running
from tests.shares import bulkheads

LINES = "application/x-ndjson"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REGISTER = "/v1/ledgers/asset-register"
PATIENCE = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(module_database_url: str) -> AsyncIterator[Service]:
    """A service with shares; locks are waited for longer than a test takes."""
    async with with_lock_timeout(module_database_url, PATIENCE) as service:
        done = await service.write("/v1/assets", {"asset": new_code(), "card": road()})
        await service.read(REGISTER, min_position=done["position"])
        yield service


@asynccontextmanager
async def with_lock_timeout(
    url: str, seconds: float, connections: int = DEFAULT_CONNECTIONS
) -> AsyncIterator[Service]:
    terms = {share: replace(one, lock=seconds) for share, one in TERMS.items()}
    async with bulkheads(url, connections, terms=terms) as pool, running(url, pool=pool) as service:
        yield service


@asynccontextmanager
async def locked(url: str, table: str) -> AsyncIterator[None]:
    """Nobody can read a table meanwhile."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


def ask(service: Service, who: str, path: str = REGISTER, accept: str = "*/*", **params: Any) -> Any:
    """A request under way."""
    headers = service.headers(who, accept=accept)
    return asyncio.create_task(service.http.get(path, params=params, headers=headers))


def busy(answer: httpx.Response, status: int, code: str) -> None:
    """A refusal that says in Chinese what is the matter and when to come again."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["content-language"] == "zh-CN"
    assert answer.json()["detail"]


async def test_questions_and_exports_that_hang_leave_commands_and_health_alone(database_url: str) -> None:
    """A ledger's table is locked: sixty questions about it hang, and more exports than there are places for."""
    readers = ("reader", "auditor", "office", "clerk", "finance")
    async with with_lock_timeout(database_url, PATIENCE, LEAST_CONNECTIONS) as service:
        await service.get("/health/ready", None)
        service.app.state.schema._next = float("inf")  # its look at the tables would wait for the lock
        async with locked(database_url, "asset_risk"):
            hanging = [ask(service, who, "/v1/ledgers/risks") for who in readers for _ in range(12)]
            hanging += [ask(service, who, "/v1/ledgers/risks", LINES) for who in readers for _ in range(2)]
            hanging += [ask(service, who, "/v1/ledgers/risks", SHEET) for who in readers for _ in range(2)]
            await asyncio.sleep(0.1)
            registered = await service.post("/v1/assets", {"asset": new_code(), "card": road()})
            ready = await service.get("/health/ready", None)
            answered = [one.result() for one in hanging if one.done()]
            assert len(answered) < len(hanging)
            assert registered.status_code == 201, registered.text
            assert ready.json()["checks"]["database"] == "ok"
        for answer in answered:  # it had waited long enough: for a connection, or for its key's other exports
            busy(
                answer,
                answer.status_code,
                {429: "TOO_MANY_REQUESTS", 503: "SERVICE_BUSY"}[answer.status_code],
            )
        await asyncio.gather(*hanging)
        assert service.app.state.spools.room.taken == 0
        assert (await service.get("/v1/ledgers/risks")).status_code == 200


async def test_lock_is_not_waited_for_without_end(database_url: str) -> None:
    async with with_lock_timeout(database_url, 0.2) as service, locked(database_url, "asset_risk"):
        busy(await ask(service, "reader", "/v1/ledgers/risks"), 503, "SERVICE_BUSY")
        headers = service.headers("reader", accept_language="en")
        answer = await service.http.get("/v1/ledgers/risks", headers=headers)
    assert (answer.status_code, answer.headers["content-language"]) == (503, "en")
    assert "try again" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "2"


async def test_questions_about_the_past_come_one_at_a_time_for_a_key(shared: Service) -> None:
    """One is answered, eight wait, the tenth is told to come again; another key is not held up by them."""
    room = shared.app.state.moments._room
    held = asyncio.Event()

    async def holding() -> None:
        with acting_for(await key_of(shared, "reader")):
            async with room.place():
                await held.wait()

    holder = asyncio.create_task(holding())
    await asyncio.sleep(0)
    waiting = [ask(shared, "reader", as_of="2022-01-01") for _ in range(8)]
    await until(lambda: len(room._waiting) == 8)
    busy(await ask(shared, "reader", as_of="2022-01-01"), 429, "TOO_MANY_REQUESTS")
    assert (await ask(shared, "auditor", as_of="2022-01-01")).status_code == 200
    assert (await ask(shared, "reader")).status_code == 200, "the present is asked elsewhere"
    held.set()
    await holder
    assert [one.status_code for one in await asyncio.gather(*waiting)] == [200] * 8
    assert room.taken == 0


async def test_past_day_whose_process_dies_is_to_be_asked_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with a time, nothing of the process is left, and the next one's answer is to the byte what the loop's own fold gives."""
    monkeypatch.setattr(moments, "FEW", 0)
    async with with_lock_timeout(database_url, PATIENCE) as service:
        for _ in range(3):
            await service.write("/v1/assets", {"asset": new_code(), "card": road()})
        async with locked(database_url, "event"):
            asked = ask(service, "reader", as_of="2029-01-01")
            await until(lambda: len(folding()) == 1)
            folding()[0].kill()
            busy(await asked, 503, "PAST_LEDGER_INTERRUPTED")
        assert folding() == []
        beside = await ask(service, "reader", as_of="2029-01-01")
        assert (beside.status_code, len(beside.json()["rows"])) == (200, 3), beside.text
        await service.app.state.moments.aclose()
        monkeypatch.setattr(moments, "FEW", 10_000)
        assert (await ask(service, "reader", as_of="2029-01-01")).content == beside.content


def folding() -> list[Any]:
    """Processes that fold a past moment."""
    return [one for one in multiprocessing.active_children() if one.name == "past"]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what other tasks do."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  rooms tell nobody
            await asyncio.sleep(0.01)


async def key_of(service: Service, who: str) -> str:
    """The id under which a key's requests are counted."""
    return str((await service.app.state.credentials.identify(service.tokens[who], utc_now())).id)


async def test_examinations_come_one_at_a_time_for_a_key(shared: Service, module_database_url: str) -> None:
    asset = new_code()
    await shared.write("/v1/assets", {"asset": asset, "card": road()})
    room = shared.app.state.admission.examinations
    async with locked(module_database_url, "event"):
        asked = [ask(shared, "reader", f"/v1/assets/{asset}/examination") for _ in range(2)]
        await until(lambda: room.taken == len(room._waiting) == 1)
        third = await ask(shared, "reader", f"/v1/assets/{asset}/examination")
        busy(third, 429, "TOO_MANY_REQUESTS")
    assert {one.status_code for one in await asyncio.gather(*asked)} == {200}


async def test_export_larger_than_its_bound_is_refused_and_leaves_nothing(shared: Service) -> None:
    kept, shared.app.state.spools = shared.app.state.spools, Spools(most_bytes=200)
    try:
        for form in (LINES, SHEET):
            answer = await ask(shared, "reader", accept=form)
            assert (answer.status_code, answer.json()["code"]) == (413, "EXPORT_TOO_LARGE")
        assert shared.app.state.spools.room.taken == 0
    finally:
        shared.app.state.spools = kept


async def test_exports_give_their_places_back(shared: Service) -> None:
    for form in (LINES, SHEET):
        assert (await ask(shared, "reader", accept=form)).status_code == 200
    assert (await ask(shared, "reader", accept=LINES, cursor="nonsense")).status_code == 400
    assert shared.app.state.spools.room.taken == 0


def test_every_route_admits_so_many_at_a_time() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert [route.path for route in routes if not isinstance(route, IntakeRoute)] == []


# ---- readers that do not read, on a real server ---------------------------------------------------------------------

LARGE = """
INSERT INTO asset_register SELECT (jsonb_populate_record(r, jsonb_build_object('asset', r.asset || '-' || n))).*
FROM asset_register r, generate_series(1, 8000) n
"""


@pytest.fixture
def unread(database_url: str) -> Iterator[tuple[str, list[str]]]:
    """(url, tokens) of a server that makes three exports at a time, one for a key, with a ledger of some megabytes."""
    with served(
        database_url, exports={"at_once": 3, "per_key": 1, "waiting": 0, "waiting_per_key": 0}, lock=60.0
    ) as (
        url,
        _,
    ):
        tokens = asyncio.run(keys_of(database_url))
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {tokens[0]}"}) as http:
            answer = http.post(
                "/v1/assets", json={"asset": "A-1", "card": road()}, headers={"Idempotency-Key": "a"}
            )
            assert answer.status_code == 201, answer.text
            position = answer.json()["position"]
            http.get(REGISTER, params={"min_position": position}).raise_for_status()
        asyncio.run(enlarged(database_url))
        yield url, tokens


async def keys_of(url: str) -> list[str]:
    """Four keys of a township, each of which may register and read."""
    async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
        credentials = Credentials(pool)
        spec = KeySpec(COUNTY, "reader", TOWNSHIP, "TOWNSHIP", [Role.READER, Role.REGISTRAR], [TOWNSHIP])
        return [(await credentials.create(spec, utc_now())).token for _ in range(4)]


async def enlarged(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(LARGE)
    finally:
        await connection.close()


def question(token: str, path: str, accept: str = "*/*") -> bytes:
    lines = (
        f"GET {path} HTTP/1.1\r\nHost: taizhang\r\nAuthorization: Bearer {token}\r\nAccept: {accept}\r\n\r\n"
    )
    return lines.encode()


def test_readers_that_do_not_read_hold_their_exports_and_nothing_else(unread: tuple[str, list[str]]) -> None:
    url, tokens = unread
    with ExitStack() as stack:
        for token in tokens[:3]:
            client = stack.enter_context(Client(url, receive_buffer=4_096))
            client.send(question(token, REGISTER, LINES))
            assert client.socket.recv(12) == b"HTTP/1.1 200", "it was written, and is being sent"
        with httpx.Client(base_url=url, timeout=PATIENCE) as http:
            headers = {"Authorization": f"Bearer {tokens[3]}"}
            further = http.get(REGISTER, headers={**headers, "Accept": LINES})
            busy(further, 503, "SERVICE_BUSY")
            own = http.get(REGISTER, headers={"Authorization": f"Bearer {tokens[0]}", "Accept": LINES})
            busy(own, 429, "TOO_MANY_REQUESTS")
            assert http.get("/health/ready").json()["checks"]["database"] == "ok"
            assert http.get(REGISTER, headers=headers).status_code == 200
            key = {"Idempotency-Key": "b"}
            written = http.post("/v1/assets", json={"asset": "A-2", "card": road()}, headers=headers | key)
            assert written.status_code == 201
            client.socket.close()
            ends = threading.Event()
            for _ in range(200):
                again = http.get(REGISTER, headers={**headers, "Accept": LINES})
                if again.status_code == 200:
                    break
                ends.wait(0.1)
            trailer = json.loads(again.content.splitlines()[-1])["trailer"]
            assert trailer["count"] == again.content.count(b"\n") - 1 >= 8_001


@pytest.mark.parametrize(
    ("path", "table", "statement"),
    [
        (REGISTER, "asset_register", ""),
        (f"{REGISTER}?as_of=2022-01-01", "asset_register", ""),
        ("/v1/assets/A-1/examination", "event", "FROM event%stream = $2"),
    ],
    ids=["now", "past", "examination"],
)
def test_question_whose_client_is_gone_is_given_up_in_the_database_too(
    unread: tuple[str, list[str]], database_url: str, path: str, table: str, statement: str
) -> None:
    """Its statement waits for a lock that it would get only after a minute; its place is free for the key's next."""
    url, tokens = unread

    async def given_up() -> None:
        async with locked(database_url, table):
            watching = await asyncpg.connect(database_url)
            try:
                for _ in range(
                    3
                ):  # one at a time for a key: a place that is kept would let no further one come so far
                    with Client(url) as client:
                        client.send(question(tokens[0], path))
                        await waiting(watching, statement, 1)
                    await waiting(watching, statement, 0)
            finally:
                await watching.close()

    asyncio.run(given_up())


async def waiting(connection: asyncpg.Connection, statement: str, count: int) -> None:
    """So many statements like this one wait for a lock."""
    waits = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        " AND query LIKE '%' || $1 || '%'"
    )
    async with asyncio.timeout(PATIENCE / 2):
        while await connection.fetchval(waits, statement) != count:  # noqa: ASYNC110  the database tells nobody
            await asyncio.sleep(0.05)
