"""Units of money and tables of one sheet: whatever a heading, a note, a format or a cell says, no amount is read by
another unit than its own, and no column by the header of another table.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from service.inventory.spreadsheet.ledger import Reader, SpreadsheetLedger
from service.inventory.spreadsheet.report import rejected_rows
from tests.domain.saying import refused
from tests.examples import regulation, yuan
from tests.inventory.conftest import ON
from tests.workbooks import HEADINGS, ledger, old_workbook_of, open_document_of, row, workbook

FISCAL, AID = "各级财政专项扶贫发展资金（元）", "援疆资金（元）"
WAN = {name: name.replace("（元）", "（万元）") for name in HEADINGS}


def cells(number: int, headings: Any = HEADINGS, **changes: Any) -> list[Any]:
    """A good row's cells, in an order of columns."""
    return [row(number, **changes)[name] for name in headings]


def values(found: SpreadsheetLedger) -> list[tuple[int, str, dict[str, str]]]:
    """Row, original value and funds of every line, in yuan."""
    assert [fault for line in found.lines for fault in line.faults] == []
    return [
        (
            line.row,
            line.card["originalValue"].yuan(),
            {one["source"]: one["amount"].yuan() for one in line.card["fundingLines"]},
        )
        for line in found.lines
    ]


# ---- tables ----------------------------------------------------------------------------------------------------------


def test_second_table_in_another_unit_is_read_by_its_own_header(reader: Reader) -> None:
    second = cells(2, **{"原值（元）": 35, FISCAL: 20, AID: 15})
    lines = [list(HEADINGS), cells(1), [], ["二、产业项目"], list(WAN.values()), second]
    assert values(reader.read(workbook(lines))) == [
        (2, "450000.00", {"FISCAL_DEV": "300000.00", "AID_XJ": "150000.00"}),
        (6, "350000.00", {"FISCAL_DEV": "200000.00", "AID_XJ": "150000.00"}),
    ]


def test_second_table_with_swapped_funds_keeps_each_amount_with_its_source(reader: Reader) -> None:
    swapped = list(HEADINGS)
    left, right = swapped.index(FISCAL), swapped.index(AID)
    swapped[left], swapped[right] = AID, FISCAL
    lines = [list(HEADINGS), cells(1), swapped, cells(2, swapped)]
    funds = {"FISCAL_DEV": "300000.00", "AID_XJ": "150000.00"}
    found = reader.read(workbook(lines))
    assert values(found) == [(2, "450000.00", funds), (4, "450000.00", funds)]
    assert [one.top for one in found.tables] == [0, 2]


def test_header_of_a_printed_page_is_no_other_table(reader: Reader) -> None:
    found = reader.read(workbook([list(HEADINGS), cells(1), list(HEADINGS), cells(2)]))
    assert ([line.row for line in found.lines], len(found.tables)) == ([2, 4], 1)
    assert [(one.row, one.kind) for one in found.skipped] == [(3, "HEADER")]


def test_second_table_without_a_needed_column_is_refused_by_its_row(reader: Reader) -> None:
    short = [name for name in HEADINGS if name != "单位"]
    with refused("COLUMN_MISSING", missing=["单位"]) as refusal:
        reader.read(workbook([list(HEADINGS), cells(1), short, cells(2, short)]))
    assert "第 3 行" in str(refusal.value)


def test_unit_noted_between_two_tables_is_the_second_one_s(reader: Reader) -> None:
    bare = [name.replace("（元）", "") for name in HEADINGS]
    second = cells(2, **{"原值（元）": 35, FISCAL: 20, AID: 15})
    lines = [["单位：元"], bare, cells(1), ["单位：万元"], bare, second]
    assert [value for _, value, _ in values(reader.read(workbook(lines)))] == ["450000.00", "350000.00"]


