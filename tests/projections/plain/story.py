"""What the plain models are told: the events of one stream, and the words for days and places."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from domain.recorded import RecordedEvent

Row = dict[str, Any]
Table = list[Row]


def streams(events: Iterable[RecordedEvent], kind: str) -> dict[str, list[RecordedEvent]]:
    """The code after `kind-` → its events, in the order of the log."""
    found: dict[str, list[RecordedEvent]] = {}
    for event in events:
        what, _, code = event.stream.partition("-")
        if what == kind:
            found.setdefault(code, []).append(event)
    return found


def name_of(event: RecordedEvent) -> str:
    """What happened, without the kind of thing it happened to."""
    return event.type.partition(".")[2]


def day(text: str | None) -> date | None:
    """A day that was written down."""
    return None if text is None else date.fromisoformat(text)


def village_of(code: str) -> str | None:
    """The village of a place: twelve digits that do not end in 000."""
    return code if len(code) == 12 and not code.endswith("000") else None


def township_of(code: str) -> str | None:
    """The township of a place: its first nine digits and 000, unless it is the county."""
    return None if len(code) < 9 or code[6:9] == "000" else code[:9] + "000"


def warnings_of(told: Iterable[RecordedEvent]) -> int:
    """Warnings that were given."""
    return sum(len(event.basis["warnings"]) for event in told)


def findings_of(told: Iterable[RecordedEvent]) -> int:
    """Findings of imported history."""
    return sum(len(event.basis["findings"]) for event in told)
