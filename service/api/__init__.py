"""The HTTP interface: one router per resource."""

from __future__ import annotations

from service.api import (
    asset_titles,
    asset_views,
    assets,
    audit_packs,
    bulk,
    checkpoints,
    clearances,
    departures,
    events,
    fund_ledgers,
    funds,
    household_assets,
    keys,
    ledgers,
    organizations,
    procedures,
    regulation,
    system,
)

ROUTERS = (
    system.router,
    regulation.router,
    keys.router,
    organizations.divisions,
    organizations.organizations,
    organizations.persons,
    bulk.router,
    assets.router,
    asset_titles.router,
    asset_views.router,
    asset_views.advice,
    household_assets.router,
    departures.router,
    clearances.router,
    procedures.router,
    ledgers.router,
    fund_ledgers.router,
    funds.allocations,
    funds.reconciliations,
    events.router,
    checkpoints.router,
    audit_packs.router,
)
"""Every router of the service, in the order the documentation shows them."""
