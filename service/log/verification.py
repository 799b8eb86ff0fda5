"""Is the log what it was? Everything is recomputed from the stored bytes and compared with what stands beside them.

A change to a stored event changes its leaf, and with it every later root. What is not hashed (columns, stream heads,
claims) must say the same as the bytes. Every checkpoint that is kept must have the root that the events make at its
size. The first bad place is named. Somebody who can rewrite all tables can make them agree with each other: against
that there are the checkpoints that were given away.

Canonical bytes end in what the columns say, word for word, so columns are compared without parsing; `thorough` reads
every event as JSON too, and looks whether its bytes are the canonical ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from multiprocessing import get_context
from typing import Any, Final

import asyncpg
import orjson

from service.algorithms.digests import DIGESTS, HASH_BYTES, SHA256, Digest, DigestUnknown, digest_named
from service.log.codec import canonical, claims_in, stamp
from service.log.merkle import Frontier
from service.log.signed_note import Checkpoint
from service.parent import end_with_parent

_FETCH_ROWS: Final = 2_000
_END: Final = 2**63 - 1

_EVENTS: Final = """
SELECT position, stream, version, type, schema, occurred_on, recorded_at, body, leaf
FROM event WHERE county = $1 AND position > $2 AND position <= $3 ORDER BY position"""

_TAIL: Final = b',"occurredOn":"%b","recordedAt":"%b","schema":%d,"stream":%b,"type":"%b","version":%d}'
"""How the canonical bytes of every event end."""
_NO_CLAIMS: Final = b'"claims":[],"commandId":"'

_CHECKPOINTS: Final = "SELECT size, text FROM checkpoint WHERE county = $1"

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
    """empty | gap | leaf | bytes | column | checkpoint | root | head | version | stream | claim | answer"""
    position: int | None
    stream: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of a verification. `root` is the recomputed one over the `position` events that were read."""

    county: str
    position: int
    root: bytes
    head_root: bytes | None
    """What the head row says."""
    problem: Problem | None
    """None: everything agrees."""


