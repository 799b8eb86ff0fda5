"""Part of a log that holds everything a question about some aggregates of a ledger needs.

As of a day, an event can have no place because what it rests on happened later, and every answer says how many there are.
That can befall only events that lie before an older one of their own stream (the log lists these, the first one aside), and groups
that other streams speak of. So the part also has all streams with late events, those whose first event lies behind the day and a
later one does not, all events of other streams, and every stream that these speak of: whatever is left out has its place, and
nothing in the part looks at anything outside it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from projections.engine.events import EventReader
from projections.engine.projection import Projection
from projections.engine.writing import Connection

_LATE: Final = "SELECT DISTINCT stream FROM late_event WHERE county = $1 AND position <= $2"
_BEFORE_FIRST: Final = """
SELECT first.stream FROM event AS first
WHERE first.county = $1 AND first.version = 1 AND first.position <= $2 AND first.occurred_on > $3
    AND EXISTS (SELECT FROM event AS later WHERE later.county = $1 AND later.stream = first.stream
        AND later.version > 1 AND later.position <= $2 AND later.occurred_on <= $3)"""
_FOREIGN: Final = """
SELECT position, body FROM event
WHERE county = $1 AND position <= $2 AND type = ANY($3::text[]) ORDER BY position"""
_NAMING: Final = """
SELECT DISTINCT stream FROM event
WHERE county = $1 AND position <= $2 AND type = ANY($3::text[])
    AND EXISTS (SELECT FROM unnest($4::text[]) AS named WHERE position(convert_to(named, 'UTF8') IN body) > 0)"""
_COUNT: Final = """
SELECT count(*) FROM event
WHERE county = $1 AND position <= $2 AND stream = ANY($3::text[]) AND type = ANY($4::text[])"""


@dataclass(frozen=True, slots=True)
class About:
    """Matter of all rows that a question asks for: these aggregates, or those whose events name one of these codes."""

    aggregates: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


async def part_of(
    connection: Connection,
    projections: Collection[Projection],
    about: About,
    reader: EventReader,
    county: str,
    on: date | None,
    position: int,
) -> tuple[str, ...]:
    """The streams to be folded for it in ledgers whose rows are of one aggregate each."""
    streams: set[str] = set()
    for projection in projections:
        kind, foreign = projection.aggregate, projection.foreign_types
        streams.update(f"{kind}-{one}" for one in about.aggregates)
        if about.named:
            types = sorted(projection.handlers)
            named = await connection.fetch(_NAMING, county, position, types, list(about.named))
            streams.update(row[0] for row in named)
        if foreign:
            for event in reader.read_all(await connection.fetch(_FOREIGN, county, position, sorted(foreign))):
                streams.add(event.stream)
                streams.update(f"{kind}-{group}" for _, group in projection.keys(event))
    streams.update(row[0] for row in await connection.fetch(_LATE, county, position))
    if on is not None:
        streams.update(row[0] for row in await connection.fetch(_BEFORE_FIRST, county, position, on))
    return tuple(sorted(streams))


async def events_of(
    connection: Connection,
    projections: Collection[Projection],
    county: str,
    position: int,
    streams: Sequence[str],
) -> int:
    """How many events these ledgers read of some streams."""
    types = sorted({name for projection in projections for name in projection.handlers})
    count: int = await connection.fetchval(_COUNT, county, position, list(streams), types)
    return count
