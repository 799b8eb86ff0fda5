"""The household register (到户类资产台账): registered and inspected, never in the managed total (C4.2-06)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Unpack

from sqlalchemy import Index

from domain.classification import PERSONAL_OF_HOUSEHOLD, SEALED_OF_HOUSEHOLD
from projections.engine.codes import ASSET_TYPE, FUNDING_LINES
from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import PLACE_CODE, UNIT_CODE, Each, member, parts, states
from projections.engine.places import places_of
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page, rows_of
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
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
from projections.engine.writing import Connection

HOUSEHOLD_REGISTER: Final = ledger_table(
    "household_register",
    text_column("asset", "资产编号"),
    text_column("asset_name", "资产名称"),
    text_column("asset_content", "资产内容", classified=PERSONAL_OF_HOUSEHOLD),
    code_column("asset_type", "类型", ASSET_TYPE),
    text_column("household", "户编号", null=True, classified=PERSONAL_OF_HOUSEHOLD),
    text_column("location", "所在村代码", of=PLACE_CODE),
    text_column("village", "所在村（12位）", of=PLACE_CODE, null=True),
    text_column("township", "所在乡镇（12位）", of=PLACE_CODE, null=True),
    day_column("completion_date", "建设（购置）时间"),
    quantity_column("quantity", "数量"),
    text_column("unit_of_measure", "单位"),
    money_column("original_value", "原始价值"),
    json_column("funding_lines", "资金来源构成，金额为分", of=FUNDING_LINES, title="资金来源构成"),
    text_column("project_code", "项目编号", null=True),
    text_column("loan_ref", "小额信贷合同号", null=True, classified=SEALED_OF_HOUSEHOLD),
    code_column("state", "状态：REGISTERED / CLOSED", states(REGISTERED="已登记", CLOSED="已注销")),
    quantity_column("remaining", "现有数量"),
    text_column("lead_department", "牵头部门", of=UNIT_CODE, null=True),
    day_column("confirmed_on", "确权到户日期", null=True),
    text_column("entrustment", "集中委托编号", null=True),
    text_column("operator", "受托经营主体", null=True),
    day_column("entrusted_on", "委托起始日期", null=True),
    day_column("entrusted_until", "委托终止日期", null=True),
    money_column("yearly_return", "委托年收益", null=True),
    text_column("inspecting_department", "监督检查部门", of=UNIT_CODE, null=True),
    day_column("absent_since", "检查发现不在、待核实的日期", null=True),
    day_column("closed_on", "注销日期", null=True),
    text_column("closing_reason", "注销原因", null=True, classified=PERSONAL_OF_HOUSEHOLD),
    whole_column("documents", "存档资料件数"),
    whole_column("corrections", "更正次数"),
    whole_column("inspections", "检查次数"),
    day_column("last_inspected_on", "最近检查日期", null=True),
    text_column("last_condition", "最近检查状况", null=True, classified=PERSONAL_OF_HOUSEHOLD),
    text_column("absence_reason", "资产不在的原因", null=True, classified=PERSONAL_OF_HOUSEHOLD),
    flag_column("cooperated", "最近检查农户是否配合", null=True),
    whole_column("warnings", "提醒条数"),
    whole_column("findings", "历史数据检查发现条数"),
    day_column("registered_on", "登记日期"),
    whole_column("version", "资产事件版本"),
    position_column("first_position", "首个事件位置"),
    text_column("householder", "户主姓名", null=True, classified=SEALED_OF_HOUSEHOLD),
    key=("asset",),
    group="asset",
    comment="到户类资产台账：每项到户资产一行，不计入县级管理资产总额",
    indexes=(Index("household_register_village_idx", "county", "village", "asset"),),
)

HOUSEHOLD_LEDGER: Final = ledger_table(
    "household_ledger",
    text_column("village", "村", of=PLACE_CODE),
    text_column("township", "推送单位", of=PLACE_CODE),
    day_column("pushed_on", "推送日期"),
    whole_column("pushed_rows", "台账行数"),
    text_column("sha256", "台账摘要"),
    day_column("acknowledged_on", "村确认日期", null=True),
    json_column(
        "open_requests",
        "待处理的更正申请",
        of=Each(
            parts(
                request=member("更正申请编号"), asset=member("到户资产编号"), content=member("申请更正的内容")
            )
        ),
        classified=PERSONAL_OF_HOUSEHOLD,
    ),
    key=("village",),
    group="village",
    comment="到户资产台账的推送与确认：每村一行",
)


_NOT_ENTRUSTED: Final[Row] = dict.fromkeys(
    (
        "entrustment",
        "operator",
        "entrusted_on",
        "entrusted_until",
        "yearly_return",
        "inspecting_department",
    )
)


def _card(card: Mapping[str, Any]) -> Row:
    """Columns that come from the card."""
    village, township = places_of(card["location"])
    return {
        "asset_name": card["assetName"],
        "asset_content": card["assetContent"],
        "asset_type": card["assetType"],
        "household": card.get("household"),
        "householder": card.get("householder"),
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
    }


def _registered(event: LedgerEvent, rows: Rows) -> None:
    if rows.find(HOUSEHOLD_REGISTER, event.id) is not None:
        raise ValueError(f"household asset {event.id} is registered already")
    card = event.data["card"]
    rows.put(
        HOUSEHOLD_REGISTER,
        {
            "asset": event.id,
            **_card(card),
            "state": "REGISTERED",
            "remaining": Decimal(card["quantity"]),
            "lead_department": event.data.get("leadDepartment"),
            "confirmed_on": None,
            **_NOT_ENTRUSTED,
            "absent_since": None,
            "closed_on": None,
            "closing_reason": None,
            "documents": 0,
            "corrections": 0,
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


def _touch(event: LedgerEvent, rows: Rows) -> Row:
    """The asset's row, marked as touched by this event."""
    row = rows.edit(HOUSEHOLD_REGISTER, event.id)
    row["warnings"] += len(event.basis.warnings)
    row["findings"] += len(event.basis.findings)
    row["version"] = event.version
    row["position"] = event.position
    return row


