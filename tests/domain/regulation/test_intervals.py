"""Duties that come again: within how many days, and what a county may say of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from domain.regulation import Regulation, RegulationInvalid

Spoil = Callable[[str, str, str], None]


def test_each_duty_has_its_days() -> None:
    rules = Regulation.load().on(date(2021, 10, 1))
    days = {code: rules.within(code).days for code in ("STATUS_REPORT", "HOUSEHOLD_INSPECTION")}
    assert days == {"STATUS_REPORT": 182, "HOUSEHOLD_INSPECTION": 365}
    with pytest.raises(KeyError):
        rules.within("HOLIDAY")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('code = "STATUS_REPORT"', 'code = "REPORT"', "intervals：STATUS_REPORT 在第一个版本生效时没有规定"),
        (
            'article = "C3-08"\nin_force_from = 2021-06-17',
            'article = "C3-08"\nin_force_from = 2021-06-18',
            "intervals：STATUS_REPORT 在第一个版本生效时没有规定",
        ),
        (
            'article = "C3-08"\nin_force_from = 2021-06-17',
            'article = "C3-08"\nin_force_from = 2021-06-17\nin_force_until = 2022-01-01',
            "intervals：STATUS_REPORT 到期后没有规定",
        ),
    ],
    ids=["missing", "late", "ends"],
)
def test_a_duty_without_days_is_refused(folder: Path, spoil: Spoil, old: str, new: str, fault: str) -> None:
    spoil("intervals.toml", old, new)
    with pytest.raises(RegulationInvalid) as invalid:
        Regulation.load(folder)
    assert invalid.value.faults == (fault,)


def test_days_are_at_least_one(folder: Path, spoil: Spoil) -> None:
    spoil("intervals.toml", "days = 365", "days = 0")
    with pytest.raises(RegulationInvalid):
        Regulation.load(folder)
