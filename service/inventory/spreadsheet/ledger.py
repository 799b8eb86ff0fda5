"""A clerk's ledger as rows of register cards: what each row says, what is wrong with it, and which rows are no assets.

Reads, judges nothing of the regulation: that is the register card's own business. Every problem names row, column,
heading and value; every row of the sheet ends up in exactly one of `lines` and `skipped`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from domain.refusals import Refusal, refuse
from domain.regulation import Rules, rows
from domain.values import Fen
from service.inventory.spreadsheet.cells import (
    Precision,
    day_of,
    money_of,
    quantity_of,
    text_of,
    year_alone,
    years_of,
)
from service.inventory.spreadsheet.container import too_large
from service.inventory.spreadsheet.grid import Cell, Grid, grids_of
from service.inventory.spreadsheet.header_rows import is_header
from service.inventory.spreadsheet.headers import (
    Header,
    LedgerColumn,
    contradiction,
    header_below,
    header_of,
    looks_like_ledger,
    unit_noted,
)
from service.inventory.spreadsheet.mapping import UNMAPPED, YEAR_DAYS, ColumnMapping, Mappings, check_mapping
from service.inventory.spreadsheet.names import Names, Place, fund_sources
from service.inventory.spreadsheet.resolving import Resolution
from service.inventory.spreadsheet.sums import Sums
from service.inventory.spreadsheet.words import (
    CellKind,
    RowKind,
    codes_by_word,
    columns_by_field,
    plain,
    row_patterns,
    vocabulary,
)

MAX_ROWS: Final = 30_000
"""Most assets of one file: they are appended in one commit, which a larger one would not fit."""
MAX_TABLES: Final = 200
"""Most tables of one sheet."""
MAX_REASONS: Final = 20_000
"""Once a file has so many problems, each further row is told its first one only: a reason takes a kilobyte."""
NO_COLUMN: Final = -1
"""Index of what is given once for all rows."""
_ITEM_MARKS: Final = "；;、\n"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a row. `column`: letters and heading, None for the row as a whole."""

    column: str | None
    heading: str | None
    value: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that was read with less than it could have been: a month for a day, a bare day number."""

    row: int
    column: str
    heading: str
    value: str
    read_as: str
    kind: Precision


@dataclass(slots=True)
class SpreadsheetLine:
    """One row of the ledger: its number as the spreadsheet shows it, the header of its table, and the register card it
    makes.
    """

    row: int
    header: Header
    asset: str | None = None
    card: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    confirmed: bool = False
    """Whoever made the ledger says that unlikely figures of this row are right."""
    left_out: int = 0
    """Problems beside `faults` that are not kept."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is no asset."""

    row: int
    kind: RowKind
    text: str


@dataclass(slots=True)
class CellsUnresolved:
    """A word that no table and no mapping knows: its column, in how many rows it stands, what it is likely to mean."""

    column: LedgerColumn
    suggested: tuple[str, ...]
    rows: int = 0


