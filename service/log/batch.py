"""One transaction of a county's log: which commands go into it, the rows they lead to, and its one statement.

A batch grows command by command, so that the next one is rendered while its predecessor is still under way: nothing is
left to do between two transactions but to send. It stands on the head it extends, and its statement stores everything
only if the log's head is still there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from time import monotonic
from typing import Any, Final

from service.log.appending import Append, Claim, Receipt
from service.log.codec import PreparedEvent, stamp
from service.log.merkle import Frontier


class Command:
    """One caller's append, waiting for its answer."""

    __slots__ = ("append", "arrived", "blocks", "events", "future", "size")

    def __init__(self, append: Append, events: list[PreparedEvent], future: asyncio.Future[Receipt]) -> None:
        self.append = append
        self.events = events
        self.future = future
        self.arrived = monotonic()
        size = 0
        for event in events:
            size += len(event.before) + len(event.after)
        self.size = size
        blocks: set[str | Claim | tuple[str, str]] = {stream.stream for stream in append.streams}
        if append.claims:
            blocks.update(append.claims)
        if append.idempotency is not None:
            blocks.add((append.idempotency.scope, append.idempotency.key))
        self.blocks = blocks
        """What no other command of the same batch may touch: streams, claims, the idempotency key."""

    def answer(self, outcome: Receipt | BaseException) -> None:
        """Tell the caller, if it still listens."""
        if self.future.done():
            return
        if isinstance(outcome, BaseException):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


@dataclass(frozen=True, slots=True)
class KnownHead:
    """Head of the log when this process last looked or wrote."""

    position: int
    recorded_at: datetime
    frontier: Frontier


class CommandSelection:
    """Commands that can be stored together: at most one per stream, claim and key, and not too much at once."""

    __slots__ = (
        "_blocked", "_events", "_most", "_most_bytes", "_most_events", "_most_overtaken",
        "commands", "overtaken", "size",
    )  # fmt: skip

    def __init__(self, most: int, most_events: int, most_bytes: int, most_overtaken: int) -> None:
        self.commands: list[Command] = []
        self.overtaken: list[Command] = []
        """They would have gone in but for a stream, claim or key of one that did, or of one before them."""
        self._blocked: set[str | Claim | tuple[str, str]] = set()
        self._events = self.size = 0
        self._most, self._most_events, self._most_bytes = most, most_events, most_bytes
        self._most_overtaken = most_overtaken

    def has_room_for(self, command: Command) -> bool:
        """Whether it may be offered. The first one always may, however large."""
        return not self.commands or (
            len(self.commands) < self._most
            and len(self.overtaken) < self._most_overtaken
            and self._events + len(command.events) <= self._most_events
            and self.size + command.size <= self._most_bytes
        )

    def __len__(self) -> int:
        return len(self.commands) + len(self.overtaken)

    def offer(self, command: Command) -> bool:
        """Take it in, or note it as overtaken; says which."""
        free = self._blocked.isdisjoint(command.blocks)
        if free:
            self.commands.append(command)
            self._events += len(command.events)
            self.size += command.size
        else:
            self.overtaken.append(command)
        self._blocked |= command.blocks
        return free


