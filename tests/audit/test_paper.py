"""The paper that is signed: what stands on it, by hand from the regulation and from a small handover, and whether it is
legible. Expected values are written out here, not taken from the layout.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg
import openpyxl
import pytest
import pytest_asyncio
from openpyxl.worksheet.worksheet import Worksheet

from service.audit import verify
from service.audit.workbook import workbook_of
from service.clock import utc_now
from service.log.checkpoints import Checkpoints
from service.log.event_store import EventStore
from tests.audit.packs import Log, files_of, found
from tests.projections.history import (
    BASIS,
    VILLAGES,
    Log as History,
    append_all,
    card,
    confirmation,
    custody,
    defined,
    distribution,
    receipt,
    terms,
)

VILLAGE, TOWN = VILLAGES[0], "653022202000"
SHOP, LAMPS, PLANT = (f"{VILLAGE}-2019-00000{n}" for n in (1, 2, 3))
LONG = "阿克陶县玉麦镇尤喀克霍伊拉村与巴仁乡联合实施的分布式光伏电站" * 3
LEAVER, TAKER, OTHER = "阿卜杜热合曼（P-1001）", "古丽娜尔（P-1003）", "王建国（P-1005）"
CASE = "K-2022-1"
DIGEST = hashlib.sha256(
    (
        f'["{CASE}","P-1001","MANAGER","{VILLAGE}",[["{SHOP}",9,"P-1003"],["{LAMPS}",5,"P-1005"],["{PLANT}",3,"P-1003"]]]'
    ).encode()
).hexdigest()
"""Of the list as the case itself seals it: case, person, duty, unit, and of each asset version and taker."""


def handover(*, case: bool = True) -> History:
    """Three assets, two takers, a difference, a dispute, an audit finding, one finding of history and 30 reminders."""
    log = History()
    for person, name in (
        ("P-1001", "阿卜杜热合曼"), ("P-1003", "古丽娜尔"), ("P-1005", "王建国"), ("P-1004", "李监交"), ("P-1009", "赵临时"),
    ):  # fmt: skip
        log.add(f"person-{person}", "person.registered", {"card": {"name": name, "organization": VILLAGE}})
    log.add(f"division-{VILLAGE}", "division.defined", defined("第一村"))
    log.add(f"organization-{VILLAGE}", "organization.defined", defined("第一村村委会", kind="VILLAGE"))
    log.add(f"organization-{TOWN}", "organization.defined", defined("玉麦镇人民政府", kind="TOWNSHIP"))
    for asset, made in _cards().items():
        missing = {
            "code": "ACCEPTANCE_MISSING",
            "clause": "C4.3-01",
            "detailZh": "登记时无竣工验收资料",
            "detailEn": "",
            "params": {},
        }
        basis = BASIS | ({"findings": [missing]} if asset == LAMPS else {})
        log.add(
            f"asset-{asset}", "asset.registered", {"card": made, "scope": "IN"}, date(2021, 7, 1), basis=basis
        )
        log.add(
            f"asset-{asset}",
            "asset.custody_assigned",
            custody(VILLAGE, {"P-1001": "MANAGER"}),
            date(2021, 7, 1),
        )
    _lives(log)
    if case:
        _case(log)
    return log


def _cards() -> dict[str, dict[str, Any]]:
    shop = card(
        240_000_00, VILLAGE, "惠民超市<一>", assetContent="砖混结构门面房三间", assetType="SUPERMARKET", quantity="3",
        unitOfMeasure="间", constructionStart="2019-04-01", completionDate="2019-09-30", usefulLifeYears=20,
        remarks="钥匙3把",
        fundingLines=[
            {"source": "FISCAL_DEV", "amount": 150_000_00, "allocatedOn": "2019-03-01"},
            {"source": "AID_XJ", "amount": 40_000_00, "allocatedOn": "2019-03-01"},
            {"source": "FISCAL_DEV", "amount": 50_000_00, "allocatedOn": "2019-05-01"},
        ],
    )  # fmt: skip
    lamps = card(1_000_01, VILLAGE, "路灯", assetClass="PUBLIC_WELFARE", quantity="12", unitOfMeasure="盏")
    plant = card(999_999_999_999_99, VILLAGE, LONG)
    return {SHOP: shop, LAMPS: lamps, PLANT: plant}


def _lives(log: History) -> None:
    warned = {
        "code": "NOTICE_MISSING",
        "clause": "C3-04",
        "detailZh": "尚无公告公示凭证",
        "detailEn": "",
        "params": {},
    }
    facts: list[tuple[str, str, dict[str, Any], date]] = [
        (SHOP, "ownership_confirmed", confirmation({VILLAGE: 240_000_00}), date(2021, 8, 1)),
        (SHOP, "title_certificate_issued", {"certificate": "Z-1", "number": "新(2021)不动产权第1号", "issuedOn": "2021-08-10"}, date(2021, 8, 10)),
        (SHOP, "document_archived", {"document": {"kind": "ACCEPTANCE", "document": "DOC-1", "sha256": "cd" * 32, "title": "竣工验收报告"}}, date(2021, 8, 11)),
        (SHOP, "leased", terms("HT-1"), date(2021, 8, 12)),
        (SHOP, "income_received", receipt("R-1", 5_000_00, {VILLAGE: 5_000_00}), date(2021, 12, 20)),
        (SHOP, "income_distributed", distribution("D-1", VILLAGE, [2_000_00]), date(2021, 12, 28)),
        (SHOP, "depreciation_posted", {"year": 2021, "amount": 12_000_00, "accumulated": 12_000_00, "shares": []}, date(2021, 12, 31)),
        (LAMPS, "ownership_confirmed", confirmation({VILLAGE: 600_01, TOWN: 400_00}), date(2021, 8, 1)),
        (LAMPS, "disposal_proposed", {"proposal": {"disposal": "X-1", "kind": "SCRAP", "reason": "损坏"}}, date(2022, 3, 1)),
        (LAMPS, "disposed", {"disposal": "X-1", "kind": "SCRAP", "netBookValue": 1_000_01, "endedContracts": [],
                             "sale": {"disposedOn": "2022-04-01", "price": 90_00, "documentNo": "处1号"}}, date(2022, 4, 1)),
    ]  # fmt: skip
    for asset, kind, data, day in facts:
        log.add(f"asset-{asset}", f"asset.{kind}", data, day)
    report = {
        "report": {"state": "IN_USE", "reportedOn": "2022-01-05"},
        "openedRisks": [],
        "clearedRisks": [],
    }
    for _ in range(30):
        log.add(
            f"asset-{PLANT}",
            "asset.operation_status_reported",
            report,
            date(2022, 1, 5),
            basis=BASIS | {"warnings": [warned]},
        )


def _case(log: History) -> None:
    notice = {
        "person": "P-1001", "kind": "MANAGER", "organization": VILLAGE, "reason": "TRANSFER", "departsOn": "2022-05-31",
        "successor": "P-1003", "documentNo": "玉政调〔2022〕8号",
    }  # fmt: skip
    agrees = {"book": "AGREES", "physical": "FOUND", "documents": "COMPLETE"}
    compared = [
        {"asset": SHOP, **agrees, "physical": "DAMAGED", "note": "门锁损坏"}, {"asset": LAMPS, **agrees}, {"asset": PLANT, **agrees},
    ]  # fmt: skip
    interim = {
        "person": "P-1009",
        "appointedBy": TOWN,
        "since": "2022-05-20",
        "until": "2022-06-30",
        "inventoryNo": "盘〔2022〕1号",
    }
    signed = {
        "role": "OUTGOING",
        "person": "P-1001",
        "organization": VILLAGE,
        "signedOn": "2022-05-27",
        "listSha256": DIGEST,
    }
    finding = {
        "finding": "F-1",
        "asset": SHOP,
        "clause": "C4.9-05",
        "text": "租金未及时入账",
        "documentNo": "审9号",
    }
    facts: list[tuple[str, dict[str, Any], date]] = [
        ("opened", {"notice": notice, "assets": [SHOP, LAMPS, PLANT], "versions": [9, 5, 3]}, date(2022, 5, 1)),
        ("lines_reassigned", {"assets": [LAMPS], "incoming": "P-1005"}, date(2022, 5, 2)),
        ("reconciliation_recorded", {"lines": compared}, date(2022, 5, 6)),
        ("difference_resolved", {"asset": SHOP, "resolution": "已修复", "documentNo": "修1号"}, date(2022, 5, 8)),
        ("reconciliation_completed", {"count": 3, "differences": 1}, date(2022, 5, 9)),
        ("line_disputed", {"asset": LAMPS, "disputedBy": "P-1005", "reason": "少两盏"}, date(2022, 5, 10)),
        ("dispute_resolved", {"asset": LAMPS, "resolution": "已补足", "documentNo": "补1号"}, date(2022, 5, 12)),
        ("interim_custodian_appointed", {"interim": interim}, date(2022, 5, 15)),
        ("lines_accepted", {"assets": [SHOP, PLANT], "acceptedBy": "P-1003"}, date(2022, 5, 16)),
        ("lines_accepted", {"assets": [LAMPS], "acceptedBy": "P-1005"}, date(2022, 5, 16)),
        ("list_sealed", {"listSha256": DIGEST, "count": 3}, date(2022, 5, 26)),
        ("signed", {"signature": signed}, date(2022, 5, 27)),
        ("finding_raised", {"finding": finding}, date(2022, 5, 28)),
    ]  # fmt: skip
    for kind, data, day in facts:
        log.add(f"departure_case-{CASE}", f"departure_case.{kind}", data, day)


@dataclass
class Paper:
    """A pack's tables, its workbook as another library reads it, its page as text."""

    tables: dict[str, list[list[Any]]]
    summary: list[list[str]]
    book: openpyxl.Workbook
    page: str

    def sheet(self, title: str) -> Worksheet:
        """A sheet of the workbook."""
        return self.book[title]

    def rows(self, title: str) -> list[list[Any]]:
        """Cells below the headers; None where there is nothing."""
        return [
            [None if cell == "" else cell for cell in row]
            for row in self.sheet(title).iter_rows(min_row=5, values_only=True)
        ]

    def texts(self, title: str) -> list[str]:
        """Every text of a sheet."""
        return [
            str(cell)
            for row in self.sheet(title).iter_rows(values_only=True)
            for cell in row
            if cell not in {None, ""}
        ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def paper(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Paper]:
    """The whole way: recorded, packed, verified."""
    folder = tmp_path_factory.mktemp("paper")
    async with (
        asyncpg.create_pool(module_database_url, min_size=1, max_size=4) as pool,
        EventStore(pool) as store,
    ):
        await append_all(store, handover().events)
        log = Log(pool, store, Checkpoints(pool, folder / "keys", utc_now), folder)
        packed = await log.pack(person="P-1001", by="县审计局", last=date(2022, 5, 31))
        files = files_of(packed.path)
        assert found(files) is None
        yield Paper(
            json.loads(files[verify.TABLES_FILE]),
            verify.verify(packed.path)["summary"],
            openpyxl.load_workbook(io.BytesIO(files[verify.WORKBOOK])),
            files[verify.PAGE].decode(),
        )


def test_list_that_is_signed_cell_by_cell(paper: Paper) -> None:
    head = [cell.value for cell in paper.sheet("清册")[4]]
    assert head == [
        "序号", "资产编号", "资产名称", "类别", "数量", "单位", "原始价值", "累计折旧", "净值", "使用状况", "接收人", "备注",
    ]  # fmt: skip
    assert paper.rows("清册")[:4] == [
        [1, SHOP, "惠民超市<一>", "经营类", "3", "间", 240_000, 12_000, 228_000, "未投入使用", "古丽娜尔", "钥匙3把"],
        [2, LAMPS, "路灯", "公益类", "12", "盏", 0, 0, 0, "未投入使用", "王建国", None],
        [3, PLANT, LONG, "经营类", "12.5", "公里", 999_999_999_999.99, 0, 999_999_999_999.99, "在用", "古丽娜尔", None],
        [None, "合计　3 行", None, None, None, None, 1_000_000_239_999.99, 12_000, 1_000_000_227_999.99, None, None, None],
    ]  # fmt: skip


def test_every_item_of_the_register_card(paper: Paper) -> None:
    """四(六): 资产名称、资产内容、类别、建设时间、预计使用年限、数量、单位、原始价值、资金来源构成、所有权人、使用权人、收益权人、收益分配、资产处置."""
    assert paper.rows("登记事项")[:2] == [
        [1, SHOP, "砖混结构门面房三间", "惠民超市", "2019-04-01 至 2019-09-30", "20 年",
         "各级财政专项扶贫发展资金 200000.00元；援疆资金 40000.00元", "第一村村委会", "陶乡合作社"],
        [2, LAMPS, "灌溉用防渗渠", "SHOP", "2019-09-30", "20 年",
         "各级财政专项扶贫发展资金 666.68元；援疆资金 333.33元",
         "第一村村委会 600.01元；玉麦镇人民政府 400.00元", "第一村村委会 600.01元；玉麦镇人民政府 400.00元"],
    ]  # fmt: skip
    assert paper.rows("权益与处置")[:2] == [
        [1, SHOP, "第一村村委会", "已确权", "新(2021)不动产权第1号", 5_000, 2_000, None, "第一村村委会"],
        [
            2,
            LAMPS,
            "第一村村委会 600.01元；玉麦镇人民政府 400.00元",
            "已确权",
            None,
            0,
            0,
            "报废 2022-04-01 价款 90.00元",
            "第一村村委会",
        ],
    ]
    shown = {
        str(cell.value) for title in ("清册", "登记事项", "权益与处置") for cell in paper.sheet(title)[4]
    }
    assert shown >= {
        "资产名称", "资产内容", "类别", "建设时间", "使用年限", "数量", "单位", "原始价值", "资金来源构成", "所有权人", "使用权人", "收益权人",
        "累计收益", "累计分配", "资产处置",
    }  # fmt: skip


def test_custody_and_papers(paper: Paper) -> None:
    assert paper.rows("管护")[0] == [
        1, SHOP, "陶乡合作社", "第一村村委会", "第一村村委会", "管理人员 2021-07-01 至 2022-05-31", 2, CASE,
    ]  # fmt: skip
    assert paper.rows("移交资料") == [
        [SHOP, "产权证", "新(2021)不动产权第1号", None, "2021-08-10", None],
        [SHOP, "竣工验收资料", "DOC-1", "竣工验收报告", "2021-08-11", "cd" * 32],
    ]


def test_what_is_signed_is_what_was_sealed(paper: Paper) -> None:
    """The list of the case line by line, and its digest made anew from these lines."""
    assert paper.rows("交接清单") == [
        [1, CASE, SHOP, "9", TAKER, "已接收", "差异已处理", None],
        [2, CASE, LAMPS, "5", OTHER, "已接收", "相符", None],
        [3, CASE, PLANT, "3", TAKER, "已接收", "相符", None],
    ]
    assert paper.tables["cases"][0][12] == DIGEST
    cover = paper.texts("封面")
    assert cover[cover.index("清单摘要") + 1] == DIGEST
    assert cover[cover.index("摘要核对") + 1] == "相符"


def test_case_number_and_digest_on_every_sheet_of_paper(paper: Paper) -> None:
    """They stand in rows that are repeated at the head of every printed page; in the browser in the head of every table."""
    assert len(paper.book.sheetnames) > 15
    for title in paper.book.sheetnames:
        sheet = paper.sheet(title)
        first, last = map(int, re.findall(r"[0-9]+", sheet.print_title_rows))
        head = "".join(
            str(cell) for row in sheet.iter_rows(first, last, values_only=True) for cell in row if cell
        )
        assert CASE in head, title
        assert DIGEST in head, title
        assert "金额单位：元" in head, title
        assert re.search(r"共 [0-9]+ [项条]", head), title
    tables = paper.page.split("<table")[1:]
    assert len(tables) > 15
    for table in tables:
        head = table.partition("</thead>")[0] if "<thead>" in table else table
        assert CASE in head
        assert DIGEST in head
    assert "thead{display:table-header-group}" in paper.page


def test_cover_has_everything_that_is_signed_for(paper: Paper) -> None:
    cover = paper.texts("封面")
    pairs = dict(itertools.pairwise(cover))
    assert pairs["人员"] == LEAVER
    assert pairs["资产项数"] == "3"
    assert pairs["移交单位"] == f"第一村村委会（{VILLAGE}）"
    assert pairs["事由"] == "调动（玉政调〔2022〕8号）"
    assert pairs["离任日期"] == "2022-05-31"
    assert pairs["清单项数"] == "3 项"
    assert pairs["核账差异与异议"] == "2 项，未处理 0 项"
    assert pairs["审计问题"] == "1 项，未处理 1 项"
    assert (
        pairs["临时管护"]
        == f"赵临时（P-1009） 2022-05-20 至 2022-06-30，玉麦镇人民政府（{TOWN}）指定，盘点表 盘〔2022〕1号"
    )
    assert pairs["移交人（签字）"] == f"系统签字：{LEAVER} 2022-05-27"
    takers = cover[cover.index("接收人") :]
    assert takers[4:16] == [
        TAKER, "2", "1,000,000,239,999.99", "1,000,000,227,999.99", OTHER, "1", "0.00", "0.00",
        "合计", "3", "1,000,000,239,999.99", "1,000,000,227,999.99",
    ]  # fmt: skip
    assert [text for text in cover if "（签字）" in text] == [
        "移交人（签字）", "接收人（签字）", "接收人（签字）", "监交人（签字）",
    ]  # fmt: skip
    assert [text for text in cover if "（盖章）" in text] == [
        "移交单位（盖章）", "接收单位（盖章）", "接收单位（盖章）", "监交单位（盖章）",
    ]  # fmt: skip
    assert {"交接地点", "交接日期"} <= set(cover)
    below = paper.texts("清册")[-6:]
    assert below[:3] == ["移交人（签字、盖章）：", "接收人（签字、盖章）：", "监交人（签字、盖章）："]
    for text in cover:
        assert text.replace("\n", "<br>").replace("&", "&amp;") in paper.page, "the page has the same cover"


def test_differences_and_how_they_were_settled(paper: Paper) -> None:
    assert paper.rows("差异与处理") == [
        [CASE, SHOP, "核账差异", "2022-05-06", "实物损坏：门锁损坏", None, "已修复", "修1号", "已处理"],
        [CASE, LAMPS, "清单异议", "2022-05-10", "少两盏", OTHER, "已补足", "补1号", "已处理"],
    ]


def test_one_finding_that_matters_stands_above_thirty_reminders(paper: Paper) -> None:
    assert paper.rows("发现汇总") == [
        ["审计问题（未处理）", 1, 1, "2022-05-28", "2022-05-28", "租金未及时入账", None, None],
        [
            "检查发现",
            1,
            1,
            "2021-07-01",
            "2021-07-01",
            "登记时无竣工验收资料",
            "C4.3-01",
            "ACCEPTANCE_MISSING",
        ],
        ["提醒", 30, 1, "2022-01-05", "2022-01-05", "尚无公告公示凭证", "C3-04", "NOTICE_MISSING"],
    ]
    assert [(row[0], row[4]) for row in paper.rows("检查发现")] == [
        ("审计问题", "未处理"),
        ("检查发现", None),
    ]
    assert len(paper.rows("提醒")) == 30
    order = paper.book.sheetnames
    assert order.index("发现汇总") < order.index("检查发现") < order.index("提醒") == len(order) - 1


def test_names_and_no_ids_of_keys(paper: Paper) -> None:
    for title in paper.book.sheetnames:
        assert not [text for text in paper.texts(title) if "k_01" in text], title
    assert "k_01" not in paper.page
    *events, _ = paper.rows("事项")
    assert {row[5] for row in events} == {"玉麦镇人民政府"}


def test_every_sheet_is_legible(paper: Paper) -> None:
    """On A4 across: 10 pt, at most so wide that it is printed with 9 pt, amounts and codes on one line in full size."""
    for title in paper.book.sheetnames:
        sheet = paper.sheet(title)
        assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
        assert (sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.page_setup.fitToHeight) == (True, 0)
        assert sheet.oddFooter.center.text == "第 &P 页　共 &N 页"
        assert sheet.print_area, title
        widths = {letter: column.width for letter, column in sheet.column_dimensions.items()}
        units = sum(widths.values())
        assert 10 * min(1, 148 / units) >= 9, title
        for row in sheet.iter_rows(min_row=5):
            for cell in row:
                if cell.value in {None, ""}:
                    continue
                assert cell.font.sz >= 10
                if title == "封面":
                    continue
                if isinstance(cell.value, (int, float)):
                    assert len(f"{cell.value:,.2f}") < widths[cell.column_letter], (title, cell.coordinate)
                elif re.fullmatch(r"[0-9]{12}-2019-[0-9]{6}|[0-9]{4}-[0-9]{2}-[0-9]{2}", cell.value):
                    assert len(cell.value) < widths[cell.column_letter], (title, cell.coordinate)


def test_row_is_as_high_as_its_longest_text(paper: Paper) -> None:
    """A long name is wrapped and its row is high enough; 12 pt a line."""
    sheet = paper.sheet("清册")
    width = sheet.column_dimensions["C"].width
    lines = -(-2 * len(LONG) // int(width))
    assert lines > 3
    assert sheet.row_dimensions[7].height >= 12 * lines
    assert sheet["C7"].alignment.wrap_text
    assert not sheet["B7"].alignment.wrap_text


def test_total_to_the_fen(paper: Paper) -> None:
    assert paper.summary[7:11] == [
        ["资产项数", "3"],
        ["期初原值/净值", "0.00 / 0.00"],
        ["期末原值/净值", "1,000,000,239,999.99 / 1,000,000,227,999.99"],
        ["期内收益/分配", "5,000.00 / 2,000.00"],
    ]
    assert '<td class="m">1,000,000,239,999.99</td>' in paper.page


# ---- without a database: other shapes of a handover ------------------------------------------------------------------


def made(history: History, **asked: Any) -> tuple[openpyxl.Workbook, str]:
    """Workbook and page of a history, made as the verifier makes them."""
    streams: dict[str, list[dict[str, Any]]] = {}
    for one in history.events:
        told = streams.setdefault(one.stream, [])
        told.append(
            {
                "version": len(told) + 1,
                "type": one.type, "data": one.data, "occurredOn": one.occurred_on.isoformat(), "basis": one.basis,
                "recordedAt": "2022-06-01T00:00:00.000000Z", "position": one.position, "actor": one.actor,
            }
        )  # fmt: skip
    manifest = {
        "request": {"person": "P-1001", "unit": None, "from": "2021-07-01", "to": "2022-05-31"}, "words": {},
        "asked": {"unit": None, "from": None, "to": None, "knownAt": None, "by": None} | asked,
        "log": {"origin": "x", "size": len(history.events), "recordedAt": "2022-06-01T00:00:00.000000Z"},
    }  # fmt: skip
    ledgers = verify.Ledgers(manifest, streams)
    ledgers.find()
    tables = ledgers.make()
    tables["examination"] = []
    summary = verify.summary_of(manifest, ledgers.names, tables, ledgers.outside())
    page = verify.page_of(summary, tables, narrow=verify.narrow(manifest["asked"]))
    return openpyxl.load_workbook(io.BytesIO(workbook_of(summary, tables))), page


def texts_of(sheet: Worksheet) -> list[str]:
    """Every text of a sheet."""
    return [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell not in {None, ""}]


def test_list_before_there_is_a_case_is_signed_all_the_same() -> None:
    book, page = made(handover(case=False))
    cover = texts_of(book["封面"])
    assert {"移交人（签字）", "接收人（签字）", "监交人（签字）", "交接地点", "交接日期"} <= set(cover)
    for title in book.sheetnames:
        assert any("尚未启动离任交接" in text for text in texts_of(book[title])), title
    assert "尚未启动离任交接" in page
    assert book["差异与处理"]["A5"].value == "无"


def test_list_that_was_changed_after_the_seal_says_that_it_is_not_sealed() -> None:
    history = handover()
    stream = f"departure_case-{CASE}"
    history.add(
        stream, "departure_case.line_disputed", {"asset": SHOP, "disputedBy": "P-1003", "reason": "漏水"}
    )
    book, page = made(history)
    for title in book.sheetnames:
        assert any("尚未封存" in text for text in texts_of(book[title])), title
        assert not any(DIGEST in text for text in texts_of(book[title])), title
    assert DIGEST not in page
    assert "系统签字" not in page


def test_sealed_digest_that_is_not_of_this_list_is_told() -> None:
    history = handover()
    history.add(f"departure_case-{CASE}", "departure_case.list_sealed", {"listSha256": "ef" * 32, "count": 3})
    cover = texts_of(made(history)[0]["封面"])
    assert cover[cover.index("摘要核对") + 1] == "与清单内容不符"


def test_several_cases_have_a_page_of_the_cover_each() -> None:
    history = handover()
    opened = next(one for one in history.events if one.type == "departure_case.opened").data
    for number in range(2, 8):
        changed = {"notice": opened["notice"] | {"kind": "RESPONSIBLE"}, "assets": [SHOP]}
        history.add(f"departure_case-K-2022-{number}", "departure_case.opened", changed)
    book, page = made(history)
    assert [one.id for one in book["封面"].row_breaks.brk] == sorted(
        cell.row - 1 for (cell,) in book["封面"].iter_rows(max_col=1)
        if str(cell.value).startswith("交接编号 K-2022-") and "清单摘要" not in str(cell.value)
        and CASE not in str(cell.value)
    )  # fmt: skip
    assert len(book["封面"].row_breaks.brk) == 6
    assert page.count('<table class="cover">') == 7
    head = str(book["清册"]["A3"].value)
    assert head.count("交接编号") == 3
    assert "另有 4 件离任交接，见封面" in head
    assert str(book["清册"]["K5"].value) == "古丽娜尔"
    assert str(book["管护"]["H5"].value) == "；".join(f"K-2022-{n}" for n in range(1, 8))


def test_two_units_of_one_name_keep_their_codes() -> None:
    history = handover()
    for unit in (VILLAGE, TOWN):
        history.events = [
            one for one in history.events if one.stream not in {f"organization-{unit}", f"division-{unit}"}
        ]
        history.add(f"organization-{unit}", "organization.defined", defined("第一村"))
    book, _ = made(history)
    assert book["登记事项"]["H6"].value == f"第一村（{VILLAGE}） 600.01元；第一村（{TOWN}） 400.00元"


def test_narrow_question_says_so_on_every_sheet() -> None:
    book, page = made(handover(), unit=VILLAGE)
    for title in book.sheetnames:
        assert any("仅单位" in text for text in texts_of(book[title])), title
    assert 'class="narrow"' in page


def test_text_longer_than_a_page_is_cut_and_says_so() -> None:
    """A row of a sheet is 409 pt high at most: what stands on paper tells that it is not the whole."""
    history = handover(case=False)
    long = card(1_000_00, VILLAGE, "其他", assetContent="设施" * 500 + "&" + "设施" * 499)
    history.add(f"asset-{SHOP}", "asset.registration_corrected", {"card": long, "scope": "IN", "old": {}})
    book, page = made(history)
    sheet = book["登记事项"]
    shown = str(sheet["C5"].value)
    assert shown.startswith("设施设施")
    assert shown.endswith("……（未完，全文见 tables.json）")
    assert (
        2 * len(shown) / (sheet.column_dimensions["C"].width - 2) * 12 < sheet.row_dimensions[5].height <= 409
    )
    assert "设施" * 500 + "&amp;" + "设施" * 499 in page, "a browser shows all of it"
