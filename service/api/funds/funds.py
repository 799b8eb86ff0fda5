"""Funds (资金): what finance paid, and the reconciliation of each unit's year with the assets (C4.4-03).

Only the finance department records allocations, reconciles, pushes and reports; the unit acknowledges for itself. The
comparison is made from the fund ledger after it has caught up with the log, never typed.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Annotated, Any, Final

from fastapi import Path, Response
from pydantic import Field, ValidationError

from domain.funds.allocation import FundAllocation, FundAllocationCard
from domain.funds.reconciliation import Comparison, FundReconciliation, FundReconciliationLine
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.refusals import Refusal, refuse
from domain.values import Code, Fen, Name, Sha256, Text, Value
from projections.engine.rows import Row
from projections.funds import ledger as fund_ledger
from projections.funds.questions import unit_ledger
from service.api.asset.bulk import MAX_ITEMS, YIELD_EVERY, BulkLine, lines_of, refused_item
from service.api.http.paging import snapshot
from service.api.http.reading import ACTION, Reading, from_log, get, routes
from service.api.http.writing import (
    IDEMPOTENCY_KEY,
    WRITE_PROBLEMS,
    Circumstances,
    Write,
    Writing,
    post,
    view_model,
)
from service.api.organization.organizations import place_of
from service.commands.authorization import Resource, authorize
from service.commands.commands import CommandContext, Result, Work
from service.commands.problems import problem_response

allocations = routes("/v1/fund-allocations", "funds 资金")
reconciliations = routes("/v1/fund-reconciliations", "funds 资金")

AllocationCode = Annotated[Code, Path(title="拨付编号")]
UnitCode = Annotated[Code, Path(title="单位编号")]
Year = Annotated[int, Path(title="年度", ge=1900, le=2200)]

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
    """One payment of the finance department."""

    allocation: Code | None = Field(default=None, title="拨付编号", description="不填由系统编号")
    card: FundAllocationCard = Field(title="拨付情况")


class CorrectFundAllocation(Circumstances):
    """What was really paid."""

    card: FundAllocationCard = Field(title="更正后的拨付情况")
    reason: Text = Field(title="更正理由")
    document_no: Name = Field(title="更正依据文号")


class WithdrawFundAllocation(Circumstances):
    """It was never paid, or recorded twice."""

    reason: Text = Field(title="撤销理由")
    document_no: Name = Field(title="撤销依据文号")


class ReportFundReconciliation(Circumstances):
    """The letter the fund ledger goes to the asset office with."""

    document_no: Name = Field(title="报送文号")


class AcknowledgeFundLedger(Circumstances):
    """The unit agrees with what it was sent."""

    ledger_sha256: Sha256 = Field(title="资金台账摘要", description="推送时给出")
    person: Code = Field(title="台账确认人")


def finance(context: CommandContext, county: str) -> Resource:
    """Whose the fund ledger is: the department that compiles it in the regulation's chain."""
    rules = context.in_force.known(county).on(context.today())
    return Resource(organizations=(str(rules.chain("A3").steps[0].by),))


def outside_finance(context: CommandContext, county: str) -> frozenset[str]:
    """Sources behind which no allocation is expected."""
    return context.in_force.known(county).on(context.today()).codes("FUND_OUTSIDE_FINANCE")


# ---- allocations ---------------------------------------------------------------------------------------------------


def allocation_view(allocation: FundAllocation) -> dict[str, Any]:
    """An allocation as every answer shows it."""
    return allocation.view()


async def _entered(
    write: Write, work: Work, body: RecordFundAllocation, code: str
) -> tuple[FundAllocation, Occasion]:
    await work.require_known(Organization, {"card.unit": body.card.unit})
    at = write.occasion(body, body.card.allocated_on)
    return FundAllocation.enter(code, body.card, at), at


