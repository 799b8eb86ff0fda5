"""Where things lie and whose they are: asked by authorisation, and by whoever wants events of a place."""

from __future__ import annotations

from domain.asset.asset import Asset
from service.commands.authorization import Resource


def resource_of(asset: Asset) -> Resource:
    """Where an asset lies and whose it is: its place; who made it, who owns it, who is responsible for its care."""
    owners = tuple(share.party for share in asset.owners)
    units = (asset.custody.responsible_unit,) if asset.custody is not None else ()
    return Resource(divisions=(asset.card.location,), organizations=(asset.card.implementer, *owners, *units))
