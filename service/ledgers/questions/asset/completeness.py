"""Completeness of the register (C2-01)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from domain.values import Fen, Value
from projections.asset import register as asset_register
from projections.asset.completeness import INDICATORS, completeness_of_units, completeness_page
from projections.asset.register_questions import RegisterFilter
from projections.engine.part import About
from projections.engine.reading import Page
from service.ledgers.filters import Filters, Several, Standpoint, about_any
from service.ledgers.queries import LedgerMoment, ledgers_at
from service.ledgers.source import Source
from service.ledgers.tables import typed_rows

Indicator = Literal[
    "BASE", "OWNERSHIP", "CATEGORY", "RESPONSIBLE_UNIT", "OPERATION", "INCOME", "LOSS", "CUSTODY"
]


GOALS_NAMED = "；".join(f"{code} {zh}" for code, (zh, _) in INDICATORS.items())


class CompletenessRow(Value):
    """Completeness of one asset's record."""

    asset: str = Field(title="资产编号")
    asset_name: str = Field(title="资产名称")
    village: str | None = Field(title="所在村")
    township: str | None = Field(title="所在乡（镇）")
    responsible_unit: str | None = Field(title="管理责任单位")
    original_value: Fen = Field(title="原始价值")
    score: int = Field(title="完整度", description="0–8，每项目标一分", ge=0, le=8)
    missing: tuple[Indicator, ...] = Field(title="缺少的目标", description=GOALS_NAMED)
    position: int = Field(title="日志位置")


class CompletenessFilters(Filters):
    """Filters of the completeness board."""

    PROJECTION: ClassVar[str] = asset_register.PROJECTION.name
    DATED = True

    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=50)
    owner: Several = Field(default=(), title="所有权人", max_length=200)
    asset: Several = Field(default=(), title="资产编号", max_length=200)
    missing: Indicator | None = Field(default=None, title="缺少的目标", description=GOALS_NAMED)

    def about(self) -> About | None:
        """Assets, or those of owners or villages."""
        return about_any(self.asset, self.owner, self.village)

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Managed assets, each with its score."""
        given = self.filters()
        given.pop("missing", None)
        return await completeness_page(
            at.connection, at.county, RegisterFilter(**given), missing=self.missing, **paging
        )


class UnitCompleteness(Value):
    """Completeness of the records of one unit's assets."""

    unit: str | None = Field(title="单位", description="为空是尚未落实")
    assets: int = Field(title="资产项数")
    average: str = Field(title="平均完整度", description="0.00–8.00")
    complete: int = Field(title="八项齐全的项数")
    met: dict[str, int] = Field(title="各项目标达到的项数", description=GOALS_NAMED)


UnitDivision = Literal["township", "village", "responsible_unit"]
"""By which units the score is rolled up."""


async def unit_completeness(
    source: Source, by: UnitDivision, moment: LedgerMoment
) -> tuple[UnitCompleteness, ...]:
    """The score rolled up per unit (C2-01)."""
    async with ledgers_at(source, (asset_register.PROJECTION.name,), moment) as (connection, _):
        return typed_rows(await completeness_of_units(connection, source.county, by), UnitCompleteness)