class Batch:
    """A transaction to be: commands, the head they extend, the head they lead to, the rows, the answers."""

    __slots__ = (
        "_answers",
        "_begun",
        "_changed",
        "_claims",
        "_county",
        "_events",
        "_late",
        "_next_head",
        "_peaks",
        "_position",
        "_stamp",
        "commands",
        "failed",
        "head",
        "moment",
        "receipts",
    )  # fmt: skip

    def __init__(self, county: str, head: KnownHead, now: datetime) -> None:
        self.head = head
        self.moment = max(now.astimezone(UTC), head.recorded_at)
        self.commands: list[Command] = []
        self.receipts: list[Receipt] = []
        self.failed: list[tuple[Command, Exception]] = []
        """Commands left out because their own `respond` failed: to be answered with that."""
        self._county = county
        self._stamp = stamp(self.moment)
        self._position = head.position
        self._peaks = list(head.frontier.peaks)
        self._events: list[tuple[Any, ...]] = []
        self._begun: list[tuple[Any, ...]] = []
        self._changed: list[tuple[Any, ...]] = []
        self._claims: list[tuple[Any, ...]] = []
        self._answers: list[tuple[Any, ...]] = []
        self._late: list[tuple[Any, ...]] = []
        self._next_head: KnownHead | None = None

    def add(self, command: Command) -> None:
        """Stamp a command and lay out its rows. A failing `respond` fails its own command, which is then left out."""
        append = command.append
        before = self._position
        first = before + 1
        recorded = tuple(
            [
                (event.stream, event.version, place, event.type)
                for place, event in enumerate(command.events, first)
            ]
        )
        position = before + len(recorded)
        receipt = Receipt(first, position, self.moment, recorded)
        if append.respond is not None:
            try:
                receipt.response = append.respond(receipt)
            except Exception as error:  # noqa: BLE001  the caller's function, the caller's error
                self.failed.append((command, error))
                return
        self.commands.append(command)
        self.receipts.append(receipt)
        self._position = position
        stamped, peaks, rows = self._stamp, self._peaks, self._events
        of = self.head.frontier.digest.of
        for size, event in enumerate(command.events, before):
            body = event.before + stamped + event.after
            node = leaf = of(b"\x00" + body)
            while size & 1:  # what Frontier.extended does
                node = of(b"\x01" + peaks.pop() + node)
                size >>= 1  # noqa: PLW2901  the carry of the addition
            peaks.append(node)
            rows.append(
                (event.stream, event.version, event.type, event.schema, event.occurred_on, body, leaf)
            )
        place = before
        for stream in append.streams:
            self._late.extend(
                [(stream.stream, at) for at, event in enumerate(stream.events, place + 1) if event.late]
            )
            place += len(stream.events)
            version = stream.expected_version
            reached = version + len(stream.events)
            if version:
                self._changed.append(
                    (stream.stream, version, reached, place, stream.state, stream.state_code)
                )
            else:
                self._begun.append((stream.stream, reached, place, stream.state, stream.state_code))
        for claim in append.claims:
            self._claims.append((claim.kind, claim.key, append.streams[0].stream, first))
        if (key := append.idempotency) is not None:
            self._answers.append((key.scope, key.key, key.body_sha256, receipt.response, first, position))

    def answer_failed(self) -> None:
        """Tell those who were left out. On the event loop, which `add` need not be."""
        for command, error in self.failed:
            command.answer(error)
        self.failed.clear()

    @property
    def next_head(self) -> KnownHead:
        """The head once this batch is stored. Nothing is added after this was asked."""
        if self._next_head is None:
            frontier = Frontier(self._position, tuple(self._peaks), self.head.frontier.digest)
            self._next_head = KnownHead(self._position, self.moment, frontier)
        return self._next_head

    @property
    def first_leaf(self) -> bytes:
        """The leaf of the first event: who finds it in the log, finds this batch."""
        leaf: bytes = self._events[0][-1]
        return leaf

    def statement(self) -> tuple[str, list[Any]]:
        """The statement that stores the batch, with its arguments."""
        frontier = self.next_head.frontier
        parts = (self._begun, self._changed, self._claims, self._answers, self._late)
        arguments: list[Any] = [
            self._county, self.head.position, self._position, self.moment,
            frontier.to_bytes(), frontier.root(), len(self._changed),
        ]  # fmt: skip
        for rows in (self._events, *parts):
            arguments.extend(zip(*rows, strict=True))
        return _statement(*map(bool, parts)), arguments


def render(county: str, head: KnownHead, now: datetime, commands: Iterable[Command]) -> Batch:
    """A batch of these commands."""
    batch = Batch(county, head, now)
    for command in commands:
        batch.add(command)
    return batch