def test_second_table_keeps_the_unit_said_once_for_the_sheet(reader: Reader) -> None:
    bare = [name.replace("（元）", "") for name in HEADINGS]
    other = [*bare[:1], *bare[1:][::-1]]
    names = [HEADINGS[0], *HEADINGS[1:][::-1]]
    lines = [["金额单位：元"], bare, cells(1), other, cells(2, names)]
    assert [value for _, value, _ in values(reader.read(workbook(lines)))] == ["450000.00"] * 2


def test_rejected_rows_of_two_tables_are_read_again_by_their_own_headers(reader: Reader) -> None:
    second = cells(2, **{"原值（元）": 35, FISCAL: 20, AID: 15})
    found = reader.read(workbook([list(HEADINGS), cells(1), list(WAN.values()), second]))
    told = rejected_rows(found, [(line.row, ()) for line in found.lines], regulation().on(ON))
    again = reader.read(told)
    assert [value for _, value, _ in values(again)] == ["450000.00", "350000.00"]


def test_rejected_rows_keep_what_was_merged_and_no_figure_twice(reader: Reader) -> None:
    lines = [list(HEADINGS), *(cells(number) for number in (1, 2))]
    project, value = HEADINGS.index("项目名称"), HEADINGS.index("原值（元）")
    lines[1][project] = "合并的项目"
    letters = "ABCDEFGHIJKLMNOPQRS"
    merged = [f"{letters[project]}2:{letters[project]}3", f"{letters[value]}2:{letters[value]}3"]
    found = reader.read(workbook(lines, merged))
    told = rejected_rows(found, [(line.row, line.faults) for line in found.lines], regulation().on(ON))
    again = reader.read(told).lines
    assert [line.card["projectName"] for line in again] == ["合并的项目"] * 2
    assert ["originalValue" in line.card for line in again] == [False, False]


# ---- units -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "note", ["单位：万元", "扶贫资产台账（万元）", "金额单位为万元", "计量单位：公里、万元"]
)
def test_note_above_that_contradicts_the_heading_is_refused(reader: Reader, note: str) -> None:
    with refused("COLUMN_AMBIGUOUS"):
        reader.read(ledger([row()], above=[[note]]))


def test_note_above_that_says_the_heading_s_unit_changes_nothing(reader: Reader) -> None:
    found = reader.read(ledger([row()], above=[["单位：元"]]))
    assert [value for _, value, _ in values(found)] == ["450000.00"]


@pytest.mark.parametrize("note", ["注：本表金额单位为万元", "单位：万元"])
def test_note_below_that_contradicts_the_heading_is_refused(reader: Reader, note: str) -> None:
    with refused("COLUMN_AMBIGUOUS"):
        reader.read(ledger([row()], below=[[note]]))


@pytest.mark.parametrize(
    "heading", ["原值\n单位：元", "原值（单位：元）", "原值/元", "原值元", "资产原值(元)"]
)
def test_heading_may_say_its_unit_in_many_ways(reader: Reader, heading: str) -> None:
    headings = [heading if name == "原值（元）" else name for name in HEADINGS]
    found = reader.read(ledger([row() | {heading: 450000}], headings))
    assert [value for _, value, _ in values(found)] == ["450000.00"]


IN_EVERY_FORMAT = pytest.mark.parametrize(
    "saved", [bytes, old_workbook_of, open_document_of], ids=["xlsx", "xls", "ods"]
)


def formatted(number: object, code: str, headings: tuple[str, ...] = HEADINGS) -> bytes:
    """A ledger whose original value is this number in this format."""
    names = dict(zip(headings, HEADINGS, strict=True))
    given = [row()[names[name]] for name in headings]
    return workbook(
        [
            list(headings),
            [number if name.startswith("原值") else cell for name, cell in zip(headings, given, strict=True)],
        ],
        formats={HEADINGS.index("原值（元）"): code},
    )


