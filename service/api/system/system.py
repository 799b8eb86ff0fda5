"""Health and self-description: what a load balancer, an operator and a monitor ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import Field

from domain.values import Value
from service.api.http.answers import headers
from service.api.http.intake import IntakeRoute
from service.api.http.reading import READ_PROBLEMS, Reading, context_of, get, routes
from service.clock import MOST_BEHIND_SECONDS, ClockWatch, utc_now
from service.database.bulkheads import shares_of
from service.database.migrate import head
from service.database.schema import remedy
from service.database.trouble import TROUBLE
from service.log.readiness import last_recorded, look_at
from service.metrics import MEDIA_TYPE, exposition
from service.version import installed_version

router = APIRouter(
    tags=["system 运行"],
    route_class=IntakeRoute,
    responses={status: READ_PROBLEMS[status] for status in (400, 408, 422, 431, 500, 503)},
)
guarded = routes("", "system 运行")
"""What an operator's key may ask."""


class PoisonedBy(Value):
    """Event at which a ledger is halted; it is never skipped."""

    position: int = Field(title="日志位置")
    type: str | None = Field(title="事件类型", description="无法读出时为空")
    reason: str = Field(title="原因")


class ProjectionHealth(Value):
    """State of a ledger: its checkpoint against the committed head."""

    county: str = Field(title="县代码")
    projection: str = Field(title="台账")
    title: str = Field(title="台账名称")
    head: int = Field(title="日志末位置")
    position: int = Field(title="台账所到位置")
    behind: int = Field(title="落后条数")
    state: Literal["RUNNING", "HALTED", "OUTDATED", "MISSING"] = Field(title="台账更新状态")
    healthy: bool = Field(title="是否正常")
    error: PoisonedBy | None = Field(title="停止原因")
    holder: str | None = Field(title="由哪个进程更新")
    leased: bool = Field(title="是否有进程在更新")
    events_per_second: float = Field(title="每秒事件数")


class MigrationsCheck(Value):
    """The schema's revision in the database, and the one this version expects."""

    found: str | None = Field(title="数据库结构版本")
    expected: str = Field(title="应有的结构版本")


class SchemaCheck(Value):
    """Check of the database's tables against those that this version expects."""

    differences: tuple[str, ...] = Field(title="结构差异")
    remedy: str | None = Field(title="处理办法")


class ClockCheck(Value):
    """Check of the clock: whether it can be recorded by."""

    jumped: bool = Field(title="时钟是否跳变")
    gained_seconds: float = Field(title="时钟多走的秒数")
    behind_log_seconds: dict[str, int] = Field(title="时钟落后日志的秒数", description="按县")


class CountyCheck(Value):
    """Check of a county: whether it is served, and why not."""

    county: str = Field(title="县代码")
    served: bool = Field(title="是否提供服务")
    problem: str | None = Field(title="不提供服务的原因")


class ReadinessChecks(Value):
    """Checks behind a readiness; what could not be asked of the database is left out."""

    database: str = Field(title="数据库连接")
    migrations: MigrationsCheck | None = Field(default=None, title="迁移")
    tables: SchemaCheck | None = Field(default=None, title="数据表结构", alias="schema")
    projections: tuple[ProjectionHealth, ...] | None = Field(default=None, title="各台账更新情况")
    clock: ClockCheck | None = Field(default=None, title="时钟")
    counties: tuple[CountyCheck, ...] = Field(title="各县服务情况")


class Readiness(Value):
    """Readiness: whether requests are to be sent here; `degraded`: yes, and an operator is to look."""

    status: Literal["ok", "degraded", "unavailable"] = Field(title="就绪状态")
    version: str = Field(title="软件版本")
    checks: ReadinessChecks = Field(title="检查项")


def clock_check(watch: ClockWatch | None, recorded: Mapping[str, datetime]) -> dict[str, Any]:
    """Whether the clock jumped ahead since the service started (nothing is recorded then), and by how many seconds the
    log's last moments lie ahead of it.
    """
    now = utc_now()
    behind = {county: (moment - now).total_seconds() for county, moment in recorded.items()}
    return {
        "jumped": watch is not None and watch.jumped,
        "gainedSeconds": 0 if watch is None else round(watch.gained, 3),
        "behindLogSeconds": {
            county: round(one) for county, one in behind.items() if one > MOST_BEHIND_SECONDS
        },
    }


@router.get("/health/live", summary="存活")
async def check_liveness() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@get(
    guarded,
    "/metrics",
    "运行指标",
    "event.read",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus 文本格式 / text format",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
)
async def read_metrics(read: Reading) -> Response:
    """What the service has counted since it started, for Prometheus; docs/operations.md lists it."""
    state = read.request.app.state
    clock = clock_check(state.watch, await last_recorded(read.pool, read.county))
    ledgers = [one for one in await read.projector.health() if one["county"] == read.county]
    return Response(exposition(ledgers, clock, shares_of(read.pool)), media_type=MEDIA_TYPE)


@router.get(
    "/health/ready",
    summary="就绪",
    response_model=Readiness,
    response_class=Response,
    responses={
        200: {"description": "就绪 / ready", "model": Readiness},
        403: READ_PROBLEMS[403],
        503: {
            "description": "未就绪 / not ready",
            "model": Readiness,
            "content": READ_PROBLEMS[503]["content"],
            **headers("Content-Language", "Retry-After", "Vary"),
        },
    },
)
async def check_readiness(request: Request) -> Response:
    """Database reachable, its tables as this version expects them, every projection's checkpoint near the committed head
    and none halted.

    A county whose policy data cannot be used is named and not served; the service is ready for the others (`degraded`).
    """
    checks: dict[str, Any] = {}
    healthy = True
    try:
        found = await look_at(request.app.state.pool)
        checks["database"] = "ok"
        checks["migrations"] = {"found": found.revision, "expected": head()}
        differing = await request.app.state.schema.differences() if found.revision == head() else []
        checks["schema"] = {"differences": [str(one) for one in differing], "remedy": remedy(differing)}
        healthy = found.revision == head() and not differing
        checks["projections"] = await request.app.state.projector.health()
        healthy = healthy and all(one["healthy"] for one in checks["projections"])
        watch: ClockWatch | None = request.app.state.watch
        checks["clock"] = clock_check(watch, found.recorded)
        healthy = healthy and not checks["clock"]["jumped"]
    except TROUBLE as error:
        checks["database"] = f"unreachable: {type(error).__name__}"
        healthy = False
    in_force = context_of(request).in_force
    checks["counties"] = [
        {"county": county, "served": reason is None, "problem": None if reason is None else reason.detail_zh}
        for county in in_force.counties
        for reason in (in_force.stopped.get(county),)
    ]
    late = checks.get("clock", {}).get("behindLogSeconds")
    working = "degraded" if in_force.stopped or late else "ok"
    return Response(
        orjson.dumps(
            {
                "status": working if healthy else "unavailable",
                "version": installed_version(),
                "checks": checks,
            }
        ),
        status_code=200 if healthy else 503,
        media_type="application/json",
    )
