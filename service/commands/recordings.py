"""Records on behalf (代为登记): what the log says that one unit recorded for another (`parties.record_for`)."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from domain.refusals import refuse
from projections.organization.on_behalf import represented
from service.commands.commands import Work


async def recorded_for(work: Work, unit: str, position: int) -> RecordedEvent:
    """The event at a place of the log, which somebody recorded for this unit. NOT_FOUND where there is none."""
    read = work.context.store.read(work.county, after=position - 1, upto=position)
    async for events in read:
        for event in events:
            if unit in represented(event.basis["warnings"]):
                return event
    raise refuse("NOT_FOUND", what=f"{unit} {position}")
