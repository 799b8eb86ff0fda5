"""Signs of violations before anybody has reported them (C5.4-04)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from domain.values import Value
from projections.oversight.anomalies import EVIDENCE, FORMULA, LEDGERS, RULES, Bounds, anomalies
from service.ledgers.differences import cursor_of, start_of
from service.ledgers.queries import LedgerMoment, ledgers_at
from service.ledgers.shapes import WHOLE_NAME, schema_of
from service.ledgers.source import Source
from service.ledgers.tables import converted

AnomalyRule = Literal[
    "SPLIT_DISPOSAL",
    "EQUAL_DISTRIBUTION",
    "CONTRACT_BEFORE_TITLE",
    "RENT_BELOW_PEERS",
    "ONE_OPERATOR",
    "BACKDATED",
    "SAME_EVIDENCE",
]
RULES_NAMED = "；".join(f"{code} {zh}" for code, zh in RULES.items())


_EVIDENCE = WithJsonSchema(
    {
        "anyOf": [
            schema_of(EVIDENCE[code], zh) | {WHOLE_NAME: f"{code.title().replace('_', '')}Evidence"}
            for code, zh in RULES.items()
        ]
    }
)


class Anomaly(Value):
    """A reason to look."""

    rule: AnomalyRule = Field(title="规则", description=RULES_NAMED)
    name: str = Field(title="规则名称")
    subject: str = Field(title="资产、单位、经营主体编号或资料摘要")
    since: date | None = Field(title="最早日期")
    cases: int = Field(title="件数")
    evidence: Annotated[dict[str, Any], _EVIDENCE] = Field(title="可疑依据", description="金额为元")


class Anomalies(Value):
    """Reasons to look, by rule and subject."""

    formula: str = Field(title="规则版本")
    rows: tuple[Anomaly, ...] = Field(title="行")
    next_cursor: str | None = Field(title="下一页游标")
    position: int = Field(title="日志位置")


@dataclass(frozen=True, slots=True)
class AnomalyFilters:
    """Which reasons to look, from where on, and at most how many."""

    rule: AnomalyRule | None = None
    cursor: str | None = None
    limit: int = 100


async def anomalies_found(source: Source, filters: AnomalyFilters, moment: LedgerMoment) -> Anomalies:
    """Disposals just under the threshold, equal shares, early contracts, low rents, one operator, late records, one paper for several notices.

    Money in the evidence is in yuan. CURSOR_INVALID.
    """
    rules = (await source.regulation()).on(moment.as_of or source.today)
    start = start_of(filters.cursor, (True, True)) or ("", "")
    bounds = Bounds(threshold=int(rules.parameters["P01"]))
    async with ledgers_at(source, LEDGERS, moment) as (connection, position):
        found = await anomalies(
            connection,
            source.county,
            bounds,
            rule=filters.rule,
            after=(str(start[0]), str(start[1])),
            limit=filters.limit,
        )
    last = found[-1] if len(found) == filters.limit else None
    return Anomalies(
        formula=FORMULA,
        rows=tuple(_anomaly(one) for one in found),
        next_cursor=None if last is None else cursor_of((last["rule"], last["subject"])),
        position=position,
    )


def _anomaly(one: dict[str, Any]) -> Anomaly:
    evidence = converted(one["evidence"], EVIDENCE[one["rule"]])
    return Anomaly.model_validate(one | {"name": RULES[one["rule"]], "evidence": evidence})
