"""Where things lie and whose they are: asked by authorisation, and by whoever wants events of a place."""

from __future__ import annotations

from domain.asset.asset import Asset
from service.commands.authorization import Resource


def resource_of(asset: Asset) -> Resource:
    """Where an asset lies and whose it is: its place, and the units it concerns."""
    return Resource(divisions=(asset.card.location,), organizations=asset.units_concerned)
