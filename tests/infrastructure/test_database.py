"""Choosing the database: one sentence and an exit code for everything that can be wrong with it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import TYPE_CHECKING

import asyncpg
import pytest

from service.database.database import open_database
from service.database.server_check import without_password
from service.exit_codes import DatabaseUnavailable, ExitCode
from service.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from service.database.embedded import EmbeddedServer


def at(url: str) -> Settings:
    return Settings(database_url=url, database_patience=2)


async def sentence(settings: Settings) -> str:
    with pytest.raises(DatabaseUnavailable) as failed:
        async with open_database(settings):
            pass
    assert failed.value.exit_code == ExitCode.DATABASE_UNAVAILABLE
    assert "\n" not in failed.value.sentence
    return failed.value.sentence


async def test_url_is_used(empty_database_url: str) -> None:
    async with open_database(at(empty_database_url)) as database:
        assert database.origin == "url"
        assert database.data_folder is None
        assert await database.pool.fetchval("SHOW timezone") == "UTC"
        assert await database.pool.fetchval("SHOW application_name") == "taizhang"


async def test_embedded_is_used_when_nothing_is_set(place: Path) -> None:
    settings = Settings(data=place / "data")
    async with open_database(settings, exclusive=True) as database:
        assert database.origin == "embedded"
        assert database.data_folder == place / "data"
        assert await database.pool.fetchval("SELECT current_database()") == "taizhang"
        async with open_database(settings) as beside:
            assert await beside.pool.fetchval("SELECT 1") == 1
        with pytest.raises(DatabaseUnavailable, match="in use by process") as claimed:
            async with open_database(settings, exclusive=True):
                pass
        assert claimed.value.exit_code == ExitCode.DATA_FOLDER_IN_USE
        assert await database.pool.fetchval("SELECT 2") == 2


async def test_killed_embedded_server_comes_back(place: Path) -> None:
    async with open_database(Settings(data=place / "data")) as database:
        pid = int((place / "data/postgresql/postmaster.pid").read_text().split("\n")[0])
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            while True:
                try:
                    started = await database.pool.fetchval("SELECT 1")
                    now = int((place / "data/postgresql/postmaster.pid").read_text().split("\n")[0])
                    if started == 1 and now != pid:
                        break
                except (
                    OSError,
                    asyncpg.PostgresError,
                    asyncpg.InterfaceError,
                    asyncpg.InternalClientError,  # a connection that broke while the pool was resetting it
                ):
                    started = None
                await asyncio.sleep(0.02)


async def test_cancelled_start_lets_go(place: Path) -> None:
    async def opened() -> None:
        async with open_database(Settings(data=place / "data"), exclusive=True):
            await asyncio.Event().wait()

    task = asyncio.create_task(opened())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with open_database(Settings(data=place / "data"), exclusive=True) as database:
        assert await database.pool.fetchval("SELECT 1") == 1


async def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = await sentence(at(f"postgresql://u:secret@127.0.0.1:{port}/d"))
    assert told.startswith(f"No database server can be reached at postgresql://u@127.0.0.1:{port}/d")


async def test_somebody_else_listens_and_says_nothing() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        told = await sentence(at(f"postgresql://u:secret@127.0.0.1:{silent.getsockname()[1]}/d"))
    assert "did not answer within 2 s" in told


async def test_unknown_host() -> None:
    assert "can be reached" in await sentence(at("postgresql://u:secret@nowhere.invalid/d"))


async def test_no_such_database(postgres_server: EmbeddedServer) -> None:
    assert 'database "absent" does not exist' in await sentence(at(postgres_server.url("absent")))


async def test_no_such_user(postgres_server: EmbeddedServer) -> None:
    url = postgres_server.url().replace("postgres@", "stranger:secret@")
    told = await sentence(at(url))
    assert "refuses" in told
    assert "secret" not in told


@pytest.mark.parametrize("url", ["postgresql://u:secret@h:port/d", "postgresql://u:secret@[::1/d"])
async def test_no_url(url: str) -> None:
    told = await sentence(at(url))
    assert "is no URL" in told
    assert "secret" not in told


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:secret@h:1/d", "postgresql://u@h:1/d"),
        ("postgresql://h/d?user=u&password=secret", "postgresql://h/d?user=u"),
        ("postgresql://u:p%40ss@h/d?sslmode=require", "postgresql://u@h/d?sslmode=require"),
    ],
)
def test_password_is_never_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown
