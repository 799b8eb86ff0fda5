"""The HTTP interface: one router per resource."""

from __future__ import annotations

from service.api import (
    asset_titles,
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
    notices,
    organizations,
    procedure_ledgers,
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
    household_assets.router,
    departures.router,
    clearances.router,
    procedures.router,
    notices.router,
    procedure_ledgers.router,
    ledgers.router,
    fund_ledgers.router,
    funds.allocations,
    funds.reconciliations,
    events.router,
)
"""Every router of the service, in the order the documentation shows them."""
