"""The catalogue of aggregates and events: complete, each name once, each event with the mutator of its part."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import ClassVar

import pytest
from eventsourcing.domain import event
from eventsourcing.utils import resolve_topic

import domain
from domain.aggregate import DomainAggregate, DomainEvent
from domain.asset.asset import Asset
from domain.asset.rights import AssetRights
from domain.catalogue import AGGREGATE_KINDS, AGGREGATES, EVENT_TYPES, by_kind, events_of
from domain.organization.division import Division
from domain.organization.person import Person

for _module in pkgutil.walk_packages(domain.__path__, "domain."):
    importlib.import_module(_module.name)


def descendants(cls: type) -> Iterator[type]:
    """All classes made from one, written in the domain."""
    for one in cls.__subclasses__():
        if one.__module__.partition(".")[0] == "domain":
            yield one
        yield from descendants(one)


def test_catalogue_lists_every_aggregate_of_the_domain() -> None:
    written = set(descendants(DomainAggregate))
    assert len(written) > len(AGGREGATES) > 10
    assert {one for one in written if one.KIND} == set(AGGREGATES)
    parts = {base for one in AGGREGATES for base in one.__mro__[1:]}
    assert {one for one in written if not one.KIND} <= parts


def test_catalogue_lists_every_event_of_the_domain() -> None:
    listed = set(EVENT_TYPES.values())
    before_the_library = {base for one in listed for base in one.__mro__[1:]}  # the class as it is written
    written = {one for one in descendants(DomainEvent) if one.TOPIC}
    assert written <= listed | before_the_library
    assert listed <= written


def test_an_events_stored_type_is_its_kind_and_a_name_of_its_own() -> None:
    assert len(EVENT_TYPES) == sum(len(events_of(one)) for one in AGGREGATES)
    for topic, one in EVENT_TYPES.items():
        assert topic == one.TOPIC
        assert topic.partition(".")[0] in AGGREGATE_KINDS
        assert resolve_topic(topic) is one
    for kind, aggregate in AGGREGATE_KINDS.items():
        assert aggregate.KIND == aggregate.TOPIC == kind
        assert resolve_topic(kind) is aggregate


def test_a_kind_that_is_taken_or_missing_is_refused() -> None:
    with pytest.raises(TypeError, match="'person' of Person is empty or taken"):
        by_kind([Person, Division, Person])
    with pytest.raises(TypeError, match="'' of AssetRights is empty or taken"):
        by_kind([AssetRights])


def herd(**topics: str) -> type[DomainAggregate]:
    """An invented aggregate with two events."""

    class Herd(DomainAggregate):
        KIND: ClassVar[str] = "herd"

        class Event(DomainAggregate.Event):
            pass

        class Counted(Event):
            TOPIC: ClassVar[str] = topics.get("counted", "herd.counted")
            TITLE: ClassVar[str] = topics.get("title", "清点")

        class Sold(Event):
            TOPIC: ClassVar[str] = topics.get("sold", "herd.sold")
            TITLE: ClassVar[str] = "出售"

    return Herd


def test_an_event_with_a_foreign_type_a_type_twice_or_no_title_is_refused() -> None:
    assert list(events_of(herd())) == ["herd.counted", "herd.sold"]
    with pytest.raises(TypeError, match=r"Herd\.Sold needs a TOPIC that starts with 'herd'"):
        events_of(herd(sold="herds.sold"))
    with pytest.raises(TypeError, match=r"event type 'herd\.counted' is taken"):
        events_of(herd(sold="herd.counted"))
    with pytest.raises(TypeError, match=r"Herd\.Counted needs a TOPIC .* and a TITLE"):
        events_of(herd(title=""))


def test_an_aggregate_has_the_events_of_its_parts_and_their_mutators() -> None:
    assert Asset.RightAssigned is AssetRights.RightAssigned

    class Counting(DomainAggregate):
        count: int

        class Event(DomainAggregate.Event):
            pass

        class Counted(Event):
            TOPIC: ClassVar[str] = "flock.counted"
            TITLE: ClassVar[str] = "清点"
            count: int

        @event(Counted)
        def _counted(self, count: int) -> None:
            self.count = count

    class Flock(Counting):
        TOPIC: ClassVar[str] = "flock"
        KIND: ClassVar[str] = "flock"

    flock = Flock.load_state("F-1", 1, b'{"count":0}')
    flock.trigger_event(
        Flock.Counted,
        count=40,
        occurred_on="2022-06-17",
        basis={"policy": "p1"},
        timestamp="2022-06-17T00:00:00Z",
    )
    assert (flock.count, flock.version) == (40, 2)
    assert list(events_of(Flock)) == ["flock.counted"]


def test_parts_that_do_not_share_one_event_are_refused() -> None:
    with pytest.raises(TypeError, match="parts of an aggregate share one `Event`"):

        class Ranch(AssetRights):
            class Event(AssetRights.Event):
                pass
