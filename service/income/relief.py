"""Paying help to households in hardship: the relief plan and the village's sub-account in one commit (C4.9-09, C4.9-05)."""

from __future__ import annotations

from domain.income.account import IncomeSubAccount
from domain.income.payments import PlanPayment
from domain.income.relief import ReliefPlan
from domain.occasion import Occasion
from domain.procedure.procedure import ProcedureInstance
from service.commands.commands import Work
from service.income.posting import post_payment

CAUSE = "RELIEF"
"""Cause of the posting."""


async def pay_help(work: Work, plan: ReliefPlan, payment: PlanPayment, procedure: str, at: Occasion) -> None:
    """Pay help from the village's sub-account, by the procedure that decided on it.

    Refused: NOT_FOUND without a sub-account, and what plan and account refuse.
    """
    found = await work.get(ProcedureInstance, procedure)
    account = await work.get(IncomeSubAccount, plan.content.village)
    if plan.pay(payment, found, at):
        post_payment(work, account, CAUSE, payment)
