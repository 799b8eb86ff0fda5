"""Signs of violations before anybody has reported them (预防违规, C5.4-04): rules over the ledgers, each with its
evidence.

An anomaly accuses nobody and blocks nothing: it is a reason to look. Nothing is stored; what is explained by later facts
does not show any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from projections.asset import income as income_ledger, register as asset_register, timeline as asset_timeline
from projections.engine.meaning import (
    DAY,
    MONEY,
    NUMBER,
    PLACE_CODE,
    PLAIN,
    WHOLE,
    Each,
    Parts,
    member,
    optional,
    parts,
)
from projections.engine.rows import Row
from projections.engine.writing import Connection
from projections.paper import namings as paper_namings

LEDGERS: Final = (
    asset_register.PROJECTION.name,
    income_ledger.PROJECTION.name,
    asset_timeline.PROJECTION.name,
    paper_namings.PROJECTION.name,
)
FORMULA: Final = "anomalies/2"

RULES: Final[dict[str, str]] = {
    "SPLIT_DISPOSAL": "化整为零处置",
    "EQUAL_DISTRIBUTION": "收益平均分配",
    "CONTRACT_BEFORE_TITLE": "未确权先签合同",
    "RENT_BELOW_PEERS": "租金明显低于同类",
    "ONE_OPERATOR": "同一主体在多村经营",
    "BACKDATED": "事后补记",
    "SAME_EVIDENCE": "同一凭证用于多次公示或检查",
}
"""Rule → Chinese name."""


EVIDENCE: Final[dict[str, Parts]] = {
    "SPLIT_DISPOSAL": parts(assets=member("所处置的资产", Each(PLAIN)), sum=member("价款合计", MONEY)),
    "EQUAL_DISTRIBUTION": parts(
        position=member("分配事件的日志位置", WHOLE),
        households=member("户数", WHOLE),
        each=member("每户金额", MONEY),
    ),
    "CONTRACT_BEFORE_TITLE": parts(contract=member("合同编号"), confirmedOn=optional("确权日期", DAY)),
    "RENT_BELOW_PEERS": parts(
        annualIncome=member("年收益", MONEY),
        originalValue=member("原始价值", MONEY),
        middlePercent=member("同类年收益占原值的中位百分比", NUMBER),
    ),
    "ONE_OPERATOR": parts(villages=member("村", Each(PLACE_CODE)), assets=member("资产项数", WHOLE)),
    "BACKDATED": parts(
        positions=member("补记事件的日志位置", Each(WHOLE)), mostDays=member("最多晚记天数", WHOLE)
    ),
    "SAME_EVIDENCE": parts(
        positions=member("引用事件的日志位置", Each(WHOLE)), streams=member("公示、程序或检查", Each(PLAIN))
    ),
}
"""Rule → what its evidence says."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """From when on a rule speaks. Money in fen."""

    threshold: int
    """P01: from here on a disposal is a major one."""
    near_percent: int = 80
    """A disposal just under the threshold is worth at least so much of it."""
    window_days: int = 30
    """Disposals of one owner within so many days belong together."""
    households: int = 5
    """So many households with the same amount in one distribution."""
    peers: int = 5
    """So many contracts of a type make a comparison."""
    peer_percent: int = 50
    """Rent below so much of the middle rent of its type, in relation to the original value."""
    villages: int = 5


_SPLIT: Final = """
SELECT 'SPLIT_DISPOSAL' AS rule, s.party AS subject, min(o.disposed_on) AS since,
    jsonb_build_object('assets', jsonb_agg(DISTINCT o.asset), 'sum', sum(o.disposal_price)) AS evidence,
    count(DISTINCT o.asset) AS cases
FROM asset_share s JOIN asset_register r ON r.county = s.county AND r.asset = s.asset
JOIN asset_share t ON t.county = s.county AND t.party = s.party AND t.amount > 0
JOIN asset_register o ON o.county = t.county AND o.asset = t.asset
    AND o.disposed_on BETWEEN r.disposed_on AND r.disposed_on + {window}::int
    AND o.disposal_price < {threshold} AND o.disposal_price * 100 >= {threshold}::bigint * {near}
WHERE s.county = {county} AND s.amount > 0 AND r.disposed_on IS NOT NULL
    AND r.disposal_price < {threshold} AND r.disposal_price * 100 >= {threshold}::bigint * {near}
GROUP BY s.party, r.asset HAVING count(DISTINCT o.asset) >= 2"""

_EQUAL: Final = """
SELECT 'EQUAL_DISTRIBUTION', min(asset), min(entered_on),
    jsonb_build_object('position', position, 'households', count(DISTINCT household), 'each', -min(amount)),
    count(DISTINCT household)
