"""Custody and departures: who has which duty, and which handovers are under way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from domain.values import BusinessDate, Code
from projections.departure import cases as departures, custody as custody_ledger
from projections.engine.differences import RowSelection, selection
from projections.engine.reading import Page
from service.ledgers.filters import ComparedFilters, Filters, Several, Standpoint
from service.ledgers.source import Source
from service.ledgers.tables import PROVISIONAL, row_model


class CustodyFilters(ComparedFilters):
    """Filters of the custody ledger."""

    PROJECTION: ClassVar[str] = custody_ledger.PROJECTION.name
    DATED = True

    asset: Several = Field(default=(), title="资产编号", max_length=200)
    duty: Several = Field(default=(), title="职责", max_length=10)
    unit: Several = Field(default=(), title="单位", max_length=200)
    person: Several = Field(default=(), title="人员", max_length=200)
    on: BusinessDate | None = Field(default=None, title="日期", description="查询当日有效的职责")
    history: bool = Field(default=False, title="是否含历史", description="列出曾有的全部职责")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Lines of the custody ledger: the present ones, those of a day, or all there ever were."""
        return await custody_ledger.custody_page(at.connection, at.county, **self.filters(), **paging)

    def rows(self, county: str) -> RowSelection:
        """Duties: those in force at each moment, unless `history` asks for all."""
        conditions = custody_ledger.custody_conditions(county, **self.filters())
        return selection(custody_ledger.CUSTODY_LEDGER, "c", conditions)


CustodyRow = row_model("CustodyLedgerRow", custody_ledger.CUSTODY_LEDGER)


class DeparturesFilters(Filters):
    """Filters of the departures ledger."""

    PROJECTION: ClassVar[str] = departures.PROJECTION.name

    person: Code | None = Field(default=None, title="离任人")
    organization: Several = Field(default=(), title="单位", max_length=200)
    kind: Literal["RESPONSIBLE", "MANAGER"] | None = Field(default=None, title="交接类型")
    state: Literal["OPEN", "COMPLETED"] | None = Field(default=None, title="状态")
    on: BusinessDate | None = Field(default=None, title="日期", description="按该日判断是否逾期，不填为当日")
    overdue: bool | None = Field(default=None, title="是否逾期")

    async def settled(self, source: Source) -> Self:
        """The same for a day: today's where none was given."""
        return self.model_copy(update={"on": self.on or source.today})

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Departure cases with what is still missing, and whether they are overdue."""
        return await departures.departure_page(
            at.connection, at.county, at.calendar, **self.filters(), **paging
        )


DepartureRow = row_model(
    "DepartureRow",
    departures.DEPARTURE_CASE,
    hidden=("reckoning",),
    provisional=(bool, Field(title="移交期限是否暂定", description=PROVISIONAL)),
    missing=(tuple[str, ...], Field(default=(), title="尚缺的事项")),
    overdue=(bool, Field(title="是否逾期")),
)
