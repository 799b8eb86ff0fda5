"""What keeps it all in order (五): leaders, rules, task lists, supervision, accountability."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
import pytest_asyncio

from domain.asset.asset import Asset
from domain.asset.facts.upkeep import ManagementRule
from domain.organization.duties import UnitRule
from domain.organization.organization import Organization
from domain.oversight.inspection import (
    Inspection,
    InspectionRecord,
    Rectification,
    RectificationVerification,
    SupervisionFinding,
)
from domain.oversight.violation import (
    Accountability,
    AnswerablePerson,
    Violation,
    ViolationCase,
    ViolationEstablishment,
)
from domain.regulation import rows
from domain.values import Fen
from tests.api.bodies import OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, road
from tests.api.departure.departing import kept_asset
from tests.api.organization.test_duties import compliance, confirmed as title_confirmed
from tests.api.service import COUNTY, Service, new_code, running
from tests.clauses.test_unit_duties import unit
from tests.domain.saying import nothing, recorded, refused
from tests.examples import MANAGER, SUCCESSOR, confirmed, county_decision, occasion, registered, settled

DAY = date(2022, 3, 1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(module_database_url: str) -> AsyncIterator[Service]:
    """One service for the module."""
    async with running(module_database_url) as found:
        yield found


def unit_rule(kind: Any, topic: str, **changes: Any) -> UnitRule:
    given = {"title": "办法", "document_no": f"{topic}1号", "effective_from": date(2022, 1, 1)}
    return UnitRule(kind=kind, topic=topic, **(given | changes))


# ---- leaders and rules ---------------------------------------------------------------------------------------------


@pytest.mark.clause("C5.3-02", "C5.5-01")
def test_a_unit_has_rules_of_management_and_rules_that_support_them() -> None:
    """Keeps a unit's rules on the five topics of management and the seven that support them, each list by itself."""
    one, at = unit(), occasion(DAY)
    management, supporting = (at.rules.codes(kind) for kind in ("MANAGEMENT_RULE", "SUPPORTING_RULE"))
    assert (len(management), len(supporting)) == (5, 7)
    for kind, topics in (("MANAGEMENT_RULE", management), ("SUPPORTING_RULE", supporting)):
        for topic in sorted(topics):
            one.adopt_rule(unit_rule(kind, topic), occasion(DAY))
    one.adopt_rule(unit_rule(None, "INCOME"), occasion(DAY))
    assert len(one.unit_rules) == 13
    assert one.unit_rules["INCOME"] != one.unit_rules["MANAGEMENT_RULE/INCOME"]
    for kind, topic in (("MANAGEMENT_RULE", "USE"), ("SUPPORTING_RULE", "ACCOUNTING")):
        with refused("CODE_UNKNOWN", one):
            one.adopt_rule(unit_rule(kind, topic), occasion(DAY))


@pytest.mark.clause("C5.5-01")
def test_a_pilot_of_rewards_needs_the_unit_s_own_rule_on_it() -> None:
    """Begins the pilot of rewards from small operating assets only with the unit's own rule on it in force."""
    one = unit()
    with refused("SUPPORTING_RULE_REQUIRED", one, missing=["SMALL_ASSET_INCENTIVE"], clause="C5.5-01"):
        one.enable_incentive_pilot("试1号", occasion(DAY))
    later = unit_rule("SUPPORTING_RULE", "SMALL_ASSET_INCENTIVE", effective_from=date(2022, 3, 2))
    one.adopt_rule(later, occasion(DAY))
    one = settled(one)
    with refused("SUPPORTING_RULE_REQUIRED", one):
        one.enable_incentive_pilot("试1号", occasion(DAY))
    one.enable_incentive_pilot("试1号", occasion(date(2022, 3, 2)))
    assert recorded(one, Organization.IncentivePilotEnabled).document_no == "试1号"
    assert one.incentive_pilot_since == date(2022, 3, 2)
    one.enable_incentive_pilot("试2号", occasion(date(2022, 3, 3)))
    nothing(one)


