"""Imports over HTTP: a file in, an operation to watch, a batch with its way through the departments."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from service.api.http.intake import MAX_SHEET_BYTES
from service.commands.actor import Actor
from service.commands.operations import OperationCancelled
from service.inventory.importing import Importer, ImportOptions
from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.service import Service, new_code
from tests.clock import today
from tests.domain.saying import refused
from tests.workbooks import HEADINGS, csv_of, ledger, old_workbook_of, open_document_of, row

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CLERK = Actor("k_1", "api_key", "653022", TOWNSHIP, "TOWNSHIP", frozenset({"REGISTRAR"}), (TOWNSHIP,))
DEPARTMENTS = {
    "AGRICULTURE": "agriculture",
    "FINANCE": "finance",
    "DRC": "drc",
    "RURAL_REVITALIZATION": "xzj",
}


async def sent(
    service: Service,
    content: bytes,
    who: str = "clerk",
    *,
    key: str | None = None,
    kind: str = XLSX,
    **options: Any,
) -> Any:
    """The answer to a file that was sent."""
    options = {"unit": TOWNSHIP} | options
    if "compiled_by" not in options:
        options["compiled_by"] = await service.person(TOWNSHIP)
    headers = service.headers(who, Idempotency_Key=key or str(uuid.uuid4())) | {"Content-Type": kind}
    return await service.http.post("/v1/imports", params=options, content=content, headers=headers)


async def outcome(service: Service, content: bytes, who: str = "clerk", **options: Any) -> dict[str, Any]:
    """The operation of a file that was sent, after its end."""
    answer = await sent(service, content, who, **options)
    assert answer.status_code == 202, answer.text
    url = answer.headers["Location"]
    return dict(await service.read(url, who, wait=20))


def unique(count: int = 1, **changes: Any) -> list[dict[str, Any]]:
    """Rows no other test has."""
    mark = uuid.uuid4().hex[:8]
    return [row(number, **{"项目名称": f"项目{mark}"} | changes) for number in range(1, count + 1)]


async def test_a_file_becomes_a_batch_and_its_assets(service: Service) -> None:
    done = await outcome(service, ledger(unique(3)), file_name="巴仁乡.xlsx")
    assert done["state"] == "SUCCEEDED", done
    result = done["result"]
    assert (result["rows"], result["ok"], result["rejected"], result["registered"]) == (3, 3, 0, 3)
    batch = await service.read(f"/v1/imports/{result['batch']}")
    assert batch["resource"]["imported"]["fileName"] == "巴仁乡.xlsx"
    assert batch["resource"]["assetCount"] == 3
    rows = await service.read(f"/v1/imports/{result['batch']}/rows")
    asset = await service.read(f"/v1/assets/{rows['registered'][1]}")
    assert asset["resource"]["card"]["assetName"] == "村道2号"
    assert asset["resource"]["card"]["originalValue"] == "450000.00"
    page = await service.read("/v1/imports", min_position=result["position"], limit=1000)
    assert result["batch"] in [one["batch"] for one in page["rows"]]


async def test_a_dry_run_records_nothing_and_tells_every_reason(service: Service) -> None:
    rows = unique(6)
    rows[1]["完工时间"] = "去年"
    rows[3]["原值（元）"] = 450001
    before = await service.head()
    done = await outcome(service, ledger(rows), dry_run=True)
    person = 1
    assert await service.head() == before + person
    result = done["result"]
    assert (result["ok"], result["rejected"], result["registered"], result["batch"]) == (4, 2, 0, None)
    told = {
        one["row"]: [(reason["column"], reason["heading"], reason["code"]) for reason in one["reasons"]]
        for one in result["refused"]
    }
    assert told == {
        3: [("E", "完工时间", "DATE_MALFORMED")],
        5: [("I", "原值（元）", "FUNDING_SUM_MISMATCH")],
    }


async def test_row_is_refused_for_everything_the_rules_say_of_it(service: Service) -> None:
    (given,) = unique(1)
    given |= {"数量": 0, "原值（元）": 450001, "验收结论": "不合格", "预计使用年限": 0}
    done = await outcome(service, ledger([given]), dry_run=True)
    (refused_row,) = done["result"]["refused"]
    assert sorted((one["heading"], one["code"]) for one in refused_row["reasons"]) == [
        ("原值（元）", "FUNDING_SUM_MISMATCH"),
        ("数量", "QUANTITY_NOT_POSITIVE"),
        ("预计使用年限", "USEFUL_LIFE_INVALID"),
        ("验收结论", "ACCEPTANCE_REQUIRED"),
    ]
    good = await outcome(service, ledger(unique(1)), dry_run=True)
    assert (good["result"]["ok"], good["result"]["refused"]) == (1, [])


@pytest.mark.parametrize(
    ("saved", "kind"),
    [
        (old_workbook_of, "application/vnd.ms-excel"),
        (open_document_of, "application/vnd.oasis.opendocument.spreadsheet"),
    ],
)
async def test_old_workbooks_and_open_documents_are_taken(
    service: Service, saved: Callable[[bytes], bytes], kind: str
) -> None:
    done = await outcome(service, saved(ledger(unique(2))), kind=kind)
    assert (done["state"], done["result"]["registered"]) == ("SUCCEEDED", 2), done


async def test_one_bad_row_keeps_all_out_unless_partial_is_chosen(service: Service) -> None:
    rows = unique(3)
    rows[2]["资产类型"] = "宇宙飞船"
    content = ledger(rows)
    whole = await outcome(service, content)
    assert (whole["state"], whole["result"]["registered"]) == ("SUCCEEDED", 0)
    part = await outcome(service, content, partial=True)
    assert part["result"]["registered"] == 2
    listed = await service.read(f"/v1/imports/{part['result']['batch']}/rows")
    assert len(listed["registered"]) == 2
    assert [one["row"] for one in listed["rejected"]] == [4]


async def test_the_rejected_rows_come_back_as_a_workbook_to_be_corrected(service: Service) -> None:
    rows = unique(2)
    rows[1]["单位"] = "光年"
    done = await outcome(service, ledger(rows), partial=True)
    (url,) = (one["url"] for one in done["files"] if one["name"].endswith(".xlsx"))
    answer = await service.get(url, "clerk")
    sheet = openpyxl.load_workbook(BytesIO(answer.content)).active
    lines = list(sheet.iter_rows(values_only=True))
    assert lines[1][lines[0].index("资产名称")] == "村道2号"
    assert "CODE_UNKNOWN" in lines[1]
    unit = next(cell for cell in sheet[1] if cell.value == "单位").column
    sheet.cell(row=2, column=unit).value = "公里"
    corrected = BytesIO()
    sheet.parent.save(corrected)
    again = await outcome(service, corrected.getvalue())
    assert again["result"]["registered"] == 1, again


async def test_the_same_file_is_taken_once(service: Service) -> None:
    content = ledger(unique(1))
    first = await outcome(service, content)
    second = await outcome(service, content)
    assert second["problem"]["code"] == "BATCH_ALREADY_IMPORTED"
    assert first["result"]["batch"] in second["problem"]["detailZh"]


def two_sheets() -> bytes:
    """A workbook with two ledgers, of two villages' assets in rows of the same numbers."""
    book = openpyxl.Workbook()
    for name in ("一季度", "二季度"):
        sheet = book.create_sheet(name)
        sheet.append(list(HEADINGS))
        for given in unique(2):
            sheet.append([given[heading] for heading in HEADINGS])
    target = BytesIO()
    book.save(target)
    return target.getvalue()


