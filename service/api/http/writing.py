"""The common ground of all writes over HTTP: idempotency key, expected version, business date, decision, answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Final, Generic, TypeVar, cast

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from domain.aggregate import DomainAggregate
from domain.bounds import NotAfter, NotBefore, hold_form
from domain.classification import UNIT
from domain.occasion import Occasion
from domain.organization.division import Division
from domain.organization.organization import Organization
from domain.refusals import Refusal, refuse
from domain.values import BusinessDate, Name, NamedProcedure, PolicyOverrideCode, Value
from service.api.http.intake import admitted
from service.api.http.reading import (
    ACTION,
    Endpoint,
    Read,
    action_of,
    context_of,
    described,
    named,
    route_model,
)
from service.api.http.sealed_bodies import sealing
from service.commands import authorization
from service.commands.actor import Actor
from service.commands.authorization import ACTIONS, DECISIONS, Resource, authorize, may, speak_for
from service.commands.commands import CommandOutcome, Result, Work, in_twelve_digits, transact
from service.commands.companies import require_no_agent, said_to_company
from service.commands.exceptions import exceptions
from service.commands.executing import take_steps
from service.commands.history_door import require_before_regulation, through_door
from service.commands.naming import require_listed
from service.commands.parties import record_for, require_party
from service.ledgers.masking import bytes_shown_to
from service.ledgers.warnings import WarningBody
from service.log.appending import Idempotency
from service.personal.sealing import PendingKeys

_Aggregate = TypeVar("_Aggregate", bound=DomainAggregate)
_View = TypeVar("_View")


class Circumstances(Value):
    """Fields that any write may carry beside its facts."""

    occurred_on: Annotated[BusinessDate, NotBefore("start"), NotAfter("today")] | None = Field(
        default=None, title="业务日期", description="不填时取事实本身的日期或当日 / business date"
    )


class Excepting(Circumstances):
    """Fields of a write that rules of principle apply to: the county government may have granted an exception (P25)."""

    overrides: tuple[PolicyOverrideCode, ...] = Field(
        default=(),
        title="例外批准编号",
        description="县人民政府为本资产登记的例外批准 / exceptions granted for this asset",
        max_length=20,
    )


class Executing(Circumstances):
    """Fields of a write that carries out what a procedure decided on: its step is taken in the same commit."""

    procedure: NamedProcedure | None = Field(
        default=None,
        title="所执行的程序",
        description="本事实所执行的程序编号，其内容须与本事实一致，相应环节随之办结 / the procedure that this carries out",
    )


class Historical(Circumstances):
    """Fields of a write that enters imported history: what happened before the regulation, without its procedure.

    Whatever body is one passes the door of history (`through_door`) before it is decided on.
    """

    HAPPENED: ClassVar[str]
    """The body's field with the fact's own day, dotted."""
    SINCE: ClassVar[tuple[str, str, str]]
    """Code and clause of the refusal since the regulation's first day, and what is missing then."""

    provenance: Annotated[Name, UNIT] = Field(title="数据来源", description="如 村级账簿、会议记录、村级档案")

    @property
    def happened(self) -> date:
        """The fact's own day."""
        day: date = attrgetter(self.HAPPENED)(self)
        return day


class RecordedEventRef(Value):
    """Place in the log of an event of this command."""

    stream: str = Field(title="事件流")
    version: int = Field(title="版本")
    position: int = Field(title="日志位置")
    type: str = Field(title="事件类型")


class WriteAnswer(Value, Generic[_View]):
    """Answer of every write. `position` is what a reader may wait for with `min_position`."""

    id: str = Field(title="编号")
    version: int = Field(title="版本", description="即 ETag")
    resource: _View = Field(title="资源现状")
    warnings: tuple[WarningBody, ...] = Field(title="提示")
    events: tuple[RecordedEventRef, ...] = Field(title="记录的事件", description="最多列出 1000 条")
    event_count: int = Field(title="事件数")
    position: int | None = Field(default=None, title="日志位置", description="无新事件时不出现")
    recorded_at: datetime | None = Field(default=None, title="记录时间", description="无新事件时不出现")


_ETAG: Final = re.compile(r'(?:W/)?"?([0-9]{1,9})"?', re.ASCII)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)


