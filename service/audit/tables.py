"""The tables of a pack, from the trail: what the spreadsheet, the page and `tables.json` all show.

The shape of every table and the Chinese for codes stand in `verify.py`, which makes the same rows from the events in
its own way and compares. A cell is text, a whole number, or money in fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from domain.values import Fen
from projections.departure.cases import DEPARTURE_CASE, HANDLERS as CASE_HANDLERS, PROJECTION as DEPARTURES
from projections.engine.events import LedgerEvent
from projections.engine.rows import Row
from service.audit.care import END_OF_TIME, Stretch
from service.audit.trail import FIGURES, AssetTrail, TrailEntry, TrailEvent, income_of
from service.audit.verify import LABELS, TABLES

Cells = list[Any]


class Tables:
    """Rows of all tables; assets are added in order of their codes."""

    def __init__(self, names: Mapping[str, str], words: Mapping[str, str]) -> None:
        self._names = names
        self._words = words
        self.rows: dict[str, list[Cells]] = {name: [] for name in TABLES}
        self._totals = [0] * (3 * FIGURES)
        self._holders: dict[str, list[int]] = {}

    def add(self, trail: AssetTrail, care: Sequence[Stretch]) -> None:
        """An asset that was in care."""
        if trail.closing is None:
            return
        for step in trail.steps:
            self._event(trail.asset, step)
        self._inventory(trail, trail.closing, care)
        self._balance(trail, trail.closing)
        self._contracts(trail, trail.closing)
        for holder, amount in trail.income_before.items():
            self._holder(holder)[0] += amount

    def add_case(self, case: str, events: Sequence[TrailEvent]) -> None:
        """A departure case, in order of case."""
        row, opinion = _case_row(events)
        signatures = {
            place: f"{self._named(one['person'])} {one['signedOn']}"
            for place, one in sorted(row["signatures"].items())
        }
        incoming = "；".join(text for place, text in signatures.items() if place.startswith("INCOMING"))
        self.rows["cases"].append(
            [
                case,
                _label(row["kind"]),
                self._named(row["organization"]),
                _label(row["reason"]),
                _day(row["departs_on"]),
                "；".join(self._named(one) for one in row["incoming"]),
                _label(row["state"]),
                row["lines"],
                _label("RECONCILED" if row["reconciled"] else ""),
                row["audit_report"] or "",
                _day(row["audit_cut_off"]),
                opinion,
                row["sealed"] or "",
                len(row["findings"]),
                row["open_findings"],
                signatures.get("OUTGOING", ""),
                incoming,
                signatures.get("SUPERVISOR", ""),
                _day(row["completed_on"]),
            ]
        )
        for event in events:
            if event.type == "departure_case.finding_raised":
                found = event.data["finding"]
                place = [event.position, found.get("asset") or "", event.occurred_on, _label("AUDIT_FINDING")]
                self.rows["findings"].append(
                    [*place, found["finding"], found.get("clause") or "", found["text"]]
                )

    def add_procedure(self, asset: str, events: Sequence[TrailEvent]) -> None:
        """What a procedure about an asset did during the tenure; it changes no figure."""
        for event in events:
            self._event(asset, TrailEntry(event, (0,) * FIGURES))

    def close(self) -> dict[str, list[Cells]]:
        """Totals, and everything in its order."""
        balances = self.rows["balances"]
        if balances:
            balances.append(["合计", "", *self._totals, "", "", sum(row[-1] for row in balances)])
        for holder in sorted(self._holders):
            opening, received, paid = self._holders[holder]
            self.rows["holders"].append(
                [self._named(holder), opening, received, paid, opening + received - paid]
            )
        for name in ("income", "events", "findings"):
            self.rows[name].sort(key=lambda row: row[0])
        return self.rows

    # ---- parts -------------------------------------------------------------------------------------------------

    def _inventory(self, trail: AssetTrail, row: Row, care: Sequence[Stretch]) -> None:
        several = len(row["owners"]) > 1
        owners = "；".join(
            self._named(one["party"]) + (f" {Fen(one['amount']).yuan()}元" if several else "")
            for one in row["owners"]
        )
        spans = "；".join(
            f"{_label(one.duty)} {_day(one.since)} 至 {_day(one.until)}"
            for one in sorted(care, key=lambda one: (one.since, one.until, one.duty))
        )
        self.rows["inventory"].append(
            [
                len(self.rows["inventory"]) + 1,
                trail.asset,
                row["asset_name"],
                _label(row["asset_class"]),
                self._term("type", row["asset_type"]),
                self._named(row["location"]),
                format(row["quantity"], "f"),
                row["unit_of_measure"],
                *trail.end[:3],
                _label(row["title"]),
                owners,
                _label(row["operation"]),
                row["operator_name"] or "",
                self._named(row["custodian"]),
                self._named(row["responsible_unit"]),
                spans,
                _day(row["disposed_on"]),
            ]
        )

    def _balance(self, trail: AssetTrail, row: Row) -> None:
        figures = [*trail.start, *trail.change, *trail.end]
        self._totals = [a + b for a, b in zip(self._totals, figures, strict=True)]
        was = "" if trail.opening is None else _label(trail.opening["operation"])
        now = _label(row["operation"])
        self.rows["balances"].append([trail.asset, row["asset_name"], *figures, was, now, len(trail.steps)])

    def _event(self, asset: str, step: TrailEntry) -> None:
        event, change = step.event, step.change
        self.rows["events"].append(
            [
                event.position,
                asset,
                event.occurred_on,
                event.recorded_at,
                self._term("event", event.type),
                event.type,
                event.actor.id,
                " ".join(event.basis.clauses),
                change[0],
                change[1],
                change[3],
                change[4],
            ]
        )
        notes = [("FINDING", one) for one in event.basis.findings]
        notes += [("WARNING", one) for one in event.basis.warnings]
        for kind, one in notes:
            clause = one.get("clause") or ""
            self.rows["findings"].append(
                [event.position, asset, event.occurred_on, _label(kind), one["code"], clause, one["detailZh"]]
            )
        if event.type in {"asset.income_received", "asset.income_distributed", "asset.ownership_confirmed"}:
            self._income(asset, event)

    def _income(self, asset: str, event: LedgerEvent) -> None:
        data, lines = event.data, income_of(event)
        if event.type == "asset.income_distributed":
            paid = data["distribution"]
            papers = [
                [paid["paidOn"], paid["voucherNo"], paid["plan"], "", self._term("use", use["use"])]
                for use in paid["lines"]
            ]
            entry, column = "DISTRIBUTION", 2
        elif event.type == "asset.income_received":
            receipt = data["receipt"]
            paper = [receipt["receivedOn"], receipt["voucherNo"], receipt["receipt"]]
            papers = [[*paper, receipt.get("contract", ""), ""]] * len(lines)
            entry, column = "RECEIPT", 1
        else:
            papers = [[event.occurred_on, "", "", "", ""]] * len(lines)
            entry, column = "ATTRIBUTION", 1
        for (holder, amount), paper in zip(lines, papers, strict=True):
            self._holder(holder)[column] += abs(amount) if column == 2 else amount
            self.rows["income"].append(
                [event.position, asset, _label(entry), self._named(holder), amount, *paper]
            )

    def _contracts(self, trail: AssetTrail, row: Row) -> None:
        received: dict[str, int] = {}
        for step in trail.steps:
            if step.event.type == "asset.income_received":
                receipt = step.event.data["receipt"]
                code = receipt.get("contract", "")
                received[code] = received.get(code, 0) + receipt["amount"]
        before = {} if trail.opening is None else trail.opening["contracts"]
        for code, known in sorted(row["contracts"].items()):
            self.rows["contracts"].append(
                [
                    trail.asset,
                    code,
                    self._term("mode", known["mode"]),
                    known["operatorName"],
                    known["startsOn"],
                    known["endsOn"],
                    known["annualIncome"],
                    _label(before[code]["state"]) if code in before else "",
                    _label(known["state"]),
                    known["endedOn"] or "",
                    received.get(code, 0),
                ]
            )

    def _holder(self, holder: str) -> list[int]:
        return self._holders.setdefault(holder, [0, 0, 0])

    def _named(self, code: str | None) -> str:
        if not code:
            return ""
        return f"{self._names[code]}（{code}）" if code in self._names else code

    def _term(self, kind: str, code: str) -> str:
        return self._words.get(f"{kind}/{code}", code)


def _label(code: str | None) -> str:
    return LABELS.get(code, code) if code else ""


def _day(day: date | None) -> str:
    if day is None:
        return ""
    return "9999-12-31" if day == END_OF_TIME else day.isoformat()


def _case_row(events: Sequence[TrailEvent]) -> tuple[Row, str]:
    """The case's row of the departures ledger, and the opinion of its audit."""
    rows, opinion = DEPARTURES.rows(""), ""
    for event in events:
        CASE_HANDLERS[event.type](event, rows)
        if event.type == "departure_case.audit_completed":
            opinion = event.data["audit"]["opinion"]
    found = rows.find(DEPARTURE_CASE, events[0].id)
    if found is None:
        raise LookupError(events[0].id)
    return dict(found), opinion
