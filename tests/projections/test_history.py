"""The random histories of these tests are made of events as the domain knows them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from domain.catalogue import EVENT_TYPES
from projections.catalogue import CATALOGUE
from service.log.codec import EventCodec
from tests.projections.folding import all_rows, fold
from tests.projections.history import COUNTY, RandomHistory

ROLLS = {"organization.representatives_elected", "organization.members_counted"}
AGENTS = {
    "organization.bookkeeping_agent_appointed",
    "organization.bookkeeping_agent_dismissed",
    "asset.platform_authorised",
    "asset.platform_authorisation_ended",
    "asset.owner_consent_recorded",
    "asset.sublet_recorded",
}
"""Whether an agent or a platform may act is asked of the principal or the asset in the log itself."""
ASKED_FIRST = {
    "asset.disposal_consent_recorded",
    "asset.preemption_offered",
    "asset.preemption_answered",
}
"""Whom a disposal needs beside its owner is asked of the asset itself."""
ORDERS = {name for name in EVENT_TYPES if name.startswith("personal_subject.")}
SUMS = {name for name in EVENT_TYPES if name.startswith("disposal_series.")}
LEDGER_TYPES = (
    {name for name in EVENT_TYPES if not name.startswith("policy.")}
    - ROLLS
    - AGENTS
    - ASKED_FIRST
    - ORDERS
    - SUMS
)
OF_DECISIONS = {
    name
    for name in EVENT_TYPES
    if name.startswith(("priority_households.", "operator_selection.", "incentive_plan."))
} | {"proceeds_pool.opened"}
"""They stand in a history; plans, contracts and rewards are held against them in the log itself; an empty pool has no rows."""
READ_FOR_THEIR_PAPERS = (
    ROLLS
    | ASKED_FIRST
    | {
        "personal_subject.restricted",
        "personal_subject.restriction_lifted",
        "personal_subject.hold_released",
        "personal_subject.erased",
        "asset.platform_authorised",
        "asset.platform_authorisation_ended",
        "asset.owner_consent_recorded",
        "asset.sublet_recorded",
        "operator_selection.opened",
        "operator_selection.bid_received",
        "operator_selection.operator_selected",
    }
)
"""What no history of assets has, and a ledger reads all the same: that of papers, or one that reads whatever happens to an asset."""
"""Every type but those of the county's policy, of villages' rolls, of the series of disposals: they are read from the log, by decisions."""


def test_every_event_of_a_random_history_is_one_the_domain_could_have_recorded() -> None:
    codec = EventCodec()
    for event in RandomHistory(1).take(3000):
        assert codec.domain_event(event).originator_version == event.version


def test_a_long_history_holds_every_type_there_is() -> None:
    assert {event.type for event in RandomHistory(2).take(20_000)} == LEDGER_TYPES


def test_positions_and_versions_have_no_gaps() -> None:
    events = RandomHistory(3).take(2000)
    assert [event.position for event in events] == list(range(1, 2001))
    streams: dict[str, list[int]] = {}
    for event in events:
        streams.setdefault(event.stream, []).append(event.version)
    assert all(b == a + 1 for versions in streams.values() for a, b in pairwise(versions))


def test_some_ledger_reads_every_type() -> None:
    of_marks = CATALOGUE[
        "on_behalf"
    ]  # looks at the warnings of every event, and reads only the confirmations
    read = (frozenset(one.handlers) for one in CATALOGUE.values() if one is not of_marks)
    assert frozenset().union({"organization.recording_confirmed"}, *read) == (
        LEDGER_TYPES - OF_DECISIONS | READ_FOR_THEIR_PAPERS
    )
    assert set(of_marks.handlers) == set(EVENT_TYPES)


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_every_ledger_takes_in_a_whole_history(name: str) -> None:
    projection = CATALOGUE[name]
    rows = projection.rows(COUNTY)
    events = RandomHistory(4).take(5000)
    assert fold(projection, events, rows) == 5000
    assert any(all_rows(rows, ledger) for ledger in projection.tables)