@post(allocations, "", "登记资金拨付", "fund.record", FundAllocationView)
async def record_fund_allocation(body: RecordFundAllocation, write: Writing) -> Response:
    """Record what was paid: a fact (C4.4-03)."""
    code = body.allocation or f"F-{write.idempotency.body_sha256.hex()[:16]}"

    async def enter(work: Work) -> tuple[FundAllocation, Occasion]:
        return await _entered(write, work, body, code)

    return await write.create(finance(write.context, write.county), enter, view=allocation_view)


@post(
    allocations,
    "/{allocation}/corrections",
    "更正资金拨付",
    "fund.record",
    FundAllocationView,
    versioned=True,
)
async def correct_fund_allocation(
    allocation: AllocationCode, body: CorrectFundAllocation, write: Writing
) -> Response:
    """Put the right facts in place, with the document behind them."""

    async def correct(it: FundAllocation, work: Work) -> Occasion:
        await work.require_known(Organization, {"card.unit": body.card.unit})
        at = write.occasion(body)
        it.correct(body.card, body.reason, body.document_no, at)
        return at

    return await _on_allocation(write, allocation, correct)


@post(
    allocations, "/{allocation}/withdrawal", "撤销资金拨付", "fund.record", FundAllocationView, versioned=True
)
async def withdraw_fund_allocation(
    allocation: AllocationCode, body: WithdrawFundAllocation, write: Writing
) -> Response:
    """Take it out of the fund ledger; it stays in the log."""

    async def withdraw(it: FundAllocation, _: Work) -> Occasion:
        at = write.occasion(body)
        it.withdraw(body.reason, body.document_no, at)
        return at

    return await _on_allocation(write, allocation, withdraw)


async def _on_allocation(write: Write, allocation: str, decide: Any) -> Response:
    return await write.on(
        FundAllocation,
        allocation,
        decide,
        resource=lambda _: finance(write.context, write.county),
        view=allocation_view,
        versioned=True,
    )


@get(allocations, "/{allocation}", "查询资金拨付", "fund.read", response_model=from_log(FundAllocationView))
async def read_fund_allocation(allocation: AllocationCode, read: Reading) -> Response:
    """An allocation from the log."""
    return await read.aggregate(FundAllocation, allocation, allocation_view)


class BulkAllocations(Value):
    """What became of all lines: they are stored together or not at all."""

    created: int = Field(title="登记笔数")
    amount: Fen = Field(title="拨付金额合计")


_LINE_SCHEMA: Final = {"$ref": f"#/components/schemas/{RecordFundAllocation.__name__}"}


@allocations.post(
    "/bulk",
    summary="批量登记资金拨付",
    status_code=201,
    response_model=BulkAllocations,
    response_class=Response,
    responses=WRITE_PROBLEMS,
    openapi_extra={
        ACTION: "fund.record",
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "array", "items": _LINE_SCHEMA, "maxItems": MAX_ITEMS}
                },
                "application/x-ndjson": {
                    "schema": {
                        "type": "string",
                        "title": "每行一笔拨付",
                        "description": "RecordAllocation, one per line",
                    }
                },
            },
        },
    },
)
async def record_fund_allocations(write: Writing) -> Response:
    """Record many allocations, one per line, all or none: a year's fund ledger is one thing."""
    lines = list(islice(lines_of(write, await write.request.body()), MAX_ITEMS + 1))
    if len(lines) > MAX_ITEMS:
        raise refuse("TOO_MANY_ITEMS", limit=MAX_ITEMS)
    if not lines:
        raise refuse("BODY_REQUIRED")
    authorize(write.actor, write.action, finance(write.context, write.county))
    refused: list[dict[str, Any]] = []

    async def record_all(work: Work) -> Result:
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
        return await write.run(record_all)
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
    allocation, at = await _entered(write, work, body, code)
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


def reconciliation_lines(rows: list[Row]) -> tuple[FundReconciliationLine, ...]:
    """The comparison of a unit's year as the reconciliation keeps it."""
    names = ("allocated", "non_asset", "formed")
    return tuple(
        FundReconciliationLine(source=row["source"], **{name: Fen(row[name]) for name in names})
        for row in rows
    )


