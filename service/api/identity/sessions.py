"""Signing in and out over HTTP: a session's token is used like a key's, and ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Final, cast

from fastapi import APIRouter, Request, Response
from pydantic import Field, SecretStr

from domain.organization.organization import Organization
from domain.refusals import Refusal
from domain.values import Code, Value
from service.api.http.addresses import sender_of
from service.api.http.intake import JSON, IntakeRoute, let_in
from service.api.http.public import COUNTY_PARAMETER, PublicReading, public_of
from service.api.http.reading import ACTION, READ_PROBLEMS, Read, Reading, get, routes, token_of
from service.api.http.wrong_keys import WrongKeys
from service.commands.actor import Actor
from service.identity.identities import Identities
from service.identity.officials import LoginAttempt
from service.identity.sessions import IDLE, Session, Way

MAX_SIGN_IN_BYTES: Final = 2_048

Login = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$", title="登录名")]
"""A login: three to thirty-two letters, figures, dots, hyphens; capitals count as small letters."""
Password = Annotated[SecretStr, Field(min_length=1, max_length=128, title="密码")]


class SignInRoute(IntakeRoute):
    """A route of somebody who is not known yet, in the county asked for."""

    LIMITS: ClassVar[Mapping[str, int]] = {JSON: MAX_SIGN_IN_BYTES}

    async def find(self, request: Request) -> None:
        """Find the county before the body is read; the codes of `county_of`."""
        let_in(request, await public_of(request))


door = APIRouter(
    prefix="/v1/sessions", tags=["identity 身份"], route_class=SignInRoute, responses=READ_PROBLEMS
)
router = routes("/v1/sessions", "identity 身份")


class OpenSession(Value):
    """Login, password and second factor."""

    login: Login
    password: Password
    code: str = Field(
        title="动态口令", pattern=r"^[0-9]{6}$", description="身份验证器显示的 6 位数字，每个只能用一次"
    )
    new_password: Password | None = Field(
        default=None,
        title="新密码",
        description="初始密码须在首次登录时更改：至少 12 个字符 / at the first sign-in",
    )
    organization: Code | None = Field(default=None, title="代表的单位", description="只有一个单位时可不填")


class UnitBody(Value):
    """A unit that the person may act for, with what was granted."""

    organization: str = Field(title="单位")
    organization_name: str = Field(title="单位名称")
    organization_kind: str = Field(title="单位类型")
    roles: tuple[str, ...] = Field(title="角色")
    divisions: tuple[str, ...] = Field(title="区划范围")


class SessionBody(Value):
    """A session: who, for which unit, how long."""

    session: str = Field(title="会话编号")
    person: str = Field(title="人员")
    way: Way = Field(title="登录方式", description="PASSWORD 本地登录 / PROVIDER 统一身份认证")
    acting_for: UnitBody = Field(title="当前身份")
    units: tuple[UnitBody, ...] = Field(title="可选身份")
    began_at: datetime = Field(title="登录时间")
    ends_at: datetime = Field(title="最迟结束时间")
    idle_minutes: int = Field(title="无操作后结束", description="分钟")


class BegunSession(SessionBody):
    """A new session. `token` is shown this once; it is sent as `Authorization: Bearer …`."""

    token: str = Field(title="会话密钥", description="只显示这一次")


class ActFor(Value):
    """Another unit to act for."""

    organization: Code = Field(title="代表的单位")


class SessionRow(Value):
    """Somebody who is signed in."""

    session: str = Field(title="会话编号")
    person: str = Field(title="人员")
    organization: str = Field(title="单位")
    way: str = Field(title="登录方式")
    address: str = Field(title="登录地址")
    began_at: datetime = Field(title="登录时间")
    used_at: datetime = Field(title="最近使用时间")
    ends_at: datetime = Field(title="最迟结束时间")


def identities(request: Request) -> Identities:
    """The identities of the service that answers this request."""
    return cast("Identities", request.app.state.identities)


@door.post(
    "",
    summary="登录",
    status_code=201,
    response_model=BegunSession,
    openapi_extra={"parameters": [COUNTY_PARAMETER], "security": []},
)
async def open_session(body: OpenSession, read: PublicReading) -> BegunSession:
    """Begin a session by login, password and second factor; for the unit asked for, or the only one there is.

    LOGIN_INCORRECT for anything wrong in the three, without saying what; SIGN_IN_LOCKED after five failures from an
    address (fifty from anywhere) within a quarter of an hour; TOO_MANY_REQUESTS for an address that fails on and on; PASSWORD_CHANGE_REQUIRED and PASSWORD_WEAK at the first
    sign-in; GRANT_MISSING, GRANT_SUSPENDED and UNIT_REQUIRED when it is not clear whom to act for.
    """
    known, now = identities(read.request), read.context.clock()
    given = LoginAttempt(
        body.login,
        body.password.get_secret_value(),
        body.code,
        None if body.new_password is None else body.new_password.get_secret_value(),
    )
    address = sender_of(read.request.scope)
    wrong: WrongKeys = read.request.app.state.wrong_sign_ins
    wrong.must_be_near(address)
    try:
        person = await known.officials.admit(read.county, given, address, now)
    except Refusal as refusal:
        if refusal.code == "LOGIN_INCORRECT":
            await wrong.wait_for_turn(address)
        raise
    return await begin(read, person, body.organization, "PASSWORD")


async def begin(read: Read, person: str, organization: str | None, way: Way) -> BegunSession:
    """A session for somebody who was let in; the codes of `Standing.only`."""
    known, now = identities(read.request), read.context.clock()
    unit = await known.standing.only(read.county, person, organization, now)
    session, token = await known.sessions.begin(
        read.county, person, unit, way=way, address=sender_of(read.request.scope), now=now
    )
    return BegunSession(token=token, **await _shown(read, session, now))


@get(router, "/current", "当前会话", "session.own", response_model=SessionBody)
async def show_session(read: Reading) -> SessionBody:
    """Who is signed in here, for which unit, and for which others that could be. SESSION_REQUIRED for a key."""
    now = read.context.clock()
    session = await identities(read.request).session_of(token_of(read.request), now)
    return SessionBody(**await _shown(read, session, now))


@router.put(
    "/current/organization",
    summary="改为代表另一单位",
    response_model=SessionBody,
    openapi_extra={ACTION: "session.own"},
)
async def act_for(body: ActFor, read: Reading) -> SessionBody:
    """Act for another of one's units. GRANT_MISSING, GRANT_SUSPENDED; SESSION_REQUIRED for a key."""
    known, now = identities(read.request), read.context.clock()
    session = await known.session_of(token_of(read.request), now)
    await known.sessions.act_for(session, body.organization, now)
    return SessionBody(**await _shown(read, await known.session_of(token_of(read.request), now), now))


