"""Dates that were provisional when they were recorded, by the calendar as it is known when they are read.

A ledger keeps how such a date was counted (`reckoning`); nothing is recorded and no ledger is filled again when the
county enters the year: the same reckoning gives the definite date from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, text

from domain.regulation.legal_clock import LegalClock, Reckoning
from projections.engine.meaning import PLAIN
from projections.engine.rows import Row
from projections.engine.tables import json_column
from projections.engine.writing import Connection

RECKONING: Final = "reckoning"


def reckoning_column() -> Column[Any]:
    """How the row's provisional date was counted."""
    return json_column(RECKONING, "暂定日期的计算依据，日期确定的为空", of=PLAIN, null=True)


def reckoning_index(table: str) -> Index:
    """Finds the few rows of a county that hold a provisional date."""
    name = f"{table}_{RECKONING}_idx"
    return Index(name, "county", postgresql_where=text(f"{RECKONING} IS NOT NULL"))


async def as_known(
    connection: Connection, county: str, table: str, columns: Sequence[str], clock: LegalClock, **dates: str
) -> str:
    """These columns of a ledger for a FROM clause, its provisional dates by the calendar; `reckoning` stays where one
    still is.

    `dates`: column → SQL of its date, in which `due` is the date counted.
    """
    records = await connection.fetch(
        f"SELECT DISTINCT {RECKONING} FROM {table} WHERE county = $1 AND {RECKONING} IS NOT NULL",
        county,
    )
    if not records:
        return table
    counted = [Reckoning.model_validate_json(one[RECKONING]) for one in records]
    known = ", ".join(_line(how, clock) for how in counted)
    shown = ", ".join(_column(name, dates) for name in columns)
    return (
        f"(SELECT {shown} FROM {table} t"
        f" LEFT JOIN (VALUES {known}) k ({RECKONING}, due, provisional) ON k.{RECKONING} = t.{RECKONING})"
    )


def _line(how: Reckoning, clock: LegalClock) -> str:
    """A reckoning with its date, as SQL: there is nothing in it but days, a number and a code."""
    deadline = clock.deadline(how)
    still = "false" if deadline.provisional is None else "true"
    return f"('{how.model_dump_json()}'::jsonb, '{deadline.due_on.isoformat()}'::date, {still})"


def _column(name: str, dates: dict[str, str]) -> str:
    if name == RECKONING:
        return f"CASE WHEN k.provisional THEN t.{name} END AS {name}"
    if name in dates:
        return f"CASE WHEN k.due IS NULL OR t.{name} IS NULL THEN t.{name} ELSE {dates[name]} END AS {name}"
    return f"t.{name}"


def flag(row: Row) -> None:
    """Say of a row whether its date is provisional, instead of how it was counted."""
    row["provisional"] = row.pop(RECKONING) is not None
