"""Paying an income plan: plan, source assets and the village's sub-account in one commit (C4.9-03, C4.9-05)."""

from __future__ import annotations

from domain.asset.asset import Asset
from domain.income.account import IncomeSubAccount
from domain.income.content import IncomePlanContent
from domain.income.payments import PaymentReturn, PlanPayment
from domain.income.plan import IncomePlan
from domain.income.post import PublicWelfarePost
from domain.occasion import Occasion
from domain.procedure.procedure import ProcedureInstance
from service.commands.commands import Work
from service.income.posting import occasion_of, post_payment, posting_rule


async def sources_of(work: Work, content: IncomePlanContent) -> dict[str, Asset]:
    """The assets whose income a plan uses. NOT_FOUND."""
    return await work.get_many(Asset, list(dict.fromkeys(one.asset for one in content.sources)))


async def posts_of(work: Work, content: IncomePlanContent) -> dict[str, PublicWelfarePost]:
    """The posts whose wages a plan has lines for. NOT_FOUND."""
    named = dict.fromkeys(one.post for one in content.lines if one.post is not None)
    return await work.get_many(PublicWelfarePost, list(named))


async def execute_plan(
    work: Work, plan: IncomePlan, payment: PlanPayment, procedure: str, at: Occasion
) -> None:
    """Pay an instalment from every source asset and from the village's sub-account, by the procedure that decided it; wages count at their posts.

    Refused: NOT_FOUND without a sub-account, and what plan, assets and account refuse.
    """
    found = await work.get(ProcedureInstance, procedure)
    assets = await sources_of(work, plan.content)
    account = await work.get(IncomeSubAccount, plan.content.village)
    must_be_filed(found, assets, at)
    posts = await posts_of(work, plan.content)
    wages = plan.wages_in(payment)
    pieces = plan.execute(payment, found, at)
    if pieces is None:
        return
    for asset, distribution in pieces.items():
        assets[asset].pay_planned(distribution, at)
    for post, wage in wages:
        posts[post].pay_wage(plan.content.village, wage, at)
    post_payment(work, account, "DISTRIBUTION", payment)


async def take_payment_back(work: Work, plan: IncomePlan, back: PaymentReturn, at: Occasion) -> None:
    """Record what the bank sent back of a payment: it lies on the village's sub-account until it is paid again.

    Refused: NOT_FOUND without a sub-account, and what the plan refuses.
    """
    account = await work.get(IncomeSubAccount, plan.content.village)
    if not plan.take_back(back, at):
        return
    account.enter(
        posting_rule(work, account, "PAYMENT_RETURNED", back.returned_on),
        occasion_of(work, back.returned_on),
        posting=back.returned,
        amount=back.amount,
        day=back.returned_on,
        voucher_no=back.voucher_no,
    )


def must_be_filed(procedure: ProcedureInstance, assets: dict[str, Asset], at: Occasion) -> None:
    """Income of single-village assets is filed with the line department of each type, but where that re-checks it anyway (C4.7-06).

    What a procedure was opened for is the opener's word; which assets earned the money is not. INCOME_PLAN_NOT_READY.
    """
    filed = {step.filing.addressee for step in procedure.steps if step.filing is not None}
    due = {
        at.rules.line_department(one.card.asset_type)
        for step in at.rules.chain(procedure.chain).steps
        if step.filing is not None and step.filing.addressee == "LINE_DEPARTMENT"
        for one in assets.values()
        if not step.only_scopes or one.card.project_scope in step.only_scopes
    }
    missing = sorted(due - filed)
    at.require(not missing, "INCOME_PLAN_NOT_READY", clause="C4.7-06", missing=missing)
