"""Operating contracts, the income they bring, and where it goes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.asset.facts.contract import ContractTerms, Operator
from domain.asset.facts.title_plan import QuantificationLine, QuantificationPlan
from domain.periods import years_after
from domain.values import MAX_FEN, Fen
from tests.domain.saying import found, nothing, recorded, refused, warned
from tests.examples import (
    CONTRACT,
    DEPARTMENT,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    chosen,
    confirmation,
    confirmed,
    confirmed_jointly,
    confirmed_road,
    county_decision,
    decided,
    disposed,
    distribution,
    earning,
    imported,
    in_care,
    leased,
    occasion,
    override,
    own_operation,
    proposed,
    receipt,
    registered,
    regulation_with,
    settled,
    sign as signed,
    terms,
    use,
    workshop_card,
    yuan,
)

NEXT = date(2022, 10, 1)
YEAR_END = date(2022, 12, 31)


def sign(asset: Asset, paper: ContractTerms, **at: Any) -> None:
    signed(asset, paper, occasion(**at))


def change(asset: Asset, paper: ContractTerms, **changes: Any) -> None:
    """By the procedure in which the owners decided on 1 September 2022, with a selection for it."""
    given: dict[str, Any] = {
        "proof": decided(asset, paper, on=date(2022, 9, 1)), "at": occasion(NEXT),
    }  # fmt: skip
    given |= {"selected": chosen(asset, paper)} if paper.selection else {}
    asset.change_contract(paper, **(given | changes))


def test_a_lease_puts_the_asset_into_the_operator_s_hands() -> None:
    asset = in_care()
    sign(asset, terms())
    event = recorded(asset, Asset.Leased)
    warned(event, "NOTICE_MISSING")
    assert (event.terms, asset.user_right_holder) == (terms(), "O-1")
    assert asset.regions()["CONTRACT"] == "ACTIVE"
    sign(asset, terms())
    nothing(asset)
    with refused("ALREADY_EXISTS", asset):
        sign(asset, terms(annual_income=yuan("1.00")))


def test_any_other_mode_is_an_operating_contract() -> None:
    asset = in_care()
    sign(asset, terms(mode="CONTRACTED"))
    assert recorded(asset, Asset.OperatingContractSigned).terms.mode == "CONTRACTED"


def test_nothing_is_let_before_it_is_confirmed_nor_while_it_is_disposed_of() -> None:
    with refused("OWNERSHIP_NOT_CONFIRMED"):
        sign(registered(), terms())
    with refused("DISPOSAL_IN_PROGRESS"):
        sign(proposed(), terms())
    with refused("ASSET_DISPOSED"):
        sign(disposed(), terms())


@pytest.mark.parametrize("key", sorted(terms().clauses))
def test_a_contract_settles_every_clause(key: str) -> None:
    left = {name: text for name, text in terms().clauses.items() if name != key}
    with refused("CONTRACT_CLAUSE_MISSING", missing=[key]):
        sign(in_care(), terms(clauses=left))


def test_care_may_be_settled_by_a_rule_document() -> None:
    left = {name: text for name, text in terms().clauses.items() if name != "custody"}
    asset = in_care()
    sign(asset, terms(clauses=left, custody_rule_document="村管护〔2021〕1号"))
    recorded(asset, Asset.Leased)


def test_across_villages_reward_and_charter_are_settled_too() -> None:
    asset = registered(workshop_card(project_scope="CROSS_VILLAGE"))
    line = QuantificationLine(township=TOWNSHIP, village=VILLAGE, covered_poor_households=30)
    asset.propose_quantification(QuantificationPlan(proposed_by=DEPARTMENT, lines=(line,)), occasion())
    asset.issue_county_decision(county_decision(), occasion())
    asset.confirm_ownership(confirmation(), occasion())
    asset.collect_events()
    with refused("CONTRACT_CLAUSE_MISSING", asset, missing=["rewardPenalty", "charter"]):
        sign(asset, terms())
    whole = {**terms().clauses, "rewardPenalty": "超额奖励"}
    sign(asset, terms(clauses=whole, charter_document="章程1号"))
    recorded(asset, Asset.Leased)


@pytest.mark.parametrize(
    ("field", "key"), [("responsible", "responsibility"), ("target", "target"), ("expected_income", "income")]
)
def test_own_operation_states_its_three_terms_and_no_text_stands_for_them(field: str, key: str) -> None:
    asset = in_care()
    with refused("OPERATION_TERMS_MISSING", asset, missing=[key], clause="C4.7-02"):
        sign(asset, terms(mode="SELF_OPERATED", own_operation=own_operation(**{field: None})))


def test_own_operation_needs_no_procedure() -> None:
    asset = in_care()
    with refused("OPERATION_TERMS_MISSING", asset, missing=["responsibility", "target", "income"]):
        asset.sign_contract(terms(mode="SELF_OPERATED"), occasion())
    with refused("AMOUNT_NOT_POSITIVE", asset):
        asset.sign_contract(
            terms(mode="SELF_OPERATED", own_operation=own_operation(expected_income=Fen(-1))), occasion()
        )
    asset.sign_contract(
        terms(mode="SELF_OPERATED", own_operation=own_operation(expected_income=Fen(0))), occasion()
    )
    recorded(asset, Asset.OperatingContractSigned)


def test_modes_are_those_of_the_class() -> None:
    with refused("CODE_UNKNOWN"):
        sign(in_care(), terms(mode="GIFT"))
    road = confirmed_road()
    with refused("MODE_NOT_ALLOWED_FOR_CLASS", road):
        sign(road, terms(signer="TRANSPORT"))
    sign(road, terms(signer="TRANSPORT"), overrides=(override("MODE_NOT_ALLOWED_FOR_CLASS"),))
    assert recorded(road, Asset.Leased).basis.overrides[0].code == "MODE_NOT_ALLOWED_FOR_CLASS"


def test_an_owner_signs_after_a_decision() -> None:
    with refused("SIGNER_NOT_OWNER"):
        sign(in_care(), terms(signer=OTHER_VILLAGE))
    with refused("DECISION_REQUIRED", missing=["procedure"], clause="C4.11-01"):
        in_care().sign_contract(terms(decision_document="村代会〔2021〕5号"), occasion())


def test_a_decision_is_over_this_asset_and_these_very_terms() -> None:
    for asset, paper in (
        (in_care(), terms(annual_income=yuan("12000.01"))),
        (in_care(), terms(contract="C-2")),
        (registered(asset="A-2"), terms()),
    ):
        proof = decided(asset, paper)
        it = in_care()
        with refused("PLAN_HASH_MISMATCH", it, missing=["procedure"]):
            it.sign_contract(terms(), occasion(), proof=proof, selected=chosen(it, terms()))


@pytest.mark.parametrize("step", ["SELECT", "MEETING"])
def test_every_step_before_the_contract_is_done_by_its_day(step: str) -> None:
    it = in_care()
    proof = decided(it, terms())
    left = {one: day for one, day in proof.completed_on.items() if one != step}
    for days in (left, left | {step: date(2021, 9, 21)}):
        late = proof.model_copy(update={"completed_on": days})
        with refused("DECISION_REQUIRED", it, missing=[step]):
            it.sign_contract(terms(), occasion(date(2021, 9, 20)), proof=late, selected=chosen(it, terms()))
    it.sign_contract(
        terms(),
        occasion(date(2021, 9, 20)),
        proof=proof.model_copy(update={"completed_on": left | {step: date(2021, 9, 20)}}),
        selected=chosen(it, terms()),
    )
    assert recorded(it, Asset.Leased).procedure == proof.procedure


@pytest.mark.parametrize("chain", ["A8", "A10", "A13"])
def test_the_chain_is_the_one_for_such_an_asset(chain: str) -> None:
    """A9 for a village's own; A13 too, once it lies idle; A10 for what lies across villages and belongs to them."""
    it = in_care()
    steps = ("MEETING", "OPERATOR") if chain == "A13" else ("PROPOSE", "DECISION", "CHARTER")
    proof = decided(
        it,
        terms(),
        chain=chain,
        completed_on=dict.fromkeys(steps, date(2021, 9, 1)),
        units=dict.fromkeys(steps, (VILLAGE,)),
    )
    with refused("DECISION_REQUIRED", it, missing=["A9"]):
        it.sign_contract(terms(), occasion(), proof=proof, selected=chosen(it, terms()))
    it.flag_risk("IDLE", "闲置", occasion())
    if chain == "A13":
        it.sign_contract(terms(), occasion(), proof=proof, selected=chosen(it, terms()))
    else:
        with refused("DECISION_REQUIRED", it, missing=["A9", "A13"]):
            it.sign_contract(terms(), occasion(), proof=proof, selected=chosen(it, terms()))


