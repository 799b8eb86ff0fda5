"""Every field of a compound condition and every figure at n − 1, n and n + 1, by the regulation's words (五 to 十二)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain.asset.asset import Asset
from domain.asset.facts.contract import Contract
from domain.asset.facts.ownership import TitleEvidence, lacking
from domain.departure.case import DepartureCase
from domain.procedure.procedure import ProcedureInstance
from domain.values import Fen
from tests.domain.procedure.test_procedure import vote
from tests.domain.saying import recorded, refused
from tests.examples import (
    CARE,
    DISPOSAL,
    OTHER_VILLAGE,
    SUCCESSOR,
    VILLAGE,
    appraisal,
    approval,
    approve,
    audit,
    case,
    case_sealed,
    case_signed,
    chosen,
    confirmation,
    confirmed,
    confirmed_jointly,
    county_decision,
    decided,
    in_care,
    lamp_card,
    leased,
    occasion,
    proposal,
    propose,
    publication,
    sale,
    settled,
    sign,
    terms,
    transferred,
    yuan,
)
from tests.procedures import income_plan

BASE = date(2022, 3, 1)
"""Base date of the appraisal; it holds for 365 days from it (P35)."""
LAST_DAY = date(2023, 3, 1)


def on_its_way(kind: str = "AUCTION") -> Asset:
    """Appraised at 110,000.00 yuan, published, passed up: the county is to approve."""
    asset = confirmed()
    named = "置换" if kind == "OTHER" else None
    propose(asset, occasion(date(2022, 2, 1)), proposal(kind=kind, kind_name=named))
    asset.record_appraisal(DISPOSAL, appraisal(), occasion(date(2022, 3, 5)))
    asset.publish_appraisal(DISPOSAL, publication(), occasion(date(2022, 3, 10)))
    for level in ("TOWNSHIP", "AGRICULTURE"):
        asset.forward_disposal(DISPOSAL, level, "同意", occasion(date(2022, 3, 20)))
    return settled(asset)


def to_be_sold(kind: str = "AUCTION") -> Asset:
    asset = on_its_way(kind)
    approve(asset, occasion(date(2022, 4, 10)))
    return settled(asset)


# ---- disposal: 符合市场定价 (C4.12-05), 评估 (C4.12-02) --------------------------------------------------------------


@pytest.mark.clause("C4.12-05")
@pytest.mark.parametrize("kind", ["AUCTION", "TRANSFER", "OTHER"])
def test_every_kind_with_a_buyer_fetches_what_was_approved(kind: str) -> None:
    """One fen below is refused, the price itself and one fen more are not."""
    for price, enough in (("109999.99", False), ("110000.00", True), ("110000.01", True)):
        asset = to_be_sold(kind)
        if enough:
            asset.dispose(DISPOSAL, sale(price=yuan(price)), occasion(date(2022, 5, 10)))
            assert recorded(asset, Asset.Disposed).sale.price == yuan(price)
        else:
            with refused("PRICE_BELOW_APPRAISAL", asset, clause="C4.12-05"):
                asset.dispose(DISPOSAL, sale(price=yuan(price)), occasion(date(2022, 5, 10)))


def test_scrap_that_somebody_buys_fetches_what_was_approved_and_scrap_without_a_buyer_needs_nothing() -> None:
    """Calling it scrap is no way to give an asset to a buyer below its value."""
    asset = to_be_sold("SCRAP")
    with refused("PRICE_BELOW_APPRAISAL", asset):
        asset.dispose(DISPOSAL, sale(price=yuan("109999.99")), occasion(date(2022, 5, 10)))
    asset.dispose(DISPOSAL, sale(price=yuan("110000.00")), occasion(date(2022, 5, 10)))
    assert recorded(asset, Asset.Disposed).sale.price == yuan("110000.00")
    asset = to_be_sold("SCRAP")
    asset.dispose(DISPOSAL, sale(price=yuan("0.00"), buyer=None), occasion(date(2022, 5, 10)))
    assert recorded(asset, Asset.Disposed).sale.price == 0


@pytest.mark.clause("C4.12-02")
def test_an_appraisal_holds_on_its_last_day_and_not_on_the_next() -> None:
    """A year from the base date, for the approval and for the sale."""
    for days, valid in ((0, True), (1, False)):
        day = LAST_DAY + timedelta(days=days)
        approving, selling = on_its_way(), to_be_sold()
        if valid:
            approve(approving, occasion(day), approval(approved_on=day))
            recorded(approving, Asset.DisposalApproved)
            selling.dispose(DISPOSAL, sale(disposed_on=day), occasion(day))
            recorded(selling, Asset.Disposed)
            continue
        with refused("APPRAISAL_EXPIRED", approving):
            approve(approving, occasion(day), approval(approved_on=day))
        with refused("APPRAISAL_EXPIRED", selling):
            selling.dispose(DISPOSAL, sale(disposed_on=day), occasion(day))


@pytest.mark.clause("C4.12-05")
def test_a_sale_is_not_before_its_approval_nor_the_approval_before_the_publication() -> None:
    """The day itself is enough for both."""
    for day, early in ((date(2022, 4, 9), True), (date(2022, 4, 10), False)):
        asset = to_be_sold()
        if early:
            with refused("DATE_ORDER", asset):
                asset.dispose(DISPOSAL, sale(disposed_on=day), occasion(date(2022, 5, 10)))
        else:
            asset.dispose(DISPOSAL, sale(disposed_on=day), occasion(date(2022, 5, 10)))
            recorded(asset, Asset.Disposed)
    for day, early in ((date(2022, 3, 9), True), (date(2022, 3, 10), False)):
        asset = on_its_way()
        if early:
            with refused("DATE_ORDER", asset):
                approve(asset, occasion(date(2022, 4, 10)), approval(approved_on=day))
        else:
            approve(asset, occasion(date(2022, 4, 10)), approval(approved_on=day))
            recorded(asset, Asset.DisposalApproved)


# ---- contracts: 一物不二租 (C4.7-01) ---------------------------------------------------------------------------------


@pytest.mark.clause("C4.7-01")
@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        (None, None, False),
        (None, "西段", False),
        ("东段", None, False),
        ("东段", "东段", False),
        ("东段", "西段", True),
    ],
)
def test_a_lease_of_the_whole_stands_beside_no_lease_of_a_part(
    first: str | None, second: str | None, apart: bool
) -> None:
    """Whole and part collide in either order; only two different parts do not."""
    asset = in_care()
    sign(asset, terms(part=first), occasion())
    asset.collect_events()
    other = terms(contract="C-2", part=second)
    if apart:
        sign(asset, other, occasion())
        recorded(asset, Asset.Leased)
        return
    with refused("CONTRACT_OVERLAP", asset):
        sign(asset, other, occasion())


@pytest.mark.clause("C4.7-01")
def test_every_state_of_a_contract_leaves_the_room_it_leaves() -> None:
    """Running: until its last day. Held over: none at all. Ended: from the day it ended on."""
    held = terms(starts_on=date(2021, 10, 1), ends_on=date(2022, 9, 30))
    for contract, first_free in (
        (Contract(terms=held), date(2022, 10, 1)),
        (Contract(terms=held, state="EXPIRED", ended_on=date(2022, 9, 30)), date(2022, 9, 30)),
        (Contract(terms=held, state="TERMINATED", ended_on=date(2022, 3, 1)), date(2022, 3, 1)),
    ):
        for start, collides in ((first_free - timedelta(days=1), True), (first_free, False)):
            new = terms(contract="C-2", starts_on=start, ends_on=date(2025, 1, 1))
            assert contract.collides_with(new) is collides, (contract.state, start)
    staying = Contract(terms=held, state="HOLDOVER")
    assert staying.collides_with(terms(contract="C-2", starts_on=date(2030, 1, 1), ends_on=date(2031, 1, 1)))
    before = terms(contract="C-2", starts_on=date(2020, 1, 1), ends_on=date(2021, 9, 30))
    assert not Contract(terms=held).collides_with(before)
    assert Contract(terms=held).collides_with(before.model_copy(update={"ends_on": date(2021, 10, 1)}))


@pytest.mark.clause("C4.11-03")
def test_owners_consent_on_the_day_of_the_change_at_the_latest() -> None:
    """Consent of the day is consent; consent of the day after is CONSENT_AFTER_FACT."""
    changed = terms(annual_income=yuan("13000.00"))
    day = date(2022, 1, 10)
    for consented, late in ((day, False), (day + timedelta(days=1), True)):
        asset = leased()
        proof, result = decided(asset, changed, on=consented), chosen(asset, changed)
        if late:
            with refused("CONSENT_AFTER_FACT", asset):
                asset.change_contract(changed, occasion(day), proof=proof, selected=result)
        else:
            asset.change_contract(changed, occasion(day), proof=proof, selected=result)
            recorded(asset, Asset.OperatingContractChanged)


# ---- titles: 县人民政府研究确定 (C4.5-07) ----------------------------------------------------------------------------


def unclear() -> Asset:
    """A title that was confirmed and is unclear since: only the county's decision settles it."""
    asset = confirmed()
    asset.flag_risk("TITLE_UNCLEAR", "两村争议", occasion())
    return settled(asset)


