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
    """Counts sign-ins until they succeed."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def attempt(self, county: str, login: str, address: str, now: datetime) -> None:
        """Count an attempt before it is judged, so that many at once are counted too.

        SIGN_IN_LOCKED with the seconds to wait; what is refused so does not make the wait longer.
        """
        over = now - LOCKED
        await self._pool.execute("DELETE FROM sign_in_failure WHERE last_at <= $1", over)
        async with self._pool.acquire() as connection, connection.transaction():
            for attempted, bound in sorted(_bounds(county, login, address).items()):
                failures = await connection.fetchval(
                    "INSERT INTO sign_in_failure AS kept (attempted, failures, last_at) VALUES ($1, 1, $2)"
                    " ON CONFLICT (attempted) DO UPDATE SET failures = kept.failures + 1, last_at = $2"
                    " WHERE kept.failures < $3 RETURNING failures",
                    attempted,
                    now,
                    bound,
                )
                if failures is None:
                    last = await connection.fetchval(
                        "SELECT last_at FROM sign_in_failure WHERE attempted = $1", attempted
                    )
                    raise refuse("SIGN_IN_LOCKED", seconds=max(1, ceil((last - over).total_seconds())))
                if failures == bound:
                    security_log.record("sign_in_last_attempt", county=county, address=address)

    async def succeed(self, county: str, login: str, address: str) -> None:
        """The right person came in: nothing counts here any more; elsewhere somebody may be guessing, only this does not."""
        async with self._pool.acquire() as connection, connection.transaction():
            # in the order in which they were counted, or two block each other
            counted = sorted(_bounds(county, login, address).items())
            for attempted, bound in counted:
                await connection.execute(
                    "DELETE FROM sign_in_failure WHERE attempted = $1"
                    if bound == AT_ADDRESS
                    else "UPDATE sign_in_failure SET failures = greatest(failures - 1, 0) WHERE attempted = $1",
                    attempted,
                )


def _bounds(county: str, login: str, address: str) -> dict[str, int]:
    """What is counted, with the failures that close it."""
    here, everywhere = f"{county}\n{login}\n{address}", f"{county}\n{login}"
    return {_digest(here): AT_ADDRESS, _digest(everywhere): EVERYWHERE}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
