"""Pages and exports of ledgers: one question, one snapshot, and how far in the log it reaches.

With `Accept: application/x-ndjson` a whole ledger is streamed from one snapshot, a row per line, and ends with
`{"trailer":{"count":…,"sha256":…,"position":…}}`; the digest is over the bytes of the lines before it. A stream
without a trailer was cut off. With `Accept` of a spreadsheet the whole ledger comes as a workbook to be read and printed.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import date, datetime
from typing import IO, Annotated, Any, ClassVar, Final, Generic, Protocol, Self, TypeVar, get_args
from urllib.parse import quote

import asyncpg
import orjson
from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, create_model
from pydantic.alias_generators import to_snake

from domain.refusals import refuse
from domain.regulation.legal_clock import LegalClock
from domain.values import BusinessDate, Value
from projections.engine.reading import MAX_PAGE, Page, QuestionInvalid
from projections.engine.rows import Row
from projections.engine.writing import Connection
from projections.organization import directory
from service.api.http.intake import JSON, LINES
from service.api.http.reading import Moment, Read, named
from service.api.http.sheets import MEDIA_TYPE, LedgerSheet, SheetColumn, columns_of
from service.ledgers.moments import Moments
from service.ledgers.tables import rows_shown, shown
from service.ledgers.words import Words

MinPosition = Annotated[
    int,
    Query(
        title="最低日志位置",
        description="等待台账至少更新到此位置 / wait until the ledger has reached it",
        ge=0,
        lt=2**62,
    ),
]
AsOf = Annotated[BusinessDate | None, Query(title="业务日期", description="台账在该日的样子；不填为当前")]
KnownAt = Annotated[Moment | None, Query(title="知悉时间", description="截至该时刻已记录的事件；不填为现在")]
Several = tuple[str, ...]
"""A filter that may be given several times: one of these."""

_Row = TypeVar("_Row")


class Filters(BaseModel):
    """What chooses rows of a ledger. Unknown parameters are refused, so that no filter is silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    PROJECTION: ClassVar[str]
    BESIDE: ClassVar[tuple[str, ...]] = ()
    """Other ledgers that the question looks at."""
    TOTALS: ClassVar[type[Value] | None] = None
    """The schema of the ledger's counts and sums; None where it has none."""
    COMMON: ClassVar[frozenset[str]] = frozenset()
    """Parameters that say when, in what order and how much, and choose no rows."""

    def filters(self) -> dict[str, Any]:
        """The ledger's own filters that were given."""
        given = {name: getattr(self, name) for name in type(self).model_fields if name not in self.COMMON}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in given.items()
            if value is not None and value != ()
        }


class LedgerQuery(Filters, ABC):
    """What every ledger can be asked."""

    COMMON: ClassVar[frozenset[str]] = frozenset(
        {"min_position", "sort", "limit", "cursor", "as_of", "known_at"}
    )

    min_position: int = Field(
        default=0, title="最低日志位置", description="等待台账至少更新到此位置", ge=0, lt=2**62
    )
    sort: str | None = Field(default=None, title="排序", description="字段名；前加 - 为降序", max_length=60)
    limit: int = Field(default=100, title="每页行数", ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, title="游标", description="上一页的 nextCursor", max_length=2000)

    _calendar: LegalClock | None = PrivateAttr(default=None)

    def on_calendar(self, calendar: LegalClock) -> Self:
        """The question with the calendar by which dates are shown."""
        self._calendar = calendar
        return self

    @property
    def calendar(self) -> LegalClock:
        """The calendar by which dates are shown; set by `on_calendar`."""
        if self._calendar is None:
            raise TypeError("the question has no calendar yet")
        return self._calendar

    def paging(self) -> dict[str, Any]:
        """The arguments that all page questions share."""
        order: dict[str, Any] = {}
        if self.sort is not None:
            order = {"sort": to_snake(self.sort.removeprefix("-")), "descending": self.sort.startswith("-")}
        return {"limit": self.limit, "cursor": self.cursor, **order}

    @abstractmethod
    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """The rows asked for."""

    async def totals(self, connection: Connection, county: str) -> Row | None:  # noqa: ARG002  for those that have any
        """Counts and sums over everything the filters cover; None where the ledger has none."""
        return None

    def heading(self) -> str | None:
        """What the ledger is called when it is printed; None: as its route is."""
        return None


class DatedQuery(LedgerQuery):
    """What ledgers can be asked that are also known as of a business day, and as known at a moment (D7)."""

    as_of: BusinessDate | None = Field(
        default=None, title="业务日期", description="台账在该日的样子；不填为当前"
    )
    known_at: Moment | None = Field(
        default=None, title="知悉时间", description="截至该时刻已记录的事件；不填为现在"
    )


_OF_ALL_ROWS: Final = "筛选范围内全部行的合计；仅第一页给出"


