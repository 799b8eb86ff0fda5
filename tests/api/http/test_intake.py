"""The gate of bodies: who is not known, or may not, is told so before a byte is read; what is read is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from fastapi import Request

from domain.refusals import Refusal
from service.api.http.intake import MAX_BODY_BYTES, MAX_LINES_BYTES, BodyRoom, sender_key
from service.api.http.lines import MAX_ITEMS
from service.commands.authorization import ACTIONS, Role
from tests.api.bodies import road
from tests.api.matrix import ROUTES
from tests.api.service import Service, new_code

WRITES = sorted((method, path) for method, path in ROUTES if method != "GET")


async def answer_without_body(
    service: Service, method: str, path: str, headers: dict[str, str], host: str = "127.0.0.1"
) -> tuple[int, str]:
    """Status and code of the answer to a request whose body must not be asked for."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError(f"{method} {path}: the body was asked for")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": (host, 4711),
        "server": ("taizhang", 80),
    }
    await service.app(scope, receive, send)
    return sent[0]["status"], orjson.loads(sent[1]["body"])["code"]


def body_headers(media_type: str = "application/json", size: int = 500) -> dict[str, str]:
    return {"Host": "taizhang", "Content-Type": media_type, "Content-Length": str(size)}


def concrete(path: str) -> str:
    return path.replace("{", "").replace("}", "")


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_body_of_unknown_sender_is_never_read(service: Service, method: str, path: str) -> None:
    headers = body_headers()
    unknown = await answer_without_body(service, method, concrete(path), headers)
    assert unknown == (401, "CREDENTIAL_REQUIRED")
    headers["Authorization"] = "Bearer tzk_000000000000.x"
    host = f"10.0.0.{WRITES.index((method, path))}"  # wrong keys of one address are slowed down
    wrong = await answer_without_body(service, method, concrete(path), headers, host)
    assert wrong == (401, "CREDENTIAL_INVALID")


EVERYBODYS = {"session.own"}
"""Actions of whoever is known: there is no sender without a right."""


@pytest.mark.parametrize(("method", "path"), [one for one in WRITES if ROUTES[one] not in EVERYBODYS])
async def test_body_of_sender_without_right_is_never_read(service: Service, method: str, path: str) -> None:
    permission = ACTIONS[ROUTES[method, path]]
    assert Role.READER not in permission.roles - permission.of_households, (
        "no write is open to a unit's readers"
    )
    status, code = await answer_without_body(
        service, method, concrete(path), body_headers() | service.headers("reader")
    )
    assert (status, code) in {(403, "ROLE_NOT_ALLOWED"), (403, "ROLE_READ_ONLY")}


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/nowhere"), ("POST", "/v1/notices/x"), ("PUT", "/v1/assets")]
)
async def test_body_for_a_route_that_is_not_there_is_never_read(
    service: Service, method: str, path: str
) -> None:
    status, code = await answer_without_body(service, method, path, body_headers())
    assert (status, code) in {(404, "NOT_FOUND"), (405, "METHOD_NOT_ALLOWED")}


