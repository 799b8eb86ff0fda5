"""Rewards to a village's two committees (C4.7-07): by pilot villages, within a fifth of the year's profit, given back when it shrinks."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.income.incentive import (
    ClawbackReceipt,
    IncentiveContent,
    IncentiveLine,
    IncentivePayment,
    IncentivePlan,
)
from domain.income.result import AnnualResult, PlanDue, ResultRestatement, ResultStatement
from domain.procedure.procedure import ProcedureInstance
from tests.domain.income.test_account import on
from tests.domain.saying import all_recorded, nothing, recorded, refused, warned
from tests.examples import (
    ASSET,
    MANAGER,
    OTHER_VILLAGE,
    SHA,
    VILLAGE,
    confirmed,
    confirmed_road,
    disposed,
    occasion,
    organization,
    override,
    pilot_village,
    registered,
    road_card,
    settled,
    yuan,
)
from tests.procedures import by, opening

DAY, PAID = date(2022, 2, 1), date(2022, 3, 1)


def reward(amount: str = "17000.00", **changes: Any) -> IncentiveContent:
    line = IncentiveLine(person=MANAGER, amount=yuan(amount), ground="租金按时收缴")
    return IncentiveContent(
        **({"village": VILLAGE, "year": 2021, "asset": ASSET, "lines": (line,)} | changes)
    )


def proposed(amount: str = "17000.00", plan: str = "JL-1") -> IncentivePlan:
    return settled(IncentivePlan.propose(plan, reward(amount), pilot_village(MANAGER), confirmed(), on(DAY)))


def statement(profit: str, year: int = 2021, day: date = date(2022, 1, 20)) -> ResultStatement:
    return ResultStatement(
        year=year, net_profit=yuan(profit), determined_on=day, document_no="村账3号", document_sha256=SHA
    )


def earned(profit: str = "85000.00", used: str | None = None) -> AnnualResult:
    result = AnnualResult.determine(VILLAGE, "VILLAGE", statement(profit), on(date(2022, 1, 20)))
    if used is not None:
        result.count_reward("JL-0", yuan(used), on(DAY))
    return settled(result)


def restated(profit: str, day: date = date(2022, 6, 1)) -> ResultRestatement:
    return ResultRestatement(
        net_profit=yuan(profit),
        restated_on=day,
        reason="审计调减",
        document_no="陶审9号",
        document_sha256=SHA,
    )


def over(plan: IncentivePlan, procedure: str = "PR-1") -> ProcedureInstance:
    return ProcedureInstance.open(procedure, opening("A8", subject=plan.subject), by(VILLAGE), on(DAY))


def payment(amount: str, number: str = "P-1", voucher: str | None = "付1") -> IncentivePayment:
    return IncentivePayment(payment=number, amount=yuan(amount), paid_on=PAID, voucher_no=voucher)


def paying(
    plan: IncentivePlan, amount: str, result: AnnualResult, number: str = "P-1", at: Any = None
) -> bool:
    return plan.pay(payment(amount, number), over(plan), pilot_village(), result, at or on(PAID))


def test_village_outside_of_the_pilot_rewards_nobody() -> None:
    plan = proposed()
    for village in (organization(), pilot_village(MANAGER, since=date(2022, 3, 2))):
        with refused("INCENTIVE_NOT_PILOT", clause="C4.7-07"):
            IncentivePlan.propose("JL-1", reward(), village, confirmed(), on(DAY))
        with refused("INCENTIVE_NOT_PILOT", plan, clause="C4.7-07"):
            plan.pay(payment("1.00"), over(plan), village, earned(), on(PAID))


@pytest.mark.parametrize(
    ("value", "large"), [("499999.99", False), ("500000.00", False), ("500000.01", True)]
)
def test_asset_above_half_a_million_is_warned_of(value: str, large: bool) -> None:
    asset = confirmed()
    asset.card = asset.card.model_copy(update={"original_value": yuan(value)})
    event = recorded(
        IncentivePlan.propose("JL-1", reward(), pilot_village(MANAGER), asset, on(DAY)),
        IncentivePlan.Proposed,
    )
    if large:
        assert warned(event, "ASSET_NOT_SMALL") == {"originalValue": "500000.01"}
    assert ("ASSET_NOT_SMALL" in {one.code for one in event.basis.warnings}) is large


def test_rewards_are_for_the_village_s_own_operating_assets() -> None:
    def propose(asset: Any, **changes: Any) -> None:
        IncentivePlan.propose("JL-1", reward(**changes), pilot_village(MANAGER), asset, on(DAY))

    public = confirmed()
    public.card = public.card.model_copy(update={"asset_class": "PUBLIC_WELFARE"})
    for asset in (confirmed_road(), public):
        with refused("FIELD_INVALID", clause="C4.7-07"):
            propose(asset)
    with refused("FIELD_INVALID", clause="C4.7-07"):
        propose(confirmed(), village=OTHER_VILLAGE)
    with refused("ASSET_DISPOSED"):
        propose(disposed())
    with refused("OWNERSHIP_NOT_CONFIRMED"):
        propose(registered())
    with refused("OWNERSHIP_NOT_CONFIRMED"):
        propose(registered(road_card()))


def test_rewards_go_to_people_in_post_that_year() -> None:
    village = pilot_village(MANAGER)
    lines = (IncentiveLine(person="P-9", amount=yuan("1.00"), ground="无"),)
    with refused("FIELD_INVALID", clause="C4.7-07"):
        IncentivePlan.propose("JL-1", reward(lines=lines), village, confirmed(), on(DAY))
    with refused("FIELD_INVALID", clause="C4.7-07"):
        IncentivePlan.propose("JL-1", reward(year=2020), village, confirmed(), on(DAY))
    village.end_position("ASSET_MANAGER", MANAGER, date(2021, 12, 31), "换届", on(DAY))
    IncentivePlan.propose("JL-1", reward(), village, confirmed(), on(DAY))
    with refused("FIELD_INVALID", clause="C4.7-07"):
        IncentivePlan.propose("JL-1", reward(year=2022), village, confirmed(), on(DAY))
    with refused("AMOUNT_NOT_POSITIVE"):
        IncentivePlan.propose("JL-1", reward("0.00"), village, confirmed(), on(DAY))


@pytest.mark.parametrize(
    ("profit", "cap"),
    [("85000.00", "17000.00"), ("0.04", "0.00"), ("0.05", "0.01"), ("-1.00", "0.00"), ("0.00", "0.00")],
)
def test_cap_is_a_fifth_of_the_profit_and_nothing_in_a_loss(profit: str, cap: str) -> None:
    result = AnnualResult.determine(VILLAGE, "VILLAGE", statement(profit), on(date(2022, 1, 20)))
    event = recorded(result, AnnualResult.Determined)
    assert (event.cap, result.id) == (yuan(cap), f"{VILLAGE}-2021")


def test_result_is_a_village_s_and_of_a_year_that_has_ended() -> None:
    with refused("ACCOUNT_NOT_COLLECTIVE", clause="C4.7-07"):
        AnnualResult.determine("COMMERCE", "DEPARTMENT", statement("1.00"), on(DAY))
    early = statement("1.00", day=date(2021, 12, 31))
    with refused("DATE_IN_FUTURE"):
        AnnualResult.determine(VILLAGE, "VILLAGE", early, on(date(2021, 12, 31)))
    AnnualResult.determine(VILLAGE, "VILLAGE", statement("1.00", day=date(2022, 1, 1)), on(DAY))


def test_all_plans_of_a_year_together_stay_within_the_cap() -> None:
    plan, result = proposed(), earned(used="10000.00")
    for amount in ("7000.01", "17000.00"):
        with refused("INCENTIVE_CAP_EXCEEDED", plan, result, clause="C4.7-07") as refusal:
            paying(plan, amount, result)
    assert refusal.value.params == {"cap": "17000.00", "total": "27000.00"}
    assert paying(plan, "6999.99", result)
    result.count_reward("JL-1", yuan("6999.99"), on(PAID))
    assert recorded(result, AnnualResult.IncentiveCounted).used == yuan("16999.99")
    with refused("INCENTIVE_CAP_EXCEEDED", result):
        paying(plan, "0.02", result, "P-2")
    assert paying(plan, "0.01", result, "P-2")


@pytest.mark.parametrize("profit", ["-1.00", "0.00", "0.04"])
def test_in_a_year_without_profit_no_fen_is_paid(profit: str) -> None:
    plan, result = proposed("0.01"), earned(profit)
    with refused("INCENTIVE_CAP_EXCEEDED", plan, result):
        paying(plan, "0.01", result)


def test_exception_for_the_asset_lifts_the_cap() -> None:
    plan, result = proposed("20000.00"), earned()
    lifts = override("INCENTIVE_CAP_EXCEEDED", subject=f"asset-{ASSET}", expires_on=date(2022, 12, 31))
    at = occasion(PAID, today=date(2026, 6, 30), overrides=(lifts,))
    assert paying(plan, "20000.00", result, at=at)
    assert recorded(plan, IncentivePlan.Paid).basis.overrides == (lifts,)
    other = override("INCENTIVE_CAP_EXCEEDED", subject="asset-A-9", expires_on=date(2022, 12, 31))
    with refused("OVERRIDE_OTHER_SUBJECT"):
        paying(proposed("20000.00"), "20000.00", result, at=occasion(PAID, today=PAID, overrides=(other,)))


def test_plan_is_paid_in_parts_by_one_procedure_with_vouchers_and_no_fen_more() -> None:
    plan, result = proposed("1000.00"), earned()
    decided, village = over(plan), pilot_village()

    def pay(paid: IncentivePayment, procedure: ProcedureInstance = decided) -> bool:
        return plan.pay(paid, procedure, village, result, on(PAID))

    with refused("VOUCHER_REQUIRED", plan, missing=["payment.voucherNo"]):
        pay(payment("1.00", voucher=None))
    with refused("PLAN_AMOUNT_EXCEEDED", plan):
        pay(payment("1000.01"))
    with refused("AMOUNT_NOT_POSITIVE", plan):
        pay(payment("0.00"))
    with refused("PLAN_HASH_MISMATCH", plan):
        pay(payment("1.00"), over(proposed("1000.01")))
    assert pay(payment("999.99"))
    assert not pay(payment("999.99"))
    with refused("ALREADY_EXISTS", plan):
        pay(payment("0.01"))
    with refused("PLAN_AMOUNT_EXCEEDED", plan):
        pay(payment("0.02", "P-2"))
    with refused("PLAN_HASH_MISMATCH", plan):
        pay(payment("0.01", "P-2"), over(plan, "PR-2"))
    assert pay(payment("0.01", "P-2"))
    assert (plan.state, plan.paid) == ("PAID", yuan("1000.00"))


def test_smaller_profit_leaves_what_is_due_back_from_the_plans_paid_last() -> None:
    result = earned(used="10000.00")
    result.count_reward("JL-1", yuan("7000.00"), on(PAID))
    result.collect_events()
    due = result.restate(restated("85000.01"), on(date(2022, 6, 1)))
    assert due == {"JL-1": yuan("0.00"), "JL-0": yuan("0.00")}
    due = result.restate(restated("49999.99", date(2022, 6, 2)), on(date(2022, 6, 2)))
    events = all_recorded(result, AnnualResult.Restated, AnnualResult.Restated)
    assert due == {"JL-1": yuan("7000.00"), "JL-0": yuan("0.01")}
    assert events[1].due == (
        PlanDue(plan="JL-1", amount=yuan("7000.00")),
        PlanDue(plan="JL-0", amount=yuan("0.01")),
    )
    assert (result.cap, result.used, result.due_back) == (yuan("9999.99"), yuan("17000.00"), yuan("7000.01"))
    assert result.restate(restated("49999.99", date(2022, 6, 2)), on(date(2022, 6, 2))) == {}
    nothing(result)
    result.give_back("JL-1", yuan("7000.00"), on(date(2022, 7, 1)))
    back = recorded(result, AnnualResult.IncentiveReturned)
    assert (back.used, back.due_back) == (yuan("10000.00"), yuan("0.01"))
    result.restate(restated("50000.00", date(2022, 8, 1)), on(date(2022, 8, 1)))
    assert result.due_back == yuan("0.00")


def test_what_one_plan_gives_back_too_much_makes_no_room_beyond_the_cap() -> None:
    result = earned(used="10000.00")
    result.give_back("JL-0", yuan("10000.01"), on(PAID))
    assert result.used == yuan("0.00")
    with refused("INCENTIVE_CAP_EXCEEDED"):
        result.must_have_room(yuan("17000.01"), on(PAID))


def test_recipients_give_back_what_is_due_and_a_fen_more_is_said() -> None:
    plan = proposed()
    plan.require_back(yuan("1000.00"), on(date(2022, 6, 1)))
    event = recorded(plan, IncentivePlan.ClawbackRequired)
    assert (event.required, event.due_back) == (yuan("1000.00"), yuan("1000.00"))
    plan.require_back(yuan("1000.00"), on(date(2022, 6, 2)))
    nothing(plan)

    def back(amount: str, number: str) -> ClawbackReceipt:
        day = date(2022, 7, 1)
        return ClawbackReceipt(receipt=number, amount=yuan(amount), received_on=day, voucher_no="收1")

    at = date(2022, 7, 1)
    with refused("AMOUNT_NOT_POSITIVE", plan):
        plan.receive_back(back("0.00", "Z-1"), on(at))
    assert plan.receive_back(back("400.00", "Z-1"), on(at))
    assert not recorded(plan, IncentivePlan.ClawbackReceived).basis.warnings
    assert plan.due_back == yuan("600.00")
    assert not plan.receive_back(back("400.00", "Z-1"), on(at))
    with refused("ALREADY_EXISTS", plan):
        plan.receive_back(back("400.01", "Z-1"), on(at))
    plan.receive_back(back("600.01", "Z-2"), on(at))
    more = warned(recorded(plan, IncentivePlan.ClawbackReceived), "INCOME_EXCEEDS_DUE")
    assert more == {"due": "600.00", "amount": "600.01"}
    assert plan.due_back == yuan("0.00")
    plan.require_back(yuan("5.00"), on(date(2022, 8, 1)))
    assert (plan.required, plan.due_back) == (yuan("1005.01"), yuan("5.00"))
