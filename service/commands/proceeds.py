"""The pool of disposal proceeds in the commits that touch it: what came in, what was decided, what an asset's funding rests on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from domain.asset.asset import Asset
from domain.asset.facts.card import RegisterCard
from domain.execution import Execution
from domain.funds.proceeds import ProceedsPool, ProceedsReceipt
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.procedure.procedure import ProcedureInstance
from domain.refusals import refuse
from domain.values import LOG, Fen, divided
from service.commands.commands import Work

if TYPE_CHECKING:
    from datetime import date


async def pool_of(work: Work, at: Occasion) -> ProceedsPool:
    """The county's pool, begun where there is none yet."""
    known = work.at_hand(ProceedsPool, work.county)
    if known is not None:
        return known
    if await work.context.knows(ProceedsPool, work.county, work.county):
        return await work.get(ProceedsPool, work.county)
    made = ProceedsPool.open(work.county, at)
    work.add(made)
    return made


async def receive(
    work: Work, it: Asset, disposal: str, amount: Fen, received_on: date, voucher_no: str, at: Occasion
) -> None:
    """Put what a disposal brought into the pool, with whose money it legally is (P24). Refused: AMOUNT_OUT_OF_RANGE."""
    owners = it.owners if at.rules.parameters["P24"].legal_owner_recorded else ()
    receipt = ProceedsReceipt(
        asset=it.id,
        disposal=disposal,
        voucher_no=voucher_no,
        amount=amount,
        received_on=received_on,
        legal_owners=divided(amount, owners),
    )
    (await pool_of(work, at)).receive(receipt, at)


async def take_receipt_step(work: Work, found: ProcedureInstance, at: Occasion) -> None:
    """Take the step of a procedure that money in the pool takes, for each owner whose money came in by that day (A17).

    The receipt was there before the procedure: it takes the step when the decision is about to be made on it.

    Refused: STEP_OUT_OF_ORDER, PLAN_HASH_MISMATCH, FORBIDDEN, NOT_FOUND, NOTICE_PLACE_MISSING, NOTICE_NOT_COMPLETED,
    NOTICE_PERIOD_RUNNING, OBJECTION_OPEN, DATE_ORDER, the code of a row (`PlannedStep.refusal`).
    """
    topic = ProceedsPool.ProceedsReceived.TOPIC
    facts = at.rules.facts_of(found.chain)
    step = next((one for one in found.steps if topic in facts.get(one.code, ())), None)
    if step is None:
        return
    stream = ProceedsPool.stream_of(work.county)
    for unit in step.actors:
        names = set(await work.carried_on(Organization, unit, at.today))
        for event in await work.context.store.read_stream(work.county, stream):
            if event.type != topic:
                continue
            receipt = ProceedsReceipt.model_validate(event.data["receipt"], context=LOG)
            owners = {share.party for share in receipt.legal_owners}
            if receipt.amount > 0 and receipt.received_on <= at.on and (names & owners or not owners):
                subject = found.subject
                execution = Execution(unit, subject.kind, subject.id, (subject.sha256,))
                found.take_by_fact(topic, stream, event.version, execution, at)
                break


async def take_allocation_step(work: Work, it: ProceedsPool) -> None:
    """Take the procedure's step by the allocation that the pool has just recorded, for the unit whose step it is.

    Refused: NOT_FOUND, and what `ProcedureInstance.take_by_fact` refuses.
    """
    for event in it.pending_events:
        if isinstance(event, ProceedsPool.ProceedsAllocated) and event.procedure is not None:
            found = await work.get(ProcedureInstance, event.procedure)
            at = work.context.occasion(work.county, event.occurred_on)
            facts = at.rules.facts_of(found.chain)
            for step in [one for one in found.steps if event.TOPIC in facts.get(one.code, ())]:
                for unit in step.actors:
                    execution = replace(event.carries_out(it), unit=unit)
                    found.take_by_fact(event.TOPIC, it.stream, event.originator_version, execution, at)
            work.note(at)


async def rest_on_allocations(
    work: Work, asset: str, card: RegisterCard, at: Occasion, *, before: RegisterCard | None = None
) -> None:
    """Let the funding lines that come from proceeds rest on the allocations they name (C4.12-07).

    `before`: the card before a correction; lines of then that stay as they are were judged then.
    Refused: FIELD_REQUIRED for a line that names no allocation; NOT_FOUND for one there is not; FIELD_INVALID for an asset
    of origin that brought nothing in; PROCEEDS_POOL_INSUFFICIENT for more than is left of an allocation.
    """
    provenance = at.rules.provenance_sources
    known = () if before is None else before.funding_lines
    lines = [(index, one) for index, one in enumerate(card.funding_lines) if one.source in provenance]
    if all(one in known for _, one in lines) and len(lines) == sum(one.source in provenance for one in known):
        return
    due: Counter[str] = Counter()
    origins: dict[str, set[str | None]] = {}
    for index, one in lines:
        if one.allocation is None and one not in known:
            field = f"fundingLines[{index}].allocation"
            raise refuse("FIELD_REQUIRED", clause="C4.12-07", missing=[field], field=field)
        if one.allocation is not None:
            due[one.allocation] += one.amount
            origins.setdefault(one.allocation, set()).add(one.from_asset)
    proceeds = await pool_of(work, at)
    for code in [code for code, drawn in proceeds.drawn.items() if asset in drawn and code not in due]:
        proceeds.rest(code, asset, Fen(0), set(), at)
    for code, amount in due.items():
        proceeds.rest(code, asset, Fen(amount), origins[code], at)
