"""A folder to begin from, and the pages that say what each file means."""

from __future__ import annotations

import re
from datetime import date
from importlib import resources
from pathlib import Path
from typing import get_args

import pytest

from domain.refusals import Article, CodeEntry, Lift
from domain.regulation import Regulation
from domain.regulation.folder import packaged, read_folder
from domain.regulation.rows import Condition, Row
from domain.regulation.tables import FILES, TABLES
from domain.regulation.template import Beginning, guide, template
from domain.trial import try_out
from domain.values import Value

COMMON = {"article", "also", "law", "note", "rule_gap", "in_force_from", "in_force_until"}
"""Fields of every row, told once in docs/policy."""
PAGES = (*FILES, "clauses.toml", "codes.toml", "divisions.csv", "regulation.txt")
BLOCKS: dict[str, type[Value]] = {
    **TABLES,
    "clauses.clause": Article,
    "codes.code": CodeEntry,
    "codes.lift": Lift,
}
ANY_DAY = [date(2019, 3, 1), date(2021, 6, 17), date(2024, 2, 29), date(2025, 6, 1)]


def beginning(first_day: date, based_on: str | None = None) -> Beginning:
    return Beginning("653024", "乌恰县", "虚构〔2021〕9号", "扶贫资产管理办法（虚构）", first_day, based_on)


def written(folder: Path, files: dict[str, str]) -> Regulation:
    place = folder / "653024"
    place.mkdir()
    for name, text in files.items():
        (place / name).write_text(text, "utf-8")
    return Regulation.load(folder, "653024")


def begun(first_day: date, based_on: str | None = None) -> dict[str, str]:
    faults: list[str] = []
    files = template(beginning(first_day, based_on), read_folder("653022", [packaged()], faults))
    assert faults == []
    return files


@pytest.mark.parametrize("first_day", ANY_DAY, ids=str)
@pytest.mark.parametrize("based_on", [None, "653022"])
def test_folder_to_begin_from_can_be_used_as_it_is(
    tmp_path: Path, first_day: date, based_on: str | None
) -> None:
    """On any first day: it loads, it passes the trial, and it quotes nobody."""
    regulation = written(tmp_path, begun(first_day, based_on))
    trial = try_out(regulation)
    assert (trial.faults, trial.refusals) == ([], [])
    assert regulation.first_day == first_day
    assert regulation.articles.by_number == {}
    first = [row for table in regulation.rows.values() for row in table]
    assert min(row.in_force_from for row in first) == first_day


def test_whole_folder_rules_as_the_county_it_was_taken_from(tmp_path: Path) -> None:
    """Row by row the same but for days and anchors; it needs no other county's folder any more."""
    files = begun(date(2021, 6, 17))
    assert "based_on" not in re.sub(r"#.*", "", files["policy.toml"])
    theirs, ours = written(tmp_path, files), Regulation.load()
    for name, rows in ours.rows.items():
        if not name.startswith("policy."):
            told = [row.model_copy(update={"anchor": ""}) if hasattr(row, "anchor") else row for row in rows]
            made = [
                row.model_copy(update={"anchor": ""}) if hasattr(row, "anchor") else row
                for row in theirs.rows[name]
            ]
            assert made == told, name


def test_folder_to_begin_from_holds_no_words_of_another_county() -> None:
    for name, text in begun(date(2021, 8, 1)).items():
        left = text.replace("沿用阿克陶县（653022）", "")
        assert "阿克陶" not in left, name
        assert "陶政办" not in left, name
        assert "公示十日" not in left, name


def test_every_clause_is_put_as_a_question() -> None:
    from domain.refusals import clauses

    asked = begun(date(2021, 8, 1))["clauses.toml"]
    assert not [key for key in clauses() if f"#   {key} " not in asked]


@pytest.mark.parametrize("file", PAGES)
def test_page_of_a_file_says_what_it_is_and_who_reads_it(file: str) -> None:
    page = guide(file)
    assert page.startswith(f"# {file}：")
    assert re.search("^依据：", page, re.MULTILINE)
    assert "读取者：" in page


def fields_of(shape: type[Value]) -> set[str]:
    """The fields of a block, those of its inner tables too."""
    found = set(shape.model_fields)
    for field in shape.model_fields.values():
        for inner in (field.annotation, *get_args(field.annotation)):
            for one in (inner, *get_args(inner)):
                if isinstance(one, type) and issubclass(one, Value):
                    found |= fields_of(one)
    return found - (COMMON if issubclass(shape, Row) else set())


@pytest.mark.parametrize("block", BLOCKS)
def test_page_of_a_file_names_every_field(block: str) -> None:
    """And names no field that is not there: what stands in backquotes at the head of a line or after it is a field."""
    file, name = block.split(".")
    page = guide(f"{file}.toml")
    section = page.partition(f"## {name} ")[2].partition("\n## ")[0]
    assert section, f"no section on {name}"
    fields = fields_of(BLOCKS[block])
    told = set(re.findall(r"`([a-z_]+)`", section))
    assert fields - told == set(), "fields that nobody explains"
    listed = set(re.findall(r"^- `([a-z_]+)`", section, re.MULTILINE))
    assert listed - fields == set(), "explained, but not there"


def test_every_file_has_its_page_and_every_page_its_file() -> None:
    pages = {
        one.name.removesuffix(".md")
        for one in resources.files("domain").joinpath("regulation", "guide").iterdir()
    }
    assert pages == {file.rpartition(".")[0] for file in PAGES}
    index = (Path(__file__).parents[3] / "docs" / "policy" / "README.md").read_text("utf-8")
    assert not [file for file in PAGES if f"[{file}](" not in index]
    assert Condition.__doc__
