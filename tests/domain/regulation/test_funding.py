"""Where the money came from and who therefore guides the asset (T1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given, strategies as st

from domain.refusals import Refusal
from domain.regulation import GuidingDepartments, Regulation, Rules

PACKAGED = Regulation.load().on(date(2022, 1, 1))
ORDER = ["FINANCE", "RURAL_REVITALIZATION", "DRC", "ETHNIC_AFFAIRS", "AGRICULTURE", "FARM_CENTER"]

GUIDES = {
    "FISCAL_DEV": "RURAL_REVITALIZATION",
    "FISCAL_WORK_RELIEF": "DRC",
    "FISCAL_ETHNIC_DEV": "ETHNIC_AFFAIRS",
    "FISCAL_STATE_FARM": "FARM_CENTER",
    "BORDER_PROSPERITY": "ETHNIC_AFFAIRS",
    "INTEGRATED_AGRI": "FINANCE",
    "RELOCATION": "DRC",
    "GOV_BOND": "FINANCE",
    "INDUSTRY_AID": "FINANCE",
    "FINANCIAL": "FINANCE",
    "SOCIAL_AID": "RURAL_REVITALIZATION",
    "DONATION_VILLAGE": "AGRICULTURE",
    "AID_XJ": "DRC",
    "REGION_COOP": "RURAL_REVITALIZATION",
    "DESIGNATED_AID": "FINANCE",
    "REVITALISED_STOCK": "FINANCE",
    "SELF_RAISED": "FINANCE",
    "OTHER_FISCAL": "FINANCE",
    "PAIRING_AID": "RURAL_REVITALIZATION",
    "VILLAGE_INCOME": "AGRICULTURE",
    "OTHER": "FINANCE",
    "DISPOSAL_PROCEEDS": "RURAL_REVITALIZATION",
}
GAPS = {"SELF_RAISED", "OTHER_FISCAL", "PAIRING_AID", "VILLAGE_INCOME", "OTHER", "DISPOSAL_PROCEEDS"}


@dataclass(frozen=True)
class Line:
    source: str
    amount: int = 100
    direct_to_village: bool | None = None
    document_no: str | None = None
    from_asset: str | None = None


def guided(rules: Rules, *lines: tuple[str, int], implementer_kind: str | None = None) -> GuidingDepartments:
    return rules.guiding_departments([Line(*line) for line in lines], implementer_kind)


@pytest.mark.parametrize(("source", "department"), GUIDES.items())
def test_every_source_has_its_department(rules: Rules, source: str, department: str) -> None:
    found = guided(rules, (source, 100))
    assert (found.lead, found.co, found.rule_gap) == (department, (), source in GAPS)


def test_the_table_has_these_sources_and_no_other(rules: Rules) -> None:
    assert {row.code for row in rules._sources.values()} == set(GUIDES)


def test_the_larger_department_leads(rules: Rules) -> None:
    found = guided(rules, ("FISCAL_DEV", 60_000_000), ("AID_XJ", 40_000_000))
    assert (found.lead, found.co) == ("RURAL_REVITALIZATION", ("DRC",))
    assert found.articles == ("C4.1-03", "C4.1-04")


def test_a_tie_goes_to_finance(rules: Rules) -> None:
    assert guided(rules, ("AID_XJ", 50_000_000), ("FINANCIAL", 50_000_000)).lead == "FINANCE"


def test_sums_are_by_department_not_by_source(rules: Rules) -> None:
    found = guided(rules, ("DESIGNATED_AID", 30_000_000), ("GOV_BOND", 30_000_000), ("AID_XJ", 50_000_000))
    assert (found.lead, found.co) == ("FINANCE", ("DRC",))


@pytest.mark.parametrize("source", ["SELF_RAISED", "OTHER_FISCAL"])
def test_a_state_farms_own_money_is_the_farm_centres(rules: Rules, source: str) -> None:
    farm = guided(rules, (source, 1), implementer_kind="FARM")
    assert (farm.lead, farm.rule_gap) == ("FARM_CENTER", False)
    assert guided(rules, (source, 1), implementer_kind="VILLAGE").lead == "FINANCE"


def test_other_money_of_a_farm_is_guided_as_ever(rules: Rules) -> None:
    assert guided(rules, ("AID_XJ", 1), implementer_kind="FARM").lead == "DRC"


def test_nothing_guides_an_asset_without_money(rules: Rules) -> None:
    with pytest.raises(Refusal) as refusal:
        rules.guiding_departments([])
    assert refusal.value.code == "FUNDING_REQUIRED"


def test_money_of_an_unknown_source_guides_nothing(rules: Rules) -> None:
    with pytest.raises(Refusal) as refusal:
        guided(rules, ("LOTTERY", 1), implementer_kind="FARM")
    assert refusal.value.code == "FUND_SOURCE_UNKNOWN"


lines_of_money = st.lists(
    st.tuples(st.sampled_from(sorted(GUIDES)), st.integers(min_value=1, max_value=5)), min_size=1, max_size=8
)


@given(lines_of_money)
def test_the_lead_has_the_largest_sum_and_the_first_rank(lines: list[tuple[str, int]]) -> None:
    sums: dict[str, int] = {}
    for source, amount in lines:
        sums[GUIDES[source]] = sums.get(GUIDES[source], 0) + amount
    found = guided(PACKAGED, *lines)
    largest = [department for department in ORDER if sums.get(department) == max(sums.values())]
    assert found.lead == largest[0]
    assert {found.lead, *found.co} == set(sums)
    assert [sums[one] for one in found.co] == sorted((sums[one] for one in found.co), reverse=True)


@given(lines_of_money, st.randoms(use_true_random=False))
def test_the_order_of_the_lines_does_not_matter(lines: list[tuple[str, int]], random) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)
    one, other = guided(PACKAGED, *lines), guided(PACKAGED, *shuffled)
    assert (one.lead, one.co, one.rule_gap) == (other.lead, other.co, other.rule_gap)


# ---- funding lines -------------------------------------------------------------------------------------------------


def refused(rules: Rules, line: Line) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        rules.check_fund_line(line, 3)
    return refusal.value


def test_a_plain_line_is_stored_under_its_source(rules: Rules) -> None:
    assert rules.check_fund_line(Line("AID_XJ"), 0).code == "AID_XJ"


def test_an_unknown_source_is_refused(rules: Rules) -> None:
    assert refused(rules, Line("LOTTERY")).code == "FUND_SOURCE_UNKNOWN"
    with pytest.raises(Refusal):
        rules.fund_source("LOTTERY")


def test_fiscal_money_must_name_its_sub_source(rules: Rules) -> None:
    refusal = refused(rules, Line("FISCAL"))
    assert refusal.code == "FUND_SUBSOURCE_REQUIRED"
    assert refusal.missing == ("fundingLines[3].source",)
    assert "FISCAL_DEV、FISCAL_WORK_RELIEF" in refusal.detail_zh


def test_a_donation_must_say_whether_it_went_to_the_village(rules: Rules) -> None:
    refusal = refused(rules, Line("DONATION_VILLAGE"))
    assert refusal.code == "DONATION_PATH_REQUIRED"
    assert refusal.missing == ("fundingLines[3].directToVillage",)


def test_a_donation_not_paid_to_the_village_is_social_aid(rules: Rules) -> None:
    assert rules.check_fund_line(Line("DONATION_VILLAGE", direct_to_village=False), 0).code == "SOCIAL_AID"
    assert (
        rules.check_fund_line(Line("DONATION_VILLAGE", direct_to_village=True), 0).code == "DONATION_VILLAGE"
    )


def test_other_money_names_its_document(rules: Rules) -> None:
    assert refused(rules, Line("OTHER")).missing == ("fundingLines[3].documentNo",)
    assert rules.check_fund_line(Line("OTHER", document_no="陶财字1号"), 0).code == "OTHER"


def test_reallocated_proceeds_name_the_asset_they_come_from(rules: Rules) -> None:
    assert refused(rules, Line("DISPOSAL_PROCEEDS")).missing == ("fundingLines[3].fromAsset",)
    assert rules.check_fund_line(Line("DISPOSAL_PROCEEDS", from_asset="A1"), 0).code == "DISPOSAL_PROCEEDS"
