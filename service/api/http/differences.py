"""What differs between two moments of a ledger, as the API is asked for it and shows it (D7).

A moment is a business day (`as_of`) and how far the log was known (`known_at`); what is not given is now. Only what
the ledger says is compared, not by which events it came to say it.
"""

from __future__ import annotations

import base64
import binascii
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any, ClassVar, Literal

import orjson
from fastapi import Response
from pydantic import Field
from pydantic.alias_generators import to_camel

from domain.refusals import refuse
from domain.values import BusinessDate, Value
from projections.engine.differences import Difference, Key, RowChange, RowSelection, difference
from projections.engine.reading import MAX_PAGE
from projections.engine.rows import Row
from projections.engine.writing import Connection
from service.api.http.paging import Filters, Source, known_position, snapshot, totals_shown
from service.api.http.reading import Moment, Read
from service.ledgers.moments import order_of
from service.ledgers.tables import shown


class ChangedRow(Value):
    """A row that is not the same on both sides."""

    change: Literal["ADDED", "REMOVED", "CHANGED"] = Field(title="变化", description="增加 / 减少 / 变更")
    key: dict[str, Any] = Field(title="行")
    fields: tuple[str, ...] = Field(title="变更的字段")
    before: dict[str, Any] | None = Field(title="变更前", description="变更的行只列变更的字段")
    after: dict[str, Any] | None = Field(title="变更后", description="变更的行只列变更的字段")


class Changes(Value):
    """What differs."""

    added: int = Field(title="增加行数")
    removed: int = Field(title="减少行数")
    changed: int = Field(title="变更行数")
    rows: tuple[ChangedRow, ...] = Field(title="行")
    next_cursor: str | None = Field(title="下一页游标")


class MomentSide(Value):
    """One of the two moments."""

    as_of: BusinessDate | None = Field(title="业务日期", description="为空是当前")
    known_at: datetime | None = Field(title="知悉时间", description="为空是现在")
    position: int = Field(title="日志位置")
    unplaced: int = Field(title="无法归位的事件数", description="业务日期早于其所依据的事实，在该日无法显示")
    totals: dict[str, Any] | None = Field(
        title="合计", description="筛选范围内全部行的合计；没有合计的台账为空"
    )


class LedgerChanges(Changes):
    """A ledger at two moments."""

    ledger: str = Field(title="台账")
    before: MomentSide = Field(title="前一时点台账")
    after: MomentSide = Field(title="后一时点台账")


class ChangesQuery(Filters, ABC):
    """Two moments of a ledger, and which rows of it."""

    COMMON: ClassVar[frozenset[str]] = frozenset(
        {"from_as_of", "from_known_at", "to_as_of", "to_known_at", "limit", "cursor"}
    )

    from_as_of: BusinessDate | None = Field(
        default=None, title="前一时点业务日期", description="台账在该日的样子；不填为当前"
    )
    from_known_at: Moment | None = Field(
        default=None, title="前一时点知悉时间", description="截至该时刻已记录的事件；不填为现在"
    )
    to_as_of: BusinessDate | None = Field(
        default=None, title="后一时点业务日期", description="台账在该日的样子；不填为当前"
    )
    to_known_at: Moment | None = Field(
        default=None, title="后一时点知悉时间", description="截至该时刻已记录的事件；不填为现在"
    )
    limit: int = Field(default=100, title="每页行数", ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, title="游标", description="上一页的 nextCursor", max_length=2000)

    ROW: ClassVar[type[Value]]
    """The schema of the ledger's rows."""

    @abstractmethod
    def rows(self, county: str) -> RowSelection:
        """The rows to be compared."""

    async def totals(self, connection: Connection, county: str) -> Row | None:  # noqa: ARG002  for those that have any
        """Counts and sums of one side; None where the ledger has none."""
        return None


async def answer_changes(read: Read, query: ChangesQuery) -> Response:
    """A page of what differs."""
    return read.answer(await changes_of(read, query))


