"""Ledgers (台账) over HTTP: the asset register and its totals, household assets, income, custody, departures.

Every answer says how far in the log it reaches (`position`); `min_position` waits until it reaches at least that far.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from fastapi import Query, Response
from pydantic import Field

from domain.values import BusinessDate, Fen, Value
from projections.asset import income as income_ledger, register as asset_register
from projections.asset.register_questions import (
    RegisterFilter,
    categorised,
    county_totals,
    register_page,
    register_totals,
    unit_totals,
)
from projections.departure import cases as departures, custody as custody_ledger
from projections.engine.differences import RowSelection, selection
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.engine.writing import Connection
from projections.household import register as household_register
from service.api.http.differences import ChangesQuery, LedgerChanges, answer_changes
from service.api.http.paging import (
    AsOf,
    DatedQuery,
    Filters,
    KnownAt,
    LedgerQuery,
    MinPosition,
    Several,
    answer,
    ledgers_at,
    page_of,
)
from service.api.http.provisional import PROVISIONAL
from service.api.http.reading import Reading, get, routes
from service.ledgers.tables import row_model, rows_shown, shown

router = routes("/v1/ledgers", "ledgers 台账")


# ---- the asset register: village, township (territorial and owned), department and county ledgers ------------------


class RegisterTotals(Value):
    """Count and sums of the register, each asset once."""

    assets: int = Field(title="资产项数")
    original_value: Fen = Field(title="原始价值合计")
    accumulated_depreciation: Fen = Field(title="累计折旧合计")
    net_book_value: Fen = Field(title="净值合计")
    income_received: Fen = Field(title="累计收益合计")
    income_distributed: Fen = Field(title="累计分配合计")


class RegisterFilters(Filters):
    """Filters of the asset register; a filter given several times means "one of"."""

    PROJECTION: ClassVar[str] = asset_register.PROJECTION.name
    TOTALS = RegisterTotals

    village: Several = Field(default=(), title="所在村", description="12 位代码：村台账", max_length=200)
    township: Several = Field(
        default=(), title="所在乡（镇）", description="12 位代码：属地台账", max_length=50
    )
    owner: Several = Field(default=(), title="所有权人", description="权属台账", max_length=200)
    department: str | None = Field(default=None, title="行业部门", description="所有或监管", max_length=64)
    asset: Several = Field(default=(), title="资产编号", max_length=200)
    asset_class: Several = Field(default=(), title="类别", max_length=10)
    subclass: Several = Field(default=(), title="子类", max_length=10)
    asset_type: Several = Field(default=(), title="类型", max_length=50)
    owner_kind: Several = Field(default=(), title="所有权人类型", max_length=10)
    registration: Several = Field(default=(), title="登记状态", max_length=10)
    title: Several = Field(default=(), title="权属状态", max_length=10)
    operation: Several = Field(default=(), title="使用状况", max_length=10)
    contract: Several = Field(default=(), title="合同状态", max_length=10)
    custody: Several = Field(default=(), title="管护状态", max_length=10)
    disposal: Several = Field(default=(), title="处置状态", max_length=10)
    implementer: Several = Field(default=(), title="项目实施单位", max_length=50)
    project_code: Several = Field(default=(), title="项目编号", max_length=50)
    operator: Several = Field(default=(), title="经营主体", max_length=50)
    custodian: Several = Field(default=(), title="管护主体", max_length=50)
    fund_source: str | None = Field(default=None, title="资金来源", max_length=64)
    completed_from: int | None = Field(default=None, title="完工年度起", ge=1900, le=2200)
    completed_to: int | None = Field(default=None, title="完工年度止", ge=1900, le=2200)
    value_from: Fen | None = Field(default=None, title="原始价值下限")
    value_to: Fen | None = Field(default=None, title="原始价值上限")
    contract_ends_from: BusinessDate | None = Field(default=None, title="合同到期日起")
    contract_ends_to: BusinessDate | None = Field(default=None, title="合同到期日止")
    name: str | None = Field(default=None, title="名称", description="包含的词，空格分开", max_length=200)
    scope: Literal["IN", "OUT"] | None = Field(default=None, title="管理范围")
    risk: str | None = Field(
        default=None, title="风险", description="风险类型；ANY 为任一风险", max_length=64
    )
    disposed: Literal["no", "yes", "all"] = Field(default="no", title="是否含已处置资产")

    def where(self) -> RegisterFilter:
        """The filters as the ledger's question takes them."""
        given = self.filters()
        given["disposed"] = {"no": False, "yes": True, "all": None}[self.disposed]
        if len(self.owner) == 1:
            given["owner"] = self.owner[0]
        return RegisterFilter(**given)


