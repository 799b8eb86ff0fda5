"""The inventory ledger: batches with their determination, stocktakes with their results."""

from __future__ import annotations

import random

from projections.inventory.inventories import (
    INVENTORY_ASSET,
    INVENTORY_BATCH,
    PROJECTION,
    STOCKTAKE,
    STOCKTAKE_LINE,
)
from tests.projections.history import VILLAGES
from tests.projections.inventory_history import batch_facts, line, stocktake_facts
from tests.projections.ledger_case import Given

ASSETS = ["A-1", "A-2", "A-3"]


def test_a_batch_shows_how_far_it_is() -> None:
    given = Given(PROJECTION)
    seen = []
    for stream, event_type, data in batch_facts(1, ASSETS, VILLAGES[0], random.Random(3)):
        given.event(stream, event_type, data)
        row = given.only(INVENTORY_BATCH)
        seen.append((row["state"], len(row["determinations"]), row["returns"]))
    assert seen[0] == ("COMPILED", 0, 0)
    assert ("RETURNED", 0, 1) in seen
    assert seen[-1] == ("AGGREGATED", 4, 1)
    assert given.shown(INVENTORY_ASSET, "asset", "number") == [("A-1", 1), ("A-2", 2), ("A-3", 3)]
    assert (row["row_count"], row["ok"], row["rejected"], row["return_reasons"]) == (4, 3, 1, "资金不符")


def test_the_second_list_of_a_batch_goes_on_counting() -> None:
    given = Given(PROJECTION)
    (imported, listed, *_) = batch_facts(1, ASSETS, VILLAGES[0], random.Random(1))
    given.event(*imported)
    given.event(*listed)
    given.event(listed[0], listed[1], {"assets": ["A-4"]})
    assert given.shown(INVENTORY_ASSET, "number")[-1] == 5_001


def test_a_stocktake_counts_each_asset_once() -> None:
    given = Given(PROJECTION)
    opened, listed, _, _, surplus, *_ = stocktake_facts(1, ASSETS, random.Random(1))
    given.event(*opened)
    given.event(*listed)
    lines = [line("A-1", "FOUND"), line("A-2", "MISSING"), line("A-3", "MOVED")]
    given.event(opened[0], "stocktake.lines_recorded", {"lines": lines[:2]})
    given.event(opened[0], "stocktake.lines_recorded", {"lines": lines[1:]})
    given.event(*surplus)
    assert given.only(STOCKTAKE)["seen"] == 3
    moved = [{"asset": "A-3", "location": "653022202209"}]
    completed = {"found": 1, "missing": ["A-2"], "moved": moved, "damaged": [], "surplus": ["X-1"]}
    given.event(opened[0], "stocktake.completed", completed)
    given.event(opened[0], "stocktake.surplus_registered", {"surplus": "X-1", "asset": "A-9"})
    row = given.only(STOCKTAKE)
    assert [row[name] for name in ("found", "missing", "moved", "damaged", "surplus")] == [1, 1, 1, 0, 1]
    assert (row["state"], row["registered_surplus"]) == ("COMPLETED", 1)
    assert given.shown(STOCKTAKE_LINE, "asset", "result") == [
        ("A-1", "FOUND"),
        ("A-2", "MISSING"),
        ("A-3", "MOVED"),
    ]
