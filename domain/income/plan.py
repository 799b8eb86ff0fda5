"""An income plan (收益分配使用方案, A8): proposed by the village, decided on by its procedure, paid as it was decided.

A plan is paid in instalments, each with its voucher and payment list, from the income of its source assets and from the
village's sub-account in one commit; a text that was decided on and another one are told apart by their digests.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.asset.facts.income import IncomeDistribution, IncomeUse
from domain.execution import Execution
from domain.income.content import SUBJECT_KIND, IncomePlanContent, check_content
from domain.income.payments import (
    PaymentReturn,
    PlanPayment,
    UseNotice,
    must_fit_lines,
    must_follow,
    must_have_been_paid,
    on_record,
    with_lines,
)
from domain.income.post import PublicWelfarePost, WagePayment
from domain.occasion import Basis
from domain.refusals import refuse
from domain.values import Code, Fen, Sha256, Text, total

if TYPE_CHECKING:
    from domain.asset.asset import Asset
    from domain.occasion import Occasion
    from domain.procedure.procedure import ProcedureInstance

NO_POSTS: Final[Mapping[str, PublicWelfarePost]] = MappingProxyType({})
"""Posts of a plan whose lines name none."""

PlanState = Literal["PROPOSED", "WITHDRAWN", "PAYING", "PAID"]
"""已提出、已撤回、部分支付、已支付。"""


class IncomePlan(DomainAggregate):
    """One plan of one village."""

    TOPIC: ClassVar[str] = "income_plan"
    KIND: ClassVar[str] = "income_plan"

    content: Annotated[IncomePlanContent, Field(title="方案内容")]
    sha256: Annotated[Sha256, Field(title="内容摘要")]
    village_share: Annotated[Fen, Field(title="到村金额")]
    household_share: Annotated[Fen, Field(title="到户金额")]
    state: Annotated[PlanState, Field(title="方案状态")]
    warned: Annotated[
        tuple[str, ...], Field(title="方案的提示代码", description="提出或修改时给出，供审核和复核")
    ]
    proposed_on: Annotated[date, Field(title="提出日期")]
    procedure: Annotated[str | None, Field(title="程序编号")]
    paid: Annotated[Fen, Field(title="已支付金额")]
    paid_by_line: Annotated[dict[int, Fen], Field(title="各项已支付金额")]
    payments: Annotated[dict[str, PlanPayment], Field(title="各次支付")]
    last_paid_on: Annotated[date | None, Field(title="最近支付日期")]
    published: Annotated[UseNotice | None, Field(title="使用情况公布")]
    returns: Annotated[dict[str, PaymentReturn], Field(title="各次退回")]
    to_pay_again: Annotated[dict[int, Fen], Field(title="各项退回待再支付金额")]

    class Event(DomainAggregate.Event):
        """Root of the plan's events."""

    # ---- proposing -----------------------------------------------------------------------------------------------

    class Proposed(Event, CreatedEvent):
        """The village proposes what its income is to be used for."""

        TOPIC: ClassVar[str] = "income_plan.proposed"
        TITLE: ClassVar[str] = "提出收益分配方案"
        content: IncomePlanContent = Field(title="方案内容")
        sha256: Sha256 = Field(title="内容摘要")
        village_share: Fen = Field(title="到村金额")
        household_share: Fen = Field(title="到户金额")

    @classmethod
    def propose(
        cls,
        plan: str,
        content: IncomePlanContent,
        assets: dict[str, Asset],
        balance: Fen,
        priority: frozenset[str],
        at: Occasion,
        *,
        posts: Mapping[str, PublicWelfarePost] = NO_POSTS,
    ) -> IncomePlan:
        """Propose a plan (C4.7-06, C4.9-03), judged by `check_content`.

        Refused: WAGE_NOT_ASSESSED, AMOUNT_NOT_POSITIVE, FIELD_INVALID, ATTRIBUTION_SUM_MISMATCH, NOT_INCOME_HOLDER, PLAN_EXCEEDS_INCOME,
        PV_RULESET_REQUIRED, USE_NOT_ALLOWED, FIELD_REQUIRED, EQUAL_DISTRIBUTION_PROHIBITED,
        DISTRIBUTION_BASIS_REQUIRED, CODE_UNKNOWN, ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED.
        """
        at.cite("C4.7-06", "C4.9-03")
        check_content(content, assets, balance, priority, posts, at)
        return cls.begin(cls.Proposed, plan, at, **_fields(plan, content))

    @event(Proposed)
    def __init__(
        self,
        content: IncomePlanContent,
        sha256: Sha256,
        village_share: Fen,
        household_share: Fen,
        occurred_on: date,
        basis: Basis,
    ) -> None:
        self.content, self.sha256 = content, sha256
        self.village_share, self.household_share = village_share, household_share
        self.warned = _codes(basis)
        self.state = "PROPOSED"
        self.proposed_on = occurred_on
        self.procedure = None
        self.paid = Fen(0)
        self.paid_by_line = {}
        self.payments = {}
        self.last_paid_on = self.published = None
        self.returns = {}
        self.to_pay_again = {}

    class Amended(Event):
        """Another text in the place of the one before: what was decided on that one decides nothing of this."""

        TOPIC: ClassVar[str] = "income_plan.amended"
        TITLE: ClassVar[str] = "修改收益分配方案"
        content: IncomePlanContent = Field(title="方案内容")
        sha256: Sha256 = Field(title="内容摘要")
        village_share: Fen = Field(title="到村金额")
        household_share: Fen = Field(title="到户金额")
        reason: Text = Field(title="修改原因")

    def amend(
        self,
        content: IncomePlanContent,
        reason: str,
        assets: dict[str, Asset],
        balance: Fen,
        priority: frozenset[str],
        at: Occasion,
        *,
        posts: Mapping[str, PublicWelfarePost] = NO_POSTS,
    ) -> None:
        """Put another text in its place before anything is paid (C4.9-04), judged by `check_content`.

        Refused: STEP_OUT_OF_ORDER once it is withdrawn or paid, FIELD_INVALID for another village's; WAGE_NOT_ASSESSED, AMOUNT_NOT_POSITIVE, FIELD_INVALID, ATTRIBUTION_SUM_MISMATCH, NOT_INCOME_HOLDER, PLAN_EXCEEDS_INCOME,
        PV_RULESET_REQUIRED, USE_NOT_ALLOWED, FIELD_REQUIRED, EQUAL_DISTRIBUTION_PROHIBITED,
        DISTRIBUTION_BASIS_REQUIRED, CODE_UNKNOWN, ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED.
        """
        at.cite("C4.9-03")
        self._must_be(("PROPOSED",), "amendment", at)
        if content.village != self.content.village:
            raise refuse("FIELD_INVALID", clause="C4.9-03", field="plan.village", value=content.village)
        check_content(content, assets, balance, priority, posts, at)
        if content != self.content:
            self.record(self.Amended, at, reason=reason, **_fields(self.id, content))

    @event(Amended)
    def _amended(
        self,
        content: IncomePlanContent,
        sha256: Sha256,
        village_share: Fen,
        household_share: Fen,
        basis: Basis,
    ) -> None:
        self.content, self.sha256 = content, sha256
        self.warned = _codes(basis)
        self.village_share, self.household_share = village_share, household_share

    class Withdrawn(Event):
        """The village gives the plan up."""

        TOPIC: ClassVar[str] = "income_plan.withdrawn"
        TITLE: ClassVar[str] = "撤回收益分配方案"
        reason: Text = Field(title="撤回原因")

    def withdraw(self, reason: str, at: Occasion) -> None:
        """Give the plan up before anything is paid (C4.9-03). STEP_OUT_OF_ORDER."""
        at.cite("C4.9-03")
        self._must_be(("PROPOSED",), "withdrawal", at)
        self.record(self.Withdrawn, at, reason=reason)

    @event(Withdrawn)
    def _withdrawn(self) -> None:
        self.state = "WITHDRAWN"

    # ---- paying --------------------------------------------------------------------------------------------------

    class Executed(Event):
        """An instalment of the plan was paid, by the procedure that decided on its text."""

        TOPIC: ClassVar[str] = "income_plan.executed"
        TITLE: ClassVar[str] = "支付收益分配方案"
        payment: PlanPayment = Field(title="支付情况")
        procedure: Code = Field(title="程序编号")
        paid_again: Fen | None = Field(
            default=None, title="其中再支付的金额", description="此前被银行退回的款项"
        )

        def carries_out(self, it: IncomePlan) -> Execution:
            """The text that was decided on."""
            return it.carried_out

    def execute(
        self, payment: PlanPayment, procedure: ProcedureInstance, at: Occasion
    ) -> dict[str, IncomeDistribution] | None:
        """Pay an instalment of what was decided on (C4.9-03, C4.9-05). None for one that is on record already.

        Gives what of it is paid from which asset: from the first source until it is used up, and so on. What the bank sent
        back of a line is paid again first; it was taken from the assets when it was paid before, and is not taken again.
        Whether the procedure is through is for it to say (`ProcedureInstance.take_by_fact`).

        Refused: STEP_OUT_OF_ORDER once it is withdrawn; ALREADY_EXISTS when the number stands for another payment;
        PLAN_HASH_MISMATCH for one over another plan or text, or
        other than the one that was paid by before; AMOUNT_NOT_POSITIVE; FIELD_INVALID for a line there is not;
        ATTRIBUTION_SUM_MISMATCH; PLAN_AMOUNT_EXCEEDED for more than a line has.
        """
        at.cite("C4.9-03", "C4.9-05")
        if on_record(payment, self.payments):
            return None
        self._must_be(("PROPOSED", "PAYING", "PAID"), "execution", at)
        must_follow(procedure, self.content.subject(self.id), self.procedure, at, "C4.9-03")
        planned = [one.amount for one in self.content.lines]
        must_fit_lines(payment, planned, self.paid_by_line, at, "C4.9-03")
        pieces = self._distributions(payment)
        again = sum(min(left, _of_line(payment, line)) for line, left in self.to_pay_again.items())
        self.record(
            self.Executed,
            at,
            payment=payment,
            procedure=procedure.id,
            paid_again=Fen(again) if again else None,
        )
        return pieces

    @property
    def carried_out(self) -> Execution:
        """What a procedure over this plan's text decided on."""
        return Execution(self.content.village, SUBJECT_KIND, self.id, (self.sha256,))

    def unpaid_to(self, household: str) -> Fen:
        """What the plan has for a household and was not paid yet; nothing once it is withdrawn."""
        if self.state == "WITHDRAWN":
            return Fen(0)
        lines = [
            (number, one) for number, one in enumerate(self.content.lines, 1) if one.household == household
        ]
        return Fen(sum(one.amount - self.paid_by_line.get(number, 0) for number, one in lines))

    @event(Executed)
    def _executed(self, payment: PlanPayment, procedure: Code) -> None:
        self.procedure = procedure
        self.payments = {**self.payments, payment.payment: payment}
        self.to_pay_again = {
            line: left
            for line, waiting in self.to_pay_again.items()
            if (left := Fen(waiting - min(waiting, _of_line(payment, line)))) > 0
        }
        self.paid_by_line = with_lines(self.paid_by_line, payment.lines)
        self.paid = Fen(self.paid + payment.amount)
        self.last_paid_on = max(self.last_paid_on or payment.paid_on, payment.paid_on)
        self.state = "PAID" if self.paid == self.content.amount else "PAYING"

    def wages_in(self, payment: PlanPayment) -> list[tuple[str, WagePayment]]:
        """Wages that a payment, not recorded yet, pays for the first time: the post of each, and what it counts."""
        found = []
        for one in payment.lines:
            line = self.content.lines[one.line - 1] if one.line <= len(self.content.lines) else None
            fresh = one.amount - min(one.amount, self.to_pay_again.get(one.line, 0))
            if line is None or line.post is None or line.household is None or fresh <= 0:
                continue
            wage = WagePayment(
                household=line.household,
                plan=self.id,
                line=one.line,
                payment=payment.payment,
                amount=Fen(fresh),
                months=line.months or (),
            )
            found.append((line.post, wage))
        return found

    def _distributions(self, payment: PlanPayment) -> dict[str, IncomeDistribution]:
        left = {one.asset: int(one.amount) for one in self.content.sources}
        _draw(left, self.paid + total(self.to_pay_again.values()))
        pieces: dict[str, list[IncomeUse]] = {}
        for one in payment.lines:
            line = self.content.lines[one.line - 1]
            fresh = one.amount - min(one.amount, self.to_pay_again.get(one.line, 0))
            for asset, amount in _draw(left, fresh):
                pieces.setdefault(asset, []).append(
                    IncomeUse(
                        use=line.use, amount=Fen(amount), purpose=line.purpose, household=line.household
                    )
                )
        return {
            asset: IncomeDistribution(
                plan=self.id,
                holder=self.content.village,
                amount=total(use.amount for use in uses),
                paid_on=payment.paid_on,
                voucher_no=payment.voucher_no,
                lines=tuple(uses),
            )
            for asset, uses in pieces.items()
        }

    # ---- what the bank sends back --------------------------------------------------------------------------------

    class PaymentReturned(Event):
        """The bank sent money of a payment back: the lines it was for are still to be paid."""

        TOPIC: ClassVar[str] = "income_plan.payment_returned"
        TITLE: ClassVar[str] = "银行退回支付款项"
        FACT: ClassVar[bool] = True
        back: PaymentReturn = Field(title="银行退回情况")

    def take_back(self, back: PaymentReturn, at: Occasion) -> bool:
        """Record what the bank sent back of a payment (C4.9-05): a fact. False for a return that is on record already.

        Refused: ALREADY_EXISTS when the number stands for another return; NOT_FOUND for a payment there is not;
        AMOUNT_NOT_POSITIVE; FIELD_INVALID; ATTRIBUTION_SUM_MISMATCH; RETURN_EXCEEDS_PAYMENT.
        """
        at.cite("C4.9-05", "C4.9-03")
        known = self.returns.get(back.returned)
        if known is not None:
            if known == back:
                return False
            raise refuse("ALREADY_EXISTS", what=back.returned)
        payment = self.payments.get(back.payment)
        if payment is None:
            raise refuse("NOT_FOUND", what=back.payment)
        must_have_been_paid(back, payment, self.returns.values(), at, "C4.9-05")
        self.record(self.PaymentReturned, at, back=back)
        return True

    @event(PaymentReturned)
    def _payment_returned(self, back: PaymentReturn) -> None:
        self.returns = {**self.returns, back.returned: back}
        self.to_pay_again = with_lines(self.to_pay_again, back.lines)
        self.paid_by_line = with_lines(self.paid_by_line, back.lines, -1)
        self.paid = Fen(self.paid - back.amount)
        self.state = "PAYING"

    # ---- publishing ----------------------------------------------------------------------------------------------

    class UsePublished(Event):
        """The village made public what the money was used for."""

        TOPIC: ClassVar[str] = "income_plan.use_published"
        TITLE: ClassVar[str] = "公布收益使用情况"
        notice: UseNotice = Field(title="公布情况")

    def publish_use(self, notice: UseNotice, at: Occasion) -> None:
        """Record that the use was made public (C3-04, C4.9-03). STEP_OUT_OF_ORDER before anything is paid."""
        at.cite("C4.9-03", "C3-04")
        self._must_be(("PAYING", "PAID"), "useNotice", at)
        if notice != self.published:
            self.record(self.UsePublished, at, notice=notice)

    @event(UsePublished)
    def _use_published(self, notice: UseNotice) -> None:
        self.published = notice

    def _must_be(self, states: tuple[PlanState, ...], step: str, at: Occasion) -> None:
        at.require(self.state in states, "STEP_OUT_OF_ORDER", clause="C4.9-03", step=step, state=self.state)


def _fields(plan: str, content: IncomePlanContent) -> dict[str, object]:
    return {
        "content": content,
        "sha256": content.subject(plan).sha256,
        "village_share": content.village_share,
        "household_share": content.household_share,
    }


def _codes(basis: Basis) -> tuple[str, ...]:
    """The codes of what was warned of, each once: reviewers see them beside the text."""
    return tuple(dict.fromkeys(one.code for one in basis.warnings))


def _of_line(payment: PlanPayment, line: int) -> int:
    """What a payment has for a line."""
    return sum(one.amount for one in payment.lines if one.line == line)


def _draw(left: dict[str, int], amount: int) -> list[tuple[str, int]]:
    """Take an amount from what is `left` of the sources, in their order; gives what came from each."""
    taken: list[tuple[str, int]] = []
    for asset, there in left.items():
        part = min(there, amount)
        if part > 0:
            taken.append((asset, part))
            amount -= part
    left.update({asset: left[asset] - part for asset, part in taken})
    return taken
