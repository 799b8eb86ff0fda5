"""A projection: a name, a version, tables, and one function per event type that it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from projections.engine.events import LedgerEvent
from projections.engine.rows import Rows
from projections.engine.tables import LedgerTable

Handler = Callable[[LedgerEvent, Rows], None]
"""Applies one event to the rows: pure, the same live, in a rebuild and in a test."""

Keys = Callable[[LedgerEvent], Iterable[tuple[LedgerTable, str]]]
"""The groups of rows an event will look at."""


class PoisonEvent(Exception):  # noqa: N818  names a state, like its siblings
    """An event that a projection cannot apply. It is never skipped."""

    def __init__(self, projection: str, position: int, event_type: str | None, reason: str) -> None:
        super().__init__(
            f"{projection} cannot apply event {position} ({event_type or 'unreadable'}): {reason}"
        )
        self.projection = projection
        self.position = position
        self.event_type = event_type
        self.reason = reason

    def as_json(self) -> dict[str, Any]:
        """What the checkpoint keeps of it."""
        return {"position": self.position, "type": self.event_type, "reason": self.reason}


@dataclass(frozen=True, eq=False)
class Projection:
    """A ledger's definition. Raise `version` whenever other rows come out of the same events: it asks for a rebuild."""

    name: str
    title: str
    """Chinese name."""
    version: int
    tables: tuple[LedgerTable, ...]
    handlers: Mapping[str, Handler]
    keys: Keys
    weight: int = 1
    """Share of a rebuild's work, by which ledgers are spread over processes."""
    foreign: Mapping[LedgerTable, frozenset[str]] = field(default_factory=dict)
    """Types of events that touch a table's groups and are not of the stream that the group is about."""
    shared: Mapping[LedgerTable, str] = field(default_factory=dict)
    """Tables in whose groups several streams have rows of their own each, and the column that says whose a row is."""
    foreign_first: bool = False
    """Whether a group that is folded anew hears of these right after its first event; else behind all its own."""
    aggregate: str | None = None
    """Kind of the aggregates that its rows are of, one each: only an aggregate's own events touch them, and the foreign ones."""

    @cached_property
    def foreign_types(self) -> frozenset[str]:
        """Types of events that touch groups of other streams than their own."""
        return frozenset().union(*self.foreign.values())

    @property
    def by_streams(self) -> bool:
        """Whether each group of rows is of one stream, so that streams can be folded one after the other: nothing but its own events
        touches it, and events of foreign types, which then name the aggregate.
        """
        return not self.shared and (not self.foreign or self.aggregate is not None)

    def rows(self, county: str) -> Rows:
        """No rows yet."""
        return Rows(county, self.tables)

    def apply(self, events: Iterable[LedgerEvent], rows: Rows, *, after: int = 0) -> int:
        """Apply events in order of position, skipping those at or below `after` (delivered before).

        Returns the last position applied. `PoisonEvent` if one cannot be; the rows are then good for nothing.
        """
        handlers = self.handlers
        for event in events:
            position = event.position
            if position <= after:
                continue
            handler = handlers.get(event.type)
            if handler is not None:
                try:
                    handler(event, rows)
                except Exception as error:
                    raise self._poison(event, error) from error
            after = position
        return after

    def take(self, events: Iterable[LedgerEvent], rows: Rows) -> None:
        """Apply events that it reads, each stream's in order of position; `PoisonEvent` as in `apply`."""
        handlers = self.handlers
        for event in events:
            try:
                handlers[event.type](event, rows)
            except Exception as error:
                raise self._poison(event, error) from error

    def _poison(self, event: LedgerEvent, error: Exception) -> PoisonEvent:
        reason = f"{type(error).__name__}: {error}"
        return PoisonEvent(self.name, event.position, event.type, reason)
