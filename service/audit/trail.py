"""The trail of one person's tenure: opening ledger, every event, what each changed, closing ledger (C4.10-09).

A ledger as of a day is the replay, in business time (`domain.order`), of the events that had happened by then (D7). The
opening ledger takes the events before the first day, the closing ledger those up to the last day. What an event of the tenure
changed is measured on top of everything that lies before the tenure, also what was recorded late: so for every figure,
opening + changes = closing, to the fen, whatever order things were recorded in.

States come from the handlers of the asset register, the ledger everybody reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import msgspec

from domain.order import UNPLACED, Place, place_of, placed
from projections.asset.register import HANDLERS, PROJECTION, REGISTER, SHARE
from projections.engine.events import LedgerEvent
from projections.engine.refold import Before
from projections.engine.rows import Row, Rows

FIGURES: Final = 5
"""Original value, accumulated depreciation, net value, income received, income distributed."""
Figures = tuple[int, ...]
KEPT: Final = (
    "asset_name", "asset_class", "asset_type", "location", "quantity", "unit_of_measure", "title", "owners", "operation",
    "operator_name", "custodian", "responsible_unit", "contracts", "disposed_on", "asset_content", "construction_start",
    "completion_date", "useful_life_years", "funding_lines", "user_right_holder", "income_right_holders", "remarks",
    "disposal_kind", "disposal_price",
)  # fmt: skip
"""Columns of the register that the tables show: of thousands of assets nothing else is kept."""
_WITH_INCOME: Final = frozenset(
    {"asset.income_received", "asset.income_distributed", "asset.ownership_confirmed"}
)
"""Events whose own fields the tables show; of all others only what the envelope says is kept."""
WITH_PAPERS: Final = frozenset(
    {
        "asset.document_archived",
        "asset.ownership_certificate_issued",
        "asset.property_registered",
        "asset.title_certificate_issued",
    }
)
"""Events that say which papers go with an asset."""
_NOTHING: Final = msgspec.Raw(b"{}")


class Judged(msgspec.Struct, gc=False):
    """Why an event was allowed: clauses, and what was found on the way."""

    clauses: list[str] = []
    warnings: list[dict[str, Any]] = []
    findings: list[dict[str, Any]] = []
    provenance: str | None = None


class TrailEvent(LedgerEvent, rename="camel", gc=False):
    """An event with the whole basis of its decision."""

    basis: Judged  # type: ignore[assignment]  # more of the same object


class Register:
    """One asset's row of the register, from some of its events."""

    __slots__ = ("_rows", "asset")

    def __init__(self, county: str, asset: str) -> None:
        self.asset = asset
        self._rows = Rows(county, (REGISTER, SHARE))

    def take(self, event: LedgerEvent) -> bool:
        """Apply one event; False for one that rests on a fact which is not here (dated before it)."""
        handler = HANDLERS.get(event.type)
        if handler is None:
            return True
        try:
            handler(event, self._rows)
        except UNPLACED:
            return False
        return True

    def take_whole(self, event: LedgerEvent) -> bool:
        """`take`, that leaves nothing behind of an event that has no place."""
        before = Before(self._rows, PROJECTION.keys(event))
        taken = self.take(event)
        if not taken:
            before.restore()
        return taken

    @property
    def row(self) -> Row | None:
        """The columns that are kept, as they are now; None before the registration."""
        found = self._rows.find(REGISTER, self.asset)
        return None if found is None else {name: found[name] for name in KEPT}

    def figures(self) -> Figures:
        """The row's figures."""
        return figures_of(self._rows.find(REGISTER, self.asset))


