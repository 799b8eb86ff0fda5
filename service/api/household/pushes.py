"""Household ledgers over HTTP: pushed by the township, acknowledged by the village, asked to be corrected (C4.5-18)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import Field

from domain.bounds import FactDay
from domain.household.push import CorrectionRequest, HouseholdLedger, HouseholdLedgerPush
from domain.occasion import Occasion
from domain.refusals import refuse
from domain.values import Code, OrganizationCode, Sha256
from service.api.http.paging import MinPosition
from service.api.http.reading import Reading, get, list_of, routes
from service.api.http.writing import Circumstances, Kind, Writing
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.views import view_model
from service.ledgers.queries import folded
from service.ledgers.questions.household import (
    HouseholdLedgerRow,
    PushedLedger,
    digest_of_rows,
    pushed_ledger,
    pushed_ledgers,
    rows_to_push,
)
from service.ledgers.tables import values_shown

router = routes("/v1/household-ledgers", "household-ledgers 到户资产台账")

VillageCode = Annotated[Code, Path(title="村编号")]
HouseholdLedgerView = view_model(HouseholdLedger)


class PushHouseholdLedger(Circumstances):
    """The township pushes a village's ledger as it stands."""

    village: OrganizationCode = Field(title="村编号", pattern=r"^[0-9]{12}$")
    pushed_on: FactDay | None = Field(default=None, title="推送日期", description="不填为当日")


class AcknowledgeHouseholdLedger(Circumstances):
    """Request body: acknowledge a household ledger that was pushed."""

    sha256: Sha256 = Field(title="台账摘要")


class RequestLedgerCorrection(Circumstances):
    """Request body: request the correction of a row of a household ledger."""

    request: CorrectionRequest = Field(title="更正申请")


def view_of(ledger: HouseholdLedger) -> dict[str, Any]:
    """A ledger as every answer shows it."""
    return ledger.view()


pushes = Kind(
    router,
    HouseholdLedger,
    HouseholdLedgerView,
    lambda it, _: view_of(it),
    lambda it, _: Resource(organizations=(it.id,)),
)


@pushes.post("", "推送到户资产台账", "household_ledger.push")
async def push_household_ledger(body: PushHouseholdLedger, write: Writing) -> Response:
    """Push a village's household ledger as it stands now; only the township it lies in may (C4.5-18)."""
    village, township = body.village, f"{body.village[:9]}000"
    pushed_on: date = body.pushed_on or write.context.today()

    async def scope() -> Resource:
        if write.actor.organization != township:
            raise refuse("FORBIDDEN_JURISDICTION", organization=write.actor.organization, place=village)
        return Resource(organizations=(township,))

    async def push(at: Occasion, work: Work) -> HouseholdLedger:
        rows = await rows_to_push(write, village, folded)
        content = HouseholdLedgerPush(
            township=township, pushed_on=pushed_on, rows=rows, sha256=digest_of_rows(rows)
        )
        kind = write.actor.organization_kind
        if not await work.context.knows(HouseholdLedger, write.county, village):
            return HouseholdLedger.push_first(village, content, kind, at)
        ledger = await work.get(HouseholdLedger, village)
        ledger.renew(content, kind, at)
        return ledger

    return await write.create(pushes, body, push, scope=scope, on=pushed_on)


@pushes.post("/{village}/acknowledgement", "确认到户资产台账", "household_ledger.answer")
async def acknowledge_household_ledger(
    village: VillageCode, body: AcknowledgeHouseholdLedger, write: Writing
) -> Response:
    """The village confirms the rows it got by their digest (C4.5-18)."""
    return await write.decide(pushes, village, body, lambda it, at: it.acknowledge(body.sha256, at))


@pushes.post("/{village}/correction-requests", "申请更正到户资产台账", "household_ledger.answer")
async def request_ledger_correction(
    village: VillageCode, body: RequestLedgerCorrection, write: Writing
) -> Response:
    """The village asks the township to correct a row (C4.5-18); open until the ledger is pushed again."""
    return await write.decide(pushes, village, body, lambda it, at: it.request_correction(body.request, at))


@get(router, "/{village}", "查询推送的到户资产台账", "ledger.read", response_model=PushedLedger)
async def read_household_ledger(village: VillageCode, read: Reading) -> Response:
    """The pushed rows and their digest, and what has changed in the township's register since (C4.5-18)."""
    return read.answer((await pushed_ledger(read, village)).model_dump(mode="json", by_alias=True))


@get(router, "", "到户资产台账推送情况", "ledger.read", response_model=list_of(HouseholdLedgerRow))
async def list_household_ledgers(
    read: Reading,
    township: Annotated[Code | None, Query(title="推送单位")] = None,
    min_position: MinPosition = 0,
) -> Response:
    """Which villages' ledgers were pushed and acknowledged."""
    return read.answer(values_shown(await pushed_ledgers(read, township, min_position)))
