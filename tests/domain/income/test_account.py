"""The income sub-account (C4.9-05): what it takes, in whose book it stands, and that no fen is lost or spent twice."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from domain.income.account import (
    AccountEntry,
    HandPosting,
    IncomeSubAccount,
    MonthClosing,
    PostingReversal,
    SubAccountOpening,
)
from domain.occasion import Occasion
from domain.refusals import Refusal
from domain.values import Fen
from tests.domain.saying import nothing, recorded, refused
from tests.examples import SHA, TOWNSHIP, VILLAGE, occasion, regulation, yuan

OPENED = date(2021, 7, 1)
NOW = date(2026, 6, 30)
BANK = "银行存款—扶贫资产收益资金"
EARNED = "经营收入—扶贫资产收益资金"


def on(day: date) -> Occasion:
    """A decision of that day, looked at later."""
    return occasion(day, today=NOW)


def opening(balance: str = "0.00", **changes: Any) -> SubAccountOpening:
    given: dict[str, Any] = {
        "opened_on": OPENED,
        "balance": yuan(balance),
        "document_no": "村账1号",
        "document_sha256": SHA,
    }
    return SubAccountOpening(**(given | changes))


def opened(balance: str = "0.00") -> IncomeSubAccount:
    account = IncomeSubAccount.open(VILLAGE, "VILLAGE", opening(balance), on(OPENED))
    account.collect_events()
    return account


def by_hand(posting: str, amount: str, day: date, cause: str = "INTEREST") -> HandPosting:
    return HandPosting(posting=posting, cause=cause, amount=yuan(amount), posted_on=day, voucher_no="息1")


def rule(cause: str, day: date) -> Any:
    return regulation().on(day).posting_rule(cause)


def enter(account: IncomeSubAccount, cause: str, posting: str, amount: str, day: date) -> None:
    account.enter(
        rule(cause, day),
        on(day),
        posting=posting,
        amount=yuan(amount),
        day=day,
        voucher_no="凭1",
        asset="A-1",
    )


def post(account: IncomeSubAccount, posting: HandPosting) -> None:
    day = posting.posted_on
    account.post_by_hand(posting, rule(posting.cause, day), on(day))


def close(account: IncomeSubAccount, month: str, day: date) -> None:
    account.close_month(MonthClosing(month=month, closed_on=day), on(day))


def test_account_is_a_village_collectives_with_a_balance_and_its_document() -> None:
    account = IncomeSubAccount.open(VILLAGE, "VILLAGE", opening("100.00"), on(OPENED))
    event = recorded(account, IncomeSubAccount.Opened)
    assert (account.balance, event.opening.document_no) == (yuan("100.00"), "村账1号")
    with refused("ACCOUNT_NOT_COLLECTIVE"):
        IncomeSubAccount.open(TOWNSHIP, "TOWNSHIP", opening(), on(OPENED))
    with refused("AMOUNT_NOT_POSITIVE"):
        IncomeSubAccount.open(VILLAGE, "VILLAGE", opening("-0.01"), on(OPENED))


def test_account_is_opened_after_what_is_on_record() -> None:
    with refused("DATE_ORDER"):
        IncomeSubAccount.open(VILLAGE, "VILLAGE", opening(), on(OPENED), newest=OPENED)
    before = OPENED - timedelta(days=1)
    assert IncomeSubAccount.open(VILLAGE, "VILLAGE", opening(), on(OPENED), newest=before)


@pytest.mark.parametrize(
    ("cause", "debit", "credit", "balance"),
    [
        ("RECEIPT", BANK, EARNED, "150.00"),
        ("DISTRIBUTION", EARNED, BANK, "50.00"),
    ],
)
def test_fact_is_entered_on_both_sides(cause: str, debit: str, credit: str, balance: str) -> None:
    account = opened("100.00")
    enter(account, cause, "R-1", "50.00", date(2022, 3, 1))
    entry = recorded(account, IncomeSubAccount.Posted).entry
    assert (entry.debit, entry.credit, entry.month, entry.for_month) == (debit, credit, "2022-03", None)
    assert account.balance == yuan(balance)


def test_what_happened_before_the_opening_is_in_its_balance() -> None:
    account = opened("100.00")
    enter(account, "RECEIPT", "R-1", "50.00", OPENED - timedelta(days=1))
    nothing(account)
    with refused("DATE_ORDER", account):
        enter(account, "DISTRIBUTION", "P-1", "50.00", OPENED - timedelta(days=1))
    enter(account, "RECEIPT", "R-1", "50.00", OPENED)
    assert recorded(account, IncomeSubAccount.Posted).entry.amount == yuan("50.00")


def test_no_payment_is_made_of_what_is_not_there_on_its_day_or_any_day_after() -> None:
    account = opened("10.00")
    enter(account, "RECEIPT", "R-1", "20.00", date(2022, 3, 2))
    enter(account, "DISTRIBUTION", "P-1", "25.00", date(2022, 3, 10))
    account.collect_events()
    with refused(
        "INSUFFICIENT_INCOME_BALANCE", account
    ):  # ten lay there on the first of March, and five do today
        enter(account, "DISTRIBUTION", "P-2", "5.01", date(2022, 3, 1))
    with refused("INSUFFICIENT_INCOME_BALANCE", account):
        enter(account, "DISTRIBUTION", "P-2", "5.01", date(2022, 3, 11))
    enter(account, "DISTRIBUTION", "P-2", "5.00", date(2022, 3, 1))
    assert account.balance == 0


def test_posting_by_hand_is_for_what_no_fact_posts_and_counts_once() -> None:
    account = opened()
    day = date(2022, 6, 21)
    with refused("FIELD_INVALID", account):
        post(account, by_hand("I-1", "1.00", day, "RECEIPT"))
    with refused("AMOUNT_NOT_POSITIVE", account):
        post(account, by_hand("I-1", "0.00", day))
    with refused("DATE_ORDER", account):
        post(account, by_hand("I-1", "1.00", OPENED - timedelta(days=1)))
    with refused("CODE_UNKNOWN", account):
        rule("TIP", day)
    post(account, by_hand("I-1", "1.00", day))
    recorded(account, IncomeSubAccount.Posted)
    post(account, by_hand("I-1", "1.00", day))
    nothing(account)
    with refused("ALREADY_EXISTS", account):
        post(account, by_hand("I-1", "1.01", day))
    with refused("INSUFFICIENT_INCOME_BALANCE", account):
        post(account, by_hand("F-1", "1.01", day, "BANK_FEE"))


def test_closed_month_takes_nothing_more_and_the_next_names_it() -> None:
    account = opened()
    with refused("DATE_IN_FUTURE", account):
        close(account, "2023-12", date(2023, 12, 31))
    with refused("STEP_OUT_OF_ORDER", account):
        close(account, "2021-06", date(2024, 1, 1))
    close(account, "2023-12", date(2024, 1, 1))
    assert recorded(account, IncomeSubAccount.PeriodClosed).balance == 0
    close(account, "2023-12", date(2024, 1, 2))
    nothing(account)
    with refused("STEP_OUT_OF_ORDER", account):
        close(account, "2023-11", date(2024, 1, 2))
    enter(account, "RECEIPT", "R-1", "5.00", date(2023, 5, 5))
    entry = recorded(account, IncomeSubAccount.Posted).entry
    assert (entry.day, entry.month, entry.for_month) == (date(2023, 5, 5), "2024-01", "2023-05")
    assert (account.balance_of("2023-12"), account.balance_of("2024-01")) == (0, yuan("5.00"))


def test_posting_by_hand_is_reversed_once_by_a_line_of_its_own() -> None:
    account = opened("1.00")
    day = date(2022, 6, 21)
    why = PostingReversal(reason="记错账户", document_no="冲1")
    with refused("NOT_FOUND", account):
        account.reverse("I-1", why, on(day))
    post(account, by_hand("I-1", "1.00", day))
    post(account, by_hand("F-1", "1.50", day, "BANK_FEE"))
    account.collect_events()
    with refused("INSUFFICIENT_INCOME_BALANCE", account):
        account.reverse("I-1", why, on(day))
    close(account, "2022-06", date(2022, 7, 1))
    account.collect_events()
    account.reverse("F-1", why, on(date(2022, 7, 2)))
    entry = recorded(account, IncomeSubAccount.PostingReversed).entry
    assert (entry.month, entry.for_month, account.balance) == ("2022-07", "2022-06", yuan("2.00"))
    with refused("STEP_OUT_OF_ORDER", account):
        account.reverse("F-1", why, on(date(2022, 7, 2)))


# ---- whatever happens ----------------------------------------------------------------------------------------------

DAYS = st.integers(0, 900).map(lambda days: OPENED + timedelta(days=days))
AMOUNTS = st.integers(1, 500).map(Fen)
COMMANDS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["RECEIPT", "DISTRIBUTION"]), AMOUNTS, DAYS),
        st.tuples(st.sampled_from(["INTEREST", "BANK_FEE"]), AMOUNTS, DAYS),
        st.tuples(st.just("REVERSE"), st.integers(0, 20), DAYS),
        st.tuples(st.just("CLOSE"), st.integers(0, 30), DAYS),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 300).map(Fen), COMMANDS)
def test_every_fen_is_where_the_books_say(balance: Fen, commands: list[tuple[str, Any, date]]) -> None:
    """Opening + received + interest − distributed − fees ± reversals = balance, on every day and in every book."""
    account = IncomeSubAccount.open(
        VILLAGE, "VILLAGE", opening().model_copy(update={"balance": balance}), on(OPENED)
    )
    for number, (what, amount, day) in enumerate(commands):
        before = account.dump_state()
        try:
            _carry_out(account, what, amount, day, number)
        except Refusal:
            assert account.dump_state() == before
    events = [one for one in account.pending_events if not isinstance(one, IncomeSubAccount.Opened)]
    moved = [_signed(one) for one in events if not isinstance(one, IncomeSubAccount.PeriodClosed)]
    bank = balance + sum(amount for _, _, amount, debit, _ in moved if debit == BANK)
    bank -= sum(amount for _, _, amount, _, credit in moved if credit == BANK)
    earned = balance + sum(amount for _, _, amount, _, credit in moved if credit == EARNED)
    earned -= sum(amount for _, _, amount, debit, _ in moved if debit == EARNED)
    assert bank == earned == account.balance
    for last in {day for _, day, _, _, _ in moved}:
        standing = balance + sum(
            amount if debit == BANK else -amount for _, day, amount, debit, _ in moved if day <= last
        )
        assert standing >= 0
    for month in {month for month, _, _, _, _ in moved}:
        book = balance + sum(
            amount if debit == BANK else -amount for at, _, amount, debit, _ in moved if at <= month
        )
        assert account.balance_of(month) == book


def _carry_out(account: IncomeSubAccount, what: str, amount: Any, day: date, number: int) -> None:
    at = on(day)
    if what == "CLOSE":
        month = (OPENED + timedelta(days=30 * amount)).isoformat()[:7]
        account.close_month(MonthClosing(month=month, closed_on=day), at)
    elif what == "REVERSE":
        account.reverse(f"N-{amount}", PostingReversal(reason="错", document_no="冲"), at)
    elif what in {"INTEREST", "BANK_FEE"}:
        posting = HandPosting(
            posting=f"N-{number}", cause=what, amount=amount, posted_on=day, voucher_no="息"
        )
        account.post_by_hand(posting, rule(what, day), at)
    else:
        account.enter(
            rule(what, day), at, posting=f"N-{number}", amount=amount, day=day, voucher_no="凭", asset="A-1"
        )


def _signed(event: Any) -> tuple[str, date, int, str, str]:
    """Book, day, amount, debit and credit of an event; a reversal stands on the other sides."""
    entry: AccountEntry = event.entry
    sides = (entry.debit, entry.credit)
    if isinstance(event, IncomeSubAccount.PostingReversed):
        sides = (entry.credit, entry.debit)
    return (entry.month, entry.day, int(entry.amount), *sides)
