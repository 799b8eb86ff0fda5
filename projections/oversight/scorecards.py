"""A unit's scorecard of a year (绩效考核, C5.4-03): read off the ledgers as of its last day, never written by anybody.

Five items, each a part of a whole that can be looked up row by row; the score is the mean of those the unit has
anything in, percent with two decimals. The same events and formula give the same score.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from projections.asset import duties as asset_duties, income as income_ledger, register as asset_register
from projections.asset.register_questions import MANAGED
from projections.engine.rows import Row
from projections.engine.writing import Connection
from projections.oversight import inspections as oversight

FORMULA: Final = "scorecard/1"
"""Which items there are and how they are weighed: a change is a new number."""

LEDGERS: Final = (
    asset_register.PROJECTION.name,
    asset_duties.PROJECTION.name,
    income_ledger.PROJECTION.name,
    oversight.PROJECTION.name,
)

ITEMS: Final[dict[str, str]] = {
    "COVERAGE": "确权覆盖",
    "TIMELINESS": "状况报告及时",
    "IN_USE": "资产在用",
    "INCOME": "合同收益实现",
    "FINDINGS": "监督问题整改",
}
"""Item → Chinese name. COVERAGE: assets with a confirmed title · TIMELINESS: assets reported on within the county's
interval · IN_USE: assets that are not idle, lost or damaged · INCOME: fen received in the year of what the contracts
in force promise · FINDINGS: findings of supervisors that are mended.
"""

_ASSETS: Final = f"""
SELECT u.unit, count(*) AS assets,
    count(*) FILTER (WHERE r.title = 'CONFIRMED') AS confirmed,
    count(*) FILTER (WHERE coalesce(r.last_status_on, r.in_use_since, r.registered_on) + $3::int >= $2) AS timely,
    count(*) FILTER (WHERE r.operation NOT IN ('IDLE', 'LOST', 'DAMAGED')) AS used
FROM asset_register r CROSS JOIN LATERAL (
    SELECT jsonb_array_elements(r.owners) ->> 'party' AS unit WHERE r.owners <> '[]'::jsonb
    UNION ALL SELECT r.implementer WHERE r.owners = '[]'::jsonb) AS u
WHERE r.county = $1 AND {MANAGED} GROUP BY u.unit"""

_PROMISED: Final = f"""
SELECT s.party AS unit,
    sum(div(r.annual_income::numeric * s.income_amount, r.original_value))::bigint AS promised
FROM asset_register r JOIN asset_share s ON s.county = r.county AND s.asset = r.asset
WHERE r.county = $1 AND {MANAGED} AND r.contract IN ('ACTIVE', 'HOLDOVER') AND r.annual_income > 0
    AND s.income_amount > 0 GROUP BY s.party"""

_RECEIVED: Final = """
SELECT holder AS unit, sum(amount)::bigint AS received FROM income_ledger
WHERE county = $1 AND entry = 'RECEIPT' AND holder IS NOT NULL AND year = $2 GROUP BY holder"""

_FOUND: Final = """
SELECT unit, count(*) AS found, count(*) FILTER (WHERE state = 'RECTIFIED') AS mended FROM supervision_finding
WHERE county = $1 AND finding <> '' GROUP BY unit"""


async def scorecards(connection: Connection, county: str, on: date, report_days: int) -> list[Row]:
    """Every unit's card as of a day: `unit`, `score` (None without any item), `items` with `percent`.

    INCOME has `part_amount` and `whole_amount` (fen), capped at what was promised; the others count assets or findings
    in `part` and `whole`.
    """
    units: dict[str, dict[str, tuple[int, int]]] = {}
    for record in await connection.fetch(_ASSETS, county, on, report_days):
        whole = record["assets"]
        units[record["unit"]] = {
            "COVERAGE": (record["confirmed"], whole),
            "TIMELINESS": (record["timely"], whole),
            "IN_USE": (record["used"], whole),
        }
    received = {one["unit"]: one["received"] for one in await connection.fetch(_RECEIVED, county, on.year)}
    for record in await connection.fetch(_PROMISED, county):
        promised = record["promised"]
        if promised > 0:
            got = max(0, min(received.get(record["unit"], 0), promised))
            units.setdefault(record["unit"], {})["INCOME"] = (got, promised)
    for record in await connection.fetch(_FOUND, county):
        units.setdefault(record["unit"], {})["FINDINGS"] = (record["mended"], record["found"])
    return [_card(unit, units[unit]) for unit in sorted(units)]


def _card(unit: str, parts: dict[str, tuple[int, int]]) -> Row:
    percents = {item: Decimal(100 * part) / whole for item, (part, whole) in parts.items()}
    score = sum(percents.values(), Decimal(0)) / len(percents)
    return {
        "unit": unit,
        "score": _two(score),
        "items": [
            {
                "item": item,
                "name": name,
                **_measured(item, *parts[item]),
                "percent": _two(percents[item]),
            }
            for item, name in ITEMS.items()
            if item in parts
        ],
    }


def _measured(item: str, part: int, whole: int) -> Row:
    """Part and whole of an item: amounts of the income, counts of everything else."""
    amounts = item == "INCOME"
    return {
        "part": None if amounts else part,
        "whole": None if amounts else whole,
        "part_amount": part if amounts else None,
        "whole_amount": whole if amounts else None,
    }


def _two(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.01"), ROUND_HALF_EVEN))
