"""The clerks' vocabulary (`columns.toml`): headings, fund names, words for codes, and rows that are no assets."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict

CellKind = Literal[
    "ignored",
    "code",
    "text",
    "class",
    "subclass",
    "type",
    "day",
    "yearOrDay",
    "years",
    "quantity",
    "items",
    "money",
    "fundSource",
    "flag",
    "township",
    "place",
    "scope",
    "unit",
    "unitKind",
    "acceptance",
]
RowKind = Literal["TOTAL", "SUBTOTAL", "NOTE", "SECTION", "HEADER", "EMPTY"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnWords(_Entry):
    """A column clerks fill in. `zh` is its heading in the template."""

    field: str
    zh: str
    names: tuple[str, ...] = ()
    kind: CellKind
    required: bool = False
    template: bool = True


class FundWords(_Entry):
    """Words for a source of money over a column."""

    source: str
    names: tuple[str, ...]


class CodeWords(_Entry):
    """Words for a code in a cell."""

    kind: CellKind
    code: str
    names: tuple[str, ...]


class RowWords(_Entry):
    """Words by which a row that is no asset begins."""

    kind: RowKind
    pattern: str


class Vocabulary(_Entry):
    """A columns.toml."""

    column: tuple[ColumnWords, ...]
    fund: tuple[FundWords, ...]
    word: tuple[CodeWords, ...]
    row: tuple[RowWords, ...]


@cache
def vocabulary() -> Vocabulary:
    """The packaged vocabulary. Read once; a heading that stands for two columns is a mistake of the file."""
    source = resources.files("service.inventory.spreadsheet").joinpath("columns.toml")
    read = Vocabulary.model_validate(tomllib.loads(source.read_text("utf-8")))
    headings = [
        one for column in read.column for one in {heading(name) for name in (column.zh, *column.names)}
    ]
    twice = {name for name in headings if headings.count(name) > 1}
    if twice:
        msg = f"columns.toml has headings of two columns: {', '.join(sorted(twice))}"
        raise ValueError(msg)
    return read


@cache
def columns_by_heading() -> MappingProxyType[str, ColumnWords]:
    """Every heading as it is compared, and its column."""
    return MappingProxyType(
        {heading(name): column for column in vocabulary().column for name in (column.zh, *column.names)}
    )


@cache
def codes_by_word(kind: CellKind) -> MappingProxyType[str, str]:
    """What is written in cells of this kind, as it is compared, and its code. Codes stand for themselves."""
    words = [word for word in vocabulary().word if word.kind == kind]
    return MappingProxyType(
        {plain(name): word.code for word in words for name in word.names}
        | {plain(word.code): word.code for word in words}
    )


@cache
def row_patterns() -> tuple[tuple[RowKind, re.Pattern[str]], ...]:
    """The patterns of rows that are no assets."""
    return tuple((row.kind, re.compile(row.pattern)) for row in vocabulary().row)


_BLANKS = re.compile(r"\s+")
_BRACKETS = re.compile(r"[（(\[【][^（()）\]】]*[)）\]】]")


def plain(text: str) -> str:
    """Text as it is compared: full-width letters and digits made plain, no blanks, one case, one kind of bracket."""
    folded = unicodedata.normalize("NFKC", text)  # also turns （） into ()
    return _BLANKS.sub("", folded).casefold()


def heading(text: str) -> str:
    """A heading as it is compared: like `plain`, without what stands in brackets, unless that is all or within 乡（镇）."""
    whole = plain(text).replace("乡(镇)", "乡镇").replace("农(牧)", "农牧")
    return _BRACKETS.sub("", whole).strip(":、*") or whole
