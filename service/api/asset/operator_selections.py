"""Selections of operators over HTTP (C4.7-05): announced by an owner, bids recorded, the choice published with its reason."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.asset.facts.selection import Bid, SelectionAnnouncement, SelectionChoice
from domain.asset.selection import OperatorSelection
from domain.classification import UNIT
from domain.occasion import Occasion
from domain.values import Code, Text
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Excepting, Kind, Write, Writing
from service.api.organization.organizations import place_of, unit_of
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.selecting import in_office
from service.commands.views import view_model

router = routes("/v1/operator-selections", "contracts 经营")

SelectionPath = Annotated[Code, Path(title="经营主体选定编号")]
OperatorSelectionView = view_model(
    OperatorSelection, operator_selection=Annotated[Code, Field(title="经营主体选定编号")]
)


class OpenOperatorSelection(Excepting):
    """Request body: announce that an operator is looked for."""

    announcement: SelectionAnnouncement = Field(title="选定公告")


class ReceiveBid(Circumstances):
    """Request body: record a candidate's paper."""

    bid: Bid = Field(title="报名")


class SelectOperator(Circumstances):
    """Request body: choose one of the candidates and publish it with the reason."""

    choice: SelectionChoice = Field(title="选定结果")


class CancelOperatorSelection(Circumstances):
    """Request body: give a selection up."""

    reason: Annotated[Text, UNIT] = Field(title="取消选定的原因")


def selection_view(it: OperatorSelection) -> dict[str, Any]:
    """A selection as every answer shows it."""
    return it.view() | {"operatorSelection": it.id}


async def _owner(write: Write, owner: str) -> Resource:
    return place_of(await unit_of(write.context, write.county, owner, "announcement.owner"))


async def _place(it: OperatorSelection, write: Write) -> Resource:
    return await _owner(write, it.announcement.owner)


_SELECTIONS = Kind(
    router,
    OperatorSelection,
    OperatorSelectionView,
    lambda it, _: selection_view(it),
    _place,
    parties=lambda it: (it.announcement.owner,),
)


@_SELECTIONS.post("", "公告选定经营主体", "asset.contract")
async def open_operator_selection(body: OpenOperatorSelection, write: Writing) -> Response:
    """Announce that an operator is looked for (C4.7-05); also for a renewal with the sitting one."""
    code = f"OS-{write.mark(16)}"
    announcement = body.announcement

    async def made(at: Occasion, work: Work) -> OperatorSelection:
        return OperatorSelection.open(code, announcement, await work.get(Asset, announcement.asset), at)

    async def scope() -> Resource:
        return await _owner(write, announcement.owner)

    return await write.create(
        _SELECTIONS, body, made, scope=scope, on=announcement.announced_on, party=announcement.owner
    )


@_SELECTIONS.post("/{operator_selection}/bids", "登记报名", "asset.contract")
async def receive_bid(operator_selection: SelectionPath, body: ReceiveBid, write: Writing) -> Response:
    """Record the paper of a candidate, who needs no key (C4.7-05); a late one is recorded and cannot be chosen."""
    return await write.decide(
        _SELECTIONS,
        operator_selection,
        body,
        lambda it, at: it.receive_bid(body.bid, at),
        on=body.bid.received_on,
    )


@_SELECTIONS.post("/{operator_selection}/result", "公布选定结果", "asset.contract")
async def select_operator(
    operator_selection: SelectionPath, body: SelectOperator, write: Writing
) -> Response:
    """Choose one of the candidates and publish it with the reason (C4.7-05); one candidate is enough."""

    async def choose(it: OperatorSelection, at: Occasion, work: Work) -> None:
        asset = await work.get(Asset, it.announcement.asset)
        it.select(body.choice, await in_office(work, asset, at), at)

    return await write.carry_out(_SELECTIONS, operator_selection, body, choose, on=body.choice.published_on)


@_SELECTIONS.post("/{operator_selection}/cancellation", "取消选定", "asset.contract")
async def cancel_operator_selection(
    operator_selection: SelectionPath, body: CancelOperatorSelection, write: Writing
) -> Response:
    """Give a selection up (C4.7-05): no contract is signed by it from then on."""
    return await write.decide(
        _SELECTIONS, operator_selection, body, lambda it, at: it.cancel(body.reason, at)
    )


@get(
    router,
    "/{operator_selection}",
    "查询经营主体选定",
    "asset.read",
    response_model=from_log(OperatorSelectionView),
)
async def read_operator_selection(operator_selection: SelectionPath, read: Reading) -> Response:
    """A selection from the log: what was offered, who came, who was chosen and why."""
    return await read.aggregate(OperatorSelection, operator_selection, selection_view)
