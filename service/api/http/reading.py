"""The common ground of all requests over HTTP: the credential behind it, what it may do, how a refusal is described."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, Final, Generic, Literal, TypeVar, cast

import asyncpg
import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, create_model

from domain.aggregate import DomainAggregate
from domain.classification import GUARDED, Classified
from domain.refusals import Refusal, refuse
from domain.regulation import Regulation
from domain.regulation.legal_clock import LegalClock
from domain.values import Value
from service import security_log
from service.api.http.addresses import address_of, sender_of
from service.api.http.answers import KNOWN_VERSIONS
from service.api.http.intake import IntakeRoute, admitted, let_in
from service.api.http.spool import give_up
from service.commands.actor import Actor
from service.commands.authorization import Role, authorize_role
from service.commands.commands import CommandContext
from service.commands.companies import said_to_company
from service.commands.problems import ACTOR, speak_for
from service.commands.visibility import sees
from service.identity.identities import Identities
from service.ledgers.masking import NOWHERE, Codes, shown_to
from service.ledgers.moments import Moments
from service.ledgers.projector import Projector
from service.ledgers.source import LedgerSource
from service.log.readings import NotRecorded, Reading as AuditorReading, Readings

ACTION: Final = "x-action"
"""Where a route names its action (a row of the authorisation table), also in the OpenAPI document."""
TOLD: Final = "taizhang.told"
"""Where in a request's scope stands how many rows its answer tells."""
BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
"""Media type object of an answer that is a file."""


Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_Aggregate = TypeVar("_Aggregate", bound=DomainAggregate)
_View = TypeVar("_View")


class ProblemBody(Value):
    """RFC 9457 problem: every refusal of this service."""

    type: str = Field(title="问题类型")
    title: str = Field(title="标题")
    status: int = Field(title="HTTP 状态")
    code: str = Field(title="拒绝代码")
    clause: str | None = Field(title="条款", description="各县通用的条款编号 / the same in every county")
    article: str | None = Field(title="本县条文", description="本县文件中的条文编号；没有对应条文时为空")
    quote: str | None = Field(title="条文原文", description="本县文件的原文")
    detail: str = Field(title="说明")
    missing: tuple[str, ...] = Field(title="缺少的内容")
    field: str | None = Field(
        default=None, title="出错的字段", description="请求中的字段路径，供程序使用；说明中是其中文名称"
    )
    lifted_by: str | None = Field(default=None, title="可解除的文件")
    instance: str = Field(title="请求路径")
    errors: tuple[dict[str, str], ...] = Field(default=(), title="逐项错误")
    table: str | None = Field(default=None, title="代码表地址", description="代码不在表中时：该日的代码表")


class LogReading(Value, Generic[_View]):
    """A resource read from the log itself."""

    id: str = Field(title="编号")
    version: int = Field(title="版本", description="即 ETag")
    source: Literal["log"] = Field(title="数据来源", description="直接读自日志")
    resource: _View = Field(title="资源现状")


@cache
def named(generic: type[Value], of: type[Value], ending: str, instead: str) -> type[Value]:
    """A generic schema under a name of its own: that of what it is made of, with another ending."""
    name = of.__name__.removesuffix(ending) + instead
    return create_model(name, __base__=generic, __doc__=generic.__doc__)


def from_log(view: type[Value]) -> Any:
    """The schema of a reading of a resource whose schema was made at run time: `PersonReading` of `PersonView`."""
    return named(LogReading[view], view, "View", "Reading")  # type: ignore[valid-type]  # made at run time


def list_of(row: type[Value]) -> Any:
    """The schema of a list of rows whose schema was made at run time."""
    return tuple[row, ...]  # type: ignore[valid-type]


_PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}


