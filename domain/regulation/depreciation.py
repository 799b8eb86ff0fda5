"""Straight-line depreciation by accounting regime (C4.7-10, parameter P14), exact to the fen over the whole life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.periods import months_through, part_of_months
from domain.regulation.parameters import RegimeDepreciation


@dataclass(frozen=True, slots=True)
class SettledCost:
    """Cost in fen that the final settlement of the works came to, and the day from which it counts."""

    cost: int
    since: date


@dataclass(frozen=True, slots=True)
class DepreciationBasis:
    """Basis of depreciation: cost in fen, life in years, the day it came into use, and the method.

    `settled`: the cost after the final settlement; what was written off before it stays, and the rest of the new cost falls
    on the rest of the life.
    """

    cost: int
    life_years: int
    in_use_since: date
    method: RegimeDepreciation
    settled: SettledCost | None = None

    @property
    def months(self) -> int:
        """The whole life in months."""
        return self.life_years * 12

    @property
    def depreciable(self) -> int:
        """Cost less residual value, fen; the settled cost where there is one."""
        return self._worth(self.cost if self.settled is None else self.settled.cost)

    def _worth(self, cost: int) -> int:
        return cost - cost * self.method.residual_basis_points // 10_000

    def _months_through(self, day: date) -> int:
        """Months of depreciation by the end of a day's month; the month it came into use may not be one."""
        return max(0, months_through(self.in_use_since, day) - self.method.starts_next_month)

    def accumulated_by_end_of(self, year: int) -> int:
        """Accumulated depreciation at the end of `year`, fen; the last period takes the remainder.

        Each year's posting is the difference of two of these, so the postings sum to the cost less its residual value
        whatever the rounding of one year. A settled cost counts from the month from which a new asset of that day would.
        """
        months = self._months_through(date(year, 12, 31))
        before = part_of_months(self._worth(self.cost), months, self.months)
        if self.settled is None:
            return before
        old = max(0, months_through(self.in_use_since, self.settled.since) - 1)
        if months <= old:
            return before
        written_off = part_of_months(self._worth(self.cost), old, self.months)
        rest = max(0, self.depreciable - written_off)
        left = self.months - old
        return written_off + (part_of_months(rest, months - old, left) if left > 0 else rest)

    @property
    def first_year(self) -> int:
        """The first calendar year with a depreciation posting."""
        year = self.in_use_since.year
        return year if self._months_through(date(year, 12, 31)) else year + 1

    def first_gap(self, *, posted_through: int | None, year: int, accumulated: int) -> int | None:
        """The first year before `year` that still has something to post, or None."""
        start = self.first_year if posted_through is None else posted_through + 1
        return next(
            (one for one in range(start, year) if self.accumulated_by_end_of(one) > accumulated), None
        )
