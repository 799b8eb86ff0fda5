"""Given some events, a ledger shows these rows: without a database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from domain.recorded import RecordedEvent
from projections.engine.projection import Projection
from projections.engine.rows import Row, Rows
from projections.engine.tables import LedgerTable
from tests.projections.folding import all_rows, fold
from tests.projections.history import COUNTY, FIRST_DAY, Log


class Given:
    """A log in memory and the rows one projection makes of it."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self.log = Log()
        self.rows: Rows = projection.rows(COUNTY)
        self.after = 0

    def event(
        self, stream: str, event_type: str, data: dict[str, Any], on: str | date = FIRST_DAY, **rest: Any
    ) -> RecordedEvent:
        """Record an event and let the ledger have it."""
        day = date.fromisoformat(on) if isinstance(on, str) else on
        event = self.log.add(stream, event_type, data, day, **rest)
        self.deliver([event])
        return event

    def deliver(self, events: Iterable[RecordedEvent]) -> None:
        """Let the ledger have events, again or for the first time."""
        self.after = fold(self.projection, events, self.rows, after=self.after)

    def shown(self, ledger: LedgerTable, *columns: str) -> list[Any]:
        """The ledger's rows in key order: one value or a tuple of them per row; whole rows without columns."""
        rows = sorted(all_rows(self.rows, ledger), key=lambda row: tuple(row[name] for name in ledger.key))
        if not columns:
            return [dict(row) for row in rows]
        return [
            row[columns[0]] if len(columns) == 1 else tuple(row[name] for name in columns) for row in rows
        ]

    def only(self, ledger: LedgerTable) -> Row:
        """The ledger's only row."""
        (row,) = all_rows(self.rows, ledger)
        return row
