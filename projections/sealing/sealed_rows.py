"""Rows that a seal covers: the canonical rows of a ledger at a moment, their digest and their sums (C4.4-04,
C4.5-01).

The rows are those of the columns listed here, in order of the asset's code, one JSON object per line with sorted
names. The columns of a form never change: another choice is another form, and old seals are derived in their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import orjson

from projections.asset import register as asset_register
from projections.asset.register_questions import MANAGED, categorised
from projections.engine.differences import PREFETCH, RowSelection
from projections.engine.rows import Row
from projections.engine.writing import Connection, of_record
from projections.household import register as household_register

FORM: Final = 2
"""The form that new seals have. In the first a shared asset that nobody was named for was used by its first owner."""
_AS_SEALED: Final[dict[int, dict[str, str]]] = {
    1: {"user_right_holder": "coalesce(r.user_right_holder, r.owners -> 0 ->> 'party')"},
    FORM: {},
}
"""Form → what its rows said of a column otherwise than the register does: a seal is held against what it was made over."""

DIMENSIONS: Final[dict[str, str]] = {
    "CLASS": "asset_class",
    "SUBCLASS": "subclass",
    "TYPE": "asset_type",
    "OWNER_LEVEL": "owner_kind",
    "TOWNSHIP": "township",
    "FUND_SOURCE": "fund_source",
    "YEAR": "completion_year",
}
"""The regulation's dimensions of the categorised ledgers, by what the register calls them."""

_ASSET_COLUMNS: Final[tuple[str, ...]] = (
    "asset", "asset_name", "asset_content", "asset_class", "subclass", "asset_type", "completion_date",
    "useful_life_years", "quantity", "unit_of_measure", "original_value", "funding_lines", "location", "village",
    "township", "project_code", "implementer", "owners", "owner_kind", "regime", "user_right_holder",
    "income_right_holders", "confirmed_on", "booked_amount", "accumulated_depreciation", "net_book_value", "operation",
    "operator", "contract_code", "income_received", "income_distributed", "custodian", "responsible_unit", "disposal",
)  # fmt: skip

_HOUSEHOLD_COLUMNS: Final[tuple[str, ...]] = (
    "asset", "asset_name", "asset_content", "asset_type", "household", "location", "completion_date", "quantity",
    "unit_of_measure", "original_value", "funding_lines", "project_code", "remaining", "confirmed_on", "entrustment",
    "operator", "yearly_return",
)  # fmt: skip

_SHARES: Final = """
SELECT s.asset, s.party, s.amount,
    sum(s.amount) OVER owners AS upto, coalesce(sum(s.amount) OVER (owners ROWS BETWEEN UNBOUNDED PRECEDING
        AND 1 PRECEDING), 0) AS below
FROM asset_share s WHERE s.county = $1 AND s.amount > 0
    AND s.asset IN (SELECT o.asset FROM asset_share o WHERE o.county = $1 AND o.party = $2)
WINDOW owners AS (PARTITION BY s.asset ORDER BY s.party COLLATE "C")"""
"""Shares of the unit's assets, one after the other: what the net value's part is rounded at, so that all parts make the whole."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ledger as it was sealed: its digest, rows and sums in fen."""

    root_hash: str
    rows: int
    original_value: int
    net_book_value: int


def projection_of(kind: str) -> str:
    """The ledger that a kind of seal is made from."""
    return household_register.PROJECTION.name if kind == "HOUSEHOLD" else asset_register.PROJECTION.name


def sealed_rows(kind: str, county: str, unit: str, form: int = FORM) -> RowSelection:
    """The rows that a seal of this kind and form covers. Money in fen; `share_…` are a unit's parts of joint assets."""
    names = _HOUSEHOLD_COLUMNS if kind == "HOUSEHOLD" else _ASSET_COLUMNS
    if kind == "HOUSEHOLD":
        table = household_register.HOUSEHOLD_REGISTER
        sql = (
            f"SELECT {_named(names, form)}, r.original_value AS share_value, 0::bigint AS share_net_value"
            " FROM household_register r WHERE r.county = $1 AND $2 IN (r.village, r.township)"
            " AND r.state = 'REGISTERED'"
        )
        parameters: tuple[Any, ...] = (county, unit)
    elif kind == "ASSET":
        table = asset_register.REGISTER
        net = "r.net_book_value::numeric"
        sql = (
            f"SELECT {_named(names, form)}, p.amount AS share_value,"
            f" (div({net} * p.upto, r.original_value) - div({net} * p.below, r.original_value))::bigint"
            f" AS share_net_value FROM asset_register r JOIN ({_SHARES}) AS p ON p.asset = r.asset"
            f" WHERE r.county = $1 AND p.party = $2 AND {MANAGED}"
        )
        parameters = (county, unit)
    else:
        table = asset_register.REGISTER
        sql = (
            f"SELECT {_named(names, form)}, r.original_value AS share_value, r.net_book_value AS share_net_value"
            f" FROM asset_register r WHERE r.county = $1 AND {MANAGED}"
        )
        parameters = (county,)
    compared = (*names[1:], "share_value", "share_net_value")
    return RowSelection(
        sql, parameters, ("asset",), compared, table.json_columns & set(names), frozenset({"asset"})
    )


def _named(names: Sequence[str], form: int) -> str:
    said = _AS_SEALED[form]
    return ", ".join(f"{said[name]} AS {name}" if name in said else f"r.{name}" for name in names)


async def derive(
    connection: Connection, county: str, kind: str, unit: str, on: date, form: int = FORM
) -> Sealed:
    """Digest and sums of a ledger as the connection shows it, in the rows of a form."""
    what = sealed_rows(kind, county, unit, form)
    digest = hashlib.sha256(f"taizhang-ledger/{form} {county} {kind} {unit} {on.isoformat()}\n".encode())
    rows = original = net = 0
    async with connection.transaction(readonly=True):
        query = f"SELECT * FROM ({what.sql}) AS q ORDER BY {what.order}"
        async for record in connection.cursor(query, *what.parameters, prefetch=PREFETCH):
            row = of_record(record, what.json_columns)
            digest.update(canonical(row))
            rows += 1
            original += row["share_value"]
            net += row["share_net_value"]
    return Sealed(digest.hexdigest(), rows, original, net)


def canonical(row: Row) -> bytes:
    """A row's line: what the digest is made over."""
    return orjson.dumps(row, default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    raise TypeError(type(value).__name__)


async def categories(connection: Connection, county: str, dimensions: Sequence[str]) -> list[Row]:
    """The county's managed assets along each dimension: dimension, category, assets, amount (fen)."""
    return [
        {
            "dimension": dimension,
            "category": row["category"],
            "assets": row["assets"],
            "amount": row["original_value"],
        }
        for dimension in dimensions
        for row in await categorised(connection, county, DIMENSIONS[dimension])
    ]
