"""The fund ledger over HTTP: allocations, money against assets, reconciliations, projects (C4.4-03, C4.4-05)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from domain.values import BusinessDate, Code
from service.api.http.paging import MinPosition
from service.api.http.reading import Reading, get, routes
from service.ledgers.parameters import Limit, YearNumber
from service.ledgers.questions.funds import (
    ComparisonFilters,
    FundComparison,
    ProjectException,
    ProjectFilters,
    ProjectRow,
    compared_funds,
    projects,
)
from service.ledgers.tables import values_shown

router = routes("/v1/ledgers", "ledgers 台账")


@get(
    router,
    "/fund-ledger/comparison",
    "资金与资产比对",
    "ledger.read",
    response_model=tuple[FundComparison, ...],
)
async def read_fund_comparison(
    read: Reading,
    unit: Annotated[Code | None, Query(title="单位")] = None,
    year: Annotated[YearNumber | None, Query(title="年度")] = None,
    source: Annotated[Code | None, Query(title="资金来源")] = None,
    min_position: MinPosition = 0,
) -> Response:
    """Allocations against the funding lines of assets, per unit, year and source."""
    filters = ComparisonFilters(unit, year, source)
    return read.answer(values_shown(await compared_funds(read, filters, min_position)))


@get(router, "/projects", "项目与资产对照", "ledger.read", response_model=tuple[ProjectRow, ...])
async def read_projects(
    read: Reading,
    *,
    until: Annotated[BusinessDate | None, Query(title="截止日期", description="不填为当日")] = None,
    year: Annotated[YearNumber | None, Query(title="年度")] = None,
    exception: Annotated[ProjectException | None, Query(title="疑点")] = None,
    after: Annotated[
        str, Query(title="上一页最后的项目编号", max_length=64, pattern=r"^[A-Za-z0-9_.:-]{0,64}$")
    ] = "",
    limit: Annotated[Limit, Query(title="每页行数")] = 100,
    min_position: MinPosition = 0,
) -> Response:
    """Projects against assets, in order of project code (C4.4-05)."""
    filters = ProjectFilters(read.day(until), year, exception, after, limit)
    return read.answer(values_shown(await projects(read, filters, min_position)))
