"""The value of an asset after the final settlement of its works (竣工决算), over HTTP."""

from __future__ import annotations

from contextlib import suppress

from fastapi import Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.asset.facts.settlement import FinalSettlement
from domain.occasion import Occasion
from domain.refusals import Refusal
from service.api.asset.assets import stand_guiding
from service.api.asset.decisions import AssetPath, assets_on
from service.api.http.reading import routes
from service.api.http.writing import Circumstances, Writing
from service.commands.commands import Work
from service.commands.proceeds import rest_on_allocations

router = routes("/v1/assets", "settlements 竣工决算")
_ASSETS = assets_on(router)


class RecordFinalSettlement(Circumstances):
    """A final settlement, by the document of it in the asset's file; the value counts from the business day on."""

    settlement: FinalSettlement = Field(title="竣工决算")


@_ASSETS.post("/{asset}/final-settlements", "竣工决算调整", "asset.settle_value")
async def record_final_settlement(asset: AssetPath, body: RecordFinalSettlement, write: Writing) -> Response:
    """Correct the value of a confirmed asset to what its works were settled at, once (C4.6-02); the title stays.

    Each owner keeps its part of the whole and books its share anew; depreciation goes on from that day.
    """

    async def settle(it: Asset, at: Occasion, work: Work) -> None:
        before = it.card
        settled = before.model_copy(update={"funding_lines": body.settlement.funding_lines})
        with suppress(Refusal):  # the decision says it
            await stand_guiding(settled, at, work)
        it.record_final_settlement(body.settlement, at)
        await rest_on_allocations(work, it.id, it.card, at, before=before)

    return await write.carry_out(_ASSETS, asset, body, settle)
