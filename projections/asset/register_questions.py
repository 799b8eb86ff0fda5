"""Questions to the asset register: rows by many filters, totals of the county, of units, of any category.

Totals count a managed asset once: in scope and not disposed. Disposed assets, assets out of scope and household
assets are counted beside it, never inside. Shares of all owners and what is not yet confirmed add up to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Unpack

from projections.asset.register import REGISTER
from projections.engine.reading import Conditions, Page, Paging, QuestionInvalid, page
from projections.engine.rows import Row
from projections.engine.writing import Connection

Several = str | list[str] | None
"""One value, one of several, or whatever."""

MANAGED: Final = "r.scope = 'IN' AND r.disposed_on IS NULL"
"""What the county manages now."""

DIMENSIONS: Final[dict[str, str]] = {
    "asset_class": "r.asset_class",
    "subclass": "r.subclass",
    "asset_type": "r.asset_type",
    "owner_kind": "r.owner_kind",
    "regime": "r.regime",
    "village": "r.village",
    "township": "r.township",
    "completion_year": "r.completion_year::text",
    "registration": "r.registration",
    "title": "r.title",
    "operation": "r.operation",
    "contract": "r.contract",
    "custody": "r.custody",
    "disposal": "r.disposal",
    "implementer": "r.implementer",
    "project_code": "r.project_code",
    "custodian": "r.custodian",
}
"""Along what the register can be categorised, beside `fund_source`, which divides an asset among its sources."""

_SHARE_OF: Final = "SELECT FROM asset_share s WHERE s.county = r.county AND s.asset = r.asset"


@dataclass(frozen=True, slots=True)
class RegisterFilter:
    """Which assets. What is None or empty does not matter; lists mean "one of". Money in fen."""

    village: Several = None
    """Lies in the village (12 digits)."""
    township: Several = None
    """Lies in the township (12 digits): the territorial view."""
    owner: Several = None
    """The unit has a share in it: the view of what a village, township or department owns."""
    department: str | None = None
    """Owned by the department or under its supervision: the department's line view."""
    asset: Several = None
    asset_class: Several = None
    subclass: Several = None
    asset_type: Several = None
    owner_kind: Several = None
    registration: Several = None
    title: Several = None
    operation: Several = None
    contract: Several = None
    custody: Several = None
    disposal: Several = None
    implementer: Several = None
    project_code: Several = None
    operator: Several = None
    custodian: Several = None
    fund_source: str | None = None
    completed_from: int | None = None
    """Year of completion, from … to …, inclusive."""
    completed_to: int | None = None
    value_from: int | None = None
    value_to: int | None = None
    contract_ends_from: date | None = None
    contract_ends_to: date | None = None
    name: str | None = None
    """Words that the name holds."""
    scope: str | None = None
    risk: str | None = None
    """An open risk of this kind; "ANY": any."""
    disposed: bool | None = False
    """False: those still there; True: the disposed ones; None: both."""

    def conditions(self, county: str) -> Conditions:
        """The filter as conditions on the register called `r`."""
        found = Conditions()
        found.equal("r.county", county)
        for name in (
            "village", "township", "asset", "asset_class", "subclass", "asset_type", "owner_kind", "registration",
            "title", "operation", "contract", "custody", "disposal", "implementer", "project_code", "operator",
            "custodian", "scope",
        ):  # fmt: skip
            found.equal(f"r.{name}", getattr(self, name))
        found.between("r.completion_year", self.completed_from, self.completed_to)
        found.between("r.original_value", self.value_from, self.value_to)
        found.between("r.contract_ends_on", self.contract_ends_from, self.contract_ends_to)
        found.contains("r.asset_name", self.name)
        if self.owner is not None:
            owners = [self.owner] if isinstance(self.owner, str) else list(self.owner)
            found.add(f"EXISTS ({_SHARE_OF} AND s.party = ANY({{}}) AND s.amount > 0)", owners)
        if self.department is not None:
            found.add(
                f"(EXISTS ({_SHARE_OF} AND s.party = {{}} AND s.amount > 0)"
                " OR r.supervision @> jsonb_build_array(jsonb_build_object('supervisor', {}::text)))",
                self.department,
                self.department,
            )
        if self.fund_source is not None:
            found.add(
                "r.funding_lines @> jsonb_build_array(jsonb_build_object('source', {}::text))",
                self.fund_source,
            )
        if self.risk == "ANY":
            found.parts.append("r.open_risks <> '{}'::jsonb")
        elif self.risk is not None:
            found.add("r.open_risks ? {}", self.risk)
        if self.disposed is not None:
            found.parts.append(f"r.disposed_on IS {'NOT ' if self.disposed else ''}NULL")
        return found


