"""Whose an asset is (四(五)): plans, procedures, decisions, certificates, and what they refuse."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, strategies as st

from domain.asset.asset import Asset
from domain.asset.facts.ownership import TitleDispute, TitleEvidence, TitleHolder
from domain.asset.facts.title_plan import (
    JointProposal,
    QuantificationLine,
    QuantificationPlan,
    joint_shares,
    settled_plan,
    title_digest,
    title_digests,
)
from domain.asset.ownership_advice import advisory
from domain.refusals import Refusal
from domain.values import Fen, PartyShare, total
from tests.domain.saying import nothing, recorded, refused, warned
from tests.examples import (
    DAY,
    DEPARTMENT,
    OTHER_VILLAGE,
    ROADS,
    TOWNSHIP,
    VILLAGE,
    WORTH,
    accepted,
    certificate,
    certified,
    confirmation,
    confirmed,
    county_decision,
    imported,
    joint_card,
    joint_confirmation,
    lamp_card,
    line,
    occasion,
    override,
    planned,
    registered,
    road_card,
    road_confirmation,
    share,
    shown,
    sign,
    terms,
    transfer,
    transferred,
    workshop_card,
    yuan,
)

THIRD = "653022202210"
PAIR = JointProposal(villages=(VILLAGE, OTHER_VILLAGE))


def cross(value: str = "2000000.00", **changes: Any) -> Asset:
    """A cross-village operating asset that a department built."""
    changes = {"funding_lines": (line(value),), "original_value": yuan(value)} | changes
    return registered(workshop_card(project_scope="CROSS_VILLAGE", **changes))


def part(village: str, amount: str | None = None, **changes: Any) -> QuantificationLine:
    """One village's part, in yuan."""
    given: dict[str, Any] = {"township": TOWNSHIP, "village": village, "covered_poor_households": 10}
    return QuantificationLine(**(given | {"amount": yuan(amount) if amount else None} | changes))


def plan(*lines: QuantificationLine, **changes: Any) -> QuantificationPlan:
    """The department's proposal."""
    return QuantificationPlan(**({"proposed_by": DEPARTMENT, "lines": lines} | changes))


THREE = plan(part(VILLAGE, "1200000.00"), part(OTHER_VILLAGE, "500000.00"), part(THIRD, "300000.00"))
QUANTIFIED = (share(VILLAGE, "1200000.00"), share(OTHER_VILLAGE, "500000.00"), share(THIRD, "300000.00"))


# ---- before any title ----------------------------------------------------------------------------------------------


@pytest.mark.clause("C4.5-02")
def test_nothing_is_operated_before_the_title() -> None:
    """Contracts, income plans and disposals wait for the confirmation; a confirmation without verified stock is warned of."""
    asset = transferred()
    with refused("OWNERSHIP_NOT_CONFIRMED", asset):
        sign(asset, terms(), occasion())
    asset.confirm_ownership(confirmation(verification_basis=None), occasion())
    warned(recorded(asset, Asset.OwnershipConfirmed), "STOCKTAKE_BASIS_MISSING")


@pytest.mark.clause("C4.5-03", "C3-06")
def test_what_is_a_village_s_is_its_collective_s_and_under_the_three_capitals() -> None:
    """A village's asset is held by its registered collective, carries the sanzi tag, and is never a person's."""
    asset = transferred()
    with refused("OWNER_TYPE_NOT_ALLOWED", asset):
        asset.confirm_ownership(confirmation(owner_kind="PERSON"), occasion())
    holder = TitleHolder(
        party=VILLAGE, kind="COLLECTIVE", uscc="N2653022MF12345676", name="某村股份经济合作社"
    )
    asset.confirm_ownership(confirmation(), occasion(), holders=(holder,))
    assert recorded(asset, Asset.OwnershipConfirmed).holders == (holder,)
    assert (asset.title_holders, asset.sanzi) == ((holder,), True)


@pytest.mark.clause("C4.5-04")
def test_schools_and_clinics_follow_their_reform() -> None:
    """Education and health assets are confirmed on the document of their sector's reform and on nothing else."""
    card = road_card(
        asset_type="HEALTH", subclass="PUBLIC_SERVICE", unit_of_measure="座", quantity=Decimal(1)
    )
    asset = registered(card)
    with refused("REFORM_BASIS_REQUIRED", asset, missing=["reformBasisDocument"]):
        asset.confirm_ownership(road_confirmation(), occasion())
    owners = (share("HEALTH", "360000.00"),)
    paper = road_confirmation(owners=owners, reform_basis_document="卫改〔2020〕1号")
    asset.confirm_ownership(paper, occasion())
    assert recorded(asset, Asset.OwnershipConfirmed).rule == "R1"


