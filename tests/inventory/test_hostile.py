"""Files that are not what they seem: refused at the gate, before any reader of spreadsheets sees them."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest
import xlwt

from domain.refusals import Refusal
from service.inventory.spreadsheet.container import (
    MAX_FILE_BYTES,
    MAX_INFLATED_BYTES,
    MAX_PARTS,
    WorkbookFacts,
    check_workbook,
    kind_of,
)
from service.inventory.spreadsheet.grid import grids_of
from service.inventory.spreadsheet.ledger import MAX_ROWS, Reader
from service.inventory.spreadsheet.open_document import check_open_document
from tests.domain.saying import refused
from tests.workbooks import HEADINGS, csv_of, ledger, old_workbook_of, open_document_of, row

SHEET = "xl/worksheets/sheet1.xml"


def altered(changes: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A good workbook with parts replaced or added."""
    source, target = zipfile.ZipFile(BytesIO(ledger([row()]))), BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name in source.namelist():
            if name not in changes:
                archive.writestr(name, source.read(name))
        for name, content in changes.items():
            archive.writestr(name, content)
    return target.getvalue()


def sheet_with(cell: bytes) -> bytes:
    """A sheet that holds this."""
    start = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    )
    return start + b"<sheetData>" + cell + b"</sheetData></worksheet>"


def test_a_good_workbook_passes() -> None:
    assert check_workbook(altered({})) == WorkbookFacts()


@pytest.mark.parametrize(
    "cell",
    [
        b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>',
        b'<row r="1"><c r="XFD1"><v>1</v></c></row>',
        b'<row r="1"><c r="DA1"><v>1</v></c></row>',
        b"<row r='1'><c r = 'A200000'><v>1</v></c></row>",
        b'<row r="123456"><c><v>1</v></c></row>',
        b'<row r="1"><c r="xfd1"><v>1</v></c></row>',
    ],
)
def test_a_cell_at_the_end_of_the_world_is_refused(cell: bytes) -> None:
    with refused("SPREADSHEET_TOO_LARGE"):
        grids_of(altered({SHEET: sheet_with(cell)}))


def test_a_declared_dimension_costs_nothing() -> None:
    sheet = sheet_with(b'<row r="1"><c r="A1"><v>1</v></c></row>').replace(
        b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>'
    )
    (grid,) = grids_of(altered({SHEET: sheet}))
    assert grid.rows == [[1.0]]


def test_a_bomb_is_measured_by_what_comes_out() -> None:
    bomb = altered({SHEET: b" " * (MAX_INFLATED_BYTES + 1)})
    assert len(bomb) < MAX_FILE_BYTES
    with refused("SPREADSHEET_TOO_LARGE"):
        grids_of(bomb)


def test_a_part_that_is_larger_than_it_says_is_refused() -> None:
    honest = altered({SHEET: sheet_with(b"") + b" " * 5000}, zipfile.ZIP_STORED)
    size = (len(sheet_with(b"")) + 5000).to_bytes(4, "little")
    with refused("SPREADSHEET_UNREADABLE"):
        grids_of(honest.replace(size, (10).to_bytes(4, "little")))


