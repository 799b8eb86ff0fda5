"""What clerks' ledgers look like: every trap is read rightly or refused with its row and column, never guessed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.regulation.divisions import DivisionRow
from service.inventory.spreadsheet.ledger import Reader, SpreadsheetLedger
from tests.domain.saying import refused
from tests.examples import regulation, yuan
from tests.workbooks import HEADINGS, csv_of, ledger, row, workbook


def one(reader: Reader, **changes: Any) -> tuple[dict[str, Any], list[tuple[str | None, str]]]:
    """The card that a row makes, and what is wrong with it."""
    (line,) = reader.read(ledger([row(1, **changes)])).lines
    return line.card, [(fault.heading, fault.refusal.code) for fault in line.faults]


def faults(found: SpreadsheetLedger) -> list[tuple[int, str | None, str]]:
    return [(line.row, fault.column, fault.refusal.code) for line in found.lines for fault in line.faults]


# ---- headings --------------------------------------------------------------------------------------------------------


def test_headings_over_several_rows_with_merged_cells(reader: Reader) -> None:
    top = [
        "序号",
        "资产名称",
        "建设内容",
        "资产类型",
        "完工时间",
        "使用年限",
        "数量",
        "单位",
        "原值",
        "资金来源（万元）",
        "",
        "",
    ]
    top += ["资金年度", "行政村", "实施单位"]
    below = [""] * 9 + ["援疆资金", "兴边富民", "小计"] + [""] * 3
    data = [1, "村道", "硬化", "道路", "2019年8月", "15年", 1.5, "公里", 45, 30, 15, 45, 2018]
    data += ["653022202208", "县交通局"]
    merges = [f"{letter}3:{letter}4" for letter in "ABCDEFGHIMNO"] + ["J3:L3", "A1:O1"]
    lines = [
        ["阿克陶县扶贫资产清查表"] + [""] * 14,
        ["填报单位：巴仁乡"] + [""] * 9 + ["单位：万元"],
        top,
        below,
        data,
    ]
    found = reader.read(workbook(lines, merges))
    assert (found.header.top, found.header.bottom, found.header.unread) == (2, 3, ())
    (line,) = found.lines
    assert line.faults == []
    assert line.card["originalValue"] == yuan("450000.00")
    assert [(one["source"], one["amount"]) for one in line.card["fundingLines"]] == [
        ("AID_XJ", yuan("300000.00")),
        ("BORDER_PROSPERITY", yuan("150000.00")),
    ]
    assert line.card["implementer"] == "TRANSPORT"
    assert line.card["location"] == "653022202208"


def test_headings_over_two_rows_of_delimited_text(reader: Reader) -> None:
    text = (
        "资产名称,资产内容,资产类型,完工时间,数量,单位,原值（元）,资金来源（元）,,拨付时间,村,实施单位\n"
        ",,,,,,,援疆资金,自筹资金,,,\n"
        '村道,硬化,道路,2019/8/15,1.5,公里,"450,000","400,000","50,000.00",2018-03-01,653022202208,交通\n'
    )
    (line,) = reader.read(text.encode("gb18030")).lines
    assert line.faults == []
    assert [one["source"] for one in line.card["fundingLines"]] == ["AID_XJ", "SELF_RAISED"]


def test_amounts_without_a_unit_are_refused(reader: Reader) -> None:
    headings = [name.replace("（元）", "") for name in HEADINGS]
    with refused("COLUMN_AMBIGUOUS"):
        reader.read(ledger([], headings))
    with refused("COLUMN_AMBIGUOUS"):
        reader.read(ledger([], headings, above=[["单位：万元"], ["单位：元"]]))
    found = reader.read(ledger([], headings, above=[["", "金额单位：元"]]))
    assert found.header.of("originalValue").unit == 100  # type: ignore[union-attr]


def test_two_columns_for_one_thing_are_refused(reader: Reader) -> None:
    with refused("COLUMN_AMBIGUOUS"):
        reader.read(ledger([], [*HEADINGS, "名称"]))


def test_columns_that_are_missing_are_named(reader: Reader) -> None:
    short = [name for name in HEADINGS if name not in {"单位", "所在村"}]
    with refused("COLUMN_MISSING", missing=["单位", "所在村"]):
        reader.read(ledger([], short))
    without = [name for name in HEADINGS if "资金（元）" not in name]
    with refused("COLUMN_MISSING", missing=["资金来源"]):
        reader.read(ledger([], without))
    with refused("HEADER_NOT_FOUND"):
        reader.read(workbook([["某年工作总结"], ["正文"]]))


def test_columns_that_are_not_known_are_told(reader: Reader) -> None:
    found = reader.read(ledger([row()], [*HEADINGS, "领导批示"]))
    assert [(one.letters, one.label) for one in found.header.unread] == [("T", "领导批示")]


# ---- amounts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("４５０，０００", "450000.00"),
        ("450,000.5", "450000.50"),
        ("￥450000", "450000.00"),
        ("450000元", "450000.00"),
        (0.1 + 0.2, "0.30"),
        (450000, "450000.00"),
        (" 1 000 ", "1000.00"),
    ],
)
def test_amounts_as_clerks_write_them(reader: Reader, written: Any, meant: str) -> None:
    card, wrong = one(reader, **{"原值（元）": written})
    assert (card["originalValue"], wrong) == (yuan(meant), [])


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("45万元", "CELL_AMBIGUOUS"),
        ("1,23", "CELL_AMBIGUOUS"),
        ("1.234.567", "CELL_AMBIGUOUS"),
        ("1,234,56", "CELL_AMBIGUOUS"),
        ("若干", "AMOUNT_MALFORMED"),
        (True, "AMOUNT_MALFORMED"),
        (1234.567, "AMOUNT_PRECISION"),
        ("9" * 18, "AMOUNT_OUT_OF_RANGE"),
        ("#REF!", "FIELD_INVALID"),
    ],
)
def test_amounts_that_are_not_guessed(reader: Reader, written: Any, code: str) -> None:
    assert ("原值（元）", code) in one(reader, **{"原值（元）": written})[1]


def test_wan_yuan_is_exact(reader: Reader) -> None:
    headings = [name.replace("（元）", "（万元）") for name in HEADINGS]
    given = {name.replace("（元）", "（万元）"): value for name, value in row().items()}
    given |= {
        "原值（万元）": 33.3333,
        "援疆资金（万元）": "－",
        "各级财政专项扶贫发展资金（万元）": "33.3333万元",
    }
    (line,) = reader.read(ledger([given], headings)).lines
    assert line.card["originalValue"] == yuan("333333.00")
    assert [one["amount"] for one in line.card["fundingLines"]] == [yuan("333333.00")]


# ---- days ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2019-08-15", date(2019, 8, 15)),
        ("2019年8月15日", date(2019, 8, 15)),
        ("2019.8.15", date(2019, 8, 15)),
        ("２０１９／８／１５", date(2019, 8, 15)),
        ("20190815", date(2019, 8, 15)),
        (20190815, date(2019, 8, 15)),
        ("2019-08-15 00:00:00", date(2019, 8, 15)),
        (43692, date(2019, 8, 15)),
        ("2019年8月", date(2019, 8, 1)),
        ("2019.8", date(2019, 8, 1)),
        (2019.8, date(2019, 8, 1)),
        (2019.11, date(2019, 11, 1)),
        (201908, date(2019, 8, 1)),
        ("2019.1", date(2019, 1, 1)),
        ("2019.10", date(2019, 10, 1)),
    ],
)
def test_days_as_clerks_write_them(reader: Reader, written: Any, meant: date) -> None:
    found = reader.read(ledger([row(1, 完工时间=written)]))
    assert found.lines[0].card["completionDate"] == meant
    kinds = [remark.kind for remark in found.remarks]
    assert kinds == (["SERIAL"] if written == 43692 else [] if meant.day == 15 else ["MONTH"])


def test_a_cell_formatted_as_a_day_is_that_day(reader: Reader) -> None:
    cells = [list(HEADINGS), [row()[name] for name in HEADINGS]]
    cells[1][HEADINGS.index("完工时间")] = datetime(2019, 8, 15)
    found = reader.read(workbook(cells, formats={HEADINGS.index("完工时间"): "yyyy-mm-dd"}))
    assert found.lines[0].card["completionDate"] == date(2019, 8, 15)
    assert found.remarks == []


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (2019.1, "CELL_AMBIGUOUS"),
        ("2019", "CELL_AMBIGUOUS"),
        (2019, "CELL_AMBIGUOUS"),
        ("8/15/2019", "DATE_MALFORMED"),
        ("2019-02-30", "DATE_MALFORMED"),
        ("19.8", "DATE_MALFORMED"),
        ("去年", "DATE_MALFORMED"),
        ("2019.13", "DATE_MALFORMED"),
    ],
)
def test_days_that_are_not_guessed(reader: Reader, written: Any, code: str) -> None:
    assert one(reader, 完工时间=written)[1] == [("完工时间", code)]


def test_delimited_text_does_not_tell_october_from_january(reader: Reader) -> None:
    found = reader.read(csv_of([row(1, 完工时间="2019.1")]).encode())
    assert faults(found) == [(2, "E", "CELL_AMBIGUOUS")]


def test_a_year_is_enough_for_the_money(reader: Reader) -> None:
    found = reader.read(ledger([row(1, 资金拨付时间="2018年")]))
    assert found.lines[0].card["fundingLines"][0]["allocatedOn"] == date(2018, 1, 1)
    assert [remark.kind for remark in found.remarks] == ["YEAR"]


# ---- places and units ------------------------------------------------------------------------------------------------


def twice_used_village() -> tuple[str, list[DivisionRow]]:
    """A village's name that two townships have."""
    villages = [place for place in regulation().divisions if place.level == "village"]
    names = [place.name for place in villages]
    name = next(name for name in names if names.count(name) > 1)
    return name, [place for place in villages if place.name == name]


