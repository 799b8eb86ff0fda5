"""Lock-out: who fails to sign in time and again waits, whether the login exists or not.

Counted are the login from one address (so that a guesser does not lock the official out who sits elsewhere) and, with a
wider bound, the login from everywhere. What is kept is a digest, not the login that was typed.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from math import ceil
from typing import Final

import asyncpg

from domain.refusals import refuse
from service import security_log

AT_ADDRESS: Final = 5
EVERYWHERE: Final = 50
"""Failures in a row after which a login is closed."""
LOCKED: Final = timedelta(minutes=15)
"""How long it stays closed after the last failure; the count starts anew then."""


class LockOut:
    """Counts failed sign-ins."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def must_be_open(self, county: str, login: str, address: str, now: datetime) -> None:
        """SIGN_IN_LOCKED with the seconds to wait."""
        rows = await self._pool.fetch(
            "SELECT attempted, failures, last_at FROM sign_in_failure"
            " WHERE attempted = ANY($1::text[]) AND last_at > $2",
            list(_bounds(county, login, address)),
            now - LOCKED,
        )
        bounds = _bounds(county, login, address)
        until = [row["last_at"] + LOCKED for row in rows if row["failures"] >= bounds[row["attempted"]]]
        if until:
            raise refuse("SIGN_IN_LOCKED", seconds=ceil((max(until) - now).total_seconds()))

    async def count(self, county: str, login: str, address: str, now: datetime) -> None:
        """One more failure. Counts that are over are cleared away with it."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("DELETE FROM sign_in_failure WHERE last_at <= $1", now - LOCKED)
            for attempted, bound in sorted(_bounds(county, login, address).items()):
                failures = await connection.fetchval(
                    "INSERT INTO sign_in_failure (attempted, failures, last_at) VALUES ($1, 1, $2)"
                    " ON CONFLICT (attempted) DO UPDATE SET failures = sign_in_failure.failures + 1, last_at = $2"
                    " RETURNING failures",
                    attempted,
                    now,
                )
                if failures == bound:
                    security_log.record("sign_in_locked", county=county, address=address)

    async def clear(self, county: str, login: str, address: str) -> None:
        """The right person came in from here: what failed before counts no more, here; elsewhere somebody may be guessing."""
        here = next(iter(_bounds(county, login, address)))
        await self._pool.execute("DELETE FROM sign_in_failure WHERE attempted = $1", here)


def _bounds(county: str, login: str, address: str) -> dict[str, int]:
    """What is counted, here first, with the failures that close it."""
    here, everywhere = f"{county}\n{login}\n{address}", f"{county}\n{login}"
    return {_digest(here): AT_ADDRESS, _digest(everywhere): EVERYWHERE}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