def test_workbook_for_macros_that_holds_none_is_read() -> None:
    kinds = zipfile.ZipFile(BytesIO(altered({}))).read("[Content_Types].xml")
    main = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    assert main in kinds
    with_macros = kinds.replace(main, b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")
    assert len(grids_of(altered({"[Content_Types].xml": with_macros}))) == 1


def test_old_workbook_with_macros_or_a_cell_far_away_is_refused() -> None:
    good = old_workbook_of(ledger([row()]))
    with refused("SPREADSHEET_REFUSED"):
        grids_of(good + "_VBA_PROJECT".encode("utf-16-le"))
    book = xlwt.Workbook()
    book.add_sheet("台账").write(65_535, 255, 1)
    far = BytesIO()
    book.save(far)
    with refused("SPREADSHEET_TOO_LARGE"):
        grids_of(far.getvalue())


@pytest.mark.parametrize(
    "changes",
    [
        {"xl/vbaProject.bin": b"macro"},
        {SHEET: b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + sheet_with(b"")},
        {"xl/sharedStrings.xml": b'<!DOCTYPE l [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><sst>&b;</sst>'},
        {SHEET: sheet_with(b"").decode().encode("utf-16")},
    ],
)
def test_macros_and_entities_are_refused(changes: dict[str, bytes]) -> None:
    with refused("SPREADSHEET_REFUSED"):
        grids_of(altered(changes))


def test_too_many_parts_are_refused() -> None:
    with refused("SPREADSHEET_TOO_LARGE"):
        grids_of(altered({f"xl/media/{number}.bin": b"" for number in range(MAX_PARTS)}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n ",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100,
        b"PK\x03\x04rubbish",
        b"\xff\xfe\xff",
        b"\x81\x00\xff",
        b"a\0b",
    ],
)
def test_what_is_no_spreadsheet_is_said_so(content: bytes) -> None:
    with refused("SPREADSHEET_UNREADABLE"):
        grids_of(content)


@pytest.mark.parametrize(("inside", "said"), [("EncryptedPackage", "密码"), ("Workbook", ".xls")])
def test_password_is_told_apart_from_an_old_workbook(inside: str, said: str) -> None:
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100 + inside.encode("utf-16-le")
    with refused("SPREADSHEET_UNREADABLE") as refusal:
        grids_of(content)
    assert said in refusal.value.params["reason"]


def document_with(rows: str, changes: dict[str, bytes] | None = None) -> bytes:
    """A good OpenDocument whose only sheet holds these rows."""
    source, target = zipfile.ZipFile(BytesIO(open_document_of(ledger([row()])))), BytesIO()
    content = source.read("content.xml").decode()
    begin, end = content.index("<table:table-row"), content.rindex("</table:table>")
    parts = {name: source.read(name) for name in source.namelist()}
    parts["content.xml"] = (content[:begin] + rows + content[end:]).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in (parts | (changes or {})).items():
            archive.writestr(name, part, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED)
    return target.getvalue()


CELL = '<table:table-cell office:value-type="float" office:value="1"{}/>'
ROW = "<table:table-row{}>{}</table:table-row>"


def test_open_document_that_says_how_far_it_is_empty_is_read() -> None:
    """As programs save it: the rest of the sheet is one empty row of one empty cell, each repeated."""
    rest = '<table:table-cell table:number-columns-repeated="16384"/>'
    rows = ROW.format("", CELL.format("")) + ROW.format(' table:number-rows-repeated="1048575"', rest)
    (grid,) = grids_of(document_with(rows))
    assert grid.rows == [[1.0]]


@pytest.mark.parametrize(
    "rows",
    [
        ROW.format(' table:number-rows-repeated="100000"', CELL.format("")),
        ROW.format("", CELL.format(' table:number-columns-repeated="105"')),
        ROW.format(' table:number-rows-repeated="40000"', CELL.format(' table:number-columns-repeated="101"')),
        ROW.format(' table:number-rows-repeated="99999"', "<table:table-cell/>") + ROW.format("", CELL.format("")),
        ROW.format("", '<table:table-cell table:number-columns-repeated="104"/>' + CELL.format("")),
        ROW.format("", '<table:table-cell table:number-columns-repeated="105"><text:p>x</text:p></table:table-cell>'),
        ROW.format(' table:number-rows-repeated="1048577"', "<table:table-cell/>"),
        ROW.format("", '<table:table-cell table:number-columns-repeated="16385"/>'),
        ROW.format("", f"<table:table-cell>{'<text:span>' * 120}{'</text:span>' * 120}</table:table-cell>"),
    ],
)  # fmt: skip
def test_open_document_that_stands_for_a_large_sheet_is_refused(rows: str) -> None:
    with refused("SPREADSHEET_TOO_LARGE"):
        grids_of(document_with(rows))


def test_number_of_cells_that_is_told_is_the_one_that_is_held_to() -> None:
    """4,000,000: 40,000 rows of 100 are as many, one row more is too many."""
    rows = ROW.format(
        ' table:number-rows-repeated="40001"', CELL.format(' table:number-columns-repeated="100"')
    )
    with refused("SPREADSHEET_TOO_LARGE") as refusal:
        grids_of(document_with(rows))
    assert refusal.value.params["limit"] == "4,000,000"
    check_open_document(document_with(rows.replace("40001", "40000")), 4_000_000)


def test_formula_of_an_open_document_without_its_result_is_told() -> None:
    hollow = '<table:table-cell table:formula="of:=1+1"/>'
    saved = '<table:table-cell table:formula="of:=1+1" office:value-type="float" office:value="2"/>'
    (grid,) = grids_of(document_with(ROW.format("", CELL.format("")) + ROW.format("", saved + hollow)))
    assert grid.hollow == {(1, 1)}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Basic/Standard/script-lb.xml": b"<x/>"}, "SPREADSHEET_REFUSED"),
        ({"styles.xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'}, "SPREADSHEET_REFUSED"),
        ({"styles.xml": b"<x><y></x>"}, "SPREADSHEET_UNREADABLE"),
        ({"META-INF/manifest.xml": b"<m><manifest:encryption-data/></m>"}, "SPREADSHEET_UNREADABLE"),
        ({"Pictures/1": b"\0" * (MAX_INFLATED_BYTES + 1)}, "SPREADSHEET_TOO_LARGE"),
    ],
)
def test_hostile_open_document_is_refused(changes: dict[str, bytes], code: str) -> None:
    with refused(code):
        grids_of(document_with(ROW.format("", CELL.format("")), changes))


@pytest.mark.parametrize("saved", [old_workbook_of, open_document_of])
def test_damaged_file_is_read_or_told_to_be_damaged(saved: Callable[[bytes], bytes]) -> None:
    """Bytes overwritten, cut off, doubled: nothing else comes of it than a grid or a refusal."""
    good = saved(ledger([row(number) for number in range(1, 6)]))
    chance = random.Random(7)
    told = 0
    for _ in range(300):
        damaged = bytearray(good)
        for _ in range(chance.choice((1, 3, 30))):
            damaged[chance.randrange(8, len(damaged))] = chance.randrange(256)
        del damaged[chance.choice((len(good), len(good), chance.randrange(100, len(good)))) :]
        try:
            assert grids_of(bytes(damaged))
        except Refusal:
            told += 1
    assert 10 < told < 300


def test_an_archive_of_something_else_is_no_workbook() -> None:
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("hello.txt", "hello")
    with refused("SPREADSHEET_UNREADABLE"):
        grids_of(target.getvalue())


def test_an_unclosed_quotation_does_not_swallow_the_rest() -> None:
    with refused("SPREADSHEET_UNREADABLE"):
        grids_of('资产名称,数量\n"村道,1\n桥,2\n'.encode())


def test_files_and_ledgers_have_a_limit(reader: Reader) -> None:
    with refused("SPREADSHEET_TOO_LARGE"):
        kind_of(b"x" * (MAX_FILE_BYTES + 1))
    lines = csv_of([row()]) + (",x" + "," * (len(HEADINGS) - 2) + "\r\n") * MAX_ROWS
    with refused("TOO_MANY_ITEMS"):
        reader.read(lines.encode())
