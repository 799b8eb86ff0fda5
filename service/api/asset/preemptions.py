"""Consents and pre-emption of a disposal over HTTP (C4.12-05, P34): each co-owner's own part, and the lessee that is asked first."""

from __future__ import annotations

from fastapi import Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.asset.facts.preemption import DisposalConsent, PreemptionAnswer, PreemptionOffer
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.values import Code
from service.api.asset.assets import DisposalCode
from service.api.asset.decisions import AssetPath, assets_on
from service.api.http.reading import routes
from service.api.http.writing import Circumstances, Writing
from service.commands.commands import Work

router = routes("/v1/assets", "disposal 处置")
_ASSETS = assets_on(router)


class ConsentToDisposal(Circumstances):
    """Request body: agree to a disposal as one of several owners."""

    consent: DisposalConsent = Field(title="共有人同意")


class OfferPreemption(Circumstances):
    """Request body: offer what is to be sold to who may buy it first."""

    offer: PreemptionOffer = Field(title="优先购买通知")


class AnswerPreemption(Circumstances):
    """Request body: what was answered to an offer."""

    offer: Code = Field(title="优先购买通知编号")
    answer: PreemptionAnswer = Field(title="优先购买答复")


@_ASSETS.post("/{asset}/disposals/{disposal}/consents", "共有人同意处置", "asset.propose_disposal")
async def consent_to_disposal(
    asset: AssetPath, disposal: DisposalCode, body: ConsentToDisposal, write: Writing
) -> Response:
    """Agree to a disposal as a co-owner that does not vote in its procedure (C4.12-05, P34); for nobody but itself."""
    consent = body.consent

    async def agree(it: Asset, at: Occasion, work: Work) -> None:
        owner = await work.get(Organization, consent.owner)
        it.consent_to_disposal(disposal, consent, owner.card.kind, at)

    return await write.carry_out(
        _ASSETS, asset, body, agree, on=consent.consented_on, party=lambda _: (consent.owner,)
    )


@_ASSETS.post("/{asset}/disposals/{disposal}/preemption-offers", "通知优先购买权人", "asset.propose_disposal")
async def offer_preemption(
    asset: AssetPath, disposal: DisposalCode, body: OfferPreemption, write: Writing
) -> Response:
    """Record that a lessee was offered the house it leases, or told of its auction (C4.12-05, 民法典 726, 727)."""
    return await write.decide(
        _ASSETS,
        asset,
        body,
        lambda it, at: it.offer_preemption(disposal, body.offer, at),
        on=body.offer.offered_on,
    )


@_ASSETS.post(
    "/{asset}/disposals/{disposal}/preemption-answers", "优先购买权人答复", "asset.propose_disposal"
)
async def answer_preemption(
    asset: AssetPath, disposal: DisposalCode, body: AnswerPreemption, write: Writing
) -> Response:
    """Record what was answered to an offer: it is bought, or given up in writing (C4.12-05)."""
    return await write.decide(
        _ASSETS,
        asset,
        body,
        lambda it, at: it.answer_preemption(disposal, body.offer, body.answer, at),
        on=body.answer.answered_on,
    )
