"""Forgetting of papers: with a person go the contents of the papers that are about that person alone.

The digest stays in the log for ever and tells nobody what the paper showed. Its content is removed from the store, its row
says FORGOTTEN, and nobody brings it back by uploading it again. Which papers these are is decided once and stands in the log
(`domain.personal.subject.Forgetting.papers`); here it is carried out, and again after a stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from service.database.row_security import rows_of
from service.ledgers.source import Source
from service.paper.archive import PaperArchive, paper_of
from service.paper.contents import UNSAID
from service.paper.sight import LEDGER, field_of

_OF_STREAMS: Final = """
SELECT DISTINCT n.sha256, n.type, n.field FROM paper_naming n WHERE n.county = $1 AND n.stream = ANY($2::text[])
AND NOT EXISTS (SELECT FROM paper_naming o WHERE o.county = n.county AND o.sha256 = n.sha256 AND o.stream <> ALL($2::text[]))
ORDER BY n.sha256"""
_FORGET: Final = """
INSERT INTO paper (county, sha256, size, media_type, object, stored_at, state, checked_at)
SELECT $1, one.sha256, 0, $4, $5, $3, 'FORGOTTEN', $3 FROM unnest($2::text[]) AS one (sha256)
ON CONFLICT (county, sha256) DO UPDATE SET state = 'FORGOTTEN', checked_at = excluded.checked_at
WHERE paper.state <> 'FORGOTTEN'"""
_NONE: Final = "none"
"""Object of a paper that was never uploaded, and is not taken in any more."""
_FORGOTTEN: Final = (
    "SELECT * FROM paper WHERE county = $1 AND sha256 = ANY($2::text[]) AND state = 'FORGOTTEN'"
)


async def papers_of_alone(source: Source, streams: Sequence[str]) -> tuple[str, ...]:
    """Digests of the personal papers that events of these streams name, and no event of any other."""
    await source.reach_head(LEDGER)
    async with rows_of(source.pool, source.county) as connection:
        rows = await connection.fetch(_OF_STREAMS, source.county, list(streams))
    return tuple(sorted({row["sha256"] for row in rows if field_of(row["type"], row["field"]).holds.guarded}))


async def forget_papers(archive: PaperArchive, county: str, digests: Sequence[str]) -> None:
    """Remove contents, as the log has decided; twice is once. The row is changed first: from then on nobody is served it."""
    async with archive.pool.acquire() as connection, connection.transaction():
        await connection.execute(_FORGET, county, list(digests), archive.clock(), UNSAID, _NONE)
        rows = await connection.fetch(_FORGOTTEN, county, list(digests))
    for paper in map(paper_of, rows):
        await asyncio.to_thread(archive.place.remove, county, paper.object)
