"""Addresses outside that this service calls: taken apart once, and dialled as they were understood."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import httpcore2

_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in parts."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def named(self) -> str:
        """The host as the field Host says it."""
        bare = f"[{self.host}]" if ":" in self.host else self.host
        return bare if self.port == _PORTS[self.scheme] else f"{bare}:{self.port}"

    @property
    def url(self) -> httpcore2.URL:
        """For the transport."""
        return httpcore2.URL(
            scheme=self.scheme.encode(), host=self.host.encode(), port=self.port, target=self.path.encode()
        )


def target_of(url: str) -> Target:
    """A URL as it will be dialled; ValueError says what is wrong with it."""
    if any(ord(char) <= 32 or ord(char) == 127 for char in url) or "\\" in url:
        raise ValueError("spaces, control characters or backslashes")
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise ValueError("neither https:// nor http://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("user or password in it")
    if parts.fragment:
        raise ValueError("a fragment in it")
    if not parts.hostname:
        raise ValueError("no host")
    port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    if port == 0:
        raise ValueError("port 0")
    host = parts.hostname.encode("idna").decode() if ":" not in parts.hostname else parts.hostname
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    path.encode("ascii")
    return Target(parts.scheme, host, port, path)
