"""In whose care an asset was, and when: by name (custody and handover) and by post (whoever held it).

The lines are those of the custody ledger, folded from the same events by the same functions. Days are business dates;
a stretch of care runs from its first day to its last, both included. Who hands on is answerable up to the day before; who
received and handed on within one day was answerable on that day, beside whoever had it at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from projections.departure import custody as custody_ledger
from projections.engine.events import LedgerEvent, day

END_OF_TIME: Final = date.max
BY_POST: Final = ("FIRST_RESPONSIBLE", "SUPERVISOR")
TYPES: Final = tuple(custody_ledger.PROJECTION.handlers)
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """Days on which the person had a duty for an asset. `until` is `END_OF_TIME` while it lasts."""

    since: date
    until: date
    duty: str
    unit: str
    """Unit of the post; for a named duty the unit responsible for the asset, or ""."""

    def within(self, first: date, last: date) -> Stretch | None:
        """The part between two days; None if there is none."""
        since, until = max(self.since, first), min(self.until, last)
        return Stretch(since, until, self.duty, self.unit) if since <= until else None


@dataclass(slots=True)
class Units:
    """Posts a person held, and which unit carries on which: from the events of organisations."""

    person: str
    tenures: list[tuple[str, str, date, date, int]] = field(default_factory=list)
    """(unit, post, first day, last day, position)."""
    successor: dict[str, tuple[str, date]] = field(default_factory=dict)

    def take(self, event: LedgerEvent) -> None:
        """One event of an organisation."""
        data = event.data
        if event.type == "organization.succeeded":
            self.successor[event.id] = (data["successor"], day(data["closedOn"]))
        elif event.type == "organization.position_appointed" and data["person"] == self.person:
            self.tenures.append((event.id, data["position"], day(data["since"]), END_OF_TIME, event.position))
        elif event.type == "organization.position_ended" and data["person"] == self.person:
            until = day(data["until"])
            self.tenures = [
                (unit, post, since, until, position)
                if (unit, post, last) == (event.id, data["position"], END_OF_TIME)
                else (unit, post, since, last, position)
                for unit, post, since, last, position in self.tenures
            ]

    def held(self, unit: str, post: str) -> list[tuple[date, date]]:
        """Days on which the person held a post of a unit, or of the unit that carried it on then."""
        found = []
        seen: set[str] = set()
        since = date.min
        while unit not in seen:
            seen.add(unit)
            following, closed = self.successor.get(unit, ("", END_OF_TIME))
            last = closed - _ONE_DAY if following else END_OF_TIME
            for its, its_post, first, end, _ in self.tenures:
                if (its, its_post) == (unit, post) and max(first, since) <= min(end, last):
                    found.append((max(first, since), min(end, last)))
            if not following:
                break
            unit, since = following, max(since, closed)
        return found


def closing_day(event: LedgerEvent) -> date:
    """The day from which an event of `TYPES` ends what it ends."""
    return day(event.data["sale"]["disposedOn"]) if event.type == "asset.disposed" else event.day


def stretches(
    lines: Iterable[Mapping[str, Any]],
    person: str,
    units: Units,
    unit: str | None = None,
    ended: Mapping[int, date] | None = None,
) -> list[Stretch]:
    """A person's care of one asset from its custody lines, by name and by post, in order; only of one unit if given.

    `ended`: position → `closing_day`, of the asset's events.
    """
    spans = [(line, span) for line in lines if (span := _span(line, ended or {})) is not None]
    responsible = [(line["unit"], span) for line, span in spans if line["duty"] == "RESPONSIBLE_UNIT"]
    found: set[Stretch] = set()
    for line, (first, last) in spans:
        if line["duty"] in custody_ledger.PERSONAL and line["person"] == person:
            found |= _by_name(line, first, last, responsible, unit)
        elif line["duty"] in BY_POST and line["post"] is not None and unit in {None, line["post_unit"]}:
            for since, until in units.held(line["post_unit"], line["post"]):
                one = Stretch(since, until, line["duty"], line["post_unit"]).within(first, last)
                if one is not None:
                    found.add(one)
    return sorted(found)


def _by_name(
    line: Mapping[str, Any],
    first: date,
    last: date,
    responsible: Sequence[tuple[str, tuple[date, date]]],
    unit: str | None,
) -> set[Stretch]:
    """A named duty, cut by which unit was responsible for the asset meanwhile when only one unit is asked about."""
    if unit is None:
        return {Stretch(first, last, line["duty"], "")}
    parts = (
        Stretch(first, last, line["duty"], unit).within(*span) for its, span in responsible if its == unit
    )
    return {one for one in parts if one is not None}


def _span(line: Mapping[str, Any], ended: Mapping[int, date]) -> tuple[date, date] | None:
    """First and last day of a line; None for one that a later recorded, earlier dated event took back."""
    first: date = line["since"]
    until: date | None = line["until"]
    if until is None:
        return first, END_OF_TIME
    if until > first:
        return first, until - _ONE_DAY
    return (first, first) if ended.get(line.get("position", 0)) == first else None
