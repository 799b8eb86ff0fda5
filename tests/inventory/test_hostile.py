"""Files that are not what they seem: refused at the gate, before any reader of spreadsheets sees them."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

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
from tests.domain.saying import refused
from tests.workbooks import HEADINGS, csv_of, ledger, row

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
