"""The fund ledger over HTTP: allocations, money against assets, reconciliations, projects (C4.4-03, C4.4-05)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field

from domain.values import BusinessDate, Code, Fen, Value
from projections.funds import ledger as fund_ledger, questions as fund_questions
from service.api.funds.funds import outside_finance
from service.api.http.paging import MinPosition
from service.api.http.reading import Reading, get, routes
from service.ledgers.parameters import Limit, YearNumber
from service.ledgers.tables import rows_shown

router = routes("/v1/ledgers", "ledgers 台账")

_NAME = fund_ledger.PROJECTION.name


class FundComparison(Value):
    """Money against assets, for one unit, year and source."""

    unit: str = Field(title="单位")
    source: str = Field(title="资金来源")
    year: int = Field(title="年度")
    allocated: Fen = Field(title="拨付金额")
    non_asset: Fen = Field(title="不形成资产的支出")
    formed: Fen = Field(title="资产资金来源合计")
    difference: Fen = Field(title="差额")
    comparison: Literal["MATCHED", "FUND_WITHOUT_ASSET", "ASSET_WITHOUT_FUND", "AMOUNT_DIFFERS"] = Field(
        title="比对结果", description="一致 / 有资金无资产 / 有资产无资金 / 金额不符"
    )


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
    await read.ledgers.reach(min_position, _NAME)
    outside = outside_finance(read.context, read.county)
    async with read.pool.acquire() as connection:
        rows = await fund_questions.compared_funds(
            connection, read.county, outside, unit=unit, year=year, source=source
        )
    return read.answer(rows_shown(rows, FundComparison))


class ProjectRow(Value):
    """A project and the assets made in it."""

    project_code: str = Field(title="项目编号")
    project_name: str | None = Field(title="项目名称")
    first_year: int = Field(title="起始年度")
    last_year: int = Field(title="截止年度")
    allocated: Fen = Field(title="拨付金额")
    non_asset: Fen = Field(title="不形成资产的支出")
    formed: Fen = Field(title="形成资产金额")
    assets: int = Field(title="资产项数")
    ratio_basis_points: int | None = Field(title="资产转化率（万分比）", description="没有拨付时为空")
    exception: Literal["PROJECT_WITHOUT_ASSET", "ASSET_WITHOUT_PROJECT"] | None = Field(title="疑点种类")


@get(router, "/projects", "项目与资产对照", "ledger.read", response_model=tuple[ProjectRow, ...])
async def read_projects(
    read: Reading,
    *,
    until: Annotated[BusinessDate | None, Query(title="截止日期", description="不填为当日")] = None,
    year: Annotated[YearNumber | None, Query(title="年度")] = None,
    exception: Annotated[
        Literal["PROJECT_WITHOUT_ASSET", "ASSET_WITHOUT_PROJECT"] | None, Query(title="疑点")
    ] = None,
    after: Annotated[
        str, Query(title="上一页最后的项目编号", max_length=64, pattern=r"^[A-Za-z0-9_.:-]{0,64}$")
    ] = "",
    limit: Annotated[Limit, Query(title="每页行数")] = 100,
    min_position: MinPosition = 0,
) -> Response:
    """Projects against assets, in order of project code (C4.4-05)."""
    await read.ledgers.reach(min_position, _NAME)
    async with read.pool.acquire() as connection:
        rows = await fund_questions.projects(
            connection,
            read.county,
            read.day(until),
            year=year,
            exception=exception,
            after=after,
            limit=limit,
        )
    return read.answer(rows_shown(rows, ProjectRow))