def test_a_village_s_name_that_two_have_needs_its_township(reader: Reader) -> None:
    name, found = twice_used_village()
    assert one(reader, 乡镇="", 所在村=name)[1] == [("所在村", "CELL_AMBIGUOUS")]
    card, wrong = one(reader, 乡镇=found[1].parent, 所在村=name.removesuffix("委会"))
    assert (card["location"], wrong) == (found[1].code, [])


def test_places_that_do_not_fit_are_refused(reader: Reader) -> None:
    assert one(reader, 所在村="桃花源")[1] == [("所在村", "CODE_UNKNOWN")]
    assert one(reader, 乡镇="蓬莱乡")[1] == [("乡镇", "CODE_UNKNOWN")]
    assert one(reader, 乡镇="653022201000")[1] == [("所在村", "FIELD_INVALID")]
    assert one(reader, 所在村="旧村")[1] == [("所在村", "FIELD_INVALID")]


def test_a_township_s_name_before_the_village_s_is_read(reader: Reader) -> None:
    village = next(place for place in regulation().divisions if place.code == "653022202208")
    card, wrong = one(reader, 乡镇="", 所在村="巴仁乡" + village.name.removesuffix("委会"))
    assert (card["location"], wrong) == ("653022202208", [])
    assert one(reader, 乡镇="", 所在村="巴仁乡")[0]["location"] == "653022202000"