async def test_another_sheet_of_the_same_workbook_is_another_ledger(service: Service) -> None:
    content = two_sheets()
    first = await outcome(service, content, sheet="一季度")
    again = await outcome(service, content, sheet="一季度")
    second = await outcome(service, content, sheet="二季度")
    assert [one["result"]["registered"] for one in (first, second)] == [2, 2]
    assert again["problem"]["code"] == "BATCH_ALREADY_IMPORTED"


async def test_what_is_unlikely_is_held_back_until_it_is_confirmed(service: Service) -> None:
    """A road of 45 yuan a kilometre: 万元 under 元. The report has the column in which a row is confirmed."""
    rows = unique(2)
    slip = {"原值（元）": 45, "各级财政专项扶贫发展资金（元）": 30, "援疆资金（元）": 15}
    rows[1] |= slip
    done = await outcome(service, ledger(rows), partial=True)
    assert done["result"]["registered"] == 1
    (held,) = done["result"]["refused"]
    assert [(one["heading"], one["code"]) for one in held["reasons"]] == [("原值（元）", "ROW_IMPLAUSIBLE")]
    (url,) = (one["url"] for one in done["files"] if one["name"].endswith(".xlsx"))
    book = openpyxl.load_workbook(BytesIO((await service.get(url, "clerk")).content))
    sheet = book.worksheets[0]
    column = next(cell.column for cell in sheet[1] if cell.value == "数值核对")
    for said, registered in (("否", 0), ("是", 1)):
        sheet.cell(row=2, column=column).value = said
        target = BytesIO()
        book.save(target)
        again = await outcome(service, target.getvalue())
        assert again["result"]["registered"] == registered, again


