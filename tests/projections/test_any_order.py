"""One order for every aggregate: what is folded by its business day, what by its place in the log, and why.

The same facts, entered in any order, leave the same state and the same rows as entered in the order in which they
happened: for every aggregate and every ledger there is, so that the next one cannot be forgotten.
"""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from domain.aggregate import CreatedEvent, DomainAggregate, DomainEvent, fold_stream
from domain.catalogue import AGGREGATES, EVENT_TYPES
from domain.examination.again import AGAIN
from domain.examination.examination import KINDS
from domain.order import UNPLACED, place_of, placed
from domain.organization.organization import Organization, OrganizationCard
from domain.recorded import RecordedEvent
from projections.catalogue import CATALOGUE
from projections.engine.events import LedgerEvent
from projections.engine.projection import Projection
from projections.engine.refold import Before
from projections.engine.rows import Rows
from service.log.codec import EventCodec
from tests.examples import occasion
from tests.procedures import hung, inventory, ready_to_distribute
from tests.projections.folding import all_rows, of_recorded
from tests.projections.history import COUNTY, RandomHistory
from tests.through_the_log import recorded

BY_POSITION = tomllib.loads((Path(__file__).parents[1] / "domain" / "by_position.toml").read_text())
IN_TIME = sorted(one.KIND for one in AGGREGATES if one.IN_BUSINESS_TIME)
CODEC = EventCodec()
FIRST = date(2021, 1, 1)

WITH_THE_FIRST = {"inventory_batch.assets_listed", "stocktake.baseline_listed"}
"""Recorded in the command that begins the aggregate: they are entered with it or not at all."""


def is_place(column: str) -> bool:
    """Whether a column says where in the log something stands: the order of entry is what it is for."""
    return column == "version" or column.endswith("position")


def test_what_is_not_folded_by_its_day_says_why() -> None:
    assert {one.KIND for one in AGGREGATES if not one.IN_BUSINESS_TIME} == set(BY_POSITION)
    assert [kind for kind, said in BY_POSITION.items() if len(said["reason"]) < 20] == []


def test_commands_that_are_put_again_are_of_aggregates_that_have_late_events() -> None:
    """Rows for what begins an aggregate, is judged anew, or is never late would be read by nobody."""
    assert [name for name in AGAIN if issubclass(EVENT_TYPES[name], CreatedEvent)] == []
    assert {name.partition(".")[0] for name in AGAIN} <= set(IN_TIME) - set(KINDS)


@cache
def stories() -> dict[str, list[list[RecordedEvent]]]:
    """Whole streams of every kind, on a day of its own for each event, in the order in which it happened."""
    streams: dict[str, list[RecordedEvent]] = {}
    for event in RandomHistory(11).take(12_000):
        streams.setdefault(event.stream, []).append(event)
    found: dict[str, list[list[RecordedEvent]]] = {kind: [] for kind in IN_TIME}
    for made in (hung(), ready_to_distribute(), inventory()):  # those of the random history are loose steps
        streams[made.stream] = list(map(recorded, made.history))
    for stream, events in streams.items():
        kind = stream.partition("-")[0]
        if kind in found and len(events) > 1:
            days = [replace(one, occurred_on=FIRST + timedelta(number)) for number, one in enumerate(events)]
            if holds_together(days):
                found[kind].append(days)

    return found


def holds_together(story: list[RecordedEvent]) -> bool:
    """Whether the aggregate can take every event: some histories of the ledgers' tests are made of loose steps."""
    try:
        fold_stream([CODEC.domain_event(one) for one in story])
    except UNPLACED:
        return False
    return True


def entered(story: list[RecordedEvent], chance: random.Random) -> list[RecordedEvent]:
    """The same events in another order of entry: positions and versions are the log's."""
    kept = 1 + sum(one.type in WITH_THE_FIRST for one in story)
    begun = sorted(story, key=lambda one: (one.version > 1, one.type not in WITH_THE_FIRST))
    rest = begun[kept:]
    chance.shuffle(rest)
    return [
        replace(one, version=place, position=place) for place, one in enumerate([*begun[:kept], *rest], 1)
    ]


