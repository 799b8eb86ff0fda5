"""Inventory batches and stocktakes for the random histories, as data of the log."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

SHA: Final = "ab" * 32
DEPARTMENTS: Final = ("AGRICULTURE", "FINANCE", "DRC", "RURAL_REVITALIZATION")

Fact = tuple[str, str, dict[str, Any]]
"""Stream, type, data."""


def batch_facts(number: int, assets: list[str], unit: str, rng: random.Random) -> Iterator[Fact]:
    """A batch of these assets, sometimes returned once, sometimes left half-way."""
    stream = f"inventory_batch-B-{number}"
    imported = {
        "fileName": "清查表.xlsx",
        "sha256": SHA,
        "unit": unit,
        "unitKind": "VILLAGE",
        "compiledBy": "P-0001",
        "rows": len(assets) + 1,
        "ok": len(assets),
        "rejected": 1,
    }
    yield stream, "inventory_batch.imported", {"imported": imported}
    yield stream, "inventory_batch.assets_listed", {"assets": assets}
    for returned in (True, False) if rng.random() < 0.5 else (False,):
        yield stream, "inventory_batch.submitted", {"person": "P-0001"}
        yield stream, "inventory_batch.reviewed", {"opinion": opinion(unit, "APPROVE")}
        for department in DEPARTMENTS:
            decision = "RETURN" if returned and department == "FINANCE" else "APPROVE"
            said = opinion(department, decision)
            facts = {"department": department, "decision": decision, "opinion": said}
            yield stream, "inventory_batch.determined", facts
            if decision == "RETURN":
                yield stream, "inventory_batch.returned", {"opinion": said}
                break
    if rng.random() < 0.8:
        yield stream, "inventory_batch.aggregated", {"person": "P-0002"}


def opinion(organization: str, decision: str) -> dict[str, Any]:
    """What a unit says to a batch."""
    said = {
        "organization": organization,
        "person": "P-0003",
        "decision": decision,
        "decidedOn": "2021-09-20",
    }
    return said | ({"reasons": "资金不符"} if decision == "RETURN" else {})


def stocktake_facts(number: int, assets: list[str], rng: random.Random) -> Iterator[Fact]:
    """A stocktake of these assets with one surplus."""
    stream = f"stocktake-S-{number}"
    baseline = {"position": 10, "batches": [], "assets": len(assets), "sha256": SHA}
    yield (
        stream,
        "stocktake.opened",
        {"title": "清查", "scope": {"kind": "COUNTY"}, "baseline": baseline},
    )
    yield stream, "stocktake.baseline_listed", {"assets": assets}
    results = {asset: rng.choice(("FOUND", "FOUND", "MISSING", "MOVED", "DAMAGED")) for asset in assets}
    lines = [line(asset, result) for asset, result in results.items()]
    yield stream, "stocktake.lines_recorded", {"lines": lines}
    yield stream, "stocktake.lines_recorded", {"lines": lines[:1]}
    surplus = {
        "surplus": "X-1",
        "name": "水泵",
        "location": "653022202208",
        "quantity": "1台",
        "seenOn": "2021-09-01",
        "evidenceSha256": SHA,
    }
    yield stream, "stocktake.surplus_recorded", {"surplus": surplus}
    chosen = {
        name: [asset for asset, result in results.items() if result == name] for name in set(results.values())
    }
    moved = [{"asset": asset, "location": "653022202209"} for asset in chosen.get("MOVED", [])]
    completed = {
        "found": len(chosen.get("FOUND", [])),
        "missing": chosen.get("MISSING", []),
        "moved": moved,
        "damaged": chosen.get("DAMAGED", []),
        "surplus": ["X-1"],
    }
    yield stream, "stocktake.completed", completed
    if rng.random() < 0.5:
        yield stream, "stocktake.surplus_registered", {"surplus": "X-1", "asset": f"{assets[0]}-X"}


def line(asset: str, result: str) -> dict[str, Any]:
    """What became of an asset."""
    said = {"asset": asset, "result": result, "seenOn": "2021-09-01"}
    if result != "FOUND":
        said["evidenceSha256"] = SHA
    if result == "MOVED":
        said["location"] = "653022202209"
    return said