def test_every_owner_has_decided() -> None:
    it = confirmed_jointly()
    first, *others = sorted(one.party for one in it.owners)
    paper = terms(signer=first)
    alone = decided(it, paper, units={"SELECT": (first, *others), "MEETING": (first,)})
    with refused("CO_OWNER_CONSENT_REQUIRED", it, missing=others):
        it.sign_contract(paper, occasion(), proof=alone, selected=chosen(it, paper))
    sign(it, paper)
    recorded(it, Asset.Leased)


def test_the_dates_and_money_of_a_contract_make_sense() -> None:
    with refused("DATE_ORDER"):
        sign(in_care(), terms(ends_on=date(2021, 10, 1)))
    with refused("DATE_IN_FUTURE"):
        sign(in_care(), terms(signed_on=date(2031, 1, 1)))
    with refused("AMOUNT_NOT_POSITIVE"):
        sign(in_care(), terms(annual_income=Fen(-1)))


def test_a_lease_runs_twenty_years_at_most() -> None:
    asset = in_care()
    with refused("LEASE_TERM_EXCEEDS_20Y", asset):
        sign(asset, terms(ends_on=date(2041, 10, 2)))
    sign(asset, terms(ends_on=date(2041, 10, 1)))
    recorded(asset, Asset.Leased)
    assert years_after(date(2024, 2, 29), 1) == date(2025, 2, 28)
    assert years_after(date(9990, 1, 1), 20) == date.max


