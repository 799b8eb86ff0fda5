"""The gate of the spreadsheet room: what kind of file this is, and whether it is safe to read.

A workbook is a ZIP of XML, so it can be a bomb, carry macros, declare entities or claim cells at the far end of the
sheet that would be filled in between. Everything is measured on what really comes out, never on what is declared.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final, Literal, cast
from xml.etree import ElementTree as ET

from domain.refusals import Refusal, refuse

MAX_FILE_BYTES: Final = 33_554_432
"""Largest file."""
MAX_INFLATED_BYTES: Final = 134_217_728
"""Largest sum of a workbook's parts when unpacked: 30,000 rows of 40 columns are a third of it."""
MAX_PARTS: Final = 2_000
"""Most parts of a workbook."""
MAX_SHEETS: Final = 100
MAX_STRINGS: Final = 1_000_000
"""Most texts of a workbook; readers hold them all."""
MAX_STYLES: Final = 65_000
"""Most formats of cells: as many as a spreadsheet program makes."""
MAX_MERGES: Final = 20_000
MAX_TAGS: Final = 20_000_000
"""Most tags of a workbook's parts: four for each of the most cells, and some."""
MAX_DEPTH: Final = 100
"""Deepest nesting in the parts that are read as trees."""
MAX_ROW_DIGITS: Final = 5
"""Cells may lie in rows up to 99,999; readers fill the space up to the last cell, wherever it is."""

Kind = Literal["xlsx", "xls", "ods", "csv"]

BROKEN_ARCHIVE: Final = (
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, UnicodeError),
)
"""What reading a ZIP raises that is damaged or none."""
_ZIP: Final = b"PK\x03\x04"
_OPEN_DOCUMENT: Final = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
"""The first entry of such a file, which is never packed."""
_START: Final = 200
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
"""Name of the stream that holds a workbook behind a password."""
_MACROS: Final = "_VBA_PROJECT".encode("utf-16-le")
"""Name of what holds the macros of a workbook of before 2007."""
_FAR_CELL: Final = re.compile(
    rb"""\br\s*=\s*["'](?:[A-Za-z]{3,}[0-9]|[D-Zd-z][A-Za-z][0-9]|[A-Za-z]*[0-9]{%d,})"""
    % (MAX_ROW_DIGITS + 1)
)
_HOLLOW: Final = re.compile(
    rb"""<c r="([A-Z]+)([0-9]+)"[^>]*><f(?:\s[^>]*)?(?:/>|>[^<]*</f>)(?:<v\s*/>|<v>\s*</v>)?</c>"""
)
_COUNTED: Final = (
    (re.compile(r"xl/sharedStrings\.xml"), re.compile(rb"<(?:\w+:)?si[\s/>]"), MAX_STRINGS, "文本 / texts"),
    (
        re.compile(r"xl/styles\.xml"),
        re.compile(rb"<(?:\w+:)?xf[\s/>]"),
        MAX_STYLES,
        "单元格格式 / formats of cells",
    ),
    (
        re.compile(r"xl/worksheets/"),
        re.compile(rb"<(?:\w+:)?mergeCell[\s/>]"),
        MAX_MERGES,
        "合并单元格 / merged areas",
    ),
)
"""What is counted in a part, and how many of it there may be in all parts of that kind."""
_CELL: Final = re.compile(rb"<(?:\w+:)?c\s[^>]*>")
_STYLE: Final = re.compile(rb"""\ss\s*=\s*["']([0-9]+)["']""")
_PLACE: Final = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+)([0-9]+)["']""")
_LOCALE: Final = re.compile(r"\[[^\]]*\]")
_SCALE: Final = re.compile(r"[0#?.],+(?![0#?])")
_UNIT_SHOWN: Final = re.compile(r"百万元|万元|千元|元")
_CHUNK: Final = 1 << 20
_TREE_CHUNK: Final = 1 << 16


Shown = Literal["元", "千元", "万元", "百万元", "SCALED"]
"""What a format adds to the number that it shows: a unit of money, or a scale (45 for 450000)."""


