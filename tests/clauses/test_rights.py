"""The rights over an asset, its certificates, the register of property, and the collectives that own (C2-02, C3-06)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.asset.asset import Asset
from domain.asset.facts.card import Correction
from domain.asset.facts.certificates import PropertyRegistration, TitleCertificate
from domain.asset.facts.rights import RightAssignment
from domain.organization.organization import Collective, Organization
from tests.domain.saying import nothing, recorded, refused
from tests.examples import (
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    booking,
    confirmed,
    confirmed_jointly,
    confirmed_road,
    in_care,
    occasion,
    organization,
    registered,
    settled,
    share,
    sign,
    terms,
    workshop_card,
    yuan,
)

NUMBER = "新(2021)阿克陶县不动产权第0000001号"
DAY = date(2021, 9, 10)


def assignment(right: str = "SUPERVISION", holder: str = TOWNSHIP, **changes: Any) -> RightAssignment:
    """A right given by a document from September 2021 on."""
    given: dict[str, Any] = {
        "right": right,
        "holder": holder,
        "basis_document": "乡权〔2021〕1号",
        "since": date(2021, 9, 1),
    }
    return RightAssignment(**(given | changes))


def application(**changes: Any) -> TitleCertificate:
    """The village asks for the certificate of its workshop."""
    given: dict[str, Any] = {
        "certificate": "Z-1",
        "kind": "REAL_ESTATE",
        "holder": VILLAGE,
        "applied_on": DAY,
    }
    return TitleCertificate(**(given | changes))


def collective(uscc: str = "N2653022MF12345676", **changes: Any) -> Collective:
    """A registered collective."""
    given: dict[str, Any] = {"uscc": uscc, "name": "某村股份经济合作社", "registered_on": date(2020, 6, 1)}
    return Collective(**(given | changes))


# ---- the five rights -----------------------------------------------------------------------------------------------


@pytest.mark.clause("C2-02")
def test_the_five_rights_are_read_for_a_day() -> None:
    """Ownership, use, income, disposal and supervision each have a holder on every day; use is the operator's while a contract runs."""
    asset = in_care()
    rules = occasion().rules
    sign(asset, terms(), occasion(date(2021, 9, 20)))
    before, during, after = (
        asset.rights_on(day, rules) for day in (date(2021, 9, 30), date(2022, 1, 1), date(2026, 10, 1))
    )
    assert [one.holder for one in before.use] == [VILLAGE]
    assert [one.holder for one in during.use] == ["O-1"]
    assert [one.holder for one in after.use] == [VILLAGE]
    for bundle in (before, during, after):
        assert [one.holder for one in bundle.ownership] == [VILLAGE]
        assert [one.holder for one in bundle.income] == [VILLAGE]
        assert [one.holder for one in bundle.disposal] == [VILLAGE]
        assert [one.holder for one in bundle.supervision] == [TOWNSHIP]
        assert bundle.accountable_parties == (VILLAGE,)


@pytest.mark.clause("C2-02")
def test_supervision_is_derived_until_it_is_assigned() -> None:
    """Where nobody was given the supervision yet, the custody table says who has it."""
    rules = occasion().rules
    assert TOWNSHIP in [one.holder for one in confirmed().rights_on(DAY, rules).supervision]
    assert confirmed_road().rights_on(DAY, rules).supervision
    assert registered().rights_on(DAY, rules).supervision == ()


@pytest.mark.clause("C2-02")
def test_a_right_is_given_by_a_document_and_not_twice_for_a_day() -> None:
    """A right has a holder, a document and days; holders of one right on one day are refused, supervision may be shared."""
    asset = confirmed()
    asset.assign_right(assignment("USE", "O-2", until=date(2021, 12, 31)), occasion())
    assert recorded(asset, Asset.RightAssigned).assignment.holder == "O-2"
    asset.assign_right(assignment("USE", "O-2", until=date(2021, 12, 31)), occasion())
    nothing(asset)
    rules = occasion().rules
    assert [one.holder for one in asset.rights_on(DAY, rules).use] == ["O-2"]
    assert [one.holder for one in asset.rights_on(date(2022, 1, 1), rules).use] == [VILLAGE]
    for right, holder in (("OWNERSHIP", OTHER_VILLAGE), ("INCOME", OTHER_VILLAGE), ("USE", "O-3")):
        with refused("RIGHT_OVERLAP", asset, clause="C2-02"):
            asset.assign_right(assignment(right, holder), occasion())
    with refused("RIGHT_OVERLAP", asset):
        sign(asset, terms(), occasion())
    asset.assign_right(assignment("USE", "O-3", since=date(2022, 1, 1)), occasion())
    recorded(asset, Asset.RightAssigned)
    for holder in (TOWNSHIP, "FINANCE"):
        asset.assign_right(assignment(holder=holder), occasion())
        recorded(asset, Asset.RightAssigned)
    with refused("RIGHT_OVERLAP", asset):
        asset.assign_right(assignment(basis_document="另一文号"), occasion())
    with refused("DATE_ORDER", asset):
        asset.assign_right(assignment("DISPOSAL", until=date(2021, 8, 1)), occasion())
    with refused("OWNERSHIP_NOT_CONFIRMED", registered()):
        registered().assign_right(assignment(), occasion())