@pytest.mark.clause("C4.5-07")
def test_a_decision_of_the_day_after_confirms_nothing() -> None:
    """The county decides on the day of the confirmation at the latest."""
    day = date(2021, 10, 10)
    for settled_on, late in ((day, False), (day + timedelta(days=1), True)):
        asset = unclear()
        asset.issue_county_decision(county_decision(decided_on=settled_on), occasion(date(2021, 10, 20)))
        asset.collect_events()
        if late:
            with refused("COUNTY_DECISION_REQUIRED", asset):
                asset.confirm_ownership(confirmation(), occasion(day))
        else:
            asset.confirm_ownership(confirmation(), occasion(day))
            recorded(asset, Asset.OwnershipConfirmed)


@pytest.mark.clause("C4.5-07")
def test_the_confirmation_names_the_owner_and_the_kind_of_owner_that_the_county_decided() -> None:
    """Another owner, or the same under another kind, is OWNER_RULE_CONFLICT."""
    value = confirmation().owners[0].amount
    mine = (confirmation().owners[0],)
    theirs = (mine[0].model_copy(update={"party": OTHER_VILLAGE, "amount": value}),)
    for owners, kind in ((theirs, "VILLAGE"), (mine, "TOWNSHIP")):
        asset = unclear()
        asset.issue_county_decision(
            county_decision(decided_on=date(2021, 10, 1), owners=owners, owner_kind=kind), occasion()
        )
        asset.collect_events()
        with refused("OWNER_RULE_CONFLICT", asset):
            asset.confirm_ownership(confirmation(), occasion())
    asset = unclear()
    asset.issue_county_decision(
        county_decision(decided_on=date(2021, 10, 1), owners=mine, owner_kind="VILLAGE"), occasion()
    )
    asset.collect_events()
    asset.confirm_ownership(confirmation(), occasion())
    recorded(asset, Asset.OwnershipConfirmed)


