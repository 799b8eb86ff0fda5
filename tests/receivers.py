"""Receivers of webhooks on this machine, and a dialler that reaches them under addresses that may be dialled."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import httpcore2

from service.webhooks.dialling import Dialler
from tests.listening import listening

NETWORK = "10.20.0.0/16"
"""The private network that the operator of the tests' service names."""


@dataclass(slots=True)
class Received:
    """One request as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def position(self) -> int | None:
        """Of the event; None for tests and verifications."""
        position = self.json["data"].get("position")
        return None if position is None else int(position)


Behave = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


async def answer(writer: asyncio.StreamWriter, status: int, body: bytes = b"", *more: str) -> None:
    """An ordinary answer."""
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *more, "", ""]
    writer.write("\r\n".join(head).encode() + body)
    await writer.drain()


async def take(request: Received, writer: asyncio.StreamWriter) -> None:
    """A good receiver: says challenges back, takes everything else."""
    challenge = request.json["data"].get("challenge")
    await answer(writer, 200, json.dumps({"challenge": challenge}).encode() if challenge else b"ok")


@dataclass(slots=True)
class Receiver:
    """A server that notes what it gets and behaves as `behave` says; verifications it always passes."""

    port: int = 0
    behave: Behave = take
    got: list[Received] = field(default_factory=list)
    connections: int = 0

    @property
    def events(self) -> list[Received]:
        """What was about events, in the order of arrival."""
        return [one for one in self.got if one.position is not None]

    @property
    def positions(self) -> list[int]:
        return [one.position or 0 for one in self.events]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:]
            headers = dict(_field(line) for line in head if line)
            request = Received(headers, await reader.readexactly(int(headers["content-length"])))
            self.got.append(request)
            await (self.behave if request.position is not None else take)(request, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name.lower(), value


@asynccontextmanager
async def receiving(*receivers: Receiver) -> AsyncIterator[None]:
    """Run receivers, each on a port of its own."""
    async with AsyncExitStack() as listeners:
        for receiver in receivers:
            receiver.port = await listeners.enter_async_context(listening(receiver.serve))
        yield


class Detour(httpcore2.AsyncNetworkBackend):
    """Opens connections to receivers here in place of the addresses they are given; notes what was dialled."""

    def __init__(self) -> None:
        self.receivers: dict[str, Receiver] = {}
        self.dialled: list[str] = []
        self._real = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.dialled.append(host)
        receiver = self.receivers.get(host)
        if receiver is None:
            raise httpcore2.ConnectError(f"nobody at {host}")
        return await self._real.connect_tcp("127.0.0.1", receiver.port, timeout=timeout)


@dataclass(slots=True)
class Net:
    """A small internet: names, addresses, receivers."""

    detour: Detour = field(default_factory=Detour)
    names: dict[str, list[str]] = field(default_factory=dict)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, f"{host} is not known")
        return self.names[host]

    def dialler(self, **more: Any) -> Dialler:
        return Dialler((ip_network(NETWORK),), resolve=self.resolve, backend=self.detour, **more)

    def put(self, receiver: Receiver) -> str:
        """Give a receiver a name and an address in the operator's network; its URL."""
        number = len(self.names) + 1
        name, address = f"r{number}.test", f"10.20.0.{number}"
        self.names[name] = [address]
        self.detour.receivers[address] = receiver
        return f"http://{name}/hook"


async def until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  nobody tells when
            await asyncio.sleep(0.02)


async def eventually(true: Callable[[], Awaitable[object]], seconds: float = 10) -> None:
    """Wait until something that has to be asked for is so."""
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110  nobody tells when
            await asyncio.sleep(0.03)
