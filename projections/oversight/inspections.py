"""The ledgers of supervision (监督检查台账, 违规问题台账, 五(四)): findings until they are mended, cases until they are decided."""

from __future__ import annotations

from datetime import date
from typing import Final, Unpack

from domain.classification import PERSONAL_OF_ANSWERABLE
from projections.engine.codes import DUTY_OF_CUSTODY, POST
from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import (
    DAY,
    PERSON_CODE,
    PLAIN,
    UNIT_CODE,
    ByKey,
    Codes,
    Each,
    member,
    optional,
    parts,
    states,
    terms,
)
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    json_column,
    ledger_table,
    money_column,
    text_column,
)
from projections.engine.writing import Connection

_ANSWERABLE: Final = Codes(words=(*DUTY_OF_CUSTODY.words, ("PRINCIPAL", "单位主要领导")))

FINDING: Final = ledger_table(
    "supervision_finding",
    text_column("inspection", "检查编号"),
    text_column("finding", "问题编号，检查本身为空"),
    text_column("organ", "监督单位", of=UNIT_CODE),
    text_column("unit", "被检查单位", of=UNIT_CODE),
    day_column("inspected_on", "检查日期"),
    text_column("text", "检查内容或问题"),
    text_column("asset", "资产编号", null=True),
    text_column("clause", "条款", null=True),
    code_column(
        "state",
        "状态：INSPECTED / RAISED / ORDERED / RECTIFIED",
        states(INSPECTED="已检查", RAISED="已提出", ORDERED="已责令整改", RECTIFIED="已整改"),
    ),
    day_column("due_on", "整改期限", null=True),
    day_column("verified_on", "复查日期", null=True),
    key=("inspection", "finding"),
    group="inspection",
    comment="监督检查：每次检查一行，每个问题一行",
)

VIOLATION: Final = ledger_table(
    "violation_case",
    text_column("violation_case", "案件编号"),
    code_column("kind", "违规类别", terms("VIOLATION")),
    day_column("happened_on", "发生日期"),
    text_column("unit", "涉及单位", of=UNIT_CODE),
    json_column("assets", "涉及资产", of=Each(PLAIN)),
    money_column("amount", "涉及或认定金额", null=True),
    json_column(
        "answerable",
        "发生当日的责任人",
        of=Each(
            parts(
                person=member("人员编号", PERSON_CODE),
                duty=member("职责", _ANSWERABLE),
                asset=optional("资产编号"),
                organization=optional("职务所在单位", UNIT_CODE),
                post=optional("职务", POST),
            )
        ),
        classified=PERSONAL_OF_ANSWERABLE,
    ),
    code_column(
        "state",
        "状态：REPORTED / ESTABLISHED / UNFOUNDED",
        states(REPORTED="已登记", ESTABLISHED="属实", UNFOUNDED="不属实"),
    ),
    day_column("decided_on", "认定日期", null=True),
    json_column(
        "accountabilities",
        "责任追究",
        of=ByKey(
            PERSON_CODE,
            parts(
                measure=member("追究方式"),
                decidedBy=member("决定单位", UNIT_CODE),
                decidedOn=member("决定日期", DAY),
                documentNo=member("决定文号"),
            ),
        ),
        classified=PERSONAL_OF_ANSWERABLE,
    ),
    key=("violation_case",),
    group="violation_case",
    comment="违规问题：每件一行",
)


def _inspected(event: LedgerEvent, rows: Rows) -> None:
    data = event.data["inspected"]
    rows.put(
        FINDING,
        {
            "inspection": event.id,
            "finding": "",
            "organ": data["organ"],
            "unit": data["unit"],
            "inspected_on": day(data["inspectedOn"]),
            "text": data["subject"],
            "asset": None,
            "clause": None,
            "state": "INSPECTED",
            "due_on": None,
            "verified_on": None,
            "position": event.position,
        },
    )


def _raised(event: LedgerEvent, rows: Rows) -> None:
    found = event.data["supervisionFinding"]
    whole = rows.edit(FINDING, event.id, "")
    rows.put(
        FINDING,
        dict(whole)
        | {
            "finding": found["finding"],
            "text": found["text"],
            "asset": found.get("asset"),
            "clause": found.get("clause"),
            "state": "RAISED",
            "position": event.position,
        },
    )


