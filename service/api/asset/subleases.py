"""Subleases of an asset's contracts over HTTP (转租, 四(十一)), and the consents of its owners that they rest on."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from domain.asset.facts.consents import ConsentAnswer, OwnerConsent, Sublease
from domain.values import Code
from service.api.asset.decisions import AssetPath, assets_on
from service.api.http.reading import routes
from service.api.http.writing import Circumstances, Writing

router = routes("/v1/assets", "contracts 经营合同")

ContractPath = Annotated[Code, Path(title="合同编号")]


class RecordOwnerConsent(Circumstances):
    """Request body: an owner says whether it agrees to a sublease."""

    consent: ConsentAnswer = Field(title="所有权人意见")


class RecordSublease(Circumstances):
    """Request body: an operator lets the asset on."""

    sublease: Sublease = Field(title="转租情况")


_ASSETS = assets_on(router)


@_ASSETS.post("/{asset}/leases/{contract}/consents", "登记所有权人意见", "asset.contract")
async def record_owner_consent(
    asset: AssetPath, contract: ContractPath, body: RecordOwnerConsent, write: Writing
) -> Response:
    """Record one owner's own answer to a sublease (C4.11-03, P34); recorded for it by who may, it is marked."""
    consent = OwnerConsent(**body.consent.model_dump(), matter="SUBLEASE", contract=contract)
    return await write.decide(
        _ASSETS,
        asset,
        body,
        lambda it, at: it.record_consent(consent, at),
        on=consent.decided_on,
        party=lambda _: (consent.owner,),
    )


@_ASSETS.post("/{asset}/leases/{contract}/subleases", "登记转租", "asset.contract")
async def record_sublease(
    asset: AssetPath, contract: ContractPath, body: RecordSublease, write: Writing
) -> Response:
    """Record that an operator lets the asset on, as its owners agreed before (C4.11-03)."""
    return await write.decide(
        _ASSETS,
        asset,
        body,
        lambda it, at: it.sublet(contract, body.sublease, at),
        on=body.sublease.signed_on,
        party=lambda it: it.enders_of(contract, body.sublease.signed_on),
    )
