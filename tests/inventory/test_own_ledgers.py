"""Ledgers of a county's own, no two alike in headings, units, order or merging: every row, amount, flag and refusal of each
is written here by hand from what stands in the cells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from domain.refusals import Refusal
from service.inventory.spreadsheet.container import kind_of
from service.inventory.spreadsheet.ledger import Reader, SpreadsheetLedger
from service.inventory.spreadsheet.mapping import ColumnMapping, GivenOnce, MappedColumn, MappedWord, Mappings
from service.inventory.spreadsheet.report import rejected_rows
from tests.examples import regulation
from tests.inventory.conftest import ON
from tests.workbooks import old_workbook_of, open_document_of, workbook

BAREN, LEVEL, KURGAN = "653022202208", "653022202202", "653022202207"
TOWNSHIP = "653022202000"

Asset = tuple[int, str, str, str, dict[str, str], str, str, str, str, str]
"""Row, name, type, value, funds, place, implementer, completion, quantity with unit, funds allocated on."""


@dataclass(frozen=True)
class Own:
    """A ledger, and what is in it."""

    content: bytes
    assets: list[Asset] = field(default_factory=list)
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)
    unread: list[tuple[str, str | None]] = field(default_factory=list)
    """Heading, and the field or the act that is told."""
    remarks: int = 0
    mapping: ColumnMapping | None = None


def text(lines: list[list[Any]], mark: str = ",", encoding: str = "utf-8") -> bytes:
    """Delimited text; a cell with the delimiter is quoted."""
    rows = [mark.join(f'"{cell}"' if mark in str(cell) else str(cell) for cell in line) for line in lines]
    return ("\r\n".join(rows) + "\r\n").encode(encoding)


def merges(*areas: str) -> list[str]:
    """Areas in A1 notation."""
    return list(areas)


def township_with_three_levels() -> Own:
    """Three rows of headings, 万元 above, levels of government under one source, 小计 by village and 合计 on top."""
    lines: list[list[Any]] = [
        ["巴仁乡扶贫资产台账（2016—2020年）"],
        ["填报单位：巴仁乡人民政府", *[""] * 10, "金额单位：万元"],
        ["序号", "项目基本情况", "", "", "资产情况", "", "", "", "资金来源", "", "", "", "", "建设单位", "竣工时间"],
        ["", "项目名称", "实施年度", "建设地点", "资产名称", "建设内容", "小类", "规模", "财政专项扶贫发展资金", "", "", "援疆", "投资总额"],
        [*[""] * 8, "中央", "自治区", "县级"],
        ["合计", *[""] * 7, 60, 20, 5, 35.5, 120.5],
        [1, "道路工程", 2018, "巴仁村", "巴仁村巷道", "硬化巷道", "道路", "3.5公里", 40, 10, 5, "", 55, "巴仁乡政府", "2018年11月"],
        [2, "渠道工程", "2019年", "也勒干村", "防渗渠一期", "新建防渗渠", "农田水利（防渗渠）", "1200米", 20, 10, "", 35.5, 65.5, "县水利局", "2019.10.15"],
        ["小计", *[""] * 7, 60, 20, 5, 35.5, 120.5],
        ["填表人：阿依古丽", "", "", "审核人：买买提"],
    ]  # fmt: skip
    areas = merges("A3:A5", "B3:D3", "E3:H3", "I3:M3", "N3:N5", "O3:O5", "I4:K4", "L4:L5", "M4:M5", "A1:O1")
    areas += merges(*(f"{letter}4:{letter}5" for letter in "BCDEFGH"))
    return Own(
        workbook(lines, areas),
        assets=[
            (7, "巴仁村巷道", "ROAD", "550000.00", {"FISCAL_DEV": "550000.00"}, BAREN, TOWNSHIP, "2018-11-01", "3.5 公里", "2018-01-01"),
            (8, "防渗渠一期", "LINED_CANAL", "655000.00", {"FISCAL_DEV": "300000.00", "AID_XJ": "355000.00"}, LEVEL, "WATER", "2019-10-15", "1200 米", "2019-01-01"),
        ],
        skipped=[(1, "NOTE"), (2, "NOTE"), (6, "TOTAL"), (9, "SUBTOTAL"), (10, "NOTE")],
        remarks=3,
    )  # fmt: skip


def bureau_in_text_with_three_levels() -> Own:
    """The same in delimited text: no merged cells, blanks under what is divided further; GB18030."""
    lines: list[list[Any]] = [
        ["编号", "资产名称", "建设内容", "资产类型", "建成时间", "工程量", "", "资产原值（元）", "资金来源（元）", "", "", "拨付时间", "所属乡镇", "所属村", "实施单位"],
        [*[""] * 5, "数量", "单位", "", "财政专项扶贫发展资金", "", "社会帮扶", "", "", "", ""],
        [*[""] * 8, "中央", "自治州", "", "", "", "", ""],
        [1, "供水管网", "铺设管网", "供水引水", "2017.11", "12.5", "km", "1,200,000", "800,000.50", "199999.5", "200000", "2017-03", "巴仁乡", "库尔干村", "水利"],
    ]  # fmt: skip
    funds = {"FISCAL_DEV": "1000000.00", "SOCIAL_AID": "200000.00"}
    return Own(
        text(lines, encoding="gb18030"),
        assets=[(4, "供水管网", "WATER_SUPPLY", "1200000.00", funds, KURGAN, "WATER", "2017-11-01", "12.5 公里", "2017-03-01")],
        remarks=2,
    )  # fmt: skip


def two_tables_in_two_units() -> Own:
    """基础设施 in 元, below it 产业 in 万元, in another order, with units in the heading of the quantity."""
    lines: list[list[Any]] = [
        ["一、基础设施类"],
        ["序号", "名称", "主要建设内容", "类型", "竣工时间", "数量", "计量单位", "原值（元）", "援疆资金（元）", "资金年度", "村名", "建设单位"],
        [1, "便民桥", "钢筋混凝土桥", "道路", "2019年8月20日", 1, "座", 300000, 300000, 2019, "巴仁村", "交通"],
        ["小计", *[""] * 6, 300000, 300000],
        [],
        ["二、产业类"],
        ["序号", "村名", "名称", "类型", "主要建设内容", "数量（只）", "竣工时间", "资金年度", "兴边富民资金（万元）", "援疆资金（万元）", "原值（万元）", "建设单位"],
        [1, "且克村", "集体羊群", "经营类畜禽", "良种母羊", 350, "2020/5/1", 2020, 20, 15, 35, "巴仁乡"],
        ["合计", *[""] * 7, 20, 15, 35],
    ]  # fmt: skip
    return Own(
        workbook(lines),
        assets=[
            (3, "便民桥", "ROAD", "300000.00", {"AID_XJ": "300000.00"}, BAREN, "TRANSPORT", "2019-08-20", "1 座", "2019-01-01"),
            (8, "集体羊群", "LIVESTOCK_OPERATING", "350000.00", {"BORDER_PROSPERITY": "200000.00", "AID_XJ": "150000.00"}, "653022202209", TOWNSHIP, "2020-05-01", "350 只", "2020-01-01"),
        ],
        skipped=[(1, "NOTE"), (4, "SUBTOTAL"), (6, "SECTION"), (7, "HEADER"), (9, "TOTAL")],
        remarks=2,
    )  # fmt: skip


def levels_under_no_source(mapping: ColumnMapping | None) -> Own:
    """中央, 自治区, 东西部协作 straight under 资金来源: which funds they are only the office knows."""
    lines: list[list[Any]] = [
        ["资产名称", "建设规模及内容", "资产种类", "完工日期", "数量", "单位", "账面原值", "资金来源", "", "", "下达年度", "行政村", "项目单位"],
        [*[""] * 7, "中央", "自治区", "东西部协作", "", "", ""],
        ["党群服务中心", "砖混二层", "综合服务设施", "2018-10-30", 420, "平米", 84, 50, 14, 20, 2018, "加依村", "巴仁乡人民政府"],
    ]  # fmt: skip
    areas = merges("H1:J1", *(f"{letter}1:{letter}2" for letter in "ABCDEFGKLM"))
    return Own(
        workbook([["单位：万元"], *lines], [_down(area) for area in areas]),
        assets=[
            (4, "党群服务中心", "COMPREHENSIVE_SERVICE", "840000.00", {"FISCAL_DEV": "640000.00", "AID_XJ": "200000.00"}, "653022202210", TOWNSHIP, "2018-10-30", "420 平方米", "2018-01-01"),
        ],
        skipped=[(1, "NOTE")],
        remarks=1,
        mapping=mapping,
    )  # fmt: skip


def _down(area: str) -> str:
    """The area a row further down."""
    return ":".join(f"{place[0]}{int(place[1:]) + 1}" for place in area.split(":"))


DECIDED = ColumnMapping(
    columns=(
        MappedColumn(heading="资金来源/中央", field="fund:FISCAL_DEV"),
        MappedColumn(heading="资金来源/自治区", field="fund:FISCAL_DEV"),
        MappedColumn(heading="资金来源/东西部协作", field="fund:AID_XJ"),
    )
)


def old_stock_of_one_year() -> Own:
    """One year's projects of one department, without papers: year, department and the review are said once."""
    lines: list[list[Any]] = [
        ["县农业农村局2015年扶贫资产清册（单位：元）"],
        ["序号", "资产名称", "规格型号", "资产小类", "购置时间", "数量", "单位", "资产总值", "资金来源", "所在村"],
        [1, "饲料粉碎机", "9FQ-40", "生产加工设施设备", "2015年6月", 2, "台", 9600, "以工代赈", "吐尔村"],
        [2, "保鲜设备", "BX-2", "生产加工设施设备", "2015.7", 1, "套", "128,000.00", "财政专项扶贫发展资金", "英买里村"],
    ]  # fmt: skip
    once = {
        "allocatedOn": "2015年",
        "implementer": "县农业农村局",
        "acceptanceResult": "历史资产",
        "acceptanceReason": "2015年资料遗失",
        "jointReview": "JR-2021",
    }
    return Own(
        workbook(lines, merges("A1:J1")),
        assets=[
            (3, "饲料粉碎机", "PROCESSING", "9600.00", {"FISCAL_WORK_RELIEF": "9600.00"}, "653022202212", "AGRICULTURE", "2015-06-01", "2 台", "2015-01-01"),
            (4, "保鲜设备", "PROCESSING", "128000.00", {"FISCAL_DEV": "128000.00"}, "653022202214", "AGRICULTURE", "2015-07-01", "1 套", "2015-01-01"),
        ],
        skipped=[(1, "NOTE")],
        remarks=3,
        mapping=ColumnMapping(given=tuple(GivenOnce(field=name, value=value) for name, value in once.items())),
    )  # fmt: skip


