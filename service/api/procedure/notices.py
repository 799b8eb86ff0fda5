"""The public notice board (公示公告栏) over HTTP: everybody reads it and may object or suggest, unnamed (三(五)).

Units post here what no procedure waits for; notices of procedures come from their steps and are listed beside them.
"""

from __future__ import annotations

import re
from datetime import date
from time import monotonic
from typing import Annotated, Any, Final

from fastapi import Path, Query, Response
from pydantic import Field, StringConstraints, create_model

from domain.asset.asset import Asset
from domain.classification import PERSONAL_OF_OBJECTOR, SEALED_OF_OBJECTOR
from domain.occasion import Occasion
from domain.procedure.notice import Outcome, Posting
from domain.procedure.procedure import ProcedureInstance
from domain.procedure.public_notice import Announcement, PublicNotice
from domain.procedure.records import Signer
from domain.refusals import refuse
from domain.sealed import SealedField, SealedForm
from domain.values import Code, Name, Text, Value
from service.api.http.addresses import sender_of
from service.api.http.paging import answer, page_of, page_or_export
from service.api.http.public import (
    COUNTY_PARAMETER,
    PublicReading,
    PublicWriting,
    StatementRoute,
    heard_now,
    hearing_of,
    statement_routes,
)
from service.api.http.reading import Read, Reading, described, get, named, routes
from service.api.http.sealed_bodies import sealing
from service.api.http.writing import (
    CORRELATION_ID,
    IDEMPOTENCY_KEY,
    REPLAYED,
    WRITE_PROBLEMS,
    Circumstances,
    Kind,
    Scope,
    Write,
    WriteAnswer,
    Writing,
    answered,
)
from service.api.procedure.objections import OpenObjections, objection_shown, open_objections
from service.commands.authorization import Resource, authorize
from service.commands.commands import Result, Work
from service.commands.places import resource_of
from service.commands.views import view_model
from service.ledgers.catalogue import LEDGERS
from service.ledgers.questions.procedure import NoticeRow, notice_on_board
from service.ledgers.tables import shown

router = routes("/v1/notices", "notices 公示公告")

_NOTICE_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,160}", re.ASCII)
NoticeId = Annotated[
    str,
    StringConstraints(pattern=f"^{_NOTICE_ID.pattern}$"),
    Path(title="公示编号", description="公示公告栏给出的编号"),
]
AnnouncementCode = Annotated[Code, Path(title="公告编号")]
ObjectionNumber = Annotated[int, Path(title="异议编号", ge=1, le=1_000_000)]
_BOARD: Final = LEDGERS["notices"]
_BoardQuery: Any = create_model(
    "_BoardQuery",
    __base__=_BOARD.query,
    county=(str | None, Field(default=None, title="县", max_length=6)),
)
"""The notice board's question and of which county, for who asks has no credential that says so."""


@router.get("", summary="公示公告栏", **page_or_export(page_of(NoticeRow)))
async def read_notice_board(read: PublicReading, query: Annotated[_BoardQuery, Query()]) -> Response:
    """The notice board, for everybody (C3-04): personal data masked, answers to objections published."""
    asked = {name: getattr(query, name) for name in query.model_fields_set - {"county"}}
    return await answer(read, _BOARD, _BOARD.query.model_construct(**asked))


@router.get(
    "/{notice}",
    summary="查询公示",
    response_model=NoticeRow,
    openapi_extra={"parameters": [COUNTY_PARAMETER]},
)
async def read_notice(notice: NoticeId, read: PublicReading) -> Response:
    """One notice."""
    row = await notice_on_board(read, notice)
    del row["source"], row["step"], row["pending"]
    return read.answer(shown(row, NoticeRow))


# ---- what the public says ------------------------------------------------------------------------------------------


class PublicStatement(Value):
    """Statement of a member of the public. No name is asked for."""

    text: Annotated[Text, PERSONAL_OF_OBJECTOR] = Field(title="意见内容")
    contact: Annotated[Name | None, SEALED_OF_OBJECTOR, SealedField(SealedForm.CONTACT)] = Field(
        default=None, title="联系方式", description="可不填；不公开，只供办理单位联系"
    )


class RecordedStatement(Value):
    """The statement is on record."""

    notice: str = Field(title="公示编号")
    number: int | None = Field(default=None, title="异议编号", description="答复公布在该公示下")
    due_on: date | None = Field(default=None, title="答复期限", description="异议应在此日前答复")


RecordedStatementAnswer = named(WriteAnswer[RecordedStatement], RecordedStatement, "", "Answer")
"""Answer to a statement of the public."""

_TOLD: Final[dict[str, Any]] = {
    "status_code": 201,
    "response_model": RecordedStatementAnswer,
    "response_class": Response,
    "responses": {
        **answered(201, RecordedStatementAnswer),
        **WRITE_PROBLEMS,
        **described({429: "过于频繁 / too many requests"}),
    },
    "openapi_extra": {"parameters": [IDEMPOTENCY_KEY, CORRELATION_ID, COUNTY_PARAMETER]},
}


class NoticeStatementRoute(StatementRoute):
    """Statements about a notice."""

    async def look_up(self, read: Read) -> None:
        """Look the notice up; NOT_FOUND, TOO_MANY_REQUESTS. Nothing of the statement has been read."""
        notice = str(read.request.path_params["notice"])
        if not _NOTICE_ID.fullmatch(notice):
            raise refuse("NOT_FOUND", what=notice)
        await notice_on_board(read, notice)
        hearing_of(read.request).must_be_free(sender_of(read.request.scope), notice, monotonic())


statements = statement_routes("/v1/notices", "notices 公示公告", NoticeStatementRoute)


