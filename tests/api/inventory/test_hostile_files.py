"""Files that cost more than they look, sent to the served program: each is refused in words, others are answered
meanwhile, and nothing of it is left afterwards.
"""

from __future__ import annotations

import csv
import os
import uuid
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from service.commands.actor import Actor
from service.inventory.beside import SheetBounds
from service.inventory.importing import Importer, ImportOptions
from tests.api.bodies import TOWNSHIP
from tests.api.process import killable
from tests.api.service import Service, new_code
from tests.domain.saying import refused
from tests.workbooks import HEADINGS, ledger, row

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAMESPACE: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET: Final = "xl/worksheets/sheet1.xml"
PERSON: Final = "P-hostile"
ROWS: Final = 400


# ---- the files -----------------------------------------------------------------------------------------------------


def altered(**parts: bytes) -> bytes:
    """A good workbook in which parts are others; the names without folder and ending."""
    names = {
        "sheet": SHEET,
        "strings": "xl/sharedStrings.xml",
        "styles": "xl/styles.xml",
        "relations": "xl/_rels/workbook.xml.rels",
    }
    changes = {names.get(name, f"xl/worksheets/{name}.xml"): content for name, content in parts.items()}
    source, target = zipfile.ZipFile(BytesIO(ledger([row()]))), BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            if name not in changes:
                archive.writestr(name, source.read(name))
        for name, content in changes.items():
            archive.writestr(name, content)
    return target.getvalue()


def sheet(inside: bytes, after: bytes = b"", before: bytes = b"") -> bytes:
    start = f'<?xml version="1.0"?><worksheet xmlns="{NAMESPACE}">'.encode()
    return start + before + b"<sheetData>" + inside + b"</sheetData>" + after + b"</worksheet>"


def strings(inside: bytes) -> bytes:
    return f'<?xml version="1.0"?><sst xmlns="{NAMESPACE}">'.encode() + inside + b"</sst>"


def one_text_everywhere() -> bytes:
    """A text of 30,000 letters in 300,000 cells: a small file, nine gigabytes for who copies it into each."""
    cells = b'<c t="s"><v>0</v></c>' * 30
    rows = b"<row>" + cells + b"</row>"
    return altered(sheet=sheet(rows * 10_000), strings=strings(b"<si><t>" + b"x" * 30_000 + b"</t></si>"))


def everything_wrong() -> bytes:
    """Rows that are wrong in every column."""
    written = StringIO()
    lines = csv.writer(written)
    lines.writerow(HEADINGS)
    lines.writerows([["坏"] * len(HEADINGS)] * ROWS)
    return written.getvalue().encode()


