"""Suggestions for headings that are not understood: by their likeness to known ones, and by what their cells hold.

A suggestion is told and never followed: a person puts it into the mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final

from service.inventory.spreadsheet.words import columns_by_heading, heading

LIKE: Final = 0.6
"""So much of two headings has to be the same."""
HELD: Final = 0.8
"""So many of a column's cells have to be of a kind."""
LOOKED_AT: Final = 200
"""Cells of a column that are looked at."""


Fits = Mapping[str, Callable[[str], bool]]
"""By field, whether the field's tables know a text."""


def by_likeness(text: str, taken: set[str]) -> str | None:
    """The field of the known heading that is most like this one."""
    key = heading(text.rpartition("/")[2])
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
