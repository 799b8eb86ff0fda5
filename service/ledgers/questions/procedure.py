"""Procedures: where each matter stands, what waits for whom, what is published and what is still to be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, WithJsonSchema

from domain.procedure.public_notice import Stage
from domain.refusals import refuse
from domain.values import BusinessDate, Code, Name, Value
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.procedure import notice_board, procedures
from service.ledgers.filters import Filters, Several, Standpoint
from service.ledgers.queries import ledgers_at_head
from service.ledgers.shapes import described
from service.ledgers.source import Source
from service.ledgers.tables import PROVISIONAL, row_model


class ProceduresFilters(Filters):
    """Filters of the procedures ledger."""

    PROJECTION: ClassVar[str] = procedures.PROJECTION.name

    chain: Several = Field(default=(), title="流程", max_length=30)
    unit: Several = Field(default=(), title="启动单位", max_length=200)
    subject: Several = Field(default=(), title="事项编号", max_length=200)
    state: Literal["OPEN", "COMPLETED", "WITHDRAWN"] | None = Field(default=None, title="状态")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Procedures with their progress."""
        return await procedures.procedure_page(at.connection, at.county, **self.filters(), **paging)


ProcedureRow = row_model("ProcedureRow", procedures.PROCEDURE, hidden=procedures.HIDDEN)


class TasksFilters(Filters):
    """Filters of the worklist."""

    PROJECTION: ClassVar[str] = procedures.PROJECTION.name

    on: BusinessDate = Field(title="日期", description="按该日判断是否逾期")
    organization: Several = Field(default=(), title="待办单位", max_length=200)
    procedure: Several = Field(default=(), title="程序编号", max_length=200)
    step: Several = Field(default=(), title="步骤", max_length=30)
    act: Literal["TAKE", "ANSWER", "RESOLVE"] | None = Field(default=None, title="待办事项")
    words: Name | None = Field(default=None, title="关键词", description="事项名称中的词")
    due_from: BusinessDate | None = Field(default=None, title="办理期限自")
    due_until: BusinessDate | None = Field(default=None, title="办理期限至", description="含当日")
    overdue: bool | None = Field(default=None, title="是否逾期")
    provisional: bool | None = Field(default=None, title="日期是否暂定")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """What waits for whom."""
        return await procedures.task_page(at.connection, at.county, at.calendar, **self.filters(), **paging)


TaskRow = row_model(
    "ProcedureTaskRow",
    procedures.PROCEDURE_TASK,
    hidden=("reckoning",),
    provisional=(bool, Field(title="日期是否暂定", description=PROVISIONAL)),
    overdue=(bool, Field(title="是否逾期")),
    days_open=(int, Field(title="待办天数")),
)


class NoticeTasksFilters(Filters):
    """Filters of what is to be published."""

    PROJECTION: ClassVar[str] = notice_board.PROJECTION.name

    on: BusinessDate = Field(title="日期", description="按该日计算天数")
    unit: Code | None = Field(default=None, title="应公布的单位")
    asset: Several = Field(default=(), title="资产编号", max_length=200)
    stage: Literal["OWNERSHIP", "CONTRACT", "INCOME_USE"] | None = Field(default=None, title="环节")
    reference: Several = Field(default=(), title="合同或分配方案编号", max_length=200)
    since_from: BusinessDate | None = Field(default=None, title="应公布起始日期自")
    since_until: BusinessDate | None = Field(default=None, title="应公布起始日期至", description="含当日")
    open_only: bool = Field(default=True, title="只列待公布", description="否则含已公布")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """What has to be made public."""
        return await notice_board.notice_task_page(at.connection, at.county, **self.filters(), **paging)


NoticeTaskRow = row_model(
    "NoticeTaskRow", notice_board.NOTICE_TASK, days_open=(int | None, Field(title="待公布天数"))
)


class NoticeFilters(Filters):
    """Filters of the notice board."""

    PROJECTION: ClassVar[str] = notice_board.PROJECTION.name

    unit: Code | None = Field(default=None, title="公示单位")
    asset: Code | None = Field(default=None, title="资产编号")
    stage: Stage | None = Field(default=None, title="公告环节")
    state: Literal["OPEN", "COMPLETED", "RETURNED", "WITHDRAWN", "PUBLISHED"] | None = Field(
        default=None, title="状态"
    )
    since: BusinessDate | None = Field(default=None, title="张贴日期自")
    until: BusinessDate | None = Field(default=None, title="张贴日期至")
    words: Name | None = Field(default=None, title="关键词")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Notices, the latest first."""
        return await notice_board.notice_page(
            at.connection, at.county, at.calendar, **self.filters(), **paging
        )


def _shown(column: str) -> WithJsonSchema:
    return described(notice_board.NOTICE.table.columns[column])


class NoticeRow(Value):
    """A notice as everybody may see it."""

    notice: str = Field(title="公示编号")
    kind: Literal["PROCEDURE", "ANNOUNCEMENT"] = Field(title="程序公示或公告")
    title: str = Field(title="标题")
    body: str = Field(title="公示内容", description="个人号码已隐去")
    chain: str | None = Field(title="流程")
    stage: str | None = Field(title="公告环节")
    asset: str | None = Field(title="资产编号")
    unit: str = Field(title="公示单位")
    places: Annotated[tuple[Any, ...], _shown("places")] = Field(title="公示地点与日期")
    posted_on: date = Field(title="首次张贴日期")
    ends_on: date | None = Field(title="公示期满日", description="当日 24:00")
    provisional: bool = Field(title="期满日是否暂定", description=PROVISIONAL)
    state: str = Field(title="状态")
    round: int = Field(title="第几次公示")
    objections: int = Field(title="异议数")
    open_objections: int = Field(title="未处理的异议数")
    suggestions: int = Field(title="意见建议数")
    answers: Annotated[tuple[Any, ...], _shown("answers")] = Field(title="已处理的异议及答复")
    position: int = Field(title="日志位置")


async def notice_on_board(source: Source, notice: str) -> Row:
    """A notice as the board has it once it has taken in what is in the log now: what everybody sees, where it comes
    from (`source`, `step`), and its `pending` objections; NOT_FOUND.
    """
    async with ledgers_at_head(source, notice_board.PROJECTION.name) as (connection, _):
        row = await notice_board.notice_row(connection, source.county, source.calendar, notice)
    if row is None:
        raise refuse("NOT_FOUND", what=notice)
    return row
