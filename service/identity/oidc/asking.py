"""One question to the provider over HTTP, and its answer as a JSON object; bounded in time and size.

The addresses are the operator's and the provider's own, and may lie in a private network. The transport knows no
redirects, no cookies and no proxy settings; every question has a connection of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlencode

import httpcore2
import orjson

from service.identity.oidc.trouble import ProviderSilent
from service.outward import Target, target_of

ANSWER_SECONDS: Final = 5.0
"""Name, connection, TLS, question and answer together."""
ANSWER_BYTES: Final = 256 * 1024
"""The longest answer that is read. A set of twenty keys with their certificates has about 60 kB."""


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """Answer of the provider."""

    status: int
    document: Mapping[str, Any] | None
    """The JSON object of the body; None when it is none."""


@dataclass(frozen=True)
class Asker:
    """Asks the provider. `ca_file`: certificates to trust in place of the machine's."""

    ca_file: Path | None = None
    seconds: float = ANSWER_SECONDS
    backend: httpcore2.AsyncNetworkBackend = field(default_factory=httpcore2.AnyIOBackend)

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> ProviderAnswer:
        """Read a document; `ProviderSilent`."""
        return await self._ask("GET", url, headers or {}, None)

    async def post(self, url: str, headers: Mapping[str, str], form: Mapping[str, str]) -> ProviderAnswer:
        """Send a form; `ProviderSilent`."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._ask("POST", url, {**headers, **kind}, urlencode(form).encode())

    async def _ask(
        self, method: Literal["GET", "POST"], url: str, headers: Mapping[str, str], body: bytes | None
    ) -> ProviderAnswer:
        try:
            async with asyncio.timeout(self.seconds):
                return await self._send(method, target_of(url), headers, body)
        except TimeoutError:
            raise ProviderSilent(f"{url}: no answer within {self.seconds:g} s") from None
        except (
            httpcore2.NetworkError,
            httpcore2.ProtocolError,
            httpcore2.TimeoutException,
            OSError,
            ValueError,
        ) as error:
            raise ProviderSilent(f"{url}: {str(error) or type(error).__name__}") from error

    async def _send(
        self, method: str, target: Target, headers: Mapping[str, str], body: bytes | None
    ) -> ProviderAnswer:
        sent: list[tuple[bytes | str, bytes | str]] = [
            ("Host", target.named),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            *headers.items(),
        ]
        async with (
            httpcore2.AsyncConnectionPool(
                ssl_context=self._trusted, http2=False, network_backend=self.backend
            ) as pool,
            pool.stream(method, target.url, headers=sent, content=body) as response,
        ):
            read = b""
            async for chunk in response.aiter_stream():
                read += chunk
                if len(read) > ANSWER_BYTES:
                    raise ValueError(f"an answer of more than {ANSWER_BYTES} bytes")
            return ProviderAnswer(response.status, _object(read))


def _object(body: bytes) -> Mapping[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: the only one that may be asked without TLS."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
