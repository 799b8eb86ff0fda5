"""`taizhang audit examine` on a log: imported breaches with their clauses, a draft, what is not examined."""

from __future__ import annotations

import asyncio
import json
import shutil
import zipfile
from collections.abc import Iterator
from datetime import date
from importlib import resources
from pathlib import Path

import asyncpg
import openpyxl
import pytest

import tests.procedures
from domain.aggregate import DomainAggregate
from domain.asset.asset import Asset
from service.audit import verify
from service.clock import utc_now
from service.commands.actor import Actor
from service.commands.commands import CommandContext, Result, Work, transact
from service.log.event_store import EventStore
from tests import examples
from tests.audit.test_audit_cli import Terminal
from tests.examples import (
    ASSET,
    COUNTY,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    confirmation,
    imported,
    regulation,
    terms,
)

CLERK = Actor("k_1", "api_key", COUNTY, TOWNSHIP, "TOWNSHIP", frozenset({"OFFICE"}), (COUNTY,))
LAWFUL = f"{OTHER_VILLAGE}-2019-000002"


def unlawful() -> Asset:
    """Imported as it happened: no transfer before the confirmation, a lease of thirty years."""
    day = date(2019, 12, 2)  # accepted on 2019-10-15
    asset = Asset.register(ASSET, examples.workshop_card(), imported(day))
    asset.confirm_ownership(confirmation(), imported(day))
    long = terms(signed_on=date(2019, 5, 1), starts_on=date(2019, 5, 1), ends_on=date(2049, 5, 1))
    asset.sign_contract(long, imported(day))
    asset.assign_custody(examples.custody(custodian="O-1"), imported(day))
    return asset


@pytest.fixture
def terminal(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    for makers in (tests.procedures, examples):
        monkeypatch.setattr(makers, "settled", lambda it: it)

    async def fill() -> None:
        async with (
            asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool,
            EventStore(pool) as store,
        ):
            context = CommandContext(store, {COUNTY: regulation()}, utc_now)
            lawful = Asset.register(LAWFUL, examples.workshop_card(), examples.occasion())
            made: list[DomainAggregate] = [unlawful(), lawful, tests.procedures.hung(), examples.person()]

            async def put(work: Work) -> Result:
                for one in made:
                    work.add(one)
                return Result(ASSET, 1, {})

            await transact(context, CLERK, put)

    asyncio.run(fill())
    monkeypatch.setenv("TAIZHANG_DATABASE_URL", database_url)
    monkeypatch.setenv("TAIZHANG_KEYS", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("service.terminal.configure_log", lambda *_: None)
    yield Terminal(tmp_path, capfd)


def test_imported_breaches_are_listed_by_clause(terminal: Terminal) -> None:
    told = terminal.json("audit", "examine", "--asset", ASSET)
    assert [(one["clause"], one["code"], one["findings"]) for one in told["clauses"]] == [  # type: ignore[attr-defined]
        ("C4.11-01", "DECISION_REQUIRED", 1),
        ("C4.5-14", "TRANSFER_REQUIRED", 1),
        ("C4.7-03", "LEASE_TERM_EXCEEDS_20Y", 1),
    ]
    assert [(one["position"], one["source"]) for one in told["findings"]] == [
        (2, "BOTH"),
        (3, "BOTH"),
        (3, "BOTH"),
    ]  # type: ignore[attr-defined]
    assert terminal.json("audit", "examine", "--asset", LAWFUL)["findings"] == []


def test_a_county_is_examined_and_what_is_not_is_named(terminal: Terminal) -> None:
    told = terminal.json("audit", "examine", "--county", "--out", "found.xlsx")
    assert len(told["findings"]) == 3  # type: ignore[arg-type]
    assert told["unjudged"] == []
    assert "person" in told["notExamined"]  # type: ignore[operator]
    book = openpyxl.load_workbook("found.xlsx")
    assert [row[5].value for row in book["发现"].iter_rows(min_row=2)] == [
        "TRANSFER_REQUIRED",
        "LEASE_TERM_EXCEEDS_20Y",
        "DECISION_REQUIRED",
    ]
    assert "条款" in terminal.run("audit", "examine", "--county")


def test_a_scope_takes_what_names_the_unit_or_person(terminal: Terminal) -> None:
    assert len(terminal.json("audit", "examine", "--unit", VILLAGE)["findings"]) == 3  # type: ignore[arg-type]
    told = terminal.json("audit", "examine", "--person", "P-9999")
    assert (told["events"], told["findings"]) == (0, [])


def test_a_draft_tells_what_it_would_have_refused(terminal: Terminal) -> None:
    """A folder with a notice of fifteen days: the one notice that hung for ten, and nothing that was found anyway."""
    folder = Path("draft") / COUNTY
    with resources.as_file(resources.files("domain") / "regulation" / "data" / COUNTY) as packaged:
        shutil.copytree(packaged, folder)
    parameters = folder / "parameters.toml"
    text = parameters.read_text("utf-8")
    begin = text.index('id = "P06"')
    changed = text[begin:].replace("days = 10", "days = 15", 1)
    assert changed != text[begin:]
    parameters.write_text(text[:begin] + changed, "utf-8")
    told = terminal.json("audit", "examine", "--county", "--policy", "draft")
    assert [(one["type"], one["code"]) for one in told["findings"]] == [  # type: ignore[attr-defined]
        ("procedure.notice_completed", "NOTICE_PERIOD_RUNNING")
    ]
    assert terminal.json("audit", "examine", "--county", "--policy", "1")["findings"] == []


def test_the_findings_are_in_the_pack(terminal: Terminal) -> None:
    """In its own file, the tables, the spreadsheet and the page, and the verifier holds all of them to one another."""
    terminal.json("audit", "pack", examples.MANAGER, "--out", "pack.zip")
    with zipfile.ZipFile("pack.zip") as pack:
        rows = json.loads(pack.read(verify.EXAMINATION))
        assert rows == json.loads(pack.read(verify.TABLES_FILE))["examination"]
        assert "核验程序不重新判定" in pack.read(verify.PAGE).decode()
    assert [(row[0], row[4], row[5], row[7]) for row in rows][:3] == [
        (2, "C4.5-14", "TRANSFER_REQUIRED", "当时记录，重审亦有"),
        (3, "C4.11-01", "DECISION_REQUIRED", "当时记录，重审亦有"),
        (3, "C4.7-03", "LEASE_TERM_EXCEEDS_20Y", "当时记录，重审亦有"),
    ]
    assert verify.verify("pack.zip")["verdict"] == verify.UNPINNED


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "--county"),
        (("--county", "--asset", ASSET), 2, "--county"),
        (("--county", "--policy", "99"), 2, "99"),
        (("--county", "--policy", "nowhere"), 2, "nowhere"),
        (("--asset", "A-0"), 1, "A-0"),
    ],
)
def test_what_cannot_be_examined(
    terminal: Terminal, arguments: tuple[str, ...], code: int, said: str
) -> None:
    assert said in terminal.run("audit", "examine", *arguments, code=code)
