"""Personal data as a matter over HTTP: restricted, held, forgotten, each by a document (D11)."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import Path, Request, Response
from pydantic import Field, StringConstraints

from domain.occasion import Occasion
from domain.personal.subject import Forgetting, LegalHold, PersonalOrder, PersonalSubject
from domain.refusals import refuse
from domain.values import Code
from service.api.http.reading import Read, Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.commands.authorization import ANYWHERE
from service.commands.commands import Result, Work
from service.commands.views import view_model
from service.paper.forgetting import papers_of_alone
from service.personal.erasure import Erasure, Whereabouts
from service.personal.matters import running_matters, streams_of
from service.sealing_keys import SealingKeyMissing

router = routes("/v1/personal-data", "personal-data 个人信息")

SubjectCode = Annotated[
    str,
    StringConstraints(pattern=r"^(household|person|objector|unknown)\.[A-Za-z0-9_.:-]{1,64}$"),
    Path(title="个人信息主体", description="household.<户编号> / person.<人员编号> / objector.<代号>"),
]
HoldCode = Annotated[Code, Path(title="保全编号")]
PersonalSubjectView = view_model(
    PersonalSubject,
    subject=Annotated[str, Field(title="个人信息主体")],
    sealed=Annotated[bool, Field(title="是否有可解的密文", description="已遗忘或从未记录的为否")],
    streams=Annotated[tuple[str, ...], Field(title="密文所在事件流")],
)


class RestrictPersonalData(Circumstances):
    """Request body: restrict what is done with a subject's data."""

    order: PersonalOrder = Field(title="限制决定")


class LiftPersonalDataRestriction(Circumstances):
    """Request body: end a restriction."""

    order: PersonalOrder = Field(title="解除决定")


class HoldPersonalData(Circumstances):
    """Request body: order a subject's data kept."""

    hold: LegalHold = Field(title="法律保全")


class ReleasePersonalDataHold(Circumstances):
    """Request body: release a legal hold."""

    order: PersonalOrder = Field(title="解除决定")


class ForgetPersonalData(Circumstances):
    """Request body: forget a subject."""

    order: PersonalOrder = Field(title="遗忘决定")


def erasure_of(request: Request) -> Erasure:
    """What restricts and forgets for this application. SEALING_UNAVAILABLE without master keys."""
    found = cast("Erasure | None", request.app.state.erasure)
    if found is None:
        raise refuse("SEALING_UNAVAILABLE")
    return found


def _view(it: PersonalSubject, where: Whereabouts) -> dict[str, Any]:
    return it.view() | {
        "subject": it.id,
        "sealed": where.sealed,
        "streams": list(where.streams),
    }


_SUBJECTS = Kind(
    router,
    PersonalSubject,
    PersonalSubjectView,
    lambda it, _: it.view() | {"subject": it.id},
    lambda _it, _write: ANYWHERE,
)


async def _decide(write: Write, subject: str, body: Circumstances, order_day: Any, decision: Any) -> Response:
    """One decision about a subject, which is opened with the first one. SEALING_UNAVAILABLE."""
    expected = write.expected_version(required=False)

    async def act(at: Occasion, work: Work) -> Result:
        if await write.context.load(PersonalSubject, write.county, subject) is not None:
            it = await work.get(PersonalSubject, subject, expected)
        elif expected is not None:
            raise refuse("VERSION_STALE", expected=expected, actual=0)
        else:
            it = PersonalSubject.open(subject, at)
            work.add(it)
        await decision(it, at)
        where = await erasure_of(write.request).whereabouts(write.county, subject)
        return Result(it.id, it.version, _view(it, where))

    answer = await write.act(body, act, on=order_day, versioned=True)
    try:  # also of what was decided before a stop: the log says what is to be done
        await erasure_of(write.request).carry_out(write.county, subject)
    except SealingKeyMissing as missing:
        raise refuse("SEALING_UNAVAILABLE", reason=str(missing)) from missing
    return answer


@_SUBJECTS.post("/{subject}/restriction", "限制处理个人信息", "personal_data.govern")
async def restrict_personal_data(
    subject: SubjectCode, body: RestrictPersonalData, write: Writing
) -> Response:
    """Keep a subject's data and do nothing else with them: nobody reads them or finds them (C3-07)."""

    async def decide(it: PersonalSubject, at: Occasion) -> None:
        it.restrict(body.order, at)

    return await _decide(write, subject, body, body.order.decided_on, decide)


@_SUBJECTS.post("/{subject}/restriction/lifting", "解除限制处理", "personal_data.govern")
async def lift_personal_data_restriction(
    subject: SubjectCode, body: LiftPersonalDataRestriction, write: Writing
) -> Response:
    """End a restriction (C3-07)."""

    async def decide(it: PersonalSubject, at: Occasion) -> None:
        it.lift_restriction(body.order, at)

    return await _decide(write, subject, body, body.order.decided_on, decide)


@_SUBJECTS.post("/{subject}/holds", "法律保全", "personal_data.hold")
async def hold_personal_data(subject: SubjectCode, body: HoldPersonalData, write: Writing) -> Response:
    """Order a subject's data kept: nobody forgets them until the hold is released (C5.4-01)."""

    async def decide(it: PersonalSubject, at: Occasion) -> None:
        it.place_hold(body.hold, at)

    return await _decide(write, subject, body, body.hold.placed_on, decide)


@_SUBJECTS.post("/{subject}/holds/{hold}/release", "解除法律保全", "personal_data.hold")
async def release_personal_data_hold(
    subject: SubjectCode, hold: HoldCode, body: ReleasePersonalDataHold, write: Writing
) -> Response:
    """Release a hold (C5.4-01)."""

    async def decide(it: PersonalSubject, at: Occasion) -> None:
        it.release_hold(hold, body.order, at)

    return await _decide(write, subject, body, body.order.decided_on, decide)


@_SUBJECTS.post("/{subject}/forgetting", "遗忘个人信息", "personal_data.govern")
async def forget_personal_data(subject: SubjectCode, body: ForgetPersonalData, write: Writing) -> Response:
    """Destroy a subject's key: what was sealed under it is opened by nobody, in no backup (C3-07).

    The contents of papers that are about the subject alone are destroyed too; `papers` in the answer names their digests.

    PERSONAL_DATA_ON_HOLD, PERSONAL_DATA_IN_USE; the answer counts the events from before sealing, which stay readable
    in the log. Sent again, it finishes what a stop left undone. SEALING_UNAVAILABLE.
    """
    erasure = erasure_of(write.request)

    async def decide(it: PersonalSubject, at: Occasion) -> None:
        where = await erasure.whereabouts(write.county, subject)
        running = await running_matters(write, subject, where.key, list(where.streams))
        streams = await streams_of(write, subject)
        plain = await erasure.plaintext_events(write.county, streams)
        papers = await papers_of_alone(write, streams)
        forgetting = Forgetting(
            order=body.order, plaintext_events=plain, key=where.key, papers=papers or None
        )
        it.forget(forgetting, running, at)

    return await _decide(write, subject, body, body.order.decided_on, decide)


@get(
    router,
    "/{subject}",
    "查询个人信息主体",
    "personal_data.review",
    response_model=from_log(PersonalSubjectView),
)
async def read_personal_subject(subject: SubjectCode, read: Reading) -> Response:
    """What was decided about a subject's data, and where they stand; nothing of the data."""
    return await _subject(read, subject)


async def _subject(read: Read, subject: str) -> Response:
    where = await erasure_of(read.request).whereabouts(read.county, subject)
    return await read.aggregate(PersonalSubject, subject, lambda it: _view(it, where))
