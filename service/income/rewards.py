"""Rewards out of a village's profit: plan, annual result and sub-account in one commit (C4.7-07, C4.9-05)."""

from __future__ import annotations

from domain.asset.asset import Asset
from domain.income.account import IncomeSubAccount
from domain.income.incentive import ClawbackReceipt, IncentivePayment, IncentivePlan
from domain.income.result import AnnualResult, ResultRestatement, result_code
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.procedure.procedure import ProcedureInstance
from service.commands.commands import Work
from service.income.execution import must_be_filed
from service.income.posting import occasion_of, post_payment, posting_rule

PAID, GIVEN_BACK = "INCENTIVE", "INCENTIVE_CLAWBACK"
"""Causes of the postings."""


async def pay_reward(
    work: Work, plan: IncentivePlan, payment: IncentivePayment, procedure: str, at: Occasion
) -> None:
    """Pay a part of the rewards from the village's sub-account, by the procedure that decided on them.

    Refused: NOT_FOUND without a sub-account or a result of the year, and what plan, result and account refuse.
    """
    content = plan.content
    found = await work.get(ProcedureInstance, procedure)
    village = await work.get(Organization, content.village)
    result = await work.get(AnnualResult, result_code(content.village, content.year))
    account = await work.get(IncomeSubAccount, content.village)
    asset = await work.get(Asset, content.asset)
    if not plan.pay(payment, found, village, result, at):
        return
    must_be_filed(found, {asset.id: asset}, at)
    result.count_reward(plan.id, payment.amount, occasion_of(work, payment.paid_on))
    post_payment(work, account, PAID, payment, content.asset)


async def receive_reward_back(
    work: Work, plan: IncentivePlan, receipt: ClawbackReceipt, at: Occasion
) -> None:
    """Record what recipients gave back: it lies on the village's sub-account again and counts no more against the cap.

    Refused: NOT_FOUND without a sub-account or a result of the year, and what the plan refuses.
    """
    content = plan.content
    result = await work.get(AnnualResult, result_code(content.village, content.year))
    account = await work.get(IncomeSubAccount, content.village)
    if not plan.receive_back(receipt, at):
        return
    posted = occasion_of(work, receipt.received_on)
    result.give_back(plan.id, receipt.amount, posted)
    account.enter(
        posting_rule(work, account, GIVEN_BACK, receipt.received_on),
        posted,
        posting=receipt.receipt,
        amount=receipt.amount,
        day=receipt.received_on,
        voucher_no=receipt.voucher_no,
        asset=content.asset,
    )
    work.note(posted)


async def restate_result(
    work: Work, result: AnnualResult, restatement: ResultRestatement, at: Occasion
) -> None:
    """Put another result in its place, and say to each plan of the year what has to come back, in the same commit."""
    due = result.restate(restatement, at)
    plans = await work.get_many(IncentivePlan, list(due))
    for code, amount in due.items():
        plans[code].require_back(amount, occasion_of(work, restatement.restated_on))