async def _compared(
    write: Write, unit: str, year: int
) -> tuple[tuple[FundReconciliationLine, ...], str, int]:
    """The unit's year as the ledger has it now: lines, digest, position."""
    name = fund_ledger.PROJECTION.name
    await write.reach_head(name)
    async with snapshot(write, name) as (connection, position):
        rows, digest = await unit_ledger(
            connection, write.county, outside_finance(write.context, write.county), unit, year
        )
    return reconciliation_lines(rows), digest, position


@post(
    reconciliations,
    "/{unit}/{year}/comparisons",
    "核对资金与资产",
    "fund.reconcile",
    FundReconciliationView,
)
async def compare_funds(unit: UnitCode, year: Year, body: Circumstances, write: Writing) -> Response:
    """Compare a unit's allocations of a year with its assets, and keep the result (C4.4-03)."""

    async def compare(work: Work) -> Result:
        authorize(write.actor, write.action, finance(write.context, write.county))
        await work.require_known(Organization, {"unit": unit})
        lines, digest, position = await _compared(write, unit, year)
        at = write.occasion(body)
        code = FundReconciliation.id_of(unit, year)
        if await write.context.knows(FundReconciliation, write.county, code):
            one = await work.get(FundReconciliation, code)
        else:
            one = FundReconciliation.compile(unit, year, at)
            work.add(one)
        one.reconcile(lines, digest, position, at)
        work.note(at)
        return Result(one.id, one.version, reconciliation_view(one))

    return await write.run(compare)


@post(reconciliations, "/{unit}/{year}/push", "推送资金台账", "fund.reconcile", FundReconciliationView)
async def push_fund_ledger(unit: UnitCode, year: Year, body: Circumstances, write: Writing) -> Response:
    """Send the unit its fund ledger: compared once more, and only when everything agrees (RECONCILIATION_OPEN)."""

    async def push(it: FundReconciliation, _: Work) -> Occasion:
        at = write.occasion(body)
        it.reconcile(*await _compared(write, unit, year), at)
        it.push(at)
        return at

    return await _on_reconciliation(write, unit, year, push)


@post(
    reconciliations, "/{unit}/{year}/report", "资金台账报县办公室", "fund.reconcile", FundReconciliationView
)
async def report_fund_reconciliation(
    unit: UnitCode, year: Year, body: ReportFundReconciliation, write: Writing
) -> Response:
    """Report the reconciled ledger to the asset office."""

    async def report(it: FundReconciliation, _: Work) -> Occasion:
        at = write.occasion(body)
        it.reconcile(*await _compared(write, unit, year), at)
        it.report(body.document_no, at)
        return at

    return await _on_reconciliation(write, unit, year, report)


async def _on_reconciliation(write: Write, unit: str, year: int, decide: Any) -> Response:
    return await write.on(
        FundReconciliation,
        FundReconciliation.id_of(unit, year),
        decide,
        resource=lambda _: finance(write.context, write.county),
        view=reconciliation_view,
    )


@post(
    reconciliations,
    "/{unit}/{year}/acknowledgement",
    "确认资金台账",
    "fund.acknowledge",
    FundReconciliationView,
)
async def acknowledge_fund_ledger(
    unit: UnitCode, year: Year, body: AcknowledgeFundLedger, write: Writing
) -> Response:
    """The unit confirms what was pushed to it, by its digest."""

    async def acknowledge(work: Work) -> Result:
        owner = await write.context.load(Organization, write.county, unit)
        authorize(
            write.actor, write.action, Resource(organizations=(unit,)) if owner is None else place_of(owner)
        )
        one = await work.get(FundReconciliation, FundReconciliation.id_of(unit, year))
        at = write.occasion(body)
        one.acknowledge(body.ledger_sha256, body.person, at)
        work.note(at)
        return Result(one.id, one.version, reconciliation_view(one))

    return await write.run(acknowledge)


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
