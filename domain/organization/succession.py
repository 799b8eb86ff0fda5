"""The end of a division or unit in favour of its successor (C4.3-10)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Protocol

from domain.bounds import FactDay, NotBefore
from domain.refusals import refuse

ClosingDay = Annotated[FactDay, NotBefore("its.card.valid_from", clause="C4.3-10")]
"""A unit or division is no more from this day on: not before it began."""


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


def to_be_succeeded(one: _Succeeded, successor: str, closed_on: date, step: str) -> bool:
    """Whether a succession is to be recorded; False for what stands already.

    SAME_PARTY when it would succeed itself, STEP_OUT_OF_ORDER when another one has.
    """
    if successor == one.id:
        raise refuse("SAME_PARTY", clause="C4.3-10", party=successor)
    if (successor, closed_on) == (one.successor, one.closed_on):
        return False
    if one.closed_on is not None:
        raise refuse("STEP_OUT_OF_ORDER", clause="C4.3-10", step=step, state="SUCCEEDED")
    return True
