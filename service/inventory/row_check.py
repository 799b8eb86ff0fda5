"""Check of a ledger's rows: register cards judged as the API judges them, each with the asset it would register.

Nothing is stored here. A row with a problem has every problem that its own content shows, by column; rules of the
regulation are asked only of rows that could be read whole, and then all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from pydantic import ValidationError

from domain.asset.asset import Asset
from domain.asset.facts.card import RegisterCard
from domain.occasion import Occasion
from domain.refusals import Refusal, refuse
from domain.regulation.telling import Tell
from service.commands.actor import Actor
from service.commands.authorization import Resource, authorize
from service.commands.joint_reviews import hold_to_review
from service.commands.problems import from_validation
from service.inventory.plausibility import UnitValues, unlikely, values_per_unit
from service.inventory.spreadsheet.ledger import MAX_REASONS, Fault, SpreadsheetLedger, SpreadsheetLine
from service.inventory.spreadsheet.words import plain, vocabulary

LookAlike = tuple[str, str, str, int, int]
"""Project, name, location, value in fen, year: what makes two rows the same asset (C4.4-00)."""

_PARTS: Final = re.compile(r"[.\[\]]+")
_COLUMN_OF_CODE: Final = {
    "FUNDING_SUM_MISMATCH": "originalValue",
    "AMOUNT_NOT_POSITIVE": "originalValue",
    "ACCEPTANCE_REQUIRED": "acceptanceResult",
    "TYPE_CLASS_MISMATCH": "assetType",
    "SUBCLASS_REQUIRED": "subclass",
    "HOUSEHOLD_REGISTER_ONLY": "assetClass",
    "QUANTITY_NOT_POSITIVE": "quantity",
    "USEFUL_LIFE_INVALID": "usefulLifeYears",
    "ITEM_LIST_REQUIRED": "items",
    "DATE_ORDER": "constructionStart",
    "DONATION_PATH_REQUIRED": "directToVillage",
    "FORBIDDEN_JURISDICTION": "location",
}
"""The column a refusal without a field is about."""
_COLUMN_OF_FIELD: Final = {
    "acceptance.result": "acceptanceResult",
    "acceptance.acceptedOn": "acceptedOn",
    "acceptance.documentNo": "acceptanceDocument",
    "acceptance.reason": "acceptanceReason",
    "acceptance.jointReview": "jointReview",
    "acceptance.jointReviewDocument": "jointReviewDocument",
    "documentNo": "fundDocument",
    "implementerKind": "implementer",
}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is not registered, with its reasons; `left_out`: how many more it has."""

    row: int
    faults: tuple[Fault, ...]
    left_out: int = 0

    def as_json(self) -> dict[str, Any]:
        """As answers and files show it."""
        return {
            "row": self.row,
            "reasons": [
                {
                    "column": fault.column,
                    "heading": fault.heading,
                    "value": fault.value,
                    "code": fault.refusal.code,
                    "clause": fault.refusal.clause,
                    "detailZh": fault.refusal.detail_zh,
                    "detailEn": fault.refusal.detail_en,
                    "missing": list(fault.refusal.missing),
                }
                for fault in self.faults
            ],
            "reasonsLeftOut": self.left_out,
        }


@dataclass(slots=True)
class LedgerCheck:
    """Result of checking a ledger."""

    assets: list[Asset] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    findings: int = 0
    duplicates: list[tuple[int, str]] = field(default_factory=list)
    """Rows that may be another one again by another name, and which."""


