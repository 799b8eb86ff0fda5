"""Which codes of the catalogue anything raises.

A code counts when the source names it as a text of its own (docstrings do not count), or when a table of the
regulation does and a test names it too: a row whose refusal no code ever reads proves nothing by itself.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import domain
import projections
import service
from domain.refusals import catalogue
from domain.regulation.loading import PACKAGED_COUNTY
from tests.clauses.marked_tests import TESTS

SOURCES = tuple(Path(str(package.__file__)).parent for package in (domain, projections, service))
TABLES = SOURCES[0] / "regulation" / "data" / PACKAGED_COUNTY


@cache
def raised_codes() -> frozenset[str]:
    """The codes that something raises; the source is read once."""
    by_tables = set(_in_tables()) & set(_in_source(TESTS))
    return frozenset(catalogue()) & {*by_tables, *(word for folder in SOURCES for word in _in_source(folder))}


def unraised_codes() -> list[str]:
    """The codes that nothing raises, in the order of the catalogue."""
    raised = raised_codes()
    return [code for code in catalogue() if code not in raised]


def _in_source(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _in_tables() -> Iterator[str]:
    for path in sorted(TABLES.glob("*.toml")):
        yield from _refusals(tomllib.loads(path.read_text("utf-8")))


def _refusals(value: Any) -> Iterator[str]:
    match value:
        case {"refusal": str(code), **others}:
            yield code
            yield from _refusals(others)
        case dict():
            for one in value.values():
                yield from _refusals(one)
        case list():
            for one in value:
                yield from _refusals(one)