@router.delete("/current", summary="退出登录", status_code=204, openapi_extra={ACTION: "session.own"})
async def sign_out(read: Reading) -> Response:
    """End the session: here at once, in other processes within five seconds. SESSION_REQUIRED for a key."""
    known, now = identities(read.request), read.context.clock()
    await known.sessions.end(await known.session_of(token_of(read.request), now), now)
    return Response(status_code=204)


@get(router, "", "在线会话", "access.read", response_model=tuple[SessionRow, ...])
async def list_sessions(read: Reading) -> tuple[SessionRow, ...]:
    """Everybody who is signed in, in the order they came."""
    rows = await identities(read.request).sessions.of_county(read.county, read.context.clock())
    return tuple(SessionRow.model_validate(row) for row in rows)


async def _shown(read: Read, session: Session, now: datetime) -> dict[str, object]:
    units = [
        await _unit(read, actor)
        for actor in await identities(read.request).standing.units(session.county, session.person, now)
    ]
    return {
        "session": session.session,
        "person": session.person,
        "way": session.way,
        "acting_for": next(one for one in units if one.organization == session.organization),
        "units": tuple(units),
        "began_at": session.began_at,
        "ends_at": session.ends_at,
        "idle_minutes": int(IDLE.total_seconds()) // 60,
    }


async def _unit(read: Read, actor: Actor) -> UnitBody:
    unit = await read.context.load(Organization, actor.county, actor.organization)
    return UnitBody(
        organization=actor.organization,
        organization_name=actor.organization if unit is None else unit.card.name,
        organization_kind=actor.organization_kind,
        roles=tuple(sorted(actor.roles)),
        divisions=actor.divisions,
    )
