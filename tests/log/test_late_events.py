"""The list of events that lie before an older one of their stream: as the append says, and as the migration finds it."""

from __future__ import annotations

import importlib
from dataclasses import replace
from datetime import date

import asyncpg

from service.log.event_store import EventStore, NewEvent
from service.log.late_events import late_event_that_differs
from tests.log.commands import COUNTY, command, noted, stream_append

MIGRATION = importlib.import_module("migrations.versions.0022_late_events")


def on(day: int, *, late: bool = False) -> NewEvent:
    return replace(noted(day), occurred_on=date(2022, 6, day), late=late)


async def listed(pool: asyncpg.Pool) -> list[tuple[str, int]]:
    rows = await pool.fetch(
        "SELECT stream, position FROM late_event WHERE county = $1 ORDER BY position", COUNTY
    )
    return [(row["stream"], row["position"]) for row in rows]


async def test_list_is_what_the_append_says_and_what_the_migration_finds(
    store: EventStore, pool: asyncpg.Pool
) -> None:
    """The first event of a stream neither is late nor makes another so; one of the same day is not late."""
    await store.append(COUNTY, command(stream_append("thing-1", 0, on(20), on(5), on(7))))
    await store.append(
        COUNTY, command(stream_append("thing-2", 0, on(1)), stream_append("thing-1", 3, on(6, late=True)))
    )
    await store.append(COUNTY, command(stream_append("thing-1", 4, on(7), on(6, late=True), on(9))))
    await store.append(COUNTY, command(stream_append("thing-2", 1, on(9), on(8, late=True))))
    said = await listed(pool)
    assert said == [("thing-1", 5), ("thing-1", 7), ("thing-2", 10)]
    await pool.execute("DELETE FROM late_event")
    await pool.execute(MIGRATION.FOUND)
    assert await listed(pool) == said


async def test_list_that_was_edited_is_found(store: EventStore, pool: asyncpg.Pool) -> None:
    """A row less, one too many, one of another stream: each is named by its place."""
    await store.append(
        COUNTY, command(stream_append("thing-1", 0, on(20), on(7), on(6, late=True), on(9), on(9)))
    )
    assert await late_event_that_differs(pool, COUNTY) is None
    for edited, place in (
        ("UPDATE late_event SET stream = 'thing-2'", 3),
        ("DELETE FROM late_event", 3),
        ("INSERT INTO late_event VALUES ($1, 3, 'thing-1'), ($1, 4, 'thing-1')", 4),
    ):
        await pool.execute(edited, *([COUNTY] if "$1" in edited else []))
        assert await late_event_that_differs(pool, COUNTY) == place, edited
