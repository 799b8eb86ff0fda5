"""Events to bytes and back.

The log keeps each event as canonical JSON (RFC 8785) of its envelope. Only a subset of JSON is let in: objects with
ASCII keys, strings without lone surrogates and NUL, integers within ±(2^53 - 1), true, false, null. In this subset
sorting keys by bytes is what RFC 8785 asks for, no number has two spellings, and no reader in any language loses
anything. Positions are not in the bytes: they are the leaf's index in the tree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from domain.aggregate import ENVELOPE_FIELDS, DomainEvent
from domain.catalogue import AGGREGATE_KINDS, EVENT_TYPES
from domain.recorded import RecordedEvent
from domain.values import LOG
from service.log.appending import Append, AppendMalformed, NewEvent

MAX_EVENT_BYTES: Final = 1_048_576
"""Largest canonical event. An event is a fact with its reasons; documents are kept elsewhere and named by digest."""
MAX_APPEND_BYTES: Final = 67_108_864
"""Largest command, all its events together."""
MAX_DEPTH: Final = 32
"""Deepest nesting of objects and arrays."""
MAX_NAME_CHARS: Final = 300
"""Longest stream name, claim key, idempotency key."""
STAMP_BYTES: Final = 27
"""Length of `2026-01-02T03:04:05.678901Z`: fixed, so that everything around it can be prepared beforehand."""

_OPTIONS: Final = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_SCALARS: Final = frozenset({str, int, bool, type(None)})
_ESCAPED_NUL: Final = b"\\u0000"
_STAMP_KEY: Final = b'"recordedAt":"'
_COUNTY: Final = re.compile(r"[0-9]{6}", re.ASCII)
_TYPE: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}", re.ASCII)


class UnknownEvent(Exception):  # noqa: N818  a state of the log against the code, not a mistake
    """The log holds an event that this code cannot read: a newer version of the service wrote it."""


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of `value`; `AppendMalformed` if it leaves the subset this log admits."""
    _check(value, MAX_DEPTH)
    try:
        encoded = orjson.dumps(value, option=_OPTIONS)
    except (TypeError, ValueError) as error:  # lone surrogates, integers beyond 2^53 - 1
        raise AppendMalformed(str(error)) from error
    if _ESCAPED_NUL in encoded and _holds_nul(value):
        msg = "text holds the character U+0000"
        raise AppendMalformed(msg)
    return encoded


def _check(value: Any, depth: int) -> None:
    kind = type(value)
    if kind in _SCALARS:
        return
    if depth == 0:
        msg = f"nested deeper than {MAX_DEPTH}"
        raise AppendMalformed(msg)
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                msg = f"object key {key!r} is not ASCII text"
                raise AppendMalformed(msg)
            if type(item) not in _SCALARS:
                _check(item, depth - 1)
    elif kind is list or kind is tuple:
        for item in value:
            if type(item) not in _SCALARS:
                _check(item, depth - 1)
    else:
        msg = f"{kind.__name__} is not let into the log"
        raise AppendMalformed(msg)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any("\x00" in key or _holds_nul(item) for key, item in value.items())
    return isinstance(value, list | tuple) and any(_holds_nul(item) for item in value)


