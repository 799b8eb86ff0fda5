"""A column mapping (列对应): what a person decided about the headings and the words of a layout, to be used again.

The vocabulary says what is meant wherever it is written; a mapping says what one office means by it. It comes before the
vocabulary, for this layout alone. What it says is said by a person: nothing here is guessed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import Field

from domain.classification import UNIT
from domain.refusals import refuse
from domain.values import Name, Text, Value
from service.inventory.spreadsheet.words import columns_by_field, plain

MoneyUnit = Literal["元", "千元", "万元", "百万元"]
FUND: Final = "fund:"
"""Before the code of a source: a column of that source's money."""
YEAR_DAYS: Final = MappingProxyType({"FIRST_DAY": (1, 1), "LAST_DAY": (12, 31)})


class MappedColumn(Value):
    """Meaning of a heading. Without a field the column is not read."""

    heading: Annotated[Text, UNIT] = Field(title="表头", description="上下级表头以“/”连接，如 资金来源/中央")
    field: Annotated[Name, UNIT] | None = Field(
        default=None, title="对应的登记内容", description="登记内容名，或 fund:资金来源代码；不填为不读取"
    )
    unit: MoneyUnit | None = Field(default=None, title="金额单位", description="表头没有写明或写错时填写")


class MappedWord(Value):
    """Meaning of a word in cells of a column."""

    field: Annotated[Name, UNIT] = Field(title="登记内容")
    word: Annotated[Text, UNIT] = Field(title="表中写法")
    code: Annotated[Name, UNIT] = Field(title="所指代码")


class GivenOnce(Value):
    """A value for the whole ledger, which has no column for it; written as in a cell."""

    field: Annotated[Name, UNIT] = Field(title="登记内容")
    value: Annotated[Text, UNIT] = Field(title="内容")


class ColumnMapping(Value):
    """Decisions about one layout of ledgers."""

    columns: tuple[MappedColumn, ...] = Field(default=(), title="列对应", max_length=200)
    words: tuple[MappedWord, ...] = Field(default=(), title="写法对应", max_length=2000)
    given: tuple[GivenOnce, ...] = Field(default=(), title="全表统一填写的内容", max_length=50)
    year_alone: Literal["FIRST_DAY", "LAST_DAY"] | None = Field(
        default=None,
        title="只有年份的日期",
        description="FIRST_DAY 按当年 1 月 1 日，LAST_DAY 按 12 月 31 日",
    )

    def column(self, heading: str) -> MappedColumn | None:
        """What is said of a heading."""
        return next((one for one in self.columns if plain(one.heading) == plain(heading)), None)


UNMAPPED: Final = ColumnMapping()


def check_mapping(mapping: ColumnMapping, sources: Sequence[str], types: Sequence[str]) -> None:
    """Hold a mapping against the fields, fund sources and types of assets there are. CODE_UNKNOWN, FIELD_INVALID.

    Units and places are asked of the directory where a row names them.
    """
    fields = columns_by_field()
    for column in mapping.columns:
        if column.field is None:
            continue
        source = column.field.removeprefix(FUND)
        known = source in sources if column.field.startswith(FUND) else column.field in fields
        if not known:
            raise refuse("CODE_UNKNOWN", field=f"columns.field {column.heading}", value=column.field)
    for word in mapping.words:
        if word.field not in fields:
            raise refuse("CODE_UNKNOWN", field="words.field", value=word.field)
        known_codes = {"assetType": types, "fundSource": sources}.get(word.field)
        if known_codes is not None and word.code not in known_codes:
            raise refuse("CODE_UNKNOWN", field=f"words.code {word.word}", value=word.code)
    for given in mapping.given:
        if given.field not in fields or not fields[given.field].once:
            reason = "每项资产各不相同，不能全表统一填写 / differs from asset to asset"
            raise refuse("FIELD_INVALID", field="given.field", value=given.field, reason=reason)


def layout_of(headings: Sequence[str]) -> str:
    """A layout's name: the digest of its headings from left to right."""
    return hashlib.sha256("\n".join(plain(one) for one in headings).encode()).hexdigest()[:16]


class Mappings:
    """Mappings that a sheet may be read by: one that was chosen for it, else the one that was kept for its layout."""

    def __init__(
        self, chosen: ColumnMapping | None = None, kept: Mapping[str, ColumnMapping] | None = None
    ) -> None:
        self.chosen = chosen
        self._kept = kept or {}

    def of(self, layout: str) -> ColumnMapping:
        """The mapping of a layout. One that was chosen is all there is; of those that were kept, the words of others hold
        for this layout too.
        """
        if self.chosen is not None:
            return self.chosen
        own = self._kept.get(layout, UNMAPPED)
        words = {(one.field, plain(one.word)): one for kept in self._kept.values() for one in kept.words}
        words |= {(one.field, plain(one.word)): one for one in own.words}
        return own.model_copy(update={"words": tuple(words.values())})
