"""The annual result (年度经营性资产净利润) of a village: what its operating assets earned in a year, and what of it went to rewards.

The cap on rewards is a part of that profit (四(七)1, P11). What all plans of the village-year paid is added up here and
nowhere else: every payment passes it in the same commit, so that of two at once one finds the cap used up.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay, NotBefore
from domain.classification import UNIT
from domain.refusals import refuse
from domain.values import Code, Fen, Name, PaperSha256, Text, Value, composed_code

if TYPE_CHECKING:
    from domain.occasion import Occasion

_WHOLE: Final = 10_000
"""Basis points of the whole."""


class ResultStatement(Value):
    """A village's result of a year, by the document that says so."""

    year: int = Field(title="年度", ge=2013, le=2999, strict=True)
    net_profit: Fen = Field(title="经营性资产净利润", description="亏损为负数")
    determined_on: FactDay = Field(title="核定日期", description="年度终了后")
    document_no: Annotated[Name, UNIT] = Field(title="依据文号")
    document_sha256: PaperSha256 = Field(title="年度收益报表摘要")


class ResultRestatement(Value):
    """Another figure for the same year, with the reason."""

    net_profit: Fen = Field(title="更正后的净利润", description="亏损为负数")
    restated_on: Annotated[FactDay, NotBefore("its.stated_on", clause="C4.7-07")] = Field(title="更正日期")
    reason: Annotated[Text, UNIT] = Field(title="更正原因")
    document_no: Annotated[Name, UNIT] = Field(title="依据文号")
    document_sha256: PaperSha256 = Field(title="更正依据摘要")


class PlanDue(Value):
    """Part of the rewards of one incentive plan that its recipients have to give back."""

    plan: Code = Field(title="激励方案编号")
    amount: Fen = Field(title="应追回金额")


class PlanSums(Value):
    """Sums of one incentive plan: paid, and come back."""

    paid: Fen = Field(default=Fen(0), title="已支付金额")
    returned: Fen = Field(default=Fen(0), title="已追回金额")
    required: Fen = Field(default=Fen(0), title="要求追回的累计金额")

    @property
    def kept(self) -> int:
        """What its recipients still have, fen."""
        return max(0, self.paid - self.returned)

    @property
    def due(self) -> int:
        """What they still have to give back, fen."""
        return max(0, self.required - self.returned)


