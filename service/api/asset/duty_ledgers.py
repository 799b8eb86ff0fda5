"""Duties around assets over HTTP: the risk board, owners' rules."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from domain.values import Code
from service.api.http.paging import MinPosition
from service.api.http.reading import Reading, get, routes
from service.api.organization.organizations import OnDay
from service.ledgers.questions.asset.duties import (
    RiskBoardFilters,
    RiskCount,
    RiskPlace,
    RuleCoverage,
    counted_risks,
    rule_coverage,
)
from service.ledgers.tables import values_shown

router = routes("/v1/ledgers", "ledgers 台账")


@get(router, "/risks/board", "风险看板", "ledger.read", response_model=tuple[RiskCount, ...])
async def read_risk_board(
    read: Reading,
    by: Annotated[RiskPlace, Query(title="统计口径")] = "county",
    kind: Annotated[list[Code] | None, Query(title="风险种类", max_length=10)] = None,
    village: Annotated[Code | None, Query(title="所在村")] = None,
    township: Annotated[Code | None, Query(title="所在乡（镇）")] = None,
    on: OnDay = None,
    min_position: MinPosition = 0,
) -> Response:
    """How many assets have an open flag of each kind on a day, by county, township, village or unit (C0-01)."""
    filters = RiskBoardFilters(by, None if kind is None else tuple(kind), village, township)
    return read.answer(values_shown(await counted_risks(read, filters, read.day(on), min_position)))


@get(
    router,
    "/asset-duties/rule-coverage",
    "资产管理制度覆盖率",
    "ledger.read",
    response_model=tuple[RuleCoverage, ...],
)
async def read_rule_coverage(read: Reading, on: OnDay = None, min_position: MinPosition = 0) -> Response:
    """How far each owner has rules for the assets it owns on a day (C5.3-01)."""
    return read.answer(values_shown(await rule_coverage(read, read.day(on), min_position)))
