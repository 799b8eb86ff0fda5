"""Ownership of an asset: the owner, who decides it, and what has to happen before (四(五), decision table T3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from domain.refusals import refuse
from domain.regulation.rows import Condition, Decider, OwnerKind, OwnershipRule, OwnershipStep
from domain.values import Value


class OwnershipFacts(Value):
    """Facts that T3 looks at. A fact that is None is unknown and meets no condition."""

    asset_class: str
    asset_type: str | None = None
    project_scope: str | None = None
    implementer_kind: str | None = None
    funds_paid_to: str | None = None
    village_use: bool = False
    equity_investment: bool = False
    title_unclear: bool = False
    fund_sources: frozenset[str] = frozenset()

    def named(self) -> dict[str, Any]:
        """The facts by the names that conditions use."""
        return {
            "assetClass": self.asset_class,
            "assetType": self.asset_type,
            "projectScope": self.project_scope,
            "implementerKind": self.implementer_kind,
            "fundsPaidTo": self.funds_paid_to,
            "villageUse": self.village_use,
            "equityInvestment": self.equity_investment,
            "titleUnclear": self.title_unclear,
            "fundSources": self.fund_sources,
        }


@dataclass(frozen=True, slots=True)
class OwnershipAdvice:
    """T3's answer for an asset.

    `owner_kind`: None means as decided by `decider`. `steps`: codes of what must have happened before the confirmation;
    `step_rows` has these and what is due after it. `suggestion`: unit proposed to the decider.
    """

    rule: str
    owner_kind: OwnerKind | None
    decider: Decider
    steps: tuple[str, ...]
    step_rows: tuple[OwnershipStep, ...]
    article: str
    articles: tuple[str, ...]
    rule_gap: bool
    overridable: bool
    ordered: bool
    chain: str | None
    suggestion: str | None


def advise(facts: OwnershipFacts, table: Iterable[OwnershipRule]) -> OwnershipAdvice:
    """The first row of `table`, which is sorted by order, whose conditions all hold. RULE_GAP when there is none."""
    named = facts.named()
    for row in table:
        if first_failing(row.conditions, named) is not None:
            continue
        asked = tuple(step for step in row.steps if step.unless is None or not step.unless.holds(named))
        suggested = [one.unit for one in row.suggestions if one.implementer_kind == facts.implementer_kind]
        return OwnershipAdvice(
            rule=row.code,
            owner_kind=row.owner_kind,
            decider=row.decider,
            steps=tuple(step.code for step in asked if not step.after_confirmation),
            step_rows=asked,
            article=row.article,
            articles=row.articles,
            rule_gap=row.rule_gap,
            overridable=row.overridable,
            ordered=row.ordered,
            chain=row.chain,
            suggestion=suggested[0] if suggested else None,
        )
    raise refuse("RULE_GAP", table="T3", facts=facts_in_words(named))


class ConditionTried(Value):
    """A condition of a row, the fact it looks at, and whether it holds."""

    fact: str = Field(title="所依据的事实")
    zh: str = Field(title="条件")
    value: str | bool | tuple[str, ...] | None = Field(default=None, title="登记卡上的值")
    holds: bool = Field(title="是否符合")


class RuleTried(Value):
    """A row of T3 that was tried on the way to the one that matched, or that one."""

    rule: str = Field(title="规则")
    zh: str = Field(title="规则名称")
    article: str = Field(title="条款")
    matched: bool = Field(title="是否适用")
    conditions: tuple[ConditionTried, ...] = Field(title="各项条件")


def tried(facts: OwnershipFacts, table: Iterable[OwnershipRule]) -> tuple[RuleTried, ...]:
    """The rows in the order they are tried, each condition with the fact it met, to the first whose conditions all hold."""
    named = facts.named()
    found: list[RuleTried] = []
    for row in table:
        conditions = tuple(
            ConditionTried(fact=one.fact, zh=one.zh, value=_in_words(named[one.fact]), holds=one.holds(named))
            for one in row.conditions
        )
        matched = all(one.holds for one in conditions)
        found.append(
            RuleTried(rule=row.code, zh=row.zh, article=row.article, matched=matched, conditions=conditions)
        )
        if matched:
            break
    return tuple(found)


def _in_words(value: Any) -> Any:
    return tuple(sorted(value)) if isinstance(value, frozenset) else value


def first_failing(conditions: Iterable[Condition], named: Mapping[str, Any]) -> Condition | None:
    """The first condition that does not hold, or None."""
    return next((condition for condition in conditions if not condition.holds(named)), None)


def facts_in_words(named: Mapping[str, Any]) -> str:
    """Facts as a sentence can name them."""
    known = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in named.items()}
    return "，".join(f"{name}={value}" for name, value in known.items() if value not in (None, []))
