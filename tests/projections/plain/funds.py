"""The fund ledger (四(四)3 资金台账): money allocated, the money each asset says it was made from, how each unit's year agrees."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams, township_of


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """Allocations, funding lines, reconciliations."""
    return {
        "fund_allocation": [one_allocation(*one) for one in streams(events, "fund_allocation").items()],
        "fund_line": [
            line
            for kind in ("asset", "household_asset")
            for code, story in streams(events, kind).items()
            for line in lines_of(kind, code, story)
        ],
        "fund_reconciliation": [one_year(*one) for one in streams(events, "fund_reconciliation").items()],
    }


def one_allocation(code: str, story: list[RecordedEvent]) -> Row:
    """What its card says last; withdrawn it stays to be seen."""
    said = [one for one in story if "card" in one.data]
    card = said[-1].data["card"]
    on = day(card["allocatedOn"])
    assert on is not None
    return {
        "county": story[0].county,
        "allocation": code,
        "unit": card["unit"],
        "source": card["source"],
        "year": on.year,
        "allocated_on": on,
        "amount": card["amount"],
        "non_asset_amount": sum(one["amount"] for one in card.get("nonAsset", [])),
        "non_asset": card.get("nonAsset", []),
        "document_no": card["documentNo"],
        "project_code": card.get("projectCode"),
        "project_name": card.get("projectName"),
        "state": "WITHDRAWN" if name_of(story[-1]) == "withdrawn" else "RECORDED",
        "corrections": len(said) - 1,
        "version": story[-1].version,
        "position": story[-1].position,
    }


CARDS = {"registered", "registration_corrected", "final_settlement_recorded"}
"""Events that say what an asset was paid from."""


def lines_of(kind: str, code: str, story: list[RecordedEvent]) -> Table:
    """One line for each source that the card names last, the household's under its township."""
    said = [one for one in story if name_of(one) in CARDS]
    if not said:
        return []
    card = said[-1].data["card"]
    household = kind == "household_asset"
    unit = township_of(card["location"]) or card["location"] if household else card["implementer"]
    found = []
    for number, line in enumerate(card["fundingLines"], 1):
        on = day(line["allocatedOn"])
        assert on is not None
        found.append(
            {
                "county": story[0].county,
                "asset": code,
                "line": number,
                "register": "HOUSEHOLD" if household else "ASSET",
                "unit": unit,
                "source": line["source"],
                "year": on.year,
                "allocated_on": on,
                "amount": line["amount"],
                "project_code": card.get("projectCode"),
                "position": said[-1].position,
            }
        )
    return found


def one_year(code: str, story: list[RecordedEvent]) -> Row:
    """The last comparison; what was pushed, reported and acknowledged counts only since then."""
    compared = [n for n, one in enumerate(story) if name_of(one) == "reconciled"]
    last = story[compared[-1]].data if compared else {"result": "OPEN", "lines": []}
    since = story[compared[-1] :] if compared else story
    after = {name_of(one): one for one in since}
    said = after.get("acknowledged")
    return {
        "county": story[0].county,
        "reconciliation": code,
        "unit": story[0].data["unit"],
        "year": story[0].data["year"],
        "result": last["result"],
        "lines": last["lines"],
        "difference": sum(abs(one["allocated"] - one["nonAsset"] - one["formed"]) for one in last["lines"]),
        "ledger_sha256": last.get("ledgerSha256"),
        "reconciled_on": story[compared[-1]].occurred_on if compared else None,
        "pushed_on": after["pushed"].occurred_on if "pushed" in after else None,
        "reported_on": after["reported"].occurred_on if "reported" in after else None,
        "acknowledged_on": said.occurred_on if said else None,
        "acknowledged_by": said.data["person"] if said else None,
        "version": story[-1].version,
        "position": story[-1].position,
    }