@pytest.mark.parametrize(
    ("written", "code"), [("县交通局", "TRANSPORT"), ("交通", "TRANSPORT"), ("巴仁乡", "653022202000")]
)
def test_units_go_by_name_short_name_or_code(reader: Reader, written: str, code: str) -> None:
    assert one(reader, 项目实施单位=written)[0]["implementer"] == code
    assert one(reader, 项目实施单位="天庭")[1] == [("项目实施单位", "CODE_UNKNOWN")]


# ---- rows ------------------------------------------------------------------------------------------------------------


def test_every_row_is_a_line_or_is_told(reader: Reader) -> None:
    blank = [""] * len(HEADINGS)
    lines = [
        ["阿克陶县扶贫资产清查表"],
        list(HEADINGS),
        list(range(1, len(HEADINGS) + 1)),
        ["一、基础设施"],
        [row(1)[name] for name in HEADINGS],
        blank,
        ["", "小计", "", "", "", "", "", "", 450000],
        list(HEADINGS),
        [row(2)[name] for name in HEADINGS],
        ["合计", "", "", "", "", "", "", "", 900000],
        ["填表人：张三", "", "审核人：李四"],
    ]
    found = reader.read(workbook(lines))
    assert [line.row for line in found.lines] == [5, 9]
    assert [(one.row, one.kind) for one in found.skipped] == [
        (1, "NOTE"),
        (3, "HEADER"),
        (4, "SECTION"),
        (7, "SUBTOTAL"),
        (8, "HEADER"),
        (10, "TOTAL"),
        (11, "NOTE"),
    ]
    assert found.totals_differ == []


def test_a_total_that_is_not_the_sum_is_told(reader: Reader) -> None:
    found = reader.read(ledger([row()], below=[["合计", "", "", "", "", "", "", "", 1]]))
    assert [one.row for one in found.totals_differ] == [3]


def test_a_half_filled_row_is_not_dropped(reader: Reader) -> None:
    found = reader.read(ledger([row(), {"资产名称": "漏填的资产", "原值（元）": 5}]))
    assert [line.row for line in found.lines] == [2, 3]


