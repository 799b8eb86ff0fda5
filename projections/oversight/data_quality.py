"""Gaps of the record (数据质量看板): a line per gap and asset, with its clause, since when, and whose it is to mend.

Nothing is stored: a gap is read off the ledgers, at whatever moment they are asked about, and is gone when they say so.
Among them are the rule gaps, where the regulation names nobody and a default was taken (C4.1-07): never in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Unpack

import orjson
from sqlalchemy import MetaData, PrimaryKeyConstraint, Table

from projections.asset import duties as asset_duties, external_entries, register as asset_register
from projections.asset.external_entries import PLACED, SOURCE
from projections.asset.register_questions import MANAGED
from projections.engine.codes import HOLDING
from projections.engine.meaning import (
    PLACE_CODE,
    UNIT_CODE,
    UNIT_OR_PLACE_CODE,
    Codes,
    Each,
    OneOf,
    states,
    table,
)
from projections.engine.reading import Conditions, Page, Paging, QuestionInvalid, page
from projections.engine.rows import Row
from projections.engine.tables import (
    LedgerTable,
    code_column,
    county_column,
    day_column,
    json_column,
    position_column,
    text_column,
)
from projections.engine.writing import Connection
from projections.household import register as household_register
from projections.paper import namings as paper_namings

LEDGERS: Final = (
    asset_register.PROJECTION.name,
    asset_duties.PROJECTION.name,
    external_entries.PROJECTION.name,
    household_register.PROJECTION.name,
    paper_namings.PROJECTION.name,
)
"""What the board is read from."""

KINDS: Final[dict[str, str]] = {
    "GUIDANCE_GAP": "管理指导部门文件未明确",
    "OWNERSHIP_GAP": "确权所依规则文件未明确",
    "REGIME_GAP": "会计制度文件未明确",
    "ENTRY_GAP": "外部系统录入文件未明确",
    "UNCONFIRMED": "未确权",
    "TITLE_DISPUTED": "权属有争议",
    "FILING_PENDING": "确权待备案",
    "BOOKING_OVERDUE": "逾期未入账",
    "ENTRY_OVERDUE": "逾期未录入外部系统",
    "CARD_INCOMPLETE": "登记内容不全",
    "NO_DOCUMENT": "没有存档资料",
    "PAPER_NOT_KEPT": "登记的资料尚未上传",
    "PAPER_LOST": "存档的资料丢失或被改动",
    "HISTORY_FINDING": "历史数据检查发现",
}
"""Kind of gap → Chinese name."""

GAP_KIND: Final = Codes(words=tuple(KINDS.items()))
_ITEM: Final = table(
    "departments.organization",
    "ownership_rules.rule",
    "regimes.accounting_system",
    "external_systems.system",
)
"""What is lacking by name; which table it is of follows from the kind of gap."""
_CARD_FIELD: Final = states(usefulLifeYears="预计使用年限", incomeRightHolders="收益权人")

GAP: Final = LedgerTable(
    Table(
        "data_gap",
        MetaData(),
        county_column(),
        text_column("subject", "资产编号"),
        code_column("kind", "缺陷种类", GAP_KIND),
        text_column("item", "所缺事项", of=OneOf((_ITEM, UNIT_OR_PLACE_CODE)), null=True),
        text_column("clause", "条款"),
        code_column("holding", "资产类别：ASSET 扶贫资产 / HOUSEHOLD 到户资产", HOLDING),
        text_column("name", "资产名称", null=True),
        text_column("village", "所在村", of=PLACE_CODE, null=True),
        text_column("township", "所在乡镇", of=PLACE_CODE, null=True),
        json_column("units", "责任单位", of=Each(UNIT_CODE)),
        day_column("since", "自何日起"),
        day_column("due_on", "到期日", null=True),
        json_column("missing", "缺少的内容", of=Each(_CARD_FIELD)),
        position_column(),
        PrimaryKeyConstraint("county", "subject", "kind", "item"),
        comment="数据质量看板的一行",
    )
)
"""The shape of the board's lines; there is no such table."""

PLACES: Final[dict[str, str]] = {
    "county": "g.county",
    "township": "g.township",
    "village": "g.village",
    "unit": "u.unit",
}
"""By what gaps are counted."""


@dataclass(frozen=True, slots=True)
class Standards:
    """By what a county's rules of a day call something a gap. Rule gaps: code → the clause that leaves it open."""

    on: date
    book_days: int
    entry_days: int
    ownership_gaps: Mapping[str, str]
    """Rule of the ownership table."""
    regime_gaps: Mapping[str, str]
    """CLASS/OWNER_KIND."""
    without_life: frozenset[str]
    """Asset types that are not asked for a useful life (C4.6-02)."""


