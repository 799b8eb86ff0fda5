"""The day the tests run on: always the same, so that no test begins to fail because time has passed.

The clock starts at nine in the morning of that day in every process of a run and then goes on as clocks do. Another
day is chosen with TAIZHANG_TEST_TODAY=2028-02-29; what depends on days runs on `OTHER_DAYS` in every run.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime, time as time_of_day, timedelta
from pathlib import Path
from typing import Final

import pytest

from service import clock

TODAY: Final = "TAIZHANG_TEST_TODAY"
STARTED: Final = "TAIZHANG_TEST_STARTED"
"""When the run's first process started, seconds since 1970: all its processes count from there."""

SHIFTED: Final = "TAIZHANG_TEST_CLOCK"
"""File with the seconds that the clock is wrong by: for tests that set the clock of another process."""

FIRST_DAY: Final = date(2026, 11, 30)
OTHER_DAYS: Final = (date(2026, 12, 30), date(2027, 11, 30), date(2028, 2, 29))
"""A month ahead (fifteen working days reach into the next year), a year ahead, a leap day."""

on_every_day: Final = pytest.mark.parametrize(
    "today", (FIRST_DAY, *OTHER_DAYS), indirect=True, scope="module", ids=str
)
"""Mark of a module whose tests run on each of these days, with a service of its own on each."""


class _Clock(datetime):
    """`datetime` for the module that asks for the time."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:
        """The moment on the tests' day."""
        elapsed = timedelta(seconds=time.time() - float(os.environ[STARTED]) + _wrong_by())
        morning = datetime.combine(today(), time_of_day(9), clock.COUNTY_TIME)
        return (morning + elapsed).astimezone(UTC)


def _wrong_by() -> float:
    """What the clock is wrong by, in seconds."""
    file = os.environ.get(SHIFTED)
    return float(Path(file).read_text()) if file else 0.0


def today() -> date:
    """The tests' day."""
    return date.fromisoformat(os.environ[TODAY])


def set_today(day: date) -> None:
    """Go to a day, in this process and those it starts from now on."""
    os.environ[TODAY] = day.isoformat()


def install() -> None:
    """Run the service's clock on the tests' day from now on."""
    os.environ.setdefault(STARTED, str(time.time()))
    os.environ.setdefault(TODAY, FIRST_DAY.isoformat())
    today()  # a wrong day is told at once
    clock.datetime = _Clock
