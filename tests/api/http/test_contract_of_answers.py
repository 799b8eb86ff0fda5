"""The tests' own ear: an answer that departs from the contract in any way is heard, and fails the test that was told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, Response

from tests import contract
from tests.api.service import Service

SHARED: dict[str, Any] = {
    "description": "refused",
    "headers": {"Vary": {"$ref": "#/components/headers/Vary"}},
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/v1/things/{thing}": {
            "get": {
                "responses": {
                    "200": {
                        "description": "ok",
                        "headers": {"ETag": {"schema": {"type": "string", "pattern": '^"[0-9]+"$'}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    },
                    "204": {"description": "none"},
                    "404": {"$ref": "#/components/responses/NotFound"},
                }
            }
        },
        "/v1/things/best": {"get": {"responses": {"204": {"description": "none"}}}},
    },
    "components": {
        "headers": {"Vary": {"schema": {"type": "string"}}},
        "responses": {"NotFound": SHARED},
        "schemas": {
            "Problem": {"type": "object", "required": ["code"]},
            "Thing": {
                "type": "object",
                "properties": {"bought": {"type": "string", "format": "date"}},
                "additionalProperties": False,
            },
        },
    },
}
JSON = {"content-type": "application/json; charset=utf-8"}
PROBLEM = {"content-type": "application/problem+json"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "heard"),
    [
        (200, JSON, b'{"bought":"2021-06-17"}', None),
        (200, JSON | {"etag": '"7"', "content-length": "2", "cache-control": "no-store"}, b"{}", None),
        (200, JSON, None, None),
        (200, JSON, b'{"bought":"2021-06-31"}', "body of 200 at bought"),
        (200, JSON, b'{"sold":"2021-06-17"}', "body of 200 at its root"),
        (200, JSON | {"etag": "7"}, b"{}", "header etag"),
        (200, JSON | {"x-more": "7"}, b"{}", "header x-more of 200 is not declared"),
        (200, {"content-type": "text/csv"}, b"{}", "media type text/csv of 200 is not declared"),
        (200, {}, b"", "a body of type none"),
        (201, JSON, b"{}", "status 201 is not declared"),
        (204, {}, b"", None),
        (204, JSON, b"{}", "a body of type application/json"),
        (404, PROBLEM | {"vary": "Accept-Language"}, b'{"code":"NOT_FOUND"}', None),
        (404, PROBLEM, b"{}", "body of 404 at its root"),
    ],
)
def test_each_way_to_depart_from_the_contract_is_heard(
    status: int, headers: dict[str, str], body: bytes | None, heard: str | None
) -> None:
    one = contract.Contract(DOCUMENT)
    operation = one.operation("GET", None, "/v1/things/7")
    assert operation is not None
    answer = contract.Answer("GET", "/v1/things/7", status, headers, body)
    found = list(one.departures(operation, answer))
    assert (len(found), found[0][: len(heard)]) == (1, heard) if heard else found == []


def test_an_operation_is_found_by_its_path() -> None:
    one = contract.Contract(DOCUMENT)
    assert one.operation("GET", None, "/v1/things/best") == "/paths/~1v1~1things~1best/get"
    assert one.operation("HEAD", None, "/v1/things/7") == "/paths/~1v1~1things~1{thing}/get"
    assert one.operation("POST", None, "/v1/things/7") is None
    assert one.operation("GET", "/v1/things/{thing}", "/v1/things/best") == "/paths/~1v1~1things~1{thing}/get"
    assert one.operation("GET", None, "/v1/others/7") is None


@pytest.fixture
def off_contract(service: Service) -> Iterator[None]:
    """The service with an operation that answers otherwise than it is declared."""
    router = APIRouter()

    async def answer_otherwise() -> Response:
        return Response(b'{"status":7}', media_type="application/json", headers={"X-More": "7"})

    router.add_api_route("/health/live", answer_otherwise, methods=["GET"])
    routes = service.app.router.routes
    before = list(routes)
    routes.insert(0, router.routes[0])
    yield
    routes[:] = before


async def test_what_a_running_service_answers_is_heard(service: Service, off_contract: None) -> None:
    answer = await service.http.get("/health/live")
    assert answer.json() == {"status": 7}
    heard = contract.take_noted()
    assert [one.partition(":")[0] for one in heard] == ["GET /health/live"] * 2, heard
    assert "header x-more of 200 is not declared" in heard[0]
    assert "body of 200 at status" in heard[1]
