"""Plausibility of a row: its value per unit against the county's own spread and coarse orders of magnitude, its life against the
type's, its days against each other. What is unlikely is held back until whoever made the ledger confirms the row.

Nothing here is a rule of the regulation. A slip between 元 and 万元 is a factor of ten thousand; what assets of one type
and unit cost lies within a factor of a hundred of their median.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from statistics import median
from typing import Any, Final

from domain.asset.facts.card import RegisterCard
from domain.refusals import Refusal, refuse
from domain.regulation import rows
from domain.values import Fen
from service.inventory.spreadsheet.words import value_ranges

FACTOR: Final = 100
"""So far from the median is unlikely."""
ENOUGH: Final = 5
"""So many assets of a type and unit make a spread."""
FIRST_YEAR: Final = 1980
"""Nothing that is still there was completed before."""
MONEY_EARLY: Final = 5
"""Years from the money to the completion that are unlikely."""
MONEY_LATE: Final = 3
"""Years from the completion to the money that are unlikely."""
LONGEST_LIFE: Final = 70

Kind = tuple[str, str]
"""Type and unit of measure."""
UnitValues = Mapping[Kind, tuple[int, int]]
"""How many assets of a type and unit the register has, and the median of their value per unit, in fen."""


def values_per_unit(cards: Iterable[Mapping[str, Any]]) -> dict[Kind, tuple[int, int]]:
    """The same of a ledger's own rows."""
    found: dict[Kind, list[Decimal]] = {}
    for card in cards:
        quantity, value = card.get("quantity"), card.get("originalValue")
        if quantity and value and quantity > 0:
            kind = (card.get("assetType", ""), card.get("unitOfMeasure", ""))
            found.setdefault(kind, []).append(Decimal(value) / quantity)
    return {kind: (len(values), int(median(values))) for kind, values in found.items()}


def unlikely(
    card: RegisterCard, kind: rows.AssetType, registered: UnitValues, own: UnitValues
) -> list[tuple[str, Refusal]]:
    """What is unlikely in a card, each with the field that it is about."""
    return [*_value(card, registered, own), *_life(card, kind), *_days(card)]


def _value(card: RegisterCard, registered: UnitValues, own: UnitValues) -> Iterable[tuple[str, Refusal]]:
    unit = card.unit_of_measure
    each = Fen(int(Decimal(card.original_value) / card.quantity))
    told = f"每{unit} {each.yuan()} 元"
    spread = next(
        (
            known
            for one in (registered, own)
            if (known := one.get((card.asset_type, unit), (0, 0)))[0] >= ENOUGH
        ),
        None,
    )
    if spread is not None and not spread[1] <= each * FACTOR <= spread[1] * FACTOR * FACTOR:
        reason = (
            f"同类资产每{unit}一般在 {Fen(spread[1]).yuan()} 元上下，是否把元和万元弄混 / others cost that"
        )
        yield "originalValue", refuse("ROW_IMPLAUSIBLE", field="原始价值", value=told, reason=reason)
        return
    least, most = value_ranges().get(unit, (None, None))
    if (least is not None and each < least) or (most is not None and each > most):
        reason = "与常见的单价相差过大，是否把元和万元弄混 / far from any usual price"
        yield "originalValue", refuse("ROW_IMPLAUSIBLE", field="原始价值", value=told, reason=reason)


def _life(card: RegisterCard, kind: rows.AssetType) -> Iterable[tuple[str, Refusal]]:
    years = card.useful_life_years
    if years is None:
        return
    least, most = kind.life_years_from, kind.life_years_to
    if (least is not None and years < least) or years > (most or LONGEST_LIFE):
        reason = f"“{kind.zh}”一般为 {least or 1}—{most or LONGEST_LIFE} 年 / not usual for the type"
        yield (
            "usefulLifeYears",
            refuse("ROW_IMPLAUSIBLE", field="预计使用年限", value=f"{years} 年", reason=reason),
        )


def _days(card: RegisterCard) -> Iterable[tuple[str, Refusal]]:
    year = card.completion_date.year
    if year < FIRST_YEAR:
        reason = f"早于 {FIRST_YEAR} 年 / too long ago"
        yield "completionDate", refuse("ROW_IMPLAUSIBLE", field="完工时间", value=str(year), reason=reason)
    for line in card.funding_lines:
        late = line.allocated_on.year - year
        if not -MONEY_EARLY <= late <= MONEY_LATE:
            reason = f"资金 {line.allocated_on.year} 年拨付，{year} 年完工 / far from the completion"
            value = line.allocated_on.isoformat()
            yield "allocatedOn", refuse("ROW_IMPLAUSIBLE", field="资金拨付时间", value=value, reason=reason)
            return
