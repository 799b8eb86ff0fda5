"""Relief plans over HTTP (困难家庭帮扶方案, A11): proposed by the two committees, paid by the procedure that decided on them, published without names."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.classification import PERSONAL_OF_HOUSEHOLD
from domain.income.payments import PlanPayment, UseNotice
from domain.income.relief import ReliefContent, ReliefPlan
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.procedure.subject import Subject
from domain.values import Code, NamedProcedure, Text
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Executing, Kind, Write, Writing
from service.api.organization.organizations import place_of, unit_of
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.views import view_model
from service.income.relief import pay_help

router = routes("/v1/relief-plans", "relief 困难帮扶")

PlanPath = Annotated[Code, Path(title="帮扶方案编号")]
ReliefPlanView = view_model(
    ReliefPlan,
    relief_plan=Annotated[Code, Field(title="帮扶方案编号")],
    subject=Annotated[
        Subject,
        Field(title="办理事项", description="启动程序（A11）时原样使用 / what its procedure is opened over"),
    ],
)


class ProposeRelief(Circumstances):
    """Request body: propose help for households in hardship."""

    relief_plan: Code | None = Field(default=None, title="帮扶方案编号", description="不填由系统编号")
    plan: ReliefContent = Field(title="帮扶方案内容")


class WithdrawRelief(Circumstances):
    """Request body: give a plan up."""

    reason: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="撤回原因")


class PayRelief(Executing):
    """Request body: pay help as the procedure decided."""

    payment: PlanPayment = Field(title="支付情况")
    procedure: NamedProcedure = Field(title="程序编号")


class PublishReliefUse(Circumstances):
    """Request body: what was paid was made public, without names."""

    notice: UseNotice = Field(title="公布情况")


def relief_view(it: ReliefPlan) -> dict[str, Any]:
    """A plan as every answer shows it, with the text its procedure is over."""
    return it.view() | {"reliefPlan": it.id, "subject": it.subject.model_dump(mode="json", by_alias=True)}


async def _village(write: Write, village: str) -> Resource:
    return place_of(await unit_of(write.context, write.county, village, "plan.village"))


async def _place(it: ReliefPlan, write: Write) -> Resource:
    """A plan is the business of its own village, and of who keeps its books."""
    return await _village(write, it.content.village)


_PLANS = Kind(
    router,
    ReliefPlan,
    ReliefPlanView,
    lambda it, _: relief_view(it),
    _place,
    parties=lambda it: (it.content.village,),
)


@_PLANS.post("", "提出困难家庭帮扶方案", "income.plan")
async def propose_relief(body: ProposeRelief, write: Writing) -> Response:
    """Propose help for households in hardship, each with its cause (C4.9-09); the answer has the text for its procedure (A11)."""
    code = body.relief_plan or f"BF-{write.mark(16)}"
    content = body.plan

    async def propose(at: Occasion, work: Work) -> ReliefPlan:
        return ReliefPlan.propose(code, content, await work.get(Organization, content.village), at)

    async def scope() -> Resource:
        return await _village(write, content.village)

    return await write.create(_PLANS, body, propose, scope=scope, party=content.village)


@_PLANS.post("/{relief_plan}/withdrawal", "撤回困难家庭帮扶方案", "income.plan")
async def withdraw_relief(relief_plan: PlanPath, body: WithdrawRelief, write: Writing) -> Response:
    """Give a plan up before anything is paid."""
    return await write.decide(_PLANS, relief_plan, body, lambda it, at: it.withdraw(body.reason, at))


@_PLANS.post("/{relief_plan}/payments", "支付困难家庭帮扶资金", "income.plan")
async def pay_relief(relief_plan: PlanPath, body: PayRelief, write: Writing) -> Response:
    """Pay from the village's sub-account, by the procedure that decided on this very text (C4.9-09): plan, account and step in one commit."""

    async def pay(it: ReliefPlan, at: Occasion, work: Work) -> None:
        await pay_help(work, it, body.payment, body.procedure, at)

    return await write.carry_out(_PLANS, relief_plan, body, pay, on=body.payment.paid_on)


@_PLANS.post("/{relief_plan}/use-notices", "公布困难家庭帮扶资金使用情况", "income.plan")
async def publish_relief_use(relief_plan: PlanPath, body: PublishReliefUse, write: Writing) -> Response:
    """Record that what was paid was made public, without names (C4.9-09, C3-04)."""
    return await write.decide(
        _PLANS,
        relief_plan,
        body,
        lambda it, at: it.publish_use(body.notice, at),
        on=body.notice.published_on,
    )


@get(
    router,
    "/{relief_plan}",
    "查询困难家庭帮扶方案",
    "income.read",
    response_model=from_log(ReliefPlanView),
)
async def read_relief_plan(relief_plan: PlanPath, read: Reading) -> Response:
    """A plan from the log."""
    return await read.aggregate(ReliefPlan, relief_plan, relief_view)
