"""Disposal from proposal to proceeds."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.asset.facts.disposal import Appraiser
from domain.asset.facts.preemption import PreemptionOffer
from domain.values import MAX_FEN, Fen
from tests.domain.saying import found, nothing, recorded, refused
from tests.examples import (
    DISPOSAL,
    ROADS,
    TOWNSHIP,
    VILLAGE,
    agreed,
    appraisal,
    appraised,
    approval,
    approve,
    approved,
    confirmation,
    confirmed,
    confirmed_road,
    disposed,
    document,
    forwarded,
    imported,
    in_house,
    in_use,
    lamp_card,
    leased,
    line,
    maintenance,
    occasion,
    override,
    proposal,
    propose,
    proposed,
    publication,
    published,
    registered,
    sale,
    share,
    terms,
    workshop_card,
    yuan,
)

THEN = date(2022, 6, 1)


def small() -> Asset:
    """A confirmed workshop of 80,000 yuan: below the threshold."""
    card = workshop_card(original_value=yuan("80000.00"), funding_lines=(line("80000.00"),))
    mine = (share(VILLAGE, "80000.00"),)
    return confirmed(card, confirmation(owners=mine, income_right_holders=mine))


def test_a_disposal_is_proposed_with_the_village_s_decision() -> None:
    asset = confirmed()
    for typed in (None, "村代会〔2022〕12号"):
        with refused("DECISION_REQUIRED", asset, missing=["procedure"]):
            asset.propose_disposal(proposal(decision_document=typed), occasion())
    with refused("PLAN_HASH_MISMATCH", asset, missing=["procedure"]):
        asset.propose_disposal(proposal(), occasion(), proof=agreed(asset, proposal(kind="SCRAP")))
    with refused("DECISION_REQUIRED", asset, missing=["A14"]):  # of 240,000 yuan
        asset.propose_disposal(proposal(), occasion(), proof=agreed(asset, chain="A14s"))
    propose(asset, occasion())
    assert recorded(asset, Asset.DisposalProposed).proposal == proposal()
    with refused("DISPOSAL_IN_PROGRESS", asset):
        propose(asset, occasion(), proposal(disposal="D-2"))


def test_a_department_decides_by_itself() -> None:
    road = confirmed_road()
    propose(road, occasion(), proposal(decision_document=None))
    recorded(road, Asset.DisposalProposed)


def test_another_kind_of_disposal_has_a_name() -> None:
    asset = confirmed()
    with refused("FIELD_REQUIRED", asset, missing=["kindName"]):
        propose(asset, occasion(), proposal(kind="OTHER"))


def test_only_what_is_confirmed_is_disposed_of() -> None:
    with refused("OWNERSHIP_NOT_CONFIRMED"):
        propose(registered(), occasion())


def test_what_runs_well_stays_unless_the_county_says_otherwise() -> None:
    asset = in_use()
    with refused("WELL_OPERATING_NOT_DISPOSABLE", asset):
        propose(asset, occasion())
    with refused("WELL_OPERATING_NOT_DISPOSABLE", asset):
        stale = override("WELL_OPERATING_NOT_DISPOSABLE", expires_on=date(2021, 9, 30))
        propose(asset, occasion(overrides=(stale,)))
    with refused("WELL_OPERATING_NOT_DISPOSABLE", asset):
        endless = override("WELL_OPERATING_NOT_DISPOSABLE", expires_on=None)
        propose(asset, occasion(overrides=(endless,)))
    paper = override("WELL_OPERATING_NOT_DISPOSABLE")
    propose(asset, occasion(overrides=(paper,)))
    assert recorded(asset, Asset.DisposalProposed).basis.overrides == (paper,)


def test_an_asset_at_risk_does_not_run_well() -> None:
    asset = in_use()
    asset.flag_risk("IDLE", "停产", occasion())
    asset.collect_events()
    propose(asset, occasion())
    recorded(asset, Asset.DisposalProposed)


def test_a_disposal_s_number_is_used_once() -> None:
    asset = proposed()
    asset.close_disposal(DISPOSAL, "WITHDRAWN", "暂缓", occasion(THEN))
    asset.collect_events()
    with refused("ALREADY_EXISTS", asset):
        propose(asset, occasion(THEN))


def test_the_appraisal_is_an_agency_s_from_the_threshold_on() -> None:
    asset = proposed()
    with refused("AGENCY_APPRAISAL_REQUIRED", asset, missing=["agency", "agencyLicence"]):
        asset.record_appraisal(DISPOSAL, in_house("50000.00"), occasion(THEN))  # the book value counts
    with refused("AGENCY_APPRAISAL_REQUIRED", asset, missing=["agencyLicence"]):
        asset.record_appraisal(DISPOSAL, appraisal(agency_licence=None), occasion(THEN))
    asset.record_appraisal(DISPOSAL, appraisal(), occasion(THEN))
    event = recorded(asset, Asset.AppraisalRecorded)
    assert (event.appraisal, event.net_book_value) == (appraisal(), yuan("240000.00"))
    asset.record_appraisal(DISPOSAL, appraisal(), occasion(THEN))
    nothing(asset)


@pytest.mark.parametrize(("value", "major"), [("99999.99", False), ("100000.00", True)])
def test_the_threshold_itself_is_major(value: str, major: bool) -> None:
    asset = proposed(small())
    if major:
        with refused("AGENCY_APPRAISAL_REQUIRED", asset):
            asset.record_appraisal(DISPOSAL, in_house(value), occasion(THEN))
    else:
        asset.record_appraisal(DISPOSAL, in_house(value), occasion(THEN))
        recorded(asset, Asset.AppraisalRecorded)


def test_an_appraisal_of_the_house_has_three_signers_and_one_from_outside() -> None:
    asset = proposed(small())
    inside = tuple(Appraiser(person=f"P-{number}", outside_owner_unit=False) for number in range(3))
    with refused("APPRAISAL_REQUIRED", asset, missing=["signers[].outsideOwnerUnit"]):
        asset.record_appraisal(DISPOSAL, in_house(signers=inside), occasion(THEN))
    twice = (*in_house().signers[1:], in_house().signers[2])
    with refused("APPRAISAL_REQUIRED", asset, missing=["signers>=3"]):
        asset.record_appraisal(DISPOSAL, in_house(signers=twice), occasion(THEN))


def test_an_appraisal_is_of_the_past_and_not_below_zero() -> None:
    asset = proposed()
    with refused("DATE_IN_FUTURE", asset):
        asset.record_appraisal(DISPOSAL, appraisal(base_date=date(2031, 1, 1)), occasion(THEN))
    with refused("AMOUNT_NOT_POSITIVE", asset):
        asset.record_appraisal(DISPOSAL, appraisal("-0.01"), occasion(THEN))


def test_the_result_is_published_where_the_asset_belongs() -> None:
    asset = proposed()
    with refused("APPRAISAL_REQUIRED", asset, missing=["appraisal"]):
        asset.publish_appraisal(DISPOSAL, publication(), occasion(THEN))
    asset = appraised()
    with refused("NOTICE_PLACE_MISSING", asset):
        asset.publish_appraisal(DISPOSAL, publication(place=TOWNSHIP), occasion(THEN))
    with refused("DATE_IN_FUTURE", asset):
        asset.publish_appraisal(DISPOSAL, publication(published_on=date(2031, 1, 1)), occasion(THEN))
    asset.publish_appraisal(DISPOSAL, publication(), occasion(THEN))
    assert recorded(asset, Asset.AppraisalPublished).publication == publication()
    asset.publish_appraisal(DISPOSAL, publication(), occasion(THEN))
    nothing(asset)


def test_a_township_s_asset_is_published_in_the_township_and_a_department_s_anywhere() -> None:
    card = lamp_card(
        village_use=False, implementer=TOWNSHIP, implementer_kind="TOWNSHIP", funds_paid_to="TOWNSHIP"
    )
    asset = registered(card)
    owners = (share(TOWNSHIP, "80000.00"),)
    paper = confirmation(owners=owners, owner_kind="TOWNSHIP", income_right_holders=())
    asset.confirm_ownership(paper, occasion(date(2021, 9, 1)))
    asset = appraised(base=asset)
    asset.publish_appraisal(DISPOSAL, publication(place=TOWNSHIP[:9]), occasion(THEN))
    recorded(asset, Asset.AppraisalPublished)
    road = appraised(base=confirmed_road())
    road.publish_appraisal(DISPOSAL, publication(place="653022"), occasion(THEN))
    recorded(road, Asset.AppraisalPublished)


def test_what_is_on_its_way_up_is_not_published_anew() -> None:
    asset = forwarded()
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.publish_appraisal(DISPOSAL, publication(published_on=date(2022, 3, 11)), occasion(THEN))


def test_a_proposal_goes_up_level_by_level() -> None:
    asset = appraised()
    with refused("APPRAISAL_NOT_PUBLISHED", asset):
        asset.forward_disposal(DISPOSAL, "TOWNSHIP", "同意", occasion(THEN))
    asset = published()
    with refused("CODE_UNKNOWN", asset):
        asset.forward_disposal(DISPOSAL, "MOON", "同意", occasion(THEN))
    with refused("STEP_OUT_OF_ORDER", asset, missing=["TOWNSHIP"]):
        asset.forward_disposal(DISPOSAL, "AGRICULTURE", "同意", occasion(THEN))
    asset.forward_disposal(DISPOSAL, "TOWNSHIP", "同意", occasion(THEN))
    assert recorded(asset, Asset.DisposalForwarded).level == "TOWNSHIP"
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.forward_disposal(DISPOSAL, "TOWNSHIP", "同意", occasion(THEN))


def approve_then(asset: Asset, **changes: Any) -> None:
    approve(asset, occasion(THEN), approval(**changes))


def test_the_county_government_approves_a_major_disposal() -> None:
    asset = forwarded()
    with refused("APPROVAL_LEVEL_TOO_LOW", asset):
        approve_then(asset, approver="TOWNSHIP", approver_level="TOWNSHIP")
    approve_then(asset)
    event = recorded(asset, Asset.DisposalApproved)
    assert (event.approval, event.value) == (approval(), yuan("240000.00"))
    approve_then(asset)
    nothing(asset)


def test_a_minor_disposal_of_a_village_is_the_township_s() -> None:
    asset = published(in_house(), small())
    approve_then(asset, approver=TOWNSHIP, approver_level="TOWNSHIP")
    assert recorded(asset, Asset.DisposalApproved).value == yuan("80000.00")
    other = published(in_house(), small())
    with refused("APPROVAL_LEVEL_TOO_LOW", other):
        approve_then(other, approver="X", approver_level="VILLAGE")
    approve_then(other)


def test_nothing_is_approved_before_its_time() -> None:
    with refused("APPRAISAL_REQUIRED"):
        approve_then(proposed())
    with refused("APPRAISAL_NOT_PUBLISHED"):
        approve_then(appraised())
    with refused("STEP_OUT_OF_ORDER", missing=["TOWNSHIP", "AGRICULTURE"]):
        approve_then(published())
    with refused("DATE_ORDER"):
        approve_then(forwarded(), approved_on=date(2022, 3, 9))
    with refused("APPRAISAL_EXPIRED"):
        approve_then(forwarded(), approved_on=date(2023, 3, 2))
    with refused("DATE_IN_FUTURE"):
        ahead = approval(approved_on=date(2022, 5, 2))
        approve(forwarded(), occasion(date(2022, 5, 1), today=date(2022, 5, 1)), ahead)
    with refused("AMOUNT_NOT_POSITIVE"):
        approve_then(forwarded(), lowest_price=Fen(-1))


def test_a_new_appraisal_starts_the_way_anew() -> None:
    asset = approved()
    asset.record_appraisal(DISPOSAL, appraisal("120000.00", report_no="新"), occasion(THEN))
    asset.collect_events()
    found_now = asset.disposals[DISPOSAL]
    assert (found_now.state, found_now.publication, found_now.forwarded) == ("APPRAISED", None, ())
    assert found_now.approval is None


def sell(asset: Asset, **changes: Any) -> None:
    shown = agreed(asset, asset.disposals[DISPOSAL].proposal)
    asset.dispose(DISPOSAL, sale(**changes), occasion(THEN), proof=shown)


def test_what_is_approved_is_sold_and_its_life_ends() -> None:
    asset = approved()
    sell(asset)
    event = recorded(asset, Asset.Disposed)
    assert (event.kind, event.net_book_value, event.ended_contracts) == ("AUCTION", yuan("240000.00"), ())
    assert (asset.disposed_on, asset.regions()["DISPOSAL"]) == (date(2022, 5, 10), "DISPOSED")


def test_open_contracts_end_with_the_asset() -> None:
    base = leased()
    base.flag_risk("IDLE", "停产", occasion(date(2022, 1, 1)))
    asset = published(base=base)
    for level in ("TOWNSHIP", "AGRICULTURE"):
        asset.forward_disposal(DISPOSAL, level, "同意", occasion(THEN))
    approve_then(asset)
    told = PreemptionOffer(
        offer="PO-1",
        holder="O-1",
        conditions="公开拍卖",
        offered_on=date(2022, 5, 5),
        evidence_sha256="d" * 64,
    )
    asset.offer_preemption(DISPOSAL, told, occasion(THEN))
    asset.collect_events()
    sell(asset)
    assert recorded(asset, Asset.Disposed).ended_contracts == (terms().contract,)
    assert (asset.contracts[terms().contract].state, asset.risks) == ("TERMINATED", {})


def test_nothing_is_sold_before_it_is_approved() -> None:
    with refused("APPRAISAL_REQUIRED"):
        sell(proposed())
    with refused("APPROVAL_REQUIRED", missing=["approval"]):
        sell(forwarded())
    with refused("DATE_ORDER"):
        sell(approved(), disposed_on=date(2022, 4, 9))
    with refused("APPRAISAL_EXPIRED"):
        sell(approved(), disposed_on=date(2023, 3, 2))
    with refused("DATE_IN_FUTURE"):
        ahead = sale(disposed_on=date(2022, 5, 2))
        approved().dispose(DISPOSAL, ahead, occasion(date(2022, 5, 1), today=date(2022, 5, 1)))
    with refused("AMOUNT_NOT_POSITIVE"):
        sell(approved(), price=Fen(-1))


def test_nothing_is_sold_below_what_was_approved() -> None:
    asset = approved()
    with refused("PRICE_BELOW_APPRAISAL", asset):
        sell(asset, price=yuan("109999.99"))
    approve_then(asset, lowest_price=yuan("90000.00"), document_no="陶政函〔2022〕48号")
    asset.collect_events()
    sell(asset, price=yuan("90000.00"))
    recorded(asset, Asset.Disposed)


def test_a_disposal_is_withdrawn_or_rejected() -> None:
    asset = approved()
    asset.close_disposal(DISPOSAL, "REJECTED", "流拍", occasion(THEN))
    assert recorded(asset, Asset.DisposalClosed).outcome == "REJECTED"
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.close_disposal(DISPOSAL, "WITHDRAWN", "再撤", occasion(THEN))
    with refused("NOT_FOUND", asset):
        asset.close_disposal("D-9", "WITHDRAWN", "没有", occasion(THEN))


def proceed(asset: Asset, amount: int, voucher: str = "收-1", **changes: Any) -> None:
    given: dict[str, Any] = {"received_on": THEN, "at": occasion(THEN)}
    asset.receive_proceeds(DISPOSAL, Fen(amount), voucher_no=voucher, **(given | changes))


def test_proceeds_come_in_by_voucher_even_none() -> None:
    asset = disposed()
    proceed(asset, 100)
    assert recorded(asset, Asset.DisposalProceedsReceived).amount == 100
    proceed(asset, 100)
    nothing(asset)
    with refused("ALREADY_EXISTS", asset):
        proceed(asset, 101)
    proceed(asset, 0, "收-2")
    assert recorded(asset, Asset.DisposalProceedsReceived).amount == 0


def test_proceeds_are_of_a_sale_that_was_and_within_bounds() -> None:
    with refused("STEP_OUT_OF_ORDER"):
        proceed(approved(), 100)
    asset = disposed()
    with refused("NOT_FOUND", asset):
        asset.receive_proceeds("D-9", Fen(1), THEN, "收-1", occasion(THEN))
    with refused("AMOUNT_NOT_POSITIVE", asset):
        proceed(asset, -1)
    with refused("DATE_IN_FUTURE", asset):
        proceed(asset, 1, received_on=date(2031, 1, 1))
    proceed(asset, MAX_FEN)
    asset.collect_events()
    with refused("AMOUNT_OUT_OF_RANGE", asset):
        proceed(asset, 1, "收-2")


def test_nothing_else_follows_a_disposal() -> None:
    asset = disposed()
    with refused("ASSET_DISPOSED", asset):
        asset.maintain(maintenance(), occasion(THEN))
    with refused("ASSET_DISPOSED", asset):
        asset.archive_document(document(), occasion(THEN))
    with refused("ASSET_DISPOSED", asset):
        propose(asset, occasion(THEN), proposal(disposal="D-2"))
    with refused("ASSET_DISPOSED", asset):
        asset.post_depreciation(2022, occasion(THEN))


def test_an_imported_sale_below_the_appraisal_is_a_finding() -> None:
    asset = approved()
    asset.dispose(DISPOSAL, sale(price=Fen(1)), imported(THEN))
    assert found(recorded(asset, Asset.Disposed), "PRICE_BELOW_APPRAISAL")["price"] == "0.01"


def test_scrap_may_fetch_nothing() -> None:
    road = confirmed_road()
    propose(road, occasion(date(2022, 2, 1)), proposal(kind="SCRAP", decision_document=None))
    at = occasion(THEN)
    road.record_appraisal(DISPOSAL, appraisal("100.00"), at)
    road.publish_appraisal(DISPOSAL, publication(), at)
    road.forward_disposal(DISPOSAL, "FINANCE", "同意", at)
    approve_then(road)
    road.collect_events()
    sell(road, price=Fen(0), buyer=None)
    assert recorded(road, Asset.Disposed).kind == "SCRAP"
    assert road.owners[0].party == ROADS
