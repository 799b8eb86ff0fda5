"""A sheet as a grid of cells, from a workbook or from delimited text. What the cells mean is not known here."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO
from typing import Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from domain.refusals import Refusal, refuse
from service.inventory.spreadsheet.container import (
    SheetFacts,
    Shown,
    WorkbookFacts,
    check_workbook,
    kind_of,
    too_large,
)
from service.inventory.spreadsheet.old_workbook import old_workbook
from service.inventory.spreadsheet.open_document import check_open_document

Cell = str | float | int | bool | date | datetime | time | timedelta
"""A value as it was saved; an empty cell is the empty string. Text is as typed."""

MAX_CELLS: Final = 4_000_000
"""Most cells of a file, empty ones counted: readers hold them all."""
MAX_COLUMNS: Final = 104
"""Most columns of delimited text: as many as a workbook may have."""
MAX_LINES: Final = 99_999
"""Most lines of delimited text: as many as a sheet may have."""
_DELIMITERS: Final = (",", "\t", ";")


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged area, rows and columns from 0, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet. `rows[r][c]` is the cell of row r + 1; all rows are equally long."""

    name: str
    rows: list[list[Cell]]
    merges: tuple[Merge, ...] = ()
    hollow: frozenset[tuple[int, int]] = frozenset()
    """Cells with a formula whose result was not saved."""
    hidden: bool = False
    shown: dict[tuple[int, int], Shown] = field(default_factory=dict)
    """Cells whose format shows a unit of money or another scale than the number has."""
    since_1904: bool = False
    """Day numbers count from 1904, as they did on the Macintosh."""


def grids_of(content: bytes) -> list[Grid]:
    """Every sheet of a file that holds anything. SPREADSHEET_UNREADABLE, SPREADSHEET_REFUSED."""
    readers = {"xlsx": _workbook, "xls": _old_workbook, "ods": _open_document, "csv": _delimited}
    found = readers[kind_of(content)](content)
    filled = [grid for grid in found if grid.rows]
    if not filled:
        raise refuse("SPREADSHEET_UNREADABLE", reason="没有内容 / nothing in it")
    return filled


def _workbook(content: bytes) -> list[Grid]:
    return _read(content, check_workbook(content))


def _open_document(content: bytes) -> list[Grid]:
    return _read(content, check_open_document(content, MAX_CELLS))


def _read(content: bytes, facts: WorkbookFacts) -> list[Grid]:
    grids: list[Grid] = []
    left = MAX_CELLS
    try:
        with CalamineWorkbook.from_filelike(BytesIO(content)) as book:
            for entry in book.sheets_metadata:
                if entry.typ is SheetTypeEnum.WorkSheet:
                    sheet = book.get_sheet_by_name(entry.name)
                    hidden = entry.visible is not SheetVisibleEnum.Visible
                    left -= sheet.total_height * sheet.total_width
                    if left < 0:
                        raise _too_many_cells()
                    told = facts.sheets.get(entry.name, SheetFacts())
                    grids.append(_grid(sheet, told, hidden=hidden, since_1904=facts.since_1904))
    except (CalamineError, OSError, ValueError, OverflowError) as error:
        raise refuse("SPREADSHEET_UNREADABLE", reason=f"文件内容有误 / {str(error)[:120]}") from error
    return grids


def _old_workbook(content: bytes) -> list[Grid]:
    book = old_workbook(content, MAX_CELLS)
    return [
        Grid(
            one.name,
            [[*row, *[""] * (one.width - len(row))] for row in one.rows],
            _bounded([Merge(*area) for area in one.merges], len(one.rows) - 1, one.width - 1),
            hidden=one.hidden,
            shown=one.shown,
            since_1904=book.since_1904,
        )
        for one in book.sheets
    ]


def _grid(sheet: CalamineSheet, facts: SheetFacts, *, hidden: bool, since_1904: bool) -> Grid:
    rows: list[list[Cell]] = list(sheet.to_python(skip_empty_area=False))
    last_row, last_column = len(rows) - 1, (len(rows[0]) - 1 if rows else -1)
    areas = [Merge(*above, *below) for above, below in sheet.merged_cell_ranges or ()]
    areas += [Merge(*area) for area in facts.merges]
    merges = _bounded(areas, last_row, last_column)
    return Grid(sheet.name, rows, merges, facts.hollow, hidden, facts.shown, since_1904)


def _bounded(merges: list[Merge], last_row: int, last_column: int) -> tuple[Merge, ...]:
    """The areas that lie on the sheet, as far as they do."""
    found = tuple(
        Merge(one.top, one.left, min(one.bottom, last_row), min(one.right, last_column))
        for one in merges
        if one.top <= last_row and one.left <= last_column
    )
    if sum((one.bottom - one.top + 1) * (one.right - one.left + 1) for one in found) > MAX_CELLS:
        raise too_large("合并的单元格 / cells in merged areas", MAX_CELLS)
    return found


def _too_many_cells() -> Refusal:
    return too_large("单元格（含空白） / cells, empty ones counted", MAX_CELLS)


def _delimited(content: bytes) -> list[Grid]:
    text = _decoded(content)
    if "\0" in text:
        raise refuse("SPREADSHEET_UNREADABLE", reason="不是文本 / not text")
    lines = text.splitlines()[:50]
    # The delimiter that divides most: one that stands only inside texts divides few lines.
    counts = Counter({mark: sum(line.count(mark) for line in lines) for mark in _DELIMITERS})
    delimiter = counts.most_common(1)[0][0]
    read: list[list[str]] = []
    width = 0
    try:
        for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True):
            width = max(width, len(row))
            if width > MAX_COLUMNS:
                raise too_large("列 / columns", MAX_COLUMNS)
            read.append(row)
            if len(read) > MAX_LINES:
                raise too_large("行 / lines", MAX_LINES)
            if len(read) * width > MAX_CELLS:
                raise _too_many_cells()
    except csv.Error as error:
        raise refuse("SPREADSHEET_UNREADABLE", reason=f"文本格式有误 / {error}") from error
    rows: list[list[Cell]] = [[*row, *[""] * (width - len(row))] for row in read]
    return [Grid("CSV", rows)]


def _decoded(content: bytes) -> str:
    """UTF-8 (with or without its mark), UTF-16 with its mark, else GB18030; every byte has to fit."""
    encodings = ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise refuse("SPREADSHEET_UNREADABLE", reason="既不是 UTF-8 也不是 GB18030 / neither UTF-8 nor GB18030")