_UNITS: Final = (
    "CASE WHEN r.owners <> '[]'::jsonb THEN jsonb_path_query_array(r.owners, '$[*].party')"
    " ELSE jsonb_build_array(r.implementer) END"
)
_REGISTER: Final = "asset_register r JOIN asset_duty d ON d.county = r.county AND d.asset = r.asset"
_UNBOOKED: Final = (
    "EXISTS (SELECT FROM jsonb_array_elements(r.owners) o WHERE (r.bookings ->> (o ->> 'party'))::bigint"
    " IS DISTINCT FROM (o ->> 'amount')::bigint)"
)
_CONFIRMED: Final = "r.title = 'CONFIRMED'"
_VALUED_ON: Final = "greatest(r.confirmed_on, r.settled_on)"
"""The day from which the shares have the value that is booked."""


def _of_asset(
    kind: str,
    clause: str,
    where: str,
    since: str,
    *,
    item: str = "''",
    due: str = "NULL::date",
    missing: str = "'[]'",
) -> str:
    return (
        f"SELECT r.county, r.asset AS subject, '{kind}' AS kind, {item} AS item, {clause} AS clause,"
        f" 'ASSET' AS holding, r.asset_name AS name, r.village, r.township, {_UNITS} AS units, {since} AS since,"
        f" {due} AS due_on, {missing}::jsonb AS missing, r.position"
        f" FROM {_REGISTER} WHERE r.county = {{county}} AND {MANAGED} AND {where}"
    )


def _of_entry(kind: str, clause: str, where: str, due: str) -> str:
    return (
        f"SELECT e.county, e.asset, '{kind}', e.system, {clause}, e.holding, {PLACED['asset_name']},"
        f" {PLACED['village']}, {PLACED['township']}, e.entered_by, e.opened_on, {due}, '[]'::jsonb, e.position"
        f" FROM {SOURCE} WHERE e.county = {{county}} AND {where}"
    )


_CARD: Final = (
    "to_jsonb(array_remove(ARRAY["
    "CASE WHEN r.useful_life_years IS NULL AND r.asset_type <> ALL ({without_life}::text[]) THEN 'usefulLifeYears' END, "
    f"CASE WHEN {_CONFIRMED} AND r.asset_class = 'OPERATING' AND r.income_right_holders = '[]'::jsonb"
    " THEN 'incomeRightHolders' END], NULL))"
)

_HOUSEHOLD_FINDINGS: Final = (
    "SELECT r.county, r.asset, 'HISTORY_FINDING', '', 'C4.4-00', 'HOUSEHOLD', r.asset_name, r.village, r.township,"
    " jsonb_path_query_array(jsonb_build_array(r.village), '$[*] ? (@ != null)'), r.registered_on, NULL::date,"
    " '[]'::jsonb, r.position FROM household_register r"
    " WHERE r.county = {county} AND r.state = 'REGISTERED' AND r.findings > 0"
)

_NAMED: Final = (
    " FROM paper_naming n LEFT JOIN paper p ON p.county = n.county AND p.sha256 = n.sha256"
    " WHERE n.county = r.county AND n.asset = r.asset"
)
"""What events name for an asset, with what the document store has of it: it is asked about now, whatever the moment."""
_PAPERS: Final = f"SELECT{_NAMED}"
_SINCE: Final = f"SELECT min(n.occurred_on){_NAMED}"

_GAPS: Final = (
    _of_asset(
        "GUIDANCE_GAP",
        "'C4.1-07'",
        "d.guidance_gap",
        "r.registered_on",
        item="coalesce(d.guiding_department, '')",
    ),
    _of_asset(
        "OWNERSHIP_GAP",
        "{ownership_gaps}::jsonb ->> r.ownership_rule",
        "{ownership_gaps}::jsonb ? r.ownership_rule",
        "r.confirmed_on",
        item="r.ownership_rule",
    ),
    _of_asset(
        "REGIME_GAP",
        "{regime_gaps}::jsonb ->> (r.asset_class || '/' || r.owner_kind)",
        "{regime_gaps}::jsonb ? (r.asset_class || '/' || r.owner_kind)",
        "r.confirmed_on",
        item="r.regime",
    ),
    _of_asset("UNCONFIRMED", "'C4.5-02'", "r.confirmed_on IS NULL", "r.registered_on"),
    _of_asset(
        "TITLE_DISPUTED",
        "'C4.5-07'",
        "r.title = 'DISPUTED'",
        "coalesce((r.open_risks ->> 'TITLE_UNCLEAR')::date, r.last_occurred_on)",
    ),
    _of_asset(
        "FILING_PENDING", "'C4.5-06'", "d.filing_due IS NOT NULL", "d.filing_since", item="d.filing_due"
    ),
    _of_asset(
        "BOOKING_OVERDUE",
        "'C4.5-15'",
        f"{_CONFIRMED} AND {_VALUED_ON} + {{book_days}}::int < {{on}}::date AND {_UNBOOKED}",
        _VALUED_ON,
        due=f"{_VALUED_ON} + {{book_days}}::int",
    ),
    _of_asset("CARD_INCOMPLETE", "'C4.6-02'", f"{_CARD} <> '[]'::jsonb", "r.registered_on", missing=_CARD),
    _of_asset("NO_DOCUMENT", "'C4.6-03'", "r.documents = 0", "r.registered_on"),
    _of_asset(
        "PAPER_NOT_KEPT",
        "'C4.6-03'",
        f"EXISTS ({_PAPERS} AND p.state IS NULL)",
        f"({_SINCE} AND p.state IS NULL)",
    ),
    _of_asset(
        "PAPER_LOST",
        "'C4.6-03'",
        f"EXISTS ({_PAPERS} AND p.state NOT IN ('INTACT', 'FORGOTTEN'))",
        f"({_SINCE} AND p.state NOT IN ('INTACT', 'FORGOTTEN'))",
    ),
    _of_asset("HISTORY_FINDING", "'C4.4-00'", "r.findings > 0", "r.registered_on"),
    _HOUSEHOLD_FINDINGS,
    _of_entry("ENTRY_GAP", "'C4.3-06'", "e.rule_gap AND e.state <> 'LAPSED'", "NULL::date"),
    _of_entry(
        "ENTRY_OVERDUE",
        "CASE e.holding WHEN 'HOUSEHOLD' THEN 'C4.3-08' ELSE 'C4.3-06' END",
        "e.state = 'OPEN' AND e.opened_on + {entry_days}::int < {on}::date",
        "e.opened_on + {entry_days}::int",
    ),
)
"""A query per way in which something can be lacking."""


