"""Annual results of villages over HTTP (年度经营性资产净利润, C4.7-07): determined after the year, restated by a document."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.income.result import AnnualResult, ResultRestatement, ResultStatement, result_code
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.values import Code, Fen
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.api.organization.organizations import OrganizationPath, place_of, unit_of
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.views import view_model
from service.income.rewards import restate_result
from service.ledgers.parameters import YearNumber

router = routes("/v1/organizations", "incentives 激励")

YearPath = Annotated[YearNumber, Path(title="年度")]
AnnualResultView = view_model(
    AnnualResult,
    annual_result=Annotated[Code, Field(title="年度净利润编号")],
    used=Annotated[Fen, Field(title="已用激励额度")],
    due_back=Annotated[Fen, Field(title="尚应追回金额")],
)


class DetermineAnnualResult(Circumstances):
    """Request body: determine a village's net profit of a year."""

    statement: ResultStatement = Field(title="年度经营净利润")


class RestateAnnualResult(Circumstances):
    """Request body: another net profit for the same year."""

    restatement: ResultRestatement = Field(title="更正情况")


def result_view(it: AnnualResult) -> dict[str, Any]:
    """A result as every answer shows it."""
    return it.view() | {"annualResult": it.id, "used": it.used.yuan(), "dueBack": it.due_back.yuan()}


async def _place(it: AnnualResult, write: Write) -> Resource:
    return place_of(await unit_of(write.context, write.county, it.village, "organization"))


_RESULTS = Kind(
    router,
    AnnualResult,
    AnnualResultView,
    lambda it, _: result_view(it),
    _place,
    parties=lambda it: (it.village,),
)
_ONE = "/{organization}/annual-results/{year}"


@_RESULTS.post("/{organization}/annual-results", "核定年度经营净利润", "income.plan", creates=True)
async def determine_annual_result(
    organization: OrganizationPath, body: DetermineAnnualResult, write: Writing
) -> Response:
    """Determine a village's net profit of its operating assets in a year that has ended (C4.7-07): rewards are a part of it at most."""

    async def determine(at: Occasion, work: Work) -> AnnualResult:
        unit = await work.get(Organization, organization)
        return AnnualResult.determine(unit.id, unit.card.kind, body.statement, at)

    async def scope() -> Resource:
        return place_of(await unit_of(write.context, write.county, organization, "organization"))

    answer = await write.create(
        _RESULTS, body, determine, scope=scope, on=body.statement.determined_on, party=organization
    )
    if answer.status_code == 201:
        answer.headers["Location"] = f"/v1/organizations/{organization}/annual-results/{body.statement.year}"
    return answer


@_RESULTS.post(f"{_ONE}/restatements", "更正年度经营净利润", "income.plan")
async def restate_annual_result(
    organization: OrganizationPath, year: YearPath, body: RestateAnnualResult, write: Writing
) -> Response:
    """Put another figure in its place (C4.7-07): what rewards have then exceeded has to come back, from the plans paid last."""

    async def restate(it: AnnualResult, at: Occasion, work: Work) -> None:
        await restate_result(work, it, body.restatement, at)

    return await write.carry_out(
        _RESULTS, result_code(organization, year), body, restate, on=body.restatement.restated_on
    )


@get(router, _ONE, "查询年度经营净利润", "income.read", response_model=from_log(AnnualResultView))
async def read_annual_result(organization: OrganizationPath, year: YearPath, read: Reading) -> Response:
    """A village's result of a year from the log, with what is used of the cap."""
    return await read.aggregate(AnnualResult, result_code(organization, year), result_view)