def years_alone(mapping: ColumnMapping | None) -> Own:
    """建设年份 says 2018 and no more; 投资总额 is the only amount, 资金来源 one source a row."""
    lines: list[list[Any]] = [
        ["资产名称", "建设内容与规模", "类型", "建设年份", "规模", "项目总投资（万元）", "资金渠道", "资金下达年度", "项目地点", "项目主管单位", "权属单位", "管护责任人", "运营方式", "年收益", "备注"],
        ["惠民超市", "新建超市", "惠民超市", 2018, "320㎡", 62.5, "兴边富民", 2018, "巴仁乡巴仁村", "商信", "村集体", "某某", "出租", "3万元", ""],
    ]  # fmt: skip
    good: Asset = (2, "惠民超市", "SUPERMARKET", "625000.00", {"BORDER_PROSPERITY": "625000.00"}, BAREN, "COMMERCE", "2018-12-31", "320 平方米", "2018-01-01")  # fmt: skip
    return Own(
        workbook(lines),
        assets=[good if mapping is not None else (*good[:7], "", *good[8:])],
        faults=[] if mapping is not None else [(2, "建设年份", "CELL_AMBIGUOUS")],
        unread=[
            ("权属单位", "确权"),
            ("管护责任人", "管护"),
            ("运营方式", "经营合同"),
            ("年收益", "收益"),
        ],
        remarks=2 if mapping is not None else 1,
        mapping=mapping,
    )