class _Values(dict[str, str]):
    """Placeholders by name, each made when a query first asks for it: one that is not used would have no type."""

    def __init__(self, conditions: Conditions, values: Mapping[str, Any]) -> None:
        super().__init__()
        self._conditions, self._values = conditions, values

    def __missing__(self, name: str) -> str:
        self[name] = self._conditions.parameter(self._values[name])
        return self[name]


def _gap_source(
    county: str,
    standards: Standards,
    kind: str | list[str] | None,
    village: str | list[str] | None,
    township: str | list[str] | None,
    unit: str | None,
    asset: str | list[str] | None,
) -> tuple[str, Conditions]:
    """The gaps as a source called `g`, and what chooses among them."""
    conditions = Conditions()
    wanted = [kind] if isinstance(kind, str) else kind
    chosen = [one for one in _GAPS if wanted is None or any(f"'{name}'" in one for name in wanted)]
    values = _Values(
        conditions,
        {
            "county": county,
            "on": standards.on,
            "book_days": standards.book_days,
            "entry_days": standards.entry_days,
            "ownership_gaps": orjson.dumps(dict(standards.ownership_gaps)).decode(),
            "regime_gaps": orjson.dumps(dict(standards.regime_gaps)).decode(),
            "without_life": sorted(standards.without_life),
        },
    )
    source = " UNION ALL ".join(chosen or _GAPS).format_map(values)
    conditions.equal("g.kind", kind)
    conditions.equal("g.village", village)
    conditions.equal("g.township", township)
    conditions.equal("g.subject", asset)
    if unit is not None:
        conditions.add("(g.units ? {} OR g.village = {} OR g.township = {})", unit, unit, unit)
    return f"({source}) AS g ({', '.join(GAP.columns)})", conditions


async def gap_page(
    connection: Connection,
    county: str,
    standards: Standards,
    *,
    kind: str | list[str] | None = None,
    village: str | list[str] | None = None,
    township: str | list[str] | None = None,
    unit: str | None = None,
    asset: str | list[str] | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Gaps, each with `days` since it is there. `unit`: what it has to mend, or lies in the village or township it is."""
    source, conditions = _gap_source(county, standards, kind, village, township, unit, asset)
    found = await page(
        connection,
        GAP,
        conditions,
        source=source,
        alias="g",
        columns=GAP.columns,
        usually="subject",
        **paging,
    )
    for row in found.rows:
        row["days"] = max((standards.on - row["since"]).days, 0)
    return found


async def gap_counts(
    connection: Connection, county: str, standards: Standards, by: str = "county", **chosen: Any
) -> list[Row]:
    """How many gaps of each kind there are per place (`PLACES`), on how many assets, the oldest since when.

    With `by` "unit" a gap that several units have to mend counts for each of them. `chosen`: filters of `gap_page`.
    """
    if by not in PLACES:
        raise QuestionInvalid("by", by)
    filters = dict.fromkeys(("kind", "village", "township", "unit", "asset")) | chosen
    source, conditions = _gap_source(county, standards, **filters)
    if by == "unit":
        source += " CROSS JOIN LATERAL (SELECT jsonb_array_elements_text(g.units) AS unit) AS u"
    records = await connection.fetch(
        f"SELECT {PLACES[by]} AS place, g.kind, min(g.clause) AS clause, count(*) AS gaps,"
        f" count(DISTINCT g.subject) AS assets, min(g.since) AS oldest_since FROM {source}"
        f" WHERE {conditions.where} GROUP BY 1, 2 ORDER BY 1 NULLS LAST, 2",
        *conditions.parameters,
    )
    return [dict(record) for record in records]