class _Found(Exception):  # noqa: N818  carries the first problem out of the loops
    def __init__(self, kind: str, position: int | None, stream: str | None, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(kind, position, stream, detail)


async def verify_log(
    connection: Any,
    county: str,
    progress: Callable[[int, int], Any] | None = None,
    *,
    thorough: bool = False,
    beside: SideBySide | None = None,
    signed: Checkpoint | None = None,
) -> Verification:
    """Verify one county's log in one snapshot of the database, in memory bounded by the batch.

    `beside`: processes that read parts of a long log at the same time, in the same snapshot. `signed`: a checkpoint
    that is kept outside the database; the log has to be what it says, as with those in the database.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow(
            "SELECT position, recorded_at, root, frontier, digest FROM log_head WHERE county = $1", county
        )
        said = {row["size"]: row["text"] for row in await connection.fetch(_CHECKPOINTS, county)}
        kept = None if signed is None else said.get(signed.size)
        if signed is not None:
            said[signed.size] = signed.text
        digest = _digest(head, signed)
        reading = _Reading(county, head["position"] if head else 0, said, digest, thorough=thorough)
        try:
            _check_digest(head)
            if beside is not None and reading.last >= beside.worth_from:
                await _read_beside(reading, connection, beside, progress)
            else:
                await reading.run(connection, progress)
            _check_end(reading, head, said)
            _check_kept(kept, signed)
            await _check_streams(connection, county)
            await _check_claims(connection, county, reading.claims)
            await _check_answers(connection, county, reading.position)
            _check_root(reading, head)
        except _Found as found:
            wrong: Problem | None = found.problem
        else:
            wrong = None
    return Verification(
        county, reading.position, reading.frontier.root(), head["root"] if head else None, wrong
    )


def _digest(head: Any, signed: Checkpoint | None) -> Digest:
    """The log's digest: as the head says, or else what was signed."""
    if head is None:
        return SHA256 if signed is None else signed.digest
    return DIGESTS.get(head["digest"], SHA256)


class _Reading:
    """The pass over all events."""

    def __init__(
        self, county: str, last: int, said: dict[int, str], digest: Digest, *, thorough: bool
    ) -> None:
        self.county = county
        self.digest = digest
        self._said = said
        self.thorough = thorough
        self._mark = b',"county":"%b","data":{' % county.encode()
        self.last = last
        self.position = 0
        self.claims = 0
        self.frontier = Frontier(digest=digest)
        self.recorded_at: datetime | None = None
        """Of the last event read."""
        self.first_recorded_at: datetime | None = None
        self._stamped = b""
        self._upto = _END
        self._part: bytearray | None = None

    def restrict(self, after: int, upto: int) -> bytearray:
        """Read a part only; its leaf hashes are gathered in what is returned instead of making a tree."""
        self.position, self._upto, self._part = after, upto, bytearray()
        return self._part

    def take(self, part: Part) -> None:
        """Join what another process has read after everything that is here."""
        before, after = self.recorded_at, part.first_recorded_at
        if before is not None and after is not None and after < before:
            raise _Found("column", self.position + 1, None, "recorded before the event in front of it")
        leaves = [part.leaves[start : start + HASH_BYTES] for start in range(0, len(part.leaves), HASH_BYTES)]
        self.position += len(leaves)
        self.claims += part.claims
        self.recorded_at = part.recorded_at or self.recorded_at
        self._extend(leaves)
        if part.problem is not None:
            found = part.problem
            raise _Found(found.kind, found.position, found.stream, found.detail)

    async def run(self, connection: Any, progress: Callable[[int, int], Any] | None) -> None:
        """Read, check and hash every event; count claims."""
        cursor = await connection.cursor(_EVENTS, self.county, self.position, self._upto)
        while rows := await cursor.fetch(_FETCH_ROWS):
            leaves: list[bytes] = []
            claims: list[tuple[str, str, str, int]] = []
            try:
                for row in rows:
                    leaves.append(self._checked(row, claims))
                    self.position += 1
            finally:
                self._extend(leaves)
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
        computed = self.digest.leaf(body)
        if computed != leaf:
            raise _Found("leaf", position, stream, "the stored bytes do not hash to the stored leaf")
        if recorded_at != self.recorded_at:
            if self.recorded_at is None:
                self.first_recorded_at = recorded_at
            elif recorded_at < self.recorded_at:
                raise _Found("column", position, stream, "recorded before the event in front of it")
            self.recorded_at, self._stamped = recorded_at, stamp(recorded_at)
        tail = _TAIL % (
            occurred_on.isoformat().encode(), self._stamped, schema, orjson.dumps(stream), event_type.encode(), version,
        )  # fmt: skip
        if self.thorough or not (body.endswith(tail) and self._mark in body):
            self._read_whole(row)
        if _NO_CLAIMS not in body:
            claims.extend((kind, key, stream, position) for kind, key in claims_in(body))
        return computed

    def _read_whole(self, row: Any) -> None:
        """The event as JSON: canonical, and saying what the columns say."""
        position, stream, version, event_type, schema, occurred_on, recorded_at, body, _ = row
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

    def _extend(self, leaves: list[bytes]) -> None:
        """Grow the tree, and compare it with every checkpoint on the way."""
        if self._part is not None:
            self._part += b"".join(leaves)
            return
        start = self.frontier.size
        for size in sorted(size for size in self._said if start < size <= start + len(leaves)):
            self.frontier = self.frontier.extended(leaves[self.frontier.size - start : size - start])
            checkpoint = Checkpoint.parse(self._said[size])
            if (checkpoint.digest, checkpoint.root) != (self.digest, self.frontier.root()):
                raise _Found(
                    "checkpoint",
                    size,
                    None,
                    f"the first {size} events are not those of the checkpoint signed then",
                )
        self.frontier = self.frontier.extended(leaves[self.frontier.size - start :])

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


@dataclass(frozen=True, slots=True)
class Part:
    """Part of the log that one process read."""

    leaves: bytes
    claims: int
    first_recorded_at: datetime | None
    recorded_at: datetime | None
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Parallel verification of a long log by several processes. Each connects to `url` by itself."""

    url: str
    processes: int
    part: int = 50_000
    worth_from: int = 200_000


async def _read_beside(
    reading: _Reading,
    connection: Any,
    beside: SideBySide,
    progress: Callable[[int, int], Any] | None,
) -> None:
    snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
    ends = [*range(beside.part, reading.last, beside.part), _END]
    starts = [0, *ends[:-1]]
    with ProcessPoolExecutor(
        beside.processes, mp_context=get_context("spawn"), initializer=end_with_parent
    ) as pool:
        parts = [
            asyncio.wrap_future(
                pool.submit(
                    read_part,
                    beside.url,
                    snapshot,
                    reading.county,
                    after,
                    upto,
                    reading.digest.name,
                    reading.thorough,
                )
            )
            for after, upto in zip(starts, ends, strict=True)
        ]
        for (
            one
        ) in parts:  # after a bad place the snapshot is gone, and nobody asks what became of the later parts
            one.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        try:
            for part in parts:
                reading.take(await part)
                if progress is not None:
                    progress(reading.position, reading.last)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def read_part(
    url: str, snapshot: str, county: str, after: int, upto: int, digest: str, thorough: bool
) -> Part:
    """Read the events with `after` < position ≤ `upto`, as another transaction sees them; in a process of its own."""
    return asyncio.run(_read_part(url, snapshot, county, after, upto, digest, thorough))


async def _read_part(
    url: str, snapshot: str, county: str, after: int, upto: int, digest: str, thorough: bool
) -> Part:
    connection = await asyncpg.connect(url)
    problem = None
    reading = _Reading(county, upto, {}, digest_named(digest), thorough=thorough)
    leaves = reading.restrict(after, upto)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
            await reading.run(connection, None)
    except _Found as found:
        problem = found.problem
    finally:
        await connection.close()
    return Part(bytes(leaves), reading.claims, reading.first_recorded_at, reading.recorded_at, problem)


def _check_digest(head: Any) -> None:
    """The head names a digest that there is: without it no hash says anything."""
    if head is not None and head["digest"] not in DIGESTS:
        raise _Found("head", None, None, str(DigestUnknown(head["digest"])))


def _check_end(reading: _Reading, head: Any, said: dict[int, str]) -> None:
    read, longest = reading.position, max(said, default=0)
    if head is None and read:
        raise _Found("head", None, None, f"{read} events, but no head")
    if head is not None and read != head["position"]:
        told = f"the log ends at {read}, its head says {head['position']}"
        raise _Found("head", min(read, head["position"]) + 1, None, told)
    if longest > read:
        told = f"a checkpoint of {longest} events was signed; the log has {read}"
        raise _Found("checkpoint", read + 1, None, told)
    if not read:
        raise _Found("empty", None, None, "there is not one event")


def _check_kept(kept: str | None, signed: Checkpoint | None) -> None:
    """The database does not keep another checkpoint of the same size than was signed."""
    if signed is not None and kept not in {None, signed.text}:
        told = f"the database keeps another checkpoint of {signed.size} events than was signed"
        raise _Found("checkpoint", signed.size, None, told)


def _check_root(reading: _Reading, head: Any) -> None:
    """Last, because it cannot name a place: events were changed together with their leaves, or exchanged."""
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