def test_two_contracts_never_run_the_same_part_on_the_same_day() -> None:
    asset = leased()
    again = terms(contract="C-2", starts_on=date(2026, 9, 30), ends_on=date(2027, 9, 29))
    with refused("CONTRACT_OVERLAP", asset):
        sign(asset, again)
    sign(asset, terms(contract="C-2", starts_on=date(2026, 10, 1), ends_on=date(2027, 9, 30)))
    recorded(asset, Asset.Leased)
    parts = in_care()
    sign(parts, terms(part="东段"))
    sign(parts, terms(contract="C-2", part="西段"))
    assert len(parts.contracts) == 2


@pytest.mark.clause("C4.11-03")
def test_a_contract_is_changed_with_the_owners_consent() -> None:
    """Refuses another operator without the owners' procedure over just that text, decided before the change."""
    asset = leased()
    other = terms(operator=Operator(operator="O-2", name="另一合作社"), selection="OS-2")
    with refused("OWNER_CONSENT_REQUIRED", asset, missing=["procedure"]):
        change(asset, other, proof=None)
    with refused("CONSENT_AFTER_FACT", asset):
        change(asset, other, proof=decided(asset, other, on=date(2022, 10, 2)))
    with refused("DECISION_REQUIRED", asset, missing=["MEETING"]):
        change(asset, other, proof=decided(asset, other, completed_on={"SELECT": date(2022, 9, 1)}))
    with refused("CO_OWNER_CONSENT_REQUIRED", asset, missing=[VILLAGE]):
        change(asset, other, proof=decided(asset, other, units={"SELECT": (VILLAGE,)}))
    with refused("PLAN_HASH_MISMATCH", asset):
        change(asset, other, proof=decided(asset, terms()))
    with refused("OPERATOR_NOT_SELECTED", asset, missing=["terms.operator"]):
        change(asset, other, selected=chosen(asset, terms(selection="OS-2")))
    change(asset, other, proof=decided(asset, other, on=NEXT))
    event = recorded(asset, Asset.OperatingContractChanged)
    assert (event.consented_by, event.consented_on, event.procedure) == ((VILLAGE,), NEXT, "PR-9")
    assert (event.selected, asset.user_right_holder) == (chosen(asset, other), "O-2")
    change(asset, other)
    nothing(asset)


