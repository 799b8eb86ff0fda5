"""The archive of papers: takes a content in, keeps it once, and gives it out proved.

    archive.receive    stream → encrypted file → looked into → put in its place → row: only then it exists
    archive.open       row → object → content, every byte proved

The row is the paper: it is written last and removed first, so that nobody is ever served half of one. A content that is
here already is kept once, whoever brings it; that a unit brought it is noted, for it had it.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import asyncpg
import structlog

from domain.refusals import refuse
from service.commands.actor import Actor
from service.paper.contents import UNSAID, media_type_of
from service.paper.places import PaperPlace
from service.paper.sealed import USE, NotIntact, Opened, SealedFile, State
from service.personal.ciphers import AES256GCM
from service.sealing_keys import SealingKeys

T = TypeVar("T")
log = structlog.stdlib.get_logger(__name__)

_PIECE: Final = 262_144
"""Bytes of an upload that are encrypted and written at a time."""


@dataclass(frozen=True, slots=True)
class PaperBounds:
    """Bounds of what is kept, in sum and of one unit."""

    largest: int = 64 << 20
    """Bytes of one paper."""
    in_sum: int = 512 << 30
    """Bytes of all papers of a county."""
    unnamed: int = 500
    """Papers of one unit that no event names: what was uploaded and not yet used."""
    unnamed_days: int = 30
    """After so many days without an event that names it a paper is removed."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper that is kept."""

    county: str
    sha256: str
    size: int
    media_type: str
    object: str
    stored_at: datetime
    state: State
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """Outcome of an upload. `new`: the unit had not brought it before."""

    paper: Paper
    new: bool


_COLUMNS: Final = "county, sha256, size, media_type, object, stored_at, state, checked_at"
_FIND: Final = f"SELECT {_COLUMNS} FROM paper WHERE county = $1 AND sha256 = $2"
_ANY: Final = f"SELECT {_COLUMNS} FROM paper WHERE county = $1 AND state = 'INTACT' ORDER BY sha256 LIMIT 1"
_KEY_GONE: Final = (
    "主密钥不在或是另一个，请恢复主密钥文件夹（TAIZHANG_MASTERS） / the master key of the papers that are kept is not there"
    " or is another one: bring the folder of master keys back (TAIZHANG_MASTERS)"
)
_KEEP: Final = f"""
INSERT INTO paper ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, 'INTACT', $6)
ON CONFLICT (county, sha256) DO UPDATE SET object = excluded.object, state = 'INTACT', checked_at = excluded.checked_at
WHERE paper.state NOT IN ('INTACT', 'FORGOTTEN')
RETURNING {_COLUMNS}
"""
_BROUGHT: Final = """
INSERT INTO paper_upload (county, sha256, organization, actor, uploaded_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (county, sha256, organization) DO UPDATE SET actor = excluded.actor, uploaded_at = excluded.uploaded_at
RETURNING xmax = 0
"""
_NAMED: Final = "EXISTS (SELECT FROM paper_naming n WHERE n.county = u.county AND n.sha256 = u.sha256)"
_UNNAMED_OF: Final = (
    f"SELECT count(*) FROM paper_upload u WHERE county = $1 AND organization = $2 AND NOT {_NAMED}"
)
_IN_SUM: Final = "SELECT coalesce(sum(size), 0)::bigint FROM paper WHERE county = $1"
_HAD: Final = (
    "SELECT EXISTS (SELECT FROM paper_upload WHERE county = $1 AND sha256 = $2 AND organization = $3)"
)


