"""Questions to the fund ledger: allocations, money against assets per unit, source and year, projects against assets.

`outside` are sources that do not pass through finance: nobody expects an allocation behind them. A funding line counts
for the unit its project's money went to; without such a project, for the unit of the line.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any, Final

import orjson

from projections.engine.reading import Conditions, Page, page
from projections.engine.rows import Row
from projections.engine.writing import Connection
from projections.funds.ledger import ALLOCATION, RECONCILIATION

_DIGESTED: Final = (
    "allocation", "unit", "source", "allocated_on", "amount", "non_asset", "document_no", "project_code",
    "project_name",
)  # fmt: skip
"""What of an allocation is in the digest of a unit's fund ledger."""

_SIDES: Final = """
WITH project_unit AS (
    SELECT project_code, min(unit) AS unit FROM fund_allocation
    WHERE county = $1 AND state = 'RECORDED' AND project_code IS NOT NULL
    GROUP BY project_code HAVING count(DISTINCT unit) = 1
), entry AS (
    SELECT unit, source, year, amount AS allocated, non_asset_amount AS non_asset, 0::bigint AS formed
    FROM fund_allocation WHERE county = $1 AND state = 'RECORDED'
    UNION ALL
    SELECT coalesce(p.unit, l.unit), l.source, l.year, 0, 0, l.amount
    FROM fund_line l LEFT JOIN project_unit p USING (project_code) WHERE l.county = $1
), compared AS (
    SELECT unit, source, year, sum(allocated)::bigint AS allocated, sum(non_asset)::bigint AS non_asset,
        sum(formed)::bigint AS formed
    FROM entry GROUP BY unit, source, year
    HAVING NOT (source = ANY($2::text[]) AND sum(allocated) = 0)
)
SELECT unit, source, year, allocated, non_asset, formed, allocated - non_asset - formed AS difference,
    CASE WHEN allocated - non_asset - formed = 0 THEN 'MATCHED'
        WHEN formed = 0 THEN 'FUND_WITHOUT_ASSET'
        WHEN allocated = 0 THEN 'ASSET_WITHOUT_FUND'
        ELSE 'AMOUNT_DIFFERS' END AS comparison
FROM compared
WHERE ($3::text IS NULL OR unit = $3) AND ($4::int IS NULL OR year = $4) AND ($5::text IS NULL OR source = $5)
ORDER BY unit, year, source"""


async def compared_funds(
    connection: Connection,
    county: str,
    outside: frozenset[str],
    *,
    unit: str | None = None,
    year: int | None = None,
    source: str | None = None,
) -> list[Row]:
    """Money against assets, one row per unit, year and source (fen), in that order."""
    records = await connection.fetch(_SIDES, county, sorted(outside), unit, year, source)
    return [dict(record) for record in records]


