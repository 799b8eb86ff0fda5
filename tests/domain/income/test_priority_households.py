"""Priority households (C4.9-08): each tag counts on every day from its first to its last, and nothing is recorded twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain.household.priority import PriorityHouseholds, PriorityTag, PriorityTagEnd
from domain.occasion import Occasion
from tests.domain.saying import nothing, recorded, refused
from tests.examples import VILLAGE, occasion

TODAY = date(2026, 10, 1)
FIRST, LAST = date(2022, 1, 10), date(2022, 6, 30)
ONE_DAY = timedelta(days=1)


def on(day: date) -> Occasion:
    return occasion(day, today=TODAY)


def tag(household: str = "H-1", kind: str = "SUDDEN_HARDSHIP", since: date = FIRST) -> PriorityTag:
    return PriorityTag(
        household=household, kind=kind, since=since, source="全国防返贫监测信息系统", document_no="监测1号"
    )


def end(household: str = "H-1", kind: str = "SUDDEN_HARDSHIP", until: date = LAST) -> PriorityTagEnd:
    return PriorityTagEnd(household=household, kind=kind, until=until, reason="收入稳定")


def roll(*tags: PriorityTag) -> PriorityHouseholds:
    made = PriorityHouseholds.open(VILLAGE, on(FIRST))
    for one in tags:
        made.tag(one, on(one.since))
    made.collect_events()
    return made


def test_roll_begins_with_nobody_on_it() -> None:
    made = PriorityHouseholds.open(VILLAGE, on(FIRST))
    recorded(made, PriorityHouseholds.Opened)
    assert made.tagged_on(FIRST) == frozenset()


@pytest.mark.parametrize(
    ("day", "counts"),
    [(FIRST - ONE_DAY, False), (FIRST, True), (LAST, True), (LAST + ONE_DAY, False)],
)
def test_tag_counts_from_its_first_day_to_its_last(day: date, counts: bool) -> None:
    made = roll(tag())
    assert made.tagged_on(LAST + ONE_DAY) == {"H-1"}
    made.end_tag(end(), on(LAST))
    assert recorded(made, PriorityHouseholds.TagEnded).end == end()
    assert made.tagged_on(day) == ({"H-1"} if counts else frozenset())


def test_household_bears_several_tags_and_each_ends_by_itself() -> None:
    made = roll(tag(), tag(kind="MARGINAL_AT_RISK"), tag("H-2"))
    made.end_tag(end(), on(LAST))
    assert made.tagged_on(LAST + ONE_DAY) == {"H-1", "H-2"}
    made.end_tag(end(kind="MARGINAL_AT_RISK"), on(LAST))
    assert made.tagged_on(LAST + ONE_DAY) == {"H-2"}


def test_the_same_tag_is_recorded_once_and_another_of_its_kind_not_before_it_ends() -> None:
    made = roll()
    made.tag(tag(), on(FIRST))
    assert recorded(made, PriorityHouseholds.HouseholdTagged).tag == tag()
    made.tag(tag(), on(FIRST))
    nothing(made)
    with refused("ALREADY_EXISTS", made):
        made.tag(tag(since=LAST), on(LAST))
    made.end_tag(end(), on(LAST))
    recorded(made, PriorityHouseholds.TagEnded)
    made.end_tag(end(), on(LAST))
    nothing(made)
    made.tag(tag(since=LAST + ONE_DAY), on(LAST + ONE_DAY))
    recorded(made, PriorityHouseholds.HouseholdTagged)


@pytest.mark.parametrize(
    "kind", ["MARGINALLY_ABOVE", "UNSTABLE_OUT_OF_POVERTY", "MARGINAL_AT_RISK", "SUDDEN_HARDSHIP"]
)
def test_tag_is_of_one_of_the_four_kinds(kind: str) -> None:
    assert roll(tag(kind=kind)).tagged_on(FIRST) == {"H-1"}
    made = roll()
    with refused("CODE_UNKNOWN", made):
        made.tag(tag(kind=f"{kind}_NOT"), on(FIRST))


@pytest.mark.parametrize(
    "wrong",
    [end("H-2"), end(kind="MARGINAL_AT_RISK"), end(until=FIRST - ONE_DAY)],
    ids=["household", "kind", "day"],
)
def test_tag_that_is_not_borne_does_not_end(wrong: PriorityTagEnd) -> None:
    made = roll(tag())
    with refused("NOT_FOUND", made):
        made.end_tag(wrong, on(wrong.until))
