"""Readings by auditors (查阅记录, 五(四)): who read what, when, how many; recorded before the answer goes out.

A chain of its own: each reading's hash is of the hash before it and its bytes. Not in the log, whose positions would move
with every look at it. With every checkpoint the log's key also signs how far the chain goes and its last hash; the text is
kept in the database and beside the private key, so that a chain that lost its end is found as an altered one is.

Whoever reads waits for one commit, which takes along everybody who waits beside him.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
import orjson

from service.algorithms.digests import Digest, DigestUnknown, digest_named
from service.log.codec import canonical, stamp
from service.log.signed_note import Note, NoteInvalid, NoteSignature, VerifierKey

MOST_AT_ONCE: Final = 500
"""Readings of one transaction."""
BEGINNING: Final = bytes(32)
"""The hash before the first reading."""

_BEGIN: Final = "INSERT INTO reading_head (county, number, hash) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING"
_HEAD: Final = "SELECT number, hash FROM reading_head WHERE county = $1"
_DIGEST: Final = "SELECT digest FROM log_head WHERE county = $1"
_ADD: Final = """
INSERT INTO reading (county, number, body, hash)
SELECT $1, number, body, hash FROM unnest($2::bigint[], $3::bytea[], $4::bytea[]) AS given (number, body, hash)"""
_MOVE: Final = "UPDATE reading_head SET number = $2, hash = $3 WHERE county = $1"
_ALL: Final = "SELECT number, body, hash FROM reading WHERE county = $1 ORDER BY number"
_PAGE: Final = """
SELECT number, body FROM reading WHERE county = $1 AND number > $2
AND ($3::text IS NULL OR convert_from(body, 'UTF8')::jsonb ->> 'actor' = $3) ORDER BY number LIMIT $4"""
_STATEMENTS: Final = "SELECT number, text, line FROM reading_statement WHERE county = $1 ORDER BY number"
_STATE: Final = """
INSERT INTO reading_statement (county, number, text, line) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"""


class NotRecorded(Exception):  # noqa: N818  names what happened
    """The database does not take a reading."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One look of an auditor at the county's data."""

    at: datetime
    actor: str
    """The key or session."""
    organization: str
    person: str | None
    """Who signed in; None for a unit's key."""
    operation: str
    """The operation of the interface."""
    subject: str
    """The path: what it was about."""
    query: str
    """The filter, as it was sent."""
    rows: int | None
    """How many rows, events or resources were told; None where nobody counts them (a file)."""

    def body(self, number: int) -> bytes:
        """The bytes that are hashed."""
        told = {
            "actor": self.actor,
            "at": stamp(self.at).decode(),
            "number": number,
            "operation": self.operation,
            "organization": self.organization,
            "person": self.person,
            "query": self.query,
            "rows": self.rows,
            "subject": self.subject,
        }
        return canonical({name: value for name, value in told.items() if value is not None})


@dataclass(slots=True)
class _Waiting:
    county: str
    reading: Reading
    stored: asyncio.Future[None]


class Readings:
    """Records readings. Whoever waits for his is taken along by the next transaction."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def record(self, county: str, reading: Reading) -> None:
        """Come back when it is stored; `NotRecorded`, or what a lost connection raises, where it cannot be."""
        mine = _Waiting(county, reading, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await mine.stored

    async def page(self, county: str, after: int, actor: str | None, limit: int) -> list[dict[str, Any]]:
        """Readings after a number, in order; of one actor or of all."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(_PAGE, county, after, actor, limit)
        return [orjson.loads(row["body"]) for row in rows]

    async def _write(self) -> None:
        while self._waiting:
            county = self._waiting[0].county
            batch = [one for one in self._waiting if one.county == county][:MOST_AT_ONCE]
            taken = set(map(id, batch))
            self._waiting = [one for one in self._waiting if id(one) not in taken]
            try:
                await self._store(county, [one.reading for one in batch])
            except Exception as error:  # noqa: BLE001  each of them is told, and answers nothing
                told = NotRecorded(f"{error!r}") if isinstance(error, asyncpg.PostgresError) else error
                for one in batch:
                    if not one.stored.done():
                        one.stored.set_exception(told)
            else:
                for one in batch:
                    if not one.stored.done():
                        one.stored.set_result(None)

    async def _store(self, county: str, readings: Sequence[Reading]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_BEGIN, county, BEGINNING)
            ((number, last),) = await connection.fetch(f"{_HEAD} FOR UPDATE", county)
            digest = await _digest_of(connection, county)
            bodies, hashes = [], []
            for place, reading in enumerate(readings, number + 1):
                bodies.append(reading.body(place))
                last = digest.of(last + bodies[-1])
                hashes.append(last)
            numbers = list(range(number + 1, number + 1 + len(readings)))
            await connection.execute(_ADD, county, numbers, bodies, hashes)
            await connection.execute(_MOVE, county, numbers[-1], last)


