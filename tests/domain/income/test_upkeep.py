"""Upkeep: a village's part of a cost by value, paid as it was decided (A12), and the county that stands in for it (A18)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.income.account import IncomeSubAccount
from domain.income.guarantee import (
    CostGuarantee,
    GuaranteeApproval,
    GuaranteePayment,
    InabilityDeclaration,
    InabilityVerification,
)
from domain.income.maintenance import (
    MaintenanceContent,
    MaintenanceExpense,
    MaintenanceLine,
    MaintenancePayment,
)
from domain.procedure.procedure import ProcedureInstance
from tests.domain.income.test_account import enter, on, opened, rule
from tests.domain.saying import nothing, recorded, refused, warned
from tests.examples import ASSET, OTHER_VILLAGE, SHA, TOWNSHIP, VILLAGE, confirmed, disposed, share, yuan
from tests.procedures import by, opening

THIRD = "653022202299"
DAY, PAID = date(2022, 9, 2), date(2022, 10, 10)


def of_three() -> Asset:
    """A village asset that belongs to three villages as the clause's example has it."""
    asset = confirmed()
    asset.owners = (
        share(OTHER_VILLAGE, "333333.33"),
        share(VILLAGE, "333333.33"),
        share(THIRD, "333333.34"),
    )
    return asset


def works(*amounts: str, **changes: Any) -> MaintenanceContent:
    lines = tuple(MaintenanceLine(work="防水维修", amount=yuan(one)) for one in amounts or ("1000.00",))
    return MaintenanceContent(**({"village": VILLAGE, "asset": ASSET, "lines": lines} | changes))


def proposed(*amounts: str) -> MaintenanceExpense:
    expense = MaintenanceExpense.propose("ME-1", works(*amounts), confirmed(), on(DAY))
    expense.collect_events()
    return expense


def over(expense: MaintenanceExpense, procedure: str = "PR-1") -> ProcedureInstance:
    return ProcedureInstance.open(procedure, opening("A12", subject=expense.subject), by(VILLAGE), on(DAY))


def payment(amount: str, number: str = "P-1", voucher: str | None = "付1") -> MaintenancePayment:
    return MaintenancePayment(payment=number, amount=yuan(amount), paid_on=PAID, voucher_no=voucher)


def test_cost_is_split_by_value_with_the_largest_remainder() -> None:
    expense = MaintenanceExpense.propose("ME-1", works("10000.00"), of_three(), on(DAY))
    event = recorded(expense, MaintenanceExpense.Proposed)
    assert {one.party: one.amount for one in event.shares} == {
        OTHER_VILLAGE: yuan("3333.33"),
        VILLAGE: yuan("3333.33"),
        THIRD: yuan("3333.34"),
    }
    assert event.share == yuan("3333.33")


def test_remainders_alike_go_to_the_lower_village_code() -> None:
    asset = confirmed()
    asset.owners = (share(VILLAGE, "120000.00"), share(OTHER_VILLAGE, "120000.00"))
    first, second = sorted((VILLAGE, OTHER_VILLAGE))
    assert [(one.party, one.amount) for one in asset.cost_shares(yuan("0.01"), on(DAY))] == [
        (first, yuan("0.01")),
        (second, yuan("0.00")),
    ]


def test_given_split_is_the_one_by_value_or_refused() -> None:
    right = (share(OTHER_VILLAGE, "3333.33"), share(VILLAGE, "3333.33"), share(THIRD, "3333.34"))
    MaintenanceExpense.propose("ME-1", works("10000.00", shares=right), of_three(), on(DAY))
    wrong = (share(OTHER_VILLAGE, "3333.33"), share(VILLAGE, "3333.34"), share(THIRD, "3333.33"))
    for given in (wrong, right[:2]):
        with refused("COST_SHARE_MISMATCH", clause="C4.7-09"):
            MaintenanceExpense.propose("ME-1", works("10000.00", shares=given), of_three(), on(DAY))


