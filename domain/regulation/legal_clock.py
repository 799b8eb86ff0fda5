"""When a legal period ends: calendar days, working days, rest days, make-up days (P06, P26, P27; 民法典第二百零一条、第二百零三条).

National days off and make-up days come from the library `chinesecalendar`, the region's own (肉孜节、古尔邦节) from the
county's calendar.toml. A year that nobody has announced yet is a rule gap, a year whose local holidays are not entered
is reported; neither is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import chinese_calendar
from pydantic import Field

from domain.refusals import refuse
from domain.values import BusinessDate, Value

if TYPE_CHECKING:
    from domain.regulation.parameters import NoticePeriod
    from domain.regulation.rows import CalendarYear, Holiday

_DAY: Final = timedelta(days=1)
_NATIONAL_YEARS: Final = range(
    min(chinese_calendar.constants.holidays).year, max(chinese_calendar.constants.holidays).year + 1
)
"""Years whose national days off the library knows."""


class Period(Value):
    """A period of days. It ends at 24:00 of `ends_on`; `last_day` is its last counted day before it rolls on."""

    posted_on: BusinessDate = Field(title="起算日")
    first_day: BusinessDate = Field(title="首日")
    last_day: BusinessDate = Field(title="末日")
    ends_on: BusinessDate = Field(
        title="届满日", description="当日 24:00 届满；末日为休息日的顺延至休息日结束次日"
    )

    @property
    def possible_from(self) -> date:
        """The first day after it."""
        return self.ends_on + _DAY


class LegalClock:
    """A county's calendar."""

    def __init__(self, holidays: Iterable[Holiday], years: Iterable[CalendarYear]) -> None:
        """`holidays`: what the county's file adds to the national calendar; `years`: what it knows of each year."""
        self._working: dict[date, bool] = {}
        for row in holidays:
            for number in range((row.last_day - row.first_day).days + 1):
                self._working[row.first_day + number * _DAY] = row.kind == "WORK"
        known = tuple(years)
        self._local = frozenset(row.year for row in known if row.local)
        self._national = frozenset(row.year for row in known if row.national)

    def covers(self, day: date) -> bool:
        """Whether it is known which days of that year are worked."""
        return day.year in _NATIONAL_YEARS or day.year in self._national

    def is_working(self, day: date) -> bool:
        """Whether offices work that day. RULE_GAP for a year that is not covered."""
        if not self.covers(day):
            raise refuse("RULE_GAP", clause="C4.5-06", table="P26", facts=day.isoformat())
        if day in self._working:
            return self._working[day]
        if day.year in _NATIONAL_YEARS:
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < 5

    def on_or_after(self, day: date) -> date:
        """The day itself if it is worked, else the next that is. RULE_GAP."""
        while not self.is_working(day):
            day += _DAY
        return day

    def after_working_days(self, day: date, count: int) -> date:
        """The last of so many working days after a day, which itself is not counted (P19, P27). RULE_GAP."""
        for _ in range(count):
            day = self.on_or_after(day + _DAY)
        return day

    def period(self, posted_on: date, rule: NoticePeriod, days: int | None = None) -> Period:
        """The period that begins with a posting; `days` where another parameter gives their number. RULE_GAP."""
        count = rule.days if days is None else days
        first = posted_on if rule.posting_day_counts else posted_on + _DAY
        if rule.counting == "WORKING_DAYS":
            last = self.after_working_days(first - _DAY, count)
        else:
            last = first + (count - 1) * _DAY
        ends = self.on_or_after(last) if rule.rest_day_rolls else last
        return Period(posted_on=posted_on, first_day=first, last_day=last, ends_on=ends)

    def unconfirmed(self, first: date, last: date) -> tuple[int, ...]:
        """Years between two days whose local holidays nobody has entered yet: a period in them may end later."""
        return tuple(year for year in range(first.year, last.year + 1) if year not in self._local)
