"""The gate every request passes first: who is too big, too deep or not JSON goes no further.

Bodies are read once, bounded while they arrive, checked for what JSON parsers silently forgive (a name given twice in
one object, endless nesting), parsed once, and handed on. Newline-delimited bodies are only bounded here: their lines
are checked one by one by the route that takes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.refusals import Refusal, refuse
from service.commands.problems import problem_response

MAX_BODY_BYTES: Final = 1_048_576
"""Largest body of an ordinary request."""
MAX_ARRAY_BYTES: Final = 8_388_608
"""Largest JSON array of a bulk request. It is parsed in one go; what is larger comes as lines."""
MAX_LINES_BYTES: Final = 67_108_864
"""Largest newline-delimited body of a bulk request."""
MAX_SHEET_BYTES: Final = 33_554_432
"""Largest spreadsheet."""
MAX_DEPTH: Final = 24
"""Deepest nesting of objects and arrays in a body."""

JSON: Final = "application/json"
LINES: Final = frozenset({"application/x-ndjson", "application/jsonl"})
SHEETS: Final = frozenset(
    {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "text/csv",
        "application/octet-stream",
    }
)
"""Spreadsheets; what they really are is told by their bytes."""
IMPORTS: Final = "/v1/imports"
"""The one path that takes them."""

_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKET: Final = bytes(sorted(set(range(256)) - set(b"[]{}")))
_PARSED: Final = "taizhang.json"


def parse(text: bytes) -> Any:
    """JSON as this service takes it; BODY_MALFORMED or BODY_TOO_DEEP.

    Outside strings every colon belongs to one member of one object. A parser keeps the last of two members with one
    name, so fewer members than colons mean that a name was given twice.
    """
    structure = _STRINGS.sub(b"", text)
    if depth_of(structure) > MAX_DEPTH:
        raise refuse("BODY_TOO_DEEP", limit=MAX_DEPTH)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise refuse("BODY_MALFORMED", reason=str(error)) from error
    if structure.count(b":") != _members(value):
        raise refuse("BODY_MALFORMED", reason="a name stands twice in one object")
    return value


def depth_of(structure: bytes) -> int:
    """How deep a JSON text without its strings nests, counted at most one beyond `MAX_DEPTH`."""
    brackets = structure.translate(None, _NO_BRACKET)
    depth = deepest = 0
    for bracket in brackets:
        if bracket in b"[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > MAX_DEPTH:
                break
        else:
            depth -= 1
    return deepest


def _members(value: Any) -> int:
    if type(value) is dict:
        return len(value) + sum(_members(item) for item in value.values() if type(item) in {dict, list})
    if type(value) is list:
        return sum(_members(item) for item in value if type(item) in {dict, list})
    return 0


def media_type(request: Request) -> str:
    """The body's media type without parameters, in lower case; "" when none was named."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


class Intake:
    """ASGI middleware around the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read and check the body of a write, then pass on. HEAD is a GET whose body nobody wants."""
        if scope["type"] != "http" or scope["method"] in {"GET", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            await self._app({**scope, "method": "GET"}, receive, _without_body(send))
            return
        request = Request(scope, receive)
        try:
            body = await _read(request)
            if body:
                _check(request, body)
        except ClientDisconnect:
            return
        except Refusal as refusal:
            await problem_response(request, refusal)(scope, receive, send)
            return
        delivered = False

        async def replay() -> Message:
            nonlocal delivered
            if delivered:
                return await receive()
            delivered = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head


async def _read(request: Request) -> bytes:
    limit = MAX_BODY_BYTES
    if request.url.path.endswith("/bulk"):
        limit = MAX_LINES_BYTES if media_type(request) in LINES else MAX_ARRAY_BYTES
    elif request.url.path == IMPORTS:
        limit = MAX_SHEET_BYTES
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise refuse("BODY_TOO_LARGE", limit=limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise refuse("BODY_TOO_LARGE", limit=limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _check(request: Request, body: bytes) -> None:
    given = media_type(request)
    if request.url.path == IMPORTS:
        if given not in SHEETS:
            raise refuse("UNSUPPORTED_MEDIA_TYPE", given=given or "-", accepted="、".join(sorted(SHEETS)))
    elif given == JSON:
        request.scope[_PARSED] = parse(body)
    elif given not in LINES or not request.url.path.endswith("/bulk"):
        raise refuse("UNSUPPORTED_MEDIA_TYPE", given=given or "-", accepted=JSON)


class ParsedRequest(Request):
    """A request whose JSON was parsed at the gate."""

    async def json(self) -> Any:
        """The parsed body."""
        return self.scope.get(_PARSED)


class IntakeRoute(APIRoute):
    """A route that takes its JSON from the gate instead of parsing it again."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(ParsedRequest(request.scope, request.receive))

        return handle
