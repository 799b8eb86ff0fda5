"""What a command refuses at the terminal is said in the words of the county it works on, as the HTTP interface says it."""

from __future__ import annotations

import ast
import asyncio
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

import asyncpg
import pytest
from pydantic import BaseModel

from domain.regulation import Regulation
from service.cli.doctor import policies
from service.clock import utc_now
from service.commands.commands import CommandContext
from service.commands.founding import found
from service.exit_codes import ExitCode
from service.log.event_store import EventStore
from service.terminal import Terminal as Called
from tests import second_county as wuqia
from tests.audit.test_audit_cli import Terminal

COMMANDS: Final = Path(__file__).parents[2] / "service" / "cli"
OWN_SENTENCE: Final = """
[[code]]
code = "LEDGER_KIND_NOT_ALLOWED"
zh = "本县此类单位不记这本账。"
en = "In this county such a unit keeps no such book."
"""


@pytest.fixture
def terminal(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    """On the log of the second county, which words a code itself and has articles of its own."""
    policy = tmp_path / "policy"
    policy.mkdir()
    with (wuqia.write_second_county(policy) / "codes.toml").open("a", encoding="utf-8") as codes:
        codes.write(OWN_SENTENCE)
    regulation = Regulation.load(policy, wuqia.COUNTY)

    async def fill() -> None:
        async with (
            asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool,
            EventStore(pool) as store,
        ):
            assert await found(CommandContext(store, {wuqia.COUNTY: regulation}, utc_now), wuqia.COUNTY)

    asyncio.run(fill())
    monkeypatch.setenv("TAIZHANG_DATABASE_URL", database_url)
    monkeypatch.setenv("TAIZHANG_POLICY_DIR", str(policy))
    monkeypatch.setenv("TAIZHANG_COUNTY", wuqia.COUNTY)
    monkeypatch.setenv("TAIZHANG_KEYS", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("service.terminal.configure_log", lambda *_: None)
    yield Terminal(tmp_path, capfd)


def test_refusal_has_the_county_s_sentence_its_article_and_the_code(terminal: Terminal) -> None:
    """The register of a village (C4.3-13) is not a township's; the county's document says it in 第十六条."""
    asked = ("--unit", wuqia.TOWNSHIP, "--where", "ledger=VILLAGE_REGISTER")
    said = terminal.run("ledger", "show", "unit-ledger", *asked, code=ExitCode.REFUSED)
    _, words, _ = wuqia.ARTICLES["第十六条"]
    assert said.strip() == (
        "taizhang: In this county such a unit keeps no such book. (本县此类单位不记这本账。)"
        f" [LEDGER_KIND_NOT_ALLOWED 第十六条：{words}]"
    )


def test_refusal_without_a_county_s_sentence_has_the_service_s(terminal: Terminal) -> None:
    said = terminal.run("history", "A-404", "--from-as-of", "2021-01-01", code=ExitCode.REFUSED)
    assert said.startswith("taizhang: Not found: A-404")
    assert said.strip().endswith("[NOT_FOUND]")


def test_doctor_names_the_county_as_it_names_itself(terminal: Terminal) -> None:
    (found,) = [one for one in policies(Called().settings) if one.check == f"policy {wuqia.COUNTY}"]
    assert (found.ok, found.found) == (True, "乌恰县, version 1 since 2021-08-01")


def test_no_command_words_a_refusal_itself() -> None:
    """`refused` does; an import words a row's reasons, a finding has its words, a county not served has none."""
    wording = {
        path.name
        for path in COMMANDS.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"detail_zh", "detail_en"}
    }
    assert wording == {"refused.py", "imports.py", "examine.py", "serve.py"}


def test_values_a_model_does_not_take_are_a_sentence_in_every_command() -> None:
    """A model that is made of what was typed is made where its faults are told."""
    untold, made = [], 0
    for path in sorted(COMMANDS.glob("*.py")):
        module = importlib.import_module(f"service.cli.{path.stem}")
        tree = ast.parse(path.read_text("utf-8"))
        told = {
            node
            for attempt in ast.walk(tree)
            if isinstance(attempt, ast.Try) and "ValidationError" in map(_caught, attempt.handlers)
            for statement in attempt.body
            for node in ast.walk(statement)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _makes_a_model(module, node.func):
                made += 1
                if node not in told:
                    untold.append(f"{path.name}:{node.lineno}")
    assert made > 2
    assert untold == []


def _caught(handler: ast.ExceptHandler) -> str | None:
    return handler.type.id if isinstance(handler.type, ast.Name) else None


def _makes_a_model(module: ModuleType, function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr in {"model_validate", "model_validate_json"}
    named = getattr(module, function.id, None) if isinstance(function, ast.Name) else None
    return isinstance(named, type) and issubclass(named, BaseModel)
