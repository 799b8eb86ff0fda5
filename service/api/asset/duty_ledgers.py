"""Ledgers of duties over HTTP: entries in systems outside, the risk board, duties around assets, the county's worklist."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field

from domain.values import Code, Value
from projections.asset import duties as asset_duties, register as asset_register, risk_board
from projections.oversight import worklist
from service.api.http.paging import MinPosition
from service.api.http.reading import Reading, get, routes
from service.api.organization.duties import Most, TaskKind, Until, Worklist, tasks_answer
from service.api.organization.organizations import OnDay
from service.ledgers.tables import rows_shown

router = routes("/v1/ledgers", "ledgers 台账")


# ---- entries in systems outside ------------------------------------------------------------------------------------


# ---- risks ---------------------------------------------------------------------------------------------------------


class RiskCount(Value):
    """Assets with an open flag of a kind at a place."""

    place: str = Field(title="区划或单位")
    kind: str = Field(title="风险种类")
    assets: int = Field(title="资产项数")


@get(router, "/risks/board", "风险看板", "ledger.read", response_model=tuple[RiskCount, ...])
async def read_risk_board(
    read: Reading,
    by: Annotated[
        Literal["county", "township", "village", "implementer", "owner"], Query(title="统计口径")
    ] = "county",
    kind: Annotated[list[Code] | None, Query(title="风险种类", max_length=10)] = None,
    village: Annotated[Code | None, Query(title="所在村")] = None,
    township: Annotated[Code | None, Query(title="所在乡（镇）")] = None,
    on: OnDay = None,
    min_position: MinPosition = 0,
) -> Response:
    """How many assets have an open flag of each kind on a day, by county, township, village or unit (C0-01)."""
    await read.ledgers.reach(min_position, risk_board.PROJECTION.name, asset_register.PROJECTION.name)
    async with read.pool.acquire() as connection:
        rows = await risk_board.risk_board(
            connection, read.county, on=read.day(on), by=by, kind=kind, village=village, township=township
        )
    return read.answer(rows_shown(rows, RiskCount))


# ---- duties around assets ------------------------------------------------------------------------------------------


class RuleCoverage(Value):
    """How many of an owner's assets have a rule document of its own."""

    unit: str = Field(title="产权人")
    assets: int = Field(title="资产项数")
    covered: int = Field(title="有管理制度的项数")
    coverage: str = Field(title="覆盖率（%）")


@get(
    router,
    "/asset-duties/rule-coverage",
    "资产管理制度覆盖率",
    "ledger.read",
    response_model=tuple[RuleCoverage, ...],
)
async def read_rule_coverage(read: Reading, on: OnDay = None, min_position: MinPosition = 0) -> Response:
    """How far each owner has rules for the assets it owns on a day (C5.3-01)."""
    await read.ledgers.reach(min_position, asset_duties.PROJECTION.name, asset_register.PROJECTION.name)
    async with read.pool.acquire() as connection:
        rows = await asset_duties.rule_coverage(connection, read.county, read.day(on))
    return read.answer(rows_shown(rows, RuleCoverage))


@get(router, "/worklist", "全县待办", "ledger.read", response_model=Worklist)
async def read_county_worklist(
    read: Reading,
    on: OnDay = None,
    task: TaskKind = None,
    until: Until = None,
    limit: Most = 200,
    min_position: MinPosition = 0,
) -> Response:
    """What waits anywhere in the county on a day, the oldest first."""
    await read.ledgers.reach(min_position, *worklist.LEDGERS)
    return await tasks_answer(read, None, on, task, until, limit)
