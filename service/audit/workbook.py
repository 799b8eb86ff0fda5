"""The spreadsheet of a pack (交接清册): one sheet per table, print-ready, the same bytes on every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from service.audit.verify import HEADER_ROW, TABLES

_MADE: Final = datetime(2021, 6, 17, tzinfo=UTC).replace(tzinfo=None)
"""What the file says of when it was made: the same for all packs, or no two runs would be alike."""
_WIDTHS: Final = {"t": 16, "n": 9, "m": 15}
_WIDE: Final = {"资产名称": 26, "在管期间": 40, "所有权人": 26, "说明": 60, "清单摘要": 20, "记录时间": 28}
_SIGNATURES: Final = ("移交人（签字）：", "接收人（签字）：", "监交人（签字）：")
_MONEY: Final = "#,##0.00"


def write_workbook(
    path: Path, title: str, subtitle: str, tables: Mapping[str, Sequence[Sequence[Any]]]
) -> None:
    """Write every table to its sheet; the signature block stands below the first one."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False})
    book.set_properties({"title": title, "created": _MADE})
    styles = {
        "title": book.add_format({"bold": True, "font_size": 16, "align": "center"}),
        "note": book.add_format({"align": "center", "font_size": 10}),
        "header": book.add_format(
            {
                "bold": True,
                "border": 1,
                "text_wrap": True,
                "align": "center",
                "valign": "vcenter",
                "bg_color": "#E8EEF4",
            }
        ),
        "t": book.add_format({"border": 1, "text_wrap": True, "valign": "top", "num_format": "@"}),
        "n": book.add_format({"border": 1, "valign": "top", "num_format": "0"}),
        "m": book.add_format({"border": 1, "valign": "top", "num_format": _MONEY}),
        "plain": book.add_format({"font_size": 12}),
    }
    for name in TABLES:
        _write_sheet(book, styles, name, title, subtitle, tables[name])
    book.close()


def _write_sheet(
    book: Any, styles: Mapping[str, Any], name: str, title: str, subtitle: str, rows: Sequence[Sequence[Any]]
) -> None:
    sheet_title, columns = TABLES[name]
    sheet = book.add_worksheet(sheet_title)
    last = len(columns) - 1
    sheet.set_landscape()
    sheet.set_paper(8)  # A3
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEADER_ROW - 1)
    sheet.freeze_panes(HEADER_ROW, 2)
    sheet.set_footer("&L&A&C第 &P 页，共 &N 页")
    for index, (header, kind) in enumerate(columns):
        sheet.set_column(index, index, _WIDE.get(header, _WIDTHS[kind]))
    sheet.write_string(0, 0, f"{title}·{sheet_title}", styles["title"])
    sheet.write_string(1, 0, subtitle, styles["note"])
    for index, (header, _) in enumerate(columns):
        sheet.write_string(HEADER_ROW - 1, index, header, styles["header"])
    kinds = [(index, kind, styles[kind]) for index, (_, kind) in enumerate(columns)]
    text, number = sheet.write_string, sheet.write_number
    for place, row in enumerate(rows, HEADER_ROW):
        for index, kind, style in kinds:
            value = row[index]
            if kind == "m":
                number(place, index, value / 100, style)
            elif kind == "n":
                number(place, index, value, style)
            else:
                text(place, index, value, style)
    if name == "inventory":
        _signature_block(sheet, styles, HEADER_ROW + len(rows) + 1, last)
    elif rows:
        sheet.autofilter(HEADER_ROW - 1, 0, HEADER_ROW + len(rows) - 1, last)


def _signature_block(sheet: Any, styles: Mapping[str, Any], row: int, last: int) -> None:
    step = max(last // len(_SIGNATURES), 1)
    for place, label in enumerate(_SIGNATURES):
        sheet.write_string(row, place * step, label, styles["plain"])
    for place in range(len(_SIGNATURES)):
        sheet.write_string(row + 2, place * step, "日期：      年    月    日", styles["plain"])
