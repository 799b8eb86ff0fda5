"""The county's dated tables against what the regulation and its reading say, written down a second time by hand.

Parameters are copied value by value: each figure is a reading of the regulation that somebody decided; the tables have a test of
their own (`test_by_hand.py`). What is no reading but a list of names or the paper's own words (divisions, articles, names of
parameters) is fixed by a digest over its content, comments and layout aside: who changes a row says why, in the file.
"""

from __future__ import annotations

import csv
import hashlib
import json
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from domain.regulation import tables
from tests.domain.regulation.by_hand.paper import by_hand as by_the_paper

DATA = Path(tables.__file__).parent / "data" / "653022"
DIGESTS = Path(__file__).with_name("digests.toml")
PARAMETERS = Path(__file__).with_name("parameters_by_hand.toml")


def rows_of(file: str) -> dict[str, list[Any]]:
    """Table → rows, as they are read."""
    path = DATA / file
    if path.suffix == ".csv":
        return {path.stem: list(csv.DictReader(path.read_text("utf-8").splitlines()))}
    parsed = tomllib.loads(path.read_text("utf-8"))
    return {name: rows if isinstance(rows, list) else [rows] for name, rows in parsed.items()}


def digest(rows: list[Any]) -> str:
    """Of the rows in their order."""
    written = json.dumps(rows, ensure_ascii=False, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def every_table() -> Iterator[tuple[str, str, list[Any]]]:
    for path in sorted([*DATA.glob("*.toml"), *DATA.glob("*.csv")]):
        for table, rows in rows_of(path.name).items():
            yield path.name, table, rows


def test_what_is_not_written_down_by_hand_is_what_somebody_put_there_with_a_reason() -> None:
    """A row removed, added, moved or changed shows; so does a table nobody wrote down."""
    kept = tomllib.loads(DIGESTS.read_text("utf-8"))["table"]
    assert all(one["reason"] for one in kept)
    written = {(one["file"], one["table"]): (one["rows"], one["sha256"]) for one in kept}
    there = {
        (file, table): (len(rows), digest(rows))
        for file, table, rows in every_table()
        if f"{file.partition('.')[0]}.{table}" not in by_the_paper()
    }
    assert there == written


def by_hand() -> list[dict[str, Any]]:
    return list(tomllib.loads(PARAMETERS.read_text("utf-8"))["parameter"])


def test_the_parameters_are_those_of_the_list_and_no_others() -> None:
    there = [(one["id"], one["in_force_from"]) for one in rows_of("parameters.toml")["parameter"]]
    assert there == [(one["id"], one["from"]) for one in by_hand()]
    assert len(there) == len(set(there))


@pytest.mark.parametrize("written", by_hand(), ids=lambda one: f"{one['id']}-{one['from']}")
def test_a_parameter_has_the_value_its_reading_gives_it(written: dict[str, Any]) -> None:
    """Every figure of a parameter, and the days it is in force, as the list of readings has them."""
    (row,) = (
        one
        for one in rows_of("parameters.toml")["parameter"]
        if (one["id"], one["in_force_from"]) == (written["id"], written["from"])
    )
    assert row["value"] == written["value"]
    assert row.get("in_force_until") == written.get("until")
    assert row["article"] == written["clause"]


def test_a_figure_shifted_by_one_is_another_digest() -> None:
    rows = rows_of("parameters.toml")["parameter"]
    before = digest(rows)
    assert digest(rows[1:]) != before and digest([*rows[1:], rows[0]]) != before
    assert digest([rows[0] | {"value": "100000.01"}, *rows[1:]]) != before
    assert digest([rows[0] | {"in_force_from": date(2021, 6, 18)}, *rows[1:]]) != before