async def unit_ledger(
    connection: Connection, county: str, outside: frozenset[str], unit: str, year: int
) -> tuple[list[Row], str]:
    """One unit's year as it is reconciled: its comparison by source, and the digest of its fund ledger.

    The digest covers the allocations and the comparison, so neither side can change behind an acknowledgement.
    """
    lines = await compared_funds(connection, county, outside, unit=unit, year=year)
    records = await connection.fetch(
        f"SELECT {', '.join(_DIGESTED)} FROM fund_allocation"
        " WHERE county = $1 AND unit = $2 AND year = $3 AND state = 'RECORDED' ORDER BY allocation",
        county,
        unit,
        year,
    )
    digest = hashlib.sha256(f"fund-ledger/1 {county} {unit} {year}\n".encode())
    for row in [*map(dict, records), *lines]:
        digest.update(orjson.dumps(row, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
    return lines, digest.hexdigest()


async def allocation_page(
    connection: Connection,
    county: str,
    *,
    sort: str = "allocation",
    descending: bool = False,
    limit: int = 100,
    cursor: str | None = None,
    **equal: Any,
) -> Page:
    """Allocations, all columns. `equal`: unit, source, year, project_code, state."""
    return await page(
        connection,
        ALLOCATION,
        _conditions(county, equal),
        source="fund_allocation f",
        alias="f",
        columns=ALLOCATION.columns,
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
    )


async def allocation_totals(connection: Connection, county: str, **equal: Any) -> Row:
    """Count and sums (fen) of the allocations that stand."""
    conditions = _conditions(county, {"state": "RECORDED", **equal})
    record = await connection.fetchrow(
        "SELECT count(*)::bigint AS allocations, coalesce(sum(f.amount), 0)::bigint AS amount,"
        " coalesce(sum(f.non_asset_amount), 0)::bigint AS non_asset_amount"
        f" FROM fund_allocation f WHERE {conditions.where}",
        *conditions.parameters,
    )
    return dict(record)


async def reconciliation_page(
    connection: Connection,
    county: str,
    *,
    sort: str = "reconciliation",
    descending: bool = False,
    limit: int = 100,
    cursor: str | None = None,
    **equal: Any,
) -> Page:
    """Where every unit's year stands. `equal`: unit, year, result."""
    return await page(
        connection,
        RECONCILIATION,
        _conditions(county, equal),
        source="fund_reconciliation f",
        alias="f",
        columns=RECONCILIATION.columns,
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
    )


def _conditions(county: str, equal: dict[str, Any]) -> Conditions:
    conditions = Conditions()
    conditions.equal("f.county", county)
    for name, value in equal.items():
        conditions.equal(f"f.{name}", value)
    return conditions


# ---- projects ------------------------------------------------------------------------------------------------------

_PROJECTS: Final = """
SELECT project_code, max(project_name) AS project_name, min(year) AS first_year, max(year) AS last_year,
    sum(allocated)::bigint AS allocated, sum(non_asset)::bigint AS non_asset, sum(made)::bigint AS formed,
    count(DISTINCT asset) AS assets,
    CASE WHEN sum(allocated) > 0 THEN (sum(made) * 10000 / sum(allocated))::bigint END AS ratio_basis_points,
    CASE WHEN sum(allocated) = 0 THEN 'ASSET_WITHOUT_PROJECT'
        WHEN count(DISTINCT asset) = 0 AND sum(non_asset) < sum(allocated) THEN 'PROJECT_WITHOUT_ASSET'
        END AS exception
FROM (
    SELECT project_code, project_name, year, amount AS allocated, non_asset_amount AS non_asset,
        0::bigint AS made, NULL::text AS asset
    FROM fund_allocation
    WHERE county = $1 AND state = 'RECORDED' AND project_code IS NOT NULL AND allocated_on <= $2
    UNION ALL
    SELECT project_code, NULL, year, 0, 0, amount, asset
    FROM fund_line WHERE county = $1 AND project_code IS NOT NULL AND allocated_on <= $2
) AS entry
GROUP BY project_code"""

_UNPLANNED: Final = """
SELECT l.asset, sum(l.amount)::bigint AS amount FROM fund_line l
WHERE l.county = $1 AND l.allocated_on <= $2 AND NOT l.source = ANY($3::text[])
    AND NOT EXISTS (
        SELECT FROM fund_allocation f
        WHERE f.county = $1 AND f.state = 'RECORDED' AND f.project_code = l.project_code AND f.allocated_on <= $2
    )
GROUP BY l.asset ORDER BY l.asset"""


async def projects(
    connection: Connection,
    county: str,
    until: date,
    *,
    year: int | None = None,
    exception: str | None = None,
    after: str = "",
    limit: int = 100,
) -> list[Row]:
    """Projects against the assets made in them, money paid up to `until`; `ratio_basis_points`: what became assets.

    In order of project code, those after `after`.
    """
    records = await connection.fetch(
        f"SELECT * FROM ({_PROJECTS}) AS p WHERE p.project_code > $3"
        " AND ($4::int IS NULL OR $4 BETWEEN p.first_year AND p.last_year)"
        " AND ($5::text IS NULL OR p.exception = $5)"
        " ORDER BY p.project_code LIMIT $6",
        county,
        until,
        after,
        year,
        exception,
        limit,
    )
    return [dict(record) for record in records]


async def review_exceptions(
    connection: Connection, county: str, until: date, outside: frozenset[str]
) -> list[tuple[str, str, int]]:
    """(kind, project or asset, fen) of everything that does not fit up to a day (C4.4-05)."""
    idle = await connection.fetch(
        f"SELECT project_code, allocated - non_asset AS amount FROM ({_PROJECTS}) AS p"
        " WHERE p.exception = 'PROJECT_WITHOUT_ASSET' ORDER BY project_code",
        county,
        until,
    )
    unplanned = await connection.fetch(_UNPLANNED, county, until, sorted(outside))
    return [
        *(("PROJECT_WITHOUT_ASSET", row["project_code"], row["amount"]) for row in idle),
        *(("ASSET_WITHOUT_PROJECT", row["asset"], row["amount"]) for row in unplanned),
    ]