def words_of_their_own(mapping: ColumnMapping | None) -> Own:
    """Types and units by other names than the tables': likely ones are suggested, and read once they are decided."""
    lines: list[list[Any]] = [
        ["资产名称", "资产内容", "资产类型", "完工时间", "数量", "原值（元）", "财政专项扶贫发展资金（元）", "拨付时间", "村", "实施单位"],
        ["路灯", "太阳能路灯", "路灯", "2019-05-01", "60盏", 180000, 180000, "2019-01-05", "阔洪其村", "巴仁乡政府"],
        ["光伏电站", "村级电站", "村级光伏电站", "2019-06-30", "100kW", 800000, 800000, "2019-01-05", "阔洪其村", "县扶贫办"],
        ["路灯二期", "太阳能路灯", "路灯", "2020-05-01", "40盏", 120000, 120000, "2020-01-05", "阔洪奇村", "阿克陶县住建局"],
    ]  # fmt: skip
    place = "653022202213"
    funds = [{"FISCAL_DEV": value} for value in ("180000.00", "800000.00", "120000.00")]
    decided = mapping is not None
    return Own(
        workbook(lines),
        assets=[
            (2, "路灯", "INFRA_OTHER" if decided else "", "180000.00", funds[0], place, TOWNSHIP, "2019-05-01", "60 盏", "2019-01-05"),
            (3, "光伏电站", "PV_PLANT" if decided else "", "800000.00", funds[1], place, "RURAL_REVITALIZATION" if decided else "", "2019-06-30", "100 千瓦", "2019-01-05"),
            (4, "路灯二期", "INFRA_OTHER" if decided else "", "120000.00", funds[2], place if decided else "", "HOUSING", "2020-05-01", "40 盏", "2020-01-05"),
        ],
        faults=[]
        if decided
        else [
            (2, "资产类型", "CODE_UNKNOWN"),
            (3, "资产类型", "CODE_UNKNOWN"),
            (3, "实施单位", "CODE_UNKNOWN"),
            (4, "资产类型", "CODE_UNKNOWN"),
            (4, "村", "CODE_UNKNOWN"),
        ],
        mapping=mapping,
    )  # fmt: skip


