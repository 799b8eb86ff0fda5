"""Divisions, units, persons and who holds which post: read from the log, answered for any day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from fastapi import Path, Query, Response
from pydantic import Field

from domain.aggregate import DomainAggregate
from domain.departure.papers import LeavingReason
from domain.occasion import Occasion
from domain.organization.organization import (
    Collective,
    Division,
    DivisionCard,
    Organization,
    OrganizationCard,
)
from domain.organization.person import Person, PersonCard
from domain.refusals import refuse
from domain.values import BusinessDate, Code, Name, Text
from projections.engine.reading import Page
from projections.engine.writing import Connection
from projections.organization import directory
from service.api.http.care import open_cases, units_of_care
from service.api.http.paging import LedgerQuery, MinPosition, Several, answer, page_of
from service.api.http.reading import Reading, from_log, get, list_of, routes
from service.api.http.writing import Circumstances, Writing, post, view_model
from service.commands.authorization import Resource, authorize
from service.commands.commands import CommandContext, Result, Work
from service.ledgers.tables import row_model, rows_shown

divisions = routes("/v1/divisions", "divisions 区划")
organizations = routes("/v1/organizations", "organizations 单位")
persons = routes("/v1/persons", "persons 人员")

DivisionView = view_model(Division)
OrganizationView = view_model(Organization)
PersonView = view_model(Person)

DivisionCode = Annotated[Code, Path(title="区划代码")]
OrganizationCode = Annotated[Code, Path(title="单位编号")]
PersonCode = Annotated[Code, Path(title="人员编号")]
PositionCode = Annotated[Code, Path(title="职务")]
OnDay = Annotated[BusinessDate | None, Query(title="日期", description="不填为当日 / default: today")]


def whole_county(_: object) -> Resource:
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


# ---- divisions -----------------------------------------------------------------------------------------------------


class DefineDivision(Circumstances):
    """A new division."""

    division: Code = Field(title="区划代码", pattern=r"^[0-9]{12}$")
    card: DivisionCard = Field(title="区划信息")


class RecordSuccession(Circumstances):
    """The end of a division or unit in favour of its successor."""

    successor: Code = Field(title="承继者")
    closed_on: BusinessDate = Field(title="变更日期")
    document_no: Name = Field(title="批准文号")


@post(divisions, "", "设立区划", "division.define", DivisionView)
async def define_division(body: DefineDivision, write: Writing) -> Response:
    """Enter an administrative division."""

    async def define(work: Work) -> tuple[Division, Occasion]:
        at = write.occasion(body)
        await work.require_known(Division, {"card.parent": body.card.parent})
        return Division.define(body.division, body.card, at), at

    return await write.create(Resource(divisions=(body.division,)), define, view=view_of)


@post(divisions, "/{division}/successor", "区划变更", "division.define", DivisionView)
async def succeed_division(division: DivisionCode, body: RecordSuccession, write: Writing) -> Response:
    """From a day on another division stands in its place (玉麦乡 → 玉麦镇); old codes stay in the history."""

    async def succeed(it: Division, work: Work) -> Occasion:
        at = write.occasion(body, body.closed_on)
        await work.require_known(Division, {"successor": body.successor})
        it.be_succeeded(body.successor, body.closed_on, body.document_no, at)
        return at

    return await write.on(Division, division, succeed, resource=whole_county, view=view_of)


# ---- organisations -------------------------------------------------------------------------------------------------


class DefineOrganization(Circumstances):
    """A new unit."""

    organization: Code = Field(title="单位编号")
    card: OrganizationCard = Field(title="单位信息")


class RegisterCollective(Circumstances):
    """A village's collective."""

    collective: Collective = Field(title="集体经济组织")


class ReplaceCollective(Circumstances):
    """Another collective in the place of the active one."""

    collective: Collective = Field(title="集体经济组织")
    document_no: Name = Field(title="变更依据文号")


class AppointPerson(Circumstances):
    """A person takes a post."""

    position: Code = Field(title="职务")
    person: Code = Field(title="人员编号")
    since: BusinessDate = Field(title="任职日期")
    document_no: Name = Field(title="任职文号")


