"""What looks wrong before anybody has said so, over HTTP (C5.4-04)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import Field

from domain.values import Value
from projections.oversight.anomalies import EVIDENCE, FORMULA, LEDGERS, RULES, Bounds, anomalies
from service.api.http.paging import AsOf, KnownAt, MinPosition
from service.api.http.reading import Reading, get, routes
from service.ledgers.differences import cursor_of, start_of
from service.ledgers.parameters import Cursor, Limit
from service.ledgers.queries import ledgers_at
from service.ledgers.tables import converted

router = routes("/v1/ledgers", "ledgers 台账")

Rule = Literal[
    "SPLIT_DISPOSAL",
    "EQUAL_DISTRIBUTION",
    "CONTRACT_BEFORE_TITLE",
    "RENT_BELOW_PEERS",
    "ONE_OPERATOR",
    "BACKDATED",
]
_NAMED = "；".join(f"{code} {zh}" for code, zh in RULES.items())


class Anomaly(Value):
    """A reason to look."""

    rule: Rule = Field(title="规则", description=_NAMED)
    name: str = Field(title="规则名称")
    subject: str = Field(title="资产、单位或经营主体编号")
    since: date | None = Field(title="最早日期")
    cases: int = Field(title="件数")
    evidence: dict[str, Any] = Field(title="依据", description="金额为元")


class Anomalies(Value):
    """Reasons to look, by rule and subject."""

    formula: str = Field(title="规则版本")
    rows: tuple[Anomaly, ...] = Field(title="行")
    next_cursor: str | None = Field(title="下一页游标")
    position: int = Field(title="日志位置")


@get(router, "/anomalies", "异常预警", "ledger.read", response_model=Anomalies)
async def read_anomalies(
    read: Reading,
    rule: Annotated[Rule | None, Query(title="规则", description=_NAMED)] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    limit: Annotated[Limit, Query(title="每页行数")] = 100,
    cursor: Annotated[Cursor | None, Query(title="游标")] = None,
    min_position: MinPosition = 0,
) -> Response:
    """Disposals just under the threshold, equal shares, early contracts, low rents, one operator, late records (C5.4-04)."""
    rules = (await read.regulation()).on(read.day(as_of))
    start = start_of(cursor) or ("", "")
    bounds = Bounds(threshold=int(rules.parameters["P01"]))
    async with ledgers_at(read, LEDGERS, as_of, known_at, min_position) as (connection, position):
        found = await anomalies(
            connection, read.county, bounds, rule=rule, after=(str(start[0]), str(start[-1])), limit=limit
        )
    rows = [_shown(one) for one in found]
    last = found[-1] if len(found) == limit else None
    return read.answer(
        {
            "formula": FORMULA,
            "rows": rows,
            "nextCursor": None if last is None else cursor_of((last["rule"], last["subject"])),
            "position": position,
        }
    )


def _shown(one: dict[str, Any]) -> dict[str, Any]:
    evidence = converted(one["evidence"], EVIDENCE[one["rule"]])
    return one | {"name": RULES[one["rule"]], "evidence": evidence}
