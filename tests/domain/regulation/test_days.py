"""Which rules count on which day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from domain.refusals import Refusal
from domain.regulation import Regulation, rows

PACKAGED = Regulation.load()


@pytest.mark.parametrize(
    ("day", "number", "retroactive"),
    [
        (date(2013, 1, 1), 1, True),
        (date(2021, 6, 16), 1, True),
        (date(2021, 6, 17), 1, False),
        (date(2025, 4, 30), 1, False),
        (date(2025, 5, 1), 2, False),
        (date(2030, 1, 1), 2, False),
    ],
)
def test_a_day_has_its_version(regulation: Regulation, day: date, number: int, retroactive: bool) -> None:
    rules = regulation.on(day)
    assert (rules.version.number, rules.retroactive) == (number, retroactive)
    assert rules.policy == f"653022/陶政办发〔2021〕15号#{number}"


def test_days_before_the_first_version_are_judged_like_its_first_day(regulation: Regulation) -> None:
    before, first = regulation.on(date(2015, 6, 1)), regulation.on(regulation.first_day)
    assert before.parameters["P01"] == first.parameters["P01"]
    assert before.policy == first.policy
    assert (before.since, before.until) == (regulation.first_day, regulation.first_day - timedelta(days=1))


def test_a_collective_vote_is_counted_by_another_law_from_may_2025(regulation: Regulation) -> None:
    before = regulation.on(date(2025, 4, 30)).quorum("REPRESENTATIVE_MEETING")
    after = regulation.on(date(2025, 5, 1)).quorum("REPRESENTATIVE_MEETING")
    assert (before.zh, before.counted_in, before.pass_fraction) == ("村民代表会议", "PRESENT", (1, 2))
    assert (after.zh, after.counted_in, after.pass_fraction) == ("成员代表大会", "ALL", (2, 3))
    other = regulation.on(date(2025, 5, 1)).quorum("REPRESENTATIVE_MEETING", "OTHER")
    assert other == regulation.on(date(2025, 4, 30)).quorum("REPRESENTATIVE_MEETING", "OTHER")


def test_a_law_is_there_from_the_day_it_counts(regulation: Regulation) -> None:
    def laws(day: date) -> set[str]:
        return {row.document_no for row in regulation.rows["policy.document"] if row.in_force(day)}

    assert "农村集体经济组织法" not in laws(date(2025, 4, 30))
    assert "农村集体经济组织法" in laws(date(2025, 5, 1))


def test_a_row_counts_from_its_first_day_to_its_last() -> None:
    days = {"in_force_from": date(2022, 1, 1), "in_force_until": date(2022, 12, 31)}
    row = rows.UnitOfMeasure(unit="X", en="x", article="C0-01", **days)
    asked = [date(2021, 12, 31), date(2022, 1, 1), date(2022, 12, 31), date(2023, 1, 1)]
    assert [row.in_force(day) for day in asked] == [False, True, True, False]


def test_what_begins_or_ends_alone_cuts_the_days(folder: Path) -> None:
    with (folder / "653022" / "units_of_measure.toml").open("a", encoding="utf-8") as units:
        units.write(
            '\n[[unit]]\nunit = "车"\nen = "load"\narticle = "C4.6-02"\n'
            "in_force_from = 2022-07-01\nin_force_until = 2022-12-31\n"
        )
    regulation = Regulation.load(folder)
    assert [since for since, _ in regulation.intervals[:3]] == [
        date(2021, 6, 17),
        date(2022, 7, 1),
        date(2023, 1, 1),
    ]
    for day in (date(2022, 7, 1), date(2022, 12, 31)):
        assert regulation.on(day).unit_of_measure("车").en == "load"
    for day in (date(2022, 6, 30), date(2023, 1, 1)):
        with pytest.raises(Refusal, match="CODE_UNKNOWN"):
            regulation.on(day).unit_of_measure("车")


def test_intervals_follow_one_another_without_gap(regulation: Regulation) -> None:
    assert regulation.intervals == (
        (date(2021, 6, 17), date(2023, 12, 31)),
        (date(2024, 1, 1), date(2025, 4, 30)),
        (date(2025, 5, 1), None),
    )


def test_the_same_days_share_their_rules(regulation: Regulation) -> None:
    assert regulation.on(date(2022, 1, 1)) is regulation.on(date(2023, 12, 31))
    assert regulation.on(date(2022, 1, 1)) is not regulation.on(date(2024, 1, 1))
    assert regulation.on(date(2010, 1, 1)) is regulation.on(date(2020, 1, 1))


@given(st.dates(min_value=date(2010, 1, 1), max_value=date(2040, 1, 1)))
def test_every_row_in_force_that_day_is_in_the_rules_and_no_other(day: date) -> None:
    judged = max(day, PACKAGED.first_day)
    rules = PACKAGED.on(day)
    for name, table in PACKAGED.rows.items():
        assert rules._tables[name] == tuple(row for row in table if row.in_force(judged))
    assert rules.retroactive == (day < PACKAGED.first_day)
