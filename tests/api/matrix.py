"""The access matrix of the HTTP interface: every route and the action it needs (service/authorization.py says who may).

Kept by hand, so that a new route does not get in unseen.
"""

from __future__ import annotations

from typing import Final

PUBLIC: Final = {
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/v1/regulation/codes"),
    ("GET", "/v1/regulation/clauses"),
    ("GET", "/v1/regulation/parameters"),
}
"""Routes that need no credential: health, and the regulation's own words."""

_ASSET: Final = "/v1/assets/{asset}"
_LEASE: Final = f"{_ASSET}/leases/{{contract}}"
_DISPOSAL: Final = f"{_ASSET}/disposals/{{disposal}}"
_TRANSFER: Final = f"{_ASSET}/transfers/{{transfer}}"
_CASE: Final = "/v1/departures/{case}"
_LINE: Final = f"{_CASE}/lines/{{asset}}"
_UNIT: Final = "/v1/organizations/{organization}"
_LEDGERS: Final = "/v1/ledgers"
_RECONCILIATION: Final = "/v1/fund-reconciliations/{unit}/{year}"

ROUTES: Final[dict[tuple[str, str], str]] = {
    ("POST", "/v1/keys"): "key.create",
    ("GET", "/v1/keys"): "key.read",
    ("DELETE", "/v1/keys/{key}"): "key.revoke",
    ("POST", "/v1/divisions"): "division.define",
    ("GET", "/v1/divisions"): "division.read",
    ("GET", "/v1/divisions/{division}"): "division.read",
    ("POST", "/v1/divisions/{division}/successor"): "division.define",
    ("POST", "/v1/organizations"): "organization.define",
    ("GET", "/v1/organizations"): "organization.read",
    ("GET", _UNIT): "organization.read",
    ("GET", f"{_UNIT}/tenures"): "organization.read",
    ("POST", f"{_UNIT}/successor"): "organization.define",
    ("POST", f"{_UNIT}/appointments"): "organization.appoint",
    ("POST", f"{_UNIT}/appointments/{{position}}/{{person}}/ending"): "organization.appoint",
    ("POST", "/v1/persons"): "person.register",
    ("GET", "/v1/persons/{person}"): "person.read",
    ("GET", "/v1/persons/{person}/care"): "person.read",
    ("GET", "/v1/clearances/{person}"): "clearance.read",
    ("POST", "/v1/assets"): "asset.register",
    ("POST", "/v1/assets/bulk"): "asset.register",
    ("GET", _ASSET): "asset.read",
    ("GET", f"{_ASSET}/events"): "asset.read",
    ("GET", f"{_ASSET}/timeline"): "asset.read",
    ("GET", f"{_ASSET}/responsible"): "asset.read",
    ("POST", f"{_ASSET}/registration-corrections"): "asset.correct",
    ("POST", f"{_ASSET}/documents"): "asset.archive_document",
    ("POST", f"{_ASSET}/bookings"): "asset.book",
    ("POST", f"{_ASSET}/ownership-confirmations"): "asset.confirm_ownership",
    ("POST", f"{_ASSET}/transfers"): "asset.transfer",
    ("POST", f"{_TRANSFER}/acceptances"): "asset.transfer",
    ("POST", f"{_TRANSFER}/completion"): "asset.transfer",
    ("POST", f"{_ASSET}/custody"): "asset.assign_custody",
    ("POST", f"{_ASSET}/supervision"): "asset.assign_custody",
    ("POST", f"{_ASSET}/use"): "asset.report_status",
    ("POST", f"{_ASSET}/status-reports"): "asset.report_status",
    ("POST", f"{_ASSET}/risks"): "asset.report_status",
    ("POST", f"{_ASSET}/risks/{{kind}}/clearance"): "asset.report_status",
    ("POST", f"{_ASSET}/maintenance"): "asset.maintain",
    ("POST", f"{_ASSET}/depreciation"): "asset.depreciate",
    ("POST", f"{_ASSET}/leases"): "asset.contract",
    ("POST", f"{_LEASE}/changes"): "asset.contract",
    ("POST", f"{_LEASE}/ending"): "asset.contract",
    ("POST", f"{_LEASE}/holdover"): "asset.contract",
    ("POST", f"{_ASSET}/income-receipts"): "asset.income",
    ("POST", f"{_ASSET}/income-distributions"): "asset.income",
    ("POST", f"{_ASSET}/disposals"): "asset.propose_disposal",
    ("POST", f"{_DISPOSAL}/appraisals"): "asset.propose_disposal",
    ("POST", f"{_DISPOSAL}/publications"): "asset.propose_disposal",
    ("POST", f"{_DISPOSAL}/forwardings"): "asset.approve_disposal",
    ("POST", f"{_DISPOSAL}/approval"): "asset.approve_disposal",
    ("POST", f"{_DISPOSAL}/closing"): "asset.close_disposal",
    ("POST", f"{_DISPOSAL}/execution"): "asset.dispose",
    ("POST", f"{_DISPOSAL}/proceeds"): "asset.dispose",
    ("POST", "/v1/household-assets"): "household_asset.register",
    ("GET", "/v1/household-assets/{asset}"): "household_asset.read",
    ("POST", "/v1/household-assets/{asset}/inspections"): "household_asset.inspect",
    ("POST", "/v1/departures"): "departure.open",
    ("GET", _CASE): "departure.read",
    ("POST", f"{_CASE}/successor"): "departure.open",
    ("POST", f"{_CASE}/lines"): "departure.handle",
    ("POST", f"{_LINE}/acceptance"): "departure.handle",
    ("POST", f"{_LINE}/dispute"): "departure.handle",
    ("POST", f"{_LINE}/resolution"): "departure.handle",
    ("POST", f"{_CASE}/acceptance"): "departure.handle",
    ("POST", f"{_CASE}/audit"): "departure.audit",
    ("POST", f"{_CASE}/seal"): "departure.handle",
    ("POST", f"{_CASE}/signatures"): "departure.handle",
    ("POST", f"{_CASE}/completion"): "departure.handle",
    ("GET", f"{_LEDGERS}/asset-register"): "ledger.read",
    ("GET", f"{_LEDGERS}/asset-register/totals"): "ledger.read",
    ("GET", f"{_LEDGERS}/asset-register/owners"): "ledger.read",
    ("GET", f"{_LEDGERS}/asset-register/categories"): "ledger.read",
    ("GET", f"{_LEDGERS}/household-register"): "ledger.read",
    ("GET", f"{_LEDGERS}/income-ledger"): "ledger.read",
    ("GET", f"{_LEDGERS}/income-ledger/holders"): "ledger.read",
    ("GET", f"{_LEDGERS}/custody-ledger"): "ledger.read",
    ("GET", f"{_LEDGERS}/departures"): "ledger.read",
    ("GET", f"{_LEDGERS}/fund-ledger"): "ledger.read",
    ("GET", f"{_LEDGERS}/fund-ledger/comparison"): "ledger.read",
    ("GET", f"{_LEDGERS}/fund-reconciliations"): "ledger.read",
    ("GET", f"{_LEDGERS}/projects"): "ledger.read",
    ("POST", "/v1/fund-allocations"): "fund.record",
    ("POST", "/v1/fund-allocations/bulk"): "fund.record",
    ("GET", "/v1/fund-allocations/{allocation}"): "fund.read",
    ("POST", "/v1/fund-allocations/{allocation}/corrections"): "fund.record",
    ("POST", "/v1/fund-allocations/{allocation}/withdrawal"): "fund.record",
    ("GET", _RECONCILIATION): "fund.read",
    ("POST", f"{_RECONCILIATION}/comparisons"): "fund.reconcile",
    ("POST", f"{_RECONCILIATION}/push"): "fund.reconcile",
    ("POST", f"{_RECONCILIATION}/report"): "fund.reconcile",
    ("POST", f"{_RECONCILIATION}/acknowledgement"): "fund.acknowledge",
    ("GET", "/v1/events"): "event.read",
}
"""Method and path → action."""
