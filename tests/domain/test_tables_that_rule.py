"""Columns of the county's tables decide: with another value in the row, the same command is judged otherwise."""

from __future__ import annotations

from datetime import date

import pytest

from domain.asset.asset import Asset
from domain.household.card import inspecting_department
from domain.oversight.inspection import Inspection, InspectionRecord
from domain.values import yuan
from tests.domain.saying import found, recorded, refused
from tests.examples import (
    DAY,
    ROADS,
    TODAY,
    TOWNSHIP,
    confirmed,
    confirmed_road,
    herd_card,
    imported,
    in_use,
    occasion,
    registered,
    regulation,
    regulation_where,
    regulation_with,
    road_card,
    road_confirmation,
    settled,
    share,
    terms,
)

METHODS = [
    {"regime": "STATE_ADMIN", "posted": "MONTHLY", "residual_basis_points": 0, "starts_next_month": False},
    {
        "regime": "RURAL_COLLECTIVE",
        "posted": "YEARLY",
        "residual_basis_points": 500,
        "starts_next_month": True,
    },
]


# ---- useful life and depreciation (T8 5, P14) ----------------------------------------------------------------------


def test_useful_life_outside_the_guide_in_imported_history_is_a_finding() -> None:
    asset = registered(road_card(useful_life_years=7))
    with refused("USEFUL_LIFE_INVALID", asset, missing=["usefulLifeYears"], clause="C4.6-02"):
        asset.confirm_ownership(road_confirmation(), occasion())
    asset.confirm_ownership(road_confirmation(), imported(date(2020, 5, 1)))
    assert found(recorded(asset, Asset.OwnershipConfirmed), "USEFUL_LIFE_INVALID") == {
        "value": 7,
        "least": 8,
        "missing": ["usefulLifeYears"],
    }


def test_useful_life_is_bound_only_in_a_regime_that_says_so() -> None:
    unbound = regulation_with("P14", {"methods": METHODS, "excluded": ["BIOLOGICAL", "LAND", "HOUSEHOLD"]})
    asset = registered(road_card(useful_life_years=7))
    asset.confirm_ownership(road_confirmation(), occasion(under=unbound))
    assert recorded(asset, Asset.OwnershipConfirmed).regime == "STATE_ADMIN"


def test_useful_life_bounds_are_those_of_the_type() -> None:
    longer = regulation_where("asset_types.type", ("ROAD",), life_years_from=10, life_years_to=12)
    for years, fits in ((9, False), (10, True), (12, True), (13, False)):
        asset = registered(road_card(useful_life_years=years))
        if fits:
            asset.confirm_ownership(road_confirmation(), occasion(under=longer))
            recorded(asset, Asset.OwnershipConfirmed)
        else:
            with refused("USEFUL_LIFE_INVALID", asset):
                asset.confirm_ownership(road_confirmation(), occasion(under=longer))


@pytest.mark.parametrize(
    ("day", "full"),
    [(date(2021, 12, 30), False), (date(2021, 12, 31), True), (date(2022, 1, 1), True)],
)
def test_collective_year_is_posted_from_its_last_day_on(day: date, *, full: bool) -> None:
    asset = in_use(date(2020, 12, 15))
    if full:
        asset.post_depreciation(2021, occasion(day))
        recorded(asset, Asset.DepreciationPosted)
    else:
        with refused("DATE_IN_FUTURE", asset, clause="C4.7-10"):
            asset.post_depreciation(2021, occasion(day))


@pytest.mark.parametrize(
    ("day", "full"),
    [(date(2021, 11, 30), False), (date(2021, 12, 1), True), (date(2021, 12, 2), True)],
)
def test_state_year_is_posted_from_its_december_on(day: date, *, full: bool) -> None:
    asset = settled(confirmed_road())
    asset.put_into_use(date(2021, 1, 15), occasion())
    asset.collect_events()
    if full:
        asset.post_depreciation(2021, occasion(day))
        recorded(asset, Asset.DepreciationPosted)
    else:
        with refused("DATE_IN_FUTURE", asset, clause="C4.7-10"):
            asset.post_depreciation(2021, occasion(day))


def test_what_is_depreciated_is_what_the_parameter_does_not_exclude() -> None:
    herds = regulation_with("P14", {"methods": METHODS, "excluded": ["LAND", "HOUSEHOLD"]})
    herd = confirmed(herd_card(useful_life_years=8))
    herd.put_into_use(date(2020, 7, 15), occasion())
    herd.collect_events()
    with refused("FIELD_INVALID", herd, clause="C4.7-10"):
        herd.post_depreciation(2020, occasion(TODAY))
    herd.post_depreciation(2020, occasion(TODAY, under=herds))
    recorded(herd, Asset.DepreciationPosted)


