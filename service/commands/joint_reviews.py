"""Joint reviews (联合审查) that a registration rests on: stock without its papers comes in on their word (C4.3-01)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from domain.asset.facts.card import RegisterCard
from domain.occasion import Occasion
from domain.sealing.joint_review import JointReview
from service.commands.commands import CommandContext, Work


async def require_approved(work: Work, card: RegisterCard, at: Occasion) -> None:
    """ACCEPTANCE_REQUIRED for old stock on the word of a review that not every department had signed by that day."""
    named = review_of(card)
    if named is not None:
        hold_to_review(card, await signed_reviews(work.context, work.county, [named]), at)


async def signed_reviews(context: CommandContext, county: str, codes: Sequence[str]) -> dict[str, date]:
    """Those of these reviews that every department has signed, and the day of the last signature."""
    found = await context.load_many(JointReview, county, codes)
    return {
        code: max(one.signed_on for one in review.signatures.values())
        for code, review in found.items()
        if review.state != "OPEN"
    }


def review_of(card: RegisterCard) -> str | None:
    """The review on whose word old stock comes in; without one the registration itself says what is missing."""
    acceptance = card.acceptance
    return acceptance.joint_review if acceptance is not None and acceptance.result == "LEGACY" else None


def hold_to_review(card: RegisterCard, signed: Mapping[str, date], at: Occasion) -> None:
    """ACCEPTANCE_REQUIRED where the review that a card names is not among those `signed` by that day."""
    named = review_of(card)
    if named is None:
        return
    at.cite("C4.3-01")
    signed_on = signed.get(named)
    at.require(
        signed_on is not None and signed_on <= at.on,
        "ACCEPTANCE_REQUIRED",
        missing=["acceptance.jointReview"],
    )
