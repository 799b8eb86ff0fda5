"""Assets in events that are not their own, and what was entered long after it happened, written down by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, name_of

OF_LISTS: Final = {"opened", "lines_added", "lines_accepted", "lines_reassigned"}
"""Events of a departure case that carry a list of assets."""
OF_LINES: Final = {"line_disputed", "dispute_resolved", "difference_resolved"}
"""Events of a departure case about one of them."""


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each asset that an event of another stream names, and for each event about an asset that came late."""
    mentioned: list[Row] = []
    late: list[Row] = []
    for event in events:
        kind, _, code = event.stream.partition("-")
        own = kind in {"asset", "household_asset"}
        for asset in [code] if own else dict.fromkeys(named(event)):
            row = {"county": event.county, "asset": asset, "position": event.position}
            if not own:
                mentioned.append(row)
            gone = event.recorded_at.date() - event.occurred_on
            if gone >= timedelta(days=91) and event.basis["findings"] == []:
                late.append(row | {"occurred_on": event.occurred_on, "days": gone.days})
    return {"asset_mention": mentioned, "asset_backdated_entry": late}


def named(event: RecordedEvent) -> Iterator[str]:
    """Assets that an event of another stream names."""
    kind, what = event.stream.partition("-")[0], name_of(event)
    if kind == "departure_case" and what in OF_LISTS:
        yield from event.data["assets"]
    elif kind == "departure_case" and what == "reconciliation_recorded":
        yield from (line["asset"] for line in event.data["lines"])
    elif kind == "departure_case" and what == "finding_raised":
        if event.data["finding"].get("asset"):
            yield event.data["finding"]["asset"]
    elif kind == "policy_override" and what == "granted":
        yield event.data["overrideGrant"]["asset"]
    elif (
        kind == "revitalisation_case"
        or (kind == "departure_case" and what in OF_LINES)
        or (kind == "policy_override" and what == "revoked")
    ):
        yield event.data["asset"]
