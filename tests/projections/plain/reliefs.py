"""Relief plans (C4.9-09): whom a village helps, what of it was paid, and whether that was made public."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each plan."""
    return {"relief_plan": [one_plan(*one) for one in streams(events, "relief_plan").items()]}


def one_plan(code: str, story: list[RecordedEvent]) -> Row:
    """The sums over what was proposed and paid."""
    content = story[0].data["content"]
    paid = [one.data for one in story if name_of(one) == "paid"]
    notices = [one.data["notice"] for one in story if name_of(one) == "use_published"]
    whole, out = (
        sum(one["amount"] for one in part) for part in (content["lines"], [p["payment"] for p in paid])
    )
    state = "PROPOSED" if not paid else "PAID" if out == whole else "PAYING"
    return {
        "county": story[0].county,
        "relief_plan": code,
        "village": content["village"],
        "amount": whole,
        "households": len({one["household"] for one in content["lines"]}),
        "state": "WITHDRAWN" if any(name_of(one) == "withdrawn" for one in story) else state,
        "proposed_on": story[0].occurred_on,
        "procedure": paid[-1]["procedure"] if paid else None,
        "paid": out,
        "payments": len(paid),
        "last_paid_on": max((day(one["payment"]["paidOn"]) for one in paid), default=None),
        "published_on": day(notices[-1]["publishedOn"]) if notices else None,
        "position": story[-1].position,
    }
