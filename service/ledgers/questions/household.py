"""The register of household assets, apart from the county's managed total."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from domain.values import Code, Fen, Value
from projections.engine.differences import RowSelection, selection
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.household import register as household_register
from service.ledgers.filters import ComparedFilters, Several, Standpoint
from service.ledgers.tables import row_model


class HouseholdTotals(Value):
    """Count and value of household assets, apart from the county's managed total."""

    assets: int = Field(title="资产项数", description="未注销的")
    original_value: Fen = Field(title="原始价值合计", description="未注销的")
    closed_assets: int = Field(title="已注销项数")
    closed_original_value: Fen = Field(title="已注销资产原始价值合计")


class HouseholdFilters(ComparedFilters):
    """Filters of the household register."""

    PROJECTION: ClassVar[str] = household_register.PROJECTION.name
    DATED = True
    TOTALS = HouseholdTotals

    asset: Several = Field(default=(), title="资产编号", max_length=200)
    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=50)
    household: Code | None = Field(default=None, title="户编号")
    asset_type: Several = Field(default=(), title="类型", max_length=50)
    state: Literal["REGISTERED", "CLOSED"] | None = Field(default=None, title="状态")

    async def totals(self, at: Standpoint) -> Row | None:
        """Count and value, apart from the county's managed total."""
        given = {name: value for name, value in self.filters().items() if name in {"village", "township"}}
        return await household_register.household_totals(at.connection, at.county, **given)

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Rows of the household register."""
        return await household_register.household_page(at.connection, at.county, **self.filters(), **paging)

    def rows(self, county: str) -> RowSelection:
        """Household assets."""
        conditions = household_register.household_conditions(county, **self.filters())
        return selection(household_register.HOUSEHOLD_REGISTER, "h", conditions)


HouseholdRow = row_model("HouseholdRegisterRow", household_register.HOUSEHOLD_REGISTER)
