"""Procedures (四(五), 四(七), 四(九), 四(十二)): how far each matter is, and which unit has to do what since when.

The rows are told again from the first event for each question; nothing is carried along but what was done and undone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams

Task = tuple[str, str, str]
"""Step, unit, what it has to do."""


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """Procedures and what waits for whom."""
    found: dict[str, Table] = {"procedure_register": [], "procedure_task": []}
    for code, story in streams(events, "procedure").items():
        row, tasks = one_procedure(code, story)
        found["procedure_register"].append(row)
        found["procedure_task"] += tasks
    return found


@dataclass
class Course:
    """What of a procedure's steps is done."""

    steps: list[dict[str, Any]]
    done: dict[str, list[str]] = field(default_factory=dict)
    filings: list[dict[str, Any]] = field(default_factory=list)
    ends: dict[str, str] = field(default_factory=dict)
    objections: dict[int, str] = field(default_factory=dict)
    withdrawn: bool = False

    def take(self, step: str, *units: str) -> None:
        """Units took their part in a step."""
        known = self.done.setdefault(step, [])
        known += [unit for unit in units if unit not in known]

    def undo(self, steps: list[str]) -> None:
        """Steps are to be done again."""
        for step in steps:
            self.done.pop(step, None)
            self.ends.pop(step, None)
        self.filings = [one for one in self.filings if one["step"] not in steps]

    def hear(self, event: RecordedEvent) -> None:
        """What an event changes."""
        data, step = event.data, event.data.get("step", "")
        actors = next((one["actors"] for one in self.steps if one["code"] == step), [])
        unit = data.get("by", {}).get("organization", "")
        match name_of(event):
            case "step_taken_by_fact":
                self.take(step, data["unit"])
            case "step_completed" | "meeting_held" | "decision_issued":
                self.take(step, unit)
            case "reviewed" | "determined" if data["verdict"] == "APPROVED":
                self.take(step, unit)
            case "reviewed" | "determined":
                self.undo(data["reopened"])
            case "notice_posted":
                ends_on = data["posted"].get("endsOn")
                if ends_on is not None:
                    self.ends[step] = max(ends_on, self.ends.get(step, ends_on))
                if data["completes"]:
                    self.take(step, *actors)
            case "notice_completed":
                self.take(step, *actors)
            case "objection_filed":
                self.objections[data["objection"]["number"]] = step
            case "objection_resolved":
                del self.objections[data["number"]]
                self.undo(data["reopened"])
            case "filing_submitted" if data["completes"]:
                self.take(step, unit)
            case "filing_submitted":
                self.filings.append(
                    {
                        "step": step,
                        "filedBy": unit,
                        "addressee": data["addressee"],
                        "dueOn": data.get("dueOn"),
                    }
                )
            case "filing_accepted" | "filing_returned":
                who = (step, data["filedBy"])
                self.filings = [one for one in self.filings if (one["step"], one["filedBy"]) != who]
                if name_of(event) == "filing_accepted":
                    self.take(step, data["filedBy"])
                else:
                    self.undo(data["reopened"])
            case "amended":
                self.undo([one["code"] for one in self.steps])
            case "withdrawn":
                self.withdrawn = True

    def whole(self, step: str) -> bool:
        """Whether everybody who has to has taken a step."""
        one = next(it for it in self.steps if it["code"] == step)
        return all(unit in self.done.get(step, []) for unit in one["actors"])

    def completed(self) -> list[str]:
        return [one["code"] for one in self.steps if self.whole(one["code"])]

    def state(self) -> str:
        if self.withdrawn:
            return "WITHDRAWN"
        return (
            "COMPLETED" if all(one["optional"] or self.whole(one["code"]) for one in self.steps) else "OPEN"
        )

    def ready(self, step: str) -> bool:
        """Whether everything before a step, however far back, is done."""
        one = next(it for it in self.steps if it["code"] == step)
        return all(self.whole(before) and self.ready(before) for before in one["needs"])

    def tasks(self) -> dict[Task, tuple[date | None, date | None]]:
        """Who has to do what: not before, not after."""
        if self.withdrawn:
            return {}
        found: dict[Task, tuple[date | None, date | None]] = {}
        for one in self.steps:
            step = one["code"]
            left = [unit for unit in one["actors"] if unit not in self.done.get(step, [])]
            if not left or not self.ready(step):
                continue
            ends = day(self.ends.get(step))
            for unit in left[:1] if one["inOrder"] else left:
                asked = [it for it in self.filings if (it["step"], it["filedBy"]) == (step, unit)]
                if asked:
                    found[step, asked[-1]["addressee"], "ANSWER"] = (None, day(asked[-1]["dueOn"]))
                else:
                    found[step, unit, "TAKE"] = (None if ends is None else ends + timedelta(days=1), None)
        for step in set(self.objections.values()):
            actors = next(one["actors"] for one in self.steps if one["code"] == step)
            found |= {(step, unit, "RESOLVE"): (None, None) for unit in actors}
        return found


