"""The public notice board (公示公告栏), and what still has to be made public (三(五)).

The board is for everybody: no contacts, long numbers masked, an objection's words only with their answer. A fact that
三(五) wants published opens a task for its owners, done by a notice that names it.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Unpack

from sqlalchemy import Index

from domain.classification import PERSONAL_OF_OBJECTOR
from domain.regulation.legal_clock import LegalClock
from projections.engine.codes import CHAIN, PLACE_ROLE
from projections.engine.events import LedgerEvent, day, day_or_none
from projections.engine.masking import masked
from projections.engine.meaning import DAY, PLAIN, UNIT_CODE, WHOLE, Each, member, parts, states
from projections.engine.projection import Projection
from projections.engine.provisional import as_known, flag, reckoning_column, reckoning_index
from projections.engine.reading import Conditions, Page, Paging, page, rows_of
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

_STAGE: Final = states(
    OWNERSHIP="确权",
    CONTRACT="经营合同",
    INCOME_USE="收益使用",
    PAYMENT="收益发放",
    DISPOSAL="处置",
    AUDIT="审计",
    OTHER="其他",
)
_OUTCOME: Final = states(UPHELD="成立", DISMISSED="不成立", WITHDRAWN="已撤回")

NOTICE: Final = ledger_table(
    "public_notice",
    text_column("source", "来源：程序或公告的事件流"),
    text_column("step", "程序的公示步骤；公告为空"),
    text_column("notice", "公示编号"),
    code_column(
        "kind",
        "PROCEDURE 程序公示 / ANNOUNCEMENT 公告公开",
        states(PROCEDURE="程序公示", ANNOUNCEMENT="公告公开"),
        title="种类",
    ),
    text_column("title", "标题"),
    text_column("body", "公示内容，个人号码已隐去"),
    code_column("chain", "流程", CHAIN, null=True),
    code_column("stage", "公告环节", _STAGE, null=True),
    text_column("asset", "资产编号", null=True),
    text_column("unit", "公示单位", of=UNIT_CODE),
    json_column(
        "places",
        "公示地点与日期",
        of=Each(
            parts(
                role=member("公示地点类型", PLACE_ROLE),
                organization=member("单位", UNIT_CODE),
                location=member("具体地点"),
                postedOn=member("张贴日期", DAY),
            )
        ),
    ),
    day_column("posted_on", "首次张贴日期"),
    day_column("ends_on", "公示期满日（24:00）", null=True),
    reckoning_column(),
    code_column(
        "state",
        "OPEN 公示中 / COMPLETED 期满无异议 / RETURNED 退回重办 / WITHDRAWN 撤回 / PUBLISHED 已公开",
        states(
            OPEN="公示中", COMPLETED="期满无异议", RETURNED="退回重办", WITHDRAWN="撤回", PUBLISHED="已公开"
        ),
        title="状态",
    ),
    whole_column("round", "第几次公示"),
    whole_column("objections", "异议数"),
    whole_column("open_objections", "未处理的异议数"),
    whole_column("suggestions", "意见建议数"),
    json_column(
        "answers",
        "已处理的异议及答复",
        of=Each(
            parts(
                number=member("异议序号", WHOLE),
                text=member("异议内容"),
                filedOn=member("提出日期", DAY),
                outcome=member("处理结论", _OUTCOME),
                answer=member("答复"),
                resolvedOn=member("处理日期", DAY),
            )
        ),
    ),
    json_column("pending", "未答复异议的内容，不公开", of=PLAIN, classified=PERSONAL_OF_OBJECTOR),
    position_column("first_position", "首个事件位置"),
    key=("source", "step"),
    group="source",
    comment="公示公告栏：每项公示一行，可公开查询",
    indexes=(
        Index("public_notice_notice_idx", "county", "notice", unique=True),
        Index("public_notice_posted_idx", "county", "posted_on"),
        reckoning_index("public_notice"),
    ),
)

NOTICE_TASK: Final = ledger_table(
    "notice_task",
    text_column("asset", "资产编号"),
    code_column("stage", "环节：OWNERSHIP 确权 / CONTRACT 经营合同 / INCOME_USE 收益使用", _STAGE),
    text_column("reference", "合同或分配方案编号"),
    json_column("units", "应公布的单位", of=Each(UNIT_CODE)),
    day_column("since", "应公布起始日期"),
    text_column("notice", "已公布的公示编号", null=True),
    day_column("posted_on", "公布日期", null=True),
    position_column("first_position", "首个事件位置"),
    key=("asset", "stage", "reference"),
    group="asset",
    comment="应公开事项：每项一行，公布前为待办（三(五)）",
)

NOTICE_SOURCE: Final = ledger_table(
    "notice_source",
    text_column("source", "程序的事件流"),
    text_column("title", "事项名称"),
    code_column("chain", "流程", CHAIN),
    key=("source",),
    group="source",
    comment="程序名称，供其公示使用",
)


def _row(event: LedgerEvent, **facts: Any) -> Row:
    """A fresh row of the board."""
    return {
        "source": event.stream,
        "step": "",
        "chain": None,
        "stage": None,
        "asset": None,
        "ends_on": None,
        "reckoning": None,
        "round": 1,
        "objections": 0,
        "open_objections": 0,
        "suggestions": 0,
        "answers": [],
        "pending": {},
        "first_position": event.position,
        "position": event.position,
    } | facts


def _place(posting: dict[str, Any]) -> dict[str, Any]:
    place = posting["place"]
    return {
        "role": place["role"],
        "organization": place["organization"],
        "location": masked(posting.get("location", "")),
        "postedOn": posting["postedOn"],
    }


# ---- notices of procedures -----------------------------------------------------------------------------------------


def _opened(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    rows.put(
        NOTICE_SOURCE,
        {
            "source": event.stream,
            "title": masked(data["title"]),
            "chain": data["chain"],
            "position": event.position,
        },
    )


def _notice_posted(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    source, step = event.stream, data["step"]
    posted = data["posted"]
    posting = posted["posting"]
    named = rows.find(NOTICE_SOURCE, source)
    if named is None:
        raise ValueError(f"{source} was never opened")
    known = next((one for one in rows.group(NOTICE, source) if one["step"] == step), None)
    ends_on = day_or_none(posted.get("endsOn"))
    state = "PUBLISHED" if data.get("completes") else "OPEN"
    body = masked(posting["text"])
    if known is None:
        fresh = _row(
            event,
            step=step,
            notice=f"{source}:{step}",
            kind="PROCEDURE",
            title=named["title"],
            body=body,
            chain=named["chain"],
            unit=data["by"]["organization"],
            places=[_place(posting)],
            posted_on=event.day,
            ends_on=ends_on,
            reckoning=posted.get("provisional"),
            state=state,
        )
        rows.put(NOTICE, fresh)
        return
    row = _edit(event, rows, step)
    if row["state"] == "RETURNED":
        row.update(places=[], ends_on=None, reckoning=None, round=row["round"] + 1, posted_on=event.day)
    row["places"] = [*row["places"], _place(posting)]
    if ends_on is not None and (row["ends_on"] is None or ends_on >= row["ends_on"]):
        row.update(ends_on=ends_on, reckoning=posted.get("provisional"))
    row["body"] = body
    row["state"] = state


def _edit(event: LedgerEvent, rows: Rows, step: str) -> Row:
    row = rows.edit(NOTICE, event.stream, step)
    row["position"] = event.position
    return row


def _notice_completed(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows, event.data["step"])
    row["state"] = "COMPLETED"
    period = event.data.get("period")
    if period is not None:
        row.update(ends_on=day(period["endsOn"]), reckoning=period.get("provisional"))


def _reopened(event: LedgerEvent, rows: Rows) -> None:
    """Notices of steps that have to be done again are no longer good."""
    again = event.data.get("reopened", ())
    for one in rows.group(NOTICE, event.stream):
        if one["step"] in again:
            _edit(event, rows, one["step"])["state"] = "RETURNED"


def _started_over(event: LedgerEvent, rows: Rows) -> None:
    for one in rows.group(NOTICE, event.stream):
        _edit(event, rows, one["step"])["state"] = "RETURNED"


def _withdrawn(event: LedgerEvent, rows: Rows) -> None:
    for one in rows.group(NOTICE, event.stream):
        _edit(event, rows, one["step"])["state"] = "WITHDRAWN"


def _objection_filed(event: LedgerEvent, rows: Rows) -> None:
    _object(event, _edit(event, rows, event.data["step"]))


def _object(event: LedgerEvent, row: Row) -> None:
    objection = event.data["objection"]
    row["objections"] += 1
    row["open_objections"] += 1
    said = {
        "text": masked(objection["text"]),
        "filedOn": objection["filedOn"],
        "dueOn": objection.get("dueOn", objection["filedOn"]),
    }
    row["pending"] = {**row["pending"], str(objection["number"]): said}


def _objection_resolved(event: LedgerEvent, rows: Rows) -> None:
    number = str(event.data["number"])
    for one in rows.group(NOTICE, event.stream):
        if number in one["pending"]:
            _answer(event, _edit(event, rows, one["step"]), number)
    _reopened(event, rows)


def _answer(event: LedgerEvent, row: Row, number: str) -> None:
    data = event.data
    said = row["pending"][number]
    row["open_objections"] -= 1
    row["pending"] = {key: value for key, value in row["pending"].items() if key != number}
    answered = {
        "number": int(number),
        "text": said["text"],
        "filedOn": said["filedOn"],
        "outcome": data["outcome"],
        "answer": masked(data["answer"]),
        "resolvedOn": event.occurred_on,
    }
    row["answers"] = [*row["answers"], answered]


def _suggested(event: LedgerEvent, rows: Rows) -> None:
    for one in rows.group(NOTICE, event.stream):
        _edit(event, rows, one["step"])["suggestions"] += 1


# ---- announcements -------------------------------------------------------------------------------------------------


def _posted(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    about, posting = data["announcement"], data["posting"]
    rows.put(
        NOTICE,
        _row(
            event,
            notice=event.stream,
            kind="ANNOUNCEMENT",
            title=masked(about["title"]),
            body=masked(posting["text"]),
            stage=about["stage"],
            asset=about.get("asset"),
            unit=data["by"]["organization"],
            places=[_place(posting)],
            posted_on=day(posting["postedOn"]),
            state="PUBLISHED",
        ),
    )
    asset = about.get("asset")
    if asset is not None:
        for task in rows.group(NOTICE_TASK, asset):
            if (task["stage"], task["reference"]) == (about["stage"], about.get("reference", "")) and task[
                "first_position"
            ] < event.position:
                done = rows.edit(NOTICE_TASK, asset, (task["stage"], task["reference"]))
                if done["notice"] is None:
                    done.update(
                        notice=event.stream, posted_on=day(posting["postedOn"]), position=event.position
                    )


def _place_added(event: LedgerEvent, rows: Rows) -> None:
    row = _edit(event, rows, "")
    row["places"] = [*row["places"], _place(event.data["posting"])]


def _announcement_objected(event: LedgerEvent, rows: Rows) -> None:
    _object(event, _edit(event, rows, ""))


def _announcement_suggested(event: LedgerEvent, rows: Rows) -> None:
    _edit(event, rows, "")["suggestions"] += 1


def _announcement_answered(event: LedgerEvent, rows: Rows) -> None:
    _answer(event, _edit(event, rows, ""), str(event.data["number"]))


# ---- what has to be made public ------------------------------------------------------------------------------------


def _open_task(
    event: LedgerEvent, rows: Rows, stage: str, reference: str, units: list[str], notice: str | None = None
) -> None:
    rows.put(
        NOTICE_TASK,
        {
            "asset": event.id,
            "stage": stage,
            "reference": reference,
            "units": units,
            "since": event.day,
            "notice": notice,
            "posted_on": None if notice is None else event.day,
            "first_position": event.position,
            "position": event.position,
        },
    )


def _ownership_confirmed(event: LedgerEvent, rows: Rows) -> None:
    """A title is a task for its owners, unless its own procedure has posted it."""
    confirmation = event.data["confirmation"]
    notice = None
    if (procedure := confirmation.get("procedure")) is not None:
        posted = rows.group(NOTICE, f"procedure-{procedure}")
        good = [one for one in posted if one["state"] in {"COMPLETED", "PUBLISHED"}]
        notice = max(good, key=lambda one: one["first_position"])["notice"] if good else None
    _open_task(event, rows, "OWNERSHIP", "", [one["party"] for one in confirmation["owners"]], notice)


def _contract_signed(event: LedgerEvent, rows: Rows) -> None:
    terms = event.data["terms"]
    _open_task(event, rows, "CONTRACT", terms["contract"], [terms["signer"]])


def _income_distributed(event: LedgerEvent, rows: Rows) -> None:
    """A plan is paid by several holders, and in instalments: it is one matter, made public once."""
    distribution = event.data["distribution"]
    plan, holder = distribution["plan"], distribution["holder"]
    matter = ("INCOME_USE", plan)
    for task in rows.group(NOTICE_TASK, event.id):
        if (task["stage"], task["reference"]) == matter:
            if holder not in task["units"]:
                known = rows.edit(NOTICE_TASK, event.id, matter)
                known.update(units=[*known["units"], holder], position=event.position)
            return
    _open_task(event, rows, "INCOME_USE", plan, [holder])


HANDLERS: Final = {
    "procedure.opened": _opened,
    "procedure.notice_posted": _notice_posted,
    "procedure.notice_completed": _notice_completed,
    "procedure.objection_filed": _objection_filed,
    "procedure.objection_resolved": _objection_resolved,
    "procedure.suggestion_filed": _suggested,
    "procedure.reviewed": _reopened,
    "procedure.determined": _reopened,
    "procedure.filing_returned": _reopened,
    "procedure.amended": _started_over,
    "procedure.withdrawn": _withdrawn,
    "public_notice.posted": _posted,
    "public_notice.place_added": _place_added,
    "public_notice.objection_filed": _announcement_objected,
    "public_notice.suggestion_filed": _announcement_suggested,
    "public_notice.objection_resolved": _announcement_answered,
    "asset.ownership_confirmed": _ownership_confirmed,
    "asset.leased": _contract_signed,
    "asset.operating_contract_signed": _contract_signed,
    "asset.income_distributed": _income_distributed,
}


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    match event.type.partition(".")[0]:
        case "asset":
            keys = [(NOTICE_TASK, event.id)]
            if event.type == "asset.ownership_confirmed":
                procedure = event.data["confirmation"].get("procedure")
                keys += [] if procedure is None else [(NOTICE, f"procedure-{procedure}")]
            return keys
        case "public_notice":
            keys = [(NOTICE, event.stream)]
            if event.type == "public_notice.posted":
                asset = event.data["announcement"].get("asset")
                keys += [] if asset is None else [(NOTICE_TASK, asset)]
            return keys
        case _:
            return [(NOTICE, event.stream), (NOTICE_SOURCE, event.stream)]


PROJECTION: Final = Projection(
    name="notice_board",
    title="公示公告栏",
    version=5,
    tables=(NOTICE, NOTICE_SOURCE, NOTICE_TASK),
    handlers=HANDLERS,
    keys=_keys,
    weight=1,
    foreign={
        NOTICE_TASK: frozenset({"public_notice.posted"}),
        NOTICE: frozenset({"asset.ownership_confirmed"}),
    },
)

PUBLIC: Final = tuple(
    name for name in NOTICE.columns if name not in {"county", "source", "step", "pending", "first_position"}
)
"""Columns that everybody may see."""


async def _board_as_known(connection: Connection, county: str, clock: LegalClock) -> str:
    return await as_known(connection, county, NOTICE.name, NOTICE.columns, clock, ends_on="k.due")


async def notice_page(
    connection: Connection,
    county: str,
    clock: LegalClock,
    *,
    unit: str | list[str] | None = None,
    asset: str | None = None,
    stage: str | None = None,
    state: str | None = None,
    since: date | None = None,
    until: date | None = None,
    words: str | None = None,
    sort: str = "posted_on",
    descending: bool = True,
    limit: int = 100,
    cursor: str | None = None,
) -> Page:
    """Notices as everybody may see them, the latest first; `provisional`: whether the day they end is, by the calendar."""
    conditions = Conditions()
    conditions.equal("n.county", county)
    for name, value in {"unit": unit, "asset": asset, "stage": stage, "state": state}.items():
        conditions.equal(f"n.{name}", value)
    conditions.between("n.posted_on", since, until)
    conditions.contains("n.title || ' ' || n.body", words)
    found = await page(
        connection,
        NOTICE,
        conditions,
        source=f"{await _board_as_known(connection, county, clock)} n",
        alias="n",
        columns=(*PUBLIC, "source", "step"),
        sort=sort,
        descending=descending,
        limit=limit,
        cursor=cursor,
    )
    for row in found.rows:
        del row["source"], row["step"]
        flag(row)
    return found


async def notice_row(connection: Connection, county: str, clock: LegalClock, notice: str) -> Row | None:
    """One notice with where it comes from (`source`, `step`) and its `pending` objections; None if there is none."""
    source = await _board_as_known(connection, county, clock)
    records = await connection.fetch(
        f"SELECT {', '.join((*PUBLIC, 'source', 'step', 'pending'))} FROM {source} n WHERE county = $1 AND notice = $2",
        county,
        notice,
    )
    row = next(iter(rows_of(records, NOTICE)), None)
    if row is not None:
        flag(row)
    return row


async def notice_task_page(
    connection: Connection,
    county: str,
    *,
    on: date,
    unit: str | None = None,
    asset: str | list[str] | None = None,
    stage: str | None = None,
    reference: str | list[str] | None = None,
    since_from: date | None = None,
    since_until: date | None = None,
    open_only: bool = True,
    **paging: Unpack[Paging],
) -> Page:
    """What has to be made public, open tasks or all; each with `days_open` on the day `on` while it is open."""
    conditions = Conditions()
    conditions.equal("t.county", county)
    conditions.equal("t.asset", asset)
    conditions.equal("t.stage", stage)
    conditions.equal("t.reference", reference)
    conditions.between("t.since", since_from, since_until)
    if unit is not None:
        conditions.add("t.units ? {}", unit)
    if open_only:
        conditions.parts.append("t.notice IS NULL")
    found = await page(
        connection,
        NOTICE_TASK,
        conditions,
        source="notice_task t",
        alias="t",
        columns=NOTICE_TASK.columns,
        usually="since",
        **paging,
    )
    for row in found.rows:
        row["days_open"] = None if row["notice"] is not None else max((on - row["since"]).days, 0)
    return found
