"""Transfers between units and the confirmation of ownership."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.asset.asset import Asset
from domain.asset.facts.transfer import ItemAcceptance, RemainingFunds, TransferItem
from domain.values import Fen, PartyShare
from tests.domain.saying import nothing, recorded, refused, warned
from tests.examples import (
    DEPARTMENT,
    OTHER_VILLAGE,
    ROADS,
    TOWNSHIP,
    TRANSFER,
    VILLAGE,
    WORTH,
    accepted,
    certified,
    confirmation,
    confirmed,
    county_decision,
    disposed,
    earning,
    herd_card,
    joint_card,
    joint_confirmation,
    lamp_card,
    occasion,
    override,
    proposed,
    receipt,
    registered,
    road_card,
    road_confirmation,
    share,
    shown,
    transfer,
    transferred,
    workshop_card,
    yuan,
)


def offered(**changes: Any) -> Asset:
    asset = registered()
    asset.initiate_transfer(transfer(**changes), occasion())
    asset.collect_events()
    return asset


def test_one_unit_offers_the_asset_to_another() -> None:
    asset = registered()
    asset.initiate_transfer(transfer(accepted={"1": accepted("1")[0]}, state="COMPLETED"), occasion())
    event = recorded(asset, Asset.TransferInitiated)
    assert (event.transfer.accepted, event.transfer.state) == ({}, "INITIATED")
    asset.initiate_transfer(transfer(), occasion())
    nothing(asset)


def test_an_offer_is_between_two_units_of_things_named_once_and_not_of_tomorrow() -> None:
    asset = registered()
    with refused("SAME_PARTY", asset):
        asset.initiate_transfer(transfer(receiver=DEPARTMENT), occasion())
    twice = (TransferItem(item="1", name="甲"), TransferItem(item="1", name="乙"))
    with refused("FIELD_INVALID", asset):
        asset.initiate_transfer(transfer(items=twice), occasion())
    with refused("DATE_IN_FUTURE", asset):
        asset.initiate_transfer(transfer(initiated_on=date(2031, 1, 1)), occasion())


def test_a_transfer_s_number_is_used_once() -> None:
    asset = offered()
    with refused("ALREADY_EXISTS", asset):
        asset.initiate_transfer(transfer(receiver=OTHER_VILLAGE), occasion())


def test_the_receiver_speaks_item_by_item() -> None:
    asset = offered()
    asset.accept_transfer(TRANSFER, VILLAGE, accepted("1"), occasion())
    assert recorded(asset, Asset.TransferItemsAccepted).items == accepted("1")
    asset.accept_transfer(TRANSFER, VILLAGE, accepted("1", "2"), occasion())
    assert recorded(asset, Asset.TransferItemsAccepted).items == accepted("2")
    asset.accept_transfer(TRANSFER, VILLAGE, accepted("2"), occasion())
    nothing(asset)
    assert asset.transfers[TRANSFER].open_items == []


def test_nobody_but_the_receiver_accepts_and_nothing_but_what_is_offered() -> None:
    asset = offered()
    with refused("SAME_PARTY", asset):
        asset.accept_transfer(TRANSFER, DEPARTMENT, accepted(), occasion())
    with refused("FORBIDDEN_JURISDICTION", asset):
        asset.accept_transfer(TRANSFER, TOWNSHIP, accepted(), occasion())
    with refused("NOT_FOUND", asset):
        asset.accept_transfer(TRANSFER, VILLAGE, accepted("3"), occasion())
    with refused("NOT_FOUND", asset):
        asset.accept_transfer("T-9", VILLAGE, accepted(), occasion())


def test_a_transfer_is_complete_when_every_item_is_accepted() -> None:
    asset = offered()
    defect = ItemAcceptance(item="2", result="ACCEPTED_WITH_DEFECT")
    asset.accept_transfer(TRANSFER, VILLAGE, (*accepted("1"), defect), occasion())
    asset.collect_events()
    with refused("TRANSFER_ITEM_OPEN", asset, missing=["2"]):
        asset.complete_transfer(TRANSFER, occasion())
    agreed = defect.model_copy(update={"agreement_document": "缺陷协议1号"})
    asset.accept_transfer(TRANSFER, VILLAGE, (agreed,), occasion())
    asset.collect_events()
    asset.complete_transfer(TRANSFER, occasion())
    event = recorded(asset, Asset.TransferCompleted)
    assert (event.deliverer, event.receiver) == (DEPARTMENT, VILLAGE)
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.complete_transfer(TRANSFER, occasion())


def test_a_refused_item_keeps_the_transfer_open() -> None:
    asset = offered()
    no = ItemAcceptance(item="2", result="REFUSED", note="资料不全")
    asset.accept_transfer(TRANSFER, VILLAGE, (*accepted("1"), no), occasion())
    assert asset.transfers[TRANSFER].open_items == ["2"]


def test_the_receiver_may_refuse_the_whole_and_a_new_offer_is_free() -> None:
    asset = offered()
    with refused("SAME_PARTY", asset):
        asset.refuse_transfer(TRANSFER, DEPARTMENT, "不移交", occasion())
    asset.refuse_transfer(TRANSFER, VILLAGE, "设备型号与清单不符", occasion())
    assert recorded(asset, Asset.TransferRefused).reason == "设备型号与清单不符"
    asset.refuse_transfer(TRANSFER, VILLAGE, "设备型号与清单不符", occasion())
    nothing(asset)
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.accept_transfer(TRANSFER, VILLAGE, accepted(), occasion())
    asset.initiate_transfer(transfer(transfer="T-2"), occasion())
    recorded(asset, Asset.TransferInitiated)


def test_what_is_left_of_the_money_and_the_receiver_s_conditions_are_kept() -> None:
    asset = registered()
    with refused("AMOUNT_NOT_POSITIVE", asset):
        owing = RemainingFunds(amount=Fen(-1), statement="超支")
        asset.initiate_transfer(transfer(remaining_funds=owing), occasion())
    left = RemainingFunds(amount=yuan("1250.00"), statement="质保金尾款")
    asset.initiate_transfer(transfer(remaining_funds=left), occasion())
    assert recorded(asset, Asset.TransferInitiated).transfer.remaining_funds == left
    asset.accept_transfer(TRANSFER, VILLAGE, accepted(), occasion(), conditions="一年内免费维修")
    assert recorded(asset, Asset.TransferItemsAccepted).conditions == "一年内免费维修"
    asset.accept_transfer(TRANSFER, VILLAGE, (), occasion(), conditions="一年内免费维修")
    nothing(asset)


def test_the_asset_has_to_come_from_who_built_it() -> None:
    asset = registered()
    for number, deliverer, receiver in (("T-1", ROADS, VILLAGE), ("T-2", DEPARTMENT, TOWNSHIP)):
        asset.initiate_transfer(transfer(transfer=number, deliverer=deliverer, receiver=receiver), occasion())
        asset.accept_transfer(number, receiver, accepted(), occasion())
        asset.complete_transfer(number, occasion())
    asset.collect_events()
    with refused("TRANSFER_REQUIRED", asset):
        asset.confirm_ownership(confirmation(), occasion())
    asset.initiate_transfer(transfer(transfer="T-3", deliverer=TOWNSHIP), occasion())
    asset.accept_transfer("T-3", VILLAGE, accepted(), occasion())
    asset.complete_transfer("T-3", occasion())
    asset.collect_events()
    asset.confirm_ownership(confirmation(), occasion())
    assert recorded(asset, Asset.OwnershipConfirmed).rule == "R5"


def test_what_is_gone_is_not_transferred() -> None:
    asset = disposed()
    with refused("ASSET_DISPOSED", asset):
        asset.initiate_transfer(transfer(transfer="T-2"), occasion())


# ---- confirmation --------------------------------------------------------------------------------------------------


def test_the_village_owns_the_workshop_it_was_given() -> None:
    asset = transferred()
    asset.confirm_ownership(confirmation(regime="RURAL_COLLECTIVE"), occasion())
    event = recorded(asset, Asset.OwnershipConfirmed)
    assert (event.rule, event.regime, event.attributions) == ("R5", "RURAL_COLLECTIVE", ())
    assert event.confirmation.regime is None
    warned(event, "NOTICE_MISSING")
    assert (asset.title, asset.owners, asset.owner_kind) == ("CONFIRMED", (share(VILLAGE, WORTH),), "VILLAGE")
    assert asset.user_right_holder == VILLAGE


def test_a_confirmation_without_verified_stock_is_warned_of() -> None:
    asset = transferred()
    asset.confirm_ownership(confirmation(verification_basis=None), occasion())
    warned(recorded(asset, Asset.OwnershipConfirmed), "STOCKTAKE_BASIS_MISSING")


def test_what_is_confirmed_is_not_confirmed_again() -> None:
    asset = confirmed()
    with refused("STEP_OUT_OF_ORDER", asset, clause="C4.5-02"):
        asset.confirm_ownership(confirmation(), occasion())


def test_the_village_has_to_have_received_it() -> None:
    asset = registered()
    with refused("TRANSFER_REQUIRED", asset, missing=["transfer"]):
        asset.confirm_ownership(confirmation(), occasion())


def test_the_owner_is_the_one_the_rule_names() -> None:
    asset = registered(road_card())
    with refused("OWNER_RULE_CONFLICT", asset, clause="C4.5-09"):
        asset.confirm_ownership(road_confirmation(owner_kind="VILLAGE"), occasion())
    other = (share(DEPARTMENT, "360000.00"),)
    with refused("OWNER_RULE_CONFLICT", asset, clause="C4.5-09"):
        asset.confirm_ownership(road_confirmation(owners=other), occasion())


def test_an_in_principle_rule_is_lifted_by_a_county_document_and_a_plain_one_is_not() -> None:
    paper = override("OWNER_RULE_CONFLICT")
    owners = (share(DEPARTMENT, "80000.00"),)
    lamps = registered(lamp_card())
    lamps.confirm_ownership(road_confirmation(owners=owners), occasion(overrides=(paper,)))
    event = recorded(lamps, Asset.OwnershipConfirmed)
    assert (event.rule, event.basis.overrides) == ("R9", (paper,))
    road = registered(road_card())
    with refused("OWNER_RULE_CONFLICT", road):
        road.confirm_ownership(road_confirmation(owner_kind="VILLAGE"), occasion(overrides=(paper,)))


def test_nobody_s_person_owns_it() -> None:
    asset = transferred()
    with refused("OWNER_TYPE_NOT_ALLOWED", asset):
        asset.confirm_ownership(confirmation(owner_kind="PERSON"), occasion())


def test_shares_are_exact_positive_and_of_different_parties() -> None:
    asset = registered(joint_card())
    less = (share(VILLAGE, "66666.67"), share(OTHER_VILLAGE, "33333.33"))
    with refused("SHARES_NOT_100", asset):
        asset.confirm_ownership(joint_confirmation(owners=less), occasion())
    with refused("SHARES_NOT_100", asset):
        asset.confirm_ownership(joint_confirmation(income_right_holders=less), occasion())
    twice = (share(VILLAGE, "66666.67"), share(VILLAGE, "33333.34"))
    with refused("RIGHT_OVERLAP", asset):
        asset.confirm_ownership(joint_confirmation(owners=twice), occasion())
    empty = (share(VILLAGE, "100000.01"), PartyShare(party=OTHER_VILLAGE, amount=Fen(0)))
    with refused("AMOUNT_NOT_POSITIVE", asset):
        asset.confirm_ownership(joint_confirmation(owners=empty), occasion())


def test_villages_that_built_together_own_by_what_they_paid() -> None:
    asset = certified()
    asset.confirm_ownership(joint_confirmation(), occasion(), proof=shown(asset))
    event = recorded(asset, Asset.OwnershipConfirmed)
    warned(event, "FILING_PENDING")
    assert (event.rule, event.filing_due, asset.filing_due) == ("R3", "AGRICULTURE", "AGRICULTURE")


def test_an_operating_asset_needs_income_right_and_its_basis() -> None:
    asset = transferred()
    with refused("INCOME_RIGHT_REQUIRED", asset):
        asset.confirm_ownership(confirmation(income_right_holders=()), occasion())
    with refused("INCOME_RIGHT_BASIS_REQUIRED", asset, missing=["ownershipBasis", "incomeRightBasis"]):
        bare = confirmation(ownership_basis=None, income_right_basis=None)
        asset.confirm_ownership(bare, occasion())


def test_the_regime_follows_from_class_and_owner() -> None:
    asset = transferred()
    with refused("REGIME_MISMATCH", asset):
        asset.confirm_ownership(confirmation(regime="STATE_ADMIN"), occasion())


def test_schools_follow_their_reform() -> None:
    card = road_card(asset_type="EDUCATION", subclass="PUBLIC_SERVICE", unit_of_measure="座", quantity=1)
    asset = registered(card)
    with refused("REFORM_BASIS_REQUIRED", asset, missing=["reformBasisDocument"]):
        asset.confirm_ownership(road_confirmation(), occasion())
    asset.confirm_ownership(road_confirmation(reform_basis_document="教改〔2020〕1号"), occasion())
    assert recorded(asset, Asset.OwnershipConfirmed).rule == "R1"


def test_where_no_rule_names_an_owner_the_county_decides() -> None:
    asset = registered(workshop_card(implementer="FARM-1", implementer_kind="FARM"))
    with refused("OWNER_RULE_GAP", asset, missing=["countyDecision"]):
        asset.confirm_ownership(confirmation(county_decision="陶政函〔2021〕12号"), occasion())
    asset.issue_county_decision(county_decision(), occasion())
    asset.collect_events()
    asset.confirm_ownership(confirmation(county_decision="陶政函〔2021〕12号"), occasion())
    assert recorded(asset, Asset.OwnershipConfirmed).rule == "R10b"


def test_an_unclear_title_is_settled_by_the_county_and_settles_the_risk() -> None:
    asset = confirmed()
    asset.flag_risk("TITLE_UNCLEAR", "两村争议", occasion())
    asset.collect_events()
    assert asset.title == "DISPUTED"
    with refused("COUNTY_DECISION_REQUIRED", asset):
        asset.confirm_ownership(confirmation(), occasion())
    asset.issue_county_decision(county_decision(decided_on=date(2021, 10, 1)), occasion())
    asset.collect_events()
    asset.confirm_ownership(confirmation(), occasion())
    event = recorded(asset, Asset.OwnershipConfirmed)
    assert (event.rule, asset.title, asset.risks) == ("R10a", "CONFIRMED", {})


def test_income_from_before_finds_its_holders_to_the_fen() -> None:
    asset = certified(joint_card(implementer=VILLAGE, implementer_kind="VILLAGE"))
    at = occasion(date(2021, 8, 1))
    early = receipt(contract=None, amount=yuan("100.00"), received_on=date(2021, 8, 1))
    asset.receive_income(early, at)
    asset.collect_events()
    asset.confirm_ownership(joint_confirmation(), occasion(), proof=shown(asset))
    event = recorded(asset, Asset.OwnershipConfirmed)
    assert sum(one.amount for one in event.attributions) == yuan("100.00")
    assert asset.income_by_holder == {VILLAGE: yuan("66.67"), OTHER_VILLAGE: yuan("33.33")}


def test_a_title_is_not_changed_while_a_disposal_is_under_way() -> None:
    asset = proposed()
    with refused("DISPOSAL_IN_PROGRESS", asset):
        asset.confirm_ownership(confirmation(), occasion())


def test_a_new_confirmation_leaves_the_operator_in_place() -> None:
    asset = earning()
    asset.flag_risk("TITLE_UNCLEAR", "两村争议", occasion(date(2022, 10, 1)))
    on = date(2022, 10, 20)
    asset.issue_county_decision(county_decision(decided_on=on), occasion(on))
    asset.confirm_ownership(confirmation(), occasion(date(2022, 11, 1)))
    assert asset.user_right_holder == "O-1"


def test_the_herd_is_the_village_s_without_a_transfer() -> None:
    asset = registered(herd_card())
    asset.confirm_ownership(confirmation(), occasion())
    assert recorded(asset, Asset.OwnershipConfirmed).rule == "R5"
    assert ROADS not in {one.party for one in asset.owners}
