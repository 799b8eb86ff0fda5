"""An event as it comes back from the log, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from domain.aggregate import DomainEvent
from domain.recorded import RecordedEvent
from service.log.appending import Append, StreamAppend
from service.log.codec import EventCodec, prepare, stamp

COUNTY: Final = "653022"
CODEC: Final = EventCodec()
MOMENT: Final = datetime(2022, 6, 17, 4, 5, 6, tzinfo=UTC)


def through_the_log(event: DomainEvent) -> DomainEvent:
    """The event that is read from the bytes the log keeps of `event`."""
    return CODEC.domain_event(recorded(event))


def recorded(event: DomainEvent) -> RecordedEvent:
    """What the log has of an event, at its first place."""
    kind = event.TOPIC.partition(".")[0]
    stream = StreamAppend(
        f"{kind}-{event.originator_id}", event.originator_version - 1, [CODEC.new_event(event)], b"", ""
    )
    append = Append(
        command_id="c-1", actor={"id": "k_01"}, correlation_id="w-1", causation_id=None, streams=[stream]
    )
    (prepared,) = prepare(COUNTY, append)
    return CODEC.decode(COUNTY, 1, prepared.before + stamp(MOMENT) + prepared.after)
