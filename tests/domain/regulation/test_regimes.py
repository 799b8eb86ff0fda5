"""Lead department, accounting regime and outside systems by class and owner (T4, T10)."""

from __future__ import annotations

from datetime import date

import pytest

from domain.refusals import Refusal
from domain.regulation import Regulation, Rules

PW, OP, HH = "PUBLIC_WELFARE", "OPERATING", "HOUSEHOLD"
REAL_ESTATE = "SYS_REAL_ESTATE"

VECTORS = [
    (PW, "DEPARTMENT", "FINANCE", "STATE_ADMIN", {"SYS_STATE_ASSET", REAL_ESTATE}, "C4.6-04", False),
    (PW, "TOWNSHIP", "FINANCE", "STATE_ADMIN", {"SYS_STATE_ASSET", REAL_ESTATE}, "C4.6-05", False),
    (PW, "VILLAGE", "AGRICULTURE", "RURAL_COLLECTIVE", {"SYS_RURAL_COLLECTIVE", "SYS_SANZI", REAL_ESTATE}, "C4.5-12", True),
    (OP, "DEPARTMENT", "FINANCE", "STATE_ADMIN", {"SYS_STATE_ASSET", REAL_ESTATE}, "C4.6-06", False),
    (OP, "TOWNSHIP", "AGRICULTURE", "RURAL_COLLECTIVE", {"SYS_RURAL_COLLECTIVE", REAL_ESTATE}, "C4.6-07", False),
    (OP, "VILLAGE", "AGRICULTURE", "RURAL_COLLECTIVE", {"SYS_RURAL_COLLECTIVE", "SYS_SANZI", REAL_ESTATE}, "C4.6-08", False),
    (HH, "HOUSEHOLD", "RURAL_REVITALIZATION", "NONE", {"SYS_RETURN_POVERTY_MONITOR", "SYS_XJ_BIGDATA"}, "C4.6-09", False),
    (PW, "FARM", "FINANCE", "STATE_ADMIN", {"SYS_STATE_ASSET", REAL_ESTATE}, "C0-03", True),
    (OP, "FARM", "FINANCE", "STATE_ADMIN", {"SYS_STATE_ASSET", REAL_ESTATE}, "C0-03", True),
]  # fmt: skip


@pytest.mark.parametrize(("asset_class", "owner", "lead", "regime", "systems", "article", "gap"), VECTORS)
def test_vector(
    rules: Rules,
    asset_class: str,
    owner: str,
    lead: str,
    regime: str,
    systems: set[str],
    article: str,
    gap: bool,
) -> None:
    row = rules.regime(asset_class, owner)
    assert (row.lead_department, row.regime, row.article, row.rule_gap) == (lead, regime, article, gap)
    assert {one.system for one in rules.external_systems(asset_class, owner)} == systems


def test_an_entrusted_household_asset_has_more_supervisors_and_the_same_regime(rules: Rules) -> None:
    row = rules.regime(HH, "HOUSEHOLD", entrusted=True)
    assert (row.regime, row.article, row.supervisors) == ("NONE", "C4.6-10", ("LINE_DEPARTMENT",))


@pytest.mark.parametrize(
    ("asset_class", "owner"), [(PW, "HOUSEHOLD"), (HH, "VILLAGE"), (OP, "PERSON"), ("X", "FARM")]
)
def test_a_case_without_a_row_is_a_visible_gap(rules: Rules, asset_class: str, owner: str) -> None:
    with pytest.raises(Refusal) as refusal:
        rules.regime(asset_class, owner)
    assert refusal.value.code == "RULE_GAP"


@pytest.mark.parametrize(
    ("day", "book"),
    [
        (date(2015, 1, 1), "《村集体经济组织会计制度》"),
        (date(2023, 12, 31), "《村集体经济组织会计制度》"),
        (date(2024, 1, 1), "《农村集体经济组织会计制度》"),
        (date(2026, 1, 1), "《农村集体经济组织会计制度》"),
    ],
)
def test_collectives_got_a_new_book_of_rules_in_2024(regulation: Regulation, day: date, book: str) -> None:
    assert regulation.on(day).accounting_system("RURAL_COLLECTIVE").zh == book
    assert regulation.on(day).accounting_system("STATE_ADMIN").zh == "《行政事业单位国有资产管理制度》"


def test_a_real_estate_title_is_only_for_what_can_have_one(rules: Rules) -> None:
    assert REAL_ESTATE in {one.system for one in rules.external_systems(OP, "VILLAGE", "WORKSHOP")}
    assert REAL_ESTATE not in {
        one.system for one in rules.external_systems(OP, "VILLAGE", "LIVESTOCK_OPERATING")
    }


def test_village_public_welfare_is_verified_before_its_entry(rules: Rules) -> None:
    needs = {one.system: one.requires for one in rules.external_systems(PW, "VILLAGE")}
    assert needs["SYS_RURAL_COLLECTIVE"] == ("STOCKTAKE",)
    assert rules.external_system("SYS_RURAL_COLLECTIVE").entered_by == ("OWNER", "AGRICULTURE")


def test_depreciation_follows_the_regime(rules: Rules) -> None:
    state, collective = rules.depreciation("STATE_ADMIN"), rules.depreciation("RURAL_COLLECTIVE")
    assert (state.residual_basis_points, state.starts_next_month) == (0, False)
    assert (collective.residual_basis_points, collective.starts_next_month) == (500, True)
    with pytest.raises(Refusal) as refusal:
        rules.depreciation("NONE")
    assert refusal.value.code == "RULE_GAP"
