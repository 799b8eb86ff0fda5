"""What the store's tests append: small commands over the streams of an invented aggregate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, Final

from service.log.codec import EventCodec
from service.log.event_store import Append, Claim, Idempotency, NewEvent, Receipt, StreamAppend

COUNTY: Final = "653022"
ACTOR: Final = {"id": "k_01", "kind": "api-key", "organization": "653022202"}
DAY: Final = date(2022, 6, 17)


class Noted:
    """An event as the codec sees it."""

    class_version = 1


class Renamed:
    """An event whose data has changed its shape twice."""

    class_version = 3

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """It was a title."""
        state["title"] = state.pop("name")

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        """There may be several."""
        state["titles"] = [state.pop("title")]


CODEC: Final = EventCodec({"thing.noted": Noted, "thing.ended": Noted, "thing.renamed": Renamed})


def noted(number: int = 0, *, event_type: str = "thing.noted", **data: Any) -> NewEvent:
    """One event."""
    return NewEvent(
        event_type, 1, DAY, {"number": number, "name": "温室大棚", **data}, {"policy": "p1", "clauses": []}
    )


def stream_append(stream: str, expected: int, *events: NewEvent) -> StreamAppend:
    """One event, or these, for a stream."""
    state = f"state of {stream}".encode(errors="replace")
    return StreamAppend(stream, expected, events or (noted(),), state, "1")


def command(
    *streams: StreamAppend,
    claims: Sequence[Claim] = (),
    key: str | None = None,
    body: str = "body",
    scope: str = "k_01",
    command_id: str = "c-1",
    respond: Callable[[Receipt], bytes] | None = None,
) -> Append:
    """A command over these streams."""
    return Append(
        command_id=command_id,
        actor=ACTOR,
        correlation_id="w-1",
        causation_id=None,
        streams=streams,
        claims=claims,
        idempotency=idempotency(key, body, scope) if key is not None else None,
        respond=respond or (lambda receipt: b'{"position":%d}' % receipt.last_position),
    )


def idempotency(key: str, body: str = "body", scope: str = "k_01") -> Idempotency:
    """The name of a request."""
    return Idempotency(scope, key, sha256(body.encode()).digest())
