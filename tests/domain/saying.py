"""Given, when, then: how the domain's tests say what is recorded and what is refused.

`refused`, `warned`, `said` and `found` are also what `test_every_code` reads: a code named in none of them is not proven.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from domain.aggregate import DomainAggregate, DomainEvent
from domain.occasion import Occasion
from domain.refusals import Refusal

E = TypeVar("E", bound=DomainEvent)


@contextmanager
def refused(
    code: str,
    *untouched: DomainAggregate,
    missing: list[str] | None = None,
    clause: str | None = None,
) -> Iterator[pytest.ExceptionInfo[Refusal]]:
    """What is done inside is refused with this code, and leaves the aggregates as they were."""
    before = [(one.dump_state(), one.version, len(one.pending_events)) for one in untouched]
    with pytest.raises(Refusal) as refusal:
        yield refusal
    assert refusal.value.code == code, refusal.value
    if missing is not None:
        assert list(refusal.value.missing) == missing
    if clause is not None:
        assert refusal.value.clause == clause
    assert before == [(one.dump_state(), one.version, len(one.pending_events)) for one in untouched]


def recorded(aggregate: DomainAggregate, event_class: type[E]) -> E:
    """The one event the aggregate has recorded since it was last settled, of this class."""
    (event,) = aggregate.collect_events()
    assert type(event) is event_class
    return event


def all_recorded(aggregate: DomainAggregate, *event_classes: type[DomainEvent]) -> list[Any]:
    """The events the aggregate has recorded since it was last settled: one of each class, in this order."""
    events = list(aggregate.collect_events())
    assert [type(event) for event in events] == list(event_classes)
    return events


def nothing(aggregate: DomainAggregate) -> None:
    """The aggregate recorded nothing."""
    assert list(aggregate.collect_events()) == []


def warned(event: DomainEvent, code: str) -> dict[str, Any]:
    """The event carries this warning; gives its parameters."""
    (entry,) = (one for one in event.basis.warnings if one.code == code)
    return entry.params


def said(at: Occasion, code: str) -> dict[str, Any]:
    """The decision says this, also where it records nothing; gives its parameters."""
    (entry,) = (one for one in at.warnings if one.code == code)
    return entry.params


def found(event: DomainEvent, code: str) -> dict[str, Any]:
    """The event carries this finding, as imported history does; gives its parameters."""
    (entry,) = (one for one in event.basis.findings if one.code == code)
    return entry.params
