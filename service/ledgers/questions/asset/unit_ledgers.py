"""The ledgers of matrix T9 that units keep of assets, under their own names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, create_model

from domain.organization.organization import Organization
from domain.refusals import refuse
from domain.regulation import rows
from domain.values import Code, Fen, Value
from projections.asset import register as asset_register, unit_ledgers as kept_ledgers
from projections.engine.reading import Page
from projections.engine.rows import Row
from service.ledgers.filters import Filters, Standpoint, day_asked
from service.ledgers.queries import LedgerMoment, ledgers_at
from service.ledgers.questions.asset.register import LEAD_DEPARTMENT, with_lead
from service.ledgers.source import Source
from service.ledgers.tables import row_model, typed

Kept = Literal[
    "VILLAGE_REGISTER", "VILLAGE_PUBLIC_WELFARE", "VILLAGE_OPERATING", "TOWNSHIP_ASSET", "DEPARTMENT_ASSET",
    "UNIT_MASTER", "COUNTY_MASTER",
]  # fmt: skip


class UnitLedgerTotals(Value):
    """Totals of a unit's ledger."""

    assets: int = Field(title="资产项数", description="所列资产，每项一次")
    original_value: Fen = Field(title="原始价值", description="所列资产全值")
    net_book_value: Fen = Field(title="净值", description="所列资产全值")
    owned: int = Field(title="其中所有的项数")
    share_value: Fen = Field(title="本单位份额")
    share_net_value: Fen = Field(title="本单位份额净值")


class UnitLedgerFilters(Filters):
    """Filters of a unit's ledger: whose, which, and which rows of it."""

    PROJECTION: ClassVar[str] = asset_register.PROJECTION.name
    DATED = True
    TOTALS = UnitLedgerTotals

    organization: Code = Field(title="单位编号")
    ledger: Kept = Field(title="台账代码")
    relation: Literal["OWNED", "TERRITORIAL", "SUPERVISED"] | None = Field(
        default=None, title="口径", description="所有 / 辖区内 / 归口监管；不填为该台账的全部口径"
    )
    asset_class: Literal["PUBLIC_WELFARE", "OPERATING"] | None = Field(default=None, title="类别")
    township: Code | None = Field(default=None, title="所在乡（镇）")

    async def settled(self, source: Source) -> Self:
        """The same; NOT_FOUND for a unit that is none, LEDGER_KIND_NOT_ALLOWED for a ledger it does not keep."""
        unit = await unit_in_log(source, self.organization)
        row = await self._kept(source)
        if unit.card.kind not in row.keepers:
            raise refuse("LEDGER_KIND_NOT_ALLOWED", clause=row.article, kind=row.zh)
        return self

    async def heading(self, source: Source) -> str:
        """The ledger's own name, and whose it is."""
        return f"{(await self._kept(source)).zh} {(await unit_in_log(source, self.organization)).card.name}"

    async def _kept(self, source: Source) -> rows.LedgerRow:
        """What the regulation of the day asked about says of the ledger."""
        rules = (await source.regulation()).on(day_asked(self, source))
        (found,) = (one for one in rules.table("ledgers.ledger", rows.LedgerRow) if one.code == self.ledger)
        return found

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Assets of the ledger, with the department that leads by the rules of the day."""
        found = await kept_ledgers.kept_page(at.connection, at.county, **self._parameters(), **paging)
        return await with_lead(at, found)

    async def totals(self, at: Standpoint) -> Row | None:
        """Count and sums: of what is listed, and of the unit's own shares."""
        return await kept_ledgers.kept_totals(at.connection, at.county, **self._parameters())

    def _parameters(self) -> dict[str, Any]:
        given = self.filters()
        return {"unit": given.pop("organization"), **given}


async def unit_in_log(source: Source, organization: str) -> Organization:
    """A unit as it is now; NOT_FOUND."""
    unit = await source.load(Organization, organization)
    if unit is None:
        raise refuse("NOT_FOUND", what=organization)
    return unit


_REGISTER_ROW: Final = row_model("KeptRegisterColumns", asset_register.REGISTER).model_fields


UnitLedgerRow = create_model(
    "UnitLedgerRow",
    __base__=Value,
    __doc__="单位资产台账的一行",
    **{name: (_REGISTER_ROW[name].annotation, _REGISTER_ROW[name]) for name in kept_ledgers.COLUMNS},
    lead_department=LEAD_DEPARTMENT,
    owned=(bool, Field(title="是否本单位所有")),
    territorial=(bool, Field(title="是否在本单位辖区内")),
    supervised=(bool, Field(title="是否归本单位监管")),
    share_value=(Fen | None, Field(title="本单位份额", description="不是所有权人的为空")),
    share_net_value=(Fen | None, Field(title="本单位份额净值", description="不是所有权人的为空")),
)  # type: ignore[call-overload]


# ---- which ledgers there are ---------------------------------------------------------------------------------------


ELSEWHERE: Final = {
    "VILLAGE_HOUSEHOLD": "/v1/ledgers/household-register?village={organization}",
    "HOUSEHOLD_FUND_ASSET": "/v1/ledgers/household-register?township={organization}",
    "VILLAGE_INCOME": "/v1/ledgers/income-sub-accounts?organization={organization}",
    "INCOME_SUPERVISION": "/v1/ledgers/income-supervision",
    "FUND": "/v1/ledgers/fund-ledger",
    "PROCEEDS_POOL": "/v1/ledgers/proceeds-pool",
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


class UnitLedger(LedgerEntry):
    """One of a unit's ledgers with its sums."""

    totals: UnitLedgerTotals | None = Field(title="合计", description="不是资产台账的为空")


async def ledger_entries(source: Source, on: date) -> tuple[LedgerEntry, ...]:
    """Every ledger of the regulation on a day: who keeps it, what it holds, where it is read."""
    rules = (await source.regulation()).on(on)
    return tuple(LedgerEntry(**_entry(row)) for row in rules.table("ledgers.ledger", rows.LedgerRow))


async def ledgers_of_unit(source: Source, organization: str, moment: LedgerMoment) -> tuple[UnitLedger, ...]:
    """The ledgers that a unit has to keep, by its kind, with the sums of those of assets (C4.5-01); NOT_FOUND."""
    unit = await unit_in_log(source, organization)
    rules = (await source.regulation()).on(moment.as_of or source.today)
    found = []
    async with ledgers_at(source, (asset_register.PROJECTION.name,), moment) as (connection, _):
        for row in rules.table("ledgers.ledger", rows.LedgerRow):
            if unit.card.kind in row.keepers:
                sums = None
                if row.code in kept_ledgers.KEPT:
                    sums = typed(
                        await kept_ledgers.kept_totals(connection, source.county, organization, row.code),
                        UnitLedgerTotals,
                    )
                found.append(UnitLedger(**_entry(row, organization), totals=sums))
    return tuple(found)


def _entry(row: rows.LedgerRow, organization: str = "{organization}") -> dict[str, Any]:
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
        "path": path and path.replace("{organization}", organization),
    }
