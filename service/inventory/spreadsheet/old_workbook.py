"""Workbooks in the binary format of before 2007 (.xls, and .et as WPS writes it), as a library reads them.

Nothing in them is packed, so they grow by no more than what a cell costs here; what is bounded is the number of cells.
Formulas and macros are never run: a cell is what was saved.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Final, Literal

import xlrd
from xlrd.biffh import (
    XL_CELL_BOOLEAN,
    XL_CELL_DATE,
    XL_CELL_ERROR,
    XL_CELL_NUMBER,
    XL_CELL_TEXT,
    XLRDError,
    error_text_from_code,
)
from xlrd.compdoc import CompDocError

from domain.refusals import refuse
from service.inventory.spreadsheet.container import MAX_SHEETS, Shown, shown_by, too_large

_MALFORMED: Final = (
    *(XLRDError, CompDocError, struct.error, AssertionError, LookupError, TypeError, AttributeError),
    *(ValueError, ArithmeticError, EOFError, RecursionError),
)
"""What the library raises for a file that is none."""
_BIFF8: Final = 80
"""The library's number for the format of 1997 and later; what is older has texts in a code page that it may not name."""


@dataclass(slots=True)
class OldSheet:
    """A sheet; rows and columns from 0, rows as long as what they hold. `merges`: top, left, bottom, right, all included."""

    name: str
    hidden: bool
    width: int
    rows: list[list[Any]]
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    shown: dict[tuple[int, int], Shown] = field(default_factory=dict)


@dataclass(slots=True)
class OldWorkbook:
    """A workbook; `since_1904`: bare day numbers begin there."""

    since_1904: bool
    sheets: list[OldSheet]


def old_workbook(content: bytes, most_cells: int) -> OldWorkbook:
    """What is in a workbook. SPREADSHEET_UNREADABLE, SPREADSHEET_TOO_LARGE."""
    told = io.StringIO()  # the library prints its doubts
    try:
        book = xlrd.open_workbook(
            file_contents=content, logfile=told, formatting_info=True, ragged_rows=True, on_demand=True
        )
        if book.biff_version < _BIFF8:
            raise refuse(
                "SPREADSHEET_UNREADABLE",
                reason="Excel 95 或更早，请另存为 .xlsx / of Excel 95, save it as .xlsx",
            )
        if book.nsheets > MAX_SHEETS:
            raise too_large("工作表 / sheets", MAX_SHEETS)
        return OldWorkbook(book.datemode == 1, list(_sheets(book, most_cells)))
    except _MALFORMED as error:
        raise refuse("SPREADSHEET_UNREADABLE", reason=f"旧版 .xls / an old .xls: {error}"[:120]) from error


def _sheets(book: Any, most_cells: int) -> Iterator[OldSheet]:
    shown = {
        number: unit
        for number, style in enumerate(book.xf_list)
        if (unit := shown_by(book.format_map[style.format_key].format_str)) is not None
    }
    left = most_cells
    for number in range(book.nsheets):
        sheet = book.sheet_by_index(number)
        left -= sheet.nrows * sheet.ncols
        if left < 0:
            raise too_large("单元格（含空白） / cells, empty ones counted", most_cells)
        yield OldSheet(
            name=sheet.name,
            hidden=sheet.visibility != 0,
            width=sheet.ncols,
            rows=[[_value(book, cell) for cell in sheet.row(row)] for row in range(sheet.nrows)],
            merges=[(top, start, bottom - 1, end - 1) for top, bottom, start, end in sheet.merged_cells],
            shown={
                (row, column): shown[style]
                for row in range(sheet.nrows if shown else 0)
                for column in range(sheet.row_len(row))
                if (style := sheet.cell_xf_index(row, column)) in shown
            },
        )
        book.unload_sheet(number)


def _value(book: Any, cell: Any) -> Any:
    """A cell as the reader of newer workbooks gives it."""
    if cell.ctype == XL_CELL_DATE:
        return _moment(cell.value, book.datemode)
    if cell.ctype == XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == XL_CELL_ERROR:
        return error_text_from_code.get(cell.value, "#N/A")
    if cell.ctype in {XL_CELL_TEXT, XL_CELL_NUMBER}:
        return cell.value
    return ""


def _moment(number: float, datemode: Literal[0, 1]) -> Any:
    """A day, a time of day or a moment; a number that is no day in that calendar stays a number."""
    try:
        moment: datetime = xlrd.xldate_as_datetime(number, datemode)
    except (ValueError, OverflowError):
        return number
    if 0 <= number < 1:
        return time(moment.hour, moment.minute, moment.second)
    return moment if number % 1 else moment.date()
