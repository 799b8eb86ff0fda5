"""Bring a database's schema to the code's revision, or say in one sentence why that cannot be done.

Two starters do not race: the second waits for the first on a lock on Alembic's own version table and then finds
nothing left to do. Everything happens in one transaction; a failed migration leaves the database as it was.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

import migrations
from service.database.row_security import laying, read_tables
from service.exit_codes import DatabaseUnavailable

LOCK_TIMEOUT_SECONDS: Final = 10
"""How long to wait for locks: for another starter's migration, and for tables in use."""

ANSWER_SECONDS: Final = 10
"""How long to wait for an answer."""
WAIT_SECONDS: Final = 60
"""How long to wait for another starter's migration."""

_VERSION_TABLE: Final = """
CREATE TABLE IF NOT EXISTS alembic_version (
    version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)"""

_LOCK_NOT_AVAILABLE: Final = "55P03"
_ALREADY_THERE: Final = frozenset({"23505", "42P07", "42710"})
"""What `IF NOT EXISTS` still raises when two sessions create the same table in the same moment."""


class SchemaNewerThanCode(Exception):  # noqa: N818  a state of the database, not a mistake
    """The database was migrated by a newer version of the service."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            f"the database's schema is at revision {found}, which this version of the service does not know "
            f"(it ends at {known}); run the newer version"
        )
        self.found = found
        self.known = known


class SchemaOlderThanCode(Exception):  # noqa: N818  a state of the database, not a mistake
    """The database has to be migrated first."""

    def __init__(self, found: str | None, known: str) -> None:
        super().__init__(f"the database's schema is at revision {found or 'none'}, the service needs {known}")
        self.found = found
        self.known = known


class MigrationBlocked(Exception):  # noqa: N818  a state of the database, not a mistake
    """Another session holds a lock that the migration needs."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"another session kept the schema locked for {seconds} s; nothing was changed")


def head() -> str:
    """The revision this code needs."""
    revision = _scripts().get_current_head()
    if revision is None:
        msg = "the migrations package holds no revision"
        raise RuntimeError(msg)
    return revision


async def current(url: str) -> str | None:
    """The database's revision, None if it has never been migrated. `url` as asyncpg reads it (postgresql://…).

    Another starter's migration is waited for. `DatabaseUnavailable` if the server does not answer, `MigrationBlocked` if
    that takes longer than `WAIT_SECONDS`.
    """
    connection = None
    try:
        connection = await asyncpg.connect(
            url,
            timeout=ANSWER_SECONDS,
            command_timeout=ANSWER_SECONDS,
            server_settings={"application_name": "taizhang migrate"},
        )
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        await connection.execute(f"SET lock_timeout = '{WAIT_SECONDS}s'")
        revision: str | None = await connection.fetchval(
            "SELECT version_num FROM alembic_version", timeout=WAIT_SECONDS + ANSWER_SECONDS
        )
    except asyncpg.LockNotAvailableError as error:
        raise MigrationBlocked(WAIT_SECONDS) from error
    except TimeoutError as late:
        raise DatabaseUnavailable(
            "The database stopped answering; it did not say which schema it has."
        ) from late
    finally:
        if connection is not None:
            connection.terminate()
    return revision


async def check(url: str) -> None:
    """Raise `SchemaNewerThanCode` or `SchemaOlderThanCode` unless the schema is exactly what the code needs."""
    revision = await current(url)
    _refuse_newer(revision)
    if revision != head():
        raise SchemaOlderThanCode(revision, head())


async def upgrade(url: str, *, lock_timeout_seconds: int = LOCK_TIMEOUT_SECONDS) -> tuple[str | None, str]:
    """Migrate to the code's revision; returns the revisions before and after, equal if there was nothing to do.

    Raises `SchemaNewerThanCode`, and `MigrationBlocked` when a lock was not to be had in time.
    """
    before = await current(url)
    if before == head():
        return before, before  # the usual start: no lock, no write
    _refuse_newer(before)
    engine = _engine(url)
    try:
        before = await _upgrade_locked(engine, lock_timeout_seconds)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise MigrationBlocked(lock_timeout_seconds) from error
        raise
    finally:
        await engine.dispose()
    return before, head()


async def _upgrade_locked(engine: AsyncEngine, lock_timeout_seconds: int) -> str | None:
    try:
        async with engine.begin() as connection:
            await connection.execute(text(_VERSION_TABLE))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _ALREADY_THERE:
            raise
    async with engine.begin() as connection:
        await connection.execute(text(f"SET LOCAL lock_timeout = '{int(lock_timeout_seconds)}s'"))
        await connection.execute(text("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"))
        before = await connection.run_sync(_revision)
        _refuse_newer(before)
        if before != head():
            await connection.run_sync(_run)
    return before


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and revision not in {script.revision for script in _scripts().walk_revisions()}:
        raise SchemaNewerThanCode(revision, head())


def _run(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.exec_driver_sql(laying(read_tables()))


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _engine(url: str) -> AsyncEngine:
    async def connect(*_: Any, **__: Any) -> asyncpg.Connection:
        return await asyncpg.connect(url, server_settings={"application_name": "taizhang migrate"})

    # The creator lets asyncpg read the URL itself: socket folders, several hosts and TLS mean what they mean elsewhere.
    return create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
