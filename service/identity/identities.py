"""Identity behind a token: a key, a session, and whatever else a service lets people and systems in by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg

from domain.refusals import refuse
from service.commands.actor import Actor
from service.commands.commands import CommandContext
from service.commands.credentials import Credentials
from service.identity.grants import Grants
from service.identity.links import Links
from service.identity.officials import Officials
from service.identity.oidc.provider import Provider
from service.identity.passwords import Passwords
from service.identity.provided import Provided
from service.identity.sessions import TOKEN, Session, Sessions
from service.identity.standing import Standing
from service.sealing_keys import SealingKeys

_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
"""How an access token of an identity provider looks; ours have one dot."""
_USE: Final = "identity"
"""The sealing keys of second factors."""


@dataclass(frozen=True, slots=True)
class Identities:
    """Everything a service knows people and systems by."""

    credentials: Credentials
    grants: Grants
    standing: Standing
    sessions: Sessions
    own_officials: Officials | None
    """None without a folder of keys: a second factor could not be sealed."""
    links: Links
    own_provided: Provided | None
    """None where no identity provider is configured."""
    separate_administrators: bool = False
    """Whether one person may not be two of the three administrators; else it is a warning."""

    @property
    def officials(self) -> Officials:
        """The local accounts. SIGN_IN_NOT_OFFERED without a folder of keys."""
        if self.own_officials is None:
            raise refuse("SIGN_IN_NOT_OFFERED")
        return self.own_officials

    async def identify(self, token: str, now: datetime, address: str | None) -> Actor:
        """Who sends this token; the codes of `Credentials.identify`, `Sessions.identify` and `Provided.identify`."""
        if TOKEN.fullmatch(token):
            return await self.sessions.identify(token, now)
        if self.own_provided is not None and _JWT.fullmatch(token):
            return await self.own_provided.identify(token, now)
        return await self.credentials.identify(token, now, address)

    @property
    def provided(self) -> Provided:
        """The identity provider. SIGN_IN_NOT_OFFERED where none is configured."""
        if self.own_provided is None:
            raise refuse("SIGN_IN_NOT_OFFERED")
        return self.own_provided

    def forget(self) -> None:
        """Believe nothing that was looked up: something about rights has changed here."""
        self.sessions.forget()
        if self.own_provided is not None:
            self.own_provided.forget()

    async def session_of(self, token: str, now: datetime) -> Session:
        """The session behind a token. SESSION_REQUIRED for a key: it has none."""
        if not TOKEN.fullmatch(token):
            raise refuse("SESSION_REQUIRED")
        return await self.sessions.find(token, now)


def identities_of(
    context: CommandContext,
    pool: asyncpg.Pool,
    credentials: Credentials,
    keys: Path | None,
    *,
    provider: Provider | None = None,
    separate_administrators: bool = False,
) -> Identities:
    """The identities of a running service."""
    links = Links(pool)
    provided = None if provider is None else Provided(pool, provider, links, credentials, context.clock)
    grants = Grants(pool)
    standing = Standing(context, grants)
    officials = None if keys is None else Officials(pool, SealingKeys(keys, _USE), Passwords())
    sessions = Sessions(pool, standing.of)
    return Identities(
        credentials, grants, standing, sessions, officials, links, provided, separate_administrators
    )