def figures_of(row: Mapping[str, Any] | None) -> Figures:
    """Figures of a row, in fen. An asset that was disposed of has no value any more; its income was had all the same."""
    if row is None:
        return (0,) * FIGURES
    income = (row["income_received"], row["income_distributed"])
    if row["disposed_on"] is not None:
        return (0, 0, 0, *income)
    return (row["original_value"], row["accumulated_depreciation"], row["net_book_value"], *income)


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One event of the tenure and what it changed."""

    event: TrailEvent
    change: Figures


@dataclass(slots=True)
class AssetTrail:
    """One asset through a tenure. Feed its events in order of position, then `finish`."""

    county: str
    asset: str
    first: date
    last: date
    opening: Row | None = None
    closing: Row | None = None
    start: Figures = (0,) * FIGURES
    end: Figures = (0,) * FIGURES
    steps: list[TrailEntry] = field(default_factory=list)
    income_before: dict[str, int] = field(default_factory=dict)
    """Income by holder before the tenure; "" while it has no holder."""
    papers: list[tuple[str, date, dict[str, Any]]] = field(default_factory=list)
    """(event, day, its data) of papers up to the last day, in the order in which they were recorded."""
    late: bool = False
    """Whether events came in another order than they happened in: then `fold_again` has to be asked."""
    _register: Register | None = None
    _newest: date = date.min

    def feed(self, event: TrailEvent) -> None:
        """Take one event of the asset; those after the tenure change nothing in it."""
        if event.day > self.last:
            return
        if event.type in WITH_PAPERS:
            self.papers.append((event.type, event.day, event.data))
        if self._register is None:
            self._register = Register(self.county, self.asset)
        register = self._register
        if event.version > 1:
            self.late = self.late or event.day < self._newest
            self._newest = max(self._newest, event.day)
        if event.day < self.first:
            for holder, amount in income_of(event):
                self.income_before[holder] = self.income_before.get(holder, 0) + amount
            if self.steps:
                self.late = True  # belongs in front of what was folded already
            else:
                register.take(event)
            return
        if not self.steps:
            self.opening, self.start = register.row, register.figures()
            self.end = self.start
        register.take(event)
        self._step(event, register.figures())

    def _step(self, event: TrailEvent, now: Figures) -> None:
        self.steps.append(TrailEntry(_lightened(event), _difference(self.end, now)))
        self.end = now

    def finish(self) -> None:
        """Close the ledger."""
        register, self._register = self._register, None
        if register is None:
            return
        self.closing = register.row
        if not self.steps:
            self.opening = self.closing
            self.start = self.end = register.figures()

    def fold_again(self, events: Sequence[TrailEvent]) -> None:
        """All events of a late one once more, as they happened: every step rests on everything from before the tenure."""
        in_order = sorted(events, key=place)
        before = [one for one in in_order if one.day < self.first]
        during = [one for one in in_order if self.first <= one.day <= self.last]
        opening = self._folded(before)
        self.opening, self.start, self.steps = opening.row, opening.figures(), []
        self.closing, self.end = self.opening, self.start
        for count, event in enumerate(during, 1):
            register = self._folded([*before, *during[:count]])
            self._step(_copy(event), register.figures())
            self.closing = register.row

    def _folded(self, events: Iterable[TrailEvent]) -> Register:
        register = Register(self.county, self.asset)
        placed(events, place, register.take_whole)
        return register

    @property
    def change(self) -> Figures:
        """Closing less opening."""
        return _difference(self.start, self.end)


def place(event: LedgerEvent) -> Place:
    """Where an event stands among those of its stream (`domain.order`)."""
    return place_of(event.version, event.day, event.position)


def _lightened(event: TrailEvent) -> TrailEvent:
    """The event without the bytes it was read from, and without fields nobody asks for."""
    if event.type in _WITH_INCOME:
        event.decoded = event.data
    else:
        event.decoded = None
    event.raw = _NOTHING
    return event


def _copy(event: TrailEvent) -> TrailEvent:
    return msgspec.structs.replace(event)


def _difference(before: Sequence[int], after: Sequence[int]) -> Figures:
    return tuple(b - a for a, b in zip(before, after, strict=True))


def income_of(event: LedgerEvent) -> list[tuple[str, int]]:
    """(holder, fen) of the income an event brings, moves or pays out; holder "" before the confirmation."""
    if event.type == "asset.income_received":
        parts = [(one["party"], one["amount"]) for one in event.data.get("attributions", ())]
        return parts or [("", event.data["receipt"]["amount"])]
    if event.type == "asset.ownership_confirmed":
        shares = [(one["party"], one["amount"]) for one in event.data.get("attributions", ())]
        return [("", -sum(amount for _, amount in shares)), *shares] if shares else []
    if event.type == "asset.income_distributed":
        paid = event.data["distribution"]
        return [(paid["holder"], -use["amount"]) for use in paid["lines"]]
    return []
