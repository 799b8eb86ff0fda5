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


IDLE = """
[[interval]]
code = "INCOME_UNPLANNED"
zh = "收益列入方案"
days = 90
anchor = "本县做法，文件未规定"
article = "C4.9-03"
in_force_from = 2022-01-01
"""


def test_money_is_idle_only_where_a_county_sets_its_days(folder: Path) -> None:
    day = date(2022, 10, 1)
    rules = Regulation.load().on(day)
    assert (rules.within_if_set("INCOME_UNPLANNED"), rules.within_if_set("INCOME_UNPAID")) == (None, None)
    with (folder / "653022" / "intervals.toml").open("a", encoding="utf-8") as table:
        table.write(IDLE)
    own = Regulation.load(folder)
    assert own.on(day).within_if_set("INCOME_UNPLANNED") == 90
    assert own.on(date(2021, 12, 31)).within_if_set("INCOME_UNPLANNED") is None


def test_days_are_at_least_one(folder: Path, spoil: Spoil) -> None:
    spoil("intervals.toml", "days = 365", "days = 0")
    with pytest.raises(RegulationInvalid):
        Regulation.load(folder)
