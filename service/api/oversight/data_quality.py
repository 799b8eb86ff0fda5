"""The data-quality board over HTTP: what the record lacks, per asset and per unit, with the clause."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field

from domain.values import Value
from projections.oversight.data_quality import LEDGERS, Standards, gap_counts
from service.api.http.paging import AsOf, KnownAt, MinPosition
from service.api.http.reading import Read, Reading, get, routes
from service.ledgers.queries import ledgers_at
from service.ledgers.questions.oversight import GAPS_NAMED, GapKind, standards_of
from service.ledgers.tables import rows_shown

router = routes("/v1/ledgers", "ledgers 台账")


async def _standards(read: Read, as_of: date | None) -> Standards:
    on = read.day(as_of)
    return standards_of((await read.regulation()).on(on), on)


class GapCount(Value):
    """Gaps of one kind at a place."""

    place: str | None = Field(title="区划或单位", description="为空是未落到该级")
    kind: GapKind = Field(title="缺陷种类", description=GAPS_NAMED)
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
