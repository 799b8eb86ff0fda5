"""A household's benefits from the assets (贫困户受益明细, C3-07): paid shares of income, and assets of its own."""

from __future__ import annotations

from projections.engine.rows import Row
from projections.engine.writing import Connection


async def benefits_of(connection: Connection, county: str, household: str, year: int | None) -> list[Row]:
    """What was paid to a household, in order of day: asset, plan, use, amount (fen, positive)."""
    records = await connection.fetch(
        "SELECT i.entered_on AS paid_on, i.year, i.asset, a.asset_name, i.reference AS plan, i.use, i.purpose,"
        " -i.amount AS amount, i.voucher_no FROM income_ledger i"
        " LEFT JOIN asset_register a ON a.county = i.county AND a.asset = i.asset"
        " WHERE i.county = $1 AND i.household = $2 AND i.entry = 'DISTRIBUTION'"
        " AND ($3::int IS NULL OR i.year = $3) ORDER BY i.entered_on, i.position, i.line",
        county,
        household,
        year,
    )
    return [dict(record) for record in records]


async def assets_of(connection: Connection, county: str, household: str) -> list[Row]:
    """The household's own assets, with the entrustment they are under and its yearly return."""
    records = await connection.fetch(
        "SELECT asset, asset_name, asset_type, remaining, unit_of_measure, original_value, state, entrustment,"
        " operator, yearly_return FROM household_register WHERE county = $1 AND household = $2 ORDER BY asset",
        county,
        household,
    )
    return [dict(record) for record in records]
