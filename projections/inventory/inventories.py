"""The inventory ledger (清查台账): batches and how far they are determined, stocktakes and their results (C2-03, C4.4)."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Index

from projections.engine.codes import UNIT_KIND
from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import (
    PERSON_CODE,
    PLACE_CODE,
    PLAIN,
    UNIT_CODE,
    UNIT_OR_PLACE_CODE,
    ByKey,
    Each,
    states,
)
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, page
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    json_column,
    ledger_table,
    position_column,
    text_column,
    whole_column,
)
from projections.engine.writing import Connection

INVENTORY_BATCH: Final = ledger_table(
    "inventory_batch",
    text_column("batch", "批次编号"),
    text_column("file_name", "文件名"),
    text_column("sha256", "文件摘要"),
    text_column("unit", "填报单位", of=UNIT_CODE),
    code_column("unit_kind", "填报单位类型", UNIT_KIND),
    text_column("compiled_by", "填报人", of=PERSON_CODE),
    whole_column("row_count", "资产行数"),
    whole_column("ok", "登记行数"),
    whole_column("rejected", "拒绝行数"),
    code_column(
        "state",
        "状态：COMPILED / SUBMITTED / REVIEWED / RETURNED / AGGREGATED",
        states(
            COMPILED="已填报", SUBMITTED="已上报", REVIEWED="已审核", RETURNED="已退回", AGGREGATED="已汇总"
        ),
    ),
    json_column(
        "determinations", "各部门审定结论", of=ByKey(UNIT_CODE, states(APPROVE="通过", RETURN="退回"))
    ),
    whole_column("returns", "退回次数"),
    text_column("return_reasons", "最近退回理由", null=True),
    day_column("imported_on", "导入日期"),
    day_column("aggregated_on", "汇总日期", null=True),
    whole_column("version", "批次事件版本"),
    position_column("first_position", "首个事件位置"),
    key=("batch",),
    group="batch",
    comment="清查批次：每批一行，含审核、审定进度",
    indexes=(Index("inventory_batch_unit_idx", "county", "unit"),),
)

INVENTORY_ASSET: Final = ledger_table(
    "inventory_asset",
    text_column("asset", "资产编号"),
    text_column("batch", "批次编号"),
    whole_column("number", "批次内序号"),
    key=("asset", "batch"),
    group="asset",
    comment="清查批次登记的资产：每项一行",
    indexes=(Index("inventory_asset_batch_idx", "county", "batch", "number"),),
)

STOCKTAKE: Final = ledger_table(
    "stocktake",
    text_column("campaign", "盘点编号"),
    text_column("title", "名称"),
    code_column(
        "scope_kind", "范围：COUNTY / DIVISION / UNIT", states(COUNTY="全县", DIVISION="区划", UNIT="单位")
    ),
    text_column("scope_code", "区划或单位编号", of=UNIT_OR_PLACE_CODE, null=True),
    whole_column("baseline_position", "期初清单所依据的日志位置"),
    text_column("baseline_sha256", "期初清单摘要"),
    json_column("batches", "期初清单来源批次", of=Each(PLAIN)),
    whole_column("assets", "期初项数"),
    whole_column("seen", "已盘点项数"),
    whole_column("surplus", "盘盈项数"),
    whole_column("registered_surplus", "盘盈已登记项数"),
    whole_column("found", "在位项数", null=True),
    whole_column("missing", "盘亏项数", null=True),
    whole_column("moved", "移位项数", null=True),
    whole_column("damaged", "毁损项数", null=True),
    code_column("state", "状态：OPEN / COMPLETED", states(OPEN="进行中", COMPLETED="已完成")),
    day_column("opened_on", "启动日期"),
    day_column("completed_on", "完成日期", null=True),
    whole_column("version", "盘点事件版本"),
    position_column("first_position", "首个事件位置"),
    key=("campaign",),
    group="campaign",
    comment="盘点：每次一行，含进度与结果",
)

STOCKTAKE_LINE: Final = ledger_table(
    "stocktake_line",
    text_column("asset", "资产编号"),
    text_column("campaign", "盘点编号"),
    code_column(
        "result",
        "结果：UNSEEN / FOUND / MISSING / MOVED / DAMAGED",
        states(UNSEEN="未盘点", FOUND="在位", MISSING="盘亏", MOVED="移位", DAMAGED="毁损"),
    ),
    day_column("seen_on", "盘点日期", null=True),
    text_column("location", "现所在地", of=PLACE_CODE, null=True),
    text_column("evidence_sha256", "照片或凭证摘要", null=True),
    text_column("note", "说明", null=True),
    key=("asset", "campaign"),
    group="asset",
    comment="盘点明细：每次盘点每项资产一行",
    indexes=(Index("stocktake_line_campaign_idx", "county", "campaign", "result", "asset"),),
)


def _batch(event: LedgerEvent, rows: Rows) -> Row:
    row = rows.edit(INVENTORY_BATCH, event.id)
    row["version"] = event.version
    row["position"] = event.position
    return row


def _imported(event: LedgerEvent, rows: Rows) -> None:
    imported = event.data["imported"]
    rows.put(
        INVENTORY_BATCH,
        {
            "batch": event.id,
            "file_name": imported["fileName"],
            "sha256": imported["sha256"],
            "unit": imported["unit"],
            "unit_kind": imported["unitKind"],
            "compiled_by": imported["compiledBy"],
            "row_count": imported["rows"],
            "ok": imported["ok"],
            "rejected": imported["rejected"],
            "state": "COMPILED",
            "determinations": {},
            "returns": 0,
            "return_reasons": None,
            "imported_on": event.day,
            "aggregated_on": None,
            "version": event.version,
            "first_position": event.position,
            "position": event.position,
        },
    )


def _assets_listed(event: LedgerEvent, rows: Rows) -> None:
    batch = _batch(event, rows)
    listed = 5_000 * (
        event.version - 2
    )  # the lists follow the import's event, each but the last with that many
    for number, asset in enumerate(event.data["assets"], start=listed + 1):
        rows.put(
            INVENTORY_ASSET,
            {"asset": asset, "batch": batch["batch"], "number": number, "position": event.position},
        )


def _submitted(event: LedgerEvent, rows: Rows) -> None:
    _batch(event, rows)["state"] = "SUBMITTED"


def _reviewed(event: LedgerEvent, rows: Rows) -> None:
    _batch(event, rows)["state"] = "REVIEWED"


def _determined(event: LedgerEvent, rows: Rows) -> None:
    batch = _batch(event, rows)
    batch["determinations"] = {**batch["determinations"], event.data["department"]: event.data["decision"]}


def _returned(event: LedgerEvent, rows: Rows) -> None:
    batch = _batch(event, rows)
    batch["state"] = "RETURNED"
    batch["determinations"] = {}
    batch["returns"] += 1
    batch["return_reasons"] = event.data["opinion"].get("reasons")


def _aggregated(event: LedgerEvent, rows: Rows) -> None:
    batch = _batch(event, rows)
    batch["state"] = "AGGREGATED"
    batch["aggregated_on"] = event.day


def _campaign(event: LedgerEvent, rows: Rows) -> Row:
    row = rows.edit(STOCKTAKE, event.id)
    row["version"] = event.version
    row["position"] = event.position
    return row


def _opened(event: LedgerEvent, rows: Rows) -> None:
    baseline, scope = event.data["baseline"], event.data["scope"]
    rows.put(
        STOCKTAKE,
        {
            "campaign": event.id,
            "title": event.data["title"],
            "scope_kind": scope["kind"],
            "scope_code": scope.get("code"),
            "baseline_position": baseline["position"],
            "baseline_sha256": baseline["sha256"],
            "batches": baseline.get("batches", []),
            "assets": baseline["assets"],
            "seen": 0,
            "surplus": 0,
            "registered_surplus": 0,
            "found": None,
            "missing": None,
            "moved": None,
            "damaged": None,
            "state": "OPEN",
            "opened_on": event.day,
            "completed_on": None,
            "version": event.version,
            "first_position": event.position,
            "position": event.position,
        },
    )


def _baseline_listed(event: LedgerEvent, rows: Rows) -> None:
    _campaign(event, rows)
    for asset in event.data["assets"]:
        rows.put(
            STOCKTAKE_LINE,
            {
                "asset": asset,
                "campaign": event.id,
                "result": "UNSEEN",
                "seen_on": None,
                "location": None,
                "evidence_sha256": None,
                "note": None,
                "position": event.position,
            },
        )


def _lines_recorded(event: LedgerEvent, rows: Rows) -> None:
    campaign = _campaign(event, rows)
    for line in event.data["lines"]:
        row = rows.edit(STOCKTAKE_LINE, line["asset"], event.id)
        campaign["seen"] += row["result"] == "UNSEEN"
        row["result"] = line["result"]
        row["seen_on"] = day(line["seenOn"])
        row["location"] = line.get("location")
        row["evidence_sha256"] = line.get("evidenceSha256")
        row["note"] = line.get("note")
        row["position"] = event.position


def _surplus_recorded(event: LedgerEvent, rows: Rows) -> None:
    _campaign(event, rows)["surplus"] += 1


def _completed(event: LedgerEvent, rows: Rows) -> None:
    campaign = _campaign(event, rows)
    campaign["found"] = event.data["found"]
    for name in ("missing", "moved", "damaged"):
        campaign[name] = len(event.data.get(name, []))
    campaign["state"] = "COMPLETED"
    campaign["completed_on"] = event.day


def _surplus_registered(event: LedgerEvent, rows: Rows) -> None:
    _campaign(event, rows)["registered_surplus"] += 1


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    match event.type:
        case "inventory_batch.assets_listed":
            return [
                (INVENTORY_BATCH, event.id),
                *((INVENTORY_ASSET, asset) for asset in event.data["assets"]),
            ]
        case "stocktake.baseline_listed":
            return [(STOCKTAKE, event.id), *((STOCKTAKE_LINE, asset) for asset in event.data["assets"])]
        case "stocktake.lines_recorded":
            return [(STOCKTAKE, event.id), *((STOCKTAKE_LINE, one["asset"]) for one in event.data["lines"])]
        case _:
            return [(INVENTORY_BATCH if event.type.startswith("inventory_batch.") else STOCKTAKE, event.id)]


PROJECTION: Final = Projection(
    name="inventories",
    title="清查台账",
    version=2,
    tables=(INVENTORY_BATCH, INVENTORY_ASSET, STOCKTAKE, STOCKTAKE_LINE),
    handlers={
        "inventory_batch.imported": _imported,
        "inventory_batch.assets_listed": _assets_listed,
        "inventory_batch.submitted": _submitted,
        "inventory_batch.reviewed": _reviewed,
        "inventory_batch.determined": _determined,
        "inventory_batch.returned": _returned,
        "inventory_batch.aggregated": _aggregated,
        "stocktake.opened": _opened,
        "stocktake.baseline_listed": _baseline_listed,
        "stocktake.lines_recorded": _lines_recorded,
        "stocktake.surplus_recorded": _surplus_recorded,
        "stocktake.completed": _completed,
        "stocktake.surplus_registered": _surplus_registered,
    },
    keys=_keys,
    weight=1,
    shared={INVENTORY_ASSET: "batch", STOCKTAKE_LINE: "campaign"},
)


async def batch_page(
    connection: Connection,
    county: str,
    *,
    unit: str | None = None,
    state: str | None = None,
    sort: str = "batch",
    descending: bool = False,
    limit: int = 100,
    cursor: str | None = None,
) -> Page:
    """Batches with their progress."""
    conditions = _conditions(county, unit=unit, state=state)
    return await _page(connection, INVENTORY_BATCH, conditions, sort, cursor, limit, descending=descending)


async def stocktake_page(
    connection: Connection,
    county: str,
    *,
    state: str | None = None,
    sort: str = "campaign",
    descending: bool = False,
    limit: int = 100,
    cursor: str | None = None,
) -> Page:
    """Stocktakes with their progress and results."""
    conditions = _conditions(county, state=state)
    return await _page(connection, STOCKTAKE, conditions, sort, cursor, limit, descending=descending)


async def stocktake_lines(
    connection: Connection,
    county: str,
    campaign: str,
    *,
    result: str | None = None,
    sort: str = "asset",
    descending: bool = False,
    limit: int = 100,
    cursor: str | None = None,
) -> Page:
    """Lines of a stocktake."""
    conditions = _conditions(county, campaign=campaign, result=result)
    return await _page(connection, STOCKTAKE_LINE, conditions, sort, cursor, limit, descending=descending)


async def batch_assets(
    connection: Connection, county: str, batch: str, *, limit: int = 100, cursor: str | None = None
) -> Page:
    """Assets that a batch registered, in the file's order."""
    conditions = _conditions(county, batch=batch)
    return await _page(connection, INVENTORY_ASSET, conditions, "number", cursor, limit, descending=False)


def _conditions(county: str, **equal: Any) -> Conditions:
    conditions = Conditions()
    conditions.equal("t.county", county)
    for name, value in equal.items():
        conditions.equal(f"t.{name}", value)
    return conditions


async def _page(
    connection: Connection,
    ledger: LedgerTable,
    conditions: Conditions,
    sort: str,
    cursor: str | None,
    limit: int,
    *,
    descending: bool,
) -> Page:
    return await page(
        connection,
        ledger,
        conditions,
        source=f"{ledger.name} t",
        alias="t",
        columns=ledger.columns,
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
    )
