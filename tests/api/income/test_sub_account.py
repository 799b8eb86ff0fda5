"""The income sub-account over HTTP (C4.9-05): opened once, posted to by receipts themselves, closed by the month."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.income.decided import account, money, open_account
from tests.api.income.incomes import earning, interest, statement, villages
from tests.api.service import Service

VILLAGES = villages()


@pytest.fixture
def village() -> str:
    """A village that no other test here has."""
    return next(VILLAGES)


async def code(service: Service, path: str, body: object, who: str = "clerk") -> tuple[int, str]:
    answer = await service.post(path, body, who)
    return answer.status_code, answer.json().get("code")


async def test_receipt_posts_by_itself_on_both_sides_in_its_own_commit(
    service: Service, village: str
) -> None:
    life = await earning(service, village)
    await open_account(service, village, "100.00")
    answer = await life.step("income-receipts", money("R1", "30000.00", "2022-09-01"))
    assert [(one["stream"], one["type"]) for one in answer["events"]] == [
        (f"asset-{answer['id']}", "asset.income_received"),
        (f"income_sub_account-{village}", "income_sub_account.posted"),
    ]
    assert (await service.read(account(village)))["resource"]["balance"] == "30100.00"
    found = await statement(service, village)
    bank, earned = "银行存款—扶贫资产收益资金", "经营收入—扶贫资产收益资金"
    lines = [
        (one["cause"], one["amount"], one.get("debit"), one.get("credit"), one["month"])
        for one in found["rows"]
    ]
    assert lines == [
        ("OPENING", "100.00", None, None, "2021-08"),
        ("RECEIPT", "30000.00", bank, earned, "2022-09"),
    ]
    assert found["totals"] == {
        "lines": 2,
        "opening": "100.00",
        "received": "30000.00",
        "paid": "0.00",
        "closing": "30100.00",
    }


async def test_village_without_sub_account_is_told_to_open_one(service: Service, village: str) -> None:
    life = await earning(service, village)
    answer = await life.step("income-receipts", money("R1", "30000.00", "2022-09-01"))
    assert "INCOME_ACCOUNT_MISSING" in {one["code"] for one in answer["warnings"]}
    body = {
        "openedOn": "2022-09-01",
        "balance": "30000.00",
        "documentNo": "村账〔2022〕1号",
        "documentSha256": "d" * 64,
    }
    assert await code(service, account(village), {"opening": body}) == (422, "DATE_ORDER")
    later = await service.write(account(village), {"opening": body | {"openedOn": "2022-09-02"}})
    assert later["resource"]["balance"] == "30000.00"


async def test_sub_account_is_one_of_a_village_and_opened_once(service: Service, village: str) -> None:
    await open_account(service, village)
    opening = {
        "openedOn": "2021-08-01",
        "balance": "0.00",
        "documentNo": "村账〔2021〕2号",
        "documentSha256": "d" * 64,
    }
    assert await code(service, account(village), {"opening": opening}) == (409, "ALREADY_EXISTS")
    township = account("653022202000")
    assert await code(service, township, {"opening": opening}) == (409, "ACCOUNT_NOT_COLLECTIVE")
    debt = opening | {"balance": "-0.01"}
    assert await code(service, account(village), {"opening": debt}) == (422, "AMOUNT_NOT_POSITIVE")


async def test_fee_never_takes_a_fen_more_than_lies_there_on_its_day(service: Service, village: str) -> None:
    await open_account(service, village, "50.00")
    path = f"{account(village)}/postings"
    await service.write(path, interest("I1", "10.00", "2022-06-21"))
    early = interest("F1", "50.01", "2022-06-20", "BANK_FEE")
    assert await code(service, path, early) == (409, "INSUFFICIENT_INCOME_BALANCE")
    more = interest("F1", "60.01", "2022-06-21", "BANK_FEE")
    assert await code(service, path, more) == (409, "INSUFFICIENT_INCOME_BALANCE")
    await service.write(path, interest("F1", "60.00", "2022-06-21", "BANK_FEE"))
    before = interest("F2", "0.01", "2022-06-20", "BANK_FEE")
    assert await code(service, path, before) == (409, "INSUFFICIENT_INCOME_BALANCE")
    assert (await service.read(account(village)))["resource"]["balance"] == "0.00"


async def test_what_a_fact_posts_is_not_posted_by_hand(service: Service, village: str) -> None:
    await open_account(service, village)
    path = f"{account(village)}/postings"
    assert await code(service, path, interest("X1", "1.00", "2022-01-01", "RECEIPT")) == (
        422,
        "FIELD_INVALID",
    )
    assert await code(service, path, interest("X1", "0.00", "2022-01-01")) == (422, "AMOUNT_NOT_POSITIVE")
    assert await code(service, path, interest("X1", "1.00", "2021-07-31")) == (422, "DATE_ORDER")
    assert await code(service, path, interest("X1", "1.00", "2022-01-01", "TIP")) == (422, "CODE_UNKNOWN")


async def test_late_fact_keeps_its_day_and_stands_in_the_first_open_month(
    service: Service, village: str
) -> None:
    life = await earning(service, village)
    await open_account(service, village)
    closing = {"closing": {"month": "2023-12", "closedOn": "2024-01-05"}}
    early = {"closing": {"month": "2023-12", "closedOn": "2023-12-31"}}
    assert await code(service, f"{account(village)}/closings", early) == (422, "DATE_IN_FUTURE")
    closed = await service.write(f"{account(village)}/closings", closing)
    assert closed["resource"]["closedThrough"] == "2023-12"
    again = {"closing": {"month": "2023-11", "closedOn": "2024-01-05"}}
    assert await code(service, f"{account(village)}/closings", again) == (409, "STEP_OUT_OF_ORDER")
    await life.step("income-receipts", money("R1", "100.00", "2023-12-31"))
    (row,) = (one for one in (await statement(service, village))["rows"] if one["cause"] == "RECEIPT")
    assert (row["day"], row["month"], row["forMonth"]) == ("2023-12-31", "2024-01", "2023-12")
    upto = await statement(service, village, until="2023-12-05")
    assert upto["totals"]["closing"] == "0.00"
    since = await statement(service, village, since="2024-01-31")
    assert (since["totals"]["opening"], since["totals"]["closing"]) == ("0.00", "100.00")


async def test_posting_by_hand_is_taken_back_once_and_never_what_is_spent(
    service: Service, village: str
) -> None:
    await open_account(service, village)
    path = f"{account(village)}/postings"
    await service.write(path, interest("I1", "10.00", "2022-06-21"))
    await service.write(path, interest("F1", "0.01", "2022-06-22", "BANK_FEE"))
    back = {"reversal": {"reason": "记错账户", "documentNo": "冲1"}, "occurredOn": "2022-07-01"}
    spent = await code(service, f"{path}/I1/reversal", back)
    assert spent == (409, "INSUFFICIENT_INCOME_BALANCE")
    await service.write(f"{path}/F1/reversal", back)
    assert await code(service, f"{path}/F1/reversal", back) == (409, "STEP_OUT_OF_ORDER")
    assert await code(service, f"{path}/R9/reversal", back) == (404, "NOT_FOUND")
    await service.write(f"{path}/I1/reversal", back)
    assert (await service.read(account(village)))["resource"]["balance"] == "0.00"


async def test_two_fees_at_once_never_take_a_fen_too_much(service: Service, village: str) -> None:
    """Sends two withdrawals of all that lies there at the same time, again and again: one of them gets it."""
    await open_account(service, village)
    path = f"{account(village)}/postings"
    for turn in range(12):
        await service.write(path, interest(f"I{turn}", "100.00", "2022-06-21"))
        answers = await asyncio.gather(
            *(
                service.post(path, interest(f"F{turn}-{one}", "100.00", "2022-06-21", "BANK_FEE"))
                for one in range(2)
            )
        )
        assert sorted(one.status_code for one in answers) == [201, 409]
        (refusal,) = (one.json()["code"] for one in answers if one.status_code == 409)
        assert refusal == "INSUFFICIENT_INCOME_BALANCE"
    assert (await service.read(account(village)))["resource"]["balance"] == "0.00"