async def _digest_of(connection: Any, county: str) -> Digest:
    return digest_named(await connection.fetchval(_DIGEST, county) or "sha256")


# ---- what is signed of them -----------------------------------------------------------------------------------------


def text_of(origin: str, number: int, last: bytes) -> str:
    """What the log's key signs: so many readings, and the hash of the last."""
    return f"{origin} readings\n{number}\n{base64.b64encode(last).decode()}\n"


def said_in(text: str, origin: str) -> tuple[int, bytes]:
    """The inverse of `text_of`; `NoteInvalid`."""
    lines = text.split("\n")
    if len(lines) == 4 and lines[0] == f"{origin} readings" and lines[1].isdigit():
        with contextlib.suppress(ValueError):
            found = int(lines[1]), base64.b64decode(lines[2], validate=True)
            if text_of(origin, *found) == text:
                return found
    raise NoteInvalid("a statement about readings has three lines")


async def state(
    connection: Any, county: str, origin: str, sign: Callable[[str], NoteSignature]
) -> str | None:
    """Sign how far the readings go, and keep it; None where there are none. Gives the text."""
    head = await connection.fetchrow(_HEAD, county)
    if head is None or head["number"] == 0:
        return None
    text = text_of(origin, head["number"], head["hash"])
    await connection.execute(_STATE, county, head["number"], text, str(sign(text)))
    return text


async def problem_of(
    connection: Any, county: str, origin: str, keys: Sequence[VerifierKey], beside: Sequence[str]
) -> str | None:
    """The first thing wrong with a county's readings, None if they are whole. `beside`: texts kept beside the keys."""
    try:
        digest = await _digest_of(connection, county)
    except DigestUnknown as error:
        return str(error)
    head = await connection.fetchrow(_HEAD, county)
    number, last = (0, BEGINNING) if head is None else (head["number"], head["hash"])
    signed: dict[int, bytes] = {}
    for row in await connection.fetch(_STATEMENTS, county):
        try:
            place, said = said_in(row["text"], origin)
            good = Note(row["text"], (NoteSignature.parse(row["line"]),))
        except NoteInvalid:
            return f"reading statement {row['number']}: is none (不是查阅记录声明)"
        if place != row["number"] or not any(good.signed_by(key) for key in keys):
            return f"reading statement {row['number']}: not signed by this log (签名不符)"
        signed[place] = said
    for text in beside:
        signed |= dict([said_in(text, origin)])
    if signed and max(signed) > number:
        return f"readings: {number} are left of {max(signed)} that were signed (查阅记录缺失)"
    at, before = 0, BEGINNING
    async for row in _rows(connection, county):
        if row["number"] != at + 1:
            return f"reading {at + 1}: missing (查阅记录缺失)"
        at, before = row["number"], digest.of(before + row["body"])
        if before != row["hash"]:
            return f"reading {at}: its bytes are not those that were hashed (查阅记录被改)"
        if signed.get(at, before) != before:
            return f"reading {at}: not what was signed (与签名不符)"
    if (at, before) != (number, last):
        return f"readings: {at} are there, their head says {number} (查阅记录缺失)"
    return None


async def _rows(connection: Any, county: str) -> AsyncIterator[Any]:
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(_ALL, county, prefetch=2_000):
            yield row
