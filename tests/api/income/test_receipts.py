"""Receipts over HTTP (C4.9-01, C4.9-05): all of a contract's money against what is due, on the collective's account."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.bodies import VILLAGE, terms
from tests.api.contracts import decided
from tests.api.income.decided import money
from tests.api.income.incomes import earning
from tests.api.service import Service


async def let(service: Service) -> Any:
    """A lease from 2 September 2021 at 30,000 yuan a year."""
    life = await earning(service, VILLAGE)
    await life.step("leases", await decided(service, life.path, terms()))
    return life


async def test_receipts_of_a_contract_are_held_against_what_is_due_together(service: Service) -> None:
    life = await let(service)

    async def warned(receipt: str, amount: str, on: str, **facts: Any) -> bool:
        answer = await life.step("income-receipts", money(receipt, amount, on, contract="L1", **facts))
        return "INCOME_EXCEEDS_DUE" in {one["code"] for one in answer["warnings"]}

    assert not await warned("R1", "20000.00", "2021-09-10")
    assert not await warned("R2", "10000.00", "2022-09-01")
    assert await warned("R3", "0.01", "2022-09-01")
    assert not await warned("R4", "0.01", "2022-09-01", reason="预交下年租金")
    assert not await warned("R5", "29999.98", "2022-09-02")
    assert await warned("R6", "0.01", "2022-09-02")


async def test_a_year_that_the_term_cuts_short_owes_its_days(service: Service) -> None:
    """A lease of 2 September 2021 to 1 March 2023: its second year is 181 of 365 days, 14,876.71 yuan."""
    life = await earning(service, VILLAGE)
    await life.step("leases", await decided(service, life.path, terms(endsOn="2023-03-01")))

    async def warned(receipt: str, amount: str) -> bool:
        answer = await life.step("income-receipts", money(receipt, amount, "2022-09-02", contract="L1"))
        return "INCOME_EXCEEDS_DUE" in {one["code"] for one in answer["warnings"]}

    assert not await warned("R1", "30000.00")
    assert not await warned("R2", "14876.71")
    assert await warned("R3", "0.01")


@pytest.mark.clause("C4.9-05")
async def test_income_goes_to_no_private_account(service: Service) -> None:
    """Refuses income on a person's account, and a sub-account of a unit that is no village collective."""
    life = await let(service)
    body = money("R1", "30000.00", "2022-09-01", accountKind="PERSONAL")
    answer = await service.post(f"{life.path}/income-receipts", body, version=life.version)
    assert (answer.status_code, answer.json()["code"]) == (409, "ACCOUNT_NOT_COLLECTIVE")
    opening = {
        "openedOn": "2021-08-01",
        "balance": "0.00",
        "documentNo": "账1号",
        "documentSha256": "d" * 64,
    }
    path = "/v1/organizations/653022202000/income-sub-account"
    answer = await service.post(path, {"opening": opening})
    assert (answer.status_code, answer.json()["code"]) == (409, "ACCOUNT_NOT_COLLECTIVE")
