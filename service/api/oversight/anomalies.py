"""Signs of violations before anybody has reported them, over HTTP (C5.4-04)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from service.api.http.paging import AsOf, KnownAt, MinPosition
from service.api.http.reading import Reading, get, routes
from service.ledgers.parameters import Cursor, Limit
from service.ledgers.queries import LedgerMoment
from service.ledgers.questions.anomalies import (
    RULES_NAMED,
    Anomalies,
    AnomalyFilters,
    AnomalyRule,
    anomalies_found,
)
from service.ledgers.tables import value_shown

router = routes("/v1/ledgers", "ledgers 台账")


@get(router, "/anomalies", "异常预警", "ledger.read", response_model=Anomalies)
async def read_anomalies(
    read: Reading,
    rule: Annotated[AnomalyRule | None, Query(title="规则", description=RULES_NAMED)] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    limit: Annotated[Limit, Query(title="每页行数")] = 100,
    cursor: Annotated[Cursor | None, Query(title="游标")] = None,
    min_position: MinPosition = 0,
) -> Response:
    """Disposals just under the threshold, equal shares, early contracts, low rents, one operator, late records, one paper for several notices (C5.4-04)."""
    filters = AnomalyFilters(rule, cursor, limit)
    return read.answer(
        value_shown(await anomalies_found(read, filters, LedgerMoment(as_of, known_at, min_position)))
    )
