"""Straight-line depreciation by accounting regime (C4.7-10, parameter P14), exact to the fen over the whole life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.regulation.parameters import RegimeDepreciation


@dataclass(frozen=True, slots=True)
class DepreciationBasis:
    """Basis of depreciation: cost in fen, life in years, the day it came into use, and the method."""

    cost: int
    life_years: int
    in_use_since: date
    method: RegimeDepreciation

    @property
    def depreciable(self) -> int:
        """Cost less residual value, fen."""
        return self.cost - self.cost * self.method.residual_basis_points // 10_000

    def months_by_end_of(self, year: int) -> int:
        """Months of depreciation from the start to the end of `year`, at most the whole life."""
        start = self.in_use_since.year * 12 + self.in_use_since.month - 1
        if self.method.starts_next_month:
            start += 1
        return max(0, min((year + 1) * 12 - start, self.life_years * 12))

    def accumulated_by_end_of(self, year: int) -> int:
        """Accumulated depreciation at the end of `year`, fen; the last period takes the remainder.

        Each year's posting is the difference of two of these, so the postings sum to `depreciable` whatever the
        rounding of one year.
        """
        return self.depreciable * self.months_by_end_of(year) // (self.life_years * 12)

    @property
    def first_year(self) -> int:
        """The first calendar year with a depreciation posting."""
        month = self.in_use_since.month - 1 + (1 if self.method.starts_next_month else 0)
        return self.in_use_since.year + month // 12

    def first_gap(self, *, posted_through: int | None, year: int, accumulated: int) -> int | None:
        """The first year before `year` that still has something to post, or None."""
        start = self.first_year if posted_through is None else posted_through + 1
        return next(
            (one for one in range(start, year) if self.accumulated_by_end_of(one) > accumulated), None
        )
