"""Ledger rows as the API shows them: camelCase names, money as yuan strings; and their schemas, from the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

from pydantic import Field, create_model
from pydantic.alias_generators import to_camel
from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Integer, Numeric
from sqlalchemy.dialects.postgresql import JSONB

from domain.values import Fen, Quantity, Value
from projections.engine.rows import Row
from projections.engine.tables import LedgerTable, metadata
from service.ledgers.yuan import yuan_of

_IN_FEN: Final = ("（分）", "，金额为分")
"""How the comment of a column ends that holds money: its unit inside the database, not at the API."""

_MONEY_OF_QUERIES: Final = frozenset(
    {
        "owner_share",
        "share_value",
        "share_net_value",
        "closed_original_value",
        "received",
        "distributed",
        "balance",
        "opening",
        "closing",
        "confirmed_shares",
        "allocated",
        "non_asset",
        "formed",
        "difference",
        "opening_net_value",
        "closing_net_value",
        "additions",
        "depreciation",
        "proceeds",
        "income",
    }
)
"""What questions compute beside the columns: sums and shares."""


@cache
def money_columns() -> frozenset[str]:
    """Names of the columns of all ledgers whose integers are fen, alone or inside a list or object."""
    return _MONEY_OF_QUERIES | frozenset(
        column.name
        for table in metadata.tables.values()
        for column in table.columns
        if (column.comment or "").endswith(_IN_FEN)
    )


def shown(row: Row) -> dict[str, Any]:
    """A row as the API shows it. Columns without a value are null."""
    return {name: convert(row[column]) for column, name, convert in _plan(tuple(row))}


def rows_shown(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as the API shows them."""
    return [shown(row) for row in rows]


def nested(value: Any) -> Any:
    """An answer of a question made of rows within rows."""
    if isinstance(value, Mapping):
        return {name: nested(item) for name, item in shown(dict(value)).items()}
    if isinstance(value, list):
        return [nested(item) for item in value]
    return value


@cache
def _plan(columns: tuple[str, ...]) -> tuple[tuple[str, str, Callable[[Any], Any]], ...]:
    money = money_columns()
    return tuple(
        (column, to_camel(column), yuan_of if column in money else _plain)
        for column in columns
        if column != "county"
    )


def _plain(value: Any) -> Any:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


_TYPES: Final[tuple[tuple[type, Any], ...]] = (
    (JSONB, Any),
    (Boolean, bool),
    (DateTime, datetime),
    (Date, date),
    (Numeric, Quantity),
    (BigInteger, int),
    (Integer, int),
)


def row_model(name: str, ledger: LedgerTable, *, hidden: tuple[str, ...] = (), **extra: Any) -> type[Value]:
    """The schema of a ledger's rows: a field per column, titled by the column's comment, and what questions add.

    `hidden`: columns that no question gives.
    """
    fields: dict[str, Any] = {
        column.name: (_hint(column), Field(title=_title(column)))
        for column in ledger.table.columns
        if column.name not in {"county", *hidden}
    }
    return create_model(name, __base__=Value, __doc__=str(ledger.table.comment), **(fields | extra))


def _title(column: Column[Any]) -> str:
    title = column.comment or column.name
    for ending in _IN_FEN:
        title = title.removesuffix(ending)
    return title


def _hint(column: Column[Any]) -> Any:
    if column.name in money_columns():
        hint: Any = Any if isinstance(column.type, JSONB) else Fen
    else:
        hint = next((hint for kind, hint in _TYPES if isinstance(column.type, kind)), str)
    return hint | None if column.nullable and hint is not Any else hint
