"""Removal of what is not kept for ever: papers that no event names, and what was left behind in the store.

A paper that an event names is never removed here: events are for ever, and so is what they rest on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from service.paper.archive import Paper, PaperArchive, paper_of
from service.paper.places import Lying
from service.paper.sight import LEDGER

_AT_ONCE: Final = 200
LEFT_BEHIND_SECONDS: Final = 86_400.0
"""An object without a row, or a file half written, that is older than this belongs to nobody who is still at work."""

_HEAD: Final = "SELECT position FROM log_head WHERE county = $1 FOR UPDATE"
_REACHED: Final = "SELECT position FROM projection_checkpoint WHERE county = $1 AND projection = $2 FOR SHARE"
_UNNAMED: Final = """
p.county = $1 AND NOT EXISTS (SELECT FROM paper_naming n WHERE n.county = p.county AND n.sha256 = p.sha256)
AND NOT EXISTS (SELECT FROM paper_upload u WHERE u.county = p.county AND u.sha256 = p.sha256 AND u.uploaded_at > $2)
"""
_FIND: Final = f"SELECT p.* FROM paper p WHERE {_UNNAMED} ORDER BY p.sha256"
_LOCK: Final = (
    f"SELECT p.sha256 FROM paper p WHERE {_UNNAMED} ORDER BY p.sha256 LIMIT $3 FOR UPDATE SKIP LOCKED"
)
_REMOVE: Final = f"DELETE FROM paper p WHERE {_UNNAMED} AND p.sha256 = ANY($3::text[]) RETURNING p.*"


class LedgerBehind(Exception):  # noqa: N818  names a state, like its siblings
    """The ledger of namings does not yet know all of the log: a paper that nobody seems to name may be named."""


@dataclass(slots=True)
class Clearing:
    """Papers, objects and files that may be removed, or were."""

    papers: list[Paper] = field(default_factory=list)
    """Papers that no event names, uploaded longer ago than they are kept for."""
    objects: list[Lying] = field(default_factory=list)
    """Objects that no row speaks of."""
    files: int = 0
    """Files whose writing was never finished."""


async def due(archive: PaperArchive, county: str) -> Clearing:
    """What a clearing would remove now; nothing is changed. `LedgerBehind`."""
    before = archive.clock() - timedelta(days=archive.bounds.unnamed_days)
    async with archive.pool.acquire() as connection, connection.transaction():
        head = await connection.fetchval(_HEAD, county)
        if (await connection.fetchval(_REACHED, county, LEDGER) or 0) < (head or 0):
            raise LedgerBehind
        rows = await connection.fetch(_FIND, county, before)
    return Clearing(
        [paper_of(row) for row in rows], await left_behind(archive, county), len(await _unfinished(archive))
    )


async def clear(archive: PaperArchive, county: str) -> Clearing:
    """Remove what is due. Whoever names or uploads one of these papers meanwhile keeps it. `LedgerBehind`."""
    done = Clearing()
    while removed := await _clear_some(archive, county):
        done.papers += removed
        for paper in removed:
            await asyncio.to_thread(archive.place.remove, county, paper.object)
    for one in await left_behind(archive, county):
        await asyncio.to_thread(archive.place.remove, county, one.name)
        done.objects.append(one)
    for path in await _unfinished(archive):
        await asyncio.to_thread(path.unlink, missing_ok=True)
        done.files += 1
    return done


async def _clear_some(archive: PaperArchive, county: str) -> list[Paper]:
    """Remove rows while nothing is committed to the log: the head's row is held, so nobody can name a paper meanwhile."""
    before = archive.clock() - timedelta(days=archive.bounds.unnamed_days)
    async with archive.pool.acquire() as connection, connection.transaction():
        head = await connection.fetchval(_HEAD, county)
        if (await connection.fetchval(_REACHED, county, LEDGER) or 0) < (head or 0):
            raise LedgerBehind
        held = await connection.fetch(_LOCK, county, before, _AT_ONCE)
        rows = await connection.fetch(_REMOVE, county, before, [row["sha256"] for row in held])
    return [paper_of(row) for row in rows]


async def left_behind(archive: PaperArchive, county: str) -> list[Lying]:
    """Objects in the store that no row speaks of, and that nobody is just putting there."""
    lying = await asyncio.to_thread(lambda: list(archive.place.lying(county)))
    old = [one for one in lying if one.age > LEFT_BEHIND_SECONDS]
    async with archive.pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT object FROM paper WHERE county = $1 AND object = ANY($2::text[])",
            county,
            [one.name for one in old],
        )
    known = {row["object"] for row in rows}
    return [one for one in old if one.name not in known]


async def _unfinished(archive: PaperArchive) -> list[Path]:
    return await asyncio.to_thread(archive.place.unfinished, LEFT_BEHIND_SECONDS)
