"""Every projection there is, in the order they are listed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from projections.asset import (
    duties as asset_duties,
    external_entries,
    income as income_ledger,
    register as asset_register,
    risk_board,
    risk_covers,
    timeline as asset_timeline,
)
from projections.departure import cases as departures, custody as custody_ledger
from projections.engine.projection import Projection
from projections.funds import ledger as fund_ledger, proceeds as proceeds_pool
from projections.household import register as household_register
from projections.income import (
    accounts as income_accounts,
    guarantees as cost_guarantees,
    incentives,
    maintenance as maintenance_expenses,
    plans as income_plans,
    posts as public_welfare_posts,
    reliefs as relief_plans,
)
from projections.inventory import inventories
from projections.organization import directory, duties as unit_duties, on_behalf
from projections.oversight import inspections as oversight
from projections.paper import namings as paper_namings
from projections.procedure import notice_board, procedures
from projections.revitalisation import cases as revitalisation
from projections.sealing import seals as ledger_seals

CATALOGUE: Final[dict[str, Projection]] = {
    one.name: one
    for one in (
        asset_register.PROJECTION,
        household_register.PROJECTION,
        income_ledger.PROJECTION,
        custody_ledger.PROJECTION,
        directory.PROJECTION,
        asset_timeline.PROJECTION,
        departures.PROJECTION,
        inventories.PROJECTION,
        fund_ledger.PROJECTION,
        ledger_seals.PROJECTION,
        procedures.PROJECTION,
        notice_board.PROJECTION,
        external_entries.PROJECTION,
        risk_board.PROJECTION,
        asset_duties.PROJECTION,
        unit_duties.PROJECTION,
        oversight.PROJECTION,
        revitalisation.PROJECTION,
        paper_namings.PROJECTION,
        income_accounts.PROJECTION,
        income_plans.PROJECTION,
        on_behalf.PROJECTION,
        risk_covers.PROJECTION,
        maintenance_expenses.PROJECTION,
        cost_guarantees.PROJECTION,
        incentives.PROJECTION,
        proceeds_pool.PROJECTION,
        relief_plans.PROJECTION,
        public_welfare_posts.PROJECTION,
    )
}
"""By name."""


class UnknownProjection(LookupError):  # noqa: N818  names a state, like its siblings
    """There is no projection of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no projection {name!r}; there are: {', '.join(CATALOGUE)}")


def chosen(names: Iterable[str] | None) -> list[Projection]:
    """The projections of these names, all for None; `UnknownProjection`."""
    if names is None:
        return list(CATALOGUE.values())
    found = []
    for name in dict.fromkeys(names):
        if name not in CATALOGUE:
            raise UnknownProjection(name)
        found.append(CATALOGUE[name])
    return found
