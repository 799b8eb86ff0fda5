"""The departures ledger (离任交接台账): every departure case, how far it has come, its lines (C4.10-09 … C4.10-11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Unpack

from sqlalchemy import Index

from domain import words
from domain.classification import PERSONAL_OF_LEAVER
from domain.regulation.legal_clock import LegalClock
from projections.engine.codes import DEPARTURE_REASON, DUTY
from projections.engine.events import LedgerEvent, day, day_or_none
from projections.engine.meaning import (
    DAY,
    PERSON_CODE,
    PLAIN,
    UNIT_CODE,
    ByKey,
    Each,
    member,
    optional,
    parts,
    states,
)
from projections.engine.projection import Projection
from projections.engine.provisional import as_known, flag, reckoning_column, reckoning_index
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    flag_column,
    json_column,
    ledger_table,
    position_column,
    text_column,
    whole_column,
)
from projections.engine.writing import Connection

_FINDING: Final = parts(
    finding=member("问题编号"),
    asset=optional("涉及资产"),
    clause=optional("涉及条款"),
    text=member("问题"),
    documentNo=member("依据文号"),
    state=member("处理状态", states(OPEN="未处理", RESOLVED="已处理")),
    settled=optional("问题处理", parts(resolution=member("处理结果"), documentNo=member("处理依据文号"))),
)
CASE_STATE: Final = states(OPEN="办理中", COMPLETED="已完成")
LINE_STATE: Final = states(OPEN="待接收", ACCEPTED="已接收", DISPUTED="有异议")
LINE_COMPARED: Final = states(AGREES="相符", DIFFERS="有差异", RESOLVED="差异已处理")
_SIGNER: Final = states(**words.SIGNER)

DEPARTURE_CASE: Final = ledger_table(
    "departure_case",
    text_column("case_id", "交接编号"),
    text_column("person", "离任人", of=PERSON_CODE),
    code_column("kind", "交接类型：RESPONSIBLE 责任人 / MANAGER 管理人员", DUTY),
    text_column("organization", "单位", of=UNIT_CODE),
    code_column("reason", "原因", DEPARTURE_REASON, classified=PERSONAL_OF_LEAVER),
    day_column("departs_on", "离任日期"),
    text_column("successor", "接任人", of=PERSON_CODE, null=True),
    text_column("document_no", "通知文号", null=True, classified=PERSONAL_OF_LEAVER),
    code_column("state", "状态：OPEN / COMPLETED", CASE_STATE),
    whole_column("lines", "清单项数"),
    whole_column("open_lines", "待接收项数"),
    whole_column("accepted_lines", "已接收项数"),
    whole_column("disputed_lines", "有异议项数"),
    json_column("incoming", "接收人", of=Each(PERSON_CODE)),
    whole_column("reconciled_lines", "已核账项数"),
    whole_column("difference_lines", "核账差异未处理项数"),
    flag_column("reconciled", "是否完成核账"),
    text_column("audit_ordered", "受托审计单位", of=UNIT_CODE, null=True),
    text_column("audit_report", "离任审计报告文号", null=True),
    day_column("audit_cut_off", "审计截止日", null=True),
    json_column("findings", "审计发现问题及处理状态", of=ByKey(PLAIN, _FINDING)),
    whole_column("open_findings", "未处理的审计问题数"),
    text_column("interim", "临时管护人", of=PERSON_CODE, null=True),
    day_column("interim_until", "临时管护截止日期（含当日）", null=True),
    text_column("sealed", "封存清单摘要", null=True),
    json_column(
        "signatures",
        "已签字的角色、人员与日期",
        of=ByKey(
            _SIGNER,
            parts(
                person=member("签字人", PERSON_CODE),
                organization=member("单位", UNIT_CODE),
                signedOn=member("签字日期", DAY),
            ),
        ),
    ),
    text_column("supervisor", "监交人", of=PERSON_CODE, null=True),
    day_column("opened_on", "启动日期"),
    day_column("completed_on", "完成日期", null=True),
    day_column("due_on", "移交期限（P19）", null=True),
    reckoning_column(),
    whole_column("reopened", "因审计发现问题重新启动的次数"),
    whole_column("version", "交接事件版本"),
    position_column("first_position", "首个事件位置"),
    key=("case_id",),
    group="case_id",
    comment="离任交接：每件一行，含进度",
    indexes=(Index("departure_case_person_idx", "county", "person"), reckoning_index("departure_case")),
)

DEPARTURE_LINE: Final = ledger_table(
    "departure_line",
    text_column("case_id", "交接编号"),
    text_column("asset", "资产编号"),
    code_column("state", "状态：OPEN / ACCEPTED / DISPUTED", LINE_STATE),
    whole_column("asset_version", "清单所列的资产版本", null=True),
    flag_column("addendum", "是否补充清单项"),
    text_column("incoming", "另行指定的接收人", of=PERSON_CODE, null=True),
    text_column("accepted_by", "接收人", of=PERSON_CODE, null=True),
    code_column(
        "reconciliation",
        "核账：AGREES 相符 / DIFFERS 有差异 / RESOLVED 差异已处理",
        LINE_COMPARED,
        null=True,
    ),
    text_column("disputed_by", "提出异议人", of=PERSON_CODE, null=True),
    text_column("dispute", "异议内容", null=True),
    text_column("resolution", "异议处理结果", null=True),
    text_column("resolution_document", "处理文号", null=True),
    position_column("first_position", "列入清单的事件位置"),
    key=("case_id", "asset"),
    group="case_id",
    comment="离任交接清单：每项资产一行",
    indexes=(Index("departure_line_asset_idx", "county", "asset"),),
)

_COUNTED: Final = {"OPEN": "open_lines", "ACCEPTED": "accepted_lines", "DISPUTED": "disputed_lines"}


def _touch(event: LedgerEvent, rows: Rows) -> Row:
    row = rows.edit(DEPARTURE_CASE, event.id)
    row["position"] = event.position
    row["version"] = event.version
    return row


def _opened(event: LedgerEvent, rows: Rows) -> None:
    if rows.find(DEPARTURE_CASE, event.id) is not None:
        raise ValueError(f"departure case {event.id} is open already")
    notice = event.data["notice"]
    case = rows.put(
        DEPARTURE_CASE,
        {
            "case_id": event.id,
            "person": notice["person"],
            "kind": notice["kind"],
            "organization": notice["organization"],
            "reason": notice["reason"],
            "departs_on": day(notice["departsOn"]),
            "successor": notice.get("successor"),
            "document_no": notice.get("documentNo"),
            "state": "OPEN",
            "lines": 0,
            "open_lines": 0,
            "accepted_lines": 0,
            "disputed_lines": 0,
            "incoming": [],
            "reconciled_lines": 0,
            "difference_lines": 0,
            "reconciled": False,
            "audit_ordered": None,
            "audit_report": None,
            "audit_cut_off": None,
            "findings": {},
            "open_findings": 0,
            "interim": None,
            "interim_until": None,
            "sealed": None,
            "signatures": {},
            "supervisor": None,
            "opened_on": event.day,
            "completed_on": None,
            "due_on": day_or_none(event.data.get("dueOn")),
            "reckoning": event.data.get("provisional"),
            "reopened": 0,
            "version": event.version,
            "first_position": event.position,
            "position": event.position,
        },
    )
    _add_lines(event, rows, case, addendum=False)


def _add_lines(event: LedgerEvent, rows: Rows, case: Row, *, addendum: bool) -> None:
    known = {line["asset"] for line in rows.group(DEPARTURE_LINE, event.id)}
    assets = event.data["assets"]
    versions = event.data.get("versions") or [None] * len(assets)
    for asset, version in zip(assets, versions, strict=True):
        if asset in known:
            facts = {"accepted_by": None, "asset_version": version, "addendum": True}
            _move_line(event, rows, case, asset, "OPEN", **facts)
            continue
        known.add(asset)
        rows.put(
            DEPARTURE_LINE,
            {
                "case_id": event.id,
                "asset": asset,
                "state": "OPEN",
                "asset_version": version,
                "addendum": addendum,
                "incoming": None,
                "accepted_by": None,
                "reconciliation": None,
                "disputed_by": None,
                "dispute": None,
                "resolution": None,
                "resolution_document": None,
                "first_position": event.position,
                "position": event.position,
            },
        )
        case["lines"] += 1
        case["open_lines"] += 1
        case["reconciled"] = False
    _list_incoming(event, rows, case)


def _list_incoming(event: LedgerEvent, rows: Rows, case: Row) -> None:
    """Who takes something over; with an empty list the successor."""
    lines = rows.group(DEPARTURE_LINE, event.id)
    named = {line["incoming"] or case["successor"] for line in lines} if lines else {case["successor"]}
    case["incoming"] = sorted(one for one in named if one is not None)


def _move_line(event: LedgerEvent, rows: Rows, case: Row, asset: str, state: str, **facts: Any) -> None:
    line = rows.edit(DEPARTURE_LINE, event.id, asset)
    case[_COUNTED[line["state"]]] -= 1
    case[_COUNTED[state]] += 1
    line["state"] = state
    line.update(facts)
    line["position"] = event.position


def _unseal(case: Row) -> None:
    """What is on the list or who takes it has changed: the digest and the signatures under it no longer hold."""
    case["sealed"] = None
    case["signatures"] = {}


def _successor_named(event: LedgerEvent, rows: Rows) -> None:
    case = _touch(event, rows)
    case["successor"] = event.data["successor"]
    for line in rows.group(DEPARTURE_LINE, event.id):
        if line["incoming"] is None:
            _move_line(event, rows, case, line["asset"], "OPEN", accepted_by=None)
    _list_incoming(event, rows, case)
    _unseal(case)


def _lines_reassigned(event: LedgerEvent, rows: Rows) -> None:
    case = _touch(event, rows)
    for asset in event.data["assets"]:
        facts = {"accepted_by": None, "incoming": event.data["incoming"]}
        _move_line(event, rows, case, asset, "OPEN", **facts)
    _list_incoming(event, rows, case)
    _unseal(case)


def _lines_added(event: LedgerEvent, rows: Rows) -> None:
    case = _touch(event, rows)
    _add_lines(event, rows, case, addendum=True)
    _unseal(case)


def _lines_accepted(event: LedgerEvent, rows: Rows) -> None:
    case = _touch(event, rows)
    for asset in event.data["assets"]:
        _move_line(event, rows, case, asset, "ACCEPTED", accepted_by=event.data["acceptedBy"])


def _line_disputed(event: LedgerEvent, rows: Rows) -> None:
    case = _touch(event, rows)
    data = event.data
    _move_line(
        event,
        rows,
        case,
        data["asset"],
        "DISPUTED",
        accepted_by=None,
        disputed_by=data["disputedBy"],
        dispute=data["reason"],
        resolution=None,
        resolution_document=None,
    )
    _unseal(case)


def _dispute_resolved(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    _move_line(
        event,
        rows,
        _touch(event, rows),
        data["asset"],
        "OPEN",
        resolution=data["resolution"],
        resolution_document=data["documentNo"],
    )


_COMPARED: Final = {"AGREES": 0, "RESOLVED": 0, "DIFFERS": 1}


def _compare(event: LedgerEvent, rows: Rows, case: Row, asset: str, state: str) -> None:
    line = rows.edit(DEPARTURE_LINE, event.id, asset)
    before = line["reconciliation"]
    if before is None:
        case["reconciled_lines"] += 1
    case["difference_lines"] += _COMPARED[state] - _COMPARED.get(before, 0)
    line["reconciliation"] = state
    line["position"] = event.position


def _reconciliation_recorded(event: LedgerEvent, rows: Rows) -> None:
    case = _touch(event, rows)
    case["reconciled"] = False
    for one in event.data["lines"]:
        agrees = (one["book"], one["physical"], one["documents"]) == ("AGREES", "FOUND", "COMPLETE")
        _compare(event, rows, case, one["asset"], "AGREES" if agrees else "DIFFERS")


def _difference_resolved(event: LedgerEvent, rows: Rows) -> None:
    _compare(event, rows, _touch(event, rows), event.data["asset"], "RESOLVED")


def _reconciliation_completed(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows)["reconciled"] = True


def _audit_ordered(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows)["audit_ordered"] = event.data["auditorOrganization"]


def _finding_raised(event: LedgerEvent, rows: Rows) -> None:
    case = _touch(event, rows)
    finding = event.data["finding"]
    case["findings"] = {**case["findings"], finding["finding"]: {**finding, "state": "OPEN"}}
    case["open_findings"] += 1
    if case["state"] == "COMPLETED":
        case["state"] = "OPEN"
        case["completed_on"] = None
        case["due_on"] = day_or_none(event.data.get("dueOn"))
        case["reckoning"] = event.data.get("provisional")
        case["reopened"] += 1


def _finding_resolved(event: LedgerEvent, rows: Rows) -> None:
    case = _touch(event, rows)
    code = event.data["finding"]
    settled = {name: event.data[name] for name in ("resolution", "documentNo")}
    before = case["findings"][code]
    case["findings"] = {**case["findings"], code: {**before, "state": "RESOLVED", "settled": settled}}
    case["open_findings"] -= 1


def _interim_custodian_appointed(event: LedgerEvent, rows: Rows) -> None:
    case = _touch(event, rows)
    interim = event.data["interim"]
    case["interim"] = interim["person"]
    case["interim_until"] = day(interim["until"])


def _audit_completed(event: LedgerEvent, rows: Rows) -> None:
    case = _touch(event, rows)
    audit = event.data["audit"]
    case["audit_report"] = audit["reportNo"]
    case["audit_cut_off"] = day(audit["cutOff"])


def _list_sealed(event: LedgerEvent, rows: Rows) -> None:
    case = _touch(event, rows)
    _unseal(case)
    case["sealed"] = event.data["listSha256"]


def _signed(event: LedgerEvent, rows: Rows) -> None:
    case = _touch(event, rows)
    signature = event.data["signature"]
    facts = {name: signature[name] for name in ("person", "organization", "signedOn")}
    role = signature["role"]
    place = f"INCOMING:{signature['person']}" if role == "INCOMING" else role
    case["signatures"] = {**case["signatures"], place: facts}


def _signing_refused(event: LedgerEvent, rows: Rows) -> None:
    """Who refused to sign is in the case's own events; the row moves on with it."""
    _touch(event, rows)


