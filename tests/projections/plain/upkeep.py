"""Upkeep (C4.10-04, C4.7-11): what villages spend on it, and what the county stands in for."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams


def expenses(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each expense."""
    return {
        "maintenance_expense": [one_expense(*one) for one in streams(events, "maintenance_expense").items()]
    }


def one_expense(code: str, story: list[RecordedEvent]) -> Row:
    """What was proposed, and the sums of what was paid."""
    text = story[0].data
    paid = [one.data for one in story if name_of(one) == "paid"]
    out = sum(one["payment"]["amount"] for one in paid)
    return {
        "county": story[0].county,
        "maintenance_expense": code,
        "village": text["village"],
        "asset": text["asset"],
        "cost": sum(one["amount"] for one in text["lines"]),
        "share": sum(one["amount"] for one in text["shares"] if one["party"] == text["village"]),
        "lines": len(text["lines"]),
        "legal_basis": next((one["legalBasis"] for one in text["lines"] if "legalBasis" in one), None),
        "state": "PROPOSED" if not paid else "PAID" if out == text["share"] else "PAYING",
        "proposed_on": story[0].occurred_on,
        "procedure": paid[-1]["procedure"] if paid else None,
        "paid": out,
        "payments": len(paid),
        "last_paid_on": max((day(one["payment"]["paidOn"]) for one in paid), default=None),
        "position": story[-1].position,
    }


def guarantees(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each guarantee."""
    return {"cost_guarantee": [one_guarantee(*one) for one in streams(events, "cost_guarantee").items()]}


def one_guarantee(code: str, story: list[RecordedEvent]) -> Row:
    """How far it came, and what the county bears."""
    told = {name_of(one): one.data for one in story}
    declared = told["inability_declared"]["declaration"]
    verified = told.get("verified")
    approval = told.get("finance_guarantee_approved", {}).get("approval")
    out = sum(one.data["payment"]["amount"] for one in story if name_of(one) == "county_cost_covered")
    state = "DECLARED" if verified is None else "VERIFIED"
    if approval is not None:
        state = "COVERED" if out == approval["amount"] else "APPROVED"
    return {
        "county": story[0].county,
        "cost_guarantee": code,
        "unit": declared["unit"],
        "asset": declared["asset"],
        "year": declared["year"],
        "cost": declared["cost"],
        "share": told["inability_declared"]["share"],
        "state": state,
        "declared_on": story[0].occurred_on,
        "verified_on": None if verified is None else day(verified["verification"]["verifiedOn"]),
        "approved_on": None if approval is None else day(approval["approvedOn"]),
        "budget_year": None if approval is None else approval["budgetYear"],
        "approved": None if approval is None else approval["amount"],
        "covered": out,
        "position": story[-1].position,
    }
