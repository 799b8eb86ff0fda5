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


async def decided_by(work: Work, it: Asset, procedure: str, at: Occasion) -> ProcedureProof:
    """What a procedure over an asset shows so far; a unit that carries an owner on has decided for it. STEP_OUT_OF_ORDER, PLAN_HASH_MISMATCH."""
    proof = (await work.get(ProcedureInstance, procedure)).proof()
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
