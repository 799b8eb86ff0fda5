"""The ledgers that units keep (T9): every managed asset where it belongs, and every fen once."""

from __future__ import annotations

from datetime import date

import asyncpg
import pytest

from projections.asset.register_questions import county_totals, unit_totals
from projections.asset.unit_ledgers import kept_page, kept_totals
from projections.sealing.sealed_rows import derive
from service.ledgers.projector import Projector
from service.log.event_store import EventStore
from tests.projections.history import COUNTY, VILLAGES, Log, RandomHistory, append_all, card, confirmation

TODAY = date(2021, 12, 31)


@pytest.mark.parametrize("seed", [3, 17, 92])
async def test_shares_of_all_units_are_the_county_s_confirmed_assets(
    pool: asyncpg.Pool, store: EventStore, seed: int
) -> None:
    """Random registers: masters of all units add up; welfare and operating are the master; rows are the totals."""
    async with Projector(pool, store) as projector:
        last = await append_all(store, RandomHistory(seed, alive=80, disposed=0.3).take(1500))
        await projector.wait_for(COUNTY, None, last, 30)
    async with pool.acquire() as connection:
        county = await county_totals(connection, COUNTY)
        units = [row["party"] for row in await unit_totals(connection, COUNTY)]
        assert len(units) > 3
        masters = {unit: await kept_totals(connection, COUNTY, unit, "UNIT_MASTER") for unit in units}
        assert sum(one["share_value"] for one in masters.values()) == county["confirmed_shares"] > 0
        joint = 0
        for unit, master in masters.items():
            welfare, operating = [
                await kept_totals(connection, COUNTY, unit, f"VILLAGE_{name}")
                for name in ("PUBLIC_WELFARE", "OPERATING")
            ]
            for figure in ("owned", "share_value", "share_net_value", "original_value", "net_book_value"):
                assert welfare[figure] + operating[figure] == master[figure]
            sealed = await derive(connection, COUNTY, "ASSET", unit, TODAY)
            assert (sealed.rows, sealed.original_value) == (master["owned"], master["share_value"])
            assert sealed.net_book_value == master["share_net_value"]
            found = await kept_page(connection, COUNTY, unit, "UNIT_MASTER", limit=1000)
            assert len(found.rows) == master["assets"]
            assert sum(row["share_value"] for row in found.rows) == master["share_value"]
            assert sum(row["share_net_value"] for row in found.rows) == master["share_net_value"]
            joint += sum(row["share_value"] < row["original_value"] for row in found.rows)
        assert joint > 0
        whole = await kept_totals(connection, COUNTY, "ASSET_OFFICE", "COUNTY_MASTER")
        assert whole["assets"] == county["managed"]["assets"]
        assert whole["original_value"] == county["managed"]["original_value"]


async def test_owned_and_territorial_are_told_apart(pool: asyncpg.Pool, store: EventStore) -> None:
    """A road of the neighbours that lies in the village is listed there, and counts nothing."""
    here, there = VILLAGES[:2]
    log = Log()
    for name, owner in (("own", here), ("theirs", there)):
        stream = f"asset-{name}"
        log.add(stream, "asset.registered", {"card": card(1_000_00, here, name), "scope": "IN"})
        log.add(stream, "asset.ownership_confirmed", confirmation({owner: 1_000_00}))
    async with Projector(pool, store) as projector:
        last = await append_all(store, log.events)
        await projector.wait_for(COUNTY, None, last, 30)
    async with pool.acquire() as connection:
        found = await kept_page(connection, COUNTY, here, "VILLAGE_REGISTER")
        assert {
            row["asset"]: (row["owned"], row["territorial"], row["share_value"]) for row in found.rows
        } == {
            "own": (True, True, 1_000_00),
            "theirs": (False, True, None),
        }
        totals = await kept_totals(connection, COUNTY, here, "VILLAGE_REGISTER")
        assert (totals["assets"], totals["owned"], totals["share_value"]) == (2, 1, 1_000_00)
        only = await kept_page(connection, COUNTY, there, "VILLAGE_REGISTER", relation="OWNED")
        assert [row["asset"] for row in only.rows] == ["theirs"]
        assert (
            await kept_page(connection, COUNTY, there, "VILLAGE_REGISTER", relation="TERRITORIAL")
        ).rows == []
        township = await kept_page(connection, COUNTY, f"{here[:9]}000", "TOWNSHIP_ASSET")
        assert [(row["asset"], row["owned"], row["territorial"]) for row in township.rows] == [
            ("own", False, True),
            ("theirs", False, True),
        ]