def one_procedure(code: str, story: list[RecordedEvent]) -> tuple[Row, Table]:
    """Its row, and its tasks; a task is as old as it stands there without a break."""
    first = story[0].data
    course = Course(first["steps"])
    since: dict[Task, RecordedEvent] = {}
    changed: dict[Task, RecordedEvent] = {}
    due: dict[Task, tuple[date | None, date | None]] = {}
    closed: RecordedEvent | None = None
    for event in story:
        course.hear(event)
        if course.state() == "OPEN":
            closed = None
        elif closed is None:
            closed = event
        now = course.tasks()
        since = {key: since.get(key, event) for key in now}
        changed = {key: changed[key] if due.get(key) == now[key] and key in due else event for key in now}
        due = now
    returned = [
        one
        for one in story
        if (name_of(one) in {"reviewed", "determined"} and one.data["verdict"] != "APPROVED")
        or name_of(one) == "filing_returned"
        or (name_of(one) == "objection_resolved" and one.data["reopened"])
    ]
    decided = [one.data["documentNo"] for one in story if name_of(one) == "decision_issued"]
    subject = [one.data["subject"] for one in story if name_of(one) in {"opened", "amended"}][-1]
    row = {
        "county": story[0].county,
        "procedure": code,
        "chain": first["chain"],
        "title": first["title"],
        "unit": first["by"]["organization"],
        "subject_kind": first["subject"]["kind"],
        "subject": first["subject"]["id"],
        "subject_sha256": subject["sha256"],
        "state": course.state(),
        "steps": [
            {"code": one["code"], "name": one["zh"]}
            | {name: one[name] for name in ("actors", "needs", "inOrder", "optional")}
            for one in course.steps
        ],
        "done": course.done,
        "completed": course.completed(),
        "filings": course.filings,
        "ends": course.ends,
        "reckonings": None,
        "open_objections": len(course.objections),
        "objected_step": [one.data["step"] for one in story if name_of(one) == "objection_filed"][-1:],
        "document_no": decided[-1] if decided else None,
        "returned_by": returned[-1].data["by"]["organization"] if returned else None,
        "return_reasons": (returned[-1].data.get("reasons") or returned[-1].data["answer"])
        if returned
        else None,
        "opened_on": story[0].occurred_on,
        "closed_on": closed.occurred_on if closed else None,
        "version": story[-1].version,
        "first_position": story[0].position,
        "position": story[-1].position,
    }
    row["objected_step"] = row["objected_step"][0] if row["objected_step"] else None
    names = {one["code"]: one["zh"] for one in course.steps}
    tasks = [
        {
            "county": story[0].county,
            "procedure": code,
            "step": step,
            "organization": unit,
            "act": act,
            "step_name": names[step],
            "title": first["title"],
            "since": since[step, unit, act].occurred_on,
            "ready_on": ready_on,
            "due_on": due_on,
            "reckoning": None,
            "first_position": since[step, unit, act].position,
            "position": changed[step, unit, act].position,
        }
        for (step, unit, act), (ready_on, due_on) in due.items()
    ]
    return row, tasks
