"""A procedure: one matter on its way through an approval chain of T5, step by step, over one text that cannot be swapped.

Opened over a subject by a unit, with the chain's steps laid out for the case (`procedure_plan`). A step is taken by its
own units when everything before it is done; meetings, notices, reviews, decisions and filings are the kinds of steps.
Whatever is returned or objected to with success has to be done again. Decisions on assets take the procedure's `proof`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent
from domain.bounds import NotBefore
from domain.classification import PERSONAL_OF_OBJECTOR, SEALED_OF_OBJECTOR
from domain.execution import Execution
from domain.organization.roll import VillageRoll
from domain.procedure import plan
from domain.procedure.course import ProcedureCourse
from domain.procedure.meeting import Meeting, as_called, check_meeting
from domain.procedure.notice import (
    Objection,
    Outcome,
    Posted,
    Posting,
    missing_places,
    must_be_open,
    next_objection,
    notice_days,
    posted_for,
    with_answer,
)
from domain.procedure.plan import Act, PlannedStep, ProcedureCase, ProcedureParty
from domain.procedure.records import Filing, ProcedureOpening, Proposer, Signer, StepReturn, Verdict
from domain.procedure.subject import Subject
from domain.refusals import refuse
from domain.regulation.legal_clock import Period, Reckoning
from domain.sealed import SealedField, SealedForm
from domain.values import BusinessDate, Code, Name, OrganizationCode, Sha256, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain.occasion import Occasion


class ProcedureInstance(ProcedureCourse):
    """One matter on its way through one chain."""

    TOPIC: ClassVar[str] = "procedure"
    KIND: ClassVar[str] = "procedure"

    # ---- opening, amending, withdrawing ------------------------------------------------------------------------

    class Opened(ProcedureCourse.Event, CreatedEvent):
        """A unit has put a matter on its way. `steps`: the chain as laid out for it."""

        TOPIC: ClassVar[str] = "procedure.opened"
        TITLE: ClassVar[str] = "启动程序"
        chain: Code = Field(title="流程代码")
        title: Name = Field(title="程序标题")
        subject: Subject = Field(title="办理事项")
        case: ProcedureCase = Field(title="事项要素")
        parties: tuple[ProcedureParty, ...] = Field(title="当事单位")
        steps: tuple[PlannedStep, ...] = Field(title="程序环节")
        articles: tuple[Code, ...] = Field(title="依据条款")
        policy: str = Field(title="政策版本")
        by: Signer = Field(title="办理人")

    @classmethod
    def open(cls, procedure: str, opening: ProcedureOpening, by: Signer, at: Occasion) -> ProcedureInstance:
        """Open a procedure. Refused: CODE_UNKNOWN (chain), PLAN_HASH_MISMATCH, FIELD_REQUIRED (a role), FORBIDDEN,
        LINE_DEPT_UNMAPPED, RULE_GAP, FIELD_INVALID; CHAIN_HAS_OWN_RECORD for what is led in a record of its own.
        """
        chain = at.rules.chain(opening.chain)
        at.cite(*chain.articles)
        if chain.own_record is not None:
            raise refuse("CHAIN_HAS_OWN_RECORD", clause=chain.articles[0], chain=chain.zh)
        opening.subject.must_be_genuine()
        steps = plan.lay_out(chain, opening.case, opening.parties, at.rules)
        if not any(by.organization in step.actors for step in steps):
            raise refuse("FORBIDDEN", action=f"{chain.code} {steps[0].zh}")
        return cls.begin(
            cls.Opened,
            procedure,
            at,
            chain=chain.code,
            title=opening.title,
            subject=opening.subject,
            case=opening.case,
            parties=opening.parties,
            steps=steps,
            articles=chain.articles,
            policy=at.rules.policy,
            by=by,
        )

    @event(Opened)
    def __init__(
        self,
        chain: Code,
        title: Name,
        subject: Subject,
        parties: tuple[ProcedureParty, ...],
        steps: tuple[PlannedStep, ...],
        articles: tuple[Code, ...],
        policy: str,
        by: Signer,
        occurred_on: date,
    ) -> None:
        self.opened_on = occurred_on
        self.chain = chain
        self.title = title
        self.unit = by.organization
        self.subject = subject
        self.parties = parties
        self.steps = steps
        self.articles = articles
        self.policy = policy
        self.done = {}
        self.meetings = {}
        self.postings = {}
        self.objections = {}
        self.filings = {}
        self.last_return = None
        self.document_no = None
        self.withdrawn = None

    class Amended(ProcedureCourse.Event):
        """The text was changed: everything done was done for another text and has to be done again."""

        TOPIC: ClassVar[str] = "procedure.amended"
        TITLE: ClassVar[str] = "修改方案"
        subject: Subject = Field(title="办理事项")
        by: Signer = Field(title="办理人")
        reason: Text = Field(title="修改原因")

    def amend(self, subject: Subject, by: Signer, reason: str, at: Occasion) -> None:
        """Put another text in place of the present one; the procedure starts over. By those who begin it.

        Refused: STEP_OUT_OF_ORDER, FIELD_INVALID, PLAN_HASH_MISMATCH, FORBIDDEN.
        """
        at.cite(*self.articles)
        self._must_be_under_way("amend")
        if (subject.kind, subject.id) != (self.subject.kind, self.subject.id):
            raise refuse("FIELD_INVALID", field="subject.id", value=subject.id)
        subject.must_be_genuine()
        self._must_begin_it(by)
        if subject.sha256 != self.subject.sha256:
            self.record(self.Amended, at, subject=subject, by=by, reason=reason)

    @event(Amended)
    def _amended(self, subject: Subject) -> None:
        self.subject = subject
        self._undo([step.code for step in self.steps])

    class Withdrawn(ProcedureCourse.Event):
        """The matter is not pursued any further."""

        TOPIC: ClassVar[str] = "procedure.withdrawn"
        TITLE: ClassVar[str] = "撤回"
        by: Signer = Field(title="办理人")
        reason: Text = Field(title="撤回理由")

    def withdraw(self, by: Signer, reason: str, at: Occasion) -> None:
        """Give the matter up before it is completed: by the unit that opened it, or those who begin it.

        Refused: STEP_OUT_OF_ORDER, FORBIDDEN.
        """
        at.cite(*self.articles)
        self._must_be_under_way("withdraw")
        if by.organization != self.unit:
            self._must_begin_it(by)
        self.record(self.Withdrawn, at, by=by, reason=reason)

    @event(Withdrawn)
    def _withdrawn(self, reason: Text) -> None:
        self.withdrawn = reason

    # ---- plain steps, reviews, determinations, decisions -------------------------------------------------------

    class StepCompleted(ProcedureCourse.Event):
        """A unit has taken its part of a step that asks for nothing more than doing it."""

        TOPIC: ClassVar[str] = "procedure.step_completed"
        TITLE: ClassVar[str] = "完成步骤"
        step: Code = Field(title="环节代码")
        by: Signer = Field(title="办理人")
        subject_sha256: Sha256 = Field(title="事项内容摘要")
        document_no: Name | None = Field(default=None, title="办理文号")
        note: Text | None = Field(default=None, title="办理说明")
        proposers: tuple[Proposer, ...] | None = Field(default=None, title="提出方签署人")

    def complete_step(
        self,
        step: str,
        by: Signer,
        subject_sha256: str,
        at: Occasion,
        *,
        document_no: str | None = None,
        note: str | None = None,
        signed_by: Iterable[str] = (),
        posts: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        """Take a plain step: propose, compile, choose …; what happened takes its step itself (STEP_TAKEN_BY_FACT).

        `signed_by`: the persons who signed it; `posts`: who holds which post of the unit on that day.

        Refused: PROPOSER_MISSING, STEP_OUT_OF_ORDER, NOT_FOUND, FIELD_INVALID, FORBIDDEN, PLAN_HASH_MISMATCH, NOTICE_PLACE_MISSING,
        NOTICE_NOT_COMPLETED, NOTICE_PERIOD_RUNNING, OBJECTION_OPEN, DATE_ORDER, SEGREGATION_OF_DUTIES, the code of a
        row (`PlannedStep.refusal`).
        """
        found = self._may_take(step, {"DO"}, by, subject_sha256, at)
        proposers = self._proposers(step, set(signed_by), posts, at)
        self.record(
            self.StepCompleted,
            at,
            step=found.code,
            by=by,
            subject_sha256=subject_sha256,
            document_no=document_no,
            note=note,
            proposers=proposers or None,
        )

    def _proposers(
        self, step: str, signed: set[str], posts: Mapping[str, Collection[str]], at: Occasion
    ) -> tuple[Proposer, ...]:
        """Who signed by which post: everybody whose post the table names; one that nobody holds is not asked for (C4.7-12)."""
        asked = at.rules.signers_of(self.chain, step)
        held = [(post, person) for post in asked for person in posts.get(post, ())]
        strange = sorted(signed - {person for _, person in held})
        if strange:
            raise refuse("FIELD_INVALID", field="signedBy", value=strange[0])
        found = tuple(Proposer(post=post, person=person) for post, person in held if person in signed)
        there = {one.post for one in found}
        missing = [post for post in asked if post not in there and (posts.get(post) or not there)]
        at.require(not missing, "PROPOSER_MISSING", missing=missing, proposers=missing)
        return found

    @event(StepCompleted)
    def _step_completed(self, step: Code, by: Signer, occurred_on: date, document_no: Name | None) -> None:
        self._take(step, by, occurred_on, document_no=document_no)

    class StepTakenByFact(ProcedureCourse.Event):
        """Step of carrying out taken by a fact: the fact, recorded in the same commit, takes its step."""

        TOPIC: ClassVar[str] = "procedure.step_taken_by_fact"
        TITLE: ClassVar[str] = "事实完成环节"
        step: Code = Field(title="环节代码")
        unit: OrganizationCode = Field(title="所属单位")
        subject_sha256: Sha256 = Field(title="事项内容摘要")
        fact: Code = Field(title="事实（事件类型）")
        stream: Name = Field(title="事实所在的事件流")
        fact_version: int = Field(title="事实在事件流中的版本", ge=1)

    def take_by_fact(self, fact: str, stream: str, version: int, execution: Execution, at: Occasion) -> None:
        """Take the step that a kind of fact takes, in the fact's own commit. Another instalment takes nothing again.

        Refused: STEP_OUT_OF_ORDER (withdrawn, or not that far), PLAN_HASH_MISMATCH (a procedure over something else, over
        another text, or of a chain in which this takes no step), FORBIDDEN (another unit's step), NOT_FOUND, NOTICE_PLACE_MISSING,
        NOTICE_NOT_COMPLETED, NOTICE_PERIOD_RUNNING, OBJECTION_OPEN, DATE_ORDER, the code of a row
        (`PlannedStep.refusal`).
        """
        at.cite(*self.articles)
        found = self._step_of(fact, at)
        self._must_not_be_withdrawn(found.code)
        self._must_be_carried_out(execution)
        self._must_be_its_own(found, execution.unit)
        self._must_be_due(found, at)
        if execution.unit in self.done.get(found.code, {}):
            return
        self._must_be_its_turn(found, execution.unit, at)
        self.record(
            self.StepTakenByFact,
            at,
            step=found.code,
            unit=execution.unit,
            subject_sha256=self.subject.sha256,
            fact=fact,
            stream=stream,
            fact_version=version,
        )

    @event(StepTakenByFact)
    def _step_taken_by_fact(self, step: Code, unit: Code, fact: Code, occurred_on: date) -> None:
        self._take_by_fact(step, unit, fact, occurred_on)

    class Reviewed(ProcedureCourse.Event):
        """A unit has reviewed the text: approved, or returned with reasons, and then `reopened` has to be done again."""

        TOPIC: ClassVar[str] = "procedure.reviewed"
        TITLE: ClassVar[str] = "审核"
        step: Code = Field(title="环节代码")
        by: Signer = Field(title="办理人")
        subject_sha256: Sha256 = Field(title="事项内容摘要")
        verdict: Verdict = Field(title="审核结论")
        reasons: Text | None = Field(default=None, title="审核理由")
        reopened: tuple[Code, ...] = Field(default=(), title="须重新办理的环节")

    def review(
        self,
        step: str,
        by: Signer,
        subject_sha256: str,
        verdict: Verdict,
        at: Occasion,
        *,
        reasons: str | None = None,
    ) -> None:
        """Approve, or return with reasons. Those who decide by a document can return what is laid before them, too.

        Refused: STEP_OUT_OF_ORDER, STEP_TAKEN_BY_FACT, NOT_FOUND, FIELD_INVALID, FORBIDDEN, PLAN_HASH_MISMATCH, NOTICE_PLACE_MISSING,
        NOTICE_NOT_COMPLETED, NOTICE_PERIOD_RUNNING, OBJECTION_OPEN, DATE_ORDER, SEGREGATION_OF_DUTIES,
        FIELD_REQUIRED, the code of a row (`PlannedStep.refusal`).
        """
        acts: set[Act] = {"REVIEW"} if verdict == "APPROVED" else {"REVIEW", "DECIDE"}
        found = self._may_take(step, acts, by, subject_sha256, at)
        self.record(
            self.Reviewed,
            at,
            step=found.code,
            by=by,
            subject_sha256=subject_sha256,
            verdict=verdict,
            reasons=self._reasons(verdict, reasons),
            reopened=self._reopened_by_return(found) if verdict == "RETURNED" else (),
        )

    @event(Reviewed)
    def _reviewed(
        self,
        step: Code,
        by: Signer,
        verdict: Verdict,
        reasons: Text | None,
        reopened: tuple[Code, ...],
        occurred_on: date,
    ) -> None:
        self._judge(step, by, verdict, reasons, reopened, occurred_on, own_matter=False)

    class Determined(ProcedureCourse.Event):
        """One of several departments has determined the text, or returned it. `own_matter`: its own submission."""

        TOPIC: ClassVar[str] = "procedure.determined"
        TITLE: ClassVar[str] = "审定"
        step: Code = Field(title="环节代码")
        by: Signer = Field(title="办理人")
        subject_sha256: Sha256 = Field(title="事项内容摘要")
        verdict: Verdict = Field(title="审定结论")
        reasons: Text | None = Field(default=None, title="审定理由")
        reopened: tuple[Code, ...] = Field(default=(), title="须重新办理的环节")
        own_matter: bool = Field(default=False, title="是否本单位事项")

    def determine(
        self,
        step: str,
        by: Signer,
        subject_sha256: str,
        verdict: Verdict,
        at: Occasion,
        *,
        reasons: str | None = None,
    ) -> None:
        """Determine as one of the departments that all have to, in any order (C4.4-01, C4.4-02).

        Refused: STEP_OUT_OF_ORDER, STEP_TAKEN_BY_FACT, NOT_FOUND, FIELD_INVALID, FORBIDDEN, PLAN_HASH_MISMATCH, NOTICE_PLACE_MISSING,
        NOTICE_NOT_COMPLETED, NOTICE_PERIOD_RUNNING, OBJECTION_OPEN, DATE_ORDER, SEGREGATION_OF_DUTIES,
        FIELD_REQUIRED, the code of a row (`PlannedStep.refusal`).
        """
        found = self._may_take(step, {"DETERMINE"}, by, subject_sha256, at)
        submitters = {unit for one in plan.before(self.steps, step) for unit in self.done.get(one, {})}
        self.record(
            self.Determined,
            at,
            step=found.code,
            by=by,
            subject_sha256=subject_sha256,
            verdict=verdict,
            reasons=self._reasons(verdict, reasons),
            reopened=self._reopened_by_return(found) if verdict == "RETURNED" else (),
            own_matter=by.organization in submitters,
        )

    @event(Determined)
    def _determined(
        self,
        step: Code,
        by: Signer,
        verdict: Verdict,
        reasons: Text | None,
        reopened: tuple[Code, ...],
        own_matter: bool,
        occurred_on: date,
    ) -> None:
        self._judge(step, by, verdict, reasons, reopened, occurred_on, own_matter=own_matter)

    class DecisionIssued(ProcedureCourse.Event):
        """Decision issued by a numbered document with reasons, by the county government, an owner or an approver."""

        TOPIC: ClassVar[str] = "procedure.decision_issued"
        TITLE: ClassVar[str] = "决定（批复）"
        step: Code = Field(title="环节代码")
        by: Signer = Field(title="办理人")
        subject_sha256: Sha256 = Field(title="事项内容摘要")
        document_no: Name = Field(title="决定（批复）文号")
        reasons: Text = Field(title="决定理由")

    def decide(
        self,
        step: str,
        by: Signer,
        subject_sha256: str,
        document_no: str | None,
        reasons: str,
        at: Occasion,
    ) -> None:
        """Decide in favour of the text (C4.5-07, C4.5-16). DOC_NO_REQUIRED; a refusal is `review` with RETURNED.

        Refused also: STEP_OUT_OF_ORDER, STEP_TAKEN_BY_FACT, NOT_FOUND, FIELD_INVALID, FORBIDDEN, PLAN_HASH_MISMATCH,
        NOTICE_PLACE_MISSING, NOTICE_NOT_COMPLETED, NOTICE_PERIOD_RUNNING, OBJECTION_OPEN, DATE_ORDER,
        SEGREGATION_OF_DUTIES, the code of a row (`PlannedStep.refusal`).
        """
        found = self._may_take(step, {"DECIDE"}, by, subject_sha256, at)
        if document_no is None:
            raise refuse("DOC_NO_REQUIRED", missing=["documentNo"])
        self.record(
            self.DecisionIssued,
            at,
            step=found.code,
            by=by,
            subject_sha256=subject_sha256,
            document_no=document_no,
            reasons=reasons,
        )

    @event(DecisionIssued)
    def _decision_issued(self, step: Code, by: Signer, document_no: Name, occurred_on: date) -> None:
        self._take(step, by, occurred_on, document_no=document_no)
        self.document_no = document_no

    # ---- meetings ----------------------------------------------------------------------------------------------

    class MeetingHeld(ProcedureCourse.Event):
        """A meeting has passed the text."""

        TOPIC: ClassVar[str] = "procedure.meeting_held"
        TITLE: ClassVar[str] = "会议决定"
        step: Code = Field(title="环节代码")
        by: Signer = Field(title="办理人")
        subject_sha256: Sha256 = Field(title="事项内容摘要")
        meeting: Meeting = Field(title="会议情况")
        roll: VillageRoll | None = Field(default=None, title="所依据的应到人数登记")

    def hold_meeting(
        self,
        step: str,
        by: Signer,
        subject_sha256: str,
        meeting: Meeting,
        at: Occasion,
        *,
        rolls: Iterable[VillageRoll] = (),
    ) -> None:
        """Record a meeting that decided (C3-02), by the law of its own day. `rolls`: those recorded for the village.

        The codes of `as_called` and of `check_meeting`: ROLL_NOT_RECORDED, ROLL_MISMATCH, NO_QUORUM, NOT_PASSED …

        Refused also: STEP_OUT_OF_ORDER, STEP_TAKEN_BY_FACT, NOT_FOUND, FIELD_INVALID, FORBIDDEN, PLAN_HASH_MISMATCH,
        NOTICE_PLACE_MISSING, NOTICE_NOT_COMPLETED, NOTICE_PERIOD_RUNNING, OBJECTION_OPEN, DATE_ORDER,
        SEGREGATION_OF_DUTIES, MEETING_KIND_NOT_ALLOWED, FIELD_REQUIRED, RULE_GAP,
        MEETING_CALLED_LATE, the code of a row (`PlannedStep.refusal`).
        """
        found = self._may_take(step, {"MEETING"}, by, subject_sha256, at)
        body, matter = found.meeting or "REPRESENTATIVES", found.matter or "COLLECTIVE"
        called, roll = as_called(meeting, body, matter, rolls, at)
        check_meeting(called, at)
        self.record(
            self.MeetingHeld,
            at,
            step=found.code,
            by=by,
            subject_sha256=subject_sha256,
            meeting=called,
            roll=roll,
        )

    @event(MeetingHeld)
    def _meeting_held(self, step: Code, by: Signer, meeting: Meeting, occurred_on: date) -> None:
        self._take(step, by, occurred_on)
        self.meetings = self.meetings | {step: meeting}

    # ---- notices and what people say ---------------------------------------------------------------------------

    class NoticePosted(ProcedureCourse.Event):
        """The text is posted at a place. `completes`: nothing has to be waited for and no place is missing."""

        TOPIC: ClassVar[str] = "procedure.notice_posted"
        TITLE: ClassVar[str] = "张贴公示"
        step: Code = Field(title="环节代码")
        by: Signer = Field(title="办理人")
        subject_sha256: Sha256 = Field(title="事项内容摘要")
        posted: Posted = Field(title="公示张贴")
        completes: bool = Field(default=False, title="环节是否完成")

    def post_notice(self, step: str, by: Signer, subject_sha256: str, posting: Posting, at: Occasion) -> None:
        """Post the text at one place, with evidence (C3-04).

        Refused: STEP_OUT_OF_ORDER, STEP_TAKEN_BY_FACT, NOT_FOUND, FIELD_INVALID, FORBIDDEN, PLAN_HASH_MISMATCH, NOTICE_PLACE_MISSING,
        NOTICE_NOT_COMPLETED, NOTICE_PERIOD_RUNNING, OBJECTION_OPEN, DATE_ORDER, SEGREGATION_OF_DUTIES,
        NOTICE_EVIDENCE_MISSING, RULE_GAP, the code of a row (`PlannedStep.refusal`).
        """
        at.cite("C3-04")
        found = self._may_take(step, {"NOTICE"}, by, subject_sha256, at)
        posting.check(at)
        notice = found.notice or plan.PlannedNotice(force="SOFT")
        days = notice_days(at.rules, notice.period, notice.force)
        posted = posted_for(posting, days, at)
        so_far = (*self.postings.get(step, ()), posted)
        self.record(
            self.NoticePosted,
            at,
            step=found.code,
            by=by,
            subject_sha256=subject_sha256,
            posted=posted,
            completes=days == 0 and not missing_places(notice.places, so_far),
        )

    @event(NoticePosted)
    def _notice_posted(
        self, step: Code, by: Signer, posted: Posted, completes: bool, occurred_on: date
    ) -> None:
        self.postings = self.postings | {step: (*self.postings.get(step, ()), posted)}
        if completes:
            self._take_for_all(step, by, occurred_on)

    class NoticeCompleted(ProcedureCourse.Event):
        """The notice hung at every place for its whole period, and no objection is open."""

        TOPIC: ClassVar[str] = "procedure.notice_completed"
        TITLE: ClassVar[str] = "公示期满"
        step: Code = Field(title="环节代码")
        by: Signer = Field(title="办理人")
        subject_sha256: Sha256 = Field(title="事项内容摘要")
        period: Period | None = Field(default=None, title="公示期")

    def complete_notice(self, step: str, by: Signer, subject_sha256: str, at: Occasion) -> None:
        """Establish that a notice is through (C4.5-06): computed, never claimed.

        Refused: NOTICE_PLACE_MISSING, NOTICE_PERIOD_RUNNING, OBJECTION_OPEN, STEP_OUT_OF_ORDER, STEP_TAKEN_BY_FACT, NOT_FOUND,
        FIELD_INVALID, FORBIDDEN, PLAN_HASH_MISMATCH, NOTICE_NOT_COMPLETED, DATE_ORDER, SEGREGATION_OF_DUTIES, the
        code of a row (`PlannedStep.refusal`).
        """
        at.cite("C3-04", "C3-05")
        found = self._may_take(step, {"NOTICE"}, by, subject_sha256, at)
        period = self._must_have_hung(found, at)
        self.record(
            self.NoticeCompleted, at, step=found.code, by=by, subject_sha256=subject_sha256, period=period
        )

    @event(NoticeCompleted)
    def _notice_completed(self, step: Code, by: Signer, occurred_on: date) -> None:
        self._take_for_all(step, by, occurred_on)

    class ObjectionFiled(ProcedureCourse.Event):
        """Somebody, named or not, has something against the posted text."""

        TOPIC: ClassVar[str] = "procedure.objection_filed"
        TITLE: ClassVar[str] = "提出异议"
        FACT: ClassVar[bool] = True
        step: Code = Field(title="环节代码")
        objection: Objection = Field(title="异议")

    def file_objection(self, step: str, text: str, contact: str | None, at: Occasion) -> None:
        """Take an objection in (C3-05): a fact, from anybody. NOT_FOUND when nothing is posted.

        Refused also: TOO_MANY_ITEMS.
        """
        at.cite("C3-05")
        if not self.postings.get(step):
            raise refuse("NOT_FOUND", what=f"{self.id} {step}")
        objection = next_objection(self.now.objections, text, contact, at, late=step in self.completed_steps)
        self.record(self.ObjectionFiled, at, step=step, objection=objection)

    @event(ObjectionFiled)
    def _objection_filed(self, objection: Objection) -> None:
        self.objections = self.objections | {str(objection.number): objection}

    class SuggestionFiled(ProcedureCourse.Event):
        """Somebody, named or not, has a suggestion. It holds nothing up."""

        TOPIC: ClassVar[str] = "procedure.suggestion_filed"
        TITLE: ClassVar[str] = "提出意见建议"
        FACT: ClassVar[bool] = True
        text: Annotated[Text, PERSONAL_OF_OBJECTOR] = Field(title="意见建议")
        contact: Annotated[Name | None, SEALED_OF_OBJECTOR, SealedField(SealedForm.CONTACT)] = Field(
            default=None, title="联系方式"
        )

    def file_suggestion(self, text: str, contact: str | None, at: Occasion) -> None:
        """Take a suggestion in (C3-05): a fact, from anybody."""
        at.cite("C3-05")
        self.record(self.SuggestionFiled, at, text=text, contact=contact)

    @event(SuggestionFiled)
    def _suggestion_filed(self) -> None:
        """Kept in the log and shown from there; the procedure goes on."""

    class ObjectionResolved(ProcedureCourse.Event):
        """An objection is answered. UPHELD: what was decided has to be decided and posted anew (P09)."""

        TOPIC: ClassVar[str] = "procedure.objection_resolved"
        TITLE: ClassVar[str] = "处理异议"
        DAY: ClassVar = (NotBefore("its.objected[number].filed_on", clause="C3-05"),)
        number: int = Field(title="异议序号")
        by: Signer = Field(title="办理人")
        outcome: Outcome = Field(title="异议处理结果")
        answer: Text = Field(title="答复")
        reopened: tuple[Code, ...] = Field(default=(), title="须重新办理的环节")

    def resolve_objection(
        self, step: str, number: int, by: Signer, outcome: Outcome, answer: str, at: Occasion
    ) -> None:
        """Answer an objection; the answer is published. By the unit whose notice it is.

        Refused: NOT_FOUND, FORBIDDEN, the code of a row (`PlannedStep.refusal`).
        """
        at.cite("C3-05")
        found = self.step(step)
        self._must_be_its_own(found, by.organization)
        must_be_open(self.objections, number, self.id)
        reopened: tuple[str, ...] = ()
        if outcome == "UPHELD" and self.state == "OPEN":
            again = set(found.needs) | {step}
            reopened = self._ordered(again | {one for code in again for one in plan.after(self.steps, code)})
        self.record(
            self.ObjectionResolved,
            at,
            number=number,
            by=by,
            outcome=outcome,
            answer=answer,
            reopened=reopened,
        )

    @event(ObjectionResolved)
    def _objection_resolved(
        self,
        number: int,
        by: Signer,
        outcome: Outcome,
        answer: Text,
        reopened: tuple[Code, ...],
        occurred_on: date,
    ) -> None:
        self.objections = with_answer(self.objections, number, outcome, answer, occurred_on)
        if reopened:
            self._undo(reopened)
            self.last_return = StepReturn(
                step=reopened[0], organization=by.organization, reasons=answer, on=occurred_on
            )

    # ---- filings -----------------------------------------------------------------------------------------------

    class FilingSubmitted(ProcedureCourse.Event):
        """The text was filed with an office. `completes`: a filing of record is done by that."""

        TOPIC: ClassVar[str] = "procedure.filing_submitted"
        TITLE: ClassVar[str] = "报送备案"
        step: Code = Field(title="环节代码")
        by: Signer = Field(title="办理人")
        subject_sha256: Sha256 = Field(title="事项内容摘要")
        addressee: Code = Field(title="备案机关")
        due_on: BusinessDate | None = Field(default=None, title="备案答复期限")
        provisional: Reckoning | None = Field(default=None, title="暂定答复期限的计算依据")
        completes: bool = Field(title="环节是否完成")

    def submit_filing(self, step: str, by: Signer, subject_sha256: str, at: Occasion) -> None:
        """File the text (C4.5-06, C4.7-06, C4.9-04). A re-check is to be answered within its working days (P27).

        Refused: STEP_OUT_OF_ORDER, STEP_TAKEN_BY_FACT, NOT_FOUND, FIELD_INVALID, FORBIDDEN, PLAN_HASH_MISMATCH, NOTICE_PLACE_MISSING,
        NOTICE_NOT_COMPLETED, NOTICE_PERIOD_RUNNING, OBJECTION_OPEN, DATE_ORDER, SEGREGATION_OF_DUTIES, the code of a
        row (`PlannedStep.refusal`).
        """
        found = self._may_take(step, {"FILING"}, by, subject_sha256, at)
        pending = self.filings.get(step, {}).get(by.organization)
        if pending is not None and pending.state == "PENDING":
            raise refuse("STEP_OUT_OF_ORDER", clause=self.articles[0], step=step, state="PENDING")
        rule = at.rules.parameters["P27"]
        filing = found.filing or plan.PlannedFiling(addressee=by.organization, effect="OF_RECORD")
        of_record = filing.effect == "OF_RECORD" and rule.plain_filing == "SUBMITTED_IS_DONE"
        deadline = None if of_record else at.due_after(rule.recheck_working_days)
        self.record(
            self.FilingSubmitted,
            at,
            step=found.code,
            by=by,
            subject_sha256=subject_sha256,
            addressee=filing.addressee,
            due_on=deadline and deadline.due_on,
            provisional=deadline and deadline.provisional,
            completes=of_record,
        )

    @event(FilingSubmitted)
    def _filing_submitted(
        self,
        step: Code,
        by: Signer,
        addressee: Code,
        due_on: BusinessDate | None,
        provisional: Reckoning | None,
        completes: bool,
        occurred_on: date,
    ) -> None:
        filing = Filing(
            addressee=addressee,
            submitted_on=occurred_on,
            due_on=due_on,
            provisional=provisional,
            state="SUBMITTED" if completes else "PENDING",
        )
        self._file(step, by.organization, filing)
        if completes:
            self._take(step, by, occurred_on)

    class FilingAccepted(ProcedureCourse.Event):
        """The office has accepted the filing."""

        TOPIC: ClassVar[str] = "procedure.filing_accepted"
        TITLE: ClassVar[str] = "备案通过"
        DAY: ClassVar = (NotBefore("its.filed[step, filed_by].submitted_on", clause="C4.9-04"),)
        step: Code = Field(title="环节代码")
        filed_by: Code = Field(title="报备单位")
        by: Signer = Field(title="办理人")
        subject_sha256: Sha256 = Field(title="事项内容摘要")

    class FilingReturned(ProcedureCourse.Event):
        """The office has sent the filing back; it has to be filed again, amended or not."""

        TOPIC: ClassVar[str] = "procedure.filing_returned"
        TITLE: ClassVar[str] = "备案退回"
        DAY: ClassVar = (NotBefore("its.filed[step, filed_by].submitted_on", clause="C4.9-04"),)
        step: Code = Field(title="环节代码")
        filed_by: Code = Field(title="报备单位")
        by: Signer = Field(title="办理人")
        subject_sha256: Sha256 = Field(title="事项内容摘要")
        reasons: Text = Field(title="退回理由")
        reopened: tuple[Code, ...] = Field(title="须重新办理的环节")

    def answer_filing(
        self,
        step: str,
        filed_by: str,
        by: Signer,
        subject_sha256: str,
        answer: Literal["ACCEPTED", "RETURNED"],
        at: Occasion,
        *,
        reasons: str | None = None,
    ) -> None:
        """Accept a filing or return it with reasons (C4.9-04): by the office it was filed with, nobody else.

        Refused: STEP_OUT_OF_ORDER, NOT_FOUND, PLAN_HASH_MISMATCH, FORBIDDEN, FIELD_REQUIRED.
        """
        at.cite(*self.articles)
        self._must_not_be_withdrawn(step)
        found = self.step(step)
        self._must_be_the_text(subject_sha256)
        filing = self.filings.get(step, {}).get(filed_by)
        if filing is None or filing.state not in {"PENDING", "SUBMITTED"}:
            raise refuse(
                "STEP_OUT_OF_ORDER",
                clause=self.articles[0],
                step=step,
                state="UNFILED" if filing is None else filing.state,
            )
        if by.organization != filing.addressee:
            raise refuse("FORBIDDEN", action=found.zh)
        if answer == "ACCEPTED":
            self.record(
                self.FilingAccepted, at, step=step, filed_by=filed_by, by=by, subject_sha256=subject_sha256
            )
            return
        self.record(
            self.FilingReturned,
            at,
            step=step,
            filed_by=filed_by,
            by=by,
            subject_sha256=subject_sha256,
            reasons=self._reasons("RETURNED", reasons),
            reopened=self._ordered({step} | plan.after(self.steps, step)),
        )

    @event(FilingAccepted)
    def _filing_accepted(self, step: Code, filed_by: Code, by: Signer, occurred_on: date) -> None:
        filing = self.filings[step][filed_by]
        self._file(step, filed_by, filing.model_copy(update={"state": "ACCEPTED"}))
        self._take(step, Signer(organization=filed_by, person=by.person), occurred_on)

    @event(FilingReturned)
    def _filing_returned(
        self,
        step: Code,
        filed_by: Code,
        by: Signer,
        reasons: Text,
        reopened: tuple[Code, ...],
        occurred_on: date,
    ) -> None:
        filing = self.filings[step][filed_by]
        self._undo(reopened)
        self._file(step, filed_by, filing.model_copy(update={"state": "RETURNED"}))
        self.last_return = StepReturn(
            step=step, organization=by.organization, reasons=reasons, on=occurred_on
        )
