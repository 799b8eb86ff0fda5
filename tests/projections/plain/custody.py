"""Custody (四(十)) as a calendar with one page per day: each event writes its page and every later one, and nothing before.

On a page stands who has which duty. The ledger keeps stretches of days instead of pages; asked for any day, or for what
was the latest word at any place of the log, it has to say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from domain.recorded import RecordedEvent
from tests.projections.plain.story import day, name_of

PERSONAL = {"MANAGER", "RESPONSIBLE"}


class Holder(NamedTuple):
    """Who has a duty: a unit, a post or a person."""

    duty: str
    unit: str | None = None
    post_unit: str | None = None
    post: str | None = None
    person: str | None = None
    provisional: bool = False


@dataclass
class Calendar:
    """One asset's pages, and after each event what was then the latest word."""

    days: list[date]
    pages: dict[date, set[Holder]] = field(default_factory=dict)
    latest: set[Holder] = field(default_factory=set)
    cases: dict[Holder, str | None] = field(default_factory=dict)
    """By which handover a holder of the latest word came to the duty."""
    told: dict[int, set[Holder]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pages = {one: set() for one in self.days}

    def hear(self, event: RecordedEvent) -> None:
        """Write an event into the calendar."""
        data = event.data
        match name_of(event):
            case "custody_assigned":
                self._replace(event, assigned(data["custody"]), lambda one: one.duty != "SUPERVISOR")
            case "supervision_assigned":
                self._replace(event, supervising(data["supervision"]), lambda one: one.duty == "SUPERVISOR")
            case "handed_over" if data["duty"] in PERSONAL:
                self._hand_over(event)
            case "disposed":
                self._replace(event, set(), lambda one: True, day(data["sale"]["disposedOn"]))
        self.told[event.position] = set(self.latest)

    def _replace(
        self,
        event: RecordedEvent,
        holders: set[Holder],
        concerned: Callable[[Holder], bool],
        on: date | None = None,
    ) -> None:
        """From a day on these have the duties that are concerned, and nobody else."""
        for one in self.days:
            if one >= (on or event.occurred_on):
                self.pages[one] = {kept for kept in self.pages[one] if not concerned(kept)} | holders
        kept = {one for one in self.latest if not concerned(one)}
        self.cases = {one: self.cases.get(one) for one in kept | holders}
        self.latest = kept | holders

    def _hand_over(self, event: RecordedEvent) -> None:
        """From the day on the one who comes has the duty of the one who goes; of what nobody keeps nothing passes."""
        data = event.data
        custodian = next((one for one in self.latest if one.duty == "CUSTODIAN"), None)
        if custodian is None:
            return
        gone = {one for one in self.latest if (one.duty, one.person) == (data["duty"], data["outgoing"])}
        there = {
            one for one in self.latest if (one.duty, one.person) == (data["duty"], data["incoming"])
        } - gone
        comes = there or {Holder(data["duty"], person=data["incoming"], provisional=custodian.provisional)}
        for one in self.days:
            if one >= event.occurred_on:
                self.pages[one] = {
                    kept
                    for kept in self.pages[one]
                    if (kept.duty, kept.person) != (data["duty"], data["outgoing"])
                } | comes
        self.latest = (self.latest - gone) | comes
        self.cases = {one: self.cases.get(one) for one in self.latest}
        if not there:
            self.cases |= dict.fromkeys(comes, data["case"])


def assigned(custody: dict[str, Any]) -> set[Holder]:
    """管护主体, 管理责任单位, 管护第一责任人 as a post, and the named persons."""
    provisional = custody["provisional"]
    first = custody.get("firstResponsible")
    found = {
        Holder("CUSTODIAN", custody["custodian"], provisional=provisional),
        Holder("RESPONSIBLE_UNIT", custody["responsibleUnit"], provisional=provisional),
    } | {Holder(one["duty"], person=one["person"], provisional=provisional) for one in custody["duties"]}
    if first:
        unit, post = first["organization"], first["position"]
        found.add(Holder("FIRST_RESPONSIBLE", unit, unit, post, provisional=provisional))
    return found


def supervising(supervision: Iterable[dict[str, Any]]) -> set[Holder]:
    """监管单位, each with the post of its 第一监管责任人."""
    return {
        Holder(
            "SUPERVISOR",
            one["supervisor"],
            one["firstSupervisor"]["organization"],
            one["firstSupervisor"]["position"],
        )
        for one in supervision
    }