def test_a_longer_term_wants_a_selection_of_its_own() -> None:
    """Terms may change on the selection of before, and the term may be cut; who stays longer is selected anew (C4.7-05)."""
    asset = leased()
    last = terms().ends_on
    longer = terms(ends_on=date.fromordinal(last.toordinal() + 1))
    with refused("OPERATOR_NOT_SELECTED", asset, missing=["terms.selection"]):
        change(asset, longer)
    change(asset, terms(ends_on=date.fromordinal(last.toordinal() - 1)))
    recorded(asset, Asset.OperatingContractChanged)
    change(asset, longer.model_copy(update={"selection": "OS-2"}))
    recorded(asset, Asset.OperatingContractChanged)


def test_own_operation_is_changed_by_its_owner_and_let_by_a_procedure() -> None:
    asset = in_care()
    own = terms(mode="SELF_OPERATED", own_operation=own_operation(), selection=None)
    asset.sign_contract(own, occasion())
    settled(asset)
    change(asset, own.model_copy(update={"annual_income": yuan("1.00")}), proof=None, selected=None)
    assert recorded(asset, Asset.OperatingContractChanged).consented_by == ()
    with refused("OWNER_CONSENT_REQUIRED", asset):
        change(asset, terms(), proof=None)
    change(asset, terms())
    recorded(asset, Asset.OperatingContractChanged)


@pytest.mark.clause("C4.11-03")
def test_every_co_owner_consents() -> None:
    """Refuses a change that one of two owners decided on."""
    asset = confirmed_jointly()
    sign(asset, terms())
    asset.collect_events()
    cheaper = terms(annual_income=yuan("1000.00"))
    alone = {"SELECT": (VILLAGE, OTHER_VILLAGE), "MEETING": (VILLAGE,)}
    with refused("CO_OWNER_CONSENT_REQUIRED", asset, missing=[OTHER_VILLAGE]):
        change(asset, cheaper, proof=decided(asset, cheaper, units=alone))
    change(asset, cheaper)
    recorded(asset, Asset.OperatingContractChanged)


@pytest.mark.clause("C4.11-03")
@pytest.mark.parametrize(
    ("part", "enough"), [([2, 3], False), ([6666667, 10000001], True), ([6666668, 10000001], False)]
)
def test_a_county_s_part_of_the_shares_is_reached_to_the_fen(part: list[int], enough: bool) -> None:
    """Refuses what an owner of 66,666.67 of 100,000.01 yuan decided alone, a third of a fen under two thirds (P34)."""
    asset = confirmed_jointly()
    sign(asset, terms())
    asset.collect_events()
    cheaper = terms(annual_income=yuan("1000.00"))
    alone = decided(asset, cheaper, units={"MEETING": (VILLAGE,)}, on=date(2022, 9, 1))
    rule = {"operator_or_mode_change": part, "disposal_or_major_change": [2, 3], "share_preemption": True}
    at = occasion(NEXT, under=regulation_with("P34", rule))
    if enough:
        change(asset, cheaper, proof=alone, at=at)
        assert recorded(asset, Asset.OperatingContractChanged).consented_by == (VILLAGE,)
    else:
        with refused("CO_OWNER_CONSENT_REQUIRED", asset, missing=[OTHER_VILLAGE]):
            change(asset, cheaper, proof=alone, at=at)


def end(asset: Asset, ended_on: date, outcome: Any, contract: str = CONTRACT) -> None:
    asset.end_contract(contract, ended_on, outcome, "到期", occasion(YEAR_END))


