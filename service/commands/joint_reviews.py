"""Joint reviews (联合审查) that a registration rests on: stock without its papers comes in on their word (C4.3-01)."""

from __future__ import annotations

from domain.asset.facts.card import RegisterCard
from domain.occasion import Occasion
from domain.sealing.joint_review import JointReview
from service.commands.commands import Work


async def require_approved(work: Work, card: RegisterCard, at: Occasion) -> None:
    """ACCEPTANCE_REQUIRED for old stock on the word of a review that not every department had signed by that day."""
    acceptance = card.acceptance
    if acceptance is None or acceptance.result != "LEGACY" or acceptance.joint_review is None:
        return  # without a review the registration itself says what is missing
    review = await work.context.load(JointReview, work.county, acceptance.joint_review)
    at.cite("C4.3-01")
    at.require(
        review is not None
        and review.state != "OPEN"
        and all(one.signed_on <= at.on for one in review.signatures.values()),
        "ACCEPTANCE_REQUIRED",
        missing=["acceptance.jointReview"],
    )
