"""What every aggregate and every event of this service has in common.

An aggregate's public methods decide: they ask the occasion, raise a refusal or record events. Its private methods
marked `@event(SomeEvent)` only assign: replay runs them and nothing else, so a rule tightened later can never
break history. Built on `eventsourcing.domain`; the log's envelope (position, recorded_at, actor …) is not known here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any, ClassVar, Final, Self, TypeGuard, get_type_hints

from eventsourcing.domain import BaseAggregate, CanInitAggregate, CanMutateAggregate
from pydantic import TypeAdapter
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from domain.bounds import Bound, hold
from domain.occasion import Basis, Occasion
from domain.values import LOG, Value

ENVELOPE_FIELDS: Final = frozenset(
    {"originator_id", "originator_version", "originator_topic", "timestamp", "occurred_on", "basis"}
)
"""Fields of an event object that the log keeps in its envelope or can derive, not in the event's data."""


class DomainEvent(Value, CanMutateAggregate[str]):
    """A decision or a fact, in the past tense. `occurred_on` is its business date, `basis` why it was allowed.

    `timestamp` is what the library asks for: midnight UTC of the business date, because the moment of recording is
    the log's to assign.
    """

    TOPIC: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""
    """Chinese name of the event, for timelines and schemas."""
    AFTER_END: ClassVar[bool] = False
    """Whether it can still be about its aggregate when that is no more (`DomainAggregate.ended_on`)."""
    DAY: ClassVar[tuple[Bound, ...]] = ()
    """Bounds of its business day, beside today and the start of its aggregate."""
    class_version: ClassVar[int] = 1

    originator_id: str
    originator_version: int
    timestamp: datetime
    occurred_on: date
    basis: Basis

    def _as_dict(self) -> dict[str, Any]:
        return self.__dict__


class CreatedEvent(DomainEvent, CanInitAggregate[str]):
    """The first event of a stream."""

    originator_topic: str


def is_event(value: object) -> TypeGuard[type[DomainEvent]]:
    """Whether `value` is an event class."""
    return isinstance(value, type) and issubclass(value, DomainEvent)