FAR: Final = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="99999"><c r="CZ99999"><v>1</v></c></row>'
HOSTILE: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "unpacks to 160 MB": (lambda: altered(sheet=b" " * (160 << 20)), "解压后"),
    "cells far apart": (lambda: altered(sheet=sheet(FAR)), "单元格（含空白）"),
    "a cell at the end": (
        lambda: altered(sheet=sheet(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')),
        "单元格位置",
    ),
    "two million texts": (lambda: altered(strings=strings(b"<si><t>x</t></si>" * 2_000_000)), "文本"),
    "a million formats": (
        lambda: altered(
            styles=f'<styleSheet xmlns="{NAMESPACE}"><cellXfs>'.encode()
            + b'<xf numFmtId="0"/>' * 1_000_000
            + b"</cellXfs></styleSheet>"
        ),
        "单元格格式",
    ),
    "a million merged areas": (
        lambda: altered(
            sheet=sheet(b"", b"<mergeCells>" + b'<mergeCell ref="A1:A2"/>' * 1_000_000 + b"</mergeCells>")
        ),
        "合并单元格",
    ),
    "few merged areas over everything": (
        lambda: altered(
            sheet=sheet(
                b'<row r="1"><c r="A1"><v>1</v></c></row><row r="9000"><c r="CZ9000"><v>1</v></c></row>',
                b"<mergeCells>" + b'<mergeCell ref="A1:CZ9000"/>' * 10_000 + b"</mergeCells>",
            )
        ),
        "合并的单元格",
    ),
    "two hundred sheets": (
        lambda: altered(**{f"more{number}": sheet(b"") for number in range(200)}),
        "工作表",
    ),
    "many million tags": (lambda: altered(sheet=sheet(b"<a/>" * 21_000_000)), "XML 标记"),
    "a tree a million deep": (
        lambda: altered(
            relations=b"<a>" * 1_000_000 + b"</a>" * 1_000_000, sheet=sheet(b'<c r="A1"><f>1</f></c>')
        ),
        "XML 层数",
    ),
    "one text everywhere": (one_text_everywhere, "读取所需内存"),
    "delimited, a million columns": (lambda: b"," * 1_000_000, "列"),
    "delimited, a million lines": (lambda: "资产名称,数量\n".encode() + b"a,1\n" * 1_000_000, "行"),
}
"""File, and what its refusal names."""


# ---- the served program --------------------------------------------------------------------------------------------


@dataclass
class Served:
    """The program in a process of its own, and somebody who may do everything."""

    http: httpx.AsyncClient
    pid: int

    async def sent(self, content: bytes, **options: Any) -> str:
        """The operation of a file that was sent."""
        answer = await self.http.post(
            "/v1/imports",
            params={"unit": TOWNSHIP, "compiled_by": PERSON} | options,
            content=content,
            headers={"Content-Type": XLSX, "Idempotency-Key": uuid.uuid4().hex},
        )
        assert answer.status_code == 202, answer.text
        return answer.headers["Location"]

    async def ended(self, operation: str) -> dict[str, Any]:
        for _ in range(12):
            done: dict[str, Any] = (await self.http.get(operation, params={"wait": 20})).json()
            if done["state"] not in {"QUEUED", "RUNNING"}:
                return done
        raise AssertionError(f"{operation} came to no end")

    def resident(self) -> int:
        """MiB that the service's own process holds."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") >> 20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(module_database_url: str) -> AsyncIterator[Served]:
    with killable(module_database_url) as (url, token, process):
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
            body = {"person": PERSON, "card": {"name": "张三", "organization": TOWNSHIP}}
            answer = await http.post("/v1/persons", json=body, headers={"Idempotency-Key": "p"})
            assert answer.status_code == 201, answer.text
            yield Served(http, process.pid)


@pytest.mark.parametrize("name", HOSTILE)
async def test_file_that_costs_more_than_it_looks_is_refused_in_words(served: Served, name: str) -> None:
    make, what = HOSTILE[name]
    content = make()
    done = await served.ended(await served.sent(content, dry_run=True))
    problem = done["problem"]
    assert (done["state"], problem["code"]) == ("FAILED", "SPREADSHEET_TOO_LARGE"), problem
    assert f"{what}，" in problem["detailZh"]
    assert "另存" in problem["detailZh"]
    assert "at most" in problem["detailEn"]


async def test_others_are_answered_while_a_file_is_read(served: Served) -> None:
    """8,000 rows take seconds of a processor; a write beside them does not wait for the file to be read."""
    operation = await served.sent(ledger([row(number) for number in range(1, 8_001)]), dry_run=True)
    answered = 0
    while (await served.http.get(operation)).json()["state"] in {"QUEUED", "RUNNING"}:
        body = {"person": f"P-beside-{answered}", "card": {"name": "李四", "organization": TOWNSHIP}}
        headers = {"Idempotency-Key": f"beside-{answered}"}
        assert (await served.http.post("/v1/persons", json=body, headers=headers)).status_code == 201
        assert (await served.http.get("/health/live")).status_code == 200
        answered += 1
    done = await served.ended(operation)
    assert (done["state"], done["result"]["ok"]) == ("SUCCEEDED", 8_000), done["problem"]
    assert answered >= 5


async def test_memory_of_a_file_ends_with_its_process(served: Served) -> None:
    """Twenty files of 7,600 problems, each of which was once kept with its traceback."""
    content = everything_wrong()
    await served.ended(await served.sent(content, dry_run=True))
    before = served.resident()
    for _ in range(20):
        done = await served.ended(await served.sent(content, dry_run=True))
        assert done["result"]["rejected"] == ROWS, done
    assert served.resident() - before < 60
    answer = await served.http.get(f"/v1/operations/{done['operation']}/files/rejected.ndjson")
    assert len(answer.content.splitlines()) == ROWS


async def test_import_that_is_cancelled_ends_its_process(served: Served) -> None:
    operation = await served.sent(ledger([row(number) for number in range(1, 10_001)]), dry_run=True)
    while not (at_work := _readers(served.pid)):
        assert (await served.http.get(operation)).json()["state"] in {"QUEUED", "RUNNING"}
    assert (await served.http.post(f"{operation}/cancellation", headers={"Idempotency-Key": "c"})).is_success
    assert (await served.ended(operation))["state"] == "CANCELLED"
    assert not at_work & _readers(served.pid)


def _readers(pid: int) -> set[int]:
    """Processes that read a file for this one: children of the one that it forks them from."""
    return {child for one in _children(pid) for child in _children(one)}


def _children(pid: int) -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found |= set(map(int, task.read_text().split()))
    return found


# ---- bounds --------------------------------------------------------------------------------------------------------

CLERK: Final = Actor("k_1", "api_key", "653022", TOWNSHIP, "TOWNSHIP", frozenset({"REGISTRAR"}), (TOWNSHIP,))


@pytest.mark.parametrize(
    ("bounds", "what"),
    [
        ({"cpu_seconds": 1}, "读取所需时间"),
        ({"seconds": 0.5}, "读取所需时间"),
        ({"memory": 64 << 20}, "读取所需内存"),
    ],
)
async def test_honest_file_beyond_the_bounds_is_refused_with_the_bound(
    service: Service, bounds: dict[str, Any], what: str
) -> None:
    state = service.app.state
    options = ImportOptions(
        batch=new_code("B"),
        file_name="表.xlsx",
        unit=TOWNSHIP,
        compiled_by=await service.person(TOWNSHIP),
        dry_run=True,
    )
    importer = Importer(state.context, state.pool, state.projector, SheetBounds(**bounds))
    content = ledger([row(number) for number in range(1, 10_001)])
    with refused("SPREADSHEET_TOO_LARGE") as told:
        await importer.run(CLERK, options, content, nobody)
    assert told.value.params["what"].startswith(what)


async def nobody(_done: int, _total: int | None) -> None:
    """Nobody watches."""
