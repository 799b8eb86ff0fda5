"""The title of assets over HTTP: transfers between units, the confirmation of ownership and what leads there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from domain.asset import Asset
from domain.occasion import Occasion
from domain.ownership import OwnershipConfirmation
from domain.transfer import ItemAcceptance, Transfer
from domain.values import Code, Text
from service.api.asset_decisions import AssetCode, AssetView, decide
from service.api.reading import Endpoint, routes
from service.api.writing import Circumstances, Writing, post
from service.authorization import Resource

router = routes("/v1/assets", "assets 资产")

TransferCode = Annotated[Code, Path(title="移交编号")]


class ConfirmOwnership(Circumstances):
    """Confirmation of ownership."""

    confirmation: OwnershipConfirmation = Field(title="确权")


class InitiateTransfer(Circumstances):
    """Offer of an asset to another unit."""

    transfer: Transfer = Field(title="移交")


class AcceptTransferItems(Circumstances):
    """The receiving unit's word on items."""

    receiver: Code = Field(title="接收单位")
    items: tuple[ItemAcceptance, ...] = Field(title="接收情况", min_length=1, max_length=5000)
    conditions: Text | None = Field(default=None, title="接收条件")


def _post(path: str, summary: str, action: str) -> Callable[[Endpoint], Endpoint]:
    return post(router, path, summary, action, AssetView, versioned=True)


@_post("/{asset}/ownership-confirmations", "确权", "asset.confirm_ownership")
async def confirm_ownership(asset: AssetCode, body: ConfirmOwnership, write: Writing) -> Response:
    """Confirm ownership by the decision table of the day (四(五))."""
    return await decide(write, asset, body, None, lambda it, at: it.confirm_ownership(body.confirmation, at))


@_post("/{asset}/transfers", "发起资产移交", "asset.transfer")
async def initiate_transfer(asset: AssetCode, body: InitiateTransfer, write: Writing) -> Response:
    """Offer the asset and its papers to another unit (C4.5-20)."""
    return await decide(
        write, asset, body, body.transfer.initiated_on, lambda it, at: it.initiate_transfer(body.transfer, at)
    )


@_post("/{asset}/transfers/{transfer}/acceptances", "接收移交项", "asset.transfer")
async def accept_transfer(
    asset: AssetCode, transfer: TransferCode, body: AcceptTransferItems, write: Writing
) -> Response:
    """Accept or refuse items as the receiving unit (C4.5-20)."""

    def receiver_of(it: Asset) -> Resource:
        receiver = (it.transfers[transfer].receiver,) if transfer in it.transfers else ()
        return Resource(divisions=receiver, organizations=receiver)

    def accept(it: Asset, at: Occasion) -> None:
        it.accept_transfer(transfer, body.receiver, body.items, at, conditions=body.conditions)

    return await decide(write, asset, body, None, accept, resource=receiver_of)


@_post("/{asset}/transfers/{transfer}/completion", "完成资产移交", "asset.transfer")
async def complete_transfer(
    asset: AssetCode, transfer: TransferCode, body: Circumstances, write: Writing
) -> Response:
    """Close a transfer whose items are all accepted (C4.5-20)."""
    return await decide(write, asset, body, None, lambda it, at: it.complete_transfer(transfer, at))