def test_merged_texts_hold_for_their_rows_and_merged_figures_do_not(reader: Reader) -> None:
    lines = [list(HEADINGS), *([row(number)[name] for name in HEADINGS] for number in (1, 2))]
    project, value = HEADINGS.index("项目名称"), HEADINGS.index("原值（元）")
    lines[1][project] = "合并的项目"
    letters = "ABCDEFGHIJKLMNOPQRS"
    found = reader.read(workbook(lines, [f"{letters[project]}2:{letters[project]}3"]))
    assert [line.card["projectName"] for line in found.lines] == ["合并的项目"] * 2
    found = reader.read(workbook(lines, [f"{letters[value]}2:{letters[value]}3"]))
    assert faults(found) == [(2, "I", "CELL_AMBIGUOUS"), (3, "I", "CELL_AMBIGUOUS")]


def test_a_single_source_has_the_whole_value(reader: Reader) -> None:
    headings = [name for name in HEADINGS if "资金（元）" not in name] + ["资金来源"]
    (line,) = reader.read(ledger([row(1, 资金来源="援疆资金")], headings)).lines
    assert [(one["source"], one["amount"]) for one in line.card["fundingLines"]] == [
        ("AID_XJ", yuan("450000.00"))
    ]
    (line,) = reader.read(ledger([row(1, 资金来源="援疆资金、自筹资金")], headings)).lines
    assert [fault.refusal.code for fault in line.faults] == ["FUND_SOURCE_UNKNOWN"]


def test_a_stated_sum_of_the_funds_has_to_be_their_sum(reader: Reader) -> None:
    headings = [*HEADINGS, "资金合计（元）"]
    (line,) = reader.read(ledger([row(1) | {"资金合计（元）": 450001}], headings)).lines
    assert [(fault.column, fault.refusal.code) for fault in line.faults] == [("T", "FIELD_INVALID")]


def test_words_stand_for_codes(reader: Reader) -> None:
    headings = [*HEADINGS, "资产类别", "项目范围", "是否村级使用"]
    given = row(1, 资产类别="公益性资产", 项目范围="联建", 是否村级使用="是")
    (line,) = reader.read(ledger([given], headings)).lines
    told = ("assetClass", "subclass", "assetType", "projectScope", "villageUse")
    assert [line.card[name] for name in told] == [
        "PUBLIC_WELFARE",
        "INFRASTRUCTURE",
        "ROAD",
        "JOINT_VILLAGE",
        True,
    ]
    (line,) = reader.read(ledger([row(1, 资产类别="神秘")], headings)).lines
    assert [fault.refusal.code for fault in line.faults] == ["CODE_UNKNOWN"]


def test_quantities_and_years(reader: Reader) -> None:
    card, wrong = one(reader, 数量="１，２００．５", 预计使用年限="十五年")
    assert (card["quantity"], wrong) == (Decimal("1200.5"), [("预计使用年限", "AMOUNT_MALFORMED")])
    assert one(reader, 预计使用年限=7.5)[1] == [("预计使用年限", "USEFUL_LIFE_INVALID")]


def test_several_sheets_with_a_ledger_have_to_be_chosen(reader: Reader) -> None:
    from io import BytesIO

    import openpyxl

    book = openpyxl.Workbook()
    for name in ("第一季度", "第二季度"):
        sheet = book.create_sheet(name)
        sheet.append(list(HEADINGS))
        sheet.append([row()[heading] for heading in HEADINGS])
    target = BytesIO()
    book.save(target)
    with refused("COLUMN_AMBIGUOUS"):
        reader.read(target.getvalue())
    found = reader.read(target.getvalue(), "第二季度")
    assert (found.sheet, found.other_sheets) == ("第二季度", ("第一季度",))
    with refused("NOT_FOUND"):
        reader.read(target.getvalue(), "第三季度")


def test_a_formula_counts_by_its_saved_result_only(reader: Reader) -> None:
    from io import BytesIO

    import openpyxl

    book = openpyxl.load_workbook(BytesIO(ledger([row()])))
    book.active.cell(row=2, column=HEADINGS.index("原值（元）") + 1).value = "=300000+150000"
    target = BytesIO()
    book.save(target)
    assert faults(reader.read(target.getvalue())) == [(2, "I", "FORMULA_WITHOUT_VALUE")]
    saved = ledger([row(1, **{"原值（元）": "=300000+150000"})])  # written with the result 0
    assert reader.read(saved).lines[0].card["originalValue"] == 0