class RegisterQuery(RegisterFilters, DatedQuery):
    """The asset register, at a moment."""

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """Rows of the register."""
        return await register_page(connection, county, self.where(), **paging)

    async def totals(self, connection: Connection, county: str) -> Row | None:
        """Count and sums, each asset once."""
        return await register_totals(connection, county, self.where())


RegisterRow = row_model(
    "AssetRegisterRow",
    asset_register.REGISTER,
    owner_share=(
        Fen | None,
        Field(default=None, title="所查所有权人的份额", description="只筛选一个所有权人时给出"),
    ),
)


@get(
    router, "/asset-register", "资产台账", "ledger.read", response_model=page_of(RegisterRow, RegisterTotals)
)
async def read_asset_register(read: Reading, query: Annotated[RegisterQuery, Query()]) -> Response:
    """The asset register: filters make it a village's, a township's, a department's or the county's ledger."""
    return await answer(read, query)


class RegisterChanges(RegisterFilters, ChangesQuery):
    """The asset register at two moments."""

    ROW = RegisterRow

    def rows(self, county: str) -> RowSelection:
        """Assets, without where in the log they stand."""
        return selection(asset_register.REGISTER, "r", self.where().conditions(county))

    async def totals(self, connection: Connection, county: str) -> Row | None:
        """Count and sums, each asset once."""
        return await register_totals(connection, county, self.where())


@get(router, "/asset-register/changes", "资产台账变动", "ledger.read", response_model=LedgerChanges)
async def read_asset_register_changes(read: Reading, query: Annotated[RegisterChanges, Query()]) -> Response:
    """What differs between two moments: of one asset, of a unit, of the county."""
    return await answer_changes(read, query)


class SumsBody(Value):
    """Count and sums."""

    assets: int = Field(title="资产项数")
    original_value: Fen = Field(title="原始价值")
    net_book_value: Fen | None = Field(default=None, title="净值")


class CountyTotals(Value):
    """The county's total ledger. `managed` counts every asset once; the others stand beside it, never inside."""

    managed: SumsBody = Field(title="扶贫资产", description="管理范围内、未处置，每项计一次")
    unconfirmed: SumsBody = Field(title="其中未确权")
    disposed: SumsBody = Field(title="已处置")
    out_of_scope: SumsBody = Field(title="范围外登记")
    household: SumsBody = Field(title="到户类资产")
    confirmed_shares: Fen = Field(title="已确权份额合计", description="与未确权原值之和等于扶贫资产原值")
    position: int = Field(title="日志位置")


@get(router, "/asset-register/totals", "全县合计", "ledger.read", response_model=CountyTotals)
async def read_county_totals(
    read: Reading, as_of: AsOf = None, known_at: KnownAt = None, min_position: MinPosition = 0
) -> Response:
    """The county's total, with each asset once; household assets separate."""
    names = (asset_register.PROJECTION.name, household_register.PROJECTION.name)
    async with ledgers_at(read, names, as_of, known_at, min_position) as (connection, position):
        totals = await county_totals(connection, read.county)
    return read.answer(shown(totals | {"position": position}, CountyTotals))


