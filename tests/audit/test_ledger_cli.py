"""`taizhang ledger` at the terminal: any day, any knowledge, and what changed between two of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import openpyxl
import pytest

from service.ledgers.catalogue import LEDGERS
from service.ledgers.projector import Projector
from service.log.event_store import EventStore
from tests.audit.test_audit_cli import Terminal
from tests.projections.history import COUNTY, VILLAGES, RandomHistory, append_all

WANTED = {
    "procedure-tasks": ("--where", "on=2021-07-10"),
    "notice-tasks": ("--where", "on=2021-07-10"),
    "unit-ledger": ("--unit", VILLAGES[0], "--where", "ledger=VILLAGE_REGISTER"),
}
"""What a ledger has to be asked with."""


@pytest.fixture
def terminal(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    async def fill() -> None:
        async with (
            asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool,
            EventStore(pool) as store,
            Projector(pool, store) as projector,
        ):
            last = await append_all(store, RandomHistory(4, alive=60).take(900))
            await projector.wait_for(COUNTY, None, last, 30)

    asyncio.run(fill())
    monkeypatch.setenv("TAIZHANG_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("service.terminal.configure_log", lambda *_: None)
    yield Terminal(tmp_path, capfd)


def assets(found: dict[str, Any]) -> dict[str, Any]:
    return {row["asset"]: row for row in found["rows"]}


def test_two_days_and_what_lies_between(terminal: Terminal) -> None:
    """Rows of the one day, with the differences applied, are the rows of the other."""
    show = ("ledger", "show", "asset-register", "--limit", "1000", "--where", "disposed=all", "--as-of")
    was, now = (terminal.json(*show, day) for day in ("2021-06-20", "2021-07-10"))
    days = ("--from-as-of", "2021-06-20", "--to-as-of", "2021-07-10")
    found: Any = terminal.json(
        "ledger", "diff", "asset-register", *days, "--where", "disposed=all", "--limit", "1000"
    )
    assert found["added"] + found["removed"] + found["changed"] == len(found["rows"]) > 10
    assert found["changed"] > 3
    made = assets(was)
    for row in found["rows"]:
        asset = row["key"]["asset"]
        if row["change"] == "REMOVED":
            del made[asset]
        elif row["change"] == "ADDED":
            made[asset] = {"asset": asset} | row["after"]
        else:
            assert {name: made[asset][name] for name in row["fields"]} == row["before"]
            made[asset] = made[asset] | row["after"]
    kept = {name for row in made.values() for name in row} & {"assetName", "originalValue", "title", "owners"}
    assert {asset: {n: row[n] for n in kept} for asset, row in made.items()} == {
        asset: {n: row[n] for n in kept} for asset, row in assets(now).items()
    }
    assert found["after"]["totals"] == now["totals"]


def test_a_spreadsheet_of_a_day(terminal: Terminal) -> None:
    out = terminal.folder / "台账.xlsx"
    said = terminal.run("ledger", "show", "asset-register", "--as-of", "2021-07-10", "--out", str(out))
    assert "2021-07-10" in said
    sheet = openpyxl.load_workbook(out).worksheets[0]
    whole: Any = terminal.json("ledger", "show", "asset-register", "--as-of", "2021-07-10", "--limit", "1000")
    assert sheet.max_row == 3 + len(whole["rows"]) + 1
    assert list(terminal.folder.glob("*.part")) == []


def test_the_difference_as_a_spreadsheet(terminal: Terminal) -> None:
    """A line for every changed field, and one for every row that came or went; both moments stand above."""
    days = ("--from-as-of", "2021-06-20", "--to-as-of", "2021-07-10")
    out = terminal.folder / "变动.xlsx"
    said = terminal.run("ledger", "diff", "asset-register", *days, "--out", str(out))
    found: Any = terminal.json("ledger", "diff", "asset-register", *days, "--limit", "1000")
    assert f"增加 {found['added']} 行" in said
    sheet = openpyxl.load_workbook(out).worksheets[0]
    rows = [[cell.value or "" for cell in row] for row in sheet.iter_rows()]
    assert "2021-06-20" in str(rows[1][0])
    assert "2021-07-10" in str(rows[2][0])
    assert rows[4] == ["变化", "行", "字段", "变更前", "变更后"]
    due = sum(max(1, len(row["fields"])) for row in found["rows"])
    assert len(rows) - 5 == due > 20
    changed = next(
        row for row in found["rows"] if "originalValue" in row["fields"] or "title" in row["fields"]
    )
    assert changed["key"]["asset"] in {row[1] for row in rows[5:] if row[0] == "变更"}
    assert {row[0] for row in rows[5:]} <= {"增加", "减少", "变更"}
    assert "no folder" in terminal.run(
        "ledger", "diff", "asset-register", *days, "--out", "nowhere/x.xlsx", code=2
    )


def test_people_read_a_table(terminal: Terminal) -> None:
    said = terminal.run("ledger", "show", "custody-ledger", "--limit", "3")
    assert "管护台账" in said
    assert "--out FILE.xlsx" in said
    days = ("--from-as-of", "2021-06-20", "--to-as-of", "2021-07-10")
    told = terminal.run("ledger", "diff", "income-ledger", *days)
    assert "资产收益台账变动" in told
    assert "前：业务日期 2021-06-20" in told


def test_every_ledger_it_names_can_be_printed(terminal: Terminal, tmp_path: Path) -> None:
    """As a spreadsheet under its name; and the board says what the register says."""
    campaigns: Any = terminal.json("ledger", "show", "stocktakes")
    wanted = WANTED | {"stocktake-lines": ("--where", f"campaign={campaigns['rows'][0]['campaign']}")}
    for name, which in LEDGERS.items():
        show = ("ledger", "show", name, *wanted.get(name, ()))
        out = tmp_path / f"{name}.xlsx"
        terminal.run(*show, "--out", str(out))
        lines = list(openpyxl.load_workbook(out).worksheets[0].iter_rows(values_only=True))
        assert str(lines[0][0]).startswith(which.title if name != "unit-ledger" else "村级资产登记簿")
        assert lines[-1][0] == f"合计 {len(lines) - 4} 行"
    assert "未确权 " in terminal.run("ledger", "show", "data-quality").partition("合计")[2]
    register: Any = terminal.json(
        "ledger", "show", "asset-register", "--where", "scope=IN", "--limit", "1000"
    )
    waiting = {row["asset"] for row in register["rows"] if row["confirmedOn"] is None}
    board: Any = terminal.json(
        "ledger", "show", "data-quality", "--where", "kind=UNCONFIRMED", "--limit", "1000"
    )
    assert {row["subject"] for row in board["rows"]} == waiting != set()
    early = ("--as-of", "2021-06-20", "--where", "kind=UNCONFIRMED", "--limit", "1000")
    before: Any = terminal.json("ledger", "show", "data-quality", *early)
    assert {row["subject"] for row in before["rows"]} != waiting
    assert all(row["days"] >= 0 and row["since"] <= "2021-06-20" for row in before["rows"])


def test_the_list_names_every_ledger_with_its_filters(terminal: Terminal) -> None:
    found = json.loads(terminal.run("--json", "ledger", "list"))
    assert [one["name"] for one in found] == list(LEDGERS)
    custody = next(one for one in found if one["name"] == "custody-ledger")
    assert custody["filters"] == {
        "asset": "资产编号", "duty": "职责", "unit": "单位", "person": "人员", "on": "日期", "history": "是否含历史",
    }  # fmt: skip
    assert (custody["dated"], custody["compared"]) == (True, True)
    assert "所有权人类型" in terminal.run("ledger", "list").replace("\n", "")


def test_one_asset_and_one_unit(terminal: Terminal) -> None:
    every: Any = terminal.json("ledger", "show", "asset-register", "--limit", "1000")
    asset = next(row for row in every["rows"] if row["owners"])
    one: Any = terminal.json("ledger", "show", "asset-register", "--asset", asset["asset"])
    assert [row["asset"] for row in one["rows"]] == [asset["asset"]]
    unit = asset["owners"][0]["party"]
    owned: Any = terminal.json("ledger", "show", "asset-register", "--unit", unit, "--limit", "1000")
    assert asset["asset"] in assets(owned)
    assert all(unit in {part["party"] for part in row["owners"]} for row in owned["rows"])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("show", "nothing"), 2, "asset-register, household-register"),
        (("show", "asset-register", "--as-of", "2021-02-30"), 2, "as_of 2021-02-30"),
        (("show", "asset-register", "--known-at", "gestern"), 2, "known_at gestern"),
        (("show", "asset-register", "--where", "colour=red"), 2, "colour"),
        (("show", "asset-register", "--where", "colour"), 2, "name=value"),
        (("show", "asset-register", "--out", "nowhere/x.xlsx"), 2, "no folder"),
        (("diff", "asset-register"), 1, "from_as_of"),
        (("diff", "data-quality"), 2, "cannot be compared"),
        (("show", "departures", "--as-of", "2021-07-10"), 2, "as_of"),
    ],
)
def test_a_question_that_cannot_be_answered(
    terminal: Terminal, arguments: tuple[str, ...], code: int, words: str
) -> None:
    assert words in terminal.run("ledger", *arguments, code=code)
