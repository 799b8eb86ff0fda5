"""What ledger tables hold, to be compared: as rows, as digests, and as a pure fold would have it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from time import monotonic
from typing import Any

import asyncpg

from domain.recorded import RecordedEvent
from projections.catalogue import CATALOGUE
from projections.engine.projection import Projection
from projections.engine.writing import of_record
from service.ledgers.rebuild.comparison import digest_of
from tests.projections.folding import all_rows, fold


async def digests(
    pool: asyncpg.Pool, county: str, projections: Iterable[Projection] | None = None
) -> dict[str, str]:
    """Digest of every ledger's live rows."""
    found = {}
    async with pool.acquire() as connection:
        for projection in CATALOGUE.values() if projections is None else projections:
            found[projection.name], _ = await digest_of(connection, projection, "public", county)
    return found


BY_THE_CLOCK = {"asset_backdated_entry"}
"""Tables whose rows depend on when an event was recorded: by the store's own clock, which the events of a test cannot know."""


async def stored_rows(
    connection: Any, county: str, projection: Projection
) -> dict[str, list[dict[str, Any]]]:
    """Rows by table, in key order; without those by the clock."""
    return {
        ledger.name: [
            _without_clock(of_record(record, ledger.json_columns))
            for record in await connection.fetch(
                f"SELECT * FROM {ledger.name} WHERE county = $1 ORDER BY {', '.join(ledger.key)}", county
            )
        ]
        for ledger in projection.tables
        if ledger.name not in BY_THE_CLOCK
    }


def folded_rows(
    events: list[RecordedEvent], county: str, projection: Projection, *, clock: bool = False
) -> dict[str, list[dict[str, Any]]]:
    """What a pure fold over the events makes, in the same shape. `clock`: with the tables that depend on it."""
    rows = projection.rows(county)
    fold(projection, events, rows)
    return {
        ledger.name: sorted(
            (_without_clock(dict(row)) for row in all_rows(rows, ledger)),
            key=lambda row: tuple(row[name] for name in ledger.key),
        )
        for ledger in projection.tables
        if clock or ledger.name not in BY_THE_CLOCK
    }


def _without_clock(row: dict[str, Any]) -> dict[str, Any]:
    """The store stamps with its own clock, which the events of a test cannot know."""
    row.pop("recorded_at", None)
    return row


async def positions(connection: Any, county: str) -> dict[str, int]:
    """Checkpoints by projection."""
    rows = await connection.fetch(
        "SELECT projection, position FROM projection_checkpoint WHERE county = $1", county
    )
    return {row["projection"]: row["position"] for row in rows}


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    """Poll a condition with a deadline."""
    deadline = monotonic() + seconds
    while not await holds():
        assert monotonic() < deadline, "the condition did not come to hold in time"
        await asyncio.sleep(0.01)
