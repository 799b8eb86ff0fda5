"""Commands that append, on a log that is not whole: one sentence, and nothing is appended or signed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from service.cli.stores import reading_store
from service.database.database import open_database
from service.exit_codes import ExitCode
from service.log.appending import CommitterStopped
from service.settings import Settings
from tests.infrastructure.conftest import taizhang
from tests.log.commands import COUNTY, command, stream_append
from tests.log.test_verification import tamper

KEY = ("keys", "create", "office", "--organization", "ASSET_OFFICE", "--role", "OFFICE")
APPENDING = {
    "sample": ("sample", "--assets", "40"),
    "import": ("import", "assets.ndjson"),
    "import of a sheet": ("import", "assets.xlsx", "--unit", "653022202000", "--compiled-by", "P-1"),
    "seal": ("seal", "2024"),
    "keys create": KEY,
}


@pytest.fixture
def on_server(database_url: str, environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "TAIZHANG_DATABASE_URL": database_url, "TAIZHANG_COUNTY": COUNTY}


def events(url: str) -> int:
    async def ask() -> int:
        connection = await asyncpg.connect(url)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM event"))
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_log_without_its_head_is_appended_to_by_no_command(
    on_server: dict[str, str], database_url: str
) -> None:
    made = taizhang(*KEY, environment=on_server)
    assert made.returncode == 0, made.stderr
    before = events(database_url)
    assert before > 0  # the county was founded
    assert taizhang("import", "--template", "assets.xlsx", environment=on_server).returncode == 0
    Path("assets.ndjson").write_text('{"name": "水渠"}\n', "utf-8")
    asyncio.run(tamper(database_url, "DELETE FROM log_head"))
    for name, arguments in APPENDING.items():
        refused = taizhang(*arguments, environment=on_server)
        assert refused.returncode == ExitCode.REFUSED, (name, refused)
        assert f"The log of {COUNTY} is not whole: its head row is missing" in refused.stderr, (name, refused)
        assert "Traceback" not in refused.stderr, name
    assert events(database_url) == before


async def test_store_of_a_command_that_reads_appends_nothing(database_url: str) -> None:
    async with (
        open_database(Settings(database_url=database_url)) as database,
        reading_store(database) as store,
    ):
        with pytest.raises(CommitterStopped):
            await store.append(COUNTY, command(stream_append("thing-1", 0)))
        assert await store.counties() == []


def test_log_that_a_command_begins_is_of_the_digest_that_was_chosen(
    on_server: dict[str, str], database_url: str
) -> None:
    chosen = {**on_server, "TAIZHANG_ALGORITHMS": "sm3+ed25519"}
    assert taizhang(*KEY, environment=chosen).returncode == 0

    async def digest() -> str:
        connection = await asyncpg.connect(database_url)
        try:
            return str(await connection.fetchval("SELECT digest FROM log_head"))
        finally:
            await connection.close()

    assert asyncio.run(digest()) == "sm3"


def test_person_that_is_no_code_is_told_in_a_sentence(on_server: dict[str, str]) -> None:
    assert taizhang("import", "--template", "assets.xlsx", environment=on_server).returncode == 0
    named = ("--unit", "653022202000", "--compiled-by", "阿迪力")
    refused = taizhang("import", "assets.xlsx", *named, environment=on_server)
    assert refused.returncode == ExitCode.REFUSED
    assert "compiled_by" in refused.stderr
    assert "Traceback" not in refused.stderr
