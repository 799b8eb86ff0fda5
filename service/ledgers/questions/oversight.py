"""Supervision: the data-quality board, inspections with their findings, violations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from domain.regulation import Rules, rows
from domain.values import BusinessDate, Code, Value
from projections.engine.meaning import PLAIN, ByKey
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.oversight import inspections as oversight
from projections.oversight.data_quality import GAP, GAP_KIND, KINDS, LEDGERS, Standards, gap_counts, gap_page
from service.ledgers.filters import Filters, Several, Standpoint
from service.ledgers.queries import LedgerMoment, ledgers_at
from service.ledgers.source import Source
from service.ledgers.tables import row_model, typed_rows

GapKind = Literal[
    "GUIDANCE_GAP", "OWNERSHIP_GAP", "REGIME_GAP", "ENTRY_GAP", "UNCONFIRMED", "TITLE_DISPUTED", "FILING_PENDING",
    "BOOKING_OVERDUE", "ENTRY_OVERDUE", "CARD_INCOMPLETE", "NO_DOCUMENT", "PAPER_NOT_KEPT", "PAPER_LOST",
    "HISTORY_FINDING",
]  # fmt: skip


GAPS_NAMED = "；".join(f"{code} {zh}" for code, zh in KINDS.items())


def standards_of(rules: Rules, on: date) -> Standards:
    """By what the rules of a day call something a gap."""
    return Standards(
        on=on,
        book_days=rules.parameters["P31"].book_days,
        entry_days=rules.within("EXTERNAL_ENTRY").days,
        ownership_gaps={
            row.code: row.article
            for row in rules.table("ownership_rules.rule", rows.OwnershipRule)
            if row.rule_gap
        },
        regime_gaps={
            f"{row.asset_class}/{row.owner_kind}": row.article
            for row in rules.table("regimes.regime", rows.RegimeRow)
            if row.rule_gap and not row.entrusted
        },
        without_life=frozenset(
            row.code
            for row in rules.table("asset_types.type", rows.AssetType)
            if "usefulLifeYears" not in {item.field for item in rules.card_items("REGISTRATION", row.code)}
        ),
    )


async def _standards(at: Standpoint) -> Standards:
    """What is called a gap on the day asked about, worked out once for the page and the sums."""
    if "standards" not in at.kept:
        at.kept["standards"] = standards_of(await at.rules(at.day), at.day)
    return at.kept["standards"]  # type: ignore[no-any-return]  # put in above


class GapTotals(Value):
    """Totals of gaps, all and of each kind."""

    gaps: int = Field(title="缺陷数")
    kinds: Annotated[dict[str, int], ByKey(GAP_KIND, PLAIN)] = Field(title="各种缺陷数")


class DataQualityFilters(Filters):
    """Filters of the data-quality board."""

    PROJECTION: ClassVar[str] = LEDGERS[0]
    DATED = True
    TOTALS = GapTotals
    BESIDE: ClassVar[tuple[str, ...]] = LEDGERS[1:]

    kind: tuple[GapKind, ...] = Field(
        default=(), title="缺陷种类", description=GAPS_NAMED, max_length=len(KINDS)
    )
    unit: Code | None = Field(default=None, title="单位", description="应由其补正的，或在其辖区内的")
    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=50)
    asset: Several = Field(default=(), title="资产编号", max_length=200)

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Gaps."""
        standards = await _standards(at)
        return await gap_page(at.connection, at.county, standards, **self.filters(), **paging)

    async def totals(self, at: Standpoint) -> Row | None:
        """How many there are of each kind."""
        standards = await _standards(at)
        counted = await gap_counts(at.connection, at.county, standards, **self.filters())
        return {"gaps": sum(one["gaps"] for one in counted)} | {
            "kinds": {one["kind"]: one["gaps"] for one in counted}
        }


GapRow = row_model("DataGapRow", GAP, days=(int, Field(title="已有天数")))


class GapCount(Value):
    """Gaps of one kind at a place."""

    place: str | None = Field(title="区划或单位", description="为空是未落到该级")
    kind: GapKind = Field(title="缺陷种类", description=GAPS_NAMED)
    clause: str = Field(title="条款")
    gaps: int = Field(title="缺陷数")
    assets: int = Field(title="资产项数")
    oldest_since: date = Field(title="最早自何日起")


GapPlace = Literal["county", "township", "village", "unit"]
"""By which places gaps are counted."""


async def counted_gaps(source: Source, by: GapPlace, moment: LedgerMoment) -> tuple[GapCount, ...]:
    """How many gaps of each kind there are per place or unit, and since when the oldest waits."""
    on = moment.as_of or source.today
    standards = standards_of((await source.regulation()).on(on), on)
    async with ledgers_at(source, LEDGERS, moment) as (connection, _):
        return typed_rows(await gap_counts(connection, source.county, standards, by), GapCount)


class FindingsFilters(Filters):
    """Filters of the inspections."""

    PROJECTION: ClassVar[str] = oversight.PROJECTION.name

    organ: Code | None = Field(default=None, title="监督单位")
    unit: Several = Field(default=(), title="被检查单位", max_length=200)
    state: Literal["INSPECTED", "RAISED", "ORDERED", "RECTIFIED"] | None = Field(default=None, title="状态")
    overdue: bool | None = Field(default=None, title="是否逾期未整改")
    on: BusinessDate | None = Field(default=None, title="日期", description="按该日判断是否逾期，不填为当日")

    async def settled(self, source: Source) -> Self:
        """The same for a day: today's where none was given."""
        return self.model_copy(update={"on": self.on or source.today})

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Inspections and findings."""
        return await oversight.finding_page(at.connection, at.county, **self.filters(), **paging)


FindingRow = row_model("SupervisionFindingRow", oversight.FINDING, overdue=(bool, Field(title="是否逾期")))


class ViolationsFilters(Filters):
    """Filters of the violations."""

    PROJECTION: ClassVar[str] = oversight.PROJECTION.name

    kind: Several = Field(default=(), title="违规类别", max_length=8)
    unit: Several = Field(default=(), title="涉及单位", max_length=200)
    state: Literal["REPORTED", "ESTABLISHED", "UNFOUNDED"] | None = Field(default=None, title="状态")
    person: Code | None = Field(default=None, title="责任人")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Cases."""
        return await oversight.violation_page(at.connection, at.county, **self.filters(), **paging)


ViolationRow = row_model("ViolationRow", oversight.VIOLATION)
