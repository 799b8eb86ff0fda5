"""Stocktakes (清查盘点, C2-03): a baseline from the register, a line for every asset, and what follows from it.

Completion notes on every asset that was seen that it was verified (C4.5-12) and flags the risk LOST on every missing
one, all in the same append. A surplus is a registration task until an asset was registered for it; a moved asset is a
proposal that a correction of its registration carries out.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.inventory.batch import InventoryBatch
from domain.inventory.stocktake import (
    CorrectionProposal,
    StocktakeCampaign,
    StocktakeLine,
    StocktakeScope,
    Surplus,
)
from domain.occasion import Occasion
from domain.values import Code, Name, Value
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.commands import stocktaking
from service.commands.authorization import Resource, authorize
from service.commands.commands import Work
from service.commands.views import view_model
from service.ledgers.questions.asset.register import assets_within

router = routes("/v1/stocktakes", "stocktakes 清查盘点")

CampaignCode = Annotated[Code, Path(title="盘点编号")]
SurplusCode = Annotated[Code, Path(title="盘盈编号")]


class StocktakeResult(Value):
    """The result so far: how many of the baseline have which result."""

    baseline: int = Field(title="期初项数")
    unseen: int = Field(title="未盘点")
    found: int = Field(title="在位")
    missing: int = Field(title="盘亏")
    moved: int = Field(title="移位")
    damaged: int = Field(title="毁损")
    surplus: int = Field(title="盘盈项数")


StocktakeView = view_model(
    StocktakeCampaign,
    campaign=Annotated[Code, Field(title="盘点编号")],
    results=Annotated[StocktakeResult, Field(title="盘点结果汇总")],
    lost=Annotated[tuple[Code, ...], Field(title="盘亏资产编号")],
    registration_tasks=Annotated[tuple[Code, ...], Field(title="待登记的盘盈编号")],
    correction_proposals=Annotated[tuple[CorrectionProposal, ...], Field(title="位置更正建议")],
)


def view_of(campaign: StocktakeCampaign) -> dict[str, Any]:
    """A campaign as every answer shows it; its lines are a list of their own."""
    view = campaign.view()
    for name in ("assets", "lines"):
        del view[name]
    counts = Counter(line.result for line in campaign.lines.values())
    results = StocktakeResult(
        baseline=campaign.baseline.assets,
        unseen=campaign.baseline.assets - len(campaign.lines),
        found=counts["FOUND"],
        missing=counts["MISSING"],
        moved=counts["MOVED"],
        damaged=counts["DAMAGED"],
        surplus=len(campaign.surpluses),
    )
    return view | {
        "campaign": campaign.id,
        "results": results.model_dump(by_alias=True),
        "lost": list(campaign.with_result("MISSING")),
        "registrationTasks": campaign.tasks(),
        "correctionProposals": [one.model_dump(by_alias=True) for one in campaign.proposals()],
    }


class OpenStocktake(Circumstances):
    """A stocktake of what the register holds in a scope, or of what earlier batches brought in."""

    campaign: Code | None = Field(default=None, title="盘点编号", description="不填由系统编号")
    title: Name = Field(title="盘点名称")
    scope: StocktakeScope = Field(title="盘点范围")
    batches: tuple[Code, ...] = Field(
        default=(), title="期初批次", description="填写时以这些清查批次的资产为期初", max_length=200
    )


class RecordStocktakeLines(Circumstances):
    """Request body: record lines of a stocktake."""

    lines: tuple[StocktakeLine, ...] = Field(title="盘点记录", min_length=1, max_length=1000)


class RecordSurplus(Circumstances):
    """Request body: record a surplus of a stocktake."""

    surplus: Surplus = Field(title="盘盈内容")


class RegisterSurplus(Circumstances):
    """The asset that was registered for a surplus."""

    asset: Code = Field(title="资产编号")


def place_of(scope: StocktakeScope, county: str) -> Resource:
    """Where a campaign takes place, for authorisation."""
    if scope.kind == "UNIT":
        return Resource(divisions=(scope.code or "",), organizations=(scope.code or "",))
    return Resource(divisions=(scope.code or county,))


def _campaigner(_: StocktakeCampaign, write: Write) -> Resource:
    """Any unit that may take stock; where it may depends on the assets, and is asked for each."""
    return Resource(organizations=(write.actor.organization,))


_CAMPAIGNS = Kind(router, StocktakeCampaign, StocktakeView, lambda it, _: view_of(it), _campaigner)


@_CAMPAIGNS.post("", "启动盘点", "stocktake.open")
async def open_stocktake(body: OpenStocktake, write: Writing) -> Response:
    """Fix what should be there (C2-03): the register's assets in the scope now, or those of earlier batches."""
    code = body.campaign or f"S-{write.idempotency.body_sha256.hex()[:12]}"

    async def open_campaign(at: Occasion, work: Work) -> StocktakeCampaign:
        assets, position = await _baseline(write, work, body)
        return StocktakeCampaign.open(
            code, body.title, body.scope, assets, at, position=position, batches=body.batches
        )

    return await write.create(_CAMPAIGNS, body, open_campaign, scope=place_of(body.scope, write.county))


