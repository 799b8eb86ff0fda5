"""The procedures ledger (程序台账): where every matter stands, and which step waits for which unit since when.

The steps of each procedure are in its first event; what is due after an event is worked out as the domain does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple, Unpack

from sqlalchemy import Index

from domain.procedure import plan
from domain.regulation.legal_clock import LegalClock
from projections.engine.codes import CHAIN
from projections.engine.events import LedgerEvent, day_or_none
from projections.engine.meaning import PLAIN, UNIT_CODE, Each, states
from projections.engine.projection import Projection
from projections.engine.provisional import as_known, flag, reckoning_column, reckoning_index
from projections.engine.reading import Conditions, Page, Paging, page
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

PROCEDURE: Final = ledger_table(
    "procedure_register",
    text_column("procedure", "程序编号"),
    code_column("chain", "流程", CHAIN),
    text_column("title", "事项名称"),
    text_column("unit", "启动单位", of=UNIT_CODE),
    text_column("subject_kind", "事项类型"),
    text_column("subject", "事项编号"),
    text_column("subject_sha256", "内容摘要"),
    code_column(
        "state",
        "状态：OPEN / COMPLETED / WITHDRAWN",
        states(OPEN="办理中", COMPLETED="已办结", WITHDRAWN="已撤回"),
    ),
    json_column("steps", "步骤及其先后、办理单位", of=PLAIN),
    json_column("done", "各步骤已办理的单位", of=PLAIN),
    json_column("completed", "已完成步骤", of=Each(PLAIN)),
    json_column("filings", "待答复的备案：步骤、报送单位、备案机关、期限", of=PLAIN),
    json_column("ends", "公示步骤的期满日", of=PLAIN),
    json_column("reckonings", "公示步骤暂定期满日的计算依据", of=PLAIN, null=True),
    whole_column("open_objections", "未处理的异议数"),
    text_column("objected_step", "有未处理异议的公示步骤", null=True),
    text_column("document_no", "决定（批复）文号", null=True),
    text_column("returned_by", "最近退回单位", of=UNIT_CODE, null=True),
    text_column("return_reasons", "最近退回理由", null=True),
    day_column("opened_on", "启动日期"),
    day_column("closed_on", "办结或撤回日期", null=True),
    whole_column("version", "程序事件版本"),
    position_column("first_position", "首个事件位置"),
    key=("procedure",),
    group="procedure",
    comment="程序：每件一行，含进度",
    indexes=(Index("procedure_register_subject_idx", "county", "subject"),),
)

PROCEDURE_TASK: Final = ledger_table(
    "procedure_task",
    text_column("procedure", "程序编号"),
    text_column("step", "步骤"),
    text_column("organization", "待办单位", of=UNIT_CODE),
    code_column(
        "act",
        "待办事项：TAKE 办理步骤 / ANSWER 答复备案 / RESOLVE 处理异议",
        states(TAKE="办理步骤", ANSWER="答复备案", RESOLVE="处理异议"),
    ),
    text_column("step_name", "步骤名称"),
    text_column("title", "事项名称"),
    day_column("since", "待办起始日期"),
    day_column("ready_on", "最早可办日期（公示期满次日）", null=True),
    day_column("due_on", "办理期限", null=True),
    reckoning_column(),
    position_column("first_position", "成为待办的事件位置"),
    key=("procedure", "step", "organization", "act"),
    group="procedure",
    comment="程序待办：每个单位每项待办一行",
    indexes=(
        Index("procedure_task_organization_idx", "county", "organization", "since"),
        reckoning_index("procedure_task"),
    ),
)


class LaidOutStep(NamedTuple):
    """A step as the first event lays it out, as far as the order of steps asks."""

    code: str
    actors: tuple[str, ...]
    needs: tuple[str, ...]
    in_order: bool
    optional: bool


def _steps(row: Mapping[str, Any]) -> list[LaidOutStep]:
    return [
        LaidOutStep(one["code"], tuple(one["actors"]), tuple(one["needs"]), one["inOrder"], one["optional"])
        for one in row["steps"]
    ]


def _opened(event: LedgerEvent, rows: Rows) -> None:
    if rows.find(PROCEDURE, event.id) is not None:
        raise ValueError(f"procedure {event.id} is open already")
    data = event.data
    subject = data["subject"]
    row = rows.put(
        PROCEDURE,
        {
            "procedure": event.id,
            "chain": data["chain"],
            "title": data["title"],
            "unit": data["by"]["organization"],
            "subject_kind": subject["kind"],
            "subject": subject["id"],
            "subject_sha256": subject["sha256"],
            "state": "OPEN",
            "steps": [
                {
                    "code": one["code"],
                    "name": one["zh"],
                    "actors": one["actors"],
                    "needs": one.get("needs", []),
                    "inOrder": one.get("inOrder", False),
                    "optional": one.get("optional", False),
                }
                for one in data["steps"]
            ],
            "done": {},
            "completed": [],
            "filings": [],
            "ends": {},
            "reckonings": None,
            "open_objections": 0,
            "objected_step": None,
            "document_no": None,
            "returned_by": None,
            "return_reasons": None,
            "opened_on": event.day,
            "closed_on": None,
            "version": event.version,
            "first_position": event.position,
            "position": event.position,
        },
    )
    _settle(event, rows, row)


def _edit(event: LedgerEvent, rows: Rows) -> Row:
    row = rows.edit(PROCEDURE, event.id)
    row["version"] = event.version
    row["position"] = event.position
    return row


def _settle(event: LedgerEvent, rows: Rows, row: Row) -> None:
    """What the event leaves to do, and for whom; what was to do before stays since when it was."""
    steps = _steps(row)
    state = plan.state(steps, row["done"], withdrawn=row["state"] == "WITHDRAWN")
    if state != "OPEN" and row["state"] in {"OPEN", "WITHDRAWN"}:
        row["closed_on"] = event.day
    elif state == "OPEN":
        row["closed_on"] = None
    row["state"] = state
    row["completed"] = list(plan.completed(steps, row["done"]))
    wanted = {} if state == "WITHDRAWN" else _wanted(row, steps)
    kept = set()
    for task in rows.group(PROCEDURE_TASK, event.id):
        key = (task["step"], task["organization"], task["act"])
        if key in wanted:
            kept.add(key)
            if (task["ready_on"], task["due_on"], task["reckoning"]) != wanted[key]:
                edited = rows.edit(PROCEDURE_TASK, event.id, key)
                edited["ready_on"], edited["due_on"], edited["reckoning"] = wanted[key]
                edited["position"] = event.position
        else:
            rows.delete(PROCEDURE_TASK, event.id, key)
    names = {one["code"]: one["name"] for one in row["steps"]}
    for key, (ready_on, due_on, reckoning) in wanted.items():
        if key not in kept:
            step, organization, act = key
            rows.put(
                PROCEDURE_TASK,
                {
                    "procedure": event.id,
                    "step": step,
                    "organization": organization,
                    "act": act,
                    "step_name": names[step],
                    "title": row["title"],
                    "since": event.day,
                    "ready_on": ready_on,
                    "due_on": due_on,
                    "reckoning": reckoning,
                    "first_position": event.position,
                    "position": event.position,
                },
            )


Deadlines = tuple[date | None, date | None, dict[str, Any] | None]
"""Not before, not after; how the one that there is was counted, if it is provisional."""


def _wanted(row: Row, steps: list[LaidOutStep]) -> dict[tuple[str, str, str], Deadlines]:
    """(step, unit, act) → when it can be done at the earliest, and by when it has to be."""
    found: dict[tuple[str, str, str], Deadlines] = {}
    filed = {(one["step"], one["filedBy"]): one for one in row["filings"]}
    for step, units in plan.due(steps, row["done"]):
        ends = day_or_none(row["ends"].get(step.code))
        ready_on = None if ends is None else ends + timedelta(days=1)
        counted = (row["reckonings"] or {}).get(step.code)
        for unit in units:
            filing = filed.get((step.code, unit))
            if filing is None:
                found[step.code, unit, "TAKE"] = (ready_on, None, counted)
            else:
                due_on = day_or_none(filing.get("dueOn"))
                found[step.code, filing["addressee"], "ANSWER"] = (None, due_on, filing.get("provisional"))
    if row["open_objections"] and row["objected_step"] is not None:
        for step in steps:
            if step.code == row["objected_step"]:
                found.update({(step.code, unit, "RESOLVE"): (None, None, None) for unit in step.actors})
    return found


def _take(row: Row, step: str, organization: str) -> None:
    units = row["done"].get(step, [])
    if organization not in units:
        row["done"] = {**row["done"], step: [*units, organization]}


def _take_for_all(row: Row, step: str) -> None:
    for one in row["steps"]:
        if one["code"] == step:
            for unit in one["actors"]:
                _take(row, step, unit)


def _undo(row: Row, steps: list[str]) -> None:
    row["done"] = {step: units for step, units in row["done"].items() if step not in steps}
    row["filings"] = [one for one in row["filings"] if one["step"] not in steps]
    row["ends"] = {step: end for step, end in row["ends"].items() if step not in steps}
    counted = {step: how for step, how in (row["reckonings"] or {}).items() if step not in steps}
    row["reckonings"] = counted or None


def _returned(row: Row, event: LedgerEvent, reasons: str) -> None:
    _undo(row, event.data["reopened"])
    row["returned_by"] = event.data["by"]["organization"]
    row["return_reasons"] = reasons


def _amended(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    row["subject_sha256"] = event.data["subject"]["sha256"]
    _undo(row, [one["code"] for one in row["steps"]])
    _settle(event, rows, row)


def _withdrawn(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    row["state"] = "WITHDRAWN"
    _settle(event, rows, row)


def _step_taken(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    _take(row, event.data["step"], event.data["by"]["organization"])
    _settle(event, rows, row)


def _fact_took(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    _take(row, event.data["step"], event.data["unit"])
    _settle(event, rows, row)


def _decided(event: LedgerEvent, rows: Rows) -> None:
    _edit(event, rows)["document_no"] = event.data["documentNo"]
    _step_taken(event, rows)


def _judged(event: LedgerEvent, rows: Rows) -> None:
    if event.data["verdict"] == "APPROVED":
        _step_taken(event, rows)
        return
    row = _edit(event, rows)
    _returned(row, event, event.data["reasons"])
    _settle(event, rows, row)


def _notice_posted(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    data = event.data
    ends_on = data["posted"].get("endsOn")
    step = data["step"]
    if ends_on is not None and ends_on >= row["ends"].get(step, ends_on):
        row["ends"] = {**row["ends"], step: ends_on}
        counted = {**(row["reckonings"] or {}), step: data["posted"].get("provisional")}
        row["reckonings"] = {one: how for one, how in counted.items() if how is not None} or None
    if data.get("completes"):
        _take_for_all(row, data["step"])
    _settle(event, rows, row)


def _notice_completed(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    _take_for_all(row, event.data["step"])
    _settle(event, rows, row)


def _objection_filed(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    row["open_objections"] += 1
    row["objected_step"] = event.data["step"]
    _settle(event, rows, row)


def _objection_resolved(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    row["open_objections"] -= 1
    if event.data.get("reopened"):
        _returned(row, event, event.data["answer"])
    _settle(event, rows, row)


def _suggested(event: LedgerEvent, rows: Rows) -> None:
    _edit(event, rows)


def _filing_submitted(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    data = event.data
    if data["completes"]:
        _take(row, data["step"], data["by"]["organization"])
    else:
        filing = {
            "step": data["step"],
            "filedBy": data["by"]["organization"],
            "addressee": data["addressee"],
            "dueOn": data.get("dueOn"),
        }
        if data.get("provisional") is not None:
            filing["provisional"] = data["provisional"]
        row["filings"] = [*row["filings"], filing]
    _settle(event, rows, row)


def _answered(row: Row, event: LedgerEvent) -> None:
    key = (event.data["step"], event.data["filedBy"])
    row["filings"] = [one for one in row["filings"] if (one["step"], one["filedBy"]) != key]


def _filing_accepted(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    _answered(row, event)
    _take(row, event.data["step"], event.data["filedBy"])
    _settle(event, rows, row)


def _filing_returned(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows)
    _answered(row, event)
    _returned(row, event, event.data["reasons"])
    _settle(event, rows, row)


HANDLERS: Final = {
    "procedure.opened": _opened,
    "procedure.amended": _amended,
    "procedure.withdrawn": _withdrawn,
    "procedure.step_completed": _step_taken,
    "procedure.step_taken_by_fact": _fact_took,
    "procedure.reviewed": _judged,
    "procedure.determined": _judged,
    "procedure.decision_issued": _decided,
    "procedure.meeting_held": _step_taken,
    "procedure.notice_posted": _notice_posted,
    "procedure.notice_completed": _notice_completed,
    "procedure.objection_filed": _objection_filed,
    "procedure.objection_resolved": _objection_resolved,
    "procedure.suggestion_filed": _suggested,
    "procedure.filing_submitted": _filing_submitted,
    "procedure.filing_accepted": _filing_accepted,
    "procedure.filing_returned": _filing_returned,
}


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(PROCEDURE, event.id), (PROCEDURE_TASK, event.id)]


PROJECTION: Final = Projection(
    name="procedures",
    title="程序台账",
    version=2,
    tables=(PROCEDURE, PROCEDURE_TASK),
    handlers=HANDLERS,
    keys=_keys,
    weight=1,
)

HIDDEN: Final = ("steps", "done", "filings", "ends", "reckonings")
"""Columns that the ledger is reckoned with and does not show."""
_SHOWN: Final = tuple(name for name in PROCEDURE.columns if name not in HIDDEN)


async def procedure_page(
    connection: Connection,
    county: str,
    *,
    chain: str | list[str] | None = None,
    unit: str | list[str] | None = None,
    subject: str | list[str] | None = None,
    state: str | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Procedures with their progress."""
    conditions = Conditions()
    conditions.equal("p.county", county)
    for name, value in {"chain": chain, "unit": unit, "subject": subject, "state": state}.items():
        conditions.equal(f"p.{name}", value)
    return await page(
        connection,
        PROCEDURE,
        conditions,
        source="procedure_register p",
        alias="p",
        columns=_SHOWN,
        usually="procedure",
        **paging,
    )


