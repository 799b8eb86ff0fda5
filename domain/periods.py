"""Parts of years: what a sum for a year comes to over some of its days, the first and the last included."""

from __future__ import annotations

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
