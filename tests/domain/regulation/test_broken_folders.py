"""Every row, table, file and field of a county's folder taken away or spoilt in turn: one clear sentence, never a traceback.

Whatever is left either can be used, and then a whole trial of it ends too, or it is refused in words that name the place.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from domain.regulation import Regulation, RegulationInvalid
from domain.regulation.folder import _FolderReader
from domain.regulation.tables import FILES
from domain.trial import try_out

FOLDER = resources.files("domain").joinpath("regulation", "data", "653022")
TOML = (*FILES, "clauses.toml")
EVERY = tuple(sorted(one.name for one in FOLDER.iterdir()))
UNTRIED = frozenset({"clauses.toml", "labels.toml", "ledgers.toml", "intervals.toml", "calendar.toml"})
"""Files of which no step of a trial reads anything: that such a folder loads is all there is to see."""
SPOILT: tuple[Any, ...] = (7, [])
"""What is put in the place of a value: for every field one of them is of the wrong kind."""
PYTHON = re.compile(r"Traceback|[A-Z]\w*(?:Error|Exception|Iteration)\b|<class|object at 0x|NoneType")
"""What a program says and no person does."""


@cache
def content(file: str) -> dict[str, Any]:
    """A packaged file, as it is read."""
    return tomllib.loads((FOLDER / file).read_text("utf-8"))


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, dict[str, Any] | None], list[str]]:
    """What becomes of the folder with one file's content replaced (None: the file taken away): its faults."""
    read = _FolderReader._toml

    def load(file: str, replaced: dict[str, Any] | None) -> list[str]:
        def toml(self: _FolderReader, name: str) -> tuple[dict[str, Any] | None, bytes]:
            if name == file:
                return replaced, b""
            return (content(name), b"") if name in TOML else read(self, name)

        monkeypatch.setattr(_FolderReader, "_toml", toml)
        try:
            regulation = Regulation.load()
            faults = [] if file in UNTRIED else try_out(regulation).faults
        except RegulationInvalid as invalid:
            faults = list(invalid.faults)
            assert faults, "refused without a reason"
        for fault in faults:
            assert not PYTHON.search(fault), fault
            assert re.search(r"[\u4e00-\u9fff]", fault), fault
        return faults

    return load


def fields(value: dict[str, Any], path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of every field of a block, fields of inner tables too; of a list only its first inner table."""
    for name, inner in value.items():
        yield (*path, name)
        if isinstance(inner, dict):
            yield from fields(inner, (*path, name))
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            for number, one in enumerate(inner):
                yield from fields(one, (*path, name, number))


def put(value: Any, path: tuple[Any, ...], *new: Any) -> Any:
    """A copy of a value with what is at the path replaced, or, without anything new, taken away."""
    name, *further = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if further:
        copy[name] = put(copy[name], tuple(further), *new)
    elif new:
        copy[name] = new[0]
    else:
        del copy[name]
    return copy


def blocks(file: str) -> dict[str, list[dict[str, Any]]]:
    """The tables of a file."""
    return {name: value for name, value in content(file).items() if isinstance(value, list)}


def kinds_of_field(file: str) -> dict[tuple[Any, ...], tuple[str, int, tuple[Any, ...]]]:
    """Each field of each table of a file, at any depth → the first row that has it: (table, row, path)."""
    found: dict[tuple[Any, ...], tuple[str, int, tuple[Any, ...]]] = {}
    for table, rows in blocks(file).items():
        for number, row in enumerate(rows):
            for path in fields(row):
                kind = (table, *(part for part in path if isinstance(part, str)))
                found.setdefault(kind, (table, number, path))
    return found


def test_the_folder_as_it_is_has_no_fault(outcome: Any) -> None:
    assert outcome("policy.toml", content("policy.toml")) == []


@pytest.mark.parametrize("file", TOML)
def test_folder_without_a_file_is_refused_by_its_name(outcome: Any, file: str) -> None:
    assert any(f"缺少文件 {file}" in fault for fault in outcome(file, None))


@pytest.mark.parametrize("file", EVERY)
@pytest.mark.parametrize(
    "bytes_", [b"", b"\xff\xfe\x00", b"[[", b"a = 1\n"], ids=["empty", "binary", "cut", "other"]
)
def test_folder_with_a_ruined_file_is_refused_or_used(tmp_path: Path, file: str, bytes_: bytes) -> None:
    place = tmp_path / "653022"
    place.mkdir()
    for one in EVERY:
        (place / one).write_bytes(bytes_ if one == file else (FOLDER / one).read_bytes())
    try:
        faults = try_out(Regulation.load(tmp_path)).faults
    except RegulationInvalid as invalid:
        faults = list(invalid.faults)
    assert faults or not bytes_, "what is no file of ours was taken for one"
    assert not [fault for fault in faults if PYTHON.search(fault)]


@pytest.mark.parametrize("file", TOML)
def test_folder_without_a_table_is_refused_or_used(outcome: Any, file: str) -> None:
    for table in content(file):
        outcome(file, {name: value for name, value in content(file).items() if name != table})
        for spoilt in SPOILT:
            outcome(file, {**content(file), table: spoilt})


@pytest.mark.parametrize("file", TOML)
def test_folder_without_a_row_is_refused_or_used(outcome: Any, file: str) -> None:
    for table, rows in blocks(file).items():
        for number in range(len(rows)):
            outcome(file, {**content(file), table: rows[:number] + rows[number + 1 :]})


@pytest.mark.parametrize("file", TOML)
def test_folder_with_a_row_twice_is_refused_or_used(outcome: Any, file: str) -> None:
    for table, rows in blocks(file).items():
        outcome(file, {**content(file), table: [*rows, rows[0]]})


@pytest.mark.parametrize("file", TOML)
def test_row_without_a_field_is_refused_or_used(outcome: Any, file: str) -> None:
    for table, number, path in kinds_of_field(file).values():
        outcome(file, put(content(file), (table, number, *path)))


@pytest.mark.parametrize("file", TOML)
def test_row_with_a_spoilt_field_is_refused_or_used(outcome: Any, file: str) -> None:
    for table, number, path in kinds_of_field(file).values():
        for spoilt in SPOILT:
            outcome(file, put(content(file), (table, number, *path), spoilt))


def test_walk_visits_what_it_says() -> None:
    """The folder is large; a walk that visits nothing would find nothing."""
    assert sum(len(rows) for file in TOML for rows in blocks(file).values()) > 600
    assert ("chain", "steps", "notice", "period") in kinds_of_field("chains.toml")
    assert sum(len(kinds_of_field(file)) for file in TOML) > 250


def test_files_left_out_of_the_trial_are_not_read_by_it() -> None:
    """A trial of rules whose rows of those files cannot be looked at at all ends like any other."""

    class Untouchable(tuple[Any, ...]):
        __slots__ = ()

        def __iter__(self) -> Iterator[Any]:
            raise AssertionError("a trial looked at a table that is left out")

    regulation = Regulation.load()
    for since, _ in regulation.intervals:
        rules = regulation.on(since)
        for table in list(rules._tables):
            if f"{table.partition('.')[0]}.toml" in UNTRIED:
                rules._tables[table] = Untouchable(rules._tables[table])
    rules._typed.clear()
    assert try_out(regulation).faults == []
