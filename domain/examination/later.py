"""Effect of a late event on what came after it: later steps that were possible without it and are not with it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.examination.examination import Examined, Happened, Procedures, RulesAt, examine
from domain.occasion import Occasion
from domain.refusals import Refusal

_ABSOLUTE: Final = frozenset({"ALREADY_EXISTS"})
"""What no fact excuses: two things under one number."""


@dataclass(frozen=True, slots=True)
class Impeded:
    """A later step, and the code of the rule that it would break; None where it cannot be put at all."""

    event: Happened
    code: str | None
    undoes: bool = False
    """Whether it would undo the late event."""

    @property
    def absolute(self) -> bool:
        """Whether not even a fact can stand beside it."""
        return self.undoes or self.code in _ABSOLUTE

    def refusal(self, at: Occasion) -> Refusal:
        """The refusal that names the step."""
        event = self.event.event
        return at.refusal(
            "LATER_FACT_CONFLICT",
            clause=at.first_cited,
            type=event.TOPIC,
            title=event.TITLE,
            date=event.occurred_on,
            position=self.event.position,
            rule=self.code,
        )


def impeded(
    stream: str,
    events: Sequence[Happened],
    new: Collection[int],
    rules: RulesAt,
    procedures: Procedures,
) -> list[Impeded]:
    """Later steps of one stream that new events (by their positions) make impossible, in the order of business time.

    Found by putting the commands of everything after them anew, once without and once with them (decision 0012).
    """
    old = [one for one in events if one.position not in new]
    late = [one.event for one in events if one.position in new and one.event.WHOLE]
    undoing = [
        Impeded(one, None, undoes=True)
        for one in old
        for mine in late
        if one.event.WHOLE == mine.WHOLE and one.event.occurred_on > mine.occurred_on
    ]
    if undoing:
        return undoing
    first = min(one.event.occurred_on for one in events if one.position in new)
    sides = [examine(stream, side, rules, procedures, (first, date.max)) for side in (old, events)]
    without, with_them = map(_broken, sides)
    by_position = {one.position: one for one in old}
    found = [Impeded(by_position[place], code) for place, code in with_them - without if place in by_position]
    return sorted(found, key=lambda one: (one.event.event.occurred_on, one.event.position, one.code or ""))


def _broken(examined: Examined) -> set[tuple[int, str | None]]:
    """(position, code) of everything that was found; what could not be put anew has no code."""
    found: set[tuple[int, str | None]] = {
        (one.position, one.code) for one in examined.findings if one.source != "STORED"
    }
    return found | {(one.position, None) for one in examined.unjudged}
