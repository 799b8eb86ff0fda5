"""The webhooks of a running service: put together where assets, log and keys are known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg

from domain.asset.asset import Asset
from domain.catalogue import EVENT_TYPES
from domain.household.asset import HouseholdAsset
from domain.recorded import RecordedEvent
from service.api.asset.decisions import resource_of
from service.commands.authorization import resource_of_units
from service.commands.commands import CommandContext
from service.commands.operations import Job
from service.webhooks.dialling import Dialler
from service.webhooks.endpoints import Endpoints
from service.webhooks.filters import Place, Places
from service.webhooks.replaying import replay
from service.webhooks.sealing_keys import SealingKeys
from service.webhooks.sender import WebhookSender
from service.webhooks.sending import Courier

REPLAY: Final = "webhook.replay"
"""Kind of the operation that sends again."""


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What the webhooks of one service consist of."""

    context: CommandContext
    endpoints: Endpoints
    courier: Courier
    places: Places
    sender: WebhookSender

    async def replay(self, job: Job) -> dict[str, Any]:
        """The work of a replay; its result says how many deliveries are on their way again."""
        wish = job.request
        endpoint = await self.endpoints.get(job.county, wish["endpoint"])
        again = await replay(
            self.context.store,
            self.endpoints,
            self.places,
            endpoint,
            wish["which"],
            wish["first"],
            wish["last"],
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
    endpoints = Endpoints(pool, SealingKeys(keys))
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


def places_of(context: CommandContext) -> Places:
    """Where what happened lies: of assets as they are now, of all else the unit that recorded it."""

    async def places(county: str, events: Sequence[RecordedEvent]) -> Mapping[str, Place]:
        found: dict[str, Place] = {}
        of_kind = {
            kind: {one.aggregate_id for one in events if one.kind == kind}
            for kind in ("asset", "household_asset")
        }
        assets = await context.load_many(Asset, county, sorted(of_kind["asset"]))
        for asset in assets.values():
            lies = resource_of(asset)
            found[asset.stream] = Place(lies.divisions, lies.organizations, asset.card.asset_class)
        households = await context.load_many(HouseholdAsset, county, sorted(of_kind["household_asset"]))
        for one in households.values():
            found[one.stream] = Place((one.card.location,), (), "HOUSEHOLD")
        for event in events:
            if event.stream not in found:
                unit = resource_of_units([str(event.actor.get("organization"))])
                found[event.stream] = Place(unit.divisions, unit.organizations)
        return found

    return places
