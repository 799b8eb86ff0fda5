"""API keys over HTTP: made by an administrator, the first one by the bootstrap token."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Annotated

from fastapi import Path, Response
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from domain.refusals import refuse
from domain.values import Code, DivisionCode, Name, Value
from service.api.http.reading import ACTION, RULED, Read, Reading, get, routes
from service.clock import utc_now
from service.commands.authorization import Role
from service.commands.credentials import Credentials, KeySpec, end_of
from service.commands.key_units import kind_of_sender
from service.commands.places import require_divisions
from service.ledgers.parameters import Moment

router = routes("/v1/keys", "keys 密钥")


def _network(given: str) -> str:
    try:
        return str(ip_network(given.strip()))
    except ValueError:
        raise PydanticCustomError(
            "FIELD_INVALID", "须为 IP 地址或网段，如 10.1.2.0/24 / an address or a network"
        ) from None


Network = Annotated[str, Field(max_length=43), AfterValidator(_network)]
"""An IP address or a network in CIDR form."""


class CreateKey(Value):
    """Request body: a new key with its rights. The county is the administrator's own."""

    label: Name = Field(title="用途说明")
    organization: Code = Field(title="单位")
    organization_kind: Code | None = Field(
        default=None,
        title="单位类型",
        description="以登记的单位类型为准，填写时须与其一致；农户查询用 HOUSEHOLD",
    )
    roles: tuple[Role, ...] = Field(title="角色", min_length=1, max_length=9)
    divisions: tuple[DivisionCode, ...] = Field(default=(), title="区划范围", max_length=50)
    expires_at: Moment | None = Field(
        default=None,
        title="失效时间",
        description="审计角色最长 180 天，未填即为 180 天；其他角色未填即不限期",
    )
    addresses: tuple[Network, ...] = Field(
        default=(), title="限用地址", max_length=20, description="只应答这些地址或网段；不填则不限"
    )


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
    addresses: tuple[str, ...] = Field(title="限用地址")
    replaces: str | None = Field(default=None, title="所更换的密钥编号")
    last_used_at: datetime | None = Field(default=None, title="最近使用时间", description="每分钟最多记一次")
    last_used_from: str | None = Field(default=None, title="最近使用的地址")


class RotateKey(Value):
    """Request body: change a key; the old one goes on beside the new one for so long."""

    overlap_hours: int = Field(default=24, ge=0, le=720, title="新旧并用", description="小时", strict=True)


def _credentials(read: Read) -> Credentials:
    credentials: Credentials = read.request.app.state.credentials
    return credentials


@router.post(
    "", summary="创建密钥", status_code=201, response_model=CreatedKey, openapi_extra={ACTION: "key.create"}
)
async def create_key(body: CreateKey, read: Reading) -> CreatedKey:
    """Make a key for a unit as the log knows it. Not repeatable: its secret is kept nowhere, a lost one is replaced.

    CODE_UNKNOWN for a unit or division that nobody defined; FIELD_INVALID for another kind than the unit is of.
    """
    actor, now = read.actor, utc_now()
    await require_divisions(read.context, actor.county, body.divisions)
    bootstrap = actor.id if actor.kind == "bootstrap" else None
    if bootstrap is not None and Role.ADMIN not in body.roles:
        raise refuse(
            "FIELD_INVALID",
            field="roles",
            reason="首个密钥须为管理员的 / the first key is an administrator's",
        )
    spec = KeySpec(
        county=actor.county,
        label=body.label,
        organization=body.organization,
        organization_kind=await kind_of_sender(
            read.context, read.county, body.organization, body.organization_kind, body.roles
        ),
        roles=body.roles,
        divisions=body.divisions,
        expires_at=end_of(body.roles, body.expires_at, now),
        addresses=body.addresses,
    )
    made = await _credentials(read).create(spec, now, spending=bootstrap)
    return CreatedKey(id=made.id, token=made.token)


@get(router, "", "列出密钥", "key.read", response_model=tuple[KeyBody, ...])
async def list_keys(read: Reading) -> tuple[KeyBody, ...]:
    """All keys of the county, without secrets."""
    rows = await _credentials(read).of_county(read.county)
    return tuple(KeyBody.model_validate(row) for row in rows)


@router.post(
    "/{key}/rotation",
    summary="更换密钥",
    status_code=201,
    response_model=CreatedKey,
    responses=RULED,
    openapi_extra={ACTION: "key.create"},
)
async def rotate_key(
    body: RotateKey, key: Annotated[Code, Path(title="密钥编号")], read: Reading
) -> CreatedKey:
    """A second key with the rights of the first; both live until the overlap is over.

    NOT_FOUND for a key that is not live; STEP_OUT_OF_ORDER while its successor lives: two at once and not more.
    """
    made = await _credentials(read).rotate(read.county, key, timedelta(hours=body.overlap_hours), utc_now())
    return CreatedKey(id=made.id, token=made.token)


@router.delete("/{key}", summary="吊销密钥", status_code=204, openapi_extra={ACTION: "key.revoke"})
async def revoke_key(key: Annotated[Code, Path(title="密钥编号")], read: Reading) -> Response:
    """Stop a key from working: here at once, in other processes within five seconds."""
    await _credentials(read).revoke(read.county, key, utc_now())
    return Response(status_code=204)
