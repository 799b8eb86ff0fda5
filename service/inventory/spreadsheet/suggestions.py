"""Suggestions for headings that are not understood: by their likeness to known ones, and by what their cells hold.

A suggestion is told and never followed: a person puts it into the mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher, get_close_matches
from typing import Final

from service.inventory.spreadsheet.words import columns_by_heading, heading

LIKE: Final = 0.6
"""So much of two headings has to be the same."""
HELD: Final = 0.8
"""So many of a column's cells have to be of a kind."""
LONGEST: Final = 60
"""Characters of a text that are compared."""
LOOKED_AT: Final = 200
"""Cells of a column that are looked at."""
SEARCHES: Final = 300
"""Words of a file that likely ones are searched for: a search takes milliseconds, and a file may be wrong in every row."""


Fits = Mapping[str, Callable[[str], bool]]
"""By field, whether the field's tables know a text."""


def by_likeness(text: str, taken: set[str]) -> str | None:
    """The field of the known heading that is most like this one."""
    key = heading(text.rpartition("/")[2])[:LONGEST]
    best: tuple[float, str] = (0.0, "")
    for known, column in columns_by_heading().items():
        if column.field in taken or column.kind == "ignored":
            continue
        same = SequenceMatcher(None, key, known).ratio()
        if known in key and len(known) > 1:
            same = max(same, LIKE + len(known) / len(key) / 10)
        best = max(best, (same, column.field))
    return best[1] if best[0] >= LIKE else None


def by_content(cells: Iterator[object], fits: Fits, taken: set[str]) -> str | None:
    """The field whose tables know what stands in most of the cells."""
    texts: Sequence[str] = [
        str(cell) for _, cell in zip(range(LOOKED_AT), (one for one in cells if one != ""), strict=False)
    ]
    for field, fit in fits.items():
        if field not in taken and texts and sum(fit(text) for text in texts) >= HELD * len(texts):
            return field
    return None


class Likeness:
    """Search for the known names that are most like a word: once for each, and so often for a file."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[str]] = {}

    def of(self, kind: str, text: str, known: Iterable[str]) -> list[str]:
        """The known names most like this, one or two; none where nothing is, or when so many were searched for."""
        found = self._found.get((kind, text))
        if found is None:
            if len(self._found) >= SEARCHES:
                return []
            found = self._found[kind, text] = get_close_matches(text[:LONGEST], list(known), n=2, cutoff=LIKE)
        return found
