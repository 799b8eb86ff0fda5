"""One signed POST to a subscriber: the name is resolved once, every address judged, and exactly a judged one dialled.

Every attempt has a connection of its own, so that what was judged is what is talked to. Below the level of redirects,
cookies and proxy settings: the transport knows none of them. All of it takes fifteen seconds at most.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from time import monotonic
from typing import Any, Final, Literal

import httpcore2

from service.outward import Target, target_of
from service.webhooks.addresses import AddressDenied, Network, judge, within

TOTAL_SECONDS: Final = 15.0
"""Name, connection, TLS, request and answer together."""
ANSWER_BYTES: Final = 2048
"""So much of an answer is read and kept."""

Outcome = Literal["DELIVERED", "STATUS", "TIMEOUT", "DENIED", "UNRESOLVED", "UNREACHABLE", "BROKEN"]
"""STATUS: answered, but not 2xx. BROKEN: no answer, or none that is HTTP. DENIED: an address that is not dialled."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer to one attempt."""

    outcome: Outcome
    milliseconds: int
    address: str | None = None
    """The address that was dialled, or was refused."""
    status: int | None = None
    text: str = ""
    """The first 2 kB of what was answered, or why there is none."""
    retry_after: str | None = None

    @property
    def delivered(self) -> bool:
        """Whether the subscriber took it: any 2xx."""
        return self.outcome == "DELIVERED"


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that the machine trusts, read once: it takes a while."""
    return ssl.create_default_context()


async def resolve(host: str, port: int) -> Sequence[str]:
    """The system's answer for a name, whatever spelling of an address the name is."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True, slots=True)
class Dialler:
    """Sends messages. `networks`: private networks that may be dialled, and without TLS."""

    networks: Sequence[Network] = ()
    resolve: Resolve = resolve
    backend: httpcore2.AsyncNetworkBackend = field(default_factory=httpcore2.AnyIOBackend)
    """What opens the connection to a judged address."""
    total_seconds: float = TOTAL_SECONDS

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one message; whatever goes wrong is an answer too."""
        began = monotonic()
        pinned = _Pinned(self)
        said: dict[str, Any]
        try:
            async with asyncio.timeout(self.total_seconds):
                target = target_of(url)
                pinned.encrypted = target.scheme == "https"
                said = await self._send(pinned, target, headers, body)
        except AddressDenied as denied:
            said = {"outcome": "DENIED", "address": denied.address, "text": str(denied)}
        except TimeoutError:
            said = {"outcome": "TIMEOUT", "text": f"no answer within {self.total_seconds:g} s"}
        except (socket.gaierror, UnicodeError, ValueError) as error:
            said = {"outcome": "UNRESOLVED", "text": _in_words(error)}
        except (httpcore2.ConnectError, OSError) as error:
            said = {"outcome": "UNREACHABLE", "text": _in_words(error)}
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
            said = {"outcome": "BROKEN", "text": _in_words(error)}
        said.setdefault("address", pinned.address)
        return Answer(milliseconds=int((monotonic() - began) * 1000), **said)

    async def _send(
        self, pinned: _Pinned, target: Target, headers: Mapping[str, str], body: bytes
    ) -> dict[str, Any]:
        sent: list[tuple[bytes | str, bytes | str]] = [("Host", target.named), *headers.items()]
        async with (
            httpcore2.AsyncConnectionPool(
                ssl_context=_trusted(), http2=False, network_backend=pinned
            ) as pool,
            pool.stream("POST", target.url, headers=sent, content=body) as response,
        ):
            fields = {name.lower(): value for name, value in response.headers}
            return {
                "outcome": "DELIVERED" if 200 <= response.status < 300 else "STATUS",
                "status": response.status,
                "text": await _beginning(response),
                "retry_after": fields.get(b"retry-after", b"").decode("latin-1")[:100] or None,
            }


class _Pinned(httpcore2.AsyncNetworkBackend):
    """Opens connections to judged addresses only."""

    def __init__(self, dialler: Dialler) -> None:
        self.dialler = dialler
        self.encrypted = False
        self.address: str | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve, judge all, dial the first."""
        dialler = self.dialler
        found = await dialler.resolve(host, port)
        judged = [judge(one, dialler.networks) for one in found]
        if not judged:
            raise socket.gaierror(socket.EAI_NONAME, f"no address of {host}")
        first = judged[0]
        if not self.encrypted and not within(first, dialler.networks):
            raise AddressDenied(str(first), "without TLS only in the operator's networks")
        self.address = str(first)
        return await dialler.backend.connect_tcp(
            self.address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
        )


async def _beginning(response: httpcore2.Response) -> str:
    """The first bytes of an answer. One that breaks off, lies about its length or never ends was an answer all the same."""
    kept = b""
    try:
        async with asyncio.timeout(2):
            async for chunk in response.aiter_stream():
                kept += chunk
                if len(kept) >= ANSWER_BYTES:
                    break
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, TimeoutError):
        pass
    return kept[:ANSWER_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")


def _in_words(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:300]
