"""Checks of the store against the register of papers: that each is there, and every byte of it what it was."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from service.paper.archive import Paper, PaperArchive, paper_of
from service.paper.sealed import NotIntact, State

_PAGE: Final = 500
_ALL: Final = (
    "SELECT * FROM paper WHERE county = $1 AND sha256 > $2 AND state <> 'FORGOTTEN' ORDER BY sha256 LIMIT $3"
)
_COUNTS: Final = """
SELECT count(*) FILTER (WHERE state <> 'FORGOTTEN') AS papers,
    coalesce(sum(size) FILTER (WHERE state <> 'FORGOTTEN'), 0)::bigint AS bytes,
    count(*) FILTER (WHERE state = 'MISSING') AS missing, count(*) FILTER (WHERE state = 'ALTERED') AS altered,
    count(*) FILTER (WHERE state = 'FORGOTTEN') AS forgotten
FROM paper WHERE county = $1
"""
_NOT_KEPT: Final = """
SELECT count(DISTINCT n.sha256) FROM paper_naming n WHERE n.county = $1
AND NOT EXISTS (SELECT FROM paper p WHERE p.county = n.county AND p.sha256 = n.sha256)
"""
_LACKING: Final = """
SELECT n.sha256, min(n.position) AS position, min(n.occurred_on) AS since, (array_agg(n.type ORDER BY n.position))[1] AS type,
    (array_agg(n.stream ORDER BY n.position))[1] AS stream, (array_agg(n.unit ORDER BY n.position))[1] AS unit,
    p.state
FROM paper_naming n LEFT JOIN paper p ON p.county = n.county AND p.sha256 = n.sha256
WHERE n.county = $1 AND coalesce(p.state, 'NOT KEPT') NOT IN ('INTACT', 'FORGOTTEN') AND n.sha256 > $2
GROUP BY n.sha256, p.state ORDER BY n.sha256 LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class PaperCondition:
    """Condition of a county's papers, in numbers."""

    papers: int
    bytes: int
    missing: int
    altered: int
    forgotten: int
    """Contents destroyed with what is forgotten of a person: no gap."""
    not_kept: int
    """Digests that events name and nobody has uploaded."""


async def condition_of(archive: PaperArchive, county: str) -> PaperCondition:
    """What there is, as it was found when it was looked at last."""
    async with archive.pool.acquire() as connection:
        counts = await connection.fetchrow(_COUNTS, county)
        not_kept = await connection.fetchval(_NOT_KEPT, county)
    assert counts is not None  # noqa: S101 - a count always has a row
    return PaperCondition(**dict(counts), not_kept=not_kept)


async def papers_of(archive: PaperArchive, county: str) -> AsyncIterator[Paper]:
    """Every paper of a county whose content is to be there, in the order of the digests."""
    after = ""
    while True:
        async with archive.pool.acquire() as connection:
            rows = await connection.fetch(_ALL, county, after, _PAGE)
        for row in rows:
            yield paper_of(row)
        if len(rows) < _PAGE:
            return
        after = rows[-1]["sha256"]


async def lacking(archive: PaperArchive, county: str) -> AsyncIterator[dict[str, Any]]:
    """Papers that events name and that are not there as they should be: not uploaded (`state` None), lost, altered."""
    after = ""
    while True:
        async with archive.pool.acquire() as connection:
            rows = await connection.fetch(_LACKING, county, after, _PAGE)
        for row in rows:
            yield dict(row)
        if len(rows) < _PAGE:
            return
        after = rows[-1]["sha256"]


async def lost(archive: PaperArchive, county: str) -> list[Paper]:
    """Papers whose object does not lie in the store. Nothing is read of those that do."""
    there = await asyncio.to_thread(lambda: {one.name for one in archive.place.lying(county)})
    return [paper async for paper in papers_of(archive, county) if paper.object not in there]


async def look_at(archive: PaperArchive, paper: Paper) -> tuple[State | None, str]:
    """Read all of a paper and keep what was found; None where it cannot be told for want of the key. With the reason."""
    state, reason = await asyncio.to_thread(_found, archive, paper)
    if state is not None:
        await archive.note(paper, state)
    return state, reason


def _found(archive: PaperArchive, paper: Paper) -> tuple[State | None, str]:
    digest, at = hashlib.sha256(), 0
    try:
        opened = archive.opened(paper)
        while piece := opened.read(at, paper.size):
            digest.update(piece)
            at += len(piece)
    except NotIntact as found:
        return found.state, str(found)
    if digest.hexdigest() != paper.sha256:
        return "ALTERED", "it is another paper"
    return "INTACT", ""
