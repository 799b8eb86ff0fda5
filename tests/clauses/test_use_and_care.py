"""From acceptance to use, reports, upkeep, risks and who looks after it (前言, 三(三), 三(四), 四(三))."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.asset.facts.custody import Custody, Duty
from domain.asset.facts.ownership import OwnershipConfirmation
from domain.asset.facts.upkeep import MaintenancePlan
from tests.domain.saying import found, nothing, recorded, refused, warned
from tests.examples import (
    ASSET,
    DEPARTMENT,
    MANAGER,
    ROADS,
    TOWNSHIP,
    VILLAGE,
    acceptance,
    booking,
    confirmed,
    confirmed_road,
    county_decision,
    custody,
    disposed,
    imported,
    in_care,
    in_use,
    lamp_card,
    leased,
    maintenance,
    occasion,
    override,
    own_operation,
    registered,
    report,
    road_card,
    share,
    sign,
    supervision,
    terms,
    workshop_card,
    yuan,
)

LEGACY = acceptance(
    result="LEGACY",
    accepted_on=None,
    document_no=None,
    reason="2014年资料遗失",
    joint_review="JR-2021",
)


def register(**changes: Any) -> Asset:
    return Asset.register(ASSET, workshop_card(**changes), occasion())


# ---- addressees, acceptance, use -----------------------------------------------------------------------------------


@pytest.mark.clause("C0-03")
def test_a_farm_s_own_asset_waits_for_the_county_s_decision() -> None:
    """Treats farms as addressees: what a farm built for itself is a rule gap, confirmed by a county decision only."""
    card = road_card(implementer="653022400000", implementer_kind="FARM", funds_paid_to="FARM")
    advice = occasion().rules.ownership_of(card)
    assert (advice.rule, advice.rule_gap, advice.suggestion) == ("R10b", True, "FARM_CENTER")
    asset = registered(card)
    given: dict[str, Any] = {
        "owners": (share("653022400000", "360000.00"),),
        "owner_kind": "FARM",
        "verification_basis": "陶清核〔2021〕3号",
    }
    with refused("OWNER_RULE_GAP", asset):
        asset.confirm_ownership(OwnershipConfirmation(**given), occasion())
    asset.issue_county_decision(county_decision(), occasion())
    decided = OwnershipConfirmation(**given, county_decision=county_decision().document_no)
    asset.confirm_ownership(decided, occasion())
    assert (asset.owner_kind, asset.regime) == ("FARM", "STATE_ADMIN")


@pytest.mark.clause("C0-03")
def test_a_farm_does_not_get_a_single_village_s_workshop() -> None:
    """Refuses a farm as owner where the decision table names the village."""
    asset = registered()
    parts = (share("653022400000", "240000.00"),)
    paper = OwnershipConfirmation(
        owners=parts,
        owner_kind="FARM",
        income_right_holders=parts,
        ownership_basis="-",
        income_right_basis="-",
    )
    with refused("OWNER_RULE_CONFLICT", asset):
        asset.confirm_ownership(paper, occasion())


@pytest.mark.clause("C4.3-01")
def test_only_what_was_accepted_is_registered_and_used_from_then_on() -> None:
    """Registers accepted projects only, and puts nothing into use before its acceptance."""
    asset = register()
    with refused("DATE_ORDER"):
        asset.put_into_use(date(2019, 10, 14), occasion())
    asset.put_into_use(date(2019, 10, 15), occasion())
    assert asset.operation == "IN_USE"
    for given in (None, acceptance(result="FAILED")):
        with refused("ACCEPTANCE_REQUIRED", missing=["acceptance"]):
            register(acceptance=given)


@pytest.mark.clause("C4.3-01")
def test_old_stock_is_registered_on_the_joint_review_s_word() -> None:
    """Lets stock from before the regulation in without acceptance papers, with a reason and the joint review's word."""
    asset = register(acceptance=LEGACY)
    assert asset.card.acceptance == LEGACY
    with refused("DATE_ORDER"):
        asset.put_into_use(date(2019, 9, 29), occasion())
    for name in ("reason", "joint_review"):
        with refused("ACCEPTANCE_REQUIRED"):
            register(acceptance=LEGACY.model_copy(update={name: None}))
    finished = occasion().rules.first_day
    late = {"completion_date": finished, "acceptance": LEGACY}
    with refused("ACCEPTANCE_REQUIRED", missing=["acceptance.acceptedOn", "acceptance.documentNo"]):
        register(**late)
    assert register(**late | {"completion_date": finished - timedelta(days=1)}).card.acceptance == LEGACY
    history = Asset.register(ASSET, workshop_card(acceptance=acceptance(result="FAILED")), imported())
    assert found(recorded(history, Asset.Registered), "ACCEPTANCE_REQUIRED") == {"missing": ["acceptance"]}


