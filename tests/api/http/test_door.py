"""What holds for every request and every answer: safe headers, one host, and a door that is closed until there is a key."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from service.api.app import ServiceParts, create_app
from service.api.http.addresses import is_local, network_of
from service.api.http.door import LIVENESS
from service.clock import utc_now
from service.commands.credentials import Credentials, KeySpec
from tests.api.matrix import PUBLIC, ROUTES
from tests.api.service import COUNTY, REGULATION, Service

SAFE = {"cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}


def assert_safe(answer: httpx.Response) -> None:
    for name, value in SAFE.items():
        assert answer.headers.get_list(name) == [value], (
            answer.request.url,
            answer.status_code,
            answer.headers,
        )


# ---- headers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [None, "reader", "admin"])
async def test_every_route_answers_with_safe_headers(service: Service, who: str | None) -> None:
    statuses = set()
    for method, path in [*PUBLIC, *ROUTES]:
        answer = await service.http.request(
            method, path.replace("{", "").replace("}", ""), headers=service.headers(who)
        )
        assert_safe(answer)
        statuses.add(answer.status_code)
    assert {200, 404, 422} <= statuses if who else {200, 401, 404} <= statuses


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/docs", 200),
        ("GET", "/docs-assets/swagger-ui.css", 200),
        ("GET", "/docs-assets/nothing", 404),
        ("GET", "/openapi.json", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/v1/assets/", 404),
        ("PUT", "/v1/assets", 405),
        ("OPTIONS", "/v1/assets", 204),
        ("HEAD", LIVENESS, 200),
        ("HEAD", "/v1/divisions", 401),
        ("GET", "/v1/regulation/clauses%00", 404),
    ],
)
async def test_every_other_answer_has_safe_headers(
    service: Service, method: str, path: str, status: int
) -> None:
    answer = await service.http.request(method, path)
    assert answer.status_code == status
    assert_safe(answer)


async def test_answer_to_an_unexpected_fault_has_safe_headers(service: Service) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    transport = httpx.ASGITransport(app=service.app, raise_app_exceptions=False)
    service.app.router.add_api_route("/fails", fail)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://taizhang") as http:
            answer = await http.get("/fails")
    finally:
        service.app.router.routes.pop()
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert_safe(answer)


@pytest.mark.parametrize("host", ["", "a b", "a,b", "a/b", "a@b", "[::1", "a:b", "a:123456", "a" * 254])
async def test_host_that_is_none_is_refused(service: Service, host: str) -> None:
    answer = await service.http.get(LIVENESS, headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (400, "HOST_INVALID")
    assert_safe(answer)


async def test_two_hosts_are_refused(service: Service) -> None:
    answer = await service.http.get(LIVENESS, headers=[("Host", "taizhang"), ("Host", "taizhang")])
    assert (answer.status_code, answer.json()["code"]) == (400, "HOST_INVALID")


# ---- before the first key -------------------------------------------------------------------------------------------


def client_at(app: Any, host: str, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=(host, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8080", headers=headers)


ELSEWHERE = [
    ("10.1.2.3", {}),
    ("2001:db8::1", {}),
    ("::ffff:10.1.2.3", {}),
    ("nonsense", {}),
    ("127.0.0.1", {"X-Forwarded-For": "10.1.2.3"}),
    ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
    ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}),
    ("127.0.0.1", {"Via": "1.1 proxy"}),
    ("127.0.0.1", {"Host": "taizhang.example.cn"}),
]
HERE = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]
PATHS = [*PUBLIC, *ROUTES, ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/nowhere")]


async def assert_closed(app: FastAPI) -> None:
    for host, headers in ELSEWHERE:
        async with client_at(app, host, **headers) as far:
            for method, path in PATHS:
                answer = await far.request(method, path)
                if path == LIVENESS:
                    assert answer.status_code == 200
                else:
                    assert (answer.status_code, answer.json()["code"]) == (403, "BOOTSTRAP_LOOPBACK_ONLY"), (
                        path
                    )
    for host in HERE:
        async with client_at(app, host) as near:
            assert (await near.get("/v1/regulation/clauses")).status_code == 200
            assert (await near.get("/v1/divisions")).status_code == 401


async def test_before_the_first_key_only_liveness_answers_from_elsewhere(database_url: str) -> None:
    """While there is nothing, while the bootstrap token is unspent; and everything once it is spent."""
    async with asyncpg.create_pool(database_url, min_size=2, max_size=8) as pool:
        app = create_app(ServiceParts(pool, {COUNTY: REGULATION}))
        async with app.router.lifespan_context(app):
            await assert_closed(app)
            credentials: Credentials = app.state.credentials
            bootstrap = await credentials.bootstrap(COUNTY, utc_now())
            assert bootstrap is not None
            await assert_closed(app)
            spec = KeySpec(COUNTY, "first", "COUNTY_GOV", "COUNTY_GOV", ["ADMIN"], [COUNTY])
            await credentials.create(spec, utc_now(), spending=bootstrap.id)
            for host, headers in ELSEWHERE:
                async with client_at(app, host, **headers) as far:
                    assert (await far.get("/v1/regulation/clauses")).status_code == 200
                    assert (await far.get("/v1/divisions")).status_code == 401


# ---- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", "-"),
        ("unix:", "-"),
    ],
)
def test_network_of_an_address(host: str, network: str) -> None:
    assert network_of(host) == network


def test_a_request_of_an_unknown_address_is_not_local() -> None:
    assert not is_local({"client": None, "headers": []})


@pytest.mark.parametrize(
    "name",
    [
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-real-ip",
        "x-client-ip",
    ],
)
def test_header_that_a_proxy_adds_says_that_there_is_one(name: str) -> None:
    headers = [(b"host", b"localhost"), (name.encode(), b"127.0.0.1")]
    assert not is_local({"client": ("127.0.0.1", 1), "headers": headers})


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("LOCALHOST:8080", True),
        ("127.0.0.1", True),
        ("127.8.8.8:18080", True),
        ("[::1]:8080", True),
        ("[::ffff:127.0.0.1]", True),
        ("taizhang", False),
        ("a.localhost", False),
        ("128.0.0.1", False),
        ("[::2]", False),
        ("127.0.0.1:", False),
        ("127.0.0.1.example.cn:8080", False),
        ("localhost.example.cn", False),
    ],
)
def test_host_by_which_this_machine_is_asked(host: str, local: bool) -> None:
    """By another one a proxy asks that adds no header, or a page whose name was made to point here."""
    assert is_local({"client": ("127.0.0.1", 1), "headers": [(b"host", host.encode())]}) is local
