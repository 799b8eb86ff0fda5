"""The data-quality board over HTTP: what the record lacks, per asset and per unit, with the clause."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from fastapi import Query, Response
from pydantic import Field, PrivateAttr

from domain.regulation import Rules, rows
from domain.values import Value
from projections.engine.meaning import PLAIN, ByKey
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.engine.writing import Connection
from projections.oversight.data_quality import GAP, GAP_KIND, KINDS, LEDGERS, Standards, gap_counts, gap_page
from service.api.http.paging import (
    AsOf,
    DatedQuery,
    KnownAt,
    MinPosition,
    Several,
    answer,
    ledgers_at,
    page_of,
)
from service.api.http.reading import Read, Reading, get, routes
from service.ledgers.tables import row_model, rows_shown

router = routes("/v1/ledgers", "ledgers 台账")

Kind = Literal[
    "GUIDANCE_GAP", "OWNERSHIP_GAP", "REGIME_GAP", "ENTRY_GAP", "UNCONFIRMED", "TITLE_DISPUTED", "FILING_PENDING",
    "BOOKING_OVERDUE", "ENTRY_OVERDUE", "CARD_INCOMPLETE", "NO_DOCUMENT", "HISTORY_FINDING",
]  # fmt: skip
_NAMED = "；".join(f"{code} {zh}" for code, zh in KINDS.items())


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


class GapTotals(Value):
    """How many gaps there are, and of each kind."""

    gaps: int = Field(title="缺陷数")
    kinds: Annotated[dict[str, int], ByKey(GAP_KIND, PLAIN)] = Field(title="各种缺陷数")


class DataQualityQuery(DatedQuery):
    """Filters of the data-quality board."""

    PROJECTION: ClassVar[str] = LEDGERS[0]
    TOTALS = GapTotals
    BESIDE: ClassVar[tuple[str, ...]] = LEDGERS[1:]

    kind: tuple[Kind, ...] = Field(default=(), title="缺陷种类", description=_NAMED, max_length=len(KINDS))
    unit: str | None = Field(
        default=None, title="单位", description="应由其补正的，或在其辖区内的", max_length=64
    )
    village: Several = Field(default=(), title="所在村", max_length=200)
    township: Several = Field(default=(), title="所在乡（镇）", max_length=50)
    asset: Several = Field(default=(), title="资产编号", max_length=200)

    _standards: Standards | None = PrivateAttr(default=None)

    def by(self, standards: Standards) -> DataQualityQuery:
        """The query with what is called a gap."""
        self._standards = standards
        return self

    @property
    def standards(self) -> Standards:
        """What is called a gap; set by `by`."""
        if self._standards is None:
            raise TypeError("the question has no standards yet")
        return self._standards

    async def page(self, connection: Connection, county: str, paging: Mapping[str, Any]) -> Page:
        """Gaps."""
        return await gap_page(connection, county, self.standards, **self.filters(), **paging)

    async def totals(self, connection: Connection, county: str) -> Row | None:
        """How many there are of each kind."""
        counted = await gap_counts(connection, county, self.standards, **self.filters())
        return {"gaps": sum(one["gaps"] for one in counted)} | {
            "kinds": {one["kind"]: one["gaps"] for one in counted}
        }


GapRow = row_model("DataGapRow", GAP, days=(int, Field(title="已有天数")))


async def _standards(read: Read, as_of: date | None) -> Standards:
    on = read.day(as_of)
    return standards_of((await read.regulation()).on(on), on)


@get(router, "/data-quality", "数据质量看板", "ledger.read", response_model=page_of(GapRow, GapTotals))
async def read_data_quality(read: Reading, query: Annotated[DataQualityQuery, Query()]) -> Response:
    """What the record lacks: rule gaps that a default filled (C4.1-07), titles and bookings that wait, empty cards."""
    return await answer(read, query.by(await _standards(read, query.as_of)))


class GapCount(Value):
    """Gaps of one kind at a place."""

    place: str | None = Field(title="区划或单位", description="为空是未落到该级")
    kind: Kind = Field(title="缺陷种类", description=_NAMED)
    clause: str = Field(title="条款")
    gaps: int = Field(title="缺陷数")
    assets: int = Field(title="资产项数")
    oldest_since: date = Field(title="最早自何日起")


@get(
    router,
    "/data-quality/counts",
    "数据质量统计",
    "ledger.read",
    response_model=tuple[GapCount, ...],
)
async def read_data_quality_counts(
    read: Reading,
    by: Annotated[Literal["county", "township", "village", "unit"], Query(title="统计口径")] = "county",
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = 0,
) -> Response:
    """How many gaps of each kind there are per place or unit, and since when the oldest waits."""
    standards = await _standards(read, as_of)
    async with ledgers_at(read, LEDGERS, as_of, known_at, min_position) as (connection, _):
        return read.answer(rows_shown(await gap_counts(connection, read.county, standards, by), GapCount))