@statements.post("/{notice}/objections", summary="公众提出异议", **_TOLD)
@sealing
async def file_public_objection(notice: NoticeId, body: PublicStatement, write: PublicWriting) -> Response:
    """Object to a notice without a credential, unnamed if you like (C3-05); it keeps the notice open until answered."""
    return await _hear(write, notice, body, objects=True)


@statements.post("/{notice}/suggestions", summary="公众提出意见建议", **_TOLD)
@sealing
async def file_public_suggestion(notice: NoticeId, body: PublicStatement, write: PublicWriting) -> Response:
    """Make a suggestion without a credential (C3-05)."""
    return await _hear(write, notice, body, objects=False)


async def _hear(write: Write, notice: str, body: PublicStatement, *, objects: bool) -> Response:
    row = await notice_on_board(write, notice)
    kind, _, identity = str(row["source"]).partition("-")

    async def work_on(work: Work) -> Result:
        at = write.context.occasion(write.county, None)
        found: ProcedureInstance | PublicNotice
        if kind == ProcedureInstance.KIND:
            procedure = await work.get(ProcedureInstance, identity)
            if objects:
                procedure.file_objection(str(row["step"]), body.text, body.contact, at)
            else:
                procedure.file_suggestion(body.text, body.contact, at)
            found = procedure
        else:
            announced = await work.get(PublicNotice, identity)
            if objects:
                announced.file_objection(body.text, body.contact, at)
            else:
                announced.file_suggestion(body.text, body.contact, at)
            found = announced
        heard: dict[str, Any] = {"notice": notice, "number": None, "dueOn": None}
        if objects:
            number = len(found.objections)
            due_on = found.objections[str(number)].due_on
            heard |= {"number": number, "dueOn": due_on and due_on.isoformat()}
        return Result(notice, found.version, heard)

    with heard_now(write, notice) as statement:
        answer = await write.run(work_on)
        statement.kept = REPLAYED not in answer.headers
    return answer


@get(router, "/{notice}/objections", "待答复的异议", "objection.read", response_model=OpenObjections)
async def read_open_objections(notice: NoticeId, read: Reading) -> Response:
    """Objections to a notice in their own words from the moment they are filed (C3-05), for those who answer them."""
    return read.answer(await open_objections(read, await notice_on_board(read, notice)))


# ---- what units post -----------------------------------------------------------------------------------------------

AnnouncementView = view_model(PublicNotice, notice=Annotated[Code, Field(title="公布编号")])


def view_of(notice: PublicNotice) -> dict[str, Any]:
    """An announcement as every answer shows it; nothing by which those who object could be found is shown."""
    found = notice.view()
    found["objections"] = {number: objection_shown(one) for number, one in found["objections"].items()}
    return found | {"notice": notice.stream}


class OpenPublicNotice(Circumstances):
    """An announcement at its first place."""

    announcement: Announcement = Field(title="公告")
    posting: Posting = Field(title="张贴")
    by: Signer = Field(title="经办")


class AddNoticePlace(Circumstances):
    """Request body: post a notice at a further place."""

    posting: Posting = Field(title="张贴")
    by: Signer = Field(title="经办")


class AnswerPublicObjection(Circumstances):
    """The answer to an objection."""

    by: Signer = Field(title="经办")
    outcome: Outcome = Field(title="处理结果")
    answer: Text = Field(title="答复", description="公开发布")


_ANNOUNCEMENTS = Kind(
    router, PublicNotice, AnnouncementView, lambda it, _: view_of(it), lambda _it, _write: Resource()
)


def _of(by: Signer) -> Scope[PublicNotice]:
    """Announcements are kept by the unit that signs."""
    return lambda _it, _write: Resource(organizations=(by.organization,))


@_ANNOUNCEMENTS.post("", "公布", "notice.post")
async def open_public_notice(body: OpenPublicNotice, write: Writing) -> Response:
    """Post what has to be made public, with evidence (C3-04); it does the task that the fact opened."""
    code = f"N-{write.idempotency.body_sha256.hex()[:20]}"

    async def make(at: Occasion, work: Work) -> PublicNotice:
        if body.announcement.asset is not None:
            asset = await work.get(Asset, body.announcement.asset)
            authorize(write.actor, write.action, resource_of(asset))
        return PublicNotice.post(code, body.announcement, body.posting, body.by, at)

    return await write.create(
        _ANNOUNCEMENTS,
        body,
        make,
        scope=Resource(organizations=(body.by.organization,)),
        on=body.posting.posted_on,
    )


@_ANNOUNCEMENTS.post("/{announcement}/places", "增加公布地点", "notice.keep")
async def add_notice_place(announcement: AnnouncementCode, body: AddNoticePlace, write: Writing) -> Response:
    """Post an announcement at one more place (C3-04)."""
    return await write.decide(
        _ANNOUNCEMENTS,
        _identity(announcement),
        body,
        lambda it, at: it.add_place(body.posting, body.by, at),
        on=body.posting.posted_on,
        scope=_of(body.by),
    )


@_ANNOUNCEMENTS.post("/{announcement}/objections/{number}/resolution", "处理异议", "notice.keep")
async def answer_public_objection(
    announcement: AnnouncementCode, number: ObjectionNumber, body: AnswerPublicObjection, write: Writing
) -> Response:
    """Answer an objection to an announcement (C3-05); the answer is published."""
    return await write.decide(
        _ANNOUNCEMENTS,
        _identity(announcement),
        body,
        lambda it, at: it.resolve_objection(number, body.by, body.outcome, body.answer, at),
        scope=_of(body.by),
    )


def _identity(announcement: str) -> str:
    return announcement.removeprefix(f"{PublicNotice.KIND}-")
