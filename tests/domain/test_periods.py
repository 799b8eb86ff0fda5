"""Parts of years, by hand: 36,500 yuan over 365 days are 100 a day."""

from __future__ import annotations

from datetime import date

import pytest

from domain.periods import months_through, part_of_months, part_of_year, rent_due
from domain.values import Fen


@pytest.mark.parametrize(
    ("year", "since", "until", "fen"),
    [
        (2022, date(2022, 7, 1), date(2022, 12, 31), 1_840_000),
        (2022, date(2022, 1, 1), date(2022, 12, 31), 3_650_000),
        (2022, date(2021, 3, 1), None, 3_650_000),
        (2022, date(2022, 12, 31), date(2024, 1, 1), 10_000),
        (2022, date(2022, 5, 2), date(2022, 5, 1), 0),
        (2022, date(2023, 1, 1), None, 0),
        (2022, date(2020, 1, 1), date(2021, 12, 31), 0),
        (2024, date(2024, 2, 29), date(2024, 2, 29), 9_973),
        (2024, date(2024, 1, 1), date(2024, 12, 31), 3_650_000),
    ],
)
def test_part_of_a_year_is_by_its_days(year: int, since: date, until: date | None, fen: int) -> None:
    assert part_of_year(Fen(3_650_000), year, since, until) == fen


def test_half_a_fen_is_rounded_up() -> None:
    """One fen over 366 days: 183 days are half a fen."""
    assert part_of_year(1, 2024, date(2024, 1, 1), date(2024, 7, 1)) == 1
    assert part_of_year(1, 2024, date(2024, 1, 1), date(2024, 6, 30)) == 0


@pytest.mark.parametrize(
    ("starts_on", "last", "day", "fen"),
    [
        (date(2022, 1, 1), date(2023, 6, 30), date(2021, 12, 31), 3_650_000),  # paid before it begins
        (date(2022, 1, 1), date(2023, 6, 30), date(2022, 12, 31), 3_650_000),
        (date(2022, 1, 1), date(2023, 6, 30), date(2023, 1, 1), 5_460_000),  # 181 days of the second year
        (date(2022, 1, 1), date(2023, 6, 30), date(2030, 1, 1), 5_460_000),
        (date(2021, 7, 1), date(2024, 6, 30), date(2023, 6, 30), 7_300_000),
        (date(2021, 7, 1), date(2024, 6, 30), date(2023, 7, 1), 10_950_000),
        (date(2021, 7, 1), date(2024, 6, 30), date(2024, 7, 1), 10_950_000),
        (date(2021, 7, 1), None, date(2024, 7, 1), 14_600_000),  # who stays owes on
        (date(2024, 2, 29), None, date(2025, 2, 27), 3_650_000),
        (date(2024, 2, 29), None, date(2025, 2, 28), 7_300_000),
        (date(2022, 1, 1), date(2021, 12, 31), date(2022, 1, 1), 0),  # ended on the day on which it began
    ],
)
def test_rent_is_due_year_by_year_and_the_last_by_its_days(
    starts_on: date, last: date | None, day: date, fen: int
) -> None:
    assert rent_due(3_650_000, starts_on, last, day) == fen


@pytest.mark.parametrize(
    ("since", "last", "months"),
    [
        (date(2021, 8, 31), date(2021, 8, 1), 1),  # the month of the first day is one
        (date(2021, 8, 31), date(2021, 12, 31), 5),
        (date(2021, 12, 31), date(2022, 1, 1), 2),
        (date(2020, 2, 29), date(2040, 1, 31), 240),
        (date(2021, 8, 1), date(2021, 7, 31), 0),
        (date(2021, 8, 1), date(2019, 12, 31), 0),
    ],
)
def test_months_are_counted_with_both_their_ends(since: date, last: date, months: int) -> None:
    assert months_through(since, last) == months


def test_part_of_a_life_of_months_leaves_what_does_not_divide_to_the_last() -> None:
    """100 fen over three months: 33, 66, 100; nothing before the first, no more after the last."""
    assert [part_of_months(100, months, 3) for months in (-1, 0, 1, 2, 3, 4)] == [0, 0, 33, 66, 100, 100]
