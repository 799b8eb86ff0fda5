"""Preservation of value (保值增值, C2-04): a year's preservation rate and income yield of a unit, and of the county.

rate = (closing net value + depreciation of the year + disposal proceeds of the year − additions) ÷ opening net value.

Both ends are the register as of the day before the year and of its last day; what several own counts by share.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from projections.engine.rows import Row
from projections.engine.writing import Connection

FORMULA: Final = "C2-04/1"
"""Name of the formula; another one gets another name, so that an old figure says how it was made."""

_SUMS: Final = """
    coalesce(sum(r.original_value * {part}), 0) AS original,
    coalesce(sum(r.net_book_value * {part}) FILTER (WHERE r.disposed_on IS NULL), 0) AS net,
    coalesce(sum(r.accumulated_depreciation * {part}), 0) AS depreciation,
    coalesce(sum(r.disposal_proceeds * {part}), 0) AS proceeds,
    coalesce(sum(r.income_received * {part}), 0) AS income"""

_PART: Final = "(s.amount::numeric / r.original_value)"

_COUNTY: Final = f"""
SELECT {_SUMS.format(part="1")} FROM asset_register r WHERE r.county = $1 AND r.scope = 'IN'"""

_UNITS: Final = f"""
SELECT s.party AS unit, {_SUMS.format(part=_PART)}
FROM asset_share s JOIN asset_register r USING (county, asset)
WHERE s.county = $1 AND r.scope = 'IN' AND s.amount > 0 AND ($2::text IS NULL OR s.party = $2)
GROUP BY s.party"""

_HOUSEHOLDS: Final = """
SELECT count(DISTINCT household) FROM income_ledger
WHERE county = $1 AND entry = 'DISTRIBUTION' AND household IS NOT NULL AND year = $2
    AND ($3::text IS NULL OR holder = $3)"""

Balance = Mapping[str, Decimal]
"""original, net, depreciation, proceeds, income: fen, cumulated up to a moment."""


async def balances(connection: Connection, county: str, unit: str | None) -> dict[str | None, Balance]:
    """Every unit's cumulated figures at the moment the connection shows; under None the county's, each asset once."""
    found: dict[str | None, Balance] = {
        record["unit"]: dict(record) for record in await connection.fetch(_UNITS, county, unit)
    }
    if unit is None:
        found[None] = dict(await connection.fetchrow(_COUNTY, county))
    return found


async def households_paid(connection: Connection, county: str, year: int, unit: str | None) -> int:
    """Households that had a share of the income of a year."""
    paid: int = await connection.fetchval(_HOUSEHOLDS, county, year, unit)
    return paid


def preservation(unit: str | None, opening: Balance | None, closing: Balance | None) -> Row:
    """One unit's year from its figures at both ends; money in fen, rates in percent with two decimals, as text.

    A rate is None where there was nothing to keep (opening net value of zero) or to earn from.
    """
    at_start, at_end = (dict.fromkeys(_KEYS, Decimal(0)) | dict(one or {}) for one in (opening, closing))
    of_year = {name: at_end[name] - at_start[name] for name in _KEYS}
    kept = at_end["net"] + of_year["depreciation"] + of_year["proceeds"] - of_year["original"]
    return {
        "unit": unit,
        "opening_net_value": _fen(at_start["net"]),
        "additions": _fen(of_year["original"]),
        "depreciation": _fen(of_year["depreciation"]),
        "proceeds": _fen(of_year["proceeds"]),
        "closing_net_value": _fen(at_end["net"]),
        "preservation_rate": _percent(kept, at_start["net"]),
        "income": _fen(of_year["income"]),
        "income_yield": _percent(of_year["income"], at_start["net"]),
    }


_KEYS: Final = ("original", "net", "depreciation", "proceeds", "income")


def _fen(value: Any) -> int:
    return int(Decimal(value).to_integral_value(ROUND_HALF_EVEN))


def _percent(part: Decimal, whole: Decimal) -> str | None:
    if whole <= 0:
        return None
    return str((part * 100 / whole).quantize(Decimal("0.01"), ROUND_HALF_EVEN))
