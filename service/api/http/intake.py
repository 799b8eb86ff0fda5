"""The gate every body passes: who may not send one is told so before it is read, who may is held to its bounds.

A route first asks whether the sender may use it at all, and refuses query parameters it does not know. Only then its
body is read: not larger than the route takes, and only while the bodies of all requests together leave room. JSON is
checked for what parsers silently forgive, parsed once and handed on; large texts are parsed beside the event loop. Newline-delimited bodies are only bounded here: their
lines are checked one by one by the route that takes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, ClassVar, Final, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.refusals import refuse
from service.admission import RoomBounds, WaitingRoom, acting_for
from service.api.http.addresses import sender_of
from service.api.http.plain_routes import plain
from service.api.http.query_names import QueryNames
from service.api.http.sealed_bodies import masked
from service.api.http.strict_json import parse
from service.commands.actor import Actor
from service.commands.problems import ACTOR
from service.pace import commanding
from service.shares import Share, at_work, working

MAX_BODY_BYTES: Final = 1_048_576
"""Largest body of an ordinary request."""
MAX_ARRAY_BYTES: Final = 8_388_608
"""Largest JSON array of a bulk request. It is parsed in one go; what is larger comes as lines."""
MAX_LINES_BYTES: Final = 67_108_864
"""Largest newline-delimited body of a bulk request."""
MAX_SHEET_BYTES: Final = 33_554_432
"""Largest spreadsheet."""
PARSED_HERE_BYTES: Final = 16_384
"""Up to so many bytes of JSON are parsed on the event loop (0.1 ms); more of them beside it."""

JSON: Final = "application/json"
LINES: Final = frozenset({"application/x-ndjson", "application/jsonl"})
SHEETS: Final = frozenset(
    {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel",
        "application/vnd.ms-excel.sheet.macroEnabled.12",
        "application/vnd.oasis.opendocument.spreadsheet",
        "text/csv",
        "application/octet-stream",
    }
)
"""Spreadsheets; what they really are is told by their bytes."""

COMMANDS: Final = RoomBounds(at_once=512, per_key=256)
"""Commands under way."""
QUESTIONS: Final = RoomBounds(
    at_once=256, per_key=48, waiting=256, waiting_per_key=96, wait_seconds=5.0, again_seconds=2
)
"""Questions under way. An office behind one key, a page that asks twenty things at once: they wait their turn.
Whoever waits for an operation to end has a place too, and no connection."""

EXAMINATIONS: Final = RoomBounds(
    at_once=2, per_key=1, waiting=8, waiting_per_key=1, wait_seconds=10.0, again_seconds=5
)
"""Histories that are judged again."""

UPLOADS: Final = RoomBounds(
    at_once=6, per_key=2, waiting=24, waiting_per_key=6, wait_seconds=20.0, again_seconds=10
)
"""Papers that are taken in. Each holds some hundred kilobytes; a slow line holds a place as long as its time allows."""
DOWNLOADS: Final = RoomBounds(
    at_once=24, per_key=6, waiting=48, waiting_per_key=24, wait_seconds=10.0, again_seconds=5
)
"""Papers that are sent."""

_PARSED: Final = "taizhang.json"


def media_type(request: Request) -> str:
    """The body's media type without parameters, in lower case; "" when none was named."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


# ---- room for bodies ------------------------------------------------------------------------------------------------


class BodyRoom:
    """Memory for the bodies of requests under way: so much for all senders together, so much for one of them."""

    def __init__(self, total: int, per_sender: int) -> None:
        self.total = total
        self.per_sender = per_sender
        self.taken = 0
        self._of_sender: dict[str, int] = {}

    @contextmanager
    def holding(self, sender: str, size: int) -> Iterator[None]:
        """Room for a body; TOO_MANY_REQUESTS when the sender has taken his share, SERVICE_BUSY when all is taken."""
        if self._of_sender.get(sender, 0) + size > self.per_sender:
            raise refuse("TOO_MANY_REQUESTS")
        if self.taken + size > self.total:
            raise refuse("SERVICE_BUSY")
        self._count(sender, size)
        try:
            yield
        finally:
            self._count(sender, -size)

    def _count(self, sender: str, size: int) -> None:
        self.taken += size
        self._of_sender[sender] = self._of_sender.get(sender, 0) + size
        if not self._of_sender[sender]:
            del self._of_sender[sender]