@pytest.mark.clause("C5.1-02")
def test_a_decision_of_the_county_has_its_number() -> None:
    """Takes a decision of the county's government only with its document number."""
    asset = registered()
    with refused("DOC_NO_REQUIRED", asset, missing=["documentNo"]):
        asset.issue_county_decision(county_decision(document_no=None), occasion())


@pytest.mark.clause("C5.1-03")
def test_every_type_has_its_sector_department() -> None:
    """Derives the sector department of an asset from its type."""
    rules = occasion().rules
    assert (rules.line_department("ROAD"), rules.line_department("HEALTH")) == ("TRANSPORT", "HEALTH")
    sectors = {one.code for one in rules.organizations() if one.sector}
    for row in rules.table("asset_types.type", rows.AssetType):
        assert rules.line_department(row.code) in sectors


@pytest.mark.clause("C5.3-01")
def test_an_owner_has_a_rule_for_each_asset() -> None:
    """Keeps each owner's own rule for the asset, and takes none of somebody who does not own it."""
    owned = confirmed()
    (owner,) = owned.accountable_parties
    given = {"title": "管护制度", "document_no": "村制1号", "effective_from": date(2022, 1, 1)}
    with refused("OWNERSHIP_NOT_CONFIRMED"):
        registered().adopt_management_rule(ManagementRule(owner=owner, **given), occasion())
    with refused("RULE_OWNER_MISMATCH", owned, clause="C5.3-01"):
        owned.adopt_management_rule(ManagementRule(owner="653022202209", **given), occasion())
    rule = ManagementRule(owner=owner, **given)
    owned.adopt_management_rule(rule, occasion())
    assert recorded(owned, Asset.ManagementRuleAdopted).management_rule == rule
    owned.adopt_management_rule(rule, occasion())
    nothing(owned)


# ---- supervision ---------------------------------------------------------------------------------------------------


def inspection(**changes: Any) -> Inspection:
    given: dict[str, Any] = {
        "organ": "AUDIT",
        "inspector": SUCCESSOR,
        "unit": TOWNSHIP,
        "inspected_on": date(2022, 3, 1),
        "subject": "扶贫资产管理专项检查",
    }
    return Inspection.record_inspection("IN-1", InspectionRecord(**(given | changes)), occasion(DAY))


FOUND = SupervisionFinding(finding="1", text="账实不符", clause="C4.6-02")
ORDER = Rectification(finding="1", measures="限期核实", document_no="整1号", due_on=date(2022, 4, 1))


@pytest.mark.clause("C5.4-01")
def test_what_supervision_finds_is_open_until_it_is_seen_mended() -> None:
    """Records what a supervising organ found and ordered, and keeps it open until the organ has seen it mended."""
    one = inspection()
    assert recorded(one, Inspection.Recorded).inspected.organ == "AUDIT"
    one.raise_finding(FOUND, occasion(DAY))
    assert recorded(one, Inspection.FindingRaised).supervision_finding == FOUND
    one.raise_finding(FOUND, occasion(DAY))
    nothing(one)
    with refused("ALREADY_EXISTS", one):
        one.raise_finding(FOUND.model_copy(update={"text": "另一问题"}), occasion(DAY))
    seen = RectificationVerification(
        finding="1", outcome="NOT_RECTIFIED", verified_by=SUCCESSOR, verified_on=date(2022, 4, 2)
    )
    with refused("STEP_OUT_OF_ORDER", one, clause="C5.4-01"):
        one.verify_rectification(seen, occasion(date(2022, 4, 2)))
    with refused("DATE_ORDER", one):
        early = ORDER.model_copy(update={"due_on": date(2022, 2, 1)})
        one.order_rectification(early, occasion(DAY))
    with refused("NOT_FOUND", one):
        one.order_rectification(ORDER.model_copy(update={"finding": "9"}), occasion(DAY))
    one.order_rectification(ORDER, occasion(DAY))
    assert recorded(one, Inspection.RectificationOrdered).rectification == ORDER
    one.verify_rectification(seen, occasion(date(2022, 4, 2)))
    assert recorded(one, Inspection.RectificationVerified).verified == seen
    assert one.open_findings() == ("1",)
    one.verify_rectification(seen.model_copy(update={"outcome": "RECTIFIED"}), occasion(date(2022, 4, 9)))
    assert one.open_findings() == ()
    with refused("STEP_OUT_OF_ORDER"):
        one.order_rectification(ORDER, occasion(DAY))
    with refused("AUDITOR_NOT_INDEPENDENT", clause="C5.4-01"):
        inspection(unit="AUDIT")


