"""The one shape in which readers of the log get its events, whatever they do with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One event as the log holds it, its data already in the current schema of its type.

    `data`, `actor` and `basis` are JSON objects: camelCase keys, money in integer fen, dates as ISO strings.
    """

    county: str
    """Six-digit GB/T 2260 code of the county whose log this is, e.g. "653022"."""
    position: int
    """Place in the county's log: 1, 2, 3 … without gaps, in the order of commits."""
    stream: str
    """`<kind>-<id>` of the aggregate, e.g. "asset-653022202201-000017"."""
    version: int
    """Place in the stream: 1, 2, 3 … without gaps."""
    type: str
    """Stored name of the event, e.g. "asset.registered"."""
    schema: int
    """Schema version of `data` as given here; the stored one may be lower."""
    occurred_on: date
    """Business date: the day the fact is about."""
    recorded_at: datetime
    """UTC moment the log took it in; never decreases within a county."""
    actor: dict[str, Any]
    """Who did it: {"id": …, "kind": …, "organization": …}."""
    command_id: str
    """The command that recorded it; all events of one command share it."""
    correlation_id: str
    """The piece of work the command belongs to."""
    causation_id: str | None
    """What led to the command, if that is known."""
    basis: dict[str, Any]
    """Why it was allowed: {"policy": …, "clauses": […], "warnings": […]}; empty where nothing was decided."""
    data: dict[str, Any]
    """The event's own fields."""

    @property
    def kind(self) -> str:
        """The aggregate's kind: the stream's name before its first hyphen."""
        return self.stream.partition("-")[0]

    @property
    def aggregate_id(self) -> str:
        """The aggregate's id: the stream's name after its first hyphen."""
        return self.stream.partition("-")[2]
