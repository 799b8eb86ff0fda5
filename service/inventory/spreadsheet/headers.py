"""Which column means what: the header of a ledger, over one row or several, with merged cells.

A column means what the mapping of the layout says; else what its lowest heading says, together with the heading above
it where that alone is not enough (资产 / 名称). Amounts need their unit on the column, above it, or once for the sheet
(单位：万元); a note for the sheet that says otherwise than a column is refused. Every table of a sheet has a header of its
own. What can be read in two ways is refused with its columns; a column that is not known is told, never used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from domain.refusals import Refusal, refuse
from service.inventory.spreadsheet.container import column_letters
from service.inventory.spreadsheet.grid import Cell, Grid
from service.inventory.spreadsheet.header_rows import (
    MONEY_UNIT,
    SEARCHED_ROWS,
    header_rows,
    key_of,
    label_of,
    paths_of,
)
from service.inventory.spreadsheet.mapping import FUND, ColumnMapping, Mappings, layout_of
from service.inventory.spreadsheet.suggestions import Fits, by_content, by_likeness
from service.inventory.spreadsheet.words import (
    CellKind,
    acts_by_heading,
    columns_by_field,
    columns_by_heading,
    heading,
    levels,
    plain,
    sources_by_undecided,
    vocabulary,
    weak_by_heading,
)

FEN_PER_UNIT: Final = {"元": 100, "千元": 100_000, "万元": 1_000_000, "百万元": 100_000_000}
_BRACKETED: Final = re.compile(r"\(([^()]*)\)")
_WITH_MEASURE: Final = re.compile(r"[0-9][0-9.,]*[^0-9.,].*")
_SHEET_UNIT: Final = re.compile(r"单位[:为]?[^元:]{0,8}?(百万元|万元|千元|元)")
_UNIT_ALONE: Final = re.compile(r"\((百万元|万元|千元|元)\)")


@dataclass(frozen=True, slots=True)
class LedgerColumn:
    """A column of the ledger. `unit`: fen in one unit of its numbers (money only); `source`: of a fund column; `part`:
    one of several columns of a source, by level (中央, 自治区).
    """

    index: int
    field: str
    kind: CellKind
    label: str
    unit: int = 0
    source: str | None = None
    part: str | None = None

    @property
    def letters(self) -> str:
        """As a spreadsheet names it."""
        return column_letters(self.index)

    @property
    def sum(self) -> str:
        """The sum that its amounts go into."""
        return self.field if self.part is None else f"{self.field}/{self.part}"


@dataclass(frozen=True, slots=True)
class UnreadColumn:
    """A column that is not read: with a field that it may be meant for, or the act that its content belongs to."""

    index: int
    label: str
    suggestion: str | None = None
    act: str | None = None
    decided: bool = False
    """The mapping says that it is not read."""

    @property
    def letters(self) -> str:
        """As a spreadsheet names it."""
        return column_letters(self.index)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a sheet: rows `top` to `bottom` (from 0), the columns that are read, and those that are not."""

    top: int
    bottom: int
    layout: str
    mapping: ColumnMapping
    columns: tuple[LedgerColumn, ...]
    unread: tuple[UnreadColumn, ...]
    sheet_unit: int = 0
    """Fen in one unit of amounts, as it is said once for the sheet; 0 where it is not."""

    def of(self, field: str) -> LedgerColumn | None:
        """The column of a field."""
        return next((column for column in self.columns if column.field == field), None)

    def reads_like(self, other: Header) -> bool:
        """Whether every column means the same in both."""
        return [(one.index, one.field, one.unit) for one in self.columns] == [
            (one.index, one.field, one.unit) for one in other.columns
        ]


def looks_like_ledger(grid: Grid) -> bool:
    """Whether the sheet has a header."""
    return header_rows(grid, {}, frozenset()) is not None


