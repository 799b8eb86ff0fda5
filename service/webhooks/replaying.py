"""Sending again what an endpoint should have: a range, what was given up, what it never got."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Literal

from service.log.event_store import EventStore
from service.webhooks.deliveries import DeliveryState, put_again
from service.webhooks.endpoints import Endpoints, WebhookEndpoint, standings
from service.webhooks.fan_out import BATCH, wanted_of
from service.webhooks.filters import Places

Which = Literal["ALL", "FAILED", "MISSING"]
"""ALL: every event of the range that the endpoint asks for. FAILED: those given up. MISSING: given up, or never made."""
_STATES: Final[dict[Which, tuple[DeliveryState, ...]]] = {
    "ALL": ("DELIVERED", "DEAD"),
    "FAILED": ("DEAD",),
    "MISSING": ("DEAD",),
}


async def replay(
    store: EventStore,
    endpoints: Endpoints,
    places: Places,
    endpoint: WebhookEndpoint,
    which: Which,
    first: int,
    last: int,
    clock: Callable[[], datetime],
    progress: Callable[[int, int | None], Awaitable[None]],
) -> int:
    """Make the deliveries of positions `first` to `last` pending anew; how many there are. Doing it twice adds nothing.

    Only up to the cursor: what lies beyond is on its way anyway.
    """
    actor = (await standings(endpoints.pool, [endpoint], clock()))[0][0]
    if actor is None:
        return 0
    upto = min(last, endpoint.position)
    after, again = first - 1, 0
    while after < upto:
        end = min(after + BATCH, upto)
        rows = await store.read_page(endpoint.county, after=after, upto=end, limit=BATCH)
        events = [store.codec.decode(endpoint.county, position, body) for position, body in rows]
        located = [one for one in events if endpoint.filters.needs_place and endpoint.filters.wants(one)]
        found = await places(endpoint.county, located) if located else {}
        wanted = wanted_of(endpoint, actor, events, found)
        async with endpoints.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SELECT FROM webhook_endpoint WHERE county = $1 AND endpoint = $2 FOR UPDATE",
                endpoint.county,
                endpoint.endpoint,
            )
            again += await put_again(
                connection, endpoint, wanted, _STATES[which], clock(), missing=which != "FAILED"
            )
        after = end
        await progress(after - first + 1, upto - first + 1)
    return again
