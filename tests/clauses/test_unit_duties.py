"""What units must have in place, and the organisations of the county (四(三))."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.organization.duties import GuidanceGiven, TaskForce, TaskForceMember, UnitRule, office_members
from domain.organization.organization import Organization, OrganizationCard
from tests.domain.saying import nothing, recorded, refused, warned
from tests.examples import MANAGER, SUCCESSOR, TOWNSHIP, VILLAGE, occasion, organization, regulation, settled


def unit(kind: Any = "TOWNSHIP", code: str = TOWNSHIP) -> Organization:
    place = code if kind == "VILLAGE" else None
    card = OrganizationCard(name="某单位", kind=kind, division=place, valid_from=date(2013, 1, 1))
    return settled(Organization.define(code, card, occasion()))


def rule(topic: str = "OWNERSHIP", **changes: Any) -> UnitRule:
    given: dict[str, Any] = {
        "topic": topic,
        "title": "扶贫资产管理办法",
        "document_no": f"乡政发〔2021〕{topic}",
        "effective_from": date(2021, 8, 1),
    }
    return UnitRule(**(given | changes))


def member(person: str = MANAGER, **changes: Any) -> TaskForceMember:
    given: dict[str, Any] = {"person": person, "role": "组长", "since": date(2021, 8, 1)}
    return TaskForceMember(**(given | changes))


def task_force(*members: TaskForceMember, **changes: Any) -> TaskForce:
    given: dict[str, Any] = {
        "document_no": "乡政发〔2021〕30号",
        "established_on": date(2021, 8, 1),
        "members": members or (member(),),
    }
    return TaskForce(**(given | changes))


@pytest.mark.clause("C4.3-03")
def test_a_unit_adopts_rules_on_the_six_topics() -> None:
    """Keeps a unit's own rule documents on six topics, each with the day from which it is in force."""
    one = unit()
    topics = occasion().rules.codes("SUPERVISION_RULE")
    assert topics == {"OWNERSHIP", "USE", "OPERATION", "MAINTENANCE", "INCOME", "DISPOSAL"}
    one.adopt_rule(rule(), occasion())
    assert recorded(one, Organization.RuleAdopted).rule == rule()
    one.adopt_rule(rule(), occasion())
    nothing(one)
    newer = rule(document_no="乡政发〔2022〕2号")
    one.adopt_rule(newer, occasion())
    assert one.unit_rules == {"OWNERSHIP": newer}
    for blank in (None, "", " "):
        with refused("EFFECTIVE_DATE_REQUIRED", missing=["effectiveFrom"]):
            one.adopt_rule(rule("USE", effective_from=blank), occasion())
    with refused("CODE_UNKNOWN"):
        one.adopt_rule(rule("HOLIDAYS"), occasion())
    with refused("ORG_TYPE_NOT_ALLOWED"):
        unit("COMPANY", "COOP-1").adopt_rule(rule(), occasion())


@pytest.mark.clause("C4.3-04")
def test_a_unit_establishes_a_task_force_and_changes_its_roster() -> None:
    """Keeps the task force of a unit with its roster, and reports one that nobody is left in."""
    one = unit()
    with refused("NOT_FOUND", one):
        one.change_task_force_member(member(), occasion())
    one.establish_task_force(task_force(), occasion())
    assert recorded(one, Organization.TaskForceEstablished).task_force == task_force()
    one.establish_task_force(task_force(), occasion())
    nothing(one)
    one.change_task_force_member(member(SUCCESSOR, role="成员"), occasion())
    event = recorded(one, Organization.TaskForceMemberChanged)
    assert (event.member.person, event.basis.warnings) == (SUCCESSOR, ())
    one.change_task_force_member(member(SUCCESSOR, role="成员"), occasion())
    nothing(one)
    one.change_task_force_member(member(until=date(2022, 1, 31)), occasion())
    one.collect_events()
    one.change_task_force_member(member(SUCCESSOR, role="成员", until=date(2022, 1, 31)), occasion())
    event = recorded(one, Organization.TaskForceMemberChanged)
    assert warned(event, "TASK_FORCE_MISSING") == {"organization": TOWNSHIP}
    assert one.task_force is not None
    assert one.task_force.staffed(date(2022, 1, 31))
    assert not one.task_force.staffed(date(2022, 2, 1))