@pytest.mark.parametrize(
    "code", ['0.00"万元"', '#,##0.00"千元"', "0!.0,", '0"."0,', "#,##0,", "0.00\\万\\元"]
)
@IN_EVERY_FORMAT
def test_format_that_shows_another_unit_or_scale_is_refused(
    reader: Reader, code: str, saved: Callable[[bytes], bytes]
) -> None:
    (line,) = reader.read(saved(formatted(45, code))).lines
    assert [(fault.heading, fault.refusal.code) for fault in line.faults] == [
        ("原值（元）", "CELL_AMBIGUOUS")
    ]


@pytest.mark.parametrize(
    "code", ['0.00"元"', "#,##0.00", "#,##0.00_);[Red](#,##0.00)", '"¥"#,##0.00', "0.00_ "]
)
@IN_EVERY_FORMAT
def test_format_that_shows_the_number_as_it_is_changes_nothing(
    reader: Reader, code: str, saved: Callable[[bytes], bytes]
) -> None:
    (line,) = reader.read(saved(formatted(450000, code))).lines
    assert (line.card["originalValue"], line.faults) == (yuan("450000.00"), [])


@pytest.mark.parametrize(
    ("heading", "cell", "fen"),
    [
        ("原值（元）", "45万", None),
        ("原值（元）", "45万元", None),
        ("原值（元）", "0.45百万元", None),
        ("原值（元）", "450000元整", "450000.00"),
        ("原值（万元）", "45万", "450000.00"),
        ("原值（万元）", "45万元", "450000.00"),
        ("原值（万元）", "450000元", None),
        ("原值（万元）", "￥45", "450000.00"),
    ],
)
def test_unit_in_a_cell_has_to_be_its_column_s(
    reader: Reader, heading: str, cell: str, fen: str | None
) -> None:
    headings = [heading if name == "原值（元）" else name for name in HEADINGS]
    (line,) = reader.read(ledger([row() | {heading: cell}], headings)).lines
    if fen is None:
        assert [(fault.heading, fault.refusal.code) for fault in line.faults] == [(heading, "CELL_AMBIGUOUS")]
    else:
        assert (line.card["originalValue"], line.faults) == (yuan(fen), [])


# ---- days ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("since_1904", "number"), [(False, 43692), (True, 42230)])
@IN_EVERY_FORMAT
def test_bare_day_number_counts_from_the_workbook_s_own_day(
    reader: Reader, *, since_1904: bool, number: int, saved: Callable[[bytes], bytes]
) -> None:
    """15 August 2019 is day 43,692 since 30 December 1899 and day 42,230 since 1 January 1904."""
    book = openpyxl.load_workbook(BytesIO(ledger([row(1, 完工时间=number)])))
    if since_1904:
        book.epoch = CALENDAR_MAC_1904
    target = BytesIO()
    book.save(target)
    found = reader.read(saved(target.getvalue()))
    assert [str(line.card["completionDate"]) for line in found.lines] == ["2019-08-15"]
    assert [(one.kind, one.read_as) for one in found.remarks] == [("SERIAL", "2019-08-15")]


# ---- sums ------------------------------------------------------------------------------------------------------------


def total(text: str, value: object, fiscal: object = "") -> list[Any]:
    """A row of totals."""
    return [text, *[""] * 7, value, fiscal]


def test_sums_below_above_and_of_parts_are_held_against_the_rows(reader: Reader) -> None:
    lines: list[list[Any]] = [
        list(HEADINGS),
        total("合计", 1350000, 900000),
        ["一、基础设施"],
        cells(1),
        cells(2),
        total("小计", 900000, 600000),
        ["二、产业"],
        cells(3),
        total("小计", 450000, 300000),
    ]
    assert reader.read(workbook(lines)).totals_differ == []
    lines[5] = total("小计", 900000, 600000.01)
    assert [one.row for one in reader.read(workbook(lines)).totals_differ] == [6]
    lines[1] = total("合计", "见附表")
    assert [one.row for one in reader.read(workbook(lines)).totals_differ] == [2, 6]