def test_an_operator_s_term_leaves_no_room_for_another_user() -> None:
    asset = in_care()
    sign(asset, terms(), occasion(date(2021, 9, 20)))
    asset.collect_events()
    with refused("RIGHT_OVERLAP", asset):
        asset.assign_right(assignment("USE", "O-3"), occasion())
    asset.assign_right(assignment("USE", "O-3", since=date(2026, 10, 1)), occasion())
    recorded(asset, Asset.RightAssigned)


# ---- certificates --------------------------------------------------------------------------------------------------


@pytest.mark.clause("C4.3-09")
def test_a_certificate_is_applied_for_and_issued_after_the_title() -> None:
    """Title and real-estate certificates are applied for by owners of confirmed assets and issued under unique numbers."""
    with refused("OWNERSHIP_NOT_CONFIRMED", registered()):
        registered().apply_for_certificate(application(), occasion())
    asset = confirmed()
    asset.apply_for_certificate(application(state="ISSUED", number="自称"), occasion())
    event = recorded(asset, Asset.TitleCertificateApplied)
    assert (event.certificate.state, event.certificate.number) == ("APPLIED", None)
    asset.apply_for_certificate(application(), occasion())
    nothing(asset)
    with refused("ALREADY_EXISTS", asset):
        asset.apply_for_certificate(application(kind="TITLE"), occasion())
    with refused("FIELD_INVALID", asset):
        asset.apply_for_certificate(application(certificate="Z-2", holder=OTHER_VILLAGE), occasion())
    with refused("DATE_IN_FUTURE", asset):
        late = application(certificate="Z-2", applied_on=date(2031, 1, 1))
        asset.apply_for_certificate(late, occasion())
    with refused("NOT_FOUND", asset):
        asset.issue_title_certificate("Z-9", NUMBER, DAY, occasion())
    with refused("DATE_ORDER", asset):
        asset.issue_title_certificate("Z-1", NUMBER, date(2021, 9, 9), occasion())
    asset.issue_title_certificate("Z-1", NUMBER, date(2021, 9, 30), occasion())
    assert recorded(asset, Asset.TitleCertificateIssued).number == NUMBER
    asset.issue_title_certificate("Z-1", NUMBER, date(2021, 9, 30), occasion())
    nothing(asset)
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.issue_title_certificate("Z-1", "另一号", date(2021, 9, 30), occasion())
    asset.apply_for_certificate(application(certificate="Z-3", kind="TITLE"), occasion())
    asset.collect_events()
    with refused("CERT_NO_DUPLICATE", asset):
        asset.issue_title_certificate("Z-3", NUMBER, date(2021, 9, 30), occasion())
    asset.find_certificate_ineligible("Z-3", "资料不全", date(2021, 9, 30), occasion())
    assert recorded(asset, Asset.TitleCertificateIneligible).reason == "资料不全"
    asset.find_certificate_ineligible("Z-3", "资料不全", date(2021, 9, 30), occasion())
    nothing(asset)


@pytest.mark.clause("C4.3-09")
def test_only_real_estate_has_a_real_estate_certificate_and_none_blocks_nothing() -> None:
    """Machines get no real-estate certificate; an asset without any certificate is operated like another."""
    machine = confirmed(workshop_card(asset_type="PROCESSING"))
    with refused("FIELD_INVALID", machine):
        machine.apply_for_certificate(application(), occasion())
    sign(machine, terms(), occasion())
    recorded(machine, Asset.Leased)


@pytest.mark.clause("C4.5-17")
def test_each_share_is_registered_and_booked_by_its_holder() -> None:
    """Every owner enters its own share in the register of property and in its books, and no more than that."""
    asset = confirmed_jointly()
    entry = PropertyRegistration(party=VILLAGE, registration_no="产登1号", registered_on=DAY)
    asset.register_property(entry, occasion())
    assert recorded(asset, Asset.PropertyRegistered).registration == entry
    asset.register_property(entry, occasion())
    nothing(asset)
    with refused("FIELD_INVALID", asset):
        asset.register_property(entry.model_copy(update={"party": TOWNSHIP}), occasion())
    with refused("BOOKED_AMOUNT_MISMATCH", asset):
        asset.book(booking(amount=yuan("100000.01")), occasion())
    asset.book(booking(amount=yuan("66666.67")), occasion())
    recorded(asset, Asset.Booked)


