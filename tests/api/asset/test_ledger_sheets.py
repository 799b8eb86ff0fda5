"""Ledgers as spreadsheets: Chinese headers and words, figures as numbers, ready to print."""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import Any

import openpyxl
from fastapi.routing import APIRoute

from service.api.http.paging import LedgerPage
from service.api.routers import ROUTERS
from service.ledgers.sheets import MEDIA_TYPE
from tests import contract
from tests.api.bodies import TOWNSHIP, VILLAGE, road
from tests.api.departure.departing import departure
from tests.api.service import Service, new_code


async def sheet_of(service: Service, path: str, who: str = "reader", **asked: object) -> Any:
    """The first sheet of a ledger's workbook."""
    headers = service.headers(who, Accept=MEDIA_TYPE)
    answer = await service.http.get(path, headers=headers, params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "filename*=UTF-8''" in answer.headers["content-disposition"]
    assert int(answer.headers["content-length"]) == len(answer.content)
    return openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]


async def test_a_clerk_can_read_and_print_the_register(service: Service) -> None:
    codes = sorted(new_code() for _ in range(3))
    for number, code in enumerate(codes):
        card = road() | {"assetName": ["村道", "=1+1", "https://example.org"][number]}
        await service.write("/v1/assets", {"asset": code, "card": card, "occurredOn": "2021-07-01"})
    sheet = await sheet_of(
        service,
        "/v1/ledgers/asset-register",
        asset=codes,
        min_position=await service.head(),
        sort="asset",
    )
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == sheet.title == "资产台账"
    assert "日志位置" in rows[1][0]
    assert codes[0] in rows[1][0]
    header = rows[2]
    table = [dict(zip(header, row, strict=True)) for row in rows[3:6]]
    assert [row["资产编号"] for row in table] == codes
    assert [row["资产名称"] for row in table] == ["村道", "=1+1", "https://example.org"]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    first = table[0]
    assert (first["类别"], first["登记状态"], first["权属状态"]) == ("公益类", "已登记", "未确权")
    assert (first["处置状态"], first["合同状态"], first["管护状态"]) == ("未处置", "无合同", "未落实")
    assert first["类型"] == "道路"
    assert first["资金来源构成"] == "各级财政专项扶贫发展资金 450000.00元 2019-03-01"
    assert first["原始价值"] == 450000
    assert isinstance(first["建设时间（完工时间）"], datetime)
    assert first["所在村（12位）"].endswith(f"（{VILLAGE}）")
    assert first["所在乡镇（12位）"].endswith(f"（{TOWNSHIP}）")
    assert first["是否已入账"] == "否"
    last = dict(zip(header, rows[6], strict=True))
    assert last["资产编号"] == "合计 3 行"
    assert last["原始价值"] == 1350000
    assert (sheet.page_setup.orientation, sheet.print_title_rows) == ("landscape", "$3:$3")
    assert sheet.freeze_panes == "C4"


async def test_words_are_those_of_the_column_and_not_of_another_list(service: Service) -> None:
    """HEALTH is a type of asset here and a bureau elsewhere, NONE a state here and an accounting system elsewhere."""
    code = new_code()
    clinic = road(subclass="PUBLIC_SERVICE", assetType="HEALTH", quantity="1", unitOfMeasure="座")
    await service.write("/v1/assets", {"asset": code, "card": clinic, "occurredOn": "2021-07-01"})
    sheet = await sheet_of(
        service, "/v1/ledgers/asset-register", asset=code, min_position=await service.head()
    )
    row = dict(zip((cell.value for cell in sheet[3]), (cell.value for cell in sheet[4]), strict=True))
    assert (row["类型"], row["处置状态"], row["会计制度"]) == ("卫生设施", "未处置", None)
    texts = {cell.value for cell in sheet[4]}
    assert not texts & {"县卫健委", "仅登记，不入账"}


async def test_a_count_in_a_spreadsheet_is_no_amount(service: Service) -> None:
    leaving = await departure(service, 3)
    await leaving.open()
    sheet = await sheet_of(
        service,
        "/v1/ledgers/departures",
        person=leaving.outgoing,
        min_position=await service.head(),
    )
    row = dict(zip((cell.value for cell in sheet[3]), (cell.value for cell in sheet[4]), strict=True))
    assert (row["清单项数"], row["待接收项数"]) == (3, 3)
    assert row["状态"] == "办理中"


async def test_a_day_and_what_was_asked_stand_above_the_table(service: Service) -> None:
    sheet = await sheet_of(service, "/v1/ledgers/asset-register", as_of="2013-01-01", village=VILLAGE)
    assert "业务日期：2013-01-01" in sheet["A2"].value
    assert f"所在村：{VILLAGE}" in sheet["A2"].value
    assert sheet["A4"].value == "合计 0 行"


async def test_a_wrong_question_is_refused_before_a_file_is_begun(service: Service) -> None:
    headers = service.headers("reader", Accept=MEDIA_TYPE)
    answer = await service.http.get("/v1/ledgers/asset-register?sort=nothing", headers=headers)
    assert answer.json()["code"] == "FIELD_INVALID"


async def test_every_ledger_answers_as_its_schema_says(service: Service) -> None:
    """Amounts are yuan strings and counts are numbers, in rows and totals, and no field is beside the schema."""
    leaving = await departure(service, 1)
    await leaving.open()
    head = await service.head()
    looked_at = {}
    for router in ROUTERS:
        for route in router.routes:
            if not isinstance(route, APIRoute) or "{" in route.path or "GET" not in (route.methods or ()):
                continue
            model = route.response_model
            if isinstance(model, type) and issubclass(model, LedgerPage):
                who = "auditor" if route.path.endswith("violations") else "reader"
                asked = {"on": "2021-09-01"} if route.path.endswith("-tasks") else {}
                page = await service.read(route.path, who, min_position=head, **asked)
                looked_at[route.path] = len(model.model_validate(page).rows)
    assert len(looked_at) > 15
    assert looked_at["/v1/ledgers/departures"] > 0
    assert looked_at["/v1/ledgers/asset-register"] > 0


async def test_every_ledger_can_be_had_as_a_spreadsheet(service: Service) -> None:
    """Whatever comes in pages."""
    paged = [
        path
        for path, methods in contract.document()["paths"].items()
        if "get" in methods
        and "{" not in path
        and re.search(r"Page'", str(methods["get"]["responses"]["200"].get("content")))
    ]
    assert len(paged) > 15
    for path in paged:
        who = "auditor" if path.endswith("violations") else "reader"
        sheet = await sheet_of(
            service, path, who, **({"on": "2021-09-01"} if path.endswith("-tasks") else {})
        )
        header = [cell.value for cell in sheet[3]]
        assert len(header) > 2, path
        assert all(title and not title.isascii() for title in header), (path, header)
