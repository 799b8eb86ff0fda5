"""Procedures (程序) over HTTP: a matter on its way through an approval chain, each step by its own unit.

Every step names the digest of the text it is about, and the unit and person that take it; the credential speaks for
that unit and no other. What the regulation asks of a step is decided by `domain.procedure`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, Response
from pydantic import Field, ValidationError

from domain.asset.subject_forms import subject_of
from domain.classification import PERSONAL_OF_OBJECTOR, SEALED_OF_OBJECTOR
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.procedure.meeting import Meeting
from domain.procedure.notice import Outcome, Posting
from domain.procedure.plan import check_parties, completed, due
from domain.procedure.procedure import ProcedureInstance
from domain.procedure.records import ProcedureOpening, Signer, Verdict
from domain.procedure.subject import Content, Subject, canonical_content
from domain.refusals import refuse
from domain.regulation.legal_clock import LegalClock
from domain.sealed import SealedField, SealedForm
from domain.values import Code, Listed, Name, PersonCode, Sha256, Text, Value
from service.api.http.provisional import dates_as_known
from service.api.http.reading import ACTION, Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Scope, Writing
from service.api.procedure.objections import objection_shown
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.problems import at_field
from service.commands.proceeds import take_receipt_step
from service.commands.selecting import take_choice
from service.commands.views import view_model

router = routes("/v1/procedures", "procedures 程序")

ProcedureCode = Annotated[Code, Path(title="程序编号")]
ObjectionNumber = Annotated[int, Path(title="异议编号", ge=1, le=1_000_000)]


class DueStep(Value):
    """A step that is due, and the units that have not yet completed it."""

    step: Code = Field(title="步骤")
    zh: Name = Field(title="名称")
    units: tuple[Code, ...] = Field(title="待办单位")


ProcedureView = view_model(
    ProcedureInstance,
    procedure=Annotated[Code, Field(title="程序编号")],
    state=Annotated[Literal["OPEN", "COMPLETED", "WITHDRAWN"], Field(title="程序状态")],
    completed_steps=Annotated[tuple[Code, ...], Field(title="已完成的环节")],
    due=Annotated[tuple[DueStep, ...], Field(title="当前应办环节")],
)


def view_of(procedure: ProcedureInstance, calendar: LegalClock) -> dict[str, Any]:
    """A procedure as every answer shows it; nothing by which those who object could be found is shown."""
    shown = dates_as_known(procedure.view(), calendar)
    shown["objections"] = {number: objection_shown(one) for number, one in shown["objections"].items()}
    waiting = [] if procedure.withdrawn is not None else due(procedure.steps, procedure.done)
    return shown | {
        "procedure": procedure.id,
        "state": procedure.state,
        "completedSteps": list(completed(procedure.steps, procedure.done)),
        "due": [{"step": step.code, "zh": step.zh, "units": list(units)} for step, units in waiting],
    }


class DigestSubject(Value):
    """Request body: a subject before its digest is known."""

    kind: Annotated[Code, Listed("subjects", closed=False)] = Field(
        title="事项类型", description="代码表 subjects 所列的，内容须按其规范形式；其他事项的内容自定"
    )
    id: Code = Field(title="事项编号", description="资产、方案或清单的编号")
    content: Content = Field(title="事项内容")


class DigestedSubject(Value):
    """A subject with its digest: as it stands it is the subject of a procedure to open."""

    subject: Subject = Field(title="办理事项", description="内容已按规范形式整理")
    canonical: str = Field(title="规范文本", description="其 UTF-8 字节的 SHA-256 即内容摘要")


class OpenProcedure(Circumstances):
    """Request body: open a procedure."""

    procedure: Code | None = Field(default=None, title="程序编号", description="不填由系统编号")
    opening: ProcedureOpening = Field(title="启动内容")
    by: Signer = Field(title="经办")


class ProcedureAct(Circumstances):
    """Request body of every step: the step, its signer, the digest of the text."""

    step: Code = Field(title="步骤")
    by: Signer = Field(title="经办")
    subject_sha256: Sha256 = Field(title="内容摘要", description="与表决、公示、审核、备案的文本一致")


class CompleteProcedureStep(ProcedureAct):
    """Request body: complete a plain step."""

    document_no: Name | None = Field(default=None, title="文号")
    note: Text | None = Field(default=None, title="说明")
    signed_by: tuple[PersonCode, ...] = Field(
        default=(), title="签署人", description="须由多个职务共同提出的环节（A10）", max_length=20
    )


class HoldMeeting(ProcedureAct):
    """Request body: record a meeting and what it decided."""

    meeting: Meeting = Field(title="会议")


class PostNotice(ProcedureAct):
    """Request body: post the text at one place."""

    posting: Posting = Field(title="公示")


class JudgeProcedure(ProcedureAct):
    """Request body: review or determine the text."""

    verdict: Verdict = Field(title="结论")
    reasons: Text | None = Field(default=None, title="理由", description="退回时必填")


class DecideProcedure(ProcedureAct):
    """Request body: decide in favour of the text."""

    document_no: Name | None = Field(default=None, title="文号")
    reasons: Text = Field(title="理由")


class AnswerFiling(ProcedureAct):
    """Request body: answer of the office that the text was filed with."""

    filed_by: Code = Field(title="报送单位")
    answer: Literal["ACCEPTED", "RETURNED"] = Field(title="答复")
    reasons: Text | None = Field(default=None, title="理由", description="退回时必填")


class FileObjection(Circumstances):
    """Request body: object to a posted text."""

    step: Code = Field(title="公示步骤")
    text: Annotated[Text, PERSONAL_OF_OBJECTOR] = Field(title="异议内容")
    contact: Annotated[Name | None, SEALED_OF_OBJECTOR, SealedField(SealedForm.CONTACT)] = Field(
        default=None, title="联系方式", description="可不填；不公开"
    )


class FileSuggestion(Circumstances):
    """Request body: make a suggestion."""

    text: Annotated[Text, PERSONAL_OF_OBJECTOR] = Field(title="意见建议")
    contact: Annotated[Name | None, SEALED_OF_OBJECTOR, SealedField(SealedForm.CONTACT)] = Field(
        default=None, title="联系方式", description="可不填；不公开"
    )


class ResolveObjection(Circumstances):
    """Request body: resolve an objection."""

    step: Code = Field(title="公示步骤")
    by: Signer = Field(title="经办")
    outcome: Outcome = Field(title="处理结果")
    answer: Text = Field(title="答复", description="公开发布")


class AmendProcedure(Circumstances):
    """Request body: replace the text of a procedure."""

    subject: Subject = Field(title="办理事项")
    by: Signer = Field(title="经办")
    reason: Text = Field(title="理由")


class WithdrawProcedure(Circumstances):
    """Request body: withdraw a procedure."""

    by: Signer = Field(title="经办")
    reason: Text = Field(title="理由")


_PROCEDURES = Kind(
    router,
    ProcedureInstance,
    ProcedureView,
    lambda it, write: view_of(it, write.calendar),
    lambda _it, _write: Resource(),
)


def _of(by: Signer) -> Scope[ProcedureInstance]:
    """A step is taken by the unit that signs it."""
    return lambda _it, _write: Resource(organizations=(by.organization,))


@_PROCEDURES.post("", "启动程序", "procedure.open")
async def open_procedure(body: OpenProcedure, write: Writing) -> Response:
    """Open a procedure over a text; the chain's steps are laid out for the case."""
    given = body.opening
    code = body.procedure or f"{given.chain}-{write.idempotency.body_sha256.hex()[:16]}"

    async def open_it(at: Occasion, work: Work) -> ProcedureInstance:
        _must_have_its_form(given.subject, "opening.subject")
        await _check_parties(work, given)
        it = ProcedureInstance.open(code, given, body.by, at)
        await take_choice(work, it, at)
        return it

    return await write.create(
        _PROCEDURES, body, open_it, scope=Resource(organizations=(body.by.organization,))
    )