def violation(kind: str = "FALSE_CLAIM", **changes: Any) -> Violation:
    given: dict[str, Any] = {
        "kind": kind,
        "happened_on": date(2020, 5, 10),
        "unit": TOWNSHIP,
        "amount": Fen(5_000_00),
        "text": "虚报面积",
    }
    return Violation(**(given | changes))


ANSWERABLE = (AnswerablePerson(person=MANAGER, duty="PRINCIPAL", organization=TOWNSHIP, post="PRINCIPAL"),)
DECIDED = ViolationEstablishment(
    upheld=True, decided_by="AUDIT", decided_on=date(2021, 9, 1), document_no="认1号", facts="属实"
)
MEASURE = Accountability(
    person=MANAGER, measure="警告", decided_by="DISCIPLINE", decided_on=date(2021, 10, 1), document_no="处1号"
)


@pytest.mark.clause("C5.4-02")
def test_a_violation_is_established_before_anybody_answers_for_it() -> None:
    """Takes reports of the eight violations in, and holds persons to account only for what was established."""
    kinds = occasion().rules.codes("VIOLATION")
    assert len(kinds) == 8
    with refused("VIOLATION_CODE_UNKNOWN", clause="C5.4-02"):
        ViolationCase.report("VC-1", violation("RUDENESS"), (), occasion())
    case = ViolationCase.report("VC-1", violation(), ANSWERABLE, occasion())
    assert recorded(case, ViolationCase.Reported).answerable == ANSWERABLE
    with refused("STEP_OUT_OF_ORDER", case, clause="C5.4-02"):
        case.hold_to_account(MEASURE, occasion())
    with refused("DATE_ORDER", case):
        case.establish(DECIDED.model_copy(update={"decided_on": date(2020, 5, 9)}), occasion())
    case.establish(DECIDED, occasion())
    assert recorded(case, ViolationCase.Established).establishment == DECIDED
    case.establish(DECIDED, occasion())
    nothing(case)
    with refused("STEP_OUT_OF_ORDER", case):
        case.establish(DECIDED.model_copy(update={"upheld": False}), occasion())
    case.hold_to_account(MEASURE, occasion())
    assert recorded(case, ViolationCase.AccountabilityDecided).accountability == MEASURE
    unfounded = ViolationCase.report("VC-2", violation(), (), occasion())
    unfounded.establish(DECIDED.model_copy(update={"upheld": False}), occasion())
    assert unfounded.state == "UNFOUNDED"
    with refused("STEP_OUT_OF_ORDER"):
        unfounded.hold_to_account(MEASURE, occasion())


# ---- over HTTP -----------------------------------------------------------------------------------------------------


