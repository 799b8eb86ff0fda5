"""Duties that wait for units, the oldest first: reports, upkeep, bookings, custody, entries, contracts, plans, objections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from domain.classification import MASK, PERSONAL_OF_HOUSEHOLD
from domain.refusals import RegulationWarning, refuse
from domain.regulation import Rules
from domain.values import BusinessDate, Code, Value
from projections.engine.rows import Row
from projections.oversight import worklist
from projections.oversight.worklist import Periods, Place, WantedDuties
from service.ledgers.differences import cursor_of, start_of
from service.ledgers.filters import Several
from service.ledgers.parameters import Cursor, Limit, Position
from service.ledgers.queries import ledgers_now
from service.ledgers.source import Source
from service.ledgers.tables import PROVISIONAL, typed
from service.ledgers.warnings import WarningBody, warning_body


class TaskBody(Value):
    """One duty that waits."""

    task: str = Field(title="待办事项")
    clause: str = Field(title="条款")
    subject: str = Field(title="资产或单位编号")
    name: str | None = Field(title="名称")
    words: str | None = Field(
        default=None,
        title="异议内容",
        description="仅有权答复者可见；原文和联系方式见 /v1/notices/{notice}/objections",
    )
    village: str | None = Field(title="所在村")
    township: str | None = Field(title="所在乡镇")
    units: tuple[str, ...] = Field(title="责任单位")
    due_on: date = Field(title="到期日")
    provisional: bool = Field(title="到期日是否暂定", description=PROVISIONAL)
    overdue: bool = Field(title="是否逾期")
    escalated_to: tuple[str, ...] = Field(title="已报上级单位", description="逾期超过规定天数的")
    warning: WarningBody | None = Field(default=None, title="提示")


class Worklist(Value):
    """Worklist: duties that wait, the oldest first."""

    on: date = Field(title="日期")
    waiting: int = Field(title="待办总数", description="符合筛选的全部待办，含其他页的")
    tasks: tuple[TaskBody, ...] = Field(title="待办")
    next_cursor: str | None = Field(title="下一页游标", description="没有下一页时为空")


class TaskQuery(BaseModel):
    """Which duties that wait, by what their lines show, from where on, and at most how many."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: BusinessDate | None = Field(default=None, title="日期", description="不填为当日")
    task: Several = Field(
        default=(),
        title="事项",
        description="如 STATUS_REPORT、EXTERNAL_ENTRY（全部系统）、EXTERNAL_ENTRY:SYS_SANZI；不填为全部",
        max_length=50,
    )
    clause: Several = Field(default=(), title="条款", max_length=50)
    subject: Several = Field(default=(), title="资产或单位编号", max_length=200)
    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=200)
    responsible: Several = Field(default=(), title="责任单位", max_length=200)
    escalated_to: Code | None = Field(default=None, title="已报上级单位")
    since: BusinessDate | None = Field(default=None, title="到期日自")
    until: BusinessDate | None = Field(
        default=None,
        title="到期日前",
        description="列出此日前到期的；不填只列已逾期的。未答复的异议自提出之日起列出，合同在到期前按规定天数（P21）列出",
    )
    overdue: bool | None = Field(default=None, title="是否逾期")
    provisional: bool | None = Field(default=None, title="到期日是否暂定")
    limit: Limit = Field(default=200, title="每页行数")
    cursor: Cursor | None = Field(default=None, title="游标", description="上一页的 nextCursor")
    min_position: Position = Field(default=0, title="最低日志位置", description="等待台账至少更新到此位置")

    def wanted(self, unit: str | None) -> WantedDuties:
        """What is asked of the ledgers; of one unit, or of the whole county."""
        return WantedDuties(
            unit,
            **{name: list(getattr(self, name)) or None for name in _LISTS},
            escalated_to=self.escalated_to,
            since=self.since,
            until=self.until,
            overdue=self.overdue,
            provisional=self.provisional,
        )


_LISTS: Final = ("task", "clause", "subject", "village", "township", "responsible")


async def due_tasks(
    source: Source, query: TaskQuery, unit: str | None, may_answer: Callable[[Sequence[str]], bool]
) -> Worklist:
    """The worklist of a unit, or of the whole county. Of an objection only those see the words of whose units
    `may_answer` says so. CURSOR_INVALID.
    """
    on = query.on or source.today
    rules = (await source.regulation()).on(on)
    after = _place(query.cursor)
    async with ledgers_now(source, worklist.LEDGERS, query.min_position) as connection:
        rows, waiting = await worklist.tasks_due(
            connection,
            source.county,
            on,
            periods_of(rules),
            source.calendar,
            query.wanted(unit),
            after=after,
            limit=query.limit + 1,
        )
        rows, more = rows[: query.limit], len(rows) > query.limit
        objected = {row["subject"]: row["units"] for row in rows if row["task"].startswith("OBJECTION:")}
        seen = [notice for notice, units in objected.items() if may_answer(units)]
        words = await worklist.objection_words(connection, source.county, seen) if seen else {}
    for row in rows:
        around = frozenset({row["village"], row["township"]} - {None})
        if row["task"] == "LEDGER_CORRECTION" and not source.sees(PERSONAL_OF_HOUSEHOLD, around):
            row["name"] = MASK  # what the village asks to be corrected, in its own words
    return Worklist(
        on=on,
        waiting=waiting,
        next_cursor=cursor_of((rows[-1]["due_on"].isoformat(), *(rows[-1][name] for name in _PLACED)))
        if more
        else None,
        tasks=tuple(_task(row, rules, words.get((row["task"], row["subject"]))) for row in rows),
    )


_PLACED: Final = ("task", "subject", "number")


def _place(cursor: str | None) -> Place | None:
    """Where the page before ended; CURSOR_INVALID."""
    found = start_of(cursor, (True, True, True, False))
    if found is None:
        return None
    day, task, subject, number = found
    try:
        return date.fromisoformat(str(day)), str(task), str(subject), int(number)
    except ValueError as error:
        raise refuse("CURSOR_INVALID") from error


def periods_of(rules: Rules) -> Periods:
    """The days the county gives for each duty, by the rules of a day."""
    delays = rules.parameters["P31"]
    return Periods(
        status_report=rules.within("STATUS_REPORT").days,
        booking=delays.book_days,
        custody=rules.parameters["P32"],
        external_entry=rules.within("EXTERNAL_ENTRY").days,
        household_inspection=rules.within("HOUSEHOLD_INSPECTION").days,
        entrusted_inspection=rules.within("ENTRUSTED_INSPECTION").days,
        escalation=rules.within("ESCALATION").days,
        contract_ending=max(rules.parameters["P21"].warn_days, default=0),
        income_unpaid=rules.within_if_set("INCOME_UNPAID"),
        allocation_unused=rules.within_if_set("ALLOCATION_UNUSED"),
    )


def _task(row: Row, rules: Rules, words: str | None) -> TaskBody:
    given = {name: value for name, value in row.items() if name not in ("waiting", "number")}
    return typed(given | {"words": words, "warning": warning_body(_warning(row, rules))}, TaskBody)


def _warning(row: Row, rules: Rules) -> RegulationWarning | None:
    """What is reported of a duty that is overdue."""
    if row["overdue"]:
        match row["task"]:
            case "STATUS_REPORT":
                return rules.wording.warning("STATUS_REPORT_OVERDUE")
            case "CUSTODY":
                return rules.wording.warning("CUSTODY_OVERDUE", due=row["due_on"])
            case "ASSET_MANAGER":
                return rules.wording.warning("MANAGER_REQUIRED", village=row["subject"])
    return None