# ---- meetings (C3-02, P10) -------------------------------------------------------------------------------------------


@pytest.mark.clause("C3-02")
@pytest.mark.parametrize(("days", "enough"), [(9, False), (10, True), (11, True)])
def test_an_assembly_is_called_ten_days_before(days: int, enough: bool) -> None:
    """农村集体经济组织法 27: nine days are one too few."""
    plan = income_plan()
    held = date(2025, 6, 20)
    assembly = {
        "kind": "VILLAGER_ASSEMBLY",
        "members": 300,
        "present": 210,
        "in_favour": 200,
        "against": 0,
        "called_on": held - timedelta(days=days),
    }
    if enough:
        vote(plan, (2025, 6, 20), **assembly)
        recorded(plan, ProcedureInstance.MeetingHeld)
        return
    with refused("MEETING_CALLED_LATE", plan):
        vote(plan, (2025, 6, 20), **assembly)


@pytest.mark.clause("C3-02")
def test_who_abstains_is_present_and_not_in_favour() -> None:
    """Of 24 present 12 for, 6 against, 6 abstaining is no majority; together no more than came."""
    plan = income_plan()
    with refused("NOT_PASSED", plan):
        vote(plan, (2022, 3, 2), in_favour=12, against=6, abstained=6)
    with refused("FIELD_INVALID", plan):
        vote(plan, (2022, 3, 2), in_favour=13, against=6, abstained=6)
    vote(plan, (2022, 3, 2), in_favour=13, against=6, abstained=5)
    assert recorded(plan, ProcedureInstance.MeetingHeld).meeting.abstained == 5


