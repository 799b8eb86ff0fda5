"""Every projection there is, in the order they are listed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from projections import (
    asset_duties,
    asset_register,
    asset_timeline,
    custody_ledger,
    departures,
    directory,
    external_entries,
    fund_ledger,
    household_register,
    income_ledger,
    inventories,
    ledger_seals,
    notice_board,
    oversight,
    procedures,
    risk_board,
    unit_duties,
)
from projections.projection import Projection

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
