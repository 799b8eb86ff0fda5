"""One PostgreSQL server per test run, shared by all xdist workers, and fresh migrated databases on it.

The run's first process makes a temporary folder and tells the workers through TAIZHANG_TEST_FOLDER. Every worker joins
the folder's server (the first starts it, the last stops it: that is what `EmbeddedServer` does anyway). Durability is
off: these databases live for seconds. TAIZHANG_TEST_POSTGRES_BIN picks other server programs than the bundled ones.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from service.database import migrate
from service.database.embedded import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "TAIZHANG_TEST_FOLDER"
BINARIES = "TAIZHANG_TEST_POSTGRES_BIN"
TEMPLATE = "migrated"
VOLATILE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "max_connections": "400",
}


def binaries() -> str | None:
    """Folder of the server programs the tests run on; None means the bundled ones."""
    return os.environ.get(BINARIES) or None


def shared_server() -> EmbeddedServer:
    """The run's server, not yet started."""
    return EmbeddedServer(os.environ[FOLDER], bin_dir=binaries(), settings=VOLATILE)


def migrated_template(server: EmbeddedServer) -> str:
    """Name of the database with all migrations; made by whoever comes first, the others wait."""
    with (Path(os.environ[FOLDER]) / "template").open("a+") as made:
        fcntl.flock(made, fcntl.LOCK_EX)
        made.seek(0)
        if not made.read():
            create_database(server, TEMPLATE)
            _to_the_end(server.url(TEMPLATE))
            made.write("migrated")
    return TEMPLATE


def create_database(server: EmbeddedServer, name: str, template: str = "template0") -> None:
    """CREATE DATABASE from a template."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(statement)


def drop_database(server: EmbeddedServer, name: str) -> None:
    """Drop a test's database, and whatever connections the test left open on it."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def fresh_database(server: EmbeddedServer, template: str = "template0") -> Iterator[str]:
    """URL of a database that exists inside the with block."""
    name = f"t_{uuid.uuid4().hex[:16]}"
    create_database(server, name, template)
    try:
        yield server.url(name)
    finally:
        drop_database(server, name)


def _to_the_end(url: str) -> None:
    """Migrate, in a thread of its own: a fixture may be set up while a test's event loop runs."""
    failed: list[BaseException] = []

    def migrations() -> None:
        try:
            asyncio.run(migrate.upgrade(url))
        except BaseException as failure:  # noqa: BLE001 - raised again where it belongs
            failed.append(failure)

    thread = threading.Thread(target=migrations)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
