"""Duties done and due around each asset (资产履责台账): acceptance, guidance, file, stocktake, certificates, filing,
custody, upkeep.

Beside the asset register, which says what an asset is. What is overdue on a day follows from both (`worklist`).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final, Unpack

from sqlalchemy import Index

from projections.asset.register_questions import MANAGED
from projections.engine.codes import ARCHIVE_KIND, CERTIFICATE
from projections.engine.events import LedgerEvent, day, day_or_none
from projections.engine.meaning import DAY, PLAIN, UNIT_CODE, ByKey, Each, member, optional, parts, states
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    day_column,
    flag_column,
    json_column,
    ledger_table,
    text_column,
    whole_column,
)
from projections.engine.writing import Connection
from projections.organization.directory import carried_on

_HOLDER_KIND: Final = states(
    COLLECTIVE="集体经济组织",
    VILLAGE_COMMITTEE="村民委员会",
    DEPARTMENT="行业部门",
    TOWNSHIP="乡（镇）人民政府",
    FARM="农（牧）场",
)
_CERTIFICATE_STATE: Final = states(APPLIED="已申请", ISSUED="已颁发", INELIGIBLE="不符合条件")

ASSET_DUTY: Final = ledger_table(
    "asset_duty",
    text_column("asset", "资产编号"),
    day_column("accepted_on", "竣工验收日期", null=True),
    day_column("registered_on", "登记日期"),
    text_column("guiding_department", "管理指导部门", of=UNIT_CODE, null=True),
    json_column("co_guiding", "协同指导部门", of=Each(UNIT_CODE)),
    flag_column("guidance_gap", "管理指导部门是否文件未明确"),
    json_column("document_kinds", "已存档的资料种类", of=Each(ARCHIVE_KIND)),
    text_column("stocktake", "清产核资编号", null=True),
    day_column("verified_on", "清产核资核实日期", null=True),
    json_column(
        "title_holders",
        "法律上的权利主体（集体经济组织等）",
        of=Each(
            parts(
                party=member("单位编号", UNIT_CODE),
                kind=member("权利主体类型", _HOLDER_KIND),
                name=optional("权利主体名称"),
                uscc=optional("统一社会信用代码"),
            )
        ),
    ),
    json_column(
        "ownership_certificates", "确权书：各村编号", of=ByKey(UNIT_CODE, PLAIN), title="各村确权书编号"
    ),
    json_column(
        "title_certificates",
        "产权证、不动产证及办理状态",
        of=ByKey(
            PLAIN,
            parts(
                kind=member("证书种类", CERTIFICATE),
                state=member("办理状态", _CERTIFICATE_STATE),
                holder=member("持证单位", UNIT_CODE),
                number=optional("证号"),
            ),
        ),
    ),
    text_column("filing_due", "待备案单位", of=UNIT_CODE, null=True),
    day_column("filing_since", "应备案起始日期", null=True),
    json_column(
        "management_rules",
        "产权人的资产管理制度：文号及施行日期",
        of=ByKey(UNIT_CODE, parts(documentNo=member("文号"), effectiveFrom=member("施行日期", DAY))),
    ),
    day_column("custody_on", "落实管护日期", null=True),
    day_column("maintenance_starts_on", "养护计划起始日期", null=True),
    whole_column("maintenance_interval_days", "养护间隔（天）", null=True),
    text_column("maintenance_content", "计划养护内容", null=True),
    day_column("maintained_on", "最近养护日期", null=True),
    key=("asset",),
    group="asset",
    comment="资产履责台账：每项资产一行，验收、指导、存档、清产核资、证书、备案、管护、养护",
    indexes=(Index("asset_duty_guiding_idx", "county", "guiding_department", "asset"),),
)


def _guided(row: Row, guidance: Any) -> None:
    if guidance is not None:
        row["guiding_department"] = guidance["lead"]
        row["co_guiding"] = guidance.get("co", [])
        row["guidance_gap"] = guidance.get("ruleGap", False)


def _accepted(card: Any) -> Any:
    return day_or_none((card.get("acceptance") or {}).get("acceptedOn"))


def _registered(event: LedgerEvent, rows: Rows) -> None:
    row: Row = {
        "asset": event.id,
        "accepted_on": _accepted(event.data["card"]),
        "registered_on": event.day,
        "guiding_department": None,
        "co_guiding": [],
        "guidance_gap": False,
        "document_kinds": [],
        "stocktake": None,
        "verified_on": None,
        "title_holders": [],
        "ownership_certificates": {},
        "title_certificates": {},
        "filing_due": None,
        "filing_since": None,
        "management_rules": {},
        "custody_on": None,
        "maintenance_starts_on": None,
        "maintenance_interval_days": None,
        "maintenance_content": None,
        "maintained_on": None,
        "position": event.position,
    }
    _guided(row, event.data.get("guidance"))
    rows.put(ASSET_DUTY, row)


def _edit(event: LedgerEvent, rows: Rows) -> Row:
    row = rows.edit(ASSET_DUTY, event.id)
    row["position"] = event.position
    return row


def _corrected(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    row["accepted_on"] = _accepted(event.data["card"])
    _guided(row, event.data.get("guidance"))


def _archived(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    row["document_kinds"] = sorted({*row["document_kinds"], event.data["document"]["kind"]})


def _stocktaken(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    row["stocktake"] = event.data["stocktaking"]["stocktake"]
    row["verified_on"] = day(event.data["stocktaking"]["verifiedOn"])


def _confirmed(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    row["title_holders"] = event.data.get("holders") or []
    row["filing_due"] = event.data.get("filingDue")
    row["filing_since"] = None if row["filing_due"] is None else event.day


def _filed(event: LedgerEvent, rows: Rows) -> None:
    _edit(event, rows).update(filing_due=None, filing_since=None)


def _ownership_certificate(event: LedgerEvent, rows: Rows) -> None:
    row, issued = _edit(event, rows), event.data["certificate"]
    row["ownership_certificates"] = {**row["ownership_certificates"], issued["village"]: issued["number"]}


def _certificate_applied(event: LedgerEvent, rows: Rows) -> None:
    row, asked = _edit(event, rows), event.data["certificate"]
    known = {name: asked[name] for name in ("kind", "holder")} | {"state": "APPLIED"}
    row["title_certificates"] = {**row["title_certificates"], asked["certificate"]: known}


def _certificate_issued(event: LedgerEvent, rows: Rows) -> None:
    _answer_certificate(event, rows, {"state": "ISSUED", "number": event.data["number"]})


def _certificate_ineligible(event: LedgerEvent, rows: Rows) -> None:
    _answer_certificate(event, rows, {"state": "INELIGIBLE"})


def _answer_certificate(event: LedgerEvent, rows: Rows, answer: dict[str, str]) -> None:
    row, certificate = _edit(event, rows), event.data["certificate"]
    asked = row["title_certificates"][certificate]
    row["title_certificates"] = {**row["title_certificates"], certificate: asked | answer}


def _rule_adopted(event: LedgerEvent, rows: Rows) -> None:
    row, rule = _edit(event, rows), event.data["managementRule"]
    known = {"documentNo": rule["documentNo"], "effectiveFrom": rule["effectiveFrom"]}
    row["management_rules"] = {**row["management_rules"], rule["owner"]: known}


def _in_custody(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    if not event.data["custody"].get("provisional", False) and row["custody_on"] is None:
        row["custody_on"] = event.day


def _planned(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    plan = event.data["plan"]
    row["maintenance_starts_on"] = day(plan["startsOn"])
    row["maintenance_interval_days"] = plan["intervalDays"]
    row["maintenance_content"] = plan["content"]


def _maintained(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    done = day(event.data["maintenance"]["doneOn"])
    row["maintained_on"] = done if row["maintained_on"] is None else max(done, row["maintained_on"])


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(ASSET_DUTY, event.id)]


PROJECTION: Final = Projection(
    name="asset_duties",
    title="资产履责台账",
    version=3,
    tables=(ASSET_DUTY,),
    handlers={
        "asset.registered": _registered,
        "asset.registration_corrected": _corrected,
        "asset.final_settlement_recorded": _corrected,
        "asset.document_archived": _archived,
        "asset.stocktake_recorded": _stocktaken,
        "asset.ownership_confirmed": _confirmed,
        "asset.ownership_filed": _filed,
        "asset.ownership_certificate_issued": _ownership_certificate,
        "asset.title_certificate_applied": _certificate_applied,
        "asset.title_certificate_issued": _certificate_issued,
        "asset.title_certificate_ineligible": _certificate_ineligible,
        "asset.management_rule_adopted": _rule_adopted,
        "asset.custody_assigned": _in_custody,
        "asset.maintenance_planned": _planned,
        "asset.maintenance_done": _maintained,
    },
    keys=_keys,
    weight=2,
)

_SOURCE: Final = "asset_duty d JOIN asset_register a ON a.county = d.county AND a.asset = d.asset"

_CERTIFIED: Final = "jsonb_path_exists(d.title_certificates, '$.* ? (@.state == \"ISSUED\")')"


async def duties_page(
    connection: Connection,
    county: str,
    *,
    register_within: int,
    guiding_department: str | list[str] | None = None,
    guidance_gap: bool | None = None,
    registered_late: bool | None = None,
    certified: bool | None = None,
    filing_pending: bool | None = None,
    village: str | list[str] | None = None,
    township: str | list[str] | None = None,
    asset: str | list[str] | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Assets with what was done around them. `registered_late`: more than `register_within` days after acceptance;
    `certified`: some title or real-estate certificate was issued.

    `guiding_department` makes it a department's guidance worklist, co-guided assets included, and those of departments that it succeeded (C4.1-02..07).
    """
    late = f"(d.registered_on > d.accepted_on + {int(register_within)}) IS TRUE"
    conditions = Conditions()
    conditions.equal("d.county", county)
    conditions.equal("d.asset", asset)
    conditions.equal("d.guidance_gap", guidance_gap)
    conditions.equal("a.village", village)
    conditions.equal("a.township", township)
    if guiding_department is not None:
        asked = [guiding_department] if isinstance(guiding_department, str) else list(guiding_department)
        wanted = [one for unit in asked for one in await carried_on(connection, county, unit)]
        conditions.add("(d.guiding_department = ANY({}) OR d.co_guiding ?| {}::text[])", wanted, wanted)
    if certified is not None:
        conditions.parts.append(_CERTIFIED if certified else f"NOT {_CERTIFIED}")
    if filing_pending is not None:
        conditions.parts.append(f"d.filing_due IS {'NOT ' if filing_pending else ''}NULL")
    if registered_late is not None:
        conditions.parts.append(late if registered_late else f"NOT ({late})")
    return await page(
        connection,
        ASSET_DUTY,
        conditions,
        source=_SOURCE,
        alias="d",
        columns=ASSET_DUTY.columns,
        usually="asset",
        **paging,
        extra=["a.asset_name", "a.asset_class", "a.village", "a.township", f"{late} AS registered_late"],
    )


async def rule_coverage(connection: Connection, county: str, on: date) -> list[Row]:
    """Per owner: managed assets it has a part of, how many of them have its own rule in force on a day, and the share
    of these in percent with two decimals (C5.3-01).
    """
    records = await connection.fetch(
        "SELECT s.party AS unit, count(*) AS assets, count(*) FILTER (WHERE"
        " (d.management_rules -> s.party::text ->> 'effectiveFrom')::date <= $2) AS covered"
        " FROM asset_share s JOIN asset_register r ON r.county = s.county AND r.asset = s.asset"
        " JOIN asset_duty d ON d.county = s.county AND d.asset = s.asset"
        f" WHERE s.county = $1 AND s.amount > 0 AND {MANAGED} GROUP BY s.party ORDER BY s.party",
        county,
        on,
    )
    return [
        dict(record) | {"coverage": f"{Decimal(100 * record['covered']) / record['assets']:.2f}"}
        for record in records
    ]