class EndAppointment(Circumstances):
    """A person leaves a post."""

    until: BusinessDate = Field(title="离任日期", description="在任最后一日")
    reason: Text = Field(title="离任原因")
    kind: LeavingReason = Field(default="OTHER", title="离任类别")


@post(organizations, "", "设立单位", "organization.define", OrganizationView)
async def define_organization(body: DefineOrganization, write: Writing) -> Response:
    """Enter a unit (C4.3-10)."""

    async def define(work: Work) -> tuple[Organization, Occasion]:
        at = write.occasion(body)
        await work.require_known(Division, {"card.division": body.card.division})
        await work.require_known(Organization, {"card.superior": body.card.superior})
        return Organization.define(body.organization, body.card, at), at

    return await write.create(Resource(organizations=(body.organization,)), define, view=view_of)


@post(organizations, "/{organization}/successor", "单位变更", "organization.define", OrganizationView)
async def succeed_organization(
    organization: OrganizationCode, body: RecordSuccession, write: Writing
) -> Response:
    """From a day on another unit carries on its duties."""

    async def succeed(it: Organization, work: Work) -> Occasion:
        at = write.occasion(body, body.closed_on)
        await work.require_known(Organization, {"successor": body.successor})
        it.be_succeeded(body.successor, body.closed_on, body.document_no, at)
        return at

    return await write.on(Organization, organization, succeed, resource=whole_county, view=view_of)


@post(
    organizations,
    "/{organization}/collective",
    "登记集体经济组织",
    "organization.register_collective",
    OrganizationView,
)
async def register_collective(
    organization: OrganizationCode, body: RegisterCollective, write: Writing
) -> Response:
    """Register the village's collective economic organisation (C3-06); its code is the county's only one."""

    async def register(it: Organization, work: Work) -> Occasion:
        at = write.occasion(body, body.collective.registered_on)
        it.register_collective(body.collective, at)
        if it.pending_events:
            work.claim("collective", body.collective.uscc)
        return at

    return await write.on(Organization, organization, register, resource=place_of, view=view_of)


@post(
    organizations,
    "/{organization}/collective/replacement",
    "变更集体经济组织",
    "organization.register_collective",
    OrganizationView,
)
async def replace_collective(
    organization: OrganizationCode, body: ReplaceCollective, write: Writing
) -> Response:
    """Put another collective in the place of the active one, by a document (C3-06)."""

    async def replace(it: Organization, work: Work) -> Occasion:
        at = write.occasion(body, body.collective.registered_on)
        it.replace_collective(body.collective, body.document_no, at)
        if it.pending_events:
            work.claim("collective", body.collective.uscc)
        return at

    return await write.on(Organization, organization, replace, resource=place_of, view=view_of)


@post(organizations, "/{organization}/appointments", "任职", "organization.appoint", OrganizationView)
async def appoint_person(organization: OrganizationCode, body: AppointPerson, write: Writing) -> Response:
    """Record an appointment (C5.1-01): a fact."""

    async def take_post(it: Organization, work: Work) -> Occasion:
        at = write.occasion(body, body.since if body.since <= write.context.today() else None)
        await work.require_known(Person, {"person": body.person})
        it.appoint(body.position, body.person, body.since, body.document_no, at)
        return at

    return await write.on(Organization, organization, take_post, resource=place_of, view=view_of)


@post(
    organizations,
    "/{organization}/appointments/{position}/{person}/ending",
    "离任",
    "organization.appoint",
    OrganizationView,
)
async def end_appointment(
    organization: OrganizationCode,
    position: PositionCode,
    person: PersonCode,
    body: EndAppointment,
    write: Writing,
) -> Response:
    """Record that somebody left a post (C4.3-22): a fact, whatever it leaves open.

    What was in care by that post, or by name in this unit, opens departure cases in the same commit (C4.10-09).
    """

    async def leave_post(it: Organization, work: Work) -> Occasion:
        at = write.occasion(body, body.until if body.until <= write.context.today() else None)
        it.end_position(position, person, body.until, body.reason, at)
        units = [(unit, kind) for unit, kind in await units_of_care(write, person) if unit == it.id]
        if position not in at.rules.principal_positions:
            units = [one for one in units if one[1] == "MANAGER" and position == "ASSET_MANAGER"]
        await open_cases(
            write,
            work,
            at,
            person,
            units,
            reason=body.kind,
            departs_on=body.until,
            document_no=None,
            mark=write.mark(),
        )
        return at

    return await write.on(Organization, organization, leave_post, resource=place_of, view=view_of)


