"""Rows between memory and PostgreSQL: load groups, write changes. Used alike by the live runner and by rebuilds.

A write is one statement per table whatever the number of rows. The caller holds the transaction in which the
checkpoint moves with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Final

import orjson
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Numeric, String
from sqlalchemy.dialects.postgresql import JSONB

from projections.engine.rows import Row, Rows, TableRows
from projections.engine.tables import LedgerTable

_TYPES: Final[tuple[tuple[type, str], ...]] = (
    (JSONB, "jsonb"),
    (BigInteger, "bigint"),
    (Integer, "integer"),
    (Boolean, "boolean"),
    (Date, "date"),
    (DateTime, "timestamptz"),
    (Numeric, "numeric"),
    (String, "text"),
)
_LOAD_AT_ONCE: Final = 5000
_WRITE_AT_ONCE: Final = 5000
_COPY_AT_ONCE: Final = 2000

Connection = Any
"""An asyncpg connection, or one lent by a pool (they share no base class)."""


def sql_type(ledger: LedgerTable, column: str) -> str:
    """PostgreSQL's name of a column's type."""
    kind = ledger.table.columns[column].type
    return next(name for python, name in _TYPES if isinstance(kind, python))


def _qualified(ledger: LedgerTable, schema: str | None) -> str:
    return ledger.name if schema is None else f"{schema}.{ledger.name}"


@cache
def _select(ledger: LedgerTable, schema: str | None) -> str:
    columns = ", ".join(ledger.columns)
    return f"SELECT {columns} FROM {_qualified(ledger, schema)} WHERE county = $1 AND {ledger.group} = ANY($2::text[])"


@cache
def _insert(ledger: LedgerTable, schema: str | None) -> str:
    arrays = ", ".join(f"${n}::{sql_type(ledger, name)}[]" for n, name in enumerate(ledger.columns, 1))
    return f"INSERT INTO {_qualified(ledger, schema)} ({', '.join(ledger.columns)}) SELECT * FROM unnest({arrays})"


@cache
def _upsert(ledger: LedgerTable, schema: str | None) -> str:
    others = [name for name in ledger.columns if name not in ledger.key]
    sets = ", ".join(f"{name} = excluded.{name}" for name in others)
    return f"{_insert(ledger, schema)} ON CONFLICT ({', '.join(ledger.key)}) DO UPDATE SET {sets}"


@cache
def _delete(ledger: LedgerTable, schema: str | None) -> str:
    arrays = ", ".join(f"${n}::{sql_type(ledger, name)}[]" for n, name in enumerate(ledger.key, 1))
    names = ", ".join(ledger.key)
    where = " AND ".join(f"stored.{name} = gone.{name}" for name in ledger.key)
    return f"DELETE FROM {_qualified(ledger, schema)} AS stored USING unnest({arrays}) AS gone ({names}) WHERE {where}"


def _json(value: Any) -> str | None:
    if value:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    if value is None:
        return None
    return "[]" if value == [] else "{}" if value == {} else orjson.dumps(value).decode()  # most are empty


def of_record(record: Any, json_columns: frozenset[str]) -> Row:
    """A stored row in the shape projections and readers work with."""
    row: Row = dict(record)
    for name in json_columns & row.keys():
        if row[name] is not None:
            row[name] = orjson.loads(row[name])
    return row


def _columns(ledger: LedgerTable, rows: Sequence[Row]) -> list[list[Any]]:
    columns: list[list[Any]] = []
    for name in ledger.columns:
        values = [row[name] for row in rows]
        columns.append([_json(value) for value in values] if name in ledger.json_columns else values)
    return columns


async def load(
    connection: Connection,
    rows: Rows,
    wanted: Iterable[tuple[LedgerTable, str]],
    *,
    schema: str | None = None,
) -> None:
    """Bring the wanted groups into memory, those that are not there yet."""
    missing: dict[str, set[str]] = {}
    for ledger, group in wanted:
        found = rows.tables[ledger.name]
        if not found.complete and group not in found.groups:
            missing.setdefault(ledger.name, set()).add(group)
    for name, groups in missing.items():
        found = rows.tables[name]
        ordered = sorted(groups)
        for start in range(0, len(ordered), _LOAD_AT_ONCE):
            part = ordered[start : start + _LOAD_AT_ONCE]
            records = await connection.fetch(_select(found.ledger, schema), rows.county, part)
            for group in part:
                found.groups[group] = {}
            for record in records:
                row = of_record(record, found.ledger.json_columns)
                found.groups[row[found.ledger.group or ""]][found.sub_key(row)] = row


async def write(connection: Connection, rows: Rows, *, schema: str | None = None) -> None:
    """Write what changed and was appended, and consider it stored."""
    for found in rows.tables.values():
        ledger = found.ledger
        await delete_gone(connection, found, schema=schema)
        kept = [row for row in found.changed.values() if row is not None]
        await _write_many(connection, _upsert(ledger, schema), ledger, kept)
        for start in range(0, len(found.appended), _WRITE_AT_ONCE):
            part = found.appended[start : start + _WRITE_AT_ONCE]
            columns = [list(column) for column in zip(*part, strict=True)]
            await connection.execute(_insert(ledger, schema), *columns)
        found.changed, found.new, found.appended = {}, set(), []


async def write_fast(connection: Connection, rows: Rows, *, schema: str | None = None) -> None:
    """`write` for many rows: what the tables cannot hold yet goes in by COPY."""
    for found in rows.tables.values():
        ledger = found.ledger
        await delete_gone(connection, found, schema=schema)
        new = [found.changed[key] for key in found.new]
        kept = [row for key, row in found.changed.items() if row is not None and key not in found.new]
        for start in range(0, len(new), _COPY_AT_ONCE):  # so that a loop with others to serve gets its turn
            records = records_of(ledger, new[start : start + _COPY_AT_ONCE])
            await copy_in(connection, ledger, records, schema=schema)
        await _write_many(connection, _upsert(ledger, schema), ledger, kept)
        await copy_in(connection, ledger, found.appended, schema=schema)
        found.changed, found.new, found.appended = {}, set(), []


async def delete_gone(connection: Connection, found: TableRows, *, schema: str | None = None) -> None:
    """Delete the rows of a table that were deleted in memory."""
    keys = [_full_key(found, group, sub) for (group, sub), row in found.changed.items() if row is None]
    if keys:
        columns = [list(column) for column in zip(*keys, strict=True)]
        await connection.execute(_delete(found.ledger, schema), *columns)


def _full_key(found: TableRows, group: str, sub: Any) -> tuple[Any, ...]:
    parts = iter(sub if isinstance(sub, tuple) else (sub,))
    known = {"county": found.county, found.ledger.group: group}
    return tuple(known[name] if name in known else next(parts) for name in found.ledger.key)


async def _write_many(
    connection: Connection, statement: str, ledger: LedgerTable, rows: Sequence[Row]
) -> None:
    for start in range(0, len(rows), _WRITE_AT_ONCE):
        await connection.execute(statement, *_columns(ledger, rows[start : start + _WRITE_AT_ONCE]))


async def copy_in(
    connection: Connection,
    ledger: LedgerTable,
    records: Sequence[Sequence[Any]],
    *,
    schema: str | None = None,
) -> None:
    """Add rows that the table cannot hold yet, by COPY: values in the order of the table's columns."""
    if records:
        await connection.copy_records_to_table(
            ledger.name, schema_name=schema, columns=ledger.columns, records=records
        )


def records_of(ledger: LedgerTable, rows: Iterable[Row | None]) -> list[Sequence[Any]]:
    """Rows as COPY takes them."""
    pick = itemgetter(*ledger.columns)
    places = [n for n, name in enumerate(ledger.columns) if name in ledger.json_columns]
    records: list[Sequence[Any]] = []
    for row in rows:
        if row is not None:
            values = list(pick(row))
            for place in places:
                values[place] = _json(values[place])
            records.append(values)
    return records
