"""`taizhang calendar`: which years are known, and a year entered at the terminal."""

from __future__ import annotations

import json
import re
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from domain.regulation import Regulation
from service.cli import main as cli
from service.exit_codes import ExitCode
from tests.examples import COUNTY

ROOT = Path(__file__).parents[2]
FIXED = (
    "--off", "2050-01-01..2050-01-03=元旦", "--off", "2050-05-01..2050-05-05=劳动节",
    "--off", "2050-10-01..2050-10-07=国庆节", "--worked", "2050-01-08=元旦调休",
)  # fmt: skip
ENTER = ("calendar", "enter", "2050", "--document", '国办发明电〔2049〕"7"号')


@pytest.fixture(autouse=True)
def policy(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TAIZHANG_POLICY_DIR", str(place))
    monkeypatch.setattr("service.terminal.configure_log", lambda *_: None)
    return place


class Said:
    """What the command line answers."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self.capfd = capfd

    def __call__(self, *arguments: str) -> tuple[int, Any, str]:
        """Exit code, stdout as JSON, stderr."""
        self.capfd.readouterr()
        code = cli.run(["--json", *arguments])
        out, err = self.capfd.readouterr()
        return code, json.loads(out) if out else None, err


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Said:
    return Said(capfd)


def test_a_year_entered_at_the_terminal_is_known_from_then_on(policy: Path, said: Said) -> None:
    code, found, _ = said(*ENTER, *FIXED, "--local")
    file = policy / COUNTY / "calendar-2050.toml"
    assert (code, found["file"], found["off"], found["worked"]) == (0, str(file), 15, 1)
    regulation = Regulation.load(policy, COUNTY)
    assert regulation.digest == found["digest"]
    calendar = regulation.on(date(2050, 1, 1)).clock
    assert calendar.has_year(2050)
    assert [calendar.is_working(date(2050, 1, one)) for one in (3, 4, 8)] == [False, True, True]
    assert calendar.unconfirmed(date(2050, 1, 1), date(2050, 1, 1)) == ()
    (row,) = (row for row in regulation.rows["calendar.year"] if row.key == (2050,))
    assert (row.note, row.article) == ('国办发明电〔2049〕"7"号', "C4.5-06")
    assert [path.name for path in policy.rglob("*") if path.is_file()] == [file.name]


def test_the_years_are_shown_with_the_first_provisional_day(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Today is in 2050, of which only what the county enters is known."""
    monkeypatch.setenv("TAIZHANG_TEST_TODAY", "2050-03-07")
    _, before, _ = said("calendar", "show")
    assert before["provisionalFrom"] == "2050-03-07"
    assert before["years"][0] == {"year": 2021, "announced": True, "local": False}
    assert before["years"][-2:] == [
        {"year": 2050, "announced": False, "local": False},
        {"year": 2051, "announced": False, "local": False},
    ]
    said(*ENTER, *FIXED)
    _, after, _ = said("calendar", "show")
    assert after["provisionalFrom"] == "2050-12-29"
    assert after["years"][-2] == {"year": 2050, "announced": True, "local": False}


def test_a_year_that_was_entered_is_replaced_only_when_that_is_said(policy: Path, said: Said) -> None:
    said(*ENTER, *FIXED)
    file = policy / COUNTY / "calendar-2050.toml"
    before = file.read_text("utf-8")
    code, _, err = said(*ENTER, *FIXED, "--local")
    assert (code, file.read_text("utf-8")) == (ExitCode.USAGE, before)
    assert "--replace" in err
    assert said(*ENTER, *FIXED, "--local", "--replace")[0] == 0
    assert "local = true" in file.read_text("utf-8")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (("--off", "2050-01-01=元旦"), "2050-10-01"),
        ((*FIXED, "--worked", "2050-01-10=调休"), "周六、周日"),
        ((*FIXED, "--off", "2051-01-01=元旦"), "不属于 2050 年"),
        ((*FIXED, "--off", "2050-02-30=春节"), "日期不对"),
        ((*FIXED, "--off", "2050-02-03"), "日期不对"),
    ],
)  # fmt: skip
def test_a_year_that_cannot_be_is_refused_and_not_written(
    policy: Path, said: Said, days: tuple[str, ...], words: str
) -> None:
    code, _, err = said(*ENTER, *days)
    assert code in {ExitCode.REFUSED, ExitCode.USAGE}
    assert words in err
    assert list(policy.rglob("*.toml")) == []


def test_without_a_folder_for_policy_data_the_setting_is_named(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAIZHANG_POLICY_DIR")
    code, _, err = said(*ENTER, *FIXED)
    assert code == ExitCode.USAGE
    assert "TAIZHANG_POLICY_DIR" in err


def test_the_command_of_the_document_works_as_it_stands_there(policy: Path, said: Said) -> None:
    text = (ROOT / "docs" / "calendar.md").read_text("utf-8")
    (console,) = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    show, enter = console.replace("\\\n", " ").strip().splitlines()
    assert said(*shlex.split(show)[1:])[0] == 0
    code, found, err = said(*shlex.split(enter)[1:])
    assert (code, err) == (0, "")
    (toml,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    written = Path(found["file"]).read_text("utf-8")
    for line in filter(None, (line.partition("#")[0].strip() for line in toml.splitlines())):
        assert line in written
