"""Household assets (到户类资产) over HTTP: registered and looked after, never managed (C4.2-06)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.asset.facts.card import Document
from domain.asset.facts.external_entry import ExternalEntry
from domain.bounds import FactDay, NotBefore
from domain.classification import PERSONAL_OF_HOUSEHOLD
from domain.household.asset import HouseholdAsset
from domain.household.card import (
    Entrustment,
    EntrustmentEndDay,
    HouseholdAssetCard,
    HouseholdAssetClosing,
    HouseholdConfirmation,
    HouseholdCorrection,
    HouseholdInspection,
    Loss,
    inspecting_department,
)
from domain.household.push import HouseholdLedger
from domain.occasion import Occasion
from domain.refusals import refuse
from domain.values import BusinessDate, Code, Fen, Name, Text, Value
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing, post
from service.commands.authorization import Resource, authorize
from service.commands.commands import Result, Work
from service.commands.views import view_model

router = routes("/v1/household-assets", "household-assets 到户资产")
entrustments = routes("/v1/household-entrustments", "household-assets 到户资产")

HouseholdAssetCode = Annotated[Code, Path(title="到户资产编号")]
EntrustmentCode = Annotated[Code, Path(title="委托编号")]
HouseholdAssetView = view_model(HouseholdAsset)


class RegisterHouseholdAsset(Circumstances):
    """Registration of an asset that belongs to a household."""

    asset: Code | None = Field(default=None, title="到户资产编号", description="不填由系统编号")
    card: HouseholdAssetCard = Field(title="到户资产登记卡")


class InspectHouseholdAsset(Circumstances):
    """Request body: record the yearly inspection of a household asset."""

    inspection: HouseholdInspection = Field(title="检查情况")


class ConfirmToHousehold(Circumstances):
    """Request body: confirm an asset to its household."""

    confirmation: HouseholdConfirmation = Field(title="确权到户")


class CorrectHouseholdAsset(Circumstances):
    """Correction of named fields of the card."""

    correction: HouseholdCorrection = Field(title="到户资产更正内容")


class ArchiveHouseholdDocument(Circumstances):
    """A document for the asset's file."""

    document: Document = Field(title="资料")


class RecordHouseholdExternalEntry(Circumstances):
    """An entry in one system outside."""

    entry: ExternalEntry = Field(title="外部系统录入")


class RecordHouseholdLoss(Circumstances):
    """Request body: record the loss of a household asset, whole or in part."""

    loss: Loss = Field(title="灭失")


class CloseHouseholdAsset(Circumstances):
    """Request body: close the registration of a household asset."""

    closing: HouseholdAssetClosing = Field(title="注销")


class EntrustedAsset(Value):
    """One household's asset of an entrustment, its consent, and what it gets of it a year."""

    asset: Code = Field(title="到户资产编号")
    consent_document: Annotated[Name | None, PERSONAL_OF_HOUSEHOLD] = Field(
        default=None, title="农户同意书编号"
    )
    yearly_return: Fen = Field(title="该户年收益")


class EntrustHouseholdAssets(Circumstances):
    """Several households' assets are entrusted to one operator under one agreement."""

    entrustment: Code = Field(title="委托编号")
    operator: Code = Field(title="受托经营主体编号")
    operator_name: Name = Field(title="受托经营主体名称")
    agreement_no: Name = Field(title="委托协议编号")
    starts_on: Annotated[FactDay, NotBefore("start")] = Field(title="委托起始日期")
    ends_on: Annotated[BusinessDate, NotBefore("starts_on", days=1)] = Field(title="委托终止日期")
    assets: tuple[EntrustedAsset, ...] = Field(title="委托的资产", min_length=1, max_length=2000)


class EndHouseholdEntrustment(Circumstances):
    """Request body: end an entrustment of household assets."""

    assets: tuple[Code, ...] = Field(title="到户资产编号", min_length=1, max_length=2000)
    ended_on: EntrustmentEndDay = Field(title="结束日期")
    reason: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="结束原因")