async def test_asset_again_by_another_name_is_named(service: Service) -> None:
    rows = unique(2)
    done = await outcome(service, ledger(rows[:1]))
    batch = await service.read(f"/v1/imports/{done['result']['batch']}/rows")
    twin = rows[1] | {"资产名称": "又一条村道"}
    again = await outcome(service, ledger([twin, row(3, 项目名称="别的项目")]), dry_run=True)
    assert again["result"]["possibleDuplicates"] == [{"row": 2, "of": batch["registered"][0]}]
    assert again["result"]["ok"] == 2
    both = await outcome(service, ledger(unique(2)), dry_run=True)
    assert both["result"]["possibleDuplicates"] == [{"row": 3, "of": "第 2 行"}]


async def test_mapping_is_kept_for_the_unit_and_the_layout(service: Service) -> None:
    """A word that no table knows: suggested, decided once, and used again by the unit and by nobody else."""
    words = {"words": [{"field": "assetType", "word": "巷道", "code": "ROAD"}]}
    headings = [*HEADINGS, f"备查{uuid.uuid4().hex[:6]}"]

    def file() -> bytes:
        return ledger(unique(1, 资产类型="巷道"), headings)

    first = await outcome(service, file(), dry_run=True)
    assert (first["result"]["ok"], first["result"].get("mapping")) == (0, None)
    assert [(one["word"], one["rows"]) for one in first["result"]["unresolvedWords"]] == [("巷道", 1)]
    decided = await outcome(service, file(), dry_run=True, mapping=json.dumps(words))
    assert (decided["result"]["ok"], decided["result"]["mapping"]) == (1, "CHOSEN")
    kept = await outcome(service, file())
    assert (kept["result"]["registered"], kept["result"]["mapping"]) == (1, "KEPT")
    office = await outcome(service, file(), "office", dry_run=True)
    assert (office["result"]["ok"], office["result"].get("mapping")) == (0, None)
    listed = (await service.get("/v1/imports/mappings", "clerk")).json()["mappings"]
    (shown,) = [one for one in listed if one["layout"] == kept["result"]["layout"]]
    assert shown["mapping"]["words"] == [words["words"][0]]
    assert shown["operation"] == decided["operation"] and shown["fileName"] == "清查表"
    theirs = (await service.get("/v1/imports/mappings", "office")).json()["mappings"]
    assert shown["layout"] not in {one["layout"] for one in theirs}
    without = await outcome(service, file(), dry_run=True, mapping="{}")
    assert (without["result"]["ok"], without["result"]["mapping"]) == (0, "CHOSEN")
    dropped = (await service.get("/v1/imports/mappings", "clerk")).json()["mappings"]
    (shown,) = [one for one in dropped if one["layout"] == kept["result"]["layout"]]
    assert shown["mapping"]["words"] == []


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ("{", "FIELD_INVALID"),
        ('{"columns": [{"field": "assetName"}]}', "FIELD_REQUIRED"),
        ('{"colour": "red"}', "FIELD_UNKNOWN"),
    ],
)
async def test_mapping_that_is_none_is_refused(service: Service, mapping: str, code: str) -> None:
    answer = await sent(service, ledger(unique(1)), mapping=mapping)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_of_many_that_send_the_same_file_one_is_served(service: Service) -> None:
    content = ledger(unique(20))
    ends = await asyncio.gather(*(outcome(service, content) for _ in range(4)))
    registered = [one["result"]["registered"] for one in ends if one["state"] == "SUCCEEDED"]
    refusals = [one["problem"]["code"] for one in ends if one["state"] == "FAILED"]
    assert sum(registered) == 20
    assert set(refusals) <= {"BATCH_ALREADY_IMPORTED"}


async def test_an_import_that_died_after_its_commit_is_not_done_twice(service: Service) -> None:
    content, head = ledger(unique(5)), 0
    options = ImportOptions(
        batch=new_code("B"), file_name="表.xlsx", unit=TOWNSHIP, compiled_by=await service.person(TOWNSHIP)
    )
    state = service.app.state
    ends = []
    for resumed in (False, True):
        importer = Importer(state.context, state.pool, state.projector)
        ends.append(await importer.run(CLERK, options, content, no_progress, resumed=resumed))
        head = head or await service.head()
    assert [one.result["registered"] for one in ends] == [5, 5]
    assert await service.head() == head
    with refused("BATCH_ALREADY_IMPORTED"):
        await Importer(state.context, state.pool, state.projector).run(CLERK, options, content, no_progress)


