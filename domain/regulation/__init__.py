"""The regulation as dated data, and what it answers.

`Regulation.load()` reads a county's folder once; `regulation.on(day)` gives the `Rules` in force on a business day.
Tables are rows of `rows`, amounts are fen, shares are basis points or pairs; every row names its clause.
"""

from __future__ import annotations

from domain.regulation import rows
from domain.regulation.amendments import Amendment
from domain.regulation.funding import GuidingDepartments
from domain.regulation.loading import Regulation, RegulationInvalid
from domain.regulation.ownership import OwnershipAdvice, OwnershipFacts, RuleTried
from domain.regulation.parameters import MeetingRule, Parameter
from domain.regulation.quorum import QuorumJudgement, Turnout, judge
from domain.regulation.rules import Rules

__all__ = [
    "Amendment",
    "GuidingDepartments",
    "MeetingRule",
    "OwnershipAdvice",
    "OwnershipFacts",
    "Parameter",
    "QuorumJudgement",
    "Regulation",
    "RegulationInvalid",
    "RuleTried",
    "Rules",
    "Turnout",
    "judge",
    "rows",
]
