"""API keys over HTTP: made by an administrator, the first one by the bootstrap token."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from domain.refusals import refuse
from domain.values import Code, Name, Value
from service.api.http.reading import ACTION, Read, Reading, get, routes
from service.clock import utc_now
from service.commands.authorization import Role
from service.commands.credentials import Credentials, KeySpec
from service.ledgers.parameters import Moment

router = routes("/v1/keys", "keys 密钥")


class CreateKey(Value):
    """What a new key may do. The county is the administrator's own."""

    label: Name = Field(title="用途说明")
    organization: Code = Field(title="单位")
    organization_kind: Code = Field(title="单位类型")
    roles: tuple[Role, ...] = Field(title="角色", min_length=1, max_length=8)
    divisions: tuple[Code, ...] = Field(default=(), title="区划范围", max_length=50)
    expires_at: Moment | None = Field(default=None, title="失效时间")


class CreatedKey(Value):
    """The new key. `token` is shown this once; only its digest is kept."""

    id: str = Field(title="密钥编号")
    token: str = Field(title="密钥", description="只显示这一次")


class KeyBody(Value):
    """A key without its secret."""

    id: str = Field(title="密钥编号")
    kind: str = Field(title="种类")
    label: str = Field(title="用途说明")
    organization: str = Field(title="单位")
    organization_kind: str = Field(title="单位类型")
    roles: tuple[str, ...] = Field(title="角色")
    divisions: tuple[str, ...] = Field(title="区划范围")
    created_at: datetime = Field(title="创建时间")
    expires_at: datetime | None = Field(default=None, title="失效时间")
    revoked_at: datetime | None = Field(default=None, title="吊销时间")


def _credentials(read: Read) -> Credentials:
    credentials: Credentials = read.request.app.state.credentials
    return credentials


@router.post(
    "", summary="创建密钥", status_code=201, response_model=CreatedKey, openapi_extra={ACTION: "key.create"}
)
async def create_key(body: CreateKey, read: Reading) -> CreatedKey:
    """Make a key. Not repeatable by idempotency key: its secret is kept nowhere, a lost one is replaced."""
    actor, now = read.actor, utc_now()
    if body.expires_at is not None and body.expires_at <= now:
        raise refuse("FIELD_INVALID", field="expiresAt", value=str(body.expires_at))
    if any(not division.startswith(actor.county) for division in body.divisions):
        raise refuse("FIELD_INVALID", field="divisions", value="、".join(body.divisions))
    bootstrap = actor.id if actor.kind == "bootstrap" else None
    if bootstrap is not None and Role.ADMIN not in body.roles:
        raise refuse("FIELD_INVALID", field="roles", reason="the first key is an administrator's")
    spec = KeySpec(
        county=actor.county,
        label=body.label,
        organization=body.organization,
        organization_kind=body.organization_kind,
        roles=body.roles,
        divisions=body.divisions,
        expires_at=body.expires_at,
    )
    made = await _credentials(read).create(spec, now, spending=bootstrap)
    return CreatedKey(id=made.id, token=made.token)


@get(router, "", "列出密钥", "key.read", response_model=tuple[KeyBody, ...])
async def list_keys(read: Reading) -> tuple[KeyBody, ...]:
    """All keys of the county, without secrets."""
    rows = await _credentials(read).of_county(read.county)
    return tuple(KeyBody.model_validate(row) for row in rows)


@router.delete("/{key}", summary="吊销密钥", status_code=204, openapi_extra={ACTION: "key.revoke"})
async def revoke_key(key: Annotated[Code, Path(title="密钥编号")], read: Reading) -> Response:
    """Stop a key from working: here at once, in other processes within five seconds."""
    await _credentials(read).revoke(read.county, key, utc_now())
    return Response(status_code=204)
