"""Divisions, units, persons and who holds which post: read from the log, answered for any day."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from domain.aggregate import DomainAggregate
from domain.classification import PERSONAL_OF_LEAVER
from domain.departure.papers import LeavingReason
from domain.occasion import Occasion
from domain.organization.division import Division, DivisionCard
from domain.organization.organization import (
    Collective,
    Organization,
    OrganizationCard,
    TenureEnd,
    TenureStart,
)
from domain.organization.person import Person, PersonCard
from domain.organization.succession import ClosingDay
from domain.refusals import refuse
from domain.values import BusinessDate, Code, DivisionCode, Name, OrganizationCode, PersonCode, PostCode, Text
from service.api.http.paging import MinPosition
from service.api.http.reading import Reading, from_log, get, list_of, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.commands import handover
from service.commands.authorization import Resource
from service.commands.commands import CommandContext, Work
from service.commands.views import view_model
from service.ledgers.questions import organization as questions
from service.ledgers.questions.organization import DivisionRow, TenureRow
from service.ledgers.tables import values_shown

divisions = routes("/v1/divisions", "divisions 区划")
organizations = routes("/v1/organizations", "organizations 单位")
persons = routes("/v1/persons", "persons 人员")

DivisionView = view_model(Division)
OrganizationView = view_model(Organization)
PersonView = view_model(Person)

DivisionPath = Annotated[Code, Path(title="区划代码")]
OrganizationPath = Annotated[Code, Path(title="单位编号")]
PersonPath = Annotated[Code, Path(title="人员编号")]
PositionCode = Annotated[Code, Path(title="职务")]
OnDay = Annotated[BusinessDate | None, Query(title="日期", description="不填为当日 / default: today")]


def whole_county(_aggregate: object, _write: object) -> Resource:
    """What belongs to the county as a whole."""
    return Resource()


def place_of(unit: Organization, *others: str) -> Resource:
    """Where a unit lies, for authorisation of what happens to its posts; `others` may act as it may."""
    division = unit.card.division
    return Resource(divisions=() if division is None else (division,), organizations=(unit.id, *others))


async def unit_of(context: CommandContext, county: str, organization: str, field: str) -> Organization:
    """A unit that a request names; CODE_UNKNOWN."""
    unit = await context.load(Organization, county, organization)
    if unit is None:
        raise refuse("CODE_UNKNOWN", field=field, value=organization)
    return unit


def view_of(aggregate: DomainAggregate) -> dict[str, Any]:
    """A division, unit or person as every answer shows it."""
    return aggregate.view()


def units_on(router: APIRouter) -> Kind[Organization]:
    """The writes on units that one router declares."""
    return Kind(router, Organization, OrganizationView, lambda it, _: view_of(it), lambda it, _: place_of(it))


_DIVISIONS = Kind(divisions, Division, DivisionView, lambda it, _: view_of(it), whole_county)
_UNITS = units_on(organizations)
_PERSONS = Kind(persons, Person, PersonView, lambda it, _: view_of(it), whole_county)


# ---- divisions -----------------------------------------------------------------------------------------------------


class DefineDivision(Circumstances):
    """A new division."""

    division: Code = Field(title="区划代码", pattern=r"^[0-9]{12}$")
    card: DivisionCard = Field(title="区划信息")


class SucceedDivision(Circumstances):
    """The end of a division in favour of its successor."""

    successor: DivisionCode = Field(title="承继区划")
    closed_on: ClosingDay = Field(title="变更日期")
    document_no: Name = Field(title="批准文号")


@_DIVISIONS.post("", "设立区划", "division.define")
async def define_division(body: DefineDivision, write: Writing) -> Response:
    """Enter an administrative division."""
    return await write.create(
        _DIVISIONS,
        body,
        lambda at, _: Division.define(body.division, body.card, at),
        scope=Resource(divisions=(body.division,)),
    )


@_DIVISIONS.post("/{division}/successor", "区划变更", "division.define")
async def succeed_division(division: DivisionPath, body: SucceedDivision, write: Writing) -> Response:
    """From a day on another division stands in its place (玉麦乡 → 玉麦镇); old codes stay in the history."""
    return await write.decide(
        _DIVISIONS,
        division,
        body,
        lambda it, at: it.be_succeeded(body.successor, body.closed_on, body.document_no, at),
        on=body.closed_on,
    )


# ---- organisations -------------------------------------------------------------------------------------------------


class DefineOrganization(Circumstances):
    """A new unit."""

    organization: Code = Field(title="单位编号")
    card: OrganizationCard = Field(title="单位信息")


class SucceedOrganization(Circumstances):
    """The end of a unit in favour of its successor."""

    successor: OrganizationCode = Field(title="承继单位")
    closed_on: ClosingDay = Field(title="变更日期")
    document_no: Name = Field(title="批准文号")


class RegisterCollective(Circumstances):
    """A village's collective."""

    collective: Collective = Field(title="集体经济组织")