def _ordered(event: LedgerEvent, rows: Rows) -> None:
    order = event.data["rectification"]
    row = rows.edit(FINDING, event.id, order["finding"])
    row.update(state="ORDERED", due_on=day(order["dueOn"]), position=event.position)


def _verified(event: LedgerEvent, rows: Rows) -> None:
    seen = event.data["verified"]
    row = rows.edit(FINDING, event.id, seen["finding"])
    row.update(verified_on=day(seen["verifiedOn"]), position=event.position)
    if seen["outcome"] == "RECTIFIED":
        row["state"] = "RECTIFIED"


def _reported(event: LedgerEvent, rows: Rows) -> None:
    violation = event.data["violation"]
    rows.put(
        VIOLATION,
        {
            "violation_case": event.id,
            "kind": violation["kind"],
            "happened_on": day(violation["happenedOn"]),
            "unit": violation["unit"],
            "assets": violation.get("assets", []),
            "amount": violation.get("amount"),
            "answerable": event.data["answerable"],
            "state": "REPORTED",
            "decided_on": None,
            "accountabilities": {},
            "position": event.position,
        },
    )


def _case(event: LedgerEvent, rows: Rows) -> Row:
    row = rows.edit(VIOLATION, event.id)
    row["position"] = event.position
    return row


def _established(event: LedgerEvent, rows: Rows) -> None:
    row, decided = _case(event, rows), event.data["establishment"]
    row["state"] = "ESTABLISHED" if decided["upheld"] else "UNFOUNDED"
    row["decided_on"] = day(decided["decidedOn"])
    row["amount"] = decided.get("amount", row["amount"])


def _held(event: LedgerEvent, rows: Rows) -> None:
    row, decided = _case(event, rows), event.data["accountability"]
    known = {name: decided[name] for name in ("measure", "decidedBy", "decidedOn", "documentNo")}
    row["accountabilities"] = {**row["accountabilities"], decided["person"]: known}


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(FINDING if event.type.startswith("inspection.") else VIOLATION, event.id)]


PROJECTION: Final = Projection(
    name="oversight",
    title="监督检查与违规问题台账",
    version=2,
    tables=(FINDING, VIOLATION),
    handlers={
        "inspection.recorded": _inspected,
        "inspection.finding_raised": _raised,
        "inspection.rectification_ordered": _ordered,
        "inspection.rectification_verified": _verified,
        "violation_case.reported": _reported,
        "violation_case.established": _established,
        "violation_case.accountability_decided": _held,
    },
    keys=_keys,
    weight=1,
)


async def finding_page(
    connection: Connection,
    county: str,
    *,
    on: date,
    organ: str | None = None,
    unit: str | list[str] | None = None,
    state: str | None = None,
    overdue: bool | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Inspections and their findings; `overdue`: ordered, and the day is past."""
    late = f"(f.state = 'ORDERED' AND f.due_on < '{on.isoformat()}'::date)"
    conditions = Conditions()
    conditions.equal("f.county", county)
    for name, value in {"organ": organ, "unit": unit, "state": state}.items():
        conditions.equal(f"f.{name}", value)
    if overdue is not None:
        conditions.parts.append(late if overdue else f"NOT {late}")
    return await page(
        connection,
        FINDING,
        conditions,
        source="supervision_finding f",
        alias="f",
        columns=FINDING.columns,
        usually="inspection",
        **paging,
        extra=[f"{late} AS overdue"],
    )


async def violation_page(
    connection: Connection,
    county: str,
    *,
    kind: str | list[str] | None = None,
    unit: str | list[str] | None = None,
    state: str | None = None,
    person: str | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Cases. `person`: those in which a person was responsible on the day, or was held to account."""
    conditions = Conditions()
    conditions.equal("v.county", county)
    for name, value in {"kind": kind, "unit": unit, "state": state}.items():
        conditions.equal(f"v.{name}", value)
    if person is not None:
        conditions.add(
            "(v.answerable @> jsonb_build_array(jsonb_build_object('person', {}::text)) OR v.accountabilities ? {})",
            person,
            person,
        )
    return await page(
        connection,
        VIOLATION,
        conditions,
        source="violation_case v",
        alias="v",
        columns=VIOLATION.columns,
        usually="violation_case",
        **paging,
    )