WORDS = ColumnMapping(
    words=tuple(
        MappedWord(field=name, word=word, code=code)
        for name, word, code in (
            ("assetType", "路灯", "INFRA_OTHER"),
            ("assetType", "村级光伏电站", "PV_PLANT"),
            ("implementer", "县扶贫办", "RURAL_REVITALIZATION"),
            ("location", "阔洪奇村", "653022202213"),
        )
    )
)


def merged_places_and_numbered_blanks() -> Own:
    """Township and village merged over their rows, 合计 above, numbers typed ahead below, a unit that is not the column's."""
    lines: list[list[Any]] = [
        ["乡镇", "村", "序号", "资产名称", "资产内容", "类型", "竣工日期", "资产数量", "单位", "账面价值（元）", "以工代赈资金（元）", "资金下达时间", "建设单位"],
        ["合计", *[""] * 8, 1050000, 1050000],
        ["巴仁乡", "墩巴格村", 1, "养殖小区", "圈舍十座", "农林牧渔业产业基地", "2016-09-01", 10, "座", 900000, 900000, "2016-02-01", "畜牧"],
        ["", "", 2, "水井", "机电井", "农田水利", "2016-10-01", "1处", "座", 150000, 150000, "2016-02-01", "水利"],
        ["", "", 3],
        ["", "", 4],
        ["注：以上资产均已验收"],
    ]  # fmt: skip
    village = "653022202203"
    return Own(
        workbook(lines, merges("A3:A6", "B3:B6")),
        assets=[
            (3, "养殖小区", "INDUSTRY_BASE", "900000.00", {"FISCAL_WORK_RELIEF": "900000.00"}, village, "ANIMAL_HUSBANDRY", "2016-09-01", "10 座", "2016-02-01"),
            (4, "水井", "IRRIGATION", "150000.00", {"FISCAL_WORK_RELIEF": "150000.00"}, village, "WATER", "2016-10-01", "1 座", "2016-02-01"),
        ],
        faults=[(4, "资产数量", "CELL_AMBIGUOUS")],
        skipped=[(2, "TOTAL"), (7, "NOTE")],
    )  # fmt: skip


