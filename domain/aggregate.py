"""The base of every aggregate and every event of this service.

An aggregate's public methods decide: they ask the occasion, raise a refusal or record events. Its private methods
marked `@event(SomeEvent)` only assign: replay runs them and nothing else, so a rule tightened later can never
break history. Built on `eventsourcing.domain`; the log's envelope (position, recorded_at, actor …) is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache, partial
from typing import Any, ClassVar, Final, NotRequired, Self, TypeGuard, get_type_hints

from eventsourcing.domain import BaseAggregate, CanInitAggregate, CanMutateAggregate
from pydantic import TypeAdapter
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from domain.bounds import Bound, hold
from domain.execution import Execution
from domain.occasion import Basis, Occasion
from domain.order import UNPLACED, Place, place_of, placed
from domain.refusals import RegulationWarning
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
    FACT: ClassVar[bool] = False
    """Whether it happened whoever says so (D6): then it is recorded although a later step cannot be squared with it, with a
    finding. What is not a fact is decided, and a decision that makes a later step impossible is refused.
    """
    WHOLE: ClassVar[str] = ""
    """What it says the whole of, if of anything: what an event that says the whole of the same says, entered later for an
    earlier day, would be undone by it.
    """
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

    def carries_out(self, it: Any) -> Execution | None:  # noqa: ARG002  events of some kinds ask it
        """What a procedure decided on and this carries out, `it` being the aggregate after it; None: nothing yet."""
        return None


class CreatedEvent(DomainEvent, CanInitAggregate[str]):
    """The first event of a stream."""

    originator_topic: str


def is_event(value: object) -> TypeGuard[type[DomainEvent]]:
    """Whether `value` is an event class."""
    return isinstance(value, type) and issubclass(value, DomainEvent)


def _library_time(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


class _Standing:
    """The days of an aggregate's events as far as it knows them; beside the library's class, which takes annotations
    for fields.
    """

    _through = date.min
    """The newest business day of its events but the first: what lies before it is late, and folds everything anew."""
    _history: Sequence[DomainEvent] | None = None
    """The events that the log has of it, where they are at hand: then it can be taken to the state of another day."""
    _stands_on: date | None = None
    """The day whose state it shows; None: now."""
    _late: frozenset[int] = frozenset()
    """Versions of new events that lie before an older one."""


class DomainAggregate(_Standing, BaseAggregate[str]):
    """An aggregate with a text id; its stream is `<KIND>-<id>`.

    Subclasses annotate their attributes: the annotations are the schema of the cached state. An aggregate may be
    written in parts, base classes that share its `Event`; what has a KIND stands in `domain.catalogue`.
    """

    TOPIC: ClassVar[str] = ""
    KIND: ClassVar[str] = ""
    IN_BUSINESS_TIME: ClassVar[bool] = True
    """Whether its events are folded by their business days (`domain.order`). Those that say no, and are folded by their place
    in the log alone, stand with a reason in `tests/domain/by_position.toml`.
    """

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
        begun = cls._create(
            event_class,
            id=aggregate_id,
            occurred_on=at.on,
            basis=at.basis(cls.stream_of(aggregate_id)),
            timestamp=_library_time(at.on),
            **fields,
        )
        begun.__dict__["_history"] = ()  # all its events are those that it recorded
        return begun

    def record(self, event_class: type[DomainEvent], at: Occasion, **fields: Any) -> None:
        """Record the next event and let its mutator assign.

        Refused: OVERRIDE_OTHER_SUBJECT (an exception for another), NOT_IN_EXISTENCE (after its end), and what the event's dates may not be (DATE_IN_FUTURE,
        DATE_ORDER; `domain.bounds`). Raises `Late` for a day before the newest where its events are not at hand.
        """
        late = at.on < self._through
        if late and self.IN_BUSINESS_TIME and self._stands_on is None:
            self._record_late(event_class, at, fields)
        else:
            if self._stands_on is not None:
                self.stand_on(at.on)
            self._hold(event_class, at, fields)
            self._record(event_class, at, fields)
        if late:
            self._late |= {self.version}
        else:
            self._through = at.on

    def _record_late(self, event_class: type[DomainEvent], at: Occasion, fields: dict[str, Any]) -> None:
        """Record an event in its place among what is known, and show the state of now again, whatever comes of it."""
        if self._history is None:
            self._hold(event_class, at, fields)
            raise Late(self.stream, at.on, fact=event_class.FACT)
        self.stand_on(at.on)
        try:
            self._hold(event_class, at, fields)
            self._record(event_class, at, fields)
        finally:
            self.stand_on(None)

    def _hold(self, event_class: type[DomainEvent], at: Occasion, fields: dict[str, Any]) -> None:
        if not event_class.AFTER_END and self.ended_on is not None and at.on >= self.ended_on:
            self.must_exist(at)
        hold(event_class, fields, self, at)

    def _record(self, event_class: type[DomainEvent], at: Occasion, fields: dict[str, Any]) -> None:
        self.trigger_event(
            event_class,
            occurred_on=at.on,
            basis=at.basis(self.excepted_as),
            timestamp=_library_time(at.on),
            **fields,
        )

    # ---- the state of another day ------------------------------------------------------------------------------

    @property
    def through(self) -> date:
        """The newest business day of its events but the first."""
        return self._through

    @property
    def stands_on(self) -> date | None:
        """The day whose state it shows; None: now."""
        return self._stands_on

    @property
    def late(self) -> frozenset[int]:
        """Versions of its new events that lie before older ones."""
        return self._late

    @property
    def now(self) -> Self:
        """The same one as it is now, whatever day this shows: for what is counted over all its days."""
        if self._stands_on is None:
            return self
        whole: Self = fold_stream(self.history).aggregate
        return whole

    @property
    def history(self) -> Sequence[DomainEvent]:
        """What the log has of it, where that is at hand, and what it recorded since."""
        return (*(self._history or ()), *self._pending_events)  # type: ignore[arg-type]  # all of ours

    def collect_events(self) -> Sequence[Any]:
        """What it recorded since it was loaded or asked last: for the log."""
        events = super().collect_events()
        if self._history is not None:
            self._history = (*self._history, *events)  # type: ignore[arg-type]  # all of ours
        return events

    def stand_on(self, day: date | None, history: Sequence[DomainEvent] | None = None) -> None:
        """Show the state of a day, that of its first event at least; None: of now. Its version stays, and what it recorded.

        `history`: the events that the log has of it. Raises `Late` where nobody has given them.
        """
        if history is not None:
            self._history = history
        if self._history is None:
            raise Late(self.stream, day or date.max)
        if self._stands_on == day and history is None:
            return
        keep = {name: self.__dict__[name] for name in _KEPT if name in self.__dict__}
        there = fold_stream(self.history, until=day).aggregate
        if there is None:
            raise Late(self.stream, day or date.max)
        self.__dict__.update(there.__dict__)
        self.__dict__.update(keep)
        self._stands_on = day

    def note(self, version: int, finding: RegulationWarning) -> None:
        """Add a finding to what an event that it has just recorded says of why it was allowed."""
        self._pending_events[:] = [
            one if one.originator_version != version else _with_finding(one, finding)
            for one in self._pending_events
        ]

    @classmethod
    def _state_adapter(cls) -> TypeAdapter[dict[str, Any]]:
        adapter = _STATE_ADAPTERS.get(cls)
        if adapter is None:
            hints = {
                name: hint
                for name, hint in get_type_hints(cls, include_extras=True).items()
                if name not in _NOT_STATE and not name.startswith("_")
            }
            _STATE_FIELDS[cls] = tuple(hints)
            hints[_THROUGH] = NotRequired[date]
            adapter = TypeAdapter(TypedDict(f"{cls.__name__}State", hints))  # type: ignore[operator]
            _STATE_ADAPTERS[cls] = adapter
        return adapter

    def dump_state(self) -> bytes:
        """The current state as JSON bytes: a cache that replay can always rebuild, never a source."""
        adapter = self._state_adapter()
        attributes = self.__dict__
        state = {name: attributes[name] for name in _STATE_FIELDS[type(self)]}
        state[_THROUGH] = self._through
        return adapter.dump_json(state, context=LOG, by_alias=True)

    def view(self) -> dict[str, Any]:
        """The current state as the API shows it: camelCase names, money in yuan, dates as ISO strings."""
        adapter = self._state_adapter()
        state = {name: self.__dict__[name] for name in _STATE_FIELDS[type(self)]}
        state[_THROUGH] = self._through
        shown = adapter.dump_python(state, mode="json", by_alias=True, exclude_none=True)
        del shown[_THROUGH]
        return {_camel(name): value for name, value in shown.items()}

    @classmethod
    def load_state(cls, aggregate_id: str, version: int, state: bytes) -> Self:
        """The aggregate as it was when `state` was dumped at `version`."""
        aggregate = object.__new__(cls)
        attributes = aggregate.__dict__
        attributes.update(cls._state_adapter().validate_json(state, context=LOG, by_alias=True))
        attributes["_through"] = attributes.pop(_THROUGH, date.min)
        attributes["_id"] = aggregate_id
        attributes["_version"] = version
        attributes["_created_on"] = attributes["_modified_on"] = _library_time(date.min)
        attributes["_pending_events"] = []
        return aggregate


_camel = cache(to_camel)
_NOT_STATE: Final = frozenset({"TOPIC", "KIND", "INITIAL_VERSION", "IN_BUSINESS_TIME"})
_STATE_ADAPTERS: dict[type, TypeAdapter[dict[str, Any]]] = {}
_STATE_FIELDS: dict[type, tuple[str, ...]] = {}
_THROUGH: Final = "folded_through"
"""The kept state's name for the newest business day."""
_KEPT: Final[tuple[str, ...]] = ("_version", "_pending_events", "_history", "_through", "_late")
"""What is not of the day whose state is shown."""