async def changes_of(source: Source, query: ChangesQuery) -> dict[str, Any]:
    """A page of what differs, as JSON; FIELD_REQUIRED when no moment is named, for now and now are the same."""
    was, now = (query.from_as_of, query.from_known_at), (query.to_as_of, query.to_known_at)
    if was == now == (None, None):
        raise refuse("FIELD_REQUIRED", field="from_as_of、from_known_at、to_as_of、to_known_at")
    what = query.rows(source.county)
    async with _both(source, query.PROJECTION, was, now) as (before, after):
        delta = await difference(
            before.connection, after.connection, what, start=_start(query.cursor, what), limit=query.limit
        )
        body: dict[str, Any] = {"ledger": query.PROJECTION}
        for name, side in (("before", before), ("after", after)):
            sums = await query.totals(side.connection, source.county)
            body[name] = side.said | {"totals": totals_shown(query, sums)}
    return body | changes_shown(delta, what.key, query.limit, query.ROW)


class _Side:
    """A connection on which the ledger is as it was at a moment, and what the answer says of it."""

    def __init__(self, connection: Connection, when: _When, position: int, unplaced: int) -> None:
        self.connection = connection
        self.said = {
            "asOf": when[0] and when[0].isoformat(),
            "knownAt": when[1] and when[1].isoformat(),
            "position": position,
            "unplaced": unplaced,
        }


_When = tuple[date | None, datetime | None]


@asynccontextmanager
async def _both(source: Source, name: str, was: _When, now: _When) -> AsyncIterator[tuple[_Side, _Side]]:
    """Both moments, taken in the one order that lets nobody wait for each other."""
    places = {when: await known_position(source, when[1]) for when in (was, now)}
    first, second = sorted((was, now), key=lambda when: order_of(when[0], places[when]))
    async with _side(source, name, first, places[first]) as one:
        if first == second:
            yield one, one
            return
        async with _side(source, name, second, places[second]) as other:
            yield (one, other) if first == was else (other, one)


@asynccontextmanager
async def _side(source: Source, name: str, when: _When, place: int | None) -> AsyncIterator[_Side]:
    if when == (None, None):
        async with snapshot(source, name) as (connection, position):
            yield _Side(connection, when, position, 0)
        return
    async with source.moments.at(source.county, [name], when[0], place) as past:
        yield _Side(past.connection, when, past.position, past.unplaced)


def changes_shown(delta: Difference, key: tuple[str, ...], limit: int, model: type[Value]) -> dict[str, Any]:
    """A difference as the API shows it. `model`: the schema of the rows compared."""
    full = len(delta.changes) == limit
    return {
        "added": delta.added,
        "removed": delta.removed,
        "changed": delta.changed,
        "rows": [_row_shown(one, key, model) for one in delta.changes],
        "nextCursor": cursor_of(delta.changes[-1].key) if full else None,
    }


def _row_shown(one: RowChange, key: tuple[str, ...], model: type[Value]) -> dict[str, Any]:
    names = one.fields
    sides = [
        row and shown({name: value for name, value in row.items() if not names or name in names}, model)
        for row in (one.before, one.after)
    ]
    return {
        "change": one.change,
        "key": shown(dict(zip(key, one.key, strict=True)), model),
        "fields": [to_camel(name) for name in names],
        "before": sides[0],
        "after": sides[1],
    }


def cursor_of(key: Key) -> str:
    """Where the next page starts: after this key."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def start_of(cursor: str | None) -> Key | None:
    """The key after which a page starts; CURSOR_INVALID."""
    if cursor is None:
        return None
    try:
        found = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise refuse("CURSOR_INVALID") from error
    if not isinstance(found, list) or not found or not all(isinstance(one, str | int) for one in found):
        raise refuse("CURSOR_INVALID")
    return tuple(found)


def _start(cursor: str | None, what: RowSelection) -> Key | None:
    """The same for the rows of a question: the key has as many parts, of the same kinds; CURSOR_INVALID."""
    start = start_of(cursor)
    if start is not None and [type(part) is str for part in start] != [
        name in what.texts for name in what.key
    ]:
        raise refuse("CURSOR_INVALID")
    return start
