"""The order in which what happened is folded: business time (D7), one definition for states, ledgers and past days.

What begins comes first, whatever its day. Then an event stands by its business day, and on one day by its place in the
log. One that rests on what is only there later by its day (the change of a contract, dated before the contract) waits,
and is placed right behind what it waited for; what has nothing to rest on has no place and leaves nothing behind.

The log keeps the order in which things became known: reading, delivery and proof go by that. The verifier of packs has
this order once more, in its own words: it takes nothing from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Final, TypeVar

UNPLACED: Final = (KeyError, IndexError, AttributeError)
"""What an event meets whose ground is not there yet."""

_E = TypeVar("_E")


def there(found: _E | None) -> _E:
    """What an event rests on; KeyError while it is not there yet, so that the event waits for it."""
    if found is None:
        raise KeyError
    return found


Place = tuple[int, date, int]
"""0 for the first event and 1 for what follows, business day, place in the log."""


def place_of(version: int, day: date, position: int) -> Place:
    """Where an event stands among those of its aggregate."""
    return int(version > 1), day, position


def placed(events: Iterable[_E], place: Callable[[_E], Place], take: Callable[[_E], bool]) -> list[_E]:
    """Give events to `take` in their order; gives those that it never took, in their order.

    `take` says whether it could, and has done nothing where it could not. Whatever waits is tried again as soon as
    something else was taken.
    """
    waiting: list[_E] = []
    for event in sorted(events, key=place):
        if not take(event):
            waiting.append(event)
            continue
        tried = 0
        while tried < len(waiting):
            if take(waiting[tried]):
                del waiting[tried]
                tried = 0
            else:
                tried += 1
    return waiting
