"""A provider on this machine that says and signs whatever a test wants, and the tokens of somebody who is not it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import ssl
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from domain.refusals import Refusal
from service.identity.oidc.issuer import Issuer
from service.identity.oidc.keys import SIGNING, Registry
from service.identity.oidc.provider import Provider
from tests.listening import listening

NOW = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
CLIENT, SECRET, AUDIENCE = "taizhang", "a secret: +/%&", "https://taizhang.example/v1"
REDIRECT = "https://taizhang.example/signed-in"


@contextmanager
def refused(code: str, why: str) -> Iterator[None]:
    """The refusal's code, and how what the operator is told about it begins."""
    with pytest.raises(Refusal) as caught:
        yield
    assert (caught.value.code, str(caught.value.__cause__)[: len(why)]) == (code, why)


def key_of(kind: str, name: str = "") -> Key:
    """A key pair; another one for every name."""
    return _made(kind, name)


@cache
def _made(kind: str, _name: str) -> Key:
    match kind:
        case "RS256" | "PS256" | "RS512":
            return RSAKey.generate_key(2048)
        case "ES256":
            return ECKey.generate_key("P-256")
        case "EdDSA" | "Ed25519":
            return OKPKey.generate_key("Ed25519")
        case _:
            raise LookupError(kind)


def public(key: Key, kid: str | None, **more: Any) -> dict[str, Any]:
    """A key as a JWKS lists it."""
    told = dict(key.as_dict(private=False)) | ({} if kid is None else {"kid": kid}) | more
    return {name: value for name, value in told.items() if value is not None}


def signed(
    claims: Any, *, algorithm: str = "RS256", key: Key | None = None, kid: str | None = "1", **header: Any
) -> str:
    """A token; the header as it is given."""
    told = {"alg": algorithm, **({} if kid is None else {"kid": kid}), **header}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    registry = Registry((*SIGNING, "HS256"))
    return jws.serialize_compact(
        {name: value for name, value in told.items() if value is not None},
        payload,
        key or key_of(algorithm),
        registry=registry,
    )


def by_hand(header: Any, claims: Any, signature: Callable[[bytes], bytes] = lambda _: b"") -> str:
    """A token that no library would make."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    body = b".".join(map(encoded, parts))
    return (body + b"." + encoded(signature(body))).decode()


def encoded(value: bytes) -> bytes:
    return urlsafe_b64encode(value).rstrip(b"=")


def hmac_by(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda body: hmac.new(secret, body, hashlib.sha256).digest()


def symmetric(secret: bytes) -> Key:
    return OctKey.import_key(secret)


@dataclass(slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]


Behave = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class OwnProvider:
    """What it says at each path: a document, or how it behaves."""

    port: int = 0
    says: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    now: datetime = NOW
    steady: float = 1000.0
    scheme: str = "http"

    @property
    def issuer(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def discovery(self) -> dict[str, Any]:
        """What it says of itself; a test changes it."""
        document: dict[str, Any] = self.says["/.well-known/openid-configuration"]
        return document

    @property
    def keys(self) -> list[dict[str, Any]]:
        """Its set of keys; a test changes it."""
        listed: list[dict[str, Any]] = self.says["/keys"]["keys"]
        return listed

    def times(self, path: str) -> int:
        return sum(one.path == path for one in self.asked)

    def settings(self, **more: Any) -> Issuer:
        given = {
            "issuer": self.issuer,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "redirect_uri": REDIRECT,
        }
        return Issuer(**{**given, "audience": AUDIENCE, "answer_seconds": 20, **more})

    def provider(self, **more: Any) -> Provider:
        return Provider(self.settings(**more), steady=lambda: self.steady)

    def clock(self) -> datetime:
        return self.now

    def claims(self, **more: Any) -> dict[str, Any]:
        """What a good id token says; what is None is left out."""
        said = {
            "iss": self.issuer,
            "sub": "person-7",
            "aud": CLIENT,
            "nonce": "n-1",
            "iat": self.at(0),
            "exp": self.at(300),
            "name": "阿依古丽",
            "groups": ["台账登记"],
            **more,
        }
        return {name: value for name, value in said.items() if value is not None}

    def system_claims(self, **more: Any) -> dict[str, Any]:
        """What a good access token of a system says."""
        said = {"aud": AUDIENCE, "sub": "system-3", "client_id": "finance", "nonce": None, "name": None}
        return self.claims(**{**said, "groups": None, **more})

    def at(self, seconds: float) -> int:
        return int((self.now + timedelta(seconds=seconds)).timestamp())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = dict(_field(line) for line in head[1:] if line)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            request = Asked(method, path.partition("?")[0], headers, dict(parse_qsl(body.decode())))
            self.asked.append(request)
            said = self.says.get(request.path, 404)
            if callable(said):
                await said(request, writer)
            elif isinstance(said, int):
                await answer(writer, said, b"")
            else:
                await answer(writer, 200, said if isinstance(said, bytes) else json.dumps(said).encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name.lower(), value


async def answer(writer: asyncio.StreamWriter, status: int, body: bytes, *more: str) -> None:
    """An ordinary answer."""
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *more, "", ""]
    writer.write("\r\n".join(head).encode() + body)
    await writer.drain()


def saying(status: int, document: Any, *more: str) -> Behave:
    """Answers so, always."""

    async def behave(_: Asked, writer: asyncio.StreamWriter) -> None:
        await answer(writer, status, json.dumps(document).encode(), *more)

    return behave


@asynccontextmanager
async def providing(certificate: ssl.SSLContext | None = None) -> AsyncIterator[OwnProvider]:
    """A provider with one key of signatures, "1"."""
    own = OwnProvider(scheme="http" if certificate is None else "https")
    async with listening(own.serve, ssl=certificate) as own.port:
        own.says = {
            "/.well-known/openid-configuration": {
                "issuer": own.issuer,
                "authorization_endpoint": f"{own.issuer}/authorize",
                "token_endpoint": f"{own.issuer}/token",
                "userinfo_endpoint": f"{own.issuer}/userinfo",
                "end_session_endpoint": f"{own.issuer}/end?of=session",
                "jwks_uri": f"{own.issuer}/keys",
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            },
            "/keys": {"keys": [public(key_of("RS256"), "1", use="sig", alg="RS256")]},
        }
        yield own
