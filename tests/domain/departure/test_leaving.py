"""How a person leaves: formalities wait for the handover, facts do not (C4.10-11)."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.asset.asset import Asset
from domain.organization.person import Clearance, Formality, LeavingFact, Person
from domain.values import Code
from tests.domain.saying import nothing, recorded, refused
from tests.examples import MANAGER, OVERSEER, SUCCESSOR, in_care, occasion, person

CERTIFICATE: Code = "QZ-1"


def clearance(**changes: Any) -> Clearance:
    given: dict[str, Any] = {
        "certificate_no": CERTIFICATE,
        "issued_on": date(2021, 11, 5),
        "issued_by": "COUNTY_GOV",
        "position": 120,
        "cases": ("K-1",),
    }
    return Clearance(**(given | changes))


def formality(**changes: Any) -> Formality:
    given: dict[str, Any] = {
        "kind": "TRANSFER",
        "carried_out_on": date(2021, 11, 8),
        "document_no": "调〔2021〕1号",
        "certificate_no": CERTIFICATE,
    }
    return Formality(**(given | changes))


def cleared() -> Person:
    one = person()
    one.issue_clearance(clearance(), (), occasion())
    one.collect_events()
    return one


def test_the_certificate_is_issued_when_nothing_is_in_the_way() -> None:
    one = person()
    with refused("HANDOVER_INCOMPLETE", one, missing=["asset:A1"]):
        one.issue_clearance(clearance(), ("asset:A1",), occasion())
    one.issue_clearance(clearance(), (), occasion())
    assert recorded(one, Person.ClearanceIssued).clearance.position == 120
    assert one.valid_clearances() == (clearance(),)
    assert one.valid_clearances(date(2021, 11, 4)) == ()


def test_a_formality_needs_a_valid_certificate_and_nothing_in_care() -> None:
    at = occasion(date(2021, 11, 8))
    one = cleared()
    with refused("PERSON_HOLDS_ASSETS", one, missing=["asset:A1"]):
        one.carry_out(formality(), ("asset:A1",), 1, at)
    with refused("HANDOVER_INCOMPLETE", one, missing=["case:K-2:seal"]):
        one.carry_out(formality(), ("case:K-2:seal",), 0, at)
    with refused("CLEARANCE_REQUIRED", one, missing=["certificateNo"]):
        one.carry_out(formality(certificate_no="QZ-2"), (), 0, at)
    with refused("DATE_IN_FUTURE", one):
        one.carry_out(formality(carried_out_on=date(2031, 1, 1)), (), 0, at)
    one.carry_out(formality(), (), 0, at)
    assert recorded(one, Person.FormalityCarriedOut).formality.kind == "TRANSFER"
    one.carry_out(formality(), (), 0, at)
    nothing(one)


def test_a_revoked_certificate_no_longer_helps() -> None:
    one = cleared()
    one.revoke_clearances("账外收入", occasion())
    assert recorded(one, Person.ClearanceRevoked).certificate_no == CERTIFICATE
    one.revoke_clearances("账外收入", occasion())
    nothing(one)
    with refused("CLEARANCE_REQUIRED", one):
        one.carry_out(formality(), (), 0, occasion(date(2021, 11, 8)))


def test_facts_are_recorded_whatever_is_open() -> None:
    one = person()
    died = LeavingFact(kind="DEATH", happened_on=date(2021, 11, 1))
    one.record_leaving(died, occasion(date(2021, 11, 1)))
    assert recorded(one, Person.LeavingRecorded).fact == died
    one.record_leaving(died, occasion(date(2021, 11, 1)))
    nothing(one)
    with refused("DATE_IN_FUTURE", one):
        one.record_leaving(LeavingFact(kind="REMOVED", happened_on=date(2031, 1, 1)), occasion())


def test_what_goes_with_a_post_is_handed_over_without_changing_named_duties() -> None:
    asset = in_care()
    before = asset.custody
    asset.hand_over(
        case="K-1",
        duty="FIRST_RESPONSIBLE",
        outgoing="P-7",
        incoming=SUCCESSOR,
        supervisor=OVERSEER,
        at=occasion(),
    )
    assert recorded(asset, Asset.HandedOver).duty == "FIRST_RESPONSIBLE"
    assert asset.custody == before
    assert asset.in_care_of(MANAGER, "MANAGER")
    assert not asset.in_care_of(SUCCESSOR, "MANAGER")
