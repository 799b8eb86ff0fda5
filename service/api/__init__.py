"""The HTTP interface: one router per resource."""

from __future__ import annotations

from service.api import (
    assets,
    bulk,
    clearances,
    departures,
    events,
    fund_ledgers,
    funds,
    household_assets,
    keys,
    ledgers,
    organizations,
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
    household_assets.router,
    departures.router,
    clearances.router,
    ledgers.router,
    fund_ledgers.router,
    funds.allocations,
    funds.reconciliations,
    events.router,
)
"""Every router of the service, in the order the documentation shows them."""
