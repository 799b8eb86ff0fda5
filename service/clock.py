"""The clock: the only place where the service asks what time it is.

Everything else takes the moment from here or a clock as an argument, and a day is always the county's: so the tests can
run on any day, and no decision depends on where the machine stands.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

COUNTY_TIME = ZoneInfo("Asia/Shanghai")
"""Business dates are days in this time zone (parameter P26)."""


def utc_now() -> datetime:
    """The moment it is, UTC."""
    return datetime.now(UTC)


def county_day(moment: datetime) -> date:
    """The county's date at a moment."""
    return moment.astimezone(COUNTY_TIME).date()
