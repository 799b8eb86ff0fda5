"""The server against clients that never finish, never read, never go: real sockets, a real process, small bounds."""

from __future__ import annotations

import json
import resource
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import pytest

from service.api.http.intake import MAX_LINES_BYTES
from tests.api.process import killable, served

PATIENCE = 60.0
"""Seconds a test waits for what the server does after one; the machine may be busy."""
BOUNDS = {
    "head_bytes": 4_096,
    "head_fields": 20,
    "head_seconds": 1.0,
    "body_seconds": 1.0,
    "body_rate": 1_000,
    "idle_seconds": 1,
    "unread_seconds": 1.0,
    "discarded_bytes": 100_000,
    "discarded_seconds": 1.0,
}
LIVE = b"GET /health/live HTTP/1.1\r\nHost: taizhang\r\n"


class Client:
    """One connection, byte by byte."""

    def __init__(self, url: str, *, receive_buffer: int | None = None) -> None:
        place = urlsplit(url)
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect((place.hostname, place.port))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """Whether the server still takes it."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def everything(self) -> bytes:
        """What the server says until it closes; fails when it does not close."""
        said = b""
        try:
            while piece := self.socket.recv(65_536):
                said += piece
        except ConnectionResetError:
            pass
        return said

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """One answer of a connection that goes on: status, headers, body."""
        said = b""
        while b"\r\n\r\n" not in said:
            piece = self.socket.recv(65_536)
            assert piece, f"closed after {said!r}"
            said += piece
        head, _, body = said.partition(b"\r\n\r\n")
        status, headers = parsed(head)
        while len(body) < int(headers["content-length"]):
            body += self.socket.recv(65_536)
        return status, headers, body

    def trickle(self, byte: bytes = b"x", every: float = 0.2) -> bytes:
        """Send one byte after another until the server closes; what it says."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            readable, _, _ = select.select([self.socket], [], [], every)
            if readable or not self.send(byte):
                return self.everything()
        raise AssertionError("the server takes byte after byte without end")


def parsed(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]), dict(line.lower().split(": ", 1) for line in lines)


def status_and_code(said: bytes) -> tuple[int, str]:
    """Of a refusal that was given before a request was known: complete, and safe like every answer."""
    head, _, body = said.partition(b"\r\n\r\n")
    assert head, "closed without a word"
    status, headers = parsed(head)
    assert headers["content-type"] == "application/problem+json"
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert (headers["referrer-policy"], headers["connection"]) == ("no-referrer", "close")
    assert len(body) == int(headers["content-length"])
    problem = json.loads(body)
    assert problem["status"] == status
    return status, problem["code"]


@pytest.fixture(scope="module")
def bounded(module_database_url: str) -> Iterator[tuple[str, str]]:
    """(url, token) of a server with small bounds."""
    with served(module_database_url, bounds=BOUNDS) as found:
        yield found


def post(token: str | None, *headers: bytes, path: bytes = b"/v1/assets") -> bytes:
    known = b"" if token is None else b"Authorization: Bearer %b\r\n" % token.encode()
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"POST %b HTTP/1.1\r\nHost: taizhang\r\nContent-Type: application/json\r\n%b%b\r\n" % (
        path,
        known,
        lines,
    )


# ---- heads ----------------------------------------------------------------------------------------------------------


def test_connection_with_a_request_is_answered(bounded: tuple[str, str]) -> None:
    with Client(bounded[0]) as client:
        for _ in range(3):
            client.send(LIVE + b"\r\n")
            assert client.answer()[0] == 200


