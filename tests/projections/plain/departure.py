"""Departure cases (C4.10-09 to C4.10-11): how far each has come, and each line of its list, counted anew every time."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams

Story = list[RecordedEvent]

RECEIVING_BEGINS_ANEW = {"successor_named", "lines_reassigned", "lines_added", "line_disputed"}
"""What is on the list, or who takes it, has changed: no seal and no signature holds over it."""


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """The cases and their lines."""
    cases = sorted(streams(events, "departure_case").items())
    return {
        "departure_case": [one_case(code, story) for code, story in cases],
        "departure_line": [
            {"county": story[0].county, "case_id": code, "asset": asset} | line
            for code, story in cases
            for asset, line in sorted(lines(story).items())
        ],
    }


def lines(story: Story) -> dict[str, Row]:
    """Asset → its line, after all that happened."""
    found: dict[str, Row] = {}
    for event in story:
        data, name = event.data, name_of(event)
        match name:
            case "opened" | "lines_added":
                for asset, version in zip(
                    data["assets"], data.get("versions") or [None] * len(data["assets"]), strict=True
                ):
                    nothing = dict.fromkeys(
                        ("incoming", "accepted_by", "reconciliation", "disputed_by", "dispute", "resolution", "resolution_document")
                    )  # fmt: skip
                    again = asset in found
                    line = found.setdefault(asset, nothing | {"first_position": event.position})
                    line |= {"state": "OPEN", "asset_version": version, "accepted_by": None}
                    line["addendum"] = again or name == "lines_added"
                    line["position"] = event.position
            case "successor_named":
                for line in found.values():
                    if line["incoming"] is None:
                        line |= {"state": "OPEN", "accepted_by": None, "position": event.position}
            case "lines_reassigned":
                for asset in data["assets"]:
                    given = {"incoming": data["incoming"], "accepted_by": None, "state": "OPEN"}
                    found[asset] |= given | {"position": event.position}
            case "lines_accepted":
                for asset in data["assets"]:
                    found[asset] |= {
                        "state": "ACCEPTED",
                        "accepted_by": data["acceptedBy"],
                        "position": event.position,
                    }
            case "line_disputed":
                found[data["asset"]] |= {
                    "state": "DISPUTED",
                    "accepted_by": None,
                    "disputed_by": data["disputedBy"],
                    "dispute": data["reason"],
                    "resolution": None,
                    "resolution_document": None,
                    "position": event.position,
                }
            case "dispute_resolved":
                found[data["asset"]] |= {
                    "state": "OPEN",
                    "resolution": data["resolution"],
                    "resolution_document": data["documentNo"],
                    "position": event.position,
                }
            case "reconciliation_recorded":
                for one in data["lines"]:
                    right = (
                        one["book"] == "AGREES"
                        and one["physical"] == "FOUND"
                        and one["documents"] == "COMPLETE"
                    )
                    compared = "AGREES" if right else "DIFFERS"
                    found[one["asset"]] |= {"reconciliation": compared, "position": event.position}
            case "difference_resolved":
                found[data["asset"]] |= {"reconciliation": "RESOLVED", "position": event.position}
    return found


def one_case(code: str, story: Story) -> Row:
    """A case's row."""
    opened = story[0]
    notice = opened.data["notice"]
    listed = list(lines(story).values())
    named = [one.data["successor"] for one in story if name_of(one) == "successor_named"]
    successor = named[-1] if named else notice.get("successor")
    takers = {line["incoming"] or successor for line in listed} or {successor}
    audits = [one.data["audit"] for one in story if name_of(one) == "audit_completed"]
    ordered = [one.data["auditorOrganization"] for one in story if name_of(one) == "audit_ordered"]
    interims = [one.data["interim"] for one in story if name_of(one) == "interim_custodian_appointed"]
    return (
        {
            "county": opened.county,
            "case_id": code,
            "person": notice["person"],
            "kind": notice["kind"],
            "organization": notice["organization"],
            "reason": notice["reason"],
            "departs_on": day(notice["departsOn"]),
            "successor": successor,
            "document_no": notice.get("documentNo"),
            "lines": len(listed),
            "open_lines": sum(line["state"] == "OPEN" for line in listed),
            "accepted_lines": sum(line["state"] == "ACCEPTED" for line in listed),
            "disputed_lines": sum(line["state"] == "DISPUTED" for line in listed),
            "incoming": sorted(one for one in takers if one is not None),
            "reconciled_lines": sum(line["reconciliation"] is not None for line in listed),
            "difference_lines": sum(line["reconciliation"] == "DIFFERS" for line in listed),
            "audit_ordered": ordered[-1] if ordered else None,
            "audit_report": audits[-1]["reportNo"] if audits else None,
            "audit_cut_off": day(audits[-1]["cutOff"]) if audits else None,
            "interim": interims[-1]["person"] if interims else None,
            "interim_until": day(interims[-1]["until"]) if interims else None,
            "opened_on": opened.occurred_on,
            "version": len(story),
            "first_position": opened.position,
            "position": story[-1].position,
        }
        | under_the_list(story)
        | how_far(story)
    )


def under_the_list(story: Story) -> Row:
    """The sealed list and who signed it: the signatures are under that list and no other."""
    sealed, signed = None, dict[str, Row]()
    for event in story:
        match name_of(event):
            case "list_sealed":
                sealed, signed = event.data["listSha256"], {}
            case "signed":
                one = event.data["signature"]
                place = f"INCOMING:{one['person']}" if one["role"] == "INCOMING" else one["role"]
                signed[place] = {name: one[name] for name in ("person", "organization", "signedOn")}
            case name if name in RECEIVING_BEGINS_ANEW:
                sealed, signed = None, {}
    return {"sealed": sealed, "signatures": signed}


def how_far(story: Story) -> Row:
    """核账 done over the whole list; findings; completed, and opened again by a finding that comes after."""
    reconciled, on_list = False, set[str]()
    findings: dict[str, Row] = {}
    state, completed, supervisor, again = "OPEN", None, None, 0
    due, reckoning = story[0].data.get("dueOn"), story[0].data.get("provisional")
    for event in story:
        data = event.data
        match name_of(event):
            case "opened" | "lines_added":
                if not set(data["assets"]) <= on_list:
                    reconciled = False
                on_list |= set(data["assets"])
            case "reconciliation_recorded":
                reconciled = False
            case "reconciliation_completed":
                reconciled = True
            case "finding_raised":
                findings[data["finding"]["finding"]] = data["finding"] | {"state": "OPEN"}
                if state == "COMPLETED":
                    state, completed, again = "OPEN", None, again + 1
                    due, reckoning = data.get("dueOn"), data.get("provisional")
            case "finding_resolved":
                settled = {"resolution": data["resolution"], "documentNo": data["documentNo"]}
                findings[data["finding"]] |= {"state": "RESOLVED", "settled": settled}
            case "completed":
                state, completed, supervisor = "COMPLETED", event.occurred_on, data["supervisor"]
    return {
        "reconciled": reconciled,
        "findings": findings,
        "open_findings": sum(one["state"] == "OPEN" for one in findings.values()),
        "state": state,
        "completed_on": completed,
        "supervisor": supervisor,
        "reopened": again,
        "due_on": day(due),
        "reckoning": reckoning,
    }
