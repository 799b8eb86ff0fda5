"""`taizhang policy` at the terminal: what is in force, what is wrong with a folder, what differs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from domain.policy import Policy, RequestedParameterChange, versions_of
from service.clock import utc_now
from service.commands.actor import Actor
from service.commands.commands import CommandContext, Result, Work, transact
from service.log.event_store import EventStore
from tests import examples, second_county
from tests.audit.test_audit_cli import Terminal
from tests.examples import COUNTY, TOWNSHIP, regulation

CLERK = Actor("k_1", "api_key", COUNTY, TOWNSHIP, "TOWNSHIP", frozenset({"OFFICE"}), (COUNTY,))
NEWEST = str(regulation().versions[-1].number)
LONGER = {"days": 15, "counting": "CALENDAR_DAYS", "postingDayCounts": False, "restDayRolls": True}


@pytest.fixture
def terminal(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    """A county that set its notices to fifteen days from 2030 on."""

    async def fill() -> None:
        async with (
            asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool,
            EventStore(pool) as store,
        ):
            context = CommandContext(store, {COUNTY: regulation()}, utc_now)
            policy = Policy.adopt(COUNTY, versions_of(regulation()), examples.occasion())
            wanted = RequestedParameterChange(
                parameter="P06", value=LONGER, document="县政办〔2029〕1号", effective_from=date(2030, 1, 1)
            )
            policy.change(wanted, regulation(), examples.occasion())

            async def put(work: Work) -> Result:
                work.add(policy)
                return Result(COUNTY, 1, {})

            await transact(context, CLERK, put)

    asyncio.run(fill())
    monkeypatch.setenv("TAIZHANG_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("service.terminal.configure_log", lambda *_: None)
    yield Terminal(tmp_path, capfd)


def days(terminal: Terminal, *arguments: str) -> int:
    found: Any = terminal.json("policy", "show", "P06", *arguments)
    (one,) = found["parameters"]
    return int(one["value"]["days"])


def test_what_is_in_force_on_a_day_with_the_county_s_own_changes(terminal: Terminal) -> None:
    assert days(terminal, "--on", "2029-12-31") == 10
    assert days(terminal, "--on", "2030-01-01") == 15
    assert days(terminal, "--on", "2030-01-01", "--data") == 10
    whole: Any = terminal.json("policy", "show", "--on", "2013-01-01")
    assert whole["retroactive"] is True
    assert [one["id"] for one in whole["parameters"]][:2] == ["P01", "P02"]
    told = terminal.run("policy", "show", "P06", "--on", "2030-01-01")
    assert "公示期" in told
    assert '"days":15' in told.replace("\n", "").replace(" ", "").replace("│", "")


def test_a_second_county_by_its_folder(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    second_county.write_second_county(terminal.folder)
    monkeypatch.setenv("TAIZHANG_POLICY_DIR", str(terminal.folder))
    assert days(terminal, "--county", second_county.COUNTY, "--on", "2022-01-01") == 15
    assert days(terminal, "--on", "2022-01-01") == 10


def test_a_good_folder_is_said_to_be_good(terminal: Terminal) -> None:
    place = second_county.write_second_county(terminal.folder)
    for folder in (terminal.folder, place):
        (one,) = json.loads(terminal.run("--json", "policy", "check", str(folder)))
        assert (one["county"], one["valid"], one["divisions"]) == (second_county.COUNTY, True, 6)
    assert "可用" in terminal.run("policy", "check", str(place))


def test_check_says_which_years_the_folder_s_calendar_knows(terminal: Terminal) -> None:
    """On 30 November 2026 the library ends with 2026; the folder then enters 2027. A year begins with the 29 December before."""
    place = second_county.write_second_county(terminal.folder)
    (before,) = json.loads(terminal.run("--json", "policy", "check", str(place)))
    years = {one["year"]: one["announced"] for one in before["calendar"]["years"]}
    assert (years[2026], years[2027], before["calendar"]["provisionalFrom"]) == (True, False, "2026-12-29")
    assert "holidays unknown: 2027" in terminal.run("policy", "check", str(place)).replace("\n", "")
    rows = f'article = "C4.5-06"\nin_force_from = {before["versions"][0]["inForceFrom"]}\n'
    days = (("01-01", "01-01"), ("05-01", "05-02"), ("10-01", "10-03"))
    year = f"[[year]]\nyear = 2027\nnational = true\nlocal = true\n{rows}" + "".join(
        f'[[holiday]]\nfirst_day = 2027-{first}\nlast_day = 2027-{last}\nzh = "节日"\n{rows}'
        for first, last in days
    )
    (place / "calendar-2027.toml").write_text(year, "utf-8")
    (after,) = json.loads(terminal.run("--json", "policy", "check", str(place)))
    entered = {one["year"]: (one["announced"], one["local"]) for one in after["calendar"]["years"]}
    assert (entered[2027], after["calendar"]["provisionalFrom"]) == ((True, True), "2027-12-29")


def test_everything_wrong_with_a_folder_is_told_at_once(
    terminal: Terminal, capfd: pytest.CaptureFixture[str]
) -> None:
    place = second_county.write_second_county(terminal.folder)
    text = (place / "parameters.toml").read_text("utf-8")
    wrong = text.replace("days = 15", "days = -1").replace('"C4.12-04"', '"C9.9-99"')
    (place / "parameters.toml").write_text(wrong, "utf-8")
    (place / "divisions.csv").unlink()
    from service.cli import main as cli

    assert cli.run(["--json", "policy", "check", str(place)]) == 1
    (one,) = json.loads(capfd.readouterr().out)
    assert one["valid"] is False
    faults = "\n".join(one["faults"])
    assert "P06" in faults or "days" in faults
    assert "divisions.csv" in faults


def test_what_a_draft_changes(terminal: Terminal) -> None:
    place = second_county.write_second_county(terminal.folder)
    found: Any = terminal.json("policy", "diff", NEWEST, str(place))
    changes = {(one["table"], one["key"]): one for one in found["changes"]}
    notice = changes["parameters.parameter", "P06"]
    assert notice["change"] == "CHANGED"
    assert notice["fields"]["value"][0]["days"] == 10
    assert notice["fields"]["value"][1]["days"] == 15
    assert {key for table, key in changes if table == "parameters.parameter"} == {"P01", "P06", "P24"}
    same: Any = terminal.json("policy", "diff", "1", "1")
    assert same["changes"] == []
    told = terminal.run("policy", "diff", NEWEST, str(place))
    assert "变更" in told


def begun(terminal: Terminal, *arguments: str, code: int = 0) -> str:
    told = (
        "--county",
        "653024",
        "--name",
        "乌恰县",
        "--document",
        "虚构〔2021〕9号",
        "--title",
        "管理办法（虚构）",
    )
    return terminal.run("policy", "init", ".", *told, "--from", "2021-08-01", *arguments, code=code)


@pytest.mark.parametrize("arguments", [(), ("--based-on", "653022")])
def test_a_folder_to_begin_from_is_valid_and_says_what_is_open(
    terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    assert "next: taizhang policy check" in begun(terminal, *arguments)
    (one,) = json.loads(terminal.run("--json", "policy", "check", "."))
    assert (one["valid"], one["refusedInTrial"], one["divisions"]) == (True, [], 1)
    assert one["triedSteps"] > 100
    assert len(one["openClauses"]) == 154
    assert "没有对应条文 no article: C0-01" in terminal.run("policy", "check", ".")
    assert "already" in begun(terminal, code=2)


def test_a_folder_that_begins_wrong_is_not_made(terminal: Terminal) -> None:
    assert "six digits" in begun(terminal, "--county", "6530", code=2)
    assert "--from 2021-13-01" in begun(terminal, "--from", "2021-13-01", code=2)
    assert "没有县 110000 的政策数据" in begun(terminal, "--based-on", "110000", code=2)
    assert [one.name for one in terminal.folder.iterdir() if one.is_dir()] == []


def test_what_no_decision_reads_yet_is_said_to_be_not_in_effect(terminal: Terminal) -> None:
    whole: Any = terminal.json("policy", "show", "--data")
    effect = {
        one["id"]: (one["inEffect"], [part["part"] for part in one["notInEffect"]])
        for one in whole["parameters"]
    }
    assert effect["P01"] == (True, [])
    assert effect["P03"] == (True, [])
    assert effect["P23"] == (True, ["operatingNetAtLeast"])
    assert {code for code, (there, _) in effect.items() if not there} == {"P36"}
    told = terminal.run("policy", "show", "P36", "--data")
    assert "P36 尚未生效 (not in effect)" in told
    place = second_county.write_second_county(terminal.folder)
    checked = terminal.run("policy", "check", str(place))
    assert "尚未生效 not in effect" in checked
    assert "P23 operating_net_at_least" in checked
    assert "no longer asked for" not in checked
    (place / "labels.toml").write_text("", "utf-8")
    assert "no longer asked for：labels.toml" in terminal.run("policy", "check", str(place))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "P99"), "P99"),
        (("show", "--on", "2021-02-30"), "--on 2021-02-30"),
        (("check", "nowhere"), "no folder nowhere"),
        (("check", "."), "no policy.toml"),
        (("diff", "1", "7"), "no version 7"),
    ],
)
def test_a_question_that_cannot_be_answered(
    terminal: Terminal, arguments: tuple[str, ...], words: str
) -> None:
    assert words in terminal.run("policy", *arguments, code=2)
