"""The spreadsheet of a pack (交接清册): one sheet per table, print-ready, the same bytes on every run.

The library makes the book: sheets, styles, print set-up, headers, signature block, and one empty row in the styles of
each table. The rows themselves are put in its place as text: that is several times faster than cell by cell, and the
verifier can compare whole sheets at once.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from service.audit.verify import HEADER_ROW, TABLES, column_letters, sheet_rows

_MADE: Final = datetime(2021, 6, 17, tzinfo=UTC).replace(tzinfo=None)
"""What the file says of when it was made: the same for all packs, or no two runs would be alike."""
_WIDTHS: Final = {"t": 16, "n": 9, "m": 15}
_WIDE: Final = {"资产名称": 26, "在管期间": 40, "所有权人": 26, "说明": 60, "清单摘要": 20, "记录时间": 28}
_SIGNATURES: Final = ("移交人（签字）：", "接收人（签字）：", "监交人（签字）：")
_FIRST: Final = HEADER_ROW + 1
_EMPTY_ROW: Final = re.compile(rf'<row r="{_FIRST}".*?</row>')
_AT_ONCE: Final = 2_000

Rows = Sequence[list[Any]]


def write_workbook(path: Path, title: str, subtitle: str, tables: Mapping[str, Rows]) -> None:
    """Write every table to its sheet; the signature block stands below the first one."""
    frame = path.with_suffix(".frame")
    book = xlsxwriter.Workbook(str(frame))
    book.set_properties({"title": title, "created": _MADE})
    styles = {
        "title": book.add_format({"bold": True, "font_size": 16}),
        "note": book.add_format({"font_size": 10}),
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
        "m": book.add_format({"border": 1, "valign": "top", "num_format": "#,##0.00"}),
        "plain": book.add_format({"font_size": 12}),
    }
    for name in TABLES:
        _frame_sheet(book, styles, name, title, subtitle, len(tables[name]))
    book.close()
    with (
        zipfile.ZipFile(frame) as empty,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as full,
    ):
        sheets = {f"xl/worksheets/sheet{place}.xml": name for place, name in enumerate(TABLES, 1)}
        for info in empty.infolist():
            made = zipfile.ZipInfo(info.filename, (1980, 1, 1, 0, 0, 0))
            made.compress_type, made.create_system, made.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            with full.open(made, "w", force_zip64=True) as file:
                content = empty.read(info)
                if info.filename not in sheets:
                    file.write(content)
                    continue
                name = sheets[info.filename]
                for part in _filled(content.decode(), name, tables[name]):
                    file.write(part.encode())
    frame.unlink()


def _filled(frame: str, name: str, rows: Rows) -> Iterator[str]:
    """A sheet with its rows in place of the empty one."""
    found = _EMPTY_ROW.search(frame)
    if found is None:
        raise LookupError(name)
    yield frame[: found.start()]
    styles = {}
    for index, (_, kind) in enumerate(TABLES[name][1]):
        cell = re.search(rf'<c r="{column_letters(index)}{_FIRST}"( s="[0-9]+")', found.group())
        styles[kind] = cell.group(1) if cell is not None else ""
    made = sheet_rows(name, rows, styles)
    while part := list(islice(made, _AT_ONCE)):
        yield "".join(part)
    yield frame[found.end() :]


def _frame_sheet(
    book: Any, styles: Mapping[str, Any], name: str, title: str, subtitle: str, count: int
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
    sheet.write_string(0, 0, f"{title}·{sheet_title}", styles["title"])
    sheet.write_string(1, 0, subtitle, styles["note"])
    for index, (header, kind) in enumerate(columns):
        sheet.set_column(index, index, _WIDE.get(header, _WIDTHS[kind]))
        sheet.write_string(HEADER_ROW - 1, index, header, styles["header"])
        sheet.write_blank(HEADER_ROW, index, None, styles[kind])
    if name == "inventory":
        _signature_block(sheet, styles, HEADER_ROW + count + 1, last)
    elif count:
        sheet.autofilter(HEADER_ROW - 1, 0, HEADER_ROW + count - 1, last)


def _signature_block(sheet: Any, styles: Mapping[str, Any], row: int, last: int) -> None:
    step = max(last // len(_SIGNATURES), 1)
    for place, label in enumerate(_SIGNATURES):
        sheet.write_string(row, place * step, label, styles["plain"])
        sheet.write_string(row + 2, place * step, "日期：      年    月    日", styles["plain"])
