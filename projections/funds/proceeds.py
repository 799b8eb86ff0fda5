"""The ledger of disposal proceeds (处置所得资金池, 四(十二), T9): a row per receipt, how much of it is still in the pool, how old.

Allocations take the oldest money first: which of it is left follows from the receipts and the sum of what is allocated, and
is worked out when the ledger is asked. What each allocation is used for is a table of its own.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal, Unpack

from sqlalchemy import Index

from projections.engine.codes import SHARES
from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import MONEY, PLAIN, UNIT_CODE, ByKey
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    day_column,
    json_column,
    ledger_table,
    money_column,
    text_column,
)
from projections.engine.writing import Connection

RECEIPT: Final = ledger_table(
    "proceeds_receipt",
    text_column("asset", "资产编号"),
    text_column("disposal", "处置编号"),
    text_column("voucher_no", "记账凭证号"),
    money_column("amount", "到账金额"),
    day_column("received_on", "到账日期"),
    json_column("legal_owners", "法定所有权人及份额（分）", of=SHARES, title="法定所有权人及份额"),
    key=("asset", "disposal", "voucher_no"),
    group="asset",
    comment="处置所得资金池：每笔到账一行",
    indexes=(Index("proceeds_receipt_received_idx", "county", "received_on"),),
)

ALLOCATION: Final = ledger_table(
    "proceeds_allocation",
    text_column("allocation", "安排编号"),
    text_column("project_code", "项目编号"),
    text_column("project_name", "项目名称"),
    text_column("allocator", "决定单位", of=UNIT_CODE),
    text_column("document_no", "决定文号"),
    text_column("procedure", "所依据的程序", null=True),
    day_column("allocated_on", "安排日期"),
    money_column("amount", "安排金额"),
    money_column("returned", "退回金额"),
    money_column("formed", "已形成资产的金额"),
    money_column("unused", "尚未使用的金额"),
    json_column(
        "assets",
        "所形成的资产及金额（分）",
        of=ByKey(key=PLAIN, of=MONEY),
        title="所形成的资产及金额",
    ),
    key=("allocation",),
    group="allocation",
    comment="处置所得安排：每项一行",
    indexes=(Index("proceeds_allocation_day_idx", "county", "allocated_on"),),
)


def _received(event: LedgerEvent, rows: Rows) -> None:
    receipt = event.data["receipt"]
    rows.put(
        RECEIPT,
        {
            "asset": receipt["asset"],
            "disposal": receipt["disposal"],
            "voucher_no": receipt["voucherNo"],
            "amount": receipt["amount"],
            "received_on": day(receipt["receivedOn"]),
            "legal_owners": receipt["legalOwners"],
            "position": event.position,
        },
    )


def _allocated(event: LedgerEvent, rows: Rows) -> None:
    told = event.data["allocation"]
    rows.put(
        ALLOCATION,
        {
            "allocation": told["allocation"],
            "project_code": told["projectCode"],
            "project_name": told["projectName"],
            "allocator": event.data["allocator"],
            "document_no": told["documentNo"],
            "procedure": event.data.get("procedure"),
            "allocated_on": day(told["allocatedOn"]),
            "amount": told["amount"],
            "returned": 0,
            "formed": 0,
            "unused": told["amount"],
            "assets": {},
            "position": event.position,
        },
    )


def _returned(event: LedgerEvent, rows: Rows) -> None:
    row = rows.edit(ALLOCATION, event.data["allocation"])
    row["returned"] += event.data["back"]["amount"]
    _moved(row, event)


def _linked(event: LedgerEvent, rows: Rows) -> None:
    row = rows.edit(ALLOCATION, event.data["allocation"])
    assets = row["assets"] | {event.data["asset"]: event.data["amount"]}
    row["assets"] = {asset: assets[asset] for asset in sorted(assets) if assets[asset]}
    row["formed"] = sum(row["assets"].values())
    _moved(row, event)


def _moved(row: Row, event: LedgerEvent) -> None:
    row["unused"] = row["amount"] - row["returned"] - row["formed"]
    row["position"] = event.position


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    match event.type:
        case "proceeds_pool.proceeds_received":
            return [(RECEIPT, event.data["receipt"]["asset"])]
        case "proceeds_pool.proceeds_allocated":
            return [(ALLOCATION, event.data["allocation"]["allocation"])]
        case _:
            return [(ALLOCATION, event.data["allocation"])]


PROJECTION: Final = Projection(
    name="proceeds_pool",
    title="处置所得资金池",
    version=1,
    tables=(RECEIPT, ALLOCATION),
    handlers={
        "proceeds_pool.proceeds_received": _received,
        "proceeds_pool.proceeds_allocated": _allocated,
        "proceeds_pool.allocation_returned": _returned,
        "proceeds_pool.funding_linked": _linked,
    },
    keys=_keys,
)

Age = Literal["UP_TO_90", "UP_TO_180", "UP_TO_365", "OVER_365"]
"""How long money has been in the pool, days, the last one included."""
_AGE: Final = (
    "CASE WHEN {days} <= 90 THEN 'UP_TO_90' WHEN {days} <= 180 THEN 'UP_TO_180'"
    " WHEN {days} <= 365 THEN 'UP_TO_365' ELSE 'OVER_365' END"
)
_AGED: Final = """(
    SELECT one.*, CAST(least(one.amount, greatest(0, sum(one.amount) OVER oldest - gone.allocated)) AS bigint) AS remaining,
        {day}::date - one.received_on AS days
    FROM proceeds_receipt one CROSS JOIN (
        SELECT coalesce(sum(a.amount - a.returned), 0) AS allocated FROM proceeds_allocation a WHERE a.county = {county}
    ) gone
    WHERE one.county = {county}
    WINDOW oldest AS (ORDER BY one.received_on, one.asset, one.disposal, one.voucher_no)
)"""
"""Every receipt with what is left of it after the allocations have taken the oldest money first, and its days in the pool."""


def _aged(conditions: Conditions, county: str, on: date) -> str:
    return _AGED.format(county=conditions.parameter(county), day=conditions.parameter(on))


def _wanted(
    conditions: Conditions, asset: Any, owner: str | None, age: Age | None, *, remains: bool | None
) -> None:
    conditions.equal("r.asset", asset)
    if owner is not None:
        conditions.add(
            "EXISTS (SELECT FROM jsonb_array_elements(r.legal_owners) o WHERE o ->> 'party' = {})", owner
        )
    if age is not None:
        conditions.add(f"{_AGE.format(days='r.days')} = {{}}", age)
    if remains is not None:
        conditions.parts.append("r.remaining > 0" if remains else "r.remaining = 0")


async def receipt_page(
    connection: Connection,
    county: str,
    on: date,
    *,
    asset: Any = None,
    owner: str | None = None,
    age: Age | None = None,
    remains: bool | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Receipts, the oldest first, each with what is left of it and how long it has been there on the day."""
    conditions = Conditions()
    source = _aged(conditions, county, on)
    _wanted(conditions, asset, owner, age, remains=remains)
    return await page(
        connection,
        RECEIPT,
        conditions,
        source=f"{source} r",
        alias="r",
        columns=RECEIPT.columns,
        usually="received_on",
        **paging,
        extra=["r.remaining", "r.days", f"{_AGE.format(days='r.days')} AS age"],
    )


