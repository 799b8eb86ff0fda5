"""Chinese words for codes on ledgers: by the list that a column names, in the words of the county's own rules.

For spreadsheets and pages that people read. The API gives codes, with Chinese titles in its schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from domain.classification import MASK
from domain.regulation import Regulation
from domain.sealed import hidden
from domain.values import Fen
from projections.engine.meaning import ByKey, Codes, Each, Meaning, Money, Named, OneOf, Parts

Names = Mapping[str, Mapping[str, str]]
"""What units, divisions and persons are called: kind → code → name."""

_BY: Final = {"regimes.accounting_system": "regime"}
"""Tables whose rows are known by another field than `code`."""
_DEPARTMENTS: Final = Codes(tables=("departments.organization",))


class Words:
    """Codes and their Chinese, of one county."""

    def __init__(self, regulation: Regulation) -> None:
        self._rows = regulation.rows
        self._lists: dict[Codes, Mapping[str, str]] = {}

    def of(self, codes: Codes) -> Mapping[str, str]:
        """Code → Chinese of one list."""
        if codes not in self._lists:
            found: dict[str, str] = {}
            for source in self._sources(codes):
                found = source | found
            self._lists[codes] = found
        return self._lists[codes]

    def word(self, codes: Codes, code: str) -> str:
        """The Chinese of one code; the code itself where the list does not have it."""
        return self.of(codes).get(code, code)

    def _sources(self, codes: Codes) -> Iterator[dict[str, str]]:
        for name in codes.tables:
            by = _BY.get(name, "code")
            rows: list[Any] = sorted(self._rows[name], key=lambda row: row.in_force_from)
            yield {getattr(row, by): row.zh for row in rows}
        for name in codes.terms:
            yield self._terms.get(name, {})
        yield codes.own

    @cached_property
    def _terms(self) -> dict[str, dict[str, str]]:
        lists: dict[str, dict[str, str]] = {}
        for term in self._rows["vocabularies.term"]:
            lists.setdefault(term.list, {})[term.code] = term.zh  # type: ignore[attr-defined]
        return lists

    def tell(self, value: Any, meaning: Meaning, names: Names) -> str:
        """A value in words: codes in Chinese, units with their names, lists one after the other, amounts in yuan."""
        if value is None:
            return ""
        if value == MASK:  # what is masked is told as that, whatever would stand there
            return MASK
        match meaning:
            case Money():
                return f"{Fen(value).yuan()}元" if isinstance(value, int) else str(value)
            case Each(of):
                return "；".join(self.tell(one, of, names) for one in value)
            case ByKey(key, of):
                return "；".join(
                    f"{self.tell(name, key, names)} {self.tell(one, of, names)}"
                    for name, one in value.items()
                )
            case Parts(of):
                told = (self.tell(value.get(name), member.of, names) for name, member in of)
                return " ".join(part for part in told if part)
            case OneOf(of):
                every = (self.tell(value, one, names) for one in of)
                return next((one for one in every if one != value), str(value))
            case Codes():
                return self.word(meaning, str(value))
            case Named(kinds):
                return self._named(str(value), kinds, names)
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, list | tuple):
            return "；".join(self.tell(one, meaning, names) for one in value)
        return hidden(str(value))

    def _named(self, code: str, kinds: tuple[str, ...], names: Names) -> str:
        """A code with its name before it; a department that the directory does not have yet as the rules call it."""
        for kind in kinds:
            if code in names.get(kind, {}):
                return f"{names[kind][code]}（{code}）"
        return self.of(_DEPARTMENTS).get(code, code) if "unit" in kinds else code
