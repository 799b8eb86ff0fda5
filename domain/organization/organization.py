"""Organisations (单位), with validity, successors, posts and who held them when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay, NotBefore
from domain.classification import PERSONAL_OF_LEAVER
from domain.order import there
from domain.organization.bookkeeping import AgentEngagement, check_engagement
from domain.organization.duties import (
    ASSET_MANAGER,
    INCENTIVE,
    GuidanceGiven,
    TaskForce,
    TaskForceMember,
    UnitRule,
    check_office,
    check_unit_rule,
    must_keep_ledgers,
)
from domain.organization.roll import VillageRoll
from domain.organization.succession import ClosingDay, to_be_succeeded
from domain.refusals import refuse
from domain.values import BusinessDate, Code, DivisionCode, Name, OrganizationCode, Text, Uscc, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion


TenureStart = FactDay
"""A person took a post. Units are entered with a day of their own, which may be later than what is known of their posts."""

TenureEnd = Annotated[FactDay, NotBefore("its.open_tenures[position, person].since", clause="C5.1-01")]
"""The last day in a post: not before the first."""


OrganizationKind = Literal[
    "COUNTY_GOV",
    "LEADING_GROUP",
    "ASSET_OFFICE",
    "BODY",
    "DEPARTMENT",
    "TOWNSHIP",
    "FARM",
    "VILLAGE",
    "COMPANY",
]
"""What sort of unit it is; BODY: an organ of the county that keeps no ledger of assets, e.g. 纪检."""


class OrganizationCard(Value):
    """A unit that owns, keeps, supervises or approves. `superior` is the unit that supervises its handovers."""

    name: Name = Field(title="单位名称")
    kind: OrganizationKind = Field(title="单位类型")
    division: DivisionCode | None = Field(default=None, title="所在区划")
    superior: OrganizationCode | None = Field(default=None, title="上级主管单位")
    valid_from: FactDay = Field(title="生效日期")


class Tenure(Value):
    """One person in one post, from a day to a day inclusive (None: still there)."""

    position: Code = Field(title="职务")
    person: Code = Field(title="人员")
    since: BusinessDate = Field(title="任职日期")
    until: BusinessDate | None = Field(default=None, title="离任日期（含当日）")

    def covers(self, day: date) -> bool:
        """Whether the person held the post on that day."""
        return self.since <= day and (self.until is None or day <= self.until)


class Collective(Value):
    """A village's registered collective economic organisation, from a day to a day inclusive (C3-06)."""

    uscc: Uscc = Field(title="统一社会信用代码", description="以 N 开头")
    name: Name = Field(title="集体经济组织名称")
    registered_on: Annotated[FactDay, NotBefore("its.collective.registered_on", clause="C3-06")] = Field(
        title="登记日期"
    )
    replaced_on: BusinessDate | None = Field(default=None, title="变更日期")


