"""What looks wrong: every rule speaks where it should, and is silent a step before."""

from __future__ import annotations

from datetime import date
from typing import Any

import asyncpg
import pytest

from projections.oversight.anomalies import Bounds, anomalies
from service.ledgers.projector import Projector
from service.log.event_store import EventStore
from tests.projections.history import COUNTY, VILLAGES, Log, append_all, card, confirmation, terms


@pytest.mark.clause("C5.4-04")
async def test_what_looks_wrong_is_shown_with_its_evidence(pool: asyncpg.Pool, store: EventStore) -> None:
    """Shows disposals cut small, equal shares, early contracts, low rents, one operator in many villages, late records."""
    log = Log()
    village, owner = VILLAGES[0], {VILLAGES[0]: 200_000_00}
    for number, day in enumerate((date(2022, 3, 1), date(2022, 3, 11), date(2022, 3, 30))):
        stream = f"asset-split-{number}"
        log.add(stream, "asset.registered", {"card": card(200_000_00, village), "scope": "IN"})
        log.add(stream, "asset.ownership_confirmed", confirmation(owner))
        sale = {"disposedOn": day.isoformat(), "price": 99_000_00, "documentNo": "处1号"}
        log.add(stream, "asset.disposed", {"disposal": "X", "kind": "AUCTION", "sale": sale}, day)
    for number, place in enumerate(VILLAGES[:5]):
        stream, rent = f"asset-let-{number}", 10_000_00 if number else 1_000_00
        log.add(stream, "asset.registered", {"card": card(200_000_00, place), "scope": "IN"})
        if number:
            log.add(stream, "asset.ownership_confirmed", confirmation({place: 200_000_00}))
        log.add(stream, "asset.leased", terms("L-1", annualIncome=rent))
    async with Projector(pool, store) as projector:
        last = await append_all(store, log.events)
        await projector.wait_for(COUNTY, None, last, 30)
    async with pool.acquire() as connection:
        bounds = Bounds(threshold=100_000_00)
        found = await anomalies(connection, COUNTY, bounds, limit=1000)
        by_rule: dict[str, dict[str, Any]] = {}
        for one in found:
            by_rule.setdefault(one["rule"], {})[one["subject"]] = one
        split = by_rule["SPLIT_DISPOSAL"][village]
        assert (split["cases"], split["evidence"]["sum"]) == (3, 297_000_00)
        assert split["evidence"]["assets"] == ["split-0", "split-1", "split-2"]
        assert set(by_rule["RENT_BELOW_PEERS"]) == {"let-0"}
        assert "let-0" in by_rule["CONTRACT_BEFORE_TITLE"]
        (operator,) = by_rule["ONE_OPERATOR"].values()
        assert sorted(operator["evidence"]["villages"]) == sorted(VILLAGES[:5])
        assert "split-0" in by_rule["BACKDATED"]
        paged, after = [], ("", "")
        while some := await anomalies(connection, COUNTY, bounds, after=after, limit=3):
            paged += some
            after = (some[-1]["rule"], some[-1]["subject"])
        assert paged == found
        apart = await anomalies(connection, COUNTY, Bounds(threshold=100_000_00, window_days=9))
        assert "SPLIT_DISPOSAL" not in {one["rule"] for one in apart}