async def register_page(
    connection: Connection,
    county: str,
    where: RegisterFilter | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Rows of the register, all columns, sorted by any that is not a list. `QuestionInvalid` names a wrong sort or
    cursor. With one owner asked for, rows also carry its `owner_share` (fen).
    """
    where = where or RegisterFilter()
    conditions = where.conditions(county)
    extra = []
    if isinstance(where.owner, str):
        owner = conditions.parameter(where.owner)
        extra.append(
            "(SELECT s.amount FROM asset_share s WHERE s.county = r.county AND s.asset = r.asset"
            f" AND s.party = {owner}) AS owner_share"
        )
    return await page(
        connection,
        REGISTER,
        conditions,
        source="asset_register r",
        alias="r",
        columns=REGISTER.columns,
        usually="asset",
        **paging,
        extra=extra,
    )


_SUMS: Final = (
    "count(*)::bigint AS assets, coalesce(sum(r.original_value), 0)::bigint AS original_value,"
    " coalesce(sum(r.accumulated_depreciation), 0)::bigint AS accumulated_depreciation,"
    " coalesce(sum(r.net_book_value), 0)::bigint AS net_book_value,"
    " coalesce(sum(r.income_received), 0)::bigint AS income_received,"
    " coalesce(sum(r.income_distributed), 0)::bigint AS income_distributed"
)


async def register_totals(connection: Connection, county: str, where: RegisterFilter | None = None) -> Row:
    """Count and sums (fen) over the assets of a filter, each once."""
    conditions = (where or RegisterFilter()).conditions(county)
    record = await connection.fetchrow(
        f"SELECT {_SUMS} FROM asset_register r WHERE {conditions.where}", *conditions.parameters
    )
    return dict(record)


_COUNTY_PARTS: Final = {
    "managed": MANAGED,
    "unconfirmed": f"{MANAGED} AND r.confirmed_on IS NULL",  # in procedure or in dispute before any title, too
    "disposed": "r.scope = 'IN' AND r.disposed_on IS NOT NULL",
    "out_of_scope": "r.scope = 'OUT'",
}


async def county_totals(connection: Connection, county: str) -> Row:
    """The county's total ledger: `managed`, of it `unconfirmed`; beside it `disposed`, `out_of_scope`, `household`;
    each with count and sums (fen). `confirmed_shares` is the sum of all owners' shares of managed assets: with the
    unconfirmed assets' value it is the managed total.
    """
    parts = ", ".join(
        f"count(*) FILTER (WHERE {condition}) AS {name}_assets,"
        f" coalesce(sum(r.original_value) FILTER (WHERE {condition}), 0)::bigint AS {name}_original_value,"
        f" coalesce(sum(r.net_book_value) FILTER (WHERE {condition}), 0)::bigint AS {name}_net_book_value"
        for name, condition in _COUNTY_PARTS.items()
    )
    register = await connection.fetchrow(f"SELECT {parts} FROM asset_register r WHERE r.county = $1", county)
    household = await connection.fetchrow(
        "SELECT count(*) AS assets, coalesce(sum(original_value), 0)::bigint AS original_value"
        " FROM household_register WHERE county = $1 AND state = 'REGISTERED'",
        county,
    )
    shares = await connection.fetchval(
        "SELECT coalesce(sum(s.amount), 0)::bigint FROM asset_share s JOIN asset_register r USING (county, asset)"
        f" WHERE s.county = $1 AND {MANAGED}",
        county,
    )
    totals: Row = {
        name: {
            "assets": register[f"{name}_assets"],
            "original_value": register[f"{name}_original_value"],
            "net_book_value": register[f"{name}_net_book_value"],
        }
        for name in _COUNTY_PARTS
    }
    totals["household"] = dict(household)
    totals["confirmed_shares"] = shares
    return totals


async def unit_totals(connection: Connection, county: str, owner_kind: str | None = None) -> list[Row]:
    """What each unit owns of the managed assets: count of assets it has a share in, sum of its shares, sum of its
    income-right shares (fen), in order of unit code.
    """
    conditions = Conditions()
    conditions.equal("s.county", county)
    conditions.equal("s.owner_kind", owner_kind)
    records = await connection.fetch(
        "SELECT s.party, count(*) FILTER (WHERE s.amount > 0) AS assets, sum(s.amount)::bigint AS amount,"
        " sum(s.income_amount)::bigint AS income_amount"
        " FROM asset_share s JOIN asset_register r USING (county, asset)"
        f" WHERE {conditions.where} AND {MANAGED} GROUP BY s.party ORDER BY s.party",
        *conditions.parameters,
    )
    return [dict(record) for record in records]


async def categorised(
    connection: Connection, county: str, dimension: str, where: RegisterFilter | None = None
) -> list[Row]:
    """The register by one dimension (`DIMENSIONS` or "fund_source"): category, count and sums (fen) of managed assets,
    in order of category, those without one last. The original values add up to the total along every dimension; by
    fund source an asset is divided among its sources, and counted under each.
    """
    conditions = (where or RegisterFilter()).conditions(county)
    conditions.parts.append(MANAGED)
    if dimension == "fund_source":
        query = (
            "SELECT line ->> 'source' AS category, count(DISTINCT r.asset) AS assets,"
            " sum((line ->> 'amount')::bigint)::bigint AS original_value"
            " FROM asset_register r CROSS JOIN LATERAL jsonb_array_elements(r.funding_lines) AS line"
        )
    elif dimension in DIMENSIONS:
        query = f"SELECT {DIMENSIONS[dimension]} AS category, {_SUMS} FROM asset_register r"
    else:
        raise QuestionInvalid("dimension", dimension)
    records = await connection.fetch(
        f"{query} WHERE {conditions.where} GROUP BY 1 ORDER BY 1 NULLS LAST", *conditions.parameters
    )
    return [dict(record) for record in records]


async def look_alikes(
    connection: Connection, county: str, locations: list[str]
) -> list[tuple[str, str | None, str | None, str, str, int, int]]:
    """What tells assets of these places apart on paper (C4.4-00): asset, project code and name, name, location,
    original value (fen), year of completion. Disposed assets included: they were registered too.
    """
    records = await connection.fetch(
        "SELECT asset, project_code, project_name, asset_name, location, original_value, completion_year"
        " FROM asset_register WHERE county = $1 AND location = ANY($2::text[])",
        county,
        locations,
    )
    return [tuple(record) for record in records]


async def unit_values(
    connection: Connection, county: str, types: list[str]
) -> dict[tuple[str, str], tuple[int, int]]:
    """By type and unit of measure: how many assets the register has, and the median of their value per unit (fen)."""
    records = await connection.fetch(
        "SELECT asset_type, unit_of_measure, count(*)::int,"
        " percentile_disc(0.5) WITHIN GROUP (ORDER BY original_value / quantity)::bigint"
        " FROM asset_register WHERE county = $1 AND asset_type = ANY($2::text[]) AND quantity > 0"
        " GROUP BY asset_type, unit_of_measure",
        county,
        types,
    )
    return {(record[0], record[1]): (record[2], record[3]) for record in records}


async def assets_of(connection: Connection, county: str, kind: str, code: str | None) -> list[str]:
    """Codes of the assets that should be there, disposed ones left out: of the county, of a division with all below
    it, or of a unit that is responsible for them, owns them, or made them as long as nobody else is.
    """
    of_scope = {
        "COUNTY": "$2::text IS NULL",
        "DIVISION": "$2 IN (r.village, r.township, r.location)",
        "UNIT": "($2 IN (r.responsible_unit, r.custodian)"
        " OR (r.responsible_unit IS NULL AND r.implementer = $2)"
        " OR EXISTS (SELECT FROM asset_share s WHERE s.county = r.county AND s.asset = r.asset"
        " AND s.party = $2 AND s.amount > 0))",
    }[kind]
    records = await connection.fetch(
        f"SELECT r.asset FROM asset_register r WHERE r.county = $1 AND r.disposed_on IS NULL AND {of_scope}"
        " ORDER BY r.asset",
        county,
        code,
    )
    return [record["asset"] for record in records]