async def _tasks_as_known(connection: Connection, county: str, clock: LegalClock) -> str:
    return await as_known(
        connection,
        county,
        PROCEDURE_TASK.name,
        PROCEDURE_TASK.columns,
        clock,
        due_on="k.due",
        ready_on="k.due + 1",
    )


async def task_page(
    connection: Connection,
    county: str,
    clock: LegalClock,
    *,
    on: date,
    organization: str | list[str] | None = None,
    procedure: str | list[str] | None = None,
    step: str | list[str] | None = None,
    act: str | None = None,
    words: str | None = None,
    due_from: date | None = None,
    due_until: date | None = None,
    overdue: bool | None = None,
    provisional: bool | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """What waits for whom; each with `overdue` on the day `on` and `days_open` until then, `provisional`: whether its date
    is, by the calendar.
    """
    conditions = Conditions()
    conditions.equal("t.county", county)
    conditions.equal("t.organization", organization)
    conditions.equal("t.procedure", procedure)
    conditions.equal("t.step", step)
    conditions.equal("t.act", act)
    conditions.contains("t.title", words)
    conditions.between("t.due_on", due_from, due_until)
    if provisional is not None:
        conditions.parts.append(f"t.reckoning IS {'NOT ' if provisional else ''}NULL")
    if overdue is not None:
        late = "t.due_on < {}" if overdue else "(t.due_on IS NULL OR t.due_on >= {})"
        conditions.add(late, on)
    found = await page(
        connection,
        PROCEDURE_TASK,
        conditions,
        source=f"{await _tasks_as_known(connection, county, clock)} t",
        alias="t",
        columns=PROCEDURE_TASK.columns,
        usually="since",
        **paging,
    )
    for row in found.rows:
        flag(row)
        row["overdue"] = row["due_on"] is not None and row["due_on"] < on
        row["days_open"] = max((on - row["since"]).days, 0)
    return found
