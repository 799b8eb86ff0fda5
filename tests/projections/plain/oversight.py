"""Supervision (五(四)): inspections and what they found until it is mended; violations until somebody is held to account."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """Inspections with their findings, and cases."""
    return {
        "supervision_finding": [
            row for code, story in streams(events, "inspection").items() for row in findings(code, story)
        ],
        "violation_case": [one_case(*one) for one in streams(events, "violation_case").items()],
    }


def findings(code: str, story: list[RecordedEvent]) -> Table:
    """The inspection itself, and each finding: raised, ordered to be mended, seen to be mended."""
    told = story[0].data["inspected"]
    whole: Row = {
        "county": story[0].county,
        "inspection": code,
        "finding": "",
        "organ": told["organ"],
        "unit": told["unit"],
        "inspected_on": day(told["inspectedOn"]),
        "text": told["subject"],
        "asset": None,
        "clause": None,
        "state": "INSPECTED",
        "due_on": None,
        "verified_on": None,
        "position": story[0].position,
    }
    rows = [whole]
    for raised in story:
        if name_of(raised) != "finding_raised":
            continue
        found = raised.data["supervisionFinding"]
        about = [
            one
            for one in story
            for data in one.data.values()
            if isinstance(data, dict) and data.get("finding") == found["finding"]
        ]
        orders = [one.data["rectification"] for one in about if name_of(one) == "rectification_ordered"]
        looks = [one for one in about if name_of(one) == "rectification_verified"]
        state = "RAISED"
        for one in about:
            if name_of(one) == "rectification_ordered":
                state = "ORDERED"
            elif name_of(one) == "rectification_verified" and one.data["verified"]["outcome"] == "RECTIFIED":
                state = "RECTIFIED"
        rows.append(
            whole
            | {
                "finding": found["finding"],
                "text": found["text"],
                "asset": found.get("asset"),
                "clause": found.get("clause"),
                "state": state,
                "due_on": day(orders[-1]["dueOn"]) if orders else None,
                "verified_on": day(looks[-1].data["verified"]["verifiedOn"]) if looks else None,
                "position": about[-1].position,
            }
        )
    return rows


def one_case(code: str, story: list[RecordedEvent]) -> Row:
    """What was reported, what it was found to be, and who was held to account; of a person the last decision counts."""
    told = story[0].data["violation"]
    decided = [one.data["establishment"] for one in story if name_of(one) == "established"]
    held = [one.data["accountability"] for one in story if name_of(one) == "accountability_decided"]
    amounts = [one["amount"] for one in [told, *decided] if one.get("amount") is not None]
    verdict = {True: "ESTABLISHED", False: "UNFOUNDED"}
    return {
        "county": story[0].county,
        "violation_case": code,
        "kind": told["kind"],
        "happened_on": day(told["happenedOn"]),
        "unit": told["unit"],
        "assets": told.get("assets", []),
        "amount": amounts[-1] if amounts else None,
        "answerable": story[0].data["answerable"],
        "state": verdict[decided[-1]["upheld"]] if decided else "REPORTED",
        "decided_on": day(decided[-1]["decidedOn"]) if decided else None,
        "accountabilities": {
            one["person"]: {name: one[name] for name in ("measure", "decidedBy", "decidedOn", "documentNo")}
            for one in held
        },
        "position": story[-1].position,
    }
