"""Public-welfare posts over HTTP (公益岗位, C4.9-06): created, held, assessed by the month; plans of income pay by that."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.income.post import (
    HolderAppointment,
    HolderRelease,
    MonthAssessment,
    PostContent,
    PublicWelfarePost,
)
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.values import Code
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.api.organization.organizations import place_of, unit_of
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.views import view_model

router = routes("/v1/public-welfare-posts", "posts 公益岗位")

PostPath = Annotated[Code, Path(title="岗位编号")]
PublicWelfarePostView = view_model(
    PublicWelfarePost, public_welfare_post=Annotated[Code, Field(title="岗位编号")]
)


class CreatePost(Circumstances):
    """Request body: create a post."""

    public_welfare_post: Code | None = Field(default=None, title="岗位编号", description="不填由系统编号")
    post: PostContent = Field(title="岗位情况")


class AppointHolder(Circumstances):
    """Request body: a household is appointed to the post."""

    holder: HolderAppointment = Field(title="聘用情况")


class ReleaseHolder(Circumstances):
    """Request body: a household left the post before the agreed day."""

    release: HolderRelease = Field(title="离岗情况")


class AssessMonth(Circumstances):
    """Request body: a month of a household's work was assessed."""

    assessment: MonthAssessment = Field(title="考核情况")


def post_view(it: PublicWelfarePost) -> dict[str, Any]:
    """A post as every answer shows it."""
    return it.view() | {"publicWelfarePost": it.id}


async def _village(write: Write, village: str) -> Resource:
    return place_of(await unit_of(write.context, write.county, village, "post.village"))


async def _place(it: PublicWelfarePost, write: Write) -> Resource:
    """A post is the business of its own village, and of who keeps its books."""
    return await _village(write, it.content.village)


_POSTS = Kind(
    router,
    PublicWelfarePost,
    PublicWelfarePostView,
    lambda it, _: post_view(it),
    _place,
    parties=lambda it: (it.content.village,),
)


@_POSTS.post("", "设立公益岗位", "income.plan")
async def create_post(body: CreatePost, write: Writing) -> Response:
    """Create a post of a village, with its duties and what a month of it is worth (C4.9-06)."""
    code = body.public_welfare_post or f"GY-{write.mark(16)}"
    content = body.post

    async def create(at: Occasion, work: Work) -> PublicWelfarePost:
        village = await work.get(Organization, content.village)
        return PublicWelfarePost.create(code, content, village.card.kind, at)

    async def scope() -> Resource:
        return await _village(write, content.village)

    return await write.create(_POSTS, body, create, scope=scope, party=content.village, on=content.created_on)


@_POSTS.post("/{public_welfare_post}/holders", "聘用公益岗位人员", "income.plan")
async def appoint_holder(public_welfare_post: PostPath, body: AppointHolder, write: Writing) -> Response:
    """Appoint a household to the post, from a day to a day, for a wage (C4.9-06)."""
    return await write.decide(
        _POSTS,
        public_welfare_post,
        body,
        lambda it, at: it.appoint(body.holder, at),
        on=body.holder.announced_on,
    )


@_POSTS.post("/{public_welfare_post}/releases", "登记公益岗位人员离岗", "income.plan")
async def release_holder(public_welfare_post: PostPath, body: ReleaseHolder, write: Writing) -> Response:
    """Record that a household left the post before the agreed day."""
    return await write.decide(
        _POSTS,
        public_welfare_post,
        body,
        lambda it, at: it.release(body.release, at),
        on=body.release.last_day,
    )


@_POSTS.post("/{public_welfare_post}/assessments", "公益岗位月度考核", "income.plan")
async def assess_month(public_welfare_post: PostPath, body: AssessMonth, write: Writing) -> Response:
    """Assess a month of a household's work, once it is over: what it earned is what plans may pay (C4.9-07)."""
    return await write.decide(
        _POSTS,
        public_welfare_post,
        body,
        lambda it, at: it.assess(body.assessment, at),
        on=body.assessment.assessed_on,
    )


@get(
    router,
    "/{public_welfare_post}",
    "查询公益岗位",
    "income.read",
    response_model=from_log(PublicWelfarePostView),
)
async def read_public_welfare_post(public_welfare_post: PostPath, read: Reading) -> Response:
    """A post from the log."""
    return await read.aggregate(PublicWelfarePost, public_welfare_post, post_view)
