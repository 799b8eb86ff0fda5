"""The county's identity provider as it is now: what it says of itself, and its keys.

What it says is asked for when it is first needed, anew every ten minutes, and at a token whose key is not known (at most
every half minute, so that nobody can make this service ask by making tokens up). While it is silent, what it said last is
believed for one hour, and no longer. What it says and cannot be used counts at once: after that nobody is believed.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, Literal

import httpcore2
from joserfc.jwk import Key

from service.identity.oidc.asking import Asker
from service.identity.oidc.issuer import Issuer, require_safe
from service.identity.oidc.keys import KeyRing, Registry, read_keys
from service.identity.oidc.trouble import (
    SILENCE_SECONDS,
    NotBelieved,
    ProviderSilent,
    ProviderTrouble,
    ProviderUnfit,
    noting,
)

ASKED_ANEW_SECONDS: Final = 600.0
KEPT_SECONDS: Final = 3600.0
"""So long a silent provider's last word is believed."""
UNKNOWN_KEY_SECONDS: Final = 30.0
"""Between two questions because of a key that is not known."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """Metadata of the provider (OpenID Connect Discovery), as far as it is used."""

    authorization: str
    token: str
    jwks: str
    userinfo: str | None
    end_session: str | None
    authenticates_by: Literal["client_secret_basic", "client_secret_post"]
    names_itself: bool
    """It says in every answer to a sign-in who it is (RFC 9207)."""


@dataclass(frozen=True, slots=True)
class _Published:
    metadata: Metadata
    keys: KeyRing
    at: float


class Provider:
    """The provider as it is now. `steady`: seconds of a clock that nobody can set."""

    def __init__(
        self,
        issuer: Issuer,
        *,
        steady: Callable[[], float] = monotonic,
        backend: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self.issuer = issuer
        self.asker = Asker(issuer.ca_file, issuer.answer_seconds, backend or httpcore2.AnyIOBackend())
        self.registry = Registry(issuer.algorithms)
        self._steady = steady
        self._asking = asyncio.Lock()
        self._published: _Published | None = None
        self._asked_at = -math.inf
        self._answers = 0
        self._trouble: ProviderTrouble | None = None

    async def metadata(self) -> Metadata:
        """What it says of itself; `ProviderTrouble`."""
        return (await self._current()).metadata

    async def key(self, kid: str | None, algorithm: str) -> Key:
        """The key that may have signed a token; `NotBelieved`, and `ProviderTrouble` where that cannot be known."""
        found = (await self._current()).keys.find(kid, algorithm)
        if found is None and await self._refresh(UNKNOWN_KEY_SECONDS):
            found = self._usable().keys.find(kid, algorithm)
        if found is not None:
            return found
        if self._trouble is not None:
            raise self._fresh(self._trouble)
        raise NotBelieved("no key of the provider may have signed it")

    async def _current(self) -> _Published:
        said = self._published
        if said is None or self._steady() - said.at >= ASKED_ANEW_SECONDS:
            kept = said is not None and self._steady() - said.at < KEPT_SECONDS
            if not (kept and self._asking.locked()):
                await self._refresh(SILENCE_SECONDS)
        return self._usable()

    def _usable(self) -> _Published:
        said = self._published
        if said is not None and self._steady() - said.at < KEPT_SECONDS:
            return said
        raise self._fresh(self._trouble or ProviderSilent("not asked yet"))

    @staticmethod
    def _fresh(trouble: ProviderTrouble) -> ProviderTrouble:
        return type(trouble)(*trouble.args)

    async def _refresh(self, seconds: float) -> bool:
        """Ask anew, but not twice within so many seconds; whether an answer has come since the caller did."""
        answers = self._answers
        async with self._asking:
            if self._answers != answers:
                return True
            if self._steady() - self._asked_at < seconds:
                return False
            try:
                with noting():
                    self._published = await self._ask()
            except ProviderTrouble as trouble:
                self._trouble = trouble.with_traceback(None)
                if isinstance(trouble, ProviderUnfit):
                    self._published = None
            else:
                self._trouble = None
            self._asked_at = self._steady()
            self._answers += 1
            return True

    async def _ask(self) -> _Published:
        at = self._steady()
        metadata = metadata_in(self.issuer, await self._document(_discovery(self.issuer.issuer)))
        try:
            keys = read_keys(await self._document(metadata.jwks), self.registry)
        except ValueError as wrong:
            raise ProviderUnfit(f"{metadata.jwks}: {wrong}") from None
        if not keys.entries:
            raise ProviderUnfit(f"{metadata.jwks}: no key that may sign")
        return _Published(metadata, keys, at)

    async def _document(self, url: str) -> Mapping[str, Any]:
        answer = await self.asker.get(url)
        if answer.status != 200 or answer.document is None:
            raise ProviderSilent(f"{url}: status {answer.status}, not a document")
        return answer.document


def _discovery(issuer: str) -> str:
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def metadata_in(issuer: Issuer, document: Mapping[str, Any]) -> Metadata:
    """The document held to what is expected of it; `ProviderUnfit`."""
    if document.get("issuer") != issuer.issuer:
        raise ProviderUnfit(f"calls itself {document.get('issuer')!r:.200}, not {issuer.issuer!r}")
    methods = document.get("code_challenge_methods_supported", ["S256"])
    if not isinstance(methods, list) or "S256" not in methods:
        raise ProviderUnfit("does not know PKCE by S256")
    ways = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    way: Literal["client_secret_basic", "client_secret_post"]
    if isinstance(ways, list) and "client_secret_basic" in ways:
        way = "client_secret_basic"
    elif isinstance(ways, list) and "client_secret_post" in ways:
        way = "client_secret_post"
    else:
        raise ProviderUnfit("takes no client secret")
    found = {name: _address(issuer, document, name) for name in (*_NEEDED, *_USED)}
    for name in _NEEDED:
        if found[name] is None:
            raise ProviderUnfit(f"has no {name}")
    return Metadata(
        authorization=found["authorization_endpoint"] or "",
        token=found["token_endpoint"] or "",
        jwks=found["jwks_uri"] or "",
        userinfo=found["userinfo_endpoint"],
        end_session=found["end_session_endpoint"],
        authenticates_by=way,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


_NEEDED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_USED: Final = ("userinfo_endpoint", "end_session_endpoint")


def _address(issuer: Issuer, document: Mapping[str, Any], name: str) -> str | None:
    address = document.get(name)
    if address is None:
        return None
    if not isinstance(address, str):
        raise ProviderUnfit(f"{name}: no address")
    try:
        require_safe(address, loopback=issuer.on_loopback)
    except ValueError as wrong:
        raise ProviderUnfit(f"{name}: {wrong}") from None
    return address
