"""Custody, supervision, and the passing of a person's duty."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.asset.asset import Asset
from domain.asset.facts.custody import Duty, PositionRef, Supervision
from tests.domain.saying import nothing, recorded, refused, warned
from tests.examples import (
    CASE,
    MANAGER,
    OVERSEER,
    RESPONSIBLE,
    ROADS,
    SUCCESSOR,
    TOWNSHIP,
    VILLAGE,
    confirmed,
    confirmed_road,
    custody,
    disposed,
    in_care,
    in_use,
    leased,
    occasion,
    registered,
    supervision,
)


def hand_over(asset: Asset, **changes: Any) -> None:
    given: dict[str, Any] = {
        "case": CASE,
        "duty": "MANAGER",
        "outgoing": MANAGER,
        "incoming": SUCCESSOR,
        "supervisor": OVERSEER,
        "at": occasion(),
    }
    asset.hand_over(**(given | changes))


def test_custody_names_its_persons() -> None:
    asset = in_use()
    asset.assign_custody(custody(), occasion())
    assert recorded(asset, Asset.CustodyAssigned).custody == custody()
    asset.assign_custody(custody(), occasion())
    nothing(asset)
    assert asset.regions()["CUSTODY"] == "ASSIGNED"


def test_custody_without_a_person_is_none() -> None:
    asset = in_use()
    with refused("RESPONSIBLE_PERSON_REQUIRED", asset, missing=["duties"]):
        asset.assign_custody(custody(duties=()), occasion())


def test_a_duty_is_named_once() -> None:
    asset = in_use()
    with refused("FIELD_INVALID", asset, clause="C4.10-02"):
        twice = (Duty(person=MANAGER, duty="MANAGER"),) * 2
        asset.assign_custody(custody(duties=twice), occasion())


def test_before_the_confirmation_custody_is_provisional() -> None:
    asset = registered()
    with refused("OWNERSHIP_NOT_CONFIRMED", asset):
        asset.assign_custody(custody(), occasion())
    asset.assign_custody(custody(provisional=True), occasion())
    assert recorded(asset, Asset.CustodyAssigned).custody.provisional


def test_provisional_custody_gives_way_and_final_custody_never_becomes_provisional() -> None:
    asset = confirmed()
    asset.assign_custody(custody(provisional=True), occasion())
    other = (Duty(person=SUCCESSOR, duty="MANAGER"),)
    asset.assign_custody(custody(duties=other), occasion())
    asset.collect_events()
    with refused("STEP_OUT_OF_ORDER", asset, clause="C4.10-02"):
        asset.assign_custody(custody(duties=other, provisional=True), occasion())


def test_nobody_leaves_a_duty_by_a_new_assignment() -> None:
    asset = in_care()
    with refused("HANDOVER_INCOMPLETE", asset, missing=[MANAGER]):
        rest = (Duty(person=RESPONSIBLE, duty="RESPONSIBLE"), Duty(person=SUCCESSOR, duty="MANAGER"))
        asset.assign_custody(custody(duties=rest), occasion())
    more = (*custody().duties, Duty(person=SUCCESSOR, duty="MANAGER"))
    asset.assign_custody(custody(duties=more), occasion())
    assert recorded(asset, Asset.CustodyAssigned).custody.duties == more


def test_the_first_responsible_of_a_public_asset_is_a_principal() -> None:
    asset = confirmed_road()
    for post in (
        PositionRef(organization=ROADS, position="DEPUTY_IN_CHARGE"),
        PositionRef(organization=ROADS, position="VILLAGE_PARTY_SECRETARY"),
        PositionRef(organization=VILLAGE, position="PRINCIPAL"),
        None,
    ):
        with refused("FIRST_RESPONSIBLE_MUST_BE_PRINCIPAL", asset):
            asset.assign_custody(custody(custodian=ROADS, first_responsible=post), occasion())
    leader = PositionRef(organization=ROADS, position="PRINCIPAL")
    with refused("CUSTODIAN_REQUIRED", asset, missing=[ROADS]):
        asset.assign_custody(custody(first_responsible=leader), occasion())
    asset.assign_custody(custody(custodian=ROADS, first_responsible=leader), occasion())
    recorded(asset, Asset.CustodyAssigned)


def test_supervision_is_somebody_s() -> None:
    asset = registered()
    with refused("SUPERVISOR_REQUIRED", asset, missing=["supervision"]):
        asset.assign_supervision((), occasion())
    asset.assign_supervision(supervision(), occasion())
    assert recorded(asset, Asset.SupervisionAssigned).supervision == supervision()
    asset.assign_supervision(supervision(), occasion())
    nothing(asset)


def test_supervisors_of_what_is_let_are_those_of_the_custody_table() -> None:
    asset = leased()
    with refused("SUPERVISOR_SET_INCOMPLETE", asset, missing=[VILLAGE]):
        asset.assign_supervision(supervision("COMMERCE"), occasion())
    director = PositionRef(organization=VILLAGE, position="VILLAGE_DIRECTOR")
    for first in (director, None):
        with refused("FIRST_SUPERVISOR_MUST_BE_PARTY_SECRETARY", asset, clause="C4.10-06"):
            asset.assign_supervision((Supervision(supervisor=VILLAGE, first_supervisor=first),), occasion())
    secretary = PositionRef(organization=VILLAGE, position="VILLAGE_PARTY_SECRETARY")
    watched = (Supervision(supervisor=VILLAGE, first_supervisor=secretary),)
    asset.assign_supervision(watched, occasion())
    assert recorded(asset, Asset.SupervisionAssigned).supervision == watched


def test_who_supervises_himself_is_warned_of_from_either_side() -> None:
    asset = in_care()
    asset.assign_supervision(supervision(VILLAGE), occasion())
    assert warned(recorded(asset, Asset.SupervisionAssigned), "SUPERVISOR_IS_CUSTODIAN") == {
        "supervisor": VILLAGE
    }
    other = in_use()
    other.assign_supervision(supervision(), occasion())
    other.collect_events()
    other.assign_custody(custody(custodian=TOWNSHIP), occasion())
    warned(recorded(other, Asset.CustodyAssigned), "SUPERVISOR_IS_CUSTODIAN")


def test_a_duty_passes_to_the_successor() -> None:
    asset = in_care()
    hand_over(asset)
    event = recorded(asset, Asset.HandedOver)
    assert (event.case, event.supervisor) == (CASE, OVERSEER)
    assert asset.custody is not None
    assert set(asset.custody.duties) == {
        Duty(person=SUCCESSOR, duty="MANAGER"),
        Duty(person=RESPONSIBLE, duty="RESPONSIBLE"),
    }


def test_a_successor_who_has_the_duty_already_has_it_once() -> None:
    asset = in_care()
    more = (*custody().duties, Duty(person=SUCCESSOR, duty="MANAGER"))
    asset.assign_custody(custody(duties=more), occasion())
    hand_over(asset)
    assert asset.custody is not None
    assert asset.custody.duties.count(Duty(person=SUCCESSOR, duty="MANAGER")) == 1


def test_only_who_has_a_duty_hands_it_over_and_to_somebody_else() -> None:
    asset = in_care()
    with refused("SAME_PERSON", asset):
        hand_over(asset, incoming=MANAGER)
    with refused("STEP_OUT_OF_ORDER", asset, clause="C4.10-10"):
        hand_over(asset, duty="RESPONSIBLE")
    bare = in_use()
    with refused("STEP_OUT_OF_ORDER", bare, clause="C4.10-10"):
        hand_over(bare)


def test_what_was_disposed_of_meanwhile_does_not_hold_up_a_handover() -> None:
    asset = disposed()
    hand_over(asset)
    nothing(asset)


def test_what_is_gone_needs_no_care() -> None:
    asset = disposed()
    with refused("ASSET_DISPOSED", asset):
        asset.assign_custody(custody(), occasion(date(2022, 6, 1)))
    with refused("ASSET_DISPOSED", asset):
        asset.assign_supervision(supervision(), occasion(date(2022, 6, 1)))
