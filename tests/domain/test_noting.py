"""A fact that the state of its own day refuses: the breach is noted with it, what nothing excuses is raised (D6)."""

from __future__ import annotations

from datetime import date

import pytest

from domain.refusals import Refusal
from tests.examples import occasion


def test_breach_of_a_fact_is_a_finding_and_not_a_refusal() -> None:
    at = occasion(date(2022, 5, 1))
    with pytest.raises(Refusal) as raised:
        at.refuse("ASSET_DISPOSED", disposedOn=date(2022, 4, 30))
    assert (raised.value.code, at.findings) == ("ASSET_DISPOSED", ())
    at.noting = True
    for _ in range(2):
        at.refuse("ASSET_DISPOSED", disposedOn=date(2022, 4, 30))
    assert [one.code for one in at.findings] == ["ASSET_DISPOSED"]
    assert [one.code for one in at.basis("asset-A-1").findings] == ["ASSET_DISPOSED"]


def test_what_is_to_come_is_no_fact() -> None:
    at = occasion(date(2022, 5, 1))
    at.noting = True
    with pytest.raises(Refusal) as raised:
        at.not_in_future(date(2999, 1, 1), "lostOn")
    assert (raised.value.code, at.findings) == ("DATE_IN_FUTURE", ())
