"""The HTTP application: what it is made of, and how it starts and stops."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp

from domain.refusals import Refusal, refuse
from domain.regulation import Regulation, RegulationInvalid
from service.algorithms.chosen import ChosenAlgorithms
from service.api.http.description import describe, operation_id
from service.api.http.docs import serve_docs
from service.api.http.door import FrontDoor
from service.api.http.intake import Admission, Bodies, HeadAsGet
from service.api.http.public import Asking, Hearing
from service.api.http.spool import Spools
from service.api.http.wrong_keys import WrongKeys
from service.api.routers import ROUTERS
from service.api.webhooks.announced import announced
from service.audit.work import KIND as PACK, pack_work
from service.clock import ClockWatch, utc_now
from service.commands.commands import CommandContext, StaleVersion
from service.commands.credentials import Credentials
from service.commands.operations import Operations
from service.commands.policy_data import not_served
from service.commands.problems import from_log_error, from_pydantic, from_validation, problem_response
from service.database.bulkheads import share_of
from service.database.schema import SchemaWatch
from service.database.trouble import LOST, OUTAGE, TOO_SLOW
from service.identity.identities import identities_of
from service.identity.oidc.provider import Provider
from service.inventory.work import work_kinds
from service.ledgers.clearing_up import KeptFor, clearing_up
from service.ledgers.moments import Moments
from service.ledgers.projector import Projector
from service.log.appending import LogError
from service.log.checkpoints import Checkpoints
from service.log.event_store import EventStore
from service.log.readings import Readings
from service.paper.archive import PaperArchive, PaperBounds
from service.paper.beside_packs import PacksPapers
from service.paper.forgetting import forget_papers
from service.paper.keeping import looked_after
from service.paper.places import PaperPlace
from service.personal.ciphers import AES256GCM
from service.personal.erasure import Erasure
from service.personal.keys import USE as PERSONAL, PersonKeys
from service.personal.masks import Masks
from service.personal.readings import PlainReadings
from service.personal.sealing import Sealer
from service.revitalisation.detection import detection_work
from service.sealing_keys import SealingKeys
from service.shares import Share
from service.version import installed_version
from service.webhooks.dialling import Dialler
from service.webhooks.running import REPLAY, sending, webhooks_of

log = structlog.get_logger(__name__)

BUSY_SECONDS: Final = 2
"""When somebody who waited in vain for a connection or a statement is told to come again."""

DESCRIPTION = """县级扶贫资产台账服务，一个服务可管多个县。每一次写入记录一个事实，事实只增不改；台账由事件生成。

每个拒绝都给出代码、条款、本县条文及其原文、缺少的内容（RFC 9457）。金额为以元为单位、两位小数的字符串。
写请求必须带 `Idempotency-Key`（默认记 30 天）；修改资产必须带 `If-Match`。拒绝的语言由 `Accept-Language` 选择（中文或 English）。
每个应答都带 `Cache-Control: no-store`、`X-Content-Type-Options: nosniff`、`Referrer-Policy: no-referrer`。
"""


@dataclass(slots=True)
class ServiceParts:
    """Parts of the service that the application runs on. Made once per process by whoever starts it."""

    pool: asyncpg.Pool
    regulations: dict[str, Regulation]
    invalid: dict[str, RegulationInvalid] = field(default_factory=dict)
    """Counties whose data cannot be used: they are refused, the others are served."""
    clock: Callable[[], datetime] = field(default=utc_now)
    watch: ClockWatch | None = None
    """Refuses to record by a clock that jumped; None: the clock is believed."""
    keys: Path | None = None
    """Folder of the keys that sign checkpoints and webhooks; without one nothing is signed or sent."""
    masters: Path | None = None
    """Folder of the master keys of personal data; without one none are taken in."""
    sealing: str = AES256GCM
    """How personal data are sealed from now on."""
    algorithms: ChosenAlgorithms = field(default_factory=ChosenAlgorithms)
    """What the settings say of digests and signatures, by county."""
    dialler: Dialler = field(default_factory=Dialler)
    """How webhooks reach their subscribers."""
    provider: Provider | None = None
    """Where people sign in who are not known by a local account; None: nowhere."""
    separate_administrators: bool = False
    """Whether one person may not be two of the three administrators."""
    papers: PaperPlace | None = None
    """Where papers are kept; without a place, or without a folder of master keys, none are."""
    paper_bounds: PaperBounds = field(default_factory=PaperBounds)
    kept_for: KeptFor = field(default_factory=KeptFor)
    """How long replaced ledgers and idempotency keys are kept."""


def create_app(parts: ServiceParts | None = None) -> FastAPI:
    """The application. Without parts it can describe itself (OpenAPI) but not answer."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if parts is None:
            msg = "this application was made to describe itself, not to run"
            raise RuntimeError(msg)
        async with EventStore(
            parts.pool, clock=parts.clock, watch=parts.watch, algorithms=parts.algorithms
        ) as store:
            app.state.context = CommandContext(store=store, regulations=parts.regulations, clock=parts.clock)
            for county, invalid in parts.invalid.items():
                app.state.context.in_force.stop(county, not_served(county, invalid.faults))
            app.state.credentials = Credentials(share_of(parts.pool, Share.CREDENTIALS))
            app.state.identities = identities_of(
                app.state.context,
                share_of(parts.pool, Share.CREDENTIALS),
                app.state.credentials,
                parts.keys,
                provider=parts.provider,
                separate_administrators=parts.separate_administrators,
            )
            app.state.pool = parts.pool
            app.state.readings = Readings(share_of(parts.pool, Share.CREDENTIALS))
            keys = (
                None
                if parts.masters is None
                else PersonKeys(parts.pool, SealingKeys(parts.masters, PERSONAL))
            )
            app.state.sealer = None if keys is None else Sealer(keys, parts.sealing)
            app.state.masks = Masks(keys)
            app.state.personal_readings = (
                None if keys is None else PlainReadings(keys, app.state.context, app.state.readings)
            )
            app.state.streams = {}
            app.state.watch = parts.watch
            app.state.schema = SchemaWatch(parts.pool)
            app.state.checkpoints = (
                None
                if parts.keys is None
                else Checkpoints(parts.pool, parts.keys, parts.clock, parts.algorithms)
            )
            app.state.archive = (
                None
                if parts.papers is None or parts.masters is None
                else PaperArchive(
                    share_of(parts.pool, Share.PAPERS),
                    parts.papers,
                    parts.masters,
                    parts.clock,
                    parts.paper_bounds,
                    parts.sealing,
                )
            )
            app.state.erasure = (
                None
                if keys is None
                else Erasure(
                    keys,
                    app.state.context,
                    None if app.state.archive is None else partial(forget_papers, app.state.archive),
                )
            )
            projector = Projector(parts.pool, store)
            moments = app.state.moments = Moments(parts.pool, store)
            async with projector, aclosing(moments):
                app.state.projector = projector
                kinds = work_kinds(app.state.context, parts.pool, projector)
                kinds |= detection_work(app.state.context)
                beside = (
                    None
                    if app.state.archive is None
                    else PacksPapers(app.state.archive, projector, moments).put_beside
                )
                kinds |= {PACK: pack_work(app.state.context, app.state.checkpoints, beside)}
                webhooks = app.state.webhooks = webhooks_of(
                    app.state.context, parts.pool, parts.keys, parts.dialler
                )
                if webhooks is not None:
                    kinds |= {REPLAY: webhooks.replay}
                wording = app.state.context.in_force.wording
                async with (
                    Operations(parts.pool, kinds, wording=wording) as operations,
                    sending(webhooks),
                    looked_after(app.state.archive, list(parts.regulations)),
                    clearing_up(share_of(parts.pool, Share.WORK), parts.kept_for),
                ):
                    app.state.operations = operations
                    yield

    app = _Application(
        title="Taizhang 台账",
        version=installed_version(),
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "http://127.0.0.1:8080", "description": "本机 / this machine, by default"}],
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        separate_input_output_schemas=False,
        webhooks=announced,
        exception_handlers=_HANDLERS,
    )
    for router in ROUTERS:
        app.include_router(router)
    serve_docs(app)
    app.state.bodies = Bodies()
    app.state.admission = Admission()
    app.state.spools = Spools()
    app.state.hearing = Hearing()
    app.state.asking = Asking()
    app.state.wrong_keys = WrongKeys()
    app.state.wrong_sign_ins = WrongKeys(at_once=20)
    app.state.beginnings = WrongKeys(at_once=20)
    app.add_middleware(HeadAsGet)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's own way to replace it
    return app


