"""The ledger of risk cover (风险保障台账, 四(八)): a row per cover of a contract, valid, expired or released on a day.

Names and places come from the asset register; whether a cover has expired follows from its last day and the day asked about.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal, Unpack

from sqlalchemy import Index

from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import UNIT_CODE, states
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    ledger_table,
    money_column,
    text_column,
)
from projections.engine.writing import Connection

KIND: Final = states(
    GUARANTEE_BY_OPERATOR="经营者担保",
    COLLATERAL_BY_OPERATOR="经营者抵押",
    INSURANCE="保险",
    JOINT_GUARANTEE="多方联保",
    DEPOSIT="保证金",
)

RISK_COVER: Final = ledger_table(
    "risk_cover",
    text_column("asset", "资产编号"),
    text_column("cover", "风险保障编号"),
    text_column("contract", "合同编号"),
    code_column("kind", "风险保障方式", KIND),
    text_column("provider", "提供方"),
    text_column("beneficiary", "受益人", of=UNIT_CODE),
    money_column("amount", "保障金额"),
    day_column("valid_from", "保障起始日期"),
    day_column("valid_to", "保障到期日期"),
    text_column("collateral", "抵押物", null=True),
    text_column("rule_ref", "风险防控依据文件", null=True),
    day_column("released_on", "解除日期", null=True),
    text_column("release_reason", "解除原因", null=True),
    key=("asset", "cover"),
    group="asset",
    comment="风险保障：每项一行",
    indexes=(Index("risk_cover_valid_to_idx", "county", "valid_to"),),
)


def _added(event: LedgerEvent, rows: Rows) -> None:
    told = event.data["cover"]
    rows.put(
        RISK_COVER,
        {
            "asset": event.id,
            "cover": told["cover"],
            "contract": event.data["contract"],
            "kind": told["kind"],
            "provider": told["provider"],
            "beneficiary": told["beneficiary"],
            "amount": told["amount"],
            "valid_from": day(told["validFrom"]),
            "valid_to": day(told["validTo"]),
            "collateral": told.get("collateral"),
            "rule_ref": told.get("ruleRef"),
            "released_on": None,
            "release_reason": None,
            "position": event.position,
        },
    )


def _released(event: LedgerEvent, rows: Rows) -> None:
    row = rows.edit(RISK_COVER, event.id, event.data["cover"])
    release = event.data["release"]
    row.update(
        released_on=day(release["releasedOn"]), release_reason=release["reason"], position=event.position
    )


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(RISK_COVER, event.id)]


PROJECTION: Final = Projection(
    name="risk_covers",
    title="风险保障台账",
    version=1,
    tables=(RISK_COVER,),
    handlers={
        "asset.risk_mitigation_added": _added,
        "asset.risk_mitigation_released": _released,
    },
    keys=_keys,
)

State = Literal["VALID", "EXPIRED", "RELEASED"]
_STATE: Final = (
    "CASE WHEN c.released_on <= {day} THEN 'RELEASED' WHEN c.valid_to < {day} THEN 'EXPIRED' ELSE 'VALID' END"
)


async def cover_page(
    connection: Connection,
    county: str,
    *,
    on: date,
    asset: Any = None,
    contract: str | None = None,
    state: State | None = None,
    township: Any = None,
    village: Any = None,
    rule_missing: bool | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Covers in order of assets and codes, each with its state on the day."""
    conditions = Conditions()
    conditions.equal("c.county", county)
    conditions.equal("c.asset", asset)
    conditions.equal("c.contract", contract)
    conditions.equal("a.township", township)
    conditions.equal("a.village", village)
    there = _STATE.format(day=f"date '{on.isoformat()}'")
    if state is not None:
        conditions.parts.append(f"{there} = '{state}'")
    if rule_missing is not None:
        conditions.parts.append(f"c.rule_ref IS {'' if rule_missing else 'NOT '}NULL")
    return await page(
        connection,
        RISK_COVER,
        conditions,
        source="risk_cover c LEFT JOIN asset_register a ON a.county = c.county AND a.asset = c.asset",
        alias="c",
        columns=RISK_COVER.columns,
        usually="asset",
        **paging,
        extra=["a.asset_name", "a.village", "a.township", f"{there} AS state"],
    )
