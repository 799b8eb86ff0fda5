"""Resolution of what clerks write in cells to the codes of the county's tables: types, units of measure, funds, units.

A word is resolved by the tables' own names, by the vocabulary, or by what the mapping says of it. What is only likely is
suggested beside the refusal: a person decides, and the mapping remembers it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from domain.refusals import refuse
from domain.regulation import Rules, rows
from service.inventory.spreadsheet.mapping import ColumnMapping
from service.inventory.spreadsheet.names import Names
from service.inventory.spreadsheet.suggestions import Fits, Likeness
from service.inventory.spreadsheet.words import codes_by_word, plain, types_by_likely_word

LONGEST_WORD: Final = 80
"""Longer texts are no name of anything."""
_WITH_BRACKETS: Final = re.compile(r"(.+)\((.+)\)")


class Resolution:
    """Words and their codes, by the tables of a day and a mapping."""

    def __init__(
        self, rules: Rules, names: Names, sources: Mapping[str, str], mapping: ColumnMapping
    ) -> None:
        self._names = names
        self._sources = sources
        self._decided = {(one.field, plain(one.word)): one.code for one in mapping.words}
        self._likeness = Likeness()
        types = rules.table("asset_types.type", rows.AssetType)
        self.type_rows = {row.code: row for row in types}
        self._types = {plain(name): row.code for row in types for name in (row.zh, row.code)}
        self._measures = {
            plain(row.unit): row.unit for row in rules.table("units_of_measure.unit", rows.UnitOfMeasure)
        }
        self._measures |= codes_by_word("measure")

    def type_of(self, text: str, field: str) -> str:
        """An asset type; a sub-type may stand in brackets after its type (农田水利（防渗渠）). CODE_UNKNOWN."""
        code = (
            self._decided.get(("assetType", plain(text)))
            or self._types.get(plain(text))
            or self._subtype(text)
        )
        if code is None:
            likely = self._likely_type(text)
            suggested = [f"{self.type_rows[likely].zh}（{likely}）"] if likely is not None else []
            raise refuse("CODE_UNKNOWN", field=field, value=text, suggested=suggested or None)
        return code

    def _subtype(self, text: str) -> str | None:
        match = _WITH_BRACKETS.fullmatch(plain(text)) if len(text) <= LONGEST_WORD else None
        if match is None:
            return None
        outer, inner = (self._types.get(part) for part in match.groups())
        if inner is None or outer is None or self.type_rows[inner].parent != outer:
            return None
        return inner

    def _likely_type(self, text: str) -> str | None:
        """The type of the longest known word that stands in the text; else the one whose name is most like it."""
        key = plain(text)
        known = {**self._types, **types_by_likely_word()}
        inside = [name for name in known if len(name) > 1 and name in key]
        if inside:
            return known[max(inside, key=len)]
        like = self._likeness.of("type", key, known)
        return known[like[0]] if like else None

    def measure_of(self, text: str) -> str:
        """A unit of measure by the table's name; one that it does not have is judged with the card."""
        return self._decided.get(("unitOfMeasure", plain(text))) or self._measures.get(plain(text), text)

    def measure_in(self, heading: str) -> str | None:
        """The unit of measure in a heading's brackets (数量（只）)."""
        match = _WITH_BRACKETS.fullmatch(plain(heading[-LONGEST_WORD:]))
        return self._measures.get(match[2]) if match is not None else None

    def fund_source_of(self, text: str) -> str:
        """A source of money. FUND_SOURCE_UNKNOWN."""
        code = self._decided.get(("fundSource", plain(text))) or self._sources.get(plain(text))
        if code is None:
            like = [
                f"{name}（{self._sources[name]}）"
                for name in self._likeness.of("fund", plain(text), self._sources)
            ]
            raise refuse("FUND_SOURCE_UNKNOWN", source=text, suggested=like or None)
        return code

    def unit_of(self, text: str, field: str) -> tuple[str, str]:
        """A unit's code and kind. CODE_UNKNOWN, CELL_AMBIGUOUS."""
        unit = self._names.unit(self._decided.get(("implementer", plain(text))) or text, field)
        return unit.code, unit.kind

    def fits(self) -> Fits:
        """By field, whether its tables know a text."""
        classes = codes_by_word("class")
        return {
            "assetType": lambda text: plain(text) in self._types or self._subtype(text) is not None,
            "unitOfMeasure": lambda text: plain(text) in self._measures,
            "location": self._names.knows_place,
            "implementer": self._names.knows_unit,
            "assetClass": lambda text: plain(text) in classes,
            "fundSource": lambda text: plain(text) in self._sources,
        }

    def place_name(self, field: str, text: str) -> str:
        """A place as it is looked up: by the code that the mapping has for it, or as it is written."""
        return self._decided.get((field, plain(text))) or text
