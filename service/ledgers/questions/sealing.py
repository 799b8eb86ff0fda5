"""Sealed ledgers, and the joint reviews that seal the county's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from domain.regulation import Regulation, rows
from domain.sealing.seal import SealKind
from domain.values import BusinessDate, Fen, Value
from projections.asset import register as asset_register
from projections.engine.reading import Page
from projections.household import register as household_register
from projections.organization import directory
from projections.sealing import seals as ledger_seals
from service.ledgers.filters import Filters, Several, Standpoint
from service.ledgers.queries import ledgers_now
from service.ledgers.source import Source
from service.ledgers.tables import row_model, typed_rows


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


# ---- rows of what was sealed ---------------------------------------------------------------------------------------

_PARTS: Final[dict[str, Any]] = {
    "share_value": (Fen, Field(title="本单位份额")),
    "share_net_value": (Fen, Field(title="本单位份额净值")),
}
_SEALED_ASSET: Final = row_model("SealedAssetRow", asset_register.REGISTER, **_PARTS)
_SEALED_HOUSEHOLD: Final = row_model("SealedHouseholdRow", household_register.HOUSEHOLD_REGISTER, **_PARTS)
SEALED_ROWS: Final = {
    "COUNTY_MASTER": _SEALED_ASSET,
    "CATEGORISED": _SEALED_ASSET,
    "ASSET": _SEALED_ASSET,
    "HOUSEHOLD": _SEALED_HOUSEHOLD,
}
"""What the rows of each kind of seal are."""


# ---- the collection of a year --------------------------------------------------------------------------------------


class UnitLedgerState(Value):
    """Progress of a unit with its ledger of a year."""

    organization: str = Field(title="单位")
    kind: str = Field(title="单位类型")
    name: str = Field(title="单位名称")
    state: Literal["MISSING", "SEALED", "SUBMITTED", "COLLECTED"] = Field(
        title="台账报送状态", description="未封存 / 已封存 / 已报送 / 已汇总"
    )
    root_hash: str | None = Field(title="台账摘要")
    submitted_on: BusinessDate | None = Field(title="报送日期")
    collected_on: BusinessDate | None = Field(title="汇总日期")


class LedgerCollection(Value):
    """The county's ledger of a year as it is collected from its units."""

    year: int = Field(title="年度")
    state: Literal["INCOMPLETE", "COMPLETE"] = Field(title="汇总状态", description="不全 / 已全部报送")
    missing: tuple[str, ...] = Field(title="尚未报送的单位")
    units: tuple[UnitLedgerState, ...] = Field(title="各单位")


async def ledger_collection(source: Source, year: int, min_position: int = 0) -> LedgerCollection:
    """Which units handed in their ledger of a year; INCOMPLETE names those that did not (C4.3-11)."""
    kinds = collected_kinds(await source.regulation(), source.today)
    names = (ledger_seals.PROJECTION.name, directory.PROJECTION.name)
    async with ledgers_now(source, names, min_position) as connection:
        found = await ledger_seals.collection(connection, source.county, year, kinds)
    units = typed_rows(found, UnitLedgerState)
    missing = tuple(one.organization for one in units if one.state in {"MISSING", "SEALED"})
    return LedgerCollection(
        year=year, state="INCOMPLETE" if missing else "COMPLETE", missing=missing, units=units
    )


def collected_kinds(regulation: Regulation, on: date) -> frozenset[str]:
    """Kinds of unit whose ledgers the county's is collected from (C4.3-11)."""
    ledgers = regulation.on(on).table("ledgers.ledger", rows.LedgerRow)
    return frozenset(next(one.collected_from for one in ledgers if one.code == "COUNTY_MASTER"))