def test_works_cost_something_and_are_a_village_owner_s() -> None:
    with refused("AMOUNT_NOT_POSITIVE"):
        MaintenanceExpense.propose("ME-1", works("0.00"), confirmed(), on(DAY))
    with refused("FIELD_INVALID"):
        MaintenanceExpense.propose("ME-1", works(village=OTHER_VILLAGE), confirmed(), on(DAY))
    with refused("ASSET_DISPOSED"):
        MaintenanceExpense.propose("ME-1", works(), disposed(), on(DAY))
    department = confirmed()
    department.owner_kind = "DEPARTMENT"
    with refused("FIELD_INVALID"):
        MaintenanceExpense.propose("ME-1", works(), department, on(DAY))


def test_share_is_paid_in_parts_with_vouchers_and_no_fen_more() -> None:
    expense = proposed("600.00", "400.00")
    decided = over(expense)
    with refused("VOUCHER_REQUIRED", expense, missing=["payment.voucherNo"]):
        expense.pay(payment("1000.00", voucher=None), decided, on(PAID))
    with refused("PLAN_AMOUNT_EXCEEDED", expense):
        expense.pay(payment("1000.01"), decided, on(PAID))
    with refused("AMOUNT_NOT_POSITIVE", expense):
        expense.pay(payment("0.00"), decided, on(PAID))
    assert expense.pay(payment("999.99"), decided, on(PAID))
    assert recorded(expense, MaintenanceExpense.Paid).procedure == "PR-1"
    assert not expense.pay(payment("999.99"), decided, on(PAID))
    nothing(expense)
    with refused("ALREADY_EXISTS", expense):
        expense.pay(payment("0.01"), decided, on(PAID))
    with refused("PLAN_AMOUNT_EXCEEDED", expense):
        expense.pay(payment("0.02", "P-2"), decided, on(PAID))
    with refused("PLAN_HASH_MISMATCH", expense):
        expense.pay(payment("0.01", "P-2"), over(expense, "PR-2"), on(PAID))
    assert expense.pay(payment("0.01", "P-2"), decided, on(PAID))
    assert (expense.state, expense.paid) == ("PAID", yuan("1000.00"))


def test_procedure_over_other_works_pays_nothing() -> None:
    expense = proposed()
    with refused("PLAN_HASH_MISMATCH", expense):
        expense.pay(payment("1.00"), over(proposed("1000.01")), on(PAID))


@pytest.mark.parametrize(("parts", "high"), [(("3000.00",), False), (("2000.00", "1000.01"), True)])
def test_upkeep_of_a_year_is_compared_with_the_receipts_of_that_year(
    parts: tuple[str, ...], high: bool
) -> None:
    account = opened("50000.00")
    enter(account, "RECEIPT", "R-0", "90000.00", date(2021, 12, 31))
    enter(account, "RECEIPT", "R-1", "10000.00", date(2022, 1, 1))
    account.collect_events()
    for number, amount in enumerate(parts):
        account.collect_events()
        at = on(PAID)
        account.enter(
            rule("MAINTENANCE", PAID),
            at,
            posting=f"P-{number}",
            amount=yuan(amount),
            day=PAID,
            voucher_no="付1",
        )
    posted = recorded(account, IncomeSubAccount.Posted)
    if high:
        assert warned(posted, "MAINTENANCE_SHARE_HIGH") == {"amount": "3000.01", "cap": "3000.00"}
    assert ("MAINTENANCE_SHARE_HIGH" in {one.code for one in posted.basis.warnings}) is high


# ---- the county stands in ------------------------------------------------------------------------------------------


def inability(**changes: Any) -> InabilityDeclaration:
    given: dict[str, Any] = {
        "unit": VILLAGE,
        "asset": ASSET,
        "year": 2022,
        "cost": yuan("10000.00"),
        "reason": "收益不足",
        "evidence_sha256": SHA,
    }
    return InabilityDeclaration(**(given | changes))


def declared(kind: str = "VILLAGE") -> CostGuarantee:
    guarantee = CostGuarantee.declare("CG-1", inability(), kind, of_three(), on(DAY))
    guarantee.collect_events()
    return guarantee


SEEN = InabilityVerification(verified_on=date(2022, 9, 5), finding="属实")


