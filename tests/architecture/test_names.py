"""One name, one class: what a reader looks for by its name is found once."""

from __future__ import annotations

import ast
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