# ---- the register card (T8) ----------------------------------------------------------------------------------------


def test_income_right_is_asked_of_the_kinds_that_the_card_does_not_exempt() -> None:
    of_all = regulation_where("register_card.item", (12,), exempt=())
    asset = registered(road_card())
    with refused("INCOME_RIGHT_REQUIRED", asset, missing=["incomeRightHolders"]):
        asset.confirm_ownership(road_confirmation(), occasion(under=of_all))
    paper = road_confirmation(income_right_holders=(share(ROADS, "360000.00"),))
    with refused("INCOME_RIGHT_BASIS_REQUIRED", asset, missing=["ownershipBasis", "incomeRightBasis"]):
        asset.confirm_ownership(paper, occasion(under=of_all))
    asset.confirm_ownership(road_confirmation(), occasion())
    recorded(asset, Asset.OwnershipConfirmed)


def test_item_asked_for_at_confirmation_says_its_own_refusal() -> None:
    user = regulation_where("register_card.item", (11,), derived=False, refusal="FIELD_REQUIRED")
    asset = registered(road_card())
    with refused("FIELD_REQUIRED", asset, missing=["userRightHolder"]):
        asset.confirm_ownership(road_confirmation(), occasion(under=user))
    asset.confirm_ownership(road_confirmation(user_right_holder=ROADS), occasion(under=user))
    recorded(asset, Asset.OwnershipConfirmed)


# ---- modes, supervisors, certificates ------------------------------------------------------------------------------


def test_mode_for_revitalisation_is_refused_an_asset_that_runs_and_found_in_history() -> None:
    asset = settled(in_use())
    with refused("MODE_ONLY_FOR_REVITALISATION", asset, clause="C4.11-06"):
        asset.sign_contract(terms(mode="RESTRUCTURED"), occasion())
    asset.sign_contract(terms(mode="RESTRUCTURED"), occasion(provenance="2021年清查表"))
    event = recorded(asset, Asset.OperatingContractSigned)
    assert found(event, "MODE_ONLY_FOR_REVITALISATION") == {"mode": "RESTRUCTURED"}


@pytest.mark.parametrize("kind", ["IDLE", "WASTED"])
def test_flagged_asset_is_open_to_restructuring(kind: str) -> None:
    asset = in_use()
    asset.flag_risk(kind, "连续亏损", occasion())
    asset.collect_events()
    asset.sign_contract(terms(mode="RESTRUCTURED"), occasion())
    recorded(asset, Asset.OperatingContractSigned)


def test_contract_in_a_mode_for_revitalisation_is_amended_after_the_asset_runs_again() -> None:
    asset = in_use()
    asset.flag_risk("IDLE", "停产", occasion())
    signed = terms(mode="RESTRUCTURED")
    asset.sign_contract(signed, occasion())
    asset.clear_risk("IDLE", "复产", occasion())
    asset.collect_events()
    asset.change_contract(
        signed.model_copy(update={"annual_income": yuan("40000.00")}),
        consent_document="同意书1号",
        consented_on=DAY,
        consented_by=tuple(one.party for one in asset.owners),
        at=occasion(),
    )
    recorded(asset, Asset.OperatingContractChanged)


def test_inspection_by_another_unit_is_refused_and_found_in_history() -> None:
    seen = InspectionRecord(
        organ="WATER", inspector="P-1", unit=TOWNSHIP, inspected_on=date(2021, 9, 1), subject="专项检查"
    )
    with refused("FORBIDDEN", clause="C5.4-01"):
        Inspection.record_inspection("IN-1", seen, occasion())
    made = Inspection.record_inspection("IN-1", seen, imported(date(2021, 9, 1)))
    assert found(recorded(made, Inspection.Recorded), "FORBIDDEN")["organization"] == "WATER"
    water = regulation_where("departments.organization", ("WATER",), supervises=True)
    made = Inspection.record_inspection("IN-1", seen, occasion(under=water))
    assert recorded(made, Inspection.Recorded).inspected == seen


def test_entrusted_household_asset_is_inspected_by_whom_the_regime_names() -> None:
    entrusted = ("HOUSEHOLD", "HOUSEHOLD", True)
    assert inspecting_department("LIVESTOCK", regulation().on(DAY)) == "ANIMAL_HUSBANDRY"
    named = regulation_where("regimes.regime", entrusted, supervisors=("AGRICULTURE",))
    assert inspecting_department("LIVESTOCK", named.on(DAY)) == "AGRICULTURE"
    nobody = regulation_where("regimes.regime", entrusted, supervisors=())
    assert inspecting_department("LIVESTOCK", nobody.on(DAY)) is None
