"""`taizhang migrations`: the schema's revision, upgrade, and whether database, migrations and code agree."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import typer
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import migrations
import projections
from service.commands import credentials, operations
from service.database import migrate, schema
from service.database.database import open_database
from service.database.embedded import EmbeddedServer, default_folder, holds_cluster
from service.exit_codes import CommandFailed
from service.identity import tables as identity_tables
from service.log import checkpoint_tables, reading_tables, tables
from service.paper import tables as paper_tables
from service.personal import tables as personal_tables
from service.terminal import Terminal
from service.webhooks import tables as webhook_tables

app = typer.Typer(help="State of the schema, upgrade, comparison with the code.", no_args_is_help=True)

TABLES: Final[tuple[MetaData, ...]] = (
    tables.metadata,
    checkpoint_tables.metadata,
    reading_tables.metadata,
    credentials.metadata,
    operations.metadata,
    webhook_tables.metadata,
    identity_tables.metadata,
    personal_tables.metadata,
    paper_tables.metadata,
    projections.metadata,
)
"""Every table there is, as the code describes it."""


@app.command()
def current(ctx: typer.Context) -> None:
    """Show the database's revision and the code's; exit 4 if the database is not at the code's."""
    terminal: Terminal = ctx.obj
    terminal.run(_current(terminal))


@app.command()
def upgrade(ctx: typer.Context) -> None:
    """Bring the database to the code's revision, and say in what it differs from what the code expects."""
    terminal: Terminal = ctx.obj
    terminal.run(_upgrade(terminal))


@app.command()
def check(
    ctx: typer.Context,
    *,
    code: Annotated[bool, typer.Option("--code", help="Only the code: leave the database alone.")] = False,
) -> None:
    """Compare migrations, run on a throwaway database, with the tables in the code and with schema.txt; and the
    database, if there is one, with schema.txt. Exit 1 if something differs.
    """
    terminal: Terminal = ctx.obj
    with _throwaway() as url:
        apart = terminal.run(code_differences(url))
    if apart:
        raise CommandFailed(f"Migrations and code differ: {'; '.join(apart)}.")
    looked = not code and _there_is_a_database(terminal)
    if looked:
        terminal.run(_compare(terminal))
    terminal.emit(
        {"inStep": True, "revision": migrate.head(), "database": looked},
        lambda console: console.print("in step" + ("" if looked else "; no database was looked at")),
    )


@app.command()
def record(ctx: typer.Context) -> None:
    """Write migrations/schema.txt: what a freshly migrated database is, and every other one has to be."""
    terminal: Terminal = ctx.obj
    with _throwaway() as url:
        facts = terminal.run(_migrated(url))
    file = Path(migrations.__file__).with_name(schema.FILE)
    file.write_text(schema.written(facts), "utf-8")
    terminal.emit({"file": str(file), "facts": len(facts)}, lambda console: console.print(str(file)))


async def code_differences(url: str) -> list[str]:
    """Migrate the empty database at `url`; in what it differs from tables in the code and from schema.txt, in words."""
    facts = await _migrated(url)
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
    async with engine.connect() as connection:
        found = [f"{one}; write a migration" for one in await connection.run_sync(table_differences, TABLES)]
    if facts != schema.expected_facts():
        apart = schema.compared(schema.expected_facts(), facts)
        told = "; ".join(map(str, apart)) or "the file has lines of its own"
        found.append(f"{schema.FILE}: {told}; write it with `taizhang migrations record`")
    return found


def table_differences(connection: Connection, expected: Any) -> list[str]:
    """Differences between a database's tables and metadata (one or several), one line each."""
    options: dict[str, Any] = {"compare_type": True, "compare_server_default": False}
    context = MigrationContext.configure(connection, opts=options)
    return [_in_words(change) for change in compare_metadata(context, expected)]


def _in_words(change: Any) -> str:
    if isinstance(change, list):  # changes of one column come as a list
        return ", ".join(_in_words(part) for part in change)
    return " ".join(str(part) for part in change if part is not None)


async def _migrated(url: str) -> dict[str, str]:
    """Migrate an empty database; what it is then."""
    await migrate.upgrade(url)
    connection = await asyncpg.connect(url)
    try:
        return await schema.facts_of(connection, [name for one in TABLES for name in one.tables])
    finally:
        await connection.close()


@contextmanager
def _throwaway() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="taizhang-schema-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # as root the server runs as another user, who has to get through
        with EmbeddedServer(Path(folder) / "data", settings={"fsync": "off"}) as server:
            yield server.url()


def _there_is_a_database(terminal: Terminal) -> bool:
    settings = terminal.settings
    return settings.database_url is not None or holds_cluster(settings.data or default_folder())


async def _compare(terminal: Terminal) -> None:
    async with open_database(terminal.settings, announce=terminal.note) as database:
        await migrate.check(database.url)
        _refuse_differences(await schema.differences(database.pool))


def _refuse_differences(found: list[schema.SchemaDifference]) -> None:
    if found:
        raise CommandFailed(schema.sentence(found))


async def _current(terminal: Terminal) -> None:
    async with open_database(terminal.settings, announce=terminal.note) as database:
        found, known = await migrate.current(database.url), migrate.head()
        terminal.emit(
            {"database": found, "code": known},
            lambda console: console.print(f"database {found or 'not migrated'}, code {known}"),
        )
        await migrate.check(database.url)


async def _upgrade(terminal: Terminal) -> None:
    async with open_database(terminal.settings, announce=terminal.note) as database:
        before, after = await migrate.upgrade(database.url)
        terminal.emit(
            {"before": before, "after": after},
            lambda console: console.print(f"was {before or 'empty'}, is {after}"),
        )
        _refuse_differences(await schema.differences(database.pool))
