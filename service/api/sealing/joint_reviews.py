"""Joint review over HTTP: opened by two departments, checked, signed by seventeen, sealed by the office (C4.4-04)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.bounds import NotAfter
from domain.occasion import Occasion
from domain.sealing.joint_review import ExceptionSettlement, JointReview, ReviewSignature
from domain.sealing.seal import LedgerSeal, SealKind
from domain.values import BusinessDate, Code, Name
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.api.sealing.seals import sealing_of
from service.commands.authorization import ANYWHERE, Resource
from service.commands.commands import Work
from service.commands.views import view_model
from service.ledgers.queries import folded
from service.ledgers.questions.funds import review_exceptions

router = routes("/v1/joint-reviews", "seals 台账封存")

ReviewCode = Annotated[Code, Path(title="联合审查编号")]
JointReviewView = view_model(
    JointReview, open_exceptions=Annotated[tuple[Name, ...], Field(title="未处理的疑点")]
)

_COUNTY_SEALS: tuple[SealKind, ...] = ("COUNTY_MASTER", "CATEGORISED")


class OpenJointReview(Circumstances):
    """Request body: open the joint review of a year."""

    review: Code | None = Field(default=None, title="联合审查编号", description="不填由系统编号")
    year: int = Field(title="年度", ge=2013, le=2200)
    as_of: Annotated[BusinessDate, NotAfter("today")] = Field(title="截止业务日期")
    leads: tuple[ReviewSignature, ...] = Field(title="牵头部门签字", max_length=20)


class SettleReviewException(Circumstances):
    """Request body: settle an exception of a joint review."""

    exception: Name = Field(title="疑点编号", description="类型:项目或资产编号")
    settlement: ExceptionSettlement = Field(title="处理")


class SignJointReview(Circumstances):
    """Request body: sign a joint review for a department."""

    signature: ReviewSignature = Field(title="会签")


def leads(write: Write) -> Resource:
    """The departments that lead the review, as the regulation's chain lists them."""
    rules = write.context.in_force.known(write.county).on(write.context.today())
    return Resource(organizations=tuple(rules.chain("A4").steps[0].all_of))


def review_view(review: JointReview) -> dict[str, Any]:
    """A review as every answer shows it."""
    return review.view() | {"openExceptions": list(review.open_exceptions())}


_REVIEWS = Kind(
    router, JointReview, JointReviewView, lambda it, _: review_view(it), lambda _, write: leads(write)
)


@_REVIEWS.post("", "启动联合审查", "joint_review.lead")
async def open_joint_review(body: OpenJointReview, write: Writing) -> Response:
    """Open the joint review of a year's ledgers; finance and rural revitalisation both sign (C4.4-04)."""
    code = body.review or f"JR-{body.year}-{write.mark()}"
    return await write.create(
        _REVIEWS,
        body,
        lambda at, _: JointReview.open(code, body.year, body.as_of, body.leads, at),
        scope=leads(write),
    )


@_REVIEWS.post("/{review}/checks", "比对项目与资产", "joint_review.lead")
async def check_joint_review(review: ReviewCode, body: Circumstances, write: Writing) -> Response:
    """Set projects against assets from the fund ledger as it is now; what does not fit is an exception (C4.4-05)."""

    async def check(it: JointReview, at: Occasion, _: Work) -> None:
        it.check(*await review_exceptions(write, it.as_of), at)

    return await write.carry_out(_REVIEWS, review, body, check)


@_REVIEWS.post("/{review}/settlements", "处理疑点", "joint_review.lead")
async def settle_review_exception(
    review: ReviewCode, body: SettleReviewException, write: Writing
) -> Response:
    """Settle an exception with its reason and document."""
    return await write.decide(
        _REVIEWS, review, body, lambda it, at: it.settle(body.exception, body.settlement, at)
    )


@_REVIEWS.post("/{review}/signatures", "联合审查会签", "joint_review.sign")
async def sign_joint_review(review: ReviewCode, body: SignJointReview, write: Writing) -> Response:
    """Sign for one of the seventeen departments: its own credential only, with no exception open."""
    department = Resource(organizations=(body.signature.department,))
    return await write.decide(
        _REVIEWS,
        review,
        body,
        lambda it, at: it.sign(body.signature, at),
        scope=lambda _it, _write: department,
    )


@_REVIEWS.post("/{review}/seal", "封存总台账和分类台账", "joint_review.seal")
async def seal_joint_review(review: ReviewCode, body: Circumstances, write: Writing) -> Response:
    """Seal the county's master and categorised ledgers on the signed review, at one place in the log.

    Projects are set against assets once more before. LEDGER_NOT_BALANCED when any dimension does not add up.
    """

    async def seal(it: JointReview, at: Occasion, work: Work) -> None:
        await write.context.hold_to_events(write.county, it)
        if it.state != "SEALED":
            it.check(*await review_exceptions(write, it.as_of, folded), at)
        wanted = [(kind, write.county) for kind in _COUNTY_SEALS]
        master, categorised = await sealing_of(write).snapshots(wanted, it.year, it.as_of)
        made = [LedgerSeal.seal(one, "ASSET_OFFICE", at) for one in (master, categorised)]
        it.seal(tuple(one.id for one in made), master.root_hash, at)
        for one in made:
            work.add(one)

    return await write.carry_out(_REVIEWS, review, body, seal, scope=lambda _it, _write: ANYWHERE)


@get(router, "/{review}", "查询联合审查", "ledger.read", response_model=from_log(JointReviewView))
async def read_joint_review(review: ReviewCode, read: Reading) -> Response:
    """A review from the log."""
    return await read.aggregate(JointReview, review, review_view)
