"""Migrating: once, whoever starts first; never a schema that is newer than the code."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from service.database import migrate
from service.log import tables as log_tables

LOG_TABLES = {"log_head", "event", "stream", "claim", "idempotency"}


async def tables(url: str) -> set[str]:
    """Names of the tables in the database."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    return {row["tablename"] for row in rows}


async def test_a_fresh_database_is_brought_to_the_head(empty_database_url: str) -> None:
    assert await migrate.current(empty_database_url) is None
    with pytest.raises(migrate.SchemaOlderThanCode):
        await migrate.check(empty_database_url)
    assert await tables(empty_database_url) == set()
    assert await migrate.upgrade(empty_database_url) == (None, migrate.head())
    assert await migrate.current(empty_database_url) == migrate.head()
    await migrate.check(empty_database_url)
    assert await tables(empty_database_url) >= LOG_TABLES
    assert await migrate.upgrade(empty_database_url) == (migrate.head(), migrate.head())


async def test_starters_at_the_same_time_do_not_race(empty_database_url: str) -> None:
    outcomes = await asyncio.gather(*(migrate.upgrade(empty_database_url) for _ in range(6)))
    assert sorted(before or "" for before, _ in outcomes) == ["", *[migrate.head()] * 5]
    await migrate.check(empty_database_url)


async def test_a_schema_newer_than_the_code_is_left_alone(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(migrate.SchemaNewerThanCode, match="9999"):
        await migrate.check(database_url)
    with pytest.raises(migrate.SchemaNewerThanCode, match="9999"):
        await migrate.upgrade(database_url)
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "9999"
    await connection.close()


async def test_a_lock_that_is_not_to_be_had_ends_the_wait(empty_database_url: str) -> None:
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("LOCK TABLE alembic_version IN ROW EXCLUSIVE MODE")
    with pytest.raises(migrate.MigrationBlocked):
        await migrate.upgrade(empty_database_url, lock_timeout_seconds=1)
    await transaction.rollback()
    await connection.close()
    assert await migrate.upgrade(empty_database_url) == (None, migrate.head())


async def test_a_failed_migration_leaves_nothing_behind(empty_database_url: str) -> None:
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute("CREATE TABLE claim (something int)")
    with pytest.raises(Exception, match="claim"):
        await migrate.upgrade(empty_database_url)
    assert await migrate.current(empty_database_url) is None
    assert await tables(empty_database_url) == {"claim", "alembic_version"}
    await connection.close()


@pytest.mark.usefixtures("database_url")
async def test_a_user_who_may_not_create_roles_gets_a_working_log(empty_database_url: str) -> None:
    """The role exists from another database of the server, but this user is no member: triggers alone guard the log."""
    admin = await asyncpg.connect(empty_database_url)
    name = await admin.fetchval("SELECT current_database()")
    user = f"plain_{name}"
    await admin.execute(f'CREATE ROLE "{user}" LOGIN; GRANT ALL ON SCHEMA public TO "{user}"')
    url = empty_database_url.replace("postgres@", f"{user}@")
    try:
        await migrate.upgrade(url)
        plain = await asyncpg.connect(url)
        await plain.execute("INSERT INTO log_head VALUES ('653022', 1, now(), '', '')")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await plain.execute("DELETE FROM log_head")
        await plain.close()
    finally:
        await admin.execute(f'DROP OWNED BY "{user}" CASCADE; DROP ROLE "{user}"')
        await admin.close()


def differences(connection: Connection) -> list[object]:
    """What Alembic would have to change for the tables to be as the code describes them."""

    def ours(_: object, name: str | None, kind: str, *__: object) -> bool:
        return kind != "table" or name in LOG_TABLES

    context = MigrationContext.configure(connection, opts={"include_object": ours})
    return list(compare_metadata(context, log_tables.metadata))


async def test_the_log_s_tables_and_migrations_are_in_step(database_url: str) -> None:
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda *_, **__: asyncpg.connect(database_url)
    )
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()
