"""A relief plan (困难家庭帮扶方案, A11): help for households in hardship, proposed by a village's two committees, paid from its income.

The township reviews and files it, nothing waits (及时): the use is made public after the payment, without names. Lines stand in
the text that is decided on by their digest, so that no household's name travels with the procedure.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.classification import PERSONAL_OF_HOUSEHOLD
from domain.execution import Execution
from domain.income.payments import PlanPayment, UseNotice, must_fit_lines, must_follow, on_record, with_lines
from domain.procedure.subject import Subject, digest_of
from domain.refusals import refuse
from domain.values import Code, Fen, Listed, OrganizationCode, PersonalPaperSha256, Sha256, Text, Value, total

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.organization.organization import Organization
    from domain.procedure.procedure import ProcedureInstance

SUBJECT_KIND: Final = "relief_plan"
"""What a procedure (A11) over such a plan is over."""

USE: Final = "HARDSHIP_RELIEF"
"""The use of income that it is."""

ReliefState = Literal["PROPOSED", "WITHDRAWN", "PAYING", "PAID"]
"""已提出、已撤回、部分支付、已支付。"""


class ReliefLine(Value):
    """Help for one household, and the hardship it is for."""

    household: Annotated[Code, PERSONAL_OF_HOUSEHOLD] = Field(title="户编号")
    cause: Annotated[Code, Listed("hardship-causes")] | None = Field(
        default=None, title="致困原因", description="须填写：因病、因灾、因学、意外事故或其他"
    )
    circumstances: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="困难情况")
    amount: Fen = Field(title="帮扶金额")
    evidence_sha256: PersonalPaperSha256 = Field(title="困难证明材料摘要")


class ReliefContent(Value):
    """Proposal of a village's two committees: which households are helped, for what, with how much."""

    village: OrganizationCode = Field(title="村集体")
    lines: tuple[ReliefLine, ...] = Field(title="帮扶明细", min_length=1, max_length=500)

    @property
    def amount(self) -> Fen:
        """The sum of all lines, fen."""
        return total(line.amount for line in self.lines)

    def subject(self, plan: str) -> Subject:
        """The text that is voted on, reviewed and paid, under its digest: sums by cause, and the lines by theirs."""
        causes = sorted({str(line.cause) for line in self.lines})
        lines = [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in self.lines]
        content: dict[str, Any] = {
            "plan": plan,
            "village": self.village,
            "amount": self.amount.yuan(),
            "households": len({line.household for line in self.lines}),
            "causes": {
                cause: total(one.amount for one in self.lines if one.cause == cause).yuan()
                for cause in causes
            },
            "lineCount": len(lines),
            "linesSha256": digest_of({"list": lines}),
        }
        return Subject(kind=SUBJECT_KIND, id=plan, sha256=digest_of(content), content=content)


