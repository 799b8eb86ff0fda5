"""Measures that units have in place, over HTTP: rules, task forces, the asset office, guidance; what they lack."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from domain.bounds import FactDay
from domain.occasion import Occasion
from domain.organization.bookkeeping import AgentEngagement
from domain.organization.duties import GuidanceGiven, TaskForce, TaskForceMember, UnitRule
from domain.organization.organization import Organization
from domain.organization.roll import VillageRoll
from domain.values import Name, OrganizationCode, Text
from service.api.http.paging import MinPosition
from service.api.http.reading import Reading, get, list_of, routes
from service.api.http.writing import Circumstances, Writing
from service.api.organization.organizations import OnDay, OrganizationPath, units_on
from service.commands.commands import Work
from service.commands.recordings import recorded_for
from service.ledgers.parameters import YearNumber
from service.ledgers.questions.compliance import Compliance, compliance_of
from service.ledgers.questions.organization import GuidanceRow, guidance_by
from service.ledgers.tables import value_shown, values_shown

router = routes("/v1/organizations", "organizations 单位")
units = units_on(router)


class AdoptUnitRule(Circumstances):
    """A rule document of the unit."""

    rule: UnitRule = Field(title="管理制度")


class EstablishTaskForce(Circumstances):
    """A task force with its roster."""

    task_force: TaskForce = Field(title="资产管理专班")


class ChangeTaskForceMember(Circumstances):
    """Request body: change a member of a task force."""

    member: TaskForceMember = Field(title="成员")


class NameOfficeMembers(Circumstances):
    """The member departments of the asset office."""

    members: tuple[OrganizationCode, ...] = Field(title="成员单位", min_length=1, max_length=50)
    document_no: Name = Field(title="文号")


class RecordGuidance(Circumstances):
    """Guidance given to another unit."""

    guidance: GuidanceGiven = Field(title="指导记录")


@units.post("/{organization}/rules", "制定管理制度", "organization.keep_duties")
async def adopt_unit_rule(organization: OrganizationPath, body: AdoptUnitRule, write: Writing) -> Response:
    """Record a unit's rule document: of supervision (C4.3-03), of management (C5.3-02), a supporting one (C5.5-01)."""
    return await write.decide(units, organization, body, lambda it, at: it.adopt_rule(body.rule, at))


class EnableIncentivePilot(Circumstances):
    """Request body: enable the incentive pilot by a document."""

    document_no: Name = Field(title="文号")


@units.post("/{organization}/incentive-pilot", "启用小型经营性资产激励试点", "organization.enable_pilot")
async def enable_incentive_pilot(
    organization: OrganizationPath, body: EnableIncentivePilot, write: Writing
) -> Response:
    """Begin the pilot of rewards from small operating assets; only with the unit's own rule on it (C5.5-01)."""
    return await write.decide(
        units, organization, body, lambda it, at: it.enable_incentive_pilot(body.document_no, at)
    )


class RecordRoll(Circumstances):
    """Request body: record how many members and households a village's meetings count."""

    roll: VillageRoll = Field(title="应到人数登记")


@units.post("/{organization}/representatives", "登记村民（成员）代表和成员人数", "organization.record_roll")
async def record_roll(organization: OrganizationPath, body: RecordRoll, write: Writing) -> Response:
    """Record how many representatives, or members and households, may decide in a village (C3-02)."""
    return await write.decide(
        units, organization, body, lambda it, at: it.record_roll(body.roll, at), on=body.roll.since
    )


class AppointBookkeepingAgent(Circumstances):
    """Request body: have a company keep the unit's books."""

    engagement: AgentEngagement = Field(title="代理财务核算")


class DismissBookkeepingAgent(Circumstances):
    """Request body: end the engagement of a bookkeeping agent."""

    agent: OrganizationCode = Field(title="代理记账机构")
    last_day: FactDay = Field(title="代理最后一日")
    reason: Text = Field(title="解聘原因")


@units.post("/{organization}/bookkeeping-agent", "选聘代理记账机构", "organization.appoint_agent")
async def appoint_bookkeeping_agent(
    organization: OrganizationPath, body: AppointBookkeepingAgent, write: Writing
) -> Response:
    """Have a company keep the books, chosen by government procurement: it enters data for the unit and decides nothing (C4.7-04, C4.7-14)."""

    async def appoint(it: Organization, at: Occasion, work: Work) -> None:
        agent = await work.get(Organization, body.engagement.agent)
        it.appoint_bookkeeper(body.engagement, agent.card.kind, at)

    return await write.carry_out(units, organization, body, appoint, on=body.engagement.since)


