"""The order of what happened: whatever the order of entry, the same facts make the same state."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from domain.aggregate import DomainEvent, Late, fold_stream
from domain.asset.asset import Asset
from domain.asset.facts.upkeep import StatusReport
from domain.order import placed
from tests.examples import ASSET, CONTRACT, VILLAGE, confirmed, document, occasion, receipt, sign, terms, yuan
from tests.through_the_log import through_the_log

Fact = tuple[date, Callable[[Asset, date], None]]


def report(state: Any) -> Callable[[Asset, date], None]:
    return lambda it, day: it.report_status(StatusReport(state=state, reported_on=day), occasion(day))


def rent(number: int) -> Callable[[Asset, date], None]:
    def receive(it: Asset, day: date) -> None:
        paid = receipt(receipt=f"R-{number}", contract=None, amount=yuan("100.00"), received_on=day)
        it.receive_income(paid, occasion(day))

    return receive


def paper(number: int) -> Callable[[Asset, date], None]:
    return lambda it, day: it.archive_document(document(document=f"D-{number}"), occasion(day))


FACTS: st.SearchStrategy[list[Fact]] = st.lists(
    st.tuples(
        st.dates(date(2021, 10, 1), date(2022, 12, 31)),
        st.sampled_from(
            [
                *map(report, ("IN_USE", "PARTLY_USED", "IDLE", "DAMAGED", "LOST")),
                *map(rent, range(3)),
                *map(paper, range(2)),
            ]
        ),
    ),
    min_size=2,
    max_size=6,
    unique_by=(lambda one: one[0], lambda one: id(one[1])),
)


def lived(facts: list[Fact]) -> Asset:
    asset = confirmed()
    for day, happen in facts:
        happen(asset, day)
    return asset


@settings(max_examples=60, deadline=None)
@given(FACTS, st.randoms(use_true_random=False))
def test_same_facts_in_any_order_of_entry_make_the_same_state(facts: list[Fact], chance: Any) -> None:
    shuffled = facts[:]
    chance.shuffle(shuffled)
    one, other = lived(sorted(facts, key=lambda fact: fact[0])), lived(shuffled)
    assert one.view() == other.view()
    events = [through_the_log(event) for event in other.history]
    again = fold_stream(events)
    assert again.unplaced == []
    assert json.loads(again.aggregate.dump_state()) == json.loads(other.dump_state())
    kept = Asset.load_state(ASSET, other.version, other.dump_state())
    assert (kept.view(), kept.through) == (other.view(), other.through)


@settings(max_examples=40, deadline=None)
@given(FACTS, st.dates(date(2021, 10, 1), date(2022, 12, 31)))
def test_state_of_a_day_is_that_of_what_had_happened_by_then(facts: list[Fact], day: date) -> None:
    whole = lived(facts)
    whole.stand_on(day)
    assert (
        whole.view()
        == lived(sorted((one for one in facts if one[0] <= day), key=lambda fact: fact[0])).view()
    )
    whole.stand_on(None)
    assert whole.view() == lived(facts).view()


def test_refused_command_on_a_past_day_changes_nothing() -> None:
    asset = confirmed()
    report("IN_USE")(asset, date(2022, 5, 1))
    asset.collect_events()
    before = asset.dump_state(), asset.version
    with pytest.raises(Exception, match="没有找到"):
        asset.end_contract("C-9", date(2022, 1, 1), "TERMINATED", "无此合同", occasion(date(2022, 1, 2)))
    assert (asset.dump_state(), asset.version) == before


def test_late_event_needs_the_events_that_came_before() -> None:
    asset = confirmed()
    report("IN_USE")(asset, date(2022, 5, 1))
    cached = Asset.load_state(asset.id, asset.version, asset.dump_state())
    with pytest.raises(Late) as late:
        report("IDLE")(cached, date(2022, 1, 1))
    assert (late.value.stream, late.value.day, late.value.fact) == (asset.stream, date(2022, 1, 1), True)
    report("IDLE")(cached, date(2022, 6, 1))
    assert cached.operation == "IDLE"


def test_event_that_rests_on_a_later_day_is_placed_right_behind_it() -> None:
    """A contract that ends before it is signed, as history had it: the end waits for the contract."""
    asset = confirmed()
    sign(asset, terms(), occasion(date(2021, 12, 1)))
    asset.end_contract(CONTRACT, date(2021, 12, 5), "TERMINATED", "毁约", occasion(date(2021, 12, 5)))
    *before, signed, ended = asset.collect_events()
    assert isinstance(ended, DomainEvent)
    early = ended.model_copy(update={"occurred_on": date(2021, 11, 1)})
    told = [*asset.history[:-2], signed, early]
    found = fold_stream(told)
    assert found.unplaced == []
    assert found.aggregate.contracts[CONTRACT].state == "TERMINATED"
    assert not found.aggregate.contracts[CONTRACT].open
    past = fold_stream(told, until=date(2021, 11, 15))
    assert past.unplaced == [early]
    assert (past.aggregate.contracts, past.aggregate.user_right_holder) == ({}, VILLAGE)
    assert before == []


def test_what_waits_is_tried_again_after_everything_that_was_taken() -> None:
    taken: list[str] = []
    needs = {"a": "c", "b": "a", "c": None, "d": "x"}

    def take(one: str) -> bool:
        ready = needs[one] is None or needs[one] in taken
        if ready:
            taken.append(one)
        return ready

    assert placed(["d", "b", "a", "c"], lambda one: (1, date(2022, 1, "abcd".index(one) + 1), 0), take) == [
        "d"
    ]
    assert taken == ["c", "a", "b"]
