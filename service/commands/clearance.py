"""What a certificate of clearance (移交证明) is held to before it is signed (C4.10-11)."""

from __future__ import annotations

from domain.organization.person import Person
from domain.refusals import refuse
from service.commands.commands import CommandContext
from service.ledgers.held_to_events import row_that_differs
from service.ledgers.source import LedgerSource


async def hold_to_events(context: CommandContext, ledgers: LedgerSource, person: Person) -> None:
    """LEDGER_DIFFERS if what the verdict was read from, rows or the person's kept state, is not what the events make."""
    fresh = await context.replay(Person, ledgers.county, person.id)
    if (fresh.version, fresh.dump_state()) != (person.version, person.dump_state()):
        raise refuse("LEDGER_DIFFERS", what=person.stream)
    async with ledgers.pool.acquire() as connection:
        wrong = await row_that_differs(connection, context.codec.upcast, ledgers.county, person.id)
    if wrong is not None:
        raise refuse("LEDGER_DIFFERS", what=wrong)
