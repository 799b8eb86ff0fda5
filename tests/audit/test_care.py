"""In whose care an asset was: lines cut to nothing, posts in units that were merged, and one unit's part."""

from __future__ import annotations

from datetime import date
from typing import Any

from service.audit.care import END_OF_TIME, Stretch, Units, stretches

D = date(2021, 7, 1)


def line(duty: str, since: date, until: date | None, **who: Any) -> dict[str, Any]:
    """A line of the custody ledger; `until` is the first day it does not hold."""
    return {
        "duty": duty,
        "since": since,
        "until": until,
        "unit": None,
        "post_unit": None,
        "post": None,
        "person": None,
    } | who


def test_a_line_cut_to_nothing_is_no_care() -> None:
    """An event of an earlier day, recorded later, took it back."""
    lines = [line("MANAGER", D, D, person="P", position=7), line("MANAGER", D, None, person="Q", position=7)]
    assert stretches(lines, "P", Units("P"), None, {7: date(2021, 6, 30)}) == []
    assert stretches(lines, "Q", Units("Q")) == [Stretch(D, END_OF_TIME, "MANAGER", "")]


def test_received_and_handed_on_within_one_day_is_care_on_that_day() -> None:
    lines = [
        line("MANAGER", D, D, person="P", position=7),
        line("RESPONSIBLE_UNIT", date(2020, 1, 1), None, unit="A", position=2),
    ]
    one = Stretch(D, D, "MANAGER", "")
    assert stretches(lines, "P", Units("P"), None, {2: date(2020, 1, 1), 7: D}) == [one]
    assert stretches(lines, "P", Units("P"), "A", {7: D}) == [Stretch(D, D, "MANAGER", "A")]
    assert stretches(lines, "P", Units("P"), "B", {7: D}) == []


def test_a_post_is_answered_for_in_the_unit_that_carries_it_on() -> None:
    """Before the merger the old unit's holder, from that day on the successor's."""
    units = Units("P", [("NEW", "HEAD", date(2020, 1, 1), date(2022, 6, 30), 1)], {"OLD": ("NEW", D)})
    lines = [line("FIRST_RESPONSIBLE", date(2019, 1, 1), None, unit="OLD", post_unit="OLD", post="HEAD")]
    assert stretches(lines, "P", units) == [Stretch(D, date(2022, 6, 30), "FIRST_RESPONSIBLE", "OLD")]
    assert stretches(lines, "P", units, "OTHER") == []


def test_one_units_part_of_a_named_duty() -> None:
    lines = [
        line("MANAGER", date(2020, 1, 1), None, person="P"),
        line("RESPONSIBLE_UNIT", date(2020, 1, 1), D, unit="A"),
        line("RESPONSIBLE_UNIT", D, None, unit="B"),
    ]
    assert stretches(lines, "P", Units("P"), "A") == [
        Stretch(date(2020, 1, 1), date(2021, 6, 30), "MANAGER", "A")
    ]
    assert stretches(lines, "P", Units("P"), "B") == [Stretch(D, END_OF_TIME, "MANAGER", "B")]