@pytest.mark.clause("C4.5-02")
def test_the_card_of_a_confirmed_asset_keeps_what_its_title_rests_on() -> None:
    """Correcting a confirmed asset never changes its value, class or the facts of its rule; names may be put right."""
    asset = confirmed()
    for changes in (
        {"originalValue": "240000.01", "fundingLines": [
            {"source": "FISCAL_DEV", "amount": "240000.01", "allocatedOn": "2019-03-01"}]},
        {"projectScope": "CROSS_VILLAGE"},
        {"equityInvestment": True},
        {"location": OTHER_VILLAGE},
        {"implementer": OTHER_VILLAGE, "implementerKind": "VILLAGE"},
    ):  # fmt: skip
        with refused("STEP_OUT_OF_ORDER", asset, missing=["ownershipConfirmation"]):
            paper = Correction(changes=changes, reason="笔误", document_no="更1号")
            asset.correct_registration(paper, occasion())
    paper = Correction(changes={"assetName": "扶贫车间（二期）"}, reason="笔误", document_no="更1号")
    asset.correct_registration(paper, occasion())
    recorded(asset, Asset.RegistrationCorrected)


# ---- collectives ---------------------------------------------------------------------------------------------------


@pytest.mark.clause("C3-06")
def test_a_village_has_one_collective_at_a_time() -> None:
    """A village's collective is registered under its N… code, is the only active one, and is replaced with a document."""
    village = organization()
    with refused("NOT_FOUND", village):
        village.replace_collective(collective(), "农登变1号", occasion())
    village.register_collective(collective(), occasion())
    assert recorded(village, Organization.CollectiveRegistered).collective == collective()
    village.register_collective(collective(), occasion())
    nothing(village)
    second = collective("N2653022MF76543213", registered_on=date(2021, 6, 1))
    with refused("COLLECTIVE_DUPLICATE", village):
        village.register_collective(second, occasion())
    with refused("COLLECTIVE_DUPLICATE", village):
        renamed = collective(name="另一名称")
        village.replace_collective(renamed, "农登变1号", occasion())
    with refused("DATE_ORDER", village):
        earlier = second.model_copy(update={"registered_on": date(2019, 1, 1)})
        village.replace_collective(earlier, "农登变1号", occasion())
    with refused("DATE_IN_FUTURE", village):
        later = second.model_copy(update={"registered_on": date(2031, 1, 1)})
        village.replace_collective(later, "农登变1号", occasion())
    village.replace_collective(second, "农登变1号", occasion())
    assert recorded(village, Organization.CollectiveReplaced).former == "N2653022MF12345676"
    village.replace_collective(second, "农登变1号", occasion())
    nothing(village)
    codes = {
        day: found.uscc if (found := village.collective_on(day)) else None
        for day in (date(2020, 5, 31), date(2020, 6, 1), date(2021, 5, 31), date(2021, 6, 1))
    }
    assert list(codes.values()) == [
        None,
        "N2653022MF12345676",
        "N2653022MF12345676",
        "N2653022MF76543213",
    ]


@pytest.mark.clause("C3-06")
@pytest.mark.parametrize(
    "uscc",
    ["N2653022MF12345677", "91653022MF12345670", "N2653022MFI2345676", "N265302", "n2653022MF12345676"],
)
def test_a_collective_s_code_is_checked(uscc: str) -> None:
    """The unified social credit code starts with N and its check character fits."""
    with pytest.raises(ValidationError):
        collective(uscc)


def test_only_villages_have_collectives() -> None:
    card = organization().card.model_copy(update={"kind": "TOWNSHIP"})
    township = settled(Organization.define(TOWNSHIP, card, occasion()))
    with refused("OWNER_TYPE_NOT_ALLOWED", township):
        township.register_collective(collective(), occasion())


def test_shares_of_a_joint_asset_are_read_as_rights() -> None:
    bundle = confirmed_jointly().rights_on(DAY, occasion().rules)
    held = {(one.holder, one.share) for one in bundle.ownership}
    assert held == {
        (one.party, one.amount) for one in (share(VILLAGE, "66666.67"), share(OTHER_VILLAGE, "33333.34"))
    }