def header_of(grid: Grid, sources: Mapping[str, str], mappings: Mappings, fits: Fits) -> Header:
    """The first header of a sheet. `sources`: plain names of fund sources → code; `fits`: what tables know a text.

    HEADER_NOT_FOUND, COLUMN_AMBIGUOUS (two columns for one field, an amount without a unit or with two, a column that
    may be two sources), COLUMN_MISSING.
    """
    rows = header_rows(grid, sources, _mapped(mappings.chosen))
    if rows is None:
        raise refuse("HEADER_NOT_FOUND", reason=f"前 {SEARCHED_ROWS} 行 / the first {SEARCHED_ROWS} rows")
    return _header(grid, sources, mappings, rows, _sheet_unit(grid.rows[: rows[0]]), fits)


def header_below(grid: Grid, sources: Mapping[str, str], top: int, above: Header, since: int) -> Header:
    """The header of a further table, whose first row is `top`; the rows from `since` on lie between the tables.

    A unit that was said once for the sheet holds until another is said. The refusals of `header_of`.
    """
    unit = _sheet_unit(grid.rows[since:top]) or above.sheet_unit
    try:
        rows = header_rows(grid, sources, _mapped(above.mapping), top)
        return _header(grid, sources, Mappings(above.mapping), rows or (top, top), unit, None)
    except Refusal as refusal:
        where = f"第 {top + 1} 行起的另一张表 / the table that begins in row {top + 1}"
        told = {**refusal.params, "table": where}
        raise refuse(refusal.code, clause=refusal.clause, missing=refusal.missing, **told) from None


def unit_noted(row: Sequence[Cell]) -> int:
    """Fen in one unit of amounts, where a row says it for the sheet; 0 where it does not."""
    return _sheet_unit([row])


def contradiction(columns: Sequence[str], noted: int) -> Refusal:
    """A unit that is noted for the sheet and is not that of these columns."""
    said = next(unit for unit, fen in FEN_PER_UNIT.items() if fen == noted)
    reason = f"表内另注“单位：{said}” / the sheet says {said} elsewhere"
    return _ambiguous(columns, reason)


def _mapped(mapping: ColumnMapping | None) -> frozenset[str]:
    """The headings that a mapping knows, as they are looked up."""
    columns = mapping.columns if mapping is not None else ()
    return frozenset(key_of(part) for column in columns for part in column.heading.split("/"))


def _header(
    grid: Grid,
    sources: Mapping[str, str],
    mappings: Mappings,
    rows: tuple[int, int],
    sheet_unit: int,
    fits: Fits | None,
) -> Header:
    """One table's header; without `fits`, of a further table, nothing is suggested."""
    paths = paths_of(grid, *rows)
    layout = layout_of([label_of(path) for path in paths])
    mapping = mappings.of(layout)
    reading = _ColumnReading(sources, mapping, sheet_unit)
    for index, path in enumerate(paths):
        if path:
            reading.take(index, path)
    columns = reading.settled()
    unread = tuple(reading.unread)
    if fits is not None:
        unread = _suggested(grid, rows[1] + 1, unread, {column.field for column in columns}, fits)
    header = Header(*rows, layout, mapping, tuple(columns), unread, sheet_unit)
    _check(header, reading.undecided, measured=_says_measure(grid, header))
    return header


def _suggested(
    grid: Grid, first: int, unread: tuple[UnreadColumn, ...], taken: set[str], fits: Fits
) -> tuple[UnreadColumn, ...]:
    """Columns that are not read, with a field that each may be meant for; no field twice."""
    found: list[UnreadColumn] = []
    for one in unread:
        field = None
        if one.act is None and not one.decided:
            cells = (row[one.index] for row in grid.rows[first:])
            field = by_likeness(one.label, taken) or by_content(cells, fits, taken)
        found.append(replace(one, suggestion=field))
        taken = taken | ({field} if field is not None else set())
    return tuple(found)


def _says_measure(grid: Grid, header: Header) -> bool:
    """Whether the unit of measure stands with the quantity: in its heading's brackets, or in the cells (35只)."""
    column = header.of("quantity")
    if column is None:
        return False
    cells = [row[column.index] for row in grid.rows[header.bottom + 1 : header.bottom + 1 + SEARCHED_ROWS]]
    texts = [plain(cell) for cell in cells if isinstance(cell, str)]
    return _BRACKETED.search(plain(column.label)) is not None or any(map(_WITH_MEASURE.fullmatch, texts))


