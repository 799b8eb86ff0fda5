"""The risk board (风险台账, C0-01): every flag of the five losses, open and cleared, counted by place and unit.

A flag is opened by hand or by a status report, and cleared by hand, by another report, by the confirmation of an
unclear title, or by the disposal of the asset. Places and owners come from the asset register.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Unpack

from sqlalchemy import Index

from projections.asset.register import risks_of
from projections.engine.codes import RISK_KIND
from projections.engine.events import LedgerEvent, day
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    ledger_table,
    position_column,
    text_column,
)
from projections.engine.writing import Connection

RISK: Final = ledger_table(
    "asset_risk",
    text_column("asset", "资产编号"),
    code_column("kind", "风险种类：IDLE / WASTED / LOST / DAMAGED / TITLE_UNCLEAR", RISK_KIND),
    day_column("flagged_on", "发现日期"),
    text_column("reason", "发现说明", null=True),
    day_column("cleared_on", "解除日期", null=True),
    text_column("clearance", "解除说明", null=True),
    position_column("first_position", "发现事件位置"),
    key=("asset", "kind", "first_position"),
    group="asset",
    comment="资产风险：每次风险标记一行，含已解除的",
    indexes=(Index("asset_risk_kind_idx", "county", "kind", "cleared_on"),),
)

_TITLE_UNCLEAR: Final = "TITLE_UNCLEAR"


def _flag(event: LedgerEvent, rows: Rows, kind: str, on: date, reason: str | None) -> None:
    rows.put(
        RISK,
        {
            "asset": event.id,
            "kind": kind,
            "flagged_on": on,
            "reason": reason,
            "cleared_on": None,
            "clearance": None,
            "first_position": event.position,
            "position": event.position,
        },
    )


def _clear(event: LedgerEvent, rows: Rows, kind: str | None, on: date, clearance: str) -> None:
    """Clear the open flag of a kind, of every kind for None."""
    for known in rows.group(RISK, event.id):
        if known["cleared_on"] is None and kind in {None, known["kind"]}:
            row = rows.edit(RISK, event.id, (known["kind"], known["first_position"]))
            row["cleared_on"] = max(on, known["flagged_on"])
            row["clearance"] = clearance
            row["position"] = event.position


def _flagged(event: LedgerEvent, rows: Rows) -> None:
    _flag(event, rows, event.data["kind"], event.day, event.data["reason"])


def _cleared(event: LedgerEvent, rows: Rows) -> None:
    _clear(event, rows, event.data["kind"], event.day, event.data["reason"])


def _reported(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    report = data["report"]
    known = {row["kind"] for row in rows.group(RISK, event.id) if row["cleared_on"] is None}
    opened, cleared = risks_of(data, known)
    for kind in cleared:
        _clear(event, rows, kind, day(report["reportedOn"]), "使用状况报告")
    for kind in opened:
        _flag(event, rows, kind, day(report["reportedOn"]), report.get("note"))


def _confirmed(event: LedgerEvent, rows: Rows) -> None:
    _clear(event, rows, _TITLE_UNCLEAR, event.day, "确权")


def _disposed(event: LedgerEvent, rows: Rows) -> None:
    _clear(event, rows, None, event.day, "处置")


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(RISK, event.id)]


PROJECTION: Final = Projection(
    name="risk_board",
    title="风险台账",
    version=2,
    tables=(RISK,),
    handlers={
        "asset.risk_flagged": _flagged,
        "asset.risk_cleared": _cleared,
        "asset.operation_status_reported": _reported,
        "asset.ownership_confirmed": _confirmed,
        "asset.disposed": _disposed,
    },
    keys=_keys,
    weight=1,
)

_SOURCE: Final = "asset_risk r JOIN asset_register a ON a.county = r.county AND a.asset = r.asset"
_PLACES: Final = {
    "county": "a.county",
    "township": "a.township",
    "village": "a.village",
    "implementer": "a.implementer",
    "owner": "s.party",
}
"""What the board counts by, and the column behind it."""


def _conditions(
    county: str,
    on: date | None,
    kind: str | list[str] | None,
    village: str | list[str] | None,
    township: str | list[str] | None,
    asset: str | None = None,
) -> Conditions:
    conditions = Conditions()
    conditions.equal("r.county", county)
    conditions.equal("r.kind", kind)
    conditions.equal("r.asset", asset)
    conditions.equal("a.village", village)
    conditions.equal("a.township", township)
    if on is not None:
        conditions.add("r.flagged_on <= {} AND (r.cleared_on IS NULL OR r.cleared_on > {})", on, on)
    return conditions


async def risk_page(
    connection: Connection,
    county: str,
    *,
    on: date | None = None,
    kind: str | list[str] | None = None,
    village: str | list[str] | None = None,
    township: str | list[str] | None = None,
    asset: str | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Flags with the asset's name and place; with a day only those that were open on it."""
    return await page(
        connection,
        RISK,
        _conditions(county, on, kind, village, township, asset),
        source=_SOURCE,
        alias="r",
        columns=RISK.columns,
        usually="asset",
        **paging,
        extra=["a.asset_name", "a.village", "a.township"],
    )


async def risk_board(
    connection: Connection,
    county: str,
    *,
    on: date,
    by: str = "county",
    kind: str | list[str] | None = None,
    village: str | list[str] | None = None,
    township: str | list[str] | None = None,
) -> list[Row]:
    """How many assets have an open flag on a day, per place and kind. By owner a joint asset counts for each owner."""
    column = _PLACES[by]
    source = _SOURCE
    if by == "owner":
        source += " JOIN asset_share s ON s.county = r.county AND s.asset = r.asset AND s.amount > 0"
    conditions = _conditions(county, on, kind, village, township)
    conditions.equal("a.scope", "IN")  # what is out of scope is for reference and never in a total (C1-01)
    records = await connection.fetch(
        f"SELECT {column} AS place, r.kind, count(DISTINCT r.asset) AS assets FROM {source}"
        f" WHERE {conditions.where} AND {column} IS NOT NULL GROUP BY {column}, r.kind ORDER BY 1, 2",
        *conditions.parameters,
    )
    return [dict(record) for record in records]
