"""The ledgers of assets that units keep (matrix T9), as questions to the asset register.

What a unit owns counts with its share, to the fen: the parts of a joint asset make the whole, of the net value too.
What only lies in its area or stands under its supervision is listed, and counts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Unpack

from projections.asset.register import REGISTER
from projections.asset.register_questions import MANAGED
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Row
from projections.engine.writing import Connection

_OWNED: Final = "p.amount IS NOT NULL"
_TERRITORIAL: Final = "{unit} IN (r.village, r.township)"
_SUPERVISED: Final = "r.supervision @> jsonb_build_array(jsonb_build_object('supervisor', {unit}::text))"


@dataclass(frozen=True, slots=True)
class KeptLedger:
    """Which managed assets a ledger holds. `relations`: OWNED, TERRITORIAL, SUPERVISED; one of them is enough."""

    relations: tuple[str, ...]
    asset_class: str | None = None


KEPT: Final[dict[str, KeptLedger]] = {
    "VILLAGE_REGISTER": KeptLedger(("OWNED", "TERRITORIAL")),
    "VILLAGE_PUBLIC_WELFARE": KeptLedger(("OWNED",), "PUBLIC_WELFARE"),
    "VILLAGE_OPERATING": KeptLedger(("OWNED",), "OPERATING"),
    "TOWNSHIP_ASSET": KeptLedger(("OWNED", "TERRITORIAL")),
    "DEPARTMENT_ASSET": KeptLedger(("OWNED", "SUPERVISED")),
    "UNIT_MASTER": KeptLedger(("OWNED",)),
    "COUNTY_MASTER": KeptLedger(()),
}
"""Ledger of T9 → what it holds; without a relation every managed asset, once."""

COLUMNS: Final = (
    "asset", "asset_name", "asset_content", "asset_class", "subclass", "asset_type", "completion_date",
    "useful_life_years", "quantity", "unit_of_measure", "original_value", "funding_lines", "accumulated_depreciation",
    "net_book_value", "location", "township", "project_code", "implementer", "registration", "title", "owners",
    "owner_kind", "regime", "user_right_holder", "income_right_holders", "confirmed_on", "booked_amount", "operation",
    "operating_mode", "operator_name", "contract_ends_on", "annual_income", "income_received", "income_distributed",
    "custodian", "responsible_unit", "duties", "supervision", "open_risks", "imported_history",
)  # fmt: skip
"""Columns of these ledgers: the card's fourteen items and what is asked about them at the end of a year."""

_PART: Final = """(
SELECT o.asset, o.amount,
    (SELECT coalesce(sum(b.amount), 0) FROM asset_share b
     WHERE b.county = o.county AND b.asset = o.asset AND b.party COLLATE "C" < o.party COLLATE "C") AS below
FROM asset_share o WHERE o.county = {county} AND o.party = {unit} AND o.amount > 0)"""
"""A unit's part of each asset, and the parts that come before it: what the net value's part is rounded at."""
_NET: Final = (
    "(div(r.net_book_value::numeric * (p.below + p.amount), r.original_value)"
    " - div(r.net_book_value::numeric * p.below, r.original_value))::bigint"
)


@dataclass(frozen=True, slots=True)
class _UnitSource:
    """A ledger of one unit as parts of a query."""

    source: str
    conditions: Conditions
    unit: str
    """The placeholder of the unit."""

    def extra(self) -> list[str]:
        """Columns that say what the unit has to do with the asset."""
        return [
            f"{_OWNED} AS owned",
            f"coalesce({_TERRITORIAL.format(unit=self.unit)}, false) AS territorial",
            f"{_SUPERVISED.format(unit=self.unit)} AS supervised",
            "p.amount AS share_value",
            f"{_NET} AS share_net_value",
        ]


def _unit_source(
    county: str, unit: str, ledger: str, relation: str | None, asset_class: str | None, township: str | None
) -> _UnitSource:
    kept = KEPT[ledger]
    conditions = Conditions()
    of_county, of_unit = conditions.parameter(county), conditions.parameter(unit)
    conditions.parts.append(f"r.county = {of_county} AND {MANAGED}")
    conditions.equal("r.asset_class", kept.asset_class)
    conditions.equal("r.asset_class", asset_class)
    conditions.equal("r.township", township)
    wanted = kept.relations if relation is None else (relation,)
    known = {
        "OWNED": _OWNED,
        "TERRITORIAL": _TERRITORIAL.format(unit=of_unit),
        "SUPERVISED": _SUPERVISED.format(unit=of_unit),
    }
    if wanted:
        conditions.parts.append("(" + " OR ".join(known[one] for one in wanted) + ")")
    part = _PART.format(county=of_county, unit=of_unit)
    return _UnitSource(f"asset_register r LEFT JOIN {part} AS p ON p.asset = r.asset", conditions, of_unit)


async def kept_page(
    connection: Connection,
    county: str,
    unit: str,
    ledger: str,
    *,
    relation: str | None = None,
    asset_class: str | None = None,
    township: str | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Rows of a unit's ledger: `COLUMNS`, what the unit has to do with the asset, and its share (fen) if it owns."""
    asked = _unit_source(county, unit, ledger, relation, asset_class, township)
    return await page(
        connection,
        REGISTER,
        asked.conditions,
        source=asked.source,
        alias="r",
        columns=COLUMNS,
        usually="asset",
        **paging,
        extra=asked.extra(),
    )


async def kept_totals(
    connection: Connection,
    county: str,
    unit: str,
    ledger: str,
    *,
    relation: str | None = None,
    asset_class: str | None = None,
    township: str | None = None,
) -> Row:
    """`assets`, `original_value`, `net_book_value` of what is listed, each asset once, and the unit's own `owned`
    assets, `share_value`, `share_net_value` (fen).
    """
    asked = _unit_source(county, unit, ledger, relation, asset_class, township)
    record = await connection.fetchrow(
        "SELECT count(*) AS assets, coalesce(sum(r.original_value), 0)::bigint AS original_value,"
        " coalesce(sum(r.net_book_value), 0)::bigint AS net_book_value, count(p.amount) AS owned,"
        " coalesce(sum(p.amount), 0)::bigint AS share_value,"
        f" coalesce(sum({_NET}), 0)::bigint AS share_net_value"
        f" FROM {asked.source} WHERE {asked.conditions.where}",
        *asked.conditions.parameters,
    )
    return dict(record)
