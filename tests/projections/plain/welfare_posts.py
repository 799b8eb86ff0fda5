"""Public-welfare posts (C4.9-06): how many months were assessed at each, what they earned and what of it was paid."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, name_of, streams


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each post."""
    return {"public_welfare_post": [one_post(*one) for one in streams(events, "public_welfare_post").items()]}


def one_post(code: str, story: list[RecordedEvent]) -> Row:
    """The sums over what was assessed and paid."""
    content = story[0].data["content"]
    names = [name_of(one) for one in story]
    months = [one.data["assessment"] for one in story if name_of(one) == "month_assessed"]
    return {
        "county": story[0].county,
        "public_welfare_post": code,
        "village": content["village"],
        "name": content["name"],
        "monthly_wage": content["monthlyWage"],
        "created_on": story[0].occurred_on,
        "appointed": names.count("holder_appointed"),
        "released": names.count("holder_released"),
        "months": len(months),
        "last_month": max((one["month"] for one in months), default=None),
        "earned": sum(one["wage"] for one in months),
        "paid": sum(one.data["wage"]["amount"] for one in story if name_of(one) == "wage_paid"),
        "position": story[-1].position,
    }
