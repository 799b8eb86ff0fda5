"""Income of villages: the statement of their sub-accounts with opening and closing balance, their plans, and upkeep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Literal

from pydantic import Field

from domain.income.account import month_of
from domain.income.content import Ruleset
from domain.values import BusinessDate, Code, Fen, Value
from projections.asset import income as income_ledger
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.income import accounts, guarantees, incentives, maintenance, plans, posts, reliefs
from service.ledgers.filters import Filters, Several, Standpoint
from service.ledgers.queries import folded
from service.ledgers.source import Source
from service.ledgers.tables import row_model


class StatementTotals(Value):
    """Opening balance, what came in and went out in the months asked for, closing balance."""

    lines: int = Field(title="行数")
    opening: Fen = Field(title="期初余额")
    received: Fen = Field(title="增加合计")
    paid: Fen = Field(title="减少合计")
    closing: Fen = Field(title="期末余额")


class StatementFilters(Filters):
    """Filters of the statement of income sub-accounts."""

    PROJECTION: ClassVar[str] = accounts.PROJECTION.name
    DATED = True
    TOTALS = StatementTotals

    organization: Several = Field(default=(), title="村集体", max_length=200)
    cause: Code | None = Field(default=None, title="记账事由")
    asset: Several = Field(default=(), title="资产编号", max_length=200)
    since: BusinessDate | None = Field(
        default=None, title="起始日期", description="按记账月份 / by the book's month"
    )
    until: BusinessDate | None = Field(
        default=None, title="截止日期", description="按记账月份 / by the book's month"
    )

    def filters(self) -> dict[str, Any]:
        """The ledger's own filters; days as the months of the books."""
        given = super().filters()
        months = {name: month_of(given.pop(name)) for name in ("since", "until") if name in given}
        return given | months

    async def totals(self, at: Standpoint) -> Row | None:
        """The balances of the villages over the months asked for, whatever else is chosen."""
        covered = {"organization", "since", "until"}
        given = {name: value for name, value in self.filters().items() if name in covered}
        return await accounts.statement_totals(at.connection, at.county, **given)

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Lines of the statement."""
        return await accounts.posting_page(at.connection, at.county, **self.filters(), **paging)


StatementRow = row_model("IncomeStatementRow", accounts.INCOME_POSTING)


async def newest_income(source: Source, organization: str) -> date | None:
    """The last day on which income or a use of it is on record for a village, folded from the log; None for none."""
    async with folded(source, income_ledger.PROJECTION.name) as (connection, _):
        return await accounts.newest_income(connection, source.county, organization)


class IncomePlanFilters(Filters):
    """Filters of the ledger of income plans."""

    PROJECTION: ClassVar[str] = plans.PROJECTION.name

    village: Several = Field(default=(), title="村集体", max_length=200)
    year: int | None = Field(default=None, title="年度", ge=2013, le=2999)
    state: Literal["PROPOSED", "WITHDRAWN", "PAYING", "PAID"] | None = Field(default=None, title="方案状态")
    ruleset: Ruleset | None = Field(default=None, title="适用规则")
    unpublished: bool | None = Field(default=None, title="是否已支付而未公布使用情况")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Plans."""
        return await plans.plan_page(at.connection, at.county, **self.filters(), **paging)


IncomePlanRow = row_model("IncomePlanRow", plans.INCOME_PLAN)


class MaintenanceFilters(Filters):
    """Filters of the ledger of maintenance expenses."""

    PROJECTION: ClassVar[str] = maintenance.PROJECTION.name

    village: Several = Field(default=(), title="村集体", max_length=200)
    asset: Several = Field(default=(), title="资产编号", max_length=200)
    state: Literal["PROPOSED", "PAYING", "PAID"] | None = Field(default=None, title="支出状态")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Expenses."""
        return await maintenance.maintenance_page(at.connection, at.county, **self.filters(), **paging)


MaintenanceRow = row_model("MaintenanceExpenseRow", maintenance.MAINTENANCE)


class GuaranteeFilters(Filters):
    """Filters of the ledger of cost guarantees."""

    PROJECTION: ClassVar[str] = guarantees.PROJECTION.name

    unit: Several = Field(default=(), title="申报单位", max_length=200)
    asset: Several = Field(default=(), title="资产编号", max_length=200)
    year: int | None = Field(default=None, title="年度", ge=2013, le=2999)
    budget_year: int | None = Field(default=None, title="列入预算的年度", ge=2013, le=2999)
    state: Literal["DECLARED", "VERIFIED", "APPROVED", "COVERED"] | None = Field(
        default=None, title="管护费用保障状态"
    )

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Guarantees."""
        return await guarantees.guarantee_page(at.connection, at.county, **self.filters(), **paging)


GuaranteeRow = row_model("CostGuaranteeRow", guarantees.GUARANTEE)


class IncentiveFilters(Filters):
    """Filters of the ledger of rewards."""

    PROJECTION: ClassVar[str] = incentives.PROJECTION.name

    village: Several = Field(default=(), title="村集体", max_length=200)
    year: int | None = Field(default=None, title="年度", ge=2013, le=2999)
    due_back: bool | None = Field(default=None, title="是否有尚应追回的激励")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Village-years."""
        return await incentives.incentive_page(at.connection, at.county, **self.filters(), **paging)


IncentiveRow = row_model("IncentiveRow", incentives.ANNUAL_RESULT)


class ReliefFilters(Filters):
    """Filters of the ledger of relief plans."""

    PROJECTION: ClassVar[str] = reliefs.PROJECTION.name

    village: Several = Field(default=(), title="村集体", max_length=200)
    state: Literal["PROPOSED", "WITHDRAWN", "PAYING", "PAID"] | None = Field(
        default=None, title="帮扶方案状态"
    )
    unpublished: bool | None = Field(default=None, title="已支付而未公布")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Plans."""
        return await reliefs.relief_page(at.connection, at.county, **self.filters(), **paging)


ReliefRow = row_model("ReliefPlanRow", reliefs.RELIEF_PLAN)


class PostFilters(Filters):
    """Filters of the ledger of public-welfare posts."""

    PROJECTION: ClassVar[str] = posts.PROJECTION.name

    village: Several = Field(default=(), title="村集体", max_length=200)
    unpaid: bool | None = Field(default=None, title="是否有应发未发工资")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Posts."""
        return await posts.post_page(at.connection, at.county, **self.filters(), **paging)


PostRow = row_model("PublicWelfarePostRow", posts.WELFARE_POST)