def _header(name: str, pattern: re.Pattern[str], text: str, *, required: bool) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": text,
        "schema": {
            "type": "string",
            "title": text.partition(" / ")[0],
            "pattern": f"^{pattern.pattern}$",
        },
    }


IDEMPOTENCY_KEY: Final = _header(
    "Idempotency-Key",
    _KEY,
    "写请求的幂等键，重发同一请求时不变 / one key per request, kept when it is sent again",
    required=True,
)
CORRELATION_ID: Final = _header(
    "X-Correlation-Id", _KEY, "关联编号，记入事件 / kept with the events", required=False
)
_IF_MATCH: Final = "所依据的版本（ETag） / the ETag the decision is based on"

WRITE_PROBLEMS: Final = described(
    {
        409: "违反规定 / a rule of the regulation forbids it",
        412: "版本已变化 / stale version",
        413: "请求体过大 / body too large",
        415: "请求体类型不支持 / unsupported media type",
        428: "缺少 If-Match / version required",
    }
)


def answered(status: int, model: Any) -> dict[int | str, dict[str, Any]]:
    """Declare what a write answers when it is carried out: FastAPI leaves it out where a route makes its own response."""
    return {status: {"description": "已办理 / carried out", "model": model}}


def post(
    router: APIRouter,
    path: str,
    summary: str,
    action: str,
    shown: type[Value],
    *,
    versioned: bool | None = None,
    cls: type[DomainAggregate] | None = None,
) -> Callable[[Endpoint], Endpoint]:
    """Declare a write route: it records facts, so it is a POST, and answers 201 with the resource.

    `versioned`: whether it has to name the version that it rests on; None where it rests on none (`create`, `act`).
    Its body is sealed before it; `cls`: of the aggregate that its path names.
    """
    if_match = [] if versioned is None else [_header("If-Match", _ETAG, _IF_MATCH, required=versioned)]
    answer = named(WriteAnswer[shown], shown, "View", "Answer")  # type: ignore[valid-type]  # made at run time
    declare = router.post(
        path,
        summary=summary,
        status_code=201,
        response_model=answer,
        response_class=Response,
        responses={
            **answered(201, answer),
            200: {"description": "没有可记录的新事实 / nothing new to record", "model": answer},
            **WRITE_PROBLEMS,
        },
        openapi_extra={
            ACTION: action,
            "parameters": [IDEMPOTENCY_KEY, CORRELATION_ID, *if_match],
        },
    )

    def declared(endpoint: Endpoint) -> Endpoint:
        return cast("Endpoint", declare(sealing(endpoint, cls)))

    return declared


Scope = Callable[[_Aggregate, "Write"], Resource | Awaitable[Resource]]
"""Where an aggregate lies and whose it is, for authorisation; some have to ask for the unit they are about."""

Party = Callable[[_Aggregate], Iterable[str]]
"""The units of which one acts: its contract, its income, its right."""

UseCase = Callable[[_Aggregate, Occasion, Work], Awaitable[object]]
"""A decision that needs more than one aggregate, or the ledgers."""


def nobody(_: Any) -> tuple[str, ...]:
    """What belongs to no unit."""
    return ()


async def _absent(_: Write, code: str) -> Refusal:
    return refuse("NOT_FOUND", what=code)


@dataclass(frozen=True, slots=True, eq=False)
class Kind(Generic[_Aggregate]):
    """Kind of aggregate, as its write routes share it."""

    router: APIRouter
    cls: type[_Aggregate]
    shown: type[Value]
    """Schema of the aggregate in answers."""
    view: Callable[[_Aggregate, Write], dict[str, Any]]
    scope: Scope[_Aggregate]
    versioned: bool = False
    """Whether a decision has to name the version it rests on (If-Match)."""
    absent: Callable[[Write, str], Awaitable[Refusal]] = _absent
    """The refusal of a decision on one that does not exist."""
    parties: Party[_Aggregate] = nobody
    """Whose it is: they act where the action is one of the parties (`Permission.of_parties`)."""

    def post(
        self, path: str, summary: str, action: str, *, creates: bool = False
    ) -> Callable[[Endpoint], Endpoint]:
        """Declare a write on one aggregate, or, at the path of all of them, the creation of one."""
        versioned = None if creates or path == "" else self.versioned
        cls = self.cls if path else None
        return post(self.router, path, summary, action, self.shown, versioned=versioned, cls=cls)