@router.post(
    "/subjects/digest",
    summary="计算内容摘要",
    openapi_extra={ACTION: "procedure.open"},
    response_model=DigestedSubject,
)
async def digest_subject(body: DigestSubject, read: Reading) -> DigestedSubject:  # noqa: ARG001  known senders only
    """The digest of a text by the form of its kind (`/v1/regulation/tables/subjects`); nothing is recorded.

    FIELD_REQUIRED, FIELD_INVALID … for content that has not the form of its kind.
    """
    try:
        subject = subject_of(body.kind, body.id, body.content)
    except ValidationError as error:
        raise at_field("content", error) from error
    return DigestedSubject(subject=subject, canonical=canonical_content(subject.content).decode())


@_PROCEDURES.post("/{procedure}/steps", "完成步骤", "procedure.act")
async def complete_procedure_step(
    procedure: ProcedureCode, body: CompleteProcedureStep, write: Writing
) -> Response:
    """Take a plain step: propose, compile, choose …; what posts sign it is asked of the unit's record of that day (C4.7-12)."""

    async def complete(it: ProcedureInstance, at: Occasion, work: Work) -> None:
        posts: dict[str, set[str]] = {}
        if at.rules.signers_of(it.chain, body.step):
            unit = await work.get(Organization, body.by.organization)
            for one in unit.tenures:
                if one.covers(at.on):
                    posts.setdefault(one.position, set()).add(one.person)
        it.complete_step(
            body.step,
            body.by,
            body.subject_sha256,
            at,
            document_no=body.document_no,
            note=body.note,
            signed_by=body.signed_by,
            posts=posts,
        )

    return await write.carry_out(_PROCEDURES, procedure, body, complete, scope=_of(body.by))