class EntrustedAssets(Value):
    """The household assets of an entrustment after the command."""

    entrustment: str = Field(title="委托编号")
    assets: tuple[str, ...] = Field(title="到户资产编号")


def place_of(card: HouseholdAssetCard) -> Resource:
    """Where the household lives, for authorisation."""
    return Resource(divisions=(card.location,))


def view_of(asset: HouseholdAsset) -> dict[str, Any]:
    """A household asset as every answer shows it."""
    return asset.view()


households = Kind(
    router,
    HouseholdAsset,
    HouseholdAssetView,
    lambda it, _: view_of(it),
    lambda it, _: place_of(it.card),
    versioned=True,
)


@households.post("", "到户资产登记", "household_asset.register")
async def register_household_asset(body: RegisterHouseholdAsset, write: Writing) -> Response:
    """Enter a household asset (C4.2-05): register-only, outside the county's managed total."""
    code = body.asset or f"H-{body.card.location}-{write.idempotency.body_sha256.hex()[:10]}"
    return await write.create(
        households,
        body,
        lambda at, _: HouseholdAsset.register(code, body.card, at),
        scope=place_of(body.card),
    )


@households.post("/{asset}/inspections", "到户资产检查", "household_asset.inspect")
async def inspect_household_asset(
    asset: HouseholdAssetCode, body: InspectHouseholdAsset, write: Writing
) -> Response:
    """Record an inspection (C4.3-17, C4.5-21): a fact."""
    paper = body.inspection
    return await write.decide(
        households, asset, body, lambda it, at: it.inspect(paper, at), on=paper.inspected_on
    )


@households.post("/{asset}/household-confirmations", "确权到户", "household_asset.confirm")
async def confirm_to_household(
    asset: HouseholdAssetCode, body: ConfirmToHousehold, write: Writing
) -> Response:
    """Confirm the asset to its household: of effect in the register alone (C4.6-09)."""
    paper = body.confirmation
    return await write.decide(
        households, asset, body, lambda it, at: it.confirm_to_household(paper, at), on=paper.confirmed_on
    )


@households.post("/{asset}/registration-corrections", "更正到户资产登记", "household_asset.keep")
async def correct_household_asset(
    asset: HouseholdAssetCode, body: CorrectHouseholdAsset, write: Writing
) -> Response:
    """Correct named fields (C4.6-02). A village files a request for rows that its township pushed (C4.5-18)."""

    async def correct(it: HouseholdAsset, at: Occasion, work: Work) -> None:
        if write.actor.organization_kind == "VILLAGE":
            ledger = await work.context.load(HouseholdLedger, write.county, it.card.location)
            if ledger is not None:
                ledger.must_not_edit(it.id)
        it.correct_registration(body.correction, at)
        await work.require_named(it.card, "card")

    return await write.carry_out(households, asset, body, correct)


@households.post("/{asset}/documents", "到户资产资料存档", "household_asset.keep")
async def archive_household_document(
    asset: HouseholdAssetCode, body: ArchiveHouseholdDocument, write: Writing
) -> Response:
    """Add a document to the asset's file by its digest (C4.6-03)."""
    return await write.decide(households, asset, body, lambda it, at: it.archive_document(body.document, at))


@households.post("/{asset}/external-entries", "到户资产外部系统录入", "household_asset.enter_externally")
async def record_household_external_entry(
    asset: HouseholdAssetCode, body: RecordHouseholdExternalEntry, write: Writing
) -> Response:
    """Record the entry in one of the two systems, by its own reference number (C4.3-08)."""
    entry = body.entry

    def enterers(it: HouseholdAsset, _: Write) -> Resource:
        units = (unit for one in it.external_duties for unit in one.entered_by)
        return Resource(divisions=(it.card.location,), organizations=tuple(units))

    return await write.decide(
        households,
        asset,
        body,
        lambda it, at: it.record_external_entry(entry, at),
        on=entry.entered_on,
        scope=enterers,
    )


