"""Inventories: batches of the one-time inventory, stocktakes and their lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from domain.inventory.batch import InventoryBatch
from domain.inventory.stocktake import StocktakeCampaign
from domain.refusals import refuse
from domain.values import Code
from projections.engine.reading import Page
from projections.inventory import inventories
from service.ledgers.filters import Filters, Standpoint
from service.ledgers.queries import ledgers_at_head, refusing_nonsense
from service.ledgers.source import Source
from service.ledgers.tables import row_model


class BatchFilters(Filters):
    """Filters of the batches."""

    PROJECTION: ClassVar[str] = inventories.PROJECTION.name

    unit: Code | None = Field(default=None, title="填报单位")
    state: Literal["COMPILED", "SUBMITTED", "REVIEWED", "RETURNED", "AGGREGATED"] | None = Field(
        default=None, title="状态"
    )

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Batches with their progress."""
        return await inventories.batch_page(at.connection, at.county, **self.filters(), **paging)


BatchRow = row_model("InventoryBatchRow", inventories.INVENTORY_BATCH)


class StocktakeFilters(Filters):
    """Filters of the stocktakes."""

    PROJECTION: ClassVar[str] = inventories.PROJECTION.name

    state: Literal["OPEN", "COMPLETED"] | None = Field(default=None, title="状态")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Stocktakes with their progress and results."""
        return await inventories.stocktake_page(at.connection, at.county, **self.filters(), **paging)


class StocktakeLineFilters(Filters):
    """Filters of a stocktake's lines."""

    PROJECTION: ClassVar[str] = inventories.PROJECTION.name

    campaign: Code = Field(title="盘点编号")
    result: Literal["UNSEEN", "FOUND", "MISSING", "MOVED", "DAMAGED"] | None = Field(
        default=None, title="盘点结果"
    )

    async def settled(self, source: Source) -> Self:
        """The same; NOT_FOUND for a stocktake that is none."""
        if await source.load(StocktakeCampaign, self.campaign) is None:
            raise refuse("NOT_FOUND", what=self.campaign)
        return self

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Lines in order of asset."""
        return await inventories.stocktake_lines(at.connection, at.county, **self.filters(), **paging)


StocktakeRow = row_model("StocktakeRow", inventories.STOCKTAKE)


LineRow = row_model("StocktakeLineRow", inventories.STOCKTAKE_LINE)


async def registered_assets(
    source: Source, batch: str, limit: int, cursor: str | None
) -> tuple[tuple[str, ...], str | None]:
    """A page of the assets that a batch registered, in the file's order, and where the next one begins.

    NOT_FOUND, CURSOR_INVALID.
    """
    if await source.load(InventoryBatch, batch) is None:
        raise refuse("NOT_FOUND", what=batch)
    async with ledgers_at_head(source, inventories.PROJECTION.name) as (connection, _):
        with refusing_nonsense():
            page = await inventories.batch_assets(
                connection, source.county, batch, limit=limit, cursor=cursor
            )
    return tuple(row["asset"] for row in page.rows), page.next_cursor
