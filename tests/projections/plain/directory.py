"""Divisions, units, posts and people as they were told, with what became of them (五(一), 四(十)¶4)."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams

Story = list[RecordedEvent]


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """Four tables: places, units, who held which post, people."""
    units = sorted(streams(events, "organization").items())
    return {
        "division": [place(code, story) for code, story in sorted(streams(events, "division").items())],
        "organization": [unit(code, story) for code, story in units],
        "tenure": [row for code, story in units for row in posts(code, story)],
        "person": [person(code, story) for code, story in sorted(streams(events, "person").items())],
    }


def followed(story: Story) -> Row:
    """Who came after, and since when."""
    ends = [one.data for one in story if name_of(one) == "succeeded"]
    return {
        "successor": ends[-1]["successor"] if ends else None,
        "closed_on": day(ends[-1]["closedOn"]) if ends else None,
    }


def place(code: str, story: Story) -> Row:
    """A division."""
    card = story[0].data["card"]
    return {
        "county": story[0].county,
        "division": code,
        "name": card["name"],
        "level": card["level"],
        "parent": card.get("parent"),
        "valid_from": day(card["validFrom"]),
        "first_position": story[0].position,
        "position": story[-1].position,
    } | followed(story)


OF_THE_UNIT = {"defined", "succeeded", "collective_registered", "collective_replaced"}
"""What is about the unit itself; posts and duties have rows of their own."""


def unit(code: str, story: Story) -> Row:
    """A unit."""
    card = story[0].data["card"]
    return {
        "county": story[0].county,
        "organization": code,
        "name": card["name"],
        "kind": card["kind"],
        "division": card.get("division"),
        "superior": card.get("superior"),
        "valid_from": day(card["validFrom"]),
        "first_position": story[0].position,
        "position": max(one.position for one in story if name_of(one) in OF_THE_UNIT),
    } | followed(story)


def posts(code: str, story: Story) -> Table:
    """A row for each time somebody took a post; its end closes whatever of that post that person still holds."""
    found: Table = []
    for event in story:
        data = event.data
        if name_of(event) == "position_appointed":
            found.append(
                {
                    "county": event.county,
                    "organization": code,
                    "post": data["position"],
                    "person": data["person"],
                    "since": day(data["since"]),
                    "until": None,
                    "document_no": data["documentNo"],
                    "reason": None,
                    "first_position": event.position,
                    "position": event.position,
                }
            )
        elif name_of(event) == "position_ended":
            for row in found:
                same = (row["post"], row["person"]) == (data["position"], data["person"])
                if same and row["until"] is None:
                    row["until"], row["reason"] = day(data["until"]), data["reason"]
                    row["position"] = event.position
    return found


def person(code: str, story: Story) -> Row:
    """Somebody, the certificate that holds, and how they left."""
    certificate, leaving, left_on = None, None, None
    for event in story:
        data = event.data
        match name_of(event):
            case "clearance_issued":
                certificate = data["clearance"]["certificateNo"]
            case "clearance_revoked" if certificate == data["certificateNo"]:
                certificate = None
            case "formality_carried_out":
                leaving, left_on = data["formality"]["kind"], data["formality"]["carriedOutOn"]
            case "leaving_recorded":
                leaving, left_on = data["fact"]["kind"], data["fact"]["happenedOn"]
    card = story[0].data["card"]
    return {
        "county": story[0].county,
        "person": code,
        "name": card["name"],
        "organization": card["organization"],
        "clearance": certificate,
        "leaving": leaving,
        "left_on": day(left_on),
        "position": story[-1].position,
    }
