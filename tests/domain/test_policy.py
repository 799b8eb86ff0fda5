"""The county's policy in the log: versions one after another, parameters from today on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain.policy import ActivatedVersion, HistoryCutOver, Policy, RequestedParameterChange, versions_of
from tests.domain.saying import nothing, recorded, refused
from tests.examples import COUNTY, TODAY, occasion, regulation

IDLE = {"idleDays": 365, "yieldBelowBasisPoints": 300, "lossYears": 1}


def adopted() -> Policy:
    policy = Policy.adopt(COUNTY, versions_of(regulation()), occasion())
    policy.collect_events()
    return policy


def wanted(parameter: str = "P13", value: Any = IDLE, begins: date = TODAY) -> RequestedParameterChange:
    return RequestedParameterChange(
        parameter=parameter, value=value, document="陶政办发〔2023〕7号", effective_from=begins
    )


def test_a_county_adopts_the_versions_of_its_data() -> None:
    policy = Policy.adopt(COUNTY, versions_of(regulation()), occasion())
    event = recorded(policy, Policy.Adopted)
    assert [(one.number, one.in_force_from) for one in event.versions] == [
        (1, date(2021, 6, 17)),
        (2, date(2025, 5, 1)),
    ]
    assert event.basis.clauses == ("C0-02",)
    assert policy.amend(regulation()) is regulation()


def version(number: int, begins: date) -> ActivatedVersion:
    return ActivatedVersion(
        number=number, document_no="陶政办发〔2027〕1号", title="修订", in_force_from=begins, digest="ab" * 32
    )


def test_a_later_version_is_activated_after_the_newest() -> None:
    policy = adopted()
    policy.activate(version(3, date(2027, 1, 1)), occasion())
    assert recorded(policy, Policy.VersionActivated).version.number == 3
    assert not policy.is_known_to(regulation())
    assert adopted().is_known_to(regulation())


@pytest.mark.parametrize(
    ("number", "begins"), [(3, date(2025, 4, 30)), (3, date(2025, 5, 1)), (2, date(2027, 1, 1))]
)
def test_an_older_version_is_not_activated_after_a_newer(number: int, begins: date) -> None:
    policy = adopted()
    with refused("POLICY_VERSION_OUT_OF_ORDER", policy, clause="C0-02"):
        policy.activate(version(number, begins), occasion())


def test_a_parameter_is_changed_from_its_day_on() -> None:
    policy = adopted()
    begins = TODAY + timedelta(days=30)
    policy.change(wanted(begins=begins), regulation(), occasion(TODAY))
    change = recorded(policy, Policy.ParameterChanged).change
    assert (change.number, change.old["idleDays"], change.new["idleDays"]) == (1, 180, 365)
    changed = policy.amend(regulation())
    assert changed.on(begins).parameters["P13"].idle_days == 365
    assert changed.on(begins - timedelta(days=1)).parameters["P13"].idle_days == 180
    assert changed.on(begins).policy.endswith("#1+1")


def test_a_later_change_starts_from_the_earlier_one() -> None:
    policy = adopted()
    policy.change(wanted("P01", "200000.00"), regulation(), occasion(TODAY))
    policy.collect_events()
    policy.change(wanted("P01", "300000.00"), regulation(), occasion(TODAY))
    change = recorded(policy, Policy.ParameterChanged).change
    assert (change.number, change.old, change.new) == (2, "200000.00", "300000.00")


def test_the_value_it_has_already_is_no_change() -> None:
    policy = adopted()
    policy.change(wanted("P01", "100000.00"), regulation(), occasion(TODAY))
    nothing(policy)


def test_a_parameter_is_never_changed_for_days_that_are_past() -> None:
    policy = adopted()
    with refused("PARAMETER_RETROACTIVE", policy, clause="C4.3-19"):
        policy.change(wanted(begins=TODAY - timedelta(days=1)), regulation(), occasion(TODAY))


@pytest.mark.parametrize(
    ("parameter", "value", "code"),
    [
        ("P99", 1, "CODE_UNKNOWN"),
        ("P01", 200000, "FIELD_INVALID"),
        ("P19", -1, "FIELD_INVALID"),
        ("P24", {"allocator": "KING", "legalOwnerRecorded": True}, "FIELD_INVALID"),
    ],
)
def test_a_value_that_is_none_of_the_parameters_is_refused(parameter: str, value: Any, code: str) -> None:
    policy = adopted()
    with refused(code, policy):
        policy.change(wanted(parameter, value), regulation(), occasion(TODAY))


def test_the_policy_lives_on_from_its_cached_state() -> None:
    policy = adopted()
    policy.change(wanted(), regulation(), occasion(TODAY))
    policy.collect_events()
    again = Policy.load_state(COUNTY, policy.version, policy.dump_state())
    assert (again.versions, again.changes) == (policy.versions, policy.changes)


def until(day: date) -> HistoryCutOver:
    return HistoryCutOver(day=day, document="陶政办发〔2023〕9号")


def test_history_is_open_through_the_declared_day_and_never_again() -> None:
    policy = adopted()
    day = TODAY + timedelta(days=30)
    assert policy.takes_history_on(date(2999, 1, 1))
    policy.declare_cut_over(until(day), occasion(TODAY))
    assert recorded(policy, Policy.HistoryCutOverDeclared).cut_over == until(day)
    after = day + timedelta(days=1)
    assert [policy.takes_history_on(one) for one in (day - timedelta(days=1), day, after)] == [
        True,
        True,
        False,
    ]
    policy.must_take_history(occasion(TODAY, today=day))
    with refused("HISTORY_CLOSED", policy, clause="C4.3-19"):
        policy.must_take_history(occasion(TODAY, today=after))
    with refused("HISTORY_CLOSED", policy, clause="C4.3-19"):
        policy.declare_cut_over(until(after), occasion(TODAY, today=after))


def test_a_cut_over_is_declared_for_today_at_the_earliest_and_moved_while_it_is_not_over() -> None:
    policy = adopted()
    with refused("CUT_OVER_RETROACTIVE", policy, clause="C4.3-19"):
        policy.declare_cut_over(until(TODAY - timedelta(days=1)), occasion(TODAY))
    policy.declare_cut_over(until(TODAY + timedelta(days=9)), occasion(TODAY))
    policy.collect_events()
    policy.declare_cut_over(until(TODAY + timedelta(days=9)), occasion(TODAY))
    nothing(policy)
    policy.declare_cut_over(until(TODAY), occasion(TODAY))
    assert policy.cut_over == until(TODAY)