@dataclass(slots=True)
class SpreadsheetLedger:
    """A sheet as it was read. `tables`: the headers of its tables, from above to below."""

    sheet: str
    tables: list[Header]
    rows: list[list[Cell]]
    """The sheet's cells; line `row` is `rows[row - 1]`. What is merged over rows stands in each of them."""
    lines: list[SpreadsheetLine] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    other_sheets: tuple[str, ...] = ()
    """Sheets that were not read: without a header, or hidden."""
    unresolved: dict[tuple[str, str], CellsUnresolved] = field(default_factory=dict)
    """Words that no table and no mapping knows, by field and word."""
    totals_differ: list[Skipped] = field(default_factory=list)
    """Rows of totals with an amount that is not the sum of the rows above them, or below."""

    @property
    def header(self) -> Header:
        """The header of the first table."""
        return self.tables[0]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reader of a ledger, with what it has to know of the county on a day."""

    rules: Rules
    names: Names

    def read(
        self, content: bytes, sheet: str | None = None, mappings: Mappings | None = None
    ) -> SpreadsheetLedger:
        """The ledger of a file, or of one named sheet of it. The refusals of `grids_of`, `header_of` and
        `check_mapping`; COLUMN_AMBIGUOUS when several sheets hold a ledger and none was named; TOO_MANY_ITEMS.
        """
        mappings = mappings or Mappings()
        grids = grids_of(content)
        grid = _chosen(grids, sheet)
        official = {row.code: row.zh for row in self.rules.table("fund_sources.source", rows.FundSource)}
        sources = fund_sources(
            official, ((fund.source, name) for fund in vocabulary().fund for name in fund.names)
        )
        if mappings.chosen is not None:
            types = [row.code for row in self.rules.table("asset_types.type", rows.AssetType)]
            check_mapping(mappings.chosen, list(official), types)
        fits = Resolution(self.rules, self.names, sources, UNMAPPED).fits()
        ledger = SpreadsheetLedger(grid.name, [header_of(grid, sources, mappings, fits)], list(grid.rows))
        ledger.other_sheets = tuple(one.name for one in grids if one is not grid)
        _RowReader(self, grid, ledger, sources).read()
        return ledger


def _chosen(grids: Sequence[Grid], sheet: str | None) -> Grid:
    if sheet is not None:
        found = [grid for grid in grids if grid.name == sheet]
        if not found:
            raise refuse("NOT_FOUND", what=sheet)
        return found[0]
    ledgers = [grid for grid in grids if not grid.hidden and looks_like_ledger(grid)]
    if len(ledgers) > 1:
        raise refuse(
            "COLUMN_AMBIGUOUS",
            columns=[grid.name for grid in ledgers],
            reason="须指定工作表 / name the sheet",
        )
    return ledgers[0] if ledgers else grids[0]


class _RowReader:
    """Reads the rows below the header, one after the other."""

    def __init__(
        self,
        reader: Reader,
        grid: Grid,
        ledger: SpreadsheetLedger,
        sources: dict[str, str],
    ) -> None:
        self._rules = reader.rules
        self._names = reader.names
        self._grid = grid
        self._ledger = ledger
        self._sources = sources
        self._typed = grid.name != "CSV"
        self._merged = self._merged_below()
        self._sums = Sums()
        self._reasons = 0
        self._places: dict[tuple[str, str | None], Place] = {}
        self._readers: dict[CellKind, Callable[[Cell, LedgerColumn, SpreadsheetLine], Any]] = {
            "text": lambda cell, _column, _line: text_of(cell),
            "code": lambda cell, _column, _line: text_of(cell),
            "items": lambda cell, _column, _line: _items(text_of(cell)),
            "money": lambda cell, column, line: money_of(
                cell, column.unit, grid.shown.get((line.row - 1, column.index))
            ),
            "quantity": self._quantity,
            "measure": lambda cell, _column, _line: self._measure(cell),
            "years": lambda cell, _column, _line: years_of(cell),
            "day": self._day,
            "yearOrDay": self._day,
            "type": self._type,
            "fundSource": self._fund_source,
            "unit": self._unit,
        }
        self._under(ledger.header)

    def read(self) -> None:
        """Put every row where it belongs."""
        ledger = self._ledger
        for index in range(ledger.header.top):
            self._skip(index, "NOTE")
        read_to = ledger.header.bottom
        for index in range(ledger.header.bottom + 1, len(self._grid.rows)):
            row = self._grid.rows[index]
            if index <= read_to:
                continue
            if is_header(row):
                read_to = self._another_table(index)
                continue
            without_content = self._without_content(row)
            if index in self._merged:
                row = ledger.rows[index] = self._filled(index, row)
            kind = self._kind_of(row) or without_content
            if kind is None:
                ledger.lines.append(self._line(index, row))
                self._between = index + 1
                if len(ledger.lines) > MAX_ROWS:
                    raise refuse("TOO_MANY_ITEMS", limit=MAX_ROWS)
                continue
            self._skip(index, kind)
            if kind in {"TOTAL", "SUBTOTAL"}:
                self._sums.state(ledger.skipped[-1], self._stated(row))
            elif kind == "SECTION":
                self._sums.divide()
            elif kind == "NOTE":
                self._hold_to_note(index, row)
        ledger.totals_differ = self._sums.differing()

    def _under(self, header: Header) -> None:
        """Read the rows that follow by this header."""
        self._header = header
        self._columns = {column.field: column for column in header.columns}
        self._funds = [column for column in header.columns if column.source is not None]
        self._others = [column for column in header.columns if column.source is None]
        self._between = header.bottom + 1
        self._resolution = Resolution(self._rules, self._names, self._sources, header.mapping)
        quantity = self._columns.get("quantity")
        self._measure_above = self._resolution.measure_in(quantity.label) if quantity is not None else None
        self._given = self._given_once(header.mapping)

    def _given_once(self, mapping: ColumnMapping) -> dict[str, Any]:
        """What the mapping gives for all rows. The refusals of cells."""
        found: dict[str, Any] = {}
        self._once: dict[str, LedgerColumn] = {}
        for given in mapping.given:
            words = columns_by_field()[given.field]
            column = self._once[given.field] = LedgerColumn(NO_COLUMN, given.field, words.kind, words.zh)
            reader = self._readers.get(column.kind, self._word)
            found[given.field] = reader(given.value, column, SpreadsheetLine(0, self._header))
        return found

    def _column(self, field: str) -> LedgerColumn:
        """The column of a field, or the one that stands for what was given once."""
        return self._columns.get(field) or self._once[field]

    def _another_table(self, top: int) -> int:
        """A header among the rows: the same again (a page's), or another table's, by which what follows is read.

        Gives its last row.
        """
        known = self._header
        height = known.bottom - known.top + 1
        if self._grid.rows[top : top + height] == self._grid.rows[known.top : known.bottom + 1] and not any(
            unit_noted(row) for row in self._grid.rows[self._between : top]
        ):
            header = replace(known, top=top, bottom=top + height - 1)
        else:
            header = header_below(self._grid, self._sources, top, known, self._between)
        for index in range(top, header.bottom + 1):
            self._skip(index, "HEADER")
        if not header.reads_like(self._header):
            self._ledger.tables.append(header)
            if len(self._ledger.tables) > MAX_TABLES:
                raise too_large("同一工作表中的表 / tables of a sheet", MAX_TABLES)
            self._sums.divide()
        self._under(header)
        return header.bottom

    def _skip(self, index: int, kind: RowKind) -> None:
        row = self._grid.rows[index]
        if kind != "EMPTY" and any(cell != "" for cell in row):
            self._ledger.skipped.append(Skipped(index + 1, kind, _shown(row)))

    def _hold_to_note(self, index: int, row: list[Cell]) -> None:
        """A note among the rows or below them that names another unit than the columns have. COLUMN_AMBIGUOUS.

        Between two tables it may be the next one's; that is judged with its header.
        """
        noted = unit_noted(row)
        others = [
            column for column in self._header.columns if column.kind == "money" and column.unit != noted
        ]
        if noted and others and not self._header_follows(index):
            raise contradiction([f"{column.letters} {column.label}" for column in others], noted)

    def _header_follows(self, index: int) -> bool:
        """Whether the next rows, without an asset between, are another header."""
        for row in self._grid.rows[index + 1 :]:
            if is_header(row):
                return True
            if self._kind_of(row) is None:
                return False
        return False

    # ---- rows ---------------------------------------------------------------------------------------------------

    def _kind_of(self, row: list[Cell]) -> RowKind | None:
        """What a row is that is no asset; None for one that is."""
        filled = [cell for cell in row if cell != "" and not (isinstance(cell, str) and not cell.strip())]
        if not filled:
            return "EMPTY"
        if len(filled) > 2 and all(isinstance(cell, int | float) for cell in filled):
            numbers = [float(cell) for cell in filled if isinstance(cell, int | float)]
            if numbers == [float(number) for number in range(1, len(numbers) + 1)]:
                return "HEADER"
        name = self._columns["assetName"]
        if plain(str(row[name.index])) == plain(name.label.rpartition("/")[2]):
            return "HEADER"
        texts = [plain(cell) for cell in filled if isinstance(cell, str)]
        first = texts[0] if texts else ""
        for kind, pattern in row_patterns():
            if kind in {"TOTAL", "SUBTOTAL"}:
                if self._lacks_asset(row) and any(pattern.fullmatch(text) for text in texts[:4]):
                    return kind
            elif len(filled) <= 4 and self._lacks_asset(row) and pattern.fullmatch(first):
                return kind
        if len(filled) == len(texts) <= 4 and self._lacks_asset(row) and unit_noted(row):
            return "NOTE"
        return None

    def _without_content(self, row: list[Cell]) -> RowKind | None:
        """What a row is that says nothing in any column that is read: a number typed ahead, or a note."""
        if any(row[column.index] != "" for column in self._header.columns):
            return None
        return "NOTE" if any(isinstance(cell, str) and cell.strip() for cell in row) else "EMPTY"

    def _lacks_asset(self, row: list[Cell]) -> bool:
        """Rows of assets say what type they are and who built them or when; totals and notes do not."""
        second = "implementer" if "implementer" in self._columns else "completionDate"
        return all(row[self._columns[one].index] == "" for one in ("assetType", second))

    def _stated(self, row: list[Cell]) -> dict[str, Fen]:
        """The amounts that a row of totals says; what cannot be read as one fits no sum."""
        found: dict[str, Fen] = {}
        for column in self._header.columns:
            if column.kind == "money":
                try:
                    stated = money_of(row[column.index], column.unit)
                except Refusal:
                    stated = Fen(-1)
                if stated is not None:
                    found[column.sum] = stated
        return found

    def _line(self, index: int, row: list[Cell]) -> SpreadsheetLine:
        line = SpreadsheetLine(index + 1, self._header)
        given: dict[str, Any] = dict(self._given)
        self._measured = self._measure_above
        for column in self._others:
            value = self._cell(index, row, column, line)
            if value is not None:
                given[column.field] = value
        self._settle_measure(row, line, given)
        funds = [(column, self._cell(index, row, column, line)) for column in self._funds]
        amounts = {column.sum: amount for column, amount in funds if amount is not None}
        self._sums.add(
            amounts | {name: given[name] for name in ("originalValue", "fundTotal") if name in given}
        )
        self._place(line, given)
        self._lines_of_money(line, given, funds)
        line.asset = given.pop("asset", None)
        line.confirmed = given.pop("confirmed", False)
        line.card = self._card(given)
        return line

    def _cell(self, index: int, row: list[Cell], column: LedgerColumn, line: SpreadsheetLine) -> Any:
        cell = row[column.index]
        if cell == "":
            if (index, column.index) in self._grid.hollow:
                self._fault(line, column, cell, refuse("FORMULA_WITHOUT_VALUE", field=column.label))
            return None
        try:
            if self._merged.get(index, {}).get(column.index, False) and column.kind in {"money", "quantity"}:
                # Or whoever corrects the rows would find the whole figure in each of them.
                row[column.index] = ""
                reason = "合并单元格中的数不能分到各行 / a merged figure cannot be split"
                raise refuse("CELL_AMBIGUOUS", reason=reason)
            reader = self._readers.get(column.kind)
            return reader(cell, column, line) if reader is not None else self._word(cell, column, line)
        except Refusal as refusal:
            self._fault(line, column, cell, refusal)
            return None

    def _fault(self, line: SpreadsheetLine, column: LedgerColumn, cell: Cell, refusal: Refusal) -> None:
        """Say it with the heading: the readers of cells do not know it."""
        if line.faults and self._reasons > MAX_REASONS:
            line.left_out += 1
            return
        if refusal.code in {"CODE_UNKNOWN", "FUND_SOURCE_UNKNOWN"}:
            key = (column.field, str(cell).strip()[:200])
            suggested = tuple(refusal.params.get("suggested", ()))
            self._ledger.unresolved.setdefault(key, CellsUnresolved(column, suggested)).rows += 1
        self._reasons += 1
        told = {"field": column.label, **refusal.params}
        if refusal.code in {"CELL_AMBIGUOUS", "FIELD_INVALID", "CODE_UNKNOWN"}:
            told.setdefault("value", str(cell)[:60])
        named = refuse(refusal.code, clause=refusal.clause, missing=refusal.missing, **told)
        line.faults.append(Fault(column.letters, column.label, str(cell)[:200], named))

    # ---- cells that need more than themselves -------------------------------------------------------------------

    def _day(self, cell: Cell, column: LedgerColumn, line: SpreadsheetLine) -> date | None:
        found = day_of(cell, typed=self._typed, since_1904=self._grid.since_1904)
        if found is None:
            return None
        day, precision = found
        if precision == "YEAR" and column.kind == "day":
            if self._header.mapping.year_alone is None:
                raise year_alone()
            month, number = YEAR_DAYS[self._header.mapping.year_alone]
            day = day.replace(month=month, day=number)
        if precision != "DAY":
            self._ledger.remarks.append(
                Remark(line.row, column.letters, column.label, str(cell), day.isoformat(), precision)
            )
        return day

    def _word(self, cell: Cell, column: LedgerColumn, _line: SpreadsheetLine) -> Any:
        """A word of one of the lists; a township is read with its village."""
        text = text_of(cell)
        if text is None or column.kind in {"township", "place"}:
            return text
        code = codes_by_word(column.kind).get(plain(text))
        if code is None:
            raise refuse("CODE_UNKNOWN", field=column.label, value=text)
        return code == "YES" if column.kind == "flag" else code

    def _type(self, cell: Cell, column: LedgerColumn, _line: SpreadsheetLine) -> str | None:
        text = text_of(cell)
        return self._resolution.type_of(text, column.label) if text is not None else None

    def _fund_source(self, cell: Cell, _column: LedgerColumn, _line: SpreadsheetLine) -> str | None:
        text = text_of(cell)
        return self._resolution.fund_source_of(text) if text is not None else None

    def _unit(self, cell: Cell, column: LedgerColumn, _line: SpreadsheetLine) -> tuple[str, str] | None:
        text = text_of(cell)
        return self._resolution.unit_of(text, column.label) if text is not None else None

    def _measure(self, cell: Cell) -> str | None:
        text = text_of(cell)
        return self._resolution.measure_of(text) if text is not None else None

    def _quantity(self, cell: Cell, _column: LedgerColumn, _line: SpreadsheetLine) -> Decimal | None:
        """How many; the unit of measure may stand in the same cell, or above in the heading."""
        found = quantity_of(cell)
        if found is None:
            return None
        number, unit = found
        if unit is not None:
            self._measured = self._resolution.measure_of(unit)
        return number

    def _settle_measure(self, row: list[Cell], line: SpreadsheetLine, given: dict[str, Any]) -> None:
        """The unit of measure from its own column or from beside the number; two different ones are refused."""
        if self._measured is None or "quantity" not in given:
            return
        if given.setdefault("unitOfMeasure", self._measured) != self._measured:
            column = self._columns["quantity"]
            reason = f"{self._measured}：与单位列不一致 / not the unit's own column"
            self._fault(line, column, row[column.index], refuse("CELL_AMBIGUOUS", reason=reason))

    def _place(self, line: SpreadsheetLine, given: dict[str, Any]) -> None:
        """The village, in its township where one is named."""
        where, township = given.pop("location", None), given.pop("township", None)
        if where is None:
            return
        known = self._places.get((where, township))
        if known is None:
            column, written = self._column("location"), where
            try:
                inside = None
                if township is not None:
                    column, written = self._column("township"), township
                    named = self._resolution.place_name("township", township)
                    inside = self._names.township(named, column.label)
                    column, written = self._column("location"), where
                named = self._resolution.place_name("location", where)
                known = self._names.place(named, inside, column.label)
            except Refusal as refusal:
                self._fault(line, column, written, refusal)
                return
            self._places[where, township] = known
        given["location"] = known.code

    def _lines_of_money(
        self, line: SpreadsheetLine, given: dict[str, Any], funds: list[tuple[LedgerColumn, Any]]
    ) -> None:
        """One funding line per source with money; a single named source has the whole value."""
        source, total = given.pop("fundSource", None), given.pop("fundTotal", None)
        common: dict[str, Any] = {"allocatedOn": given.pop("allocatedOn", None)}
        common["documentNo"] = given.pop("fundDocument", None)
        direct = given.pop("directToVillage", None)
        amounts = [(column.source, amount) for column, amount in funds if amount]
        if not amounts and source is not None and "originalValue" in given:
            amounts = [(source, given["originalValue"])]
        if total is not None and amounts and total != sum(amount for _, amount in amounts):
            column = self._columns["fundTotal"]
            reason = "与各项资金之和不符 / not the sum of the funds"
            line.faults.append(
                Fault(
                    column.letters,
                    column.label,
                    total.yuan(),
                    refuse("FIELD_INVALID", field=column.label, value=total.yuan(), reason=reason),
                )
            )
        given["fundingLines"] = [
            _without_none(
                {"source": code, "amount": amount, **common}
                | ({"directToVillage": direct} if code == "DONATION_VILLAGE" else {})
            )
            for code, amount in amounts
        ]

    def _card(self, given: dict[str, Any]) -> dict[str, Any]:
        """The row as the register card's fields. A type has one class and one subclass: they need no column."""
        kind = self._resolution.type_rows.get(given.get("assetType", ""))
        if kind is not None:
            given.setdefault("assetClass", kind.asset_class)
            if kind.subclass is not None:
                given.setdefault("subclass", kind.subclass)
        implementer = given.pop("implementer", None)
        if implementer is not None:
            given["implementer"], given["implementerKind"] = implementer
        acceptance = _without_none(
            {
                "result": given.pop("acceptanceResult", None),
                "acceptedOn": given.pop("acceptedOn", None),
                "documentNo": given.pop("acceptanceDocument", None),
                "reason": given.pop("acceptanceReason", None),
                "jointReview": given.pop("jointReview", None),
                "jointReviewDocument": given.pop("jointReviewDocument", None),
            }
        )
        if acceptance:
            given["acceptance"] = acceptance
        return given

    # ---- merged cells -------------------------------------------------------------------------------------------

    def _merged_below(self) -> dict[int, dict[int, bool]]:
        """Row → column → True, for merged areas over several rows below the header."""
        found: dict[int, dict[int, bool]] = {}
        for merge in self._grid.merges:
            if (
                merge.top > self._ledger.header.bottom
                and merge.bottom > merge.top
                and merge.left == merge.right
            ):
                for row in range(merge.top, merge.bottom + 1):
                    found.setdefault(row, {})[merge.left] = True
        self._origins = {
            (row, merge.left): merge.top
            for merge in self._grid.merges
            for row in range(merge.top, merge.bottom + 1)
            if row in found and merge.left in found[row]
        }
        return found

    def _filled(self, index: int, row: list[Cell]) -> list[Cell]:
        """A merged cell says the same in each of its rows."""
        filled = list(row)
        for column in self._merged[index]:
            filled[column] = self._grid.rows[self._origins[index, column]][column]
        return filled


def _items(text: str | None) -> list[str] | None:
    if text is None:
        return None
    for mark in _ITEM_MARKS[1:]:
        text = text.replace(mark, _ITEM_MARKS[0])
    return [part.strip() for part in text.split(_ITEM_MARKS[0]) if part.strip()]


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _shown(row: Sequence[Cell]) -> str:
    return " ".join(str(cell).strip() for cell in row if cell != "")[:200]