@households.post("/{asset}/losses", "到户资产灭失登记", "household_asset.keep")
async def record_household_loss(
    asset: HouseholdAssetCode, body: RecordHouseholdLoss, write: Writing
) -> Response:
    """Record that the asset or a part of it is lost (C4.2-06)."""
    return await write.decide(
        households, asset, body, lambda it, at: it.record_loss(body.loss, at), on=body.loss.lost_on
    )


@households.post("/{asset}/closing", "注销到户资产登记", "household_asset.keep")
async def close_household_asset(
    asset: HouseholdAssetCode, body: CloseHouseholdAsset, write: Writing
) -> Response:
    """Close the row by a paper (C4.2-06)."""
    paper = body.closing
    return await write.decide(
        households, asset, body, lambda it, at: it.close_registration(paper, at), on=paper.closed_on
    )


@post(entrustments, "", "到户资产集中委托", "household_asset.entrust", EntrustedAssets)
async def entrust_household_assets(body: EntrustHouseholdAssets, write: Writing) -> Response:
    """Entrust several households' assets to one operator, all or none, each with its household's consent (C4.6-10)."""

    async def entrust(at: Occasion, work: Work) -> Result:
        given = {one.asset: one for one in body.assets}
        if len(given) != len(body.assets):
            raise refuse("FIELD_INVALID", clause="C4.6-10", field="assets")
        assets = await work.get_many(HouseholdAsset, list(given))
        for it in assets.values():
            authorize(write.actor, write.action, place_of(it.card))
        silent = sorted(
            it.card.household or it.id
            for it in assets.values()
            if given[it.id].consent_document is None and it.entrustment is None
        )
        at.require(not silent, "HOUSEHOLD_CONSENT_REQUIRED", missing=silent, households=silent)
        for it in assets.values():
            it.entrust(_terms_for(body, given[it.id], at, it), at)
        work.claim("household_entrustment", body.entrustment)
        return Result(body.entrustment, 1, {"entrustment": body.entrustment, "assets": sorted(given)})

    return await write.act(body, entrust, on=body.starts_on)


def _terms_for(
    body: EntrustHouseholdAssets, one: EntrustedAsset, at: Occasion, it: HouseholdAsset
) -> Entrustment:
    return Entrustment(
        entrustment=body.entrustment,
        operator=body.operator,
        operator_name=body.operator_name,
        agreement_no=body.agreement_no,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        yearly_return=one.yearly_return,
        consent_document=one.consent_document,
        inspecting_department=inspecting_department(it.card.asset_type, at.rules),
    )


@post(entrustments, "/{entrustment}/ending", "结束集中委托", "household_asset.entrust", EntrustedAssets)
async def end_household_entrustment(
    entrustment: EntrustmentCode, body: EndHouseholdEntrustment, write: Writing
) -> Response:
    """Record that an entrustment is over for the named assets, all or none (C4.6-10)."""

    async def end(at: Occasion, work: Work) -> Result:
        assets = await work.get_many(HouseholdAsset, list(dict.fromkeys(body.assets)))
        for it in assets.values():
            authorize(write.actor, write.action, place_of(it.card))
            if it.entrustment is None or it.entrustment.entrustment != entrustment:
                raise refuse("NOT_FOUND", what=f"{entrustment} {it.id}")
            it.end_entrustment(body.ended_on, body.reason, at)
        return Result(entrustment, 1, {"entrustment": entrustment, "assets": sorted(assets)})

    return await write.act(body, end, on=body.ended_on)


@get(router, "/{asset}", "查询到户资产", "household_asset.read", response_model=from_log(HouseholdAssetView))
async def read_household_asset(asset: HouseholdAssetCode, read: Reading) -> Response:
    """A household asset from the log."""
    return await read.aggregate(HouseholdAsset, asset, view_of)
