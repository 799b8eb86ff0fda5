"""Revitalisation: the ledger of cases, with the asset's name and place, and which plans are past their deadline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from domain.revitalisation.detection import Cause
from domain.values import BusinessDate
from projections.asset import register as asset_register
from projections.engine.reading import Page
from projections.revitalisation import cases
from service.ledgers.filters import Filters, Several, Standpoint
from service.ledgers.source import Source
from service.ledgers.tables import row_model


class RevitalisationFilters(Filters):
    """Filters of the ledger of revitalisation."""

    PROJECTION: ClassVar[str] = cases.PROJECTION.name
    BESIDE = (asset_register.PROJECTION.name,)

    asset: Several = Field(default=(), title="资产编号", max_length=200)
    cause: Cause | None = Field(default=None, title="盘活原因")
    state: Literal["OPEN", "PLANNED", "CLOSED", "VERIFIED"] | None = Field(default=None, title="事项状态")
    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=50)
    overdue: bool | None = Field(default=None, title="是否逾期未办结")
    on: BusinessDate | None = Field(default=None, title="日期", description="按该日判断是否逾期，不填为当日")

    async def settled(self, source: Source) -> Self:
        """The same for a day: today's where none was given."""
        return self.model_copy(update={"on": self.on or source.today})

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Cases."""
        return await cases.revitalisation_page(at.connection, at.county, **self.filters(), **paging)


RevitalisationRow = row_model(
    "RevitalisationRow",
    cases.REVITALISATION,
    asset_name=(str | None, Field(title="资产名称")),
    village=(str | None, Field(title="所在村")),
    township=(str | None, Field(title="所在乡（镇）")),
    overdue=(bool, Field(title="是否逾期")),
)
