"""Every router of the HTTP interface, in the order in which a request looks for its route."""

from __future__ import annotations

from service.api.asset import (
    assets,
    bulk,
    disposal_batches,
    duty_ledgers,
    history as asset_history,
    ledgers,
    operator_selections,
    platforms as asset_platforms,
    preemptions,
    scores,
    settlement as final_settlements,
    subleases,
    title as asset_titles,
    title_papers,
    unit_ledgers as kept_ledgers,
    use as asset_care,
    views as asset_views,
)
from service.api.departure import clearance_certificates, clearances, departures
from service.api.funds import funds, ledgers as fund_ledgers, proceeds
from service.api.household import (
    assets as household_assets,
    priority as priority_households,
    pushes as household_ledgers,
    statements as households,
)
from service.api.identity import grants, links, matrix, officials, provider, readings, sessions
from service.api.income import (
    account as income_account,
    guarantees as cost_guarantees,
    incentives,
    maintenance as maintenance_expenses,
    plans as income_plans,
    posts as public_welfare_posts,
    reliefs as relief_plans,
    results as annual_results,
)
from service.api.inventory import imports, stocktakes
from service.api.ledgers import ledger_routers
from service.api.log import audit_packs, checkpoints, events, feed, feeds, verifier
from service.api.organization import duties as unit_duties, organizations
from service.api.oversight import (
    anomalies,
    data_quality,
    income_supervision,
    inspections as oversight,
    policy_overrides,
    risk,
    worklists,
)
from service.api.paper import documents
from service.api.personal import readings as personal_readings, subjects as personal_subjects
from service.api.procedure import notices, procedures
from service.api.revitalisation import cases as revitalisation
from service.api.sealing import joint_reviews, seals
from service.api.system import keys, operations, policy, regulation, system, tables
from service.api.webhooks import deliveries as webhook_deliveries, endpoints as webhook_endpoints

ROUTERS = (
    bulk.router,
    assets.router,
    clearances.router,
    asset_titles.router,
    final_settlements.router,
    title_papers.router,
    asset_platforms.router,
    preemptions.router,
    subleases.router,
    asset_history.router,
    asset_care.router,
    system.router,
    system.guarded,
    regulation.router,
    tables.router,
    policy.router,
    policy_overrides.router,
    documents.uploads,
    documents.router,
    income_account.router,
    income_plans.router,
    maintenance_expenses.router,
    cost_guarantees.router,
    incentives.router,
    relief_plans.router,
    public_welfare_posts.router,
    annual_results.router,
    revitalisation.cases,
    revitalisation.detections,
    keys.router,
    sessions.door,
    provider.door,
    sessions.router,
    officials.router,
    grants.router,
    links.router,
    matrix.router,
    readings.router,
    organizations.divisions,
    organizations.organizations,
    unit_duties.router,
    organizations.persons,
    asset_views.router,
    asset_views.advice,
    household_assets.router,
    imports.router,
    stocktakes.router,
    operations.router,
    household_assets.entrustments,
    household_ledgers.router,
    households.router,
    priority_households.router,
    personal_readings.router,
    personal_subjects.router,
    departures.router,
    clearance_certificates.router,
    procedures.router,
    notices.router,
    notices.statements,
    *ledger_routers(),
    ledgers.router,
    kept_ledgers.router,
    scores.router,
    data_quality.router,
    anomalies.router,
    income_supervision.router,
    fund_ledgers.router,
    duty_ledgers.router,
    worklists.router,
    funds.allocations,
    funds.reconciliations,
    joint_reviews.router,
    seals.router,
    seals.ledgers,
    events.router,
    feed.router,
    feeds.router,
    checkpoints.router,
    audit_packs.router,
    verifier.router,
    webhook_endpoints.router,
    webhook_deliveries.router,
    oversight.inspections,
    oversight.violations,
    risk.router,
    disposal_batches.router,
    operator_selections.router,
    proceeds.router,
)
"""Every router of the service, those of most requests first: a request looks for its route in this order."""