def semicolons_in_utf16() -> Own:
    """Exported with semicolons, amounts grouped, the funds each with their own unit, one in a unit of its own in a cell."""
    lines: list[list[Any]] = [
        ["资产编码", "资产名称", "资产内容", "资产大类", "中类", "小类", "竣工时间", "使用年限", "数量", "计量单位", "资产原值(元)", "其他财政资金(元)", "自筹资金(元)", "资金下达时间", "乡镇", "行政村", "建设单位"],
        ["ZC-001", "文化活动室", "砖混", "公益类", "公共服务", "文化设施", "2014年9月1日", "20年", "1", "栋", "450,000.00", "400,000", "5万元", "2014年3月1日", "皮拉勒乡", "团结村", "皮拉勒乡"],
        ["ZC-002", "篮球场", "硬化", "公益类", "公共服务", "体育设施", "2014年9月1日", "10", "1", "处", "95,000.35", "95,000.35", "-", "2014年3月1日", "皮拉勒乡", "团结村", "文旅局"],
    ]  # fmt: skip
    village = "653022201215"
    return Own(
        text(lines, ";", "utf-16"),
        assets=[
            (2, "文化活动室", "CULTURE", "450000.00", {"OTHER_FISCAL": "400000.00"}, village, "", "2014-09-01", "1 栋", "2014-03-01"),
            (3, "篮球场", "SPORTS", "95000.35", {"OTHER_FISCAL": "95000.35"}, village, "CULTURE_TOURISM", "2014-09-01", "1 处", "2014-03-01"),
        ],
        faults=[(2, "建设单位", "CODE_UNKNOWN"), (2, "自筹资金(元)", "CELL_AMBIGUOUS")],
    )  # fmt: skip


def beginning_in_the_middle_of_the_sheet() -> Own:
    """Blank columns at the left, two lines of titles, 千元, the village before the township, an area in 亩 for the quantity."""
    lines: list[list[Any]] = [
        [],
        ["", "", "皮拉勒乡2017年度扶贫项目形成资产登记表"],
        ["", "", "制表日期：2021年3月", *[""] * 9, "单位：千元"],
        ["", "", "序号", "行政村", "乡镇", "资产名称", "建设内容", "资产类型", "竣工时间", "面积", "资产原值", "少数民族发展资金", "资金下达时间", "实施单位", "备注"],
        ["", "", 1, "团结村", "皮拉勒乡", "设施大棚", "日光温室", "种植基地", "2017/9/30", "12.5亩", "1,250.5", "1,250.5", "2017/3/1", "县农业农村局", "与邻村共用水井"],
        ["", "", 2, "团结村", "皮拉勒乡", "晾房", "砖木结构", "种植基地", "2017/10/8", "0.8亩", 80, 80, "2017/3/1", "县农业农村局"],
        ["", "", "合计", *[""] * 7, "1,330.5", "1,330.5"],
    ]  # fmt: skip
    village = "653022201215"
    return Own(
        workbook(lines, merges("C2:O2", "C3:E3")),
        assets=[
            (5, "设施大棚", "INDUSTRY_BASE", "1250500.00", {"FISCAL_ETHNIC_DEV": "1250500.00"}, village, "AGRICULTURE", "2017-09-30", "12.5 亩", "2017-03-01"),
            (6, "晾房", "INDUSTRY_BASE", "80000.00", {"FISCAL_ETHNIC_DEV": "80000.00"}, village, "AGRICULTURE", "2017-10-08", "0.8 亩", "2017-03-01"),
        ],
        skipped=[(2, "NOTE"), (3, "NOTE"), (7, "TOTAL")],
        mapping=ColumnMapping(
            columns=(MappedColumn(heading="面积", field="quantity"),),
            words=(MappedWord(field="assetType", word="种植基地", code="INDUSTRY_BASE"),),
        ),
    )  # fmt: skip


