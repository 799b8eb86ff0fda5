"""Who owns an asset: the vectors of decision table T3, one by one, and what the advice says besides."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from hypothesis import given, strategies as st

from domain.refusals import Refusal
from domain.regulation import OwnershipFacts, Regulation, Rules, rows
from domain.regulation.ownership import advise

PW, OP, HH = "PUBLIC_WELFARE", "OPERATING", "HOUSEHOLD"
PACKAGED = Regulation.load().on(date(2022, 1, 1))


def facts(asset_class: str = PW, *funds: str, **known: Any) -> OwnershipFacts:
    return OwnershipFacts(asset_class=asset_class, fund_sources=frozenset(funds), **known)


VECTORS = [
    (1, facts(PW, "FISCAL_DEV", asset_type="ROAD", implementer_kind="DEPARTMENT", funds_paid_to="DEPARTMENT"), "R6", "DEPARTMENT"),
    (2, facts(PW, "FISCAL_DEV", implementer_kind="TOWNSHIP", funds_paid_to="TOWNSHIP"), "R7", "TOWNSHIP"),
    (3, facts(PW, "FISCAL_DEV", implementer_kind="TOWNSHIP", funds_paid_to="DEPARTMENT"), "R10b", None),
    (4, facts(PW, "PAIRING_AID", implementer_kind="VILLAGE", funds_paid_to="VILLAGE"), "R8", "VILLAGE"),
    (5, facts(PW, "FISCAL_DEV", implementer_kind="VILLAGE", funds_paid_to="VILLAGE"), "R10b", None),
    (6, facts(PW, "FISCAL_DEV", implementer_kind="DEPARTMENT", funds_paid_to="DEPARTMENT", village_use=True), "R9", "VILLAGE"),
    (7, facts(OP, "FISCAL_DEV", implementer_kind="DEPARTMENT", project_scope="SINGLE_VILLAGE"), "R5", "VILLAGE"),
    (8, facts(OP, "AID_XJ", implementer_kind="DEPARTMENT", project_scope="CROSS_VILLAGE"), "R4", "VILLAGE"),
    (9, facts(OP, "FISCAL_DEV", implementer_kind="TOWNSHIP", project_scope="JOINT_VILLAGE"), "R3", "VILLAGE"),
    (10, facts(OP, "FISCAL_DEV", implementer_kind="TOWNSHIP", equity_investment=True), "R2", None),
    (11, facts(PW, "FISCAL_DEV", asset_type="HEALTH", implementer_kind="DEPARTMENT", village_use=True), "R1", None),
    (12, facts(HH, "FISCAL_DEV", asset_type="HOUSE", implementer_kind="TOWNSHIP"), "R0", "HOUSEHOLD"),
    (13, facts(PW, "FISCAL_DEV", asset_type="ROAD", implementer_kind="DEPARTMENT", project_scope="CROSS_VILLAGE"), "R6", "DEPARTMENT"),
    (14, facts(OP, "FISCAL_DEV", implementer_kind="VILLAGE", project_scope="CROSS_VILLAGE"), "R10b", None),
    (15, facts(PW, "DONATION_VILLAGE", implementer_kind="VILLAGE", funds_paid_to="VILLAGE"), "R8", "VILLAGE"),
    (16, facts(PW, "FISCAL_DEV", implementer_kind="VILLAGE", funds_paid_to="VILLAGE", village_use=True), "R9", "VILLAGE"),
    (17, facts(PW, "FISCAL_DEV", implementer_kind="FARM"), "R10b", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "given_facts", "rule", "owner"), VECTORS, ids=[str(one[0]) for one in VECTORS]
)
def test_vector(rules: Rules, number: int, given_facts: OwnershipFacts, rule: str, owner: str | None) -> None:
    advice = rules.ownership(given_facts)
    assert (advice.rule, advice.owner_kind) == (rule, owner)


@pytest.mark.parametrize("fund", ["AID_XJ", "SELF_RAISED", "GOV_BOND", "VILLAGE_INCOME"])
@pytest.mark.parametrize(("scope", "rule"), [("SINGLE_VILLAGE", "R5"), ("CROSS_VILLAGE", "R4")])
def test_money_never_changes_who_owns_an_operating_asset(
    rules: Rules, fund: str, scope: str, rule: str
) -> None:
    assert rules.ownership(facts(OP, fund, implementer_kind="TOWNSHIP", project_scope=scope)).rule == rule


def test_an_unclear_title_is_the_countys_whatever_else_is_known(rules: Rules) -> None:
    for _, given_facts, rule, _ in VECTORS:
        unclear = rules.ownership(given_facts.model_copy(update={"title_unclear": True}))
        assert unclear.rule == ("R0" if rule == "R0" else "R10a")


def test_shares_bought_with_other_money_are_no_reserved_power(rules: Rules) -> None:
    bought = facts(
        OP, "AID_XJ", implementer_kind="TOWNSHIP", project_scope="SINGLE_VILLAGE", equity_investment=True
    )
    assert rules.ownership(bought).rule == "R5"


def test_one_fiscal_source_takes_a_village_asset_out_of_r8(rules: Rules) -> None:
    mixed = facts(PW, "PAIRING_AID", "FISCAL_DEV", implementer_kind="VILLAGE", funds_paid_to="VILLAGE")
    assert rules.ownership(mixed).rule == "R10b"


def test_no_money_at_all_is_not_all_village_money(rules: Rules) -> None:
    assert rules.ownership(facts(PW, implementer_kind="VILLAGE", funds_paid_to="VILLAGE")).rule == "R10b"


def test_what_is_not_known_matches_nothing(rules: Rules) -> None:
    assert rules.ownership(facts(PW, "FISCAL_DEV")).rule == "R10b"
    condition = rows.Condition(fact="projectScope", zh="单独到村", is_in=frozenset({"SINGLE_VILLAGE"}))
    assert not condition.holds({})
    assert not condition.holds({"projectScope": None})


def test_village_money_and_aid_may_be_mixed(rules: Rules) -> None:
    own = facts(PW, "VILLAGE_INCOME", "PAIRING_AID", "SOCIAL_AID", implementer_kind="VILLAGE")
    assert rules.ownership(own).rule == "R8"


def test_a_village_that_built_it_itself_needs_no_transfer(rules: Rules) -> None:
    by_village = facts(PW, "FISCAL_DEV", implementer_kind="VILLAGE", village_use=True)
    by_department = facts(PW, "FISCAL_DEV", implementer_kind="DEPARTMENT", village_use=True)
    assert rules.ownership(by_village).steps == ()
    assert rules.ownership(by_department).steps == ("TRANSFER",)


def test_an_unknown_implementer_does_not_save_the_transfer(rules: Rules) -> None:
    assert rules.ownership(facts(PW, "FISCAL_DEV", village_use=True)).steps == ("TRANSFER",)


def test_joint_villages_file_after_the_confirmation(rules: Rules) -> None:
    advice = rules.ownership(
        facts(OP, "FISCAL_DEV", implementer_kind="TOWNSHIP", project_scope="JOINT_VILLAGE")
    )
    assert advice.steps == ("INVESTMENT_SHARES", "TOWNSHIP_MEETING", "NOTICE", "CERTIFICATES")
    assert [step.code for step in advice.step_rows if step.after_confirmation] == ["FILING"]
    assert (advice.decider, advice.chain, advice.ordered) == ("TOWNSHIP_MEETING", "A5", True)


def test_only_the_rule_in_principle_can_be_overridden(regulation: Regulation) -> None:
    table = regulation.rows["ownership_rules.rule"]
    assert [row.code for row in table if isinstance(row, rows.OwnershipRule) and row.overridable] == ["R9"]


def test_a_gap_is_said_to_be_one_and_the_county_decides(rules: Rules) -> None:
    advice = rules.ownership(facts(PW, "FISCAL_DEV", implementer_kind="FARM"))
    assert (advice.rule_gap, advice.decider, advice.steps) == (True, "COUNTY_GOV", ("COUNTY_DECISION",))
    assert advice.suggestion == "FARM_CENTER"
    assert not rules.ownership(VECTORS[0][1]).rule_gap


def test_no_row_at_all_is_a_visible_gap() -> None:
    with pytest.raises(Refusal) as refusal:
        advise(facts(PW, "FISCAL_DEV"), ())
    assert refusal.value.code == "RULE_GAP"
    assert "assetClass=PUBLIC_WELFARE" in refusal.value.detail_zh


@dataclass(frozen=True)
class Line:
    source: str
    amount: int = 1


@dataclass(frozen=True)
class Card:
    asset_class: str = PW
    asset_type: str = "ROAD"
    project_scope: str = "SINGLE_VILLAGE"
    implementer_kind: str = "VILLAGE"
    funds_paid_to: str | None = "VILLAGE"
    village_use: bool = False
    equity_investment: bool = False
    funding_lines: tuple[Line, ...] = field(default=(Line("PAIRING_AID"), Line("SOCIAL_AID")))


def test_a_card_is_judged_by_its_own_facts(rules: Rules) -> None:
    assert rules.ownership_of(Card()).rule == "R8"
    assert rules.ownership_of(Card(), title_unclear=True).rule == "R10a"
    assert rules.ownership_of(Card(funding_lines=(Line("FISCAL_DEV"),))).rule == "R10b"


@given(
    st.fixed_dictionaries(
        {
            "asset_class": st.sampled_from([PW, OP]),
            "asset_type": st.sampled_from(["ROAD", "EDUCATION", None]),
            "project_scope": st.sampled_from(
                ["SINGLE_VILLAGE", "JOINT_VILLAGE", "CROSS_VILLAGE", "OTHER", None]
            ),
            "implementer_kind": st.sampled_from(["DEPARTMENT", "TOWNSHIP", "VILLAGE", "FARM", None]),
            "funds_paid_to": st.sampled_from(["DEPARTMENT", "TOWNSHIP", "VILLAGE", "FARM", None]),
            "village_use": st.booleans(),
            "equity_investment": st.booleans(),
            "title_unclear": st.booleans(),
            "fund_sources": st.frozensets(st.sampled_from(["FISCAL_DEV", "AID_XJ", "PAIRING_AID"])),
        }
    )
)
def test_every_case_has_an_answer_with_a_clause(known: dict[str, Any]) -> None:
    advice = PACKAGED.ownership(OwnershipFacts(**known))
    assert advice.article
    assert (advice.owner_kind is None) == (advice.rule in {"R10a", "R10b", "R1", "R2"})
    assert advice.rule_gap == (advice.rule == "R10b")
