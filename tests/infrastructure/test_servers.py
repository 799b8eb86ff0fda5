"""Servers that a service can, or cannot, be put on: several hosts, poolers, roles, few connections, frozen ones."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from service.api import serving
from service.api.serving import running
from service.cli.main import COMMANDS
from service.database import migrate
from service.database.database import open_database
from service.database.postgres_program import Account
from service.exit_codes import CommandFailed, DatabaseUnavailable, ExitCode
from service.settings import Settings
from tests.infrastructure.conftest import ROOT, taizhang, until
from tests.listening import listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from service.database.embedded import EmbeddedServer

COUNTY: Final = "653022"


class Line:
    """A TCP port that leads to the test server's socket, and freezes after so many pieces from the client."""

    def __init__(self, socket_path: str, pieces: int | None = None) -> None:
        self._socket_path = socket_path
        self._left = pieces
        self._frozen = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._listening = listening(self._join)
        self.port = await self._listening.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._listening.__aexit__(None, None, None)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_there = await asyncio.open_unix_connection(self._socket_path)
        try:
            await asyncio.gather(self._carry(reader, to_there, counts=True), self._carry(there, writer))
        finally:
            to_there.close()
            writer.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counts: bool = False
    ) -> None:
        while piece := await reader.read(1 << 16):
            if counts and self._left is not None:
                self._left -= 1
                if self._left < 0:
                    self._frozen.set()
            if self._frozen.is_set():
                await asyncio.Event().wait()
            writer.write(piece)
            await writer.drain()
        writer.close()


def socket_of(url: str) -> str:
    return f"{parse_qs(urlsplit(url).query)['host'][0]}/.s.PGSQL.5432"


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def name_of(url: str) -> str:
    return urlsplit(url).path.strip("/")


def serve_at(url: str, folder: Path, **more: object) -> Settings:
    return Settings(database_url=url, keys=folder / "keys", port=0, **more)


# ---- several hosts ---------------------------------------------------------------------------------------------------


