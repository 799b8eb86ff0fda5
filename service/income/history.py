"""Payments and contracts of before the regulation: imported history, with where it comes from (C4.9-03, C4.11-01)."""

from __future__ import annotations

from datetime import date

from domain.occasion import Occasion
from domain.refusals import Refusal


def be_history(day: date, provenance: str, otherwise: Refusal, at: Occasion) -> None:
    """What happened before the regulation's first day is recorded as it happened, and what it breaks as findings.

    Since then it rests on a procedure: `otherwise` (INCOME_PLAN_NOT_READY, DECISION_REQUIRED).
    """
    if day >= at.rules.first_day:
        raise otherwise
    at.provenance = provenance