@pytest.mark.clause("C4.5-05")
@pytest.mark.parametrize("first", ["transfer", "decision"])
def test_equity_needs_transfer_and_decision_in_any_order(first: str) -> None:
    """What fiscal money bought a share in is confirmed after a transfer and the county's decision, in either order."""
    asset = registered(workshop_card(equity_investment=True))
    with refused("TRANSFER_REQUIRED", asset):
        asset.confirm_ownership(confirmation(), occasion())
    for step in (first, "decision" if first == "transfer" else "transfer"):
        if step == "decision":
            asset.issue_county_decision(county_decision(), occasion())
            if first == "decision":
                asset.collect_events()
                with refused("TRANSFER_REQUIRED", asset):
                    asset.confirm_ownership(confirmation(), occasion())
        else:
            asset.initiate_transfer(transfer(), occasion())
            asset.accept_transfer("T-1", VILLAGE, accepted(), occasion())
            asset.complete_transfer("T-1", occasion())
            if first == "transfer":
                asset.collect_events()
                with refused("COUNTY_DECISION_REQUIRED", asset, missing=["countyDecision"]):
                    asset.confirm_ownership(confirmation(), occasion())
    asset.collect_events()
    asset.confirm_ownership(confirmation(), occasion())
    assert recorded(asset, Asset.OwnershipConfirmed).rule == "R2"


# ---- joint villages ------------------------------------------------------------------------------------------------


@pytest.mark.clause("C4.5-06")
def test_joint_villages_own_by_what_they_invested() -> None:
    """Shares follow the village-tagged funding lines, untagged money in proportion, exact to the fen."""
    lines = (
        line("5000.00", village=VILLAGE),
        line("3000.00", village=OTHER_VILLAGE),
        line("2000.00", village=THIRD),
        line("989999.99", "AID_XJ"),
    )
    asset = registered(joint_card(original_value=yuan("999999.99"), funding_lines=lines))
    asset.propose_joint_shares(JointProposal(villages=(VILLAGE, OTHER_VILLAGE, THIRD)), occasion())
    event = recorded(asset, Asset.JointSharesProposed)
    assert [one.amount.yuan() for one in event.plan.shares] == ["499999.99", "300000.00", "200000.00"]
    asset.propose_joint_shares(JointProposal(villages=(THIRD, VILLAGE, OTHER_VILLAGE)), occasion())
    nothing(asset)


@pytest.mark.clause("C4.5-06")
def test_shares_without_a_basis_or_a_whole_are_refused() -> None:
    """A village without investment data, one nobody counted in, shares that are no whole or not by investment are refused."""
    asset = registered(joint_card())
    with refused("INVESTMENT_BASIS_MISSING", asset):
        asset.propose_joint_shares(JointProposal(villages=(VILLAGE, OTHER_VILLAGE, THIRD)), occasion())
    with refused("INVESTMENT_BASIS_MISSING", asset):
        asset.propose_joint_shares(JointProposal(villages=(VILLAGE,)), occasion())
    uneven = (share(VILLAGE, "50000.00"), share(OTHER_VILLAGE, "51000.01"))
    with refused("SHARES_NOT_100", asset):
        asset.propose_joint_shares(JointProposal(villages=PAIR.villages, shares=uneven), occasion())
    equal = (share(VILLAGE, "50000.01"), share(OTHER_VILLAGE, "50000.00"))
    with refused("OWNER_RULE_CONFLICT", asset, clause="C4.5-06"):
        asset.propose_joint_shares(JointProposal(villages=PAIR.villages, shares=equal), occasion())
    with refused("INVESTMENT_BASIS_MISSING", asset, missing=["jointShares"]):
        asset.confirm_ownership(joint_confirmation(), occasion())


@pytest.mark.clause("C4.5-06")
def test_a_certificate_waits_for_meeting_and_notice() -> None:
    """A joint village's certificate needs the township's meeting and both notices run out, over these very shares."""
    asset = planned()
    paper = certificate(issued_on=date(2021, 7, 12))
    noticed = {"SHARES": date(2021, 6, 20), "MEETING": date(2021, 6, 28), "NOTICE": date(2021, 7, 13)}
    proof = shown(asset, completed_on=noticed)
    at = occasion(date(2021, 7, 12))
    with refused("NOTICE_PERIOD_RUNNING", asset, missing=["NOTICE"]):
        asset.issue_ownership_certificate(paper, proof, at)
    with refused("NOTICE_PERIOD_RUNNING", asset):  # recorded after the period, but dated into it
        asset.issue_ownership_certificate(paper, proof, occasion(date(2021, 7, 20)))
    with refused("STEP_OUT_OF_ORDER", asset, missing=["procedure"]):
        asset.issue_ownership_certificate(paper, None, at)
    with refused("STEP_OUT_OF_ORDER", asset, missing=["MEETING"]):
        asset.issue_ownership_certificate(paper, shown(asset, "SHARES", on=date(2021, 6, 20)), at)
    other = title_digest(asset.id, "VILLAGE", (share(VILLAGE, "50000.01"), share(OTHER_VILLAGE, "50000.00")))
    for change in ({"subject_sha256": other}, {"subject": "A-2"}, {"chain": "A6"}, {"subject_kind": "plan"}):
        with refused("PLAN_HASH_MISMATCH", asset):
            asset.issue_ownership_certificate(paper, shown(asset, completed_on=noticed, **change), at)
    with refused("PLAN_HASH_MISMATCH", asset, missing=["certificate.amount"]):
        asset.issue_ownership_certificate(certificate(amount="66666.66"), proof, at)
    on = date(2021, 7, 13)
    late = certificate(issued_on=on)
    asset.issue_ownership_certificate(late, proof, occasion(on))
    assert recorded(asset, Asset.OwnershipCertificateIssued).certificate == late
    asset.issue_ownership_certificate(late, proof, occasion(on))
    nothing(asset)
    with refused("CERT_NO_DUPLICATE", asset):
        twice = certificate(OTHER_VILLAGE, "33333.34", number=late.number)
        asset.issue_ownership_certificate(twice, proof, occasion(on))
    with refused("STEP_OUT_OF_ORDER", registered(joint_card()), missing=["jointShares"]):
        registered(joint_card()).issue_ownership_certificate(paper, proof, at)


