"""The end of a division or unit in favour of its successor (C4.3-10)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Protocol

from domain.refusals import refuse

if TYPE_CHECKING:
    from domain.occasion import Occasion


class _Dated(Protocol):
    @property
    def valid_from(self) -> date:
        """Since when it exists."""


class _Succeeded(Protocol):
    @property
    def id(self) -> str:
        """Its code."""

    @property
    def card(self) -> _Dated:
        """What is known of it."""

    @property
    def successor(self) -> str | None:
        """Who stands in its place; None: it still stands."""

    @property
    def closed_on(self) -> date | None:
        """Since when."""


def to_be_succeeded(one: _Succeeded, successor: str, closed_on: date, step: str, at: Occasion) -> bool:
    """Whether a succession is to be recorded; False for what stands already.

    SAME_PARTY when it would succeed itself, STEP_OUT_OF_ORDER when another one has, DATE_IN_FUTURE, DATE_ORDER before
    it existed.
    """
    if successor == one.id:
        raise refuse("SAME_PARTY", clause="C4.3-10", party=successor)
    if (successor, closed_on) == (one.successor, one.closed_on):
        return False
    if one.closed_on is not None:
        raise refuse("STEP_OUT_OF_ORDER", clause="C4.3-10", step=step, state="SUCCEEDED")
    at.not_in_future(closed_on, "closedOn")
    if closed_on < one.card.valid_from:
        raise refuse("DATE_ORDER", clause="C4.3-10", earlier="validFrom", later="closedOn")
    return True
