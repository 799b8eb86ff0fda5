"""An inventory batch: compiled, reviewed, determined by four, returned with reasons, aggregated."""

from __future__ import annotations

from datetime import date

import pytest

from domain.inventory.batch import LISTED_AT_ONCE, InventoryBatch
from tests.domain.saying import all_recorded, nothing, recorded, refused
from tests.examples import MANAGER, OVERSEER, SUCCESSOR, TOWNSHIP, VILLAGE, occasion
from tests.inventory_examples import (
    ASSETS,
    BATCH,
    DEPARTMENTS,
    an_import,
    compiled,
    determined,
    opinion,
    reviewed,
)


def test_an_import_says_what_became_of_every_row() -> None:
    batch = InventoryBatch.compile(BATCH, an_import(rows=4, rejected=1), ASSETS, occasion())
    imported, listed = all_recorded(batch, InventoryBatch.Imported, InventoryBatch.AssetsListed)
    assert imported.imported.rejected == 1
    assert listed.assets == batch.assets == ASSETS
    for changes in ({"ok": 2}, {"rows": 5}):
        with refused("FIELD_INVALID"):
            InventoryBatch.compile(BATCH, an_import(**changes), ASSETS, occasion())


def test_many_assets_are_listed_in_several_events() -> None:
    many = tuple(f"A-{number}" for number in range(LISTED_AT_ONCE + 1))
    batch = InventoryBatch.compile(BATCH, an_import(rows=len(many), ok=len(many)), many, occasion())
    _, first, second = batch.collect_events()
    assert (len(first.assets), len(second.assets)) == (LISTED_AT_ONCE, 1)
    assert batch.assets == many


def test_a_batch_is_submitted_once() -> None:
    batch = compiled()
    batch.submit(MANAGER, occasion())
    assert recorded(batch, InventoryBatch.Submitted).person == MANAGER
    batch.submit(MANAGER, occasion())
    nothing(batch)
    with refused("STEP_OUT_OF_ORDER", batch):
        batch.submit(SUCCESSOR, occasion())


def test_the_township_reviews_what_was_submitted() -> None:
    batch = compiled()
    with refused("STEP_OUT_OF_ORDER", batch, missing=["submission"]):
        batch.give_review(opinion(), TOWNSHIP, occasion())
    batch.submit(MANAGER, occasion())
    batch.collect_events()
    with refused("FORBIDDEN", batch):
        batch.give_review(opinion(VILLAGE), TOWNSHIP, occasion())
    with refused("SEGREGATION_OF_DUTIES", batch):
        batch.give_review(opinion(person=MANAGER), TOWNSHIP, occasion())
    with refused("DATE_IN_FUTURE", batch):
        batch.give_review(opinion(decided_on=date(2031, 1, 1)), TOWNSHIP, occasion())
    batch.give_review(opinion(), TOWNSHIP, occasion())
    assert recorded(batch, InventoryBatch.Reviewed).opinion.person == OVERSEER
    batch.give_review(opinion(), TOWNSHIP, occasion())
    nothing(batch)


def test_who_submitted_cannot_review_either() -> None:
    batch = compiled()
    batch.submit(SUCCESSOR, occasion())
    batch.collect_events()
    with refused("SEGREGATION_OF_DUTIES", batch):
        batch.give_review(opinion(person=SUCCESSOR), TOWNSHIP, occasion())


def test_a_department_reviews_its_own_batch_and_votes_by_a_third_person() -> None:
    batch = reviewed(unit="FINANCE", unit_kind="DEPARTMENT")
    assert batch.chain == "A2"
    for person in (MANAGER, OVERSEER):
        with refused("SEGREGATION_OF_DUTIES", batch):
            batch.determine(opinion("FINANCE", person), occasion())
    batch.determine(opinion("FINANCE", SUCCESSOR), occasion())
    assert recorded(batch, InventoryBatch.Determined).department == "FINANCE"


def test_four_departments_determine_in_any_order() -> None:
    batch = reviewed()
    for department in reversed(DEPARTMENTS):
        assert not batch.is_determined(occasion())
        batch.determine(opinion(department), occasion())
        assert recorded(batch, InventoryBatch.Determined).decision == "APPROVE"
    assert batch.is_determined(occasion())
    batch.determine(opinion("DRC"), occasion())
    nothing(batch)
    with refused("STEP_OUT_OF_ORDER", batch):
        batch.determine(opinion("DRC", SUCCESSOR), occasion())
    with refused("FORBIDDEN", batch):
        batch.determine(opinion("WATER"), occasion())


def test_nothing_is_determined_before_the_review() -> None:
    with refused("STEP_OUT_OF_ORDER", missing=["REVIEW"]):
        compiled().determine(opinion("DRC"), occasion())


def test_a_return_names_reasons_and_begins_everything_anew() -> None:
    batch = determined("DRC")
    with refused("FIELD_REQUIRED", batch, missing=["reasons"]):
        batch.determine(opinion("FINANCE", decision="RETURN"), occasion())
    batch.determine(opinion("FINANCE", decision="RETURN", reasons="资金与台账不符"), occasion())
    _, back = all_recorded(batch, InventoryBatch.Determined, InventoryBatch.Returned)
    assert back.opinion.reasons == "资金与台账不符"
    assert (batch.state, batch.review, batch.determinations) == ("RETURNED", None, {})
    with refused("STEP_OUT_OF_ORDER", batch):
        batch.determine(opinion("AGRICULTURE"), occasion())
    batch.submit(MANAGER, occasion())
    batch.give_review(opinion(decision="RETURN", reasons="数量有误"), TOWNSHIP, occasion())
    assert [one.organization for one in batch.returns] == ["FINANCE", TOWNSHIP]


@pytest.mark.parametrize("missing", DEPARTMENTS)
def test_aggregation_waits_for_all_four(missing: str) -> None:
    batch = determined(*(one for one in DEPARTMENTS if one != missing))
    with refused("DETERMINATION_INCOMPLETE", batch, missing=[missing]):
        batch.aggregate(SUCCESSOR, occasion())
    batch.determine(opinion(missing), occasion())
    batch.collect_events()
    batch.aggregate(SUCCESSOR, occasion())
    assert recorded(batch, InventoryBatch.Aggregated).person == SUCCESSOR
    batch.aggregate(SUCCESSOR, occasion())
    nothing(batch)
    with refused("STEP_OUT_OF_ORDER", batch):
        batch.submit(MANAGER, occasion())


def test_aggregation_before_the_review_is_out_of_order() -> None:
    with refused("STEP_OUT_OF_ORDER", missing=["REVIEW"]):
        compiled().aggregate(SUCCESSOR, occasion())
