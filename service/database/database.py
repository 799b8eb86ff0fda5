"""The database of one command or service: the embedded one, or the one TAIZHANG_DATABASE_URL names.

    async with open_database(settings) as database:
        await database.pool.fetchval("SELECT 1")

Whatever keeps it from working is a `DatabaseUnavailable` with one sentence, raised before anything was changed.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import asyncpg
import structlog

from service.database.bulkheads import Bulkheads, open_shares
from service.database.embedded import EmbeddedServer, default_folder
from service.database.server_check import check_server, without_password
from service.database.trouble import in_words
from service.exit_codes import DatabaseUnavailable
from service.shares import LEAST_CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from service.settings import Settings

DATABASE: Final = "taizhang"
"""Name of our database in the embedded cluster."""
TOOL_CONNECTIONS: Final = 16
"""Most connections of a tool; it opens them as it needs them."""
_CHECK_EVERY: Final = 1.0
"""Seconds between looks at the embedded server."""
_SESSION: Final = {
    "application_name": "taizhang",
    "timezone": "UTC",
    "jit": "off",
    "idle_in_transaction_session_timeout": "300000",
}

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Database:
    """An open database; valid inside `open_database` only."""

    url: str
    """postgresql://…, with the password if there is one."""
    described: str
    """The same for people: without the password."""
    pool: asyncpg.Pool
    server_version: str
    origin: Literal["embedded", "url"]
    data_folder: Path | None
    """Folder of the embedded cluster."""


@contextlib.asynccontextmanager
async def open_database(
    settings: Settings,
    *,
    exclusive: bool = False,
    shares: bool = False,
    announce: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Database]:
    """The database `settings` choose, started if it is the embedded one.

    `exclusive` claims the embedded data folder (exit code 5 if another process has claimed it); commands beside a
    running service open it without. `shares`: the pool is a service's `Bulkheads`. `announce` gets a line for people when something takes long or was repaired.
    """
    patience = settings.database_patience
    async with contextlib.AsyncExitStack() as stack:
        server = None
        if settings.database_url is not None:
            url = settings.database_url.get_secret_value()
        else:
            server = EmbeddedServer(settings.data or default_folder(), exclusive=exclusive, announce=announce)
            stack.push_async_callback(asyncio.to_thread, server.stop)
            await _in_thread(server.start, server)
            await _create_database(server.url(), max(patience, 60))
            url = server.url(DATABASE)
        described = without_password(url)
        facts = await check_server(url, described, patience, _SESSION)
        fitting = facts.fitting(settings.database_connections)
        if fitting < settings.database_connections:
            log.info("fewer_connections", server_allows=facts.connections, opened=fitting)
        settings = settings.model_copy(update={"database_connections": fitting})
        try:
            pool = await _open_pool(url, settings, shares=shares)
        except TimeoutError as late:
            raise DatabaseUnavailable(f"{described} did not answer within {patience:g} s.") from late
        stack.push_async_callback(_close, pool)
        if server is not None:
            keeper = asyncio.create_task(_keep_alive(server), name="embedded database")
            stack.push_async_callback(_cancel, keeper)
        folder = server.folder if server else None
        database = Database(url, described, pool, facts.version, "embedded" if server else "url", folder)
        yield database


async def _open_pool(url: str, settings: Settings, *, shares: bool) -> asyncpg.Pool | Bulkheads:
    """A service's connections in shares; a tool's few without."""
    patience = settings.database_patience
    if shares and settings.database_connections >= LEAST_CONNECTIONS:
        return await open_shares(url, settings.database_connections, session=_SESSION, patience=patience)
    if shares:
        log.warning("too_few_connections", opened=settings.database_connections, needed=LEAST_CONNECTIONS)
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=min(TOOL_CONNECTIONS, settings.database_connections),
        timeout=patience,
        server_settings=_SESSION,
        max_inactive_connection_lifetime=300,
    )


async def _in_thread(work: Callable[[], object], server: EmbeddedServer) -> None:
    """Run a blocking start; when we are cancelled, call it off and wait until it has let go."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        server.call_off()
        with contextlib.suppress(DatabaseUnavailable):
            await task
        raise


async def _create_database(url: str, patience: float) -> None:
    connection = await asyncpg.connect(url, timeout=patience, command_timeout=patience)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            # The second of two processes finds it there, or (23505) loses the race for the catalogue's row.
            with contextlib.suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                await connection.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8'")
    finally:
        await connection.close()


async def _keep_alive(server: EmbeddedServer) -> None:
    """Start the embedded server again whenever it has died; give up loudly only when that fails again and again."""
    while True:
        await asyncio.sleep(_CHECK_EVERY)
        if not await asyncio.to_thread(server.alive):
            try:
                await _in_thread(server.revive, server)
                log.warning("embedded_database_restarted", folder=str(server.folder))
            except (DatabaseUnavailable, OSError) as failure:
                log.error("embedded_database_not_restarted", reason=in_words(failure))  # noqa: TRY400


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _close(pool: asyncpg.Pool) -> None:
    """Close the pool in good order; connections somebody still holds are cut after a while."""
    try:
        async with asyncio.timeout(5):
            await pool.close()
    except TimeoutError:
        pool.terminate()
