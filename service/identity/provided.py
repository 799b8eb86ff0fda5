"""Sign-in by the identity provider: begun here, done there, finished here; and systems that come with its access tokens."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

import asyncpg

from domain.refusals import refuse
from service.commands.actor import Actor
from service.commands.credentials import CACHE_ENTRIES, CACHE_SECONDS, Credentials
from service.identity.links import Links
from service.identity.oidc.provider import Provider
from service.identity.oidc.sign_in import PENDING_MINUTES, Pending, SignIn
from service.identity.oidc.tokens import Tokens

MOST_PENDING: Final = 10_000
"""Sign-ins that have begun and not come back: who begins them is not known yet."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that has begun: where the person goes, and what the browser keeps to finish it."""

    address: str
    binding: str


@dataclass(frozen=True, slots=True)
class Returned:
    """Return of a person from the provider, with what it sent back; `binding` is what the browser kept."""

    binding: str
    state: str | None
    code: str | None
    iss: str | None
    error: str | None = None


class Provided:
    """Identity provider of this service, as the service acts on its word."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        provider: Provider,
        links: Links,
        credentials: Credentials,
        clock: Callable[[], datetime],
    ) -> None:
        self._pool = pool
        self._links = links
        self._credentials = credentials
        self.issuer = provider.issuer.issuer
        self.sign_in = SignIn(provider, clock=clock)
        self.tokens = Tokens(provider, clock=clock)
        self._systems: dict[bytes, tuple[Actor, float]] = {}

    async def begin(self, county: str, return_to: str, now: datetime) -> Begun:
        """Begin a sign-in; the codes of `SignIn.begin`, SERVICE_BUSY while too many have begun."""
        address, pending = await self.sign_in.begin(return_to)
        binding = secrets.token_urlsafe(32)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "DELETE FROM sign_in_pending WHERE begun_at < $1", now - timedelta(minutes=PENDING_MINUTES)
            )
            if await connection.fetchval("SELECT count(*) FROM sign_in_pending") >= MOST_PENDING:
                raise refuse("SERVICE_BUSY")
            await connection.execute(
                "INSERT INTO sign_in_pending (binding_sha256, county, state, nonce, verifier, begun_at, return_to)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                _digest(binding), county, pending.state, pending.nonce, pending.verifier, pending.begun_at, return_to,
            )  # fmt: skip
        return Begun(address, binding)

    async def finish(self, given: Returned) -> tuple[str, str, str]:
        """County, person and where the person wanted to go. A sign-in is finished once, by whoever began it.

        SIGN_IN_FAILED and the other codes of `SignIn.finish`; IDENTITY_UNKNOWN for somebody nobody linked.
        """
        row = await self._pool.fetchrow(
            "DELETE FROM sign_in_pending WHERE binding_sha256 = $1 RETURNING county, state, nonce, verifier, begun_at,"
            " return_to",
            _digest(given.binding),
        )
        if row is None:
            raise refuse("SIGN_IN_FAILED")
        pending = Pending(row["state"], row["nonce"], row["verifier"], row["begun_at"], row["return_to"])
        claims = await self.sign_in.finish(
            pending, state=given.state, code=given.code, iss=given.iss, error=given.error
        )
        county, person = await self._links.target(claims.issuer, claims.subject, "PERSON")
        if county != row["county"]:
            raise refuse("IDENTITY_UNKNOWN")
        return county, person, row["return_to"]

    async def identify(self, token: str, now: datetime) -> Actor:
        """The system that shows an access token, with the rights of the key it is linked to.

        CREDENTIAL_INVALID, CREDENTIAL_EXPIRED; IDENTITY_UNKNOWN for one that nobody linked. What was verified is
        believed for `CACHE_SECONDS`.
        """
        digest = _digest(token)
        known = self._systems.get(digest)
        if known is not None and known[1] > monotonic():
            return known[0]
        claims = await self.tokens.of_system(token)
        county, key = await self._links.target(claims.issuer, claims.subject, "KEY")
        actor = await self._credentials.actor_of(county, key, now)
        lasts = min(CACHE_SECONDS, (claims.expires_at - now).total_seconds())
        if len(self._systems) >= CACHE_ENTRIES:
            self._systems.clear()
        self._systems[digest] = (actor, monotonic() + lasts)
        return actor

    def forget(self) -> None:
        """Believe nothing that was verified: a link has changed here."""
        self._systems.clear()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
