"""The clock: the only place where the service asks what time it is.

Everything else takes the moment from here or a clock as an argument, and a day is always the county's: so the tests can
run on any day, and no decision depends on where the machine stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

COUNTY_TIME = ZoneInfo("Asia/Shanghai")
"""Business dates are days in this time zone (parameter P26)."""


def utc_now() -> datetime:
    """The moment it is, UTC."""
    return datetime.now(UTC)


def county_day(moment: datetime) -> date:
    """The county's date at a moment."""
    return moment.astimezone(COUNTY_TIME).date()


MOST_GAINED_SECONDS: Final = 300.0
"""A clock that has gained more than this on the machine's uptime did not run ahead, it jumped."""
MOST_BEHIND_SECONDS: Final = 5.0
"""Small corrections set a clock back by less than this."""


def uptime() -> float:
    """Seconds since the machine was started, also those it slept; nobody can set it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class ClockWatch:
    """Watch over the clock: whether it has gone on as clocks do since this process started.

    A moment that is recorded is every later event's earliest one: a clock that jumps a year ahead must not get into the
    log, for it could never be set right. Who has set a clock right on purpose starts the service anew.
    """

    def __init__(self, clock: Callable[[], datetime] = utc_now, steady: Callable[[], float] = uptime) -> None:
        self._clock = clock
        self._steady = steady
        self._begun, self._begun_steady = clock(), steady()

    @property
    def gained(self) -> float:
        """Seconds that the clock is ahead of where it should be by now; negative behind."""
        return (self._clock() - self._due()).total_seconds()

    @property
    def jumped(self) -> bool:
        """Whether nothing may be recorded by this clock."""
        return self.gained > MOST_GAINED_SECONDS

    def now(self) -> datetime:
        """The moment it is; of a clock that jumped the latest one that is believed."""
        return min(self._clock(), self._due() + timedelta(seconds=MOST_GAINED_SECONDS))

    def _due(self) -> datetime:
        return self._begun + timedelta(seconds=self._steady() - self._begun_steady)