class Bodies:
    """The rooms of one application. Large bodies have one of their own, so that they never hold up ordinary requests."""

    def __init__(self) -> None:
        self.ordinary = BodyRoom(64 * MAX_BODY_BYTES, 16 * MAX_BODY_BYTES)
        self.large = BodyRoom(2 * MAX_LINES_BYTES, MAX_LINES_BYTES)
        self.parsing = asyncio.Semaphore(1)
        """Large texts are parsed one at a time: each may become twenty times its size."""

    def room_for(self, size: int) -> BodyRoom:
        """Where a body of this size is held."""
        return self.ordinary if size <= MAX_BODY_BYTES else self.large

    async def parsed(self, body: bytes) -> Any:
        """JSON, parsed where it holds up nobody."""
        if len(body) <= PARSED_HERE_BYTES:
            return parse(body)
        if len(body) <= MAX_BODY_BYTES:
            return await asyncio.to_thread(parse, body)
        async with self.parsing:
            return await asyncio.to_thread(parse, body)


def bodies_of(request: Request) -> Bodies:
    """The rooms of the application that answers this request."""
    return cast("Bodies", request.app.state.bodies)


# ---- the gate -------------------------------------------------------------------------------------------------------


class IntakeRoute(APIRoute):
    """A route that asks who sends a request before it reads what he sends, and takes its JSON from the gate."""

    LIMITS: ClassVar[Mapping[str, int]] = {JSON: MAX_BODY_BYTES}
    """Media types of an ordinary body with their largest size."""
    STREAMED: ClassVar[bool] = False
    """Whether its endpoint reads the body itself, piece by piece, in a room of its own."""

    async def admit(self, request: Request) -> None:
        """Refuse whoever may not use this route; nothing of the body has been read."""

    async def find(self, request: Request) -> None:
        """Look up what the request is about, where that is to be known before its body is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler, or what stands in its place where the endpoint is plain."""
        handler = plain(self, super().get_route_handler())
        described = limits_of(self.openapi_extra)
        limits, parsed = described or self.LIMITS, not described
        names = QueryNames.of(self)

        async def handle(request: Request) -> Response:
            await self.admit(request)
            names.check(request)
            await self.find(request)
            if at_work() is Share.HEALTH:
                return await handler(request)  # it is asked about the rooms too
            admission = admission_of(request)
            with acting_for(sender_key(request)):
                if request.method == "GET":
                    async with admission.questions.place():
                        return await masked(request, await while_there(request, handler(request)))
                if self.STREAMED:
                    _require_type(request, limits)
                    async with admission.uploads.place():
                        with working(Share.PAPERS):
                            return await handler(request)
                async with _taken_in(request, limits, parsed=parsed) as taken, admission.commands.place():
                    with commanding():
                        return await masked(request, await handler(taken))

        return handle


class Admission:
    """Room for the requests that one application answers at a time. What is slow has narrower rooms of its own behind
    these.
    """

    def __init__(self, commands: RoomBounds = COMMANDS, questions: RoomBounds = QUESTIONS) -> None:
        self.commands = WaitingRoom(commands)
        self.questions = WaitingRoom(questions)
        self.examinations = WaitingRoom(EXAMINATIONS)
        self.uploads = WaitingRoom(UPLOADS)
        self.downloads = WaitingRoom(DOWNLOADS)


def admission_of(request: Request) -> Admission:
    """The admission of the application that answers this request."""
    return cast("Admission", request.app.state.admission)


