"""The procedures that events name."""

from __future__ import annotations

from collections.abc import Iterable

from domain.recorded import RecordedEvent


def procedures_in(events: Iterable[RecordedEvent]) -> list[str]:
    """Procedures that an asset's events name."""
    found: dict[str, None] = {}
    for event in events:
        for place in (event.data, event.data.get("confirmation") or {}):
            code = place.get("procedure")
            if isinstance(code, str):
                found[code] = None
    return list(found)
