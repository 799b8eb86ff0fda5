"""Risk of assets over HTTP (四(八), 四(十二)): what may never be done with an asset, and what secures its contracts."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.asset.facts.risk_cover import RiskCover, RiskCoverRelease
from domain.classification import PERSONAL_OF_ANSWERABLE
from domain.household.asset import HouseholdAsset
from domain.occasion import Occasion
from domain.oversight.violation import CollateralKind, ViolationCase
from domain.refusals import Refusal
from domain.values import Code, Fen, Name, Value
from service.api.asset.decisions import AssetPath, assets_on
from service.api.http.reading import routes
from service.api.http.writing import Circumstances, Writing, post
from service.api.oversight.inspections import ViolationView, violation_view
from service.commands.commands import Result, Work

router = routes("/v1/assets", "risk 风险防控")

ContractCode = Annotated[Code, Path(title="合同编号")]
CoverCode = Annotated[Code, Path(title="风险保障编号")]


class Encumbrance(Value):
    """Security that somebody asks to have entered on an asset: there is no way in which it may be."""

    kind: CollateralKind = Field(title="担保方式")
    creditor: Annotated[Name, PERSONAL_OF_ANSWERABLE] = Field(title="债权人")
    debtor: Annotated[Name, PERSONAL_OF_ANSWERABLE] = Field(title="债务人")
    amount: Fen | None = Field(default=None, title="担保金额")
    document_no: Annotated[Name | None, PERSONAL_OF_ANSWERABLE] = Field(default=None, title="合同或文件号")


class RecordEncumbrance(Circumstances):
    """Request body: enter a mortgage, a pledge or a guarantee on an asset. Always refused, and the attempt is recorded."""

    encumbrance: Encumbrance = Field(title="抵押、质押或担保")


class AddRiskCover(Circumstances):
    """Request body: secure a contract by a cover that is given for the asset."""

    cover: RiskCover = Field(title="风险保障")


class ReleaseRiskCover(Circumstances):
    """Request body: a cover holds no more."""

    release: RiskCoverRelease = Field(title="解除情况")


_ASSETS = assets_on(router)


@_ASSETS.post("/{asset}/leases/{contract}/risk-covers", "增加风险保障", "asset.contract")
async def add_risk_cover(
    asset: AssetPath, contract: ContractCode, body: AddRiskCover, write: Writing
) -> Response:
    """Secure a contract (C4.8-01): by guarantee, collateral, insurance, joint guarantee or deposit, none of them an asset's own."""

    async def add(it: Asset, at: Occasion, work: Work) -> None:
        it.add_risk_cover(
            contract, body.cover, at, of_assets=await _assets_named(work, body.cover.collateral)
        )

    return await write.carry_out(_ASSETS, asset, body, add)


@_ASSETS.post("/{asset}/leases/{contract}/risk-covers/{cover}/release", "解除风险保障", "asset.contract")
async def release_risk_cover(
    asset: AssetPath, contract: ContractCode, cover: CoverCode, body: ReleaseRiskCover, write: Writing
) -> Response:
    """Record that a cover holds no more (C4.8-01): a fact."""
    return await write.decide(
        _ASSETS,
        asset,
        body,
        lambda it, at: it.release_risk_cover(cover, body.release, at, contract=contract),
        on=body.release.released_on,
    )


async def _assets_named(work: Work, collateral: str | None) -> frozenset[str]:
    """The collateral, where the log knows it as an asset of the county, of a village or of a household."""
    if collateral is None:
        return frozenset()
    known = [await work.context.knows(cls, work.county, collateral) for cls in (Asset, HouseholdAsset)]
    return frozenset({collateral}) if any(known) else frozenset()


@post(router, "/{asset}/encumbrances", "设定抵押担保（一律拒绝）", "asset.encumber", ViolationView)
async def record_encumbrance(asset: AssetPath, body: RecordEncumbrance, write: Writing) -> Response:
    """Refuse to let an asset secure a debt, whoever asks and whatever is stated (C4.12-06): COLLATERAL_PROHIBITED.

    The attempt is on record as a suspected violation with who made it, once per request. An encumbrance that was found in old papers is a
    finding of a violation case (POST /v1/violations) and never a right.
    """
    refused: list[Refusal] = []

    async def suspect(at: Occasion, work: Work) -> Result:
        it = await work.get(Asset, asset)
        case = ViolationCase.suspect_collateral(
            f"VC-{write.mark(16)}",
            asset=it.id,
            unit=write.actor.organization,
            who=write.actor.id,
            kind=body.encumbrance.kind,
            words=_told(body.encumbrance),
            at=at,
        )
        work.add(case)
        refused.append(at.refusal("COLLATERAL_PROHIBITED", clause="C4.12-06"))
        return Result(case.id, case.version, violation_view(case))

    await write.act(body, suspect)
    raise refused[-1]


def _told(it: Encumbrance) -> str:
    amount = "" if it.amount is None else f"，金额 {it.amount.yuan} 元"
    paper = "" if it.document_no is None else f"，文件 {it.document_no}"
    return f"债权人 {it.creditor}，债务人 {it.debtor}{amount}{paper}"
