"""The household register (四(二) 仅做好登记工作, 四(五)3): each household asset, and what was pushed to each village."""

from __future__ import annotations

from decimal import Decimal

from domain.recorded import RecordedEvent
from tests.projections.plain.story import (
    Row,
    Table,
    day,
    findings_of,
    name_of,
    streams,
    township_of,
    village_of,
    warnings_of,
)


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """The register and the villages' ledgers."""
    return {
        "household_register": [
            one_asset(code, story) for code, story in sorted(streams(events, "household_asset").items())
        ],
        "household_ledger": [
            one_village(code, story) for code, story in sorted(streams(events, "household_ledger").items())
        ],
    }


def one_asset(asset: str, story: list[RecordedEvent]) -> Row:
    """A row of the register."""
    card = next(
        one.data["card"] for one in story[::-1] if name_of(one) in {"registered", "registration_corrected"}
    )
    seen = [one.data["inspection"] for one in story if name_of(one) == "inspected"]
    confirmed = [
        one.data["confirmation"]["confirmedOn"] for one in story if name_of(one) == "household_confirmed"
    ]
    closed = [one.data["closing"] for one in story if name_of(one) == "registration_closed"]
    return (
        {
            "county": story[0].county,
            "asset": asset,
            "asset_name": card["assetName"],
            "asset_content": card["assetContent"],
            "asset_type": card["assetType"],
            "household": card.get("household"),
            "householder": card.get("householder"),
            "location": card["location"],
            "village": village_of(card["location"]),
            "township": township_of(card["location"]),
            "completion_date": day(card["completionDate"]),
            "quantity": Decimal(card["quantity"]),
            "unit_of_measure": card["unitOfMeasure"],
            "original_value": card["originalValue"],
            "funding_lines": card["fundingLines"],
            "project_code": card.get("projectCode"),
            "loan_ref": card.get("loanRef"),
            "lead_department": story[0].data.get("leadDepartment"),
            "confirmed_on": day(confirmed[-1]) if confirmed else None,
            "closed_on": day(closed[-1]["closedOn"]) if closed else None,
            "closing_reason": closed[-1]["reason"] if closed else None,
            "documents": sum(name_of(one) == "document_archived" for one in story),
            "corrections": sum(name_of(one) == "registration_corrected" for one in story),
            "inspections": len(seen),
            "last_inspected_on": day(seen[-1]["inspectedOn"]) if seen else None,
            "last_condition": seen[-1]["condition"] if seen else None,
            "absence_reason": seen[-1].get("reason") if seen else None,
            "cooperated": seen[-1]["cooperated"] if seen else None,
            "warnings": warnings_of(story),
            "findings": findings_of(story),
            "registered_on": story[0].occurred_on,
            "version": len(story),
            "first_position": story[0].position,
            "position": story[-1].position,
        }
        | what_is_left(story)
        | in_whose_hands(story)
    )


def what_is_left(story: list[RecordedEvent]) -> Row:
    """How many are left, whether they are there, since when they were not found."""
    left, state, absent = Decimal(0), "REGISTERED", None
    written = Decimal(0)
    for event in story:
        data = event.data
        match name_of(event):
            case "registered":
                left = written = Decimal(data["card"]["quantity"])
            case "registration_corrected":
                left += Decimal(data["card"]["quantity"]) - written
                written = Decimal(data["card"]["quantity"])
            case "loss_recorded":
                left = left - Decimal(data["loss"]["quantity"]) if "quantity" in data["loss"] else Decimal(0)
                state, absent = ("REGISTERED" if left > 0 else "CLOSED"), None
            case "inspected":
                there = data["inspection"]["present"]
                state = "REGISTERED" if there and left > 0 else "CLOSED"
                gone = there or left <= 0
                absent = None if gone else absent or day(data["inspection"]["inspectedOn"])
            case "registration_closed":
                state, absent = "CLOSED", None
    return {"remaining": left, "state": state, "absent_since": absent}


def in_whose_hands(story: list[RecordedEvent]) -> Row:
    """四(六)3(2): entrusted to an operator until the entrustment ends."""
    said = None
    for event in story:
        if name_of(event) == "entrusted":
            said = event.data["entrustment"]
        elif name_of(event) == "entrustment_ended":
            said = None
    return {
        "entrustment": said and said["entrustment"],
        "operator": said and said["operator"],
        "entrusted_on": said and day(said["startsOn"]),
        "entrusted_until": said and day(said["endsOn"]),
        "yearly_return": said and said["yearlyReturn"],
        "inspecting_department": said and said.get("inspectingDepartment"),
    }


def one_village(village: str, story: list[RecordedEvent]) -> Row:
    """四(五)3: pushed by the township; what the village said since the last push."""
    begins = max(n for n, one in enumerate(story) if name_of(one) in {"pushed", "renewed"})
    push = story[begins].data["push"]
    since = story[begins:]
    acknowledged = [one.occurred_on for one in since if name_of(one) == "acknowledged"]
    return {
        "county": story[0].county,
        "village": village,
        "township": push["township"],
        "pushed_on": day(push["pushedOn"]),
        "pushed_rows": len(push["rows"]),
        "sha256": push["sha256"],
        "acknowledged_on": acknowledged[-1] if acknowledged else None,
        "open_requests": [one.data["request"] for one in since if name_of(one) == "correction_requested"],
        "position": story[-1].position,
    }
