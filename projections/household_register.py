"""The household register (到户类资产台账): registered and inspected, never in the managed total (C4.2-06)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Index

from projections.events import LedgerEvent, day
from projections.places import places_of
from projections.projection import Projection
from projections.reading import Conditions, Page, page
from projections.rows import Row, Rows
from projections.tables import (
    LedgerTable,
    day_column,
    flag_column,
    json_column,
    ledger_table,
    money_column,
    position_column,
    quantity_column,
    text_column,
    whole_column,
)
from projections.writing import Connection

HOUSEHOLD_REGISTER: Final = ledger_table(
    "household_register",
    text_column("asset", "资产编号"),
    text_column("asset_name", "资产名称"),
    text_column("asset_content", "资产内容"),
    text_column("asset_type", "类型"),
    text_column("household", "户编号", null=True),
    text_column("location", "所在村代码"),
    text_column("village", "所在村（12位）", null=True),
    text_column("township", "所在乡镇（12位）", null=True),
    day_column("completion_date", "建设（购置）时间"),
    quantity_column("quantity", "数量"),
    text_column("unit_of_measure", "单位"),
    money_column("original_value", "原始价值"),
    json_column("funding_lines", "资金来源构成，金额为分"),
    text_column("project_code", "项目编号", null=True),
    text_column("loan_ref", "小额信贷合同号", null=True),
    text_column("state", "状态：REGISTERED / CLOSED"),
    whole_column("inspections", "检查次数"),
    day_column("last_inspected_on", "最近检查日期", null=True),
    text_column("last_condition", "最近检查状况", null=True),
    text_column("absence_reason", "资产不在的原因", null=True),
    flag_column("cooperated", "最近检查农户是否配合", null=True),
    whole_column("warnings", "提醒条数"),
    whole_column("findings", "历史数据检查发现条数"),
    day_column("registered_on", "登记日期"),
    whole_column("version", "资产事件版本"),
    position_column("first_position", "首个事件位置"),
    key=("asset",),
    group="asset",
    comment="到户类资产台账：每项到户资产一行，不计入县级管理资产总额",
    indexes=(Index("household_register_village_idx", "county", "village", "asset"),),
)


def _registered(event: LedgerEvent, rows: Rows) -> None:
    if rows.find(HOUSEHOLD_REGISTER, event.id) is not None:
        raise ValueError(f"household asset {event.id} is registered already")
    card = event.data["card"]
    village, township = places_of(card["location"])
    rows.put(
        HOUSEHOLD_REGISTER,
        {
            "asset": event.id,
            "asset_name": card["assetName"],
            "asset_content": card["assetContent"],
            "asset_type": card["assetType"],
            "household": card.get("household"),
            "location": card["location"],
            "village": village,
            "township": township,
            "completion_date": day(card["completionDate"]),
            "quantity": Decimal(card["quantity"]),
            "unit_of_measure": card["unitOfMeasure"],
            "original_value": card["originalValue"],
            "funding_lines": card.get("fundingLines", []),
            "project_code": card.get("projectCode"),
            "loan_ref": card.get("loanRef"),
            "state": "REGISTERED",
            "inspections": 0,
            "last_inspected_on": None,
            "last_condition": None,
            "absence_reason": None,
            "cooperated": None,
            "warnings": len(event.basis.warnings),
            "findings": len(event.basis.findings),
            "registered_on": event.day,
            "version": event.version,
            "first_position": event.position,
            "position": event.position,
        },
    )


def _inspected(event: LedgerEvent, rows: Rows) -> None:
    row = rows.edit(HOUSEHOLD_REGISTER, event.id)
    inspection = event.data["inspection"]
    row["inspections"] += 1
    row["last_inspected_on"] = day(inspection["inspectedOn"])
    row["last_condition"] = inspection["condition"]
    row["cooperated"] = inspection.get("cooperated", True)
    row["absence_reason"] = inspection.get("reason")
    if not inspection["present"]:
        row["state"] = "CLOSED"
    row["warnings"] += len(event.basis.warnings)
    row["findings"] += len(event.basis.findings)
    row["version"] = event.version
    row["position"] = event.position


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(HOUSEHOLD_REGISTER, event.id)]


PROJECTION: Final = Projection(
    name="household_register",
    title="到户类资产台账",
    version=1,
    tables=(HOUSEHOLD_REGISTER,),
    handlers={"household_asset.registered": _registered, "household_asset.inspected": _inspected},
    keys=_keys,
    weight=1,
)


async def household_page(
    connection: Connection,
    county: str,
    *,
    village: str | list[str] | None = None,
    township: str | list[str] | None = None,
    household: str | None = None,
    asset_type: str | list[str] | None = None,
    state: str | None = None,
    sort: str = "asset",
    descending: bool = False,
    limit: int = 100,
    cursor: str | None = None,
) -> Page:
    """Rows of the household register, all columns, sorted by any that is not a list."""
    conditions = _conditions(
        county, village=village, township=township, household=household, asset_type=asset_type, state=state
    )
    return await page(
        connection,
        HOUSEHOLD_REGISTER,
        conditions,
        source="household_register h",
        alias="h",
        columns=HOUSEHOLD_REGISTER.columns,
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
    )


async def household_totals(
    connection: Connection,
    county: str,
    *,
    village: str | list[str] | None = None,
    township: str | list[str] | None = None,
) -> Row:
    """Count and value (fen) of the household assets still there, and of the closed rows. Never part of the managed
    total.
    """
    conditions = _conditions(county, village=village, township=township)
    record = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE h.state = 'REGISTERED') AS assets,"
        " coalesce(sum(h.original_value) FILTER (WHERE h.state = 'REGISTERED'), 0)::bigint AS original_value,"
        " count(*) FILTER (WHERE h.state = 'CLOSED') AS closed_assets,"
        " coalesce(sum(h.original_value) FILTER (WHERE h.state = 'CLOSED'), 0)::bigint AS closed_original_value"
        f" FROM household_register h WHERE {conditions.where}",
        *conditions.parameters,
    )
    return dict(record)


def _conditions(county: str, **equal: Any) -> Conditions:
    conditions = Conditions()
    conditions.equal("h.county", county)
    for name, value in equal.items():
        conditions.equal(f"h.{name}", value)
    return conditions
