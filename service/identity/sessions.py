"""Sessions: somebody who signed in, acting for one unit, until half an hour of silence or the end of the working day."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final, Literal

import asyncpg

from domain.refusals import refuse
from service import security_log
from service.commands.actor import Actor
from service.commands.credentials import CACHE_ENTRIES, CACHE_SECONDS

IDLE: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=12)
TOUCHED_EVERY: Final = timedelta(minutes=1)
TOKEN: Final = re.compile(r"(?P<id>tzs_[0-9a-f]{12})\.[A-Za-z0-9_-]{43}", re.ASCII)
"""How every session's token looks that was ever made."""

Way = Literal["PASSWORD", "PROVIDER"]


@dataclass(frozen=True, slots=True)
class Session:
    """A session as its owner sees it."""

    session: str
    county: str
    person: str
    organization: str
    way: str
    began_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class _KnownSession:
    session: Session
    used_at: datetime
    until: float


class Sessions:
    """Begins, finds and ends sessions. The database is asked at most every `CACHE_SECONDS` per session."""

    def __init__(
        self, pool: asyncpg.Pool, standing: Callable[[str, str, str, datetime], Awaitable[Actor]]
    ) -> None:
        self._pool = pool
        self._standing = standing
        """Who a person is for a unit at a moment: (county, person, organization, now)."""
        self._known: dict[bytes, _KnownSession] = {}
        self._actors: dict[str, tuple[Actor, float]] = {}

    async def begin(
        self, county: str, person: str, organization: str, *, way: Way, address: str, now: datetime
    ) -> tuple[Session, str]:
        """A new session and its token, which is shown this once. The codes of the standing: who may not act gets none."""
        actor = await self._standing(county, person, organization, now)
        made = f"tzs_{secrets.token_hex(6)}"
        token = f"{made}.{secrets.token_urlsafe(32)}"
        await self._pool.execute(
            "INSERT INTO session (session, county, person, secret_sha256, organization, way, address, began_at, used_at,"
            " ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)",
            made, county, person, _digest(token), organization, way, address, now, now + LONGEST,
        )  # fmt: skip
        security_log.record(
            "session_began",
            session=made,
            person=actor.person,
            county=county,
            organization=organization,
            way=way,
            address=address,
        )
        return Session(made, county, person, organization, way, now, now + LONGEST), token

    async def find(self, token: str, now: datetime) -> Session:
        """The live session of a token; CREDENTIAL_INVALID, SESSION_ENDED after silence, at its end or after signing out."""
        digest = _digest(token)
        known = self._known.get(digest)
        if known is None or known.until <= monotonic():
            known = await self._look_up(token, digest, now)
        if known.session.ends_at <= now or known.used_at + IDLE <= now:
            raise refuse("SESSION_ENDED")
        return known.session

    async def identify(self, token: str, now: datetime) -> Actor:
        """Who acts by this token, with the rights of this moment; the codes of `find` and of the standing."""
        session = await self.find(token, now)
        actor, until = self._actors.get(session.session, (None, 0.0))
        if actor is None or until <= monotonic() or actor.organization != session.organization:
            actor = await self._standing(session.county, session.person, session.organization, now)
            if len(self._actors) >= CACHE_ENTRIES:
                self._actors.clear()
            self._actors[session.session] = (actor, monotonic() + CACHE_SECONDS)
        return actor

    async def act_for(self, session: Session, organization: str, now: datetime) -> None:
        """Act for another of one's units from now on; the codes of the standing."""
        await self._standing(session.county, session.person, organization, now)
        await self._pool.execute(
            "UPDATE session SET organization = $2 WHERE session = $1", session.session, organization
        )
        self.forget()
        security_log.record(
            "session_unit", session=session.session, county=session.county, organization=organization
        )

    async def end(self, session: Session, now: datetime) -> None:
        """Sign out: here at once, in other processes within `CACHE_SECONDS`."""
        await self._pool.execute(
            "UPDATE session SET ended_at = coalesce(ended_at, $2) WHERE session = $1", session.session, now
        )
        self.forget()
        security_log.record("session_ended", session=session.session, county=session.county)

    async def of_county(self, county: str, now: datetime) -> list[dict[str, Any]]:
        """Who is signed in."""
        rows = await self._pool.fetch(
            "SELECT session, person, organization, way, address, began_at, used_at, ends_at FROM session"
            " WHERE county = $1 AND ended_at IS NULL AND ends_at > $2 AND used_at > $3 ORDER BY began_at, session",
            county,
            now,
            now - IDLE,
        )
        return [dict(row) for row in rows]

    def forget(self) -> None:
        """Believe nothing that was looked up: something about rights has changed here."""
        self._known.clear()
        self._actors.clear()

    async def _look_up(self, token: str, digest: bytes, now: datetime) -> _KnownSession:
        self._known.pop(digest, None)
        shaped = TOKEN.fullmatch(token)
        if shaped is None:
            raise refuse("CREDENTIAL_INVALID")
        row = await self._pool.fetchrow(
            "SELECT session, county, person, organization, way, began_at, ends_at, used_at, ended_at, secret_sha256"
            " FROM session WHERE session = $1",
            shaped["id"],
        )
        if row is None or not secrets.compare_digest(row["secret_sha256"], digest):
            raise refuse("CREDENTIAL_INVALID")
        if row["ended_at"] is not None:
            raise refuse("SESSION_ENDED")
        used_at = row["used_at"]
        if used_at + TOUCHED_EVERY <= now < used_at + IDLE:
            used_at = now
            await self._pool.execute(
                "UPDATE session SET used_at = $2 WHERE session = $1 AND used_at < $2", row["session"], now
            )
        session = Session(**{name: row[name] for name in Session.__slots__})
        if len(self._known) >= CACHE_ENTRIES:
            self._known.clear()
        known = self._known[digest] = _KnownSession(session, used_at, monotonic() + CACHE_SECONDS)
        return known


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