def _library_time(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


class DomainAggregate(BaseAggregate[str]):
    """An aggregate with a text id; its stream is `<KIND>-<id>`.

    Subclasses annotate their attributes: the annotations are the schema of the cached state. An aggregate may be
    written in parts, base classes that share its `Event`; what has a KIND stands in `domain.catalogue`.
    """

    TOPIC: ClassVar[str] = ""
    KIND: ClassVar[str] = ""

    class Event(DomainEvent):
        """Root of the aggregate's events."""

    def __init_subclass__(cls, *, created_event_name: str = "") -> None:
        """Take over the events of the aggregate's parts as they are.

        Left alone, the library makes a class of its own for every inherited event, and such a class has lost its
        mutator. It takes those for its own that stand in the class itself and descend from the class's `Event`.
        """
        for part in cls.__bases__:
            events = {name: value for name, value in vars(part).items() if is_event(value)}
            for name, event in events.items():
                if name not in vars(cls):
                    setattr(cls, name, event)
                if name != "Event" and not issubclass(event, cls.Event):
                    msg = f"{cls.__name__}.{name} of {part.__name__}: parts of an aggregate share one `Event`"
                    raise TypeError(msg)
        super().__init_subclass__(created_event_name=created_event_name)

    @classmethod
    def stream_of(cls, aggregate_id: str) -> str:
        """The log's name for one aggregate's events."""
        return f"{cls.KIND}-{aggregate_id}"

    @property
    def stream(self) -> str:
        """The stream of one aggregate, this one."""
        return self.stream_of(self.id)

    @property
    def begun_on(self) -> date | None:
        """The first day that an event of it can be about; None where nothing says so."""
        return None

    @property
    def ended_on(self) -> date | None:
        """The first day on which it is no more; None while it is there. After it nothing acts but by events `AFTER_END`."""
        return None

    def exists_on(self, day: date) -> bool:
        """Whether there is such a thing on that day, for whoever names it."""
        return self.ended_on is None or day < self.ended_on

    @property
    def excepted_as(self) -> str:
        """The stream that an exception for it names (`PolicyOverride`): its own, but where it is a matter of another."""
        return self.stream

    def must_exist(self, at: Occasion, field: str | None = None) -> None:
        """NOT_IN_EXISTENCE on a day on which it is not, or not yet, or no more there. `field`: what named it."""
        at.require(
            self.exists_on(at.on),
            "NOT_IN_EXISTENCE",
            what=self.id,
            field=field,
            date=at.on,
            until=self.ended_on,
            successor=self.follower,
        )

    @property
    def follower(self) -> str | None:
        """What stands in its place once it is no more."""
        return None

    @classmethod
    def begin(cls, event_class: type[CreatedEvent], aggregate_id: str, at: Occasion, **fields: Any) -> Self:
        """Record the first event. Refused: what its dates may not be (DATE_IN_FUTURE, DATE_ORDER; `domain.bounds`)."""
        hold(event_class, fields, None, at)
        return cls._create(
            event_class,
            id=aggregate_id,
            occurred_on=at.on,
            basis=at.basis(cls.stream_of(aggregate_id)),
            timestamp=_library_time(at.on),
            **fields,
        )

    def record(self, event_class: type[DomainEvent], at: Occasion, **fields: Any) -> None:
        """Record the next event and let its mutator assign.

        Refused: OVERRIDE_OTHER_SUBJECT (an exception for another), NOT_IN_EXISTENCE (after its end), and what the event's dates may not be (DATE_IN_FUTURE,
        DATE_ORDER; `domain.bounds`).
        """
        if not event_class.AFTER_END and self.ended_on is not None and at.on >= self.ended_on:
            self.must_exist(at)
        hold(event_class, fields, self, at)
        self.trigger_event(
            event_class,
            occurred_on=at.on,
            basis=at.basis(self.excepted_as),
            timestamp=_library_time(at.on),
            **fields,
        )

    @classmethod
    def _state_adapter(cls) -> TypeAdapter[dict[str, Any]]:
        adapter = _STATE_ADAPTERS.get(cls)
        if adapter is None:
            hints = {
                name: hint
                for name, hint in get_type_hints(cls, include_extras=True).items()
                if name not in _NOT_STATE and not name.startswith("_")
            }
            adapter = TypeAdapter(TypedDict(f"{cls.__name__}State", hints))  # type: ignore[operator]
            _STATE_ADAPTERS[cls] = adapter
            _STATE_FIELDS[cls] = tuple(hints)
        return adapter

    def dump_state(self) -> bytes:
        """The current state as JSON bytes: a cache that replay can always rebuild, never a source."""
        adapter = self._state_adapter()
        attributes = self.__dict__
        state = {name: attributes[name] for name in _STATE_FIELDS[type(self)]}
        return adapter.dump_json(state, context=LOG, by_alias=True)

    def view(self) -> dict[str, Any]:
        """The current state as the API shows it: camelCase names, money in yuan, dates as ISO strings."""
        adapter = self._state_adapter()
        state = {name: self.__dict__[name] for name in _STATE_FIELDS[type(self)]}
        shown = adapter.dump_python(state, mode="json", by_alias=True, exclude_none=True)
        return {_camel(name): value for name, value in shown.items()}

    @classmethod
    def load_state(cls, aggregate_id: str, version: int, state: bytes) -> Self:
        """The aggregate as it was when `state` was dumped at `version`."""
        aggregate = object.__new__(cls)
        attributes = aggregate.__dict__
        attributes.update(cls._state_adapter().validate_json(state, context=LOG, by_alias=True))
        attributes["_id"] = aggregate_id
        attributes["_version"] = version
        attributes["_created_on"] = attributes["_modified_on"] = _library_time(date.min)
        attributes["_pending_events"] = []
        return aggregate


_camel = cache(to_camel)
_NOT_STATE: Final = frozenset({"TOPIC", "KIND", "INITIAL_VERSION"})
_STATE_ADAPTERS: dict[type, TypeAdapter[dict[str, Any]]] = {}
_STATE_FIELDS: dict[type, tuple[str, ...]] = {}
