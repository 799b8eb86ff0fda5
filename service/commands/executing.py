"""Facts that carry out what a procedure decided on: the procedure's step is taken in the commit of the fact."""

from __future__ import annotations

from dataclasses import replace

from domain.aggregate import DomainAggregate, DomainEvent
from domain.asset.asset import Asset
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.procedure.procedure import ProcedureInstance
from domain.procedure.proof import ProcedureProof
from service.commands.commands import Work


async def decided_by(
    work: Work, it: Asset, procedure: str, at: Occasion, *, since: bool = False
) -> ProcedureProof:
    """What a procedure over an asset shows so far, or has shown `since`; a unit that carries an owner on has decided for it.

    STEP_OUT_OF_ORDER, PLAN_HASH_MISMATCH.
    """
    found = await work.get(ProcedureInstance, procedure)
    proof = (found.now if since else found).proof()
    owners = {
        share.party: set(await work.carried_on(Organization, share.party, at.today)) for share in it.owners
    }
    units = {
        step: tuple(sorted({*taken, *(owner for owner, names in owners.items() if names & set(taken))}))
        for step, taken in proof.units.items()
    }
    return proof.model_copy(update={"units": units})


async def take_steps(work: Work, it: DomainAggregate, procedure: str) -> None:
    """Take the procedure's step by what the aggregate has just recorded: both are stored, or neither.

    A unit that has been merged goes on under its successor's name where the procedure names that. Refused: NOT_FOUND, and
    what `ProcedureInstance.take_by_fact` refuses.
    """
    found = await work.get(ProcedureInstance, procedure)
    for event in it.pending_events:
        execution = event.carries_out(it) if isinstance(event, DomainEvent) else None
        if not isinstance(event, DomainEvent) or execution is None:
            continue
        at = work.context.occasion(work.county, event.occurred_on)
        actors = {unit for step in found.steps for unit in step.actors}
        names = await work.carried_on(Organization, execution.unit, at.today)
        unit = next((one for one in names if one in actors), execution.unit)
        found.take_by_fact(
            event.TOPIC, it.stream, event.originator_version, replace(execution, unit=unit), at
        )
        work.note(at)


async def take_disposal_steps(work: Work, it: Asset, disposal: str) -> None:
    """Take the steps of a disposal's procedure by what the asset has just recorded, each for those whose part it was.

    The owners' part is done for all of them. A step that the chain does not have is not taken; neither is one of a
    procedure that was withdrawn, by money that comes in all the same. Refused: what `ProcedureInstance.take_by_fact` refuses.
    """
    procedure = it.disposals[disposal].procedure
    if procedure is None:
        return
    found = await work.get(ProcedureInstance, procedure)
    owners = {one.party for one in it.owners}
    for event in it.pending_events:
        execution = event.carries_out(it) if isinstance(event, DomainEvent) else None
        if not isinstance(event, DomainEvent) or execution is None:
            continue
        at = work.context.occasion(work.county, event.occurred_on)
        facts = at.rules.facts_of(found.chain)
        step = next((one for one in found.steps if event.TOPIC in facts.get(one.code, ())), None)
        if step is None or (event.FACT and found.withdrawn is not None):
            continue
        whose = owners if execution.unit in owners else {execution.unit}
        names = {name for unit in whose for name in await work.carried_on(Organization, unit, at.today)}
        for unit in [one for one in step.actors if one in names] or [execution.unit]:
            taking = replace(execution, unit=unit)
            found.take_by_fact(event.TOPIC, it.stream, event.originator_version, taking, at)
        work.note(at)


async def shown_of(work: Work, it: Asset, disposal: str, at: Occasion) -> ProcedureProof | None:
    """What the procedure of a disposal shows so far; of one that has none, nothing. STEP_OUT_OF_ORDER once it is withdrawn, PLAN_HASH_MISMATCH."""
    current = it.disposals.get(disposal)
    if current is None or current.procedure is None:
        return None
    return await decided_by(work, it, current.procedure, at)