class _Application(FastAPI):
    """FastAPI behind the front door, which stands outside its error handlers too."""

    def build_middleware_stack(self) -> ASGIApp:
        """Everything that FastAPI puts around its routes, and the door around that."""
        return FrontDoor(super().build_middleware_stack())


async def _refused(request: Request, error: Refusal) -> Response:
    return problem_response(request, error)


async def _stale(request: Request, error: StaleVersion) -> Response:
    return problem_response(request, refuse("VERSION_STALE", expected=error.expected, actual=error.actual))


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    refusal, errors = from_validation(error.errors())
    return problem_response(request, refusal, errors=errors)


async def _invalid_inside(request: Request, error: ValidationError) -> Response:
    refusal, errors = from_pydantic(error)
    return problem_response(request, refusal, errors=errors)


async def _not_stored(request: Request, error: LogError) -> Response:
    return problem_response(request, from_log_error(error))


async def _unrouted(request: Request, error: HTTPException) -> Response:
    if error.status_code != 405:
        return problem_response(request, refuse("NOT_FOUND", what=request.url.path))
    allowed = {"Allow": ", ".join(_methods_of(request.url.path))}
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=allowed)
    return problem_response(request, refuse("METHOD_NOT_ALLOWED", method=request.method), allowed)


async def _disconnected(request: Request, error: Exception) -> Response:
    route = request.scope.get("route")
    OUTAGE.met(getattr(route, "path", "a request"), error)
    return problem_response(request, refuse("DATABASE_UNAVAILABLE"))


async def _too_slow(request: Request, error: Exception) -> Response:
    log.warning("waited_too_long", path=request.url.path, error=repr(error))
    return problem_response(request, refuse("SERVICE_BUSY", seconds=BUSY_SECONDS))


async def _unexpected(request: Request, error: Exception) -> Response:
    incident = uuid.uuid4().hex[:12]
    log.error("unexpected_error", incident=incident, path=request.url.path, exc_info=error)
    return problem_response(request, refuse("INTERNAL", incident=incident))


async def _client_left(_request: Request, _error: ClientDisconnect) -> Response:
    return Response(status_code=400)  # nobody is there to read it


_HANDLERS: Final[dict[Any, Any]] = {
    Refusal: _refused,
    StaleVersion: _stale,
    RequestValidationError: _invalid,
    ValidationError: _invalid_inside,
    LogError: _not_stored,
    HTTPException: _unrouted,
    ClientDisconnect: _client_left,
    **dict.fromkeys(LOST, _disconnected),
    **dict.fromkeys(TOO_SLOW, _too_slow),
    Exception: _unexpected,
}


def _methods_of(path: str) -> list[str]:
    """The methods that routes of this path answer. GET answers HEAD too."""
    methods = {"OPTIONS"}
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.methods and route.path_regex.match(path):
                methods |= route.methods
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))
