"""Legal periods and their ends: calendar days, working days, rest days, make-up days (P06, P26, P27;
民法典第二百零一条、第二百零三条).

National days off and make-up days come from the library `chinesecalendar`, the region's own (肉孜节、古尔邦节) from the
county's calendar.toml, which may also hold the national days of a year before the library does. Of a year that neither
has, only the weekends are known: a date that rests on it is provisional (暂定) and carries how it was counted, so that
it is counted anew once the year is entered. A year whose local holidays are not entered is reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal

import chinese_calendar
from pydantic import Field

from domain.values import BusinessDate, Value

if TYPE_CHECKING:
    from domain.regulation.parameters import NoticePeriod
    from domain.regulation.rows import CalendarYear, Holiday

_DAY: Final = timedelta(days=1)
_NATIONAL_YEARS: Final = range(
    min(chinese_calendar.constants.holidays).year, max(chinese_calendar.constants.holidays).year + 1
)
"""Years whose national days off the library knows."""

_NEW_YEAR_BEGINS: Final = (12, 29)
"""From this day of December on, the next year's announcement may move days (as for the New Years of 2008 and 2019)."""


def announced_year(day: date) -> int:
    """The year whose announcement of holidays settles whether a day is worked."""
    return day.year + ((day.month, day.day) >= _NEW_YEAR_BEGINS)


Counting = Literal["CALENDAR_DAYS", "WORKING_DAYS"]


class Reckoning(Value):
    """Reckoning (起算) of a provisional date, by which it can be counted anew. The first day counted is the next one.

    CALENDAR_DAYS: the last of so many days, or the next working day if that is none; WORKING_DAYS: the last of so many.
    """

    counted_from: BusinessDate = Field(title="起算日", description="当日不计入")
    days: int = Field(title="天数", ge=0)
    counting: Counting = Field(title="计算方式")


class Deadline(Value):
    """A date by which something is due. `provisional`: how it was counted, while its year has no official calendar."""

    due_on: BusinessDate = Field(title="期限")
    provisional: Reckoning | None = Field(default=None, title="暂定期限的计算依据")


class Period(Value):
    """A period of days. It ends at 24:00 of `ends_on`; `last_day` is its last counted day before it rolls on."""

    posted_on: BusinessDate = Field(title="起算日")
    first_day: BusinessDate = Field(title="首日")
    last_day: BusinessDate = Field(title="末日")
    ends_on: BusinessDate = Field(
        title="届满日", description="当日 24:00 届满；末日为休息日的顺延至休息日结束次日"
    )
    provisional: Reckoning | None = Field(
        default=None,
        title="暂定届满日的计算依据",
        description="有此项时，届满日所在年份的放假安排当时尚未录入",
    )

    @property
    def possible_from(self) -> date:
        """The first day after it."""
        return self.ends_on + _DAY


class LegalClock:
    """A county's calendar."""

    def __init__(
        self, holidays: Iterable[Holiday], years: Iterable[CalendarYear], *, local: bool = True
    ) -> None:
        """`holidays`: what the county's file adds to the national calendar; `years`: what it knows of each year.

        `local`: the region has holidays of its own, so that a year without them is not complete (P26).
        """
        self._working: dict[date, bool] = {}
        for row in holidays:
            self._working |= dict.fromkeys(row.days(), row.kind == "WORK")
        known = tuple(years)
        self._local = frozenset(row.year for row in known if row.local)
        self._has_local = local
        self._national = frozenset(row.year for row in known if row.national)

    def has_year(self, year: int) -> bool:
        """Whether the year's national days off and make-up days are known."""
        return year in _NATIONAL_YEARS or year in self._national

    def unannounced(self, first: date, last: date) -> tuple[int, ...]:
        """Years without a calendar on which the working days between two days, both included, depend."""
        years = range(first.year, announced_year(last) + 1)
        return tuple(year for year in years if not self.has_year(year))

    def provisional_from(self, day: date) -> date:
        """The first day, from the given one on, of which it is not known yet whether it is worked."""
        while self.has_year(announced_year(day)) and self.has_year(day.year):
            day += _DAY
        return day

    def is_working(self, day: date) -> bool:
        """Whether offices work that day; in a year without a calendar, Monday to Friday."""
        if day in self._working:
            return self._working[day]
        if day.year in _NATIONAL_YEARS:
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < 5

    def on_or_after(self, day: date) -> date:
        """The day itself if it is worked, else the next that is."""
        while not self.is_working(day):
            day += _DAY
        return day

    def after_working_days(self, day: date, count: int) -> date:
        """The last of so many working days after a day, which itself is not counted (P19, P27)."""
        for _ in range(count):
            day = self.on_or_after(day + _DAY)
        return day

    def deadline(self, how: Reckoning) -> Deadline:
        """The date that is counted so, by what the calendar holds now; provisional while a year it rests on is unknown."""
        if how.counting == "WORKING_DAYS":
            first, due_on = how.counted_from + _DAY, self.after_working_days(how.counted_from, how.days)
        else:
            first = how.counted_from + how.days * _DAY
            due_on = self.on_or_after(first)
        provisional = how if self.unannounced(first, due_on) else None
        return Deadline(due_on=due_on, provisional=provisional)

    def period(self, posted_on: date, rule: NoticePeriod, days: int | None = None) -> Period:
        """The period that begins with a posting; `days` where another parameter gives their number."""
        count = rule.days if days is None else days
        first = posted_on if rule.posting_day_counts else posted_on + _DAY
        how = Reckoning(counted_from=first - _DAY, days=count, counting=rule.counting)
        end = self.deadline(how)
        last = end.due_on if rule.counting == "WORKING_DAYS" else how.counted_from + count * _DAY
        if not rule.rest_day_rolls and rule.counting == "CALENDAR_DAYS":
            end = Deadline(due_on=last)
        return Period(
            posted_on=posted_on,
            first_day=first,
            last_day=last,
            ends_on=end.due_on,
            provisional=end.provisional,
        )

    def unconfirmed(self, first: date, last: date) -> tuple[int, ...]:
        """Years between two days whose local holidays nobody has entered yet: a period in them may end later."""
        if not self._has_local:
            return ()
        return tuple(year for year in range(first.year, last.year + 1) if year not in self._local)