@_PROCEDURES.post("/{procedure}/meetings", "会议决定", "procedure.act")
async def hold_meeting(procedure: ProcedureCode, body: HoldMeeting, write: Writing) -> Response:
    """Record a meeting that decided (C3-02), judged by the law of its own day and the village's recorded roll."""

    async def hold(it: ProcedureInstance, at: Occasion, work: Work) -> None:
        unit = await work.get(Organization, body.by.organization)
        it.hold_meeting(body.step, body.by, body.subject_sha256, body.meeting, at, rolls=unit.rolls)

    return await write.carry_out(
        _PROCEDURES,
        procedure,
        body,
        hold,
        on=body.meeting.held_on,
        scope=_of(body.by),
    )


@_PROCEDURES.post("/{procedure}/notices", "张贴公示", "procedure.act")
async def post_notice(procedure: ProcedureCode, body: PostNotice, write: Writing) -> Response:
    """Post the text at one place, with evidence (C3-04)."""
    return await write.decide(
        _PROCEDURES,
        procedure,
        body,
        lambda it, at: it.post_notice(body.step, body.by, body.subject_sha256, body.posting, at),
        on=body.posting.posted_on,
        scope=_of(body.by),
    )


@_PROCEDURES.post("/{procedure}/notice-completions", "公示期满", "procedure.act")
async def complete_notice(procedure: ProcedureCode, body: ProcedureAct, write: Writing) -> Response:
    """Establish that a notice is through: every place, the whole period, no open objection (C4.5-06)."""
    return await write.decide(
        _PROCEDURES,
        procedure,
        body,
        lambda it, at: it.complete_notice(body.step, body.by, body.subject_sha256, at),
        scope=_of(body.by),
    )


@_PROCEDURES.post("/{procedure}/reviews", "审核", "procedure.act")
async def review_procedure(procedure: ProcedureCode, body: JudgeProcedure, write: Writing) -> Response:
    """Approve, or return with reasons."""
    return await write.decide(
        _PROCEDURES,
        procedure,
        body,
        lambda it, at: it.review(
            body.step, body.by, body.subject_sha256, body.verdict, at, reasons=body.reasons
        ),
        scope=_of(body.by),
    )


@_PROCEDURES.post("/{procedure}/determinations", "审定", "procedure.act")
async def determine_procedure(procedure: ProcedureCode, body: JudgeProcedure, write: Writing) -> Response:
    """Determine as one of the departments that all have to (C4.4-01, C4.4-02)."""
    return await write.decide(
        _PROCEDURES,
        procedure,
        body,
        lambda it, at: it.determine(
            body.step, body.by, body.subject_sha256, body.verdict, at, reasons=body.reasons
        ),
        scope=_of(body.by),
    )


@_PROCEDURES.post("/{procedure}/decisions", "决定（批复）", "procedure.act")
async def decide_procedure(procedure: ProcedureCode, body: DecideProcedure, write: Writing) -> Response:
    """Decide in favour of the text by a numbered document (C4.5-07, C4.5-16)."""

    async def decide(it: ProcedureInstance, at: Occasion, work: Work) -> None:
        await take_receipt_step(work, it, at)
        it.decide(body.step, body.by, body.subject_sha256, body.document_no, body.reasons, at)

    return await write.carry_out(_PROCEDURES, procedure, body, decide, scope=_of(body.by))


@_PROCEDURES.post("/{procedure}/filings", "报送备案", "procedure.act")
async def submit_filing(procedure: ProcedureCode, body: ProcedureAct, write: Writing) -> Response:
    """File the text with the office that the chain names."""
    return await write.decide(
        _PROCEDURES,
        procedure,
        body,
        lambda it, at: it.submit_filing(body.step, body.by, body.subject_sha256, at),
        scope=_of(body.by),
    )


