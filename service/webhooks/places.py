"""Place and owner of what an event is about: for whoever filters events by place, unit or class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.asset.asset import Asset
from domain.household.asset import HouseholdAsset
from domain.recorded import RecordedEvent
from service.commands.authorization import resource_of_units
from service.commands.commands import CommandContext
from service.commands.places import resource_of
from service.webhooks.filters import EventPlace, Places


def places_of(context: CommandContext) -> Places:
    """Of assets where they are and whose they are now, of all else the unit that recorded it."""

    async def places(county: str, events: Sequence[RecordedEvent]) -> Mapping[str, EventPlace]:
        found: dict[str, EventPlace] = {}
        of_kind = {
            kind: {one.aggregate_id for one in events if one.kind == kind}
            for kind in ("asset", "household_asset")
        }
        for asset in (await context.load_many(Asset, county, sorted(of_kind["asset"]))).values():
            lies = resource_of(asset)
            found[asset.stream] = EventPlace(lies.divisions, lies.organizations, asset.card.asset_class)
        households = await context.load_many(HouseholdAsset, county, sorted(of_kind["household_asset"]))
        for one in households.values():
            found[one.stream] = EventPlace((one.card.location,), (), "HOUSEHOLD")
        for event in events:
            if event.stream not in found:
                unit = resource_of_units([str(event.actor.get("organization"))])
                found[event.stream] = EventPlace(unit.divisions, unit.organizations)
        return found

    return places
