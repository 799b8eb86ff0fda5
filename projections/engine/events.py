"""Events as projections read them: decoded from the log's bytes once, and only as far as somebody looks.

A ledger needs the envelope of every event and the data of most; the rest of the bytes is skipped. The same class is
made from a `RecordedEvent`, for tests and for readers that already have one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
import orjson

from domain.catalogue import EVENT_TYPES

Upcast = Callable[[str, int, dict[str, Any]], int]
"""(type, stored schema, data) → current schema, bringing `data` there in place; raises for what it does not know."""


class Undecodable(Exception):  # noqa: N818  names a state, like its siblings
    """The stored bytes at a position cannot be read by this code."""

    def __init__(self, position: int, event_type: str | None, reason: str) -> None:
        super().__init__(f"event {position} cannot be read: {reason}")
        self.position = position
        self.event_type = event_type
        """None when not even the type could be found out, or this code does not know it."""
        self.reason = reason


class _Actor(msgspec.Struct, gc=False):
    id: str = ""
    kind: str = ""
    organization: str | None = None


class _Basis(msgspec.Struct, gc=False):
    warnings: list[msgspec.Raw] = []
    findings: list[msgspec.Raw] = []
    provenance: str | None = None


_MOST_DAYS: Final = 40_000  # a century of days; more can only be nonsense, and then they are not remembered


class _Days(dict[str, date]):
    """Days that were read before, by their text."""

    def __missing__(self, text: str) -> date:
        read = date.fromisoformat(text)
        if len(self) < _MOST_DAYS:
            self[text] = read
        return read


day: Final[Callable[[str], date]] = _Days().__getitem__
"""An ISO date of the log as a date. (The look-up itself, without a call: it is asked ten times an event.)"""


def day_or_none(text: str | None) -> date | None:
    """An ISO date that may be absent."""
    return None if text is None else day(text)


class LedgerEvent(msgspec.Struct, rename="camel", gc=False):
    """One event of the log, its data upcast to the current schema of its type."""

    stream: str
    version: int
    type: str
    schema: int
    occurred_on: str
    """Business date, ISO."""
    recorded_at: str
    """UTC moment, ISO."""
    actor: _Actor
    basis: _Basis
    raw: msgspec.Raw = msgspec.field(name="data")
    position: int = 0
    id: str = ""
    """The aggregate's id: the stream's name after its first hyphen."""
    day: date = date.min
    """Business date."""
    decoded: dict[str, Any] | None = None

    @property
    def data(self) -> dict[str, Any]:
        """The event's own fields: camelCase keys, money in fen, dates as ISO strings. Not to be changed."""
        if self.decoded is None:
            self.decoded = orjson.loads(memoryview(self.raw))
        return self.decoded

    @property
    def moment(self) -> datetime:
        """When it was recorded."""
        return datetime.fromisoformat(self.recorded_at)


class EventReader:
    """Decodes stored events for projections. `upcast` is the codec's: old data is brought up in one place only.

    `shape` may be a subclass that looks at more of an event.
    """

    def __init__(self, upcast: Upcast, shape: type[LedgerEvent] = LedgerEvent) -> None:
        self._decode = msgspec.json.Decoder(shape).decode
        self._upcast = upcast
        self._schemas = {name: getattr(cls, "class_version", 1) for name, cls in EVENT_TYPES.items()}

    def read(self, position: int, body: bytes) -> LedgerEvent:
        """One event; `Undecodable` if the bytes, the type or the schema are not known to this code."""
        try:
            event = self._decode(body)
        except (msgspec.MsgspecError, ValueError) as error:
            raise Undecodable(position, self._type_of(body), f"{type(error).__name__}: {error}") from error
        _complete(event, position)
        if self._schemas.get(event.type) != event.schema:
            try:
                event.schema = self._upcast(event.type, event.schema, event.data)
            except Exception as error:
                known = event.type if event.type in self._schemas else None
                raise Undecodable(position, known, f"{type(error).__name__}: {error}") from error
        return event

    def read_all(self, rows: Iterable[Sequence[Any]]) -> list[LedgerEvent]:
        """Many events from (position, bytes)."""
        decode, schemas = self._decode, self._schemas
        events = []
        for position, body in rows:
            try:
                event = decode(body)
            except (msgspec.MsgspecError, ValueError):
                event = self.read(position, body)  # raises, with the position
            if schemas.get(event.type) != event.schema:
                event = self.read(position, body)
            _complete(event, position)
            events.append(event)
        return events

    def _type_of(self, body: bytes) -> str | None:
        """The type named in bytes that are not an event; None if there is none that this code knows."""
        try:
            found = orjson.loads(body)
        except ValueError:
            return None
        name = found.get("type") if isinstance(found, dict) else None
        return name if isinstance(name, str) and name in self._schemas else None


def _complete(event: LedgerEvent, position: int) -> None:
    """What every ledger asks of an event, worked out once."""
    event.position = position
    event.id = event.stream.partition("-")[2]
    event.day = day(event.occurred_on)