@_PROCEDURES.post("/{procedure}/filing-answers", "备案答复", "procedure.act")
async def answer_filing(procedure: ProcedureCode, body: AnswerFiling, write: Writing) -> Response:
    """Accept a filing or return it with reasons (C4.9-04): by the office it was filed with."""
    return await write.decide(
        _PROCEDURES,
        procedure,
        body,
        lambda it, at: it.answer_filing(
            body.step, body.filed_by, body.by, body.subject_sha256, body.answer, at, reasons=body.reasons
        ),
        scope=_of(body.by),
    )


@_PROCEDURES.post("/{procedure}/objections", "提出异议", "procedure.object")
async def file_objection(procedure: ProcedureCode, body: FileObjection, write: Writing) -> Response:
    """Take an objection in for somebody who comes to an office (C3-05); the public has a way of its own."""
    return await write.decide(
        _PROCEDURES, procedure, body, lambda it, at: it.file_objection(body.step, body.text, body.contact, at)
    )


@_PROCEDURES.post("/{procedure}/suggestions", "提出意见建议", "procedure.object")
async def file_suggestion(procedure: ProcedureCode, body: FileSuggestion, write: Writing) -> Response:
    """Take a suggestion in (C3-05)."""
    return await write.decide(
        _PROCEDURES, procedure, body, lambda it, at: it.file_suggestion(body.text, body.contact, at)
    )


@_PROCEDURES.post("/{procedure}/objections/{number}/resolution", "处理异议", "procedure.act")
async def resolve_objection(
    procedure: ProcedureCode, number: ObjectionNumber, body: ResolveObjection, write: Writing
) -> Response:
    """Answer an objection (C3-05); the answer is published. UPHELD returns the matter to its decision."""
    return await write.decide(
        _PROCEDURES,
        procedure,
        body,
        lambda it, at: it.resolve_objection(body.step, number, body.by, body.outcome, body.answer, at),
        scope=_of(body.by),
    )


@_PROCEDURES.post("/{procedure}/amendments", "修改方案", "procedure.act")
async def amend_procedure(procedure: ProcedureCode, body: AmendProcedure, write: Writing) -> Response:
    """Put another text in place of the present one; everything starts over."""

    async def amend(it: ProcedureInstance, at: Occasion, work: Work) -> None:
        _must_have_its_form(body.subject, "subject")
        it.amend(body.subject, body.by, body.reason, at)
        await take_choice(work, it, at)

    return await write.carry_out(_PROCEDURES, procedure, body, amend, scope=_of(body.by))


@_PROCEDURES.post("/{procedure}/withdrawal", "撤回", "procedure.act")
async def withdraw_procedure(procedure: ProcedureCode, body: WithdrawProcedure, write: Writing) -> Response:
    """Give the matter up before it is completed."""
    return await write.decide(
        _PROCEDURES, procedure, body, lambda it, at: it.withdraw(body.by, body.reason, at), scope=_of(body.by)
    )


@get(router, "/{procedure}", "查询程序", "procedure.read", response_model=from_log(ProcedureView))
async def read_procedure(procedure: ProcedureCode, read: Reading) -> Response:
    """A procedure from the log: what is done, what can be done now and by whom."""
    return await read.aggregate(ProcedureInstance, procedure, lambda found: view_of(found, read.calendar))


# ---- what the routes share -----------------------------------------------------------------------------------------


def _must_have_its_form(subject: Subject, field: str) -> None:
    """A text of a kind with a form has it: decisions compare its digest. AMOUNT_MALFORMED …, PLAN_HASH_MISMATCH."""
    try:
        formed = subject_of(subject.kind, subject.id, subject.content)
    except ValidationError as error:
        raise at_field(f"{field}.content", error) from error
    if formed.sha256 != subject.sha256:
        raise refuse("PLAN_HASH_MISMATCH", missing=[f"{field}.sha256"])


async def _check_parties(work: Work, given: ProcedureOpening) -> None:
    """Every named unit exists and can have its role. CODE_UNKNOWN, FIELD_INVALID."""
    codes = sorted({one.organization for one in given.parties})
    found = await work.context.load_many(Organization, work.county, codes)
    for code in codes:
        if code not in found:
            raise refuse("CODE_UNKNOWN", field="opening.parties", value=code)
    check_parties(given.parties, {code: unit.card for code, unit in found.items()})
