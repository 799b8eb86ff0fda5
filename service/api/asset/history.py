"""Imported history of an asset over HTTP (历史补录): what was agreed and paid before the regulation, by the asset office alone (D6)."""

from __future__ import annotations

from typing import ClassVar

from fastapi import Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.asset.facts.contract import ContractTerms
from domain.asset.facts.disposal import Appraisal, DisposalProposal, DisposalSale
from domain.asset.facts.income import IncomeDistribution
from domain.occasion import Occasion
from service.api.asset.decisions import AssetPath, assets_on
from service.api.http.reading import routes
from service.api.http.writing import Historical, Writing

router = routes("/v1/assets", "history 历史补录")
assets = assets_on(router)


class EnterHistoricalContract(Historical):
    """Request body: enter a contract that was signed before the regulation."""

    HAPPENED: ClassVar[str] = "terms.signed_on"
    SINCE: ClassVar[tuple[str, str, str]] = ("DECISION_REQUIRED", "C4.11-01", "procedure")

    terms: ContractTerms = Field(title="合同")


class DistributeIncome(Historical):
    """Request body: record an income distribution of before the regulation."""

    HAPPENED: ClassVar[str] = "distribution.paid_on"
    SINCE: ClassVar[tuple[str, str, str]] = ("INCOME_PLAN_NOT_READY", "C4.9-03", "incomePlan")

    distribution: IncomeDistribution = Field(title="收益分配方案")


@assets.post("/{asset}/historical-contracts", "历史经营合同补录", "history.enter")
async def enter_historical_contract(
    asset: AssetPath, body: EnterHistoricalContract, write: Writing
) -> Response:
    """Enter a contract that was signed before the regulation, as it was: the asset office, until the county's cut-over (C4.11-01)."""
    return await write.decide(
        assets,
        asset,
        body,
        lambda it, at: it.sign_contract(body.terms, at),
        on=body.terms.signed_on,
        party=lambda _: (body.terms.signer,),
    )


class EnterHistoricalDisposal(Historical):
    """Request body: enter a disposal that was carried out before the regulation."""

    HAPPENED: ClassVar[str] = "sale.disposed_on"
    SINCE: ClassVar[tuple[str, str, str]] = ("DECISION_REQUIRED", "C4.12-02", "procedure")

    proposal: DisposalProposal = Field(title="处置方案")
    appraisal: Appraisal | None = Field(default=None, title="评估")
    sale: DisposalSale = Field(title="处置结果")


@assets.post("/{asset}/historical-disposals", "历史处置补录", "history.enter")
async def enter_historical_disposal(
    asset: AssetPath, body: EnterHistoricalDisposal, write: Writing
) -> Response:
    """Enter a disposal that was carried out before the regulation, as it was: the asset office, until the county's cut-over (C4.12-02)."""

    def enter(it: Asset, at: Occasion) -> None:
        code = body.proposal.disposal
        it.propose_disposal(body.proposal, at)
        if body.appraisal is not None:
            it.record_appraisal(code, body.appraisal, at)
        it.dispose(code, body.sale, at)

    return await write.decide(assets, asset, body, enter, on=body.sale.disposed_on)


@assets.post("/{asset}/income-distributions", "历史收益分配补录", "history.enter")
async def distribute_income(asset: AssetPath, body: DistributeIncome, write: Writing) -> Response:
    """Record what was distributed before the regulation, with its source, until the county's cut-over (C4.9-03); since then a
    plan pays it (`/v1/income-plans`).
    """
    return await write.decide(
        assets,
        asset,
        body,
        lambda it, at: it.distribute_income(body.distribution, at),
        on=body.distribution.paid_on,
        party=lambda _: (body.distribution.holder,),
    )
