"""Persons who hold posts and answer for assets. Only what the duty needs: a code, a name, the home unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate, registered
from domain.values import Code, Name, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion


class PersonCard(Value):
    """An official or clerk."""

    name: Name = Field(title="姓名")
    organization: Code = Field(title="所在单位")


@registered
class Person(DomainAggregate):
    """A person known to the service."""

    TOPIC: ClassVar[str] = "person"
    KIND: ClassVar[str] = "person"

    card: PersonCard

    class Event(DomainAggregate.Event):
        """Root of the person's events."""

    class Registered(Event, CreatedEvent):
        """The person is known from now on."""

        TOPIC: ClassVar[str] = "person.registered"
        TITLE: ClassVar[str] = "人员登记"
        card: PersonCard

    @classmethod
    def register(cls, person: str, card: PersonCard, at: Occasion) -> Person:
        """Enter a person."""
        return cls.begin(cls.Registered, person, at, card=card)

    @event(Registered)
    def __init__(self, card: PersonCard) -> None:
        self.card = card
