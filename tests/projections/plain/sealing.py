"""Joint reviews (四(四)4) and sealed ledgers (四(三)县办公室): what was sealed, handed in and collected."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """The seals and the reviews."""
    return {
        "ledger_seal": [
            one_seal(code, story) for code, story in sorted(streams(events, "ledger_seal").items())
        ],
        "joint_review": [
            one_review(code, story) for code, story in sorted(streams(events, "joint_review").items())
        ],
    }


def one_seal(code: str, story: list[RecordedEvent]) -> Row:
    """What a seal says, and whether it was handed in and collected."""
    said = story[0].data["snapshot"]
    later = {name_of(one): one for one in story[1:]}
    submitted, collected = later.get("submitted"), later.get("collected")
    return {
        "county": story[0].county,
        "seal": code,
        "kind": said["kind"],
        "unit": said["unit"],
        "year": said["year"],
        "as_of": day(said["asOf"]),
        "log_position": said["position"],
        "tree_root": said["treeRoot"],
        "root_hash": said["rootHash"],
        "form": said["form"],
        "row_count": said["rows"],
        "original_value": said["originalValue"],
        "net_book_value": said["netBookValue"],
        "categories": said.get("categories", []),
        "sealed_on": story[0].occurred_on,
        "submitted_on": submitted and submitted.occurred_on,
        "submitted_by": submitted and submitted.data["person"],
        "collected_on": collected and collected.occurred_on,
        "collected_by": collected and collected.data["person"],
        "position": story[-1].position,
    }


def one_review(code: str, story: list[RecordedEvent]) -> Row:
    """核对无误后形成: an exception is open until it is cleared; what is raised anew is not settled any more."""
    exceptions: dict[str, Row] = {}
    settled: dict[str, Row] = {}
    signed: dict[str, str] = {}
    seals: list[str] = []
    state = "OPEN"
    for event in story:
        data = event.data
        match name_of(event):
            case "exceptions_raised":
                for name in data.get("cleared", []):
                    exceptions.pop(name, None)
                    settled.pop(name, None)
                for one in data.get("raised", []):
                    name = one["kind"] + ":" + one["subject"]
                    exceptions[name] = one
                    settled.pop(name, None)
            case "exception_settled":
                settled[data["exception"]] = data["settlement"]
            case "signed":
                signed[data["signature"]["department"]] = data["signature"]["signedOn"]
                state = "SIGNED" if data["last"] else state
            case "ledgers_sealed":
                seals, state = data["seals"], "SEALED"
    return {
        "county": story[0].county,
        "review": code,
        "year": story[0].data["year"],
        "as_of": day(story[0].data["asOf"]),
        "state": state,
        "exceptions": exceptions,
        "settled": settled,
        "signatures": signed,
        "seals": seals,
        "opened_on": story[0].occurred_on,
        "version": len(story),
        "position": story[-1].position,
    }
