"""Is the log what it was? Everything is recomputed from the stored bytes and compared with what stands beside them.

A change to a stored event changes its leaf, and with it every later root. What is not hashed (columns, stream heads,
claims) must say the same as the bytes. The first bad place is named. The comparison with roots that were signed and
given away is the checkpoint's business: somebody who can rewrite all tables can make them agree with each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import orjson

from domain.merkle import Frontier, leaf_hash
from service.codec import canonical

_FETCH_ROWS: Final = 2_000

_EVENTS: Final = """
SELECT position, stream, version, type, schema, occurred_on, recorded_at, body, leaf
FROM event WHERE county = $1 ORDER BY position"""

_STREAM_ORDER: Final = """
SELECT stream, version, position FROM (
    SELECT stream, version, position,
           row_number() OVER (PARTITION BY stream ORDER BY position) AS place
    FROM event WHERE county = $1) AS numbered
WHERE version <> place ORDER BY position LIMIT 1"""

_STREAM_HEADS: Final = """
SELECT coalesce(stored.stream, counted.stream) AS stream,
       stored.version AS stored_version, stored.position AS stored_position, stored.recorded_at AS stored_at,
       counted.version AS version, counted.position AS position, last.recorded_at AS recorded_at
FROM (SELECT * FROM stream WHERE county = $1) AS stored
FULL JOIN (SELECT stream, max(version) AS version, max(position) AS position
           FROM event WHERE county = $1 GROUP BY stream) AS counted USING (stream)
LEFT JOIN event AS last ON last.county = $1 AND last.position = counted.position
WHERE (stored.version, stored.position, stored.recorded_at)
    IS DISTINCT FROM (counted.version, counted.position, last.recorded_at)
ORDER BY counted.position NULLS LAST, stream LIMIT 1"""

_CLAIMS_OF: Final = """
SELECT wanted.place, claim.stream, claim.position
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS wanted (kind, key, place)
LEFT JOIN claim ON claim.county = $1 AND claim.kind = wanted.kind AND claim.key = wanted.key"""

_CLAIM_EVENTS: Final = """
SELECT claim.kind, claim.key, claim.stream, claim.position, event.body
FROM claim LEFT JOIN event ON event.county = claim.county AND event.position = claim.position
WHERE claim.county = $1 ORDER BY claim.position, claim.kind, claim.key"""

_ANSWERS: Final = """
SELECT scope, key, first_position, last_position FROM idempotency
WHERE county = $1 AND (first_position < 1 OR last_position < first_position OR last_position > $2)
ORDER BY first_position LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Problem:
    """The first bad place."""

    kind: str
    """gap | leaf | bytes | column | root | head | version | stream | claim | answer"""
    position: int | None
    stream: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found. `root` is the recomputed one over the `position` events that were read."""

    county: str
    position: int
    root: bytes
    head_root: bytes | None
    """What the head row says."""
    problem: Problem | None

    @property
    def sound(self) -> bool:
        """Whether everything agrees."""
        return self.problem is None


class _Found(Exception):  # noqa: N818  carries the first problem out of the loops
    def __init__(self, kind: str, position: int | None, stream: str | None, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(kind, position, stream, detail)


async def verify_log(
    connection: Any, county: str, progress: Callable[[int, int], Any] | None = None
) -> Verification:
    """Verify one county's log in one snapshot of the database, in memory bounded by the batch."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow(
            "SELECT position, recorded_at, root, frontier FROM log_head WHERE county = $1", county
        )
        reading = _Reading(county, head["position"] if head else 0)
        try:
            await reading.run(connection, progress)
            _check_end(reading, head)
            await _check_streams(connection, county)
            await _check_claims(connection, county, reading.claims)
            await _check_answers(connection, county, reading.position)
            _check_root(reading, head)
        except _Found as found:
            problem: Problem | None = found.problem
        else:
            problem = None
    return Verification(
        county, reading.position, reading.frontier.root(), head["root"] if head else None, problem
    )


