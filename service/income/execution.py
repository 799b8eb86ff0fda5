"""Paying an income plan: plan, source assets and the village's sub-account in one commit (C4.9-03, C4.9-05)."""

from __future__ import annotations

from domain.asset.asset import Asset
from domain.income.account import IncomeSubAccount
from domain.income.content import IncomePlanContent
from domain.income.plan import IncomePlan, PlanPayment
from domain.occasion import Occasion
from domain.procedure.procedure import ProcedureInstance
from service.commands.commands import Work
from service.income.posting import occasion_of, posting_rule


async def sources_of(work: Work, content: IncomePlanContent) -> dict[str, Asset]:
    """The assets whose income a plan uses. NOT_FOUND."""
    return await work.get_many(Asset, list(dict.fromkeys(one.asset for one in content.sources)))


async def execute_plan(
    work: Work, plan: IncomePlan, payment: PlanPayment, procedure: str, at: Occasion
) -> None:
    """Pay an instalment from every source asset and from the village's sub-account, by the procedure that decided it.

    Refused: NOT_FOUND without a sub-account, and what plan, assets and account refuse.
    """
    found = await work.get(ProcedureInstance, procedure)
    assets = await sources_of(work, plan.content)
    account = await work.get(IncomeSubAccount, plan.content.village)
    must_be_filed(found, assets, at)
    if not plan.execute(payment, found, at):
        return
    for asset, distribution in plan.distributions(payment).items():
        assets[asset].pay_planned(distribution, at)
    account.enter(
        posting_rule(work, account, "DISTRIBUTION", payment.paid_on),
        occasion_of(work, payment.paid_on),
        posting=payment.payment,
        amount=payment.amount,
        day=payment.paid_on,
        voucher_no=payment.voucher_no,
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
