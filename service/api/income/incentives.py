"""Incentive plans over HTTP (绩效激励方案, C4.7-07): proposed by a pilot village, paid by the procedure that decided on them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.income.incentive import ClawbackReceipt, IncentiveContent, IncentivePayment, IncentivePlan
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.procedure.subject import Subject
from domain.values import Code, Fen, NamedProcedure
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Excepting, Executing, Kind, Write, Writing
from service.api.organization.organizations import place_of, unit_of
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.views import view_model
from service.income.rewards import pay_reward, receive_reward_back

router = routes("/v1/incentive-plans", "incentives 激励")

PlanPath = Annotated[Code, Path(title="激励方案编号")]
IncentivePlanView = view_model(
    IncentivePlan,
    incentive_plan=Annotated[Code, Field(title="激励方案编号")],
    due_back=Annotated[Fen, Field(title="尚应追回金额")],
    subject=Annotated[
        Subject,
        Field(title="办理事项", description="启动程序（A8）时原样使用 / what its procedure is opened over"),
    ],
)


class ProposeIncentive(Circumstances):
    """Request body: propose rewards to a village's two committees for one of its operating assets."""

    incentive_plan: Code | None = Field(default=None, title="激励方案编号", description="不填由系统编号")
    plan: IncentiveContent = Field(title="激励方案内容")


class PayIncentive(Executing, Excepting):  # type: ignore[misc]  # the plugin: each has a constructor
    """Request body: pay a part of what the procedure decided on."""

    payment: IncentivePayment = Field(title="支付情况")
    procedure: NamedProcedure = Field(title="程序编号")


class ReceiveClawback(Circumstances):
    """Request body: recipients gave rewards back."""

    receipt: ClawbackReceipt = Field(title="追回情况")


def incentive_view(it: IncentivePlan) -> dict[str, Any]:
    """A plan as every answer shows it, with the text its procedure is over."""
    return it.view() | {
        "incentivePlan": it.id,
        "dueBack": it.due_back.yuan(),
        "subject": it.subject.model_dump(mode="json", by_alias=True),
    }


async def _village(write: Write, village: str) -> Resource:
    return place_of(await unit_of(write.context, write.county, village, "plan.village"))


async def _place(it: IncentivePlan, write: Write) -> Resource:
    """A plan is the business of its own village, and of who keeps its books; never of a co-owner."""
    return await _village(write, it.content.village)


_PLANS = Kind(
    router,
    IncentivePlan,
    IncentivePlanView,
    lambda it, _: incentive_view(it),
    _place,
    parties=lambda it: (it.content.village,),
)


@_PLANS.post("", "提出绩效激励方案", "income.plan")
async def propose_incentive(body: ProposeIncentive, write: Writing) -> Response:
    """Propose rewards for managing one small operating asset (C4.7-07), in a village of the pilot; decided on by A8 like every use of income."""
    code = body.incentive_plan or f"JL-{write.mark(16)}"
    content = body.plan

    async def propose(at: Occasion, work: Work) -> IncentivePlan:
        village = await work.get(Organization, content.village)
        return IncentivePlan.propose(code, content, village, await work.get(Asset, content.asset), at)

    async def scope() -> Resource:
        return await _village(write, content.village)

    return await write.create(_PLANS, body, propose, scope=scope, party=content.village)


@_PLANS.post("/{incentive_plan}/payments", "支付绩效激励", "income.plan")
async def pay_incentive(incentive_plan: PlanPath, body: PayIncentive, write: Writing) -> Response:
    """Pay from the village's sub-account, by the procedure that decided on it, within the cap of the year (C4.7-07)."""

    async def pay(it: IncentivePlan, at: Occasion, work: Work) -> None:
        await pay_reward(work, it, body.payment, body.procedure, at)

    return await write.carry_out(_PLANS, incentive_plan, body, pay, on=body.payment.paid_on)


@_PLANS.post("/{incentive_plan}/clawbacks", "登记追回的绩效激励", "income.plan")
async def receive_clawback(incentive_plan: PlanPath, body: ReceiveClawback, write: Writing) -> Response:
    """Record what recipients gave back (C4.7-07): it lies on the village's sub-account again."""

    async def receive(it: IncentivePlan, at: Occasion, work: Work) -> None:
        await receive_reward_back(work, it, body.receipt, at)

    return await write.carry_out(_PLANS, incentive_plan, body, receive, on=body.receipt.received_on)


@get(
    router,
    "/{incentive_plan}",
    "查询绩效激励方案",
    "income.read",
    response_model=from_log(IncentivePlanView),
)
async def read_incentive_plan(incentive_plan: PlanPath, read: Reading) -> Response:
    """A plan from the log."""
    return await read.aggregate(IncentivePlan, incentive_plan, incentive_view)
