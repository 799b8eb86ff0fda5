"""The data-quality board over random histories: its lines are what the assets themselves say."""

from __future__ import annotations

from datetime import date

import asyncpg
import pytest

from domain.regulation import Regulation
from projections.asset.register import REGISTER
from projections.engine.reading import rows_of
from projections.oversight.data_quality import PLACES, gap_counts, gap_page
from service.ledgers.projector import Projector
from service.ledgers.questions.oversight import standards_of
from service.log.event_store import EventStore
from tests.projections.history import COUNTY, RandomHistory, append_all

TODAY = date(2023, 6, 30)


@pytest.mark.parametrize("seed", [6, 41])
async def test_every_gap_is_one_line_and_every_line_a_gap(
    pool: asyncpg.Pool, store: EventStore, seed: int
) -> None:
    """Recomputed row by row from the register; pages of any size give the same lines; counts add up to them."""
    async with Projector(pool, store) as projector:
        last = await append_all(store, RandomHistory(seed, alive=60, disposed=0.2).take(1200))
        await projector.wait_for(COUNTY, None, last, 30)
    standards = standards_of(Regulation.load(county=COUNTY).on(TODAY), TODAY)
    async with pool.acquire() as connection:
        whole = (await gap_page(connection, COUNTY, standards, limit=1000)).rows
        paged, cursor = [], None
        while True:
            found = await gap_page(connection, COUNTY, standards, limit=7, cursor=cursor)
            paged += found.rows
            cursor = found.next_cursor
            if cursor is None:
                break
        assert paged == whole
        assert len({(row["subject"], row["kind"], row["item"]) for row in whole}) == len(whole) > 0
        register = rows_of(await connection.fetch("SELECT * FROM asset_register"), REGISTER)
        there = [row for row in register if row["scope"] == "IN" and row["disposed_on"] is None]
        assert len(there) < len(register)
        expected = {
            "UNCONFIRMED": {row["asset"] for row in there if row["confirmed_on"] is None},
            "TITLE_DISPUTED": {row["asset"] for row in there if row["title"] == "DISPUTED"},
            "NO_DOCUMENT": {row["asset"] for row in there if row["documents"] == 0},
            "BOOKING_OVERDUE": {
                row["asset"]
                for row in there
                if row["title"] == "CONFIRMED"
                and (TODAY - row["confirmed_on"]).days > standards.book_days
                and any(row["bookings"].get(one["party"]) != one["amount"] for one in row["owners"])
            },
            "REGIME_GAP": {
                row["asset"]
                for row in there
                if f"{row['asset_class']}/{row['owner_kind']}" in standards.regime_gaps
            },
        }
        for kind, assets in expected.items():
            assert {row["subject"] for row in whole if row["kind"] == kind} == assets, kind
        assert sum(map(bool, expected.values())) >= 3
        for by in PLACES:
            counted = await gap_counts(connection, COUNTY, standards, by)
            of_units = sum(len(row["units"]) for row in whole)
            assert sum(row["gaps"] for row in counted) == (of_units if by == "unit" else len(whole))
