"""`taizhang migrations`: the schema's revision, upgrade, and whether migrations and tables in the code agree."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import Any

import typer
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from service.database import migrate
from service.database.database import open_database
from service.database.embedded import EmbeddedServer
from service.exit_codes import CommandFailed
from service.terminal import Terminal

app = typer.Typer(help="State of the schema, upgrade, comparison with the code.", no_args_is_help=True)

METADATA = (
    "service.log.tables",
    "service.log.checkpoint_tables",
    "service.commands.credentials",
    "service.commands.operations",
    "projections",
)
"""Modules whose `metadata` together describe every table there is."""


@app.command()
def current(ctx: typer.Context) -> None:
    """Show the database's revision and the code's; exit 4 if the database is not at the code's."""
    terminal: Terminal = ctx.obj
    terminal.run(_current(terminal))


@app.command()
def upgrade(ctx: typer.Context) -> None:
    """Bring the database to the code's revision."""
    terminal: Terminal = ctx.obj
    terminal.run(_upgrade(terminal))


@app.command()
def check(ctx: typer.Context) -> None:
    """Migrate a throwaway database and compare it with the tables in the code; exit 1 if they differ."""
    terminal: Terminal = ctx.obj
    with tempfile.TemporaryDirectory(prefix="taizhang-schema-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # as root the server runs as another user, who has to get through
        with EmbeddedServer(Path(folder) / "data", settings={"fsync": "off"}) as server:
            found = terminal.run(differences(server.url()))
    if found:
        raise CommandFailed("Migrations and code differ: " + "; ".join(found) + ". Write a migration.")
    terminal.emit({"inStep": True, "revision": migrate.head()}, lambda console: console.print("in step"))


async def differences(url: str) -> list[str]:
    """Migrate the empty database at `url`; what a migration would still have to change, in words."""
    await migrate.upgrade(url)
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
    async with engine.connect() as connection:
        return await connection.run_sync(compared, [_metadata(name) for name in METADATA])


def compared(connection: Connection, metadata: Any) -> list[str]:
    """Differences between a database's tables and `metadata` (one or a list), one line each."""
    options: dict[str, Any] = {"compare_type": True, "compare_server_default": False}
    context = MigrationContext.configure(connection, opts=options)
    return [_in_words(change) for change in compare_metadata(context, metadata)]


def _metadata(module: str) -> MetaData:
    metadata: MetaData = importlib.import_module(module).metadata
    return metadata


def _in_words(change: Any) -> str:
    if isinstance(change, list):  # changes of one column come as a list
        return ", ".join(_in_words(part) for part in change)
    return " ".join(str(part) for part in change if part is not None)


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
