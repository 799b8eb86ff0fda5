"""Parts that the routers of assets share: how an asset is shown, where it lies, one decision on one asset."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from domain.asset.asset import Asset
from domain.household.asset import HouseholdAsset
from domain.refusals import Refusal, refuse
from domain.values import Code
from service.api.http.writing import Kind, Write
from service.commands.history import AssetView, view_of
from service.commands.places import resource_of

AssetPath = Annotated[Code, Path(title="资产编号")]


async def _absent(write: Write, code: str) -> Refusal:
    """NOT_FOUND; for what is only registered that it cannot be managed (C4.2-06)."""
    if await write.context.knows(HouseholdAsset, write.county, code):
        return refuse("HOUSEHOLD_REGISTER_ONLY", action=write.action)
    return refuse("NOT_FOUND", what=code)


def assets_on(router: APIRouter) -> Kind[Asset]:
    """The writes on assets that one router declares."""
    return Kind(
        router,
        Asset,
        AssetView,
        lambda it, _: view_of(it),
        lambda it, _: resource_of(it),
        versioned=True,
        absent=_absent,
        parties=owners_of,
    )


def owners_of(it: Asset) -> tuple[str, ...]:
    """The owners: each of them can act, for its own part or for what then goes the way of its own decision."""
    return tuple(share.party for share in it.owners)