class OwnerTotals(Value):
    """What one unit owns."""

    party: str = Field(title="单位")
    assets: int = Field(title="资产项数", description="有份额的资产")
    amount: Fen = Field(title="所有权份额")
    income_amount: Fen = Field(title="收益权份额")


@get(
    router, "/asset-register/owners", "各单位权属合计", "ledger.read", response_model=tuple[OwnerTotals, ...]
)
async def read_owner_totals(
    read: Reading,
    owner_kind: Annotated[str | None, Query(title="所有权人类型", max_length=64)] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = 0,
) -> Response:
    """What each unit owns of the managed assets: shares, not assets, so that a joint asset is counted once."""
    names = (asset_register.PROJECTION.name,)
    async with ledgers_at(read, names, as_of, known_at, min_position) as (connection, _):
        return read.answer(rows_shown(await unit_totals(connection, read.county, owner_kind), OwnerTotals))


class CategoryTotals(SumsBody):
    """One category of the managed assets."""

    category: str | None = Field(title="分类值")
    accumulated_depreciation: Fen | None = Field(default=None, title="累计折旧")
    income_received: Fen | None = Field(default=None, title="累计收益")
    income_distributed: Fen | None = Field(default=None, title="累计分配")


Dimension = Literal[  # the register's dimensions and the funds; a test holds the two together
    "asset_class", "subclass", "asset_type", "owner_kind", "regime", "village", "township", "completion_year",
    "registration", "title", "operation", "contract", "custody", "disposal", "implementer", "project_code", "custodian",
    "fund_source",
]  # fmt: skip


@get(
    router, "/asset-register/categories", "分类统计", "ledger.read", response_model=tuple[CategoryTotals, ...]
)
async def read_category_totals(
    read: Reading,
    by: Annotated[Dimension, Query(title="分类项")],
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = 0,
) -> Response:
    """The managed assets along one dimension; the values add up to the county's total along every one."""
    names = (asset_register.PROJECTION.name,)
    async with ledgers_at(read, names, as_of, known_at, min_position) as (connection, _):
        return read.answer(rows_shown(await categorised(connection, read.county, by), CategoryTotals))


# ---- household register --------------------------------------------------------------------------------------------


class HouseholdTotals(Value):
    """Count and value of household assets, apart from the county's managed total."""

    assets: int = Field(title="资产项数", description="未注销的")
    original_value: Fen = Field(title="原始价值合计", description="未注销的")
    closed_assets: int = Field(title="已注销项数")
    closed_original_value: Fen = Field(title="已注销资产原始价值合计")


class HouseholdFilters(Filters):
    """Filters of the household register."""

    PROJECTION: ClassVar[str] = household_register.PROJECTION.name
    TOTALS = HouseholdTotals

    asset: Several = Field(default=(), title="资产编号", max_length=200)
    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=50)
    household: str | None = Field(default=None, title="户编号", max_length=64)
    asset_type: Several = Field(default=(), title="类型", max_length=50)
    state: Literal["REGISTERED", "CLOSED"] | None = Field(default=None, title="状态")

    async def totals(self, connection: Connection, county: str) -> Row | None:
        """Count and value, apart from the county's managed total."""
        given = {name: value for name, value in self.filters().items() if name in {"village", "township"}}
        return await household_register.household_totals(connection, county, **given)


class HouseholdQuery(HouseholdFilters, DatedQuery):
    """The household register, at a moment."""

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """Rows of the household register."""
        return await household_register.household_page(connection, county, **self.filters(), **paging)


HouseholdRow = row_model("HouseholdRegisterRow", household_register.HOUSEHOLD_REGISTER)


@get(
    router,
    "/household-register",
    "到户类资产台账",
    "ledger.read",
    response_model=page_of(HouseholdRow, HouseholdTotals),
)
async def read_household_register(read: Reading, query: Annotated[HouseholdQuery, Query()]) -> Response:
    """The household register; its totals are those of the villages and townships asked for."""
    return await answer(read, query)


