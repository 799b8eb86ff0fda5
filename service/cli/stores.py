"""The stores of commands: one for those that append to a log, one for those that read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.database.database import Database
from service.log.event_store import EventStore
from service.log.signing_keys import folder_of, require_whole
from service.settings import Settings


@asynccontextmanager
async def writing_store(settings: Settings, database: Database) -> AsyncIterator[EventStore]:
    """A running store that appends with the algorithms that were chosen, to logs that are whole: as the service does.

    CommandFailed where a log does not end where its tables and what was signed of it say.
    """
    keys = folder_of(settings, database)
    await require_whole(database.pool, keys, settings.chosen_algorithms, (settings.county,))
    async with EventStore(database.pool, algorithms=settings.chosen_algorithms) as store:
        yield store


def reading_store(database: Database) -> EventStore:
    """A store that refuses every append; for commands that are wanted on a damaged log too."""
    return EventStore(database.pool, reads_only=True)