def stamp(moment: datetime) -> bytes:
    """`recordedAt` as the log writes it: UTC, microseconds, always `STAMP_BYTES` long."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26].encode() + b"Z"


class PreparedEvent(NamedTuple):
    """One event, encoded up to the moment of recording: its bytes are `before + stamp + after`."""

    stream: str
    version: int
    type: str
    schema: int
    occurred_on: date
    before: bytes
    after: bytes


def prepare(county: str, append: Append) -> list[PreparedEvent]:
    """Check a whole append and encode its events; `AppendMalformed` says what is wrong with it."""
    _check_names(county, append)
    claims = [{"key": claim.key, "kind": claim.kind} for claim in append.claims]
    prepared: list[PreparedEvent] = []
    size = 0
    for stream_append in append.streams:
        stream = stream_append.stream
        version = stream_append.expected_version
        for event in stream_append.events:
            version += 1
            _check_event(event)
            encoded = canonical(
                {
                    "actor": append.actor,
                    "basis": event.basis,
                    "causationId": append.causation_id,
                    "claims": claims,
                    "commandId": append.command_id,
                    "correlationId": append.correlation_id,
                    "county": county,
                    "data": event.data,
                    "occurredOn": event.occurred_on.isoformat(),
                    "recordedAt": "",
                    "schema": event.schema,
                    "stream": stream,
                    "type": event.type,
                    "version": version,
                }
            )
            # The last one: what follows holds no other such key and no unescaped quotation mark inside a text.
            split = encoded.rindex(_STAMP_KEY) + len(_STAMP_KEY)
            length = len(encoded) + STAMP_BYTES
            if length > MAX_EVENT_BYTES:
                msg = f"an event of {length} bytes; the limit is {MAX_EVENT_BYTES}"
                raise AppendMalformed(msg)
            size += length
            prepared.append(
                PreparedEvent(
                    stream,
                    version,
                    event.type,
                    event.schema,
                    event.occurred_on,
                    encoded[:split],
                    encoded[split:],
                )
            )
            claims = []  # they stand in the command's first event only
    if size > MAX_APPEND_BYTES:
        msg = f"a command of {size} bytes; the limit is {MAX_APPEND_BYTES}"
        raise AppendMalformed(msg)
    return prepared


def _check_names(county: str, append: Append) -> None:
    if not _COUNTY.fullmatch(county):
        msg = f"county {county!r} is not a six-digit code"
        raise AppendMalformed(msg)
    if not append.streams:
        msg = "an append needs at least one stream"
        raise AppendMalformed(msg)
    for item in append.streams:
        _check_name("stream", item.stream)
        if not item.events or item.expected_version < 0:
            msg = f"stream {item.stream} needs events and an expected version of 0 or more"
            raise AppendMalformed(msg)
    if len(append.streams) > 1 and len({item.stream for item in append.streams}) != len(append.streams):
        msg = "a stream stands twice in one append"
        raise AppendMalformed(msg)
    for claim in append.claims:
        _check_name("claim kind", claim.kind)
        _check_name("claim key", claim.key)
    if len(append.claims) > 1 and len(set(append.claims)) != len(append.claims):
        msg = "a claim stands twice in one append"
        raise AppendMalformed(msg)
    if append.idempotency is not None:
        check_idempotency_names(append.idempotency.scope, append.idempotency.key)


def check_idempotency_names(scope: str, key: str) -> None:
    """`AppendMalformed` unless both can be stored."""
    _check_name("idempotency scope", scope)
    _check_name("idempotency key", key)


def _check_name(what: str, name: str) -> None:
    if not name or len(name) > MAX_NAME_CHARS or not name.isprintable():
        msg = f"{what} {name[:40]!r} must have 1 to {MAX_NAME_CHARS} printable characters"
        raise AppendMalformed(msg)


@lru_cache(maxsize=1024)
def _is_type_name(name: str) -> bool:
    return _TYPE.fullmatch(name) is not None


def _check_event(event: NewEvent) -> None:
    if type(event.occurred_on) is not date:
        msg = "occurred_on is a date, not a moment"
        raise AppendMalformed(msg)
    if not _is_type_name(event.type):
        msg = f"event type {event.type!r} is not made of ASCII letters, digits, dots, hyphens and underscores"
        raise AppendMalformed(msg)
    if event.schema < 1 or type(event.data) is not dict or type(event.basis) is not dict:
        msg = "an event has a schema from 1 on, and objects as data and basis"
        raise AppendMalformed(msg)


class EventCodec:
    """Domain events ↔ log, in plain JSON.

    `types` maps stored names to event classes; the default is every event the domain has registered. Old data goes
    through the library's `upcast_v1_v2(state)` … static methods here, and only here: replay of aggregates and
    projections read the same upcast data.
    """

    def __init__(self, types: Mapping[str, Any] | None = None) -> None:
        self._types: Mapping[str, Any] = EVENT_TYPES if types is None else types

    def upcast(self, event_type: str, schema: int, data: dict[str, Any]) -> int:
        """Bring `data` to its type's current schema, in place; returns that schema. `UnknownEvent` if newer."""
        event_class = self._types.get(event_type)
        if event_class is None:
            msg = f"event type {event_type!r} is not known to this version of the service"
            raise UnknownEvent(msg)
        current: int = getattr(event_class, "class_version", 1)
        if schema > current:
            msg = f"{event_type} has schema {schema}; this version of the service knows up to {current}"
            raise UnknownEvent(msg)
        while schema < current:
            getattr(event_class, f"upcast_v{schema}_v{schema + 1}")(data)
            schema += 1
        return schema

    def decode(self, county: str, position: int, body: bytes) -> RecordedEvent:
        """The stored bytes as an event, upcast."""
        envelope = orjson.loads(body)
        data = envelope["data"]
        event_type = envelope["type"]
        return RecordedEvent(
            county,
            position,
            envelope["stream"],
            envelope["version"],
            event_type,
            self.upcast(event_type, envelope["schema"], data),
            date.fromisoformat(envelope["occurredOn"]),
            datetime.fromisoformat(envelope["recordedAt"]),
            envelope["actor"],
            envelope["commandId"],
            envelope["correlationId"],
            envelope["causationId"],
            envelope["basis"],
            data,
        )

    def new_event(self, event: DomainEvent, *, late: bool = False) -> NewEvent:
        """What the log is asked to record for a domain event. `late`: it lies before an older one of its stream."""
        return NewEvent(
            type=type(event).TOPIC,
            schema=type(event).class_version,
            occurred_on=event.occurred_on,
            data=event.model_dump(
                mode="json", by_alias=True, context=LOG, exclude=set(ENVELOPE_FIELDS), exclude_none=True
            ),
            basis=event.basis.model_dump(mode="json", by_alias=True, context=LOG, exclude_none=True),
            late=late,
        )

    def domain_event(self, recorded: RecordedEvent) -> DomainEvent:
        """The domain event that a recorded one was, ready to be replayed."""
        event_type, day = recorded.type, recorded.occurred_on
        event_class: type[DomainEvent] | None = self._types.get(event_type)
        if event_class is None:
            msg = f"event type {event_type!r} is not known to this version of the service"
            raise UnknownEvent(msg)
        fields: dict[str, Any] = {
            **recorded.data,
            "originator_id": recorded.aggregate_id,
            "originator_version": recorded.version,
            "timestamp": datetime(day.year, day.month, day.day, tzinfo=UTC),
            "occurred_on": day,
            "basis": recorded.basis,
        }
        if "originator_topic" in event_class.model_fields:
            fields["originator_topic"] = AGGREGATE_KINDS[event_type.partition(".")[0]].TOPIC
        return event_class.model_validate(fields, context=LOG)


def claims_in(body: bytes) -> Sequence[tuple[str, str]]:
    """(kind, key) of every claim made by the command whose first event this is."""
    return [(claim["kind"], claim["key"]) for claim in orjson.loads(body)["claims"]]
