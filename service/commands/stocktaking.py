"""The end of a stocktake (清查盘点): what a completed campaign says of every asset it saw or missed (C2-03, C4.5-12)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from domain.asset.asset import Asset
from domain.asset.facts.external_entry import Stocktaking
from domain.inventory.stocktake import StocktakeCampaign
from domain.occasion import Occasion
from service.commands.commands import Work

LOST: Final = "LOST"
"""The risk of an asset that a stocktake did not find."""

_YIELD_EVERY: Final = 100
"""After so many assets other requests get their turn."""


async def stands(work: Work, asset: Asset, stocktaking: Stocktaking | None) -> bool:
    """Whether a stocktake that was said to have verified an asset is one of the log, complete, and saw it (C4.5-12)."""
    if stocktaking is None:
        return False
    campaign = await work.context.load(StocktakeCampaign, work.county, stocktaking.stocktake)
    return campaign is not None and campaign.covers(asset.id)


async def complete(
    campaign: StocktakeCampaign, at: Occasion, work: Work, occasion: Callable[[], Occasion]
) -> None:
    """Complete a campaign and tell every asset of its baseline, in one commit. `occasion`: one of the same day for each.

    Refused: STOCKTAKE_INCOMPLETE, ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, UNKNOWN_RISK_KIND,
    RISK_ALREADY_OPEN.
    """
    was_open = campaign.state == "OPEN"
    campaign.complete(at)
    if not was_open or not campaign.assets:
        return
    assets = await work.get_many(Asset, campaign.assets)
    for number, asset in enumerate(assets.values()):
        if asset.disposed_on is None:
            _conclude(campaign, asset, occasion())
        if number % _YIELD_EVERY == 0:
            await asyncio.sleep(0)


def _conclude(campaign: StocktakeCampaign, asset: Asset, at: Occasion) -> None:
    """What a completed campaign says of one asset that is still there. A later verification is not overwritten."""
    line = campaign.lines[asset.id]
    if campaign.covers(asset.id):
        known = asset.stocktaking
        if known is None or known.verified_on <= line.seen_on:
            asset.record_stocktake(Stocktaking(stocktake=campaign.id, verified_on=line.seen_on), at)
    elif LOST not in asset.risks:
        asset.flag_risk(LOST, f"盘点 {campaign.id} 未找到", at)