# ---- persons -------------------------------------------------------------------------------------------------------


class RegisterPerson(Circumstances):
    """A person who can hold posts and answer for assets."""

    person: Code = Field(title="人员编号")
    card: PersonCard = Field(title="人员信息")


@post(persons, "", "人员登记", "person.register", PersonView)
async def register_person(body: RegisterPerson, write: Writing) -> Response:
    """Enter a person."""

    async def register(work: Work) -> Result:
        home = await unit_of(work.context, work.county, body.card.organization, "card.organization")
        authorize(write.actor, write.action, place_of(home))
        at = write.occasion(body)
        person = Person.register(body.person, body.card, at)
        work.add(person)
        work.note(at)
        return Result(person.id, person.version, view_of(person))

    return await write.run(register)


# ---- reading -------------------------------------------------------------------------------------------------------


class OrganizationsQuery(LedgerQuery):
    """Filters of the directory of units."""

    PROJECTION: ClassVar[str] = directory.PROJECTION.name

    kind: Several = Field(default=(), title="单位类型", max_length=10)
    superior: str | None = Field(default=None, title="上级主管单位", max_length=64)

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """Units."""
        return await directory.organization_page(connection, county, **self.filters(), **paging)


OrganizationRow = row_model("OrganizationRow", directory.ORGANIZATION)
DivisionRow = row_model("DivisionRow", directory.DIVISION)
TenureRow = row_model(
    "TenureRow",
    directory.TENURE,
    person_name=(str | None, Field(default=None, title="姓名")),
    organization_name=(str | None, Field(default=None, title="单位名称")),
)


@get(divisions, "", "区划列表", "division.read", response_model=list_of(DivisionRow))
async def list_divisions(
    read: Reading,
    level: Annotated[str | None, Query(title="级别", max_length=64)] = None,
    parent: Annotated[str | None, Query(title="上级区划", max_length=64)] = None,
    on: OnDay = None,
    min_position: MinPosition = 0,
) -> Response:
    """Divisions in order of code; with `on` only those that existed that day."""
    await read.reach(min_position, directory.PROJECTION.name)
    async with read.pool.acquire() as connection:
        rows = await directory.divisions(connection, read.county, level=level, parent=parent, on=on)
    return read.answer(rows_shown(rows))


@get(divisions, "/{division}", "查询区划", "division.read", response_model=from_log(DivisionView))
async def read_division(division: DivisionCode, read: Reading) -> Response:
    """A division, from the log."""
    return await read.aggregate(Division, division, view_of)


@get(organizations, "", "单位列表", "organization.read", response_model=page_of(OrganizationRow))
async def list_organizations(read: Reading, query: Annotated[OrganizationsQuery, Query()]) -> Response:
    """Units, a page at a time."""
    return await answer(read, query)


@get(
    organizations,
    "/{organization}",
    "查询单位",
    "organization.read",
    response_model=from_log(OrganizationView),
)
async def read_organization(organization: OrganizationCode, read: Reading) -> Response:
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
    organization: OrganizationCode,
    read: Reading,
    position: Annotated[str | None, Query(title="职务", max_length=64)] = None,
    on: OnDay = None,
    min_position: MinPosition = 0,
) -> Response:
    """Who held which post of the unit; with `on` only those in office that day."""
    await read.reach(min_position, directory.PROJECTION.name)
    async with read.pool.acquire() as connection:
        rows = await directory.tenures(
            connection, read.county, organization=organization, post=position, on=on
        )
    return read.answer(rows_shown(rows))


@get(persons, "/{person}", "查询人员", "person.read", response_model=from_log(PersonView))
async def read_person(person: PersonCode, read: Reading) -> Response:
    """A person, from the log."""
    return await read.aggregate(Person, person, view_of)
