"""Household assets: their register apart from the managed total, ledgers pushed to villages, a household's statement."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Final, Literal

import orjson
from pydantic import Field

from domain.classification import PERSONAL_OF_HOUSEHOLD
from domain.household.push import CorrectionRequest, HouseholdLedger, PushedRow
from domain.refusals import refuse
from domain.values import Code, DivisionCode, Fen, OrganizationCode, Quantity, Value, total
from projections.asset import income as income_ledger, register as asset_register
from projections.engine.differences import RowSelection, selection
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.household import register as household_register
from projections.household.benefits import assets_of, benefits_of
from service.ledgers.filters import ComparedFilters, Several, Standpoint
from service.ledgers.queries import Look, as_it_stands, ledgers_now, snapshot
from service.ledgers.source import Source
from service.ledgers.tables import row_model, rows_shown, typed_rows
from service.log.codec import canonical

_NAME: Final = household_register.PROJECTION.name


class HouseholdTotals(Value):
    """Count and value of household assets, apart from the county's managed total."""

    assets: int = Field(title="资产项数", description="未注销的")
    original_value: Fen = Field(title="原始价值合计", description="未注销的")
    closed_assets: int = Field(title="已注销项数")
    closed_original_value: Fen = Field(title="已注销资产原始价值合计")


class HouseholdFilters(ComparedFilters):
    """Filters of the household register."""

    PROJECTION: ClassVar[str] = household_register.PROJECTION.name
    DATED = True
    TOTALS = HouseholdTotals

    asset: Several = Field(default=(), title="资产编号", max_length=200)
    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=50)
    household: Code | None = Field(default=None, title="户编号")
    asset_type: Several = Field(default=(), title="类型", max_length=50)
    state: Literal["REGISTERED", "CLOSED"] | None = Field(default=None, title="状态")

    async def totals(self, at: Standpoint) -> Row | None:
        """Count and value, apart from the county's managed total."""
        given = {name: value for name, value in self.filters().items() if name in {"village", "township"}}
        return await household_register.household_totals(at.connection, at.county, **given)

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Rows of the household register."""
        return await household_register.household_page(at.connection, at.county, **self.filters(), **paging)

    def rows(self, county: str) -> RowSelection:
        """Household assets."""
        conditions = household_register.household_conditions(county, **self.filters())
        return selection(household_register.HOUSEHOLD_REGISTER, "h", conditions)


HouseholdRow = row_model("HouseholdRegisterRow", household_register.HOUSEHOLD_REGISTER)


# ---- ledgers pushed to villages (C4.5-18) --------------------------------------------------------------------------

HouseholdLedgerRow = row_model("HouseholdLedgerRow", household_register.HOUSEHOLD_LEDGER)


async def pushed_ledgers(source: Source, township: str | None, min_position: int = 0) -> tuple[Value, ...]:
    """Which villages' ledgers were pushed and acknowledged."""
    async with ledgers_now(source, (_NAME,), min_position) as connection:
        found = await household_register.household_ledgers(connection, source.county, township=township)
    return typed_rows(found, HouseholdLedgerRow)


async def rows_to_push(source: Source, village: str, look: Look = as_it_stands) -> tuple[PushedRow, ...]:
    """The village's rows as the township's register has them now, each with the digest of what it says; what the village
    confirms is `folded`.
    """
    async with look(source, _NAME) as (connection, _):
        rows = await household_register.pushable_rows(connection, source.county, village)
    return tuple(
        PushedRow(
            asset=row["asset"],
            version=row["version"],
            sha256=hashlib.sha256(canonical(orjson.loads(orjson.dumps(shown)))).hexdigest(),
        )
        for row, shown in zip(rows, rows_shown(rows, HouseholdRow), strict=True)
    )


def digest_of_rows(rows: tuple[PushedRow, ...]) -> str:
    """SHA-256 by which a village acknowledges its rows."""
    return hashlib.sha256(canonical([row.model_dump(mode="json", by_alias=True) for row in rows])).hexdigest()


class PushedLedger(Value):
    """A village's ledger as it was pushed, beside the township's register as it is now."""

    village: DivisionCode = Field(title="村编号")
    township: OrganizationCode = Field(title="推送单位")
    pushed_on: date = Field(title="推送日期")
    rows: tuple[PushedRow, ...] = Field(title="台账行")
    sha256: str = Field(title="推送时的台账摘要")
    acknowledged: bool = Field(title="村是否已确认")
    requests: tuple[CorrectionRequest, ...] = Field(title="待处理的更正申请")
    current_sha256: str = Field(title="现在的台账摘要")
    changed: tuple[str, ...] = Field(title="推送后有变化的到户资产")


async def pushed_ledger(source: Source, village: str) -> PushedLedger:
    """The pushed rows and their digest, and what has changed in the township's register since; NOT_FOUND."""
    ledger = await source.load(HouseholdLedger, village)
    if ledger is None:
        raise refuse("NOT_FOUND", what=village)
    now = await rows_to_push(source, village)
    before = {row.asset: row.sha256 for row in ledger.push.rows}
    after = {row.asset: row.sha256 for row in now}
    return PushedLedger(
        village=village,
        township=ledger.push.township,
        pushed_on=ledger.push.pushed_on,
        rows=ledger.push.rows,
        sha256=ledger.push.sha256,
        acknowledged=ledger.acknowledged is not None,
        requests=tuple(ledger.requests.values()),
        current_sha256=digest_of_rows(now),
        changed=tuple(sorted(one for one in {*before, *after} if before.get(one) != after.get(one))),
    )


# ---- a household's statement (C3-07) -------------------------------------------------------------------------------


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
    """Benefits that a household has of the assets."""

    household: Annotated[str, PERSONAL_OF_HOUSEHOLD] = Field(title="户编号")
    benefits: tuple[Benefit, ...] = Field(title="受益明细")
    received: Fen = Field(title="受益合计")
    assets: tuple[OwnAsset, ...] = Field(title="本户资产")
    position: int = Field(title="日志位置")


async def benefit_statement(
    source: Source, household: str, year: int | None, min_position: int = 0
) -> BenefitStatement:
    """All that was paid to a household, of all years or one, and what it owns."""
    names = [one.PROJECTION.name for one in (income_ledger, household_register, asset_register)]
    await source.reach(min_position, *names)
    async with snapshot(source, names[0]) as (connection, position):
        benefits = await benefits_of(connection, source.county, household, year)
        assets = await assets_of(connection, source.county, household)
    return BenefitStatement(
        household=household,
        benefits=typed_rows(benefits, Benefit),
        received=Fen(total(row["amount"] for row in benefits)),
        assets=typed_rows(assets, OwnAsset),
        position=position,
    )
