"""Ledgers of duties over HTTP: entries in systems outside, the risk board, duties around assets, the county's worklist."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self

from fastapi import Query, Response
from pydantic import Field, PrivateAttr

from domain.values import BusinessDate, Value
from projections.asset import duties as asset_duties, external_entries, register as asset_register, risk_board
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.engine.writing import Connection
from projections.household import register as household_register
from projections.oversight import worklist
from service.api.http.paging import LedgerQuery, MinPosition, Several, answer, page_of
from service.api.http.reading import Read, Reading, get, routes
from service.api.organization.duties import Most, TaskKind, Until, Worklist, tasks_answer
from service.api.organization.organizations import OnDay
from service.ledgers.tables import row_model, rows_shown

router = routes("/v1/ledgers", "ledgers 台账")


class _OnDayQuery(LedgerQuery):
    """A ledger that answers for a day by the rules of that day."""

    on: BusinessDate | None = Field(default=None, title="日期", description="不填为当日")

    _day: date = PrivateAttr(default=date.min)
    _days: int = PrivateAttr(default=0)

    def for_day(self, read: Read, days: int) -> Self:
        """The query with its day, and the days its duty is given."""
        self._day, self._days = read.day(self.on), days
        return self

    def filters(self) -> dict[str, Any]:
        """The ledger's own filters; the day goes separately."""
        return {name: value for name, value in super().filters().items() if name != "on"}


# ---- entries in systems outside ------------------------------------------------------------------------------------


class ExternalEntryTotals(Value):
    """How many entries are open, overdue, made, and needed no more."""

    open: int = Field(title="未录入项数")
    overdue: int = Field(title="其中逾期项数")
    closed: int = Field(title="已录入项数")
    lapsed: int = Field(title="不再需要项数")


class ExternalEntriesQuery(_OnDayQuery):
    """Filters of the tracker of external entries."""

    PROJECTION: ClassVar[str] = external_entries.PROJECTION.name
    TOTALS = ExternalEntryTotals

    system: Several = Field(default=(), title="系统", max_length=20)
    unit: str | None = Field(default=None, title="单位", description="所有权人或录入单位", max_length=64)
    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=50)
    holding: Literal["ASSET", "HOUSEHOLD"] | None = Field(default=None, title="扶贫资产或到户资产")
    state: Literal["OPEN", "CLOSED", "LAPSED"] | None = Field(default=None, title="状态")
    overdue: bool | None = Field(default=None, title="是否逾期")

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """Obligations and entries."""
        return await external_entries.external_entry_page(
            connection, county, on=self._day, within_days=self._days, **self.filters(), **paging
        )

    async def totals(self, connection: Connection, county: str) -> Row | None:
        """How many are open, overdue, closed, lapsed."""
        return await external_entries.external_entry_totals(
            connection, county, on=self._day, within_days=self._days, **self.filters()
        )


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


@get(
    router,
    "/external-entries",
    "外部系统录入跟踪",
    "ledger.read",
    response_model=page_of(ExternalEntryRow, ExternalEntryTotals),
)
async def read_external_entries(read: Reading, query: Annotated[ExternalEntriesQuery, Query()]) -> Response:
    """Which assets have to be entered in which systems outside, and which are (C4.3-06..08, T10)."""
    names = asset_register.PROJECTION.name, household_register.PROJECTION.name
    await read.ledgers.reach(query.min_position, *names)
    rules = (await read.regulation()).on(read.day(query.on))
    return await answer(read, query.for_day(read, rules.within("EXTERNAL_ENTRY").days))


# ---- risks ---------------------------------------------------------------------------------------------------------


class RisksQuery(LedgerQuery):
    """Filters of the risk ledger."""

    PROJECTION: ClassVar[str] = risk_board.PROJECTION.name

    kind: Several = Field(default=(), title="风险种类", max_length=10)
    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=50)
    asset: str | None = Field(default=None, title="资产编号", max_length=64)
    on: BusinessDate | None = Field(default=None, title="日期", description="只列当日未解除的；不填为全部")

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """Flags."""
        return await risk_board.risk_page(connection, county, **self.filters(), **paging)