async def _baseline(write: Write, work: Work, body: OpenStocktake) -> tuple[list[str], int]:
    """The assets of the campaign and how far in the log they are known."""
    assets, position = await assets_within(write, body.scope.kind, body.scope.code)
    if body.batches:
        batches = await work.get_many(InventoryBatch, list(body.batches))
        brought_in = {asset for batch in batches.values() for asset in batch.assets}
        assets = [asset for asset in assets if asset in brought_in]
    return assets, position


@_CAMPAIGNS.post("/{campaign}/lines", "记录盘点结果", "stocktake.record")
async def record_stocktake_lines(
    campaign: CampaignCode, body: RecordStocktakeLines, write: Writing
) -> Response:
    """What became of assets of the baseline; a later line replaces the earlier one (C2-03)."""

    async def record(it: StocktakeCampaign, at: Occasion, work: Work) -> None:
        units = (it.scope.code or "",) if it.scope.kind == "UNIT" else ()
        assets = await work.get_many(Asset, list(dict.fromkeys(line.asset for line in body.lines)))
        for location in sorted({asset.card.location for asset in assets.values()}):
            authorize(write.actor, write.action, Resource(divisions=(location,), organizations=units))
        it.record_lines(body.lines, at)

    return await write.carry_out(_CAMPAIGNS, campaign, body, record)


@_CAMPAIGNS.post("/{campaign}/surpluses", "记录盘盈", "stocktake.record")
async def record_surplus(campaign: CampaignCode, body: RecordSurplus, write: Writing) -> Response:
    """Something stands there that is in no register (C2-03)."""
    return await write.decide(
        _CAMPAIGNS,
        campaign,
        body,
        lambda it, at: it.find_surplus(body.surplus, at),
        on=body.surplus.seen_on,
        scope=lambda _it, _write: Resource(divisions=(body.surplus.location,)),
    )


@_CAMPAIGNS.post("/{campaign}/surpluses/{surplus}/registration", "盘盈登记", "stocktake.record")
async def register_surplus(
    campaign: CampaignCode, surplus: SurplusCode, body: RegisterSurplus, write: Writing
) -> Response:
    """Close a registration task by the asset that was registered for it (C2-03)."""

    async def close(it: StocktakeCampaign, at: Occasion, work: Work) -> None:
        asset = await work.get(Asset, body.asset)
        authorize(write.actor, write.action, Resource(divisions=(asset.card.location,)))
        it.register_surplus(surplus, asset.id, at)

    return await write.carry_out(_CAMPAIGNS, campaign, body, close)


@_CAMPAIGNS.post("/{campaign}/completion", "完成盘点", "stocktake.complete")
async def complete_stocktake(campaign: CampaignCode, body: Circumstances, write: Writing) -> Response:
    """Complete the campaign: what was seen is verified by it, what is missing carries the risk LOST (C2-03, C4.5-12)."""

    async def complete(it: StocktakeCampaign, at: Occasion, work: Work) -> None:
        await stocktaking.complete(it, at, work, lambda: write.occasion(body))

    return await write.carry_out(
        _CAMPAIGNS, campaign, body, complete, scope=lambda it, write: place_of(it.scope, write.county)
    )


# ---- reading ---------------------------------------------------------------------------------------------------------


@get(router, "/{campaign}", "查询盘点", "stocktake.read", response_model=from_log(StocktakeView))
async def read_stocktake(campaign: CampaignCode, read: Reading) -> Response:
    """A stocktake from the log: result so far, registration tasks, proposals to correct locations."""
    return await read.aggregate(StocktakeCampaign, campaign, view_of)
