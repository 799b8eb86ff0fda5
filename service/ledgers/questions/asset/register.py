"""The asset register: village, township (territorial and owned), department and county ledgers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from domain.values import BusinessDate, Code, Fen, Name, Value
from projections.asset import register as asset_register
from projections.asset.register_questions import RegisterFilter, register_page, register_totals
from projections.engine.differences import RowSelection, selection
from projections.engine.reading import Page
from projections.engine.rows import Row
from service.ledgers.filters import ComparedFilters, Several, Standpoint
from service.ledgers.parameters import YearNumber
from service.ledgers.tables import row_model


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

    def where(self) -> RegisterFilter:
        """The filters as the ledger's question takes them."""
        given = self.filters()
        given["disposed"] = {"no": False, "yes": True, "all": None}[self.disposed]
        if len(self.owner) == 1:
            given["owner"] = self.owner[0]
        return RegisterFilter(**given)

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Rows of the register."""
        return await register_page(at.connection, at.county, self.where(), **paging)

    async def totals(self, at: Standpoint) -> Row | None:
        """Count and sums, each asset once."""
        return await register_totals(at.connection, at.county, self.where())

    def rows(self, county: str) -> RowSelection:
        """Assets, without where in the log they stand."""
        return selection(asset_register.REGISTER, "r", self.where().conditions(county))


RegisterRow = row_model(
    "AssetRegisterRow",
    asset_register.REGISTER,
    owner_share=(
        Fen | None,
        Field(default=None, title="所查所有权人的份额", description="只筛选一个所有权人时给出"),
    ),
)