def state_of(events: Iterable[RecordedEvent]) -> tuple[Any, list[DomainEvent]]:
    folded = fold_stream([CODEC.domain_event(one) for one in events])
    made: DomainAggregate = folded.aggregate
    again = type(made).load_state(made.id, made.version, made.dump_state())
    assert again.dump_state() == made.dump_state()
    return json.loads(made.dump_state()), folded.unplaced


def rows_of(projection: Projection, events: Iterable[RecordedEvent]) -> list[Any]:
    rows = projection.rows(COUNTY)

    def take(event: LedgerEvent) -> bool:
        before = Before(rows, projection.keys(event))
        try:
            projection.handlers[event.type](event, rows)
        except UNPLACED:
            before.restore()
            return False
        return True

    told = [one for one in map(of_recorded, events) if one.type in projection.handlers]
    assert placed(told, lambda one: place_of(one.version, one.day, one.position), take) == []
    return [made for table in projection.tables if table.group is not None for made in shown(rows, table)]


def shown(rows: Rows, table: Any) -> list[Any]:
    made = [
        {name: value for name, value in row.items() if not is_place(name)} for row in all_rows(rows, table)
    ]
    return sorted(made, key=repr)


@pytest.mark.parametrize("kind", IN_TIME)
@settings(max_examples=15, deadline=None)
@given(number=st.integers(0, 10_000), seed=st.integers(0, 10_000))
def test_same_events_in_any_order_of_entry_leave_the_same_state_and_rows(
    kind: str, number: int, seed: int
) -> None:
    of_kind = stories()[kind]
    story = of_kind[number % len(of_kind)]
    other = entered(story, random.Random(seed))
    assert state_of(story) == state_of(other)
    for projection in CATALOGUE.values():
        if any(name.startswith(f"{kind}.") for name in projection.handlers):
            assert rows_of(projection, story) == rows_of(projection, other), projection.name


def test_end_of_a_post_waits_for_its_beginning() -> None:
    """An end that history dates before the appointment: both are known, and the post is not held any more."""
    card = OrganizationCard(name="某村", kind="COMPANY", superior="653022202000", valid_from=date(2015, 1, 1))
    unit = Organization.define("ORG-1", card, occasion(date(2015, 1, 1)))
    unit.appoint("ASSET_MANAGER", "P-1", date(2022, 1, 1), "任1号", occasion(date(2022, 1, 1)))
    unit.end_position("ASSET_MANAGER", "P-1", date(2022, 6, 30), "轮换", occasion(date(2022, 6, 30)))
    told = [replace(recorded(one), position=place) for place, one in enumerate(unit.history, 1)]
    told[2] = replace(told[2], occurred_on=date(2021, 12, 1))
    state, unplaced = state_of(told)
    assert ([one["until"] for one in state["tenures"]], unplaced) == (["2022-06-30"], [])
    rows = rows_of(CATALOGUE["directory"], told)
    assert [row["until"] for row in rows if "post" in row] == [date(2022, 6, 30)]


def test_groups_of_rows_are_of_one_stream_or_say_whose_each_row_is() -> None:
    """A late event folds the groups of its stream anew: what another stream has there is kept, where it is declared."""
    found: dict[tuple[str, str], set[str]] = {}
    for event in map(of_recorded, RandomHistory(12).take(12_000)):
        for projection in CATALOGUE.values():
            if event.type in projection.handlers:
                for table, group in projection.keys(event):
                    if event.type not in projection.foreign.get(table, ()) and table not in projection.shared:
                        found.setdefault((table.name, group), set()).add(event.stream)
    assert {where: streams for where, streams in found.items() if len(streams) > 1} == {}