def one_row_for_each_source() -> Own:
    """An asset of two sources in two rows, its own cells merged over them: refused, and not two assets of the whole value each."""
    lines: list[list[Any]] = [
        ["资产名称", "资产内容", "类型", "完工时间", "数量", "单位", "资产原值（元）", "资金来源", "资金金额（元）", "资金下达时间", "村", "实施单位"],
        ["灌溉渠", "U形渠", "防渗渠", "2018-06-01", 900, "米", 300000, "以工代赈", 200000, "2018-01-01", "巴仁村", "水利"],
        ["", "", "", "", "", "", "", "援疆资金", 100000, "2018-02-01", "", ""],
    ]  # fmt: skip
    merged = ("灌溉渠", "LINED_CANAL", "", {}, BAREN, "WATER", "2018-06-01", "", "")
    return Own(
        workbook(lines, merges(*(f"{letter}2:{letter}3" for letter in "ABCDEFGKL"))),
        assets=[(2, *merged), (3, *merged)],
        faults=[(row, heading, "CELL_AMBIGUOUS") for row in (2, 3) for heading in ("数量", "资产原值（元）")],
        unread=[("资金金额（元）", "")],
    )


def tabs_and_totals_between() -> Own:
    """Copied out of a page: tabs, full-width figures and brackets, 小计 of each village before its rows."""
    lines: list[list[Any]] = [
        ["村名", "资产名称", "建设内容", "资产类型", "竣工时间", "数量", "计量单位", "资产原值（万元）", "财政专项扶贫发展资金（万元）", "拨付时间", "建设单位"],
        ["巴仁村小计", *[""] * 6, "１２．５", "12.5"],
        ["巴仁村", "便民厕所", "砖混结构", "卫生设施", "２０１９年９月", "１", "座", "１２．５", "12.5", "2019年1月", "巴仁乡"],
        ["且克村小计", *[""] * 6, "30", "30"],
        ["且克村", "文化广场", "硬化、亮化", "文化设施", "2019.9.1", "1200", "平方米", "30", "30", "2019年1月", "巴仁乡"],
        ["总计", *[""] * 6, "42.5", "42.5"],
    ]  # fmt: skip
    return Own(
        text(lines, "\t"),
        assets=[
            (3, "便民厕所", "HEALTH", "125000.00", {"FISCAL_DEV": "125000.00"}, BAREN, TOWNSHIP, "2019-09-01", "1 座", "2019-01-01"),
            (5, "文化广场", "CULTURE", "300000.00", {"FISCAL_DEV": "300000.00"}, "653022202209", TOWNSHIP, "2019-09-01", "1200 平方米", "2019-01-01"),
        ],
        skipped=[(2, "SUBTOTAL"), (4, "SUBTOTAL"), (6, "TOTAL")],
        remarks=3,
    )  # fmt: skip


LEDGERS = [
    township_with_three_levels(),
    bureau_in_text_with_three_levels(),
    two_tables_in_two_units(),
    levels_under_no_source(DECIDED),
    old_stock_of_one_year(),
    years_alone(None),
    years_alone(ColumnMapping(year_alone="LAST_DAY")),
    words_of_their_own(None),
    words_of_their_own(WORDS),
    merged_places_and_numbered_blanks(),
    semicolons_in_utf16(),
    beginning_in_the_middle_of_the_sheet(),
    one_row_for_each_source(),
    tabs_and_totals_between(),
]


def read(reader: Reader, own: Own) -> SpreadsheetLedger:
    return reader.read(own.content, mappings=Mappings(own.mapping))


def told(found: SpreadsheetLedger) -> list[Asset]:
    """Every row as it is written above."""
    return [
        (
            line.row,
            line.card["assetName"],
            line.card.get("assetType", ""),
            line.card["originalValue"].yuan() if "originalValue" in line.card else "",
            _sums(line.card["fundingLines"]),
            line.card.get("location", ""),
            line.card.get("implementer", ""),
            str(line.card.get("completionDate", "")),
            f"{line.card['quantity']:f} {line.card.get('unitOfMeasure', '')}"
            if "quantity" in line.card
            else "",
            str(line.card["fundingLines"][0]["allocatedOn"]) if line.card["fundingLines"] else "",
        )
        for line in found.lines
    ]