def test_a_contract_ends() -> None:
    asset = leased()
    with refused("NOT_FOUND", asset):
        end(asset, NEXT, "TERMINATED", "C-9")
    with refused("DATE_ORDER", asset):
        end(asset, date(2021, 9, 30), "TERMINATED")
    with refused("DATE_ORDER", asset):
        end(asset, NEXT, "EXPIRED")
    with refused("DATE_IN_FUTURE", asset):
        end(asset, date(2031, 1, 1), "TERMINATED")
    end(asset, NEXT, "TERMINATED")
    assert recorded(asset, Asset.OperatingContractEnded).outcome == "TERMINATED"
    assert (asset.user_right_holder, asset.regions()["CONTRACT"]) == (VILLAGE, "TERMINATED")
    with refused("STEP_OUT_OF_ORDER", asset):
        end(asset, NEXT, "TERMINATED")


def test_a_new_operator_may_start_on_the_day_the_old_one_leaves() -> None:
    asset = leased()
    end(asset, NEXT, "TERMINATED")
    sign(asset, terms(contract="C-2", starts_on=NEXT), on=NEXT)
    assert asset.contracts["C-2"].open


def test_an_operator_may_hold_over() -> None:
    asset = in_care()
    sign(asset, terms(ends_on=date(2022, 9, 30)))
    asset.collect_events()
    with refused("DATE_ORDER", asset):
        asset.start_holdover(CONTRACT, date(2022, 9, 30), occasion(YEAR_END))
    with refused("DATE_IN_FUTURE", asset):
        asset.start_holdover(CONTRACT, date(2031, 1, 1), occasion(YEAR_END))
    asset.start_holdover(CONTRACT, NEXT, occasion(YEAR_END))
    assert recorded(asset, Asset.HoldoverStarted).since == NEXT
    asset.start_holdover(CONTRACT, NEXT, occasion(YEAR_END))
    nothing(asset)
    assert asset.regions()["CONTRACT"] == "HOLDOVER"
    with refused("CONTRACT_OVERLAP", asset):
        sign(asset, terms(contract="C-2", starts_on=date(2025, 1, 1)), on=YEAR_END)


# ---- income --------------------------------------------------------------------------------------------------------


def test_income_belongs_to_its_holders_to_the_fen() -> None:
    asset = confirmed_jointly()
    asset.receive_income(receipt(contract=None, amount=yuan("0.01")), occasion(YEAR_END))
    event = recorded(asset, Asset.IncomeReceived)
    assert [(one.party, int(one.amount)) for one in event.attributions] == [(VILLAGE, 1), (OTHER_VILLAGE, 0)]
    assert sum(asset.income_by_holder.values()) == asset.income_received == 1


def test_a_receipt_is_recorded_once() -> None:
    asset = earning()
    asset.receive_income(receipt(), occasion(YEAR_END))
    nothing(asset)
    with refused("ALREADY_EXISTS", asset):
        asset.receive_income(receipt(amount=yuan("1.00")), occasion(YEAR_END))
    with refused("NOT_FOUND", asset):
        asset.receive_income(receipt(receipt="R-2", contract="C-9"), occasion(YEAR_END))


def test_money_is_positive_of_the_past_and_never_on_a_private_account() -> None:
    asset = leased()
    with refused("AMOUNT_NOT_POSITIVE", asset):
        asset.receive_income(receipt(amount=Fen(0)), occasion(YEAR_END))
    with refused("DATE_IN_FUTURE", asset):
        asset.receive_income(receipt(received_on=date(2031, 1, 1)), occasion(YEAR_END))
    with refused("ACCOUNT_NOT_COLLECTIVE", asset):
        asset.receive_income(receipt(account_kind="PERSONAL"), occasion(YEAR_END))


def test_more_than_is_due_is_warned_of_unless_it_is_explained() -> None:
    asset = leased()
    more = receipt(amount=yuan("12000.01"))
    asset.receive_income(more, occasion(YEAR_END))
    assert warned(recorded(asset, Asset.IncomeReceived), "INCOME_EXCEEDS_DUE") == {
        "due": "12000.00",
        "amount": "12000.01",
    }
    fen = more.model_copy(update={"receipt": "R-3", "amount": Fen(1)})
    asset.receive_income(fen, occasion(YEAR_END))
    assert warned(recorded(asset, Asset.IncomeReceived), "INCOME_EXCEEDS_DUE")["amount"] == "12000.02"
    told = more.model_copy(update={"receipt": "R-2", "reason": "预交下年租金"})
    asset.receive_income(told, occasion(YEAR_END))
    assert all(
        one.code != "INCOME_EXCEEDS_DUE" for one in recorded(asset, Asset.IncomeReceived).basis.warnings
    )