class _ColumnReading:
    """Reads the headings of one table's columns, from left to right."""

    def __init__(self, sources: Mapping[str, str], mapping: ColumnMapping, sheet_unit: int) -> None:
        self._sources = sources
        self._mapping = mapping
        self._sheet_unit = sheet_unit
        self._columns: list[LedgerColumn] = []
        self._weak: list[tuple[int, list[str]]] = []
        self.unread: list[UnreadColumn] = []
        self.undecided: list[tuple[UnreadColumn, tuple[str, ...]]] = []

    def take(self, index: int, path: list[str]) -> None:
        """Read one column's headings."""
        label = label_of(path)
        mapped = self._mapping.column(label)
        if mapped is not None and mapped.field is None:
            self.unread.append(UnreadColumn(index, label, decided=True))
            return
        if mapped is not None and mapped.field is not None:
            self._columns.append(
                self._of_field(index, path, mapped.field, FEN_PER_UNIT[mapped.unit] if mapped.unit else 0)
            )
            return
        column = self._known(index, path)
        if column is not None:
            if column.kind != "ignored":
                self._columns.append(column)
            return
        key = key_of(path[-1])
        act = acts_by_heading().get(key)
        unread = UnreadColumn(index, label, None, act)
        if act is None and key in weak_by_heading():
            self._weak.append((index, path))
        elif act is None and key in sources_by_undecided() and self._under_funds(path):
            self.undecided.append((unread, sources_by_undecided()[key]))
        self.unread.append(unread)

    def settled(self) -> list[LedgerColumn]:
        """The columns, with those whose heading may mean a field that no other column has."""
        for index, path in self._weak:
            there = {column.field for column in self._columns}
            field = next((one for one in weak_by_heading()[key_of(path[-1])] if one not in there), None)
            if field is not None:
                self._columns.append(self._of_field(index, path, field, 0))
                self.unread = [one for one in self.unread if one.index != index]
        return sorted(self._columns, key=lambda column: column.index)

    def _known(self, index: int, path: list[str]) -> LedgerColumn | None:
        """What the vocabulary knows the headings for."""
        known = columns_by_heading()
        keys = [key_of(text) for text in path]
        label = label_of(path)
        under_funds = self._under_funds(path)
        dividing = any(key in known and known[key].field == "fundSource" for key in keys[:-1])
        says_money = "资金" in keys[-1] or MONEY_UNIT.search(plain(path[-1])) is not None
        source = self._sources.get(keys[-1])
        if source is not None and (under_funds or says_money):
            part = next(
                (one for one in _BRACKETED.findall(plain(path[-1])) if not MONEY_UNIT.search(one)), None
            )
            return LedgerColumn(index, FUND + source, "money", label, self._unit(index, path), source, part)
        above = self._sources.get(keys[-2]) if len(keys) > 1 and keys[-1] in levels() else None
        if above is not None:
            return LedgerColumn(index, FUND + above, "money", label, self._unit(index, path), above, keys[-1])
        words = known.get(keys[-2] + keys[-1]) if len(keys) > 1 else None
        if words is None and under_funds and keys[-1] in {"小计", "合计"}:
            words = columns_by_field()["fundTotal"]
        if words is None and not dividing:
            words = known.get(keys[-1])
        if words is None:
            return None
        unit = self._unit(index, path) if words.kind == "money" else 0
        return LedgerColumn(index, words.field, words.kind, label, unit)

    def _under_funds(self, path: Sequence[str]) -> bool:
        known = columns_by_heading()
        return any(
            (key in known and known[key].field == "fundSource") or "资金" in key
            for key in (key_of(text) for text in path[:-1])
        )

    def _of_field(self, index: int, path: list[str], field: str, unit: int) -> LedgerColumn:
        label = label_of(path)
        if field.startswith(FUND):
            source = field.removeprefix(FUND)
            unit = unit or self._unit(index, path)
            return LedgerColumn(index, field, "money", label, unit, source, key_of(path[-1]))
        kind = columns_by_field()[field].kind
        if kind != "money":
            return LedgerColumn(index, field, kind, label)
        return LedgerColumn(index, field, kind, label, unit or self._unit(index, path))

    def _unit(self, index: int, path: Sequence[str]) -> int:
        """Fen in one unit of the column's numbers; the nearest heading that names one counts."""
        for text in reversed(path):
            written = plain(text)
            named = {unit for part in _BRACKETED.findall(written) for unit in MONEY_UNIT.findall(part)}
            if (
                not named
                and (match := MONEY_UNIT.search(heading(text)))
                and match.end() == len(heading(text))
            ):
                named = {match.group()}
            if len(named) > 1:
                raise _ambiguous([f"{column_letters(index)} {label_of(path)}"], "、".join(sorted(named)))
            if named:
                own = FEN_PER_UNIT[named.pop()]
                if self._sheet_unit not in {0, own}:
                    raise contradiction([f"{column_letters(index)} {label_of(path)}"], self._sheet_unit)
                return own
        if not self._sheet_unit:
            reason = "金额单位是元还是万元 / yuan or 万元"
            raise _ambiguous([f"{column_letters(index)} {label_of(path)}"], reason)
        return self._sheet_unit


