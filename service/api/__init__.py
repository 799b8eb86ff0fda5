"""The HTTP interface: one router per resource."""

from __future__ import annotations

from service.api import (
    asset_care,
    asset_titles,
    assets,
    bulk,
    clearances,
    departures,
    duty_ledgers,
    events,
    fund_ledgers,
    funds,
    household_assets,
    household_ledgers,
    households,
    keys,
    ledgers,
    organizations,
    procedures,
    regulation,
    system,
    unit_duties,
)

ROUTERS = (
    system.router,
    regulation.router,
    keys.router,
    organizations.divisions,
    organizations.organizations,
    unit_duties.router,
    organizations.persons,
    bulk.router,
    assets.router,
    asset_titles.router,
    asset_care.router,
    household_assets.router,
    household_assets.entrustments,
    household_ledgers.router,
    households.router,
    departures.router,
    clearances.router,
    procedures.router,
    ledgers.router,
    fund_ledgers.router,
    duty_ledgers.router,
    funds.allocations,
    funds.reconciliations,
    events.router,
)
"""Every router of the service, in the order the documentation shows them."""