def _completed(event: LedgerEvent, rows: Rows) -> None:
    case = _touch(event, rows)
    case["state"] = "COMPLETED"
    case["completed_on"] = event.day
    case["supervisor"] = event.data["supervisor"]


HANDLERS: Final = {
    "departure_case.opened": _opened,
    "departure_case.successor_named": _successor_named,
    "departure_case.lines_added": _lines_added,
    "departure_case.lines_accepted": _lines_accepted,
    "departure_case.line_disputed": _line_disputed,
    "departure_case.dispute_resolved": _dispute_resolved,
    "departure_case.lines_reassigned": _lines_reassigned,
    "departure_case.reconciliation_recorded": _reconciliation_recorded,
    "departure_case.difference_resolved": _difference_resolved,
    "departure_case.reconciliation_completed": _reconciliation_completed,
    "departure_case.audit_ordered": _audit_ordered,
    "departure_case.finding_raised": _finding_raised,
    "departure_case.finding_resolved": _finding_resolved,
    "departure_case.interim_custodian_appointed": _interim_custodian_appointed,
    "departure_case.audit_completed": _audit_completed,
    "departure_case.list_sealed": _list_sealed,
    "departure_case.signed": _signed,
    "departure_case.signing_refused": _signing_refused,
    "departure_case.completed": _completed,
}
_WITH_LINES: Final = frozenset(list(HANDLERS)[:9])


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    keys = [(DEPARTURE_CASE, event.id)]
    if event.type in _WITH_LINES:
        keys.append((DEPARTURE_LINE, event.id))
    return keys


