"""The ledgers of procedures over HTTP: where each matter stands, what waits for whom, what is still to be published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from fastapi import Query, Response
from pydantic import Field

from domain.values import BusinessDate
from projections.engine.reading import Page
from projections.engine.writing import Connection
from projections.procedure import notice_board, procedures
from service.api.http.paging import LedgerQuery, Several, answer, page_of
from service.api.http.provisional import PROVISIONAL
from service.api.http.reading import Reading, get, routes
from service.ledgers.tables import row_model

router = routes("/v1/ledgers", "ledgers 台账")


class ProceduresQuery(LedgerQuery):
    """Filters of the procedures ledger."""

    PROJECTION: ClassVar[str] = procedures.PROJECTION.name

    chain: Several = Field(default=(), title="流程", max_length=30)
    unit: Several = Field(default=(), title="启动单位", max_length=200)
    subject: Several = Field(default=(), title="事项编号", max_length=200)
    state: Literal["OPEN", "COMPLETED", "WITHDRAWN"] | None = Field(default=None, title="状态")

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """Procedures with their progress."""
        return await procedures.procedure_page(connection, county, **self.filters(), **paging)


ProcedureRow = row_model("ProcedureRow", procedures.PROCEDURE, hidden=("reckonings",))


@get(router, "/procedures", "程序台账", "ledger.read", response_model=page_of(ProcedureRow))
async def read_procedures(read: Reading, query: Annotated[ProceduresQuery, Query()]) -> Response:
    """Every procedure and how far it has come."""
    return await answer(read, query)


class TasksQuery(LedgerQuery):
    """Filters of the worklist."""

    PROJECTION: ClassVar[str] = procedures.PROJECTION.name

    on: BusinessDate = Field(title="日期", description="按该日判断是否逾期")
    organization: Several = Field(default=(), title="待办单位", max_length=200)
    procedure: Several = Field(default=(), title="程序编号", max_length=200)
    act: Literal["TAKE", "ANSWER", "RESOLVE"] | None = Field(default=None, title="待办事项")
    overdue: bool | None = Field(default=None, title="是否逾期")

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """What waits for whom."""
        return await procedures.task_page(connection, county, self.calendar, **self.filters(), **paging)


TaskRow = row_model(
    "ProcedureTaskRow",
    procedures.PROCEDURE_TASK,
    hidden=("reckoning",),
    provisional=(bool, Field(title="日期是否暂定", description=PROVISIONAL)),
    overdue=(bool, Field(title="是否逾期")),
    days_open=(int, Field(title="待办天数")),
)


@get(router, "/procedure-tasks", "程序待办", "ledger.read", response_model=page_of(TaskRow))
async def read_procedure_tasks(read: Reading, query: Annotated[TasksQuery, Query()]) -> Response:
    """Which step waits for which unit since when, and what is overdue (P27)."""
    return await answer(read, query)


class NoticeTasksQuery(LedgerQuery):
    """Filters of what is to be published."""

    PROJECTION: ClassVar[str] = notice_board.PROJECTION.name

    on: BusinessDate = Field(title="日期", description="按该日计算天数")
    unit: str | None = Field(default=None, title="应公布的单位", max_length=64)
    asset: Several = Field(default=(), title="资产编号", max_length=200)
    stage: Literal["OWNERSHIP", "CONTRACT", "INCOME_USE"] | None = Field(default=None, title="环节")
    open_only: bool = Field(default=True, title="只列待公布", description="否则含已公布")

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """What has to be made public."""
        return await notice_board.notice_task_page(connection, county, **self.filters(), **paging)


NoticeTaskRow = row_model(
    "NoticeTaskRow", notice_board.NOTICE_TASK, days_open=(int | None, Field(title="待公布天数"))
)


@get(router, "/notice-tasks", "应公开事项", "ledger.read", response_model=page_of(NoticeTaskRow))
async def read_notice_tasks(read: Reading, query: Annotated[NoticeTasksQuery, Query()]) -> Response:
    """What has to be published and has not been yet (C3-04): titles, contracts, use of income."""
    return await answer(read, query)
