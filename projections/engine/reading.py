"""Questions to ledgers: conditions, pages by cursor, rows as dicts. On an asyncpg connection, values as parameters.

The SQL is text on purpose (decision 0022).

Rows come back with snake_case keys, money in integer fen, dates as `date`, moments as UTC `datetime`; JSON columns
hold lists and objects with camelCase keys, as in the log.
"""

from __future__ import annotations

import base64
import binascii
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, TypedDict, Unpack

import asyncpg
import orjson

from projections.engine.rows import Row
from projections.engine.tables import LedgerTable
from projections.engine.writing import Connection, of_record, sql_type

MAX_PAGE: Final = 1000
"""Most rows of one page."""


class QuestionInvalid(ValueError):  # noqa: N818  names a state, like its siblings
    """The question names a column that does not exist, or carries a cursor of another question."""

    def __init__(self, field_name: str, value: str) -> None:
        super().__init__(f"{field_name}: {value!r}")
        self.field_name = field_name
        self.value = value


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of an answer, and where the next page starts; None: there is none."""

    rows: list[Row]
    next_cursor: str | None


@dataclass(slots=True)
class Conditions:
    """Conditions joined by AND, with the parameters they use."""

    parameters: list[Any] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    def parameter(self, value: Any) -> str:
        """A placeholder for a value."""
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def add(self, template: str, *values: Any) -> None:
        """Add a condition; every `{}` of the template stands for a value."""
        self.parts.append(template.format(*(self.parameter(value) for value in values)))

    def equal(self, column: str, value: Any) -> None:
        """`column = value`, or one of several; nothing is added for None."""
        if value is None:
            return
        if isinstance(value, list | tuple | set | frozenset):
            self.add(f"{column} = ANY({{}})", list(value))
        else:
            self.add(f"{column} = {{}}", value)

    def between(self, column: str, low: Any, high: Any) -> None:
        """`low ≤ column ≤ high`; an end that is None is open."""
        if low is not None:
            self.add(f"{column} >= {{}}", low)
        if high is not None:
            self.add(f"{column} <= {{}}", high)

    def contains(self, column: str, words: str | None) -> None:
        """Text that holds all the given words; upper and lower case, full and half width, composed and not are alike."""
        for word in unicodedata.normalize("NFKC", words or "").split():
            pattern = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            self.add(f"normalize({column}, NFKC) ILIKE {{}}", f"%{pattern}%")

    @property
    def where(self) -> str:
        """The WHERE clause."""
        return " AND ".join(self.parts) or "true"


def _encode(cursor: list[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(cursor)).decode().rstrip("=")


def _decode(text: str, sort: str, ties: int, *, descending: bool) -> list[str | None]:
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error) as error:
        raise QuestionInvalid("cursor", text[:80]) from error
    if (
        not isinstance(found, list)
        or len(found) != 3 + ties
        or found[:2] != [sort, descending]
        or not all(item is None or (isinstance(item, str) and "\x00" not in item) for item in found[2:])
        or None in found[3:]
    ):
        raise QuestionInvalid("cursor", text[:80])
    return found[2:]


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


class Paging(TypedDict, total=False):
    """Which rows of a ledger a reader wants first, how many, and from where on.

    `sort` is any listed column that is not JSON; rows without a value come last, and the key settles ties.
    """

    sort: str
    descending: bool
    limit: int
    cursor: str | None


async def page(
    connection: Connection,
    ledger: LedgerTable,
    conditions: Conditions,
    *,
    source: str,
    alias: str,
    columns: Sequence[str],
    usually: str | None = None,
    extra: Sequence[str] = (),
    **paging: Unpack[Paging],
) -> Page:
    """A page of a ledger's rows. `source` is the FROM clause in which the ledger is called `alias`, `usually` the column
    that it is sorted by where `paging` names none, `extra` more output columns.
    """
    sort, descending = paging.get("sort", usually), paging.get("descending", False)
    limit, cursor = paging.get("limit", 100), paging.get("cursor")
    if sort is None or sort not in columns or sort in ledger.json_columns:
        raise QuestionInvalid("sort", sort or "")
    limit = max(1, min(limit, MAX_PAGE))
    ties = ledger.key[1:]
    column = ledger.table.columns[sort]
    at = f"{alias}.{sort}"
    tied = ", ".join(f"{alias}.{name}" for name in ties)
    conditions = Conditions(list(conditions.parameters), list(conditions.parts))
    if cursor is not None:
        value, *rest = _decode(cursor, sort, len(ties), descending=descending)
        placed = [
            f"{conditions.parameter(text)}::text::{sql_type(ledger, name)}"
            for name, text in zip(ties, rest, strict=True)
        ]
        beyond = f"({tied}) > ({', '.join(placed)})"
        if value is None:
            conditions.parts.append(f"({at} IS NULL AND {beyond})")
        else:
            mark = f"{conditions.parameter(value)}::text::{sql_type(ledger, sort)}"
            further = f"{at} {'<' if descending else '>'} {mark} OR ({at} = {mark} AND {beyond})"
            conditions.parts.append(f"({further} OR {at} IS NULL)" if column.nullable else f"({further})")
    order = [f"{at} IS NULL"] if column.nullable else []
    order += [f"{at} DESC" if descending else at, tied]
    listed = ", ".join([*(f"{alias}.{name}" for name in columns), *extra])
    query = f"SELECT {listed} FROM {source} WHERE {conditions.where} ORDER BY {', '.join(order)} LIMIT {limit + 1}"
    try:
        records = await connection.fetch(query, *conditions.parameters)
    except asyncpg.DataError as error:  # a number no column can hold, or a forged cursor
        raise QuestionInvalid("filter" if cursor is None else "cursor", str(error)[:200]) from error
    rows = [of_record(record, ledger.json_columns) for record in records[:limit]]
    following = None
    if len(records) > limit:
        last = rows[-1]
        following = _encode(
            [sort, descending, _as_text(last[sort]), *(_as_text(last[name]) for name in ties)]
        )
    return Page(rows, following)


def rows_of(records: Iterable[Any], ledger: LedgerTable) -> list[Row]:
    """Records as rows, JSON columns decoded."""
    return [of_record(record, ledger.json_columns) for record in records]