async def while_there(request: Request, answering: Coroutine[Any, Any, Response]) -> Response:
    """The answer to a question, unless whoever asked goes away: then it is given up, its statement in the database too."""
    answer, gone = asyncio.ensure_future(answering), asyncio.ensure_future(_disconnect(request))
    try:
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise ClientDisconnect
        return answer.result()
    finally:
        for task in (answer, gone):
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))


async def _disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def limits_of(described: Mapping[str, Any] | None) -> dict[str, int]:
    """The media types that a route describes beside JSON, with their largest sizes; empty: it takes ordinary JSON."""
    content = (described or {}).get("requestBody", {}).get("content", {})
    limits: dict[str, int] = {}
    for name in content:
        if name in LINES:
            limits |= dict.fromkeys(LINES, MAX_LINES_BYTES)
        else:
            limits[name] = MAX_ARRAY_BYTES if name == JSON else MAX_SHEET_BYTES
    return limits


class ParsedRequest(Request):
    """A request whose body was read, and parsed where an endpoint takes it as JSON."""

    def __init__(self, request: Request, body: bytes) -> None:
        super().__init__(request.scope, request.receive)
        self._body = body

    async def json(self) -> Any:
        """The parsed body."""
        return self.scope.get(_PARSED)


@asynccontextmanager
async def _taken_in(
    request: Request, limits: Mapping[str, int], *, parsed: bool
) -> AsyncIterator[ParsedRequest]:
    """The request with its body; BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, BODY_MALFORMED, BODY_TOO_DEEP."""
    given = media_type(request)
    expected = _expected(request, limits.get(given, MAX_BODY_BYTES))
    if expected:
        _require_type(request, limits)
    bodies = bodies_of(request)
    with bodies.room_for(expected).holding(sender_key(request), expected):
        body = await _read(request, expected)
        if body and parsed:
            request.scope[_PARSED] = await bodies.parsed(body)
        yield ParsedRequest(request, body)


def _require_type(request: Request, limits: Mapping[str, int]) -> None:
    """UNSUPPORTED_MEDIA_TYPE for a body of a type that the route does not take."""
    given = media_type(request)
    if given not in limits:
        raise refuse("UNSUPPORTED_MEDIA_TYPE", given=given or "-", accepted="、".join(sorted(limits)))


def _expected(request: Request, limit: int) -> int:
    """The size a body is said to have, else the largest it may have; BODY_TOO_LARGE."""
    if "transfer-encoding" in request.headers:
        return limit
    declared = request.headers.get("content-length", "0")
    if not (declared.isascii() and declared.isdigit()):
        raise refuse("BODY_MALFORMED", reason="请求头 Content-Length 有误 / Content-Length")
    if len(declared) > 12 or int(declared) > limit:
        raise refuse("BODY_TOO_LARGE", limit=limit)
    return int(declared)


async def _read(request: Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise refuse("BODY_TOO_LARGE", limit=limit)
        chunks.append(chunk)
    return b"".join(chunks)


def sender_key(request: Request) -> str:
    """Sender whose share of the rooms a request takes: the credential's, else the address's."""
    actor: Actor | None = request.scope.get(ACTOR)
    if actor is not None and actor.kind != "public":
        return actor.id
    return sender_of(request.scope)


def admitted(request: Request) -> Actor:
    """Who was let in at the gate."""
    return cast("Actor", request.scope[ACTOR])


def let_in(request: Request, actor: Actor) -> None:
    """Note who sends the request, once it is known."""
    request.scope[ACTOR] = actor


# ---- HEAD -----------------------------------------------------------------------------------------------------------


class HeadAsGet:
    """ASGI middleware: HEAD is a GET whose body nobody wants."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask as GET and leave out the body."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            await self._app({**scope, "method": "GET"}, receive, _without_body(send))
        else:
            await self._app(scope, receive, send)


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head
