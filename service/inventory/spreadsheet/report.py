"""Workbooks for clerks: the template they fill in, and the rejected rows with the reasons beside each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any, Final

import xlsxwriter

from domain.regulation import Rules, rows
from service.inventory.spreadsheet.grid import Cell
from service.inventory.spreadsheet.headers import FEN_PER_UNIT, Header, LedgerColumn
from service.inventory.spreadsheet.ledger import Fault, SpreadsheetLedger
from service.inventory.spreadsheet.words import columns_by_field, vocabulary

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_REASONS: Final = ("原表行号", "问题所在列", "问题代码", "问题说明")
_MEASURE: Final = re.compile(r"[（(]([^（）()]*)[）)]$")
_LISTED_ROWS: Final = 2_000
"""How far down the template's drop-down lists reach."""
_NOTES: Final = (
    "每行一项资产；不要改动表头文字，可以增减列（必填列不能删）。",
    "金额以元为单位；资金来源各列之和须等于原始价值。没有金额的资金列留空。",
    "日期写成 2019-08-15 或 2019年8月；只写到月的按当月第一天登记。资金拨付时间可以只写年度。",
    "所在村写村名；同名的村须同时写明乡（镇），也可以写 12 位区划代码。",
    "2013—2020 年形成、没有验收资料的，验收结论写“历史资产”，并填写“无验收资料说明”和“联合审查编号”（已全部会签的联合审查）。",
    "合计、小计行和表下的填表人、审核人等不会登记为资产。",
)


def template(rules: Rules) -> bytes:
    """An empty ledger with the headings that are read, lists to choose from, and how to fill it in."""
    target = BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet("扶贫资产清查表")
        required = book.add_format({"bold": True, "bg_color": "#FCE4D6", "border": 1, "text_wrap": True})
        optional = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True})
        choices = _choices(rules)
        index = 0
        for words in vocabulary().column:
            if not words.template:
                continue
            if words.field == "fundSource":
                for source in rules.table("fund_sources.source", rows.FundSource):
                    sheet.write_string(0, index, f"{source.zh}（元）", optional)
                    index += 1
                continue
            sheet.write_string(0, index, words.zh, required if words.required else optional)
            if words.field in choices:
                _offer(book, sheet, index, words.field, choices[words.field])
            index += 1
        sheet.freeze_panes(1, 3)
        sheet.set_column(0, index, 14)
        notes = book.add_worksheet("填写说明")
        notes.set_column(0, 0, 100)
        for number, text in enumerate(_NOTES):
            notes.write_string(number, 0, f"{number + 1}. {text}")
    return target.getvalue()


def _choices(rules: Rules) -> dict[str, list[str]]:
    types = rules.table("asset_types.type", rows.AssetType)
    first_word = {
        kind: [word.names[0] for word in vocabulary().word if word.kind == kind]
        for kind in ("class", "subclass", "scope", "acceptance", "flag", "unitKind")
    }
    return {
        "assetClass": first_word["class"][:2],
        "subclass": first_word["subclass"],
        "assetType": [row.zh for row in types if row.asset_class != "HOUSEHOLD"],
        "unitOfMeasure": [row.unit for row in rules.table("units_of_measure.unit", rows.UnitOfMeasure)],
        "projectScope": first_word["scope"],
        "acceptanceResult": first_word["acceptance"],
        "villageUse": first_word["flag"],
        "equityInvestment": first_word["flag"],
        "directToVillage": first_word["flag"],
        "fundsPaidTo": first_word["unitKind"],
    }


def _offer(book: Any, sheet: Any, index: int, name: str, choices: Sequence[str]) -> None:
    """A drop-down list; its entries stand on a hidden sheet, because a rule holds only 255 characters."""
    lists = book.get_worksheet_by_name("选项") or book.add_worksheet("选项")
    lists.hide()
    column = getattr(lists, "offered", 0)
    lists.offered = column + 1
    for row, choice in enumerate(choices):
        lists.write_string(row, column, choice)
    letters = xlsxwriter.utility.xl_col_to_name(column)
    source = f"=选项!${letters}$1:${letters}${len(choices)}"
    sheet.data_validation(
        1, index, _LISTED_ROWS, index, {"validate": "list", "source": source, "error_title": name}
    )