FROM income_ledger WHERE county = {county} AND entry = 'DISTRIBUTION' AND household IS NOT NULL
GROUP BY position HAVING count(DISTINCT household) >= {households} AND min(amount) = max(amount)"""

_EARLY: Final = """
SELECT 'CONTRACT_BEFORE_TITLE', asset, contract_starts_on,
    jsonb_build_object('contract', contract_code, 'confirmedOn', confirmed_on), 1
FROM asset_register WHERE county = {county} AND contract_starts_on IS NOT NULL
    AND (confirmed_on IS NULL OR contract_starts_on < confirmed_on)"""

_RENT: Final = """
SELECT 'RENT_BELOW_PEERS', r.asset, r.contract_starts_on,
    jsonb_build_object('annualIncome', r.annual_income, 'originalValue', r.original_value,
        'middlePercent', round(p.middle * 100, 4)), 1
FROM asset_register r JOIN (
    SELECT asset_type, count(*) AS peers,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY annual_income::float8 / original_value)::numeric AS middle
    FROM asset_register WHERE county = {county} AND contract IN ('ACTIVE', 'HOLDOVER') AND annual_income IS NOT NULL
        AND original_value > 0 GROUP BY asset_type) p USING (asset_type)
WHERE r.county = {county} AND r.contract IN ('ACTIVE', 'HOLDOVER') AND r.annual_income IS NOT NULL
    AND r.original_value > 0 AND p.peers >= {peers}
    AND r.annual_income::numeric * 100 < p.middle * r.original_value * {peer}"""

_OPERATOR: Final = """
SELECT 'ONE_OPERATOR', operator, min(contract_starts_on),
    jsonb_build_object('villages', jsonb_agg(DISTINCT village), 'assets', count(*)), count(DISTINCT village)
FROM asset_register WHERE county = {county} AND contract IN ('ACTIVE', 'HOLDOVER') AND operator IS NOT NULL
    AND village IS NOT NULL GROUP BY operator HAVING count(DISTINCT village) >= {villages}"""

_BACKDATED: Final = """
SELECT 'BACKDATED', asset, min(occurred_on),
    jsonb_build_object('positions', jsonb_agg(position ORDER BY position), 'mostDays', max(days)), count(*)
FROM asset_backdated_entry WHERE county = {county} GROUP BY asset"""

_SAME: Final = """
SELECT 'SAME_EVIDENCE', sha256, min(occurred_on),
    jsonb_build_object('positions', jsonb_agg(DISTINCT position), 'streams', jsonb_agg(DISTINCT stream)),
    count(DISTINCT position)
FROM paper_naming WHERE county = {county} AND type IN ('public_notice.posted', 'public_notice.place_added',
    'procedure.notice_posted', 'inspection.finding_raised')
GROUP BY sha256 HAVING count(DISTINCT position) >= 2"""

_RULES: Final = (_SPLIT, _EQUAL, _EARLY, _RENT, _OPERATOR, _BACKDATED, _SAME)
_FOUND: Final = " UNION ALL ".join(_RULES)


async def anomalies(
    connection: Connection,
    county: str,
    bounds: Bounds,
    *,
    rule: str | None = None,
    after: tuple[str, str] = ("", ""),
    limit: int = 100,
) -> list[Row]:
    """`rule`, `subject` (asset, owner, operator or paper), `since`, `cases`, `evidence` (money in fen), ordered by rule and
    subject, those after `after`; of several findings of a rule about one subject the one with most cases.
    """
    values = [
        county,
        bounds.threshold,
        bounds.near_percent,
        bounds.window_days,
        bounds.households,
        bounds.peers,
        bounds.peer_percent,
        bounds.villages,
    ]
    names = ("county", "threshold", "near", "window", "households", "peers", "peer", "villages")
    kinds = ("text", *["bigint"] * (len(names) - 1))
    places = {
        name: f"${number}::{kind}" for number, (name, kind) in enumerate(zip(names, kinds, strict=True), 1)
    }
    count = len(values)
    records = await connection.fetch(
        "SELECT DISTINCT ON (rule, subject) rule, subject, since, cases, evidence FROM ("
        f'SELECT rule::text COLLATE "C" AS rule, subject::text COLLATE "C" AS subject, since, cases, evidence'
        f" FROM ({_FOUND.format(**places)}) AS found) AS said"
        f" WHERE (${count + 1}::text IS NULL OR rule = ${count + 1}) AND (rule, subject) > (${count + 2}, ${count + 3})"
        f" ORDER BY rule, subject, cases DESC, since LIMIT ${count + 4}",
        *values,
        rule,
        *after,
        limit,
    )
    return [dict(one) | {"evidence": orjson.loads(one["evidence"])} for one in records]
