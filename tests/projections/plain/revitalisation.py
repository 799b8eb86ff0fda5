"""Bringing assets back to life (四(十一) 盘活): each case with its cause, its plan and how it ended, until it is opened again."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each case."""
    return {"revitalisation_case": [one_case(*one) for one in streams(events, "revitalisation_case").items()]}


def one_case(code: str, story: list[RecordedEvent]) -> Row:
    """What was found, and what was done about it since it was opened last; a denied end leaves the plan as it was to be done."""
    first = story[0].data
    found, years = first["detected"], first["detected"].get("years") or [None]
    begun = max(n for n, one in enumerate(story) if name_of(one) in {"opened", "reopened"})
    since = story[begun:]
    state, outcome = "OPEN", None
    closed: RecordedEvent | None = None
    verified: str | None = None
    for one in since:
        match name_of(one):
            case "plan_filed":
                state, outcome = "PLANNED", one.data["plan"]["outcome"]
            case "closed":
                state, outcome, closed = "CLOSED", one.data["closing"]["outcome"], one
            case "verified" if one.data["verification"]["confirmed"]:
                state, verified = "VERIFIED", one.data["verification"]["verifiedOn"]
            case "verified":
                state, closed = "PLANNED", None
    plans = [one.data["plan"] for one in since if name_of(one) == "plan_filed"]
    set_by = [
        one.data.get("plan") or one.data["extension"]
        for one in since
        if name_of(one) in {"plan_filed", "extended"}
    ]
    year = years[-1]
    return {
        "county": story[0].county,
        "revitalisation_case": code,
        "asset": first["asset"],
        "cause": found["cause"],
        "opened_on": story[0].occurred_on,
        "idle_since": day(found.get("idleSince")),
        "idle_days": found.get("idleDays"),
        "judged_year": year["year"] if year else None,
        "income": year["income"] if year else None,
        "net": year["income"] - year["upkeep"] - year["depreciation"] if year else None,
        "reason": first.get("reason"),
        "state": state,
        "outcome": outcome,
        "person": plans[-1]["person"] if plans else None,
        "deadline": day(set_by[-1]["deadline"]) if set_by else None,
        "extensions": sum(name_of(one) == "extended" for one in since),
        "closed_on": day(closed.data["closing"]["closedOn"]) if closed else None,
        "closed_by": closed.data["closedBy"] if closed else None,
        "result": closed.data["closing"]["result"] if closed else None,
        "verified_on": day(verified),
        "position": story[-1].position,
    }
