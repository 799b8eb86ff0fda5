"""Duties that wait for units, the oldest first: reports, upkeep, bookings, custody, entries, inspections, objections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import Field

from domain.classification import MASK, PERSONAL_OF_HOUSEHOLD
from domain.refusals import RegulationWarning
from domain.regulation import Rules
from domain.values import Value
from projections.engine.rows import Row
from projections.oversight import worklist
from projections.oversight.worklist import Periods
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
    waiting: int = Field(title="待办总数", description="含未列出的")
    tasks: tuple[TaskBody, ...] = Field(title="待办")


@dataclass(frozen=True, slots=True)
class TaskFilters:
    """Which duties that wait on a day, and at most how many."""

    on: date
    unit: str | None = None
    """What this unit answers for; None: the whole county."""
    task: str | None = None
    until: date | None = None
    """Those due before this day; None: those that are overdue."""
    limit: int = 200


async def due_tasks(
    source: Source, filters: TaskFilters, may_answer: Callable[[Sequence[str]], bool], min_position: int = 0
) -> Worklist:
    """The worklist of a unit, or of the whole county. Of an objection only those see the words of whose units
    `may_answer` says so.
    """
    rules = (await source.regulation()).on(filters.on)
    async with ledgers_now(source, worklist.LEDGERS, min_position) as connection:
        rows = await worklist.tasks_due(
            connection,
            source.county,
            filters.on,
            periods_of(rules),
            source.calendar,
            unit=filters.unit,
            task=filters.task,
            until=filters.until,
            limit=filters.limit,
        )
        objected = {row["subject"]: row["units"] for row in rows if row["task"].startswith("OBJECTION:")}
        seen = [notice for notice, units in objected.items() if may_answer(units)]
        words = await worklist.objection_words(connection, source.county, seen) if seen else {}
    for row in rows:
        around = frozenset({row["village"], row["township"]} - {None})
        if row["task"] == "LEDGER_CORRECTION" and not source.sees(PERSONAL_OF_HOUSEHOLD, around):
            row["name"] = MASK  # what the village asks to be corrected, in its own words
    return Worklist(
        on=filters.on,
        waiting=rows[0]["waiting"] if rows else 0,
        tasks=tuple(_task(row, rules, words.get((row["task"], row["subject"]))) for row in rows),
    )


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
    )


def _task(row: Row, rules: Rules, words: str | None) -> TaskBody:
    given = {name: value for name, value in row.items() if name != "waiting"}
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
