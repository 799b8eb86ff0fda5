"""Comparison of the ledger rows that say a person may leave with those that the events make (C4.10-11).

A certificate is signed on what the ledgers say, and rows of a table can be edited by whoever reaches the database. So the
streams that name the person, or a unit whose post the person held, are found in the log itself, folded by the
ledgers' own functions, and compared with the rows that stand, in one snapshot. Looking through the events that name
persons and units costs about a second for a million events; it is done when a certificate is issued, not when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from projections.asset import register
from projections.departure import cases, custody
from projections.engine.events import EventReader, Upcast
from projections.engine.projection import Projection
from projections.engine.refold import refold
from projections.engine.rows import Rows
from projections.engine.tables import LedgerTable
from projections.engine.writing import Connection, load
from projections.organization import directory
from service.log.index import NAMING_TYPES

_COMPARED: Final[tuple[tuple[Projection, str, tuple[LedgerTable, ...]], ...]] = (
    (custody.PROJECTION, "asset", (custody.CUSTODY_LEDGER,)),
    (directory.PROJECTION, "organization", (directory.ORGANIZATION, directory.TENURE)),
    (cases.PROJECTION, "departure_case", (cases.DEPARTURE_CASE, cases.DEPARTURE_LINE)),
)
"""Projections, the aggregates that make their rows, and the tables; a group of rows is what one aggregate made."""
_NAMED_IN: Final = """
SELECT DISTINCT stream FROM event WHERE county = $1 AND position <= $2 AND type = ANY($3::text[])
AND EXISTS (SELECT FROM unnest($4::bytea[]) AS named (code) WHERE position(named.code IN body) > 0)"""
_REACHED: Final = "SELECT position FROM projection_checkpoint WHERE county = $1 AND projection = $2"
_CASES_SHOWN: Final = "SELECT case_id FROM departure_case WHERE county = $1 AND person = $2"


_UNLIKE_REGISTERED: Final = """
SELECT made.asset FROM (SELECT substr(stream, 7) AS asset, max(version) AS version FROM event
    WHERE county = $1 AND stream = ANY($2::text[]) AND position <= $3 GROUP BY stream) made
LEFT JOIN asset_register r ON r.county = $1 AND r.asset = made.asset
WHERE r.version IS DISTINCT FROM made.version ORDER BY made.asset LIMIT 1"""
"""An asset that is not in the register, or at another version than its events make."""


async def row_that_differs(connection: Connection, upcast: Upcast, county: str, person: str) -> str | None:
    """The first row about a person's care, posts and cases that the events do not make so; None if all are right."""
    reader = EventReader(upcast)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        for projection, kind, tables in _COMPARED:
            reached = await connection.fetchval(_REACHED, county, projection.name)
            streams = await _streams(connection, county, person, reached)
            ids = {stream.partition("-")[2] for stream in streams if stream.startswith(f"{kind}-")}
            if (
                projection is cases.PROJECTION
            ):  # one that stands for none of the log would hide a missing case
                ids |= {row["case_id"] for row in await connection.fetch(_CASES_SHOWN, county, person)}
            due = projection.rows(county)
            of_kind = sorted(f"{kind}-{one}" for one in ids)
            await refold(connection, projection, due, of_kind, reader, upto=reached)
            wrong = await _first_difference(connection, projection, county, tables, sorted(ids), due)
            if wrong is not None:
                return wrong
            if (
                projection is custody.PROJECTION
            ):  # a list has each asset at the version that the register says
                reached = await connection.fetchval(_REACHED, county, register.PROJECTION.name)
                unlike = await connection.fetchval(_UNLIKE_REGISTERED, county, of_kind, reached)
                if unlike is not None:
                    return f"{register.REGISTER.name} {unlike}"
    return None


async def _streams(connection: Connection, county: str, person: str, reached: int) -> set[str]:
    """Streams that name the person, or a unit where the person held a post, or one that such a unit carries on."""

    async def named(codes: Iterable[str], types: Sequence[str] = NAMING_TYPES) -> set[str]:
        quoted = [f'"{code}"'.encode() for code in codes]
        found = await connection.fetch(_NAMED_IN, county, reached, list(types), quoted)
        return {row["stream"] for row in found}

    streams = await named([person])
    units = {stream.partition("-")[2] for stream in streams if stream.startswith("organization-")}
    new = units
    while new:
        merged = {one.partition("-")[2] for one in await named(new, ["organization.succeeded"])}
        new, units = merged - units, units | merged
    return streams | {f"organization-{unit}" for unit in units} | (await named(units) if units else set())


async def _first_difference(
    connection: Connection,
    projection: Projection,
    county: str,
    tables: Sequence[LedgerTable],
    groups: Sequence[str],
    due: Rows,
) -> str | None:
    live = projection.rows(county)
    for rows in live.tables.values():
        rows.complete = False
    await load(connection, live, [(table, group) for table in tables for group in groups])
    for table in tables:
        for group in groups:
            if _comparable(live, table, group) != _comparable(due, table, group):
                return f"{table.name} {group}"
    return None


def _comparable(rows: Rows, table: LedgerTable, group: str) -> dict[Any, dict[str, Any]]:
    found = rows.tables[table.name]
    return {
        found.sub_key(row): {name: row.get(name) for name in table.columns}
        for row in rows.group(table, group)
    }