@pytest.mark.clause("C4.5-06")
def test_the_certificates_of_all_villages_confirm_and_the_filing_follows() -> None:
    """The title stands when every village holds its certificate; until the filing it carries FILING_PENDING."""
    asset = planned()
    asset.issue_ownership_certificate(certificate(), shown(asset), occasion(date(2021, 8, 21)))
    asset.collect_events()
    with refused("STEP_OUT_OF_ORDER", asset, missing=[f"ownershipCertificates {OTHER_VILLAGE}"]):
        asset.confirm_ownership(joint_confirmation(), occasion(), proof=shown(asset))
    filed = shown(asset, "SHARES", "MEETING", "NOTICE", "CERTIFICATES", "FILING")
    with refused("STEP_OUT_OF_ORDER", asset, missing=["ownershipConfirmation"]):
        asset.file_ownership(DAY, None, filed, occasion())
    asset = certified()
    swapped = (share(VILLAGE, "33333.34"), share(OTHER_VILLAGE, "66666.67"))
    with refused("PLAN_HASH_MISMATCH", asset):
        asset.confirm_ownership(joint_confirmation(owners=swapped), occasion(), proof=shown(asset))
    with refused("PLAN_HASH_MISMATCH", asset):
        asset.confirm_ownership(joint_confirmation(procedure="A5-other"), occasion(), proof=shown(asset))
    with refused("STEP_OUT_OF_ORDER", asset, missing=["procedure"]):
        asset.confirm_ownership(joint_confirmation(), occasion())
    asset.confirm_ownership(joint_confirmation(), occasion(), proof=shown(asset))
    event = recorded(asset, Asset.OwnershipConfirmed)
    warned(event, "FILING_PENDING")
    assert asset.filing_due == "AGRICULTURE"
    with refused("STEP_OUT_OF_ORDER", asset, missing=["FILING"]):
        asset.file_ownership(DAY, None, shown(asset), occasion())
    other = shown(asset, "FILING", subject_sha256="0" * 64)
    with refused("PLAN_HASH_MISMATCH", asset):
        asset.file_ownership(DAY, None, other, occasion())
    asset.file_ownership(DAY, "陶农备1号", filed, occasion())
    assert recorded(asset, Asset.OwnershipFiled).addressee == "AGRICULTURE"
    asset.file_ownership(DAY, "陶农备1号", filed, occasion())
    nothing(asset)
    assert asset.filing_due is None


@pytest.mark.clause("C4.5-06", "C4.5-02")
def test_a_title_is_in_procedure_while_its_procedure_runs() -> None:
    """The asset enters the procedure of its own rule's chain, over its own shares, and shows IN_PROCEDURE meanwhile."""
    asset = planned()
    for change in ({"chain": "A7"}, {"subject": "A-2"}, {"subject_sha256": "0" * 64}):
        with refused("PLAN_HASH_MISMATCH", asset):
            asset.start_ownership_procedure(shown(asset, **change), occasion())
    asset.start_ownership_procedure(shown(asset, completed_on={}), occasion())
    assert recorded(asset, Asset.OwnershipProcedureStarted).chain == "A5"
    asset.start_ownership_procedure(shown(asset, completed_on={}), occasion())
    nothing(asset)
    assert asset.title == "IN_PROCEDURE"
    with refused("OWNERSHIP_NOT_CONFIRMED", asset):
        sign(asset, terms(), occasion())
    with refused("STEP_OUT_OF_ORDER", confirmed()):
        confirmed().start_ownership_procedure(shown(asset), occasion())


def test_history_that_skipped_the_procedure_is_a_finding() -> None:
    asset = registered(joint_card())
    at = imported(date(2021, 7, 2))
    asset.confirm_ownership(joint_confirmation(procedure=None), at)
    found = {one.code for one in recorded(asset, Asset.OwnershipConfirmed).basis.findings}
    assert {"INVESTMENT_BASIS_MISSING", "STEP_OUT_OF_ORDER", "NOTICE_PERIOD_RUNNING"} <= found


# ---- unclear titles ------------------------------------------------------------------------------------------------


