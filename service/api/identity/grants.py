"""Grants and links over HTTP: what a person may be in a unit, and who somebody is whom an identity provider names."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from domain.organization.organization import Organization
from domain.organization.person import Person
from domain.refusals import refuse, warning
from domain.values import Code, DivisionCode, Name, OrganizationCode, PersonCode, Value
from service.api.http.reading import ACTION, RULED, Read, Reading, get, routes
from service.api.identity.sessions import identities
from service.commands.authorization import Role
from service.commands.credentials import end_of
from service.commands.places import require_divisions
from service.identity.grants import GrantSpec, administrators_among
from service.ledgers.parameters import Moment
from service.ledgers.warnings import WarningBody

router = routes("/v1/access-grants", "identity 身份")

GrantCode = Annotated[Code, Path(title="授权编号")]


class GiveGrant(Value):
    """Roles of a person in a unit, on a paper, until a day."""

    person: PersonCode = Field(title="人员")
    organization: OrganizationCode = Field(title="代表的单位")
    roles: tuple[Role, ...] = Field(title="角色", min_length=1, max_length=9)
    divisions: tuple[DivisionCode, ...] = Field(
        default=(), title="区划范围", max_length=50, description="本单位之外还可办理的区划"
    )
    document_no: Name = Field(title="授权依据文号")
    ends_at: Moment | None = Field(
        default=None,
        title="到期时间",
        description="审计角色最长 180 天，未填即为 180 天；其他角色未填即不限期",
    )


class GrantBody(Value):
    """A grant."""

    access_grant: str = Field(title="授权编号")
    person: str = Field(title="人员")
    organization: str = Field(title="代表的单位")
    roles: tuple[str, ...] = Field(title="角色")
    divisions: tuple[str, ...] = Field(title="区划范围")
    document_no: str = Field(title="授权依据文号")
    granted_at: datetime = Field(title="授权时间")
    granted_by: str = Field(title="授权者")
    ends_at: datetime | None = Field(title="到期时间")
    revoked_at: datetime | None = Field(title="撤销时间")


class GivenGrant(Value):
    """The new grant, and what is to be thought about with it."""

    access_grant: str = Field(title="授权编号")
    ends_at: datetime | None = Field(title="到期时间")
    warnings: tuple[WarningBody, ...] = Field(title="提示")


@router.post(
    "",
    summary="授权",
    status_code=201,
    response_model=GivenGrant,
    responses=RULED,
    openapi_extra={ACTION: "access.grant"},
)
async def give_grant(body: GiveGrant, read: Reading) -> GivenGrant:
    """Grant a person roles in a unit. They count on days on which the log knows the person to be of that unit.

    CODE_UNKNOWN for what is not in the log; SAME_PARTY for who would grant to himself; ADMINISTRATORS_NOT_TOGETHER where
    the three administrators are kept apart (TAIZHANG_SEPARATE_ADMINISTRATORS), elsewhere a warning; FIELD_INVALID for an
    end that is no end.
    """
    await _must_exist(read, body)
    if read.actor.person == body.person:
        raise refuse("SAME_PARTY", party=body.person)
    known, now = identities(read.request), read.context.clock()
    ends_at = end_of(body.roles, body.ends_at, now)
    granted = await known.grants.live(read.county, body.person, now)
    held = {role for one in granted.values() for role in one.roles} | set(body.roles)
    together = administrators_among(held)
    warnings: tuple[WarningBody, ...] = ()
    if len(together) > 1 and administrators_among(body.roles):
        if known.separate_administrators:
            raise refuse("ADMINISTRATORS_NOT_TOGETHER", person=body.person, roles=list(together))
        told = warning("ADMINISTRATORS_TOGETHER", person=body.person, roles=list(together))
        warnings = (WarningBody.model_validate(told.model_dump()),)
    spec = GrantSpec(
        county=read.county,
        person=body.person,
        organization=body.organization,
        roles=body.roles,
        divisions=body.divisions,
        document_no=body.document_no,
        ends_at=ends_at,
    )
    made = await known.grants.give(spec, read.actor.id, now)
    known.forget()
    return GivenGrant(access_grant=made, ends_at=ends_at, warnings=warnings)


async def _must_exist(read: Read, body: GiveGrant) -> None:
    if await read.load(Person, body.person) is None:
        raise refuse("CODE_UNKNOWN", field="person", value=body.person)
    unit = await read.load(Organization, body.organization)
    if unit is None:
        raise refuse("CODE_UNKNOWN", field="organization", value=body.organization)
    if unit.closed_on is not None and unit.closed_on <= read.today:
        raise refuse("CODE_UNKNOWN", field="organization", value=body.organization)
    await require_divisions(read.context, read.county, body.divisions)


@get(router, "", "列出授权", "access.read", response_model=tuple[GrantBody, ...])
async def list_grants(
    read: Reading, person: Annotated[Code | None, Query(title="人员")] = None
) -> tuple[GrantBody, ...]:
    """All grants of the county, or a person's, in the order they were given, revoked ones too."""
    rows = await identities(read.request).grants.of_county(read.county, person)
    return tuple(GrantBody.model_validate(row) for row in rows)


@router.delete("/{grant}", summary="撤销授权", status_code=204, openapi_extra={ACTION: "access.grant"})
async def revoke_grant(grant: GrantCode, read: Reading) -> Response:
    """Take a grant back: here at once, in other processes within five seconds. NOT_FOUND."""
    known = identities(read.request)
    await known.grants.revoke(read.county, grant, read.actor.id, read.context.clock())
    known.forget()
    return Response(status_code=204)
