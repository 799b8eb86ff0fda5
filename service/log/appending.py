"""Vocabulary of an append: what is asked of the log, and its answers.

A command asks for one `Append`: events for one or many streams that are stored together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be recorded. `data` and `basis` are JSON objects within the log's canonical subset (see codec)."""

    type: str
    schema: int
    occurred_on: date
    data: dict[str, Any]
    basis: dict[str, Any]
    late: bool = False
    """Whether it lies before an older event of its stream in business time (`domain.order`)."""


@dataclass(frozen=True, slots=True)
class StreamAppend:
    """Events for one stream, in order."""

    stream: str
    expected_version: int
    """The version the decision was made on; 0: the stream must not exist."""
    events: Sequence[NewEvent]
    state: bytes | None = None
    """The aggregate's state after these events: a cache."""
    state_code: str = ""
    """Version of the code that wrote `state`; other code must not read it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A key nobody else in the county may ever take, e.g. ("certificate", "陶确字2022001")."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Idempotency key: the sender's name for one request, so that sending it twice has one effect."""

    scope: str
    """The credential that sent it: other senders' keys are other keys."""
    key: str
    body_sha256: bytes
    """Digest of the request; the same key with another one is refused."""


@dataclass(frozen=True, slots=True)
class Append:
    """Everything one command wants stored, in one transaction.

    `respond` builds the answer's body from the receipt. It runs between the stamp and the commit and may run again
    if the commit has to be repeated: it must be pure and quick. With `idempotency` its result is stored beside the
    events, and a retry gets it back byte by byte.
    """

    command_id: str
    actor: dict[str, Any]
    correlation_id: str
    causation_id: str | None
    streams: Sequence[StreamAppend]
    claims: Sequence[Claim] = ()
    idempotency: Idempotency | None = None
    respond: Callable[[Receipt], bytes] | None = None


@dataclass(slots=True)
class Receipt:
    """Proof of storage: who holds one, finds these events in the log after any crash."""

    first_position: int
    last_position: int
    recorded_at: datetime
    events: Sequence[tuple[str, int, int, str]] = field(repr=False)
    """(stream, version, position, type) of each event."""
    response: bytes | None = field(default=None, repr=False)
    replayed: bool = False
    """True when an earlier request with the same idempotency key did it."""


class LogError(Exception):
    """The log did not do what was asked. Unless the class says otherwise, nothing was stored."""


class AppendMalformed(LogError, ValueError):  # noqa: N818  names a state, like its siblings
    """The append itself is wrong (unknown shape, outside the canonical subset, too big): a mistake of the caller."""


class VersionConflict(LogError):  # noqa: N818  names a state, like its siblings
    """The stream is not at the version the decision was made on."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"stream {stream} is at version {actual}, not {expected}")
        self.stream = stream
        self.expected = expected
        self.actual = actual


class ClaimTaken(LogError):  # noqa: N818  names a state, like its siblings
    """Someone else has the key, since the event at `position` of `stream`."""

    def __init__(self, kind: str, key: str, stream: str, position: int) -> None:
        super().__init__(f"{kind} {key!r} is taken by {stream} (position {position})")
        self.kind = kind
        self.key = key
        self.stream = stream
        self.position = position


class IdempotencyMismatch(LogError):  # noqa: N818  names a state, like its siblings
    """The idempotency key was used for another request."""

    def __init__(self, key: str) -> None:
        super().__init__(f"idempotency key {key!r} was used for another request")
        self.key = key


class AppendRefused(LogError):  # noqa: N818  names a state, like its siblings
    """The database refused this command's rows, and would again; `sqlstate` says how."""

    def __init__(self, command_id: str, sqlstate: str | None, message: str) -> None:
        super().__init__(f"command {command_id} refused by the database ({sqlstate or 'client'}): {message}")
        self.command_id = command_id
        self.sqlstate = sqlstate


class LogBusy(LogError):  # noqa: N818  names a state, like its siblings
    """More is waiting to be stored than the queue may hold; try again later."""


class LogUnavailable(LogError):  # noqa: N818  names a state, like its siblings
    """The database could not be reached or could not store anything in time; nothing of this command is stored."""


class LogReadOnly(LogUnavailable):
    """The database accepts no writes, e.g. a standby."""


class LogDamaged(LogUnavailable):
    """Contradiction between the tables of the log; nothing is stored until they agree."""


class ClockJumped(LogUnavailable):
    """The clock is far ahead of where it was a moment ago; nothing is recorded by it."""


class CommitterStopped(LogError):  # noqa: N818  names a state, like its siblings
    """The store is stopping or its committer failed before this command was tried."""


class OutcomeUnknown(LogError):  # noqa: N818  names a state, like its siblings
    """The connection was lost around the commit and the database did not come back in time to say what happened.

    The command may or may not be stored. A retry with the same idempotency key finds out and adds nothing twice.
    """

    def __init__(self, command_id: str) -> None:
        super().__init__(
            f"command {command_id} may or may not be stored: the connection was lost around its commit"
        )
        self.command_id = command_id
