"""Pages and exports of ledgers: one question, one snapshot, and how far in the log it reaches.

With `Accept: application/x-ndjson` a whole ledger comes from one snapshot, a row per line, and ends with
`{"trailer":{"count":…,"sha256":…,"position":…}}`; the digest is over the bytes of the lines before it. What has no
trailer was cut off. With `Accept` of a spreadsheet the whole ledger comes as a workbook to be read and printed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar
from urllib.parse import quote

import orjson
from fastapi import Query, Response
from pydantic import Field, create_model

from domain.refusals import refuse
from domain.values import BusinessDate, Value
from service import metrics
from service.api.http.answers import headers
from service.api.http.intake import JSON, LINES
from service.api.http.reading import BINARY, TOLD, Read, described, named
from service.api.http.sealed_bodies import masks_of
from service.api.http.spool import Spool, spools_of
from service.ledgers.filters import LedgerQuery
from service.ledgers.ledger import Ledger
from service.ledgers.masking import must_not_choose_by_hidden, rows_shown_to
from service.ledgers.parameters import Moment, Position
from service.ledgers.queries import all_pages, in_pieces, moment_of, read_page, totals_shown
from service.ledgers.sheets import MEDIA_TYPE
from service.ledgers.tables import rows_shown
from service.ledgers.words import Words
from service.ledgers.workbook import write_workbook
from service.pace import giving_way

MinPosition = Annotated[
    Position,
    Query(
        title="最低日志位置",
        description="等待台账至少更新到此位置 / wait until the ledger has reached it",
    ),
]
AsOf = Annotated[BusinessDate | None, Query(title="业务日期", description="台账在该日的样子；不填为当前")]
KnownAt = Annotated[Moment | None, Query(title="知悉时间", description="截至该时刻已记录的事件；不填为现在")]
_Row = TypeVar("_Row")


TOO_LARGE: Final = described({413: "导出内容过大 / an export goes beyond its bound"})
_OF_ALL_ROWS: Final = "筛选范围内全部行的合计；仅第一页给出"


class LedgerPage(Value, Generic[_Row]):
    """A page of a ledger."""

    ledger: str = Field(title="台账")
    rows: tuple[_Row, ...] = Field(title="行")
    next_cursor: str | None = Field(title="下一页游标", description="没有下一页时为空")
    totals: None = Field(title="合计", description="本台账没有合计，总为空")
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


def page_or_export(page: Any) -> dict[str, Any]:
    """What a route that answers with `answer` declares: a page, all rows as lines, or a workbook."""
    told = {
        "description": "一页，或全部行（NDJSON、电子表格） / a page, or all rows as lines or a workbook",
        "model": page,
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}, MEDIA_TYPE: BINARY},
        **headers("Content-Disposition"),
    }
    return {"response_model": page, "response_class": Response, "responses": {200: told} | TOO_LARGE}


async def answer(read: Read, ledger: Ledger, query: LedgerQuery) -> Response:
    """One page, or everything: as lines with `Accept: application/x-ndjson`, or as a spreadsheet."""
    query = await query.settled(read)
    must_not_choose_by_hidden(read, query, ledger.row)
    form = _form(read, (MEDIA_TYPE,))
    await read.reach(query.min_position, query.PROJECTION, *query.BESIDE)
    if form == MEDIA_TYPE:
        metrics.EXPORTS.labels("xlsx").inc()
        return await _workbook(read, ledger, query)
    if form in LINES:
        metrics.EXPORTS.labels("ndjson").inc()
        async with spools_of(read.request).writing() as spool:
            await giving_way(_write_lines(read, ledger, query, spool))
        return spool.answer("application/x-ndjson")
    found = await read_page(read, query)
    return read.answer(
        {
            "ledger": query.PROJECTION,
            "rows": rows_shown(found.page.rows, ledger.row),
            "nextCursor": found.page.next_cursor,
            "totals": totals_shown(query, found.totals),
        }
        | found.said
    )


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


async def _write_lines(read: Read, ledger: Ledger, query: LedgerQuery, file: Spool) -> None:
    """All rows from one snapshot, a page at a time, then the trailer."""
    digest, count, masks = hashlib.sha256(), 0, masks_of(read.request)
    async with moment_of(read, query) as (at, said), aclosing(all_pages(at, query)) as pages:
        async for found in pages:
            async for rows in in_pieces(found.rows):
                lines = b"".join(
                    orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE)
                    for one in rows_shown(rows_shown_to(read.sees, rows, ledger.row), ledger.row)
                )
                lines = await masks.rendered(lines, read.county)
                digest.update(lines)
                count += len(rows)
                file.write(lines)
    read.request.scope[TOLD] = count
    trailer = {"trailer": {"count": count, "sha256": digest.hexdigest(), **said}}
    file.write(orjson.dumps(trailer, option=orjson.OPT_APPEND_NEWLINE))


async def _workbook(read: Read, ledger: Ledger, query: LedgerQuery) -> Response:
    """The whole ledger as a spreadsheet, written to a file that nobody else sees and read back from it."""
    words, title = Words(await read.regulation()), await query.heading(read) or ledger.title
    async with spools_of(read.request).writing() as spool:
        said, read.request.scope[TOLD] = await giving_way(
            write_workbook(read, query, spool.file, title, ledger.row, words)
        )
        spool.keep_within_bounds()
    name = quote(f"{title}-{said.get('asOf', read.today.isoformat())}.xlsx")
    return spool.answer(MEDIA_TYPE, {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"})