async def test_an_import_that_is_cancelled_has_stored_nothing(service: Service) -> None:
    content, before = ledger(unique(5)), await service.head()
    options = ImportOptions(
        batch=new_code("B"), file_name="表.xlsx", unit=TOWNSHIP, compiled_by=await service.person(TOWNSHIP)
    )

    async def cancelled(done: int, total: int | None) -> None:
        if done == total:
            raise OperationCancelled

    state = service.app.state
    with pytest.raises(OperationCancelled):
        await Importer(state.context, state.pool, state.projector).run(CLERK, options, content, cancelled)
    person = 1
    assert await service.head() == before + person


async def no_progress(_done: int, _total: int | None) -> None:
    """Nobody watches."""


async def test_a_request_that_is_sent_again_finds_its_operation(service: Service) -> None:
    content, person = ledger(unique(1)), await service.person(TOWNSHIP)
    answers = [await sent(service, content, key="again-1", compiled_by=person) for _ in range(2)]
    assert answers[0].json()["operation"] == answers[1].json()["operation"]
    other = await sent(service, content, key="again-1", compiled_by=person, partial=True)
    assert other.json()["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_what_the_register_holds_already_is_not_registered_again(service: Service) -> None:
    rows = unique(2)
    await outcome(service, ledger(rows[:1]))
    twice = [*rows, rows[1]]
    done = await outcome(service, ledger(twice), partial=True)
    codes = [one["reasons"][0]["code"] for one in done["result"]["refused"]]
    assert codes == ["ASSET_ALREADY_REGISTERED", "BATCH_ITEM_DUPLICATE"]
    assert done["result"]["registered"] == 1


async def test_delimited_text_is_taken_in_either_encoding(service: Service) -> None:
    for encoding in ("utf-8-sig", "gb18030"):
        content = csv_of(unique(1)).encode(encoding)
        done = await outcome(service, content, kind="text/csv")
        assert done["result"]["registered"] == 1, (encoding, done)


async def test_a_clerk_imports_only_what_lies_in_the_own_township(service: Service) -> None:
    rows = unique(2)
    rows[1] |= {"乡镇": "653022201000", "所在村": "653022201201", "项目实施单位": "653022201000"}
    done = await outcome(service, ledger(rows), partial=True)
    (refused,) = done["result"]["refused"]
    assert (refused["row"], refused["reasons"][0]["code"]) == (3, "FORBIDDEN_JURISDICTION")
    foreign = await outcome(service, ledger(unique(1)), "neighbour")
    assert foreign["problem"]["code"] == "FORBIDDEN_JURISDICTION"


async def test_history_is_imported_by_the_office_alone(service: Service) -> None:
    rows = unique(1, 验收结论="", 验收日期="", 验收文号="")
    refused = await sent(service, ledger(rows), provenance="2013年台账")
    assert refused.json()["code"] == "ROLE_NOT_ALLOWED"
    done = await outcome(service, ledger(rows), "office", provenance="2013年台账", unit=TOWNSHIP)
    assert (done["result"]["registered"], done["result"]["findings"]) == (1, 1)


async def test_what_cannot_be_a_spreadsheet_is_refused(service: Service) -> None:
    assert (await sent(service, b"{}", kind="application/json")).status_code == 415
    assert (await sent(service, b"")).json()["code"] == "BODY_REQUIRED"
    assert (await sent(service, b"x" * (MAX_SHEET_BYTES + 1))).status_code == 413
    assert (await sent(service, b"x", colour="red")).status_code == 422
    done = await outcome(service, b"PK\x03\x04 and then nothing")
    assert done["problem"]["code"] == "SPREADSHEET_UNREADABLE"
    unknown = await outcome(service, ledger(unique(1)), compiled_by="P-nobody")
    assert unknown["problem"]["code"] == "CODE_UNKNOWN"


async def test_an_operation_is_its_unit_s_own_business(service: Service) -> None:
    done = await outcome(service, ledger(unique(1)))
    path = f"/v1/operations/{done['operation']}"
    assert (await service.get(path, "neighbour")).status_code == 403
    assert (await service.get(path, "auditor")).status_code == 200
    assert (await service.get(f"{path}/files/input", "clerk")).status_code == 404
    assert (await service.get("/v1/operations/none", "clerk")).status_code == 404
    after = await service.post(f"{path}/cancellation", {}, "clerk")
    assert (after.status_code, after.json()["state"]) == (202, "SUCCEEDED")


async def test_the_template_is_read_back_without_a_question(service: Service) -> None:
    answer = await service.get("/v1/imports/template.xlsx")
    book = openpyxl.load_workbook(BytesIO(answer.content))
    sheet = book["扶贫资产清查表"]
    headings = [cell.value for cell in sheet[1]]
    (given,) = unique(1)
    given["原始价值（元）"] = given.pop("原值（元）")
    given["乡（镇）"] = given.pop("乡镇")
    given["各级财政专项扶贫发展资金（元）"] = 300000
    for name, value in given.items():
        sheet.cell(row=2, column=headings.index(name) + 1).value = value
    filled = BytesIO()
    book.save(filled)
    done = await outcome(service, filled.getvalue())
    assert done["result"]["registered"] == 1, done
    assert done["result"]["unreadColumns"] == []


# ---- review and determination ---------------------------------------------------------------------------------------


async def batch_of(service: Service, **options: Any) -> str:
    """An imported batch."""
    done = await outcome(service, ledger(unique(1)), **options)
    return str(done["result"]["batch"])


def opinion(organization: str, person: str, **changes: Any) -> dict[str, Any]:
    said = {"organization": organization, "person": person, "decision": "APPROVE", "decidedOn": str(today())}
    return {"opinion": said | changes}


async def keys_of_departments(service: Service) -> None:
    """Keys of the three departments that tests have none of."""
    for code, name in DEPARTMENTS.items():
        if name not in service.tokens:
            body = {
                "label": name,
                "organization": code,
                "organizationKind": "DEPARTMENT",
                "roles": ["APPROVER"],
                "divisions": ["653022"],
            }
            answer = await service.post("/v1/keys", body, "admin")
            service.tokens[name] = answer.json()["token"]


async def test_a_batch_goes_through_township_four_departments_and_office(service: Service) -> None:
    await keys_of_departments(service)
    compiler = await service.person(TOWNSHIP)
    batch = await batch_of(service, compiled_by=compiler)
    path = f"/v1/imports/{batch}"
    early = await service.post(f"{path}/determinations", opinion("DRC", compiler), "drc")
    assert early.json()["code"] == "STEP_OUT_OF_ORDER"
    await service.write(f"{path}/submission", {"person": compiler})
    same = await service.post(f"{path}/review", opinion(TOWNSHIP, compiler), "approver")
    assert same.json()["code"] == "SEGREGATION_OF_DUTIES"
    reviewer = await service.person(TOWNSHIP, "李四")
    foreign = await service.post(f"{path}/review", opinion(TOWNSHIP, reviewer), "agriculture")
    assert foreign.status_code == 403
    await service.write(f"{path}/review", opinion(TOWNSHIP, reviewer), "approver")
    office = await service.person("ASSET_OFFICE")
    for number, (code, name) in enumerate(DEPARTMENTS.items()):
        early = await service.post(f"{path}/aggregation", {"person": office}, "office")
        assert early.json()["code"] == "DETERMINATION_INCOMPLETE"
        assert len(early.json()["missing"]) == 4 - number
        person = await service.person(code)
        wrong = await service.post(f"{path}/determinations", opinion("WATER", person), name)
        assert wrong.status_code == 403
        await service.write(f"{path}/determinations", opinion(code, person), name)
    answer = await service.write(f"{path}/aggregation", {"person": office}, "office")
    assert answer["resource"]["state"] == "AGGREGATED"


async def test_a_return_comes_back_with_its_reasons(service: Service) -> None:
    compiler, reviewer = await service.person(TOWNSHIP), await service.person(TOWNSHIP)
    batch = await batch_of(service, compiled_by=compiler)
    path = f"/v1/imports/{batch}"
    await service.write(f"{path}/submission", {"person": compiler})
    back = opinion(TOWNSHIP, reviewer, decision="RETURN", reasons="缺少验收资料")
    answer = await service.write(f"{path}/review", back, "approver")
    assert answer["resource"]["state"] == "RETURNED"
    assert answer["resource"]["returns"][0]["reasons"] == "缺少验收资料"
    page = await service.read("/v1/imports", min_position=answer["position"], state="RETURNED")
    assert page["rows"][0]["returnReasons"] == "缺少验收资料"


@pytest.mark.parametrize("path", ["", "/rows"])
async def test_an_unknown_batch_is_not_found(service: Service, path: str) -> None:
    assert (await service.get(f"/v1/imports/{new_code('B')}{path}")).status_code == 404


def test_the_headings_of_these_tests_are_all_read() -> None:
    assert len(HEADINGS) == len(set(HEADINGS))
    assert VILLAGE.startswith(TOWNSHIP[:9])