@pytest.mark.clause("C4.5-07")
def test_an_unclear_title_is_settled_by_the_county_with_reasons() -> None:
    """A title declared unclear is disputed until the county government decides it by a numbered document with reasons."""
    asset = confirmed()
    old = county_decision()
    asset.issue_county_decision(old, occasion(date(2021, 9, 2)))
    dispute = TitleDispute(opened_on=date(2021, 9, 20), reason="两村争议", claimants=(VILLAGE, OTHER_VILLAGE))
    asset.open_title_dispute(dispute, occasion(date(2021, 9, 20)))
    asset.collect_events()
    assert asset.title == "DISPUTED"
    asset.open_title_dispute(dispute, occasion(date(2021, 9, 20)))
    nothing(asset)
    with refused("RISK_ALREADY_OPEN", asset):
        again = dispute.model_copy(update={"reason": "另一村"})
        asset.open_title_dispute(again, occasion(date(2021, 9, 21)))
    with refused("OWNERSHIP_NOT_CONFIRMED", asset):
        sign(asset, terms(), occasion())
    with refused(
        "COUNTY_DECISION_REQUIRED", asset, clause="C4.5-07"
    ):  # the old decision is older than the dispute
        asset.confirm_ownership(confirmation(county_decision=old.document_no), occasion())
    with refused("COUNTY_DECISION_REQUIRED", asset):
        asset.clear_risk("TITLE_UNCLEAR", "已协商", occasion())
    with refused("DOC_NO_REQUIRED", asset, missing=["documentNo"]):
        asset.issue_county_decision(county_decision(document_no=None), occasion())
    other = (share(OTHER_VILLAGE, WORTH),)
    fresh = county_decision(decided_on=date(2021, 9, 28), owner_kind="VILLAGE", owners=other)
    with refused("SHARES_NOT_100", asset):
        less = (share(OTHER_VILLAGE, "1.00"),)
        asset.issue_county_decision(fresh.model_copy(update={"owners": less}), occasion())
    asset.issue_county_decision(fresh, occasion())
    assert recorded(asset, Asset.CountyDecisionIssued).decision == fresh
    with refused("OWNER_RULE_CONFLICT", asset, clause="C4.5-07"):
        asset.confirm_ownership(confirmation(), occasion())
    asset.confirm_ownership(confirmation(owners=other, income_right_holders=other), occasion())
    event = recorded(asset, Asset.OwnershipConfirmed)
    assert (event.rule, asset.title, asset.risks, asset.owners) == ("R10a", "CONFIRMED", {}, other)


@pytest.mark.clause("C4.5-07")
def test_a_dispute_may_come_before_any_title() -> None:
    """An asset nobody has confirmed may be declared disputed; the county's procedure then confirms it."""
    asset = transferred()
    dispute = TitleDispute(opened_on=date(2021, 8, 1), reason="来源不明")
    asset.open_title_dispute(dispute, occasion(date(2021, 8, 1)))
    assert recorded(asset, Asset.TitleDisputeOpened).dispute == dispute
    assert asset.title == "DISPUTED"
    digest = title_digest(asset.id, "VILLAGE", confirmation().owners)
    proof = shown(asset, "DECISION", procedure="A7-1", chain="A7", subject_sha256=digest)
    asset.confirm_ownership(confirmation(procedure="A7-1"), occasion(), proof=proof)
    assert recorded(asset, Asset.OwnershipConfirmed).rule == "R10a"


@pytest.mark.clause("C4.5-08")
def test_the_owner_answers_for_it_whoever_operates() -> None:
    """The owner is the accountable party of a leased asset, and nobody else can be named so."""
    asset = transferred()
    with refused("ACCOUNTABLE_IS_OWNER", asset):
        asset.confirm_ownership(confirmation(accountable_party="O-1"), occasion())
    asset.confirm_ownership(confirmation(accountable_party=VILLAGE), occasion(date(2021, 9, 1)))
    sign(asset, terms(), occasion())
    assert (asset.accountable_parties, asset.user_right_holder) == ((VILLAGE,), "O-1")


# ---- public welfare ------------------------------------------------------------------------------------------------


@pytest.mark.clause("C4.5-09", "C4.6-04")
def test_what_a_department_built_is_the_department_s() -> None:
    """Public-welfare assets of a department are its own, under the state regime with finance in the lead; nobody lifts that."""
    asset = registered(road_card())
    owners = (share(TOWNSHIP, "360000.00"),)
    paper = override("OWNER_RULE_CONFLICT")
    with refused("OWNER_RULE_CONFLICT", asset, clause="C4.5-09"):
        given = road_confirmation(owners=owners, owner_kind="TOWNSHIP")
        asset.confirm_ownership(given, occasion(overrides=(paper,)))
    asset.issue_county_decision(
        county_decision(), occasion()
    )  # a decision alone does not open row R10a either
    asset.collect_events()
    with refused("OWNER_RULE_CONFLICT", asset):
        asset.confirm_ownership(road_confirmation(owners=owners, owner_kind="TOWNSHIP"), occasion())
    asset.confirm_ownership(road_confirmation(regime="STATE_ADMIN"), occasion())
    event = recorded(asset, Asset.OwnershipConfirmed)
    assert (event.rule, event.regime) == ("R6", "STATE_ADMIN")


