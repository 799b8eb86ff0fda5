"""Duties around assets: entries in systems outside, flags of risk, what was done for each asset."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import Field

from domain.values import BusinessDate, Code, Value
from projections.asset import duties as asset_duties, external_entries, register as asset_register, risk_board
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.household import register as household_register
from service.ledgers.filters import Filters, Several, Standpoint
from service.ledgers.queries import ledgers_now
from service.ledgers.source import Source
from service.ledgers.tables import row_model, typed_rows


class _OnDayFilters(Filters, ABC):
    """A ledger that answers for a day by the rules of that day."""

    on: BusinessDate | None = Field(default=None, title="日期", description="不填为当日")

    def filters(self) -> dict[str, Any]:
        """The ledger's own filters; the day goes separately."""
        return {name: value for name, value in super().filters().items() if name != "on"}


class ExternalEntryTotals(Value):
    """Totals of entries: open, overdue, made, and needed no more."""

    open: int = Field(title="未录入项数")
    overdue: int = Field(title="其中逾期项数")
    closed: int = Field(title="已录入项数")
    lapsed: int = Field(title="不再需要项数")


class ExternalEntriesFilters(_OnDayFilters):
    """Filters of the tracker of external entries."""

    PROJECTION: ClassVar[str] = external_entries.PROJECTION.name
    BESIDE = (asset_register.PROJECTION.name, household_register.PROJECTION.name)
    TOTALS = ExternalEntryTotals

    system: Several = Field(default=(), title="系统", max_length=20)
    unit: Code | None = Field(default=None, title="单位", description="所有权人或录入单位")
    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=50)
    holding: Literal["ASSET", "HOUSEHOLD"] | None = Field(default=None, title="扶贫资产或到户资产")
    state: Literal["OPEN", "CLOSED", "LAPSED"] | None = Field(default=None, title="状态")
    overdue: bool | None = Field(default=None, title="是否逾期")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Obligations and entries."""
        return await external_entries.external_entry_page(
            at.connection, at.county, **await self._due(at), **self.filters(), **paging
        )

    async def totals(self, at: Standpoint) -> Row | None:
        """How many are open, overdue, closed, lapsed."""
        return await external_entries.external_entry_totals(
            at.connection, at.county, **await self._due(at), **self.filters()
        )

    async def _due(self, at: Standpoint) -> dict[str, Any]:
        """By which day what is overdue is judged, and within how many days an entry is due."""
        day = self.on or at.day
        return {"on": day, "within_days": (await at.rules(day)).within("EXTERNAL_ENTRY").days}


ExternalEntryRow = row_model(
    "ExternalEntryRow",
    external_entries.EXTERNAL_ENTRY,
    asset_name=(str | None, Field(title="资产名称")),
    asset_type=(str | None, Field(title="类型")),
    village=(str | None, Field(title="所在村")),
    township=(str | None, Field(title="所在乡镇")),
    due_on=(date, Field(title="到期日")),
    overdue=(bool, Field(title="是否逾期")),
)


class RisksFilters(Filters):
    """Filters of the risk ledger."""

    PROJECTION: ClassVar[str] = risk_board.PROJECTION.name
    BESIDE = (asset_register.PROJECTION.name,)

    kind: Several = Field(default=(), title="风险种类", max_length=10)
    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=50)
    asset: Code | None = Field(default=None, title="资产编号")
    on: BusinessDate | None = Field(default=None, title="日期", description="只列当日未解除的；不填为全部")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Flags."""
        return await risk_board.risk_page(at.connection, at.county, **self.filters(), **paging)


RiskRow = row_model(
    "RiskRow",
    risk_board.RISK,
    asset_name=(str, Field(title="资产名称")),
    village=(str | None, Field(title="所在村")),
    township=(str | None, Field(title="所在乡镇")),
)


class DutiesFilters(_OnDayFilters):
    """Filters of the ledger of duties around assets."""

    PROJECTION: ClassVar[str] = asset_duties.PROJECTION.name
    BESIDE = (asset_register.PROJECTION.name,)

    asset: Several = Field(default=(), title="资产编号", max_length=200)
    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=50)
    guiding_department: Several = Field(
        default=(), title="管理指导部门", description="含协同指导", max_length=20
    )
    guidance_gap: bool | None = Field(default=None, title="管理指导部门是否文件未明确")
    registered_late: bool | None = Field(default=None, title="是否逾期登记")
    certified: bool | None = Field(default=None, title="是否已办产权证或不动产证")
    filing_pending: bool | None = Field(default=None, title="确权是否待备案")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Assets with what was done around them."""
        within = (await at.rules(self.on or at.day)).parameters["P31"].register_days
        return await asset_duties.duties_page(
            at.connection, at.county, register_within=within, **self.filters(), **paging
        )


DutyRow = row_model(
    "AssetDutyRow",
    asset_duties.ASSET_DUTY,
    asset_name=(str, Field(title="资产名称")),
    asset_class=(str, Field(title="类别")),
    village=(str | None, Field(title="所在村")),
    township=(str | None, Field(title="所在乡镇")),
    registered_late=(bool, Field(title="是否逾期登记")),
)


# ---- counts --------------------------------------------------------------------------------------------------------


class RiskCount(Value):
    """Assets with an open flag of a kind at a place."""

    place: str = Field(title="区划或单位")
    kind: str = Field(title="风险种类")
    assets: int = Field(title="资产项数")


RiskPlace = Literal["county", "township", "village", "implementer", "owner"]
"""By which places flags are counted."""


@dataclass(frozen=True, slots=True)
class RiskBoardFilters:
    """Which flags are counted, by which places."""

    by: RiskPlace = "county"
    kind: tuple[str, ...] | None = None
    village: str | None = None
    township: str | None = None


async def counted_risks(
    source: Source, filters: RiskBoardFilters, on: date, min_position: int = 0
) -> tuple[RiskCount, ...]:
    """How many assets have an open flag of each kind on a day, by county, township, village or unit (C0-01)."""
    names = (risk_board.PROJECTION.name, asset_register.PROJECTION.name)
    async with ledgers_now(source, names, min_position) as connection:
        rows = await risk_board.risk_board(
            connection,
            source.county,
            on=on,
            by=filters.by,
            kind=None if filters.kind is None else list(filters.kind),
            village=filters.village,
            township=filters.township,
        )
    return typed_rows(rows, RiskCount)


class RuleCoverage(Value):
    """Coverage of an owner's assets by rule documents of their own."""

    unit: str = Field(title="产权人")
    assets: int = Field(title="资产项数")
    covered: int = Field(title="有管理制度的项数")
    coverage: str = Field(title="覆盖率（%）")


async def rule_coverage(source: Source, on: date, min_position: int = 0) -> tuple[RuleCoverage, ...]:
    """How far each owner has rules for the assets it owns on a day (C5.3-01)."""
    names = (asset_duties.PROJECTION.name, asset_register.PROJECTION.name)
    async with ledgers_now(source, names, min_position) as connection:
        return typed_rows(await asset_duties.rule_coverage(connection, source.county, on), RuleCoverage)