@pytest.mark.clause("C5.1-01", "C5.3-02", "C5.5-01")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_unit_s_health_check_names_leader_and_rules_that_are_missing(service: Service) -> None:
    """Reports which unit has no principal on a day, and which topic it has no rule on."""
    before = await compliance(service, OTHER_TOWNSHIP, "2022-02-28")
    assert before["C5.1-01"]["warning"]["code"] == "PRINCIPAL_VACANT"
    assert (len(before["C5.3-02"]["missing"]), len(before["C5.5-01"]["missing"])) == (5, 7)
    unit_ = f"/v1/organizations/{OTHER_TOWNSHIP}"
    post = {
        "position": "PRINCIPAL",
        "person": await service.person(OTHER_TOWNSHIP),
        "since": "2022-03-01",
        "documentNo": "任1号",
    }
    await service.write(f"{unit_}/appointments", post, "personnel")
    for topic in ("ACCOUNTING", "REGISTRATION", "OPERATION", "INCOME"):
        rule = {
            "kind": "MANAGEMENT_RULE",
            "topic": topic,
            "title": "办法",
            "documentNo": f"乡制{topic}",
            "effectiveFrom": "2022-01-01",
        }
        await service.write(f"{unit_}/rules", {"rule": rule}, "neighbour")
    after = await compliance(service, OTHER_TOWNSHIP, "2022-03-01")
    assert after["C5.1-01"]["fulfilled"] is True
    assert (await compliance(service, OTHER_TOWNSHIP, "2022-02-28"))["C5.1-01"]["fulfilled"] is False
    fifth = after["C5.3-02"]
    assert (fifth["missing"], fifth["warning"]["code"]) == (["DISPOSAL"], "UNIT_RULE_MISSING")
    pilot = await service.post(f"{unit_}/incentive-pilot", {"documentNo": "试1号"}, "neighbour")
    assert (pilot.status_code, pilot.json()["code"]) == (409, "SUPPORTING_RULE_REQUIRED")


@pytest.mark.clause("C5.2-01")
@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_overdue_for_a_month_is_the_superior_s_matter_too(service: Service) -> None:
    """Puts every duty that is more than thirty days overdue on the superior unit's worklist as well."""
    asset = new_code()
    card = road(implementer=VILLAGE, implementerKind="VILLAGE", villageUse=True, fundsPaidTo="VILLAGE")
    await service.write("/v1/assets", {"asset": asset, "card": card, "occurredOn": "2021-07-15"})

    async def waits(unit: str, on: str) -> list[dict[str, Any]]:
        asked = {"on": on, "task": "STATUS_REPORT", "limit": 1000, "min_position": await service.head()}
        found = await service.read(f"/v1/organizations/{unit}/worklist", **asked)
        return [one for one in found["tasks"] if one["subject"] == asset]

    (task,) = await waits(VILLAGE, "2022-01-20")
    assert (task["dueOn"], task["escalatedTo"]) == ("2022-01-13", [])
    (task,) = await waits(VILLAGE, "2022-02-12")
    assert task["escalatedTo"] == []
    (task,) = await waits(VILLAGE, "2022-02-13")
    assert task["escalatedTo"] == [TOWNSHIP]
    (higher,) = await waits(TOWNSHIP, "2022-02-13")
    assert higher == task


@pytest.mark.clause("C5.3-01")
@pytest.mark.asyncio(loop_scope="module")
async def test_coverage_says_how_many_of_an_owner_s_assets_have_a_rule(service: Service) -> None:
    """Reports per owner how many of its assets have a rule of its own in force."""
    keeper = await service.person(VILLAGE)
    assets = [await kept_asset(service, keeper) for _ in range(2)]
    rule = {"owner": TOWNSHIP, "title": "管护制度", "documentNo": "乡制1号", "effectiveFrom": "2022-01-01"}
    path = f"/v1/assets/{assets[0]}/management-rules"
    strange = await service.post(path, {"managementRule": rule | {"owner": VILLAGE}}, version=3)
    assert (strange.status_code, strange.json()["code"]) == (409, "RULE_OWNER_MISMATCH")

    async def coverage(on: str) -> tuple[int, int, str]:
        head = await service.head()
        rows = await service.read("/v1/ledgers/asset-duties/rule-coverage", on=on, min_position=head)
        (row,) = (one for one in rows if one["unit"] == TOWNSHIP)
        return row["assets"], row["covered"], row["coverage"]

    owned, covered, _ = await coverage("2022-01-01")
    await service.write(path, {"managementRule": rule}, version=3)
    assert await coverage("2021-12-31") == (owned, covered, f"{100 * covered / owned:.2f}")
    assert await coverage("2022-01-01") == (owned, covered + 1, f"{100 * (covered + 1) / owned:.2f}")


