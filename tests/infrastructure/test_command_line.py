"""The command line and the settings: exit codes, sentences, --json, signals."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from service.cli.main import COMMANDS, _without_json
from service.exit_codes import MEANINGS, ExitCode, SettingsWrong
from service.settings import Settings, known_variables
from tests.infrastructure.conftest import ROOT, taizhang, until

if TYPE_CHECKING:
    from pathlib import Path


def test_help_tells_commands_exit_codes_and_variables(environment: dict[str, str]) -> None:
    told = taizhang("--help", environment=environment)
    assert told.returncode == 0
    for word in [*COMMANDS, *map(str, map(int, MEANINGS)), *known_variables()]:
        assert word in told.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_room(name: str, environment: dict[str, str]) -> None:
    done = taizhang(name, "--help", environment=environment)
    assert done.returncode == 0, done.stderr
    assert f"taizhang {name}" in done.stdout


@pytest.mark.parametrize("arguments", [["nonsense"], ["doctor", "--nonsense"], ["migrations", "nonsense"]])
def test_wrong_usage(arguments: list[str], environment: dict[str, str]) -> None:
    assert taizhang(*arguments, environment=environment).returncode == ExitCode.USAGE


def test_version_is_the_installed_package_s(environment: dict[str, str]) -> None:
    installed = importlib.metadata.version("taizhang")
    assert taizhang("--version", environment=environment).stdout == f"taizhang {installed}\n"
    assert json.loads(taizhang("--json", "--version", environment=environment).stdout) == {
        "version": installed
    }


@pytest.mark.parametrize("option", [[], ["--check"]])
def test_openapi_outside_a_checkout_asks_for_the_folder(
    option: list[str], tmp_path: Path, environment: dict[str, str]
) -> None:
    """An installation has no openapi/ beside it, and nothing may be written among installed packages."""
    for package in ("domain", "projections", "service", "migrations"):
        shutil.copytree(ROOT / package, tmp_path / package)
    installed = {**environment, "PYTHONPATH": str(tmp_path)}
    done = taizhang("openapi", *option, environment=installed)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert done.stderr == "taizhang: This is no checkout; say where the documents are: --folder\n"
    assert not (tmp_path / "openapi").exists()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TAIZHANG_PORT", "eighty", "TAIZHANG_PORT is wrong"),
        ("TAIZHANG_PROT", "80", "did you mean TAIZHANG_PORT?"),
        ("TAIZHANG_DATABASE_URL", "mysql://x", "TAIZHANG_DATABASE_URL is wrong"),
    ],
)
def test_wrong_settings(name: str, value: str, said: str, environment: dict[str, str]) -> None:
    done = taizhang("doctor", environment={**environment, name: value})
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAIZHANG_DATABASE_URL", "")
    assert Settings.from_environment().database_url is None


def test_names_of_the_test_suite_are_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAIZHANG_TEST_ANYTHING", "x")
    monkeypatch.setenv("TAIZHANG_ENVIRONMENT_LOCKED", "1")
    Settings.from_environment()
    monkeypatch.setenv("TAIZHANG_ANYTHING", "x")
    with pytest.raises(SettingsWrong, match="TAIZHANG_ANYTHING is not a setting"):
        Settings.from_environment()


def test_json_may_stand_anywhere_before_two_dashes() -> None:
    assert _without_json(["a", "--json", "b"]) == (["a", "b"], True)
    assert _without_json(["--json", "a"]) == (["a"], True)
    assert _without_json(["a", "--", "--json"]) == (["a", "--", "--json"], False)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--help"], "台账"),
        (["policy", "show"], "阿克陶县"),
        (["calendar", "show"], "工作日历"),
        (["doctor"], "阿克陶县"),
        (["--json", "policy", "show"], "阿克陶县"),
    ],
)
def test_chinese_is_written_under_any_locale(
    arguments: list[str], word: str, environment: dict[str, str], database_url: str
) -> None:
    """Also by a Python that was told to believe the locale, which has no character beyond ASCII."""
    plain = {name: value for name, value in environment.items() if not name.startswith(("LC_", "LANG"))}
    plain["TAIZHANG_DATABASE_URL"] = database_url
    plain |= {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = taizhang(*arguments, environment=plain, encoding="utf-8")
    assert done.returncode in {ExitCode.OK, ExitCode.REFUSED}, (
        done.stderr
    )  # of doctor: the tests' server is not durable
    assert word in done.stdout


@pytest.mark.parametrize(
    ("locale", "argument", "told", "code"),
    [
        ("C", "台账-1".encode(), "台账-1 is not in the log", ExitCode.REFUSED),
        ("C.UTF-8", "台账-1".encode(), "台账-1 is not in the log", ExitCode.REFUSED),
        ("C.UTF-8", b"\xd6\xd0-1", "is no text in this locale", ExitCode.USAGE),
        ("C", b"\xd6\xd0-1", "is no text in this locale", ExitCode.USAGE),
    ],
)
def test_argument_is_read_under_any_locale_or_said_to_be_no_text(
    environment: dict[str, str], database_url: str, locale: str, argument: bytes, told: str, code: ExitCode
) -> None:
    plain = {name: value for name, value in environment.items() if not name.startswith(("LC_", "LANG"))}
    plain |= {
        "TAIZHANG_DATABASE_URL": database_url,
        "LC_ALL": locale,
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    }
    command = [sys.executable, "-c", "from service.cli.main import main; main()", "history", argument]
    done = subprocess.run(command, env=plain, capture_output=True, timeout=60, check=False)
    said = done.stderr.decode("utf-8")
    assert (done.returncode, said.count("\n"), told in said) == (code, 1, True), said


def test_unreachable_database_is_one_sentence(environment: dict[str, str]) -> None:
    url = "postgresql://u:secret@127.0.0.1:1/d"
    done = taizhang("doctor", environment={**environment, "TAIZHANG_DATABASE_URL": url})
    assert done.returncode == ExitCode.DATABASE_UNAVAILABLE
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


def test_doctor_and_migrations(environment: dict[str, str], database_url: str) -> None:
    environment = {**environment, "TAIZHANG_DATABASE_URL": database_url}
    told = taizhang("doctor", "--json", environment=environment)
    checks = {check["check"]: check for check in json.loads(told.stdout)["checks"]}
    assert checks["schema"]["ok"]
    assert checks["append-only log"]["ok"]
    assert not checks["fsync"]["ok"]  # the test server is not durable, and doctor has to say so
    assert told.returncode == ExitCode.REFUSED
    assert taizhang("migrations", "current", environment=environment).returncode == 0
    assert "was" in taizhang("migrations", "upgrade", environment=environment).stdout


def test_unmigrated_schema_is_a_mismatch(environment: dict[str, str], empty_database_url: str) -> None:
    environment = {**environment, "TAIZHANG_DATABASE_URL": empty_database_url}
    assert taizhang("migrations", "current", environment=environment).returncode == ExitCode.SCHEMA_MISMATCH


async def test_schema_newer_than_the_code(environment: dict[str, str], database_url: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    environment = {**environment, "TAIZHANG_DATABASE_URL": database_url}
    done = taizhang("migrations", "upgrade", environment=environment)
    assert done.returncode == ExitCode.SCHEMA_MISMATCH
    assert "9999" in done.stderr
    assert done.stderr.count("\n") == 1


async def test_schema_check_finds_a_missing_table(database_url: str) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    from service.cli.migrations import TABLES, table_differences

    extra = MetaData()
    Table("forgotten", extra, Column("id", Integer, primary_key=True))
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.connect() as connection:
        found = await connection.run_sync(table_differences, [extra, *TABLES])
    await engine.dispose()
    assert any("add_table" in line and "forgotten" in line for line in found)


HOLD = """
import asyncio
from service.cli.main import COMMANDS, Room, main
import sys, types, typer
from service.database.database import open_database
async def hold(terminal):
    async with open_database(terminal.settings, exclusive=True):
        print("ready", flush=True)
        await asyncio.Event().wait()
