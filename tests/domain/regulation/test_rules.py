"""What the rules answer about types, units, contracts, custody, disposal and the life of an asset."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest

import domain
import projections
import service
from domain.refusals import Refusal
from domain.regulation import Rules, needed, rows
from domain.regulation.parameters import TYPES
from domain.values import Fen
from tests.domain.saying import refused

PW, OP, HH = "PUBLIC_WELFARE", "OPERATING", "HOUSEHOLD"
CONTRACTS = ["CONTRACTED", "LEASED", "ENTRUSTED", "JOINT_OPERATION", "EQUITY", "RESTRUCTURED"]


def code_of(call, *args, **kwargs) -> str:
    with pytest.raises(Refusal) as refusal:
        call(*args, **kwargs)
    return refusal.value.code


# ---- types and units (T2, T8) --------------------------------------------------------------------------------------


def test_a_type_belongs_to_its_class_and_subclass(rules: Rules) -> None:
    road = rules.classify(PW, "INFRASTRUCTURE", "ROAD")
    assert (road.zh, road.needs_loan_ref) == ("道路", False)
    assert rules.classify(OP, None, "PV_PLANT").code == "PV_PLANT"
    assert rules.classify(HH, None, "MICROCREDIT_BIO").needs_loan_ref


def test_a_public_welfare_asset_names_its_subclass(rules: Rules) -> None:
    with pytest.raises(Refusal) as refusal:
        rules.classify(PW, None, "ROAD")
    assert (refusal.value.code, refusal.value.missing) == ("SUBCLASS_REQUIRED", ("subclass",))
    assert refusal.value.params["expected"] == "INFRASTRUCTURE"


@pytest.mark.parametrize(
    ("asset_class", "subclass", "asset_type"),
    [
        (OP, None, "ROAD"),
        (PW, "PUBLIC_SERVICE", "ROAD"),
        (OP, "INFRASTRUCTURE", "PV_PLANT"),
        (HH, None, "WORKSHOP"),
    ],
)
def test_a_type_of_another_class_is_refused(
    rules: Rules, asset_class: str, subclass: str, asset_type: str
) -> None:
    assert code_of(rules.classify, asset_class, subclass, asset_type) == "TYPE_CLASS_MISMATCH"


def test_unknown_codes_are_refused(rules: Rules) -> None:
    assert code_of(rules.classify, "LAND", None, "ROAD") == "CODE_UNKNOWN"
    assert code_of(rules.classify, PW, None, "BRIDGE") == "CODE_UNKNOWN"
    assert code_of(rules.unit_of_measure, "里") == "CODE_UNKNOWN"
    assert code_of(rules.chain, "A99") == "CODE_UNKNOWN"
    assert code_of(rules.external_system, "SYS_X") == "CODE_UNKNOWN"


def test_the_category_tree_has_the_named_types(rules: Rules) -> None:
    types = rules.table("asset_types.type", rows.AssetType)

    def named(asset_class: str, subclass: str | None, *, sub_types: bool) -> int:
        return sum(
            (row.asset_class, row.subclass, row.parent is not None) == (asset_class, subclass, sub_types)
            and not row.code.startswith("MICROCREDIT")
            and row.code not in {"INFRA_OTHER", "PUBSERV_OTHER", "OPERATING_OTHER"}
            for row in types
        )

    assert (named(PW, "INFRASTRUCTURE", sub_types=False), named(PW, "INFRASTRUCTURE", sub_types=True)) == (
        6,
        4,
    )
    assert named(PW, "PUBLIC_SERVICE", sub_types=False) == 5
    assert (named(OP, None, sub_types=False), named(OP, None, sub_types=True)) == (10, 3)
    assert named(HH, None, sub_types=False) == 10


def test_living_assets_are_not_depreciated(rules: Rules) -> None:
    types = rules.table("asset_types.type", rows.AssetType)
    managed = {row.code for row in types if row.asset_class != HH}
    assert {code for code in managed if not rules.depreciable(code)} == {"LIVESTOCK_OPERATING"}
    assert not any(rules.depreciable(row.code) for row in types if row.code not in managed)


def test_every_type_has_a_sector_department_and_sub_types_follow_their_parent(rules: Rules) -> None:
    sectors = {row.code for row in rules.organizations() if row.sector}
    for row in rules.table("asset_types.type", rows.AssetType):
        assert rules.line_department(row.code) in sectors
    assert rules.line_department("LINED_CANAL") == rules.line_department("IRRIGATION") == "WATER"
    assert rules.line_department("SATELLITE_FACTORY") == "COMMERCE"


def test_line_department_of_a_type_that_no_department_has_is_refused(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_lines", {})
    with refused("LINE_DEPT_UNMAPPED"):
        rules.line_department("ROAD")


def test_household_assets_are_only_registered(rules: Rules) -> None:
    assert rules.asset_class(HH).forbidden_code == "HOUSEHOLD_REGISTER_ONLY"


def test_a_lot_needs_the_list_of_its_items(rules: Rules) -> None:
    assert rules.unit_of_measure("批").needs_items
    assert not rules.unit_of_measure("公里").needs_items
    assert rules.unit_of_measure("头").whole
    assert not rules.unit_of_measure("亩").whole
    assert rules.unit_of_measure("千瓦").unit == "千瓦"
    with pytest.raises(Refusal, match="CODE_UNKNOWN"):
        rules.unit_of_measure("里")


def test_the_register_card_has_14_items(rules: Rules) -> None:
    assert [item.number for item in rules.table("register_card.item", rows.CardItem)] == list(range(1, 15))


# ---- organisations and words ---------------------------------------------------------------------------------------


def test_the_21_organisations_and_their_circles(rules: Rules) -> None:
    units = rules.organizations()
    assert sum(one.kind != "BODY" for one in units) == 21
    assert sum(one.sector for one in units) == 17
    assert sum(one.office_member for one in units) == 6
    assert {one.code for one in units if one.supervises} == {
        "DISCIPLINE",
        "AUDIT",
        "FINANCE",
        "AGRICULTURE",
        "RURAL_REVITALIZATION",
    }


@pytest.mark.parametrize("chain", ["A1", "A2"])
def test_four_departments_determine_inventories(rules: Rules, chain: str) -> None:
    (step,) = (one for one in rules.chain(chain).steps if one.code == "DETERMINE")
    assert set(step.all_of) == {"AGRICULTURE", "FINANCE", "DRC", "RURAL_REVITALIZATION"}


def test_the_lists_of_the_regulation(rules: Rules) -> None:
    assert rules.risk_kinds == {"IDLE", "WASTED", "LOST", "DAMAGED", "TITLE_UNCLEAR"}
    assert len(rules.income_uses) == 8
    assert rules.codes("INCOME_USE", "NEEDS_NAME") == {"OTHER"}
    assert len(rules.terms("VIOLATION")) == 8
    assert rules.principal_positions == {"PRINCIPAL", "VILLAGE_PARTY_SECRETARY"}
    assert rules.single_holder_positions == {
        "PRINCIPAL",
        "VILLAGE_PARTY_SECRETARY",
        "VILLAGE_DIRECTOR",
        "FIRST_SECRETARY",
        "RESIDENT_TEAM_LEADER",
    }
    with pytest.raises(KeyError):
        rules.terms("NO_SUCH_LIST")


# ---- parameters ----------------------------------------------------------------------------------------------------


def test_all_parameters_are_there_with_their_types(rules: Rules) -> None:
    assert sorted(TYPES) == [f"P{number:02d}" for number in range(1, 38) if number not in {15, 17}]
    for parameter in TYPES:
        assert rules.parameter_row(parameter).anchor
        assert not isinstance(rules.parameter_row(parameter).value, (float, str, dict)) or parameter in {
            "P02",
            "P07",
            "P28",
        }


def test_some_figures_of_the_county(rules: Rules) -> None:
    assert rules.parameters["P01"] == Fen(10_000_000)
    assert type(rules.parameters["P01"]) is Fen
    assert rules.parameters["P16"] == date(2013, 1, 1)
    assert rules.parameters["P19"] == 15
    assert rules.parameters["P22"] == 8000
    assert rules.parameters["P25"].requires == ("DOCUMENT", "REASON", "EXPIRY")
    assert rules.parameters["P34"].disposal_or_major_change == (2, 3)
    assert rules.parameters["P20"].days_before_departure == 90
    assert rules.parameters["P05"].min_signers == 3


# ---- operation (T6) ------------------------------------------------------------------------------------------------


def test_only_operating_assets_are_operated(rules: Rules) -> None:
    modes = [row.code for row in rules.table("operation_modes.mode", rows.OperationMode)]
    assert len(modes) == 8
    for mode in modes:
        assert rules.mode_allowed(OP, mode)
        assert not rules.mode_allowed(PW, mode)
        assert not rules.mode_allowed(HH, mode)
    assert not rules.mode_allowed(OP, "SOLD")
    assert rules.operation_mode("SOLD") is None


def test_a_lease_ends_after_twenty_years_at_the_latest(rules: Rules) -> None:
    terms = {mode: rules.operation_mode(mode).max_term_years for mode in CONTRACTS}  # type: ignore[union-attr]
    assert terms == {mode: 20 if mode == "LEASED" else None for mode in CONTRACTS}


def settled(rules: Rules, mode: str, scope: str) -> tuple[str, ...]:
    return tuple(row.key_name for row in rules.contract_clauses(mode, scope))


@pytest.mark.parametrize("mode", CONTRACTS)
def test_a_contract_settles_eight_things_and_two_more_across_villages(rules: Rules, mode: str) -> None:
    single = settled(rules, mode, "SINGLE_VILLAGE")
    assert single == (
        "responsibility", "target", "income", "mode", "term", "incomeDistribution", "riskControl", "custody",
    )  # fmt: skip
    assert settled(rules, mode, "CROSS_VILLAGE") == (*single, "rewardPenalty", "charter")


def test_own_operation_states_four_things(rules: Rules) -> None:
    for scope in ("SINGLE_VILLAGE", "CROSS_VILLAGE"):
        assert settled(rules, "SELF_OPERATED", scope) == (
            "responsibility",
            "target",
            "income",
            "custody",
        )
    assert settled(rules, "PLATFORM", "SINGLE_VILLAGE") == ()


# ---- custody (T7) --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asset_class", "scope", "owner", "operator", "own", "code", "custodian", "gap"),
    [
        (PW, "SINGLE_VILLAGE", "VILLAGE", False, False, "T7-PW", "OWNER", False),
        (PW, "CROSS_VILLAGE", "TOWNSHIP", False, False, "T7-PW", "OWNER", False),
        (PW, "OTHER", "DEPARTMENT", False, False, "T7-PW-DEPT", "OWNER", False),
        (PW, "OTHER", "FARM", False, False, "T7-PW-FARM", "OWNER", True),
        (OP, "SINGLE_VILLAGE", "VILLAGE", True, False, "T7-SINGLE", "OPERATOR", False),
        (OP, "SINGLE_VILLAGE", "VILLAGE", False, True, "T7-SINGLE-SELF", "OWNER", False),
        (OP, "CROSS_VILLAGE", "VILLAGE", True, False, "T7-CROSS", "OPERATOR", False),
        (OP, "CROSS_VILLAGE", "VILLAGE", False, False, "T7-CROSS-IDLE", "OWNER", True),
        (OP, "JOINT_VILLAGE", "VILLAGE", True, False, "T7-JOINT", "OPERATOR_OR_OWNER", True),
        (OP, "SINGLE_VILLAGE", "VILLAGE", False, False, "T7-VILLAGE-OTHER", "OPERATOR_OR_OWNER", True),
        (OP, "SINGLE_VILLAGE", "TOWNSHIP", True, False, "T7-OP-TOWNSHIP", "OPERATOR_OR_OWNER", True),
        (OP, "SINGLE_VILLAGE", "DEPARTMENT", True, False, "T7-OP-DEPT", "OPERATOR_OR_OWNER", True),
        (HH, None, "HOUSEHOLD", False, False, "T7-HH", "HOUSEHOLD", False),
    ],
)
def test_custody(
    rules: Rules,
    asset_class: str,
    scope: str,
    owner: str,
    operator: bool,
    own: bool,
    code: str,
    custodian: str,
    gap: bool,
) -> None:
    row = rules.custody(asset_class, scope, owner, operator_present=operator, self_operated=own)
    assert (row.code, row.custodian, row.rule_gap) == (code, custodian, gap)


def test_the_two_kinds_of_first_are_different_offices(rules: Rules) -> None:
    welfare = rules.custody(PW, "SINGLE_VILLAGE", "VILLAGE", operator_present=False, self_operated=False)
    operating = rules.custody(OP, "SINGLE_VILLAGE", "VILLAGE", operator_present=True, self_operated=False)
    assert (welfare.first_responsible, welfare.first_supervisor) == ("PRINCIPAL_OF_OWNER", None)
    assert (operating.first_responsible, operating.first_supervisor) == (None, "VILLAGE_PARTY_SECRETARY")


def test_a_village_that_operates_itself_supervises_itself_with_a_warning(rules: Rules) -> None:
    row = rules.custody(OP, "SINGLE_VILLAGE", "VILLAGE", operator_present=False, self_operated=True)
    assert row.warning == "SUPERVISOR_IS_CUSTODIAN"


def test_an_entrusted_household_asset_is_kept_by_the_operator(rules: Rules) -> None:
    row = rules.custody(HH, None, "HOUSEHOLD", operator_present=True, self_operated=False, entrusted=True)
    assert (row.custodian, row.article) == ("OPERATOR", "C4.6-10")


def test_custody_of_nobodys_asset_is_a_gap(rules: Rules) -> None:
    code = code_of(rules.custody, OP, None, "HOUSEHOLD", operator_present=False, self_operated=False)
    assert code == "RULE_GAP"


# ---- disposal (P01–P05) --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fen", "major"), [(9_999_999, False), (10_000_000, True), (10_000_001, True), (0, False)]
)
def test_the_threshold_is_inclusive(rules: Rules, fen: int, major: bool) -> None:
    assert rules.is_major_disposal(Fen(fen)) is major


def test_a_scrapped_plant_does_not_slip_under_the_threshold(rules: Rules) -> None:
    value = rules.disposal_value(
        appraised=0, net_book_value=500_000_000, original_value=900_000_000, expected_price=0
    )
    assert value == Fen(500_000_000)
    assert type(value) is Fen
    appraised = rules.disposal_value(appraised=7, net_book_value=5, original_value=9, expected_price=8)
    assert appraised == 7


@pytest.mark.parametrize(
    ("owner", "levels", "small_approver", "small_filing"),
    [
        ("VILLAGE", ("TOWNSHIP", "AGRICULTURE"), "TOWNSHIP", "AGRICULTURE"),
        ("TOWNSHIP", ("FINANCE",), "FINANCE", None),
        ("DEPARTMENT", ("FINANCE",), "FINANCE", None),
        ("FARM", ("FINANCE",), "FINANCE", None),
    ],
)
def test_the_way_of_a_disposal(
    rules: Rules, owner: str, levels: tuple[str, ...], small_approver: str, small_filing: str | None
) -> None:
    major, small = rules.disposal_route(owner, 10_000_000), rules.disposal_route(owner, 9_999_999)
    assert (major.levels, major.approver) == (levels, "COUNTY_GOV")
    assert (small.levels, small.approver, small.filing) == ((), small_approver, small_filing)
    assert small.article == "C4.12-02"
    assert small.rule_gap == (owner == "FARM")


def test_nobody_disposes_of_a_household_asset(rules: Rules) -> None:
    assert code_of(rules.disposal_route, "HOUSEHOLD", 1) == "RULE_GAP"
    assert code_of(rules.disposal_route, "", 10**12) == "RULE_GAP"


def test_a_village_decides_on_a_disposal_first(rules: Rules) -> None:
    for chain in ("A14", "A14s"):
        meetings = [step for step in rules.chain(chain).steps if step.meeting is not None]
        assert [(step.code, step.only_for) for step in meetings] == [("DECISION", ("VILLAGE",))]


# ---- chains (T5) ---------------------------------------------------------------------------------------------------


def test_there_are_twenty_chains_and_the_hard_notices_are_these(rules: Rules) -> None:
    chains = rules.table("chains.chain", rows.Chain)
    assert {row.code for row in chains} == {*(f"A{number}" for number in range(1, 20)), "A14s"}
    hard = {
        (row.code, step.notice.period)
        for row in chains
        for step in row.steps
        if step.notice is not None and step.notice.force == "HARD"
    }
    assert hard == {("A5", "P06"), ("A8", "P08"), ("A14", None), ("A14s", None)}


def test_only_a_re_check_must_be_accepted(rules: Rules) -> None:
    filings = {step.code: step.filing.effect for step in rules.chain("A8").steps if step.filing is not None}
    assert filings == {"LINE_FILING": "OF_RECORD", "RECHECK": "RECHECK"}


# ---- life cycle (T11) ----------------------------------------------------------------------------------------------

CONFIRMED = {"TITLE": "CONFIRMED", "DISPOSAL": "NONE"}


def test_nothing_follows_a_disposal_but_corrections_and_proceeds(rules: Rules) -> None:
    gone = {"TITLE": "CONFIRMED", "DISPOSAL": "DISPOSED"}
    assert rules.guard("CORRECT", gone) is None
    assert rules.guard("PROCEEDS", gone) is None
    for action in (
        "CONTRACT",
        "STATUS_REPORT",
        "RISK",
        "DISPOSE",
        "MAINTENANCE",
        "DEPRECIATE",
        "BOOK",
        "TRANSFER",
    ):
        guard = rules.guard(action, gone)
        assert guard is not None
        assert guard.refusal == "ASSET_DISPOSED"


@pytest.mark.parametrize("title", ["UNCONFIRMED", "IN_PROCEDURE", "DISPUTED"])
def test_what_is_nobodys_is_neither_operated_nor_disposed_of(rules: Rules, title: str) -> None:
    regions = {"TITLE": title, "DISPOSAL": "NONE"}
    for action in ("CONTRACT", "DISTRIBUTE", "PROPOSE_DISPOSAL", "CUSTODY", "DEPRECIATE"):
        guard = rules.guard(action, regions)
        assert guard is not None
        assert (guard.refusal, guard.region) == ("OWNERSHIP_NOT_CONFIRMED", "TITLE")
        assert rules.guard(action, CONFIRMED) is None


def test_facts_of_an_unconfirmed_asset_are_never_refused(rules: Rules) -> None:
    for action in ("STATUS_REPORT", "RISK", "MAINTENANCE", "PROVISIONAL_CUSTODY", "CORRECT"):
        assert rules.guard(action, {"TITLE": "UNCONFIRMED", "DISPOSAL": "NONE"}) is None


@pytest.mark.parametrize("state", ["PROPOSED", "APPRAISED", "PUBLISHED", "FORWARDED", "APPROVED"])
def test_a_running_disposal_blocks_new_contracts_and_shares(rules: Rules, state: str) -> None:
    regions = {"TITLE": "CONFIRMED", "DISPOSAL": state}
    for action in ("CONTRACT", "CHANGE_CONTRACT", "CHANGE_SHARES", "CONFIRM_OWNERSHIP", "PROPOSE_DISPOSAL"):
        guard = rules.guard(action, regions)
        assert guard is not None
        assert guard.refusal == "DISPOSAL_IN_PROGRESS"
    assert rules.guard("DISPOSE", regions) is None


def test_what_the_service_names_in_the_tables_is_what_its_code_names() -> None:
    """`needed` holds every list and chain that the domain and the service ask for by name, and nothing else."""
    asked: dict[str, set[str]] = {"terms": set(), "codes": set(), "chain": set()}
    for package in (domain, service, projections):
        for path in Path(str(package.__file__)).parent.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                    first = node.args[0]
                    if (
                        node.func.attr in asked
                        and isinstance(first, ast.Constant)
                        and isinstance(first.value, str)
                    ):
                        asked[node.func.attr].add(first.value)
    by_variable = {"SUPERVISION_RULE", "MANAGEMENT_RULE", "SUPPORTING_RULE"}
    assert asked["terms"] | asked["codes"] | by_variable == needed.LISTS
    assert asked["chain"] | {"A1", "A2"} == needed.CODES["chains.chain"]
