"""The ledger of public-welfare posts (公益岗位台账, C4.9-06): a row per post, with its holders, assessed months and wages; it names no household."""

from __future__ import annotations

from typing import Final, Unpack

from sqlalchemy import Index

from projections.engine.events import LedgerEvent
from projections.engine.meaning import UNIT_CODE
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    day_column,
    ledger_table,
    money_column,
    text_column,
    whole_column,
)
from projections.engine.writing import Connection

WELFARE_POST: Final = ledger_table(
    "public_welfare_post",
    text_column("public_welfare_post", "岗位编号"),
    text_column("village", "村集体", of=UNIT_CODE),
    text_column("name", "岗位名称"),
    money_column("monthly_wage", "岗位月工资"),
    day_column("created_on", "岗位设立日期"),
    whole_column("appointed", "聘用户次"),
    whole_column("released", "提前离岗户次"),
    whole_column("months", "考核月数"),
    text_column("last_month", "最近考核月份", null=True),
    money_column("earned", "应发工资合计"),
    money_column("paid", "已发工资合计"),
    key=("public_welfare_post",),
    group="public_welfare_post",
    comment="公益岗位：每个岗位一行",
    indexes=(Index("public_welfare_post_village_idx", "county", "village"),),
)


def _created(event: LedgerEvent, rows: Rows) -> None:
    content = event.data["content"]
    rows.put(
        WELFARE_POST,
        {
            "public_welfare_post": event.id,
            "village": content["village"],
            "name": content["name"],
            "monthly_wage": content["monthlyWage"],
            "created_on": event.day,
            "appointed": 0,
            "released": 0,
            "months": 0,
            "last_month": None,
            "earned": 0,
            "paid": 0,
            "position": event.position,
        },
    )


def _appointed(event: LedgerEvent, rows: Rows) -> None:
    row = _row(event, rows)
    row["appointed"] += 1


def _released(event: LedgerEvent, rows: Rows) -> None:
    row = _row(event, rows)
    row["released"] += 1


def _assessed(event: LedgerEvent, rows: Rows) -> None:
    row = _row(event, rows)
    told = event.data["assessment"]
    row.update(
        months=row["months"] + 1,
        last_month=max(row["last_month"] or told["month"], told["month"]),
        earned=row["earned"] + told["wage"],
    )


def _paid(event: LedgerEvent, rows: Rows) -> None:
    row = _row(event, rows)
    row["paid"] += event.data["wage"]["amount"]


def _row(event: LedgerEvent, rows: Rows) -> Row:
    row = rows.edit(WELFARE_POST, event.id)
    row["position"] = event.position
    return row


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(WELFARE_POST, event.id)]


PROJECTION: Final = Projection(
    name="public_welfare_posts",
    title="公益岗位台账",
    version=1,
    tables=(WELFARE_POST,),
    handlers={
        "public_welfare_post.created": _created,
        "public_welfare_post.holder_appointed": _appointed,
        "public_welfare_post.holder_released": _released,
        "public_welfare_post.month_assessed": _assessed,
        "public_welfare_post.wage_paid": _paid,
    },
    keys=_keys,
)


async def post_page(
    connection: Connection,
    county: str,
    *,
    village: str | list[str] | None = None,
    unpaid: bool | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Posts in order of their codes; unpaid: with wages that were earned and not paid."""
    conditions = Conditions()
    conditions.equal("w.county", county)
    conditions.equal("w.village", village)
    if unpaid is not None:
        conditions.parts.append("w.earned > w.paid" if unpaid else "w.earned <= w.paid")
    return await page(
        connection,
        WELFARE_POST,
        conditions,
        source="public_welfare_post w",
        alias="w",
        columns=WELFARE_POST.columns,
        usually="public_welfare_post",
        **paging,
    )
