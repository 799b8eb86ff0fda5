"""Income plans (C4.9-03): each with the text that counts, what was paid of it, and whether its use was made public."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each plan."""
    return {"income_plan": [one_plan(*one) for one in streams(events, "income_plan").items()]}


def one_plan(code: str, story: list[RecordedEvent]) -> Row:
    """The last text, and the sums over what happened."""
    text = [one.data for one in story if name_of(one) in {"proposed", "amended"}][-1]
    content = text["content"]
    paid = [one.data for one in story if name_of(one) == "executed"]
    notices = [one.data["notice"] for one in story if name_of(one) == "use_published"]
    whole = sum(one["amount"] for one in content["lines"])
    back = sum(one.data["back"]["amount"] for one in story if name_of(one) == "payment_returned")
    out = sum(one["payment"]["amount"] for one in paid) - back
    state = "PROPOSED" if not paid else "PAID" if out == whole else "PAYING"
    if any(name_of(one) == "withdrawn" for one in story):
        state = "WITHDRAWN"
    return {
        "county": story[0].county,
        "income_plan": code,
        "village": story[0].data["content"]["village"],
        "year": content["year"],
        "ruleset": content["ruleset"],
        "amount": whole,
        "village_share": text["villageShare"],
        "household_share": text["householdShare"],
        "lines": len(content["lines"]),
        "households": len({one["household"] for one in content["lines"] if "household" in one}),
        "sources": [{"asset": one["asset"], "amount": one["amount"]} for one in content["sources"]],
        "state": state,
        "proposed_on": story[0].occurred_on,
        "procedure": paid[-1]["procedure"] if paid else None,
        "paid": out,
        "payments": len(paid),
        "last_paid_on": max((day(one["payment"]["paidOn"]) for one in paid), default=None),
        "published_on": day(notices[-1]["publishedOn"]) if notices else None,
        "to_pay_again": back - sum(one.get("paidAgain", 0) for one in paid),
        "amendments": sum(name_of(one) == "amended" for one in story),
        "position": story[-1].position,
    }