_EVENT: Final = {
    "stream": "text", "version": "int", "type": "text", "schema": "int", "occurred_on": "date", "body": "bytea",
    "leaf": "bytea",
}  # fmt: skip
_BEGUN: Final = {
    "stream": "text", "version": "int", "position": "bigint", "state": "bytea", "state_code": "text",
}  # fmt: skip
_CHANGED: Final = {"stream": "text", "expected": "int", **_BEGUN}
_LATE: Final = {"stream": "text", "position": "bigint"}
_CLAIM: Final = {"kind": "text", "key": "text", "stream": "text", "position": "bigint"}
_ANSWER: Final = {
    "scope": "text", "key": "text", "body_sha256": "bytea", "response": "bytea", "first_position": "bigint",
    "last_position": "bigint",
}  # fmt: skip


@cache
def _statement(begun: bool, changed: bool, claims: bool, answers: bool, late: bool) -> str:
    """Everything in one statement; parts without rows are left out, because even empty they cost time.

    Nothing is stored unless the head is where the batch begins. A stream that is begun twice, a claim and a key that
    are taken meet a unique key and fail the statement. A stream that is not at its expected version is not found among
    the changed ones, and dividing by "all were found" then fails the statement too: a data-modifying statement has no
    other way to take everything back.

    Streams to change are found one by one by their whole key, and updated where they were found: the fence (OFFSET 0)
    leaves the planner no other order, so that a plan made while the table was empty does not outlive its growth.
    """
    rows = _Arrays(7)
    statement = f"""
WITH moved AS (
    UPDATE log_head SET position = $3, recorded_at = $4, frontier = $5, root = $6
    WHERE county = $1 AND position = $2
    RETURNING county
), events AS (
    INSERT INTO event (county, position, recorded_at, {", ".join(_EVENT)})
    SELECT $1, $2 + added.place, $4, {_added(_EVENT)}
    FROM moved, {rows.unnest(_EVENT)} WITH ORDINALITY AS added ({", ".join(_EVENT)}, place)
)"""
    if begun:
        statement += f""", begun AS (
    INSERT INTO stream (county, recorded_at, {", ".join(_BEGUN)})
    SELECT $1, $4, {_added(_BEGUN)} FROM moved, {rows.unnest(_BEGUN)} AS added ({", ".join(_BEGUN)})
)"""
    if changed:
        statement += f""", changed AS (
    UPDATE stream SET version = found.version, position = found.position, recorded_at = $4,
        state = found.state, state_code = found.state_code
    FROM (
        SELECT place.ctid AS row, added.* FROM moved, {rows.unnest(_CHANGED)} AS added ({", ".join(_CHANGED)})
        CROSS JOIN LATERAL (
            SELECT ctid FROM stream
            WHERE county = $1 AND stream.stream = added.stream AND stream.version = added.expected OFFSET 0) AS place
        ) AS found
    WHERE stream.ctid = found.row
    RETURNING 1
)"""
    if claims:
        statement += f""", claims AS (
    INSERT INTO claim (county, {", ".join(_CLAIM)})
    SELECT $1, {_added(_CLAIM)} FROM moved, {rows.unnest(_CLAIM)} AS added ({", ".join(_CLAIM)})
)"""
    if answers:
        statement += f""", answers AS (
    INSERT INTO idempotency (county, recorded_at, {", ".join(_ANSWER)})
    SELECT $1, $4, {_added(_ANSWER)} FROM moved, {rows.unnest(_ANSWER)} AS added ({", ".join(_ANSWER)})
)"""
    if late:
        statement += f""", late AS (
    INSERT INTO late_event (county, {", ".join(_LATE)})
    SELECT $1, {_added(_LATE)} FROM moved, {rows.unnest(_LATE)} AS added ({", ".join(_LATE)})
)"""
    found = "(SELECT count(*) FROM changed)" if changed else "0"
    return statement + f"\nSELECT 1 / ({found} = $7::int)::int FROM moved"


def _added(columns: Iterable[str]) -> str:
    return ", ".join(f"added.{column}" for column in columns)


class _Arrays:
    """Hands out the numbers of a statement's array parameters in order."""

    def __init__(self, used: int) -> None:
        self._used = used

    def unnest(self, columns: dict[str, str]) -> str:
        arrays = ", ".join(
            f"${number}::{kind}[]" for number, kind in enumerate(columns.values(), self._used + 1)
        )
        self._used += len(columns)
        return f"unnest({arrays})"
