"""Depreciation of an asset, a year at a time, by its accounting regime (C4.7-10, P14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.bounds import NotBefore
from domain.refusals import refuse
from domain.regulation.depreciation import DepreciationBasis, SettledCost
from domain.values import Fen, PartyShare, divided

if TYPE_CHECKING:
    from domain.occasion import Occasion
from domain.asset.state import AssetState


class AssetDepreciation(AssetState):
    """The part of `Asset` that knows what of its value is written off."""

    class DepreciationPosted(AssetState.Event):
        """A year's depreciation, in fen: whose it is by shares, and the accumulated amount after it."""

        TOPIC: ClassVar[str] = "asset.depreciation_posted"
        TITLE: ClassVar[str] = "计提折旧"
        DAY: ClassVar = (NotBefore("given.year_over_on", clause="C4.7-10"),)
        year: int = Field(title="年度")
        amount: Fen = Field(title="本年计提折旧")
        accumulated: Fen = Field(title="计提后累计折旧")
        shares: tuple[PartyShare, ...] = Field(title="各所有权人应摊折旧")

    def post_depreciation(self, year: int, at: Occasion) -> None:
        """Post one year's depreciation (C4.7-10, P14). A year posted before, or nothing left to post, records nothing.

        Refused: FIELD_INVALID (a type without depreciation), STEP_OUT_OF_ORDER (not in use or not confirmed),
        DATE_IN_FUTURE (the year is not over as the regime posts), DEPRECIATION_YEAR_GAP, ASSET_DISPOSED,
        OWNERSHIP_NOT_CONFIRMED, CODE_UNKNOWN, RULE_GAP.
        """
        at.cite("C4.7-10")
        if self.depreciated_through is not None and year <= self.depreciated_through:
            self._warn_of_nothing(year, at)
            return
        self._allow("DEPRECIATE", at)
        basis = self._depreciation_basis(at)
        full_from = basis.method.full_from(year)
        if at.today < full_from:
            raise refuse("DATE_IN_FUTURE", clause="C4.7-10", field="year", date=full_from, today=at.today)
        at.given["year_over_on"] = full_from
        accumulated = basis.accumulated_by_end_of(year)
        amount = accumulated - self.accumulated_depreciation
        if amount <= 0:
            self._warn_of_nothing(year, at)
            return
        gap = basis.first_gap(
            posted_through=self.depreciated_through, year=year, accumulated=self.accumulated_depreciation
        )
        at.require(gap is None, "DEPRECIATION_YEAR_GAP", missing=[str(gap)], year=year)
        self.record(
            self.DepreciationPosted,
            at,
            year=year,
            amount=Fen(amount),
            accumulated=Fen(accumulated),
            shares=divided(amount, self.owners),
        )

    def _warn_of_nothing(self, year: int, at: Occasion) -> None:
        """Say why a year has no posting."""
        told = {} if self.depreciated_through is None else {"through": self.depreciated_through}
        at.warn("NOTHING_LEFT_TO_DEPRECIATE", year=year, accumulated=self.accumulated_depreciation, **told)

    def _depreciation_basis(self, at: Occasion) -> DepreciationBasis:
        if not at.rules.depreciable(self.card.asset_type) or self.card.useful_life_years is None:
            raise refuse("FIELD_INVALID", clause="C4.7-10", field="assetType", value=self.card.asset_type)
        if self.in_use_since is None or self.regime is None:
            raise refuse(
                "STEP_OUT_OF_ORDER",
                clause="C4.7-10",
                missing=["putIntoUse" if self.regime is not None else "ownershipConfirmation"],
                step="depreciation",
                state=self.operation,
            )
        known = self.settled_value
        return DepreciationBasis(
            cost=self.card.original_value if known is None else known.value_before,
            life_years=self.card.useful_life_years,
            in_use_since=self.in_use_since,
            method=at.rules.depreciation(self.regime),
            settled=None if known is None else SettledCost(self.card.original_value, known.since),
        )

    @event(DepreciationPosted)
    def _depreciation_posted(self, year: int, accumulated: Fen) -> None:
        self.accumulated_depreciation = accumulated
        self.depreciated_through = year
