"""Difference of two moments of a ledger, asked and shown (D7).

A moment is a business day (`as_of`) and how far the log was known (`known_at`); what is not given is now. Only what
the ledger says is compared, not by which events it came to say it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

import orjson
from pydantic import Field, create_model
from pydantic.alias_generators import to_camel

from domain.refusals import refuse
from domain.values import BusinessDate, Value
from projections.engine.differences import Difference, Key, RowChange, difference
from projections.engine.writing import Connection
from service.ledgers.filters import ChangesQuery, Standpoint
from service.ledgers.masking import Sees, must_not_choose_by_hidden, rows_shown_to
from service.ledgers.moments import order_of
from service.ledgers.queries import known_position, snapshot, totals_shown
from service.ledgers.source import Source
from service.ledgers.tables import shown


class ChangedRow(Value):
    """A row that is not the same on both sides."""

    change: Literal["ADDED", "REMOVED", "CHANGED"] = Field(title="变化", description="增加 / 减少 / 变更")
    key: dict[str, Any] = Field(title="行")
    fields: tuple[str, ...] = Field(title="变更的字段")
    before: dict[str, Any] | None = Field(title="变更前", description="变更的行只列变更的字段")
    after: dict[str, Any] | None = Field(title="变更后", description="变更的行只列变更的字段")


class Changes(Value):
    """Changes of a ledger between two moments."""

    added: int = Field(title="增加行数")
    removed: int = Field(title="减少行数")
    changed: int = Field(title="变更行数")
    rows: tuple[ChangedRow, ...] = Field(title="行")
    next_cursor: str | None = Field(title="下一页游标")


_Totals = TypeVar("_Totals")


class MomentSide(Value, Generic[_Totals]):
    """One of the two moments."""

    as_of: BusinessDate | None = Field(title="业务日期", description="为空是当前")
    known_at: datetime | None = Field(title="知悉时间", description="为空是现在")
    position: int = Field(title="日志位置")
    unplaced: int = Field(title="无法归位的事件数", description="业务日期早于其所依据的事实，在该日无法显示")
    totals: _Totals = Field(title="合计", description="筛选范围内全部行的合计；没有合计的台账为空")


class LedgerChanges(Changes, Generic[_Totals]):
    """A ledger at two moments."""

    ledger: str = Field(title="台账")
    before: MomentSide[_Totals] = Field(title="前一时点台账")
    after: MomentSide[_Totals] = Field(title="后一时点台账")


def changes_body(row: type[Value], totals: type[Value] | None) -> type[Value]:
    """The schema of a ledger's changes, `CustodyLedgerChanges` of `CustodyLedgerRow`, whose sides have the ledger's totals."""
    name = row.__name__.removesuffix("Row")
    sums: Any = None if totals is None else totals | None
    side = create_model(f"{name}Moment", __base__=MomentSide[sums], __doc__=MomentSide.__doc__)
    sides: dict[str, Any] = {
        side_name: (side, LedgerChanges.model_fields[side_name]) for side_name in ("before", "after")
    }
    return create_model(
        f"{name}Changes", __base__=LedgerChanges[sums], __doc__=LedgerChanges.__doc__, **sides
    )


async def changes_of(source: Source, query: ChangesQuery, row: type[Value]) -> dict[str, Any]:
    """A page of what differs, as JSON, of a ledger with such rows; FIELD_REQUIRED when no moment is named, for now and now are the same."""
    was, now = (query.from_as_of, query.from_known_at), (query.to_as_of, query.to_known_at)
    if was == now == (None, None):
        raise refuse("FIELD_REQUIRED", field="from_as_of、from_known_at、to_as_of、to_known_at")
    must_not_choose_by_hidden(source, query, row)
    what = query.rows(source.county)
    start = start_of(query.cursor, [name in what.texts for name in what.key])
    async with _both(source, query, was, now) as (before, after):
        delta = await difference(before.connection, after.connection, what, start=start, limit=query.limit)
        body: dict[str, Any] = {"ledger": query.PROJECTION}
        for name, side in (("before", before), ("after", after)):
            sums = await query.totals(side.at)
            body[name] = side.said | {"totals": totals_shown(query, sums)}
    return body | changes_shown(delta, what.key, query.limit, row, source.sees)


class _Side:
    """A connection on which the ledger is as it was at a moment, and what the answer says of it."""

    def __init__(
        self, connection: Connection, source: Source, when: _When, position: int, unplaced: int
    ) -> None:
        self.connection = connection
        self.at = Standpoint(connection, source, when[0] or source.today)
        self.said = {
            "asOf": when[0] and when[0].isoformat(),
            "knownAt": when[1] and when[1].isoformat(),
            "position": position,
            "unplaced": unplaced,
        }


_When = tuple[date | None, datetime | None]


@asynccontextmanager
async def _both(
    source: Source, query: ChangesQuery, was: _When, now: _When
) -> AsyncIterator[tuple[_Side, _Side]]:
    """Both moments, taken in the one order that lets nobody wait for each other."""
    places = {when: await known_position(source, when[1]) for when in (was, now)}
    first, second = sorted((was, now), key=lambda when: order_of(when[0], places[when]))
    async with _side(source, query, first, places[first]) as one:
        if first == second:
            yield one, one
            return
        async with _side(source, query, second, places[second]) as other:
            yield (one, other) if first == was else (other, one)


@asynccontextmanager
async def _side(source: Source, query: ChangesQuery, when: _When, place: int | None) -> AsyncIterator[_Side]:
    if when == (None, None):
        async with snapshot(source, query.PROJECTION) as (connection, position):
            yield _Side(connection, source, when, position, 0)
        return
    async with source.moments.at(source.county, [query.PROJECTION], when[0], place, query.about()) as past:
        yield _Side(past.connection, source, when, past.position, past.unplaced)


def changes_shown(
    delta: Difference, key: tuple[str, ...], limit: int, model: type[Value], sees: Sees
) -> dict[str, Any]:
    """A difference as the API shows it to somebody. `model`: the schema of the rows compared."""
    full = len(delta.changes) == limit
    return {
        "added": delta.added,
        "removed": delta.removed,
        "changed": delta.changed,
        "rows": [_row_shown(one, key, model, sees) for one in delta.changes],
        "nextCursor": cursor_of(delta.changes[-1].key) if full else None,
    }


def _row_shown(one: RowChange, key: tuple[str, ...], model: type[Value], sees: Sees) -> dict[str, Any]:
    names = one.fields
    both = [row and rows_shown_to(sees, (row,), model)[0] for row in (one.before, one.after)]
    sides = [
        row and shown({name: value for name, value in row.items() if not names or name in names}, model)
        for row in both
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


def start_of(cursor: str | None, texts: Sequence[bool] = (True,)) -> Key | None:
    """The key after which a page starts; CURSOR_INVALID.

    `texts`: of each part of the key, whether it is a text or a whole number.
    """
    if cursor is None:
        return None
    try:
        found = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise refuse("CURSOR_INVALID") from error
    if not isinstance(found, list) or list(map(_is_text, found)) != list(texts):
        raise refuse("CURSOR_INVALID")
    return tuple(found)


def _is_text(part: Any) -> bool | None:
    """True for a text that a key may have, False for a whole number, None for what is no part of a key."""
    if isinstance(part, str):
        return None if "\x00" in part else True
    return False if type(part) is int and abs(part) < 2**63 else None
