"""Rewards out of villages' profits (C4.7-07): what the cap of a year is, and how far it is used."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each village-year."""
    return {"annual_result": [one_year(*one) for one in streams(events, "annual_result").items()]}


def one_year(code: str, story: list[RecordedEvent]) -> Row:
    """The figure that was said last, and what plans paid less what came back."""
    first = story[0].data
    again = [one.data for one in story if name_of(one) == "restated"]
    profit, stated = first["statement"]["netProfit"], first["statement"]["determinedOn"]
    if again:
        profit, stated = again[-1]["restatement"]["netProfit"], again[-1]["restatement"]["restatedOn"]
    cap = again[-1]["cap"] if again else first["cap"]
    paid, back, due = {}, {}, {}
    for one in story:
        told = one.data
        if name_of(one) == "incentive_counted":
            paid[told["plan"]] = paid.get(told["plan"], 0) + told["amount"]
        elif name_of(one) == "incentive_returned":
            back[told["plan"]] = back.get(told["plan"], 0) + told["amount"]
            due[told["plan"]] = max(0, due.get(told["plan"], 0) - told["amount"])
        elif name_of(one) == "restated":
            due |= {part["plan"]: part["amount"] for part in told["due"]}
    used = sum(max(0, amount - back.get(plan, 0)) for plan, amount in paid.items())
    return {
        "county": story[0].county,
        "annual_result": code,
        "village": first["village"],
        "year": first["statement"]["year"],
        "net_profit": profit,
        "cap": cap,
        "used": used,
        "room": max(0, cap - used),
        "due_back": sum(due.values()),
        "restatements": len(again),
        "stated_on": day(stated),
        "position": story[-1].position,
    }