class Organization(DomainAggregate):
    """A unit with its posts and tenures."""

    TOPIC: ClassVar[str] = "organization"
    KIND: ClassVar[str] = "organization"

    card: Annotated[OrganizationCard, Field(title="单位登记内容")]
    tenures: Annotated[tuple[Tenure, ...], Field(title="任职情况")]
    unit_rules: Annotated[dict[str, UnitRule], Field(title="监督管理制度")]
    incentive_pilot_since: Annotated[date | None, Field(title="启用激励试点日期")]
    task_force: Annotated[TaskForce | None, Field(title="资产管理专班")]
    office_members: Annotated[tuple[str, ...], Field(title="资产管理办公室成员单位")]
    collectives: Annotated[tuple[Collective, ...], Field(title="集体经济组织")]
    rolls: Annotated[tuple[VillageRoll, ...], Field(title="应到人数登记")]
    bookkeepers: Annotated[dict[str, AgentEngagement], Field(title="代理财务核算")]
    successor: Annotated[str | None, Field(title="继任单位")]
    closed_on: Annotated[date | None, Field(title="撤销日期")]

    @property
    def ended_on(self) -> date | None:
        """The day from which another unit carries on its duties."""
        return self.closed_on

    @property
    def follower(self) -> str | None:
        """The unit that carries on its duties."""
        return self.successor

    def exists_on(self, day: date) -> bool:
        """From the day it was entered with until another unit carries on its duties."""
        return self.card.valid_from <= day and super().exists_on(day)

    class Event(DomainAggregate.Event):
        """Root of the organisation's events."""

    class Defined(Event, CreatedEvent):
        """The unit exists from its valid_from on."""

        TOPIC: ClassVar[str] = "organization.defined"
        TITLE: ClassVar[str] = "设立单位"
        card: OrganizationCard = Field(title="单位登记内容")

    @classmethod
    def define(
        cls, code: str, card: OrganizationCard, at: Occasion, *, office: str | None = None
    ) -> Organization:
        """Enter a unit (C4.3-05, C4.3-10). `office`: the county's asset office of that day, of which there is one.

        Refused: FIELD_INVALID for a village whose code is not that of its division; ALREADY_EXISTS for a second asset office.
        """
        at.cite("C4.3-10")
        if card.kind == "VILLAGE" and card.division != code:
            raise refuse("FIELD_INVALID", clause="C4.3-10", field="organization", value=code)
        if card.kind == "ASSET_OFFICE" and office is not None:
            raise refuse("ALREADY_EXISTS", what=office)
        return cls.begin(cls.Defined, code, at, card=card)

    @event(Defined)
    def __init__(self, card: OrganizationCard) -> None:
        self.card = card
        self.tenures = ()
        self.unit_rules = {}
        self.incentive_pilot_since = None
        self.task_force = None
        self.office_members = ()
        self.collectives = ()
        self.rolls = ()
        self.bookkeepers = {}
        self.successor = None
        self.closed_on = None

    class Succeeded(Event):
        """From a day on another unit carries on its duties."""

        TOPIC: ClassVar[str] = "organization.succeeded"
        TITLE: ClassVar[str] = "单位变更"
        successor: Code = Field(title="继任单位")
        closed_on: ClosingDay = Field(title="撤销日期")
        document_no: Name = Field(title="变更依据文号")

    def be_succeeded(self, successor: str, closed_on: date, document_no: str, at: Occasion) -> None:
        """Close this unit in favour of its successor.

        Refused: SAME_PARTY when it would succeed itself, STEP_OUT_OF_ORDER when another one has.
        """
        if to_be_succeeded(self, successor, closed_on, "organizationSuccession"):
            self.record(self.Succeeded, at, successor=successor, closed_on=closed_on, document_no=document_no)

    @event(Succeeded)
    def _succeeded(self, successor: Code, closed_on: BusinessDate) -> None:
        self.successor = successor
        self.closed_on = closed_on

    class PositionAppointed(Event):
        """A person took a post."""

        TOPIC: ClassVar[str] = "organization.position_appointed"
        TITLE: ClassVar[str] = "任职"
        position: Code = Field(title="职务")
        person: Code = Field(title="任职人")
        since: TenureStart = Field(title="任职起始日期")
        document_no: Name = Field(title="任职文号")

    def appoint(self, position: str, person: str, since: date, document_no: str, at: Occasion) -> None:
        """Record an appointment: a fact (C5.1-01). One principal leader at a time (TENURE_OVERLAP)."""
        at.cite("C5.1-01")
        alone = position in at.rules.single_holder_positions
        for one in self.tenures:
            if one.position != position or (one.until is not None and one.until < since):
                continue
            if one.person == person and one.covers(since):
                return
            if alone or one.person == person:
                at.refuse("TENURE_OVERLAP", position=position, person=one.person)
        self.record(
            self.PositionAppointed, at, position=position, person=person, since=since, document_no=document_no
        )

    @event(PositionAppointed)
    def _position_appointed(self, position: Code, person: Code, since: BusinessDate) -> None:
        self.tenures = (*self.tenures, Tenure(position=position, person=person, since=since))

    class PositionEnded(Event):
        """A person left a post. `until` is the last day in it."""

        TOPIC: ClassVar[str] = "organization.position_ended"
        TITLE: ClassVar[str] = "离任"
        FACT: ClassVar[bool] = True
        AFTER_END: ClassVar[bool] = True
        position: Code = Field(title="职务")
        person: Code = Field(title="任职人")
        until: TenureEnd = Field(title="任职截止日期")
        reason: Annotated[Text, PERSONAL_OF_LEAVER] = Field(title="免职原因")

    def end_position(self, position: str, person: str, until: date, reason: str, at: Occasion) -> None:
        """Record the end of a tenure: a fact, never refused for what it leaves open (C4.3-22, C5.1-01).

        Refused: NOT_FOUND.
        """
        at.cite("C5.1-01")
        if (position, person, until) in {(one.position, one.person, one.until) for one in self.tenures}:
            return
        current = [
            one for one in self.tenures if (one.position, one.person, one.until) == (position, person, None)
        ]
        if not current:
            raise refuse("NOT_FOUND", what=f"{position}/{person}")
        if position in at.rules.principal_positions:
            at.warn("PRINCIPAL_VACANT", organization=self.id)
        if position == ASSET_MANAGER and self.card.kind == "VILLAGE":
            at.cite("C4.3-22")
            if not set(self.holders(ASSET_MANAGER, until + timedelta(days=1))) - {person}:
                at.warn("MANAGER_REQUIRED", village=self.id)
        self.record(self.PositionEnded, at, position=position, person=person, until=until, reason=reason)

    @event(PositionEnded)
    def _position_ended(self, position: Code, person: Code, until: BusinessDate) -> None:
        _ = self.open_tenures[position, person]  # waits for the appointment
        self.tenures = tuple(
            one.model_copy(update={"until": until})
            if (one.position, one.person, one.until) == (position, person, None)
            else one
            for one in self.tenures
        )

    @property
    def open_tenures(self) -> dict[tuple[str, str], Tenure]:
        """Tenures without an end, by post and person."""
        return {(one.position, one.person): one for one in self.tenures if one.until is None}

    def holders(self, position: str, day: date) -> list[str]:
        """Who held a post on a day."""
        return [one.person for one in self.tenures if one.position == position and one.covers(day)]

    # ---- duties (四(三)) -----------------------------------------------------------------------------------------

    class RuleAdopted(Event):
        """The unit has a rule of its own on one topic of supervision or management, or a supporting one."""

        TOPIC: ClassVar[str] = "organization.rule_adopted"
        TITLE: ClassVar[str] = "制定监督管理制度"
        rule: UnitRule = Field(title="监督管理制度内容")

    def adopt_rule(self, rule: UnitRule, at: Occasion) -> None:
        """Record a unit's rule document (C4.3-03, C5.3-02, C5.5-01). A newer one on the same topic takes its place.

        Refused: ORG_TYPE_NOT_ALLOWED, CODE_UNKNOWN, EFFECTIVE_DATE_REQUIRED.
        """
        must_keep_ledgers(self.card.kind, at)
        check_unit_rule(rule, at)
        if self.unit_rules.get(rule.place) != rule:
            self.record(self.RuleAdopted, at, rule=rule)

    @event(RuleAdopted)
    def _rule_adopted(self, rule: UnitRule) -> None:
        self.unit_rules = {**self.unit_rules, rule.place: rule}

    class IncentivePilotEnabled(Event):
        """The unit tries out rewards from the income of small operating assets."""

        TOPIC: ClassVar[str] = "organization.incentive_pilot_enabled"
        TITLE: ClassVar[str] = "启用小型经营性资产激励试点"
        document_no: Name = Field(title="试点依据文号")

    def enable_incentive_pilot(self, document_no: str, at: Occasion) -> None:
        """Begin the pilot: SUPPORTING_RULE_REQUIRED without the unit's own rule on it in force that day (C5.5-01).

        Refused also: ORG_TYPE_NOT_ALLOWED.
        """
        at.cite("C5.5-01")
        must_keep_ledgers(self.card.kind, at)
        if self.incentive_pilot_since is not None:
            return
        rule = self.unit_rules.get(INCENTIVE)
        begun = rule is not None and rule.effective_from is not None and rule.effective_from <= at.on
        topic = INCENTIVE.partition("/")[2]
        at.require(begun, "SUPPORTING_RULE_REQUIRED", kind=topic, missing=[topic])
        self.record(self.IncentivePilotEnabled, at, document_no=document_no)

    @event(IncentivePilotEnabled)
    def _incentive_pilot_enabled(self, occurred_on: date) -> None:
        self.incentive_pilot_since = occurred_on

    class TaskForceEstablished(Event):
        """The unit has an asset management task force."""

        TOPIC: ClassVar[str] = "organization.task_force_established"
        TITLE: ClassVar[str] = "成立资产管理专班"
        task_force: TaskForce = Field(title="资产管理专班")

    def establish_task_force(self, task_force: TaskForce, at: Occasion) -> None:
        """Record the task force and its roster (C4.3-04); established anew, it replaces the one before."""
        at.cite("C4.3-04")
        if self.task_force != task_force:
            self.record(self.TaskForceEstablished, at, task_force=task_force)

    @event(TaskForceEstablished)
    def _task_force_established(self, task_force: TaskForce) -> None:
        self.task_force = task_force

    class TaskForceMemberChanged(Event):
        """Somebody joined the task force, left it, or does something else in it."""

        TOPIC: ClassVar[str] = "organization.task_force_member_changed"
        TITLE: ClassVar[str] = "专班成员变动"
        FACT: ClassVar[bool] = True
        member: TaskForceMember = Field(title="专班成员")

    def change_task_force_member(self, member: TaskForceMember, at: Occasion) -> None:
        """Record a change of the roster (C4.3-04): a fact. A task force nobody is left in is TASK_FORCE_MISSING.

        Refused: NOT_FOUND.
        """
        at.cite("C4.3-04")
        if self.task_force is None:
            raise refuse("NOT_FOUND", what=f"{self.id} 资产管理专班")
        if member in self.task_force.members:
            return
        if not self.task_force.with_member(member).staffed(at.today):
            at.warn("TASK_FORCE_MISSING", organization=self.id)
        self.record(self.TaskForceMemberChanged, at, member=member)

    @event(TaskForceMemberChanged)
    def _task_force_member_changed(self, member: TaskForceMember) -> None:
        self.task_force = there(self.task_force).with_member(member)

    class OfficeMembersNamed(Event):
        """The asset office is made up of these departments."""

        TOPIC: ClassVar[str] = "organization.office_members_named"
        TITLE: ClassVar[str] = "明确资产管理办公室成员单位"
        members: tuple[Code, ...] = Field(title="资产管理办公室成员单位")
        document_no: Name = Field(title="组成依据文号")

    def name_office_members(self, members: tuple[str, ...], document_no: str, at: Occasion) -> None:
        """Name the member departments of the asset office: the six of the regulation (C4.3-05).

        Refused: FIELD_INVALID, OFFICE_MEMBER_MISSING.
        """
        if self.card.kind != "ASSET_OFFICE":
            raise refuse("FIELD_INVALID", clause="C4.3-05", field="organization", value=self.id)
        check_office(members, at)
        if tuple(sorted(members)) != self.office_members:
            members = tuple(sorted(members))
            self.record(self.OfficeMembersNamed, at, members=members, document_no=document_no)

    @event(OfficeMembersNamed)
    def _office_members_named(self, members: tuple[Code, ...]) -> None:
        self.office_members = members

    class GuidanceRecorded(Event):
        """The unit guided another one in managing its assets."""

        TOPIC: ClassVar[str] = "organization.guidance_recorded"
        TITLE: ClassVar[str] = "指导记录"
        FACT: ClassVar[bool] = True
        guidance: GuidanceGiven = Field(title="管理指导记录")

    def record_guidance(self, guidance: GuidanceGiven, at: Occasion) -> None:
        """Record guidance given to another unit (C4.3-04, C4.3-20): a fact. Refused: SAME_PARTY."""
        at.cite("C4.3-20", "C4.3-04")
        if guidance.guided == self.id:
            raise refuse("SAME_PARTY", clause="C4.3-20", party=self.id)
        self.record(self.GuidanceRecorded, at, guidance=guidance)

    @event(GuidanceRecorded)
    def _guidance_recorded(self) -> None:
        """Counted in the ledger of units' duties; no decision of the unit rests on it."""

    class RecordingConfirmed(Event):
        """The village stands by what another unit recorded for it."""

        TOPIC: ClassVar[str] = "organization.recording_confirmed"
        TITLE: ClassVar[str] = "确认代为登记事项"
        entry: int = Field(title="代为登记事项的日志位置", ge=1)
        secretary: Code = Field(title="确认的村党支部书记")

    def confirm_recording(
        self, entry: int, secretary: str | None, recorded_by: str | None, at: Occasion
    ) -> None:
        """Confirm what another unit recorded for this village: by its Party secretary, who is not who recorded it (C4.7-04).

        Refused: CONFIRMER_NOT_SECRETARY for whoever is not the secretary on that day, a key of the village too; SAME_PERSON.
        """
        at.cite("C4.7-04")
        leading = {one for post in at.rules.principal_positions for one in self.holders(post, at.on)}
        if self.card.kind != "VILLAGE" or secretary is None or secretary not in leading:
            raise refuse("CONFIRMER_NOT_SECRETARY", village=self.id)
        if secretary == recorded_by:
            raise refuse("SAME_PERSON", person=secretary)
        self.record(self.RecordingConfirmed, at, entry=entry, secretary=secretary)

    @event(RecordingConfirmed)
    def _recording_confirmed(self) -> None:
        """Counted in the ledger of what was recorded on behalf; no decision of the unit rests on it."""

    class RepresentativesElected(Event):
        """A village has elected its representatives: so many, for so long."""

        TOPIC: ClassVar[str] = "organization.representatives_elected"
        TITLE: ClassVar[str] = "村民（成员）代表选举"
        FACT: ClassVar[bool] = True
        roll: VillageRoll = Field(title="应到人数登记")

    class MembersCounted(Event):
        """A village's members and households, by its register."""

        TOPIC: ClassVar[str] = "organization.members_counted"
        TITLE: ClassVar[str] = "村民（成员）名册"
        FACT: ClassVar[bool] = True
        roll: VillageRoll = Field(title="应到人数登记")

    def record_roll(self, roll: VillageRoll, at: Occasion) -> None:
        """Record who may decide in a village (C3-02): a newer one takes the place of the one before from its first day on.

        ROLL_OF_VILLAGES_ONLY for a unit that is no village, and the codes of `VillageRoll.check`.

        Refused also: FIELD_REQUIRED, FIELD_INVALID.
        """
        at.cite("C3-02")
        if self.card.kind != "VILLAGE":
            raise at.refusal("ROLL_OF_VILLAGES_ONLY", kind=self.card.kind)
        roll.check()
        if roll in self.rolls:
            return
        elected = roll.body == "REPRESENTATIVES"
        self.record(self.RepresentativesElected if elected else self.MembersCounted, at, roll=roll)

    @event(RepresentativesElected)
    def _representatives_elected(self, roll: VillageRoll) -> None:
        self.rolls = (*self.rolls, roll)

    @event(MembersCounted)
    def _members_counted(self, roll: VillageRoll) -> None:
        self.rolls = (*self.rolls, roll)

    class BookkeepingAgentAppointed(Event):
        """A company keeps the unit's books from a day on."""

        TOPIC: ClassVar[str] = "organization.bookkeeping_agent_appointed"
        TITLE: ClassVar[str] = "选聘代理记账机构"
        engagement: AgentEngagement = Field(title="代理财务核算")

    def appoint_bookkeeper(self, engagement: AgentEngagement, agent_kind: str, at: Occasion) -> None:
        """Have a company keep the books, one at a time; its rights are those of who enters data (C4.7-04, C4.7-14).

        Refused: AGENT_PRINCIPAL_NOT_ALLOWED, PROCUREMENT_REQUIRED, FIELD_INVALID; ALREADY_EXISTS while another keeps them.
        """
        if self.bookkeepers.get(engagement.agent) == engagement:
            return
        check_engagement(engagement, principal=self.id, kind=self.card.kind, agent_kind=agent_kind, at=at)
        for known in self.bookkeepers.values():
            if known.since <= engagement.until and engagement.since <= known.until:
                raise refuse("ALREADY_EXISTS", clause="C4.7-04", what=known.agent)
        self.record(self.BookkeepingAgentAppointed, at, engagement=engagement)

    @event(BookkeepingAgentAppointed)
    def _bookkeeping_agent_appointed(self, engagement: AgentEngagement) -> None:
        self.bookkeepers = {**self.bookkeepers, engagement.agent: engagement}

    class BookkeepingAgentDismissed(Event):
        """The company keeps the books no more: its last day."""

        TOPIC: ClassVar[str] = "organization.bookkeeping_agent_dismissed"
        TITLE: ClassVar[str] = "解聘代理记账机构"
        agent: OrganizationCode = Field(title="代理记账机构")
        last_day: Annotated[FactDay, NotBefore("its.bookkeepers[agent].since", clause="C4.7-04")] = Field(
            title="代理最后一日"
        )
        reason: Text = Field(title="解聘原因")

    def dismiss_bookkeeper(self, agent: str, last_day: date, reason: str, at: Occasion) -> None:
        """End an engagement before its time (C4.7-04). Refused: NOT_FOUND; STEP_OUT_OF_ORDER when it is over by then."""
        at.cite("C4.7-04")
        known = self.bookkeepers.get(agent)
        if known is None:
            raise refuse("NOT_FOUND", what=agent)
        if known.until <= last_day:
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.7-04", step="bookkeepingAgent", state="ENDED")
        self.record(self.BookkeepingAgentDismissed, at, agent=agent, last_day=last_day, reason=reason)

    @event(BookkeepingAgentDismissed)
    def _bookkeeping_agent_dismissed(self, agent: Code, last_day: BusinessDate) -> None:
        ended = self.bookkeepers[agent].model_copy(update={"until": last_day})
        self.bookkeepers = {**self.bookkeepers, agent: ended}

    def keeps_books(self, agent: str, day: date) -> bool:
        """Whether a unit is its bookkeeping agent on a day."""
        known = self.bookkeepers.get(agent)
        return known is not None and known.covers(day)

    class CollectiveRegistered(Event):
        """The village's collective economic organisation was registered: it owns what the village owns."""

        TOPIC: ClassVar[str] = "organization.collective_registered"
        TITLE: ClassVar[str] = "登记集体经济组织"
        collective: Collective = Field(title="集体经济组织内容")

    def register_collective(self, collective: Collective, at: Occasion) -> None:
        """Register the village's collective (C3-06). OWNER_TYPE_NOT_ALLOWED, COLLECTIVE_DUPLICATE beside an active
        one.
        """
        at.cite("C3-06")
        fresh = self._checked(collective)
        active = self.collective
        if active == fresh:
            return
        if active is not None:
            raise refuse("COLLECTIVE_DUPLICATE", existing=active.uscc)
        self.record(self.CollectiveRegistered, at, collective=fresh)

    @event(CollectiveRegistered)
    def _collective_registered(self, collective: Collective) -> None:
        self.collectives = (*self.collectives, collective)

    class CollectiveReplaced(Event):
        """Another collective took the place of the village's former one; its day is the new one's first."""

        TOPIC: ClassVar[str] = "organization.collective_replaced"
        TITLE: ClassVar[str] = "变更集体经济组织"
        collective: Collective = Field(title="集体经济组织内容")
        former: Code = Field(title="原统一社会信用代码")
        document_no: Name = Field(title="变更依据文号")

    def replace_collective(self, collective: Collective, document_no: str, at: Occasion) -> None:
        """Put another collective in the place of the active one (C3-06). NOT_FOUND without one.

        Refused also: OWNER_TYPE_NOT_ALLOWED, COLLECTIVE_DUPLICATE.
        """
        at.cite("C3-06")
        fresh = self._checked(collective)
        active = self.collective
        if active is None:
            raise refuse("NOT_FOUND", what=f"{self.id}/collective")
        if active == fresh:
            return
        if active.uscc == fresh.uscc:
            raise refuse("COLLECTIVE_DUPLICATE", existing=active.uscc)
        self.record(
            self.CollectiveReplaced, at, collective=fresh, former=active.uscc, document_no=document_no
        )

    @event(CollectiveReplaced)
    def _collective_replaced(self, collective: Collective, former: Code) -> None:
        _ = {one.uscc: one for one in self.collectives}[former]  # waits for it
        ended = {"replaced_on": collective.registered_on}
        self.collectives = (
            *(one.model_copy(update=ended) if one.uscc == former else one for one in self.collectives),
            collective,
        )

    def _checked(self, collective: Collective) -> Collective:
        if self.card.kind != "VILLAGE":
            raise refuse("OWNER_TYPE_NOT_ALLOWED", kind=self.card.kind)
        return collective.model_copy(update={"replaced_on": None})

    @property
    def collective(self) -> Collective | None:
        """The active collective."""
        return next((one for one in self.collectives if one.replaced_on is None), None)

    def collective_on(self, day: date) -> Collective | None:
        """The collective of a day; the day of a replacement is the new one's."""
        for one in self.collectives:
            if one.registered_on <= day and (one.replaced_on is None or day < one.replaced_on):
                return one
        return None
