"""An incentive plan (绩效激励方案, 四(七)1): rewards to a village's two committees for one of its small operating assets.

Only villages of the pilot have one. It is a use of the village's income, so it is decided on like every other (A8), and what
all plans of a year pay is held to the cap by the village's annual result.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay, NotBefore
from domain.classification import UNIT
from domain.execution import Execution
from domain.income.payments import must_fit, must_follow, on_record
from domain.procedure.subject import Subject, digest_of
from domain.refusals import refuse
from domain.values import AssetCode, Code, Fen, Name, OrganizationCode, PersonCode, Sha256, Text, Value, total

if TYPE_CHECKING:
    from domain.asset.asset import Asset
    from domain.income.result import AnnualResult
    from domain.occasion import Occasion
    from domain.organization.organization import Organization
    from domain.procedure.procedure import ProcedureInstance

SUBJECT_KIND: Final = "incentive_plan"
"""What a procedure (A8) over such a plan is over."""

IncentiveState = Literal["PROPOSED", "PAYING", "PAID"]
"""已提出、部分支付、已支付。"""


class IncentiveLine(Value):
    """Reward of one member of the two committees, and what for."""

    person: PersonCode = Field(title="人员编号")
    amount: Fen = Field(title="金额")
    ground: Annotated[Text, UNIT] = Field(title="激励依据", description="完成的管理绩效")


class IncentiveContent(Value):
    """Proposal of a village: whom it rewards for one of its operating assets, out of the profit of a year."""

    village: OrganizationCode = Field(title="村集体")
    year: int = Field(title="年度", ge=2013, le=2999, strict=True)
    asset: AssetCode = Field(title="资产编号")
    lines: tuple[IncentiveLine, ...] = Field(title="激励明细", min_length=1, max_length=200)

    @property
    def amount(self) -> Fen:
        """The sum of all rewards, fen."""
        return total(line.amount for line in self.lines)

    def subject(self, plan: str) -> Subject:
        """The text that is voted on, posted, reviewed, filed and paid, under its digest."""
        content: dict[str, Any] = {
            "plan": plan,
            "village": self.village,
            "year": self.year,
            "asset": self.asset,
            "amount": self.amount.yuan(),
            "lines": [one.model_dump(mode="json", by_alias=True) for one in self.lines],
        }
        return Subject(kind=SUBJECT_KIND, id=plan, sha256=digest_of(content), content=content)


class IncentivePayment(Value):
    """One instalment of the rewards."""

    payment: Code = Field(title="支付编号")
    amount: Fen = Field(title="支付金额")
    paid_on: Annotated[FactDay, NotBefore("its.proposed_on", clause="C4.7-07")] = Field(title="支付日期")
    voucher_no: Annotated[Name | None, UNIT] = Field(default=None, title="凭证号", description="支付须有凭证")


class ClawbackReceipt(Value):
    """Money that recipients gave back."""

    receipt: Code = Field(title="追回收款编号")
    amount: Fen = Field(title="追回金额")
    received_on: Annotated[FactDay, NotBefore("its.proposed_on", clause="C4.7-07")] = Field(title="追回日期")
    voucher_no: Annotated[Name, UNIT] = Field(title="凭证号")


class IncentivePlan(DomainAggregate):
    """One village's rewards for one asset, out of the profit of one year."""

    TOPIC: ClassVar[str] = "incentive_plan"
    KIND: ClassVar[str] = "incentive_plan"

    content: Annotated[IncentiveContent, Field(title="激励方案内容")]
    sha256: Annotated[Sha256, Field(title="内容摘要")]
    state: Annotated[IncentiveState, Field(title="激励方案状态")]
    proposed_on: Annotated[date, Field(title="提出日期")]
    procedure: Annotated[str | None, Field(title="程序编号")]
    paid: Annotated[Fen, Field(title="已支付金额")]
    payments: Annotated[dict[str, IncentivePayment], Field(title="各次支付")]
    required: Annotated[Fen, Field(title="要求追回的累计金额")]
    returned: Annotated[Fen, Field(title="已追回金额")]
    clawbacks: Annotated[dict[str, ClawbackReceipt], Field(title="各次追回")]

    class Event(DomainAggregate.Event):
        """Root of the plan's events."""

    @property
    def excepted_as(self) -> str:
        """An exception from the cap is granted for the asset that the rewards are for (P25)."""
        return f"asset-{self.content.asset}"

    class Proposed(Event, CreatedEvent):
        """A village proposes rewards for the management of an asset."""

        TOPIC: ClassVar[str] = "incentive_plan.proposed"
        TITLE: ClassVar[str] = "提出绩效激励方案"
        content: IncentiveContent = Field(title="激励方案内容")
        sha256: Sha256 = Field(title="内容摘要")

    @classmethod
    def propose(
        cls,
        plan: str,
        content: IncentiveContent,
        village: Organization,
        asset: Asset,
        at: Occasion,
    ) -> IncentivePlan:
        """Propose rewards (C4.7-07). `village`, `asset`: as they are on the day.

        Refused: INCENTIVE_NOT_PILOT; AMOUNT_NOT_POSITIVE; AMOUNT_OUT_OF_RANGE; by the life-cycle table ASSET_DISPOSED,
        OWNERSHIP_NOT_CONFIRMED; FIELD_INVALID for an asset that is not the village's or no operating one, and for
        somebody who held no post in the village that year. Warned of: ASSET_NOT_SMALL.
        """
        at.cite("C4.7-07")
        must_be_pilot(village, at)
        if any(line.amount <= 0 for line in content.lines):
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.7-07", field="plan.lines[].amount")
        at.in_range(content.amount, "plan.lines[].amount")
        asset.must_pay_rewards(content.village, at)
        if asset.card.original_value > at.rules.parameters["P30"]:
            at.warn("ASSET_NOT_SMALL", originalValue=asset.card.original_value)
        first, last = date(content.year, 1, 1), date(content.year, 12, 31)
        there = {
            one.person
            for one in village.tenures
            if one.since <= last and (one.until is None or first <= one.until)
        }
        for line in content.lines:
            if line.person not in there:
                raise refuse(
                    "FIELD_INVALID", clause="C4.7-07", field="plan.lines[].person", value=line.person
                )
        return cls.begin(cls.Proposed, plan, at, content=content, sha256=content.subject(plan).sha256)

    @event(Proposed)
    def __init__(self, content: IncentiveContent, sha256: Sha256, occurred_on: date) -> None:
        self.content, self.sha256 = content, sha256
        self.state = "PROPOSED"
        self.proposed_on = occurred_on
        self.procedure = None
        self.paid = self.required = self.returned = Fen(0)
        self.payments = {}
        self.clawbacks = {}

    @property
    def subject(self) -> Subject:
        """The text that a procedure over it is over, under its digest."""
        return self.content.subject(self.id)

    @property
    def due_back(self) -> Fen:
        """What recipients still have to give back, fen."""
        return Fen(max(0, self.required - self.returned))

    # ---- paying --------------------------------------------------------------------------------------------------

    class Paid(Event):
        """A part of the rewards was paid, by the procedure that decided on it."""

        TOPIC: ClassVar[str] = "incentive_plan.paid"
        TITLE: ClassVar[str] = "支付绩效激励"
        payment: IncentivePayment = Field(title="支付情况")
        procedure: Code = Field(title="程序编号")

        def carries_out(self, it: IncentivePlan) -> Execution:
            """The text that was decided on."""
            return Execution(it.content.village, SUBJECT_KIND, it.id, (it.sha256,))

    def pay(
        self,
        payment: IncentivePayment,
        procedure: ProcedureInstance,
        village: Organization,
        result: AnnualResult,
        at: Occasion,
    ) -> bool:
        """Pay a part of the rewards (C4.7-07). False for a payment that is on record already.

        `village`: as it is on the day; `result`: of the village-year, which the payment counts in.
        Whether the procedure is through is for it to say (`ProcedureInstance.take_by_fact`).

        Refused: ALREADY_EXISTS when the number stands for another payment; INCENTIVE_NOT_PILOT; PLAN_HASH_MISMATCH for a
        procedure over another plan or text, or other than the one it was paid by before; AMOUNT_NOT_POSITIVE;
        VOUCHER_REQUIRED; PLAN_AMOUNT_EXCEEDED for more than the plan; INCENTIVE_CAP_EXCEEDED; AMOUNT_OUT_OF_RANGE.
        """
        at.cite("C4.7-07")
        if on_record(payment, self.payments):
            return False
        must_be_pilot(village, at)
        must_follow(procedure, self.subject, self.procedure, at, "C4.7-07")
        must_fit(payment, self.paid, self.content.amount, at, "C4.7-07")
        result.must_have_room(payment.amount, at)
        self.record(self.Paid, at, payment=payment, procedure=procedure.id)
        return True

    @event(Paid)
    def _paid(self, payment: IncentivePayment, procedure: Code) -> None:
        self.procedure = procedure
        self.payments = {**self.payments, payment.payment: payment}
        self.paid = Fen(self.paid + payment.amount)
        self.state = "PAID" if self.paid == self.content.amount else "PAYING"

    # ---- what comes back -----------------------------------------------------------------------------------------

    class ClawbackRequired(Event):
        """The year's result was restated: so much of the rewards has to come back, what came back already included."""

        TOPIC: ClassVar[str] = "incentive_plan.clawback_required"
        TITLE: ClassVar[str] = "要求追回绩效激励"
        FACT: ClassVar[bool] = True
        required: Fen = Field(title="要求追回的累计金额")
        due_back: Fen = Field(title="应追回金额")

    def require_back(self, due: Fen, at: Occasion) -> None:
        """Say what recipients have to give back from now on (C4.7-07); nothing new is not said again."""
        at.cite("C4.7-07")
        if due != self.due_back:
            self.record(self.ClawbackRequired, at, required=Fen(self.returned + due), due_back=due)

    @event(ClawbackRequired)
    def _clawback_required(self, required: Fen) -> None:
        self.required = required

    class ClawbackReceived(Event):
        """Recipients gave a reward back."""

        TOPIC: ClassVar[str] = "incentive_plan.clawback_received"
        TITLE: ClassVar[str] = "收到追回的绩效激励"
        FACT: ClassVar[bool] = True
        receipt: ClawbackReceipt = Field(title="追回情况")

    def receive_back(self, receipt: ClawbackReceipt, at: Occasion) -> bool:
        """Record what came back (C4.7-07): a fact. False for a receipt that is on record already.

        Refused: ALREADY_EXISTS when the number stands for another receipt; AMOUNT_NOT_POSITIVE. Warned of:
        INCOME_EXCEEDS_DUE for more than was due.
        """
        at.cite("C4.7-07")
        known = self.clawbacks.get(receipt.receipt)
        if known is not None:
            if known == receipt:
                return False
            raise refuse("ALREADY_EXISTS", what=receipt.receipt)
        if receipt.amount <= 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.7-07", field="receipt.amount")
        if receipt.amount > self.due_back:
            at.warn("INCOME_EXCEEDS_DUE", due=self.due_back, amount=receipt.amount)
        self.record(self.ClawbackReceived, at, receipt=receipt)
        return True

    @event(ClawbackReceived)
    def _clawback_received(self, receipt: ClawbackReceipt) -> None:
        self.clawbacks = {**self.clawbacks, receipt.receipt: receipt}
        self.returned = Fen(self.returned + receipt.amount)


def must_be_pilot(village: Organization, at: Occasion) -> None:
    """Refuse a village that is not in the pilot on the day (C4.7-07): INCENTIVE_NOT_PILOT."""
    since = village.incentive_pilot_since
    at.require(
        since is not None and since <= at.on, "INCENTIVE_NOT_PILOT", clause="C4.7-07", village=village.id
    )
