"""What is decided about a subject's data, as the domain decides it (D11)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.personal.subject import Forgetting, LegalHold, PersonalOrder, PersonalSubject
from tests.domain.saying import all_recorded, nothing, recorded, refused
from tests.examples import occasion, settled

DAY = date(2021, 8, 1)
HOLD = LegalHold(hold="BQ-1", placed_on=DAY, reason="专项审计", document_no="审保〔2021〕3号")


def order(number: str = "个信〔2021〕1号") -> PersonalOrder:
    return PersonalOrder(decided_on=DAY, reason="户籍已迁出本县", document_no=number)


def forgetting(key: str | None = "00112233445566778899") -> Forgetting:
    return Forgetting(order=order(), plaintext_events=0, key=key)


def subject() -> PersonalSubject:
    return settled(PersonalSubject.open("household.H-1", occasion(DAY)))


def decided(*decisions: tuple[str, Any]) -> PersonalSubject:
    it = subject()
    for name, given in decisions:
        getattr(it, name)(*given, occasion(DAY))
    return settled(it)


def test_a_new_subject_is_free_of_decisions() -> None:
    it = PersonalSubject.open("household.H-1", occasion(DAY))
    recorded(it, PersonalSubject.Opened)
    assert (it.restriction, it.hold, it.forgettings, it.destroyed) == (None, None, (), frozenset())


def test_a_restriction_stands_until_it_is_lifted() -> None:
    it = subject()
    it.restrict(order(), occasion(DAY))
    assert recorded(it, PersonalSubject.Restricted).order == order()
    it = settled(it)
    it.restrict(order(), occasion(DAY))
    nothing(it)
    with refused("ALREADY_EXISTS", it):
        it.restrict(order("个信〔2021〕2号"), occasion(DAY))
    it.lift_restriction(order("个信〔2021〕3号"), occasion(DAY))
    recorded(it, PersonalSubject.RestrictionLifted)
    assert it.restriction is None
    with refused("NOT_FOUND", it):
        it.lift_restriction(order(), occasion(DAY))


def test_a_hold_forbids_forgetting_until_it_is_released() -> None:
    it = subject()
    it.place_hold(HOLD, occasion(DAY))
    recorded(it, PersonalSubject.HoldPlaced)
    it = settled(it)
    with refused("PERSONAL_DATA_ON_HOLD", it):
        it.forget(forgetting(), (), occasion(DAY))
    it.release_hold("BQ-1", order(), occasion(DAY))
    it.forget(forgetting(), (), occasion(DAY))
    _, erased = all_recorded(it, PersonalSubject.HoldReleased, PersonalSubject.Erased)
    assert erased.forgetting == forgetting()
    assert it.destroyed == {"00112233445566778899"}


def test_of_two_holds_the_second_one_still_forbids() -> None:
    second = HOLD.model_copy(update={"hold": "BQ-2"})
    it = decided(("place_hold", (HOLD,)), ("place_hold", (second,)), ("release_hold", ("BQ-1", order())))
    assert it.hold == second
    with refused("PERSONAL_DATA_ON_HOLD", it):
        it.forget(forgetting(), (), occasion(DAY))


def test_a_hold_s_number_stands_for_one_order() -> None:
    it = decided(("place_hold", (HOLD,)))
    it.place_hold(HOLD, occasion(DAY))
    nothing(it)
    with refused("ALREADY_EXISTS", it):
        it.place_hold(HOLD.model_copy(update={"reason": "另案"}), occasion(DAY))


@pytest.mark.parametrize("before", [(), ("BQ-1",)], ids=["never placed", "released before"])
def test_only_a_hold_in_force_is_released(before: tuple[str, ...]) -> None:
    steps = [step for one in before for step in (("place_hold", (HOLD,)), ("release_hold", (one, order())))]
    it = decided(*steps)
    with refused("NOT_FOUND", it):
        it.release_hold("BQ-1", order(), occasion(DAY))


def test_a_subject_with_a_matter_that_runs_is_not_forgotten() -> None:
    it = subject()
    with refused("PERSONAL_DATA_IN_USE", it, missing=["household_asset-H-1"]):
        it.forget(forgetting(), ("household_asset-H-1",), occasion(DAY))


def test_a_forgetting_that_destroyed_nothing_names_no_key() -> None:
    it = decided(("forget", (forgetting(None), ())))
    assert (len(it.forgettings), it.destroyed) == (1, frozenset())
