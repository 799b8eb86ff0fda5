"""Columns of the county's tables decide: with another value in the row, the same command is judged otherwise."""

from __future__ import annotations

from datetime import date

import pytest

from domain.asset.asset import Asset
from domain.household.card import inspecting_department
from domain.oversight.inspection import Inspection, InspectionRecord
from domain.procedure.procedure import ProcedureInstance
from domain.regulation import Regulation
from tests import procedures
from tests.domain.saying import found, recorded, refused
from tests.examples import (
    DAY,
    ROADS,
    TODAY,
    TOWNSHIP,
    VILLAGE,
    approval,
    approve,
    chosen,
    confirmed,
    confirmed_road,
    decided,
    forwarded,
    herd_card,
    imported,
    in_use,
    occasion,
    override,
    propose,
    registered,
    regulation,
    regulation_where,
    regulation_with,
    road_card,
    road_confirmation,
    settled,
    share,
    sign,
    terms,
    yuan,
)
from tests.procedures import by, carry_out, posting, sha

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
        with refused("DATE_ORDER", asset):
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
        with refused("DATE_ORDER", asset):
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
        sign(asset, terms(mode="RESTRUCTURED"), occasion())
    sign(asset, terms(mode="RESTRUCTURED"), occasion(provenance="2021年清查表"))
    event = recorded(asset, Asset.OperatingContractSigned)
    assert found(event, "MODE_ONLY_FOR_REVITALISATION") == {"mode": "RESTRUCTURED"}


@pytest.mark.parametrize("kind", ["IDLE", "WASTED"])
def test_flagged_asset_is_open_to_restructuring(kind: str) -> None:
    asset = in_use()
    asset.flag_risk(kind, "连续亏损", occasion())
    asset.collect_events()
    sign(asset, terms(mode="RESTRUCTURED"), occasion())
    recorded(asset, Asset.OperatingContractSigned)


def test_contract_in_a_mode_for_revitalisation_is_amended_after_the_asset_runs_again() -> None:
    asset = in_use()
    asset.flag_risk("IDLE", "停产", occasion())
    signed = terms(mode="RESTRUCTURED")
    sign(asset, signed, occasion())
    asset.clear_risk("IDLE", "复产", occasion())
    asset.collect_events()
    dearer = signed.model_copy(update={"annual_income": yuan("40000.00")})
    asset.change_contract(dearer, occasion(), proof=decided(asset, dearer), selected=chosen(asset, dearer))
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


# ---- notices (P07, P08) and the calendar (P26) ---------------------------------------------------------------------


def posted_twice(second_under: Regulation | None = None) -> ProcedureInstance:
    """Posted at the village on Thursday, 1 July 2021, under 15 days, at the township on 2 July under 10."""
    longer = regulation_with(
        "P06",
        {"days": 15, "counting": "CALENDAR_DAYS", "posting_day_counts": False, "rest_day_rolls": True},
    )
    plan = procedures.after_meeting()
    for place, unit, day, under in (
        ("PROJECT_VILLAGE", VILLAGE, date(2021, 7, 1), longer),
        ("TOWNSHIP", TOWNSHIP, date(2021, 7, 2), second_under),
    ):
        sheet = posting(place, unit, day)
        plan.post_notice("NOTICE", by(TOWNSHIP), sha(plan), sheet, occasion(day, under=under))
    return procedures.settled(plan)


@pytest.mark.parametrize(
    ("start", "last_day"),
    # 2 July and 15 days: Saturday, 17 July, which rolls to Monday; 1 July and 15 days: Friday, 16 July
    [("LATER_POSTING", date(2021, 7, 19)), ("EACH_SEPARATELY", date(2021, 7, 16))],
)
def test_two_places_end_as_the_county_starts_them(start: str, last_day: date) -> None:
    under = regulation_with("P07", start)
    plan = posted_twice()
    with refused("NOTICE_PERIOD_RUNNING", plan):
        plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), occasion(last_day, under=under))
    day = date.fromordinal(last_day.toordinal() + 1)
    plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), occasion(day, under=under))
    period = recorded(plan, ProcedureInstance.NoticeCompleted).period
    assert period is not None
    assert period.ends_on == last_day


