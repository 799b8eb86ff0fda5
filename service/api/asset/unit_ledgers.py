"""The ledgers of matrix T9 under their own names: which there are, which a unit keeps, and what stands in them."""

from __future__ import annotations

from fastapi import Response

from service.api.http.paging import AsOf, KnownAt, MinPosition
from service.api.http.reading import Reading, get, routes
from service.api.organization.organizations import OnDay, OrganizationPath
from service.ledgers.queries import LedgerMoment
from service.ledgers.questions.asset.unit_ledgers import (
    LedgerEntry,
    UnitLedger,
    ledger_entries,
    ledgers_of_unit,
)
from service.ledgers.tables import values_shown

router = routes("/v1/ledgers", "ledgers 台账")


@get(router, "", "台账目录", "ledger.read", response_model=tuple[LedgerEntry, ...])
async def read_ledgers(read: Reading, on: OnDay = None) -> Response:
    """Every ledger of the regulation on a day: who keeps it, what it holds, where it is read."""
    return read.answer(values_shown(await ledger_entries(read, read.day(on))))


@get(router, "/kept/{organization}", "单位台账", "ledger.read", response_model=tuple[UnitLedger, ...])
async def read_unit_ledgers(
    organization: OrganizationPath,
    read: Reading,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = 0,
) -> Response:
    """The ledgers that a unit has to keep, by its kind, with the sums of those of assets (C4.5-01)."""
    moment = LedgerMoment(as_of, known_at, min_position)
    return read.answer(values_shown(await ledgers_of_unit(read, organization, moment)))
