"""Standing of an audit pack that was given out: whether what it says still holds, and why not.

A pack says what was in somebody's care between two days, as the log had it at a size. It no longer holds when the log now has
another care for these days, something of these days about these assets that came later, or a case of the pack that went on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import asyncpg

from domain.asset.asset import Asset
from projections.engine.events import EventReader, LedgerEvent
from service.audit.care import Stretch, Units
from service.audit.closure import Closure
from service.audit.pack import CareReading, PackRequest, find_care
from service.audit.trail import TrailEvent
from service.log.event_store import EventStore
from service.log.index import load_index

PackDoubt = Literal["CARE_CHANGED", "LATER_FACTS", "CASE_WENT_ON"]
"""Why a pack no longer holds."""

_HEAD: Final = "SELECT position FROM log_head WHERE county = $1"
_BETWEEN: Final = """
SELECT position, body FROM event
WHERE county = $1 AND stream = ANY($2::text[]) AND position > $3 AND position <= $4 ORDER BY position"""


@dataclass(frozen=True, slots=True)
class PackStanding:
    """Answer of the log to what a pack said."""

    doubts: tuple[PackDoubt, ...]
    assets: tuple[str, ...]
    """Assets whose care, or whose facts of the pack's days, are others than in the pack."""
    cases: tuple[str, ...]
    """Departure cases of the pack that went on, and those of its days that came later."""
    position: int
    """How far in the log it was looked."""


async def pack_standing(
    store: EventStore, pool: asyncpg.Pool, county: str, request: PackRequest, size: int
) -> PackStanding:
    """Hold a pack against the log as it is. `request`: with the days that the pack covers; `size`: of the log it speaks of."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        reader = EventReader(store.codec.upcast, TrailEvent)
        head = await connection.fetchval(_HEAD, county) or 0
        was = await _care(connection, county, reader, request, size)
        now = await _care(connection, county, reader, request, head)
        of_asset = {Asset.stream_of(asset): asset for asset in now.care}
        of_asset |= {stream: one for one in now.care for stream in now.closure.add_procedures([one])}
        later = {of_asset[one.stream] for one in await _since(now, of_asset, size) if one.day <= now.last}
        cases = await _gone_on(was, now)
    moved = {one for one in was.care.keys() | now.care.keys() if _days(was.care, one) != _days(now.care, one)}
    found: dict[PackDoubt, Any] = {"CARE_CHANGED": moved, "LATER_FACTS": later, "CASE_WENT_ON": cases}
    doubts = tuple(doubt for doubt, why in found.items() if why)
    return PackStanding(doubts, tuple(sorted(moved | later)), tuple(sorted(cases)), head)


async def _care(
    connection: Any, county: str, reader: EventReader, request: PackRequest, size: int
) -> CareReading:
    """What was in the person's care, as the first `size` events have it."""
    closure = Closure(await load_index(connection, county, size), request.person)
    work = CareReading(
        connection=connection,
        county=county,
        size=size,
        reader=reader,
        closure=closure,
        units=Units(request.person),
        request=request,
    )
    await find_care(work)
    return work


def _days(care: dict[str, list[Stretch]], asset: str) -> list[Stretch]:
    return sorted(care.get(asset, ()))


async def _since(now: CareReading, streams: Any, size: int) -> list[LedgerEvent]:
    """What came to streams after the first `size` events."""
    rows = await now.connection.fetch(_BETWEEN, now.county, list(streams), size, now.size)
    return now.reader.read_all([tuple(row) for row in rows])


async def _gone_on(was: CareReading, now: CareReading) -> set[str]:
    """The person's cases that went on since, and those of the pack's days that are new."""
    streams = now.closure.of_kind("departure_case")
    opened = {
        one.stream: one
        for one in await _since(now, streams, 0)
        if one.type == "departure_case.opened" and one.data["notice"]["person"] == now.request.person
    }
    news = await _since(now, opened, was.size)
    return {
        one.id
        for one in news
        if opened[one.stream].position <= was.size or opened[one.stream].day <= now.last
    }
