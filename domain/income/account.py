"""The income sub-account of a village collective (“银行存款”“经营收入” — 扶贫资产收益资金, C4.9-05): every fen in and out of it.

Each posting has both sides in one amount, by the county's posting rule of the month in whose book it stands. Receipts and
payments are posted by the facts themselves, in their commit; interest and fees of the bank by hand. What becomes known
late keeps its own day and stands in the first month that is open.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay, NotBefore
from domain.classification import UNIT
from domain.refusals import refuse
from domain.values import AssetCode, Code, Fen, Listed, Name, PaperSha256, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.regulation.rows import PostingRule

MONTH_PATTERN: Final = r"^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])$"
Month = Annotated[str, Field(pattern=MONTH_PATTERN)]
"""A month of the books, `2024-03`."""


RECEIPT: Final = "RECEIPT"
UPKEEP: Final = "MAINTENANCE"
"""Causes of postings that are added up by year: operating income, and upkeep paid from it (C4.10-03)."""


class SubAccountOpening(Value):
    """The sub-account as it begins: what lies on it before the first posting, and the document that says so."""

    opened_on: Annotated[FactDay, NotBefore("start")] = Field(title="设立日期")
    balance: Fen = Field(title="期初余额")
    document_no: Annotated[Name, UNIT] = Field(title="依据文号")
    document_sha256: PaperSha256 = Field(title="对账单或依据文件摘要")


class HandPosting(Value):
    """A posting that no fact about an asset makes: interest, fees of the bank."""

    posting: Code = Field(title="记账编号")
    cause: Annotated[Code, Listed("posting-rules")] = Field(title="记账事由")
    amount: Fen = Field(title="金额")
    posted_on: FactDay = Field(title="发生日期")
    voucher_no: Annotated[Name, UNIT] = Field(title="凭证号")


class AccountEntry(Value):
    """One posting in double form: debit and credit of one amount, in the book of a month."""

    posting: Code = Field(title="记账编号", description="收款、支付或手工记账的编号")
    cause: Code = Field(title="记账事由")
    amount: Fen = Field(title="金额")
    day: FactDay = Field(title="发生日期")
    month: Month = Field(title="记账月份")
    for_month: Month | None = Field(default=None, title="补记的所属月份", description="该月已结账时填写")
    debit: Annotated[Name, UNIT] = Field(title="借方科目")
    credit: Annotated[Name, UNIT] = Field(title="贷方科目")
    inward: bool = Field(title="是否增加余额")
    by_hand: bool = Field(default=False, title="是否手工记账")
    voucher_no: Annotated[Name, UNIT] = Field(title="凭证号")
    asset: AssetCode | None = Field(default=None, title="资产编号")

    @property
    def signed(self) -> int:
        """What it does to the balance, fen."""
        return int(self.amount) if self.inward else -int(self.amount)


class MonthClosing(Value):
    """The end of a month in the books: what happens in it and becomes known later stands in a later month."""

    month: Month = Field(title="结账月份")
    closed_on: FactDay = Field(title="结账日期")


class PostingReversal(Value):
    """A posting by hand was wrong: it is taken back by a posting of its own."""

    reason: Text = Field(title="冲销原因")
    document_no: Annotated[Name, UNIT] = Field(title="冲销依据文号")


class IncomeSubAccount(DomainAggregate):
    """One village's sub-account; its code is that of the village."""

    TOPIC: ClassVar[str] = "income_sub_account"
    KIND: ClassVar[str] = "income_sub_account"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    opening: Annotated[SubAccountOpening, Field(title="设立情况")]
    balance: Annotated[Fen, Field(title="余额")]
    movements: Annotated[dict[date, Fen], Field(title="各日增减")]
    months: Annotated[dict[str, Fen], Field(title="各月记账增减")]
    received_by_year: Annotated[dict[int, Fen], Field(title="各年经营收入")]
    upkeep_by_year: Annotated[dict[int, Fen], Field(title="各年管护支出")]
    closed_through: Annotated[str | None, Field(title="已结账至")]
    by_hand: Annotated[dict[str, AccountEntry], Field(title="手工记账明细")]
    reversed_postings: Annotated[tuple[str, ...], Field(title="已冲销的记账")]

    class Event(DomainAggregate.Event):
        """Root of the account's events."""

    class Opened(Event, CreatedEvent):
        """The village keeps the income of its assets on an account of its own."""

        TOPIC: ClassVar[str] = "income_sub_account.opened"
        TITLE: ClassVar[str] = "设立收益资金明细科目"
        opening: SubAccountOpening = Field(title="设立情况")

    @classmethod
    def open(
        cls, village: str, kind: str, opening: SubAccountOpening, at: Occasion, *, newest: date | None = None
    ) -> IncomeSubAccount:
        """Open a village's sub-account (C4.9-05). `kind`: of the unit; `newest`: the last day on which income or use of it is on record.

        Refused: ACCOUNT_NOT_COLLECTIVE for a unit that is no village; AMOUNT_NOT_POSITIVE below zero; DATE_ORDER for a
        day that is not after what is on record already: that has to be in the balance.
        """
        at.cite("C4.9-05")
        at.require(kind == "VILLAGE", "ACCOUNT_NOT_COLLECTIVE", account=kind)
        if opening.balance < 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.9-05", field="opening.balance")
        if newest is not None and opening.opened_on <= newest:
            raise refuse(
                "DATE_ORDER",
                clause="C4.9-05",
                field="opening.openedOn",
                date=opening.opened_on.isoformat(),
                anchor="incomeLedger",
                bound=(newest + timedelta(days=1)).isoformat(),
            )
        return cls.begin(cls.Opened, village, at, opening=opening)

    @event(Opened)
    def __init__(self, opening: SubAccountOpening) -> None:
        self.opening = opening
        self.balance = opening.balance
        self.movements = {}
        self.months = {}
        self.received_by_year = {}
        self.upkeep_by_year = {}
        self.closed_through = None
        self.by_hand = {}
        self.reversed_postings = ()

    @property
    def begun_on(self) -> date:
        """What happened before is in the opening balance."""
        return self.opening.opened_on

    # ---- postings ----------------------------------------------------------------------------------------------

    class Posted(Event):
        """An amount was entered on both sides."""

        TOPIC: ClassVar[str] = "income_sub_account.posted"
        TITLE: ClassVar[str] = "收益资金记账"
        FACT: ClassVar[bool] = True
        entry: AccountEntry = Field(title="分录")

    def enter(
        self,
        rule: PostingRule,
        at: Occasion,
        *,
        posting: str,
        amount: Fen,
        day: date,
        voucher_no: str,
        asset: str | None = None,
    ) -> None:
        """Post what a fact says about an asset: a receipt, a payment, money the bank sent back (C4.9-05).

        What came in before the account was opened is in its opening balance and is not posted again.
        Refused: DATE_ORDER for a payment of before; INSUFFICIENT_INCOME_BALANCE for a payment of more than lies there, on its day or on any day since;
        AMOUNT_OUT_OF_RANGE when the sum is more than the log can carry.
        """
        at.cite("C4.9-05")
        if day < self.opening.opened_on:
            if not rule.inward:
                self._must_be_open(day, "payment.paidOn")
            return
        entry = self._entry(rule, posting, amount, day, voucher_no, asset)
        self._must_cover(entry, at)
        if entry.cause == UPKEEP:
            self._warn_of_upkeep(entry, at)
        self.record(self.Posted, at, entry=entry)

    def _warn_of_upkeep(self, entry: AccountEntry, at: Occasion) -> None:
        """Upkeep takes an appropriate part of the year's operating income (适当列支, P33, C4.10-03)."""
        year = entry.day.year
        spent = self.upkeep_by_year.get(year, 0) + entry.amount
        cap = self.received_by_year.get(year, 0) * at.rules.parameters["P33"]
        if spent * 10_000 > cap:
            at.warn("MAINTENANCE_SHARE_HIGH", amount=Fen(spent), cap=Fen(cap // 10_000))

    def post_by_hand(self, posting: HandPosting, rule: PostingRule, at: Occasion) -> None:
        """Post what no fact posts by itself: interest, fees of the bank (C4.9-05).

        Refused: FIELD_INVALID for a cause that a fact posts; AMOUNT_NOT_POSITIVE; ALREADY_EXISTS when the number
        stands for another posting; DATE_ORDER before the account was opened; INSUFFICIENT_INCOME_BALANCE;
        AMOUNT_OUT_OF_RANGE.
        """
        at.cite("C4.9-05")
        if not rule.by_hand:
            raise refuse("FIELD_INVALID", clause="C4.9-05", field="posting.cause", value=posting.cause)
        if posting.amount <= 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.9-05", field="posting.amount")
        self._must_be_open(posting.posted_on, "posting.postedOn")
        entry = self._entry(rule, posting.posting, posting.amount, posting.posted_on, posting.voucher_no)
        known = self.by_hand.get(posting.posting)
        if known is not None:
            if (known.cause, known.amount, known.day) == (entry.cause, entry.amount, entry.day):
                return
            raise refuse("ALREADY_EXISTS", what=posting.posting)
        self._must_cover(entry, at)
        self.record(self.Posted, at, entry=entry)

    @event(Posted)
    def _posted(self, entry: AccountEntry) -> None:
        self._move(entry, entry.signed)
        year = entry.day.year
        if entry.cause == RECEIPT:
            self.received_by_year = {
                **self.received_by_year,
                year: Fen(self.received_by_year.get(year, 0) + entry.amount),
            }
        elif entry.cause == UPKEEP:
            self.upkeep_by_year = {
                **self.upkeep_by_year,
                year: Fen(self.upkeep_by_year.get(year, 0) + entry.amount),
            }
        if entry.by_hand:
            self.by_hand = {**self.by_hand, entry.posting: entry}

    class PostingReversed(Event):
        """A posting by hand was taken back."""

        TOPIC: ClassVar[str] = "income_sub_account.posting_reversed"
        TITLE: ClassVar[str] = "冲销收益资金记账"
        entry: AccountEntry = Field(title="被冲销的分录", description="记账月份为冲销所记的月份")
        reversal: PostingReversal = Field(title="冲销情况")

    def reverse(self, posting: str, reversal: PostingReversal, at: Occasion) -> None:
        """Take a posting by hand back, with reason and document (C4.9-05).

        What a fact posted follows the fact. Refused: NOT_FOUND; STEP_OUT_OF_ORDER when it is taken back already;
        INSUFFICIENT_INCOME_BALANCE when what came in by it is spent.
        """
        at.cite("C4.9-05")
        known = self.by_hand.get(posting)
        if known is None:
            raise refuse("NOT_FOUND", what=posting)
        at.require(
            posting not in self.reversed_postings,
            "STEP_OUT_OF_ORDER",
            clause="C4.9-05",
            step="reversal",
            state="REVERSED",
        )
        month, own = self._book_of(known.day)
        entry = known.model_copy(update={"month": month, "for_month": own})
        if known.inward:
            self._must_have(known.amount, known.day, at)
        self.record(self.PostingReversed, at, entry=entry, reversal=reversal)

    @event(PostingReversed)
    def _posting_reversed(self, entry: AccountEntry) -> None:
        self._move(entry, -entry.signed)
        self.reversed_postings = (*self.reversed_postings, entry.posting)

    # ---- closing -----------------------------------------------------------------------------------------------

    class PeriodClosed(Event):
        """The books of a month, and of all before it, are closed."""

        TOPIC: ClassVar[str] = "income_sub_account.period_closed"
        TITLE: ClassVar[str] = "收益资金结账"
        closing: MonthClosing = Field(title="结账情况")
        balance: Fen = Field(title="月末余额")

    def close_month(self, closing: MonthClosing, at: Occasion) -> None:
        """Close the books up to the end of a month (C4.9-05).

        Refused: DATE_IN_FUTURE for a month that has not ended; STEP_OUT_OF_ORDER for one that is closed or lies before
        the account was opened.
        """
        at.cite("C4.9-05")
        if first_day(next_month(closing.month)) > closing.closed_on:
            raise refuse(
                "DATE_IN_FUTURE",
                field="closing.month",
                date=closing.month,
                today=closing.closed_on.isoformat(),
            )
        if closing.month == self.closed_through:
            return
        before = self.closed_through or previous_month(month_of(self.opening.opened_on))
        at.require(
            closing.month > before, "STEP_OUT_OF_ORDER", clause="C4.9-05", step="closing", state=before
        )
        self.record(self.PeriodClosed, at, closing=closing, balance=self.balance_of(closing.month))

    @event(PeriodClosed)
    def _period_closed(self, closing: MonthClosing) -> None:
        self.closed_through = closing.month

    # ---- what follows ------------------------------------------------------------------------------------------

    def balance_of(self, month: str) -> Fen:
        """What the books show at the end of a month, fen."""
        return Fen(self.opening.balance + sum(moved for at, moved in self.months.items() if at <= month))

    def available(self, day: date) -> Fen:
        """What can be spent on a day without a later day falling below zero, fen."""
        standing = int(self.opening.balance)
        least: int | None = None
        for moved_on in sorted(self.movements):
            if moved_on > day:
                least = standing if least is None else min(least, standing)
            standing += self.movements[moved_on]
        return Fen(standing if least is None else min(least, standing))

    def book_month(self, day: date) -> str:
        """The month in whose book what happened on a day is entered now."""
        return self._book_of(day)[0]

    def _book_of(self, day: date) -> tuple[str, str | None]:
        """The month of the book, and the month it is for where that is closed."""
        own = month_of(day)
        if self.closed_through is None or own > self.closed_through:
            return own, None
        return next_month(self.closed_through), own

    def _entry(
        self,
        rule: PostingRule,
        posting: str,
        amount: Fen,
        day: date,
        voucher_no: str,
        asset: str | None = None,
    ) -> AccountEntry:
        month, own = self._book_of(day)
        return AccountEntry(
            posting=posting,
            cause=rule.code,
            amount=amount,
            day=day,
            month=month,
            for_month=own,
            debit=rule.debit,
            credit=rule.credit,
            inward=rule.inward,
            by_hand=rule.by_hand,
            voucher_no=voucher_no,
            asset=asset,
        )

    def _must_be_open(self, day: date, field: str) -> None:
        if day < self.opening.opened_on:
            raise refuse(
                "DATE_ORDER",
                clause="C4.9-05",
                field=field,
                date=day.isoformat(),
                anchor="openedOn",
                bound=self.opening.opened_on.isoformat(),
            )

    def _must_cover(self, entry: AccountEntry, at: Occasion) -> None:
        at.in_range(self.balance + entry.signed, "amount")
        if not entry.inward:
            self._must_have(entry.amount, entry.day, at)

    def _must_have(self, amount: Fen, day: date, at: Occasion) -> None:
        at.require(
            amount <= self.available(day),
            "INSUFFICIENT_INCOME_BALANCE",
            clause="C4.9-05",
            amount=amount,
            balance=self.available(day),
        )

    def _move(self, entry: AccountEntry, signed: int) -> None:
        self.balance = Fen(self.balance + signed)
        self.movements = {**self.movements, entry.day: Fen(self.movements.get(entry.day, 0) + signed)}
        self.months = {**self.months, entry.month: Fen(self.months.get(entry.month, 0) + signed)}


def month_of(day: date) -> str:
    """The month of a day."""
    return day.isoformat()[:7]


def first_day(month: str) -> date:
    """The first day of a month."""
    return date.fromisoformat(f"{month}-01")


def next_month(month: str) -> str:
    """The month after."""
    return month_of(first_day(month) + timedelta(days=31))


def previous_month(month: str) -> str:
    """The month before."""
    return month_of(first_day(month) - timedelta(days=1))
