"""Joint reviews and what was sealed on them or for a unit's year, handed in and collected (C4.4-04, C4.3-11)."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Index

from domain import words
from projections.engine.codes import ASSET_CLASS, ASSET_TYPE, FUND_SOURCE, SUBCLASS, UNIT_KIND
from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import (
    DAY,
    MONEY,
    PERSON_CODE,
    PLACE_CODE,
    PLAIN,
    UNIT_CODE,
    UNIT_OR_PLACE_CODE,
    WHOLE,
    ByKey,
    Each,
    OneOf,
    member,
    optional,
    parts,
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
    money_column,
    position_column,
    text_column,
    whole_column,
)
from projections.engine.writing import Connection

_DIMENSION: Final = states(**words.DIMENSION)
_CATEGORY: Final = OneOf((ASSET_CLASS, SUBCLASS, ASSET_TYPE, UNIT_KIND, FUND_SOURCE, PLACE_CODE))
_EXCEPTION: Final = states(**words.EXCEPTION)

SEAL: Final = ledger_table(
    "ledger_seal",
    text_column("seal", "封存编号"),
    code_column(
        "kind",
        "台账种类",
        states(
            COUNTY_MASTER="全县总台账", CATEGORISED="分类台账", ASSET="单位资产台账", HOUSEHOLD="到户资产台账"
        ),
    ),
    text_column("unit", "单位", of=UNIT_OR_PLACE_CODE),
    whole_column("year", "年度"),
    day_column("as_of", "截止业务日期"),
    position_column("log_position", "封存时的日志位置"),
    text_column("tree_root", "日志树根"),
    text_column("root_hash", "台账摘要"),
    whole_column("form", "规范行格式版本"),
    whole_column("row_count", "行数"),
    money_column("original_value", "原始价值合计"),
    money_column("net_book_value", "净值合计"),
    json_column(
        "categories",
        "分类合计（项数及原值）",
        of=Each(
            parts(
                dimension=member("分类项", _DIMENSION),
                category=optional("分类值", _CATEGORY),
                assets=member("资产项数", WHOLE),
                amount=member("原始价值", MONEY),
            )
        ),
    ),
    day_column("sealed_on", "封存日期"),
    day_column("submitted_on", "报送日期", null=True),
    text_column("submitted_by", "报送人", of=PERSON_CODE, null=True),
    day_column("collected_on", "汇总日期", null=True),
    text_column("collected_by", "汇总人", of=PERSON_CODE, null=True),
    key=("seal",),
    group="seal",
    comment="台账封存：每份封存的台账一行",
    indexes=(Index("ledger_seal_unit_idx", "county", "unit", "year"),),
)

REVIEW: Final = ledger_table(
    "joint_review",
    text_column("review", "联合审查编号"),
    whole_column("year", "年度"),
    day_column("as_of", "截止业务日期"),
    code_column(
        "state", "状态：OPEN / SIGNED / SEALED", states(OPEN="办理中", SIGNED="已会签", SEALED="已封存")
    ),
    json_column(
        "exceptions",
        "疑点，金额为分",
        of=ByKey(
            PLAIN,
            parts(
                kind=member("疑点类型", _EXCEPTION),
                subject=member("项目或资产编号"),
                amount=member("金额", MONEY),
            ),
        ),
        title="疑点",
    ),
    json_column(
        "settled",
        "已处理的疑点及说明",
        of=ByKey(PLAIN, parts(reason=member("说明"), documentNo=member("依据文号"))),
    ),
    json_column("signatures", "会签部门及日期", of=ByKey(UNIT_CODE, DAY)),
    json_column("seals", "封存编号", of=Each(PLAIN)),
    day_column("opened_on", "启动日期"),
    whole_column("version", "审查事件版本"),
    key=("review",),
    group="review",
    comment="联合审查：每次审查一行",
)


def _sealed(event: LedgerEvent, rows: Rows) -> None:
    snapshot = event.data["snapshot"]
    rows.put(
        SEAL,
        {
            "seal": event.id,
            "kind": snapshot["kind"],
            "unit": snapshot["unit"],
            "year": snapshot["year"],
            "as_of": day(snapshot["asOf"]),
            "log_position": snapshot["position"],
            "tree_root": snapshot["treeRoot"],
            "root_hash": snapshot["rootHash"],
            "form": snapshot["form"],
            "row_count": snapshot["rows"],
            "original_value": snapshot["originalValue"],
            "net_book_value": snapshot["netBookValue"],
            "categories": snapshot.get("categories", []),
            "sealed_on": event.day,
            "submitted_on": None,
            "submitted_by": None,
            "collected_on": None,
            "collected_by": None,
            "position": event.position,
        },
    )


def _submitted(event: LedgerEvent, rows: Rows) -> None:
    row = rows.edit(SEAL, event.id)
    row.update(submitted_on=event.day, submitted_by=event.data["person"], position=event.position)


def _collected(event: LedgerEvent, rows: Rows) -> None:
    row = rows.edit(SEAL, event.id)
    row.update(collected_on=event.day, collected_by=event.data["person"], position=event.position)


def _opened(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    rows.put(
        REVIEW,
        {
            "review": event.id,
            "year": data["year"],
            "as_of": day(data["asOf"]),
            "state": "OPEN",
            "exceptions": {},
            "settled": {},
            "signatures": {},
            "seals": [],
            "opened_on": event.day,
            "version": event.version,
            "position": event.position,
        },
    )


def _exceptions_raised(event: LedgerEvent, rows: Rows) -> None:
    row = _review(event, rows)
    raised = {f"{one['kind']}:{one['subject']}": one for one in event.data.get("raised", ())}
    gone = {*event.data.get("cleared", ()), *raised}
    row["exceptions"] = {name: one for name, one in row["exceptions"].items() if name not in gone} | raised
    row["settled"] = {name: one for name, one in row["settled"].items() if name not in gone}


def _exception_settled(event: LedgerEvent, rows: Rows) -> None:
    row = _review(event, rows)
    row["settled"] = {**row["settled"], event.data["exception"]: event.data["settlement"]}


def _signed(event: LedgerEvent, rows: Rows) -> None:
    row = _review(event, rows)
    signature = event.data["signature"]
    row["signatures"] = {**row["signatures"], signature["department"]: signature["signedOn"]}
    if event.data["last"]:
        row["state"] = "SIGNED"


def _ledgers_sealed(event: LedgerEvent, rows: Rows) -> None:
    row = _review(event, rows)
    row["seals"] = event.data["seals"]
    row["state"] = "SEALED"


def _review(event: LedgerEvent, rows: Rows) -> Row:
    row = rows.edit(REVIEW, event.id)
    row.update(version=event.version, position=event.position)
    return row


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(REVIEW if event.type.startswith("joint_review.") else SEAL, event.id)]


PROJECTION: Final = Projection(
    name="ledger_seals",
    title="台账封存",
    version=1,
    tables=(SEAL, REVIEW),
    handlers={
        "ledger_seal.sealed": _sealed,
        "ledger_seal.submitted": _submitted,
        "ledger_seal.collected": _collected,
        "joint_review.opened": _opened,
        "joint_review.exceptions_raised": _exceptions_raised,
        "joint_review.exception_settled": _exception_settled,
        "joint_review.signed": _signed,
        "joint_review.ledgers_sealed": _ledgers_sealed,
    },
    keys=_keys,
)


async def seal_page(
    connection: Connection,
    county: str,
    *,
    sort: str = "seal",
    descending: bool = False,
    limit: int = 100,
    cursor: str | None = None,
    **equal: Any,
) -> Page:
    """Seals, all columns. `equal`: kind, unit, year."""
    conditions = Conditions()
    conditions.equal("l.county", county)
    for name, value in equal.items():
        conditions.equal(f"l.{name}", value)
    return await page(
        connection,
        SEAL,
        conditions,
        source="ledger_seal l",
        alias="l",
        columns=SEAL.columns,
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
    )


async def review_page(
    connection: Connection,
    county: str,
    *,
    sort: str = "review",
    descending: bool = False,
    limit: int = 100,
    cursor: str | None = None,
    **equal: Any,
) -> Page:
    """Joint reviews, all columns. `equal`: year, state."""
    conditions = Conditions()
    conditions.equal("j.county", county)
    for name, value in equal.items():
        conditions.equal(f"j.{name}", value)
    return await page(
        connection,
        REVIEW,
        conditions,
        source="joint_review j",
        alias="j",
        columns=REVIEW.columns,
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
    )


_COLLECTION: Final = """
SELECT o.organization, o.kind, o.name,
    CASE WHEN l.collected_on IS NOT NULL THEN 'COLLECTED' WHEN l.submitted_on IS NOT NULL THEN 'SUBMITTED'
        WHEN l.seal IS NOT NULL THEN 'SEALED' ELSE 'MISSING' END AS state,
    l.root_hash, l.submitted_on, l.collected_on
FROM organization o
LEFT JOIN ledger_seal l
    ON l.county = o.county AND l.unit = o.organization AND l.year = $2 AND l.kind = 'ASSET'
WHERE o.county = $1 AND o.kind = ANY($3::text[]) AND (o.closed_on IS NULL OR extract(year FROM o.closed_on) > $2)
ORDER BY o.organization"""


async def collection(connection: Connection, county: str, year: int, kinds: frozenset[str]) -> list[Row]:
    """How far every unit of these kinds is with its ledger of a year: MISSING, SEALED, SUBMITTED, COLLECTED."""
    records = await connection.fetch(_COLLECTION, county, year, sorted(kinds))
    return [dict(record) for record in records]
