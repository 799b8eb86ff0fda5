"""One name, one class: what a reader looks for by its name is found once."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("domain", "projections", "service")


def test_class_names_are_unique_in_the_code() -> None:
    """Events and other nested classes are named within their class, so only classes of a module count."""
    where: dict[str, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    where[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert len(where) > 500, "the packages are not where this test looks"
    assert {name: places for name, places in where.items() if len(places) > 1} == {}


LEVELS: Final = {"debug", "info", "warning", "error", "exception"}


def test_lines_of_the_log_have_one_name_to_search_for() -> None:
    """`log.error("ledger_halted", …)`: an operator's alert looks for the name; what is particular stands beside it."""
    seen, wrong = 0, []
    for path in sorted((ROOT / "service").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=of) | ast.Attribute(attr=of), attr=level),
                    args=[ast.Constant(value=str(name)), *_],
                ) if of in {"log", "_log"} and level in LEVELS:
                    seen += 1
                    if re.fullmatch("[a-z]+(_[a-z]+)+", name) is None:
                        wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {name}")
    assert seen > 20
    assert not wrong