@pytest.mark.clause("C4.5-10", "C4.6-05")
def test_what_a_township_built_with_its_own_money_is_the_township_s() -> None:
    """Implemented by the township and paid to it: the township's; paid elsewhere the county decides."""
    card = road_card(implementer=TOWNSHIP, implementer_kind="TOWNSHIP", funds_paid_to="TOWNSHIP")
    given = road_confirmation(owners=(share(TOWNSHIP, "360000.00"),), owner_kind="TOWNSHIP")
    asset = registered(card)
    with refused("REGIME_MISMATCH", asset):
        asset.confirm_ownership(given.model_copy(update={"regime": "RURAL_COLLECTIVE"}), occasion())
    asset.confirm_ownership(given, occasion())
    event = recorded(asset, Asset.OwnershipConfirmed)
    assert (event.rule, event.regime) == ("R7", "STATE_ADMIN")
    gap = registered(card.model_copy(update={"funds_paid_to": "DEPARTMENT"}))
    with refused("OWNER_RULE_GAP", gap):
        gap.confirm_ownership(given, occasion())


@pytest.mark.clause("C4.5-11")
def test_what_a_village_built_with_its_own_or_donated_money_is_the_village_s() -> None:
    """The village's own, pairing and donated money: the village's; one fiscal line in the mix and the county decides."""
    village = {"implementer": VILLAGE, "implementer_kind": "VILLAGE", "funds_paid_to": "VILLAGE"}
    given = road_confirmation(owners=(share(VILLAGE, "360000.00"),), owner_kind="VILLAGE")
    asset = registered(road_card(funding_lines=(line("360000.00", "PAIRING_AID"),), **village))
    asset.confirm_ownership(given, occasion())
    event = recorded(asset, Asset.OwnershipConfirmed)
    assert (event.rule, event.regime) == ("R8", "RURAL_COLLECTIVE")
    mixed = (line("300000.00", "PAIRING_AID"), line("60000.00", "FISCAL_DEV"))
    gap = registered(road_card(funding_lines=mixed, **village))
    with refused("OWNER_RULE_GAP", gap):
        gap.confirm_ownership(given, occasion())


@pytest.mark.clause("C4.5-13")
def test_what_a_village_uses_is_in_principle_the_village_s() -> None:
    """Street lamps and the like go to the village after a transfer; only a county document leaves them elsewhere."""
    asset = registered(lamp_card())
    given = road_confirmation(owners=(share(VILLAGE, "80000.00"),), owner_kind="VILLAGE")
    with refused("TRANSFER_REQUIRED", asset):
        asset.confirm_ownership(given, occasion())
    keep = road_confirmation(owners=(share(DEPARTMENT, "80000.00"),))
    with refused("OWNER_RULE_CONFLICT", asset, clause="C4.5-13"):
        asset.confirm_ownership(keep, occasion())
    expired = override("OWNER_RULE_CONFLICT", expires_on=date(2021, 9, 30))
    with refused("OWNER_RULE_CONFLICT", asset):
        asset.confirm_ownership(keep, occasion(overrides=(expired,)))
    asset.confirm_ownership(keep, occasion(overrides=(override("OWNER_RULE_CONFLICT"),)))
    assert recorded(asset, Asset.OwnershipConfirmed).rule == "R9"
    own = registered(lamp_card(implementer=VILLAGE, implementer_kind="VILLAGE"))
    own.confirm_ownership(given, occasion())
    assert recorded(own, Asset.OwnershipConfirmed).rule == "R9"


# ---- operating assets ----------------------------------------------------------------------------------------------


@pytest.mark.clause("C4.5-14", "C4.6-08")
def test_a_single_village_s_operating_asset_is_that_village_s() -> None:
    """Whoever built it hands it over, and the village it stands in owns it under the collective regime."""
    asset = registered()
    with refused("OWNER_RULE_CONFLICT", asset, clause="C4.5-14"):
        owners = (share(DEPARTMENT, WORTH),)
        asset.confirm_ownership(confirmation(owners=owners, owner_kind="DEPARTMENT"), occasion())
    with refused("OWNER_RULE_CONFLICT", asset, clause="C4.5-14"):
        owners = (share(OTHER_VILLAGE, WORTH),)
        asset.confirm_ownership(confirmation(owners=owners), occasion())
    with refused("TRANSFER_REQUIRED", asset):
        asset.confirm_ownership(confirmation(), occasion())
    asset = transferred()
    with refused("REGIME_MISMATCH", asset):
        asset.confirm_ownership(confirmation(regime="STATE_ADMIN"), occasion())
    asset.confirm_ownership(confirmation(), occasion())
    assert recorded(asset, Asset.OwnershipConfirmed).regime == "RURAL_COLLECTIVE"


