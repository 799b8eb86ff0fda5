"""Ranges of streams: how a county's log is divided among the processes of a rebuild, and how far each part is.

Boundaries come from a sample of the log; they stay what they were made as until all are folded, whoever goes on with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from service.ledgers.rebuild.plan import Streamed, StreamRange

SAMPLE: Final = 20_000
"""Events from whose streams boundaries are taken, about."""

_SAMPLE: Final = """
SELECT stream FROM event TABLESAMPLE SYSTEM ($3) WHERE county = $1 AND position <= $2 ORDER BY stream"""
_KEPT: Final = """
SELECT county, number, upto, last, ends, done FROM projection_rebuild_range
WHERE projection = $1 ORDER BY county, number"""
_KEEP: Final = """
INSERT INTO projection_rebuild_range (projection, county, number, upto, last, ends, done, epoch)
SELECT mine.name, $3, one.number, $4, one.last, one.ends, false, mine.epoch
FROM unnest($1::text[], $2::bigint[]) AS mine (name, epoch), unnest($5::int[], $6::text[], $7::text[]) AS one (number, last, ends)"""
_FOLDED: Final = "DELETE FROM projection_rebuild_range WHERE projection = ANY($1) AND county = $2"


async def divided(log: Any, county: str, upto: int, most: int) -> Streamed:
    """The streams of a county in ranges of about equally many events, at most so many."""
    streams = [row[0] for row in await log.fetch(_SAMPLE, county, upto, min(100.0, 100.0 * SAMPLE / upto))]
    bounds = sorted({streams[len(streams) * part // most] for part in range(1, most)}) if streams else []
    begins, ends = ["", *bounds], [*bounds, None]
    return Streamed(
        upto, tuple(StreamRange(number, *one) for number, one in enumerate(zip(begins, ends, strict=True)))
    )


async def kept_ranges(connection: Any, projection: str) -> dict[str, Streamed]:
    """By county, the ranges that a rebuild has not all folded."""
    found: dict[str, Streamed] = {}
    for row in await connection.fetch(_KEPT, projection):
        before = found.get(row["county"], Streamed(row["upto"], ()))
        one = StreamRange(row["number"], row["last"], row["ends"], row["done"])
        found[row["county"]] = Streamed(before.upto, (*before.ranges, one))
    return found


async def keep_ranges(
    connection: Any, names: Sequence[str], epochs: Sequence[int], county: str, streamed: Streamed
) -> None:
    """Note the ranges of some projections, before any of them is folded."""
    await connection.execute(
        _KEEP,
        names,
        epochs,
        county,
        streamed.upto,
        [one.number for one in streamed.ranges],
        [one.last for one in streamed.ranges],
        [one.ends for one in streamed.ranges],
    )


async def all_folded(connection: Any, names: Sequence[str], county: str) -> None:
    """Forget the ranges of some projections: all of them are folded."""
    await connection.execute(_FOLDED, names, county)
