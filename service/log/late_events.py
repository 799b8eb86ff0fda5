"""The list of late events compared with the log: what lies before an older event of its stream, and nothing else.

Ledgers go by the list: an event that it leaves out is applied on top of later ones.
"""

from __future__ import annotations

from typing import Final

import asyncpg

_DIFFERING: Final = """
WITH told AS (
    SELECT position, stream FROM (
        SELECT position, stream, version, occurred_on, max(occurred_on) FILTER (WHERE version > 1)
            OVER (PARTITION BY stream ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
        FROM event WHERE county = $1
    ) AS each WHERE version > 1 AND occurred_on < newest
), listed AS (SELECT position, stream FROM late_event WHERE county = $1)
SELECT coalesce(told.position, listed.position) FROM told FULL JOIN listed USING (position, stream)
WHERE told.position IS NULL OR listed.position IS NULL ORDER BY 1 LIMIT 1"""


async def late_event_that_differs(pool: asyncpg.Pool, county: str) -> int | None:
    """The first place in the log that is listed as late and is not, or is late and is not listed, or under another stream."""
    found: int | None = await pool.fetchval(_DIFFERING, county)
    return found
