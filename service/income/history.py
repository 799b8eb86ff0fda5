"""Distributions of before the regulation: imported history, with where it comes from (C4.9-03)."""

from __future__ import annotations

from domain.asset.facts.income import IncomeDistribution
from domain.occasion import Occasion


def be_history(distribution: IncomeDistribution, provenance: str, at: Occasion) -> None:
    """What was paid before the regulation's first day is recorded as it happened, and what it breaks as findings.

    Since then income is paid by a plan and its procedure: INCOME_PLAN_NOT_READY.
    """
    if distribution.paid_on >= at.rules.first_day:
        raise at.refusal("INCOME_PLAN_NOT_READY", clause="C4.9-03", missing=["incomePlan"])
    at.provenance = provenance
