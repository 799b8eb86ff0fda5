"""A maintenance expense (维修维护支出, A12): works on one asset, proposed by an owner village, decided on, paid from its income.

The cost is borne by the owners by the confirmed value of the day; an expense is one village's part of it, and only that
is paid from the village's sub-account. Each line names the document that lets income be spent on upkeep.
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
from domain.values import AssetCode, Code, Fen, Name, OrganizationCode, PartyShare, Sha256, Text, Value, total

if TYPE_CHECKING:
    from domain.asset.asset import Asset
    from domain.occasion import Occasion
    from domain.procedure.procedure import ProcedureInstance

SUBJECT_KIND: Final = "maintenance_expense"
"""What a procedure (A12) over such an expense is over."""

USE: Final = "MAINTENANCE"
"""The use of income that it is."""

ExpenseState = Literal["PROPOSED", "PAYING", "PAID"]
"""已提出、部分支付、已支付。"""


class MaintenanceLine(Value):
    """Work on the asset and what it costs."""

    work: Annotated[Text, UNIT] = Field(title="维修维护内容")
    amount: Fen = Field(title="金额")


class MaintenanceContent(Value):
    """Proposal of an owner village's two committees: the whole work on one asset, and who bears what of it."""

    village: OrganizationCode = Field(title="村集体")
    asset: AssetCode = Field(title="资产编号")
    lines: tuple[MaintenanceLine, ...] = Field(title="维修维护明细", min_length=1, max_length=200)
    shares: tuple[PartyShare, ...] = Field(
        default=(), title="各所有权人分摊", description="不填由系统按产权价值比例计算", max_length=200
    )


class BasedLine(MaintenanceLine):
    """A line with what it rests on (C4.10-12)."""

    clause: Code = Field(title="依据条款")
    legal_basis: Annotated[Name | None, UNIT] = Field(default=None, title="依据文号")


class MaintenancePayment(Value):
    """One instalment of the village's part."""

    payment: Code = Field(title="支付编号")
    amount: Fen = Field(title="支付金额")
    paid_on: Annotated[FactDay, NotBefore("its.proposed_on", clause="C4.10-04")] = Field(title="支付日期")
    voucher_no: Annotated[Name | None, UNIT] = Field(default=None, title="凭证号", description="支付须有凭证")


