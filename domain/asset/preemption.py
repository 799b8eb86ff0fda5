"""Consents and pre-emption in a disposal: what co-owners agreed to, and who was asked before it is sold (四(十二), 民法典 301, 726)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.disposal import Disposal
from domain.asset.facts.preemption import (
    DisposalConsent,
    OfferedPreemption,
    PreemptionAnswer,
    PreemptionOffer,
    answer_due,
    lessees,
)
from domain.asset.state import AssetState
from domain.bounds import NotBefore
from domain.refusals import refuse
from domain.values import BusinessDate, Code

if TYPE_CHECKING:
    from domain.occasion import Occasion


class AssetPreemptions(AssetState):
    """The part of `Asset` that knows whom a disposal needs beside the owner that proposes it."""

    class DisposalConsentRecorded(AssetState.Event):
        """A co-owner that does not vote in the procedure agreed to the disposal."""

        TOPIC: ClassVar[str] = "asset.disposal_consent_recorded"
        TITLE: ClassVar[str] = "共有人同意处置"
        disposal: Code = Field(title="处置编号")
        consent: DisposalConsent = Field(title="共有人同意")

    def consent_to_disposal(self, disposal: str, consent: DisposalConsent, kind: str, at: Occasion) -> None:
        """Agree to a disposal as one of several owners (C4.12-05, P34). `kind`: of the owner that agrees.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        STEP_OUT_OF_ORDER when the disposal is closed; FIELD_INVALID for a unit that is no owner; DECISION_REQUIRED for an
        owner that votes in the procedure: its vote is its consent; CODE_UNKNOWN when the chain is no more; ALREADY_EXISTS
        when it agreed by another paper.
        """
        at.cite("C4.12-05")
        current = self._open_disposal(disposal, at)
        if consent.owner not in self._owner_parties:
            raise refuse("FIELD_INVALID", clause="C4.12-05", field="consent.owner", value=consent.owner)
        known = next((one for one in current.consents if one.owner == consent.owner), None)
        if known is not None:
            if known == consent:
                return
            raise refuse("ALREADY_EXISTS", what=consent.owner)
        votes = [one.code for one in self._votes_of(current, at) if not one.only_for or kind in one.only_for]
        at.require(not votes, "DECISION_REQUIRED", clause="C4.12-05", missing=votes)
        self.record(self.DisposalConsentRecorded, at, disposal=disposal, consent=consent)

    @event(DisposalConsentRecorded)
    def _disposal_consent_recorded(self, disposal: Code, consent: DisposalConsent) -> None:
        self._note(disposal, consents=(*self.disposals[disposal].consents, consent))

    class PreemptionOffered(AssetState.Event):
        """Offer of what is to be sold to its lessee, who may buy it before others."""

        TOPIC: ClassVar[str] = "asset.preemption_offered"
        TITLE: ClassVar[str] = "通知优先购买权人"
        FACT: ClassVar[bool] = True
        disposal: Code = Field(title="处置编号")
        offer: PreemptionOffer = Field(title="优先购买通知")
        due_on: Annotated[BusinessDate, NotBefore("start")] | None = Field(
            default=None, title="答复期限届满日"
        )

    def offer_preemption(self, disposal: str, offer: PreemptionOffer, at: Occasion) -> None:
        """Offer what is to be sold to a lessee of it: a fact (C4.12-05, 民法典 726, 727).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        STEP_OUT_OF_ORDER when the disposal is closed; FIELD_INVALID for who leases nothing of it; FIELD_REQUIRED without a
        price where it is not auctioned; AMOUNT_NOT_POSITIVE; ALREADY_EXISTS when the number stands for another offer.
        """
        at.cite("C4.12-05")
        current = self._open_disposal(disposal, at)
        known = current.offers.get(offer.offer)
        if known is not None:
            if known.offer == offer:
                return
            raise refuse("ALREADY_EXISTS", what=offer.offer)
        if offer.holder not in lessees(self.contracts, offer.offered_on):
            raise refuse("FIELD_INVALID", clause="C4.12-05", field="offer.holder", value=offer.holder)
        auction = current.proposal.kind == "AUCTION"
        if offer.price is None and not auction:
            raise refuse("FIELD_REQUIRED", clause="C4.12-05", missing=["offer.price"], field="offer.price")
        if offer.price is not None and offer.price < 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.12-05", field="offer.price")
        due_on = None if auction else answer_due(offer.offered_on, at)
        self.record(self.PreemptionOffered, at, disposal=disposal, offer=offer, due_on=due_on)

    @event(PreemptionOffered)
    def _preemption_offered(self, disposal: Code, offer: PreemptionOffer, due_on: date | None) -> None:
        made = OfferedPreemption(offer=offer, due_on=due_on)
        self._note(disposal, offers={**self.disposals[disposal].offers, offer.offer: made})

    class PreemptionAnswered(AssetState.Event):
        """Answer of a lessee that was asked first: it buys, or gives it up."""

        TOPIC: ClassVar[str] = "asset.preemption_answered"
        TITLE: ClassVar[str] = "优先购买权人答复"
        FACT: ClassVar[bool] = True
        disposal: Code = Field(title="处置编号")
        offer: Code = Field(title="优先购买通知编号")
        answer: PreemptionAnswer = Field(title="优先购买答复")

    def answer_preemption(self, disposal: str, offer: str, answer: PreemptionAnswer, at: Occasion) -> None:
        """Record what was answered to an offer: a fact, too late as well (C4.12-05).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        STEP_OUT_OF_ORDER when the disposal is closed; ALREADY_EXISTS when it was answered otherwise.
        """
        at.cite("C4.12-05")
        current = self._open_disposal(disposal, at)
        known = current.offers.get(offer)
        if known is None:
            raise refuse("NOT_FOUND", what=offer)
        if known.answer is not None:
            if known.answer == answer:
                return
            raise refuse("ALREADY_EXISTS", what=offer)
        self.record(self.PreemptionAnswered, at, disposal=disposal, offer=offer, answer=answer)

    @event(PreemptionAnswered)
    def _preemption_answered(self, disposal: Code, offer: Code, answer: PreemptionAnswer) -> None:
        offers = self.disposals[disposal].offers
        self._note(disposal, offers={**offers, offer: offers[offer].model_copy(update={"answer": answer})})

    def _note(self, disposal: str, **facts: object) -> None:
        current: Disposal = self.disposals[disposal]
        self.disposals = {**self.disposals, disposal: current.model_copy(update=facts)}
