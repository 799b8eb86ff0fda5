"""Ledgers folded from recorded events by the projections' own handlers, without a database."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import orjson

from domain.recorded import RecordedEvent
from projections.engine import events as ledger_events
from projections.engine.events import LedgerEvent
from projections.engine.projection import Projection
from projections.engine.rows import Row, Rows
from projections.engine.tables import LedgerTable


def fold(projection: Projection, events: Iterable[RecordedEvent], rows: Rows, *, after: int = 0) -> int:
    """Apply recorded events in order, skipping those at or below `after`; gives the last position."""
    return projection.apply(map(of_recorded, events), rows, after=after)


def all_rows(rows: Rows, ledger: LedgerTable) -> list[Row]:
    """Every row in memory."""
    found = rows._of[ledger]
    appended = [dict(zip(ledger.columns, values, strict=True)) for values in found.appended]
    return [*appended, *(row for group in found.groups.values() for row in group.values())]


def of_recorded(recorded: RecordedEvent) -> LedgerEvent:
    """A recorded event in the shape projections read."""
    actor, basis = recorded.actor, recorded.basis
    event = LedgerEvent(
        stream=recorded.stream,
        version=recorded.version,
        type=recorded.type,
        schema=recorded.schema,
        occurred_on=recorded.occurred_on.isoformat(),
        recorded_at=recorded.recorded_at.isoformat(),
        actor=ledger_events._Actor(actor.get("id", ""), actor.get("kind", ""), actor.get("organization")),
        basis=ledger_events._Basis(
            *(
                [msgspec.Raw(orjson.dumps(one)) for one in basis.get(name, ())]
                for name in ("warnings", "findings")
            )
        ),
        raw=msgspec.Raw(b""),
        decoded=recorded.data,
    )
    ledger_events._complete(event, recorded.position)
    return event