@pytest.mark.parametrize(
    ("path", "media_type", "size", "status", "code"),
    [
        ("/v1/assets", "application/json", MAX_BODY_BYTES + 1, 413, "BODY_TOO_LARGE"),
        ("/v1/assets", "application/json", 10**20, 413, "BODY_TOO_LARGE"),
        ("/v1/assets", "text/plain", 5, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("/v1/assets/bulk", "application/json", 8_388_609, 413, "BODY_TOO_LARGE"),
        ("/v1/assets/bulk", "application/x-ndjson", MAX_LINES_BYTES + 1, 413, "BODY_TOO_LARGE"),
        ("/v1/assets/bulk", "text/csv", 5, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("/v1/imports", "text/csv", 33_554_433, 413, "BODY_TOO_LARGE"),
        ("/v1/imports", "application/json", 5, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
async def test_body_too_large_or_of_another_kind_is_refused_unread(
    service: Service, path: str, media_type: str, size: int, status: int, code: str
) -> None:
    headers = body_headers(media_type, size) | service.headers("clerk")
    assert await answer_without_body(service, "POST", path, headers) == (status, code)


@pytest.mark.parametrize("size", [MAX_BODY_BYTES, MAX_BODY_BYTES + 1])
async def test_body_of_unsaid_size_is_bounded_while_it_arrives(service: Service, size: int) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'"'
        for start in range(0, size - 2, 65_536):
            yield b"x" * min(65_536, size - 2 - start)
        yield b'"'

    headers = service.headers("clerk", Idempotency_Key=new_code("key"), Content_Type="application/json")
    answer = await service.http.post("/v1/assets", content=pieces(), headers=headers)
    expected = (422, "FIELD_INVALID") if size <= MAX_BODY_BYTES else (413, "BODY_TOO_LARGE")
    assert (answer.status_code, answer.json()["code"]) == expected


# ---- room -----------------------------------------------------------------------------------------------------------


def code_of_holding(room: BodyRoom, sender: str, size: int) -> str | None:
    try:
        with room.holding(sender, size):
            return None
    except Refusal as refusal:
        return refusal.code


def test_room_one_sender_gets_his_share_and_no_more() -> None:
    room = BodyRoom(total=100, per_sender=40)
    with room.holding("a", 39):
        assert code_of_holding(room, "a", 1) is None
        assert code_of_holding(room, "a", 2) == "TOO_MANY_REQUESTS"
        assert code_of_holding(room, "b", 40) is None
    assert code_of_holding(room, "a", 40) is None
    assert code_of_holding(room, "a", 41) == "TOO_MANY_REQUESTS"


def test_sender_is_the_network_that_one_subscriber_has() -> None:
    """Not each of the 2^64 addresses in it: they would have a share each."""

    def sender(host: str) -> str:
        return sender_key(Request({"type": "http", "client": (host, 4711), "headers": []}))

    assert sender("2001:db8:1:2::1") == sender("2001:db8:1:2:ffff::9") != sender("2001:db8:1:3::1")
    assert sender("::ffff:10.1.2.3") == sender("10.1.2.3") != sender("10.1.2.4")


def test_room_all_senders_together_get_the_whole_and_no_more() -> None:
    room = BodyRoom(total=100, per_sender=40)
    with room.holding("a", 40), room.holding("b", 40):
        assert code_of_holding(room, "c", 20) is None
        assert code_of_holding(room, "c", 21) == "SERVICE_BUSY"
    assert room.taken == 0


async def test_large_bodies_of_one_sender_do_not_crowd_each_other_or_ordinary_requests(
    service: Service,
) -> None:
    """One large body is under way: a second of the same key is put off, an ordinary request of it is served."""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield orjson.dumps({"asset": new_code("N"), "card": road()})
        arrived.set()
        await go_on.wait()

    def bulk(content: Any, who: str = "clerk") -> Any:
        headers = service.headers(who, Idempotency_Key=new_code("k"), Content_Type="application/x-ndjson")
        return service.http.post("/v1/assets/bulk", content=content, headers=headers)

    first = asyncio.create_task(bulk(slowly()))
    await arrived.wait()
    second = await bulk(b"{}" * MAX_BODY_BYTES)
    assert (second.status_code, second.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert second.headers["retry-after"]
    assert (await service.post("/v1/assets", {"card": road()})).status_code == 201
    another = await bulk(b"{}\n" * MAX_BODY_BYTES, "village")
    assert (another.status_code, another.json()["code"]) == (413, "TOO_MANY_ITEMS")
    go_on.set()
    done = await first
    assert (done.status_code, done.json()["created"]) == (200, 1)
    assert service.app.state.bodies.large.taken == 0


# ---- lines ----------------------------------------------------------------------------------------------------------


async def send_lines(
    service: Service, content: bytes, media_type: str = "application/x-ndjson"
) -> httpx.Response:
    headers = service.headers("clerk", Idempotency_Key=new_code("k"), Content_Type=media_type)
    return await service.http.post("/v1/assets/bulk?atomicity=all", content=content, headers=headers)


@pytest.mark.parametrize("count", [MAX_ITEMS, MAX_ITEMS + 1])
async def test_lines_at_their_bound(service: Service, count: int) -> None:
    expected = (409, "BATCH_ROLLED_BACK") if count <= MAX_ITEMS else (413, "TOO_MANY_ITEMS")
    for content, media_type in (
        (b"1\n" * count, "application/x-ndjson"),
        (b"[1" + b",1" * (count - 1) + b"]", "application/json"),
    ):
        answer = await send_lines(service, content, media_type)
        assert (answer.status_code, answer.json()["code"]) == expected


async def test_lines_that_are_empty_are_bounded_too(service: Service) -> None:
    few = await send_lines(service, b"\n" * 2 * MAX_ITEMS)
    assert (few.status_code, few.json()["code"]) == (400, "BODY_REQUIRED")
    many = await send_lines(service, b"\n" * (2 * MAX_ITEMS + 1))
    assert (many.status_code, many.json()["code"]) == (413, "TOO_MANY_ITEMS")


async def test_line_longer_than_a_request_is_refused_like_one(service: Service) -> None:
    answer = await send_lines(service, b"\n" + b"1" * (MAX_BODY_BYTES + 1) + b"\n" + b"1" * 9)
    assert [(one["line"], one["problem"]["code"]) for one in answer.json()["items"]] == [
        (2, "BODY_TOO_LARGE"),
        (3, "FIELD_INVALID"),
    ]
