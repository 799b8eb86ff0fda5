"""Check that what is entered late leaves possible what came after it: asked before it is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain.aggregate import DomainAggregate
from domain.examination.examination import Happened
from domain.examination.later import impeded
from domain.occasion import Occasion
from domain.procedure.procedure import ProcedureInstance
from domain.refusals import RegulationWarning
from service.clock import county_day
from service.commands.procedures_named import procedures_in

if TYPE_CHECKING:
    from service.commands.commands import CommandContext

_NOT_YET: Final = 2**62
"""Where events stand that the log does not have yet: behind all others."""


async def hold_to_later(context: CommandContext, county: str, it: DomainAggregate) -> list[RegulationWarning]:
    """LATER_FACT_CONFLICT where late events of an aggregate make a later step impossible.

    A fact is recorded all the same, and so is history that is imported as it happened: with the conflict as a finding (D6).
    Gives the findings.
    """
    recorded = await context.store.read_stream(county, it.stream, upto=it.version)
    told = [
        Happened(one.position, county_day(one.recorded_at), context.codec.domain_event(one))
        for one in recorded
    ]
    fresh = {one.originator_version: one for one in it.history if one.originator_version > len(recorded)}
    told += [Happened(_NOT_YET + version, context.today(), one) for version, one in fresh.items()]
    procedures = {
        code: [
            Happened(one.position, county_day(one.recorded_at), context.codec.domain_event(one))
            for one in await context.store.read_stream(county, ProcedureInstance.stream_of(code))
        ]
        for code in procedures_in(recorded)
    }
    known = context.in_force.known(county)
    found = impeded(
        it.stream,
        told,
        {_NOT_YET + version for version in fresh},
        lambda _position, day: known.on(day),
        procedures,
    )
    said: list[RegulationWarning] = []
    for version in sorted(it.late) if found else ():
        event = fresh[version]
        at = Occasion(on=event.occurred_on, today=context.today(), rules=known.on(event.occurred_on))
        first = next((one for one in found if one.absolute), found[0])
        finding = first.refusal(at).as_warning()
        if first.absolute or not (event.FACT or event.basis.provenance is not None):
            raise first.refusal(at)
        it.note(version, finding)
        said.append(finding)
    return said
