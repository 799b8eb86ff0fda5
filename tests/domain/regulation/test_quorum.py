"""Counting heads (P10): before and after the law of 2025."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from domain.refusals import Refusal
from domain.regulation import Regulation, Rules, Turnout, judge
from domain.regulation.quorum import needed

OLD, NEW = date(2025, 4, 30), date(2025, 5, 1)


@pytest.mark.parametrize(
    ("members", "present", "in_favour", "quorate", "passed"),
    [
        (30, 20, 11, True, True),
        (30, 20, 10, True, False),
        (30, 19, 19, False, False),
        (31, 21, 11, True, True),
        (31, 20, 20, False, False),
        (30, 30, 15, True, False),
    ],
)
def test_representatives_until_april_2025(
    regulation: Regulation, members: int, present: int, in_favour: int, quorate: bool, passed: bool
) -> None:
    outcome = judge(regulation.on(OLD).quorum("REPRESENTATIVE_MEETING"), Turnout(members, present, in_favour))
    assert (outcome.quorate, outcome.passed) == (quorate, passed)


@pytest.mark.parametrize(
    ("members", "present", "in_favour", "passed"),
    [
        (30, 20, 20, True),
        (30, 30, 20, True),
        (30, 30, 19, False),
        (31, 31, 20, False),
        (31, 31, 21, True),
        (30, 20, 14, False),
    ],
)
def test_representatives_from_may_2025_are_measured_against_all(
    regulation: Regulation, members: int, present: int, in_favour: int, passed: bool
) -> None:
    outcome = judge(regulation.on(NEW).quorum("REPRESENTATIVE_MEETING"), Turnout(members, present, in_favour))
    assert outcome.passed is passed


def test_the_same_vote_is_judged_differently_in_2024_and_2026(regulation: Regulation) -> None:
    vote = Turnout(members=30, present=20, in_favour=11)
    assert judge(regulation.on(date(2024, 6, 1)).quorum("REPRESENTATIVE_MEETING"), vote).passed
    assert not judge(regulation.on(date(2026, 6, 1)).quorum("REPRESENTATIVE_MEETING"), vote).passed


def test_an_assembly_may_count_adults_or_households(regulation: Regulation) -> None:
    rule = regulation.on(OLD).quorum("VILLAGER_ASSEMBLY")
    assert judge(rule, Turnout(100, 51, 26)).passed
    assert not judge(rule, Turnout(100, 50, 50)).quorate
    assert judge(rule, Turnout(100, 40, 21, households=30, households_present=20)).passed
    assert not judge(rule, Turnout(100, 40, 40, households=30, households_present=19)).quorate


def test_an_assembly_of_members_is_announced_ten_days_before(regulation: Regulation) -> None:
    rule = regulation.on(NEW).quorum("VILLAGER_ASSEMBLY")
    assert (rule.notice_days, rule.law) == (10, "农村集体经济组织法第二十七条")
    assert judge(rule, Turnout(90, 60, 60)).passed
    assert not judge(rule, Turnout(90, 59, 59)).quorate
    assert not judge(rule, Turnout(90, 90, 59)).passed


def test_nobody_decides_nothing(regulation: Regulation) -> None:
    for day in (OLD, NEW):
        for kind in ("REPRESENTATIVE_MEETING", "VILLAGER_ASSEMBLY"):
            assert not judge(regulation.on(day).quorum(kind), Turnout(0, 0, 0)).passed


def test_what_is_required_is_said(regulation: Regulation) -> None:
    outcome = judge(regulation.on(OLD).quorum("REPRESENTATIVE_MEETING"), Turnout(31, 10, 6))
    assert (outcome.required_present, outcome.required_in_favour) == (21, 6)


def test_a_meeting_the_rules_do_not_know_is_a_gap(rules: Rules) -> None:
    with pytest.raises(Refusal) as refusal:
        rules.quorum("TEA_PARTY")
    assert refusal.value.code == "RULE_GAP"


fractions = st.tuples(st.integers(1, 9), st.integers(1, 9)).filter(lambda pair: pair[0] <= pair[1])


@given(st.integers(0, 10_000), fractions, st.booleans())
def test_needed_is_the_least_whole_number(whole: int, fraction: tuple[int, int], strict: bool) -> None:
    bound = whole * Fraction(*fraction)
    least = needed(whole, fraction, strict=strict)
    assert least > bound if strict else least >= bound
    assert least - 1 <= bound if strict else least - 1 < bound