class _Reading:
    """The pass over all events."""

    def __init__(self, county: str, last: int) -> None:
        self.county = county
        self.last = last
        self.position = 0
        self.claims = 0
        self.frontier = Frontier()
        self._recorded_at: datetime | None = None

    async def run(self, connection: Any, progress: Callable[[int, int], Any] | None) -> None:
        """Read, check and hash every event; count claims."""
        cursor = await connection.cursor(_EVENTS, self.county)
        while rows := await cursor.fetch(_FETCH_ROWS):
            leaves: list[bytes] = []
            claims: list[tuple[str, str, str, int]] = []
            try:
                for row in rows:
                    leaves.append(self._checked(row, claims))
                    self.position += 1
            finally:
                self.frontier = self.frontier.extended(leaves)
            await self._check_claims(connection, claims)
            if progress is not None:
                progress(self.position, self.last)

    def _checked(self, row: Any, claims: list[tuple[str, str, str, int]]) -> bytes:
        """The event's leaf hash, once everything about its row is found right."""
        position, stream, version, event_type, schema, occurred_on, recorded_at, body, leaf = row
        if position != self.position + 1:
            raise _Found(
                "gap", self.position + 1, None, f"no event at {self.position + 1}; the next is {position}"
            )
        computed = leaf_hash(body)
        if computed != leaf:
            raise _Found("leaf", position, stream, "the stored bytes do not hash to the stored leaf")
        try:
            envelope = orjson.loads(body)
            same_bytes = canonical(envelope) == body
        except ValueError as error:
            raise _Found(
                "bytes", position, stream, f"the stored bytes are not canonical JSON: {error}"
            ) from error
        if not same_bytes:
            raise _Found("bytes", position, stream, "the stored bytes are not canonical JSON")
        said = (
            envelope["county"], envelope["stream"], envelope["version"], envelope["type"], envelope["schema"],
            date.fromisoformat(envelope["occurredOn"]), datetime.fromisoformat(envelope["recordedAt"]),
        )  # fmt: skip
        columns = (self.county, stream, version, event_type, schema, occurred_on, recorded_at)
        if said != columns:
            raise _Found("column", position, stream, f"the row says {columns}, its bytes say {said}")
        if self._recorded_at is not None and recorded_at < self._recorded_at:
            raise _Found("column", position, stream, "recorded before the event in front of it")
        self._recorded_at = recorded_at
        claims.extend((claim["kind"], claim["key"], stream, position) for claim in envelope["claims"])
        return computed

    async def _check_claims(self, connection: Any, claims: list[tuple[str, str, str, int]]) -> None:
        """Every claim made in the log stands in the table, for its stream and position."""
        if not claims:
            return
        self.claims += len(claims)
        rows = await connection.fetch(
            _CLAIMS_OF, self.county, [claim[0] for claim in claims], [claim[1] for claim in claims]
        )
        for row in sorted(rows, key=lambda row: row["place"]):
            kind, key, stream, position = claims[row["place"] - 1]
            if (row["stream"], row["position"]) != (stream, position):
                holder = f"{row['stream']} at {row['position']}" if row["stream"] else "nobody"
                detail = f"{kind} {key!r} was claimed here; the table says {holder}"
                raise _Found("claim", position, stream, detail)


def _check_end(reading: _Reading, head: Any) -> None:
    if head is None:
        if reading.position:
            raise _Found("head", None, None, f"{reading.position} events, but no head")
        return
    if reading.position != head["position"]:
        raise _Found(
            "head",
            min(reading.position, head["position"]) + 1,
            None,
            f"the log ends at {reading.position}, its head says {head['position']}",
        )


def _check_root(reading: _Reading, head: Any) -> None:
    """Last, because it cannot name a place: events were changed together with their leaves, or exchanged."""
    if head is None:
        return
    if reading.frontier.root() != head["root"] or reading.frontier.to_bytes() != head["frontier"]:
        raise _Found("root", None, None, "the events do not make the root and frontier that the head has")


async def _check_streams(connection: Any, county: str) -> None:
    row = await connection.fetchrow(_STREAM_ORDER, county)
    if row is not None:
        raise _Found("version", row["position"], row["stream"], f"version {row['version']} is out of order")
    row = await connection.fetchrow(_STREAM_HEADS, county)
    if row is not None:
        raise _Found(
            "stream",
            row["position"],
            row["stream"],
            f"the stream's row says version {row['stored_version']}, position {row['stored_position']}, "
            f"{row['stored_at']}; its events say {row['version']}, {row['position']}, {row['recorded_at']}",
        )


async def _check_claims(connection: Any, county: str, in_log: int) -> None:
    """No claim stands in the table that was not made in the log."""
    if await connection.fetchval("SELECT count(*) FROM claim WHERE county = $1", county) == in_log:
        return
    async for row in connection.cursor(_CLAIM_EVENTS, county, prefetch=_FETCH_ROWS):
        made = orjson.loads(row["body"])["claims"] if row["body"] else []
        if {"key": row["key"], "kind": row["kind"]} not in made:
            detail = f"{row['kind']} {row['key']!r} stands in the table, but no event claimed it"
            raise _Found("claim", row["position"], row["stream"], detail)


async def _check_answers(connection: Any, county: str, last: int) -> None:
    row = await connection.fetchrow(_ANSWERS, county, last)
    if row is not None:
        detail = f"the answer kept for key {row['key']!r} names positions the log does not have"
        raise _Found("answer", row["first_position"], None, detail)