def described(problems: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    """Refusals by status, as OpenAPI describes them."""
    return {status: {"description": text, "content": _PROBLEM} for status, text in problems.items()}


def refused_as(status: int, text: str, model: type[ProblemBody]) -> dict[int | str, dict[str, Any]]:
    """A refusal that says more than others."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    content = {"application/problem+json": {"schema": schema}}
    return {status: {"description": text, "model": model, "content": content}}


RULED: Final = described({409: "违反规定 / a rule of the regulation forbids it"})
"""Declared by questions that a rule may forbid."""
READ_PROBLEMS: Final = described(
    {
        400: "请求不完整 / malformed request",
        401: "缺少或无效的凭证 / credential missing or invalid",
        403: "无权操作 / not allowed",
        404: "不存在 / not found",
        406: "无法按所求格式应答 / not acceptable",
        408: "请求过慢 / too slow",
        422: "内容有误 / invalid content",
        429: "过于频繁 / too many requests",
        431: "请求头过大 / head too large",
        500: "内部错误 / internal error",
        503: "暂不可用 / temporarily unavailable",
    }
)


class KnownSenderRoute(IntakeRoute):
    """A route that, where it names an action, answers only credentials whose role may do it."""

    async def admit(self, request: Request) -> None:
        """Find out who sends the request; the codes of `actor_of` and `authorize_role`."""
        if ACTION in (self.openapi_extra or {}):
            actor = await actor_of(request)
            let_in(request, actor)  # before it is judged: who is denied is known too
            try:
                authorize_role(actor, action_of(request))
            except Refusal as refusal:
                told = await said_to_company(
                    context_of(request),
                    actor,
                    refusal,
                    action=action_of(request),
                    asset=request.path_params.get("asset"),
                )
                raise told from None

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What an auditor is told is on record before it goes out (C5.4-01)."""
        answering = super().get_route_handler()

        async def handle(request: Request) -> Response:
            answer = await answering(request)
            actor: Actor | None = request.scope.get(ACTOR)
            if request.method == "GET" and actor is not None and Role.AUDITOR in actor.roles:
                try:
                    await record_reading(request, actor, request.scope.get(TOLD))
                except BaseException:
                    give_up(answer)
                    raise
            return answer

        return handle


async def record_reading(request: Request, actor: Actor, rows: int | None) -> None:
    """Put on record what an auditor is about to be told."""
    readings = cast("Readings", request.app.state.readings)
    operation = request.scope["route"].operation_id or request.scope["route"].name
    looked = AuditorReading(
        context_of(request).clock(),
        actor.id,
        actor.organization,
        actor.person,
        operation,
        request.url.path,
        request.url.query,
        rows,
    )
    try:
        await readings.record(actor.county, looked)
    except NotRecorded as error:
        raise refuse("DATABASE_UNAVAILABLE") from error


def count_told(request: Request, body: Any) -> None:
    """Note how many rows an answer tells: those of a list, or of the first list of rows in it; else it is one thing."""
    lists = (body,) if isinstance(body, list) else body.values()
    rows = next(
        (one for one in lists if isinstance(one, list | tuple) and (not one or isinstance(one[0], dict))),
        None,
    )
    request.scope[TOLD] = 1 if rows is None else len(rows)


class StreamedRoute(KnownSenderRoute):
    """A route whose endpoint reads the body itself as it comes."""

    STREAMED = True


def routes(prefix: str, tag: str, route_class: type[KnownSenderRoute] = KnownSenderRoute) -> APIRouter:
    """A router of this service: known senders, strict intake, refusals described."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=route_class, responses=READ_PROBLEMS)


def action_of(request: Request) -> str:
    """The action of the route that answers this request."""
    return str(request.scope["route"].openapi_extra[ACTION])


def route_model(request: Request) -> Any:
    """The schema of the route that answers this request."""
    return request.scope["route"].response_model


def context_of(request: Request) -> CommandContext:
    """The running service behind a request."""
    return cast("CommandContext", request.app.state.context)


def token_of(request: Request) -> str:
    """The token a request shows; CREDENTIAL_REQUIRED."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise refuse("CREDENTIAL_REQUIRED")
    return token.strip()


async def actor_of(request: Request) -> Actor:
    """Who sends the request; CREDENTIAL_REQUIRED and the codes of `identified`.

    Who belongs to a county that is not served is told why it is not (POLICY_DATA_INVALID).
    The bootstrap token opens only the creation of keys.
    """
    actor = await identified(request, token_of(request))
    speak_for(request, actor.county)
    context_of(request).in_force.require(actor.county)
    if actor.kind == "bootstrap" and action_of(request) != "key.create":
        raise refuse("FORBIDDEN", action=action_of(request))
    return actor


async def identified(request: Request, token: str) -> Actor:
    """Who has this token; the codes of `Identities.identify`.

    CREDENTIAL_INVALID comes the later the more wrong ones an address sends.
    """
    state = request.app.state
    try:
        identities = cast("Identities", state.identities)
        actor = await identities.identify(token, context_of(request).clock(), address_of(request.scope))
    except Refusal as refusal:
        if refusal.code == "CREDENTIAL_INVALID":
            await state.wrong_keys.wait_for_turn(sender_of(request.scope))
        raise
    security_log.record_sign_in(actor.id, actor.county, sender_of(request.scope))
    return actor


async def county_of(request: Request, county: str | None) -> str:
    """The county that a public question is about: the one asked for, the credential's, or the only one served here.

    COUNTY_UNKNOWN, COUNTY_REQUIRED; CREDENTIAL_INVALID, CREDENTIAL_EXPIRED for a credential that is given and is none;
    for a county that is not served, why it is not.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if county is None and scheme.lower() == "bearer" and token.strip():
        county = (await identified(request, token.strip())).county
    return county_asked(request, county)


def county_asked(request: Request, county: str | None) -> str:
    """`county_of` for whoever shows no credential."""
    in_force = context_of(request).in_force
    if county is None:
        if len(in_force.counties) > 1:
            raise refuse("COUNTY_REQUIRED", missing=["county"], counties=in_force.counties)
        county = in_force.counties[0]
    if county not in in_force.counties:
        raise refuse("COUNTY_UNKNOWN", county=county)
    speak_for(request, county)
    in_force.require(county)
    return county


@dataclass(frozen=True, slots=True)
class Read:
    """One read request: who asks, and the service to answer from. The actor's role was checked."""

    request: Request
    context: CommandContext
    actor: Actor

    @property
    def county(self) -> str:
        """The county of the credential; nothing else can be read."""
        return self.actor.county

    @property
    def pool(self) -> asyncpg.Pool:
        """Connections to the database of the ledgers."""
        return cast("asyncpg.Pool", self.request.app.state.pool)

    @property
    def projector(self) -> Projector:
        """Keeps the ledgers up to date."""
        return cast("Projector", self.request.app.state.projector)

    @property
    def moments(self) -> Moments:
        """Ledgers at past moments."""
        return cast("Moments", self.request.app.state.moments)

    @property
    def calendar(self) -> LegalClock:
        """The county's calendar, by which dates are shown."""
        return self.context.calendar(self.county)

    def sees(self, mark: Classified, codes: Codes) -> bool:
        """Whether the credential sees a value of a classification around which these codes stand."""
        return sees(self.actor, mark, codes)

    def must_be_made_for(self, ordered_by: str) -> None:
        """FORBIDDEN_PERSONAL_DATA for a file that shows what another one may see, but to those who see everything."""
        if self.actor.id != ordered_by and not all(self.sees(mark, NOWHERE) for mark in GUARDED):
            raise refuse("FORBIDDEN_PERSONAL_DATA")

    async def regulation(self) -> Regulation:
        """The county's regulation with every parameter that its log has changed by now."""
        return await self.context.in_force.catch_up(self.county)

    @property
    def today(self) -> date:
        """The county's date."""
        return self.context.today()

    async def load(self, cls: type[_Aggregate], aggregate_id: str) -> _Aggregate | None:
        """An aggregate as it is now, from the log."""
        return await self.context.load(cls, self.county, aggregate_id)

    async def reach(self, position: int, *ledgers: str) -> None:
        """Wait until the ledgers have taken in the log up to `position`; the codes of `LedgerSource.reach`."""
        await self.ledgers.reach(position, *ledgers)

    async def reach_head(self, *ledgers: str) -> int:
        """Wait until the ledgers have taken in everything that is in the log now; gives that position."""
        return await self.ledgers.reach_head(*ledgers)

    def day(self, day: date | None) -> date:
        """The day asked about, today when none was named."""
        return day or self.context.today()

    def answer(self, body: dict[str, Any] | list[dict[str, Any]], *, version: int | None = None) -> Response:
        """A JSON answer; with a version it carries an ETag, and 304 for who knows it already."""
        shown = shown_to(self.sees, body, route_model(self.request))
        count_told(self.request, shown)
        headers = {}
        if version is not None:
            headers["ETag"] = etag = f'"{version}"'
            given = self.request.headers.get("if-none-match", "")
            if len(given) > KNOWN_VERSIONS:
                raise refuse("HEAD_TOO_LARGE")
            known = given.split(",")
            if {etag, f"W/{etag}", "*"} & {one.strip() for one in known}:
                return Response(status_code=304, headers=headers)
        return Response(orjson.dumps(shown), media_type="application/json", headers=headers)

    async def aggregate(
        self, cls: type[_Aggregate], aggregate_id: str, view: Callable[[_Aggregate], dict[str, Any]]
    ) -> Response:
        """An aggregate as it is now, from the log; NOT_FOUND."""
        found = await self.context.load(cls, self.county, aggregate_id)
        if found is None:
            raise refuse("NOT_FOUND", what=aggregate_id)
        body = {"id": found.id, "version": found.version, "source": "log", "resource": view(found)}
        return self.answer(body, version=found.version)

    @property
    def ledgers(self) -> LedgerSource:
        """The county's ledgers."""
        return LedgerSource(self.county, self.context.store, self.pool, self.projector)


async def read_of(request: Request) -> Read:
    """Dependency of every read route but the public ones."""
    actor = admitted(request)
    return Read(request, context_of(request), actor)


Reading = Annotated[Read, Depends(read_of)]


def get(
    router: APIRouter,
    path: str,
    summary: str,
    action: str,
    *,
    parameters: Sequence[dict[str, Any]] = (),
    **options: Any,
) -> Callable[[Endpoint], Endpoint]:
    """Declare a read route with its action; `parameters`: headers that it reads itself, as OpenAPI describes them."""
    described = {ACTION: action} | ({"parameters": list(parameters)} if parameters else {})
    return router.get(path, summary=summary, openapi_extra=described, **options)