@pytest.mark.clause("C4.5-16")
def test_a_cross_village_asset_is_quantified_by_plan_and_county_reply() -> None:
    """The implementer's plan sums to the value, the county replies, and each village owns its quantified part."""
    asset = cross()
    with refused("ROLE_NOT_ALLOWED", asset):
        asset.propose_quantification(plan(part(VILLAGE), proposed_by=ROADS), occasion())
    with refused("SHARES_NOT_100", asset):
        asset.propose_quantification(plan(part(VILLAGE, "1200000.00"), part(THIRD, "1.00")), occasion())
    with refused("FIELD_REQUIRED", asset, missing=["lines[].amount"]):
        asset.propose_quantification(plan(part(VILLAGE, "1200000.00"), part(THIRD)), occasion())
    with refused("FIELD_INVALID", asset):
        asset.propose_quantification(plan(part(VILLAGE, township="653022201000")), occasion())
    with refused("FIELD_INVALID", asset):
        asset.propose_quantification(plan(part(VILLAGE, economy_factor=Decimal(0))), occasion())
    with refused("RIGHT_OVERLAP", asset):
        asset.propose_quantification(plan(part(VILLAGE), part(VILLAGE)), occasion())
    with refused("INVESTMENT_BASIS_MISSING", asset):
        asset.propose_quantification(plan(part(VILLAGE, covered_poor_households=0)), occasion())
    given = confirmation(owners=QUANTIFIED, income_right_holders=QUANTIFIED)
    with refused("STEP_OUT_OF_ORDER", asset, missing=["quantificationPlan"]):
        asset.confirm_ownership(given, occasion())
    asset.propose_quantification(THREE, occasion())
    assert recorded(asset, Asset.QuantificationPlanProposed).plan == THREE
    asset.propose_quantification(THREE, occasion())
    nothing(asset)
    with refused("COUNTY_DECISION_REQUIRED", asset, clause="C4.5-16"):
        asset.confirm_ownership(given, occasion())
    asset.issue_county_decision(county_decision(), occasion())
    asset.collect_events()
    with refused("PLAN_HASH_MISMATCH", asset, missing=["owners"]):
        equal = tuple(share(one, "1000000.00") for one in (VILLAGE, OTHER_VILLAGE))
        asset.confirm_ownership(confirmation(owners=equal, income_right_holders=equal), occasion())
    asset.confirm_ownership(given, occasion())
    event = recorded(asset, Asset.OwnershipConfirmed)
    assert (event.rule, total(one.amount for one in asset.owners)) == ("R4", asset.card.original_value)


@pytest.mark.clause("C4.5-16")
def test_a_plan_without_amounts_weighs_households_and_economy() -> None:
    """Where the plan names no amounts they follow covered poor households times the economy factor, exact to the fen."""
    asset = cross("1000000.01")
    weaker = part(OTHER_VILLAGE, covered_poor_households=10, economy_factor=Decimal("1.5"))
    asset.propose_quantification(plan(part(VILLAGE, covered_poor_households=15), weaker), occasion())
    shares = recorded(asset, Asset.QuantificationPlanProposed).plan.shares
    assert [one.amount.yuan() for one in shares] == ["500000.01", "500000.00"]


@pytest.mark.clause("C4.5-16")
def test_the_procedure_s_decision_counts_as_the_county_s_reply() -> None:
    """A procedure of chain A6 over these very shares proves the county's reply, and over others nothing."""
    asset = cross()
    asset.propose_quantification(THREE, occasion())
    asset.collect_events()
    given = confirmation(owners=QUANTIFIED, income_right_holders=QUANTIFIED, procedure="A6-1")
    proof = shown(asset, "PLAN", "DECISION", procedure="A6-1", chain="A6")
    with refused("COUNTY_DECISION_REQUIRED", asset):
        undecided = shown(asset, "PLAN", procedure="A6-1", chain="A6")
        asset.confirm_ownership(given, occasion(), proof=undecided)
    with refused("COUNTY_DECISION_REQUIRED", asset):
        asset.confirm_ownership(given, occasion(date(2021, 8, 19)), proof=proof)
    with refused("PLAN_HASH_MISMATCH", asset):
        other = shown(asset, "DECISION", procedure="A6-1", chain="A6", subject_sha256="0" * 64)
        asset.confirm_ownership(given, occasion(), proof=other)
    asset.confirm_ownership(given, occasion(), proof=proof)
    recorded(asset, Asset.OwnershipConfirmed)


def test_a_plan_is_for_what_needs_one() -> None:
    asset = registered()
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.propose_joint_shares(PAIR, occasion())
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.propose_quantification(THREE, occasion())
    with refused("STEP_OUT_OF_ORDER", confirmed()):
        confirmed().propose_joint_shares(PAIR, occasion())


@pytest.mark.clause("C4.5-20")
def test_a_transfer_is_closed_when_the_last_item_is_settled() -> None:
    """Twelve items, a broken pump refused: the transfer stays open until it is repaired or agreed as a defect."""
    items = tuple(transfer().items[0].model_copy(update={"item": str(n)}) for n in range(1, 13))
    asset = registered()
    asset.initiate_transfer(transfer(items=items), occasion())
    asset.accept_transfer("T-1", VILLAGE, accepted(*(str(n) for n in range(1, 12))), occasion())
    broken = accepted("12")[0].model_copy(update={"result": "REFUSED", "note": "水泵损坏"})
    asset.accept_transfer("T-1", VILLAGE, (broken,), occasion())
    asset.collect_events()
    with refused("TRANSFER_ITEM_OPEN", asset, missing=["12"]):
        asset.complete_transfer("T-1", occasion())
    with refused("SAME_PARTY", asset):
        asset.accept_transfer("T-1", DEPARTMENT, accepted("12"), occasion())
    asset.accept_transfer("T-1", VILLAGE, accepted("12"), occasion())
    asset.collect_events()
    asset.complete_transfer("T-1", occasion())
    recorded(asset, Asset.TransferCompleted)


# ---- who has the income, which regime ------------------------------------------------------------------------------