@pytest.mark.clause("C4.3-04")
def test_a_roster_is_in_order() -> None:
    """Refuses a task force or a term that lies ahead, or a term that ends before it begins."""
    with refused("DATE_IN_FUTURE"):
        unit().establish_task_force(task_force(established_on=date(2031, 1, 1)), occasion())
    with refused("DATE_IN_FUTURE"):
        unit().establish_task_force(task_force(member(since=date(2031, 1, 1))), occasion())
    with refused("DATE_ORDER"):
        unit().establish_task_force(task_force(member(until=date(2021, 7, 31))), occasion())


@pytest.mark.clause("C4.3-05")
def test_the_asset_office_has_its_six_members() -> None:
    """Takes the asset office with its six member departments only."""
    six = ("FINANCE", "RURAL_REVITALIZATION", "DRC", "ETHNIC_AFFAIRS", "AGRICULTURE", "AUDIT")
    assert sorted(office_members(occasion().rules)) == sorted(six)
    office = unit("ASSET_OFFICE", "ASSET_OFFICE")
    office.name_office_members(six, "陶政办发〔2021〕16号", occasion())
    assert recorded(office, Organization.OfficeMembersNamed).members == tuple(sorted(six))
    office.name_office_members(six[::-1], "陶政办发〔2021〕16号", occasion())
    nothing(office)
    with refused("OFFICE_MEMBER_MISSING", office, missing=["AUDIT"]):
        office.name_office_members(six[:-1], "陶政办发〔2021〕16号", occasion())
    for strange in ((*six, "WATER"), (*six, "AUDIT")):
        with refused("FIELD_INVALID", office):
            office.name_office_members(strange, "陶政办发〔2021〕16号", occasion())
    with refused("FIELD_INVALID"):
        unit().name_office_members(six, "陶政办发〔2021〕16号", occasion())


@pytest.mark.clause("C4.3-10")
def test_the_regulation_names_twenty_one_organisations_once() -> None:
    """Founds the county with the seventeen sector departments, finance, rural revitalisation, audit and the farm centre."""
    named = regulation().on(date(2021, 10, 1)).organizations()
    sectors = {row.code for row in named if row.sector}
    assert len(sectors) == 17
    bound = [row.code for row in named if row.kind in {"DEPARTMENT", "FARM_CENTER"}]
    assert len(bound) == len(set(bound)) == 21
    assert set(bound) - sectors == {"FINANCE", "RURAL_REVITALIZATION", "AUDIT", "FARM_CENTER"}
    assert len({row.zh for row in named}) == len(named)


@pytest.mark.clause("C4.3-20", "C4.3-04")
def test_guidance_is_recorded() -> None:
    """Records what guidance a department gave to which unit, and when."""
    department = unit("DEPARTMENT", "WATER")
    given = GuidanceGiven(
        guidance="G-1",
        guided=TOWNSHIP,
        topic="水利设施登记入账",
        given_on=date(2021, 9, 1),
        follow_up="月底前补齐",
    )
    department.record_guidance(given, occasion())
    assert recorded(department, Organization.GuidanceRecorded).guidance == given
    with refused("SAME_PARTY", department):
        department.record_guidance(given.model_copy(update={"guided": "WATER"}), occasion())
    with refused("DATE_IN_FUTURE", department):
        department.record_guidance(given.model_copy(update={"given_on": date(2031, 1, 1)}), occasion())


@pytest.mark.clause("C4.3-22")
def test_the_last_manager_s_end_is_recorded_and_reported() -> None:
    """Records the end of a village's last asset manager as a fact and reports that one is required."""
    village = organization()
    village.appoint("ASSET_MANAGER", MANAGER, date(2020, 1, 1), "任1号", occasion())
    village.appoint("ASSET_MANAGER", SUCCESSOR, date(2021, 1, 1), "任2号", occasion())
    village.collect_events()
    village.end_position("ASSET_MANAGER", MANAGER, date(2021, 3, 31), "调任", occasion())
    assert recorded(village, Organization.PositionEnded).basis.warnings == ()
    village.end_position("ASSET_MANAGER", SUCCESSOR, date(2021, 6, 30), "调任", occasion())
    event = recorded(village, Organization.PositionEnded)
    assert warned(event, "MANAGER_REQUIRED") == {"village": VILLAGE}
    township = unit()
    township.appoint("ASSET_MANAGER", MANAGER, date(2020, 1, 1), "任1号", occasion())
    township.collect_events()
    township.end_position("ASSET_MANAGER", MANAGER, date(2021, 3, 31), "调任", occasion())
    assert recorded(township, Organization.PositionEnded).basis.warnings == ()
