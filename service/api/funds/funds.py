"""Funds (资金): what finance paid, and the reconciliation of each unit's year with the assets (C4.4-03).

Only the finance department records allocations, reconciles, pushes and reports; the unit acknowledges for itself. The
comparison is made from the fund ledger after it has caught up with the log, never typed.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field, ValidationError

from domain.funds.allocation import FundAllocation, FundAllocationCard
from domain.funds.reconciliation import Comparison, FundReconciliation
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.refusals import Refusal, refuse
from domain.values import Code, Fen, Name, Sha256, Text, Value
from service.api.asset.bulk import YIELD_EVERY, BulkRefusal, refused_item
from service.api.http.lines import BulkLine, lines_body, lines_of
from service.api.http.reading import ACTION, Reading, from_log, get, named, refused_as, routes
from service.api.http.writing import (
    IDEMPOTENCY_KEY,
    WRITE_PROBLEMS,
    Circumstances,
    Kind,
    Write,
    WriteAnswer,
    Writing,
    answered,
)
from service.api.organization.organizations import place_of, unit_of
from service.commands.authorization import Resource, authorize
from service.commands.commands import CommandContext, Result, Work
from service.commands.problems import problem_response
from service.commands.views import view_model
from service.ledgers.parameters import YearNumber
from service.ledgers.queries import folded
from service.ledgers.questions.funds import compared_year

allocations = routes("/v1/fund-allocations", "funds 资金")
reconciliations = routes("/v1/fund-reconciliations", "funds 资金")

AllocationCode = Annotated[Code, Path(title="拨付编号")]
UnitCode = Annotated[Code, Path(title="单位编号")]
Year = Annotated[YearNumber, Path(title="年度")]

FundAllocationView = view_model(FundAllocation)


class ComparedSource(Value):
    """One source of a reconciliation."""

    source: Code = Field(title="资金来源")
    allocated: Fen = Field(title="拨付金额")
    non_asset: Fen = Field(title="不形成资产的支出")
    formed: Fen = Field(title="资产资金来源合计")
    difference: Fen = Field(title="差额")
    comparison: Comparison = Field(title="比对结果")


FundReconciliationView = view_model(
    FundReconciliation,
    lines=Annotated[tuple[ComparedSource, ...], Field(title="各资金来源核对及说明")],
)


class RecordFundAllocation(Circumstances):
    """Request body: record an allocation of funds."""

    allocation: Code | None = Field(default=None, title="拨付编号", description="不填由系统编号")
    card: FundAllocationCard = Field(title="拨付情况")


class CorrectFundAllocation(Circumstances):
    """Request body: correct an allocation of funds."""

    card: FundAllocationCard = Field(title="更正后的拨付情况")
    reason: Text = Field(title="更正理由")
    document_no: Name = Field(title="更正依据文号")


class WithdrawFundAllocation(Circumstances):
    """Request body: withdraw an allocation that was never paid or recorded twice."""

    reason: Text = Field(title="撤销理由")
    document_no: Name = Field(title="撤销依据文号")


class ReportFundReconciliation(Circumstances):
    """Request body: report the fund ledger to the asset office, by its letter."""

    document_no: Name = Field(title="报送文号")


class AcknowledgeFundLedger(Circumstances):
    """Request body: acknowledge the fund ledger that was pushed."""

    ledger_sha256: Sha256 = Field(title="资金台账摘要", description="推送时给出")
    person: Code = Field(title="台账确认人")


def finance(context: CommandContext, county: str) -> Resource:
    """The department that keeps the fund ledger: it compiles it in the regulation's chain."""
    rules = context.in_force.known(county).on(context.today())
    return Resource(organizations=(str(rules.chain("A3").steps[0].by),))


# ---- allocations ---------------------------------------------------------------------------------------------------


def allocation_view(allocation: FundAllocation) -> dict[str, Any]:
    """An allocation as every answer shows it."""
    return allocation.view()


def _of_finance(_: object, write: Write) -> Resource:
    return finance(write.context, write.county)


_ALLOCATIONS = Kind(
    allocations,
    FundAllocation,
    FundAllocationView,
    lambda it, _: allocation_view(it),
    _of_finance,
    versioned=True,
)