def _sheet_unit(rows: Sequence[Sequence[Cell]]) -> int:
    """The unit that these rows name for the sheet, 0 if none. Two different ones are refused."""
    named = {
        unit
        for row in rows
        for cell in row
        if isinstance(cell, str)
        for pattern in (_SHEET_UNIT, _UNIT_ALONE)
        for unit in pattern.findall(plain(cell))
    }
    if len(named) > 1:
        raise _ambiguous([], f"单位 {'、'.join(sorted(named))}")
    return FEN_PER_UNIT[named.pop()] if named else 0


def _check(
    header: Header, undecided: Sequence[tuple[UnreadColumn, tuple[str, ...]]], *, measured: bool
) -> None:
    for column in header.columns:
        same = [one for one in header.columns if one.field == column.field]
        if len(same) > 1 and len({one.part for one in same} - {None}) < len(same):
            raise _ambiguous([f"{one.letters} {one.label}" for one in same], f"= {column.field}")
    given = {one.field: one for one in header.mapping.given}
    there = {column.field for column in header.columns} | ({"unitOfMeasure"} if measured else set())
    twice = [column for column in header.columns if column.field in given]
    if twice:
        reason = "对应关系中又统一填写 / given once for the sheet as well"
        raise _ambiguous([f"{one.letters} {one.label}" for one in twice], reason)
    if undecided:
        reason = "须在对应关系中选定是哪项资金 / the mapping has to say which fund"
        told = [f"{one.letters} {one.label}（{'、'.join(sources)}）" for one, sources in undecided]
        raise _ambiguous(told, reason, header)
    missing = [
        words.zh for words in vocabulary().column if words.required and words.field not in there | set(given)
    ]
    if not any(column.source or column.field == "fundSource" for column in header.columns):
        missing += [] if "fundSource" in given else ["资金来源"]
    if missing:
        raise refuse("COLUMN_MISSING", missing=missing, unread=_told(header.unread), layout=header.layout)


def _told(unread: Sequence[UnreadColumn]) -> list[str]:
    """Columns that are not read, with what they may be meant for."""
    fields = columns_by_field()
    return [
        f"{one.letters} {one.label}"
        + (f"（可能是“{fields[one.suggestion].zh}”）" if one.suggestion is not None else "")
        + (f"（{one.act}）" if one.act is not None else "")
        for one in unread
        if not one.decided
    ]


def _ambiguous(columns: Sequence[str], reason: str, header: Header | None = None) -> Refusal:
    layout = {"layout": header.layout} if header is not None else {}
    return refuse("COLUMN_AMBIGUOUS", columns=list(columns), reason=reason, **layout)
