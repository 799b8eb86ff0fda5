"""Records on behalf: what one unit entered for another, and what a village's secretary has confirmed of it (四(七))."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each event and unit it was recorded for; a row for each confirmation."""
    marked: list[Row] = []
    confirmed: list[Row] = []
    for event in events:
        for told in event.basis["warnings"]:
            if told["code"] == "RECORDED_ON_BEHALF":
                marked += [
                    {
                        "county": event.county,
                        "unit": unit,
                        "recorder": told["params"]["recorder"],
                        "stream": event.stream,
                        "type": event.type,
                        "occurred_on": event.occurred_on,
                        "position": event.position,
                    }
                    for unit in told["params"]["unit"].split("、")
                ]
        if event.type == "organization.recording_confirmed":
            confirmed.append(
                {
                    "county": event.county,
                    "entry_position": event.data["entry"],
                    "unit": event.stream.partition("-")[2],
                    "secretary": event.data["secretary"],
                    "confirmed_on": event.occurred_on,
                    "position": event.position,
                }
            )
    return {"on_behalf_record": marked, "on_behalf_confirmation": confirmed}
