"""The Chinese of refusals held in every test: no parameter that has words is told as an identifier.

In every process of a run, whatever a refusal's parameters are told as is looked at (`domain.regulation.telling`). A code of
a list, the name of a field or an English reason that is left in a Chinese sentence is noted as a departure from the
contract is, and the test during which it happened fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from domain.regulation import Regulation
from domain.regulation.telling import AS_IT_STANDS, Tell, Telling
from domain.words import LISTS

_TOKEN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_QUOTED: Final = re.compile(r"“[^”]*”")
"""What somebody typed."""
_CAMEL: Final = re.compile(r"[a-z]+[A-Z]")
_WORDS: Final = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")

_told: Final = Telling.told


@cache
def codes() -> frozenset[str]:
    """Every code that some list of the service or of the county has a word for, and that looks like a word."""
    found = {code for words in LISTS.values() for code in words}
    regulation = Regulation.load()
    for rows in regulation.rows.values():
        for row in rows:
            if row.KEY and hasattr(row, "zh"):
                found.add(str(getattr(row, row.KEY[-1])))
    return frozenset(code for code in found if len(code) >= 4 and not any(mark.isdigit() for mark in code))


_TYPED: Final = frozenset({"NO_SUCH_CODE", "OFFICE_EXPENSES", "TAIZHANG_MASTERS", "TEA_PARTY"})
"""Codes that tests make up, of lists that do not have them, and a setting, which has no Chinese."""


def identifiers_in(said: str) -> list[str]:
    """What in a Chinese sentence only a program calls so: names of fields, codes of lists."""
    return [
        token
        for token in _TOKEN.findall(_QUOTED.sub("", said))
        if (_CAMEL.match(token) or "_" in token or token in codes()) and token not in _TYPED
    ]


def untold(kinds: Mapping[str, tuple[str, ...]], told: Mapping[str, Any]) -> Iterator[str]:
    """Parameters that a Chinese sentence says as identifiers, though their code says what they are."""
    for name, value in told.items():
        of = kinds.get(name, ())
        if not of or AS_IT_STANDS.intersection(of):
            continue
        for one in value if isinstance(value, list) else [value]:
            said = str(one)
            if of == ("reason",) and said.isascii() and _WORDS.search(said):
                yield f"{name} is told in English: {said!r}"
            elif found := identifiers_in(said):
                yield f"{name} is told as {found[0]!r} in {said!r}, of {list(of)}"


def install(note: Callable[[Iterable[str]], None]) -> None:
    """Look at every parameter that is told in this process from now on."""

    def told(
        self: Telling,
        kinds: Mapping[str, tuple[str, ...]],
        params: Mapping[str, Any],
        request: Mapping[str, Tell],
    ) -> dict[str, Any]:
        found = _told(self, kinds, params, request)
        if request:  # of a request that is answered: the sentence is read
            note(
                [f"a refusal in Chinese ({request['operation']('')}): {one}" for one in untold(kinds, found)]
            )
        return found

    Telling.told = told  # type: ignore[method-assign]  # the one place where parameters get their words