def test_sums_stay_within_what_the_log_carries() -> None:
    asset = confirmed()
    asset.receive_income(receipt(contract=None, amount=Fen(MAX_FEN)), occasion(YEAR_END))
    asset.collect_events()
    with refused("AMOUNT_OUT_OF_RANGE", asset):
        one = receipt(receipt="R-2", contract=None, amount=Fen(1))
        asset.receive_income(one, occasion(YEAR_END))


def test_what_is_gone_earns_nothing() -> None:
    with refused("ASSET_DISPOSED"):
        disposed().receive_income(receipt(), occasion(YEAR_END))


def test_an_approved_plan_is_paid_once() -> None:
    asset = earning()
    asset.distribute_income(distribution(), occasion(YEAR_END))
    assert recorded(asset, Asset.IncomeDistributed).distribution == distribution()
    assert (asset.income_distributed, asset.income_by_holder) == (yuan("6000.00"), {VILLAGE: yuan("6000.00")})
    asset.distribute_income(distribution(), occasion(YEAR_END))
    nothing(asset)
    with refused("ALREADY_EXISTS", asset):
        asset.distribute_income(distribution(paid_on=date(2022, 12, 21)), occasion(YEAR_END))


@pytest.mark.parametrize(
    "name", ["decision_document", "notice_document", "township_review", "filing_document"]
)
def test_a_plan_without_its_whole_procedure_is_not_paid(name: str) -> None:
    asset = earning()
    with refused("INCOME_PLAN_NOT_READY", asset):
        asset.distribute_income(distribution(**{name: None}), occasion(YEAR_END))


def test_a_plan_is_paid_from_money_that_is_there_to_its_holder() -> None:
    asset = earning()
    with refused("INSUFFICIENT_INCOME_BALANCE", asset):
        big = distribution(amount=yuan("12000.01"), lines=(use("12000.01"),))
        asset.distribute_income(big, occasion(YEAR_END))
    with refused("NOT_INCOME_HOLDER", asset):
        asset.distribute_income(distribution(holder=OTHER_VILLAGE), occasion(YEAR_END))


def test_the_lines_of_a_plan_are_its_sum_for_named_uses() -> None:
    asset = earning()
    with refused("ATTRIBUTION_SUM_MISMATCH", asset):
        asset.distribute_income(distribution(amount=yuan("6000.01")), occasion(YEAR_END))
    with refused("AMOUNT_NOT_POSITIVE", asset):
        lines = (use("0.00"), use("6000.00"))
        asset.distribute_income(distribution(lines=lines), occasion(YEAR_END))
    with refused("USE_NOT_ALLOWED", asset):
        asset.distribute_income(distribution(lines=(use("6000.00", "BANQUET"),)), occasion(YEAR_END))
    with refused("FIELD_REQUIRED", asset, missing=["lines[0].purpose"]):
        asset.distribute_income(distribution(lines=(use("6000.00", "OTHER"),)), occasion(YEAR_END))
    with refused("DATE_IN_FUTURE", asset):
        asset.distribute_income(distribution(paid_on=date(2031, 1, 1)), occasion(YEAR_END))


def test_another_use_is_named_and_warned_of() -> None:
    asset = earning()
    lines = (use("6000.00", "OTHER", purpose="村史馆"),)
    asset.distribute_income(distribution(lines=lines), occasion(YEAR_END))
    assert warned(recorded(asset, Asset.IncomeDistributed), "USE_OTHER") == {"purpose": "村史馆"}


def test_imported_income_on_a_private_account_is_a_finding() -> None:
    asset = confirmed()
    given = receipt(contract=None, account_kind="PERSONAL")
    asset.receive_income(given, imported(date(2022, 9, 30)))
    found(recorded(asset, Asset.IncomeReceived), "ACCOUNT_NOT_COLLECTIVE")