class ReplaceCollective(Circumstances):
    """Another collective in the place of the active one."""

    collective: Collective = Field(title="集体经济组织")
    document_no: Name = Field(title="变更依据文号")


class AppointPerson(Circumstances):
    """A person takes a post."""

    position: PostCode = Field(title="职务")
    person: PersonCode = Field(title="人员编号")
    since: TenureStart = Field(title="任职日期")
    document_no: Name = Field(title="任职文号")


class EndAppointment(Circumstances):
    """A person leaves a post."""

    until: TenureEnd = Field(title="离任日期", description="在任最后一日")
    reason: Annotated[Text, PERSONAL_OF_LEAVER] = Field(title="离任原因")
    kind: LeavingReason = Field(default="OTHER", title="离任类别")


@_UNITS.post("", "设立单位", "organization.define")
async def define_organization(body: DefineOrganization, write: Writing) -> Response:
    """Enter a unit (C4.3-10). A village has the code of its division; the county has one asset office at a time."""

    async def define(at: Occasion, work: Work) -> Organization:
        office = await _office_on(work, body.card.valid_from)
        return Organization.define(body.organization, body.card, at, office=office)

    return await write.create(_UNITS, body, define, scope=Resource(organizations=(body.organization,)))


async def _office_on(work: Work, day: date) -> str | None:
    """The county's asset office on a day: the one it was founded with, or what carries its duties on as an office."""
    standing = (await work.carried_on(Organization, "ASSET_OFFICE", day))[-1]
    found = await work.context.load(Organization, work.county, standing)
    return standing if found is not None and found.card.kind == "ASSET_OFFICE" else None


@_UNITS.post("/{organization}/successor", "单位变更", "organization.define")
async def succeed_organization(
    organization: OrganizationPath, body: SucceedOrganization, write: Writing
) -> Response:
    """From a day on another unit carries on its duties."""
    return await write.decide(
        _UNITS,
        organization,
        body,
        lambda it, at: it.be_succeeded(body.successor, body.closed_on, body.document_no, at),
        on=body.closed_on,
        scope=whole_county,
    )


@_UNITS.post("/{organization}/collective", "登记集体经济组织", "organization.register_collective")
async def register_collective(
    organization: OrganizationPath, body: RegisterCollective, write: Writing
) -> Response:
    """Register the village's collective economic organisation (C3-06); its code is the county's only one."""

    async def register(it: Organization, at: Occasion, work: Work) -> None:
        it.register_collective(body.collective, at)
        if it.pending_events:
            work.claim("collective", body.collective.uscc)

    return await write.carry_out(_UNITS, organization, body, register, on=body.collective.registered_on)


@_UNITS.post("/{organization}/collective/replacement", "变更集体经济组织", "organization.register_collective")
async def replace_collective(
    organization: OrganizationPath, body: ReplaceCollective, write: Writing
) -> Response:
    """Put another collective in the place of the active one, by a document (C3-06)."""

    async def replace(it: Organization, at: Occasion, work: Work) -> None:
        it.replace_collective(body.collective, body.document_no, at)
        if it.pending_events:
            work.claim("collective", body.collective.uscc)

    return await write.carry_out(_UNITS, organization, body, replace, on=body.collective.registered_on)


