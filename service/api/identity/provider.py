"""Signing in at the identity provider over HTTP: begun here, done there, finished here."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from domain.values import Code, Value
from service.api.http.addresses import sender_of
from service.api.http.public import COUNTY_PARAMETER, PublicReading
from service.api.http.reading import READ_PROBLEMS
from service.api.identity.sessions import BegunSession, SignInRoute, begin, identities
from service.identity.provided import Returned

door = APIRouter(
    prefix="/v1/sessions/provider", tags=["identity 身份"], route_class=SignInRoute, responses=READ_PROBLEMS
)


class BeginAtProvider(Value):
    """Request body: begin a sign-in at the provider, with the page the person wanted."""

    return_to: str = Field(
        default="/", title="登录后要去的页面", max_length=2000, description="本服务内的路径"
    )


class BegunSignIn(Value):
    """Sign-in begun: the address to go to, and what the browser keeps for the way back."""

    address: str = Field(title="统一身份认证地址", description="请浏览器前往此地址")
    binding: str = Field(title="绑定值", description="只显示这一次；返回时凭此完成登录，不得交给他人")


class FinishAtProvider(Value):
    """Request body: finish a sign-in with what the provider sent back and what the browser kept."""

    binding: str = Field(title="绑定值", max_length=200)
    state: str | None = Field(default=None, title="登录状态值", max_length=200)
    code: str | None = Field(default=None, title="授权码", max_length=1000)
    iss: str | None = Field(default=None, title="身份提供方", max_length=1000)
    error: str | None = Field(default=None, title="身份提供方所报错误", max_length=1000)
    organization: Code | None = Field(default=None, title="代表的单位", description="只有一个单位时可不填")


class ProvidedSession(BegunSession):
    """A new session, and where the person wanted to go."""

    return_to: str = Field(title="登录后要去的页面")


_PUBLIC = {"parameters": [COUNTY_PARAMETER], "security": []}


@door.post(
    "",
    summary="经统一身份认证登录：开始",
    status_code=201,
    response_model=BegunSignIn,
    openapi_extra=_PUBLIC,
)
async def begin_at_provider(body: BeginAtProvider, read: PublicReading) -> BegunSignIn:
    """Begin a sign-in at the identity provider.

    From one address twenty at once, then one a second (TOO_MANY_REQUESTS): who begins is not known yet.
    SIGN_IN_NOT_OFFERED where none is configured; FIELD_INVALID for a path that leads elsewhere;
    IDENTITY_PROVIDER_UNAVAILABLE, IDENTITY_PROVIDER_UNFIT.
    """
    await read.request.app.state.beginnings.wait_for_turn(sender_of(read.request.scope))
    begun = await identities(read.request).provided.begin(read.county, body.return_to, read.context.clock())
    return BegunSignIn(address=begun.address, binding=begun.binding)


@door.post(
    "/completion",
    summary="经统一身份认证登录：完成",
    status_code=201,
    response_model=ProvidedSession,
    openapi_extra=_PUBLIC,
)
async def finish_at_provider(body: FinishAtProvider, read: PublicReading) -> ProvidedSession:
    """Begin a session for whom the provider names and the county knows.

    SIGN_IN_FAILED for a sign-in of another browser, a late, refused or used one; IDENTITY_UNKNOWN for somebody nobody
    linked to a person; the codes of the grants as at every sign-in.
    """
    _, person, return_to = await identities(read.request).provided.finish(
        Returned(body.binding, body.state, body.code, body.iss, body.error)
    )
    session = await begin(read, person, body.organization, "PROVIDER")
    return ProvidedSession(**session.model_dump(), return_to=return_to)
