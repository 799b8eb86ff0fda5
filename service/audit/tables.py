"""The tables of a pack, from the trail: what the spreadsheet, the page and `tables.json` all show.

The shape of every table and the Chinese for codes stand in `verify.py`, which makes the same rows from the events in
its own way and compares. A cell is text, a whole number, or money in fen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from domain.values import Fen
from projections.departure.cases import (
    DEPARTURE_CASE,
    DEPARTURE_LINE,
    HANDLERS as CASE_HANDLERS,
    LINE_COMPARED,
    LINE_STATE,
    PROJECTION as DEPARTURES,
)
from projections.engine.events import LedgerEvent
from projections.engine.rows import Row
from service.audit.care import END_OF_TIME, Stretch
from service.audit.trail import FIGURES, AssetTrail, TrailEntry, TrailEvent, income_of
from service.audit.verify import LABELS, TABLES, takers, tally_of, weight_of

Cells = list[Any]
_OPEN: Final = "未处理"


class Tables:
    """Rows of all tables; assets are added in order of their codes."""

    def __init__(self, names: Mapping[str, str], words: Mapping[str, str]) -> None:
        self._names = names
        self._words = words
        self.rows: dict[str, list[Cells]] = {name: [] for name in TABLES}
        self._totals = [0] * (3 * FIGURES)
        self._holders: dict[str, list[int]] = {}
        self._taken: dict[str, list[tuple[str, str]]] = {}

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
        row, lines, opinion = _case_rows(events)
        differences = self._differences(case, events)
        self.rows["differences"] += differences
        self._lines(case, row, lines)
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
                row["document_no"] or "",
                _sealed_on(events) if row["sealed"] else "",
                _agrees(row, lines),
                self._interim(events),
                len(differences),
                sum(one[-1] == _OPEN for one in differences),
            ]
        )
        for event in events:
            if event.type == "departure_case.finding_raised":
                found = row["findings"][event.data["finding"]["finding"]]
                place = [event.position, found.get("asset") or "", event.occurred_on, _label("AUDIT_FINDING")]
                settled = found.get("settled")
                done = f"已处理：{settled['resolution']}（{settled['documentNo']}）" if settled else _OPEN
                self.rows["findings"].append(
                    [*place, found["finding"], found.get("clause") or "", found["text"], done]
                )

    def add_interims(self, case: str, events: Sequence[TrailEvent], person: str) -> None:
        """Interim custodians of a case, in order of case: all of the person's own, of another's the days of this person."""
        notice = events[0].data["notice"]
        for event in events:
            if event.type != "departure_case.interim_custodian_appointed":
                continue
            interim = event.data["interim"]
            if person not in {notice["person"], interim["person"]}:
                continue
            names = (notice["person"], notice["organization"], interim["person"], interim["appointedBy"])
            days = (interim["since"], interim["until"], interim["inventoryNo"])
            self.rows["interims"].append([case, *map(self._named, names), *days])

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
        for row in self.rows["inventory"]:
            row[-2:] = takers(self._taken.get(row[1], ()))
        for name in ("income", "events", "warnings"):
            self.rows[name].sort(key=lambda row: row[0])
        self.rows["findings"].sort(key=lambda row: (weight_of(row), row[0]))
        self.rows["tally"] = tally_of(self.rows["findings"], self.rows["warnings"])
        return self.rows

    # ---- parts -------------------------------------------------------------------------------------------------

    def _inventory(self, trail: AssetTrail, row: Row, care: Sequence[Stretch]) -> None:
        papers = self._papers(trail)
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
                self._shares(row["owners"]),
                _label(row["operation"]),
                row["operator_name"] or "",
                self._named(row["custodian"]),
                self._named(row["responsible_unit"]),
                spans,
                _day(row["disposed_on"]),
                row["asset_content"],
                (f"{_day(row['construction_start'])} 至 " if row["construction_start"] else "")
                + _day(row["completion_date"]),
                "" if row["useful_life_years"] is None else f"{row['useful_life_years']} 年",
                self._funding(row["funding_lines"]),
                self._user(row),
                self._shares(row["income_right_holders"]),
                "；".join(paper[2] for paper in papers if not paper[5]),
                len(papers),
                *trail.end[3:],
                self._disposal(row),
                row["remarks"] or "",
                "",
                "",
            ]
        )
        self.rows["papers"] += papers

    def _shares(self, shares: Sequence[Mapping[str, Any]]) -> str:
        several = len(shares) > 1
        return "；".join(
            self._named(one["party"]) + (f" {Fen(one['amount']).yuan()}元" if several else "")
            for one in shares
        )

    def _funding(self, lines: Iterable[Mapping[str, Any]]) -> str:
        """Where the money came from, one sum per source."""
        sums: dict[str, int] = {}
        for line in lines:
            sums[line["source"]] = sums.get(line["source"], 0) + line["amount"]
        return "；".join(
            f"{self._term('source', source)} {Fen(amount).yuan()}元" for source, amount in sums.items()
        )

    def _user(self, row: Row) -> str:
        """Who may use it: all owners where nobody is named; an operator that is no unit of the county has its name from the contract."""
        holder = row["user_right_holder"] or ""
        if not holder:
            return self._shares(row["owners"])
        called = {one["operator"]: one["operatorName"] for one in row["contracts"].values()}
        if holder in self._names or holder not in called:
            return self._named(holder)
        return f"{called[holder]}（{holder}）"

    def _disposal(self, row: Row) -> str:
        if row["disposed_on"] is None:
            return ""
        kind = self._term("disposal", row["disposal_kind"])
        return f"{kind} {_day(row['disposed_on'])} 价款 {Fen(row['disposal_price']).yuan()}元"

    def _papers(self, trail: AssetTrail) -> list[Cells]:
        """Archived documents with their digest, certificates with their number."""
        found: list[Cells] = []
        for event_type, day, data in trail.papers:
            if event_type == "asset.document_archived":
                paper = data["document"]
                kind = self._term("paper", paper["kind"])
                cells = [kind, paper["document"], paper.get("title") or "", _day(day), paper["sha256"]]
            elif event_type == "asset.title_certificate_issued":
                cells = ["产权证", data["number"], "", data["issuedOn"], ""]
            elif event_type == "asset.ownership_certificate_issued":
                paper = data["certificate"]
                cells = ["确权书", paper["number"], self._named(paper["village"]), paper["issuedOn"], ""]
            else:
                paper = data["registration"]
                cells = [
                    "产权登记",
                    paper["registrationNo"],
                    self._named(paper["party"]),
                    paper["registeredOn"],
                    "",
                ]
            found.append([trail.asset, *cells])
        return found

    def _lines(self, case: str, row: Row, lines: Sequence[Row]) -> None:
        """The list of a case as it stands: what its digest is made of."""
        for number, line in enumerate(lines, 1):
            who = self._named(line["incoming"] or row["successor"])
            self._taken.setdefault(line["asset"], []).append((case, who))
            version = line["asset_version"]
            self.rows["lines"].append(
                [
                    number,
                    case,
                    line["asset"],
                    "" if version is None else str(version),
                    who,
                    LINE_STATE.own[line["state"]],
                    LINE_COMPARED.own.get(line["reconciliation"], ""),
                    "补充" if line["addendum"] else "",
                ]
            )

    def _differences(self, case: str, events: Sequence[TrailEvent]) -> list[Cells]:
        """What was found wrong when things were compared or taken over, and how it was settled."""
        rows: list[Cells] = []
        waiting: dict[tuple[str, str], list[Cells]] = {}

        def note(asset: str, kind: str, day: str, content: str, who: str) -> None:
            row = [case, asset, kind, day, content, who, "", "", _OPEN]
            rows.append(row)
            waiting.setdefault((asset, kind), []).append(row)

        def settle(asset: str, kind: str, state: str, *how: str) -> None:
            for row in waiting.pop((asset, kind), []):
                row[6:] = [*(how or ("", "")), state]

        for event in events:
            data = event.data
            if event.type == "departure_case.reconciliation_recorded":
                for line in data["lines"]:
                    settle(line["asset"], "核账差异", "已重新核账")
                    if content := _difference(line):
                        note(line["asset"], "核账差异", event.occurred_on, content, "")
            elif event.type == "departure_case.line_disputed":
                who = self._named(data["disputedBy"])
                note(data["asset"], "清单异议", event.occurred_on, data["reason"], who)
            elif event.type == "departure_case.difference_resolved":
                settle(data["asset"], "核账差异", "已处理", data["resolution"], data["documentNo"])
            elif event.type == "departure_case.dispute_resolved":
                settle(data["asset"], "清单异议", "已处理", data["resolution"], data["documentNo"])
        return rows

    def _interim(self, events: Sequence[TrailEvent]) -> str:
        """Who looks after things meanwhile, as it was settled last."""
        for event in reversed(events):
            if event.type == "departure_case.interim_custodian_appointed":
                told = event.data["interim"]
                days = f"{told['since']} 至 {told['until']}"
                by = f"{self._named(told['appointedBy'])}指定，盘点表 {told['inventoryNo']}"
                return f"{self._named(told['person'])} {days}，{by}"
        return ""

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
                self._named(event.actor.organization) or event.actor.id,
                " ".join(event.basis.clauses),
                change[0],
                change[1],
                change[3],
                change[4],
            ]
        )
        place = [event.position, asset, event.occurred_on]
        for one in event.basis.findings:
            told = [one["code"], one.get("clause") or "", one["detailZh"]]
            self.rows["findings"].append([*place, _label("FINDING"), *told, ""])
        for one in event.basis.warnings:
            self.rows["warnings"].append([*place, one["code"], one.get("clause") or "", one["detailZh"]])
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


def _difference(line: Mapping[str, str]) -> str:
    """What does not agree, in words; "" where all agrees."""
    parts = []
    if line["book"] == "DIFFERS":
        parts.append("账面不符")
    if line["physical"] != "FOUND":
        parts.append("实物缺失" if line["physical"] == "MISSING" else "实物损坏")
    if line["documents"] == "INCOMPLETE":
        parts.append("资料不全")
    told = line.get("note")
    return "、".join(parts) + (f"：{told}" if parts and told else "")


def _case_rows(events: Sequence[TrailEvent]) -> tuple[Row, list[Row], str]:
    """The case's row of the departures ledger, those of its list, and the opinion of its audit."""
    rows, opinion = DEPARTURES.rows(""), ""
    for event in events:
        CASE_HANDLERS[event.type](event, rows)
        if event.type == "departure_case.audit_completed":
            opinion = event.data["audit"]["opinion"]
    case = events[0].id
    found = rows.find(DEPARTURE_CASE, case)
    if found is None:
        raise LookupError(case)
    lines = sorted(rows.group(DEPARTURE_LINE, case), key=lambda line: line["asset"])
    return dict(found), [dict(line) for line in lines], opinion


def _sealed_on(events: Sequence[TrailEvent]) -> str:
    sealed = [event for event in events if event.type == "departure_case.list_sealed"]
    return sealed[-1].occurred_on


def _agrees(row: Row, lines: Sequence[Row]) -> str:
    """Whether the sealed digest is that of the list (`DepartureCase.list_digest`)."""
    if not row["sealed"]:
        return ""
    listed = [[line["asset"], line["asset_version"], line["incoming"] or row["successor"]] for line in lines]
    content = json.dumps(
        [row["case_id"], row["person"], row["kind"], row["organization"], listed],
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return "相符" if hashlib.sha256(content.encode()).hexdigest() == row["sealed"] else "与清单内容不符"
