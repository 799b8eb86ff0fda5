"""Two services that start together on one database: both do what a start does, one of them finds it done."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from tests import second_county as wuqia
from tests.infrastructure.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUNDS: Final = range(2)
_WAITING: Final = """
SELECT count(*) FROM pg_locks WHERE relation = $1::regclass AND NOT granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
_VERSION_TABLE: Final = "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)"


@contextmanager
def two_services(environment: dict[str, str]) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes `taizhang serve`, ended by SIGTERM at the latest."""
    command = [sys.executable, "-m", "tests.program", "serve", "--port", "0"]
    processes = [
        subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=30)


async def start_together(environment: dict[str, str], url: str, table: str) -> None:
    """Start two services that both looked at `table` before either may write to it, and see both of them serve."""
    connection = await asyncpg.connect(url)
    try:
        held = connection.transaction()
        await held.start()
        await connection.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
        with two_services(environment) as processes:
            deadline = time.monotonic() + 60
            while await connection.fetchval(_WAITING, table) < 2:
                for process in processes:
                    assert process.poll() is None, process.stderr and process.stderr.read()
                assert time.monotonic() < deadline, "both services have to wait for the table"
            await held.rollback()
            for process in processes:
                assert process.stderr is not None
                told = [process.stderr.readline() for _ in range(2)]
                assert "服务 service" in told[1], "".join(told) + process.stderr.read()
                assert "Traceback" not in "".join(told)
    finally:
        await connection.close()


def serving_from(url: str, folder: Path, environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "TAIZHANG_DATABASE_URL": url, "TAIZHANG_KEYS": str(folder / "keys")}


@pytest.mark.parametrize("_round", ROUNDS)
async def test_two_starts_found_one_county(
    database_url: str, tmp_path: Path, environment: dict[str, str], _round: int
) -> None:
    await start_together(serving_from(database_url, tmp_path, environment), database_url, "event")
    pool = await asyncpg.connect(database_url)
    founded = await pool.fetch("SELECT DISTINCT convert_from(body, 'UTF8')::json ->> 'commandId' FROM event")
    await pool.close()
    assert [tuple(row) for row in founded] == [("founding-653022",)]


async def test_two_starts_put_a_new_version_to_use_once(
    database_url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    """A version of the county's rules that came with new data; the county itself was founded before."""
    policy = wuqia.write_second_county(tmp_path) / "policy.toml"
    settings = serving_from(database_url, tmp_path, environment) | {
        "TAIZHANG_POLICY_DIR": str(tmp_path),
        "TAIZHANG_COUNTY": wuqia.COUNTY,
    }
    policy.write_text(wuqia.versions("2021-08-01"), "utf-8")
    with two_services(settings) as processes:
        for process in processes:
            assert process.stderr is not None
            assert "数据 data" in process.stderr.readline()
    policy.write_text(wuqia.versions("2021-08-01", "2025-01-01"), "utf-8")
    await start_together(settings, database_url, "event")
    connection = await asyncpg.connect(database_url)
    bodies = await connection.fetch(
        "SELECT body FROM event WHERE county = $1 AND stream = $2 ORDER BY version",
        wuqia.COUNTY,
        f"policy-{wuqia.COUNTY}",
    )
    await connection.close()
    activated = [json.loads(row["body"])["commandId"] for row in bodies]
    assert activated.count(f"activation-{wuqia.COUNTY}-2") == 1
    assert date(2025, 1, 1).isoformat() in bodies[-1]["body"].decode()


async def test_two_starts_migrate_one_empty_database(
    empty_database_url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute(_VERSION_TABLE)
    await connection.close()
    settings = serving_from(empty_database_url, tmp_path, environment)
    await start_together(settings, empty_database_url, "alembic_version")