class PaperArchive:
    """The papers of one installation."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        place: PaperPlace,
        keys: Path,
        clock: Callable[[], datetime],
        bounds: PaperBounds | None = None,
        cipher: str = AES256GCM,
    ) -> None:
        """`keys`: the folder of the master keys that papers are sealed by; `pool`: connections of their own; `cipher`: of what
        comes from now on, what is there says its own.
        """
        self._cipher = cipher
        self.pool = pool
        self.place = place
        self.keys = SealingKeys(keys, USE)
        self.clock = clock
        self.bounds = bounds or PaperBounds()

    # ---- in ---------------------------------------------------------------------------------------------------------

    async def receive(
        self, actor: Actor, stream: AsyncIterator[bytes], declared: str, expected: str | None
    ) -> Received:
        """Take a content in, in bounded memory. `declared`: the media type that its sender says; `expected`: the digest.

        PAPERS_TOO_MANY, BODY_TOO_LARGE, BODY_REQUIRED; PAPER_TYPE_NOT_ALLOWED, PAPER_TYPE_OTHERWISE, PAPER_BROKEN;
        PAPER_DIGEST_OTHERWISE; PAPER_FORGOTTEN; PAPERS_UNAVAILABLE.
        """
        await self._require_room(actor)
        await self._require_key(actor.county)
        name = secrets.token_hex(16)
        file = await _there(self.place.begin)
        try:
            sealing = await _there(SealedFile, file, self.keys, actor.county, name, self._cipher)
            digest, size = await self._written(stream, sealing)
            if expected is not None and expected != digest:
                raise refuse("PAPER_DIGEST_OTHERWISE", given=expected, found=digest)
            found = await asyncio.to_thread(self._looked_into, file, actor.county, name, size)
            if declared not in {UNSAID, found}:
                raise refuse("PAPER_TYPE_OTHERWISE", given=declared, found=found)
            return await self._kept(actor, digest, size, found, name, file)
        finally:
            await asyncio.shield(asyncio.to_thread(self.place.discard, file))

    async def _require_room(self, actor: Actor) -> None:
        async with self.pool.acquire() as connection:
            waiting = await connection.fetchval(_UNNAMED_OF, actor.county, actor.organization)
            in_sum = await connection.fetchval(_IN_SUM, actor.county)
        if waiting >= self.bounds.unnamed:
            raise refuse("PAPERS_TOO_MANY", limit=self.bounds.unnamed, days=self.bounds.unnamed_days)
        if in_sum >= self.bounds.in_sum:
            raise refuse("PAPERS_FULL", limit=self.bounds.in_sum >> 30)

    async def _require_key(self, county: str) -> None:
        """The key that opens what is kept is here: where it is not, a second one is not made for what comes."""
        async with self.pool.acquire() as connection:
            row = await connection.fetchrow(_ANY, county)
        if row is None:
            return
        try:
            await _there(self.opened, paper_of(row))
        except NotIntact as unopened:
            if unopened.state is None or self.keys.current(county) is None:
                log.warning("papers_not_taken_in", county=county, reason=str(unopened))
                raise refuse("PAPERS_UNAVAILABLE", reason=_KEY_GONE) from unopened

    async def _written(self, stream: AsyncIterator[bytes], sealing: SealedFile) -> tuple[str, int]:
        digest, size, piece = hashlib.sha256(), 0, bytearray()

        def write(content: bytes) -> None:
            digest.update(content)
            sealing.write(content)

        async for chunk in stream:
            size += len(chunk)
            if size > self.bounds.largest:
                raise refuse("BODY_TOO_LARGE", limit=self.bounds.largest)
            piece += chunk
            if len(piece) >= _PIECE:
                await _there(write, bytes(piece))
                piece.clear()
        if not size:
            raise refuse("BODY_REQUIRED")
        await _there(write, bytes(piece))
        await _there(sealing.finish)
        return digest.hexdigest(), size

    def _looked_into(self, file: IO[bytes], county: str, name: str, size: int) -> str:
        """What a file is that was written and not yet put."""

        def read_at(offset: int, most: int) -> bytes:
            file.seek(offset)
            return file.read(most)

        return media_type_of(Opened(read_at, self.keys, county, name, size))

    async def _kept(
        self, actor: Actor, digest: str, size: int, media_type: str, name: str, file: IO[bytes]
    ) -> Received:
        """Put the object in its place and write its row, unless the content is here already."""
        county, now = actor.county, self.clock()
        before = await self.find(county, digest)
        if before is not None and before.state == "FORGOTTEN":
            raise refuse("PAPER_FORGOTTEN")
        put = False
        while True:
            wanted = before is None or before.state != "INTACT"
            if wanted and not put:
                await _there(self.place.put, county, name, file)
                put = True
            async with self.pool.acquire() as connection, connection.transaction():
                row = None
                if wanted:
                    row = await connection.fetchrow(_KEEP, county, digest, size, media_type, name, now)
                kept = row or await connection.fetchrow(f"{_FIND} FOR KEY SHARE", county, digest)
                if kept is not None:
                    new = await connection.fetchval(
                        _BROUGHT, county, digest, actor.organization, actor.id, now
                    )
                    break
            before = None  # it was removed a moment ago: it is kept anew
        paper = paper_of(kept)
        if put and paper.object != name:  # somebody else brought it meanwhile: ours is one too many
            await asyncio.to_thread(self.place.remove, county, name)
        elif before is not None and paper.object != before.object:  # what was lost or altered was mended
            await asyncio.to_thread(self.place.remove, county, before.object)
        return Received(paper, new)

    # ---- out --------------------------------------------------------------------------------------------------------

    async def find(self, county: str, sha256: str) -> Paper | None:
        """A paper; None where none is kept."""
        async with self.pool.acquire() as connection:
            row = await connection.fetchrow(_FIND, county, sha256)
        return None if row is None else paper_of(row)

    async def was_brought_by(self, county: str, sha256: str, organization: str) -> bool:
        """Whether a unit has uploaded it."""
        async with self.pool.acquire() as connection:
            return bool(await connection.fetchval(_HAD, county, sha256, organization))

    def opened(self, paper: Paper) -> Opened:
        """A paper's content; blocks. `NotIntact`."""
        reader = self.place.reader(paper.county, paper.object)
        return Opened(reader, self.keys, paper.county, paper.object, paper.size)

    async def content(self, paper: Paper, first: int, last: int) -> AsyncIterator[bytes]:
        """The bytes from `first` to `last`. The first piece is there, or `NotIntact` was raised, when this returns.

        Of a whole paper the last piece is given only if all of it has the digest. PAPERS_UNAVAILABLE.
        """
        opened = await _there(self.opened, paper)
        piece = await _there(opened.read, first, last + 1 - first)
        return self._pieces(paper, opened, piece, first, last)

    async def _pieces(
        self, paper: Paper, opened: Opened, piece: bytes, first: int, last: int
    ) -> AsyncIterator[bytes]:
        whole = hashlib.sha256() if (first, last) == (0, paper.size - 1) else None
        at = first
        while piece:
            at += len(piece)
            if whole is not None:
                whole.update(piece)
            if at > last:
                if whole is not None and whole.hexdigest() != paper.sha256:
                    raise NotIntact("it is another paper")
                yield piece
                return
            yield piece
            piece = await asyncio.to_thread(opened.read, at, last + 1 - at)

    async def note(self, paper: Paper, state: State) -> None:
        """Keep what was found when it was looked at, unless another content stands there by now."""
        async with self.pool.acquire() as connection:
            await connection.execute(
                "UPDATE paper SET state = $4, checked_at = $5 WHERE county = $1 AND sha256 = $2 AND object = $3"
                " AND state <> 'FORGOTTEN'",
                paper.county,
                paper.sha256,
                paper.object,
                state,
                self.clock(),
            )


async def _there(work: Callable[..., T], *what: Any) -> T:
    """What is done in the place, beside the event loop; PAPERS_UNAVAILABLE where it cannot be: no room, no answer."""
    try:
        return await asyncio.to_thread(work, *what)
    except OSError as error:
        log.exception("papers_unavailable")
        raise refuse("PAPERS_UNAVAILABLE") from error


def paper_of(row: Any) -> Paper:
    """A row of the register."""
    return Paper(**dict(row))
