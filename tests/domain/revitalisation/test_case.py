"""A revitalisation case as the domain decides it (C4.11-04 … -06)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from domain.asset.asset import Asset
from domain.revitalisation.case import (
    DeadlineExtension,
    RevitalisationCase,
    RevitalisationClosing,
    RevitalisationDeclaration,
    RevitalisationPlan,
    RevitalisationVerification,
)
from domain.revitalisation.detection import DetectedCause
from tests.domain.saying import recorded, refused
from tests.examples import (
    MANAGER,
    SHA,
    TOWNSHIP,
    VILLAGE,
    confirmed_road,
    disposed,
    earning,
    in_use,
    occasion,
    report,
    settled,
)

IDLE = DetectedCause(cause="IDLE", idle_since=date(2021, 1, 1), idle_days=200)
OPENED = date(2022, 6, 20)


def opened(asset: Asset | None = None, on: date = OPENED) -> RevitalisationCase:
    return settled(RevitalisationCase.open("RC-1", asset or in_use(), IDLE, occasion(on)))


def plan(outcome: str = "REACTIVATE", **changes: Any) -> RevitalisationPlan:
    given: dict[str, Any] = {
        "outcome": outcome,
        "measures": "维修后启用",
        "person": MANAGER,
        "deadline": date(2022, 12, 31),
    }
    return RevitalisationPlan(**(given | changes))


def planned(asset: Asset | None = None, outcome: str = "REACTIVATE", on: date = OPENED) -> RevitalisationCase:
    case = opened(asset, on)
    case.file_plan(plan(outcome), asset or in_use(), occasion(date(2022, 7, 1)))
    return settled(case)


def closing(outcome: str = "REACTIVATE", **changes: Any) -> RevitalisationClosing:
    given: dict[str, Any] = {
        "outcome": outcome,
        "closed_on": date(2022, 10, 1),
        "result": "已盘活",
        "evidence_sha256": SHA,
    }
    return RevitalisationClosing(**(given | changes))


def close(
    case: RevitalisationCase, told: RevitalisationClosing, asset: Asset, *received: str, unit: str = VILLAGE
) -> None:
    case.close(told, asset, received=frozenset(received), unit=unit, at=occasion(date(2022, 10, 1)))


def test_a_case_is_opened_by_what_was_found_or_by_a_unit() -> None:
    found = RevitalisationCase.open("RC-1", in_use(), IDLE, occasion(OPENED))
    recorded(found, RevitalisationCase.Opened)
    assert (found.state, found.detected, found.opened_on, found.begun_on) == ("OPEN", IDLE, OPENED, OPENED)
    declared = RevitalisationDeclaration(asset="A-1", reason="亏损多年", declared_on=OPENED)
    said = RevitalisationCase.declare("RC-2", in_use(), declared, occasion(OPENED))
    assert (said.detected.cause, said.reason, said.asset) == ("DECLARED", "亏损多年", in_use().id)
    with refused("ASSET_DISPOSED"):
        RevitalisationCase.open("RC-3", disposed(), IDLE, occasion(date(2023, 12, 1)))
    with refused("ASSET_DISPOSED"):
        RevitalisationCase.declare("RC-3", disposed(), declared, occasion(date(2023, 12, 1)))


def test_a_plan_is_for_the_class_of_the_asset() -> None:
    road, at = confirmed_road(), occasion(date(2022, 7, 1))
    case = opened(road)
    with refused("OUTCOME_NOT_ALLOWED_FOR_CLASS"):
        case.file_plan(plan("JOINT_OPERATION"), road, at)
    with refused("CODE_UNKNOWN"):
        case.file_plan(plan("NOTHING"), road, at)
    with refused("FIELD_REQUIRED"):
        case.file_plan(plan("OTHER"), in_use(), at)
    case.file_plan(plan("SCRAP"), road, at)
    case.file_plan(plan("SCRAP"), road, at)
    recorded(case, RevitalisationCase.PlanFiled)
    assert case.state == "PLANNED"


def test_the_deadline_is_put_off_once_there_is_one() -> None:
    later = DeadlineExtension(deadline=date(2023, 3, 31), reason="冬季停工", document_no="延1号")
    at = occasion(date(2022, 12, 1))
    with refused("STEP_OUT_OF_ORDER"):
        opened().extend_deadline(later, at)
    case = planned()
    case.extend_deadline(later, at)
    recorded(case, RevitalisationCase.Extended)
    assert case.plan is not None and case.plan.deadline == date(2023, 3, 31)
    early = later.model_copy(update={"deadline": date(2023, 3, 31)})
    with refused("DATE_ORDER"):
        case.extend_deadline(early, at)


def test_a_closing_is_believed_as_far_as_the_log_shows_it() -> None:
    asset = earning()
    contract = next(iter(asset.contracts))
    signed = asset.contracts[contract].terms.signed_on
    case = planned(asset, "JOINT_OPERATION", signed)
    mode = asset.contracts[contract].terms.mode
    outcome = {"ENTRUSTED": "BUSINESS_ENTRUST", "EQUITY": "EQUITY_COOP"}.get(mode, "OTHER")
    with refused("CONTRACT_REQUIRED"):
        close(case, closing("JOINT_OPERATION"), asset)
    with refused("CONTRACT_REQUIRED"):
        close(case, closing("JOINT_OPERATION", contract=contract), asset, contract)
    told = closing(outcome, outcome_name="出租", contract=contract)
    with refused("EVIDENCE_REQUIRED"):
        close(case, told, asset)
    with refused("EVIDENCE_REQUIRED"):
        close(case, told.model_copy(update={"evidence_sha256": None}), asset, contract)
    with refused("EVIDENCE_REQUIRED"):
        close(case, closing("SCRAP", disposal="D-1"), asset)
    with refused("EVIDENCE_REQUIRED"):
        close(case, closing("RESTRUCTURE"), asset)
    with refused("EVIDENCE_REQUIRED"):
        close(case, closing("REACTIVATE"), asset)
    with refused("CONTRACT_REQUIRED"):
        close(planned(asset, "JOINT_OPERATION", signed + timedelta(days=1)), told, asset, contract)
    close(case, told, asset, contract)
    recorded(case, RevitalisationCase.Closed)
    assert (case.state, case.closed_by) == ("CLOSED", VILLAGE)


def test_a_report_of_before_the_case_shows_nothing() -> None:
    for on, shows in ((date(2022, 6, 19), False), (OPENED, True)):
        asset = in_use()
        asset.report_status(report("IN_USE", on), occasion(on))
        case = planned(asset)
        if shows:
            close(case, closing(), asset)
        else:
            with refused("EVIDENCE_REQUIRED"):
                close(case, closing(), asset)


def test_a_disposal_that_was_carried_out_closes_the_case() -> None:
    gone = disposed()
    case = planned(outcome="SCRAP")
    code = next(iter(gone.disposals))
    with refused("EVIDENCE_REQUIRED"):
        close(case, closing("SCRAP", disposal="OTHER"), gone)
    close(case, closing("SCRAP", disposal=code, evidence_sha256=None), gone)
    assert case.state == "CLOSED"


def closed() -> tuple[RevitalisationCase, Asset]:
    asset = in_use()
    case = planned(asset, "RESTRUCTURE")
    close(case, closing("RESTRUCTURE", document_no="改1号"), asset)
    return settled(case), asset


def looked(confirmed: bool) -> RevitalisationVerification:
    return RevitalisationVerification(
        verified_on=date(2022, 10, 10), verified_by=MANAGER, confirmed=confirmed
    )


def test_who_closed_it_does_not_verify_it() -> None:
    case, _ = closed()
    at = occasion(date(2022, 10, 10))
    with refused("STEP_OUT_OF_ORDER"):
        planned().verify(looked(confirmed=True), TOWNSHIP, at)
    with refused("SEGREGATION_OF_DUTIES"):
        case.verify(looked(confirmed=True), VILLAGE, at)
    case.verify(looked(confirmed=True), TOWNSHIP, at)
    recorded(case, RevitalisationCase.Verified)
    assert (case.state, case.over) == ("VERIFIED", True)


def test_what_is_not_so_goes_on_with_its_plan() -> None:
    case, asset = closed()
    case.verify(looked(confirmed=False), TOWNSHIP, occasion(date(2022, 10, 10)))
    assert (case.state, case.over) == ("PLANNED", False)
    told = closing("RESTRUCTURE", document_no="改2号", closed_on=date(2022, 10, 20))
    case.close(told, asset, received=frozenset(), unit=VILLAGE, at=occasion(date(2022, 10, 20)))
    assert case.state == "CLOSED"


def test_a_case_that_was_over_is_taken_up_again() -> None:
    case, _ = closed()
    at = occasion(date(2023, 3, 1))
    with refused("STEP_OUT_OF_ORDER"):
        opened().reopen("又停产", at)
    case.reopen("又停产", at)
    recorded(case, RevitalisationCase.Reopened)
    assert (case.state, case.plan, case.closing, case.closed_by) == ("OPEN", None, None, None)
