"""Every decision names the codes it refuses with, and no code that it cannot refuse with.

Compared with what the source raises (`refusals_raised`). What the walk does not see: codes raised by properties, by
operators, and by methods of which several classes have one of the same name and no type tells which is meant.
"""

from __future__ import annotations

import inspect

import pytest

from domain.aggregate import DomainAggregate
from domain.asset.asset import Asset
from tests.architecture.refusals_raised import COMMON, Decision, bare, decisions, raised_by

DECISIONS = {one.name: one for one in decisions()}


@pytest.mark.parametrize("decision", DECISIONS.values(), ids=DECISIONS)
def test_decision_names_the_codes_it_refuses_with(decision: Decision) -> None:
    assert decision.named == set(raised_by(decision))


def test_every_decision_can_be_refused_as_what_it_ends_in() -> None:
    """What recording can be refused with is said once, where it is recorded."""
    assert len(COMMON) == 2
    assert "OVERRIDE_OTHER_SUBJECT" in (inspect.getdoc(DomainAggregate.record) or "")


def test_walk_finds_codes_of_helpers_guards_and_tables() -> None:
    """By hand: a guard of the table by its action, a helper of another file, a method of the rules, a row's own code."""
    assert len(DECISIONS) > 150
    lease = set(raised_by(DECISIONS["Asset.sign_contract"]))
    assert {"ASSET_DISPOSED", "CONTRACT_CLAUSE_MISSING", "LEASE_TERM_EXCEEDS_20Y", "ALREADY_EXISTS"} <= lease
    assert {"UNKNOWN_RISK_KIND"} <= set(raised_by(DECISIONS["Asset.flag_risk"]))
    assert {"FUND_SOURCE_UNKNOWN"} <= set(raised_by(DECISIONS["FundAllocation.enter"]))
    assert {"OwnershipStep.refusal"} <= set(raised_by(DECISIONS["Asset.confirm_ownership"]))


def test_code_that_is_not_named_is_found() -> None:
    silent = bare(Asset.sign_contract)
    assert silent is not None
    said, silent.__doc__ = silent.__doc__, "Sign a contract."
    try:
        decision = Decision("Asset.sign_contract", silent, Asset)
        assert set(raised_by(decision)) - decision.named
    finally:
        silent.__doc__ = said
