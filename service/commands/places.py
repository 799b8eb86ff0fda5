"""Places and owners of things: asked by authorisation, and by whoever wants events of a place."""

from __future__ import annotations

from collections.abc import Iterable

from domain.asset.asset import Asset
from domain.organization.division import Division
from domain.refusals import refuse
from service.commands.authorization import Resource
from service.commands.commands import CommandContext, in_twelve_digits


def resource_of(asset: Asset) -> Resource:
    """Where an asset lies and whose it is: its place, and the units it concerns."""
    return Resource(divisions=(asset.card.location,), organizations=asset.units_concerned)


async def require_divisions(context: CommandContext, county: str, divisions: Iterable[str]) -> None:
    """What a key or a grant may reach lies in the county (FIELD_INVALID) and is a division of the log (CODE_UNKNOWN)."""
    for division in divisions:
        if not division.startswith(county):
            raise refuse("FIELD_INVALID", field="divisions", value=division)
        if not await context.knows(Division, county, in_twelve_digits(division)):
            raise refuse("CODE_UNKNOWN", field="divisions", value=division)
