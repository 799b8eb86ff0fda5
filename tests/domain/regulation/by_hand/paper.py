"""The rows of the dated tables as they are read from the paper by hand, and what differs from them.

A file's tables have `columns` and `rows`; what a table says beside them holds for each of its rows. An empty cell is
nothing said. Nothing here comes from the service but the rows that are compared.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
ISSUED: Final = date(2021, 6, 17)
"""陶政办发〔2021〕15号: the day of the paper, from which a row holds that names no other."""

WORDS: Final = frozenset({"en", "note", "anchor"})
"""Translations and remarks: no rule."""

UNSAID: Final[Mapping[str, Any]] = {
    "ordered": True,
    "available": True,
    "act": "DO",
    "matter": "COLLECTIVE",
    "form": "CLAUSE",
}
"""What goes without saying; of every other field it is nothing, no, or an empty list."""

Plain = dict[str, Any]


def said(value: Any) -> Any:
    """A value without what goes without saying, lists as lists: comparable on both sides."""
    if isinstance(value, Mapping):
        told = {name: said(value[name]) for name in sorted(value) if name not in WORDS}
        return {
            name: one
            for name, one in told.items()
            if (one != UNSAID[name] if name in UNSAID else one not in (None, False, "", []))
        }
    if isinstance(value, list | tuple):
        return [said(one) for one in value]
    return value


def by_hand() -> dict[str, list[Plain]]:
    """Table → rows, as the paper has them."""
    found: dict[str, list[Plain]] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for block in tomllib.loads(path.read_text("utf-8"))["table"]:
            name, columns, rows = block.pop("name"), block.pop("columns"), block.pop("rows")
            for cells in rows:
                row = {"in_force_from": ISSUED} | block | dict(zip(columns, cells, strict=True))
                found.setdefault(name, []).append(said(row))
    return found


def differences(paper: Iterable[Plain], rows: Iterable[Plain]) -> list[str]:
    """Every row that only one side has, in words; the order of rows says nothing."""
    due, there = (Counter(repr(said(row)) for row in side) for side in (paper, rows))
    return [f"only on paper: {row}" for row in due - there] + [f"only loaded: {row}" for row in there - due]
