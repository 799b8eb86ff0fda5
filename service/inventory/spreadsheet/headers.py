"""Which column means what: the header of a ledger, over one row or several, with merged cells.

A column means what its lowest heading says, together with the heading above it where that alone is not enough
(资产 / 名称). Amounts need their unit on the column, above it, or once for the sheet (单位：万元); a note for the sheet that
says otherwise than a column is refused. Every table of a sheet has a header of its own. What can be read in two ways is
refused with its columns; a column that is not known is told, never used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain.refusals import Refusal, refuse
from service.inventory.spreadsheet.container import column_letters
from service.inventory.spreadsheet.grid import Cell, Grid
from service.inventory.spreadsheet.words import CellKind, columns_by_heading, heading, plain, vocabulary

SEARCHED_ROWS: Final = 40
"""A header begins in one of the first rows."""
ENOUGH: Final = 4
"""So many known headings in one row make it a header."""

FEN_PER_UNIT: Final = {"元": 100, "千元": 100_000, "万元": 1_000_000, "百万元": 100_000_000}
_UNIT: Final = re.compile(r"百万元|万元|千元|元")
_BRACKETED: Final = re.compile(r"\(([^()]*)\)")
_SHEET_UNIT: Final = re.compile(r"单位[:为]?[^元:]{0,8}?(百万元|万元|千元|元)")
_UNIT_ALONE: Final = re.compile(r"\((百万元|万元|千元|元)\)")


@dataclass(frozen=True, slots=True)
class LedgerColumn:
    """A column of the ledger. `unit`: fen in one unit of its numbers (money only); `source`: of a fund column."""

    index: int
    field: str
    kind: CellKind
    label: str
    unit: int = 0
    source: str | None = None

    @property
    def letters(self) -> str:
        """As a spreadsheet names it."""
        return column_letters(self.index)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a sheet: rows `top` to `bottom` (from 0), the columns that are read, and those that are not."""

    top: int
    bottom: int
    columns: tuple[LedgerColumn, ...]
    unread: tuple[tuple[str, str], ...]
    """(letters, heading) of columns whose heading is not known."""
    sheet_unit: int = 0
    """Fen in one unit of amounts, as it is said once for the sheet; 0 where it is not."""

    def of(self, field: str) -> LedgerColumn | None:
        """The column of a field."""
        return next((column for column in self.columns if column.field == field), None)

    def reads_like(self, other: Header) -> bool:
        """Whether every column means the same in both."""
        return [(one.index, one.field, one.unit) for one in self.columns] == [
            (one.index, one.field, one.unit) for one in other.columns
        ]


def looks_like_ledger(grid: Grid) -> bool:
    """Whether the sheet has a header."""
    return _top_of(grid) is not None


def header_of(grid: Grid, sources: Mapping[str, str]) -> Header:
    """The first header of a sheet. `sources`: plain names of fund sources → code.

    HEADER_NOT_FOUND, COLUMN_AMBIGUOUS (two columns for one field, an amount without a unit or with two), COLUMN_MISSING.
    """
    top = _top_of(grid)
    if top is None:
        raise refuse("HEADER_NOT_FOUND", reason=f"前 {SEARCHED_ROWS} 行 / the first {SEARCHED_ROWS} rows")
    return _header(grid, sources, top, _sheet_unit(grid.rows[:top]))


def header_below(grid: Grid, sources: Mapping[str, str], top: int, above: Header, since: int) -> Header:
    """The header of a further table, whose first row is `top`; the rows from `since` on lie between the tables.

    A unit that was said once for the sheet holds until another is said. The refusals of `header_of`.
    """
    unit = _sheet_unit(grid.rows[since:top]) or above.sheet_unit
    try:
        return _header(grid, sources, top, unit)
    except Refusal as refusal:
        where = f"第 {top + 1} 行起的另一张表 / the table that begins in row {top + 1}"
        told = {**refusal.params, "table": where}
        raise refuse(refusal.code, clause=refusal.clause, missing=refusal.missing, **told) from None


def is_header(row: Sequence[Cell]) -> bool:
    """Whether a row below a header is the first row of another: as many known headings as the first one has."""
    return len(_known_in(row)) >= ENOUGH


def unit_noted(row: Sequence[Cell]) -> int:
    """Fen in one unit of amounts, where a row says it for the sheet; 0 where it does not."""
    return _sheet_unit([row])


def _header(grid: Grid, sources: Mapping[str, str], top: int, sheet_unit: int) -> Header:
    bottom = _bottom_of(grid, top, sources)
    paths = _paths(grid, top, bottom)
    columns: list[LedgerColumn] = []
    unread: list[tuple[str, str]] = []
    for index, path in enumerate(paths):
        if not path:
            continue
        column = _column(index, path, sources, sheet_unit)
        if column is None:
            unread.append((column_letters(index), _label(path)))
        elif column.kind != "ignored":
            columns.append(column)
    _check(columns)
    return Header(top, bottom, tuple(columns), tuple(unread), sheet_unit)


def _top_of(grid: Grid) -> int | None:
    rows = enumerate(grid.rows[:SEARCHED_ROWS])
    return next((number for number, row in rows if len(_known_in(row)) >= ENOUGH), None)


def _known_in(row: Sequence[Cell]) -> set[str]:
    known = columns_by_heading()
    return {known[key].field for cell in row if isinstance(cell, str) and (key := _key(cell)) in known}