def _inspected(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    inspection = event.data["inspection"]
    row["inspections"] += 1
    row["last_inspected_on"] = day(inspection["inspectedOn"])
    row["last_condition"] = inspection["condition"]
    row["cooperated"] = inspection.get("cooperated", True)
    row["absence_reason"] = inspection.get("reason")
    present = inspection["present"]
    row["state"] = "REGISTERED" if present and row["remaining"] > 0 else "CLOSED"
    looked_for = not present and row["remaining"] > 0  # what is known to be lost is not looked for
    row["absent_since"] = (row["absent_since"] or day(inspection["inspectedOn"])) if looked_for else None


def _confirmed(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows)["confirmed_on"] = day(event.data["confirmation"]["confirmedOn"])


def _corrected(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    registered = row["quantity"]
    row.update(_card(event.data["card"]))
    row["remaining"] += row["quantity"] - registered
    row["corrections"] += 1


def _archived(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows)["documents"] += 1


def _touched(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows)


def _lost(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    lost = event.data["loss"].get("quantity")  # none: everything that was left
    row["remaining"] = row["remaining"] - Decimal(lost) if lost is not None else Decimal(0)
    row["state"] = "REGISTERED" if row["remaining"] > 0 else "CLOSED"
    row["absent_since"] = None


def _entrusted(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    entrustment = event.data["entrustment"]
    row["entrustment"] = entrustment["entrustment"]
    row["operator"] = entrustment["operator"]
    row["entrusted_on"] = day(entrustment["startsOn"])
    row["entrusted_until"] = day(entrustment["endsOn"])
    row["yearly_return"] = entrustment["yearlyReturn"]
    row["inspecting_department"] = entrustment.get("inspectingDepartment")


def _entrustment_ended(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows).update(_NOT_ENTRUSTED)


def _closed(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    row["state"] = "CLOSED"
    row["closed_on"] = day(event.data["closing"]["closedOn"])
    row["closing_reason"] = event.data["closing"]["reason"]
    row["absent_since"] = None


def _pushed(event: LedgerEvent, rows: Rows) -> None:
    push = event.data["push"]
    rows.put(
        HOUSEHOLD_LEDGER,
        {
            "village": event.id,
            "township": push["township"],
            "pushed_on": day(push["pushedOn"]),
            "pushed_rows": len(push["rows"]),
            "sha256": push["sha256"],
            "acknowledged_on": None,
            "open_requests": [],
            "position": event.position,
        },
    )


def _acknowledged(event: LedgerEvent, rows: Rows) -> None:
    row = rows.edit(HOUSEHOLD_LEDGER, event.id)
    row["acknowledged_on"] = event.day
    row["position"] = event.position


def _correction_requested(event: LedgerEvent, rows: Rows) -> None:
    row = rows.edit(HOUSEHOLD_LEDGER, event.id)
    row["open_requests"] = [*row["open_requests"], event.data["request"]]
    row["position"] = event.position


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    if event.type.startswith("household_ledger."):
        return [(HOUSEHOLD_LEDGER, event.id)]
    return [(HOUSEHOLD_REGISTER, event.id)]


PROJECTION: Final = Projection(
    name="household_register",
    title="到户类资产台账",
    version=3,
    tables=(HOUSEHOLD_REGISTER, HOUSEHOLD_LEDGER),
    handlers={
        "household_asset.registered": _registered,
        "household_asset.household_confirmed": _confirmed,
        "household_asset.registration_corrected": _corrected,
        "household_asset.document_archived": _archived,
        "household_asset.external_entry_recorded": _touched,
        "household_asset.inspected": _inspected,
        "household_asset.loss_recorded": _lost,
        "household_asset.entrusted": _entrusted,
        "household_asset.entrustment_ended": _entrustment_ended,
        "household_asset.registration_closed": _closed,
        "household_ledger.pushed": _pushed,
        "household_ledger.renewed": _pushed,
        "household_ledger.acknowledged": _acknowledged,
        "household_ledger.correction_requested": _correction_requested,
    },
    keys=_keys,
    weight=1,
)


async def household_page(
    connection: Connection,
    county: str,
    *,
    asset: str | list[str] | None = None,
    village: str | list[str] | None = None,
    township: str | list[str] | None = None,
    household: str | None = None,
    asset_type: str | list[str] | None = None,
    entrustment: str | None = None,
    state: str | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Rows of the household register, all columns, sorted by any that is not a list."""
    conditions = household_conditions(
        county,
        asset=asset,
        village=village,
        township=township,
        household=household,
        asset_type=asset_type,
        entrustment=entrustment,
        state=state,
    )
    return await page(
        connection,
        HOUSEHOLD_REGISTER,
        conditions,
        source="household_register h",
        alias="h",
        columns=HOUSEHOLD_REGISTER.columns,
        usually="asset",
        **paging,
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
    conditions = household_conditions(county, village=village, township=township)
    record = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE h.state = 'REGISTERED') AS assets,"
        " coalesce(sum(h.original_value) FILTER (WHERE h.state = 'REGISTERED'), 0)::bigint AS original_value,"
        " count(*) FILTER (WHERE h.state = 'CLOSED') AS closed_assets,"
        " coalesce(sum(h.original_value) FILTER (WHERE h.state = 'CLOSED'), 0)::bigint AS closed_original_value"
        f" FROM household_register h WHERE {conditions.where}",
        *conditions.parameters,
    )
    return dict(record)


def household_conditions(county: str, **equal: Any) -> Conditions:
    """The filter as conditions on the register called `h`; what is None does not matter."""
    conditions = Conditions()
    conditions.equal("h.county", county)
    for name, value in equal.items():
        conditions.equal(f"h.{name}", value)
    return conditions


async def household_ledgers(
    connection: Connection, county: str, *, village: str | None = None, township: str | None = None
) -> list[Row]:
    """Which villages' ledgers were pushed, and whether they have been acknowledged, in order of village."""
    conditions = Conditions()
    conditions.equal("county", county)
    conditions.equal("village", village)
    conditions.equal("township", township)
    records = await connection.fetch(
        f"SELECT {', '.join(HOUSEHOLD_LEDGER.columns)} FROM household_ledger WHERE {conditions.where}"
        " ORDER BY village",
        *conditions.parameters,
    )
    return rows_of(records, HOUSEHOLD_LEDGER)


async def pushable_rows(connection: Connection, county: str, village: str) -> list[Row]:
    """What a village's household ledger says, row by row in order of asset code: what is pushed to the village."""
    records = await connection.fetch(
        "SELECT asset, version, asset_name, asset_type, household, quantity, remaining, unit_of_measure,"
        " original_value, completion_date, state, confirmed_on, entrustment, loan_ref FROM household_register"
        " WHERE county = $1 AND village = $2 ORDER BY asset",
        county,
        village,
    )
    return [dict(record) for record in records]