async def test_url_of_several_hosts_finds_the_one_that_takes_writes(
    database_url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    async with Line(socket_of(database_url)) as line:
        hosts = f"127.0.0.1:{unused_port()},127.0.0.1:{line.port}"
        url = f"postgresql://postgres:secret@{hosts}/{name_of(database_url)}?target_session_attrs=read-write"
        async with running(serve_at(url, tmp_path), host="127.0.0.1", port=0, county=COUNTY) as service:
            assert hosts in service.database.described
            assert "secret" not in service.database.described
            command = [sys.executable, "-m", "tests.program", "doctor", "--json"]
            doctor = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env={**environment, "TAIZHANG_DATABASE_URL": url}, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            said, _ = await doctor.communicate()
            assert b'"check": "log 653022",\n      "ok": true' in said
        await execute(
            database_url, f"ALTER DATABASE {name_of(database_url)} SET default_transaction_read_only = on"
        )
        alone = url.replace(hosts, hosts.rpartition(",")[2])
        assert "is the one asked for" in await refusal(serve_at(alone, tmp_path))


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def refusal(settings: Settings) -> str:
    with pytest.raises(DatabaseUnavailable) as refused:
        async with open_database(settings):
            raise AssertionError("it was opened")
    assert "\n" not in refused.value.sentence
    return refused.value.sentence


# ---- roles -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def role(url: str, *options: str) -> AsyncIterator[str]:
    """The URL with a new ordinary role in it."""
    name = f"r_{name_of(url)}"
    await execute(url, f"CREATE ROLE {name} LOGIN", *(f"ALTER ROLE {name} {option}" for option in options))
    try:
        yield url.replace("postgres@", f"{name}@")
    finally:
        await execute(url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


ASKED: Final[dict[str, list[str]]] = {
    "serve": ["--port", "0"], "sample": ["--assets", "200"], "import": ["{sheet}", "--dry-run", "--key", "x"],
    "projections": ["status"], "ledger": ["show", "asset_register"], "seal": ["2024"], "history": ["ZC-1"],
    "keys": ["list"], "verify": [], "audit": ["pack", "p", "--out", "{out}"], "checkpoint": ["show"], "doctor": [],
    "migrations": ["upgrade"], "papers": ["status"], "demo": ["--exit"], "webhooks": ["list"],
}  # fmt: skip
"""Every command that asks the database, and how."""
UNASKED: Final = {"access", "policy", "calendar", "openapi", "backup", "restore"}
"""Commands that need no database, or not that of a server."""


async def test_role_that_may_not_is_told_so_by_every_command(
    database_url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    assert set(ASKED) | UNASKED == set(COMMANDS)
    async with role(database_url) as url:
        settings = {**environment, "TAIZHANG_DATABASE_URL": url, "TAIZHANG_KEYS": str(tmp_path / "keys")}
        slots = asyncio.Semaphore(3)

        async def ask(command: str) -> tuple[str, int | None, str]:
            words = [word.format(sheet=tmp_path / "s.csv", out=tmp_path / "o.zip") for word in ASKED[command]]
            async with slots:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "tests.program", command, *words, cwd=ROOT, env=settings,
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                )  # fmt: skip
                _, told = await process.communicate()
            return command, process.returncode, told.decode()

        (tmp_path / "s.csv").write_text("a\n")
        for command, code, told in await asyncio.gather(*map(ask, ASKED)):
            assert code not in {0, None}, command
            assert "Traceback" not in told, (command, told)
            if command in {"serve", "verify", "doctor", "checkpoint", "keys", "seal", "projections"}:
                assert told.count("\n") == 1, told
                assert "permission denied" in told or command == "doctor", told


async def test_role_that_only_reads_is_told_so(database_url: str) -> None:
    async with role(database_url, "SET default_transaction_read_only = on") as url:
        assert "takes no writes from r_" in await refusal(Settings(database_url=url))


async def test_role_that_may_make_no_tables_is_told_so(empty_database_url: str, tmp_path: Path) -> None:
    async with role(empty_database_url) as url:
        environment = {**os.environ, "TAIZHANG_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
        for command in (["serve", "--port", "0"], ["migrations", "upgrade"]):
            done = taizhang(*command, environment=environment)
            assert (done.returncode, done.stderr.count("\n")) == (ExitCode.DATABASE_UNAVAILABLE, 1), (
                done.stderr
            )
            assert "permission denied for schema public" in done.stderr


# ---- few connections -------------------------------------------------------------------------------------------------


async def test_service_leaves_connections_to_the_tools(database_url: str) -> None:
    async with (
        role(database_url, "CONNECTION LIMIT 12") as url,
        open_database(Settings(database_url=url)) as database,
    ):
        assert database.pool.get_max_size() == 8
    async with (
        role(database_url, "CONNECTION LIMIT 8") as url,
        open_database(Settings(database_url=url)) as database,
    ):
        assert database.pool.get_max_size() == 4
    async with role(database_url, "CONNECTION LIMIT 7") as url:
        assert "allows r_" in await refusal(Settings(database_url=url))


async def test_server_without_a_free_connection_says_so(database_url: str) -> None:
    async with role(database_url, "CONNECTION LIMIT 8") as url:
        held = [await asyncpg.connect(url) for _ in range(8)]
        told = await refusal(Settings(database_url=url, database_patience=2))
        assert "takes no more connections" in told
        for connection in held:
            await connection.close()


# ---- frozen connections ----------------------------------------------------------------------------------------------


async def test_connection_that_freezes_during_the_start_ends_in_a_sentence(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it freezes: after the first piece that the client sends, the second, and so on through the whole start."""
    async with running(serve_at(database_url, tmp_path), host="127.0.0.1", port=0, county=COUNTY):
        pass

    monkeypatch.setattr(migrate, "ANSWER_SECONDS", 2)
    monkeypatch.setattr(migrate, "WAIT_SECONDS", 2)
    monkeypatch.setattr(serving, "STOP_SECONDS", 2)

    async def start(pieces: int) -> str | None:
        async with Line(socket_of(database_url), pieces) as line:
            url = f"postgresql://postgres@127.0.0.1:{line.port}/{name_of(database_url)}"
            settings = serve_at(url, tmp_path, database_patience=0.5)
            try:
                async with asyncio.timeout(60), running(settings, host="127.0.0.1", port=0, county=COUNTY):
                    return None
            except CommandFailed as failed:
                return failed.sentence

    told = await asyncio.gather(*(start(pieces) for pieces in (0, 1, 2, 4, 8, 14, 20, 30)))
    assert told[0] is not None
    assert all(one is None or ("\n" not in one and "answer" in one) for one in told), told
    assert sum(one is not None for one in told) >= 6, told


# ---- poolers ---------------------------------------------------------------------------------------------------------

PGBOUNCER: Final = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def pgbouncer(server: EmbeddedServer, place: Path, mode: str, ignored: str) -> Iterator[int]:
    """A pgbouncer before the tests' server; its port."""
    port = unused_port()
    (place / "users").write_text('"postgres" ""\n')
    (place / "ini").write_text(
        f"[databases]\n* = host={server.socket_folder} port=5432 user=postgres\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = trust\n"
        f"auth_file = {place / 'users'}\npool_mode = {mode}\ndefault_pool_size = 5\n"
        f"ignore_startup_parameters = extra_float_digits{ignored}\n"
    )
    options = Account(server.cluster).options
    process = subprocess.Popen([str(PGBOUNCER), str(place / "ini")], stderr=subprocess.DEVNULL, **options)
    try:
        until(lambda: listens(port))
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed (Debian package pgbouncer)")
@pytest.mark.parametrize(
    ("mode", "ignored", "told"),
    [
        ("transaction", ",jit,idle_in_transaction_session_timeout", "hands out sessions by the transaction"),
        ("transaction", "", "refuses what a session is set to"),
        ("session", "", "refuses what a session is set to"),
        ("session", ",jit,idle_in_transaction_session_timeout", None),
    ],
)
async def test_pooler_that_shares_sessions_is_refused(
    postgres_server: EmbeddedServer, database_url: str, tmp_path: Path, place: Path, mode: str, ignored: str,
    told: str | None,
) -> None:  # fmt: skip
    with pgbouncer(postgres_server, place, mode, ignored) as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/{name_of(database_url)}"
        settings = serve_at(url, tmp_path, database_connections=8)
        if told is None:
            async with open_database(settings) as database:
                assert await database.pool.fetchval("SELECT 1") == 1
            return
        assert told in await refusal(settings)