class ReliefPlan(DomainAggregate):
    """One plan of one village."""

    TOPIC: ClassVar[str] = "relief_plan"
    KIND: ClassVar[str] = "relief_plan"

    content: Annotated[ReliefContent, Field(title="帮扶方案内容")]
    sha256: Annotated[Sha256, Field(title="内容摘要")]
    state: Annotated[ReliefState, Field(title="帮扶方案状态")]
    proposed_on: Annotated[date, Field(title="提出日期")]
    procedure: Annotated[str | None, Field(title="程序编号")]
    paid: Annotated[Fen, Field(title="已支付金额")]
    paid_by_line: Annotated[dict[int, Fen], Field(title="各项已支付金额")]
    payments: Annotated[dict[str, PlanPayment], Field(title="各次支付")]
    last_paid_on: Annotated[date | None, Field(title="最近支付日期")]
    published: Annotated[UseNotice | None, Field(title="使用情况公布")]

    class Event(DomainAggregate.Event):
        """Root of the plan's events."""

    class Proposed(Event, CreatedEvent):
        """The two committees of a village propose help for households in hardship."""

        TOPIC: ClassVar[str] = "relief_plan.proposed"
        TITLE: ClassVar[str] = "提出困难家庭帮扶方案"
        content: ReliefContent = Field(title="帮扶方案内容")
        sha256: Sha256 = Field(title="内容摘要")

    @classmethod
    def propose(cls, plan: str, content: ReliefContent, village: Organization, at: Occasion) -> ReliefPlan:
        """Propose help (C4.9-09). `village`: as it is on the day.

        Refused: ACCOUNT_NOT_COLLECTIVE for a unit that is no village; USE_NOT_ALLOWED where the county's list of uses has
        no relief; CAUSE_REQUIRED; CODE_UNKNOWN for a cause that the regulation does not name; AMOUNT_NOT_POSITIVE;
        AMOUNT_OUT_OF_RANGE.
        """
        at.cite("C4.9-09")
        kind = village.card.kind
        at.require(kind == "VILLAGE", "ACCOUNT_NOT_COLLECTIVE", clause="C4.9-09", account=kind)
        at.require(USE in at.rules.codes("INCOME_USE"), "USE_NOT_ALLOWED", clause="C4.9-09", use=USE)
        causes = at.rules.codes("HARDSHIP_CAUSE")
        for index, line in enumerate(content.lines):
            field = f"plan.lines[{index}].cause"
            at.require(line.cause, "CAUSE_REQUIRED", clause="C4.9-09", missing=[field], field=field)
            if line.cause not in causes:
                raise refuse("CODE_UNKNOWN", clause="C4.9-09", field=field, value=line.cause)
            if line.amount <= 0:
                raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.9-09", field=f"plan.lines[{index}].amount")
        at.in_range(content.amount, "plan.lines[].amount")
        return cls.begin(cls.Proposed, plan, at, content=content, sha256=content.subject(plan).sha256)

    @event(Proposed)
    def __init__(self, content: ReliefContent, sha256: Sha256, occurred_on: date) -> None:
        self.content, self.sha256 = content, sha256
        self.state = "PROPOSED"
        self.proposed_on = occurred_on
        self.procedure = None
        self.paid = Fen(0)
        self.paid_by_line = {}
        self.payments = {}
        self.last_paid_on = self.published = None

    @property
    def subject(self) -> Subject:
        """The text that a procedure over it is over, under its digest."""
        return self.content.subject(self.id)

    def unpaid_to(self, household: str) -> Fen:
        """What the plan has for a household and was not paid yet; nothing once it is withdrawn."""
        if self.state == "WITHDRAWN":
            return Fen(0)
        lines = [
            (number, one) for number, one in enumerate(self.content.lines, 1) if one.household == household
        ]
        return Fen(sum(one.amount - self.paid_by_line.get(number, 0) for number, one in lines))

    class Withdrawn(Event):
        """The village gives the plan up."""

        TOPIC: ClassVar[str] = "relief_plan.withdrawn"
        TITLE: ClassVar[str] = "撤回困难家庭帮扶方案"
        reason: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="撤回原因")

    def withdraw(self, reason: str, at: Occasion) -> None:
        """Give the plan up before anything is paid (C4.9-09). STEP_OUT_OF_ORDER."""
        at.cite("C4.9-09")
        self._must_be(("PROPOSED",), "withdrawal", at)
        self.record(self.Withdrawn, at, reason=reason)

    @event(Withdrawn)
    def _withdrawn(self) -> None:
        self.state = "WITHDRAWN"

    # ---- paying --------------------------------------------------------------------------------------------------

    class Paid(Event):
        """Help was paid, by the procedure that decided on the plan's text."""

        TOPIC: ClassVar[str] = "relief_plan.paid"
        TITLE: ClassVar[str] = "支付困难家庭帮扶资金"
        payment: PlanPayment = Field(title="支付情况")
        procedure: Code = Field(title="程序编号")

        def carries_out(self, it: ReliefPlan) -> Execution:
            """The text that was decided on."""
            return Execution(it.content.village, SUBJECT_KIND, it.id, (it.sha256,))

    def pay(self, payment: PlanPayment, procedure: ProcedureInstance, at: Occasion) -> bool:
        """Pay help as it was decided on (C4.9-09). False for a payment that is on record already.

        Refused: STEP_OUT_OF_ORDER once it is withdrawn; ALREADY_EXISTS when the number stands for another payment;
        PLAN_HASH_MISMATCH for a procedure over another plan or text, or other than the one it was paid by before;
        AMOUNT_NOT_POSITIVE; FIELD_INVALID for a line there is not; ATTRIBUTION_SUM_MISMATCH; PLAN_AMOUNT_EXCEEDED for
        more than a line has.
        """
        at.cite("C4.9-09", "C4.9-05")
        if on_record(payment, self.payments):
            return False
        self._must_be(("PROPOSED", "PAYING", "PAID"), "payment", at)
        must_follow(procedure, self.subject, self.procedure, at, "C4.9-09")
        planned = [one.amount for one in self.content.lines]
        must_fit_lines(payment, planned, self.paid_by_line, at, "C4.9-09")
        self.record(self.Paid, at, payment=payment, procedure=procedure.id)
        return True

    @event(Paid)
    def _paid(self, payment: PlanPayment, procedure: Code) -> None:
        self.procedure = procedure
        self.payments = {**self.payments, payment.payment: payment}
        self.paid_by_line = with_lines(self.paid_by_line, payment.lines)
        self.paid = Fen(self.paid + payment.amount)
        self.last_paid_on = max(self.last_paid_on or payment.paid_on, payment.paid_on)
        self.state = "PAID" if self.paid == self.content.amount else "PAYING"

    # ---- publishing ----------------------------------------------------------------------------------------------

    class UsePublished(Event):
        """The village made public what was paid, without names."""

        TOPIC: ClassVar[str] = "relief_plan.use_published"
        TITLE: ClassVar[str] = "公布困难家庭帮扶资金使用情况"
        notice: UseNotice = Field(title="公布情况")

    def publish_use(self, notice: UseNotice, at: Occasion) -> None:
        """Record that the use was made public (C4.9-09, C3-04). STEP_OUT_OF_ORDER before anything is paid."""
        at.cite("C4.9-09", "C3-04")
        self._must_be(("PAYING", "PAID"), "useNotice", at)
        if notice != self.published:
            self.record(self.UsePublished, at, notice=notice)

    @event(UsePublished)
    def _use_published(self, notice: UseNotice) -> None:
        self.published = notice

    def _must_be(self, states: tuple[ReliefState, ...], step: str, at: Occasion) -> None:
        at.require(self.state in states, "STEP_OUT_OF_ORDER", clause="C4.9-09", step=step, state=self.state)
