"""Rows of a county's tables that this service's own code names: without these rows it could not work for the county.

Everything else a table holds is the county's own choice. A test compares this with the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LISTS: Final = frozenset(
    {
        "AGENT_PRINCIPAL",
        "ARCHIVE_KIND",
        "CERTIFICATE",
        "FUND_OUTSIDE_FINANCE",
        "HARDSHIP_CAUSE",
        "HERD_CHANGE",
        "HOUSEHOLD_ACTION",
        "INCOME_USE",
        "MANAGEMENT_RULE",
        "PV_INCOME_USE",
        "PLATFORM_SCOPE",
        "POSITION",
        "PRIORITY_HOUSEHOLD",
        "PROJECT_SCOPE",
        "REVITALISATION_OUTCOME",
        "RISK_KIND",
        "SUPERVISION_RULE",
        "SUPPORTING_RULE",
        "VIOLATION",
    }
)
"""Lists of vocabularies.toml."""

CODES: Final[Mapping[str, frozenset[str]]] = {
    "asset_types.class": frozenset({"PUBLIC_WELFARE", "OPERATING", "HOUSEHOLD"}),
    "chains.chain": frozenset({"A1", "A2", "A3", "A4"}),
    "departments.organization": frozenset({"COUNTY_GOV", "ASSET_OFFICE"}),
    "regimes.posting": frozenset({"RECEIPT", "DISTRIBUTION"}),
    "ledgers.ledger": frozenset({"UNIT_MASTER", "HOUSEHOLD_FUND_ASSET", "COUNTY_MASTER", "CATEGORISED"}),
}
"""Table → codes of its rows."""

STEPS: Final[Mapping[str, Mapping[str, bool]]] = {
    "A1": {"REVIEW": False, "DETERMINE": True},
    "A2": {"REVIEW": False, "DETERMINE": True},
    "A3": {"COMPILE": False},
    "A4": {"OPEN": True, "SIGN": True},
}
"""Chain → steps that are asked for by name; true: taken by several, `all_of`, false: by one, `by`."""
