"""Sealed ledgers, and the joint reviews that seal the county's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from domain.sealing.seal import SealKind
from projections.engine.reading import Page
from projections.sealing import seals as ledger_seals
from service.ledgers.filters import Filters, Several, Standpoint
from service.ledgers.tables import row_model


class SealsFilters(Filters):
    """Filters of the seals."""

    PROJECTION: ClassVar[str] = ledger_seals.PROJECTION.name

    kind: SealKind | None = Field(default=None, title="台账种类")
    unit: Several = Field(default=(), title="单位", max_length=200)
    year: int | None = Field(default=None, title="年度", ge=2013, le=2200)

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Seals."""
        return await ledger_seals.seal_page(at.connection, at.county, **self.filters(), **paging)


SealRow = row_model("LedgerSealRow", ledger_seals.SEAL)


class ReviewsFilters(Filters):
    """Filters of the joint reviews."""

    PROJECTION: ClassVar[str] = ledger_seals.PROJECTION.name

    year: int | None = Field(default=None, title="年度", ge=2013, le=2200)
    state: Literal["OPEN", "SIGNED", "SEALED"] | None = Field(default=None, title="状态")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Reviews."""
        return await ledger_seals.review_page(at.connection, at.county, **self.filters(), **paging)


ReviewRow = row_model("JointReviewRow", ledger_seals.REVIEW)