class MaintenanceExpense(DomainAggregate):
    """One village's part of the cost of works on one asset."""

    TOPIC: ClassVar[str] = "maintenance_expense"
    KIND: ClassVar[str] = "maintenance_expense"

    village: Annotated[str, Field(title="村集体")]
    asset: Annotated[str, Field(title="资产编号")]
    lines: Annotated[tuple[BasedLine, ...], Field(title="维修维护明细")]
    cost: Annotated[Fen, Field(title="费用总额")]
    shares: Annotated[tuple[PartyShare, ...], Field(title="各所有权人分摊")]
    share: Annotated[Fen, Field(title="本村应承担金额")]
    sha256: Annotated[Sha256, Field(title="内容摘要")]
    state: Annotated[ExpenseState, Field(title="支出状态")]
    proposed_on: Annotated[date, Field(title="提出日期")]
    procedure: Annotated[str | None, Field(title="程序编号")]
    paid: Annotated[Fen, Field(title="已支付金额")]
    payments: Annotated[dict[str, MaintenancePayment], Field(title="各次支付")]

    class Event(DomainAggregate.Event):
        """Root of the expense's events."""

    class Proposed(Event, CreatedEvent):
        """The two committees of a village propose works on an asset, and what the village bears of their cost."""

        TOPIC: ClassVar[str] = "maintenance_expense.proposed"
        TITLE: ClassVar[str] = "提出维修维护方案"
        village: Code = Field(title="村集体")
        asset: Code = Field(title="资产编号")
        lines: tuple[BasedLine, ...] = Field(title="维修维护明细")
        cost: Fen = Field(title="费用总额")
        shares: tuple[PartyShare, ...] = Field(title="各所有权人分摊")
        share: Fen = Field(title="本村应承担金额")
        sha256: Sha256 = Field(title="内容摘要")

    @classmethod
    def propose(
        cls, expense: str, content: MaintenanceContent, asset: Asset, at: Occasion
    ) -> MaintenanceExpense:
        """Propose works on an asset (C4.7-09, C4.10-03, C4.10-04). `asset`: as it is on the day, its shares decide.

        Refused: AMOUNT_NOT_POSITIVE; by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; FIELD_INVALID for a
        village that owns nothing of it; COST_SHARE_MISMATCH when the split given is not the one by value;
        AMOUNT_OUT_OF_RANGE; USE_NOT_ALLOWED where the county's list of uses has no upkeep.
        """
        at.cite("C4.10-03", "C4.10-04", "C4.7-09", "C4.10-12")
        if any(line.amount <= 0 for line in content.lines):
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.10-04", field="expense.lines[].amount")
        cost = at.in_range(total(line.amount for line in content.lines), "expense.lines[].amount")
        shares = asset.cost_shares(cost, at)
        borne = {one.party: one.amount for one in shares}
        if asset.owner_kind != "VILLAGE" or content.village not in borne:
            raise refuse("FIELD_INVALID", clause="C4.7-09", field="expense.village", value=content.village)
        if content.shares:
            given = {one.party: one.amount for one in content.shares}
            for party in sorted({*borne, *given}):
                same = given.get(party) == borne.get(party)
                at.require(same, "COST_SHARE_MISMATCH", clause="C4.7-09", village=party)
        term = next((one for one in at.rules.terms("INCOME_USE") if one.code == USE), None)
        if term is None:
            raise at.refusal("USE_NOT_ALLOWED", clause="C4.10-03", use=USE)
        lines = tuple(
            BasedLine(work=one.work, amount=one.amount, clause=term.article, legal_basis=term.law)
            for one in content.lines
        )
        fields: dict[str, Any] = {
            "village": content.village,
            "asset": content.asset,
            "lines": lines,
            "cost": cost,
            "shares": shares,
            "share": borne[content.village],
        }
        return cls.begin(cls.Proposed, expense, at, **fields, sha256=_subject(expense, **fields).sha256)

    @event(Proposed)
    def __init__(
        self,
        village: Code,
        asset: Code,
        lines: tuple[BasedLine, ...],
        cost: Fen,
        shares: tuple[PartyShare, ...],
        share: Fen,
        sha256: Sha256,
        occurred_on: date,
    ) -> None:
        self.village, self.asset, self.lines = village, asset, lines
        self.cost, self.shares, self.share = cost, shares, share
        self.sha256 = sha256
        self.state = "PROPOSED"
        self.proposed_on = occurred_on
        self.procedure = None
        self.paid = Fen(0)
        self.payments = {}

    @property
    def subject(self) -> Subject:
        """The text that a procedure over it is over, under its digest."""
        return _subject(self.id, self.village, self.asset, self.lines, self.cost, self.shares, self.share)

    class Paid(Event):
        """A part of the village's share was paid, by the procedure that decided on it."""

        TOPIC: ClassVar[str] = "maintenance_expense.paid"
        TITLE: ClassVar[str] = "支付维修维护费用"
        payment: MaintenancePayment = Field(title="支付情况")
        procedure: Code = Field(title="程序编号")

        def carries_out(self, it: MaintenanceExpense) -> Execution:
            """The text that was decided on."""
            return Execution(it.village, SUBJECT_KIND, it.id, (it.sha256,))

    def pay(self, payment: MaintenancePayment, procedure: ProcedureInstance, at: Occasion) -> bool:
        """Pay a part of the village's share (C4.10-04). False for a payment that is on record already.

        Whether the procedure is through is for it to say (`ProcedureInstance.take_by_fact`).

        Refused: ALREADY_EXISTS when the number stands for another payment; PLAN_HASH_MISMATCH for a procedure over another
        expense or text, or other than the one it was paid by before; AMOUNT_NOT_POSITIVE; VOUCHER_REQUIRED;
        PLAN_AMOUNT_EXCEEDED for more than the village's share.
        """
        at.cite("C4.10-04")
        if on_record(payment, self.payments):
            return False
        must_follow(procedure, self.subject, self.procedure, at, "C4.10-04")
        must_fit(payment, self.paid, self.share, at, "C4.10-04")
        self.record(self.Paid, at, payment=payment, procedure=procedure.id)
        return True

    @event(Paid)
    def _paid(self, payment: MaintenancePayment, procedure: Code) -> None:
        self.procedure = procedure
        self.payments = {**self.payments, payment.payment: payment}
        self.paid = Fen(self.paid + payment.amount)
        self.state = "PAID" if self.paid == self.share else "PAYING"


def _subject(
    expense: str,
    village: str,
    asset: str,
    lines: tuple[BasedLine, ...],
    cost: Fen,
    shares: tuple[PartyShare, ...],
    share: Fen,
) -> Subject:
    """The text that is voted on, reviewed and paid."""
    content: dict[str, Any] = {
        "expense": expense,
        "village": village,
        "asset": asset,
        "cost": cost.yuan(),
        "share": share.yuan(),
        "shares": [{"party": one.party, "amount": one.amount.yuan()} for one in shares],
        "lines": [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in lines],
    }
    return Subject(kind=SUBJECT_KIND, id=expense, sha256=digest_of(content), content=content)