class Late(Exception):  # noqa: N818  says what is needed, and is no mistake
    """A day lies before the newest of an aggregate whose events are not at hand: it has to be loaded with them.

    `fact`: what was about to be recorded is one.
    """

    def __init__(self, stream: str, day: date, *, fact: bool = False) -> None:
        super().__init__(f"{stream} has later events than {day}")
        self.stream = stream
        self.day = day
        self.fact = fact


@dataclass(slots=True)
class Folded:
    """The aggregate that events make, None without its first; and the events that have no place in it."""

    aggregate: Any
    unplaced: list[DomainEvent] = field(default_factory=list)


def fold_stream(events: Iterable[DomainEvent], *, until: date | None = None, whole: bool = True) -> Folded:
    """Fold a stream's events, given in the order of the log: the one way from events to a state.

    `until`: only what had happened by that day, and the first event. What cannot be placed leaves nothing behind; in a
    `whole` stream (nothing is left out before its last event) that has no late event that is an error, and raised.
    """
    told = list(events)
    if not told or not isinstance(told[0], CreatedEvent):
        return Folded(None, told)
    aggregate: Any = told[0].mutate(None)
    cls = type(aggregate)
    rest = told[1:]
    within = rest if until is None else [one for one in rest if one.occurred_on <= until]
    newest, late = date.min, False
    for one in rest:
        late = late or one.occurred_on < newest
        newest = max(newest, one.occurred_on)
    aggregate._through = newest  # noqa: SLF001
    if (late or not whole) and cls.IN_BUSINESS_TIME:
        unplaced = placed(within, _place, partial(_take, aggregate))
    else:
        unplaced = [one for one in within if not _must_take(aggregate, one)]
    aggregate._version = told[-1].originator_version  # noqa: SLF001
    return Folded(aggregate, unplaced)


def _place(event: DomainEvent) -> Place:
    return place_of(event.originator_version, event.occurred_on, event.originator_version)


def _must_take(aggregate: DomainAggregate, event: DomainEvent) -> bool:
    aggregate._version = event.originator_version - 1  # noqa: SLF001  the library counts, and so does the log
    event.mutate(aggregate)
    return True


def _take(aggregate: DomainAggregate, event: DomainEvent) -> bool:
    """Apply an event, or say that it cannot be and leave everything as it was: mutators replace attributes, never change them."""
    before = aggregate.__dict__.copy()
    try:
        return _must_take(aggregate, event)
    except UNPLACED:
        aggregate.__dict__.clear()
        aggregate.__dict__.update(before)
        return False


def _with_finding(event: Any, finding: RegulationWarning) -> Any:
    basis = event.basis
    return event.model_copy(
        update={"basis": basis.model_copy(update={"findings": (*basis.findings, finding)})}
    )
