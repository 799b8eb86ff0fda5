"""Years, months and parts of them: the same day years later; what a sum for a year comes to over some of its days, the first
and the last included; what a sum for a life of months comes to by one of them.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator
from datetime import date

from domain.values import Fen


def part_of_year(yearly: int, year: int, since: date, until: date | None) -> Fen:
    """What a yearly sum comes to for the days from `since` to `until` (None: without end) in a calendar year.

    In fen, day by day over the 365 or 366 days of that year, half a fen rounded up; nothing for no day.
    """
    first, last = date(year, 1, 1), date(year, 12, 31)
    days = (min(until or last, last) - max(since, first)).days + 1
    whole = (last - first).days + 1
    return Fen((2 * yearly * max(days, 0) + whole) // (2 * whole))


def months_through(since: date, last: date) -> int:
    """Calendar months from the one of `since` to the one of `last`, both counted; none where that lies before."""
    return max(0, (last.year - since.year) * 12 + last.month - since.month + 1)


def part_of_months(whole: int, months: int, of: int) -> Fen:
    """What a sum for so many months comes to by one of them, in fen; what does not divide falls to the last."""
    return Fen(whole * min(max(months, 0), of) // of)


def years_after(day: date, years: int) -> date:
    """The same day `years` later; 29 February becomes 28 February where the later year has none, and only there."""
    if day.year + years > date.max.year:
        return date.max
    later = day.year + years
    shorter = (day.month, day.day) == (2, 29) and not isleap(later)
    return day.replace(year=later, day=28 if shorter else day.day)


def rents(yearly: int, starts_on: date, last: date | None) -> Iterator[tuple[date, Fen]]:
    """What a yearly rent comes to in each year of the contract, fen, with the day on which that year begins.

    Years count from the contract's first day. A year that the contract's `last` day (None: it goes on) cuts short owes its
    part by days of that year, half a fen rounded up.
    """
    years = 0
    begins = starts_on
    while last is None or begins <= last:
        years += 1
        following = years_after(starts_on, years)
        whole = (following - begins).days
        days = whole if last is None else min((last - begins).days + 1, whole)
        yield begins, Fen((2 * yearly * days + whole) // (2 * whole))
        if following <= begins or following == date.max:
            break  # the end of the calendar
        begins = following


def rent_due(yearly: int, starts_on: date, last: date | None, day: date) -> Fen:
    """What is due of a yearly rent by a day, paid at the beginning of each year of the contract (`rents`), the first at once."""
    due = 0
    for begins, rent in rents(yearly, starts_on, last):
        if begins > day and begins != starts_on:
            break
        due += rent
    return Fen(due)
