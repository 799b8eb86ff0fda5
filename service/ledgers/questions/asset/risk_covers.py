"""Risk cover: the ledger of what secures contracts, with the asset's name and place, and what has expired on a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field

from domain.values import BusinessDate
from projections.asset import register as asset_register, risk_covers
from projections.engine.reading import Page
from service.ledgers.filters import Filters, Several, Standpoint
from service.ledgers.source import Source
from service.ledgers.tables import row_model


class RiskCoverFilters(Filters):
    """Filters of the ledger of risk cover."""

    PROJECTION: ClassVar[str] = risk_covers.PROJECTION.name
    BESIDE = (asset_register.PROJECTION.name,)

    asset: Several = Field(default=(), title="资产编号", max_length=200)
    contract: str | None = Field(default=None, title="合同编号", max_length=64)
    state: risk_covers.State | None = Field(default=None, title="风险保障状态")
    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=50)
    rule_missing: bool | None = Field(default=None, title="是否缺依据文件")
    on: BusinessDate | None = Field(default=None, title="日期", description="按该日判断是否到期，不填为当日")

    async def settled(self, source: Source) -> Self:
        """The same for a day: today's where none was given."""
        return self.model_copy(update={"on": self.on or source.today})

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Covers."""
        return await risk_covers.cover_page(at.connection, at.county, **self.filters(), **paging)


RiskCoverRow = row_model(
    "RiskCoverRow",
    risk_covers.RISK_COVER,
    asset_name=(str | None, Field(title="资产名称")),
    village=(str | None, Field(title="所在村")),
    township=(str | None, Field(title="所在乡（镇）")),
    state=(
        risk_covers.State,
        Field(title="风险保障状态", description="VALID 有效 / EXPIRED 已到期 / RELEASED 已解除"),
    ),
)
