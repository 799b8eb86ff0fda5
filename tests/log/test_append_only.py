"""What is recorded stays: by privilege, and by trigger for whoever has more privileges than that."""

from __future__ import annotations

import asyncpg
import pytest

from service.database.schema import WRITER_ROLE
from service.log.event_store import Claim, EventStore
from tests.log.commands import COUNTY, command, noted, stream_append

CHANGES = [
    "UPDATE event SET body = ''",
    "UPDATE event SET position = position + 1",
    "DELETE FROM event",
    "DELETE FROM event WHERE position = 2",
    "TRUNCATE event",
    "TRUNCATE event, stream, claim, log_head",
    "UPDATE claim SET stream = 'thing-2'",
    "DELETE FROM claim",
    "TRUNCATE claim",
    "UPDATE log_head SET position = position - 1",
    "UPDATE log_head SET county = '653023'",
    "DELETE FROM log_head",
    "TRUNCATE log_head",
]


@pytest.fixture
async def filled(store: EventStore) -> EventStore:
    """Two events and a claim."""
    await store.append(
        COUNTY, command(stream_append("thing-1", 0, noted(), noted()), claims=[Claim("c", "1")])
    )
    return store


@pytest.mark.parametrize(
    ("session", "change"),
    [("origin", change) for change in CHANGES]
    # A replica may be told where the head is, but never gets its events changed.
    + [("replica", change) for change in CHANGES if "log_head" not in change],
)
async def test_even_a_superuser_is_stopped_by_the_triggers(
    filled: EventStore, database_url: str, session: str, change: str
) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"SET session_replication_role = {session}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(change)
    await connection.close()
    assert (await filled.verify(COUNTY)).problem is None


@pytest.mark.parametrize(
    "change", [*CHANGES, "DELETE FROM stream", "DELETE FROM idempotency", "DROP TABLE event"]
)
@pytest.mark.usefixtures("filled")
async def test_the_writer_role_has_no_privilege_to_change(database_url: str, change: str) -> None:
    connection = await asyncpg.connect(database_url)
    for table in ("event", "claim"):
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    await connection.execute(f"SET ROLE {WRITER_ROLE}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(change)
    await connection.close()


async def test_the_committer_writes_as_the_writer_role_and_gives_the_connection_back_as_it_was(
    database_url: str,
) -> None:
    watcher = await asyncpg.connect(database_url)
    await watcher.execute(
        "CREATE TABLE seen (role text, commit text); GRANT INSERT ON seen TO public;"
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        "  INSERT INTO seen VALUES (current_user, current_setting('synchronous_commit')); RETURN NULL; END $$;"
        "CREATE TRIGGER note AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION note();"
    )
    async with asyncpg.create_pool(
        database_url, min_size=1, max_size=1, server_settings={"synchronous_commit": "off"}
    ) as pool:
        async with EventStore(pool) as store:
            await store.append(COUNTY, command(stream_append("thing-1", 0)))
        assert await pool.fetchval("SELECT current_user") == "postgres"
        assert await pool.fetchval("SELECT current_setting('enable_seqscan')") == "on"
        assert await pool.fetchval("SELECT current_setting('synchronous_commit')") == "off"
    assert [tuple(row) for row in await watcher.fetch("SELECT * FROM seen")] == [(WRITER_ROLE, "on")]
    await watcher.close()
