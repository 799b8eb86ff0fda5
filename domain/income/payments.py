"""Payments (支付) from a village's sub-account of what a procedure decided on: what every use of income asks of them.

A payment follows the procedure over the very text that is paid, and the rest goes by the procedure that the first part went by.
What is paid line by line never exceeds a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import Field

from domain.bounds import FactDay, NotBefore
from domain.classification import PERSONAL_OF_HOUSEHOLD, UNIT
from domain.refusals import refuse
from domain.values import Code, Fen, Name, PaperSha256, PersonalPaperSha256, Text, Value, total

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.procedure.procedure import ProcedureInstance
    from domain.procedure.subject import Subject


class PaidLine(Value):
    """The part of a line that is paid: its number in the plan, from 1 on, and the amount."""

    line: int = Field(title="明细序号", ge=1, le=5000, strict=True)
    amount: Fen = Field(title="支付金额")


class PlanPayment(Value):
    """One instalment: what was paid by bank list on a day, under a voucher."""

    payment: Code = Field(title="支付编号")
    amount: Fen = Field(title="支付总额")
    paid_on: Annotated[FactDay, NotBefore("its.proposed_on")] = Field(title="支付日期")
    voucher_no: Annotated[Name, UNIT] = Field(title="凭证号")
    list_sha256: PersonalPaperSha256 = Field(title="发放清单摘要")
    lines: tuple[PaidLine, ...] = Field(title="支付明细", min_length=1, max_length=5000)


class ReturnedLine(Value):
    """The part of a line that the bank sent back: its number in the plan, and the amount."""

    line: int = Field(title="明细序号", ge=1, le=5000, strict=True)
    amount: Fen = Field(title="退回金额")


class PaymentReturn(Value):
    """Money of a payment that the bank sent back, because an account was wrong or closed."""

    returned: Code = Field(title="退回编号")
    payment: Code = Field(title="支付编号", description="退回的是哪一次支付")
    amount: Fen = Field(title="退回总额")
    returned_on: Annotated[FactDay, NotBefore("its.payments[payment].paid_on")] = Field(title="退回日期")
    voucher_no: Annotated[Name, UNIT] = Field(title="凭证号")
    reason: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(
        title="退回原因", description="如账号有误、账户已销户"
    )
    lines: tuple[ReturnedLine, ...] = Field(title="退回明细", min_length=1, max_length=5000)


class UseNotice(Value):
    """The use of the money made public (公布使用情况)."""

    published_on: Annotated[FactDay, NotBefore("its.last_paid_on")] = Field(title="公布日期")
    place: Annotated[Name, UNIT] = Field(title="公布地点")
    evidence_sha256: PaperSha256 = Field(title="公布照片或链接摘要")


class Instalment(Protocol):
    """One payment of any use of income."""

    @property
    def payment(self) -> str:
        """Its number."""

    @property
    def amount(self) -> Fen:
        """What was paid, fen."""

    @property
    def voucher_no(self) -> str | None:
        """The voucher it stands under."""


def on_record(payment: Instalment, known: Mapping[str, Instalment]) -> bool:
    """Whether just this payment is on record already. ALREADY_EXISTS when its number stands for another one."""
    found = known.get(payment.payment)
    if found is not None and found != payment:
        raise refuse("ALREADY_EXISTS", what=payment.payment)
    return found is not None


def must_follow(
    procedure: ProcedureInstance, subject: Subject, before: str | None, at: Occasion, clause: str
) -> None:
    """Refuse a procedure over another matter or text, or other than the one that was paid by `before`: PLAN_HASH_MISMATCH.

    Whether the procedure is through is for it to say (`ProcedureInstance.take_by_fact`).
    """
    over = procedure.subject
    same = (over.kind, over.id, over.sha256) == (subject.kind, subject.id, subject.sha256)
    at.require(
        same and before in {None, procedure.id}, "PLAN_HASH_MISMATCH", clause=clause, missing=["procedure"]
    )


def must_fit(payment: Instalment, paid: Fen, planned: Fen, at: Occasion, clause: str) -> None:
    """Refuse a payment that is none, has no voucher, or exceeds what is left of what was decided on.

    `paid`: so far. Refused: AMOUNT_NOT_POSITIVE; VOUCHER_REQUIRED; PLAN_AMOUNT_EXCEEDED.
    """
    if payment.amount <= 0:
        raise refuse("AMOUNT_NOT_POSITIVE", clause=clause, field="payment.amount")
    at.require(payment.voucher_no, "VOUCHER_REQUIRED", missing=["payment.voucherNo"])
    _must_be_planned(Fen(paid + payment.amount), planned, at, clause)


def must_fit_lines(
    payment: PlanPayment, planned: Sequence[Fen], paid: Mapping[int, Fen], at: Occasion, clause: str
) -> None:
    """Refuse a payment that is not the sum of its lines, or exceeds one of them. `planned`: of each line; `paid`: so far.

    Refused: AMOUNT_NOT_POSITIVE; FIELD_INVALID for a line there is not, or one named twice; ATTRIBUTION_SUM_MISMATCH;
    PLAN_AMOUNT_EXCEEDED.
    """
    if any(one.amount <= 0 for one in payment.lines):
        raise refuse("AMOUNT_NOT_POSITIVE", clause=clause, field="payment.lines[].amount")
    numbers = [one.line for one in payment.lines]
    if len(set(numbers)) != len(numbers) or max(numbers) > len(planned):
        raise refuse("FIELD_INVALID", clause=clause, field="payment.lines", value=str(max(numbers)))
    if total(one.amount for one in payment.lines) != payment.amount:
        raise refuse("ATTRIBUTION_SUM_MISMATCH", clause=clause, field="payment.lines", amount=payment.amount)
    for one in payment.lines:
        whole = Fen(paid.get(one.line, Fen(0)) + one.amount)
        _must_be_planned(whole, planned[one.line - 1], at, clause)


def must_have_been_paid(
    back: PaymentReturn, payment: PlanPayment, before: Iterable[PaymentReturn], at: Occasion, clause: str
) -> None:
    """Refuse what the bank cannot have sent back of a payment. `before`: what it sent back already, of whichever payment.

    Refused: AMOUNT_NOT_POSITIVE; FIELD_INVALID for a line named twice; ATTRIBUTION_SUM_MISMATCH;
    RETURN_EXCEEDS_PAYMENT for more than the payment has for a line.
    """
    if any(one.amount <= 0 for one in back.lines):
        raise refuse("AMOUNT_NOT_POSITIVE", clause=clause, field="back.lines[].amount")
    numbers = [one.line for one in back.lines]
    if len(set(numbers)) != len(numbers):
        raise refuse("FIELD_INVALID", clause=clause, field="back.lines", value=str(max(numbers)))
    if total(one.amount for one in back.lines) != back.amount:
        raise refuse("ATTRIBUTION_SUM_MISMATCH", clause=clause, field="back.lines", amount=back.amount)
    left = {one.line: int(one.amount) for one in payment.lines}
    for earlier in before:
        if earlier.payment == payment.payment:
            for one in earlier.lines:
                left[one.line] -= one.amount
    for one in back.lines:
        there = Fen(left.get(one.line, 0))
        at.require(
            one.amount <= there, "RETURN_EXCEEDS_PAYMENT", clause=clause, paid=there, amount=one.amount
        )


def with_lines(
    sums: Mapping[int, Fen], lines: Iterable[PaidLine | ReturnedLine], sign: int = 1
) -> dict[int, Fen]:
    """Sums by line, with these added, or taken off."""
    by_line = dict(sums)
    for one in lines:
        by_line[one.line] = Fen(by_line.get(one.line, 0) + sign * one.amount)
    return by_line


def _must_be_planned(whole: Fen, planned: Fen, at: Occasion, clause: str) -> None:
    at.require(whole <= planned, "PLAN_AMOUNT_EXCEEDED", clause=clause, planned=planned, amount=whole)