SEVEN = {"income_plan_days": 10, "appraisal_result_days": 7, "soft_notice_days": 3}


@pytest.mark.parametrize(
    ("day", "public"),
    # published on Thursday, 10 March 2022: seven days end on Thursday, 17 March
    [(date(2022, 3, 17), False), (date(2022, 3, 18), True), (date(2022, 3, 19), True)],
)
def test_appraisal_result_is_public_as_long_as_the_county_asks(day: date, *, public: bool) -> None:
    under = regulation_with("P08", SEVEN)
    asset = forwarded()
    paper = approval(approved_on=day)
    if public:
        approve(asset, occasion(day, under=under), paper)
        recorded(asset, Asset.DisposalApproved)
    else:
        with refused("NOTICE_PERIOD_RUNNING", asset, clause="C4.12-03"):
            approve(asset, occasion(day, under=under), paper)


def test_soft_notice_hangs_as_long_as_the_county_asks() -> None:
    plan = procedures.ready_to_distribute()
    carry_out(plan, "DISTRIBUTE", VILLAGE, occasion(date(2022, 3, 31)))
    plan.collect_events()
    sheet = posting("OWNER_LOCATION", VILLAGE, date(2022, 4, 6))
    under = regulation_with("P08", SEVEN)
    plan.post_notice("PUBLISH_USE", by(VILLAGE), sha(plan), sheet, occasion(date(2022, 4, 6), under=under))
    event = recorded(plan, ProcedureInstance.NoticePosted)
    assert (event.posted.days, event.completes) == (3, False)


def test_county_without_holidays_of_its_own_is_not_asked_for_them() -> None:
    national = regulation_with("P26", {"working_days": "NATIONAL"})
    first, last = date(2024, 1, 18), date(2024, 1, 29)
    assert regulation().on(DAY).clock.unconfirmed(first, last) == (2024,)
    assert national.on(DAY).clock.unconfirmed(first, last) == ()


# ---- what can be lifted (P25) --------------------------------------------------------------------------------------


def principles(*clauses: str) -> Regulation:
    requires = ["DOCUMENT", "REASON", "EXPIRY"]
    rule = {"granted_at_least_by": "COUNTY", "requires": requires, "in_principle_clauses": clauses}
    return regulation_with("P25", rule)


def test_exception_is_made_only_under_the_clauses_that_are_so_in_principle() -> None:
    asset = settled(in_use())
    lifting = override("WELL_OPERATING_NOT_DISPOSABLE")
    day = date(2022, 2, 1)
    strict = occasion(day, overrides=(lifting,), under=principles("C4.5-13", "C4.7-07"))
    with refused("WELL_OPERATING_NOT_DISPOSABLE", asset) as refusal:
        propose(asset, strict)
    assert (refusal.value.kind, refusal.value.lifted_by) == ("hard", None)
    propose(asset, occasion(day, overrides=(lifting,)))
    recorded(asset, Asset.DisposalProposed)


def test_county_may_take_another_clause_for_one_in_principle() -> None:
    lifting = override("OWNER_RULE_CONFLICT")
    paper = road_confirmation(owners=(share(TOWNSHIP, "360000.00"),), owner_kind="TOWNSHIP")
    asset = registered(road_card())
    with refused("OWNER_RULE_CONFLICT", asset, clause="C4.5-09"):
        asset.confirm_ownership(paper, occasion(overrides=(lifting,)))
    wider = principles("C4.5-09", "C4.5-13", "C4.7-07", "C4.12-01")
    asset.confirm_ownership(paper, occasion(overrides=(lifting,), under=wider))
    assert recorded(asset, Asset.OwnershipConfirmed).basis.overrides == (lifting,)


def test_exception_from_what_is_no_principle_does_not_hang_on_the_parameter() -> None:
    asset = settled(confirmed_road())
    lifting = override("MODE_NOT_ALLOWED_FOR_CLASS")
    paper = terms(signer=ROADS)
    sign(asset, paper, occasion(overrides=(lifting,), under=principles()))
    assert recorded(asset, Asset.Leased).basis.overrides == (lifting,)
