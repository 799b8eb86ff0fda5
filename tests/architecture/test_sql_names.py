"""SQL is written by hand, so its names are held to the tables: `r.village` is a column of what `r` stands for."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import MetaData, Table

ROOT = Path(__file__).parents[2]
MODULES = sorted([*(ROOT / "projections").rglob("*.py"), *(ROOT / "service").rglob("*.py")])
SQL = re.compile(r"\b[A-Z]{2,}\b|^[a-z]{1,2}\.[a-z_]+$|[<>=]")
"""What tells a piece of SQL from other text: a word in capitals, a bare column, a comparison."""
NAMED = re.compile(r"\b([a-z_]+)\s+(?:AS\s+)?([a-z]{1,12})\b")
"""`asset_register r`, `asset_register AS r`."""
DERIVED = re.compile(r"[)}]\s+(?:AS\s+)?([a-z]{1,12})\b")
"""`(SELECT …) AS r`, `jsonb_each(…) r`, `{source} r`: what the columns are is not known here."""
COLUMN = re.compile(r"(?<![\w./$'])([a-z]{1,12})\.([a-z_]+)\b(?!\s*\()")


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def tables() -> dict[str, set[str]]:
    """Every table that any module defines, with its columns."""
    found: dict[str, set[str]] = {}
    for path in MODULES:
        if "sqlalchemy" in path.read_text("utf-8"):
            for value in vars(importlib.import_module(module_of(path))).values():
                metadata = value if isinstance(value, MetaData) else getattr(value, "metadata", None)
                known = metadata.tables.values() if isinstance(metadata, MetaData) else ()
                for table in (*known, *([value] if isinstance(value, Table) else [])):
                    found[table.name] = set(table.columns.keys())
    return found


def texts(source: str) -> list[str]:
    """The string literals of a module that are not docstrings; `{}` where an f-string has an expression."""
    tree = ast.parse(source)
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    pieces = {id(piece) for one in formatted for piece in one.values}
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        "".join(piece.value if isinstance(piece, ast.Constant) else "{}" for piece in one.values)
        for one in formatted
    ] + [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documents | pieces
    ]


def aliases(written: list[str], known: dict[str, set[str]]) -> dict[str, set[str]]:
    """Alias → columns of the tables it stands for in a module; one that also stands for a subquery is left out."""
    found: dict[str, set[str]] = {}
    unknown: set[str] = set()
    for text in written:
        unknown.update(DERIVED.findall(text))
        for match in re.finditer(r"\bWITH\b.*", text, re.DOTALL):
            made = re.findall(r"\b([a-z_]+)(?:\s*\([a-z_, ]+\))?\s+AS\s+(?:MATERIALIZED\s+)?\(", match[0])
            unknown.update(alias for name, alias in NAMED.findall(match[0]) if name in made)
        for name, alias in NAMED.findall(text):
            if name in known:
                found.setdefault(alias, set()).update(known[name])
    return {alias: columns for alias, columns in found.items() if alias not in unknown}


def references(source: str, known: dict[str, set[str]]) -> Iterator[tuple[str, bool]]:
    """(alias.column, whether there is such a column) for what a module's SQL says of tables."""
    written = [text for text in texts(source) if SQL.search(text)]
    columns = aliases(written, known)
    for text in written:
        for alias, column in COLUMN.findall(text):
            if alias in columns:
                yield f"{alias}.{column}", column in columns[alias]


def test_every_column_that_sql_names_is_one_of_its_table() -> None:
    known = tables()
    assert {"asset_register", "event", "credential", "operation", "log_block"} <= known.keys()
    found = {path: list(references(path.read_text("utf-8"), known)) for path in MODULES}
    assert sum(len(one) for one in found.values()) > 700
    wrong = {
        str(path.relative_to(ROOT)): names
        for path, one in found.items()
        if (names := [name for name, there in one if not there])
    }
    assert wrong == {}


def test_a_column_that_is_not_there_is_found() -> None:
    known = {"asset_register": {"county", "asset"}, "asset_share": {"asset", "party"}}
    source = '''
"""r.nothing = docstring"""
QUERY = f"SELECT r.asset, s.amount FROM asset_register r JOIN asset_share AS s ON s.asset = r.asset{WHERE}"
MORE = "r.county = $1"
MADE = "SELECT x.anything FROM (SELECT 1) AS x"
GIVEN = f"SELECT d.anything FROM {MADE} d"
'''
    assert [name for name, there in references(source, known) if not there] == ["s.amount"]
    assert {name for name, there in references(source, known) if there} == {"r.asset", "s.asset", "r.county"}
