"""Payments that the bank sent back: on the sub-account again until the same lines are paid, and never more than was paid."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.income.decided import account, line, payment
from tests.api.income.incomes import planned, statement, villages
from tests.api.income.test_maintenance import code
from tests.api.service import Service

VILLAGES = villages()
PAID = "2022-10-10"


@pytest.fixture
def village() -> str:
    """A village that no other test here has."""
    return next(VILLAGES)


def back(number: str, *amounts: tuple[int, str], of: str = "P1", on: str = "2022-10-12") -> dict[str, Any]:
    """What the bank sent back of a payment, by line."""
    told = payment(of, on, *amounts)
    kept = {"payment": of, "amount": told["amount"], "lines": told["lines"]}
    return {
        "back": kept
        | {"returned": number, "returnedOn": on, "voucherNo": f"退-{number}", "reason": "账户已销户"}
    }


@pytest.mark.clause("C4.9-05")
async def test_money_that_the_bank_sent_back_lies_on_the_account_until_its_line_is_paid_again(
    service: Service, village: str
) -> None:
    """Of 20,000.00 and 5,000.00 paid, 5,000.00 comes back: 10,000.00 lies there, and only the same line is paid from it again."""
    it = await planned(service, village, line("20000.00"), line("5000.00", "PUBLIC_WELFARE"))
    await it.through()
    path, returns = f"{it.plan}/execution", f"{it.plan}/payment-returns"
    assert (await code(service, returns, back("T1", (2, "5000.00"))))[:2] == (404, "NOT_FOUND")
    await service.write(path, it.paid(payment("P1", PAID, (1, "20000.00"), (2, "5000.00"))))
    assert (await service.read(account(village)))["resource"]["balance"] == "5000.00"
    too_much = (422, "RETURN_EXCEEDS_PAYMENT")
    assert (await code(service, returns, back("T1", (2, "5000.01"))))[:2] == too_much
    assert (await code(service, returns, back("T1", (2, "5000.00"), on="2022-10-09")))[1] == "DATE_ORDER"
    told = await service.write(returns, back("T1", (2, "4999.99")))
    assert {one["type"] for one in told["events"]} == {
        "income_plan.payment_returned",
        "income_sub_account.posted",
    }
    again = await service.post(returns, back("T1", (2, "4999.99")), "clerk")
    assert (again.status_code, again.json()["eventCount"]) == (200, 0)
    assert (await code(service, returns, back("T1", (2, "0.01"))))[:2] == (409, "ALREADY_EXISTS")
    assert (await code(service, returns, back("T2", (2, "0.02"))))[:2] == too_much
    await service.write(returns, back("T2", (2, "0.01")))
    assert (await service.read(account(village)))["resource"]["balance"] == "10000.00"
    rows = (await statement(service, village))["rows"]
    posted = [(one["amount"], one["debit"]) for one in rows if one["cause"] == "PAYMENT_RETURNED"]
    assert posted == [("4999.99", "银行存款—扶贫资产收益资金"), ("0.01", "银行存款—扶贫资产收益资金")]
    asked = {"village": village, "min_position": await service.head()}
    (row,) = (await service.read("/v1/ledgers/income-plans", **asked))["rows"]
    assert (row["state"], row["paid"], row["toPayAgain"]) == ("PAYING", "20000.00", "5000.00")
    other = it.paid(payment("P2", "2022-10-20", (1, "0.01")))
    assert (await code(service, path, other))[:2] == (409, "PLAN_AMOUNT_EXCEEDED")
    over = it.paid(payment("P2", "2022-10-20", (2, "5000.01")))
    assert (await code(service, path, over))[:2] == (409, "PLAN_AMOUNT_EXCEEDED")
    paid = await service.write(path, it.paid(payment("P2", "2022-10-20", (2, "5000.00"))))
    assert (paid["resource"]["state"], paid["resource"]["paid"]) == ("PAID", "25000.00")
    assert "asset.income_distributed" not in {one["type"] for one in paid["events"]}
    assert (await service.read(account(village)))["resource"]["balance"] == "5000.00"
    asset = it.subject["content"]["sources"][0]["asset"]
    distributed = (await service.read(f"/v1/assets/{asset}"))["resource"]["incomeDistributed"]
    assert distributed == "25000.00"
    more = it.paid(payment("P3", "2022-10-21", (2, "0.01")))
    assert (await code(service, path, more))[:2] == (409, "PLAN_AMOUNT_EXCEEDED")


@pytest.mark.clause("C4.9-05")
async def test_money_sent_back_is_paid_again_once_by_two_who_pay_at_once(
    service: Service, village: str
) -> None:
    """Pays the returned line by one of two payments sent at once, and refuses the other; the account keeps the rest."""
    it = await planned(service, village, line("20000.00"))
    await it.through()
    path = f"{it.plan}/execution"
    await service.write(path, it.paid(payment("P1", PAID, (1, "20000.00"))))
    twice = [service.post(f"{it.plan}/payment-returns", back(one, (1, "20000.00"))) for one in ("T1", "T2")]
    sent = sorted(one.status_code for one in await asyncio.gather(*twice))
    assert sent == [201, 422]
    both = [service.post(path, it.paid(payment(one, "2022-10-20", (1, "20000.00")))) for one in ("P2", "P3")]
    answers = await asyncio.gather(*both)
    assert sorted(one.status_code for one in answers) == [201, 409]
    (refusal,) = (one.json()["code"] for one in answers if one.status_code == 409)
    assert refusal == "PLAN_AMOUNT_EXCEEDED"
    assert (await service.read(account(village)))["resource"]["balance"] == "10000.00"