REPLAYED: Final = "Idempotency-Replayed"
"""Header of an answer that was given before."""

_ID_AND_VERSION: Final = re.compile(rb'\{"id":"([^"\\]*)","version":([0-9]+)')


@dataclass(frozen=True, slots=True)
class Write(Read):
    """One write request: who, with which key, on which version."""

    idempotency: Idempotency
    pending: PendingKeys | None = None
    """What the sealing of its body has to store just before the append."""

    @property
    def action(self) -> str:
        """The action the route declares."""
        return action_of(self.request)

    def mark(self, digits: int = 10) -> str:
        """Hexadecimal digits that this request has and no other: for codes the service makes."""
        key = self.idempotency
        return hashlib.sha256(f"{key.scope}\n{key.key}".encode()).hexdigest()[:digits]

    def occasion(self, body: Circumstances, on: date | None = None) -> Occasion:
        """The circumstances of the decision: the stated business date, else the fact's own, else today."""
        return self.context.occasion(self.county, body.occurred_on or on)

    async def _except(self, body: Circumstances, at: Occasion, work: Work) -> None:
        """The exceptions that the body names, for the decision: OVERRIDE_NOT_IN_FORCE, OVERRIDE_REVOKED."""
        if isinstance(body, Excepting) and body.overrides:
            at.overrides = await exceptions(work, body.overrides, at.on)

    def expected_version(self, *, required: bool) -> int | None:
        """The version in If-Match. VERSION_REQUIRED without one; VERSION_STALE when no version can look like that."""
        given = self.request.headers.get("if-match")
        if given is None:
            if required:
                raise refuse("VERSION_REQUIRED", missing=["If-Match"])
            return None
        match = _ETAG.fullmatch(given.strip())
        if match is None:
            raise refuse("VERSION_STALE", expected=given[:40])
        return int(match.group(1))

    def _rests_on_no_version(self) -> None:
        """FIELD_UNKNOWN with If-Match: who sends it must not think that it was heeded."""
        if "if-match" in self.request.headers:
            raise refuse("FIELD_UNKNOWN", field="If-Match")

    async def decide(
        self,
        kind: Kind[_Aggregate],
        aggregate_id: str,
        body: Circumstances,
        decision: Callable[[_Aggregate, Occasion], object],
        *,
        on: date | None = None,
        scope: Scope[_Aggregate] | None = None,
        unit: str | Callable[[_Aggregate], str] | None = None,
        level: str | None = None,
        party: Party[_Aggregate] | None = None,
    ) -> Response:
        """One decision on one aggregate; see `carry_out`."""

        async def use_case(aggregate: _Aggregate, at: Occasion, _: Work) -> None:
            decision(aggregate, at)

        return await self.carry_out(
            kind, aggregate_id, body, use_case, on=on, scope=scope, unit=unit, level=level, party=party
        )

    async def carry_out(
        self,
        kind: Kind[_Aggregate],
        aggregate_id: str,
        body: Circumstances,
        use_case: UseCase[_Aggregate],
        *,
        on: date | None = None,
        scope: Scope[_Aggregate] | None = None,
        unit: str | Callable[[_Aggregate], str] | None = None,
        level: str | None = None,
        party: Party[_Aggregate] | None = None,
    ) -> Response:
        """A use case that begins with one aggregate.

        The order of refusals is the same for every command: codes the body names (CODE_UNKNOWN, DATE_IN_FUTURE for the
        business date), codes of tables (CODE_UNKNOWN, or the table's own code), dates of the body that lie ahead or
        contradict one another (DATE_IN_FUTURE, DATE_ORDER), the aggregate (NOT_FOUND, VERSION_STALE), who may act
        (FORBIDDEN …), then the decision. `on`: the fact's own date, the
        business date unless the client states one. `scope`: where it lies, if not as of its kind. `unit`: the unit
        that must act itself; `level`: the unit, or the kind of units, that must. `party`: the units of which one acts here,
        itself or by who may record for it (`record_for`: FORBIDDEN, RECORDED_ON_BEHALF), if not everybody whose it is.
        """
        expected = self.expected_version(required=kind.versioned)

        async def work_on(work: Work) -> Result:
            at = await self._circumstances(work, body, on)
            aggregate = await self._found(kind, work, aggregate_id, expected)
            speaker = unit(aggregate) if callable(unit) else unit
            if speaker is not None and self.actor.organization in await work.carried_on(
                Organization, speaker, at.today
            ):
                speaker = self.actor.organization
            await self._speak_for(speaker, level)
            await self._may(aggregate, scope or self._said_by(speaker) or kind.scope, work, at)
            await self._except(body, at, work)
            await self._let_in(body, at)
            whose = tuple(kind.parties(aggregate)) if ACTIONS[self.action].of_parties else ()
            exactly = whose if party is None else tuple(party(aggregate))
            if whose:
                await require_party(work, tuple(dict.fromkeys((*whose, *exactly))), at)
            if self.action in DECISIONS:
                await require_no_agent(work, exactly, at)
            stranger = await record_for(work, exactly, at)
            await use_case(aggregate, at, work)
            if stranger is not None:
                raise stranger
            if isinstance(body, Executing) and body.procedure is not None:
                await take_steps(work, aggregate, body.procedure)
            await work.settle()
            work.note(at)
            return Result(aggregate.id, aggregate.version, kind.view(aggregate, self))

        return await self.run(work_on)

    async def create(
        self,
        kind: Kind[_Aggregate],
        body: Circumstances,
        make: Callable[[Occasion, Work], _Aggregate | Awaitable[_Aggregate]],
        *,
        scope: Resource | Callable[[], Awaitable[Resource]],
        on: date | None = None,
        unit: str | None = None,
        party: str | None = None,
    ) -> Response:
        """A new aggregate; ALREADY_EXISTS when its code is taken. `scope`: where it will lie; `party`: whose act it is.

        Order as `carry_out`.

        The answer says where it is read (Location), when it is made at the path of all of its kind.
        """
        self._rests_on_no_version()

        async def work_on(work: Work) -> Result:
            at = await self._circumstances(work, body, on)
            await self._speak_for(unit)
            place = scope if isinstance(scope, Resource) else await scope()
            authorize(self.actor, self.action, place)
            await self._let_in(body, at)
            if party is not None:
                await require_party(work, (party,), at)
                await record_for(work, (party,), at)
            made = make(at, work)
            aggregate = made if isinstance(made, DomainAggregate) else await made
            work.add(aggregate)
            await work.settle()
            work.note(at)
            return Result(aggregate.id, aggregate.version, kind.view(aggregate, self))

        answer = await self.run(work_on)
        made = _ID_AND_VERSION.match(answer.body)
        if made is not None and answer.status_code == 201 and self.request.url.path == kind.router.prefix:
            answer.headers["Location"] = f"{kind.router.prefix}/{made.group(1).decode()}"
        return answer

    async def act(
        self,
        body: Circumstances,
        command: Callable[[Occasion, Work], Awaitable[Result]],
        *,
        on: date | None = None,
        unit: str | None = None,
        versioned: bool = False,
    ) -> Response:
        """A command on several aggregates, which says itself what it answers and who may act on each. Order as `carry_out`.

        `versioned`: it heeds `expected_version` itself.
        """
        if not versioned:
            self._rests_on_no_version()

        async def work_on(work: Work) -> Result:
            at = await self._circumstances(work, body, on)
            await self._speak_for(unit)
            await self._let_in(body, at)
            result = await command(at, work)
            await work.settle()
            work.note(at)
            return result

        return await self.run(work_on)

    async def _circumstances(self, work: Work, body: Circumstances, on: date | None) -> Occasion:
        """The circumstances of the decision, once the codes of the body are known: in the log and in the tables of the day."""
        await work.require_named(body)
        at = self.occasion(body, on)
        work.on = self.request.state.day = at.on
        at.noting = work.noting
        require_listed(body, at.rules)
        await work.require_existing(body, at)
        hold_form(body, at)
        return at

    async def _let_in(self, body: Circumstances, at: Occasion) -> None:
        """Imported history passes its door, or the refusal of what it says it is not."""
        if isinstance(body, Historical):
            code, clause, missing = body.SINCE
            require_before_regulation(body.happened, at.refusal(code, clause=clause, missing=[missing]), at)
            await through_door(self.context, self.actor, body.provenance, at)

    async def run(self, decide: Callable[[Work], Awaitable[Result]]) -> Response:
        """Carry a command out and answer: what the other ways end in, and what the public says."""
        outcome = await transact(
            self.context,
            self.actor,
            decide,
            idempotency=self.idempotency,
            correlation_id=self._correlation(),
            before=None if self.pending is None else self.pending.keep,
        )
        return self._response(outcome)

    async def _found(self, kind: Kind[_Aggregate], work: Work, code: str, expected: int | None) -> _Aggregate:
        try:
            return await work.get(kind.cls, code, expected)
        except Refusal as refusal:
            if refusal.code != "NOT_FOUND":
                raise
            raise await kind.absent(self, code) from refusal

    def _said_by(self, speaker: str | None) -> Scope[Any] | None:
        """What only a unit itself says or does is the business of the unit that is named, wherever its subject lies."""
        if speaker is None or ACTIONS[self.action].scope is not authorization.Scope.UNIT:
            return None
        return lambda _it, _write: Resource(organizations=(speaker,))

    async def _speak_for(self, unit: str | None, level: str | None = None) -> None:
        """Whoever acts is of the unit that has to act itself. FORBIDDEN; AGENT_NO_APPROVAL_RIGHT for who keeps its books."""
        try:
            speak_for(self.actor, unit, level)
        except Refusal as refusal:
            units = () if unit is None else (unit,)
            told = await said_to_company(self.context, self.actor, refusal, action=self.action, units=units)
            raise told from None

    async def _may(self, aggregate: _Aggregate, scope: Scope[_Aggregate], work: Work, at: Occasion) -> None:
        """Who may act where it lies and for whose it is; for what has ended, who stands in its place today."""
        place = scope(aggregate, self)
        place = place if isinstance(place, Resource) else await place
        try:
            authorize(self.actor, self.action, place)
        except Refusal as refusal:
            if refusal.code != "FORBIDDEN_JURISDICTION":
                raise
            after = Resource(
                divisions=tuple(
                    [
                        one
                        for code in place.divisions
                        for one in await work.carried_on(Division, in_twelve_digits(code), at.today)
                    ]
                ),
                organizations=tuple(
                    [
                        one
                        for code in place.organizations
                        for one in await work.carried_on(Organization, code, at.today)
                    ]
                ),
            )
            if not may(self.actor, self.action, after):
                raise await said_to_company(
                    self.context, self.actor, refusal, action=self.action, units=place.organizations
                ) from None

    def _correlation(self) -> str | None:
        given = self.request.headers.get("x-correlation-id")
        if given is not None and not _KEY.fullmatch(given):
            raise refuse("FIELD_INVALID", field="X-Correlation-Id", value=given[:40])
        return given

    def _response(self, outcome: CommandOutcome) -> Response:
        headers = {}
        if outcome.receipt is not None:
            headers["Taizhang-Position"] = str(outcome.receipt.last_position)
            if outcome.receipt.replayed:
                headers[REPLAYED] = "true"
        if (made := _ID_AND_VERSION.match(outcome.body)) is not None:
            headers["ETag"] = f'"{made.group(2).decode()}"'
        return Response(
            bytes_shown_to(self.sees, outcome.body, route_model(self.request)),
            status_code=200 if outcome.receipt is None else 201,
            media_type="application/json",
            headers=headers,
        )


async def write_of(request: Request) -> Write:
    """Dependency of every write route. The order of refusals: credential, role, the body's form, key, the content."""
    actor = admitted(request)
    return Write(request, context_of(request), actor, idempotency_of(request, actor, await request.body()))


def idempotency_of(request: Request, actor: Actor, body: bytes) -> Idempotency:
    """The request as the log tells it from others: sender, key, content. IDEMPOTENCY_KEY_REQUIRED, …_MALFORMED."""
    key = request.headers.get("idempotency-key")
    if key is None:
        raise refuse("IDEMPOTENCY_KEY_REQUIRED", missing=["Idempotency-Key"])
    if not _KEY.fullmatch(key):
        raise refuse("IDEMPOTENCY_KEY_MALFORMED")
    target = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return Idempotency(scope=actor.id, key=key, body_sha256=hashlib.sha256(target + body).digest())


Writing = Annotated[Write, Depends(write_of)]
