"""Basis of a confirmation of ownership (清产核资依据, C4.5-02): a batch or a stocktake that is named is looked up.

`inventory_batch:CODE` has to be determined by all four departments and hold the asset; `stocktake:CODE` has to be
complete and have seen it. One that does not is the warning STOCKTAKE_BASIS_MISSING, stored with the confirmation. Any
other text names a paper and is taken as it is.
"""

from __future__ import annotations

from typing import Final

from domain.inventory.batch import InventoryBatch
from domain.inventory.stocktake import StocktakeCampaign
from domain.occasion import Occasion
from domain.refusals import refuse
from service.commands.commands import Work

BATCH: Final = f"{InventoryBatch.KIND}:"
STOCKTAKE: Final = f"{StocktakeCampaign.KIND}:"


async def check_basis(work: Work, asset: str, basis: str | None, at: Occasion) -> None:
    """Warn when the named batch or stocktake does not cover the asset; CODE_UNKNOWN when there is none of that name."""
    if basis is None:
        return
    if basis.startswith(BATCH):
        batch = await work.context.load(InventoryBatch, work.county, basis.removeprefix(BATCH))
        known, covers = (
            batch is not None,
            batch is not None and batch.is_determined(at) and asset in batch.assets,
        )
    elif basis.startswith(STOCKTAKE):
        campaign = await work.context.load(StocktakeCampaign, work.county, basis.removeprefix(STOCKTAKE))
        known, covers = campaign is not None, campaign is not None and campaign.covers(asset)
    else:
        return
    if not known:
        raise refuse("CODE_UNKNOWN", field="confirmation.verificationBasis", value=basis)
    if not covers:
        at.warn("STOCKTAKE_BASIS_MISSING")
