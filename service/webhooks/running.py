"""The webhooks of a running service: put together where assets, log and keys are known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg

from domain.catalogue import EVENT_TYPES
from service.commands.commands import CommandContext
from service.commands.operations import Job
from service.sealing_keys import SealingKeys
from service.webhooks.dialling import Dialler
from service.webhooks.endpoints import Endpoints
from service.webhooks.filters import Places
from service.webhooks.places import places_of
from service.webhooks.replaying import replay
from service.webhooks.sender import WebhookSender
from service.webhooks.sending import Courier

REPLAY: Final = "webhook.replay"
"""Kind of the operation that sends again."""


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Webhooks of one service, all parts."""

    context: CommandContext
    endpoints: Endpoints
    courier: Courier
    places: Places
    sender: WebhookSender

    async def replay(self, job: Job) -> dict[str, Any]:
        """The work of a replay; its result says how many deliveries are on their way again."""
        options = job.request
        endpoint = await self.endpoints.get(job.county, options["endpoint"])
        again = await replay(
            self.context.store,
            self.endpoints,
            self.places,
            endpoint,
            options["which"],
            options["first"],
            options["last"],
            self.context.clock,
            job.progress,
        )
        self.sender.wake(job.county, endpoint.endpoint)
        return {"endpoint": endpoint.endpoint, "deliveries": again}


def webhooks_of(
    context: CommandContext, pool: asyncpg.Pool, keys: Path | None, dialler: Dialler
) -> Webhooks | None:
    """The webhooks of a service; None where there is no folder for keys."""
    if keys is None:
        return None
    endpoints = Endpoints(pool, SealingKeys(keys, "webhooks"))
    titles = {name: one.TITLE for name, one in EVENT_TYPES.items()}
    courier = Courier(endpoints, dialler, context.clock, titles)
    places = places_of(context)
    return Webhooks(context, endpoints, courier, places, WebhookSender(context.store, courier, places))


@asynccontextmanager
async def sending(webhooks: Webhooks | None) -> AsyncIterator[None]:
    """Send while the block runs."""
    if webhooks is None:
        yield
        return
    async with webhooks.sender:
        yield
