"""Inventories (二(三), 四(四)1): batches from the village up to the county and back, and stocktakes of what there is."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """Batches and their assets, stocktakes and their lines."""
    batches, stocktakes = streams(events, "inventory_batch"), streams(events, "stocktake")
    return {
        "inventory_batch": [one_batch(*one) for one in batches.items()],
        "inventory_asset": [row for code, story in batches.items() for row in listed(code, story)],
        "stocktake": [one_stocktake(*one) for one in stocktakes.items()],
        "stocktake_line": [row for code, story in stocktakes.items() for row in seen(code, story)],
    }


def one_batch(code: str, story: list[RecordedEvent]) -> Row:
    """Where the batch is on its way; a return by any department sends it back, and the verdicts begin anew."""
    told = story[0].data["imported"]
    returns = [one for one in story if name_of(one) == "returned"]
    words = {
        "submitted": "SUBMITTED",
        "reviewed": "REVIEWED",
        "returned": "RETURNED",
        "aggregated": "AGGREGATED",
    }
    way = [words[name_of(one)] for one in story if name_of(one) in words]
    verdicts = {
        one.data["department"]: one.data["decision"]
        for one in story
        if name_of(one) == "determined" and (not returns or one.position > returns[-1].position)
    }
    done = [one.occurred_on for one in story if name_of(one) == "aggregated"]
    return {
        "county": story[0].county,
        "batch": code,
        "file_name": told["fileName"],
        "sha256": told["sha256"],
        "unit": told["unit"],
        "unit_kind": told["unitKind"],
        "compiled_by": told["compiledBy"],
        "row_count": told["rows"],
        "ok": told["ok"],
        "rejected": told["rejected"],
        "state": way[-1] if way else "COMPILED",
        "determinations": verdicts,
        "returns": len(returns),
        "return_reasons": returns[-1].data["opinion"].get("reasons") if returns else None,
        "imported_on": story[0].occurred_on,
        "aggregated_on": done[-1] if done else None,
        "version": story[-1].version,
        "first_position": story[0].position,
        "position": story[-1].position,
    }


def listed(code: str, story: list[RecordedEvent]) -> Table:
    """The assets that the file registered, in its order."""
    every = [(asset, one) for one in story if name_of(one) == "assets_listed" for asset in one.data["assets"]]
    return [
        {"county": one.county, "asset": asset, "batch": code, "number": number, "position": one.position}
        for number, (asset, one) in enumerate(every, 1)
    ]


def one_stocktake(code: str, story: list[RecordedEvent]) -> Row:
    """What is to be looked at, how much of it was, and what came of it."""
    told, base = story[0].data, story[0].data["baseline"]
    ended = [one for one in story if name_of(one) == "completed"]
    lines = seen(code, story)
    return {
        "county": story[0].county,
        "campaign": code,
        "title": told["title"],
        "scope_kind": told["scope"]["kind"],
        "scope_code": told["scope"].get("code"),
        "baseline_position": base["position"],
        "baseline_sha256": base["sha256"],
        "batches": base["batches"],
        "assets": base["assets"],
        "seen": sum(one["result"] != "UNSEEN" for one in lines),
        "surplus": sum(name_of(one) == "surplus_recorded" for one in story),
        "registered_surplus": sum(name_of(one) == "surplus_registered" for one in story),
        "found": ended[0].data["found"] if ended else None,
        "missing": len(ended[0].data["missing"]) if ended else None,
        "moved": len(ended[0].data["moved"]) if ended else None,
        "damaged": len(ended[0].data["damaged"]) if ended else None,
        "state": "COMPLETED" if ended else "OPEN",
        "opened_on": story[0].occurred_on,
        "completed_on": ended[0].occurred_on if ended else None,
        "version": story[-1].version,
        "first_position": story[0].position,
        "position": story[-1].position,
    }


def seen(code: str, story: list[RecordedEvent]) -> Table:
    """Each asset of the list, as it was seen last."""
    found: dict[str, Row] = {}
    for event in story:
        for asset in event.data["assets"] if name_of(event) == "baseline_listed" else ():
            found[asset] = {"result": "UNSEEN", "position": event.position}
        for line in event.data["lines"] if name_of(event) == "lines_recorded" else ():
            found[line["asset"]] = line | {"position": event.position}
    return [
        {
            "county": story[0].county,
            "asset": asset,
            "campaign": code,
            "result": line["result"],
            "seen_on": day(line.get("seenOn")),
            "location": line.get("location"),
            "evidence_sha256": line.get("evidenceSha256"),
            "note": line.get("note"),
            "position": line["position"],
        }
        for asset, line in found.items()
    ]