def _sums(lines: list[dict[str, Any]]) -> dict[str, str]:
    sources = {one["source"] for one in lines}
    return {
        source: type(lines[0]["amount"])(
            sum(one["amount"] for one in lines if one["source"] == source)
        ).yuan()
        for source in sources
    }


@pytest.mark.parametrize("saved", [bytes, old_workbook_of, open_document_of], ids=["as it is", "xls", "ods"])
@pytest.mark.parametrize("number", range(len(LEDGERS)))
def test_ledger_of_a_county_s_own_is_read_as_it_is_written(
    reader: Reader, number: int, saved: Callable[[bytes], bytes]
) -> None:
    own = LEDGERS[number]
    if kind_of(own.content) == "xlsx":  # text has one form
        own = replace(own, content=saved(own.content))
        assert kind_of(own.content) == {bytes: "xlsx", old_workbook_of: "xls", open_document_of: "ods"}[saved]
    found = read(reader, own)
    assert told(found) == own.assets
    wrong = [(line.row, fault.heading, fault.refusal.code) for line in found.lines for fault in line.faults]
    assert sorted(wrong, key=str) == sorted(own.faults, key=str)
    assert [(one.row, one.kind) for one in found.skipped] == own.skipped
    assert [one.label for one in found.header.unread] == [heading for heading, _ in own.unread]
    for one, (_, act) in zip(found.header.unread, own.unread, strict=True):
        assert act is not None
        assert act in (one.act or "")
    assert len(found.remarks) == own.remarks
    assert found.totals_differ == []


def test_levels_under_no_source_are_decided_by_nobody_but_the_mapping(reader: Reader) -> None:
    with pytest.raises(Refusal) as refusal:
        read(reader, levels_under_no_source(None))
    assert refusal.value.code == "COLUMN_AMBIGUOUS"
    columns = refusal.value.params["columns"]
    assert [one.partition("（")[0] for one in columns] == [
        "H 资金来源/中央",
        "I 资金来源/自治区",
        "J 资金来源/东西部协作",
    ]
    assert "AID_XJ" in columns[2]


def test_missing_columns_are_named_with_the_headings_that_are_not_understood(reader: Reader) -> None:
    lines: list[list[Any]] = [
        ["项目名称", "资产名字", "资产内容", "类型", "完工", "数量", "单位", "原值（元）", "援疆资金（元）", "拨付时间", "所在的村", "实施单位"],
        ["一期", "村道", "硬化", "道路", "2019-08-15", 1, "公里", 450000, 450000, "2019-01-01", "巴仁村", "交通"],
    ]  # fmt: skip
    with pytest.raises(Refusal) as refusal:
        reader.read(workbook(lines))
    assert refusal.value.code == "COLUMN_MISSING"
    assert refusal.value.missing == ("资产名称", "完工时间", "所在村")
    assert refusal.value.params["unread"] == [
        "B 资产名字（可能是“资产名称”）",
        "E 完工（可能是“完工时间”）",
        "K 所在的村（可能是“所在村”）",
    ]