class HouseholdChanges(HouseholdFilters, ChangesQuery):
    """The household register at two moments."""

    ROW = HouseholdRow

    def rows(self, county: str) -> RowSelection:
        """Household assets."""
        conditions = household_register.household_conditions(county, **self.filters())
        return selection(household_register.HOUSEHOLD_REGISTER, "h", conditions)


@get(router, "/household-register/changes", "到户类资产台账变动", "ledger.read", response_model=LedgerChanges)
async def read_household_register_changes(
    read: Reading, query: Annotated[HouseholdChanges, Query()]
) -> Response:
    """What differs between two moments."""
    return await answer_changes(read, query)


# ---- income --------------------------------------------------------------------------------------------------------


class IncomeTotals(Value):
    """What came in, what was paid out, and the balance."""

    lines: int = Field(title="行数")
    received: Fen = Field(title="收入合计")
    distributed: Fen = Field(title="分配合计")
    balance: Fen = Field(title="结余")


class IncomeFilters(Filters):
    """Filters of the income ledger."""

    PROJECTION: ClassVar[str] = income_ledger.PROJECTION.name
    TOTALS = IncomeTotals

    holder: Several = Field(default=(), title="收益权人", max_length=200)
    asset: Several = Field(default=(), title="资产编号", max_length=200)
    contract: str | None = Field(default=None, title="经营合同", max_length=64)
    entry: Literal["RECEIPT", "DISTRIBUTION"] | None = Field(default=None, title="收支")
    use: str | None = Field(default=None, title="用途", max_length=64)
    since: BusinessDate | None = Field(default=None, title="起始日期")
    until: BusinessDate | None = Field(default=None, title="截止日期")

    async def totals(self, connection: Connection, county: str) -> Row | None:
        """What came in, what was paid out, and the balance, over holders, assets and days asked for."""
        covered = {"holder", "asset", "since", "until"}
        given = {name: value for name, value in self.filters().items() if name in covered}
        return await income_ledger.income_totals(connection, county, **given)


class IncomeQuery(IncomeFilters, DatedQuery):
    """The income ledger, at a moment."""

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """Lines of the income ledger."""
        return await income_ledger.income_page(connection, county, **self.filters(), **paging)


IncomeRow = row_model("IncomeLedgerRow", income_ledger.INCOME_LEDGER)


@get(router, "/income-ledger", "资产收益台账", "ledger.read", response_model=page_of(IncomeRow, IncomeTotals))
async def read_income_ledger(read: Reading, query: Annotated[IncomeQuery, Query()]) -> Response:
    """Receipts (positive) and distributions (negative), line by line."""
    return await answer(read, query)


class IncomeChanges(IncomeFilters, ChangesQuery):
    """The income ledger at two moments."""

    ROW = IncomeRow

    def rows(self, county: str) -> RowSelection:
        """Lines of the ledger."""
        conditions = income_ledger.income_conditions(county, **self.filters())
        return selection(income_ledger.INCOME_LEDGER, "i", conditions)


@get(router, "/income-ledger/changes", "资产收益台账变动", "ledger.read", response_model=LedgerChanges)
async def read_income_ledger_changes(read: Reading, query: Annotated[IncomeChanges, Query()]) -> Response:
    """What differs between two moments: receipts and distributions that came in between."""
    return await answer_changes(read, query)


class HolderYear(Value):
    """One holder's year."""

    holder: str | None = Field(title="收益权人", description="为空是尚未归属的收入")
    year: int = Field(title="年度")
    opening: Fen = Field(title="年初结余")
    received: Fen = Field(title="收入")
    distributed: Fen = Field(title="已分配金额")
    closing: Fen = Field(title="年末结余")


