"""Small workbooks that tests build: a clerk's ledger with as many rows as wanted, or any cells anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any, Final

import xlsxwriter

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


def csv_of(rows: Iterable[Mapping[str, Any]], headings: Sequence[str] = HEADINGS) -> str:
    """The same as delimited text."""
    lines = [",".join(headings)]
    lines += [",".join(str(given.get(name, "")) for name in headings) for given in rows]
    return "\r\n".join(lines) + "\r\n"
