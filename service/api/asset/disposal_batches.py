"""Batches of disposals over HTTP (P03): what an owner disposes of together counts together."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.asset.series import DisposalSeries
from domain.classification import UNIT
from domain.occasion import Occasion
from domain.values import Code, Name, OrganizationCode
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.api.organization.organizations import place_of, unit_of
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.views import view_model

router = routes("/v1/disposal-batches", "disposal 处置")

SeriesPath = Annotated[Code, Path(title="处置批次")]
DisposalSeriesView = view_model(DisposalSeries, disposal_series=Annotated[Code, Field(title="处置批次编号")])


class OpenDisposalBatch(Circumstances):
    """Request body: open a batch of disposals of one owner."""

    owner: OrganizationCode = Field(title="批次所有权人")
    name: Annotated[Name, UNIT] = Field(title="批次名称")


def series_view(it: DisposalSeries) -> dict[str, Any]:
    """A series as every answer shows it."""
    return it.view() | {"disposalSeries": it.id}


async def _place(it: DisposalSeries, write: Write) -> Resource:
    return place_of(await unit_of(write.context, write.county, it.owner, "owner"))


_SERIES = Kind(
    router,
    DisposalSeries,
    DisposalSeriesView,
    lambda it, _: series_view(it),
    _place,
    parties=lambda it: (it.owner,),
)


@_SERIES.post("", "设立处置批次", "asset.propose_disposal")
async def open_disposal_batch(body: OpenDisposalBatch, write: Writing) -> Response:
    """Open a batch (C4.12-04, P03): proposals that name it count together. The disposals of a project do so by themselves."""
    code = f"DB-{write.mark(16)}"

    async def made(at: Occasion, _: Work) -> DisposalSeries:
        return DisposalSeries.open(code, body.owner, "BATCH", body.name, at)

    async def scope() -> Resource:
        return place_of(await unit_of(write.context, write.county, body.owner, "owner"))

    return await write.create(_SERIES, body, made, scope=scope, party=body.owner)


@get(router, "/{disposal_series}", "查询处置批次", "asset.read", response_model=from_log(DisposalSeriesView))
async def read_disposal_batch(disposal_series: SeriesPath, read: Reading) -> Response:
    """A series from the log: its lots, each with the value the thresholds look at."""
    return await read.aggregate(DisposalSeries, disposal_series, series_view)