@pytest.mark.clause("C5.4-01")
@pytest.mark.asyncio(loop_scope="module")
async def test_who_supervises_reads_all_and_changes_no_asset(service: Service) -> None:
    """Lets a supervising organ read every asset, records that it did, and refuses it every change of an asset's record."""
    asset = await kept_asset(service, await service.person(VILLAGE))
    for who in ("auditor", "reader"):
        assert (await service.get(f"/v1/assets/{asset}/events", who)).status_code == 200
    kept = await service.app.state.readings.page(COUNTY, 0, None, 10_000)
    (line,) = (one for one in kept if one["subject"] == f"/v1/assets/{asset}/events")
    assert (line["organization"], line["operation"]) == ("AUDIT", "read_asset_events")
    forbidden = await service.post("/v1/assets", {"asset": new_code(), "card": road()}, "auditor")
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "ROLE_READ_ONLY")
    inspected = {
        "organ": "AUDIT",
        "inspector": await service.person("AUDIT"),
        "unit": TOWNSHIP,
        "inspectedOn": "2022-03-01",
        "subject": "专项检查",
        "assets": [asset],
    }
    made = await service.write("/v1/inspections", {"inspected": inspected}, "auditor")
    path = f"/v1/inspections/{made['id']}"
    finding = {"supervisionFinding": {"finding": "1", "text": "账实不符", "asset": asset}}
    await service.write(f"{path}/findings", finding | {"occurredOn": "2022-03-01"}, "auditor")
    order = {"finding": "1", "measures": "核实", "documentNo": "整1号", "dueOn": "2022-04-01"}
    on = {"occurredOn": "2022-03-02"}
    await service.write(f"{path}/rectifications", {"rectification": order} | on, "auditor")
    ledger = "/v1/ledgers/supervision-findings"

    async def late(on: str) -> list[str]:
        asked = {"unit": TOWNSHIP, "overdue": True, "on": on, "min_position": await service.head()}
        rows = (await service.read(ledger, **asked))["rows"]
        return [row["finding"] for row in rows if row["inspection"] == made["id"]]

    assert (await late("2022-04-01"), await late("2022-04-02")) == ([], ["1"])
    seen = {
        "finding": "1",
        "outcome": "RECTIFIED",
        "verifiedBy": inspected["inspector"],
        "verifiedOn": "2022-04-10",
    }
    done = await service.write(f"{path}/verifications", {"verified": seen}, "auditor")
    assert (done["resource"]["openFindings"], await late("2022-05-01")) == ([], [])
    shown = await service.read(path)
    assert shown["resource"]["states"] == {"1": "RECTIFIED"}
    clerk = await service.post(f"{path}/findings", finding, "clerk")
    assert (clerk.status_code, clerk.json()["code"]) == (403, "ROLE_NOT_ALLOWED")


@pytest.mark.clause("C5.4-02")
@pytest.mark.asyncio(loop_scope="module")
async def test_who_was_responsible_on_the_day_answers_and_not_who_came_later(service: Service) -> None:
    """Resolves the persons responsible from the ledgers of care as of the day it happened, whoever holds the post now."""
    then, now = await service.person("WATER"), await service.person("WATER")
    unit_ = "/v1/organizations/WATER"
    keeper = await service.person(VILLAGE)
    asset = await kept_asset(service, keeper)
    leader = {"position": "PRINCIPAL", "documentNo": "任1号"}
    await service.write(
        f"{unit_}/appointments", leader | {"person": then, "since": "2019-01-01"}, "personnel"
    )
    ending = {"until": "2021-02-28", "reason": "调任"}
    await service.write(f"{unit_}/appointments/PRINCIPAL/{then}/ending", ending, "personnel")
    await service.write(f"{unit_}/appointments", leader | {"person": now, "since": "2021-03-01"}, "personnel")
    report = {"kind": "EMBEZZLE_MISUSE", "happenedOn": "2020-05-10", "unit": "WATER", "text": "挪用"}
    early = await service.write("/v1/violations", {"violation": report}, "auditor")
    assert [one["person"] for one in early["resource"]["answerable"]] == [then]
    later = report | {"happenedOn": "2022-05-10", "assets": [asset], "amount": "5000.00"}
    case = await service.write("/v1/violations", {"violation": later}, "auditor")
    found = {(one["person"], one["duty"], one.get("asset")) for one in case["resource"]["answerable"]}
    assert found == {(keeper, "MANAGER", asset), (now, "PRINCIPAL", None)}
    path = f"/v1/violations/{case['id']}"
    decided = {
        "upheld": True,
        "decidedBy": "AUDIT",
        "decidedOn": "2022-09-01",
        "documentNo": "认1号",
        "facts": "属实",
        "amount": "4000.00",
    }
    await service.write(f"{path}/establishment", {"establishment": decided}, "auditor")
    measure = {
        "person": keeper,
        "measure": "警告",
        "decidedBy": "AUDIT",
        "decidedOn": "2022-10-01",
        "documentNo": "处1号",
    }
    await service.write(f"{path}/accountabilities", {"accountability": measure}, "auditor")
    asked = {"person": keeper, "min_position": await service.head()}
    answer = await service.get("/v1/ledgers/violations", "auditor", **asked)
    (row,) = answer.json()["rows"]
    assert (row["state"], row["amount"], row["accountabilities"][keeper]["measure"]) == (
        "ESTABLISHED",
        "4000.00",
        "警告",
    )
    hidden = await service.get("/v1/ledgers/violations", "reader")
    assert (hidden.status_code, hidden.json()["code"]) == (403, "ROLE_NOT_ALLOWED")


