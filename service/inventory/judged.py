"""A spreadsheet from bytes to a judgement: read, compared, judged row by row, what is rejected written down.

All of it is done in a process of its own (`service.inventory.beside`), which is given data and gives data: it has no
connection, and what it needs to know of the register it asks for once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from time import perf_counter
from typing import Any, Final

import orjson

from domain.occasion import Occasion
from domain.regulation import Regulation, Rules
from domain.regulation.wording import Wording
from service.commands.actor import Actor
from service.commands.commands import encoded
from service.inventory.row_check import LedgerCheck, LookAlike, RowCheck
from service.inventory.spreadsheet.headers import Header
from service.inventory.spreadsheet.ledger import Reader, SpreadsheetLedger
from service.inventory.spreadsheet.mapping import ColumnMapping, Mappings
from service.inventory.spreadsheet.names import Names
from service.inventory.spreadsheet.report import rejected_rows
from service.log.appending import StreamAppend
from service.log.codec import EventCodec

SLICE: Final = 500
"""Rows judged between two words about how far it is."""
TOLD: Final = 1_000
"""Most rejected rows, skipped rows and remarks in the result; the files have all of them."""


@dataclass(frozen=True, slots=True)
class SheetOrder:
    """A file, and everything it is read and judged by. `registers`: whether good rows are to be registered, although
    others are bad (PART), only if all are good (WHOLE), or not at all (None).
    """

    content: bytes
    sha256: str
    sheet: str | None
    actor: Actor
    regulation: Regulation
    wording: Wording
    names: Names
    mapping: ColumnMapping | None
    """Chosen for this file."""
    kept: dict[str, ColumnMapping]
    """Those that were kept, by layout."""
    on: date
    today: date
    provenance: str | None
    registers: str | None


@dataclass(frozen=True, slots=True)
class RegisterQuestion:
    """Question to the register before an import: assets that lie in these divisions, which of these codes are taken,
    and which of these reviews are signed.
    """

    places: list[str]
    codes: list[str]
    reviews: list[str]
    """Joint reviews that rows name."""
    types: list[str]
    """Types of assets whose usual values are asked for."""


@dataclass(frozen=True, slots=True)
class RegisterAnswer:
    """Answer of the register before an import: look-alikes → asset, codes that are taken, joint reviews that are signed
    by all → the day of the last signature.
    """

    registered: dict[LookAlike, str]
    codes: frozenset[str]
    reviews: dict[str, date]
    unit_values: dict[tuple[str, str], tuple[int, int]]
    """Type and unit → how many, and the median of their value per unit in fen."""


@dataclass(frozen=True, slots=True)
class JudgedSheet:
    """A file as it was judged. `streams`: the assets to be appended, in the file's order; `result`: what people are
    told.
    """

    rows: int
    ok: int
    rejected: int
    result: dict[str, Any]
    lines: bytes
    """The rejected rows as JSON lines."""
    report: bytes | None
    """The same as a workbook."""
    source: str
    """Digest of the file and of the sheet that was read: another sheet of a workbook is another ledger."""
    assets: tuple[str, ...]
    streams: tuple[StreamAppend, ...]


def judge_sheet(
    order: SheetOrder,
    ask: Callable[[RegisterQuestion], RegisterAnswer],
    tell: Callable[[int, int], None],
) -> JudgedSheet:
    """Read and judge one file. `ask` is called once, `tell` with rows done and rows in all. The refusals of reading."""
    started = perf_counter()
    rules = order.regulation.on(order.on)
    mappings = Mappings(order.mapping, order.kept)
    ledger = Reader(rules, order.names).read(order.content, order.sheet, mappings)
    read = perf_counter()
    lines = ledger.lines
    source = hashlib.sha256(f"{order.sha256}/{ledger.sheet}".encode()).hexdigest()
    known = ask(
        RegisterQuestion(
            sorted({line.card["location"] for line in lines if "location" in line.card}),
            [line.asset for line in lines if line.asset],
            sorted(
                {named for line in lines if (named := line.card.get("acceptance", {}).get("jointReview"))}
            ),
            sorted({line.card["assetType"] for line in lines if "assetType" in line.card}),
        )
    )
    check = RowCheck(
        order.actor,
        ledger,
        source,
        partial(_occasion, order, rules),
        order.wording.said,
        registered=known.registered,
        codes=known.codes,
        reviews=known.reviews,
        unit_values=known.unit_values,
    )
    tell(0, len(lines))
    for start in range(0, len(lines), SLICE):
        check.judge(lines[start : start + SLICE])
        tell(min(start + SLICE, len(lines)), len(lines))
    checked = check.checked
    checked.rejected.sort(key=lambda one: one.row)
    judged = perf_counter()
    faults = [(one.row, one.faults) for one in checked.rejected]
    wanted = order.registers == "PART" or (order.registers == "WHOLE" and not checked.rejected)
    codec = EventCodec()
    return JudgedSheet(
        len(lines),
        len(checked.assets),
        len(checked.rejected),
        _result_of(order, ledger, checked)
        | {"milliseconds": {"read": _ms(started, read), "judge": _ms(read, judged)}},
        b"".join(orjson.dumps(one.as_json()) + b"\n" for one in checked.rejected),
        rejected_rows(ledger, faults, rules) if faults else None,
        source,
        tuple(asset.id for asset in checked.assets),
        tuple(encoded(codec, asset) for asset in checked.assets) if wanted else (),
    )


def _occasion(order: SheetOrder, rules: Rules) -> Occasion:
    """The circumstances of one row. Imported history was let in when the file was taken (`through_door`)."""
    at = Occasion(on=order.on, today=order.today, rules=rules)
    if order.provenance is not None:
        at.take_as_history(order.provenance)
    return at


def _ms(start: float, end: float) -> int:
    return round((end - start) * 1000)


def _result_of(order: SheetOrder, ledger: SpreadsheetLedger, checked: LedgerCheck) -> dict[str, Any]:
    """What people are told, so that nothing of the file is dropped in silence: rows that are no assets, columns and
    sheets that were not read, days read with less than a day, totals that do not add up.
    """
    return {
        "sha256": order.sha256,
        "sheet": ledger.sheet,
        "rows": len(ledger.lines),
        "ok": len(checked.assets),
        "rejected": len(checked.rejected),
        "findings": checked.findings,
        "columns": _columns_of(ledger.header),
        "layout": ledger.header.layout,
        "mapping": _mapping_used(order, ledger.header),
        "unreadColumns": _unread_of(ledger.header),
        "unresolvedWords": [
            {
                "column": one.column.letters,
                "heading": one.column.label,
                "field": field,
                "word": word,
                "rows": one.rows,
                "suggested": list(one.suggested),
            }
            for (field, word), one in sorted(ledger.unresolved.items(), key=lambda each: -each[1].rows)[:TOLD]
        ],
        "furtherTables": [_table_of(one) for one in ledger.tables[1:]],
        "otherSheets": list(ledger.other_sheets),
        "skipped": [{"row": one.row, "kind": one.kind, "text": one.text} for one in ledger.skipped[:TOLD]],
        "totalsThatDiffer": [{"row": one.row, "text": one.text} for one in ledger.totals_differ[:TOLD]],
        "remarks": [
            {
                "row": one.row,
                "column": one.column,
                "heading": one.heading,
                "value": one.value,
                "readAs": one.read_as,
                "kind": one.kind,
            }
            for one in ledger.remarks[:TOLD]
        ],
        "remarkCount": len(ledger.remarks),
        "possibleDuplicates": [{"row": row, "of": other} for row, other in checked.duplicates[:TOLD]],
        "refused": [one.as_json() for one in checked.rejected[:TOLD]],
    }


def _columns_of(header: Header) -> list[dict[str, str]]:
    return [{"column": one.letters, "heading": one.label, "field": one.field} for one in header.columns]


def _table_of(header: Header) -> dict[str, Any]:
    return {
        "row": header.top + 1,
        "columns": _columns_of(header),
        "unreadColumns": _unread_of(header),
    }


def _mapping_used(order: SheetOrder, header: Header) -> str | None:
    """Origin of the mapping that the sheet was read by."""
    if order.mapping is not None:
        return "CHOSEN"
    return "KEPT" if header.layout in order.kept else None


def _unread_of(header: Header) -> list[dict[str, Any]]:
    """Columns that were not read: what they may be meant for, or the act that their content belongs to."""
    return [
        {
            "column": one.letters,
            "heading": one.label,
            "suggested": one.suggestion,
            "belongsTo": one.act,
        }
        for one in header.unread
    ]
