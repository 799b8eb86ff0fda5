"""Routes that are answered past FastAPI say and refuse what they would behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
import pytest
import pytest_asyncio
from fastapi import Body, Depends, Header, Path, Query, Request, Response
from fastapi.routing import APIRoute

from domain.values import Value
from service.api.http import intake
from service.api.http.plain_routes import is_plain
from service.api.http.writing import WriteAnswer
from service.api.routers import ROUTERS
from tests import postgres
from tests.api.bodies import road
from tests.api.service import Service, new_code, running


def test_every_write_of_facts_is_answered_past_fastapi() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    writes = [
        route
        for route in routes
        if isinstance(route.response_model, type) and issubclass(route.response_model, WriteAnswer)
    ]
    assert len(writes) > 150
    assert [route.path for route in writes if not is_plain(route)] == []


class Lamp(Value):
    """A body."""

    name: str


def _of(request: Request) -> str:
    return request.url.path


async def _of_request(request: Request) -> str:
    return request.url.path


async def _of_query(request: Request, lit: bool = False) -> str:
    return f"{request.url.path} {lit}"


async def plain(
    lamp: Annotated[str, Path()], body: Lamp, place: Annotated[str, Depends(_of_request)]
) -> Response:
    """Endpoint that is answered past FastAPI."""
    return Response(f"{lamp} {body.name} {place}")


async def asks_query(body: Lamp, lit: Annotated[bool, Query()]) -> Response:
    """Endpoint with a parameter of the query."""
    return Response()


async def asks_header(body: Lamp, lit: Annotated[str, Header()]) -> Response:
    """Endpoint with a header."""
    return Response()


async def asks_more(body: Lamp, place: Annotated[str, Depends(_of_query)]) -> Response:
    """Endpoint with a dependency that asks for more than the request."""
    return Response()


async def asks_on_a_thread(body: Lamp, place: Annotated[str, Depends(_of)]) -> Response:
    """Endpoint with a dependency that does not wait."""
    return Response()


async def asks_twice(body: Lamp, other: Lamp) -> Response:
    """Endpoint with two bodies."""
    return Response()


async def asks_member(body: Annotated[Lamp, Body(embed=True)]) -> Response:
    """Endpoint whose body is a member of the one that is sent."""
    return Response()


async def may_go_without(body: Lamp | None = None) -> Response:
    """Endpoint whose body may be left out."""
    return Response()


async def sets_headers(body: Lamp, response: Response) -> Response:
    """Endpoint that asks for a response of FastAPI's."""
    return response


@pytest.mark.parametrize(
    "endpoint",
    [
        asks_query, asks_header, asks_more, asks_on_a_thread, asks_twice, asks_member, may_go_without, sets_headers,
    ],
)  # fmt: skip
def test_an_endpoint_that_asks_for_more_goes_fastapi_s_way(endpoint: Any) -> None:
    assert not is_plain(APIRoute("/lamps/{lamp}", endpoint, response_class=Response))
    assert is_plain(APIRoute("/lamps/{lamp}", plain, response_class=Response))


def test_an_endpoint_that_leaves_its_answer_to_fastapi_goes_its_way() -> None:
    assert not is_plain(APIRoute("/lamps/{lamp}", plain))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def by_fastapi(postgres_server: Any, migrated_template: str) -> AsyncIterator[Service]:
    """The service with every request to assets put before FastAPI, on a database of its own."""
    behind: set[str] = set()

    def never(route: APIRoute, handler: Any) -> Any:
        behind.add(route.path)
        return handler

    with postgres.fresh_database(postgres_server, migrated_template) as url:
        async with running(url) as one:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(intake, "plain", never)
                await one.post("/v1/assets", {})  # handlers are made at the first request
            assert {"/v1/assets", "/v1/assets/{asset}/status-reports"} <= behind
            yield one


LONG = "x" * 200
REPORT = {"state": "IDLE", "reportedOn": "2022-01-01"}
SENT: list[tuple[str, str, Any, dict[str, str]]] = [
    ("body without a member", "/v1/assets", {}, {}),
    ("member that nobody knows", "/v1/assets", {"card": {}, "colour": "red"}, {}),
    ("null", "/v1/assets", None, {}),
    ("list", "/v1/assets", [], {}),
    ("text", "/v1/assets", "asset", {}),
    ("nothing", "/v1/assets", b"", {}),
    ("amount that is a text", "/v1/assets", {"card": {**road(), "originalValue": "1"}}, {}),
    ("code of the path too long", f"/v1/assets/{LONG}/status-reports", {"report": REPORT}, {"If-Match": "1"}),
    ("code of the path with a space", "/v1/assets/A%20B/status-reports", {"report": REPORT}, {"If-Match": "1"}),
    ("no key, and the body wrong", "/v1/assets", {}, {"Idempotency-Key": ""}),
    ("media type with a character set", "/v1/assets", {}, {"Content-Type": "application/json; charset=utf-8"}),
    ("another media type", "/v1/assets", {}, {"Content-Type": "text/plain"}),
    ("asset that is not there", "/v1/assets/NONE/status-reports",
     {"report": REPORT}, {"If-Match": "1"}),
    ("body where none belongs", "/v1/assets/NONE/status-reports", {"report": {"state": 1}}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "headers"), [one[1:] for one in SENT], ids=[one[0] for one in SENT])
async def test_refusals_are_word_for_word_those_of_fastapi(
    service: Service, by_fastapi: Service, path: str, body: Any, headers: dict[str, str]
) -> None:
    answers = []
    for one in (service, by_fastapi):
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        given = {
            "Authorization": f"Bearer {one.tokens['clerk']}",
            "Idempotency-Key": "the-same",
            "Content-Type": "application/json",
            **headers,
        }
        answer = await one.http.post(path, content=content, headers=given)
        answers.append((answer.status_code, answer.json()))
    assert answers[0] == answers[1]
    assert answers[0][0] >= 400


async def test_what_is_recorded_is_the_same(service: Service, by_fastapi: Service) -> None:
    """But for the code, the place in the log and the time."""
    found = []
    for one in (service, by_fastapi):
        asset = new_code("P")
        given = {"Authorization": f"Bearer {one.tokens['clerk']}", "Idempotency-Key": asset}
        answer = await one.http.post("/v1/assets", json={"asset": asset, "card": road()}, headers=given)
        assert answer.status_code == 201
        assert answer.headers["etag"] == '"1"'
        body = answer.json()
        found.append(
            (body["resource"]["card"], body["version"], answer.headers["location"] == f"/v1/assets/{asset}")
        )
    assert found[0] == found[1]
