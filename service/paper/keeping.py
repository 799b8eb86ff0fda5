"""Care that a service takes of its papers by itself: it removes what is due, and reads again what was not looked at for longest.

Several services may do so at once: a paper is removed once, and reading it twice finds the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

import structlog

from service.database.trouble import TROUBLE
from service.paper.archive import PaperArchive, paper_of
from service.paper.checking import look_at
from service.paper.clearing import LedgerBehind, clear

log = structlog.stdlib.get_logger(__name__)

FIRST_SECONDS: Final = 300.0
EVERY_SECONDS: Final = 3600.0
AGAIN_DAYS: Final = 30
"""How old a look at a paper may become."""
MOST_AT_ONCE: Final = 200
MOST_BYTES: Final = 1 << 30
"""Read in one round: so much an hour is 24 GiB a day."""

_OLDEST: Final = "SELECT * FROM paper WHERE county = $1 AND checked_at < $2 AND state <> 'FORGOTTEN' ORDER BY checked_at LIMIT $3"


@asynccontextmanager
async def looked_after(archive: PaperArchive | None, counties: Sequence[str]) -> AsyncIterator[None]:
    """The papers of these counties are looked after while the block lasts."""
    if archive is None:
        yield
        return
    task = asyncio.create_task(_go_on(archive, counties), name="papers")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _go_on(archive: PaperArchive, counties: Sequence[str]) -> None:
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        for county in counties:
            try:
                await look_after(archive, county)
            except TROUBLE as error:
                log.warning("papers_not_looked_after", county=county, error=repr(error))
        await asyncio.sleep(EVERY_SECONDS)


async def look_after(archive: PaperArchive, county: str) -> None:
    """One round: what is due is removed, unless the ledger is behind, and the oldest looks are renewed."""
    try:
        done = await clear(archive, county)
    except LedgerBehind:
        log.info("papers_not_cleared", county=county, reason="the ledger of papers is behind the log")
    else:
        if done.papers or done.objects or done.files:
            log.info(
                "papers_cleared",
                county=county,
                papers=len(done.papers),
                objects=len(done.objects),
                files=done.files,
            )
    before = archive.clock() - timedelta(days=AGAIN_DAYS)
    async with archive.pool.acquire() as connection:
        rows = await connection.fetch(_OLDEST, county, before, MOST_AT_ONCE)
    read = 0
    for paper in map(paper_of, rows):
        if read >= MOST_BYTES:
            return
        state, reason = await look_at(archive, paper)
        read += paper.size
        if state != "INTACT":
            log.error("paper_not_intact", county=county, sha256=paper.sha256, state=state, reason=reason)