class LedgerPage(Value, Generic[_Row]):
    """A page of a ledger."""

    ledger: str = Field(title="台账")
    rows: tuple[_Row, ...] = Field(title="行")
    next_cursor: str | None = Field(title="下一页游标", description="没有下一页时为空")
    totals: dict[str, Any] | None = Field(title="合计", description=_OF_ALL_ROWS)
    position: int = Field(title="日志位置", description="本页反映到的日志位置")
    as_of: BusinessDate | None = Field(default=None, title="业务日期")
    known_at: datetime | None = Field(default=None, title="知悉时间")
    unplaced: int | None = Field(
        default=None, title="无法归位的事件数", description="业务日期早于其所依据的事实，在该日无法显示"
    )


def page_of(row: type[Value], totals: type[Value] | None = None) -> Any:
    """The schema of a ledger's page, `RiskPage` of `RiskRow`; the rows' was made at run time from the ledger's table."""
    page = named(LedgerPage[row], row, "Row", "Page")  # type: ignore[valid-type]  # made at run time
    if totals is None:
        return page
    sums: Any = (totals | None, Field(title="合计", description=_OF_ALL_ROWS))
    return create_model(page.__name__, __base__=page, __doc__=page.__doc__, totals=sums)


async def answer(read: Read, query: LedgerQuery) -> Response:
    """One page, or everything: as lines with `Accept: application/x-ndjson`, or as a spreadsheet."""
    form = _form(read, (MEDIA_TYPE,))
    query.on_calendar(read.calendar)
    await read.ledgers.reach(query.min_position, query.PROJECTION, *query.BESIDE)
    if form == MEDIA_TYPE:
        return await _workbook(read, query)
    if form in LINES:
        lines = _export(read, query)
        first = await anext(lines)  # a wrong question is refused before the answer has begun
        return StreamingResponse(_again(first, lines), media_type="application/x-ndjson")
    async with moment_of(read, query) as (connection, said):
        found = await page_at(connection, read.county, query)
        totals = await query.totals(connection, read.county) if query.cursor is None else None
    return read.answer(
        {
            "ledger": query.PROJECTION,
            "rows": rows_shown(found.rows, _row_of_route(read)),
            "nextCursor": found.next_cursor,
            "totals": totals_shown(query, totals),
        }
        | said
    )


class Source(Protocol):
    """Where a county's ledgers are read: a request, or a command at the terminal."""

    @property
    def county(self) -> str:
        """Whose ledgers."""

    @property
    def pool(self) -> asyncpg.Pool:
        """Connections to their database."""

    @property
    def moments(self) -> Moments:
        """The ledgers at past moments."""


@asynccontextmanager
async def moment_of(source: Source, query: LedgerQuery) -> AsyncIterator[tuple[Connection, dict[str, Any]]]:
    """A connection on which the query's ledger is as asked for, and what the answer says of the moment."""
    dated = query if isinstance(query, DatedQuery) else None
    if dated is None or (dated.as_of is None and dated.known_at is None):
        async with snapshot(source, query.PROJECTION) as (connection, position):
            yield connection, {"position": position}
        return
    known = await known_position(source, dated.known_at)
    names = [query.PROJECTION, *query.BESIDE]
    async with source.moments.at(source.county, names, dated.as_of, known) as past:
        said: dict[str, Any] = {"position": past.position, "unplaced": past.unplaced}
        if dated.as_of is not None:
            said["asOf"] = dated.as_of.isoformat()
        if dated.known_at is not None:
            said["knownAt"] = dated.known_at.isoformat()
        yield past.connection, said


@asynccontextmanager
async def ledgers_at(
    read: Read, names: Sequence[str], as_of: date | None, known_at: datetime | None, min_position: int = 0
) -> AsyncIterator[tuple[Connection, int]]:
    """A connection on which several ledgers are as asked for, and the position they show."""
    if as_of is None and known_at is None:
        await read.ledgers.reach(min_position, *names)
        async with snapshot(read, names[0]) as found:
            yield found
        return
    known = await known_position(read, known_at)
    async with read.moments.at(read.county, names, as_of, known) as past:
        yield past.connection, past.position


async def known_position(source: Source, known_at: datetime | None) -> int | None:
    """How far the log reached at a moment; None: wherever it reaches now."""
    return None if known_at is None else await source.moments.position_at(source.county, known_at)


def _form(read: Read, more: Sequence[str]) -> str:
    """The media type of the answer; NOT_ACCEPTABLE."""
    header = read.request.headers.get("accept", "*/*")
    accepted = [part.partition(";")[0].strip().lower() for part in header.split(",")]
    for one in accepted:
        if one in LINES or one in more:
            return one
    if not {JSON, "application/*", "*/*", ""} & set(accepted):
        raise refuse(
            "NOT_ACCEPTABLE", given=header[:100], accepted="、".join((JSON, "application/x-ndjson", *more))
        )
    return JSON


