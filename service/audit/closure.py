"""Which streams a person's pack must hold, and which entries of the index say so.

Every stream that names the person; for every post the person held, there or in a unit that was merged into it, every
stream that names the post. The verifier walks the same way through the signed index.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.refusals import refuse
from projections.engine.events import LedgerEvent
from service.audit.care import Units
from service.log.index import LogIndex


@dataclass(slots=True)
class Closure:
    """Streams and index entries, as the walk has found them so far."""

    index: LogIndex
    person: str
    streams: set[str] = field(default_factory=set)
    places: set[int] = field(default_factory=set)
    """Entries of the index to be shown."""

    def __post_init__(self) -> None:
        """Start with what names the person; NOT_FOUND for a person the log does not know."""
        if f"stream/person-{self.person}" not in self.index.values:
            raise refuse("NOT_FOUND", what=self.person)
        self.streams.update(self._entry(f"person/{self.person}"))

    def of_kind(self, kind: str) -> list[str]:
        """Streams of one kind of aggregate, in order."""
        return sorted(stream for stream in self.streams if stream.startswith(f"{kind}-"))

    def follow(self, units: Units, merged_from: dict[str, set[str]]) -> bool:
        """Add what names the posts held; True if there are organisations to be read that were not here before."""
        known = set(self.of_kind("organization"))
        pending = [(unit, post) for unit, post, *_ in units.tenures]
        seen: set[tuple[str, str]] = set()
        while pending:
            unit, post = pending.pop()
            if (unit, post) in seen:
                continue
            seen.add((unit, post))
            self.streams.update(self._entry(f"post/{unit}/{post}"))
            self.streams.update(self._entry(f"unit/{unit}"))
            pending += [(one, post) for one in merged_from.get(unit, ())]
        return bool(set(self.of_kind("organization")) - known)

    def add_procedures(self, assets: Iterable[str]) -> list[str]:
        """Add procedures about these assets; gives their streams."""
        found = {stream for asset in assets for stream in self._entry(f"asset/{asset}")}
        self.streams.update(found)
        return sorted(found)

    def add_names(self, codes: Iterable[str]) -> None:
        """Add streams that say what units, persons and divisions are called, where the log has them."""
        for code in codes:
            for kind in ("organization", "person", "division"):
                if f"stream/{kind}-{code}" in self.index.values:
                    self.streams.add(f"{kind}-{code}")

    def seal(self) -> list[int]:
        """Places of all entries to be shown: those asked so far, and how far each stream goes."""
        self.places.update(self.index.place(f"stream/{stream}") for stream in self.streams)
        return sorted(self.places)

    def _entry(self, key: str) -> list[str]:
        if key in self.index.values:
            self.places.add(self.index.place(key))
            found: list[str] = self.index.values[key]
            return found
        at = bisect_left(self.index.keys, key.encode())  # that there is none is shown by its neighbours
        self.places.update(place for place in (at - 1, at) if 0 <= place < len(self.index.keys))
        return []


def merged_units(events: Iterable[LedgerEvent]) -> dict[str, set[str]]:
    """Unit → units that it carried on."""
    found: dict[str, set[str]] = {}
    for event in events:
        if event.type == "organization.succeeded":
            found.setdefault(event.data["successor"], set()).add(event.id)
    return found