@pytest.mark.clause("C4.6-06", "C4.6-07", "C4.6-11")
@pytest.mark.parametrize(
    ("kind", "owner", "regime", "wrong"),
    [
        ("DEPARTMENT", DEPARTMENT, "STATE_ADMIN", "RURAL_COLLECTIVE"),
        ("TOWNSHIP", TOWNSHIP, "RURAL_COLLECTIVE", "STATE_ADMIN"),
        ("FARM", "653022400000", "STATE_ADMIN", "RURAL_COLLECTIVE"),
    ],
)
def test_an_operating_asset_of_a_unit_keeps_income_apart_from_ownership(
    kind: str, owner: str, regime: str, wrong: str
) -> None:
    """Owned by department, township or farm by county decision: its regime is derived, and its income may be a village's."""
    asset = registered(workshop_card(implementer="653022400000", implementer_kind="FARM"))
    asset.issue_county_decision(county_decision(), occasion())
    asset.collect_events()
    village = (share(VILLAGE, WORTH),)
    given = confirmation(owners=(share(owner, WORTH),), owner_kind=kind, income_right_holders=village)
    with refused("REGIME_MISMATCH", asset):
        asset.confirm_ownership(given.model_copy(update={"regime": wrong}), occasion())
    with refused("INCOME_RIGHT_REQUIRED", asset):
        asset.confirm_ownership(given.model_copy(update={"income_right_holders": ()}), occasion())
    with refused("INCOME_RIGHT_BASIS_REQUIRED", asset, missing=["incomeRightBasis"]):
        asset.confirm_ownership(given.model_copy(update={"income_right_basis": None}), occasion())
    asset.confirm_ownership(given, occasion())
    event = recorded(asset, Asset.OwnershipConfirmed)
    assert (event.rule, event.regime, asset.income_right_holders) == ("R10b", regime, village)


@pytest.mark.clause("C3-01")
def test_the_regime_follows_from_class_and_owner_and_is_never_typed() -> None:
    """Every row of class and owner gives its regime; the operating asset of a township follows the collectives' rules."""
    rules = occasion().rules
    found = {
        (asset_class, kind): (
            rules.regime(asset_class, kind).regime,
            rules.regime(asset_class, kind).lead_department,
        )
        for asset_class in ("PUBLIC_WELFARE", "OPERATING")
        for kind in ("DEPARTMENT", "TOWNSHIP", "VILLAGE", "FARM")
    }
    state, collective = ("STATE_ADMIN", "FINANCE"), ("RURAL_COLLECTIVE", "AGRICULTURE")
    assert found == {
        ("PUBLIC_WELFARE", "DEPARTMENT"): state,
        ("PUBLIC_WELFARE", "TOWNSHIP"): state,
        ("PUBLIC_WELFARE", "VILLAGE"): collective,
        ("PUBLIC_WELFARE", "FARM"): state,
        ("OPERATING", "DEPARTMENT"): state,
        ("OPERATING", "TOWNSHIP"): collective,
        ("OPERATING", "VILLAGE"): collective,
        ("OPERATING", "FARM"): state,
    }


# ---- whatever the figures ------------------------------------------------------------------------------------------

villages = st.sampled_from([f"6530222022{n:02d}" for n in range(1, 30)])
investments = st.dictionaries(villages, st.integers(1, 10**10), min_size=2, max_size=12)


@given(investments, st.integers(0, 10**10))
def test_joint_shares_are_the_whole_for_any_investments(invested: dict[str, int], untagged: int) -> None:
    lines = [line(Fen(amount).yuan(), village=one) for one, amount in invested.items()]
    if untagged:
        lines.append(line(Fen(untagged).yuan()))
    value = Fen(sum(one.amount for one in lines))
    card = joint_card(funding_lines=tuple(lines), original_value=value)
    shares = joint_shares(JointProposal(villages=tuple(invested)), card, occasion()).shares
    assert total(one.amount for one in shares) == value
    tagged = sum(invested.values())
    assert all(abs(one.amount * tagged - value * invested[one.party]) < tagged for one in shares)


@given(
    st.dictionaries(villages, st.tuples(st.integers(1, 5000), st.integers(1, 9999)), min_size=1, max_size=20),
    st.integers(10**6, 10**13),
)
def test_quantified_parts_are_the_whole_for_any_weights(
    weights: dict[str, tuple[int, int]], value: int
) -> None:
    lines = tuple(
        part(one, covered_poor_households=households, economy_factor=Decimal(factor) / 1000)
        for one, (households, factor) in weights.items()
    )
    card = workshop_card(project_scope="CROSS_VILLAGE", original_value=Fen(value))
    try:
        shares = settled_plan(plan(*lines), card, occasion()).shares
    except Refusal as refusal:  # a part of less than a fen is refused, never rounded away
        assert refusal.code == "AMOUNT_NOT_POSITIVE"
        return
    assert total(one.amount for one in shares) == value
    assert [one.party for one in shares] == sorted(weights)


def test_two_readings_of_the_same_shares_have_one_digest() -> None:
    shares = (PartyShare(party="B", amount=Fen(2)), PartyShare(party="A", amount=Fen(1)))
    assert title_digest("X", "VILLAGE", shares) == title_digest("X", "VILLAGE", tuple(reversed(shares)))
    assert title_digest("X", "VILLAGE", shares) != title_digest("Y", "VILLAGE", shares)


