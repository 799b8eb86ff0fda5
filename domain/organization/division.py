"""Administrative divisions (区划), with validity and successors.

Old events keep the codes of their day: a division that became another (玉麦乡 → 玉麦镇) stays in the history and
names its successor; nothing is rewritten (AMB-24).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay
from domain.organization.succession import ClosingDay, to_be_succeeded
from domain.values import BusinessDate, Code, DivisionCode, Name, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion


class DivisionCard(Value):
    """An administrative division: code of GB/T 2260 (6 digits) extended to 9 and 12."""

    name: Name = Field(title="名称")
    level: Literal["county", "township", "state_farm", "village", "community", "farm_team"] = Field(
        title="级别"
    )
    parent: DivisionCode | None = Field(default=None, title="上级区划")
    valid_from: FactDay = Field(title="生效日期")


class Division(DomainAggregate):
    """An administrative division and its names over time."""

    TOPIC: ClassVar[str] = "division"
    KIND: ClassVar[str] = "division"

    card: Annotated[DivisionCard, Field(title="区划登记内容")]
    name: Annotated[str, Field(title="区划名称")]
    successor: Annotated[str | None, Field(title="继任区划")]
    closed_on: Annotated[date | None, Field(title="撤销日期")]

    @property
    def begun_on(self) -> date:
        """The day from which the division exists."""
        return self.card.valid_from

    @property
    def ended_on(self) -> date | None:
        """The day from which another division stands in its place."""
        return self.closed_on

    @property
    def follower(self) -> str | None:
        """The division in its place."""
        return self.successor

    def exists_on(self, day: date) -> bool:
        """From the day it was entered with until another stands in its place."""
        return self.card.valid_from <= day and super().exists_on(day)

    class Event(DomainAggregate.Event):
        """Root of the division's events."""

    class Defined(Event, CreatedEvent):
        """The division exists from its valid_from on."""

        TOPIC: ClassVar[str] = "division.defined"
        TITLE: ClassVar[str] = "设立区划"
        card: DivisionCard = Field(title="区划登记内容")

    @classmethod
    def define(cls, code: str, card: DivisionCard, at: Occasion) -> Division:
        """Enter a division."""
        return cls.begin(cls.Defined, code, at, card=card)

    @event(Defined)
    def __init__(self, card: DivisionCard) -> None:
        self.card = card
        self.name = card.name
        self.successor = None
        self.closed_on = None

    class Succeeded(Event):
        """From a day on another division stands in its place."""

        TOPIC: ClassVar[str] = "division.succeeded"
        TITLE: ClassVar[str] = "区划变更"
        successor: Code = Field(title="继任区划")
        closed_on: ClosingDay = Field(title="撤销日期")
        document_no: Name = Field(title="变更依据文号")

    def be_succeeded(self, successor: str, closed_on: date, document_no: str, at: Occasion) -> None:
        """Close this division in favour of its successor.

        Refused: SAME_PARTY when it would succeed itself, STEP_OUT_OF_ORDER when another one has.
        """
        if to_be_succeeded(self, successor, closed_on, "divisionSuccession"):
            self.record(self.Succeeded, at, successor=successor, closed_on=closed_on, document_no=document_no)

    @event(Succeeded)
    def _succeeded(self, successor: Code, closed_on: BusinessDate) -> None:
        self.successor = successor
        self.closed_on = closed_on
