"""Paying for upkeep: the village's expense and its sub-account in one commit (C4.10-04, C4.9-05)."""

from __future__ import annotations

from domain.income.account import UPKEEP, IncomeSubAccount
from domain.income.maintenance import MaintenanceExpense, MaintenancePayment
from domain.occasion import Occasion
from domain.procedure.procedure import ProcedureInstance
from domain.values import Fen
from service.commands.commands import Work
from service.income.posting import post_payment


async def pay_upkeep(
    work: Work, expense: MaintenanceExpense, payment: MaintenancePayment, procedure: str, at: Occasion
) -> None:
    """Pay a part of the village's share from its sub-account, by the procedure that decided on it.

    Refused: NOT_FOUND without a sub-account, and what expense and account refuse.
    """
    found = await work.get(ProcedureInstance, procedure)
    account = await work.get(IncomeSubAccount, expense.village)
    if expense.pay(payment, found, at):
        post_payment(work, account, UPKEEP, payment, expense.asset)


async def own_means(work: Work, unit: str, at: Occasion) -> Fen:
    """What a village has on its sub-account on a day; nothing for a unit that keeps none, and a village is told to open one."""
    account = (await work.context.load_many(IncomeSubAccount, work.county, [unit])).get(unit)
    if account is None:
        return Fen(0)
    return account.available(at.on)