RiskRow = row_model(
    "RiskRow",
    risk_board.RISK,
    asset_name=(str, Field(title="资产名称")),
    village=(str | None, Field(title="所在村")),
    township=(str | None, Field(title="所在乡镇")),
)


@get(router, "/risks", "风险台账", "ledger.read", response_model=page_of(RiskRow))
async def read_risks(read: Reading, query: Annotated[RisksQuery, Query()]) -> Response:
    """Every flag of the five losses, open and cleared (C0-01)."""
    await read.ledgers.reach(query.min_position, asset_register.PROJECTION.name)
    return await answer(read, query)


class RiskCount(Value):
    """Assets with an open flag of a kind at a place."""

    place: str = Field(title="区划或单位")
    kind: str = Field(title="风险种类")
    assets: int = Field(title="资产项数")


@get(router, "/risks/board", "风险看板", "ledger.read", response_model=tuple[RiskCount, ...])
async def read_risk_board(
    read: Reading,
    by: Annotated[
        Literal["county", "township", "village", "implementer", "owner"], Query(title="统计口径")
    ] = "county",
    kind: Annotated[list[str] | None, Query(title="风险种类", max_length=10)] = None,
    village: Annotated[str | None, Query(title="所在村", max_length=64)] = None,
    township: Annotated[str | None, Query(title="所在乡（镇）", max_length=64)] = None,
    on: OnDay = None,
    min_position: MinPosition = 0,
) -> Response:
    """How many assets have an open flag of each kind on a day, by county, township, village or unit (C0-01)."""
    await read.ledgers.reach(min_position, risk_board.PROJECTION.name, asset_register.PROJECTION.name)
    async with read.pool.acquire() as connection:
        rows = await risk_board.risk_board(
            connection, read.county, on=read.day(on), by=by, kind=kind, village=village, township=township
        )
    return read.answer(rows_shown(rows, RiskCount))


# ---- duties around assets ------------------------------------------------------------------------------------------


class DutiesQuery(_OnDayQuery):
    """Filters of the ledger of duties around assets."""

    PROJECTION: ClassVar[str] = asset_duties.PROJECTION.name

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

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """Assets with what was done around them."""
        return await asset_duties.duties_page(
            connection, county, register_within=self._days, **self.filters(), **paging
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


@get(router, "/asset-duties", "资产履责台账", "ledger.read", response_model=page_of(DutyRow))
async def read_asset_duties(read: Reading, query: Annotated[DutiesQuery, Query()]) -> Response:
    """Guiding departments, file, stocktake, custody and upkeep of each asset; a department's guidance list (C4.1-02 to C4.1-07)."""
    await read.ledgers.reach(query.min_position, asset_register.PROJECTION.name)
    rules = (await read.regulation()).on(read.day(query.on))
    return await answer(read, query.for_day(read, rules.parameters["P31"].register_days))


class RuleCoverage(Value):
    """How many of an owner's assets have a rule document of its own."""

    unit: str = Field(title="产权人")
    assets: int = Field(title="资产项数")
    covered: int = Field(title="有管理制度的项数")
    coverage: str = Field(title="覆盖率（%）")


@get(
    router,
    "/asset-duties/rule-coverage",
    "资产管理制度覆盖率",
    "ledger.read",
    response_model=tuple[RuleCoverage, ...],
)
async def read_rule_coverage(read: Reading, on: OnDay = None, min_position: MinPosition = 0) -> Response:
    """How far each owner has rules for the assets it owns on a day (C5.3-01)."""
    await read.ledgers.reach(min_position, asset_duties.PROJECTION.name, asset_register.PROJECTION.name)
    async with read.pool.acquire() as connection:
        rows = await asset_duties.rule_coverage(connection, read.county, read.day(on))
    return read.answer(rows_shown(rows, RuleCoverage))


@get(router, "/worklist", "全县待办", "ledger.read", response_model=Worklist)
async def read_county_worklist(
    read: Reading,
    on: OnDay = None,
    task: TaskKind = None,
    until: Until = None,
    limit: Most = 200,
    min_position: MinPosition = 0,
) -> Response:
    """What waits anywhere in the county on a day, the oldest first."""
    await read.ledgers.reach(min_position, *worklist.LEDGERS)
    return await tasks_answer(read, None, on, task, until, limit)
