"""From the log to deliveries: which endpoint is to get which event, for all endpoints of a county in one reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from domain.recorded import RecordedEvent
from service.commands.actor import Actor
from service.commands.authorization import Resource, may
from service.log.event_store import EventStore
from service.webhooks.deliveries import LeaseLost, Wanted, write
from service.webhooks.endpoints import READS, WebhookEndpoint
from service.webhooks.filters import EventPlace, Places

BATCH: Final = 500
"""Most events of one reading."""
NOWHERE: Final = EventPlace()


def wanted_of(
    endpoint: WebhookEndpoint, actor: Actor, events: Sequence[RecordedEvent], places: Mapping[str, EventPlace]
) -> list[Wanted]:
    """The events an endpoint asked for, as far as its key may see them."""
    return [
        Wanted(event.position, event.type, endpoint.lane(event.stream, event.position))
        for event in events
        if endpoint.filters.wants(event)
        and endpoint.filters.fits(event, place := places.get(event.stream, NOWHERE))
        and may(actor, READS, Resource(divisions=place.divisions, organizations=place.organizations))
    ]


async def fan_out(
    pool: asyncpg.Pool,
    store: EventStore,
    places: Places,
    endpoints: Sequence[tuple[WebhookEndpoint, Actor]],
    upto: int,
    clock: Callable[[], datetime],
) -> tuple[int, set[str]]:
    """Bring the endpoints that are furthest behind one batch on: their new cursor, and which of them got deliveries.

    All of one county, held by the caller. One that was taken over or switched off meanwhile is passed by.
    """
    low = min(one.position for one, _ in endpoints)
    members = [(one, actor) for one, actor in endpoints if one.position == low]
    county = members[0][0].county
    ahead = [one.position for one, _ in endpoints if one.position > low]
    upto = min(low + BATCH, upto, *ahead)
    rows = await store.read_page(county, after=low, upto=upto, limit=BATCH)
    events = [store.codec.decode(county, position, body) for position, body in rows]
    located = [
        event
        for event in events
        if any(one.filters.needs_place and one.filters.wants(event) for one, _ in members)
    ]
    found = await places(county, located) if located else {}
    waking: set[str] = set()
    for endpoint, actor in members:
        wanted = wanted_of(endpoint, actor, events, found)
        try:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(
                    "SET LOCAL synchronous_commit = off"
                )  # cursor and rows are lost together
                await write(connection, endpoint, wanted, upto, clock())
        except LeaseLost:
            continue
        if wanted:
            waking.add(endpoint.endpoint)
    return upto, waking