PROJECTION: Final = Projection(
    name="departures",
    title="离任交接台账",
    version=1,
    tables=(DEPARTURE_CASE, DEPARTURE_LINE),
    handlers=HANDLERS,
    keys=_keys,
    weight=1,
)


def missing_points(case: Mapping[str, Any]) -> list[str]:
    """What still stands in the way of completing a case: "lines:<n>" (not accepted), "successor", "audit",
    "reconciliation", "finding:<code>", "seal", "signature:<place>", and when only that is left "completion".
    """
    if case["state"] == "COMPLETED":
        return []
    points = []
    if case["lines"] != case["accepted_lines"]:
        points.append(f"lines:{case['lines'] - case['accepted_lines']}")
    if not case["incoming"]:
        points.append("successor")
    if case["kind"] == "RESPONSIBLE" and case["audit_report"] is None:
        points.append("audit")
    if case["kind"] == "MANAGER" and not case["reconciled"]:
        points.append("reconciliation")
    points.extend(
        f"finding:{code}" for code, one in sorted(case["findings"].items()) if one["state"] == "OPEN"
    )
    if case["sealed"] is None:
        points.append("seal")
    incoming = [f"INCOMING:{one}" for one in case["incoming"]] or ["INCOMING"]
    places = ("OUTGOING", *incoming, "SUPERVISOR")
    points.extend(f"signature:{place}" for place in places if place not in case["signatures"])
    return points or ["completion"]


