"""The domain stays pure: no input or output, no clock, no chance, no floats; its events and docstrings are complete."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import domain
from domain.catalogue import EVENT_TYPES

ROOT = Path(domain.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
LIBRARIES = {"chinese_calendar", "domain", "pydantic", "pydantic_core", "eventsourcing", "typing_extensions"}
FORBIDDEN = {
    "asyncio",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "time",
    "uuid",
    "urllib",
    "http",
    "sqlite3",
}
CLOCKS = {"now", "today", "utcnow"}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))


@each_module
def test_the_domain_imports_nothing_that_acts(path: Path) -> None:
    used = set(imports(parsed(path)))
    assert used <= LIBRARIES | (sys.stdlib_module_names - FORBIDDEN)


@each_module
def test_the_domain_has_no_floats_and_no_clock(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), node.lineno
        assert not (isinstance(node, ast.Name) and node.id == "float"), node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in CLOCKS, node.lineno


@each_module
def test_everything_public_says_what_it_is(path: Path) -> None:
    tree = parsed(path)
    assert ast.get_docstring(tree)
    homes: list[ast.Module | ast.ClassDef] = [tree]
    homes += [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    named = [node for home in homes for node in home.body]
    silent = [
        node.name
        for node in named
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
        and not (path.name == "consistency.py" and node.name in {"say", "known"})
    ]
    assert silent == []


IRREGULAR = {
    "PutIntoUse",
    "FormalityCarriedOut",
    "Leased",
    "HandedOver",
    "MeetingHeld",
    "StepTakenByFact",
    "Withdrawn",
    "TitleCertificateIneligible",
}


def test_events_are_in_the_past_tense_and_have_a_chinese_title() -> None:
    assert EVENT_TYPES
    for topic, event in EVENT_TYPES.items():
        words = event.__name__
        past = words in IRREGULAR or words.endswith(("ed", "Done", "Paid"))
        assert past, topic
        assert any("\u4e00" <= char <= "\u9fff" for char in event.TITLE), topic


def test_mutators_only_assign() -> None:
    """Replay asks no rule: a mutator neither raises nor gets an occasion."""
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "event"
                for one in node.decorator_list
            ):
                assert "at" not in {argument.arg for argument in node.args.args}, node.name
                assert not any(isinstance(one, ast.Raise) for one in ast.walk(node)), node.name
