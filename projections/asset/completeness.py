"""Completeness of the register (八项目标, C2-01): eight things the regulation wants of every managed asset.

Nobody writes the score: it is read off the register's row, at whatever moment the register is asked about.
"""

from __future__ import annotations

from typing import Final, Unpack

from projections.asset.register import REGISTER
from projections.asset.register_questions import MANAGED, RegisterFilter
from projections.engine.reading import Conditions, Page, Paging, QuestionInvalid, page
from projections.engine.rows import Row
from projections.engine.writing import Connection

INDICATORS: Final[dict[str, tuple[str, str]]] = {
    "BASE": ("底数核准", "r.registration = 'BOOKED'"),
    "OWNERSHIP": ("产权明晰", "r.title = 'CONFIRMED'"),
    "CATEGORY": ("类型界定", "(r.asset_class <> 'PUBLIC_WELFARE' OR r.subclass IS NOT NULL)"),
    "RESPONSIBLE_UNIT": ("主体责任", "r.responsible_unit IS NOT NULL"),
    "OPERATION": ("管理运行", "r.last_status_on IS NOT NULL"),
    "INCOME": ("收益分配", "(r.asset_class <> 'OPERATING' OR r.contract IN ('ACTIVE', 'HOLDOVER'))"),
    "LOSS": ("防止流失", "NOT r.open_risks ?| ARRAY['LOST', 'DAMAGED', 'WASTED']"),
    "CUSTODY": ("落实职责", "(r.custody IN ('ASSIGNED', 'IN_HANDOVER') AND r.duties <> '[]'::jsonb)"),
}
"""Code → Chinese name, and when the register's row `r` meets it, in the order of the regulation's sentence.

BASE: booked. RESPONSIBLE_UNIT: somebody answers for it. OPERATION: its condition was reported since it was
registered. INCOME: an operating asset is under a contract that says what comes in. LOSS: no open risk of loss, damage
or waste. CUSTODY: persons are named for good, not provisionally.
"""

_MISSING: Final = ", ".join(
    f"CASE WHEN {condition} THEN NULL ELSE '{code}' END" for code, (_, condition) in INDICATORS.items()
)
_MET: Final = " + ".join(f"({condition})::int" for _, condition in INDICATORS.values())

_COLUMNS: Final = (
    "asset",
    "asset_name",
    "village",
    "township",
    "responsible_unit",
    "original_value",
    "position",
)

UNITS: Final[dict[str, str]] = {
    "township": "r.township",
    "village": "r.village",
    "responsible_unit": "r.responsible_unit",
}
"""By what the score is rolled up."""


async def completeness_page(
    connection: Connection,
    county: str,
    where: RegisterFilter,
    *,
    missing: str | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Managed assets with their `score` (0–8) and what is `missing`; with `missing`, only those that lack that."""
    conditions = where.conditions(county)
    conditions.parts.append(MANAGED)
    if missing is not None:
        if missing not in INDICATORS:
            raise QuestionInvalid("missing", missing)
        conditions.parts.append(f"NOT coalesce({INDICATORS[missing][1]}, false)")
    return await page(
        connection,
        REGISTER,
        conditions,
        source="asset_register r",
        alias="r",
        columns=_COLUMNS,
        usually="asset",
        **paging,
        extra=[f"{_MET} AS score", f"array_remove(ARRAY[{_MISSING}], NULL) AS missing"],
    )


async def completeness_of_units(connection: Connection, county: str, by: str) -> list[Row]:
    """Per unit (`UNITS`): managed assets, the sum of their scores, how many have all eight, how many meet each."""
    if by not in UNITS:
        raise QuestionInvalid("by", by)
    conditions = Conditions()
    conditions.equal("r.county", county)
    met = ", ".join(
        f"count(*) FILTER (WHERE {condition}) AS {code.lower()}"
        for code, (_, condition) in INDICATORS.items()
    )
    records = await connection.fetch(
        f"SELECT {UNITS[by]} AS unit, count(*) AS assets, sum({_MET})::bigint AS points,"
        f" count(*) FILTER (WHERE ({_MET}) = {len(INDICATORS)}) AS complete, {met}"
        f" FROM asset_register r WHERE {conditions.where} AND {MANAGED} GROUP BY 1 ORDER BY 1 NULLS LAST",
        *conditions.parameters,
    )
    return [
        {
            "unit": record["unit"],
            "assets": record["assets"],
            "average": f"{record['points'] / record['assets']:.2f}",
            "complete": record["complete"],
            "met": {code: record[code.lower()] for code in INDICATORS},
        }
        for record in records
    ]