@pytest.mark.clause("C3-08")
def test_the_condition_is_reported_and_a_disposed_asset_has_none() -> None:
    """Records how an asset is, with evidence and place; nothing is reported of one that is disposed of."""
    asset = in_use()
    for state in ("PARTLY_USED", "IDLE", "DAMAGED", "LOST", "IN_USE"):
        asset.report_status(report(state), occasion())
        assert asset.operation == state
    with refused("ASSET_DISPOSED"):
        disposed().report_status(report(on=date(2022, 6, 1)), occasion(date(2022, 6, 1)))


@pytest.mark.clause("C3-03")
def test_public_welfare_assets_are_not_let_unless_the_county_says_so() -> None:
    """Knows the modes of operation per class: none for public welfare (overridable), none at all for households."""
    asset = confirmed(
        lamp_card(),
        OwnershipConfirmation(
            owners=(share(VILLAGE, "80000.00"),), owner_kind="VILLAGE", verification_basis="陶清核〔2021〕3号"
        ),
    )
    with refused("MODE_NOT_ALLOWED_FOR_CLASS", asset):
        sign(asset, terms(), occasion())
    lifted = occasion(overrides=(override("MODE_NOT_ALLOWED_FOR_CLASS"),))
    sign(asset, terms(), lifted)
    assert recorded(asset, Asset.Leased).basis.overrides[0].code == "MODE_NOT_ALLOWED_FOR_CLASS"


# ---- books and upkeep ----------------------------------------------------------------------------------------------


@pytest.mark.clause("C4.3-13")
def test_every_asset_has_a_row_of_its_own_and_is_booked_at_its_value() -> None:
    """Books an asset at its original value or confirmed share, and takes no lot without its list."""
    asset = registered()
    asset.book(booking(), occasion())
    assert asset.booked == {VILLAGE: asset.card.original_value}
    with refused("BOOKED_AMOUNT_MISMATCH"):
        registered().book(booking(amount=yuan("1.00")), occasion())
    with refused("ITEM_LIST_REQUIRED", missing=["items"]):
        register(unit_of_measure="批", quantity=Decimal(1))


def plan(**changes: Any) -> MaintenancePlan:
    given: dict[str, Any] = {
        "interval_days": 180,
        "starts_on": date(2021, 1, 1),
        "content": "清洗灯具、检查蓄电池",
    }
    return MaintenancePlan(**(given | changes))


@pytest.mark.clause("C4.3-14")
def test_upkeep_is_planned_and_done() -> None:
    """Keeps a plan of upkeep with its interval beside the upkeep that was done; none lies ahead."""
    asset = registered(lamp_card())
    asset.plan_maintenance(plan(), occasion())
    assert recorded(asset, Asset.MaintenancePlanned).plan == plan()
    asset.plan_maintenance(plan(), occasion())
    nothing(asset)
    asset.plan_maintenance(plan(interval_days=90), occasion())
    assert asset.maintenance_plan == plan(interval_days=90)
    with refused("DATE_IN_FUTURE"):
        asset.maintain(maintenance(done_on=date(2031, 1, 1)), occasion())
    with refused("ASSET_DISPOSED"):
        disposed().plan_maintenance(plan(), occasion(date(2022, 6, 1)))


# ---- care ----------------------------------------------------------------------------------------------------------


@pytest.mark.clause("C4.3-15")
def test_a_contract_settles_daily_custody_by_a_clause_or_a_rule() -> None:
    """Signs a contract only when a clause or a linked rule document settles daily custody."""
    without = {key: text for key, text in terms().clauses.items() if key != "custody"}
    asset = in_care()
    with refused("CONTRACT_CLAUSE_MISSING", asset, missing=["custody"]):
        sign(asset, terms(clauses=without), occasion())
    sign(asset, terms(clauses=without, custody_rule_document="村管护〔2021〕1号"), occasion())
    assert recorded(asset, Asset.Leased).terms.custody_rule_document == "村管护〔2021〕1号"
    assert leased().regions()["CONTRACT"] == "ACTIVE"


@pytest.mark.clause("C4.3-16")
def test_own_operation_needs_a_rule_and_a_named_custodian() -> None:
    """Starts own operation only with a custody rule document and a person named for daily custody."""
    own = terms(
        mode="SELF_OPERATED", custody_rule_document="村管护〔2021〕1号", own_operation=own_operation()
    )
    with refused("CUSTODIAN_REQUIRED", missing=["custody.duties"]):
        sign(in_use(), own, occasion())
    asset = in_care()
    sign(asset, own, occasion())
    assert recorded(asset, Asset.OperatingContractSigned).terms.mode == "SELF_OPERATED"
    bare = {key: text for key, text in own.clauses.items() if key != "custody"}
    with refused("OPERATION_TERMS_MISSING", missing=["custody"]):
        sign(in_care(), own.model_copy(update={"clauses": bare, "custody_rule_document": None}), occasion())


