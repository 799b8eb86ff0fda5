"""When legal periods end: calendar days, working days, rest days, make-up days, years nobody has announced."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from chinese_calendar.constants import holidays, workdays
from hypothesis import given, strategies as st

from domain.regulation import rows
from domain.regulation.legal_clock import Deadline, LegalClock, Reckoning
from domain.regulation.parameters import NoticePeriod
from tests.examples import regulation

CLOCK = regulation().on(date(2026, 1, 1)).clock
P06: NoticePeriod = regulation().on(date(2021, 7, 1)).parameters["P06"]
COVERED = st.dates(date(2013, 1, 1), date(2026, 10, 31))


def ends(posted_on: date, days: int = 10) -> date:
    return CLOCK.period(posted_on, P06, days).ends_on


def test_the_example_of_the_regulation_s_own_summer() -> None:
    period = CLOCK.period(date(2021, 7, 1), P06)
    assert (period.first_day, period.last_day) == (date(2021, 7, 2), date(2021, 7, 11))
    assert period.ends_on == date(2021, 7, 12)
    assert period.possible_from == date(2021, 7, 13)


@pytest.mark.parametrize(
    ("posted_on", "end"),
    [
        (
            date(2021, 2, 1),
            date(2021, 2, 18),
        ),  # would end on New Year's Eve; the Spring Festival lasts to the 17th
        (date(2021, 1, 28), date(2021, 2, 7)),  # a Sunday that is worked to make up for it
        (date(2021, 9, 8), date(2021, 9, 18)),  # a Saturday that is worked
        (date(2021, 9, 21), date(2021, 10, 8)),  # the national holiday
        (date(2022, 7, 1), date(2022, 7, 14)),  # 古尔邦节 9–13 July 2022, the region's own
        (date(2023, 6, 19), date(2023, 7, 3)),
        (date(2025, 5, 27), date(2025, 6, 11)),
    ],
)
def test_a_period_never_ends_on_a_day_off(posted_on: date, end: date) -> None:
    assert ends(posted_on) == end


def test_what_a_county_counts_otherwise() -> None:
    strict = P06.model_copy(update={"counting": "WORKING_DAYS"})
    assert CLOCK.period(date(2021, 7, 1), strict).ends_on == date(2021, 7, 15)
    including = P06.model_copy(update={"posting_day_counts": True, "rest_day_rolls": False})
    assert CLOCK.period(date(2021, 7, 1), including).ends_on == date(2021, 7, 10)


def test_working_days_leave_out_what_is_not_worked() -> None:
    assert CLOCK.after_working_days(date(2022, 3, 7), 10) == date(2022, 3, 21)
    assert CLOCK.after_working_days(date(2022, 1, 28), 3) == date(2022, 2, 7)  # 29 and 30 January made up
    assert CLOCK.after_working_days(date(2022, 7, 8), 1) == date(2022, 7, 14)


def test_a_year_without_calendar_gives_a_provisional_date() -> None:
    """Only the weekends of 2050 are known: 22 and 23, 29 and 30 January are some."""
    posted_on = date(2050, 1, 20)
    period = CLOCK.period(posted_on, P06, 10)
    assert (period.last_day, period.ends_on) == (date(2050, 1, 30), date(2050, 1, 31))
    assert period.provisional == Reckoning(counted_from=posted_on, days=10, counting="CALENDAR_DAYS")
    counted = Reckoning(counted_from=posted_on, days=3, counting="WORKING_DAYS")
    assert CLOCK.deadline(counted) == Deadline(due_on=date(2050, 1, 25), provisional=counted)


def test_a_known_year_gives_a_definite_date() -> None:
    assert CLOCK.period(date(2022, 7, 1), P06).provisional is None
    counted = Reckoning(counted_from=date(2022, 3, 7), days=10, counting="WORKING_DAYS")
    assert CLOCK.deadline(counted) == Deadline(due_on=date(2022, 3, 21), provisional=None)


def test_a_period_whose_rest_days_do_not_count_needs_no_calendar() -> None:
    county = P06.model_copy(update={"rest_day_rolls": False})
    period = CLOCK.period(date(2050, 1, 20), county, 10)
    assert (period.ends_on, period.provisional) == (date(2050, 1, 30), None)


DAY: dict[str, Any] = {"article": "C4.5-06", "in_force_from": date(2021, 6, 17)}
ENTERED = LegalClock(
    [
        rows.Holiday(first_day=date(2050, 1, 1), last_day=date(2050, 1, 3), zh="元旦", **DAY),
        rows.Holiday(first_day=date(2050, 1, 22), last_day=date(2050, 1, 28), zh="春节", **DAY),
        rows.Holiday(first_day=date(2050, 1, 30), last_day=date(2050, 1, 30), zh="调休", kind="WORK", **DAY),
    ],
    [rows.CalendarYear(year=2050, national=True, local=True, **DAY)],
)
"""The calendar of a county that has entered 2050, which the library lacks."""


def test_a_provisional_date_is_definite_once_its_year_is_entered() -> None:
    """A Sunday that is worked ends the period; a week off moves the third working day to a Sunday and a Monday."""
    period = CLOCK.period(date(2050, 1, 20), P06, 10)
    assert period.provisional is not None
    assert ENTERED.deadline(period.provisional) == Deadline(due_on=date(2050, 1, 30))
    counted = Reckoning(counted_from=date(2050, 1, 20), days=3, counting="WORKING_DAYS")
    assert CLOCK.deadline(counted).due_on == date(2050, 1, 25)
    assert ENTERED.deadline(counted) == Deadline(due_on=date(2050, 1, 31))


def test_an_entered_year_has_the_days_off_and_make_up_days_of_its_announcement() -> None:
    assert ENTERED.on_or_after(date(2050, 1, 1)) == date(2050, 1, 4)
    assert ENTERED.is_working(date(2050, 1, 30))
    assert not ENTERED.is_working(date(2050, 1, 29))


def test_the_last_days_of_a_year_wait_for_the_next_year_s_announcement() -> None:
    """It may give 30 and 31 December off and have 29 December worked, as that of 2008 did."""
    assert ENTERED.unannounced(date(2050, 12, 1), date(2050, 12, 28)) == ()
    assert ENTERED.unannounced(date(2050, 12, 1), date(2050, 12, 29)) == (2051,)
    assert ENTERED.unannounced(date(2050, 12, 1), date(2051, 1, 1)) == (2051,)


@pytest.mark.parametrize("day", [date(2007, 12, 29), date(2011, 12, 31), date(2018, 12, 29)])
def test_no_announcement_since_2004_moved_a_day_before_29_december(day: date) -> None:
    assert CLOCK.is_working(day) and day.weekday() >= 5
    moved = [one for one in {**holidays, **workdays} if one.month == 12]
    assert min(one.day for one in moved) == 29


def test_years_without_local_holidays_are_told() -> None:
    assert CLOCK.unconfirmed(date(2022, 12, 30), date(2023, 1, 2)) == ()
    assert CLOCK.unconfirmed(date(2023, 12, 30), date(2024, 1, 2)) == (2024,)


@given(COVERED, st.integers(1, 40))
def test_a_period_has_all_its_days_and_ends_on_a_working_day(posted_on: date, days: int) -> None:
    period = CLOCK.period(posted_on, P06, days)
    assert period.last_day - posted_on == timedelta(days=days)
    assert period.ends_on >= period.last_day
    assert CLOCK.is_working(period.ends_on)
    between = (period.ends_on - period.last_day).days
    assert not any(CLOCK.is_working(period.last_day + timedelta(days=one)) for one in range(between))


@given(COVERED, st.integers(0, 20), st.integers(1, 30))
def test_who_posts_later_waits_no_shorter(posted_on: date, later: int, days: int) -> None:
    assert ends(posted_on, days) <= ends(posted_on + timedelta(days=later), days)
    assert ends(posted_on, days) <= ends(posted_on, days + later)


@given(COVERED, st.integers(1, 30))
def test_working_days_count_up_one_by_one(day: date, count: int) -> None:
    end = CLOCK.after_working_days(day, count)
    worked = [
        one for number in range((end - day).days) if CLOCK.is_working(one := day + timedelta(days=number + 1))
    ]
    assert len(worked) == count
    assert worked[-1] == end