@pytest.mark.clause("C5.4-03")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_year_s_scores_follow_from_the_events_and_cannot_be_written(service: Service) -> None:
    """Reads every unit's score of a year off the ledgers by a numbered formula; the same events give the same score."""
    idle, _ = [await title_confirmed(service) for _ in range(2)]
    await idle.step("status-reports", {"report": {"state": "IDLE", "reportedOn": "2022-12-01"}})
    path = "/v1/ledgers/scorecards"
    await service.read("/v1/ledgers/asset-register", min_position=await service.head(), limit=1)
    first = await service.read(path, year=2022)
    assert first["formula"] == "scorecard/1"
    card = next(one for one in first["cards"] if one["unit"] == VILLAGE)
    items = {one["item"]: one for one in card["items"]}
    register = await service.read("/v1/ledgers/asset-register", as_of="2022-12-31", limit=1000)
    whole = [
        row
        for row in register["rows"]
        if row["scope"] == "IN"
        and VILLAGE in ([one["party"] for one in row["owners"]] or [row["implementer"]])
    ]
    used = [row for row in whole if row["operation"] not in {"IDLE", "LOST", "DAMAGED"}]
    assert (items["IN_USE"]["part"], items["IN_USE"]["whole"]) == (len(used), len(whole))
    assert len(used) < len(whole)
    assert items["COVERAGE"]["part"] == sum(row["title"] == "CONFIRMED" for row in whole)
    percents = [float(one["percent"]) for one in card["items"]]
    assert abs(float(card["score"]) - sum(percents) / len(percents)) < 0.02
    again = await service.read(path, year=2022)
    assert again["cards"] == first["cards"]
    written = await service.post(path, {"score": "100.00"}, "office")
    assert (written.status_code, written.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    early = await service.get(path, year=2199)
    assert early.json()["code"] == "DATE_IN_FUTURE"


@pytest.mark.clause("C5.4-04")
@pytest.mark.asyncio(loop_scope="module")
async def test_anomalies_are_read_by_rule_and_page(service: Service) -> None:
    """Lists anomalies over HTTP by rule, a page at a time, money in yuan."""
    asset = await kept_asset(service, await service.person(VILLAGE))
    head = await service.head()
    asked: dict[str, Any] = {"rule": "BACKDATED", "limit": 1, "min_position": head}
    subjects = []
    while True:
        page = await service.read("/v1/ledgers/anomalies", **asked)
        assert page["formula"] == "anomalies/2"
        subjects += [row["subject"] for row in page["rows"]]
        if page["nextCursor"] is None:
            break
        asked["cursor"] = page["nextCursor"]
    assert asset in subjects
    assert subjects == sorted(set(subjects))
