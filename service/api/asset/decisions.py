"""What the routers of assets share: how an asset is shown, where it lies, one decision on one asset."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.household.asset import HouseholdAsset
from domain.occasion import Occasion
from domain.refusals import Refusal, refuse
from domain.values import Code, Fen
from service.api.http.writing import Circumstances, Write, view_model
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.history import view_of

AssetCode = Annotated[Code, Path(title="资产编号")]

AssetView = view_model(
    Asset,
    asset=Annotated[Code, Field(title="资产编号")],
    net_book_value=Annotated[Fen, Field(title="账面净值")],
    accountable_parties=Annotated[tuple[Code, ...], Field(title="直接责任主体")],
    sanzi=Annotated[bool, Field(title="是否纳入农村“三资”管理")],
)


def resource_of(asset: Asset) -> Resource:
    """Where an asset lies and whose it is, for authorisation."""
    owners = tuple(share.party for share in asset.owners)
    units = (asset.custody.responsible_unit,) if asset.custody is not None else ()
    return Resource(divisions=(asset.card.location,), organizations=(asset.card.implementer, *owners, *units))


async def decide(
    write: Write,
    asset: str,
    body: Circumstances,
    on: date | None,
    decision: Callable[[Asset, Occasion], None],
    *,
    resource: Callable[[Asset], Resource] = resource_of,
) -> Response:
    """One decision on one asset. `on` is the fact's own date, the business date unless the client states one."""

    async def with_occasion(aggregate: Asset, _: Work) -> Occasion:
        at = write.occasion(body, on)
        decision(aggregate, at)
        return at

    try:
        return await write.on(Asset, asset, with_occasion, resource=resource, view=view_of, versioned=True)
    except Refusal as refusal:
        if refusal.code == "NOT_FOUND" and await write.context.knows(HouseholdAsset, write.county, asset):
            # asked to manage what is only registered: say so, instead of not knowing it (C4.2-06)
            raise refuse("HOUSEHOLD_REGISTER_ONLY", action=write.action) from refusal
        raise
