"""Parts of years, by hand: 36,500 yuan over 365 days are 100 a day."""

from __future__ import annotations

from datetime import date

import pytest

from domain.periods import part_of_year
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
