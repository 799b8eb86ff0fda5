"""Links over HTTP: who somebody is whom the identity provider names."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from domain.organization.person import Person
from domain.refusals import refuse
from domain.values import Code, Value
from service.api.http.reading import ACTION, RULED, Reading, get, routes
from service.api.identity.sessions import identities
from service.identity.links import LinkKind

router = routes("/v1/identity-links", "identity 身份")


class AddLink(Value):
    """A subject of the identity provider, and who that is here."""

    subject: str = Field(title="身份提供方给出的编号", min_length=1, max_length=255)
    kind: LinkKind = Field(title="关联对象", description="PERSON 人员 / KEY 系统，按该密钥的权限办理")
    target: Code = Field(title="人员编号或密钥编号")


class AddedLink(Value):
    """The new link."""

    link: str = Field(title="关联编号")


class LinkBody(Value):
    """A link."""

    link: str = Field(title="关联编号")
    issuer: str = Field(title="身份提供方")
    subject: str = Field(title="身份提供方给出的编号")
    kind: LinkKind = Field(title="关联对象")
    target: str = Field(title="人员编号或密钥编号")
    linked_at: datetime = Field(title="关联时间")
    linked_by: str = Field(title="关联者")


@router.post(
    "",
    summary="关联身份",
    status_code=201,
    response_model=AddedLink,
    responses=RULED,
    openapi_extra={ACTION: "access.grant"},
)
async def add_link(body: AddLink, read: Reading) -> AddedLink:
    """Say who a subject of the provider is. It gives no right: a person's are grants, a system's are its key's.

    SIGN_IN_NOT_OFFERED where no provider is configured; CODE_UNKNOWN for a person or a live key that is not there;
    ALREADY_EXISTS for a subject that is linked; SAME_PARTY for who would link to himself.
    """
    known, now = identities(read.request), read.context.clock()
    issuer = known.provided.issuer
    if body.kind == "PERSON":
        if read.actor.person == body.target:
            raise refuse("SAME_PARTY", party=body.target)
        there = await read.load(Person, body.target) is not None
    else:
        there = await known.credentials.is_live(read.county, body.target, now)
    if not there:
        raise refuse("CODE_UNKNOWN", field="target", value=body.target)
    made = await known.links.add(
        read.county, issuer, body.subject, kind=body.kind, target=body.target, by=read.actor.id, now=now
    )
    return AddedLink(link=made)


@get(router, "", "列出身份关联", "access.read", response_model=tuple[LinkBody, ...])
async def list_links(read: Reading) -> tuple[LinkBody, ...]:
    """All links of the county in the order they were made."""
    rows = await identities(read.request).links.of_county(read.county)
    return tuple(LinkBody.model_validate(row) for row in rows)


@router.delete("/{link}", summary="解除身份关联", status_code=204, openapi_extra={ACTION: "access.grant"})
async def remove_link(link: Annotated[Code, Path(title="关联编号")], read: Reading) -> Response:
    """Take a link away: nobody signs in by it any more; a session that began by it goes on until it ends. NOT_FOUND."""
    known = identities(read.request)
    await known.links.remove(read.county, link, read.actor.id)
    known.forget()
    return Response(status_code=204)
