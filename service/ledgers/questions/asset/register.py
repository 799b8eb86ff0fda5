"""The asset register: village, township (territorial and owned), department and county ledgers, and their sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from domain.values import BusinessDate, Code, Fen, Name, Value
from projections.asset import register as asset_register, register_questions
from projections.asset.register_questions import RegisterFilter, register_page, register_totals
from projections.engine.differences import RowSelection, selection
from projections.engine.meaning import UNIT_CODE
from projections.engine.part import About
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.household import register as household_register
from service.ledgers.filters import ComparedFilters, Several, Standpoint, about_any
from service.ledgers.parameters import YearNumber
from service.ledgers.queries import LedgerMoment, folded, ledgers_at
from service.ledgers.source import Source
from service.ledgers.tables import row_model, typed, typed_rows

_NAME: Final = asset_register.PROJECTION.name


class RegisterTotals(Value):
    """Count and sums of the register, each asset once."""

    assets: int = Field(title="资产项数")
    original_value: Fen = Field(title="原始价值合计")
    accumulated_depreciation: Fen = Field(title="累计折旧合计")
    net_book_value: Fen = Field(title="净值合计")
    income_received: Fen = Field(title="累计收益合计")
    income_distributed: Fen = Field(title="累计分配合计")


class RegisterFilters(ComparedFilters):
    """Filters of the asset register; a filter given several times means "one of"."""

    PROJECTION: ClassVar[str] = asset_register.PROJECTION.name
    DATED = True
    TOTALS = RegisterTotals

    village: Several = Field(default=(), title="所在村", description="12 位代码：村台账", max_length=200)
    township: Several = Field(
        default=(), title="所在乡（镇）", description="12 位代码：属地台账", max_length=50
    )
    owner: Several = Field(default=(), title="所有权人", description="权属台账", max_length=200)
    department: Code | None = Field(default=None, title="行业部门", description="所有或监管")
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
    fund_source: Code | None = Field(default=None, title="资金来源")
    completed_from: YearNumber | None = Field(default=None, title="完工年度起")
    completed_to: YearNumber | None = Field(default=None, title="完工年度止")
    value_from: Fen | None = Field(default=None, title="原始价值下限")
    value_to: Fen | None = Field(default=None, title="原始价值上限")
    contract_ends_from: BusinessDate | None = Field(default=None, title="合同到期日起")
    contract_ends_to: BusinessDate | None = Field(default=None, title="合同到期日止")
    name: Name | None = Field(default=None, title="名称", description="包含的词，空格分开")
    scope: Literal["IN", "OUT"] | None = Field(default=None, title="管理范围")
    risk: Code | None = Field(default=None, title="风险", description="风险类型；ANY 为任一风险")
    disposed: Literal["no", "yes", "all"] = Field(default="no", title="是否含已处置资产")

    def about(self) -> About | None:
        """Assets, or those of owners or villages."""
        return about_any(self.asset, self.owner, self.village)

    def where(self) -> RegisterFilter:
        """The filters as the ledger's question takes them."""
        given = self.filters()
        given["disposed"] = {"no": False, "yes": True, "all": None}[self.disposed]
        if len(self.owner) == 1:
            given["owner"] = self.owner[0]
        return RegisterFilter(**given)

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Rows of the register, with the department that leads by the rules of the day."""
        return await with_lead(at, await register_page(at.connection, at.county, self.where(), **paging))

    async def totals(self, at: Standpoint) -> Row | None:
        """Count and sums, each asset once."""
        return await register_totals(at.connection, at.county, self.where())

    def rows(self, county: str) -> RowSelection:
        """Assets, without where in the log they stand."""
        return selection(asset_register.REGISTER, "r", self.where().conditions(county))


LEAD_DEPARTMENT: Final = (
    Annotated[str | None, UNIT_CODE],
    Field(
        default=None, title="牵头部门", description="按类别和所有权人类型（四（六）），以所查日期的规定为准"
    ),
)


async def with_lead(at: Standpoint, found: Page) -> Page:
    """The page with the lead department of each asset, which no event says: the county's table of the day does (T4)."""
    rules = await at.rules(at.day)
    for row in found.rows:
        row["lead_department"] = rules.lead_department(row["asset_class"], row["owner_kind"])
    return found


RegisterRow = row_model(
    "AssetRegisterRow",
    asset_register.REGISTER,
    lead_department=LEAD_DEPARTMENT,
    owner_share=(
        Fen | None,
        Field(default=None, title="所查所有权人的份额", description="只筛选一个所有权人时给出"),
    ),
)


# ---- sums ----------------------------------------------------------------------------------------------------------


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


async def county_totals(source: Source, moment: LedgerMoment) -> CountyTotals:
    """The county's total, with each asset once; household assets separate."""
    names = (_NAME, household_register.PROJECTION.name)
    async with ledgers_at(source, names, moment) as (connection, position):
        totals = await register_questions.county_totals(connection, source.county)
    return typed(totals | {"position": position}, CountyTotals)


class OwnerTotals(Value):
    """Totals of the assets that one unit owns."""

    party: str = Field(title="单位")
    assets: int = Field(title="资产项数", description="有份额的资产")
    amount: Fen = Field(title="所有权份额")
    income_amount: Fen = Field(title="收益权份额")


async def owner_totals(
    source: Source, owner_kind: str | None, moment: LedgerMoment
) -> tuple[OwnerTotals, ...]:
    """What each unit owns of the managed assets: shares, not assets, so that a joint asset is counted once."""
    async with ledgers_at(source, (_NAME,), moment) as (connection, _):
        return typed_rows(
            await register_questions.unit_totals(connection, source.county, owner_kind), OwnerTotals
        )


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


async def category_totals(source: Source, by: Dimension, moment: LedgerMoment) -> tuple[CategoryTotals, ...]:
    """The managed assets along one dimension; the values add up to the county's total along every one."""
    async with ledgers_at(source, (_NAME,), moment) as (connection, _):
        return typed_rows(await register_questions.categorised(connection, source.county, by), CategoryTotals)


# ---- assets of a stocktake -----------------------------------------------------------------------------------------


async def assets_within(source: Source, kind: str, code: str | None) -> tuple[list[str], int]:
    """Assets of a stocktake's scope (`kind`, `code`) by the register's head, and how far in the log they are known: folded
    from the log, for nobody looks for what a baseline leaves out.
    """
    async with folded(source, _NAME) as (connection, position):
        return await register_questions.assets_of(connection, source.county, kind, code), position
