"""Readings of auditors (查阅记录, 五(四)), for the administrator who watches them (审计管理员)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, cast

from fastapi import Query, Response
from pydantic import Field

from domain.values import Code, Value
from service.api.http.reading import Reading, get, routes
from service.ledgers.parameters import Limit, Position
from service.log.readings import Readings

router = routes("/v1/readings", "identity 身份")


class ReadingBody(Value):
    """One look of an auditor at the county's data."""

    number: int = Field(title="序号", description="自 1 起，无缺号")
    at: datetime = Field(title="查阅时间")
    actor: str = Field(title="查阅者", description="密钥或会话编号")
    organization: str = Field(title="查阅单位")
    person: str | None = Field(default=None, title="查阅人")
    operation: str = Field(title="查阅的接口")
    subject: str = Field(title="查阅的对象", description="请求路径")
    query: str = Field(title="查询串", description="筛选条件，按原样")
    rows: int | None = Field(default=None, title="查阅行数", description="文件不计")


class AuditorsReadings(Value):
    """Readings in order."""

    readings: tuple[ReadingBody, ...] = Field(title="查阅记录")
    next_after: int = Field(title="下次起点")


@get(router, "", "审计查阅记录", "reading.read", response_model=AuditorsReadings)
async def read_auditors_readings(
    read: Reading,
    after: Annotated[Position, Query(title="起点", description="返回序号大于此值的记录")] = 0,
    actor: Annotated[Code | None, Query(title="查阅者")] = None,
    limit: Annotated[Limit, Query(title="条数")] = 100,
) -> Response:
    """Who read what, when, how many; recorded before the answer went out, verified by `taizhang verify`."""
    readings = cast("Readings", read.request.app.state.readings)
    found = await readings.page(read.county, after, actor, limit)
    return read.answer({"readings": found, "nextAfter": found[-1]["number"] if found else after})
