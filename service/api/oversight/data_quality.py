"""The data-quality board over HTTP: what the record lacks, per asset and per unit, with the clause."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from service.api.http.paging import AsOf, KnownAt, MinPosition
from service.api.http.reading import Reading, get, routes
from service.ledgers.queries import LedgerMoment
from service.ledgers.questions.oversight import GapCount, GapPlace, counted_gaps
from service.ledgers.tables import values_shown

router = routes("/v1/ledgers", "ledgers 台账")


@get(
    router,
    "/data-quality/counts",
    "数据质量统计",
    "ledger.read",
    response_model=tuple[GapCount, ...],
)
async def read_data_quality_counts(
    read: Reading,
    by: Annotated[GapPlace, Query(title="统计口径")] = "county",
    as_of: AsOf = None,
    known_at: KnownAt = None,
    min_position: MinPosition = 0,
) -> Response:
    """How many gaps of each kind there are per place or unit, and since when the oldest waits."""
    return read.answer(
        values_shown(await counted_gaps(read, by, LedgerMoment(as_of, known_at, min_position)))
    )
