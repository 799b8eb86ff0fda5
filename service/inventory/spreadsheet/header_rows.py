"""Rows of a header: over merged cells or in delimited text, and per column its headings from above to below. What the
headings mean is not judged here, only whether enough of them are known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from domain.refusals import refuse
from service.inventory.spreadsheet.grid import Cell, Grid
from service.inventory.spreadsheet.words import columns_by_heading, dividing_headings, heading, more_headings

SEARCHED_ROWS: Final = 40
"""A header begins in one of the first rows."""
ENOUGH: Final = 4
"""So many known headings in one row make it a header."""
MONEY_UNIT: Final = re.compile(r"百万元|万元|千元|元")
_SUMS: Final = frozenset({"小计", "合计", "其中"})


def key_of(text: str) -> str:
    """A heading as it is looked up; an amount's unit that stands without brackets does not count."""
    key = heading(text)
    unit = MONEY_UNIT.search(key)
    if unit is None or unit.end() != len(key) or not unit.start():
        return key
    return key[: unit.start()].removesuffix(":").removesuffix("单位").rstrip("/、,:-") or key


def header_rows(
    grid: Grid, sources: Mapping[str, str], mapped: frozenset[str], top: int | None = None
) -> tuple[int, int] | None:
    """First and last row of the header; of another table's, whose first known row is `top`.

    `mapped`: headings that a mapping knows. None where there is no header. HEADER_NOT_FOUND for one that never ends.
    """
    if top is None:
        rows = enumerate(grid.rows[:SEARCHED_ROWS])
        top = next((number for number, row in rows if is_header(row, mapped)), None)
        if top is None:
            return None
        first = _raised(grid, top)
    else:
        first = top
    return first, _bottom_of(grid, first, top, sources, mapped)


def is_header(row: Sequence[Cell], mapped: frozenset[str] = frozenset()) -> bool:
    """Whether a row has as many known headings as a header has."""
    known = columns_by_heading()
    found = {
        known[key].field if key in known else key
        for cell in row
        if isinstance(cell, str)
        and ((key := key_of(cell)) in known or key in mapped or key in more_headings())
    }
    return len(found) >= ENOUGH


def _raised(grid: Grid, top: int) -> int:
    """The header's first row, where groups of headings stand above the row that was known (资金来源 over 中央)."""
    while top > 0:
        reaching = [merge.top for merge in grid.merges if merge.top < top <= merge.bottom]
        if reaching:
            top = min(reaching)
        elif _is_group_row(grid, top - 1):
            top -= 1
        else:
            break
    return top


def _is_group_row(grid: Grid, number: int) -> bool:
    """A row of headings over several columns each: texts only, not one title over all, no notes (填报单位：…)."""
    cells = [cell for cell in grid.rows[number] if cell != ""]
    groups = [merge for merge in grid.merges if merge.top == number and merge.right > merge.left]
    return (
        len(cells) >= 2
        and all(isinstance(cell, str) and not re.search(r"[:：0-9]", cell) for cell in cells)
        and (bool(groups) or not grid.merges)
        and (bool(groups) or len(cells) >= 3)
    )


def _bottom_of(grid: Grid, top: int, least: int, sources: Mapping[str, str], mapped: frozenset[str]) -> int:
    """The header's last row: as deep as its merged cells reach, and rows of sub-headings below."""
    bottom = least
    while True:
        deepest = max(
            (merge.bottom for merge in grid.merges if top <= merge.top <= bottom < merge.bottom),
            default=bottom,
        )
        if deepest == bottom and _is_subheading(grid, top, bottom + 1, sources, mapped):
            deepest = bottom + 1
        elif deepest == bottom and (
            _divides(grid, bottom + 1) and _is_subheading(grid, top, bottom + 2, sources, mapped)
        ):
            deepest = bottom + 2
        if deepest == bottom:
            return bottom
        bottom = deepest
        if bottom - top > SEARCHED_ROWS:
            raise refuse(
                "HEADER_NOT_FOUND", reason=f"表头超过 {SEARCHED_ROWS} 行 / a header of more rows than that"
            )


def _is_subheading(
    grid: Grid, top: int, number: int, sources: Mapping[str, str], mapped: frozenset[str]
) -> bool:
    """A row of headings only, most of them known, and fewer than the row above: each divides one of its headings."""
    if number >= len(grid.rows):
        return False
    known = columns_by_heading()
    cells = [cell for cell in grid.rows[number] if cell != ""]
    if not cells or len(cells) == sum(cell != "" for cell in grid.rows[top]):
        return False
    if not all(isinstance(cell, str) for cell in cells):
        return False
    found = [
        key
        for cell in cells
        if (key := key_of(str(cell))) in known
        or key in sources
        or key in mapped
        or key in more_headings()
        or key in dividing_headings()
        or key in _SUMS
    ]
    return len(found) * 2 > len(cells) or (len(found) == len(cells) and bool(found))


def _divides(grid: Grid, number: int) -> bool:
    """A row of texts with blanks between them, as headings that are divided further have in delimited text."""
    if number >= len(grid.rows) or grid.merges:
        return False
    cells = [cell for cell in grid.rows[number] if cell != ""]
    return bool(cells) and all(isinstance(cell, str) and not cell[:1].isdigit() for cell in cells)


def paths_of(grid: Grid, top: int, bottom: int) -> list[list[str]]:
    """Per column the headings from above to below, merged ones in each of their columns."""
    rows: list[list[Cell]] = [list(row) for row in grid.rows[top : bottom + 1]]
    for merge in grid.merges:
        if top <= merge.top <= bottom:
            text = grid.rows[merge.top][merge.left]
            for level in range(merge.top - top, min(merge.bottom, bottom) - top + 1):
                for column in range(merge.left, merge.right + 1):
                    rows[level][column] = text
    if not any(top <= merge.top <= bottom and merge.right > merge.left for merge in grid.merges):
        _spread(rows)
    paths: list[list[str]] = []
    for index in range(len(rows[0])):
        path: list[str] = []
        for row in rows:
            text = str(row[index]).strip()
            if text and (not path or path[-1] != text):
                path.append(text)
        paths.append(path)
    return paths


def _spread(rows: list[list[Cell]]) -> None:
    """Delimited text has no merged cells: a heading reaches right over the blanks that have sub-headings below, up to
    where a heading above it begins.
    """
    written = [list(row) for row in rows]
    for level in range(len(rows) - 2, -1, -1):
        row = rows[level]
        for index in range(1, len(row)):
            begins = any(above[index] != "" for above in written[:level])
            if row[index] == "" and rows[level + 1][index] != "" and not begins:
                row[index] = row[index - 1]


def label_of(path: Sequence[str]) -> str:
    """A column's headings in one line."""
    return "/".join(re.sub(r"\s+", "", text) for text in path)
