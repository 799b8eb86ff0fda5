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
    "measure",
]
RowKind = Literal["TOTAL", "SUBTOTAL", "NOTE", "SECTION", "HEADER", "EMPTY"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnWords(_Entry):
    """A column clerks fill in. `zh` is its heading in the template; `weak`: headings that mean it where no other column
    does; `once`: may be given for all rows of a ledger that has no such column.
    """

    field: str
    zh: str
    names: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    kind: CellKind
    required: bool = False
    template: bool = True
    once: bool = False


class FundWords(_Entry):
    """Words for a source of money over a column."""

    source: str
    names: tuple[str, ...]


class ActWords(_Entry):
    """Headings of what is no part of the register card, and the act that records it."""

    act: str
    names: tuple[str, ...]


class UndecidedWords(_Entry):
    """Headings under 资金来源 that may be several sources: which of them is decided by the mapping."""

    sources: tuple[str, ...]
    names: tuple[str, ...]


class CodeWords(_Entry):
    """Words for a code in a cell."""

    kind: CellKind
    code: str
    names: tuple[str, ...]


class TypeWords(_Entry):
    """Words that a type is likely to be meant by."""

    code: str
    names: tuple[str, ...]


class ValueRange(_Entry):
    """Yuan that one unit of measure of anything usually costs: the order of magnitude, no rule."""

    unit: str
    least: int | None = None
    most: int | None = None


class RowWords(_Entry):
    """Words by which a row that is no asset begins."""

    kind: RowKind
    pattern: str


class Vocabulary(_Entry):
    """A columns.toml."""

    column: tuple[ColumnWords, ...]
    fund: tuple[FundWords, ...]
    level: tuple[str, ...]
    """Levels of government that divide the money of one source."""
    undecided: tuple[UndecidedWords, ...]
    act: tuple[ActWords, ...]
    word: tuple[CodeWords, ...]
    likely: tuple[TypeWords, ...]
    range: tuple[ValueRange, ...]
    row: tuple[RowWords, ...]


@cache
def vocabulary() -> Vocabulary:
    """The packaged vocabulary. Read once; a heading that stands for two columns is a mistake of the file, unless it is
    one that means a column only where no other does.
    """
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
def columns_by_field() -> MappingProxyType[str, ColumnWords]:
    """Every column by the field that it is read into."""
    return MappingProxyType({column.field: column for column in vocabulary().column})


@cache
def weak_by_heading() -> MappingProxyType[str, tuple[str, ...]]:
    """Headings that mean a field where no other column does, with those fields in the vocabulary's order."""
    found: dict[str, tuple[str, ...]] = {}
    for column in vocabulary().column:
        for name in column.weak:
            found[heading(name)] = (*found.get(heading(name), ()), column.field)
    return MappingProxyType(found)


@cache
def acts_by_heading() -> MappingProxyType[str, str]:
    """Headings of what is no part of the register card, and the act that records it."""
    return MappingProxyType({heading(name): one.act for one in vocabulary().act for name in one.names})


@cache
def types_by_likely_word() -> MappingProxyType[str, str]:
    """Words that a type is likely to be meant by, and the type."""
    return MappingProxyType({plain(name): one.code for one in vocabulary().likely for name in one.names})


@cache
def value_ranges() -> MappingProxyType[str, tuple[int | None, int | None]]:
    """Least and most fen that one unit usually costs."""
    return MappingProxyType(
        {one.unit: (one.least and one.least * 100, one.most and one.most * 100) for one in vocabulary().range}
    )


@cache
def levels() -> frozenset[str]:
    """Levels of government, as headings are compared."""
    return frozenset(heading(name) for name in vocabulary().level)


@cache
def sources_by_undecided() -> MappingProxyType[str, tuple[str, ...]]:
    """Headings that may be several sources, and which."""
    return MappingProxyType(
        {heading(name): one.sources for one in vocabulary().undecided for name in one.names}
    )


@cache
def more_headings() -> frozenset[str]:
    """Headings that are known for something else than a column of their own."""
    return frozenset(weak_by_heading()) | frozenset(acts_by_heading())


@cache
def dividing_headings() -> frozenset[str]:
    """Headings that divide the money, under a source or under 资金来源."""
    return levels() | frozenset(sources_by_undecided())


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
