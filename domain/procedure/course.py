"""The course of a procedure: what is done for which text, what can be taken now, and what stands in the way.

`ProcedureInstance` records the events; here is the state that they leave and every check that they pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field

from domain.aggregate import DomainAggregate
from domain.execution import Execution
from domain.procedure import plan
from domain.procedure.meeting import Meeting
from domain.procedure.notice import Objection, Posted, first_open, missing_places, running_period
from domain.procedure.plan import Act, PlannedStep, ProcedureParty
from domain.procedure.proof import ProcedureProof
from domain.procedure.records import Filing, Signer, StepRecord, StepReturn, Verdict
from domain.procedure.subject import Subject
from domain.refusals import refuse
from domain.regulation.legal_clock import Period

if TYPE_CHECKING:
    from domain.occasion import Occasion

T = TypeVar("T")


class ProcedureCourse(DomainAggregate):
    """The state of one procedure, and the checks of its steps."""

    chain: Annotated[str, Field(title="流程代码")]
    title: Annotated[str, Field(title="程序标题")]
    unit: Annotated[str, Field(title="启动单位")]
    subject: Annotated[Subject, Field(title="办理事项")]
    parties: Annotated[tuple[ProcedureParty, ...], Field(title="当事单位")]
    steps: Annotated[tuple[PlannedStep, ...], Field(title="程序环节")]
    articles: Annotated[tuple[str, ...], Field(title="依据条款")]
    policy: Annotated[str, Field(title="政策版本")]
    done: Annotated[dict[str, dict[str, StepRecord]], Field(title="各环节办理记录")]
    meetings: Annotated[dict[str, Meeting], Field(title="各环节会议情况")]
    postings: Annotated[dict[str, tuple[Posted, ...]], Field(title="各环节公示张贴")]
    objections: Annotated[dict[str, Objection], Field(title="异议")]
    filings: Annotated[dict[str, dict[str, Filing]], Field(title="各环节备案情况")]
    last_return: Annotated[StepReturn | None, Field(title="最近一次退回")]
    document_no: Annotated[str | None, Field(title="决定（批复）文号")]
    withdrawn: Annotated[str | None, Field(title="撤回理由")]

    opened_on: Annotated[date, Field(title="启动日期")]

    @property
    def begun_on(self) -> date:
        """The day it was opened."""
        return self.opened_on

    # ---- what it shows -----------------------------------------------------------------------------------------

    @property
    def filed(self) -> dict[tuple[str, str], Filing]:
        """Filings by step and unit."""
        return {(step, unit): one for step, units in self.filings.items() for unit, one in units.items()}

    @property
    def objected(self) -> dict[int, Objection]:
        """Objections by number."""
        return {one.number: one for one in self.objections.values()}

    @property
    def completed_steps(self) -> frozenset[str]:
        """Steps that all their units have taken, for the present text."""
        return frozenset(plan.completed(self.steps, self.done))

    @property
    def state(self) -> Literal["OPEN", "COMPLETED", "WITHDRAWN"]:
        """COMPLETED when every step is done that is not optional."""
        return plan.state(self.steps, self.done, withdrawn=self.withdrawn is not None)

    def completed_on(self) -> dict[str, date]:
        """Step → the day its last unit took it; without one that nobody has to take (a route without levels)."""
        return {
            step: max(one.on for one in self.done[step].values())
            for step in plan.completed(self.steps, self.done)
            if step in self.done
        }

    def proof(self, subject_sha256: str | None = None) -> ProcedureProof:
        """What is shown so far. With a digest: that of the text to be carried out. PLAN_HASH_MISMATCH."""
        if subject_sha256 is not None:
            self._must_be_the_text(subject_sha256)
        if self.withdrawn is not None:
            raise refuse("STEP_OUT_OF_ORDER", clause=self.articles[0], step="proof", state="WITHDRAWN")
        return ProcedureProof(
            procedure=self.id,
            chain=self.chain,
            subject_kind=self.subject.kind,
            subject=self.subject.id,
            subject_sha256=self.subject.sha256,
            completed=plan.completed(self.steps, self.done),
            completed_on=self.completed_on(),
            units={step: tuple(sorted(units)) for step, units in self.done.items()},
            document_no=self.document_no,
            policy=self.policy,
        )

    def step(self, code: str) -> PlannedStep:
        """A step of the plan. NOT_FOUND, also for one that does not apply to the case."""
        for one in self.steps:
            if one.code == code:
                return one
        raise refuse("NOT_FOUND", what=f"{self.chain} {code}")

    # ---- assigning, used by the mutators -----------------------------------------------------------------------

    def _take(
        self,
        step: str,
        by: Signer,
        on: date,
        *,
        document_no: str | None = None,
        own_matter: bool = False,
    ) -> None:
        record = StepRecord(person=by.person, on=on, document_no=document_no, own_matter=own_matter)
        self.done = self.done | {step: self.done.get(step, {}) | {by.organization: record}}

    def _take_by_fact(self, step: str, unit: str, fact: str, on: date) -> None:
        """What happened takes its step; nobody signs for it."""
        record = StepRecord(fact=fact, on=on)
        self.done = self.done | {step: self.done.get(step, {}) | {unit: record}}

    def _take_for_all(self, step: str, by: Signer, on: date) -> None:
        """A notice is one for all its units."""
        record = StepRecord(person=by.person, on=on)
        self.done = self.done | {step: dict.fromkeys(self.step(step).actors, record)}

    def _judge(
        self,
        step: str,
        by: Signer,
        verdict: Verdict,
        reasons: str | None,
        reopened: tuple[str, ...],
        on: date,
        *,
        own_matter: bool,
    ) -> None:
        if verdict == "APPROVED":
            self._take(step, by, on, own_matter=own_matter)
        else:
            self._undo(reopened)
            self.last_return = StepReturn(
                step=step, organization=by.organization, reasons=reasons or "", on=on
            )

    def _file(self, step: str, organization: str, filing: Filing) -> None:
        self.filings = self.filings | {step: self.filings.get(step, {}) | {organization: filing}}

    def _undo(self, steps: Iterable[str]) -> None:
        again = set(steps)
        self.done = _without(self.done, again)
        self.meetings = _without(self.meetings, again)
        self.postings = _without(self.postings, again)
        self.filings = _without(self.filings, again)

    # ---- judging -----------------------------------------------------------------------------------------------

    def _may_take(
        self, code: str, acts: set[Act], by: Signer, subject_sha256: str, at: Occasion
    ) -> PlannedStep:
        """The step, if this unit may take it now, for this text."""
        at.cite(*self.articles)
        self._must_not_be_withdrawn(code)
        step = self.step(code)
        if self.is_fact(step, at):
            raise refuse("STEP_TAKEN_BY_FACT", clause=self.articles[0], step=step.zh)
        if step.act not in acts:
            raise refuse("FIELD_INVALID", field="step", value=code)
        self._must_be_its_own(step, by.organization)
        self._must_be_the_text(subject_sha256)
        self._must_be_due(step, at)
        self._must_be_its_turn(step, by.organization, at)
        for other in step.not_same_person_as:
            at.require(
                by.person not in {one.person for one in self.done.get(other, {}).values()},
                "SEGREGATION_OF_DUTIES",
                person=by.person,
            )
        return step

    def is_fact(self, step: PlannedStep, at: Occasion) -> bool:
        """Whether the step is taken by what happened: by the table of the day, also where it was laid out before."""
        return step.act == "FACT" or step.code in at.rules.facts_of(self.chain)

    def _step_of(self, fact: str, at: Occasion) -> PlannedStep:
        """The step that a kind of fact takes, by the table of the day. PLAN_HASH_MISMATCH where the chain has none."""
        facts = at.rules.facts_of(self.chain)
        for step in self.steps:
            if fact in facts.get(step.code, ()):
                return step
        raise refuse("PLAN_HASH_MISMATCH", clause=self.articles[0], missing=["procedure"])

    def _must_be_carried_out(self, execution: Execution) -> None:
        """What is carried out is what was decided: this subject, by this text. PLAN_HASH_MISMATCH."""
        same = (execution.kind, execution.subject) == (self.subject.kind, self.subject.id)
        if not same or self.subject.sha256 not in execution.digests:
            raise refuse("PLAN_HASH_MISMATCH", clause=self.articles[0], missing=["procedure"])

    def _must_not_be_withdrawn(self, step: str) -> None:
        if self.withdrawn is not None:
            raise refuse("STEP_OUT_OF_ORDER", clause=self.articles[0], step=step, state="WITHDRAWN")

    def _must_be_under_way(self, action: str) -> None:
        if self.state != "OPEN":
            raise refuse("STEP_OUT_OF_ORDER", clause=self.articles[0], step=action, state=self.state)

    def _must_begin_it(self, by: Signer) -> None:
        first = {unit for step in self.steps if not step.needs for unit in step.actors}
        if by.organization not in first:
            raise refuse("FORBIDDEN", action=self.steps[0].zh)

    @staticmethod
    def _must_be_its_own(step: PlannedStep, unit: str) -> None:
        if unit in step.actors:
            return
        if step.act == "DECIDE" and step.refusal is not None and step.refusal_when == "LACKING":
            raise refuse(step.refusal, missing=[step.code])
        raise refuse("FORBIDDEN", action=step.zh)

    def _must_be_the_text(self, subject_sha256: str) -> None:
        if subject_sha256 != self.subject.sha256:
            raise refuse("PLAN_HASH_MISMATCH", missing=["subjectSha256"])

    def _must_be_due(self, step: PlannedStep, at: Occasion) -> None:
        missing = plan.lacking(self.steps, self.done, step.code)
        if missing:
            self._not_due(step, missing, at)
            return
        finished = self.completed_on()
        before = plan.before(self.steps, step.code) & finished.keys()
        latest = max((finished[one] for one in before), default=at.on)
        at.require(
            latest <= at.on,
            "DATE_ORDER",
            clause=self.articles[0],
            earlier=latest.isoformat(),
            later=at.on.isoformat(),
        )

    def _not_due(self, step: PlannedStep, missing: list[str], at: Occasion) -> None:
        """Say what exactly stands in the way when it is one thing, else the order."""
        lacking = self.step(missing[0])
        told = {"step": step.code, "state": missing[0]}
        if len(missing) == 1 and self.postings.get(lacking.code):
            self._must_have_hung(lacking, at)
            at.refuse("NOTICE_NOT_COMPLETED", missing=missing)
        elif len(missing) == 1 and lacking.refusal is not None and lacking.refusal_when == "LACKING":
            left = [unit for unit in lacking.actors if unit not in self.done.get(lacking.code, {})]
            filed = {one.state for one in self.filings.get(lacking.code, {}).values()}
            at.refuse(lacking.refusal, missing=left, **({"state": "、".join(sorted(filed))} if filed else {}))
        elif step.refusal is not None and step.refusal_when == "EARLY":
            at.refuse(step.refusal, missing=missing)
        else:
            at.refuse("STEP_OUT_OF_ORDER", clause=self.articles[0], missing=missing, **told)

    def _must_be_its_turn(self, step: PlannedStep, unit: str, at: Occasion) -> None:
        taken = self.done.get(step.code, {})
        if unit in taken:
            raise refuse("STEP_OUT_OF_ORDER", clause=self.articles[0], step=step.code, state="DONE")
        if step.in_order:
            earlier = step.actors[: step.actors.index(unit)]
            ahead = [one for one in earlier if one not in taken]
            at.require(not ahead, "STEP_OUT_OF_ORDER", clause=self.articles[0], step=step.code, missing=ahead)

    def _must_have_hung(self, step: PlannedStep, at: Occasion) -> Period | None:
        """Every required place, the whole period, no open objection. Gives the period, None if it has none."""
        notice = step.notice or plan.PlannedNotice(force="SOFT")
        postings = self.postings.get(step.code, ())
        roles = list(dict.fromkeys(one.role for one in notice.places))
        missing = missing_places(notice.places, postings)
        at.require(
            not missing, "NOTICE_PLACE_MISSING", clause=self.articles[0], missing=missing, places=roles
        )
        if not postings:
            at.refuse("NOTICE_NOT_COMPLETED", missing=[step.code])
            return None
        rule = at.rules.parameters["P09"]
        heard = [one.resolved_on for one in self.objections.values() if one.outcome == "DISMISSED"]
        restarts = [day for day in heard if day is not None and rule.dismissed == "RESTART"]
        period = running_period(postings, max(restarts, default=None), at)
        if period is not None:
            missing_years = at.rules.clock.unannounced(period.last_day, period.ends_on)
            at.require(
                at.on >= period.possible_from,
                "NOTICE_PERIOD_RUNNING",
                until=period.ends_on,
                year=missing_years[0] if period.provisional else None,
            )
        waiting = first_open(self.objections)
        at.require(
            waiting is None or not rule.open_blocks,
            "OBJECTION_OPEN",
            objection=None if waiting is None else waiting.number,
        )
        return period

    @staticmethod
    def _reasons(verdict: Verdict, reasons: str | None) -> str | None:
        if verdict == "RETURNED" and reasons is None:
            raise refuse("FIELD_REQUIRED", field="reasons", missing=["reasons"])
        return reasons

    def _reopened_by_return(self, step: PlannedStep) -> tuple[str, ...]:
        """The step itself, what rests on it, and what the matter began with: that is where it is put right."""
        earlier = plan.before(self.steps, step.code)
        first = {code for code in earlier if not self.step(code).needs}
        return self._ordered({step.code} | plan.after(self.steps, step.code) | first)

    def _ordered(self, codes: Iterable[str]) -> tuple[str, ...]:
        chosen = set(codes)
        return tuple(step.code for step in self.steps if step.code in chosen)


def _without(found: Mapping[str, T], keys: set[str]) -> dict[str, T]:
    return {key: value for key, value in found.items() if key not in keys}