@_ALLOCATIONS.post("", "登记资金拨付", "fund.record")
async def record_fund_allocation(body: RecordFundAllocation, write: Writing) -> Response:
    """Record what was paid: a fact (C4.4-03)."""
    code = body.allocation or f"F-{write.idempotency.body_sha256.hex()[:16]}"
    return await write.create(
        _ALLOCATIONS,
        body,
        lambda at, _: FundAllocation.enter(code, body.card, at),
        scope=finance(write.context, write.county),
        on=body.card.allocated_on,
    )


@_ALLOCATIONS.post("/{allocation}/corrections", "更正资金拨付", "fund.record")
async def correct_fund_allocation(
    allocation: AllocationCode, body: CorrectFundAllocation, write: Writing
) -> Response:
    """Put the right facts in place, with the document behind them."""
    return await write.decide(
        _ALLOCATIONS,
        allocation,
        body,
        lambda it, at: it.correct(body.card, body.reason, body.document_no, at),
    )


@_ALLOCATIONS.post("/{allocation}/withdrawal", "撤销资金拨付", "fund.record")
async def withdraw_fund_allocation(
    allocation: AllocationCode, body: WithdrawFundAllocation, write: Writing
) -> Response:
    """Take it out of the fund ledger; it stays in the log."""
    return await write.decide(
        _ALLOCATIONS, allocation, body, lambda it, at: it.withdraw(body.reason, body.document_no, at)
    )


@get(allocations, "/{allocation}", "查询资金拨付", "fund.read", response_model=from_log(FundAllocationView))
async def read_fund_allocation(allocation: AllocationCode, read: Reading) -> Response:
    """An allocation from the log."""
    return await read.aggregate(FundAllocation, allocation, allocation_view)


class BulkAllocations(Value):
    """Outcome of all lines: they are stored together or not at all."""

    created: int = Field(title="登记笔数")
    amount: Fen = Field(title="拨付金额合计")


_BULK_ANSWER = named(WriteAnswer[BulkAllocations], BulkAllocations, "s", "sAnswer")


@allocations.post(
    "/bulk",
    summary="批量登记资金拨付",
    status_code=201,
    response_model=_BULK_ANSWER,
    response_class=Response,
    responses=answered(201, _BULK_ANSWER)
    | WRITE_PROBLEMS
    | refused_as(409, "未登记任何拨付 / nothing was recorded", BulkRefusal),
    openapi_extra={
        ACTION: "fund.record",
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": lines_body(RecordFundAllocation, "每行一笔拨付"),
    },
)
async def record_fund_allocations(write: Writing) -> Response:
    """Record many allocations, one per line, all or none: a year's fund ledger is one thing."""
    lines = await lines_of(write.request)
    authorize(write.actor, write.action, finance(write.context, write.county))
    refused: list[dict[str, Any]] = []

    async def record_all(_: Occasion, work: Work) -> Result:
        refused.clear()
        amount, codes = 0, set[str]()
        for done, line in enumerate(lines, start=1):
            try:
                allocation = await _line_entered(write, work, line, codes)
                amount += allocation.card.amount
            except (Refusal, ValidationError) as error:
                refused.append(refused_item(write, line, error))
            if done % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        if refused:
            raise refuse("BATCH_ROLLED_BACK", items=[one["line"] for one in refused[:50]])
        return Result(write.idempotency.key, 0, {"created": len(lines), "amount": Fen(amount).yuan()})

    try:
        return await write.act(Circumstances(), record_all)
    except Refusal as refusal:
        if refusal.code != "BATCH_ROLLED_BACK":
            raise
        return problem_response(write.request, refusal, items=refused[:1000])


async def _line_entered(write: Write, work: Work, line: BulkLine, codes: set[str]) -> FundAllocation:
    body = line.body(RecordFundAllocation)
    code = body.allocation or f"F-{line.digest().hex()[:16]}"
    if code in codes:
        raise refuse("BATCH_ITEM_DUPLICATE", what=code)
    codes.add(code)
    await work.require_named(body)
    at = write.occasion(body, body.card.allocated_on)
    await work.require_existing(body, at)
    allocation = FundAllocation.enter(code, body.card, at)
    work.add(allocation)
    work.note(at)
    return allocation


