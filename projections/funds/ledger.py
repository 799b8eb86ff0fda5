"""The fund ledger (资金台账): what was allocated, what assets say they were made from, and how each unit's year agrees.

Allocations are one side, the funding lines of all registered assets (managed, out of scope, household; disposed ones
too: the money was spent) the other. `fund_questions` sets them against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Index

from projections.engine.codes import FUND_SOURCE, HOLDING
from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import MONEY, PERSON_CODE, UNIT_CODE, Each, member, parts, states
from projections.engine.places import places_of
from projections.engine.projection import Projection
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    json_column,
    ledger_table,
    money_column,
    text_column,
    whole_column,
)

ALLOCATION: Final = ledger_table(
    "fund_allocation",
    text_column("allocation", "拨付编号"),
    text_column("unit", "收款单位", of=UNIT_CODE),
    code_column("source", "资金来源", FUND_SOURCE),
    whole_column("year", "年度（按拨付日期）"),
    day_column("allocated_on", "拨付日期"),
    money_column("amount", "拨付金额"),
    money_column("non_asset_amount", "其中不形成资产的支出"),
    json_column(
        "non_asset",
        "不形成资产的支出及原因，金额为分",
        of=Each(
            parts(
                amount=member("金额", MONEY),
                reason=member("不形成资产的原因"),
                documentNo=member("依据文号"),
            )
        ),
        title="不形成资产的支出及原因",
    ),
    text_column("document_no", "资金文号"),
    text_column("project_code", "项目编号", null=True),
    text_column("project_name", "项目名称", null=True),
    code_column("state", "状态：RECORDED / WITHDRAWN", states(RECORDED="已登记", WITHDRAWN="已撤销")),
    whole_column("corrections", "更正次数"),
    whole_column("version", "拨付事件版本"),
    key=("allocation",),
    group="allocation",
    comment="资金台账：每笔拨付一行",
    indexes=(
        Index("fund_allocation_unit_idx", "county", "unit", "year"),
        Index("fund_allocation_project_idx", "county", "project_code"),
    ),
)

LINE: Final = ledger_table(
    "fund_line",
    text_column("asset", "资产编号"),
    whole_column("line", "资金来源序号"),
    code_column("register", "登记簿：ASSET 资产 / HOUSEHOLD 到户", HOLDING),
    text_column("unit", "对应单位：实施单位，到户资产为所在乡镇", of=UNIT_CODE),
    code_column("source", "资金来源", FUND_SOURCE),
    whole_column("year", "年度（按拨付日期）"),
    day_column("allocated_on", "拨付日期"),
    money_column("amount", "金额"),
    text_column("project_code", "项目编号", null=True),
    key=("asset", "line"),
    group="asset",
    comment="资产资金来源：每项资产每个来源一行，含到户资产和已处置资产",
    indexes=(
        Index("fund_line_unit_idx", "county", "unit", "year"),
        Index("fund_line_project_idx", "county", "project_code"),
    ),
)

RECONCILIATION: Final = ledger_table(
    "fund_reconciliation",
    text_column("reconciliation", "核对编号"),
    text_column("unit", "单位", of=UNIT_CODE),
    whole_column("year", "年度"),
    code_column(
        "result", "核对结果：OPEN 有差额 / RECONCILED 一致", states(OPEN="有差额", RECONCILED="一致")
    ),
    json_column(
        "lines",
        "逐来源比对，金额为分",
        of=Each(
            parts(
                source=member("资金来源", FUND_SOURCE),
                allocated=member("拨付金额", MONEY),
                nonAsset=member("不形成资产的支出", MONEY),
                formed=member("资产资金来源合计", MONEY),
            )
        ),
        title="逐来源比对",
    ),
    money_column("difference", "差额绝对值合计"),
    text_column("ledger_sha256", "资金台账摘要", null=True),
    day_column("reconciled_on", "核对日期", null=True),
    day_column("pushed_on", "推送日期", null=True),
    day_column("reported_on", "报县办公室日期", null=True),
    day_column("acknowledged_on", "单位确认日期", null=True),
    text_column("acknowledged_by", "单位确认人", of=PERSON_CODE, null=True),
    whole_column("version", "核对事件版本"),
    key=("reconciliation",),
    group="reconciliation",
    comment="资金核对：每个单位每个年度一行",
    indexes=(Index("fund_reconciliation_unit_idx", "county", "unit", "year"),),
)


# ---- allocations ---------------------------------------------------------------------------------------------------


def _allocation(card: Mapping[str, Any]) -> Row:
    spent = card.get("nonAsset", [])
    allocated = day(card["allocatedOn"])
    return {
        "unit": card["unit"],
        "source": card["source"],
        "year": allocated.year,
        "allocated_on": allocated,
        "amount": card["amount"],
        "non_asset_amount": sum(one["amount"] for one in spent),
        "non_asset": spent,
        "document_no": card["documentNo"],
        "project_code": card.get("projectCode"),
        "project_name": card.get("projectName"),
        "state": "RECORDED",
    }


def _recorded(event: LedgerEvent, rows: Rows) -> None:
    row = _allocation(event.data["card"])
    row.update(allocation=event.id, corrections=0, version=event.version, position=event.position)
    rows.put(ALLOCATION, row)


def _corrected(event: LedgerEvent, rows: Rows) -> None:
    row = rows.edit(ALLOCATION, event.id)
    row.update(_allocation(event.data["card"]))
    row.update(corrections=row["corrections"] + 1, version=event.version, position=event.position)


def _withdrawn(event: LedgerEvent, rows: Rows) -> None:
    row = rows.edit(ALLOCATION, event.id)
    row.update(state="WITHDRAWN", version=event.version, position=event.position)


# ---- funding lines of assets ---------------------------------------------------------------------------------------


def _asset_lines(event: LedgerEvent, rows: Rows) -> None:
    card = event.data["card"]
    _put_lines(event, rows, card, register="ASSET", unit=card["implementer"])


def _household_lines(event: LedgerEvent, rows: Rows) -> None:
    card = event.data["card"]
    _, township = places_of(card["location"])
    _put_lines(event, rows, card, register="HOUSEHOLD", unit=township or card["location"])


def _put_lines(event: LedgerEvent, rows: Rows, card: Mapping[str, Any], *, register: str, unit: str) -> None:
    for line in rows.group(LINE, event.id):
        rows.delete(LINE, event.id, line["line"])
    for number, line in enumerate(card.get("fundingLines", ()), start=1):
        allocated = day(line["allocatedOn"])
        rows.put(
            LINE,
            {
                "asset": event.id,
                "line": number,
                "register": register,
                "unit": unit,
                "source": line["source"],
                "year": allocated.year,
                "allocated_on": allocated,
                "amount": line["amount"],
                "project_code": card.get("projectCode"),
                "position": event.position,
            },
        )


# ---- reconciliations -----------------------------------------------------------------------------------------------


def _compiled(event: LedgerEvent, rows: Rows) -> None:
    rows.put(
        RECONCILIATION,
        {
            "reconciliation": event.id,
            "unit": event.data["unit"],
            "year": event.data["year"],
            "result": "OPEN",
            "lines": [],
            "difference": 0,
            "ledger_sha256": None,
            "reconciled_on": None,
            "pushed_on": None,
            "reported_on": None,
            "acknowledged_on": None,
            "acknowledged_by": None,
            "version": event.version,
            "position": event.position,
        },
    )


def _reconciled(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    row = _reconciliation(event, rows)
    row["result"] = data["result"]
    row["lines"] = data["lines"]
    row["difference"] = sum(
        abs(line["allocated"] - line["nonAsset"] - line["formed"]) for line in data["lines"]
    )
    row["ledger_sha256"] = data["ledgerSha256"]
    row["reconciled_on"] = event.day
    row["pushed_on"] = row["reported_on"] = row["acknowledged_on"] = row["acknowledged_by"] = None


def _pushed(event: LedgerEvent, rows: Rows) -> None:
    _reconciliation(event, rows)["pushed_on"] = event.day


def _reported(event: LedgerEvent, rows: Rows) -> None:
    _reconciliation(event, rows)["reported_on"] = event.day


def _acknowledged(event: LedgerEvent, rows: Rows) -> None:
    row = _reconciliation(event, rows)
    row["acknowledged_on"] = event.day
    row["acknowledged_by"] = event.data["person"]


def _reconciliation(event: LedgerEvent, rows: Rows) -> Row:
    row = rows.edit(RECONCILIATION, event.id)
    row["version"] = event.version
    row["position"] = event.position
    return row


_TABLES: Final = {
    "fund_allocation": ALLOCATION,
    "fund_reconciliation": RECONCILIATION,
    "asset": LINE,
    "household_asset": LINE,
}


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(_TABLES[event.type.partition(".")[0]], event.id)]


PROJECTION: Final = Projection(
    name="fund_ledger",
    title="资金台账",
    version=3,
    tables=(ALLOCATION, LINE, RECONCILIATION),
    handlers={
        "fund_allocation.recorded": _recorded,
        "fund_allocation.corrected": _corrected,
        "fund_allocation.withdrawn": _withdrawn,
        "asset.registered": _asset_lines,
        "asset.registration_corrected": _asset_lines,
        "asset.final_settlement_recorded": _asset_lines,
        "household_asset.registered": _household_lines,
        "household_asset.registration_corrected": _household_lines,
        "fund_reconciliation.compiled": _compiled,
        "fund_reconciliation.reconciled": _reconciled,
        "fund_reconciliation.pushed": _pushed,
        "fund_reconciliation.reported": _reported,
        "fund_reconciliation.acknowledged": _acknowledged,
    },
    keys=_keys,
    weight=2,
)
