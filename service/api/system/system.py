"""Health and self-description: what a load balancer, an operator and a monitor ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

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

router = APIRouter(tags=["system 运行"], route_class=IntakeRoute, responses={422: READ_PROBLEMS[422]})


guarded = routes("", "system 运行")
"""What an operator's key may ask."""


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


@router.get("/health/ready", summary="就绪", responses={503: {"description": "未就绪 / not ready"}})
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
