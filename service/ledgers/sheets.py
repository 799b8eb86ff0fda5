"""A ledger as a spreadsheet that a clerk can read and print: Chinese headers and words, money in yuan, one row a line.

Rows are written as they come and never kept; the file is the same for the same question to the same log.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO, Any, Final, Union, get_args, get_origin

import xlsxwriter
from pydantic import BaseModel

from domain.values import Fen
from projections.engine.meaning import Meaning
from projections.engine.rows import Row
from service.clock import COUNTY_TIME
from service.ledgers.tables import field_meaning
from service.ledgers.words import Names, Words

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS: Final = 1_000_000
"""Rows of one sheet; what is more goes on another. A sheet ends at 1,048,576."""
_HEADER: Final = 2
_FIRST: Final = 3
_MADE: Final = datetime(2021, 6, 17, tzinfo=UTC).replace(tzinfo=None)
_NOT_SHOWN: Final = frozenset({"version", "position", "first_position", "since_position", "until_position"})
"""Where in the log a row stands: for machines."""
_WIDTHS: Final = {"text": 18, "whole": 8, "money": 16, "quantity": 10, "day": 12, "moment": 18, "flag": 6}


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column of the sheet."""

    name: str
    title: str
    kind: str
    meaning: Meaning


def columns_of(row: type[BaseModel]) -> list[SheetColumn]:
    """The columns of a ledger, from the schema of its rows."""
    return [
        SheetColumn(
            name, (field.title or name).partition("：")[0], _kind(field.annotation), field_meaning(field)
        )
        for name, field in row.model_fields.items()
        if name not in _NOT_SHOWN
    ]


def _kind(annotation: Any) -> str:
    found = {annotation}
    if get_origin(annotation) in {Union, types.UnionType}:
        found = set(get_args(annotation))
    kinds: tuple[tuple[Any, str], ...] = (
        (Fen, "money"), (bool, "flag"), (datetime, "moment"), (date, "day"), (Decimal, "quantity"), (int, "whole"),
    )  # fmt: skip
    bare = {get_args(one)[0] if hasattr(one, "__metadata__") else one for one in found}
    return next((kind for of, kind in kinds if of in bare), "text")


class LedgerSheet:
    """A workbook in the making. Add rows, then `close` it."""

    def __init__(
        self,
        file: IO[bytes],
        title: str,
        notes: Sequence[str],
        columns: Sequence[SheetColumn],
        words: Words,
    ) -> None:
        """`notes`: which rows, of which moment; they stand below the title."""
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(file, options)
        self._book.set_properties({"title": title, "created": _MADE})
        self._title, self._notes, self._columns, self._words = title, notes, columns, words
        cell = {"border": 1, "valign": "top"}
        self._styles = {
            "text": self._book.add_format(cell | {"text_wrap": True, "num_format": "@"}),
            "whole": self._book.add_format(cell | {"num_format": "0"}),
            "money": self._book.add_format(cell | {"num_format": "#,##0.00"}),
            "quantity": self._book.add_format(cell | {"num_format": "0.###"}),
            "day": self._book.add_format(cell | {"num_format": "yyyy-mm-dd"}),
            "moment": self._book.add_format(cell | {"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "flag": self._book.add_format(cell | {"align": "center"}),
        }
        self._header = self._book.add_format(
            cell | {"bold": True, "text_wrap": True, "align": "center", "bg_color": "#E8EEF4"}
        )
        self._sum = self._book.add_format(cell | {"bold": True, "num_format": "#,##0.00"})
        self.rows = 0
        self._row = 0
        self._sheet: Any = None
        self._begin_sheet()

    def add(self, rows: Iterable[Row], names: Names) -> None:
        """Write rows as the ledger has them, money in fen. `names`: codes of units, places, persons → names."""
        for row in rows:
            if self._row - _FIRST == MOST_ROWS:
                self._end_sheet()
                self._begin_sheet()
            for place, column in enumerate(self._columns):
                self._write(place, column, row.get(column.name), names)
            self._row += 1
            self.rows += 1

    def close(self, totals: Mapping[str, Any] | None = None) -> None:
        """The last row, with the sums of the columns that the ledger sums (fen), and the end of the file."""
        self._sheet.write_string(self._row, 0, f"合计 {self.rows} 行", self._sum)
        for place, column in enumerate(self._columns[1:], 1):
            amount = (totals or {}).get(column.name)
            if column.kind == "money" and isinstance(amount, int):
                self._sheet.write_number(self._row, place, amount / 100, self._sum)
            else:
                self._sheet.write_blank(self._row, place, None, self._sum)
        self._end_sheet()
        self._book.close()

    def _begin_sheet(self) -> None:
        number = len(self._book.worksheets()) + 1
        sheet = self._sheet = self._book.add_worksheet(self._title[:25] if number == 1 else f"续{number}")
        sheet.set_landscape()
        sheet.set_paper(8)  # A3
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEADER)
        sheet.freeze_panes(_FIRST, 2)
        sheet.set_footer("&L&A&C第 &P 页，共 &N 页")
        for place, column in enumerate(self._columns):
            sheet.set_column(place, place, _WIDTHS[column.kind])
        sheet.write_string(0, 0, self._title, self._book.add_format({"bold": True, "font_size": 16}))
        sheet.write_string(1, 0, "；".join(self._notes), self._book.add_format({"font_size": 10}))
        for place, column in enumerate(self._columns):
            sheet.write_string(_HEADER, place, column.title, self._header)
        self._row = _FIRST

    def _end_sheet(self) -> None:
        if self._row > _FIRST:
            self._sheet.autofilter(_HEADER, 0, self._row - 1, len(self._columns) - 1)

    def _write(self, place: int, column: SheetColumn, value: Any, names: Names) -> None:
        sheet, row, style = self._sheet, self._row, self._styles[column.kind]
        if value is None:
            sheet.write_blank(row, place, None, style)
        elif column.kind == "money" and isinstance(value, int):
            sheet.write_number(
                row, place, value / 100, style
            )  # a spreadsheet has no other numbers; shown exactly
        elif column.kind == "flag":
            sheet.write_string(row, place, "是" if value else "否", style)
        elif column.kind in {"whole", "quantity"} and isinstance(value, int | Decimal):
            sheet.write_number(row, place, value, style)
        elif column.kind == "moment" and isinstance(value, datetime):
            sheet.write_datetime(row, place, value.astimezone(COUNTY_TIME).replace(tzinfo=None), style)
        elif column.kind == "day" and isinstance(value, date):
            sheet.write_datetime(row, place, datetime(value.year, value.month, value.day), style)  # noqa: DTZ001
        else:
            sheet.write_string(
                row, place, self._words.tell(value, column.meaning, names), self._styles["text"]
            )
