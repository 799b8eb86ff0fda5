"""Responsibility of persons, over HTTP: responsible persons of an asset on a day, what is in a person's care, and
clearance.
"""

from __future__ import annotations

from typing import Any

from fastapi import Response
from pydantic import Field

from domain.occasion import Occasion
from domain.organization.person import Clearance as IssuedClearance, Formality, LeavingFact, Person
from domain.refusals import refuse
from domain.values import Code, Value
from service.api.asset.decisions import AssetPath
from service.api.http.paging import MinPosition
from service.api.http.reading import ProblemBody, Reading, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.api.organization.organizations import OnDay, PersonPath, PersonView, place_of, unit_of, view_of
from service.commands import handover
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.problems import problem
from service.ledgers.questions.clearance import (
    HOW_MANY_COUNTED,
    HOW_MANY_SHOWN,
    Hindrance,
    OpenCase,
    hindrances_of,
)
from service.ledgers.questions.departure import (
    PersonCare,
    ResponsiblePersons,
    care_of_person,
    completed_cases,
    responsible_persons,
)
from service.ledgers.tables import value_shown

router = routes("/v1", "care 管护责任")


@get(router, "/assets/{asset}/responsible", "资产责任人", "asset.read", response_model=ResponsiblePersons)
async def read_responsible_persons(
    asset: AssetPath, read: Reading, on: OnDay = None, min_position: MinPosition = 0
) -> Response:
    """Who was responsible for the asset on a day: named persons, units, and the holders of the posts (C4.10-02)."""
    return read.answer(value_shown(await responsible_persons(read, asset, read.day(on), min_position)))


@get(router, "/persons/{person}/care", "在管资产", "person.read", response_model=PersonCare)
async def read_person_care(
    person: PersonPath, read: Reading, on: OnDay = None, min_position: MinPosition = 0
) -> Response:
    """What the person answers for on a day: by name, and by holding a post."""
    return read.answer(value_shown(await care_of_person(read, person, on, min_position)))


class ClearanceState(Value):
    """Clearance of a person: nothing in their care, no case open, no tenure left unaudited (C4.10-11)."""

    person: str = Field(title="人员编号")
    clear: bool = Field(title="可否办理手续")
    assets_in_care: int = Field(title="在管资产项数")
    counted_all: bool = Field(title="是否已全部计数", description=HOW_MANY_COUNTED)
    posts: tuple[str, ...] = Field(title="仍负第一责任的职务", description="单位/职务")
    open_cases: tuple[OpenCase, ...] = Field(title="未办结的交接")
    counts: dict[str, int] = Field(title="各类事项数")
    items: tuple[Hindrance, ...] = Field(title="不得办理的事项", description=HOW_MANY_SHOWN)
    missing: tuple[str, ...] = Field(title="尚缺的事项")
    refusal: ProblemBody | None = Field(title="不得办理的依据")
    certificates: tuple[str, ...] = Field(title="有效的移交证明")
    position: int = Field(title="日志位置", description="核对到的日志位置")


@get(router, "/clearances/{person}", "离任手续核查", "clearance.read", response_model=ClearanceState)
async def read_clearance(person: PersonPath, read: Reading, min_position: MinPosition = 0) -> Response:
    """Whether the person may leave, checked against everything that is in the log now: yes, or all that is in the way.

    `min_position` can only ask for less than that, and is accepted so that every read takes it.
    """
    await read.reach(min_position)
    found = await hindrances_of(read, person)
    known = await read.context.load(Person, read.county, person)
    if known is None:
        raise refuse("NOT_FOUND", what=person)
    refusal = found.refusal()
    return read.answer(
        {
            "person": person,
            "clear": refusal is None,
            "assetsInCare": found.assets_in_care,
            "countedAll": found.counted_all,
            "posts": found.posts,
            "openCases": [_without_blanks(one) for one in found.open_cases],
            "counts": found.counts,
            "items": [_without_blanks(one) for one in found.items],
            "missing": found.missing,
            "refusal": refusal and problem(read.request, refusal, errors=[]),
            "certificates": [one.certificate_no for one in known.valid_clearances()],
            "position": found.position,
        }
    )


def _without_blanks(value: Value) -> dict[str, Any]:
    return value.model_dump(mode="json", by_alias=True, exclude_none=True)


class IssueClearance(Circumstances):
    """Request body: issue a clearance; names the issuing unit."""

    issued_by: Code = Field(title="签发单位")


class CarryOutFormality(Circumstances):
    """Request body: carry out a formality of leaving: transfer, resignation or retirement."""

    formality: Formality = Field(title="离任手续内容")


class RecordLeavingFact(Circumstances):
    """Request body: record a leaving fact: removal, death or detention."""

    fact: LeavingFact = Field(title="离任事实内容")


async def _home(person: Person, write: Write) -> Resource:
    """Those who keep the personnel matters of the unit where the person is."""
    unit = await unit_of(write.context, write.county, person.card.organization, "person.organization")
    return place_of(unit)


people = Kind(router, Person, PersonView, lambda it, _: view_of(it), _home)


@people.post("/clearances/{person}", "签发移交证明", "clearance.issue")
async def issue_clearance(person: PersonPath, body: IssueClearance, write: Writing) -> Response:
    """Issue the certificate that everything was handed over; refused while anything is in the way (C4.10-11)."""
    number = f"QZ-{write.mark(16)}"

    async def issue(it: Person, at: Occasion, work: Work) -> None:
        found = await hindrances_of(write, person)
        if (refusal := found.refusal()) is not None:
            raise refusal
        await handover.hold_to_events(write.ledgers, write.context, it)
        work.claim("clearance_certificate", number)
        clearance = IssuedClearance(
            certificate_no=number,
            issued_on=at.on,
            issued_by=body.issued_by,
            position=found.position,
            cases=await completed_cases(write, person),
        )
        it.issue_clearance(clearance, (), at)

    return await write.carry_out(people, person, body, issue, unit=body.issued_by)


@people.post("/persons/{person}/formalities", "办理调动离岗手续", "person.carry_out_formality")
async def carry_out_formality(person: PersonPath, body: CarryOutFormality, write: Writing) -> Response:
    """Carry out a transfer, resignation or retirement: only with a valid certificate and nothing in the way (C4.10-11)."""

    async def carry_out(it: Person, at: Occasion, _: Work) -> None:
        found = await hindrances_of(write, person)
        await handover.hold_to_events(write.ledgers, write.context, it)
        it.carry_out(body.formality, found.missing, found.in_care, at)

    return await write.carry_out(people, person, body, carry_out, on=body.formality.carried_out_on)


@people.post("/persons/{person}/leaving-facts", "离任事实", "person.record_leaving")
async def record_leaving_fact(person: PersonPath, body: RecordLeavingFact, write: Writing) -> Response:
    """Record a removal, a death or a detention: never refused, and it opens a case wherever something is in care."""
    fact = body.fact

    async def record(it: Person, at: Occasion, work: Work) -> None:
        it.record_leaving(fact, at)
        await handover.open_cases(
            write.ledgers,
            work,
            at,
            person,
            await handover.units_of_care(write.ledgers, person, at.today),
            reason=fact.kind,
            departs_on=fact.happened_on,
            document_no=fact.document_no,
            mark=write.mark(),
        )

    return await write.carry_out(people, person, body, record, on=fact.happened_on)
