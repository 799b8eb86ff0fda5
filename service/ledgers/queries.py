"""Questions to ledgers, asked: a page and its sums from one snapshot, at a moment, all pages after each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from domain.refusals import refuse
from projections.engine.reading import Page, QuestionInvalid
from projections.engine.rows import Row
from projections.engine.writing import Connection
from service.database.row_security import rows_of
from service.ledgers.filters import DatedQuery, Filters, LedgerQuery, Standpoint, day_asked
from service.ledgers.source import Source
from service.ledgers.tables import shown

PAGE: Final = 100
"""Rows of a whole ledger that are asked for at a time."""
PIECE: Final = 25
"""Rows that something is made of at a time."""


@dataclass(frozen=True, slots=True)
class LedgerMoment:
    """At which moment a question sees its ledgers; by default as they are now."""

    as_of: date | None = None
    """The business day; None: all that happened, whenever."""
    known_at: datetime | None = None
    """What was recorded by then; None: everything."""
    min_position: int = 0
    """How far in the log the ledgers of now have to be before they are asked."""


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A page of a ledger as the database has it. `said`: of which moment, and how far in the log."""

    page: Page
    totals: Row | None
    """Counts and sums over everything the filters cover; only with the first page."""
    said: dict[str, Any]


async def read_page(source: Source, query: LedgerQuery) -> FoundPage:
    """A page, with the sums if it is the first; CURSOR_INVALID, FIELD_INVALID."""
    async with moment_of(source, query) as (at, said):
        found = await page_at(at, query)
        totals = await query.totals(at) if query.cursor is None else None
    return FoundPage(found, totals, said)


async def all_pages(at: Standpoint, query: LedgerQuery) -> AsyncGenerator[Page, None]:
    """Every page from the question's cursor on, the first one even if it is empty."""
    paging = {**query.paging(), "limit": PAGE}
    while True:
        found = await page_at(at, query, paging)
        yield found
        if found.next_cursor is None:
            return
        paging["cursor"] = found.next_cursor


async def in_pieces(rows: Sequence[Row]) -> AsyncGenerator[Sequence[Row], None]:
    """Rows of a page, a few at a time, with a look at what else there is to do before each."""
    for start in range(0, len(rows), PIECE):
        await asyncio.sleep(0)
        yield rows[start : start + PIECE]


async def page_at(at: Standpoint, query: LedgerQuery, paging: Mapping[str, Any] | None = None) -> Page:
    """A page of the ledger that the connection shows; CURSOR_INVALID, FIELD_INVALID."""
    with refusing_nonsense():
        return await query.page(at, query.paging() if paging is None else paging)


@contextmanager
def refusing_nonsense() -> Iterator[None]:
    """Inside, a question that makes no sense is refused: CURSOR_INVALID, FIELD_INVALID."""
    try:
        yield
    except QuestionInvalid as error:
        if error.field_name == "cursor":
            raise refuse("CURSOR_INVALID") from error
        raise refuse("FIELD_INVALID", field=error.field_name, value=error.value) from error


@asynccontextmanager
async def moment_of(source: Source, query: LedgerQuery) -> AsyncIterator[tuple[Standpoint, dict[str, Any]]]:
    """Where the query's ledger is as asked for, and what the answer says of the moment."""
    day = day_asked(query, source)
    dated = query if isinstance(query, DatedQuery) else None
    if dated is None or (dated.as_of is None and dated.known_at is None):
        async with snapshot(source, query.PROJECTION) as (connection, position):
            yield Standpoint(connection, source, day), {"position": position}
        return
    known = await known_position(source, dated.known_at)
    names = [query.PROJECTION, *query.BESIDE]
    async with source.moments.at(source.county, names, dated.as_of, known, query.about()) as past:
        said: dict[str, Any] = {"position": past.position, "unplaced": past.unplaced}
        if dated.as_of is not None:
            said["asOf"] = dated.as_of.isoformat()
        if dated.known_at is not None:
            said["knownAt"] = dated.known_at.isoformat()
        yield Standpoint(past.connection, source, day), said


@asynccontextmanager
async def ledgers_at(
    source: Source, names: Sequence[str], moment: LedgerMoment
) -> AsyncIterator[tuple[Connection, int]]:
    """A connection on which several ledgers are as asked for, and the position they show."""
    if moment.as_of is None and moment.known_at is None:
        await source.reach(moment.min_position, *names)
        async with snapshot(source, names[0]) as found:
            yield found
        return
    known = await known_position(source, moment.known_at)
    async with source.moments.at(source.county, names, moment.as_of, known) as past:
        yield past.connection, past.position


@asynccontextmanager
async def ledgers_now(
    source: Source, names: Sequence[str], min_position: int = 0
) -> AsyncIterator[Connection]:
    """A connection to the ledgers as they are, once they have taken in the log up to a position."""
    await source.reach(min_position, *names)
    async with rows_of(source.pool, source.county) as connection:
        yield connection


@asynccontextmanager
async def ledgers_at_head(source: Source, *names: str) -> AsyncIterator[tuple[Connection, int]]:
    """A connection to the ledgers once they have taken in all that is in the log now, and how far that is."""
    position = await source.reach_head(*names)
    async with rows_of(source.pool, source.county) as connection:
        yield connection, position


Look = Callable[[Source, str], AbstractAsyncContextManager[tuple[Connection, int]]]
"""A way to look into one ledger as it is now: a connection, and how far in the log it is."""


@asynccontextmanager
async def as_it_stands(source: Source, projection: str) -> AsyncIterator[tuple[Connection, int]]:
    """The ledger's rows once they have taken in all that is in the log now, in one snapshot."""
    await source.reach_head(projection)
    async with snapshot(source, projection) as found:
        yield found


@asynccontextmanager
async def folded(source: Source, projection: str) -> AsyncIterator[tuple[Connection, int]]:
    """The ledger folded from the log and not read from rows that stand, which whoever reaches the database can edit."""
    async with source.moments.at(source.county, [projection], None, None) as now:
        yield now.connection, now.position


async def known_position(source: Source, known_at: datetime | None) -> int | None:
    """How far the log reached at a moment; None: wherever it reaches now."""
    return None if known_at is None else await source.moments.position_at(source.county, known_at)


@asynccontextmanager
async def snapshot(source: Source, projection: str) -> AsyncIterator[tuple[Connection, int]]:
    """A connection whose questions all see the same rows, and how far in the log these reach."""
    async with rows_of(source.pool, source.county, "repeatable_read") as connection:
        position = await connection.fetchval(
            "SELECT position FROM projection_checkpoint WHERE county = $1 AND projection = $2",
            source.county,
            projection,
        )
        yield connection, position or 0


def totals_shown(query: Filters, totals: Row | None) -> dict[str, Any] | None:
    """A ledger's counts and sums as they are shown: money as yuan strings."""
    return None if totals is None or query.TOTALS is None else shown(totals, query.TOTALS)