async def receipt_totals(
    connection: Connection,
    county: str,
    on: date,
    *,
    asset: Any = None,
    owner: str | None = None,
    age: Age | None = None,
    remains: bool | None = None,
) -> Row:
    """Sums in fen over the receipts asked for; `balance`: what of them is left."""
    conditions = Conditions()
    source = _aged(conditions, county, on)
    _wanted(conditions, asset, owner, age, remains=remains)
    record = await connection.fetchrow(
        "SELECT count(*) AS receipts, coalesce(sum(r.amount), 0)::bigint AS received,"
        " coalesce(sum(r.amount - r.remaining), 0)::bigint AS allocated,"
        " coalesce(sum(r.remaining), 0)::bigint AS balance,"
        " coalesce(sum(r.remaining) FILTER (WHERE r.days > 365), 0)::bigint AS over_a_year,"
        f" min(r.received_on) FILTER (WHERE r.remaining > 0) AS oldest FROM {source} r WHERE {conditions.where}",
        *conditions.parameters,
    )
    return dict(record)


async def allocation_page(
    connection: Connection,
    county: str,
    *,
    project_code: Any = None,
    asset: str | None = None,
    unused: bool | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Allocations in order of their days, each with the assets that were made of it."""
    conditions = Conditions()
    conditions.equal("a.county", county)
    conditions.equal("a.project_code", project_code)
    if asset is not None:
        conditions.add("a.assets ? {}", asset)
    if unused is not None:
        conditions.parts.append("a.unused > 0" if unused else "a.unused = 0")
    return await page(
        connection,
        ALLOCATION,
        conditions,
        source="proceeds_allocation a",
        alias="a",
        columns=ALLOCATION.columns,
        usually="allocated_on",
        **paging,
    )