def test_procedure_over_a_text_in_fen_confirms_as_one_in_yuan_does() -> None:
    """Texts of counties written by earlier versions have whole fen; their digest by hand."""
    text = '{"asset":"X","ownerKind":"VILLAGE","owners":[{"amount":1,"party":"A"},{"amount":2,"party":"B"}]}'
    yuan_text = text.replace(":1,", ':"0.01",').replace(":2,", ':"0.02",')
    shares = (PartyShare(party="B", amount=Fen(2)), PartyShare(party="A", amount=Fen(1)))
    expected = tuple(sha256(one.encode()).hexdigest() for one in (yuan_text, text))
    assert title_digests("X", "VILLAGE", shares) == expected


@pytest.mark.parametrize("amounts", ["yuan", "fen"])
def test_confirmation_accepts_the_text_of_its_procedure_in_yuan_and_in_fen(amounts: str) -> None:
    asset = transferred()
    dispute = TitleDispute(opened_on=date(2021, 8, 1), reason="来源不明")
    asset.open_title_dispute(dispute, occasion(date(2021, 8, 1)))
    recorded(asset, Asset.TitleDisputeOpened)
    in_yuan, in_fen = title_digests(asset.id, "VILLAGE", confirmation().owners)
    text = in_yuan if amounts == "yuan" else in_fen
    proof = shown(asset, "DECISION", procedure="A7-1", chain="A7", subject_sha256=text)
    asset.confirm_ownership(confirmation(procedure="A7-1"), occasion(), proof=proof)
    assert recorded(asset, Asset.OwnershipConfirmed).rule == "R10a"


STEPS = ("offer", "accept", "complete", "plan", "decide", "certify", "certify-other", "procedure")
CASES = {
    "R2": (workshop_card(equity_investment=True), {"offer", "accept", "complete", "decide"}),
    "R3": (joint_card(), {"plan", "certify", "certify-other", "procedure"}),
    "R4": (workshop_card(project_scope="CROSS_VILLAGE"), {"plan", "decide"}),
    "R5": (workshop_card(), {"offer", "accept", "complete"}),
}
"""Row → a card of it, and the steps without which it is never confirmed."""


def attempt(asset: Asset, step: str) -> None:
    """Take one step, if it may be taken."""
    at, joint = occasion(), asset.card.project_scope == "JOINT_VILLAGE"
    match step:
        case "offer":
            asset.initiate_transfer(transfer(), at)
        case "accept":
            asset.accept_transfer("T-1", VILLAGE, accepted(), at)
        case "complete":
            asset.complete_transfer("T-1", at)
        case "plan" if joint:
            asset.propose_joint_shares(PAIR, at)
        case "plan":
            asset.propose_quantification(plan(part(VILLAGE)), at)
        case "decide":
            asset.issue_county_decision(county_decision(), at)
        case "certify":
            asset.issue_ownership_certificate(certificate(), shown(asset), at)
        case "certify-other":
            paper = certificate(OTHER_VILLAGE, "33333.34")
            asset.issue_ownership_certificate(paper, shown(asset), at)


@pytest.mark.clause("C4.5-02", "C4.5-05", "C4.5-06", "C4.5-14", "C4.5-16")
@given(st.sampled_from(sorted(CASES)), st.lists(st.sampled_from(STEPS), max_size=12))
def test_no_order_of_steps_confirms_without_what_the_rule_wants(rule: str, order: list[str]) -> None:
    """Whatever is done in whatever order, a title is confirmed exactly when every step of its row was really taken."""
    card, needed = CASES[rule]
    asset = registered(card)
    taken = set()
    for step in order:
        try:
            attempt(asset, step)
            taken.add(step)
        except Refusal:
            continue
    given_paper = joint_confirmation() if rule == "R3" else confirmation()
    proof = shown(asset) if rule == "R3" and "procedure" in order else None
    try:
        asset.confirm_ownership(given_paper, occasion(), proof=proof)
    except Refusal:
        assert not needed <= taken
        assert asset.title == "UNCONFIRMED"
        return
    assert needed <= taken
    assert (asset.ownership_rule, asset.title) == (rule, "CONFIRMED")
    assert total(one.amount for one in asset.owners) == asset.card.original_value


@pytest.mark.clause("C4.5-12")
def test_a_village_s_stock_is_verified_before_its_entry_outside() -> None:
    """For a village's public-welfare asset the advice names the collectives' system, to be entered after the stocktake."""
    village = {"implementer": VILLAGE, "implementer_kind": "VILLAGE", "funds_paid_to": "VILLAGE"}
    card = road_card(funding_lines=(line("360000.00", "PAIRING_AID"),), **village)
    told = advisory(card, occasion(), TitleEvidence(asset="-"))
    (regime,) = told.regimes
    requires = {one.system: one.requires for one in regime.external_systems}
    assert "STOCKTAKE" in requires["SYS_RURAL_COLLECTIVE"]
    assert [step.step for step in told.steps if step.after_confirmation] == ["STOCKTAKE"]
