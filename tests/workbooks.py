"""Small workbooks that tests build: a clerk's ledger with as many rows as wanted, or any cells anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, Final

import openpyxl
import xlsxwriter
import xlwt
from odf import number, opendocument, style, table, text
from openpyxl.utils.datetime import CALENDAR_MAC_1904

HEADINGS: Final = (
    "序号",
    "资产名称",
    "资产内容",
    "资产类型",
    "完工时间",
    "预计使用年限",
    "数量",
    "单位",
    "原值（元）",
    "各级财政专项扶贫发展资金（元）",
    "援疆资金（元）",
    "资金拨付时间",
    "乡镇",
    "所在村",
    "项目名称",
    "项目实施单位",
    "验收结论",
    "验收日期",
    "验收文号",
)
TOWNSHIP: Final = "653022202000"
VILLAGE: Final = "653022202208"


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A good row: a village road that the township built."""
    return {
        "序号": number,
        "资产名称": f"村道{number}号",
        "资产内容": "硬化道路",
        "资产类型": "道路",
        "完工时间": "2019-08-15",
        "预计使用年限": 15,
        "数量": 1.5,
        "单位": "公里",
        "原值（元）": 450000,
        "各级财政专项扶贫发展资金（元）": 300000,
        "援疆资金（元）": 150000,
        "资金拨付时间": "2018-03-01",
        "乡镇": TOWNSHIP,
        "所在村": VILLAGE,
        "项目名称": "道路硬化项目",
        "项目实施单位": TOWNSHIP,
        "验收结论": "合格",
        "验收日期": "2019-09-01",
        "验收文号": f"验字{number}",
    } | changes


def ledger(
    rows: Iterable[Mapping[str, Any]],
    headings: Sequence[str] = HEADINGS,
    *,
    above: Sequence[Sequence[Any]] = (),
    below: Sequence[Sequence[Any]] = (),
) -> bytes:
    """A workbook: lines above, one row of headings, rows by heading, lines below."""
    lines = [[given.get(name, "") for name in headings] for given in rows]
    return workbook([*above, list(headings), *lines, *below])


def workbook(
    lines: Sequence[Sequence[Any]], merges: Sequence[str] = (), formats: Mapping[int, str] | None = None
) -> bytes:
    """A workbook with these cells. `merges`: areas in A1 notation, their text from the first cell; `formats`: number
    format by column.
    """
    target = BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet("台账")
        styles = {column: book.add_format({"num_format": code}) for column, code in (formats or {}).items()}
        for number, cells in enumerate(lines):
            for column, cell in enumerate(cells):
                if cell is None or cell == "":
                    continue
                if isinstance(cell, str) and not cell.startswith("="):
                    sheet.write_string(number, column, cell, styles.get(column))
                else:
                    sheet.write(number, column, cell, styles.get(column))
        for area in merges:
            first = area.split(":")[0]
            at = xlsxwriter.utility.xl_cell_to_rowcol(first)
            sheet.merge_range(area, lines[at[0]][at[1]])
    return target.getvalue()


def old_workbook_of(content: bytes) -> bytes:
    """The same workbook in the format of before 2007: values, merged areas, formats, hidden sheets, its own first day."""
    told = openpyxl.load_workbook(BytesIO(content), data_only=True)
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = told.epoch == CALENDAR_MAC_1904
    styles: dict[str, Any] = {}  # a workbook has room for 4,094
    for sheet in told.worksheets:
        written = book.add_sheet(sheet.title, cell_overwrite_ok=True)
        written.visibility = 0 if sheet.sheet_state == "visible" else 1
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    code = cell.number_format
                    styles.setdefault(code, xlwt.easyxf(num_format_str=code))
                    written.write(cell.row - 1, cell.column - 1, cell.value, styles[code])
        for area in sheet.merged_cells.ranges:
            first = sheet.cell(area.min_row, area.min_col).value
            written.write_merge(area.min_row - 1, area.max_row - 1, area.min_col - 1, area.max_col - 1, first)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def open_document_of(content: bytes) -> bytes:
    """The same workbook as OpenDocument: values, merged areas, formats of numbers, its own first day."""
    told = openpyxl.load_workbook(BytesIO(content), data_only=True)
    book = opendocument.OpenDocumentSpreadsheet()
    if told.epoch == CALENDAR_MAC_1904:
        settings = table.CalculationSettings()
        settings.addElement(table.NullDate(datevalue="1904-01-01"))
        book.spreadsheet.addElement(settings)
    styles: dict[str, style.Style] = {}
    for sheet in told.worksheets:
        written = table.Table(name=sheet.title)
        spans = {
            (area.min_row, area.min_col): {
                "numberrowsspanned": area.max_row - area.min_row + 1,
                "numbercolumnsspanned": area.max_col - area.min_col + 1,
            }
            for area in sheet.merged_cells.ranges
        }
        for row in sheet.iter_rows():
            line = table.TableRow()
            for cell in row:
                given: dict[str, Any] = dict(spans.get((cell.row, cell.column), {}))
                if cell.number_format != "General":
                    if cell.number_format not in styles:
                        styles[cell.number_format] = _style(book, cell.number_format, len(styles))
                    given["stylename"] = styles[cell.number_format]
                line.addElement(_cell(cell.value, given))
            written.addElement(line)
        book.spreadsheet.addElement(written)
    target = BytesIO()
    book.write(target)
    return target.getvalue()


def _cell(value: Any, given: dict[str, Any]) -> table.TableCell:
    if isinstance(value, datetime):
        return table.TableCell(valuetype="date", datevalue=value.isoformat(), **given)
    if isinstance(value, int | float):
        return table.TableCell(valuetype="float", value=value, **given)
    if value is None:
        return table.TableCell(**given)
    cell = table.TableCell(valuetype="string", **given)
    cell.addElement(text.P(text=value))
    return cell


def _style(book: Any, code: str, index: int) -> style.Style:
    """A style of cells with a format: its words as texts, a scale as what the number is divided by."""
    made = number.NumberStyle(name=f"N{index}")
    scale = 10_000 if "!" in code or '"."' in code else 1_000 if code.endswith(",") else 1
    made.addElement(number.Number(decimalplaces=2, **({} if scale == 1 else {"displayfactor": scale})))
    words = "".join(one for one in code if one in "百千万元¥")
    if words:
        made.addElement(number.Text(text=words))
    book.automaticstyles.addElement(made)
    cells = style.Style(name=f"ce{index}", family="table-cell", datastylename=made)
    book.automaticstyles.addElement(cells)
    return cells


def csv_of(rows: Iterable[Mapping[str, Any]], headings: Sequence[str] = HEADINGS) -> str:
    """The same as delimited text."""
    lines = [",".join(headings)]
    lines += [",".join(str(given.get(name, "")) for name in headings) for given in rows]
    return "\r\n".join(lines) + "\r\n"
