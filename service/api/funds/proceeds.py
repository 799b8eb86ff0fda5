"""The pool of disposal proceeds over HTTP (四(十二), A17): what came in, what the leading group allocates, what comes back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.funds.proceeds import ProceedsAllocation, ProceedsPool, ProceedsReturn
from domain.occasion import Occasion
from domain.procedure.procedure import ProcedureInstance
from domain.values import Code
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Executing, Writing, post
from service.commands.commands import Result, Work
from service.commands.proceeds import pool_of, take_allocation_step
from service.commands.views import view_model

router = routes("/v1/proceeds", "disposal 处置")

AllocationCode = Annotated[Code, Path(title="安排编号")]
ProceedsPoolView = view_model(ProceedsPool)


class AllocateProceeds(Executing):
    """Request body: put disposal proceeds to the use that the leading group decided on in a procedure (A17)."""

    allocation: ProceedsAllocation = Field(title="安排内容")


class ReturnAllocation(Circumstances):
    """Request body: put allocated money back."""

    back: ProceedsReturn = Field(title="退回情况")


def pool_view(it: ProceedsPool) -> dict[str, Any]:
    """The pool as every answer shows it."""
    return it.view()


@post(router, "/allocations", "安排处置所得", "proceeds.allocate", ProceedsPoolView)
async def allocate_proceeds(body: AllocateProceeds, write: Writing) -> Response:
    """Put proceeds to the use that the county's leading group decided on (C4.12-07, A17, P24); never more than is in the pool."""

    async def allocate(at: Occasion, work: Work) -> Result:
        pool = await pool_of(work, at)
        actor = write.actor
        shown = None
        if body.procedure is not None:
            shown = (await work.get(ProcedureInstance, body.procedure)).proof()
        pool.allocate(body.allocation, actor.organization, actor.organization_kind, at, proof=shown)
        await take_allocation_step(work, pool)
        return Result(pool.id, pool.version, pool_view(pool))

    return await write.act(body, allocate, on=body.allocation.allocated_on)


@post(router, "/allocations/{allocation}/returns", "退回处置所得安排", "proceeds.allocate", ProceedsPoolView)
async def return_allocation(allocation: AllocationCode, body: ReturnAllocation, write: Writing) -> Response:
    """Put what an allocation did not need back into the pool (C4.12-07)."""

    async def give_back(at: Occasion, work: Work) -> Result:
        pool = await pool_of(work, at)
        actor = write.actor
        pool.give_back(allocation, body.back, actor.organization, actor.organization_kind, at)
        return Result(pool.id, pool.version, pool_view(pool))

    return await write.act(body, give_back, on=body.back.returned_on)


@get(router, "", "查询处置所得资金池", "fund.read", response_model=from_log(ProceedsPoolView))
async def read_proceeds_pool(read: Reading) -> Response:
    """The county's pool from the log: receipts, allocations, what assets rest on them, the balance."""
    return await read.aggregate(ProceedsPool, read.county, pool_view)