def _not_ahead(day: date, write: Write) -> date | None:
    """The business date of a fact that may be announced before its day."""
    return day if day <= write.context.today() else None


@_UNITS.post("/{organization}/appointments", "任职", "organization.appoint")
async def appoint_person(organization: OrganizationPath, body: AppointPerson, write: Writing) -> Response:
    """Record an appointment (C5.1-01): a fact."""
    return await write.decide(
        _UNITS,
        organization,
        body,
        lambda it, at: it.appoint(body.position, body.person, body.since, body.document_no, at),
        on=_not_ahead(body.since, write),
    )


@_UNITS.post("/{organization}/appointments/{position}/{person}/ending", "离任", "organization.appoint")
async def end_appointment(
    organization: OrganizationPath,
    position: PositionCode,
    person: PersonPath,
    body: EndAppointment,
    write: Writing,
) -> Response:
    """Record that somebody left a post (C4.3-22): a fact, whatever it leaves open.

    What was in care by that post, or by name in this unit, opens departure cases in the same commit (C4.10-09).
    """

    async def leave_post(it: Organization, at: Occasion, work: Work) -> None:
        it.end_position(position, person, body.until, body.reason, at)
        await handover.open_cases_of_post(
            write.ledgers,
            work,
            at,
            person,
            it,
            position,
            reason=body.kind,
            departs_on=body.until,
            mark=write.mark(),
        )

    return await write.carry_out(_UNITS, organization, body, leave_post, on=_not_ahead(body.until, write))


# ---- persons -------------------------------------------------------------------------------------------------------


class RegisterPerson(Circumstances):
    """A person who can hold posts and answer for assets."""

    person: Code = Field(title="人员编号")
    card: PersonCard = Field(title="人员信息")


@_PERSONS.post("", "人员登记", "person.register")
async def register_person(body: RegisterPerson, write: Writing) -> Response:
    """Enter a person."""

    async def home() -> Resource:
        return place_of(
            await unit_of(write.context, write.county, body.card.organization, "card.organization")
        )

    return await write.create(
        _PERSONS, body, lambda at, _: Person.register(body.person, body.card, at), scope=home
    )


# ---- reading -------------------------------------------------------------------------------------------------------


@get(divisions, "", "区划列表", "division.read", response_model=list_of(DivisionRow))
async def list_divisions(
    read: Reading,
    level: Annotated[Code | None, Query(title="级别")] = None,
    parent: Annotated[Code | None, Query(title="上级区划")] = None,
    on: OnDay = None,
    min_position: MinPosition = 0,
) -> Response:
    """Divisions in order of code; with `on` only those that existed that day."""
    found = await questions.divisions(read, level=level, parent=parent, on=on, min_position=min_position)
    return read.answer(values_shown(found))


@get(divisions, "/{division}", "查询区划", "division.read", response_model=from_log(DivisionView))
async def read_division(division: DivisionPath, read: Reading) -> Response:
    """A division, from the log."""
    return await read.aggregate(Division, division, view_of)


@get(
    organizations,
    "/{organization}",
    "查询单位",
    "organization.read",
    response_model=from_log(OrganizationView),
)
async def read_organization(organization: OrganizationPath, read: Reading) -> Response:
    """A unit with its posts and tenures, from the log."""
    return await read.aggregate(Organization, organization, view_of)


@get(
    organizations,
    "/{organization}/tenures",
    "任职情况",
    "organization.read",
    response_model=list_of(TenureRow),
)
async def list_tenures(
    organization: OrganizationPath,
    read: Reading,
    position: Annotated[Code | None, Query(title="职务")] = None,
    on: OnDay = None,
    min_position: MinPosition = 0,
) -> Response:
    """Who held which post of the unit; with `on` only those in office that day."""
    found = await questions.tenures(read, organization, post=position, on=on, min_position=min_position)
    return read.answer(values_shown(found))


@get(persons, "/{person}", "查询人员", "person.read", response_model=from_log(PersonView))
async def read_person(person: PersonPath, read: Reading) -> Response:
    """A person, from the log."""
    return await read.aggregate(Person, person, view_of)
