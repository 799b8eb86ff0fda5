"""Household assets (到户类资产) over HTTP: registered and looked at, never managed (C4.2-06)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.household_asset import HouseholdAsset
from domain.household_card import HouseholdAssetCard, Inspection
from domain.occasion import Occasion
from domain.organization import Division
from domain.values import Code
from service.api.assets import padded
from service.api.reading import Reading, from_log, get, routes
from service.api.writing import Circumstances, Writing, post, view_model
from service.authorization import Resource
from service.commands import Work

router = routes("/v1/household-assets", "household-assets 到户资产")

HouseholdAssetCode = Annotated[Code, Path(title="到户资产编号")]
HouseholdAssetView = view_model(HouseholdAsset)


class RegisterHouseholdAsset(Circumstances):
    """Registration of an asset that belongs to a household."""

    asset: Code | None = Field(default=None, title="到户资产编号", description="不填由系统编号")
    card: HouseholdAssetCard = Field(title="登记卡")


class InspectHouseholdAsset(Circumstances):
    """A yearly look."""

    inspection: Inspection = Field(title="检查情况")


def place_of(card: HouseholdAssetCard) -> Resource:
    """Where the household lives, for authorisation."""
    return Resource(divisions=(card.location,))


def view_of(asset: HouseholdAsset) -> dict[str, Any]:
    """A household asset as every answer shows it."""
    return asset.view()


@post(router, "", "到户资产登记", "household_asset.register", HouseholdAssetView)
async def register_household_asset(body: RegisterHouseholdAsset, write: Writing) -> Response:
    """Enter a household asset (C4.2-05): register-only, outside the county's managed total."""
    card = body.card
    code = body.asset or f"H-{card.location}-{write.idempotency.body_sha256.hex()[:10]}"

    async def register(work: Work) -> tuple[HouseholdAsset, Occasion]:
        at = write.occasion(body)
        await work.require_known(Division, {"card.location": padded(card.location)})
        return HouseholdAsset.register(code, card, at), at

    return await write.create(place_of(card), register, view=view_of)


@post(
    router,
    "/{asset}/inspections",
    "到户资产检查",
    "household_asset.inspect",
    HouseholdAssetView,
    versioned=True,
)
async def inspect_household_asset(
    asset: HouseholdAssetCode, body: InspectHouseholdAsset, write: Writing
) -> Response:
    """Record an inspection (C4.3-17, C4.5-21): a fact."""

    async def inspect(it: HouseholdAsset, _: Work) -> Occasion:
        at = write.occasion(body, body.inspection.inspected_on)
        it.inspect(body.inspection, at)
        return at

    return await write.on(
        HouseholdAsset, asset, inspect, resource=lambda it: place_of(it.card), view=view_of, versioned=True
    )


@get(router, "/{asset}", "查询到户资产", "household_asset.read", response_model=from_log(HouseholdAssetView))
async def read_household_asset(asset: HouseholdAssetCode, read: Reading) -> Response:
    """A household asset from the log."""
    return await read.aggregate(HouseholdAsset, asset, view_of)
