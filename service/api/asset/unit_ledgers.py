"""The ledgers of matrix T9 under their own names: which there are, which a unit keeps, and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from fastapi import Path, Query, Response
from pydantic import Field, PrivateAttr, create_model

from domain.organization.organization import Organization
from domain.refusals import refuse
from domain.regulation import rows
from domain.values import Code, Fen, Value
from projections.asset import register as asset_register, unit_ledgers as kept_ledgers
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.engine.writing import Connection
from service.api.http.paging import AsOf, DatedQuery, KnownAt, MinPosition, answer, ledgers_at, page_of
from service.api.http.reading import Read, Reading, get, routes
from service.api.organization.organizations import OnDay, OrganizationPath
from service.ledgers.tables import row_model, shown

router = routes("/v1/ledgers", "ledgers 台账")

Kept = Literal[
    "VILLAGE_REGISTER", "VILLAGE_PUBLIC_WELFARE", "VILLAGE_OPERATING", "TOWNSHIP_ASSET", "DEPARTMENT_ASSET",
    "UNIT_MASTER", "COUNTY_MASTER",
]  # fmt: skip
KeptCode = Annotated[Kept, Path(title="台账代码")]

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


class UnitLedgerTotals(Value):
    """What a unit's ledger comes to."""

    assets: int = Field(title="资产项数", description="所列资产，每项一次")
    original_value: Fen = Field(title="原始价值", description="所列资产全值")
    net_book_value: Fen = Field(title="净值", description="所列资产全值")
    owned: int = Field(title="其中所有的项数")
    share_value: Fen = Field(title="本单位份额")
    share_net_value: Fen = Field(title="本单位份额净值")


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
    unit = await _unit(read, organization)
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


async def _unit(read: Read, organization: str) -> Organization:
    unit = await read.context.load(Organization, read.county, organization)
    if unit is None:
        raise refuse("NOT_FOUND", what=organization)
    return unit


class KeptQuery(DatedQuery):
    """Filters of a unit's ledger."""

    PROJECTION: ClassVar[str] = asset_register.PROJECTION.name
    TOTALS = UnitLedgerTotals

    relation: Literal["OWNED", "TERRITORIAL", "SUPERVISED"] | None = Field(
        default=None, title="口径", description="所有 / 辖区内 / 归口监管；不填为该台账的全部口径"
    )
    asset_class: Literal["PUBLIC_WELFARE", "OPERATING"] | None = Field(default=None, title="类别")
    township: str | None = Field(default=None, title="所在乡（镇）", max_length=64)

    _unit: str = PrivateAttr(default="")
    _ledger: str = PrivateAttr(default="UNIT_MASTER")
    _title: str = PrivateAttr(default="")

    def of(self, unit: str, ledger: str, title: str) -> KeptQuery:
        """The query with whose ledger, and which."""
        self._unit, self._ledger, self._title = unit, ledger, title
        return self

    def heading(self) -> str:
        """The ledger's own name, and whose it is."""
        return self._title

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """Assets of the ledger."""
        return await kept_ledgers.kept_page(
            connection, county, self._unit, self._ledger, **self.filters(), **paging
        )

    async def totals(self, connection: Connection, county: str) -> Row | None:
        """Count and sums: of what is listed, and of the unit's own shares."""
        return await kept_ledgers.kept_totals(connection, county, self._unit, self._ledger, **self.filters())


_REGISTER_ROW: Final = row_model("KeptRegisterColumns", asset_register.REGISTER).model_fields
UnitLedgerRow = create_model(
    "UnitLedgerRow",
    __base__=Value,
    __doc__="单位资产台账的一行",
    **{name: (_REGISTER_ROW[name].annotation, _REGISTER_ROW[name]) for name in kept_ledgers.COLUMNS},
    owned=(bool, Field(title="是否本单位所有")),
    territorial=(bool, Field(title="是否在本单位辖区内")),
    supervised=(bool, Field(title="是否归本单位监管")),
    share_value=(Fen | None, Field(title="本单位份额", description="不是所有权人的为空")),
    share_net_value=(Fen | None, Field(title="本单位份额净值", description="不是所有权人的为空")),
)  # type: ignore[call-overload]


@get(
    router,
    "/kept/{organization}/{ledger}",
    "单位资产台账",
    "ledger.read",
    response_model=page_of(UnitLedgerRow, UnitLedgerTotals),
)
async def read_unit_ledger(
    organization: OrganizationPath, ledger: KeptCode, read: Reading, query: Annotated[KeptQuery, Query()]
) -> Response:
    """A unit's ledger of assets under its name; ORG_TYPE_NOT_ALLOWED for one that such a unit does not keep."""
    unit = await _unit(read, organization)
    rules = (await read.regulation()).on(read.day(query.as_of))
    (row,) = (one for one in rules.table("ledgers.ledger", rows.LedgerRow) if one.code == ledger)
    if unit.card.kind not in row.keepers:
        raise refuse("LEDGER_KIND_NOT_ALLOWED", clause=row.article, kind=row.zh)
    return await answer(read, query.of(organization, ledger, f"{row.zh} {unit.card.name}"))