class AnnualResult(DomainAggregate):
    """One village's result of one year; its code is made of both."""

    TOPIC: ClassVar[str] = "annual_result"
    KIND: ClassVar[str] = "annual_result"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    village: Annotated[str, Field(title="村集体")]
    year: Annotated[int, Field(title="年度")]
    net_profit: Annotated[Fen, Field(title="经营性资产净利润")]
    stated_on: Annotated[date, Field(title="核定或最近更正日期")]
    cap: Annotated[Fen, Field(title="激励上限")]
    plans: Annotated[dict[str, PlanSums], Field(title="各激励方案支付情况")]

    class Event(DomainAggregate.Event):
        """Root of the result's events."""

    class Determined(Event, CreatedEvent):
        """The village's result of a year was determined."""

        TOPIC: ClassVar[str] = "annual_result.determined"
        TITLE: ClassVar[str] = "核定年度经营净利润"
        village: Code = Field(title="村集体")
        statement: ResultStatement = Field(title="年度经营净利润")
        cap: Fen = Field(title="激励上限")

    @classmethod
    def determine(cls, village: str, kind: str, statement: ResultStatement, at: Occasion) -> AnnualResult:
        """Determine a village's result of a year, and with it the cap on its rewards (C4.7-07). `kind`: of the unit.

        Refused: ACCOUNT_NOT_COLLECTIVE for a unit that is no village; DATE_IN_FUTURE before the year has ended.
        """
        at.cite("C4.7-07")
        at.require(kind == "VILLAGE", "ACCOUNT_NOT_COLLECTIVE", clause="C4.7-07", account=kind)
        if statement.determined_on.year <= statement.year:
            raise refuse(
                "DATE_IN_FUTURE",
                field="statement.year",
                date=f"{statement.year}-12-31",
                today=statement.determined_on.isoformat(),
            )
        return cls.begin(
            cls.Determined,
            result_code(village, statement.year),
            at,
            village=village,
            statement=statement,
            cap=_cap(statement.net_profit, at),
        )

    @event(Determined)
    def __init__(self, village: Code, statement: ResultStatement, cap: Fen) -> None:
        self.village, self.year = village, statement.year
        self.net_profit, self.stated_on, self.cap = statement.net_profit, statement.determined_on, cap
        self.plans = {}

    class Restated(Event):
        """The result of the year turned out to be another; `due`: what of each plan's rewards has to come back."""

        TOPIC: ClassVar[str] = "annual_result.restated"
        TITLE: ClassVar[str] = "更正年度经营净利润"
        FACT: ClassVar[bool] = True
        restatement: ResultRestatement = Field(title="更正情况")
        cap: Fen = Field(title="激励上限")
        due: tuple[PlanDue, ...] = Field(title="各方案应追回金额")

    def restate(self, restatement: ResultRestatement, at: Occasion) -> dict[str, Fen]:
        """Put another result in its place (C4.7-07); gives what each plan's recipients have to give back now, fen.

        What is above the new cap comes back from the plans that were paid last. A fact: what was paid stays on record.
        """
        at.cite("C4.7-07")
        if (restatement.net_profit, restatement.restated_on) == (self.net_profit, self.stated_on):
            return {}
        cap = _cap(restatement.net_profit, at)
        left = max(0, self.used - cap)
        due: dict[str, Fen] = {}
        for plan, sums in reversed(self.plans.items()):
            due[plan] = Fen(min(left, sums.kept))
            left -= due[plan]
        told = tuple(PlanDue(plan=plan, amount=amount) for plan, amount in due.items())
        self.record(self.Restated, at, restatement=restatement, cap=cap, due=told)
        return due

    @event(Restated)
    def _restated(self, restatement: ResultRestatement, cap: Fen, due: tuple[PlanDue, ...]) -> None:
        self.net_profit, self.stated_on, self.cap = restatement.net_profit, restatement.restated_on, cap
        plans = dict(self.plans)
        for one in due:
            sums = plans[one.plan]
            plans[one.plan] = sums.model_copy(update={"required": Fen(sums.returned + one.amount)})
        self.plans = plans

    # ---- rewards -------------------------------------------------------------------------------------------------

    @property
    def used(self) -> Fen:
        """What all plans paid and did not get back, fen."""
        return Fen(sum(one.kept for one in self.plans.values()))

    @property
    def due_back(self) -> Fen:
        """What recipients still have to give back, fen."""
        return Fen(sum(one.due for one in self.plans.values()))

    def must_have_room(self, amount: Fen, at: Occasion) -> None:
        """Refuse a payment by which the rewards of the year exceed the cap (C4.7-07, P11).

        Refused: INCENTIVE_CAP_EXCEEDED, which an exception of the county government lifts; AMOUNT_OUT_OF_RANGE.
        """
        whole = at.in_range(self.used + amount, "payment.amount")
        below = self.cap > whole or (at.rules.parameters["P11"].inclusive and self.cap == whole)
        at.require(below, "INCENTIVE_CAP_EXCEEDED", clause="C4.7-07", cap=self.cap, total=whole)

    class IncentiveCounted(Event):
        """A payment of an incentive plan counts against the cap."""

        TOPIC: ClassVar[str] = "annual_result.incentive_counted"
        TITLE: ClassVar[str] = "计入年度激励"
        plan: Code = Field(title="激励方案编号")
        amount: Fen = Field(title="金额")
        used: Fen = Field(title="已用激励额度")

    def count_reward(self, plan: str, amount: Fen, at: Occasion) -> None:
        """Count what a plan paid (C4.7-07)."""
        at.cite("C4.7-07")
        used = self._with(plan, "paid", amount)[0]
        self.record(self.IncentiveCounted, at, plan=plan, amount=amount, used=used)

    @event(IncentiveCounted)
    def _incentive_counted(self, plan: Code, amount: Fen) -> None:
        sums = self._sums(plan, "paid", amount)
        self.plans = {**{code: one for code, one in self.plans.items() if code != plan}, plan: sums}

    class IncentiveReturned(Event):
        """Rewards that recipients gave back count no more."""

        TOPIC: ClassVar[str] = "annual_result.incentive_returned"
        TITLE: ClassVar[str] = "冲减年度激励"
        FACT: ClassVar[bool] = True
        plan: Code = Field(title="激励方案编号")
        amount: Fen = Field(title="金额")
        used: Fen = Field(title="已用激励额度")
        due_back: Fen = Field(title="尚应追回金额")

    def give_back(self, plan: str, amount: Fen, at: Occasion) -> None:
        """Count what came back of what a plan paid (C4.7-07): a fact, whatever was due."""
        at.cite("C4.7-07")
        used, due_back = self._with(plan, "returned", amount)
        self.record(self.IncentiveReturned, at, plan=plan, amount=amount, used=used, due_back=due_back)

    @event(IncentiveReturned)
    def _incentive_returned(self, plan: Code, amount: Fen) -> None:
        self.plans = {**self.plans, plan: self._sums(plan, "returned", amount)}

    def _sums(self, plan: str, what: Literal["paid", "returned"], amount: Fen) -> PlanSums:
        before = self.plans.get(plan, PlanSums())
        return before.model_copy(update={what: Fen(getattr(before, what) + amount)})

    def _with(self, plan: str, what: Literal["paid", "returned"], amount: Fen) -> tuple[Fen, Fen]:
        """What is used of the cap, and what has to come back, once an amount is added to a plan's sums."""
        after = {**self.plans, plan: self._sums(plan, what, amount)}.values()
        return Fen(sum(one.kept for one in after)), Fen(sum(one.due for one in after))


def result_code(village: str, year: int) -> str:
    """The code of a village's result of a year: there is one."""
    return composed_code(village, str(year))


def _cap(net_profit: Fen, at: Occasion) -> Fen:
    """The most that rewards of the year come to: a part of the profit, nothing in a loss (P11). What is less than a fen is left out."""
    return Fen(max(0, net_profit) * at.rules.parameters["P11"].share_basis_points // _WHOLE)