def approval(amount: str) -> GuaranteeApproval:
    return GuaranteeApproval(
        approved_on=date(2022, 9, 9), amount=yuan(amount), budget_year=2023, document_no="陶财1号"
    )


def county_pays(amount: str, number: str = "C-1") -> GuaranteePayment:
    return GuaranteePayment(payment=number, amount=yuan(amount), paid_on=PAID, voucher_no="财1")


def test_villages_and_townships_that_own_a_part_may_declare() -> None:
    guarantee = CostGuarantee.declare("CG-1", inability(), "VILLAGE", of_three(), on(DAY))
    assert recorded(guarantee, CostGuarantee.InabilityDeclared).share == yuan("3333.33")
    for kind in ("DEPARTMENT", "FARM", "COMPANY", "COUNTY_GOV", "BODY"):
        with refused("NOT_ELIGIBLE_FOR_GUARANTEE", clause="C4.10-08"):
            CostGuarantee.declare("CG-1", inability(), kind, of_three(), on(DAY))
    with refused("NOT_ELIGIBLE_FOR_GUARANTEE"):
        CostGuarantee.declare("CG-1", inability(unit=TOWNSHIP), "TOWNSHIP", of_three(), on(DAY))
    with refused("AMOUNT_NOT_POSITIVE"):
        CostGuarantee.declare("CG-1", inability(cost=yuan("0.00")), "VILLAGE", of_three(), on(DAY))


def test_each_step_follows_the_one_before() -> None:
    guarantee = declared()
    with refused("STEP_OUT_OF_ORDER", guarantee):
        guarantee.approve(approval("1.00"), yuan("0.00"), on(PAID))
    with refused("STEP_OUT_OF_ORDER", guarantee):
        guarantee.cover(county_pays("1.00"), on(PAID))
    guarantee.verify(SEEN, TOWNSHIP, on(PAID))
    assert recorded(guarantee, CostGuarantee.Verified).township == TOWNSHIP
    guarantee.verify(SEEN, TOWNSHIP, on(PAID))
    nothing(guarantee)
    with refused("STEP_OUT_OF_ORDER", guarantee):
        guarantee.cover(county_pays("1.00"), on(PAID))
    for amount, own in (
        ("2833.34", "500.00"),
        ("3333.34", "-20.00"),
        ("0.01", "3333.33"),
        ("0.01", "9999.00"),
    ):
        with refused("GUARANTEE_EXCEEDS_SHARE", guarantee):
            guarantee.approve(approval(amount), yuan(own), on(PAID))
    guarantee.approve(approval("2833.33"), yuan("500.00"), on(PAID))
    assert recorded(guarantee, CostGuarantee.FinanceGuaranteeApproved).own_means == yuan("500.00")
    with refused("STEP_OUT_OF_ORDER", guarantee):
        guarantee.approve(approval("1.00"), yuan("500.00"), on(PAID))
    for amount, code in (("2833.34", "GUARANTEE_EXCEEDS_SHARE"), ("0.00", "AMOUNT_NOT_POSITIVE")):
        with refused(code, guarantee):
            guarantee.cover(county_pays(amount), on(PAID))
    guarantee.cover(county_pays("2833.32"), on(PAID))
    assert recorded(guarantee, CostGuarantee.CountyCostCovered).payment.amount == yuan("2833.32")
    with refused("GUARANTEE_EXCEEDS_SHARE", guarantee):
        guarantee.cover(county_pays("0.02", "C-2"), on(PAID))
    guarantee.cover(county_pays("0.01", "C-2"), on(PAID))
    assert (guarantee.state, guarantee.covered) == ("COVERED", yuan("2833.33"))


def test_township_s_own_declaration_goes_to_finance_at_once() -> None:
    guarantee = declared("TOWNSHIP")
    with refused("STEP_OUT_OF_ORDER", guarantee):
        guarantee.verify(SEEN, TOWNSHIP, on(PAID))
    guarantee.approve(approval("3333.33"), yuan("0.00"), on(PAID))
    assert guarantee.state == "APPROVED"