@units.post("/{organization}/bookkeeping-agent/dismissal", "解聘代理记账机构", "organization.appoint_agent")
async def dismiss_bookkeeping_agent(
    organization: OrganizationPath, body: DismissBookkeepingAgent, write: Writing
) -> Response:
    """End the engagement before its time (C4.7-04): from the day after the last the agent enters nothing any more."""
    return await write.decide(
        units,
        organization,
        body,
        lambda it, at: it.dismiss_bookkeeper(body.agent, body.last_day, body.reason, at),
        on=body.last_day,
    )


class ConfirmRecording(Circumstances):
    """Request body: confirm what another unit recorded for the village."""

    entry: int = Field(
        strict=True, title="代为登记事项的日志位置", ge=1, le=2**53, description="代为登记台账的 position"
    )


@units.post("/{organization}/recording-confirmations", "确认代为登记事项", "organization.confirm_recording")
async def confirm_recording(
    organization: OrganizationPath, body: ConfirmRecording, write: Writing
) -> Response:
    """Confirm, once, what another unit recorded for the village (C4.7-04): its Party secretary, from the own sign-in."""

    async def confirm(it: Organization, at: Occasion, work: Work) -> None:
        recorded = await recorded_for(work, it.id, body.entry)
        it.confirm_recording(body.entry, write.actor.person, recorded.actor.get("person"), at)
        work.claim("recording_confirmation", f"{it.id}/{body.entry}")

    return await write.carry_out(units, organization, body, confirm, unit=organization)


@units.post("/{organization}/task-force", "成立资产管理专班", "organization.keep_duties")
async def establish_task_force(
    organization: OrganizationPath, body: EstablishTaskForce, write: Writing
) -> Response:
    """Record a unit's task force and its roster (C4.3-04)."""
    return await write.decide(
        units, organization, body, lambda it, at: it.establish_task_force(body.task_force, at)
    )


@units.post("/{organization}/task-force/members", "专班成员变动", "organization.keep_duties")
async def change_task_force_member(
    organization: OrganizationPath, body: ChangeTaskForceMember, write: Writing
) -> Response:
    """Record a change of the task force's roster (C4.3-04): a fact."""
    return await write.decide(
        units, organization, body, lambda it, at: it.change_task_force_member(body.member, at)
    )


@units.post("/{organization}/office-members", "明确资产管理办公室成员单位", "organization.name_office")
async def name_office_members(
    organization: OrganizationPath, body: NameOfficeMembers, write: Writing
) -> Response:
    """Name the six member departments of the asset office (C4.3-05)."""
    return await write.decide(
        units, organization, body, lambda it, at: it.name_office_members(body.members, body.document_no, at)
    )


@units.post("/{organization}/guidance", "登记指导记录", "organization.guide")
async def record_guidance(organization: OrganizationPath, body: RecordGuidance, write: Writing) -> Response:
    """Record guidance that the unit gave to another one (C4.3-04, C4.3-20)."""
    given = body.guidance

    async def record(it: Organization, at: Occasion, work: Work) -> None:
        it.record_guidance(given, at)
        work.claim("guidance", f"{it.id}/{given.guidance}")

    return await write.carry_out(
        units, organization, body, record, on=min(given.given_on, write.context.today())
    )


@get(router, "/{organization}/guidance", "指导记录", "organization.read", response_model=list_of(GuidanceRow))
async def list_guidance(
    organization: OrganizationPath,
    read: Reading,
    year: Annotated[YearNumber | None, Query(title="年度")] = None,
    min_position: MinPosition = 0,
) -> Response:
    """Guidance the unit gave, of all years or one (C4.3-20)."""
    return read.answer(values_shown(await guidance_by(read, organization, year, min_position)))


# ---- what is missing -------------------------------------------------------------------------------------------------


@get(router, "/{organization}/compliance", "单位履责检查", "organization.read", response_model=Compliance)
async def read_compliance(
    organization: OrganizationPath, read: Reading, on: OnDay = None, min_position: MinPosition = 0
) -> Response:
    """What the unit must have in place and lacks on a day, by clause (C4.3-03 and further)."""
    return read.answer(value_shown(await compliance_of(read, organization, read.day(on), min_position)))
