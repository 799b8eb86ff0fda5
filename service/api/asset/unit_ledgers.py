"""The ledgers of matrix T9 under their own names: which there are, which a unit keeps, and what stands in them."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Response
from pydantic import Field

from domain.regulation import rows
from domain.values import Code, Value
from projections.asset import register as asset_register, unit_ledgers as kept_ledgers
from service.api.http.paging import AsOf, KnownAt, MinPosition
from service.api.http.reading import Reading, get, routes
from service.api.organization.organizations import OnDay, OrganizationPath
from service.ledgers.queries import ledgers_at
from service.ledgers.questions.asset.unit_ledgers import UnitLedgerTotals, unit_in_log
from service.ledgers.tables import shown

router = routes("/v1/ledgers", "ledgers 台账")


ELSEWHERE: Final = {
    "VILLAGE_HOUSEHOLD": "/v1/ledgers/household-register?village={organization}",
    "HOUSEHOLD_FUND_ASSET": "/v1/ledgers/household-register?township={organization}",
    "VILLAGE_INCOME": "/v1/ledgers/income-ledger?holder={organization}",
    "FUND": "/v1/ledgers/fund-ledger",
    "CATEGORISED": "/v1/ledgers/asset-register/categories?by={dimension}",
    "EXTERNAL_ENTRIES": "/v1/ledgers/external-entries",
    "DEPARTURE_AUDIT": "/v1/ledgers/departures",
}
"""Ledgers that are not of assets, and where they are read."""


class LedgerEntry(Value):
    """A ledger that the regulation wants kept (T9)."""

    code: Code = Field(title="台账代码")
    zh: str = Field(title="名称")
    en: str = Field(title="英文名称")
    level: str = Field(title="层级")
    keepers: tuple[str, ...] = Field(title="由哪类单位建立")
    content: str = Field(title="内容")
    period: str = Field(title="周期")
    clause: str = Field(title="条款")
    path: str | None = Field(title="查询地址", description="为空的台账尚不能在此查询")


@get(router, "", "台账目录", "ledger.read", response_model=tuple[LedgerEntry, ...])
async def read_ledgers(read: Reading, on: OnDay = None) -> Response:
    """Every ledger of the regulation on a day: who keeps it, what it holds, where it is read."""
    rules = (await read.regulation()).on(read.day(on))
    return read.answer([_entry(row) for row in rules.table("ledgers.ledger", rows.LedgerRow)])


def _entry(row: rows.LedgerRow) -> dict[str, Any]:
    path = ELSEWHERE.get(row.code)
    if row.code in kept_ledgers.KEPT:
        path = f"/v1/ledgers/kept/{{organization}}/{row.code}"
    return {
        "code": row.code,
        "zh": row.zh,
        "en": row.en,
        "level": row.level,
        "keepers": row.keepers,
        "content": row.content,
        "period": row.period,
        "clause": row.article,
        "path": path,
    }


class UnitLedger(LedgerEntry):
    """One of a unit's ledgers with its sums."""

    totals: UnitLedgerTotals | None = Field(title="合计", description="不是资产台账的为空")


@get(router, "/kept/{organization}", "单位台账", "ledger.read", response_model=tuple[UnitLedger, ...])
async def read_unit_ledgers(
    organization: OrganizationPath,
    read: Reading,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = 0,
) -> Response:
    """The ledgers that a unit has to keep, by its kind, with the sums of those of assets (C4.5-01)."""
    unit = await unit_in_log(read, organization)
    rules = (await read.regulation()).on(read.day(as_of))
    names = (asset_register.PROJECTION.name,)
    found = []
    async with ledgers_at(read, names, as_of, known_at, min_position) as (connection, _):
        for row in rules.table("ledgers.ledger", rows.LedgerRow):
            if unit.card.kind in row.keepers:
                sums = None
                if row.code in kept_ledgers.KEPT:
                    sums = shown(
                        await kept_ledgers.kept_totals(connection, read.county, organization, row.code),
                        UnitLedgerTotals,
                    )
                entry = _entry(row)
                if entry["path"] is not None:
                    entry["path"] = entry["path"].replace("{organization}", organization)
                found.append(entry | {"totals": sums})
    return read.answer(found)