@dataclass(slots=True)
class SheetFacts:
    """Facts of a sheet beside its values; rows and columns from 0."""

    hollow: frozenset[tuple[int, int]] = frozenset()
    """Cells whose formula was saved without its result."""
    shown: dict[tuple[int, int], Shown] = field(default_factory=dict)
    """Cells whose format shows a unit of money or another scale than the number has."""
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Merged areas, top, left, bottom, right, all included, where the reader of cells does not tell them."""


@dataclass(slots=True)
class WorkbookFacts:
    """Facts of a workbook beside its values. `since_1904`: its day numbers begin there."""

    since_1904: bool = False
    sheets: dict[str, SheetFacts] = field(default_factory=dict)
    """By sheet name, where there is anything to say."""


def kind_of(content: bytes) -> Kind:
    """What the bytes are, by themselves and not by a file name. SPREADSHEET_UNREADABLE, SPREADSHEET_REFUSED."""
    if len(content) > MAX_FILE_BYTES:
        raise too_large("文件大小 / size of the file", f"{MAX_FILE_BYTES // 1_048_576} MiB")
    if content.startswith(_ZIP):
        return "ods" if _OPEN_DOCUMENT in content[:_START] else "xlsx"
    if content.startswith(_OLE) and _ENCRYPTED in content:
        raise unreadable("设有打开密码，请取消密码后另存 / it has a password, save it without")
    if content.startswith(_OLE):
        if _MACROS in content:
            raise refused("含宏 / macros")
        return "xls"
    if not content.strip():
        raise unreadable("空文件 / empty file")
    return "csv"


def check_workbook(content: bytes) -> WorkbookFacts:
    """Unpack every part once within the limits and look at it. SPREADSHEET_REFUSED for what is hostile."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return _check(archive)
    except (*BROKEN_ARCHIVE, ET.ParseError) as error:
        raise unreadable(f"文件结构损坏 / {type(error).__name__}") from error


def _check(archive: zipfile.ZipFile) -> WorkbookFacts:
    entries = archive.infolist()
    names = check_names(entries)
    if sum(name.startswith("xl/worksheets/") and name.endswith(".xml") for name in names) > MAX_SHEETS:
        raise too_large("工作表 / sheets", MAX_SHEETS)
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
        raise unreadable("不是 .xlsx / not an .xlsx")
    parts: dict[str, SheetFacts] = {}
    left, tags = MAX_INFLATED_BYTES, 0
    counts = [0] * len(_COUNTED)
    for entry in entries:
        if "vbaproject" in entry.filename.lower():
            raise refused("含宏 / macros")
        part = inflate(archive, entry, left)
        left -= len(part)
        if entry.filename.endswith((".xml", ".rels", ".vml")):
            check_xml(entry.filename, part)
            tags += part.count(b"<")
            if tags > MAX_TAGS:
                raise too_large("XML 标记 / tags", MAX_TAGS)
            _count(entry.filename, part, counts)
        if entry.filename.startswith("xl/worksheets/") and (cells := _hollow_cells(part)):
            parts[entry.filename] = SheetFacts(cells)
    styles = _telling_styles(archive.read("xl/styles.xml")) if "xl/styles.xml" in names else {}
    for name in names if styles else ():
        if name.startswith("xl/worksheets/") and (shown := _shown_cells(archive.read(name), styles)):
            parts.setdefault(name, SheetFacts()).shown = shown
    book = _tree(archive.read("xl/workbook.xml"))
    return WorkbookFacts(_since_1904(book), _by_sheet_name(archive, book, parts) if parts else {})


def check_names(entries: list[zipfile.ZipInfo]) -> set[str]:
    """The names of an archive's parts: few enough, none twice, none encrypted."""
    if len(entries) > MAX_PARTS:
        raise too_large("部件 / parts", MAX_PARTS)
    names = {entry.filename for entry in entries}
    if len(names) != len(entries):
        raise refused("部件重名 / two parts with one name")
    if any(entry.flag_bits & 1 for entry in entries):
        raise refused("加密 / encrypted")
    return names


def inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """A part, unless it comes to more bytes than this. SPREADSHEET_TOO_LARGE."""
    chunks: list[bytes] = []
    size = 0
    with archive.open(entry) as source:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise too_large("解压后 / unpacked", f"{MAX_INFLATED_BYTES // 1_048_576} MiB")
            chunks.append(chunk)
    return b"".join(chunks)


def check_xml(name: str, part: bytes) -> None:
    """Refuse what a part of a spreadsheet has no need of."""
    if part.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in part[:64]:
        raise refused("UTF-16 XML")
    if b"<!DOCTYPE" in part or b"<!ENTITY" in part:
        raise refused("DTD / entities")
    if name.startswith("xl/worksheets/") and _FAR_CELL.search(part) is not None:
        raise too_large("单元格位置 / place of a cell", "99999 行、CZ 列 / row 99999, column CZ")