@dataclass(slots=True)
class RowCheck:
    """Judges the rows of one ledger. `occasion`: the circumstances of one more registration; `said`: a refusal in the
    county's words; `source`: digest of file and sheet; `registered`: look-alikes and codes that the register holds → asset.
    """

    actor: Actor
    ledger: SpreadsheetLedger
    source: str
    occasion: Callable[[], Occasion]
    said: Callable[[Refusal, Mapping[str, Tell]], Refusal]
    registered: dict[LookAlike, str] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()
    reviews: dict[str, date] = field(default_factory=dict)
    """Joint reviews that are signed by all, and the day of the last signature."""
    checked: LedgerCheck = field(default_factory=LedgerCheck)
    unit_values: UnitValues = field(default_factory=dict)
    """How many assets of a type and unit the register has, and the median of their value per unit."""
    _own: UnitValues | None = None
    _by_project: dict[tuple[object, ...], str] = field(default_factory=dict)
    _reasons: int = 0
    _rows: dict[LookAlike, int] = field(default_factory=dict)
    _taken: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Rows are compared with the register too."""
        self._by_project = {(one[0], *one[2:]): asset for one, asset in self.registered.items()}

    def judge(self, lines: Iterable[SpreadsheetLine]) -> None:
        """Judge these rows; results are added to `checked`."""
        for line in lines:
            if line.faults:
                self._reject(line, line.faults)
                continue
            try:
                self._register(line)
            except ValidationError as error:
                self._reject(line, self._invalid(line, error))
            except Refusal as refusal:
                self._reject(line, self._all(line, refusal))

    def _all(self, line: SpreadsheetLine, first: Refusal) -> list[Fault]:
        """Everything a row is refused for that could be read: the first refusal, and what the rules say of the rest."""
        at = self.occasion()
        card = RegisterCard.model_validate(line.card)
        refusals = [first, *Asset.faults_of(card, at)]
        faults = [self._refused(line, refusal) for refusal in refusals]
        found: dict[tuple[str, str | None, str | None], Fault] = {}
        for fault in faults:
            found.setdefault((fault.refusal.code, fault.column, fault.heading), fault)
        return list(found.values())

    def _reject(self, line: SpreadsheetLine, faults: Iterable[Fault]) -> None:
        """Keep why a row is not registered, in the county's words; once there are very many, one reason of each row."""
        told = tuple(replace(fault, refusal=self._told(fault)) for fault in faults)
        if self._reasons > MAX_REASONS:
            line.left_out += len(told) - 1
            told = told[:1]
        self._reasons += len(told)
        self.checked.rejected.append(Rejected(line.row, told, line.left_out))

    def _register(self, line: SpreadsheetLine) -> None:
        card = RegisterCard.model_validate(line.card)
        if self.actor.kind != "system":
            place = Resource(divisions=(card.location,), organizations=(card.implementer,))
            authorize(self.actor, "asset.register", place)
        code = line.asset or asset_code(card, self.source, line.row)
        at = self.occasion()
        hold_to_review(card, self.reviews, at)
        asset = Asset.register(code, card, at)
        self._unlike_others(line, asset)
        if not line.confirmed and (faults := list(self._unlikely(line, card, at))):
            self._reject(line, faults)
            return
        self._name_duplicates(line, asset)
        self.checked.assets.append(asset)
        self.checked.findings += len(at.findings)

    def _unlike_others(self, line: SpreadsheetLine, asset: Asset) -> None:
        if asset.id in self.codes:
            raise refuse("ALREADY_EXISTS", what=asset.id, field="asset")
        if asset.id in self._taken:
            raise refuse("BATCH_ITEM_DUPLICATE", what=f"第 {self._taken[asset.id]} 行 {asset.id}")
        same = look_alike_of(asset.card)
        if same in self.registered:
            raise refuse("ASSET_ALREADY_REGISTERED", asset=self.registered[same])
        if same in self._rows:
            raise refuse("BATCH_ITEM_DUPLICATE", what=f"第 {self._rows[same]} 行 / row {self._rows[same]}")
        self._taken[asset.id] = self._rows[same] = line.row

    def _unlikely(self, line: SpreadsheetLine, card: RegisterCard, at: Occasion) -> Iterable[Fault]:
        """What is unlikely in a good row and not confirmed."""
        if self._own is None:
            self._own = values_per_unit(one.card for one in self.ledger.lines)
        kind = at.rules.asset_type(card.asset_type)
        for field_name, refusal in unlikely(card, kind, self.unit_values, self._own):
            yield self._fault(line, refusal, field_name)

    def _name_duplicates(self, line: SpreadsheetLine, asset: Asset) -> None:
        """Tell of a row that another one may be again by another name: one project, place, value and year."""
        project, _, *rest = look_alike_of(asset.card)
        key = (project, *rest)
        if project and key in self._by_project:
            self.checked.duplicates.append((line.row, self._by_project[key]))
        self._by_project.setdefault(key, f"第 {line.row} 行")

    def _told(self, fault: Fault) -> Refusal:
        """The refusal in the county's words; a field is called as the sheet's heading calls it."""
        headings = _headings()

        def heading(named: str) -> str | None:
            first = next((part for part in _PARTS.split(named) if part), "")
            return headings.get(_COLUMN_OF_FIELD.get(named, first)) or fault.heading

        return self.said(fault.refusal, {"field": heading})

    # ---- saying it by column ------------------------------------------------------------------------------------

    def _invalid(self, line: SpreadsheetLine, error: ValidationError) -> Iterable[Fault]:
        found = error.errors(include_url=False, include_input=False)
        for one in found:
            refusal, _ = from_validation([one])
            yield self._fault(line, refusal, ".".join(str(part) for part in one["loc"]))

    def _refused(self, line: SpreadsheetLine, refusal: Refusal) -> Fault:
        named = refusal.params.get("field") or next(iter(refusal.missing), "")
        if not self._column(line, str(named)):
            named = _COLUMN_OF_CODE.get(refusal.code, "")
        return self._fault(line, refusal, str(named))

    def _fault(self, line: SpreadsheetLine, refusal: Refusal, named: str) -> Fault:
        name = self._column(line, named)
        column = line.header.of(name) if name else None
        if column is None:
            return Fault(None, _headings().get(name or "", name), "", refusal)
        cell = self.ledger.rows[line.row - 1][column.index]
        return Fault(column.letters, column.label, str(cell)[:200], refusal)

    def _column(self, line: SpreadsheetLine, named: str) -> str | None:
        """The column a field of the card was read from; also when the sheet does not have it."""
        if named in _COLUMN_OF_FIELD:
            return _COLUMN_OF_FIELD[named]
        parts = [part for part in _PARTS.split(named) if part]
        if not parts:
            return None
        if parts[0] == "fundingLines" and len(parts) > 2:
            if parts[2] in {"amount", "source"}:
                lines: Sequence[dict[str, Any]] = line.card.get("fundingLines", ())
                source = lines[int(parts[1])]["source"] if int(parts[1]) < len(lines) else ""
                found = f"fund:{source}"
                return found if line.header.of(found) is not None else "fundSource"
            return _COLUMN_OF_FIELD.get(parts[2], parts[2])
        return _COLUMN_OF_FIELD.get(parts[0], parts[0]) if parts[0] in _headings() else None


def look_alike_of(card: RegisterCard) -> LookAlike:
    """What the register compares a card by."""
    return look_alike(
        card.project_code,
        card.project_name,
        card.asset_name,
        card.location,
        card.original_value,
        card.completion_date.year,
    )


def look_alike(
    project_code: str | None, project_name: str | None, name: str, location: str, value: int, year: int
) -> LookAlike:
    """The same from a row of the register."""
    return (project_code or plain(project_name or ""), plain(name), location, int(value), year)


def asset_code(card: RegisterCard, source: str, row: int) -> str:
    """A code for a row without one: place, year, and where it came from. The same sheet gives the same codes."""
    return f"{card.location}-{card.completion_date.year}-{source[:8]}-{row:05d}"


def _headings() -> dict[str, str]:
    return {column.field: column.zh for column in vocabulary().column} | {"fundingLines": "资金来源"}