@asynccontextmanager
async def snapshot(source: Source, projection: str) -> AsyncIterator[tuple[Connection, int]]:
    """A connection whose questions all see the same rows, and how far in the log these reach."""
    async with (
        source.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        position = await connection.fetchval(
            "SELECT position FROM projection_checkpoint WHERE county = $1 AND projection = $2",
            source.county,
            projection,
        )
        yield connection, position or 0


async def page_at(
    connection: Connection, county: str, query: LedgerQuery, paging: Mapping[str, Any] | None = None
) -> Page:
    """A page of the ledger that the connection shows; CURSOR_INVALID, FIELD_INVALID."""
    try:
        return await query.page(connection, county, query.paging() if paging is None else paging)
    except QuestionInvalid as error:
        if error.field_name == "cursor":
            raise refuse("CURSOR_INVALID") from error
        raise refuse("FIELD_INVALID", field=error.field_name, value=error.value) from error


async def _export(read: Read, query: LedgerQuery) -> AsyncGenerator[bytes, None]:
    """All rows from one snapshot, a page at a time, then the trailer."""
    digest, count = hashlib.sha256(), 0
    row = _row_of_route(read)
    paging = {**query.paging(), "limit": MAX_PAGE}
    async with moment_of(read, query) as (connection, said):
        while True:
            found = await page_at(connection, read.county, query, paging)
            lines = b"".join(
                orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in rows_shown(found.rows, row)
            )
            digest.update(lines)
            count += len(found.rows)
            yield lines
            if found.next_cursor is None:
                break
            paging["cursor"] = found.next_cursor
    trailer = {"trailer": {"count": count, "sha256": digest.hexdigest(), **said}}
    yield orjson.dumps(trailer, option=orjson.OPT_APPEND_NEWLINE)


async def _workbook(read: Read, query: LedgerQuery) -> Response:
    """The whole ledger as a spreadsheet, written to a file that nobody else sees and read back from it."""
    route = read.request.scope["route"]
    words, title = Words(await read.regulation()), query.heading() or route.summary
    file = await asyncio.to_thread(tempfile.TemporaryFile)
    try:
        said = await write_workbook(read, query, file, title, columns_of(_row_of_route(read)), words)
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    name = quote(f"{title}-{said.get('asOf', read.context.today().isoformat())}.xlsx")
    headers = {"Content-Length": str(size), "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return StreamingResponse(_chunks(file), media_type=MEDIA_TYPE, headers=headers)


async def write_workbook(
    source: Source,
    query: LedgerQuery,
    file: IO[bytes],
    title: str,
    columns: Sequence[SheetColumn],
    words: Words,
) -> dict[str, Any]:
    """Write a whole ledger as a spreadsheet; gives what there is to say of its moment."""
    paging = {**query.paging(), "limit": MAX_PAGE}
    async with moment_of(source, query) as (connection, said):
        found = await page_at(connection, source.county, query, paging)  # a wrong question is refused before
        names = await directory.names(connection, source.county)
        sheet = LedgerSheet(file, title, _notes(source.county, query, said), columns, words)
        try:
            await asyncio.to_thread(sheet.add, found.rows, names)
            while found.next_cursor is not None:
                paging["cursor"] = found.next_cursor
                found = await page_at(connection, source.county, query, paging)
                await asyncio.to_thread(sheet.add, found.rows, names)
            totals = await query.totals(connection, source.county)
        except BaseException:
            sheet.close()  # or the library's own files stay behind
            raise
        await asyncio.to_thread(sheet.close, totals)
    return said


def _row_of_route(read: Read) -> type[BaseModel]:
    """The schema of the rows of the page that the route answers with."""
    page: type[BaseModel] = read.request.scope["route"].response_model
    row: type[BaseModel] = get_args(page.model_fields["rows"].annotation)[0]
    return row


def totals_shown(query: Filters, totals: Row | None) -> dict[str, Any] | None:
    """A ledger's counts and sums as the API shows them."""
    return None if totals is None or query.TOTALS is None else shown(totals, query.TOTALS)


def _notes(county: str, query: LedgerQuery, said: Mapping[str, Any]) -> list[str]:
    """Of which county, moment and rows a spreadsheet speaks."""
    notes = [f"县：{county}", f"业务日期：{said.get('asOf', '当前')}", f"日志位置：{said['position']}"]
    if "knownAt" in said:
        notes.append(f"知悉时间：{said['knownAt']}")
    if said.get("unplaced"):
        notes.append(f"无法归位的事件数：{said['unplaced']}")
    fields = type(query).model_fields
    for name, value in query.filters().items():
        if value != fields[name].default:
            given = "、".join(map(str, value)) if isinstance(value, list) else value
            notes.append(f"{fields[name].title}：{given}")
    return notes


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """A file's bytes, and its end."""
    try:
        while chunk := await asyncio.to_thread(file.read, 1 << 18):
            yield chunk
    finally:
        file.close()


async def _again(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk
