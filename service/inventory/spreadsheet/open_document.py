"""The gate for OpenDocument spreadsheets (.ods): what `container` asks of an .xlsx, asked of the other format.

One part holds all sheets, and a cell or a row says how often it is repeated: so a small file may stand for a large sheet, and
what is counted is what the repetitions come to.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final, cast
from xml.etree import ElementTree as ET

from service.inventory.spreadsheet.container import (
    BROKEN_ARCHIVE,
    MAX_DEPTH,
    MAX_INFLATED_BYTES,
    MAX_MERGES,
    MAX_SHEETS,
    MAX_TAGS,
    SheetFacts,
    Shown,
    WorkbookFacts,
    check_names,
    check_xml,
    inflate,
    pieces,
    refused,
    shown_by,
    too_large,
    unreadable,
)

MAX_ROW: Final = 99_999
MAX_COLUMN: Final = 104
_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_STYLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_NUMBER: Final = "{urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0}"
_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_1904: Final = "1904-01-01"
_CONTENT: Final = (f"{_OFFICE}value-type", f"{_TABLE}formula", f"{_OFFICE}value", f"{_OFFICE}string-value")
"""Attributes of a cell that holds something; else it may still hold text."""
_CELLS: Final = frozenset({f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"})
_FORMATS: Final = frozenset(
    f"{_NUMBER}{kind}-style" for kind in ("number", "currency", "percentage", "text", "date")
)
_KEEPING: Final = _FORMATS | _CELLS
"""Elements whose children are looked at when they end."""
_MOST: Final = {"rows": 1_048_576, "columns": 16_384}
"""As many as any spreadsheet program has."""


def check_open_document(content: bytes, most_cells: int) -> WorkbookFacts:
    """Unpack every part once within the limits and look at it. SPREADSHEET_REFUSED for what is hostile."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return _check(archive, most_cells)
    except BROKEN_ARCHIVE as error:
        raise unreadable(f"文件结构损坏 / {type(error).__name__}") from error
    except (ET.ParseError, ValueError) as error:
        raise unreadable(f".ods: {error}"[:120]) from error


def _check(archive: zipfile.ZipFile, most_cells: int) -> WorkbookFacts:
    entries = archive.infolist()
    names = check_names(entries)
    if "content.xml" not in names:
        raise unreadable("不是 .ods / not an .ods")
    if any(name.startswith(("Basic/", "Scripts/")) for name in names):
        raise refused("含宏 / macros")
    left, tags = MAX_INFLATED_BYTES, 0
    kept: dict[str, bytes] = {}
    for entry in entries:
        part = inflate(archive, entry, left)
        left -= len(part)
        if entry.filename == "META-INF/manifest.xml" and b"encryption-data" in part:
            raise unreadable("设有打开密码，请取消密码后另存 / it has a password, save it without")
        if entry.filename.endswith(".xml"):
            check_xml(entry.filename, part)
            tags += part.count(b"<")
            if tags > MAX_TAGS:
                raise too_large("XML 标记 / tags", MAX_TAGS)
        if entry.filename in {"content.xml", "styles.xml"}:
            kept[entry.filename] = part
    walk = _Walk(most_cells, most_cells)
    for name in ("styles.xml", "content.xml"):
        if name in kept:
            walk.through(kept[name])
    return WorkbookFacts(walk.since_1904, walk.sheets)


@dataclass(slots=True)
class _Format:
    """A number format as it is read: texts beside the number, and what the number is divided by."""

    texts: str = ""
    scaled: bool = False

    @property
    def shown(self) -> Shown | None:
        return "SCALED" if self.scaled else shown_by(f"0{self.texts}")


@dataclass(slots=True)
class _Walk:
    """One pass through a part: styles come before the sheets that use them."""

    most_cells: int
    cells_left: int
    since_1904: bool = False
    sheets: dict[str, SheetFacts] = field(default_factory=dict)
    formats: dict[str, _Format] = field(default_factory=dict)
    """By the name of the number format."""
    styles: dict[str, str] = field(default_factory=dict)
    """The name of the number format by the name of a cell's style."""
    _sheet: SheetFacts = field(default_factory=SheetFacts)
    _columns: list[str] = field(default_factory=list)
    """Of the sheet at hand: the style of each column's cells, as many columns as may hold anything."""
    _row: int = 0
    _column: int = 0
    """Where the next row and cell lie."""
    _hollow: set[tuple[int, int]] = field(default_factory=set)
    _cells: list[tuple[int, str | None, bool]] = field(default_factory=list)
    """Of the row at hand: how many cells, their own style, whether they hold anything."""

    def through(self, part: bytes) -> None:
        """Go through a part, and forget each element once it has been looked at."""
        parser: ET.XMLPullParser[ET.Element] = ET.XMLPullParser(("start", "end"))
        open_: list[ET.Element] = []
        for piece in pieces(part):
            parser.feed(piece)
            for event, element in cast("Iterable[tuple[str, ET.Element]]", parser.read_events()):
                if event == "start":
                    if len(open_) >= MAX_DEPTH:
                        raise too_large("XML 层数 / depth of XML", MAX_DEPTH)
                    open_.append(element)
                    self._begin(element)
                else:
                    open_.pop()
                    self._end(element)
                    if open_ and open_[-1].tag not in _KEEPING:
                        open_[-1].remove(element)
        parser.close()

    def _begin(self, element: ET.Element) -> None:
        if element.tag == f"{_TABLE}table":
            if len(self.sheets) >= MAX_SHEETS:
                raise too_large("工作表 / sheets", MAX_SHEETS)
            self._sheet, self._columns, self._row, self._hollow = SheetFacts(), [], 0, set()
            self.sheets[element.get(f"{_TABLE}name", "")] = self._sheet
        elif element.tag == f"{_TABLE}table-row":
            self._cells, self._column = [], 0

    def _end(self, element: ET.Element) -> None:
        tag = element.tag
        if tag == f"{_TABLE}null-date":
            self.since_1904 = element.get(f"{_TABLE}date-value") == _1904
        elif tag == f"{_STYLE}style" and element.get(f"{_STYLE}data-style-name"):
            self.styles[element.get(f"{_STYLE}name", "")] = element.get(f"{_STYLE}data-style-name", "")
        elif tag in _FORMATS:
            self.formats[element.get(f"{_STYLE}name", "")] = _format(element)
        elif tag == f"{_TABLE}table-column":
            style = element.get(f"{_TABLE}default-cell-style-name", "")
            room = MAX_COLUMN - len(self._columns)
            self._columns += [style] * min(_often(element, "columns"), room)
        elif tag in _CELLS:
            self._end_cell(element)
        elif tag == f"{_TABLE}table-row":
            self._end_row(_often(element, "rows"), element.get(f"{_TABLE}default-cell-style-name"))
        elif tag == f"{_TABLE}table":
            self._sheet.hollow = frozenset(self._hollow)

    def _end_cell(self, cell: ET.Element) -> None:
        self._note_merged(cell)
        often = _often(cell, "columns")
        held = len(cell) > 0 or any(cell.get(name) is not None for name in _CONTENT)
        if cell.get(f"{_TABLE}formula") is not None and cell.get(f"{_OFFICE}value-type") is None:
            last = min(self._column + often, MAX_COLUMN)
            self._hollow.update((self._row, column) for column in range(self._column, last))
        self._cells.append((often, cell.get(f"{_TABLE}style-name"), held))
        self._column += often

    def _note_merged(self, cell: ET.Element) -> None:
        height, width = _spanned(cell, "rows"), _spanned(cell, "columns")
        if height > 1 or width > 1:
            bottom, right = self._row + height - 1, self._column + width - 1
            self._sheet.merges.append((self._row, self._column, bottom, right))
            if len(self._sheet.merges) > MAX_MERGES:
                raise too_large("合并单元格 / merged areas", MAX_MERGES)

    def _end_row(self, often: int, style: str | None) -> None:
        """Count what a row comes to, and note the cells that show another unit or scale than their number has."""
        if any(held for _, _, held in self._cells):
            width = 0
            for count, _, held in self._cells:
                if held and (width + count > MAX_COLUMN or self._row + often > MAX_ROW):
                    raise too_large("单元格位置 / place of a cell", "99999 行、CZ 列 / row 99999, column CZ")
                width += count
            self.cells_left -= often * min(width, MAX_COLUMN)
            if self.cells_left < 0:
                raise too_large("单元格（含空白） / cells, empty ones counted", self.most_cells)
            self._note_shown(often, style)
        self._row += often

    def _note_shown(self, often: int, style: str | None) -> None:
        column = 0
        for count, own, held in self._cells:
            for place in range(column, column + count) if held else ():
                shown = self._shown(own or style or self._style_of_column(place))
                if shown is not None:
                    for row in range(self._row, self._row + often):
                        self._sheet.shown[row, place] = shown
            column += count

    def _style_of_column(self, column: int) -> str:
        return self._columns[column] if column < len(self._columns) else ""

    def _shown(self, style: str) -> Shown | None:
        found = self.formats.get(self.styles.get(style, ""))
        return None if found is None else found.shown


def _format(element: ET.Element) -> _Format:
    texts = "".join(
        one.text or "" for one in element if one.tag in {f"{_NUMBER}text", f"{_NUMBER}currency-symbol"}
    )
    factors = (one.get(f"{_NUMBER}display-factor", "1") for one in element)
    return _Format(texts, scaled=any(float(factor) != 1 for factor in factors))


def _spanned(element: ET.Element, what: str) -> int:
    """Over how many rows or columns a cell reaches."""
    return int(element.get(f"{_TABLE}number-{what}-spanned", "1"))


def _often(element: ET.Element, what: str) -> int:
    """How often a cell, column or row is repeated."""
    often = max(1, int(element.get(f"{_TABLE}number-{what}-repeated", "1")))
    if often > _MOST[what]:
        raise too_large("重复的行列 / repeated rows or columns", _MOST[what])
    return often