def rejected_rows(
    ledger: SpreadsheetLedger, rejected: Iterable[tuple[int, Sequence[Fault]]], rules: Rules
) -> bytes:
    """The rejected rows under headings that are read again, with the reasons beside each; bad cells are marked.

    A clerk corrects the rows here and imports this file: only what was rejected is in it. Rows of another table of the
    sheet stand under a header of their own, as they did there.
    """
    target = BytesIO()
    by_row = {line.row: line.header for line in ledger.lines}
    table: Header | None = None
    number = -1
    with xlsxwriter.Workbook(
        target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet("未登记的行")
        head = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True})
        reason_head = book.add_format({"bold": True, "bg_color": "#FCE4D6", "border": 1})
        bad = book.add_format({"bg_color": "#FFC7CE"})
        days = book.add_format({"num_format": "yyyy-mm-dd"})
        bad_days = book.add_format({"num_format": "yyyy-mm-dd", "bg_color": "#FFC7CE"})
        for row, faults in rejected:
            number += 1
            if by_row[row] is not table:
                table = by_row[row]
                columns = table.columns
                for index, column in enumerate(columns):
                    sheet.write_string(number, index, _heading(column, rules), head)
                given = [(columns_by_field()[one.field].zh, one.value) for one in table.mapping.given]
                if table.of("confirmed") is None:
                    given.append((columns_by_field()["confirmed"].zh, ""))
                beside = len(columns) + len(given)
                for index, (text, _) in enumerate(given, start=len(columns)):
                    sheet.write_string(number, index, text, head)
                for index, text in enumerate(_REASONS, start=beside):
                    sheet.write_string(number, index, text, reason_head)
                number += 1
            wrong = {fault.column for fault in faults}
            for index, column in enumerate(columns):
                marked = column.letters in wrong
                cell = ledger.rows[row - 1][column.index]
                _write(sheet, number, index, cell, bad if marked else None, bad_days if marked else days)
            for index, (_, value) in enumerate(given, start=len(columns)):
                if value:
                    sheet.write_string(number, index, value)
            sheet.write_number(number, beside, row)
            for index, texts in enumerate(
                (
                    [f"{fault.column or ''} {fault.heading or ''}".strip() or "整行" for fault in faults],
                    [fault.refusal.code for fault in faults],
                    [fault.refusal.detail_zh for fault in faults],
                ),
                start=beside + 1,
            ):
                sheet.write_string(number, index, "\n".join(texts))
        sheet.freeze_panes(1, 0)
        width = max((len(one.columns) + len(one.mapping.given) + 1 for one in ledger.tables), default=0)
        sheet.set_column(0, width, 14)
        sheet.set_column(width + 1, width + 3, 40)
    return target.getvalue()


def _heading(column: LedgerColumn, rules: Rules) -> str:
    if column.source is not None:
        name = rules.fund_source(column.source).zh
        if column.part is not None:
            name = f"{name}（{column.part}）"
    else:
        name = next(words.zh for words in vocabulary().column if words.field == column.field)
    if column.field == "quantity" and (measure := _MEASURE.search(column.label)) is not None:
        return f"{name}（{measure[1]}）"
    if column.kind != "money":
        return name
    unit = next(unit for unit, fen in FEN_PER_UNIT.items() if fen == column.unit)
    return f"{name.removesuffix('（元）')}（{unit}）"


def _write(sheet: Any, row: int, column: int, cell: Cell, text_format: Any, day_format: Any) -> None:
    """As it was: a text stays a text, or a code would lose digits and a formula come to life."""
    if cell == "":
        sheet.write_blank(row, column, None, text_format)
    elif isinstance(cell, bool):
        sheet.write_boolean(row, column, cell, text_format)
    elif isinstance(cell, int | float):
        sheet.write_number(row, column, cell, text_format)
    elif isinstance(cell, date | datetime):
        sheet.write_datetime(row, column, cell, day_format)
    else:
        sheet.write_string(row, column, str(cell)[:32_000], text_format)