def _count(name: str, part: bytes, counts: list[int]) -> None:
    """Count what readers hold all of, over all parts of a kind."""
    for number, (where, what, most, called) in enumerate(_COUNTED):
        if where.match(name):
            counts[number] += sum(1 for _ in what.finditer(part))
            if counts[number] > most:
                raise too_large(called, most)


def pieces(part: bytes) -> Iterable[bytes]:
    """A part in pieces as a parser is fed them."""
    return (part[start : start + _TREE_CHUNK] for start in range(0, len(part), _TREE_CHUNK))


def _tree(part: bytes) -> ET.Element:
    """A part as a tree, unless it is too deep for one. DTDs were refused before, so nothing is expanded."""
    depth = 0
    root: ET.Element | None = None
    parser: ET.XMLPullParser[ET.Element] = ET.XMLPullParser(("start", "end"))
    for piece in pieces(part):
        parser.feed(piece)
        for event, element in cast("Iterable[tuple[str, ET.Element]]", parser.read_events()):
            root = element if root is None else root
            depth += 1 if event == "start" else -1
            if depth > MAX_DEPTH:
                raise too_large("XML 层数 / depth of XML", MAX_DEPTH)
    parser.close()
    if root is None:
        raise ET.ParseError
    return root


def _hollow_cells(part: bytes) -> frozenset[tuple[int, int]]:
    if b"<f" not in part:
        return frozenset()
    return frozenset((int(row) - 1, column_index(letters.decode())) for letters, row in _HOLLOW.findall(part))


def _telling_styles(part: bytes) -> dict[int, Shown]:
    """The formats of cells, by their number, that show a unit of money or another scale than the number has."""
    if b"numFmt " not in part:
        return {}
    root = _tree(part)
    told = {
        one.get("numFmtId"): shown
        for one in root.iter()
        if one.tag.endswith("}numFmt") and (shown := shown_by(one.get("formatCode", ""))) is not None
    }
    if not told:
        return {}
    cells = next((one for one in root.iter() if one.tag.endswith("}cellXfs")), ())
    return {
        number: told[one.get("numFmtId")] for number, one in enumerate(cells) if one.get("numFmtId") in told
    }


def shown_by(code: str) -> Shown | None:
    """What a number format adds. A comma after the last digit divides by a thousand, 0!.0, by ten thousand."""
    positive = _LOCALE.sub("", code.partition(";")[0])
    digits = positive.replace('"', "").replace("\\", "").replace("!", "")
    if _SCALE.search(digits) is not None:
        return "SCALED"
    unit = _UNIT_SHOWN.search(digits)
    return cast("Shown", unit.group()) if unit is not None else None


def _shown_cells(part: bytes, styles: dict[int, Shown]) -> dict[tuple[int, int], Shown]:
    found: dict[tuple[int, int], Shown] = {}
    for tag in _CELL.finditer(part):
        style = _STYLE.search(tag.group())
        shown = styles.get(int(style[1])) if style is not None else None
        place = _PLACE.search(tag.group()) if shown is not None else None
        if shown is not None and place is not None:
            found[int(place[2]) - 1, column_index(place[1].decode().upper())] = shown
    return found


def _since_1904(book: ET.Element) -> bool:
    return any(
        one.tag.endswith("}workbookPr") and one.get("date1904", "0") in {"1", "true", "on"} for one in book
    )


def _by_sheet_name(
    archive: zipfile.ZipFile, book: ET.Element, by_part: dict[str, SheetFacts]
) -> dict[str, SheetFacts]:
    relations = _tree(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {one.get("Id"): (one.get("Target") or "").removeprefix("/xl/") for one in relations}
    found: dict[str, SheetFacts] = {}
    for sheet in book.iter():
        if sheet.tag.endswith("}sheet"):
            relation = next((value for name, value in sheet.items() if name.endswith("}id")), None)
            facts = by_part.get(f"xl/{targets.get(relation, '')}")
            if facts is not None:
                found[sheet.get("name", "")] = facts
    return found


def column_index(letters: str) -> int:
    """A → 0, Z → 25, AA → 26."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def column_letters(index: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def too_large(what: str, limit: int | str) -> Refusal:
    """A bound that a file goes beyond: what is counted, and how much of it there may be."""
    return refuse("SPREADSHEET_TOO_LARGE", what=what, limit=f"{limit:,}" if isinstance(limit, int) else limit)


def refused(reason: str) -> Refusal:
    """What is not read for what it is."""
    return refuse("SPREADSHEET_REFUSED", reason=reason)


def unreadable(reason: str) -> Refusal:
    """What cannot be read."""
    return refuse("SPREADSHEET_UNREADABLE", reason=reason)
