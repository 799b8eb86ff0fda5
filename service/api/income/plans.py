"""Income plans over HTTP (收益分配使用方案, A8): proposed, amended, paid by the procedure that decided on them, published."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.household.priority import PriorityHouseholds
from domain.income.account import IncomeSubAccount
from domain.income.content import IncomePlanContent
from domain.income.payments import PaymentReturn, PlanPayment, UseNotice
from domain.income.plan import IncomePlan
from domain.occasion import Occasion
from domain.procedure.subject import Subject
from domain.values import Code, Fen, NamedProcedure, Text
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Executing, Kind, Write, Writing
from service.api.organization.organizations import place_of, unit_of
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.views import view_model
from service.income.execution import execute_plan, posts_of, sources_of, take_payment_back

router = routes("/v1/income-plans", "income 收益")

PlanPath = Annotated[Code, Path(title="方案编号")]
IncomePlanView = view_model(
    IncomePlan,
    income_plan=Annotated[Code, Field(title="方案编号")],
    subject=Annotated[
        Subject,
        Field(title="办理事项", description="启动程序（A8）时原样使用 / what its procedure is opened over"),
    ],
)


class ProposeIncomePlan(Circumstances):
    """Request body: propose what a village's income is to be used for."""

    income_plan: Code | None = Field(default=None, title="方案编号", description="不填由系统编号")
    plan: IncomePlanContent = Field(title="方案内容")


class AmendIncomePlan(Circumstances):
    """Request body: another text in the place of the one before."""

    plan: IncomePlanContent = Field(title="方案内容")
    reason: Text = Field(title="修改原因")


class WithdrawIncomePlan(Circumstances):
    """Request body: give a plan up."""

    reason: Text = Field(title="撤回原因")


class ExecuteIncomePlan(Executing):
    """Request body: pay an instalment of what the procedure decided on."""

    payment: PlanPayment = Field(title="支付情况")
    procedure: NamedProcedure = Field(title="程序编号")


class ReturnIncomePayment(Circumstances):
    """Request body: the bank sent money of a payment back."""

    back: PaymentReturn = Field(title="银行退回情况")


class PublishIncomeUse(Circumstances):
    """Request body: the use of the money was made public."""

    notice: UseNotice = Field(title="公布情况")


def plan_view(it: IncomePlan) -> dict[str, Any]:
    """A plan as every answer shows it, with the text its procedure is over."""
    subject = it.content.subject(it.id).model_dump(mode="json", by_alias=True)
    return it.view() | {"incomePlan": it.id, "subject": subject}


async def _place(it: IncomePlan, write: Write) -> Resource:
    """A plan is the business of its own village, and of who keeps its books; never of another co-owner."""
    return await _village(write, it.content.village)


def _village_of(it: IncomePlan) -> tuple[str, ...]:
    """The village whose income it is about."""
    return (it.content.village,)


async def _village(write: Write, village: str) -> Resource:
    return place_of(await unit_of(write.context, write.county, village, "plan.village"))


async def _balance(work: Work, village: str, at: Occasion) -> Fen:
    """What lies on the village's sub-account and can be spent on the day. NOT_FOUND without one."""
    return (await work.get(IncomeSubAccount, village)).available(at.on)


async def _priority(work: Work, village: str, at: Occasion) -> frozenset[str]:
    """The village's priority households of the day; none where no roll was ever begun."""
    if not await work.context.knows(PriorityHouseholds, work.county, village):
        return frozenset()
    return (await work.get(PriorityHouseholds, village)).tagged_on(at.on)


_PLANS = Kind(router, IncomePlan, IncomePlanView, lambda it, _: plan_view(it), _place, parties=_village_of)


@_PLANS.post("", "提出收益分配方案", "income.plan")
async def propose_income_plan(body: ProposeIncomePlan, write: Writing) -> Response:
    """Propose a plan for a village's income of a year (C4.7-06, C4.9-06, C4.9-07); the answer has the text for its procedure."""
    code = body.income_plan or f"IP-{write.mark(16)}"

    async def propose(at: Occasion, work: Work) -> IncomePlan:
        assets = await sources_of(work, body.plan)
        balance = await _balance(work, body.plan.village, at)
        priority = await _priority(work, body.plan.village, at)
        posts = await posts_of(work, body.plan)
        return IncomePlan.propose(code, body.plan, assets, balance, priority, at, posts=posts)

    async def scope() -> Resource:
        return await _village(write, body.plan.village)

    return await write.create(_PLANS, body, propose, scope=scope, party=body.plan.village)


@_PLANS.post("/{income_plan}/amendments", "修改收益分配方案", "income.plan")
async def amend_income_plan(income_plan: PlanPath, body: AmendIncomePlan, write: Writing) -> Response:
    """Put another text in its place before anything is paid: it goes the whole way again (C4.9-04)."""

    async def amend(it: IncomePlan, at: Occasion, work: Work) -> None:
        assets = await sources_of(work, body.plan)
        balance = await _balance(work, it.content.village, at)
        priority = await _priority(work, it.content.village, at)
        posts = await posts_of(work, body.plan)
        it.amend(body.plan, body.reason, assets, balance, priority, at, posts=posts)

    return await write.carry_out(_PLANS, income_plan, body, amend)


@_PLANS.post("/{income_plan}/withdrawal", "撤回收益分配方案", "income.plan")
async def withdraw_income_plan(income_plan: PlanPath, body: WithdrawIncomePlan, write: Writing) -> Response:
    """Give a plan up before anything is paid."""
    return await write.decide(_PLANS, income_plan, body, lambda it, at: it.withdraw(body.reason, at))


@_PLANS.post("/{income_plan}/execution", "支付收益分配方案", "income.plan")
async def execute_income_plan(income_plan: PlanPath, body: ExecuteIncomePlan, write: Writing) -> Response:
    """Pay an instalment by the procedure that decided on this very text (C4.9-03): assets, sub-account and step in one commit."""

    async def execute(it: IncomePlan, at: Occasion, work: Work) -> None:
        await execute_plan(work, it, body.payment, body.procedure, at)

    return await write.carry_out(_PLANS, income_plan, body, execute, on=body.payment.paid_on)


@_PLANS.post("/{income_plan}/payment-returns", "登记银行退回款项", "income.plan")
async def return_income_payment(income_plan: PlanPath, body: ReturnIncomePayment, write: Writing) -> Response:
    """Record what the bank sent back of a payment (C4.9-05): it lies on the sub-account until the same lines are paid again."""

    async def take_back(it: IncomePlan, at: Occasion, work: Work) -> None:
        await take_payment_back(work, it, body.back, at)

    return await write.carry_out(_PLANS, income_plan, body, take_back, on=body.back.returned_on)


@_PLANS.post("/{income_plan}/use-notices", "公布收益使用情况", "income.plan")
async def publish_income_use(income_plan: PlanPath, body: PublishIncomeUse, write: Writing) -> Response:
    """Record that the use was made public (C3-04)."""
    return await write.decide(
        _PLANS,
        income_plan,
        body,
        lambda it, at: it.publish_use(body.notice, at),
        on=body.notice.published_on,
    )


@get(router, "/{income_plan}", "查询收益分配方案", "income.read", response_model=from_log(IncomePlanView))
async def read_income_plan(income_plan: PlanPath, read: Reading) -> Response:
    """A plan from the log."""
    return await read.aggregate(IncomePlan, income_plan, plan_view)
