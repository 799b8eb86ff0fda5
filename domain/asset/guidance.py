"""Which department guides the management of an asset: it follows from the money (四(一), T1, P18), never from a form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from domain.values import Code, Value

if TYPE_CHECKING:
    from domain.asset.facts.card import RegisterCard
    from domain.occasion import Occasion


class Guidance(Value):
    """The guiding departments as they were derived. `rule_gap`: the regulation names no department for some source."""

    lead: Code = Field(title="管理指导部门")
    co: tuple[Code, ...] = Field(default=(), title="协同指导部门")
    rule_gap: bool = Field(default=False, title="文件未明确")


def guidance_of(card: RegisterCard, at: Occasion) -> Guidance:
    """The departments of a card's funding lines, as stored (C4.1-02..07); the largest sum per department leads (P18).

    A department that is no more guides nothing: who carries on its duties does (AMB-24).

    Refused: FUND_SOURCE_UNKNOWN, FUNDING_REQUIRED, GUIDING_DEPT_MISMATCH.
    """
    found = at.rules.guiding_departments(card.funding_lines, card.implementer_kind)
    at.cite(*found.articles)
    lead, co = at.stands(found.lead), tuple(dict.fromkeys(map(at.stands, found.co)))
    if card.guiding_department is not None:
        at.require(
            card.guiding_department == lead,
            "GUIDING_DEPT_MISMATCH",
            clause=next((one for one in found.articles if one in _GUIDED), None),
            derived=lead,
            given=card.guiding_department,
        )
    return Guidance(lead=lead, co=tuple(one for one in co if one != lead), rule_gap=found.rule_gap)


_GUIDED = frozenset(f"C4.1-0{number}" for number in range(2, 8))
"""The clauses that give a department its sources."""