room = types.ModuleType("room")
room.app = typer.Typer()
@room.app.callback(invoke_without_command=True)
def command(ctx: typer.Context):
    ctx.obj.run(hold(ctx.obj))
sys.modules["room"] = room
COMMANDS["hold"] = Room("room", "")
main()
"""
"""A command that opens the database, says so, and waits."""


def holding(place: Path, environment: dict[str, str], *ignored: signal.Signals) -> subprocess.Popen[str]:
    """The command `hold`, its database open; started with some signals ignored, as a shell or nohup does.

    How the suite itself was started makes no difference.
    """

    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        for one in ignored:
            signal.signal(one, signal.SIG_IGN)

    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, "hold"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        cwd=place,
        preexec_fn=ignore,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def ended(process: subprocess.Popen[str], place: Path) -> int:
    """The exit code, once the embedded database has stopped too."""
    from service.database.embedded import EmbeddedServer

    code = process.wait(20)
    process.stdout.close()
    until(lambda: not EmbeddedServer(place / "data").alive())
    return code


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_a_command_cleanly(sent: int, place: Path, environment: dict[str, str]) -> None:
    process = holding(place, environment)
    process.send_signal(sent)
    assert ended(process, place) == ExitCode.INTERRUPTED


def test_command_in_a_script_s_background_ends_by_sigterm(place: Path, environment: dict[str, str]) -> None:
    """A shell without job control ignores SIGINT for what it puts in the background."""
    process = holding(place, environment, signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    assert ended(process, place) == ExitCode.INTERRUPTED


def test_command_under_nohup_outlives_its_terminal(environment: dict[str, str]) -> None:
    code = "import signal; from service.cli.main import run; run(['--version']); signal.raise_signal(signal.SIGHUP); print('still here')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert done.stdout.splitlines()[1:] == ["still here"], done.stderr


def test_no_other_distribution_owns_our_names() -> None:
    owners = importlib.metadata.packages_distributions()
    for name in ("domain", "projections", "service", "migrations"):
        assert set(owners.get(name, ["taizhang"])) == {"taizhang"}


def test_environment_is_there_already() -> None:
    """bin/environment's second run does nothing, and quickly; skipped outside the environment it made."""
    if not (ROOT / ".venv/taizhang.stamp").exists() or sys.prefix != str(ROOT / ".venv"):
        pytest.skip("not run from the environment bin/environment makes")
    before = (ROOT / ".venv/taizhang.stamp").stat().st_mtime_ns
    done = subprocess.run(["sh", "bin/environment"], cwd=ROOT, capture_output=True, text=True, env=os.environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert (ROOT / ".venv/taizhang.stamp").stat().st_mtime_ns == before


def test_too_old_python_is_one_sentence(place: Path) -> None:
    (place / "bin").mkdir()
    script = (ROOT / "bin/environment").read_text()
    (place / "bin/environment").write_text(script)
    for name in ("requirements-dev.lock", "pyproject.toml"):
        (place / name).write_text("")
    (place / "python").write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.2 && exit 0\nexit 1\n')
    (place / "python").chmod(0o755)
    variables = {**os.environ, "PYTHON": str(place / "python")}
    done = subprocess.run(["sh", "bin/environment"], cwd=place, capture_output=True, text=True, env=variables)
    assert done.returncode == 2
    assert done.stderr == f"Taizhang needs Python 3.11 or newer; {place / 'python'} is Python 3.9.2.\n"


def test_locks_name_no_index() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lock = (ROOT / name).read_text()
        assert "--hash=sha256:" in lock
        assert "--index-url" not in lock
        assert "--find-links" not in lock
        assert "file://" not in lock