def _key(text: str) -> str:
    """A heading as it is looked up; an amount's unit that stands without brackets does not count."""
    key = heading(text)
    unit = _UNIT.search(key)
    if unit is None or unit.end() != len(key) or not unit.start():
        return key
    return key[: unit.start()].removesuffix(":").removesuffix("单位").rstrip("/、,:-") or key


def _bottom_of(grid: Grid, top: int, sources: Mapping[str, str]) -> int:
    """The header's last row: as deep as its merged cells reach, and a row of sub-headings below."""
    bottom = top
    while True:
        deepest = max(
            (merge.bottom for merge in grid.merges if top <= merge.top <= bottom < merge.bottom),
            default=bottom,
        )
        if deepest == bottom and _is_subheading(grid, top, bottom + 1, sources):
            deepest = bottom + 1
        if deepest == bottom:
            return bottom
        bottom = deepest
        if bottom - top > SEARCHED_ROWS:
            raise refuse(
                "HEADER_NOT_FOUND", reason=f"表头超过 {SEARCHED_ROWS} 行 / a header of more rows than that"
            )


def _is_subheading(grid: Grid, top: int, number: int, sources: Mapping[str, str]) -> bool:
    """A row of headings only, each under nothing or under a heading that it divides."""
    if number >= len(grid.rows):
        return False
    known = columns_by_heading()
    cells = [(index, cell) for index, cell in enumerate(grid.rows[number]) if cell != ""]
    if not cells or len(cells) == sum(cell != "" for cell in grid.rows[top]):
        return False
    return all(
        isinstance(cell, str)
        and ((key := _key(cell)) in known or key in sources or key in {"小计", "合计", "其中"})
        for _, cell in cells
    )


def _paths(grid: Grid, top: int, bottom: int) -> list[list[str]]:
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
    """Delimited text has no merged cells: a heading reaches right over the blanks that have sub-headings below."""
    for level, row in enumerate(rows[:-1]):
        for index in range(1, len(row)):
            if row[index] == "" and rows[level + 1][index] != "":
                row[index] = row[index - 1]


def _label(path: Sequence[str]) -> str:
    return "/".join(re.sub(r"\s+", "", text) for text in path)


def _column(index: int, path: list[str], sources: Mapping[str, str], sheet_unit: int) -> LedgerColumn | None:
    known = columns_by_heading()
    keys = [_key(text) for text in path]
    label = _label(path)
    under_funds = any(key in known and known[key].field == "fundSource" for key in keys[:-1])
    source = sources.get(keys[-1])
    says_money = "资金" in keys[-1] or _UNIT.search(plain(path[-1])) is not None
    if source is not None and (under_funds or says_money):
        return LedgerColumn(index, f"fund:{source}", "money", label, _unit(index, path, sheet_unit), source)
    joined = known.get(keys[-2] + keys[-1]) if len(keys) > 1 else None
    words = joined or (None if under_funds else known.get(keys[-1]))
    if words is None:
        return None
    unit = _unit(index, path, sheet_unit) if words.kind == "money" else 0
    return LedgerColumn(index, words.field, words.kind, label, unit)


def _unit(index: int, path: Sequence[str], sheet_unit: int) -> int:
    """Fen in one unit of the column's numbers; the nearest heading that names one counts."""
    for text in reversed(path):
        written = plain(text)
        named = {unit for part in _BRACKETED.findall(written) for unit in _UNIT.findall(part)}
        if not named and (match := _UNIT.search(heading(text))) and match.end() == len(heading(text)):
            named = {match.group()}
        if len(named) > 1:
            raise _ambiguous([f"{column_letters(index)} {_label(path)}"], "、".join(sorted(named)))
        if named:
            own = FEN_PER_UNIT[named.pop()]
            if sheet_unit not in {0, own}:
                raise contradiction([f"{column_letters(index)} {_label(path)}"], sheet_unit)
            return own
    if not sheet_unit:
        reason = "金额单位是元还是万元 / yuan or 万元"
        raise _ambiguous([f"{column_letters(index)} {_label(path)}"], reason)
    return sheet_unit


def contradiction(columns: Sequence[str], noted: int) -> Refusal:
    """A unit that is noted for the sheet and is not that of these columns."""
    said = next(unit for unit, fen in FEN_PER_UNIT.items() if fen == noted)
    reason = f"表内另注“单位：{said}” / the sheet says {said} elsewhere"
    return _ambiguous(columns, reason)


def _sheet_unit(rows: Sequence[Sequence[Cell]]) -> int:
    """The unit that these rows name for the sheet, 0 if none. Two different ones are refused."""
    named = {
        unit
        for row in rows
        for cell in row
        if isinstance(cell, str)
        for pattern in (_SHEET_UNIT, _UNIT_ALONE)
        for unit in pattern.findall(plain(cell))
    }
    if len(named) > 1:
        raise _ambiguous([], f"单位 {'、'.join(sorted(named))}")
    return FEN_PER_UNIT[named.pop()] if named else 0


def _check(columns: Sequence[LedgerColumn]) -> None:
    for column in columns:
        same = [one for one in columns if one.field == column.field]
        if len(same) > 1:
            raise _ambiguous([f"{one.letters} {one.label}" for one in same], f"= {column.field}")
    there = {column.field for column in columns}
    missing = [words.zh for words in vocabulary().column if words.required and words.field not in there]
    if missing:
        raise refuse("COLUMN_MISSING", missing=missing)
    if not any(column.source or column.field == "fundSource" for column in columns):
        raise refuse("COLUMN_MISSING", missing=["资金来源"])


def _ambiguous(columns: Sequence[str], reason: str) -> Refusal:
    return refuse("COLUMN_AMBIGUOUS", columns=list(columns), reason=reason)
