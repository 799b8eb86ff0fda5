"""Platform companies of an asset over HTTP (国有资产管理公司平台, C4.7-13): authorised by the owners, until a day."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.asset.facts.consents import ConsentAnswer, OwnerConsent
from domain.asset.facts.platforms import PlatformAuthorisation
from domain.bounds import FactDay
from domain.classification import UNIT
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.values import OrganizationCode, Text
from service.api.asset.decisions import AssetPath, assets_on
from service.api.http.reading import routes
from service.api.http.writing import Circumstances, Writing
from service.commands.commands import Work

router = routes("/v1/assets", "platforms 平台公司")


class AuthorisePlatform(Circumstances):
    """Request body: authorise a company for parts of an operating asset's management."""

    authorisation: PlatformAuthorisation = Field(title="平台公司授权")


class RecordPlatformConsent(Circumstances):
    """Request body: an owner says whether it agrees to a platform company."""

    consent: ConsentAnswer = Field(title="所有权人意见")


class EndPlatformAuthorisation(Circumstances):
    """Request body: end a company's authorisation."""

    company: OrganizationCode = Field(title="平台公司")
    last_day: FactDay = Field(title="授权最后一日")
    reason: Annotated[Text, UNIT] = Field(title="终止授权原因")


platforms = assets_on(router)


@platforms.post("/{asset}/platform-authorisations", "授权平台公司", "asset.authorise_platform")
async def authorise_platform(asset: AssetPath, body: AuthorisePlatform, write: Writing) -> Response:
    """Authorise a state asset company to operate, maintain, distribute or supervise (C4.7-13); ownership stays where it is."""
    authorisation = body.authorisation

    async def authorise(it: Asset, at: Occasion, work: Work) -> None:
        company = await work.get(Organization, authorisation.company)
        it.authorise_platform(authorisation, company.card.kind, at)

    return await write.carry_out(platforms, asset, body, authorise, on=authorisation.since)


@platforms.post(
    "/{asset}/platform-authorisations/consents", "登记所有权人对平台授权的意见", "asset.authorise_platform"
)
async def record_platform_consent(asset: AssetPath, body: RecordPlatformConsent, write: Writing) -> Response:
    """Record one owner's own answer to a platform company (C4.7-13, P34): where there are several owners, the authorisation rests on these."""
    consent = OwnerConsent(**body.consent.model_dump(), matter="PLATFORM")
    return await write.decide(
        platforms,
        asset,
        body,
        lambda it, at: it.record_consent(consent, at),
        on=consent.decided_on,
        party=lambda _: (consent.owner,),
    )


@platforms.post("/{asset}/platform-authorisations/ending", "终止平台授权", "asset.authorise_platform")
async def end_platform_authorisation(
    asset: AssetPath, body: EndPlatformAuthorisation, write: Writing
) -> Response:
    """End an authorisation before its time (C4.7-13): from the day after the last the company signs nothing any more."""
    return await write.decide(
        platforms,
        asset,
        body,
        lambda it, at: it.end_platform(body.company, body.last_day, body.reason, at),
        on=body.last_day,
    )