@get(
    router, "/income-ledger/holders", "收益权人年度收支", "ledger.read", response_model=tuple[HolderYear, ...]
)
async def read_income_by_holder(
    read: Reading,
    holder: Annotated[list[str] | None, Query(title="收益权人", max_length=200)] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = 0,
) -> Response:
    """Per holder and year: opening + received − distributed = closing."""
    names = (income_ledger.PROJECTION.name,)
    async with ledgers_at(read, names, as_of, known_at, min_position) as (connection, _):
        rows = await income_ledger.income_by_holder_and_year(connection, read.county, holder=holder)
    return read.answer(rows_shown(rows, HolderYear))


# ---- custody and departures ----------------------------------------------------------------------------------------


class CustodyFilters(Filters):
    """Filters of the custody ledger."""

    PROJECTION: ClassVar[str] = custody_ledger.PROJECTION.name

    asset: Several = Field(default=(), title="资产编号", max_length=200)
    duty: Several = Field(default=(), title="职责", max_length=10)
    unit: Several = Field(default=(), title="单位", max_length=200)
    person: Several = Field(default=(), title="人员", max_length=200)
    on: BusinessDate | None = Field(default=None, title="日期", description="查询当日有效的职责")
    history: bool = Field(default=False, title="是否含历史", description="列出曾有的全部职责")


class CustodyQuery(CustodyFilters, DatedQuery):
    """The custody ledger, at a moment."""

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """Lines of the custody ledger: the present ones, those of a day, or all there ever were."""
        return await custody_ledger.custody_page(connection, county, **self.filters(), **paging)


CustodyRow = row_model("CustodyLedgerRow", custody_ledger.CUSTODY_LEDGER)


@get(router, "/custody-ledger", "管护台账", "ledger.read", response_model=page_of(CustodyRow))
async def read_custody_ledger(read: Reading, query: Annotated[CustodyQuery, Query()]) -> Response:
    """Who has or had which duty for which asset, from when to when."""
    return await answer(read, query)


class CustodyChanges(CustodyFilters, ChangesQuery):
    """The custody ledger at two moments."""

    ROW = CustodyRow

    def rows(self, county: str) -> RowSelection:
        """Duties: those in force at each moment, unless `history` asks for all."""
        conditions = custody_ledger.custody_conditions(county, **self.filters())
        return selection(custody_ledger.CUSTODY_LEDGER, "c", conditions)


@get(router, "/custody-ledger/changes", "管护台账变动", "ledger.read", response_model=LedgerChanges)
async def read_custody_ledger_changes(read: Reading, query: Annotated[CustodyChanges, Query()]) -> Response:
    """What differs between two moments: who took over what, and from whom."""
    return await answer_changes(read, query)


class DeparturesQuery(LedgerQuery):
    """Filters of the departures ledger."""

    PROJECTION: ClassVar[str] = departures.PROJECTION.name

    person: str | None = Field(default=None, title="离任人", max_length=64)
    organization: Several = Field(default=(), title="单位", max_length=200)
    kind: Literal["RESPONSIBLE", "MANAGER"] | None = Field(default=None, title="交接类型")
    state: Literal["OPEN", "COMPLETED"] | None = Field(default=None, title="状态")
    on: BusinessDate | None = Field(default=None, title="日期", description="按该日判断是否逾期，不填为当日")
    overdue: bool | None = Field(default=None, title="是否逾期")

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """Departure cases with what is still missing, and whether they are overdue."""
        return await departures.departure_page(connection, county, self.calendar, **self.filters(), **paging)


DepartureRow = row_model(
    "DepartureRow",
    departures.DEPARTURE_CASE,
    hidden=("reckoning",),
    provisional=(bool, Field(title="移交期限是否暂定", description=PROVISIONAL)),
    missing=(tuple[str, ...], Field(default=(), title="尚缺的事项")),
    overdue=(bool, Field(title="是否逾期")),
)


@get(router, "/departures", "离任交接台账", "ledger.read", response_model=page_of(DepartureRow))
async def read_departures(read: Reading, query: Annotated[DeparturesQuery, Query()]) -> Response:
    """Every departure case, how far it has come, and whether it is overdue (P19)."""
    return await answer(read, query.model_copy(update={"on": read.day(query.on)}))
