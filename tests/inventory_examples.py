"""Canonical inventory batches and stocktakes that tests build on."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.inventory.batch import InventoryBatch, InventoryImport, Opinion
from domain.inventory.stocktake import StocktakeCampaign, StocktakeLine, StocktakeScope, Surplus
from tests.examples import MANAGER, OVERSEER, SHA, TOWNSHIP, VILLAGE, occasion, settled

BATCH = "B-1"
CAMPAIGN = "S-1"
DEPARTMENTS = ("AGRICULTURE", "FINANCE", "DRC", "RURAL_REVITALIZATION")
ASSETS = (f"{VILLAGE}-2019-000001", f"{VILLAGE}-2019-000002", f"{VILLAGE}-2019-000003")


def an_import(**changes: Any) -> InventoryImport:
    """A village's file with three good rows."""
    given: dict[str, Any] = {
        "file_name": "清查表.xlsx",
        "sha256": SHA,
        "unit": VILLAGE,
        "unit_kind": "VILLAGE",
        "compiled_by": MANAGER,
        "rows": 3,
        "ok": 3,
        "rejected": 0,
    }
    return InventoryImport(**(given | changes))


def opinion(organization: str = TOWNSHIP, person: str = OVERSEER, **changes: Any) -> Opinion:
    """An approval."""
    given: dict[str, Any] = {"decision": "APPROVE", "decided_on": date(2021, 9, 20)}
    return Opinion(organization=organization, person=person, **(given | changes))


def compiled(**changes: Any) -> InventoryBatch:
    """A batch as the import left it."""
    return settled(InventoryBatch.compile(BATCH, an_import(**changes), ASSETS, occasion()))


def reviewed(**changes: Any) -> InventoryBatch:
    """A batch that the departments may determine."""
    batch = compiled(**changes)
    batch.submit(MANAGER, occasion())
    reviewing = TOWNSHIP if batch.chain == "A1" else batch.imported.unit
    batch.give_review(opinion(reviewing), TOWNSHIP, occasion())
    return settled(batch)


def determined(*departments: str, **changes: Any) -> InventoryBatch:
    """A batch that these departments approved, each by a person of its own."""
    batch = reviewed(**changes)
    for department in departments:
        batch.determine(opinion(department, f"P-{department}"), occasion())
    return settled(batch)


def line(asset: str = ASSETS[0], result: str = "FOUND", **changes: Any) -> StocktakeLine:
    """What became of an asset; evidence where it is needed."""
    given: dict[str, Any] = {"asset": asset, "result": result, "seen_on": date(2021, 9, 1)}
    if result != "FOUND":
        given["evidence_sha256"] = SHA
    if result == "MOVED":
        given["location"] = "653022202209"
    return StocktakeLine(**(given | changes))


def surplus(**changes: Any) -> Surplus:
    """A pump in no register."""
    given: dict[str, Any] = {
        "surplus": "X-1",
        "name": "水泵",
        "location": VILLAGE,
        "quantity": "1台",
        "seen_on": date(2021, 9, 1),
        "evidence_sha256": SHA,
    }
    return Surplus(**(given | changes))


def campaign(assets: tuple[str, ...] = ASSETS) -> StocktakeCampaign:
    """An open stocktake of a village's assets."""
    scope = StocktakeScope(kind="DIVISION", code=VILLAGE)
    return settled(StocktakeCampaign.open(CAMPAIGN, "2021年清查", scope, assets, occasion(), position=100))


def completed() -> StocktakeCampaign:
    """A stocktake with one asset found, one missing, one moved, and a surplus."""
    one = campaign()
    results = ("FOUND", "MISSING", "MOVED")
    one.record_lines([line(asset, result) for asset, result in zip(ASSETS, results, strict=True)], occasion())
    one.find_surplus(surplus(), occasion())
    one.complete(occasion())
    return settled(one)