async def departure_page(
    connection: Connection,
    county: str,
    clock: LegalClock,
    *,
    person: str | None = None,
    organization: str | list[str] | None = None,
    kind: str | None = None,
    state: str | None = None,
    on: date | None = None,
    overdue: bool | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Departure cases, each with `missing`: what stands in the way of its completion, `provisional`: whether its due date
    is, by the calendar, and, asked for a day (`on`), `overdue`: open although due before it.
    """
    conditions = Conditions()
    conditions.equal("d.county", county)
    conditions.equal("d.person", person)
    conditions.equal("d.organization", organization)
    conditions.equal("d.kind", kind)
    conditions.equal("d.state", state)
    if overdue is not None:
        late = "(d.state = 'OPEN' AND d.due_on IS NOT NULL AND d.due_on < {})"
        conditions.add(late if overdue else f"NOT {late}", on)
    found = await page(
        connection,
        DEPARTURE_CASE,
        conditions,
        source=f"{await _cases_as_known(connection, county, clock)} d",
        alias="d",
        columns=DEPARTURE_CASE.columns,
        usually="case_id",
        **paging,
    )
    for row in found.rows:
        row["missing"] = missing_points(row)
        flag(row)
        if on is not None:
            row["overdue"] = row["state"] == "OPEN" and row["due_on"] is not None and row["due_on"] < on
    return found


async def _cases_as_known(connection: Connection, county: str, clock: LegalClock) -> str:
    table = DEPARTURE_CASE
    return await as_known(connection, county, table.name, table.columns, clock, due_on="k.due")


async def open_cases_of(connection: Connection, county: str, person: str) -> list[str]:
    """A person's handovers that are not completed, by their codes."""
    rows = await connection.fetch(
        "SELECT case_id FROM departure_case WHERE county = $1 AND person = $2 AND state = 'OPEN' ORDER BY case_id",
        county,
        person,
    )
    return [row["case_id"] for row in rows]
