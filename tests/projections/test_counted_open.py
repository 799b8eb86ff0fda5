"""What is open of an asset, in the register and by a second, plain model: sets of codes, as the regulation speaks of them.

A transfer is open from its offer to its completion or refusal (四(五)2, C4.5-20). An asset is in handover from the case
that lists it until that case hands it over (C4.10-10): another case's handover, and another transfer's end, change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from projections.asset import register as asset_register
from projections.asset.register import REGISTER
from tests.projections.history import VILLAGES, card, confirmation, custody, notice
from tests.projections.ledger_case import Given

ASSETS = ("A1", "A2", "A3")
A = VILLAGES[0]


@dataclass
class Plain:
    """What of each asset is open, and nothing else."""

    transfers: dict[str, set[str]] = field(default_factory=lambda: {one: set() for one in ASSETS})
    cases: dict[str, set[str]] = field(default_factory=lambda: {one: set() for one in ASSETS})

    def custody_of(self, asset: str) -> str:
        return "IN_HANDOVER" if self.cases[asset] else "ASSIGNED"


Fact = tuple[str, str, dict[str, Any]]


def what_happens(random: Random, plain: Plain) -> Iterator[Fact]:
    """One thing after another: stream, type, data. The plain model takes note of each first."""
    for number in range(120):
        asset = random.choice(ASSETS)
        match random.choice(("offer", "close", "close", "list", "add", "hand over", "hand over")):
            case "offer":
                plain.transfers[asset].add(f"T-{number}")
                offer = {"transfer": f"T-{number}", "receiver": A, "initiatedOn": "2022-01-01", "items": []}
                yield f"asset-{asset}", "asset.transfer_initiated", {"transfer": offer}
            case "close" if plain.transfers[asset]:
                code = random.choice(sorted(plain.transfers[asset]))
                plain.transfers[asset].remove(code)
                how = random.choice(("asset.transfer_completed", "asset.transfer_refused"))
                yield f"asset-{asset}", how, {"transfer": code, "reason": "不符"}
            case "list":
                listed = random.sample(ASSETS, random.randint(1, 3))
                for one in listed:
                    plain.cases[one].add(f"D-{number}")
                yield (
                    f"departure_case-D-{number}",
                    "departure_case.opened",
                    {"notice": notice(f"P{number}"), "assets": listed},
                )
            case "add" if any(plain.cases.values()):
                code = random.choice(sorted(set().union(*plain.cases.values())))
                plain.cases[asset].add(code)
                yield f"departure_case-{code}", "departure_case.lines_added", {"assets": [asset]}
            case "hand over" if plain.cases[asset]:
                code = random.choice(sorted(plain.cases[asset]))
                plain.cases[asset].remove(code)
                handed = {"case": code, "duty": "MANAGER", "outgoing": "P1", "incoming": "P1"}
                yield f"asset-{asset}", "asset.handed_over", handed | {"supervisor": "P3"}


@pytest.mark.parametrize("seed", range(8))
def test_what_is_open_is_what_the_plain_model_holds_open(seed: int) -> None:
    """After every event, for every asset: the number of open transfers, the open cases, the region of custody."""
    given, plain = Given(asset_register.PROJECTION), Plain()
    for asset in ASSETS:
        given.event(f"asset-{asset}", "asset.registered", {"card": card(), "scope": "IN"})
        given.event(f"asset-{asset}", "asset.ownership_confirmed", confirmation({A: 100_000_00}))
        given.event(f"asset-{asset}", "asset.custody_assigned", custody(A, {"P1": "MANAGER"}))
    seen_several = 0
    for stream, event_type, data in what_happens(Random(seed), plain):
        given.event(stream, event_type, data)
        rows = {row["asset"]: row for row in given.shown(REGISTER)}
        shown = {
            asset: (row["open_transfers"], sorted(row["open_cases"]), row["custody"])
            for asset, row in rows.items()
        }
        assert shown == {
            asset: (len(plain.transfers[asset]), sorted(plain.cases[asset]), plain.custody_of(asset))
            for asset in ASSETS
        }, (seed, event_type, data)
        seen_several += any(len(one) > 1 for one in (*plain.transfers.values(), *plain.cases.values()))
    assert seen_several > 20