def test_requests_sent_at_once_are_answered_in_their_order(bounded: tuple[str, str]) -> None:
    with Client(bounded[0]) as client:
        client.send(
            (LIVE + b"\r\n" + post(None, b"Content-Length: 3") + b"abc") * 40 + b"GET /nowhere HTTP/1.1\r\n"
        )
        client.send(b"Host: taizhang\r\nConnection: close\r\n\r\n")
        said = client.everything()
        statuses = [int(answer[:3]) for answer in said.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [200, 401] * 40 + [404]


@pytest.mark.parametrize("start", [LIVE + b"X: ", b"GET /", LIVE + b"X-", b"\r\n", LIVE + b"X: y\r\n" * 5])
def test_head_without_end_is_cut_off(bounded: tuple[str, str], start: bytes) -> None:
    with Client(bounded[0]) as client:
        client.send(start)
        sent = 0
        while sent < 50_000_000 and client.send(b"\r\n" * 4_096 if start == b"\r\n" else b"y" * 8_192):
            sent += 8_192
        assert sent < 50_000_000
    with Client(bounded[0]) as client:
        client.send(start + b"y" * 40_000)
        assert status_and_code(client.everything()) in {(431, "HEAD_TOO_LARGE"), (400, "REQUEST_MALFORMED")}


@pytest.mark.parametrize(("over", "expected"), [(-1, 200), (0, 200), (1, 431)])
def test_head_size_at_its_bound(bounded: tuple[str, str], over: int, expected: int) -> None:
    counted = len(b"/health/live") + len(b"Host" + b"taizhang") + 4 + len(b"X") + 4
    with Client(bounded[0]) as client:
        client.send(LIVE + b"X: " + b"y" * (BOUNDS["head_bytes"] - counted + over) + b"\r\n\r\n")  # type: ignore[operator]
        if expected == 200:
            assert client.answer()[0] == 200
        else:
            assert status_and_code(client.everything()) == (431, "HEAD_TOO_LARGE")


@pytest.mark.parametrize(("fields", "expected"), [(19, 200), (20, 200), (21, 431)])
def test_head_fields_at_their_bound(bounded: tuple[str, str], fields: int, expected: int) -> None:
    with Client(bounded[0]) as client:
        client.send(LIVE + b"X: y\r\n" * (fields - 1) + b"\r\n")
        if expected == 200:
            assert client.answer()[0] == 200
        else:
            assert status_and_code(client.everything()) == (431, "HEAD_TOO_LARGE")


def test_head_that_trickles_ends_in_time(bounded: tuple[str, str]) -> None:
    with Client(bounded[0]) as client:
        client.send(LIVE + b"X: ")
        assert status_and_code(client.trickle()) == (408, "REQUEST_TOO_SLOW")


def test_second_head_that_trickles_ends_in_time(bounded: tuple[str, str]) -> None:
    with Client(bounded[0]) as client:
        client.send(LIVE + b"\r\n")
        client.answer()
        client.send(LIVE + b"X: ")
        assert status_and_code(client.trickle()) == (408, "REQUEST_TOO_SLOW")


def test_connection_that_says_nothing_ends_in_time(bounded: tuple[str, str]) -> None:
    with Client(bounded[0]) as client:
        assert client.everything() == b""


@pytest.mark.parametrize("after", [b"", LIVE + b"\r\n"])
def test_empty_lines_do_not_keep_a_connection(bounded: tuple[str, str], after: bytes) -> None:
    with Client(bounded[0]) as client:
        if after:
            client.send(after)
            client.answer()
        client.trickle(b"\r\n")


def test_idle_connection_ends_in_time(bounded: tuple[str, str]) -> None:
    with Client(bounded[0]) as client:
        client.send(LIVE + b"\r\n")
        client.answer()
        assert client.everything() == b""


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_request_that_is_none_is_refused(bounded: tuple[str, str], request_: bytes) -> None:
    with Client(bounded[0]) as client:
        client.send(request_)
        assert status_and_code(client.everything()) == (400, "REQUEST_MALFORMED")


@pytest.mark.parametrize(
    "hosts",
    [
        b"",
        b"Host: a\r\nHost: a\r\n",
        b"Host: a\r\nHost: b\r\n",
        b"Host:\r\n",
        b"Host: a b\r\n",
        b"Host: a/b\r\n",
        b"Host: a,b\r\n",
        b"Host: u@a\r\n",
        b"Host: a:b\r\n",
    ],
)
def test_missing_doubled_or_wrong_host_is_refused(bounded: tuple[str, str], hosts: bytes) -> None:
    with Client(bounded[0]) as client:
        client.send(b"GET /health/live HTTP/1.1\r\n" + hosts + b"\r\n")
        status, _, body = client.answer()
        assert (status, json.loads(body)["code"]) == (400, "HOST_INVALID")


@pytest.mark.parametrize(
    "host", [b"taizhang", b"taizhang:8080", b"127.0.0.1:8080", b"[::1]:8080", b"xn--fiq228c.cn."]
)
def test_host_that_is_one_is_taken(bounded: tuple[str, str], host: bytes) -> None:
    with Client(bounded[0]) as client:
        client.send(b"GET /health/live HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        assert client.answer()[0] == 200


# ---- bodies ---------------------------------------------------------------------------------------------------------


def test_unknown_sender_is_told_before_he_sends(bounded: tuple[str, str]) -> None:
    with Client(bounded[0]) as client:
        client.send(post(None, b"Content-Length: 1000000", b"Expect: 100-continue"))
        status, _, body = client.answer()
        assert (status, json.loads(body)["code"]) == (401, "CREDENTIAL_REQUIRED")


def test_what_is_sent_after_the_answer_is_thrown_away_for_a_while(bounded: tuple[str, str]) -> None:
    with Client(bounded[0]) as client:  # a small rest, and the connection goes on
        client.send(post(None, b"Content-Length: 1000"))
        assert client.answer()[0] == 401
        client.send(b"x" * 1_000 + LIVE + b"\r\n")
        assert client.answer()[0] == 200
    with Client(bounded[0]) as client:  # a large one, and it ends
        client.send(post(None, b"Content-Length: 50000000"))
        assert client.answer()[0] == 401
        sent = 0
        while sent < 50_000_000 and client.send(b"x" * 65_536):
            sent += 65_536
        assert sent < 50_000_000
    with Client(bounded[0]) as client:  # a slow one, and it ends
        client.send(post(None, b"Content-Length: 1000"))
        assert client.answer()[0] == 401
        assert client.trickle() == b""


@pytest.mark.parametrize("framing", [b"Content-Length: 1000", b"Transfer-Encoding: chunked"])
def test_body_that_trickles_ends_in_time(bounded: tuple[str, str], framing: bytes) -> None:
    with Client(bounded[0]) as client:
        client.send(post(bounded[1], framing))
        byte = b"x" if b"Length" in framing else b"1\r\nx\r\n"
        assert status_and_code(client.trickle(byte)) == (408, "REQUEST_TOO_SLOW")


def test_body_that_comes_steadily_has_its_time(bounded: tuple[str, str]) -> None:
    """Three times as long as a body may stand still, at four times the least rate."""
    with Client(bounded[0]) as client:
        client.send(post(bounded[1], b"Idempotency-Key: steady", b"Content-Length: 12000"))
        for _ in range(30):
            assert client.send(b" " * 400)
            time.sleep(0.1)
        status, _, body = client.answer()
        assert (status, json.loads(body)["code"]) == (400, "BODY_MALFORMED")


@pytest.mark.parametrize("noise", [b"5;" + b"x" * 40_000, b"0\r\nX: y\r\n\r\n", b"0\r\nX: " + b"y" * 40_000])
def test_body_of_trailers_and_chunk_extensions_is_refused(bounded: tuple[str, str], noise: bytes) -> None:
    with Client(bounded[0]) as client:
        client.send(post(bounded[1], b"Transfer-Encoding: chunked"))
        client.send(noise)
        assert status_and_code(client.everything()) == (400, "REQUEST_MALFORMED")


def test_answer_that_is_not_read_is_given_up(bounded: tuple[str, str]) -> None:
    with Client(bounded[0]) as reader:
        reader.send(b"GET /openapi.json HTTP/1.1\r\nHost: taizhang\r\n\r\n")
        size = len(reader.answer()[2])
    with Client(bounded[0], receive_buffer=4_096) as client:
        asked = 40_000_000 // size
        client.send(b"GET /openapi.json HTTP/1.1\r\nHost: taizhang\r\n\r\n" * asked)
        time.sleep(3)
        assert len(client.everything()) < asked * size


# ---- many connections -----------------------------------------------------------------------------------------------


@contextmanager
def idle(url: str, count: int) -> Iterator[list[Client]]:
    """Connections that wait, the oldest first."""
    with ExitStack() as stack:
        yield [stack.enter_context(Client(url)) for _ in range(count)]


def test_connections_of_one_address_at_their_bound(database_url: str) -> None:
    with (
        served(database_url, bounds={"per_address": 4, "head_seconds": PATIENCE}) as (url, _),
        idle(url, 3) as open_,
    ):
        with Client(url) as fourth:
            fourth.send(LIVE + b"\r\n")
            assert fourth.answer()[0] == 200
            with Client(url) as fifth:
                assert status_and_code(fifth.everything()) == (429, "TOO_MANY_REQUESTS")
            open_[0].socket.close()
            until_answered(url)


def until_answered(url: str) -> None:
    """A new connection is taken, once the server has seen another go."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with Client(url) as client:
            client.send(LIVE + b"\r\n")
            said = client.socket.recv(65_536)
            if said.startswith(b"HTTP/1.1 200"):
                return
        time.sleep(0.1)
    raise AssertionError("no further connection is taken")


def test_connections_of_a_configured_proxy_are_not_those_of_one_address(database_url: str) -> None:
    bounds = {"per_address": 2, "head_seconds": PATIENCE}
    with (
        served(database_url, bounds=bounds, proxies=["127.0.0.1"]) as (url, _),
        idle(url, 5),
        Client(url) as client,
    ):
        client.send(LIVE + b"\r\n")
        assert client.answer()[0] == 200


def test_waiting_connections_make_room_and_busy_ones_do_not(database_url: str) -> None:
    bounds = {"connections": 4, "head_seconds": PATIENCE, "body_seconds": PATIENCE}
    with served(database_url, bounds=bounds) as (url, token), ExitStack() as stack:
        waiting = [stack.enter_context(Client(url)) for _ in range(4)]
        waiting[0].send(LIVE)
        for number in range(4):  # each new one takes the place of the one that waited longest
            busy = stack.enter_context(Client(url))
            busy.send(post(token, b"Idempotency-Key: busy", b"Content-Length: 1000", b"Expect: 100-continue"))
            assert busy.socket.recv(100).startswith(b"HTTP/1.1 100 ")
            assert waiting[number].everything() == b""
        last = stack.enter_context(Client(url))
        assert status_and_code(last.everything()) == (503, "SERVICE_BUSY")


def resident(process: subprocess.Popen[Any]) -> int:
    """Bytes of memory that a process has."""
    pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


@pytest.mark.parametrize("framing", [b"Content-Length: %d" % MAX_LINES_BYTES, b"Transfer-Encoding: chunked"])
def test_eight_large_bodies_held_take_the_memory_of_two(database_url: str, framing: bytes) -> None:
    """Of one key one is taken in, and all but the last byte of it arrive; the others are put off unread."""
    with killable(database_url) as (url, token, process), ExitStack() as stack:
        before, statuses = resident(process), []
        for number in range(8):
            client = stack.enter_context(Client(url))
            head = post(
                token,
                b"Idempotency-Key: k%d" % number,
                framing,
                b"Expect: 100-continue",
                path=b"/v1/assets/bulk",
            )
            client.send(head.replace(b"application/json", b"application/x-ndjson"))
            said = client.socket.recv(65_536)
            statuses.append(said.split()[1])
            if said.startswith(b"HTTP/1.1 100"):
                chunk = b"x" * 1_048_576
                framed = chunk if b"Length" in framing else b"100000\r\n" + chunk + b"\r\n"
                for _ in range(63):
                    assert client.send(framed)
        assert statuses == [b"100"] + [b"429"] * 7
        assert resident(process) - before < 200_000_000
