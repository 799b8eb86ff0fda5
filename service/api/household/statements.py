"""A household's own statement of what it has of the assets (C3-07): for itself and for auditors, nobody else."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from domain.refusals import refuse
from domain.values import Code, Fen, Quantity, Value, total
from projections.asset import income as income_ledger, register as asset_register
from projections.household import register as household_register
from projections.household.benefits import assets_of, benefits_of
from service.api.http.paging import MinPosition
from service.api.http.reading import Reading, get, routes
from service.commands.authorization import Role
from service.ledgers.parameters import YearNumber
from service.ledgers.queries import snapshot
from service.ledgers.tables import rows_shown

router = routes("/v1/households", "households 农户")

HouseholdCode = Annotated[Code, Path(title="户编号")]


class Benefit(Value):
    """One payment."""

    paid_on: date = Field(title="支付日期")
    year: int = Field(title="年度")
    asset: str = Field(title="资产编号")
    asset_name: str | None = Field(title="资产名称")
    plan: str | None = Field(title="分配方案")
    use: str | None = Field(title="用途")
    purpose: str | None = Field(title="其他用途名称")
    amount: Fen = Field(title="金额")
    voucher_no: str | None = Field(title="凭证号")


class OwnAsset(Value):
    """An asset of the household."""

    asset: str = Field(title="到户资产编号")
    asset_name: str = Field(title="资产名称")
    asset_type: str = Field(title="类型")
    remaining: Quantity = Field(title="现有数量")
    unit_of_measure: str = Field(title="单位")
    original_value: Fen = Field(title="原始价值")
    state: str = Field(title="状态")
    entrustment: str | None = Field(title="集中委托编号")
    operator: str | None = Field(title="受托经营主体")
    yearly_return: Fen | None = Field(title="委托年收益")


class BenefitStatement(Value):
    """What a household has of the assets."""

    household: str = Field(title="户编号")
    benefits: tuple[Benefit, ...] = Field(title="受益明细")
    received: Fen = Field(title="受益合计")
    assets: tuple[OwnAsset, ...] = Field(title="本户资产")
    position: int = Field(title="日志位置")


@get(router, "/{household}/benefits", "农户受益明细", "household.read", response_model=BenefitStatement)
async def read_household_benefits(
    household: HouseholdCode,
    read: Reading,
    year: Annotated[YearNumber | None, Query(title="年度")] = None,
    min_position: MinPosition = 0,
) -> Response:
    """All that was paid to the household and what it owns (C3-07). FORBIDDEN_PERSONAL_DATA for anybody else's."""
    if read.actor.organization != household and Role.AUDITOR not in read.actor.roles:
        raise refuse("FORBIDDEN_PERSONAL_DATA")
    names = [one.PROJECTION.name for one in (income_ledger, household_register, asset_register)]
    await read.ledgers.reach(min_position, *names)
    async with snapshot(read, names[0]) as (connection, position):
        benefits = await benefits_of(connection, read.county, household, year)
        assets = await assets_of(connection, read.county, household)
    return read.answer(
        {
            "household": household,
            "benefits": rows_shown(benefits, Benefit),
            "received": total(row["amount"] for row in benefits).yuan(),
            "assets": rows_shown(assets, OwnAsset),
            "position": position,
        }
    )