# ---- reconciliations -----------------------------------------------------------------------------------------------


def reconciliation_view(one: FundReconciliation) -> dict[str, Any]:
    """A reconciliation as every answer shows it: with the difference of each source."""
    lines = [
        line.model_dump(mode="json", by_alias=True)
        | {"difference": line.difference.yuan(), "comparison": line.comparison}
        for line in one.lines
    ]
    return one.view() | {"lines": lines}


_RECONCILIATIONS = Kind(
    reconciliations,
    FundReconciliation,
    FundReconciliationView,
    lambda it, _: reconciliation_view(it),
    _of_finance,
)


@_RECONCILIATIONS.post("/{unit}/{year}/comparisons", "核对资金与资产", "fund.reconcile", creates=True)
async def compare_funds(unit: UnitCode, year: Year, body: Circumstances, write: Writing) -> Response:
    """Compare a unit's allocations of a year with its assets, and keep the result (C4.4-03)."""

    async def compare(at: Occasion, work: Work) -> FundReconciliation:
        await unit_of(write.context, write.county, unit, "unit")
        found = await compared_year(write, unit, year)
        code = FundReconciliation.id_of(unit, year)
        if await write.context.knows(FundReconciliation, write.county, code):
            one = await work.get(FundReconciliation, code)
        else:
            one = FundReconciliation.compile(unit, year, at)
        one.reconcile(found.lines, found.digest, found.position, at)
        return one

    return await write.create(_RECONCILIATIONS, body, compare, scope=finance(write.context, write.county))


@_RECONCILIATIONS.post("/{unit}/{year}/push", "推送资金台账", "fund.reconcile")
async def push_fund_ledger(unit: UnitCode, year: Year, body: Circumstances, write: Writing) -> Response:
    """Send the unit its fund ledger: compared once more, and only when everything agrees (RECONCILIATION_OPEN)."""

    async def push(it: FundReconciliation, at: Occasion, _: Work) -> None:
        await write.context.hold_to_events(write.county, it)
        found = await compared_year(write, unit, year, folded)
        it.reconcile(found.lines, found.digest, found.position, at)
        it.push(at)

    return await write.carry_out(_RECONCILIATIONS, FundReconciliation.id_of(unit, year), body, push)


@_RECONCILIATIONS.post("/{unit}/{year}/report", "资金台账报县办公室", "fund.reconcile")
async def report_fund_reconciliation(
    unit: UnitCode, year: Year, body: ReportFundReconciliation, write: Writing
) -> Response:
    """Report the reconciled ledger to the asset office."""

    async def report(it: FundReconciliation, at: Occasion, _: Work) -> None:
        await write.context.hold_to_events(write.county, it)
        found = await compared_year(write, unit, year, folded)
        it.reconcile(found.lines, found.digest, found.position, at)
        it.report(body.document_no, at)

    return await write.carry_out(_RECONCILIATIONS, FundReconciliation.id_of(unit, year), body, report)


@_RECONCILIATIONS.post("/{unit}/{year}/acknowledgement", "确认资金台账", "fund.acknowledge")
async def acknowledge_fund_ledger(
    unit: UnitCode, year: Year, body: AcknowledgeFundLedger, write: Writing
) -> Response:
    """The unit confirms what was pushed to it, by its digest."""

    async def own(_: FundReconciliation, write: Write) -> Resource:
        owner = await write.context.load(Organization, write.county, unit)
        return Resource(organizations=(unit,)) if owner is None else place_of(owner)

    return await write.decide(
        _RECONCILIATIONS,
        FundReconciliation.id_of(unit, year),
        body,
        lambda it, at: it.acknowledge(body.ledger_sha256, body.person, at),
        scope=own,
    )


@get(
    reconciliations,
    "/{unit}/{year}",
    "查询资金核对",
    "fund.read",
    response_model=from_log(FundReconciliationView),
)
async def read_fund_reconciliation(unit: UnitCode, year: Year, read: Reading) -> Response:
    """A unit's year from the log."""
    return await read.aggregate(FundReconciliation, FundReconciliation.id_of(unit, year), reconciliation_view)
