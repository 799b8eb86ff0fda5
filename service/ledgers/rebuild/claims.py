"""Claim to rebuild a ledger: a row per projection with a holder, a term (epoch) and a lease that has to be renewed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Any, Final

import orjson

from projections.engine.projection import Projection
from service.ledgers.rebuild.plan import HeldRange, RebuildUnderWay, Shadow

LEASE_SECONDS: Final = 10.0

_FENCE: Final = """
UPDATE projection_rebuild r
SET positions = r.positions || $3::jsonb, updated_at = clock_timestamp(),
    lease_until = clock_timestamp() + make_interval(secs => $4)
FROM unnest($1::text[], $2::bigint[]) AS mine (name, epoch)
WHERE r.projection = mine.name AND r.epoch = mine.epoch RETURNING r.projection"""

_CLAIM: Final = """
UPDATE projection_rebuild
SET holder = $2, epoch = epoch + 1, lease_until = clock_timestamp() + make_interval(secs => $3)
WHERE projection = $1 AND (holder IS NULL OR holder = $2 OR lease_until < clock_timestamp()
    OR lease_until > clock_timestamp() + make_interval(secs => $3))
RETURNING epoch, version, positions"""
_CLAIM_RANGES: Final = "UPDATE projection_rebuild_range SET epoch = $2 WHERE projection = $1"

_FENCE_RANGE: Final = """
UPDATE projection_rebuild_range r SET last = $5, done = $6
FROM unnest($1::text[], $2::bigint[]) AS mine (name, epoch)
WHERE r.projection = mine.name AND r.epoch = mine.epoch AND r.county = $3 AND r.number = $4 RETURNING r.projection"""


class Claims:
    """The claims of one holder."""

    def __init__(self, holder: str, lease_seconds: float) -> None:
        self.holder = holder
        self.lease_seconds = lease_seconds

    async def claim(self, connection: Any, projection: Projection) -> Any:
        """The row of a projection's rebuild, ours from now on; RebuildUnderWay."""
        await connection.execute(
            "INSERT INTO projection_rebuild (projection, version, positions, epoch, started_at, updated_at)"
            " VALUES ($1, $2, '{}', 0, clock_timestamp(), clock_timestamp()) ON CONFLICT DO NOTHING",
            projection.name,
            projection.version,
        )
        deadline = monotonic() + self.lease_seconds * 1.5  # a killed one's lease has run out by then
        while True:
            async with connection.transaction():
                row = await connection.fetchrow(_CLAIM, projection.name, self.holder, self.lease_seconds)
                if row is not None:  # waits for whoever is writing a range, and lets him write no more
                    await connection.execute(_CLAIM_RANGES, projection.name, row["epoch"])
                    return row
            if monotonic() > deadline:
                holder = await connection.fetchval(
                    "SELECT holder FROM projection_rebuild WHERE projection = $1", projection.name
                )
                raise RebuildUnderWay(projection.name, holder)
            await asyncio.sleep(0.2)

    async def fence(self, connection: Any, shadows: Sequence[Shadow]) -> None:
        """Only who holds the rebuild may write; locks its row until the transaction ends."""
        await self._fence(connection, shadows, {})

    async def advance(self, connection: Any, shadow: Shadow) -> None:
        """Write how far a shadow is, if we hold its rebuild."""
        await self._fence(connection, [shadow], shadow.positions)

    async def _fence(self, connection: Any, shadows: Sequence[Shadow], positions: dict[str, int]) -> None:
        held = await connection.fetch(
            _FENCE,
            [shadow.projection.name for shadow in shadows],
            [shadow.epoch for shadow in shadows],
            orjson.dumps(positions).decode(),
            self.lease_seconds,
        )
        if len(held) < len(shadows):
            lost = {shadow.projection.name for shadow in shadows} - {row["projection"] for row in held}
            raise RebuildUnderWay(", ".join(sorted(lost)), None)

    async def keep_alive(self, connection: Any) -> None:
        """Renew the lease until cancelled."""
        while True:
            await asyncio.sleep(self.lease_seconds / 3)
            await connection.execute(
                "UPDATE projection_rebuild SET lease_until = clock_timestamp() + make_interval(secs => $2)"
                " WHERE holder = $1",
                self.holder,
                self.lease_seconds,
            )

    async def release(self, connection: Any, names: Sequence[str] | None = None) -> None:
        """Let others have what is still held: all of it, or some projections."""
        await connection.execute(
            "UPDATE projection_rebuild SET holder = NULL, lease_until = NULL"
            " WHERE holder = $1 AND ($2::text[] IS NULL OR projection = ANY($2))",
            self.holder,
            names,
        )


async def fence_range(connection: Any, held: HeldRange) -> None:
    """Only a process of the rebuild's term may write a range; locks its row until the transaction ends."""
    await _note(connection, held, held.last, done=False)


async def advance_range(connection: Any, held: HeldRange) -> None:
    """Write how far a range is, if it is of our term."""
    await _note(connection, held, held.reached, done=held.done)
    held.last = held.reached


async def _note(connection: Any, held: HeldRange, last: str, *, done: bool) -> None:
    noted = await connection.fetch(
        _FENCE_RANGE, list(held.epochs), list(held.epochs.values()), held.county, held.number, last, done
    )
    if len(noted) < len(held.epochs):
        lost = held.epochs.keys() - {row["projection"] for row in noted}
        raise RebuildUnderWay(", ".join(sorted(lost)), None)
