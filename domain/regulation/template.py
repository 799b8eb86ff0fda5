"""A county's folder to begin from: every file with its page of the guide as a comment, all rows from the county's own day.

Whole, it holds every table, taken over from the packaged county and to be checked row by row; based on another county
it holds what is never inherited, and a place for what differs. Either can be used as it is: nothing in it is quoted
as the county's own until its articles are written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Any, Final

from domain.refusals import clauses
from domain.regulation.articles import ARTICLES
from domain.regulation.divisions import COLUMNS, DIVISIONS
from domain.regulation.folder import CODES, TEXT, Folder, taken_over
from domain.regulation.tables import FILES, POLICY, TABLES

GUIDE: Final = "guide"
"""The folder of the pages, one for each file of a county's folder."""

_WORDING: Final = """
# [[code]]
# code = "ACCEPTANCE_REQUIRED"
# zh = "还没有验收，请先验收再登记。"
# en = "Not accepted yet: have it accepted, then register it."
"""
_ARTICLE: Final = """
# [[clause]]
# id = "第九条"
# section = "第三章"
# title = "签订合同"
# quote = "对外经营必须签订书面合同"
# answers = ["C4.7-03", "C4.11-02"]
"""
_PARAMETERS_ONLY: Final = """
# 沿用他县时只写不同的参数。下面是沿用的各参数；需要改动的，去掉行首的“# ”，改值、依据和条款。
"""
_REPLACES: Final = """
# 沿用他县时，一种块只要写出一行，就取代他县整种块。不同之处写在这里；没有不同，可以删去本文件。
"""


@dataclass(frozen=True, slots=True)
class Beginning:
    """First facts of a county's folder: its code and name, its document, and the day its rules begin."""

    county: str
    name: str
    document_no: str
    title: str
    first_day: date
    based_on: str | None = None


def template(beginning: Beginning, base: Folder) -> dict[str, str]:
    """The files of the folder, name → text. `base`: the folder of the county that tables are taken over from."""
    files = {
        POLICY: _commented(POLICY) + _policy(beginning),
        ARTICLES: _commented(ARTICLES) + _articles(),
        CODES: _commented(CODES) + _WORDING,
        TEXT: f"{beginning.document_no}\n{beginning.title}\n\n（请以文件全文替换本行）\n",
        DIVISIONS: f"{','.join(COLUMNS)}\n{beginning.county}000000,{beginning.name},county,\n",
    }
    tables = taken_over(base, beginning.first_day)
    for file in FILES:
        if file == POLICY:
            continue
        stem = file.removesuffix(".toml")
        of_file = {
            name.partition(".")[2]: tables.get(name, []) for name in TABLES if name.split(".")[0] == stem
        }
        files[file] = _commented(file) + _rows(of_file, beginning, file)
    return files


def guide(file: str) -> str:
    """The page on a file of a county's folder."""
    stem = file.rpartition(".")[0]
    return resources.files("domain").joinpath("regulation", GUIDE, f"{stem}.md").read_text("utf-8")


def _commented(file: str) -> str:
    return "".join(f"# {line.lstrip('# ')}".rstrip() + "\n" for line in guide(file).splitlines())


def _policy(beginning: Beginning) -> str:
    head = {"county": beginning.county, "name": beginning.name}
    if beginning.based_on is not None:
        head["based_on"] = beginning.based_on
    version = {
        "number": 1,
        "document_no": beginning.document_no,
        "title": beginning.title,
        "issued_on": beginning.first_day,
        "reason": "印发。",
        "article": "C0-02",
        "in_force_from": beginning.first_day,
    }
    return "\n" + _fields(head) + "\n[[version]]\n" + _fields(version)


def _articles() -> str:
    asked = "".join(f"#   {clause.key} {clause.title}\n" for clause in clauses().values())
    return (
        f"\nnot_in_document = []\n\n# 写法：\n{_ARTICLE}\n"
        f"# 需要答复的要求，逐项写入某条条文的 answers，或写入 not_in_document：\n{asked}"
    )


def _rows(tables: Mapping[str, Iterable[Mapping[str, Any]]], beginning: Beginning, file: str) -> str:
    blocks = "".join(f"\n[[{table}]]\n{_fields(row)}" for table, rows in tables.items() for row in rows)
    if beginning.based_on is None:
        return blocks
    if file != "parameters.toml":
        return _REPLACES
    return _PARAMETERS_ONLY + "".join(f"# {line}".rstrip() + "\n" for line in blocks.strip("\n").split("\n"))


# ---- TOML ----------------------------------------------------------------------------------------------------------


def _fields(row: Mapping[str, Any]) -> str:
    return "".join(f"{name} = {_toml(value, inline=False)}\n" for name, value in row.items())


def _toml(value: Any, *, inline: bool = True) -> str:
    """A value as TOML writes it; a list of tables one to a line where it stands alone."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | date():
            return str(value)
        case dict():
            return "{ " + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + " }"
        case list() if not inline and any(isinstance(one, dict) for one in value):
            return "[\n" + "".join(f"  {_toml(one)},\n" for one in value) + "]"
        case list():
            return "[" + ", ".join(_toml(one) for one in value) + "]"
        case _:
            escaped = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{escaped}"'
