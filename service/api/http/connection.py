"""A client's connection, and the bounds every connection keeps before anything is known of who sends.

uvicorn's own protocol waits for ever: for a head without end, for a body that trickles, for a reader who does not read.
Here heads are bounded in size and fields; head, body, idle time and stalled answers have their time; and connections are
counted, in sum and per address. When all places are taken, the connection that has waited longest for a request makes
room, so that idle connections never keep anybody out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any, Final

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from domain.refusals import refuse
from domain.regulation.wording import SERVICE
from service.api.http.addresses import network_of
from service.api.http.door import SAFE_HEADERS
from service.commands.problems import MEDIA_TYPE, status_of, worded_problem


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """Bounds of a connection. Sizes in bytes, times in seconds."""

    head_bytes: int = 32_768
    """Request line and headers."""
    head_fields: int = 100
    """Headers of one request."""
    head_seconds: float = 10.0
    """From the connection, or the first byte of a further request, to the end of the head."""
    body_seconds: float = 20.0
    """For a body, besides the time that its size takes at `body_rate`."""
    body_rate: int = 16_384
    """Bytes per second that a sender has to reach: about the slowest line a township has."""
    idle_seconds: int = 15
    """Between two requests on one connection."""
    unread_seconds: float = 60.0
    """How long answers may wait for a reader who takes nothing of them, all his pauses together; what he takes at
    `body_rate` gives him time back."""
    discarded_bytes: int = 1_048_576
    """How much of a body is still taken, and thrown away, after the answer was given without it."""
    discarded_seconds: float = 5.0
    """And for how long."""
    connections: int = 1_000
    """Connections in sum."""
    per_address: int = 200
    """Connections of one address: an office of some dozen people behind one has room."""


class OpenConnections:
    """The connections of one server: how many there are, whose, and which of them wait for a request."""

    def __init__(self, bounds: ConnectionBounds, proxies: Sequence[str] = ()) -> None:
        self.bounds = bounds
        self._proxies = [ip_network(one) for one in proxies]
        self._open: dict[BoundedConnection, str] = {}
        self._of_address: Counter[str] = Counter()
        self._waiting: dict[BoundedConnection, None] = {}

    def admit(self, connection: BoundedConnection, host: str) -> str | None:
        """Count a new connection. The code it is refused with, if it is."""
        address = network_of(host)
        if self._of_address[address] >= self.bounds.per_address and not self._is_proxy(host):
            return "TOO_MANY_REQUESTS"
        if len(self._open) >= self.bounds.connections and not self._make_room():
            return "SERVICE_BUSY"
        self._open[connection] = address
        self._of_address[address] += 1
        return None

    def waits(self, connection: BoundedConnection) -> None:
        """Mark the connection as one that waits for a request."""
        if connection in self._open:
            self._waiting[connection] = None

    def works(self, connection: BoundedConnection) -> None:
        """A request of it is under way."""
        self._waiting.pop(connection, None)

    def leave(self, connection: BoundedConnection) -> None:
        """Take the connection off the list."""
        self._waiting.pop(connection, None)
        address = self._open.pop(connection, None)
        if address is not None:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    def _make_room(self) -> bool:
        longest = next(iter(self._waiting), None)
        if longest is None:
            return False
        del self._waiting[longest]
        longest.transport.abort()
        return True

    def _is_proxy(self, host: str) -> bool:
        try:
            return any(ip_address(host) in network for network in self._proxies)
        except ValueError:
            return False


_PIECE: Final = 16_384
"""Bytes that are parsed before their bounds are looked at again."""


class _Reads(Enum):
    """Part of a request that the next bytes of a connection belong to."""

    HEAD = auto()
    BODY = auto()
    NOTHING = auto()
    """The last request is complete and the next one has not begun."""


class _Refused(Exception):  # noqa: N818  ends the parser's work on a request
    """A callback will not have the request."""


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection within bounds. Use as `partial(BoundedConnection, OpenConnections(bounds))`."""

    def __init__(self, others: OpenConnections, **options: Any) -> None:
        super().__init__(**options)
        self.bounds = others.bounds
        self._others = others
        self._reads = _Reads.HEAD
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._patience = self.bounds.unread_seconds
        self._stalled_since = 0.0
        self._unread = 0
        """Bytes that lay in the buffer when the client stalled."""
        self._heard = False
        self._head_size = 0
        self._unparsed = 0
        """Bytes that arrived since the parser last made anything of them."""
        self._body_size = 0
        self._body_time = 0.0
        self._code = "REQUEST_MALFORMED"

    # ---- the connection ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the original
        """Count the connection, or refuse it; the first request has its time."""
        super().connection_made(transport)
        refused = self._others.admit(self, self.client[0] if self.client else "")
        if refused is not None:
            self._refuse(refused)
            return
        self._others.waits(self)
        self._set_timer(self.bounds.head_seconds, self._head_too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything the connection had."""
        self._others.leave(self)
        self._set_timer(None)
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client takes nothing: for so long and no longer."""
        super().pause_writing()
        self._stalled_since = self.loop.time()
        self._unread = self.transport.get_write_buffer_size()
        self._stalled = self.loop.call_later(max(0.0, self._patience), self.transport.abort)

    def resume_writing(self) -> None:
        """The client takes again: he has taken nearly all that lay in the buffer."""
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
            self._patience += self._unread / self.bounds.body_rate - (self.loop.time() - self._stalled_since)
            self._patience = min(self._patience, self.bounds.unread_seconds)
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Parse what arrived; refuse what is malformed or grows without end, and time what is incomplete."""
        self._heard = True
        for start in range(0, len(data), _PIECE):
            self._feed(data[start : start + _PIECE])
            if self.transport.is_closing():
                return
        if self._timer is None and self._reads is _Reads.HEAD:
            self._set_timer(self.bounds.head_seconds, self._head_too_slow)
        elif self._timer is None and self._reads is _Reads.BODY:
            self._watch_body()

    def _feed(self, piece: bytes) -> None:
        self._unparsed += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False  # no other protocol is spoken here: the answer is the end
        except httptools.HttpParserError:
            self._refuse(self._code)
        if self._unparsed > self.bounds.head_bytes and self._reads is not _Reads.NOTHING:
            self._refuse("HEAD_TOO_LARGE" if self._reads is _Reads.HEAD else "REQUEST_MALFORMED")

    def _set_timer(self, seconds: float | None, then: Callable[[], None] | None = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None and then is not None:
            self._timer = self.loop.call_later(seconds, then)

    # ---- the head ---------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A further request begins: the connection is not idle any more."""
        self._unset_keepalive_if_required()
        self._reads = _Reads.HEAD
        self._head_size = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the request line."""
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header. After the head it would be a trailer, which nobody here asks for."""
        if self._reads is not _Reads.HEAD:
            raise _Refused
        self._count_head(len(name) + len(value) + 4)
        super().on_header(name, value)
        if len(self.headers) > self.bounds.head_fields:
            self._code = "HEAD_TOO_LARGE"
            raise _Refused

    def _count_head(self, size: int) -> None:
        self._head_size += size
        self._unparsed = 0
        if self._head_size > self.bounds.head_bytes:
            self._code = "HEAD_TOO_LARGE"
            raise _Refused

    def _head_too_slow(self) -> None:
        if self._heard:
            self._refuse("REQUEST_TOO_SLOW")
        else:
            self.transport.close()  # it was opened in advance, as browsers do

    # ---- the body ---------------------------------------------------------------------------------------------------

    def on_headers_complete(self) -> None:
        """The request is known and can begin."""
        super().on_headers_complete()
        self._set_timer(None)
        self._others.works(self)
        self._reads = _Reads.BODY
        self._unparsed = self._body_size = 0
        self._body_time = 0.0

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._unparsed = 0
        self._body_size += len(body)
        if self.cycle.response_complete and self._body_size > self.bounds.discarded_bytes:
            raise _Refused
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._set_timer(None)
        self._reads = _Reads.NOTHING
        self._unparsed = 0
        super().on_message_complete()
        if self.cycle.response_complete:
            self._waits()

    def _watch_body(self) -> None:
        """Look every second whether the body comes fast enough. Time in which nobody reads it is not the sender's."""
        allowed = self.bounds.body_seconds + self._body_size / self.bounds.body_rate
        if self._body_time > allowed:
            self._refuse("REQUEST_TOO_SLOW")
            return
        step = min(1.0, self.bounds.body_seconds)
        if not (self.flow.read_paused or self.cycle.waiting_for_100_continue):
            self._body_time += step
        self._set_timer(step, self._watch_body)

    # ---- the answer -------------------------------------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """The answer was given. What is left of the body is thrown away for a while, so that the answer is read."""
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self._reads is _Reads.BODY:
            self._unset_keepalive_if_required()
            self._body_size = 0
            self._set_timer(self.bounds.discarded_seconds, self.transport.close)
        elif self._reads is _Reads.NOTHING and not self.pipeline:
            self._waits()

    def _waits(self) -> None:
        """For the next request, which has its time."""
        self._others.waits(self)
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _refuse(self, code: str) -> None:
        """End the connection, with an answer if none is under way."""
        if self.transport.is_closing():
            return
        cycle = self.cycle
        answered = cycle is not None and cycle.response_complete
        if cycle is None or (answered and self._reads is _Reads.HEAD):
            may_answer = True
        else:
            may_answer = self._reads is _Reads.BODY and not (cycle.response_started or self.pipeline)
        if may_answer:
            self.transport.write(_answer(code))
        self.transport.close()


@cache
def _answer(code: str) -> bytes:
    """A refusal that is given before a request is known: in Chinese, as nobody could ask for English yet."""
    refusal = refuse(code)
    body = orjson.dumps(worded_problem(SERVICE, refusal))
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-language", b"zh-CN"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        *((b"retry-after", b"1") for _ in range(status_of(refusal) in {429, 503})),
        *SAFE_HEADERS,
    ]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return STATUS_LINE[status_of(refusal)] + lines + b"\r\n" + body


BOUNDS: Final = ConnectionBounds()
"""The bounds of a service."""