@pytest.mark.clause("C4.3-02", "C4.3-18")
def test_the_township_supervises_what_its_villages_own() -> None:
    """Names the township among the supervisors of a village's asset by default, and the owner as accountable."""
    advice = leased().care_advice(occasion())
    assert (advice.rule, advice.custodians) == ("T7-SINGLE", ("O-1",))
    assert advice.supervisors == (VILLAGE, TOWNSHIP)
    assert advice.accountable == (VILLAGE,)
    assert "C4.3-18" in advice.clauses
    road = confirmed_road().care_advice(occasion())
    assert (road.custodians, road.supervisors) == ((ROADS,), ("RURAL_REVITALIZATION",))


@pytest.mark.clause("C4.3-18", "C4.3-16")
def test_own_operation_puts_the_village_in_care_and_the_township_above() -> None:
    """Advises the village as custodian and the township as supervisor of what the village runs itself."""
    asset = in_care()
    own = terms(
        mode="SELF_OPERATED", custody_rule_document="村管护〔2021〕1号", own_operation=own_operation()
    )
    sign(asset, own, occasion())
    advice = asset.care_advice(occasion())
    assert (advice.rule, advice.custodians, advice.supervisors) == ("T7-SINGLE-SELF", (VILLAGE,), (TOWNSHIP,))
    assert advice.warning == "SUPERVISOR_IS_CUSTODIAN"


@pytest.mark.clause("C4.3-02")
def test_custody_without_any_supervisor_is_refused() -> None:
    """Refuses custody of an asset for which no supervising unit is named or follows from the table."""
    asset = confirmed()
    asset.assign_custody(custody(), occasion(date(2021, 9, 15)))
    assert asset.supervision == ()
    lost = confirmed()
    lost.owner_kind = "PERSON"  # a kind of owner no row of the table knows
    with refused("SUPERVISOR_REQUIRED", lost, missing=["supervision"]):
        lost.assign_custody(custody(), occasion(date(2021, 9, 15)))
    lost.assign_supervision(supervision(), occasion(date(2021, 9, 15)))
    lost.assign_custody(custody(), occasion(date(2021, 9, 15)))
    assert lost.custody == custody()


@pytest.mark.clause("C4.10-02")
def test_late_custody_is_done_and_reported() -> None:
    """Reports custody that is assigned more than 30 days after the confirmation (P32)."""
    in_time, late = confirmed(), confirmed()
    in_time.assign_custody(custody(), occasion(date(2021, 10, 1)))
    assert recorded(in_time, Asset.CustodyAssigned).basis.warnings == ()
    late.assign_custody(custody(), occasion(date(2021, 10, 2)))
    assert warned(recorded(late, Asset.CustodyAssigned), "CUSTODY_OVERDUE") == {"due": "2021-10-01"}
    more = (*custody().duties, Duty(person="P-9", duty="MANAGER"))
    late.assign_custody(custody(duties=more), occasion(date(2022, 1, 1)))
    assert recorded(late, Asset.CustodyAssigned).basis.warnings == ()


def test_provisional_custody_needs_no_supervisor_and_is_never_late() -> None:
    asset = registered()
    provisional = Custody(
        custodian=DEPARTMENT,
        responsible_unit=DEPARTMENT,
        duties=(Duty(person=MANAGER, duty="MANAGER"),),
        provisional=True,
    )
    asset.assign_custody(provisional, occasion())
    assert recorded(asset, Asset.CustodyAssigned).custody == provisional


# ---- risks ---------------------------------------------------------------------------------------------------------


@pytest.mark.clause("C0-01")
@pytest.mark.parametrize("kind", ["IDLE", "WASTED", "LOST", "DAMAGED", "TITLE_UNCLEAR"])
def test_each_of_the_five_risks_is_flagged_once(kind: str) -> None:
    """Flags the five losses the regulation wants avoided, at most one open flag of a kind per asset."""
    asset = confirmed()
    asset.flag_risk(kind, "现场发现", occasion())
    assert recorded(asset, Asset.RiskFlagged).kind == kind
    with refused("RISK_ALREADY_OPEN", asset):
        asset.flag_risk(kind, "再次发现", occasion())
    with refused("UNKNOWN_RISK_KIND", asset):
        asset.flag_risk("OTHER", "其他", occasion())
    if kind != "TITLE_UNCLEAR":
        asset.clear_risk(kind, "已整改", occasion())
        assert asset.risks == {}
