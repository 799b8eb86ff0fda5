"""Local accounts over HTTP: made, reset and closed by whoever gives access; their first secrets are shown once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from domain.organization.person import Person
from domain.refusals import refuse
from domain.values import Code, PersonCode, Value
from service.api.http.reading import ACTION, RULED, Reading, get, routes
from service.api.identity.sessions import Login, identities
from service.identity.officials import FirstSecrets

router = routes("/v1/officials", "identity 身份")

OfficialCode = Annotated[Code, Path(title="登录账户编号")]


class CreateOfficial(Value):
    """A person who is to sign in here."""

    person: PersonCode = Field(title="人员")
    login: Login


class FirstSecretsBody(Value):
    """First secrets of an official, handed over: shown this once, kept nowhere. The password is changed at the first
    sign-in.
    """

    official: str = Field(title="登录账户编号")
    login: str = Field(title="登录名")
    password: str = Field(title="初始密码", description="只显示这一次，首次登录时更改")
    second_factor: str = Field(title="动态口令密钥", description="只显示这一次；在身份验证器中手工输入时用")
    second_factor_address: str = Field(title="动态口令二维码内容", description="otpauth://，只显示这一次")


class OfficialBody(Value):
    """A local account without its secrets."""

    official: str = Field(title="登录账户编号")
    person: str = Field(title="人员")
    login: str = Field(title="登录名")
    created_at: datetime = Field(title="创建时间")
    created_by: str = Field(title="创建者")
    last_used_at: datetime | None = Field(title="最近登录时间")
    disabled_at: datetime | None = Field(title="停用时间")


@router.post(
    "",
    summary="创建登录账户",
    status_code=201,
    response_model=FirstSecretsBody,
    responses=RULED,
    openapi_extra={ACTION: "access.grant"},
)
async def create_official(body: CreateOfficial, read: Reading) -> FirstSecretsBody:
    """Make an account for a person of the log. It gives no right by itself: that is a grant's.

    CODE_UNKNOWN for a person nobody registered; LOGIN_TAKEN; SIGN_IN_NOT_OFFERED without a folder of keys.
    """
    if await read.load(Person, body.person) is None:
        raise refuse("CODE_UNKNOWN", field="person", value=body.person)
    made = await identities(read.request).officials.create(
        read.county, body.person, body.login.lower(), read.actor.id, read.context.clock()
    )
    return _handed_over(made)


@get(router, "", "列出登录账户", "access.read", response_model=tuple[OfficialBody, ...])
async def list_officials(read: Reading) -> tuple[OfficialBody, ...]:
    """All accounts of the county in the order of their making, without secrets."""
    rows = await identities(read.request).officials.of_county(read.county)
    return tuple(OfficialBody.model_validate(row) for row in rows)


@router.post(
    "/{official}/reset",
    summary="重置登录账户",
    status_code=201,
    response_model=FirstSecretsBody,
    openapi_extra={ACTION: "access.grant"},
)
async def reset_official(official: OfficialCode, read: Reading) -> FirstSecretsBody:
    """New first secrets for who lost a password or a telephone; the old ones and all sessions end. NOT_FOUND."""
    known = identities(read.request)
    made = await known.officials.reset(read.county, official, read.actor.id, read.context.clock())
    known.forget()
    return _handed_over(made)


@router.delete("/{official}", summary="停用登录账户", status_code=204, openapi_extra={ACTION: "access.grant"})
async def disable_official(official: OfficialCode, read: Reading) -> Response:
    """Close an account for good; its person's sessions end here at once, elsewhere within five seconds. NOT_FOUND."""
    known = identities(read.request)
    await known.officials.disable(read.county, official, read.actor.id, read.context.clock())
    known.forget()
    return Response(status_code=204)


def _handed_over(made: FirstSecrets) -> FirstSecretsBody:
    return FirstSecretsBody(
        official=made.official,
        login=made.login,
        password=made.password,
        second_factor=made.second_factor,
        second_factor_address=made.second_factor_address,
    )
