"""A stocktake: a baseline, a line for every asset of it, and what follows from what was found."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

import pytest

from domain.inventory.stocktake import LISTED_AT_ONCE, StocktakeCampaign, StocktakeScope
from tests.domain.saying import all_recorded, nothing, recorded, refused
from tests.examples import VILLAGE, occasion
from tests.inventory_examples import ASSETS, CAMPAIGN, campaign, completed, line, surplus


def test_a_stocktake_opens_with_the_digest_of_its_baseline() -> None:
    scope = StocktakeScope(kind="DIVISION", code=VILLAGE)
    one = StocktakeCampaign.open(
        CAMPAIGN, "清查", scope, [*reversed(ASSETS), ASSETS[0]], occasion(), position=7
    )
    opened, listed = all_recorded(one, StocktakeCampaign.Opened, StocktakeCampaign.BaselineListed)
    assert opened.baseline.sha256 == sha256("\n".join(ASSETS).encode()).hexdigest()
    assert (opened.baseline.assets, opened.baseline.position) == (3, 7)
    assert listed.assets == ASSETS
    for wrong in (StocktakeScope(kind="COUNTY", code=VILLAGE), StocktakeScope(kind="UNIT")):
        with refused("FIELD_REQUIRED", missing=["scope.code"]):
            StocktakeCampaign.open(CAMPAIGN, "清查", wrong, ASSETS, occasion(), position=7)


def test_a_large_baseline_is_listed_in_several_events() -> None:
    many = [f"A-{number:06d}" for number in range(LISTED_AT_ONCE + 1)]
    one = StocktakeCampaign.open(
        CAMPAIGN, "清查", StocktakeScope(kind="COUNTY"), many, occasion(), position=7
    )
    assert len(list(one.collect_events())) == 3
    assert one.assets == tuple(many)


def test_lines_are_recorded_and_may_be_corrected() -> None:
    one = campaign()
    one.record_lines([line(ASSETS[0], "MISSING"), line(ASSETS[1])], occasion())
    assert len(recorded(one, StocktakeCampaign.LinesRecorded).lines) == 2
    one.record_lines([line(ASSETS[0]), line(ASSETS[1])], occasion())
    assert [entry.asset for entry in recorded(one, StocktakeCampaign.LinesRecorded).lines] == [ASSETS[0]]
    one.record_lines([line(ASSETS[0])], occasion())
    nothing(one)
    assert one.unseen() == [ASSETS[2]]


def test_a_line_says_what_others_have_to_see() -> None:
    one = campaign()
    with refused("NOT_FOUND", one):
        one.record_lines([line("A-9")], occasion())
    with refused("BATCH_ITEM_DUPLICATE", one):
        one.record_lines([line(), line(result="MISSING")], occasion())
    with refused("DATE_IN_FUTURE", one):
        one.record_lines([line(seen_on=date(2031, 1, 1))], occasion())
    with refused("FIELD_REQUIRED", one, missing=["location"]):
        one.record_lines([line(result="MOVED", location=None)], occasion())
    for result in ("MISSING", "MOVED", "DAMAGED"):
        with refused("EVIDENCE_REQUIRED", one):
            one.record_lines([line(result=result, evidence_sha256=None)], occasion())


def test_a_surplus_becomes_a_registration_task() -> None:
    one = campaign()
    one.find_surplus(surplus(), occasion())
    assert recorded(one, StocktakeCampaign.SurplusRecorded).surplus == surplus()
    one.find_surplus(surplus(), occasion())
    nothing(one)
    with refused("ALREADY_EXISTS", one):
        one.find_surplus(surplus(name="别的"), occasion())
    with refused("DATE_IN_FUTURE", one):
        one.find_surplus(surplus(surplus="X-2", seen_on=date(2031, 1, 1)), occasion())
    assert one.tasks() == []
    done = completed()
    assert done.tasks() == ["X-1"]
    with refused("NOT_FOUND", done):
        done.register_surplus("X-9", "A-9", occasion())
    done.register_surplus("X-1", "A-9", occasion())
    assert recorded(done, StocktakeCampaign.SurplusRegistered).asset == "A-9"
    done.register_surplus("X-1", "A-9", occasion())
    nothing(done)
    assert done.tasks() == []
    with refused("ALREADY_EXISTS", done):
        done.register_surplus("X-1", "A-8", occasion())


def test_completion_needs_every_asset_looked_at() -> None:
    one = campaign()
    one.record_lines([line(ASSETS[0])], occasion())
    one.collect_events()
    with refused("STOCKTAKE_INCOMPLETE", one, missing=list(ASSETS[1:])):
        one.complete(occasion())
    one.record_lines([line(ASSETS[1], "MISSING"), line(ASSETS[2], "DAMAGED")], occasion())
    one.collect_events()
    one.complete(occasion())
    event = recorded(one, StocktakeCampaign.Completed)
    assert (event.found, event.missing, event.damaged) == (1, (ASSETS[1],), (ASSETS[2],))
    one.complete(occasion())
    nothing(one)
    with refused("STEP_OUT_OF_ORDER", one):
        one.record_lines([line()], occasion())
    with refused("STEP_OUT_OF_ORDER", one):
        one.find_surplus(surplus(), occasion())


@pytest.mark.parametrize(("asset", "covered"), list(zip(ASSETS, (True, False, True), strict=True)))
def test_a_completed_stocktake_covers_what_it_saw(asset: str, covered: bool) -> None:
    assert completed().covers(asset) is covered
    assert not campaign().covers(asset)


def test_a_moved_asset_is_a_proposal_to_correct_its_location() -> None:
    (proposal,) = completed().proposals()
    assert (proposal.asset, proposal.location) == (ASSETS[2], "653022202209")
