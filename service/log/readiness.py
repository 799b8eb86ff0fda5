"""Health of the service by one look at the database: which revision it is at, and when each log was last written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

_WAIT_SECONDS: Final = 2
"""How long a monitor waits for a connection: it asks again soon."""
_LAST: Final = (
    "SELECT county, recorded_at FROM log_head WHERE $1::text IS NULL OR county = $1 ORDER BY county"
)


@dataclass(frozen=True, slots=True)
class DatabaseLook:
    """A reachable database."""

    revision: str | None
    """The migration it is at."""
    recorded: Mapping[str, datetime]
    """When each county's log was last written."""


async def look_at(pool: asyncpg.Pool) -> DatabaseLook:
    """Reach the database and look; the driver's own errors where it cannot be reached."""
    async with pool.acquire(timeout=_WAIT_SECONDS) as connection:
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
        heads = await connection.fetch(_LAST, None)
    return DatabaseLook(revision, {row["county"]: row["recorded_at"] for row in heads})


async def last_recorded(pool: asyncpg.Pool, county: str) -> dict[str, datetime]:
    """When a county's log was last written; empty while it has none."""
    return {row["county"]: row["recorded_at"] for row in await pool.fetch(_LAST, county)}