def test_heading_that_says_nothing_is_suggested_by_what_its_cells_hold(reader: Reader) -> None:
    lines: list[list[Any]] = [
        ["资产名称", "资产内容", "甲", "完工时间", "数量", "乙", "原值（元）", "援疆资金（元）", "拨付时间", "丙", "丁"],
        ["村道", "硬化", "道路", "2019-08-15", 1, "公里", 450000, 450000, "2019-01-01", "巴仁村", "交通"],
        ["渠", "新建", "农田水利（防渗渠）", "2019-08-15", 1, "km", 450000, 450000, "2019-01-01", "且克村", "水利局"],
    ]  # fmt: skip
    with pytest.raises(Refusal) as refusal:
        reader.read(workbook(lines))
    assert refusal.value.params["unread"] == [
        "C 甲（可能是“资产类型”）",
        "F 乙（可能是“单位”）",
        "J 丙（可能是“所在村”）",
        "K 丁（可能是“项目实施单位”）",
    ]


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        (ColumnMapping(columns=(MappedColumn(heading="建设内容", field="contents"),)), "CODE_UNKNOWN"),
        (ColumnMapping(columns=(MappedColumn(heading="建设内容", field="fund:GIFTS"),)), "CODE_UNKNOWN"),
        (ColumnMapping(words=(MappedWord(field="kind", word="路", code="ROAD"),)), "CODE_UNKNOWN"),
        (ColumnMapping(given=(GivenOnce(field="assetName", value="道路"),)), "FIELD_INVALID"),
        (ColumnMapping(given=(GivenOnce(field="acceptedOn", value="去年"),)), "DATE_MALFORMED"),
        (ColumnMapping(given=(GivenOnce(field="location", value="巴仁村"),)), "COLUMN_AMBIGUOUS"),
        (ColumnMapping(words=(MappedWord(field="assetType", word="路灯", code="LAMP"),)), "CODE_UNKNOWN"),
    ],
)
def test_mapping_is_held_against_the_tables(reader: Reader, mapping: ColumnMapping, code: str) -> None:
    own = words_of_their_own(mapping)
    with pytest.raises(Refusal) as refusal:
        read(reader, own)
    assert refusal.value.code == code


def test_unresolved_words_are_counted_with_what_they_are_likely_to_mean(reader: Reader) -> None:
    found = read(reader, words_of_their_own(None))
    told = {word: (one.rows, one.suggested) for (_, word), one in found.unresolved.items()}
    assert told["路灯"] == (2, ("其他基础设施（INFRA_OTHER）",))
    assert told["村级光伏电站"] == (1, ("光伏电站（PV_PLANT）",))
    assert told["阔洪奇村"][1][0] == "阔洪其村委会（653022202213）"
    assert told["县扶贫办"][0] == 1


def test_mapping_of_a_heading_may_say_its_unit_or_that_it_is_not_read(reader: Reader) -> None:
    lines: list[list[Any]] = [
        ["资产名称", "资产内容", "类型", "完工时间", "数量", "单位", "原值", "援疆资金", "金额备查", "拨付时间", "村", "实施单位"],
        ["村道", "硬化", "道路", "2019-08-15", 1, "公里", 45, 450000, 7, "2019-01-01", "巴仁村", "交通"],
    ]  # fmt: skip
    mapping = ColumnMapping(
        columns=(
            MappedColumn(heading="原值", field="originalValue", unit="万元"),
            MappedColumn(heading="援疆资金", field="fund:AID_XJ", unit="元"),
            MappedColumn(heading="金额备查"),
        )
    )
    found = reader.read(workbook(lines), mappings=Mappings(mapping))
    (line,) = found.lines
    assert (line.card["originalValue"].yuan(), line.faults) == ("450000.00", [])
    assert [(one.label, one.decided) for one in found.header.unread] == [("金额备查", True)]
    with pytest.raises(Refusal):
        reader.read(workbook(lines))


def test_kept_mapping_is_used_for_its_layout_and_its_words_for_every_layout(reader: Reader) -> None:
    own = words_of_their_own(None)
    layout = reader.read(own.content).header.layout
    decided = told(reader.read(own.content, mappings=Mappings(kept={layout: WORDS})))
    assert decided == words_of_their_own(WORDS).assets
    assert told(reader.read(own.content, mappings=Mappings(kept={"other": WORDS}))) == decided
    wrong = ColumnMapping(columns=(MappedColumn(heading="数量"),))
    assert told(reader.read(own.content, mappings=Mappings(kept={"other": wrong}))) == own.assets


@pytest.mark.parametrize("number", range(len(LEDGERS)))
def test_report_of_a_county_s_own_ledger_can_be_handed_in_again(reader: Reader, number: int) -> None:
    """Rows as they were: the same amounts, funds and places without a mapping, but for words and years that it decided."""
    own = LEDGERS[number]
    found = read(reader, own)
    report = rejected_rows(found, [(line.row, line.faults) for line in found.lines], regulation().on(ON))
    words = None if own.mapping is None else own.mapping.model_copy(update={"columns": (), "given": ()})
    again = reader.read(report, mappings=Mappings(words))
    assert [one[1:] for one in told(again)] == [one[1:] for one in told(found)]
