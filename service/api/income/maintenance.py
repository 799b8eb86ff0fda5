"""Maintenance expenses over HTTP (维修维护支出, A12): proposed by an owner village, paid by the procedure that decided on them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.income.maintenance import MaintenanceContent, MaintenanceExpense, MaintenancePayment
from domain.occasion import Occasion
from domain.procedure.subject import Subject
from domain.values import Code, NamedProcedure
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Executing, Kind, Write, Writing
from service.api.organization.organizations import place_of, unit_of
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.views import view_model
from service.income.upkeep import pay_upkeep

router = routes("/v1/maintenance-expenses", "upkeep 管护")

ExpensePath = Annotated[Code, Path(title="支出编号")]
MaintenanceExpenseView = view_model(
    MaintenanceExpense,
    maintenance_expense=Annotated[Code, Field(title="支出编号")],
    subject=Annotated[
        Subject,
        Field(title="办理事项", description="启动程序（A12）时原样使用 / what its procedure is opened over"),
    ],
)


class ProposeMaintenance(Circumstances):
    """Request body: propose works on an asset and what the village bears of them."""

    maintenance_expense: Code | None = Field(default=None, title="支出编号", description="不填由系统编号")
    expense: MaintenanceContent = Field(title="维修维护方案")


class PayMaintenance(Executing):
    """Request body: pay a part of what the procedure decided on."""

    payment: MaintenancePayment = Field(title="支付情况")
    procedure: NamedProcedure = Field(title="程序编号")


def expense_view(it: MaintenanceExpense) -> dict[str, Any]:
    """An expense as every answer shows it, with the text its procedure is over."""
    return it.view() | {
        "maintenanceExpense": it.id,
        "subject": it.subject.model_dump(mode="json", by_alias=True),
    }


async def _village(write: Write, village: str) -> Resource:
    return place_of(await unit_of(write.context, write.county, village, "expense.village"))


async def _place(it: MaintenanceExpense, write: Write) -> Resource:
    """An expense is the business of its own village, and of who keeps its books; never of another co-owner."""
    return await _village(write, it.village)


_EXPENSES = Kind(
    router,
    MaintenanceExpense,
    MaintenanceExpenseView,
    lambda it, _: expense_view(it),
    _place,
    parties=lambda it: (it.village,),
)


@_EXPENSES.post("", "提出维修维护方案", "income.plan")
async def propose_maintenance(body: ProposeMaintenance, write: Writing) -> Response:
    """Propose works on an asset (C4.10-04); the cost is split by confirmed value (C4.7-09), each line names its basis (C4.10-12)."""
    code = body.maintenance_expense or f"ME-{write.mark(16)}"
    content = body.expense

    async def propose(at: Occasion, work: Work) -> MaintenanceExpense:
        return MaintenanceExpense.propose(code, content, await work.get(Asset, content.asset), at)

    async def scope() -> Resource:
        return await _village(write, content.village)

    return await write.create(_EXPENSES, body, propose, scope=scope, party=content.village)


@_EXPENSES.post("/{maintenance_expense}/payments", "支付维修维护费用", "income.plan")
async def pay_maintenance(maintenance_expense: ExpensePath, body: PayMaintenance, write: Writing) -> Response:
    """Pay from the village's sub-account, by the procedure that decided on it (C4.10-04), with its voucher."""

    async def pay(it: MaintenanceExpense, at: Occasion, work: Work) -> None:
        await pay_upkeep(work, it, body.payment, body.procedure, at)

    return await write.carry_out(_EXPENSES, maintenance_expense, body, pay, on=body.payment.paid_on)


@get(
    router,
    "/{maintenance_expense}",
    "查询维修维护支出",
    "income.read",
    response_model=from_log(MaintenanceExpenseView),
)
async def read_maintenance_expense(maintenance_expense: ExpensePath, read: Reading) -> Response:
    """An expense from the log."""
    return await read.aggregate(MaintenanceExpense, maintenance_expense, expense_view)
