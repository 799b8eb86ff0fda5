"""Use and care of an asset, over HTTP: herds, stocktakes, entries in systems outside, upkeep, file, care advice."""

from __future__ import annotations

from fastapi import Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.asset.care_advice import CareAdvice
from domain.asset.facts.external_entry import ExternalEntry, Stocktaking
from domain.asset.facts.upkeep import HerdChange, MaintenancePlan, ManagementRule, checklist
from domain.occasion import Occasion
from domain.refusals import refuse
from domain.values import Value
from service.api.asset.decisions import AssetPath, assets_on
from service.api.http.reading import RULED, Read, Reading, get, routes
from service.api.http.writing import Circumstances, Write, Writing
from service.api.organization.organizations import OnDay
from service.commands import stocktaking
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.places import resource_of

router = routes("/v1/assets", "assets 资产")
uses = assets_on(router)


class ChangeHerdCount(Circumstances):
    """Request body: record a change of a herd."""

    herd_change: HerdChange = Field(title="存栏变动")


class RecordStocktake(Circumstances):
    """A stocktake that verified the asset."""

    stocktaking: Stocktaking = Field(title="清产核资")


class AdoptManagementRule(Circumstances):
    """An owner's rule document for the asset."""

    management_rule: ManagementRule = Field(title="资产管理制度")


class RecordExternalEntry(Circumstances):
    """An entry in one system outside."""

    entry: ExternalEntry = Field(title="外部系统录入")


class PlanMaintenance(Circumstances):
    """Request body: plan the maintenance of an asset."""

    plan: MaintenancePlan = Field(title="养护计划")


@uses.post("/{asset}/herd-changes", "存栏变动", "asset.report_status")
async def change_herd_count(asset: AssetPath, body: ChangeHerdCount, write: Writing) -> Response:
    """Record births, deaths, sales and purchases of a herd (C4.2-04)."""
    change = body.herd_change
    return await write.decide(
        uses, asset, body, lambda it, at: it.change_herd_count(change, at), on=change.happened_on
    )


@uses.post("/{asset}/stocktakes", "登记清产核资", "asset.report_status")
async def record_stocktake(asset: AssetPath, body: RecordStocktake, write: Writing) -> Response:
    """Record that a stocktake verified the asset (C4.5-12): a fact. One that the log does not have, or that did not see the
    asset, is recorded with a warning and opens no entry outside.
    """
    found = body.stocktaking

    async def record(it: Asset, at: Occasion, work: Work) -> None:
        if not await stocktaking.stands(work, it, found):
            at.warn("STOCKTAKE_BASIS_MISSING")
        it.record_stocktake(found, at)

    return await write.carry_out(uses, asset, body, record, on=found.verified_on)


@uses.post("/{asset}/management-rules", "制定资产管理制度", "asset.archive_document")
async def adopt_management_rule(asset: AssetPath, body: AdoptManagementRule, write: Writing) -> Response:
    """Record an owner's own rule document for the asset or its project (C5.3-01)."""
    rule = body.management_rule
    return await write.decide(uses, asset, body, lambda it, at: it.adopt_management_rule(rule, at))


@uses.post("/{asset}/external-entries", "外部系统录入", "asset.enter_externally")
async def record_external_entry(asset: AssetPath, body: RecordExternalEntry, write: Writing) -> Response:
    """Record the entry in one system by its reference number (C4.3-06, C4.3-07): by the owner or the named bureau."""
    entry = body.entry

    def enterers(it: Asset, _: Write) -> Resource:
        place = resource_of(it)
        named = [one.entered_by for one in it.external_duties if one.system == entry.system]
        units = (*place.organizations, *(unit for units in named for unit in units))
        return Resource(divisions=place.divisions, organizations=units)

    async def enter(it: Asset, at: Occasion, work: Work) -> None:
        stands = await stocktaking.stands(work, it, it.stocktaking)
        it.record_external_entry(entry, at, stocktake_stands=stands)

    return await write.carry_out(uses, asset, body, enter, on=entry.entered_on, scope=enterers)


@uses.post("/{asset}/maintenance-plans", "养护计划", "asset.maintain")
async def plan_maintenance(asset: AssetPath, body: PlanMaintenance, write: Writing) -> Response:
    """Set the interval of upkeep (C4.3-14)."""
    return await write.decide(uses, asset, body, lambda it, at: it.plan_maintenance(body.plan, at))


class DocumentChecklist(Value):
    """The file of an asset against the checklist of its class."""

    asset: str = Field(title="资产编号")
    required: tuple[str, ...] = Field(title="应存档的资料种类")
    missing: tuple[str, ...] = Field(title="缺少的资料种类")
    percent: int = Field(title="完整度（%）", description="向下取整")
    documents: int = Field(title="已存档件数")


@get(router, "/{asset}/documents", "资料清单", "asset.read", response_model=DocumentChecklist)
async def read_asset_documents(asset: AssetPath, read: Reading, on: OnDay = None) -> Response:
    """What the asset's file holds and lacks by the checklist of its class (C4.6-03)."""
    found = await _asset(read, asset)
    rules = (await read.regulation()).on(read.day(on))
    told = checklist(found.card.asset_class, (one.kind for one in found.documents.values()), rules)
    return read.answer(
        {
            "asset": found.id,
            "required": told.required,
            "missing": told.missing,
            "percent": told.percent,
            "documents": len(found.documents),
        }
    )


@get(router, "/{asset}/care-advice", "管护监管建议", "asset.read", response_model=CareAdvice, responses=RULED)
async def read_care_advice(asset: AssetPath, read: Reading, on: OnDay = None) -> Response:
    """Who would keep and who would supervise the asset by the custody table (C4.3-02, C4.3-18, T7)."""
    found = await _asset(read, asset)
    if found.confirmed_on is None:
        raise refuse("OWNERSHIP_NOT_CONFIRMED", missing=["ownershipConfirmation"])
    await read.regulation()
    advice = found.care_advice(read.context.occasion(read.county, on))
    return read.answer(advice.model_dump(mode="json"))


async def _asset(read: Read, asset: str) -> Asset:
    found = await read.context.load(Asset, read.county, asset)
    if found is None:
        raise refuse("NOT_FOUND", what=asset)
    return found
