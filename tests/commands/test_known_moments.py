"""A past day as it was known at a past moment: whatever is recorded afterwards, the answer is the one that was given then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings, strategies as st

from domain.recorded import RecordedEvent
from service.commands.history import fold, view_of
from tests.domain.test_business_time import FACTS, Fact, lived
from tests.through_the_log import CODEC, MOMENT, recorded


def entered(facts: list[Fact]) -> list[RecordedEvent]:
    """An asset's events as the log has them, recorded an hour after one another in the order in which they were entered."""
    return [
        replace(recorded(event), position=place, recorded_at=MOMENT + timedelta(hours=place))
        for place, event in enumerate(lived(facts).history, 1)
    ]


def answer(events: Sequence[RecordedEvent], day: date, hours: int) -> tuple[object, int, list[int]]:
    """What is shown of the asset: its state, version, and what could not be placed."""
    past = fold(CODEC, events, as_of=day, known_at=MOMENT + timedelta(hours=hours))
    shown = None if past.asset is None else view_of(past.asset)
    return shown, past.version, [one.position for one in past.unplaced]


@settings(max_examples=60, deadline=None)
@given(FACTS, st.dates(date(2021, 6, 1), date(2022, 12, 31)), st.integers(0, 20))
def test_past_day_known_at_a_past_moment_never_changes(facts: list[Fact], day: date, later: int) -> None:
    events = entered(facts)
    for told in range(len(events) + 1):
        then = answer(events[:told], day, told)
        assert answer(events, day, told) == then
        assert answer(events[: told + later], day, told) == then
    assert answer(events, day, len(events)) == answer(events, day, len(events) + later)
