"""The schedule of attempts: as the issue has it, a fifth earlier or later, Retry-After within bounds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.webhooks.retries import next_attempt

NOW = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
HOURS = 3600
SCHEDULE = [5, 300, 1800, 2 * HOURS, 5 * HOURS, 10 * HOURS, 14 * HOURS, 20 * HOURS, 24 * HOURS]
"""Seconds after the first failure, the second …"""


def seconds(failed: int, retry_after: str | None = None, chance: float = 0.5) -> float:
    at = next_attempt(failed, NOW, retry_after, lambda: chance)
    assert at is not None
    return (at - NOW).total_seconds()


def test_delays_are_those_of_the_schedule_and_the_tenth_failure_is_the_last() -> None:
    assert [seconds(failed) for failed in range(1, 10)] == SCHEDULE
    assert next_attempt(10, NOW, None) is None
    assert next_attempt(10, NOW, "5") is None


def test_jitter_is_a_fifth_either_way() -> None:
    for failed, usual in enumerate(SCHEDULE, 1):
        assert seconds(failed, chance=0.0) == pytest.approx(usual * 0.8)
        assert seconds(failed, chance=1.0) == pytest.approx(usual * 1.2)
        drawn = next_attempt(failed, NOW, None)
        assert drawn is not None
        assert usual * 0.8 <= (drawn - NOW).total_seconds() <= usual * 1.2


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        ("3", 5),  # earlier than the schedule: the schedule
        ("5", 5),
        ("6", 6),
        ("86399", 86_399),
        ("86400", 86_400),
        ("86401", 86_400),  # a day at most
        ("99999999999999999999", 86_400),
        ("Mon, 30 Nov 2026 01:02:00 GMT", 120),
        ("Mon, 30 Nov 2026 00:00:00 GMT", 5),  # gone by
        ("Mon, 30 Nov 2099 00:00:00 GMT", 86_400),
        *(("-1", 5), ("1.5", 5), ("soon", 5), ("", 5), ("٣", 5)),
    ],
)
def test_retry_after_makes_it_later_by_a_day_at_most(retry_after: str, expected: int) -> None:
    assert seconds(1, retry_after) == expected
