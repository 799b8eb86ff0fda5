"""The demonstration: every size that is offered works, twice the same, on any day."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from domain.asset.asset import Asset
from service.cli import main as cli
from service.cli.sample import DEFAULT_SEED
from service.commands.founding import found
from service.exit_codes import ExitCode
from service.log.event_store import EventStore
from service.sample.demonstration import LEAST_ASSETS, MOST_ASSETS, VILLAGE
from service.sample.generator import Sample
from service.sample.loading import _sample
from tests import postgres
from tests.clock import FIRST_DAY, OTHER_DAYS
from tests.sample.test_sample import COUNTY, context_on

SIZES = (LEAST_ASSETS, LEAST_ASSETS + 1, 313, 1000)


async def sample_of(pool: asyncpg.Pool) -> Sample:
    """The demonstration's sample, its people there."""
    async with EventStore(pool) as store:
        context = context_on(store)
        await found(context, COUNTY)
        sample = await _sample(context, COUNTY, DEFAULT_SEED)
    assert list(sample.people())
    return sample


def facts(sample: Sample, count: int) -> list[object]:
    """What the first assets of a sample have recorded."""
    return [
        (one.stream, type(event).TOPIC, event.occurred_on, event.__dict__)
        for one in map(sample.asset, range(count))
        for event in one.collect_events()
    ]


async def test_a_larger_sample_begins_with_the_smaller_one(pool: asyncpg.Pool) -> None:
    """What holds for the least sample holds for every size."""
    least = facts(await sample_of(pool), LEAST_ASSETS)
    assert len(least) > LEAST_ASSETS
    for size in SIZES[1:]:
        assert facts(await sample_of(pool), size)[: len(least)] == least, size


async def test_the_least_sample_has_assets_in_care_where_the_walk_leads(pool: asyncpg.Pool) -> None:
    sample = await sample_of(pool)
    manager = sample.staff[VILLAGE].manager
    assets = [one for one in map(sample.asset, range(LEAST_ASSETS)) if isinstance(one, Asset)]
    kept = [
        one.id
        for one in assets
        if one.custody is not None
        and any((duty.person, duty.duty) == (manager, "MANAGER") for duty in one.custody.duties)
    ]
    assert len(kept) >= 2


def demo(url: str, keys: Path, *arguments: str, today: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run `taizhang demo` in a process of its own."""
    told = {} if today is None else {"TAIZHANG_TEST_TODAY": today}
    return subprocess.run(
        [sys.executable, "-m", "tests.program", "demo", "--exit", "--port", "0", *arguments],
        env=os.environ | told | {"TAIZHANG_DATABASE_URL": url, "TAIZHANG_KEYS": str(keys), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=300,
    )


def stopped_demo(url: str, keys: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `taizhang demo` until it only goes on serving, and stop it then."""
    command = [sys.executable, "-m", "tests.program", "demo", "--port", "0", *arguments]
    environment = os.environ | {"TAIZHANG_DATABASE_URL": url, "TAIZHANG_KEYS": str(keys), "COLUMNS": "100"}
    told = ""
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        while "服务继续运行" not in told:
            line = process.stdout.readline()
            assert line, told
            told += line
        process.terminate()
        told += process.stdout.read()
    return subprocess.CompletedProcess(command, process.returncode, told, "")


SECRET_OR_MADE_BY_THE_SERVICE = (
    (r"tzk_[0-9a-f]+\.[\w-]+", "KEY"),
    (r"QZ-[0-9a-f]{16}", "CERTIFICATE"),
    (r"http://127\.0\.0\.1:\d+", "URL"),
    (r"\S*/taizhang-demo-\w+/", "FOLDER/"),
    (r"^数据 data .*$", "DATABASE"),
)
"""All that may differ between two demonstrations of one size."""


def shown(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 0, ended.stderr
    text = ended.stdout + ended.stderr
    for pattern, name in SECRET_OR_MADE_BY_THE_SERVICE:
        text, found = re.subn(pattern, name, text, flags=re.MULTILINE)
        assert found, f"nothing looks like {name}"
    return text


def test_two_demonstrations_of_one_size_show_the_same(
    postgres_server: object, migrated_template: str, tmp_path: Path
) -> None:
    seen = []
    for number in (1, 2):
        with postgres.fresh_database(postgres_server, migrated_template) as url:
            seen.append(shown(demo(url, tmp_path / str(number), "--assets", str(LEAST_ASSETS))))
            if number == 2:
                again = shown(stopped_demo(url, tmp_path / "2", "--assets", str(LEAST_ASSETS)))
    assert seen[0] == seen[1]
    assert "离线核验通过" in seen[0]
    assert f"{VILLAGE}-DEMO-1" in seen[0]
    assert f"{VILLAGE}-DEMO-2" in again


@pytest.mark.parametrize("day", [OTHER_DAYS[1], OTHER_DAYS[-1]], ids=str)
def test_the_demonstration_works_on_other_days(database_url: str, tmp_path: Path, day: object) -> None:
    assert day != FIRST_DAY
    assert "离线核验通过" in shown(demo(database_url, tmp_path, "--assets", "201", today=str(day)))


@pytest.mark.parametrize("size", [-1, 0, LEAST_ASSETS - 1, MOST_ASSETS + 1])
def test_another_size_gets_one_sentence(
    size: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAIZHANG_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setattr("service.terminal.configure_log", lambda *_: None)
    assert cli.run(["demo", "--exit", "--assets", str(size)]) == ExitCode.USAGE
    sentence = f"taizhang: --assets {size}: the demonstration works with 200 to 1000000 assets (样例规模)."
    assert capfd.readouterr() == ("", f"{sentence}\n")