# ---- leaving (C4.10-09, C4.10-10) ------------------------------------------------------------------------------------


@pytest.mark.clause("C4.10-10")
def test_a_dispute_after_the_seal_unseals_and_undoes_the_signatures() -> None:
    """What three sign is what was accepted: a line disputed afterwards opens the list again."""
    for made in (case_sealed(), case_signed()):
        assert made.sealed is not None
        made.dispute(min(CARE), SUCCESSOR, "少一台", occasion())
        recorded(made, DepartureCase.LineDisputed)
        assert (made.sealed, made.sealed_place, made.signatures) == (None, None, {})


@pytest.mark.clause("C4.10-09")
@pytest.mark.parametrize(("days", "valid"), [(89, True), (90, True), (91, False)])
def test_an_audit_reaches_back_ninety_days_with_a_delta_report(days: int, valid: bool) -> None:
    """P20: 90 days before the departure at the most, and never without a report on the rest."""
    cut_off = date(2021, 10, 31) - timedelta(days=days)
    one = case(kind="RESPONSIBLE")
    with refused("AUDIT_STALE", one):
        one.complete_audit(audit(cut_off=cut_off), occasion(date(2021, 11, 5)))
    paper = audit(cut_off=cut_off, delta_report_no="补审1号")
    if valid:
        one.complete_audit(paper, occasion(date(2021, 11, 5)))
        recorded(one, DepartureCase.AuditCompleted)
        return
    with refused("AUDIT_STALE", one):
        one.complete_audit(paper, occasion(date(2021, 11, 5)))


# ---- shares (P34) ----------------------------------------------------------------------------------------------------


@pytest.mark.clause("C4.11-03")
def test_every_owner_s_word_counts_for_another_operator() -> None:
    """P34: all owners, not most of them."""
    asset = confirmed_jointly()
    owners = [one.party for one in asset.owners]
    assert len(owners) == 2
    sign(asset, terms(signer=owners[0]), occasion(date(2021, 9, 20)))
    asset.collect_events()
    changed = terms(signer=owners[0], annual_income=Fen(1_300_000))
    for who in owners:
        with refused("CO_OWNER_CONSENT_REQUIRED", asset):
            proof = decided(asset, changed, units={"SELECT": tuple(owners), "MEETING": (who,)})
            asset.change_contract(
                changed, occasion(date(2021, 9, 21)), proof=proof, selected=chosen(asset, changed)
            )


@pytest.mark.clause("C4.5-13", "C4.5-20")
def test_every_owner_has_received_what_it_is_to_own() -> None:
    """A transfer to one of two owners is none to the other (TRANSFER_REQUIRED), nor is one that is only offered."""
    asset, at = transferred(lamp_card()), occasion()
    advice = at.rules.ownership_of(asset.card)
    (step,) = (row for row in advice.step_rows if row.code == "TRANSFER")
    offered = tuple(one.model_copy(update={"state": "INITIATED"}) for one in asset.transfers.values())
    for transfers, parties, missing in (
        (tuple(asset.transfers.values()), {VILLAGE}, None),
        (tuple(asset.transfers.values()), {VILLAGE, OTHER_VILLAGE}, "transfer"),
        (offered, {VILLAGE}, "transfer"),
        ((), {VILLAGE}, "transfer"),
    ):
        evidence = TitleEvidence(asset=asset.id, transfers=transfers)
        assert lacking(step, frozenset(parties), asset.card, advice, evidence, at) == missing
