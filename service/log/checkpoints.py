"""Signed checkpoints of a county's log: made, kept, counter-signed by witnesses; and proofs against them.

A checkpoint says the same of a size for ever, and a larger one contains every smaller one. One that would say something
else than what was signed before is refused: that is a log whose past was changed, or that lost its end. What was signed
is known from two places, the database and a file beside the private key.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from service.algorithms.chosen import ChosenAlgorithms
from service.log.ends import ends_of
from service.log.index import LogIndex, load_index
from service.log.merkle import verify_consistency
from service.log.readings import state
from service.log.signed_note import (
    Checkpoint,
    Note,
    NoteInvalid,
    NoteSignature,
    SignerKey,
    VerifierKey,
    note_of,
)
from service.log.signing_keys import KnownKey, SigningKeys, known_keys, origin_of, trust_witness
from service.log.tree import LogTree, load_tree, recompute_tree

_TEXT: Final = "SELECT text FROM checkpoint WHERE county = $1 AND size = $2"
_LINES: Final = """
SELECT line FROM checkpoint_signature WHERE county = $1 AND size = $2 ORDER BY place, name, key_id"""
_BODIES: Final = "SELECT position, body FROM event WHERE county = $1 AND position <= $2 ORDER BY position"
_SIGN: Final = """
INSERT INTO checkpoint_signature (county, size, place, name, key_id, line) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING"""


class CheckpointWrong(Exception):  # noqa: N818  names a state
    """The log is not what it was when a checkpoint was signed, or a note is not about this log."""


class NoCheckpoint(LookupError):  # noqa: N818  names a state
    """There is no checkpoint of this size, or the log never had it."""


@dataclass(frozen=True, slots=True)
class Made:
    """A checkpoint with what it was made from: for proofs about the same size."""

    checkpoint: Checkpoint
    note: Note
    index: LogIndex
    signer: SignerKey


class Checkpoints:
    """Checkpoints of the counties in one database, signed with the keys of one folder."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        folder: Path,
        clock: Callable[[], datetime],
        algorithms: ChosenAlgorithms | None = None,
    ) -> None:
        self._pool = pool
        self.keys = SigningKeys(folder, algorithms)
        self._clock = clock
        self._recomputing = asyncio.Semaphore(1)
        """A log is recomputed for one who asks at a time: it reads every event."""

    async def make(self, county: str, size: int | None = None) -> Made:
        """The checkpoint of a size (default: the head), signed with the present key.

        `NoCheckpoint` for a size the log never had, `CheckpointWrong` if the log is not what was signed of it before.
        """
        async with self._pool.acquire() as connection:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                head, signed = await self._whole(connection, county)
                size = head if size is None else size
                if not 1 <= size <= head:
                    raise NoCheckpoint(f"the log of {county} has {head} events, not {size}")
                index = await load_index(connection, county, size)
            largest = max([size, *(one.size for one in signed)])
            sizes = (size, *(one.size for one in signed))
            tree = await load_tree(connection, county, largest, sizes=sizes)
            for one in signed:
                if one.size and (tree.digest, tree.root(one.size)) != (one.digest, one.root):
                    raise CheckpointWrong(
                        f"the log of {county} is not what it was: its first {one.size} events are not those that were"
                        f" signed"
                    )
            signer = await self.keys.signer(connection, county, self._clock())
            checkpoint = Checkpoint(
                origin_of(county), size, tree.root(size), len(index.entries), index.root, tree.digest
            )
            self.keys.remember(county, signer.verifier, checkpoint)
            note = await self._keep(connection, county, checkpoint, signer)
            readings = await state(connection, county, origin_of(county), signer.sign)
            if readings is not None:
                self.keys.remember_readings(county, signer.verifier, readings)
        return Made(checkpoint, note, index, signer)

    async def _whole(self, connection: Any, county: str) -> tuple[int, list[Checkpoint]]:
        """How many events the log has, and the largest checkpoints signed of it, here and beside the key.

        `CheckpointWrong` if its tables do not agree where it ends, or it has fewer events than were signed.
        """
        ends = next(iter(await ends_of(connection, county)), None)
        if ends is not None and ends.problem is not None:
            raise CheckpointWrong(f"the log of {county} is not whole: {ends.problem}; nothing is signed")
        head = 0 if ends is None or ends.head is None else ends.head
        here = None if ends is None else ends.signed
        beside = self.keys.kept(county)
        signed = beside if here is None else [here, *beside]
        for one in signed:
            if one.size > head:
                raise CheckpointWrong(
                    f"the log of {county} has {head} events, but {one.size} were signed; nothing is signed until"
                    " it has them again, or a new epoch is begun (taizhang checkpoint epoch)"
                )
        return head, signed

    async def _keep(self, connection: Any, county: str, checkpoint: Checkpoint, signer: SignerKey) -> Note:
        async with connection.transaction():
            await connection.execute(
                "INSERT INTO checkpoint (county, size, text) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                county,
                checkpoint.size,
                checkpoint.text,
            )
            said = await connection.fetchval(_TEXT, county, checkpoint.size)
            if said != checkpoint.text:
                raise CheckpointWrong(
                    f"the log of {county} is not what it was: at size {checkpoint.size} it said {said!r},"
                    f" now it says {checkpoint.text!r}"
                )
            await _sign(connection, county, checkpoint.size, 0, signer.sign(checkpoint.text))
        return await self.stored(county, checkpoint.size, connection)

    async def signed(self, county: str, text: str) -> Note:
        """Another statement about this log under its present key; its first line says what kind it is."""
        async with self._pool.acquire() as connection:
            signer = await self.keys.signer(connection, county, self._clock())
        return Note(text, (signer.sign(text),))

    async def latest(self, county: str) -> Note:
        """The largest checkpoint there is; `NoCheckpoint`."""
        async with self._pool.acquire() as connection:
            size = await connection.fetchval("SELECT max(size) FROM checkpoint WHERE county = $1", county)
            if size is None:
                raise NoCheckpoint(f"the log of {county} has no checkpoint yet")
            return await self.stored(county, size, connection)

    async def stored(self, county: str, size: int, connection: Any = None) -> Note:
        """A checkpoint as it is kept, with all signatures; `NoCheckpoint`."""
        if connection is None:
            async with self._pool.acquire() as acquired:
                return await self.stored(county, size, acquired)
        text = await connection.fetchval(_TEXT, county, size)
        if text is None:
            raise NoCheckpoint(f"the log of {county} has no checkpoint of {size} events")
        rows = await connection.fetch(_LINES, county, size)
        return note_of(Checkpoint.parse(text), [NoteSignature.parse(row["line"]) for row in rows])

    async def bodies(self, county: str, size: int) -> AsyncIterator[tuple[int, bytes]]:
        """(position, bytes) of the first `size` events, in order."""
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            async for row in connection.cursor(_BODIES, county, size, prefetch=2_000):
                yield row["position"], row["body"]

    async def known_keys(self, county: str) -> list[KnownKey]:
        """Public keys of the log and of its witnesses, retired ones too."""
        async with self._pool.acquire() as connection:
            return list(await known_keys(connection, county))

    async def rotate(self, county: str) -> VerifierKey:
        """A new signing key."""
        async with self._pool.acquire() as connection:
            return (await self.keys.rotate(connection, county, self._clock())).verifier

    async def witness(self, county: str, note: Note, key: VerifierKey) -> int:
        """Keep another party's signature beside a checkpoint that it is under; gives the checkpoint's size.

        `NoteInvalid` unless that key made it and the text is this log's own checkpoint.
        """
        if not key.of_a_witness:
            raise NoteInvalid(f"{key.name} is not the key of a witness (its kind is {key.kind})")
        checkpoint = Checkpoint.parse(note.text)
        own = await self.stored(county, checkpoint.size)
        if own.text != note.text:
            raise CheckpointWrong(f"the note is about another log than {county} at {checkpoint.size}")
        made = [one for one in note.signatures if one.verifies(note.text, key)]
        if not made:
            raise NoteInvalid(f"the note carries no good signature of {key.name}")
        async with self._pool.acquire() as connection, connection.transaction():
            await trust_witness(connection, county, key, self._clock())
            await _sign(connection, county, checkpoint.size, 1, made[-1])
        return checkpoint.size

    async def tree(
        self,
        county: str,
        size: int,
        *,
        positions: tuple[int, ...] = (),
        sizes: tuple[int, ...] = (),
        recomputed: bool = False,
    ) -> LogTree:
        """The tree at a size, ready for these proofs; `NoCheckpoint` for a size the log never had.

        `recomputed`: from the events' bytes, believing no root and no hash that is kept.
        """
        turn = self._recomputing if recomputed else contextlib.nullcontext()
        async with turn, self._pool.acquire() as connection:
            head = await connection.fetchval("SELECT position FROM log_head WHERE county = $1", county)
            if not 0 <= size <= (head or 0):
                raise NoCheckpoint(f"the log of {county} has {head or 0} events, not {size}")
            load = recompute_tree if recomputed else load_tree
            return await load(connection, county, size, positions=positions, sizes=sizes)

    async def consistent(self, county: str, old: Checkpoint) -> tuple[Checkpoint, list[bytes]]:
        """Proof that the latest checkpoint's log begins with the one `old` tells of; `CheckpointWrong` if it does not."""
        latest = Checkpoint.parse((await self.latest(county)).text)
        if old.size > latest.size:
            latest = (await self.make(county)).checkpoint
        if old.size > latest.size:
            raise CheckpointWrong(
                f"the log has {latest.size} events; the checkpoint shown tells of {old.size}"
            )
        tree = await self.tree(county, latest.size, sizes=(old.size,), recomputed=True)
        proof = tree.consistency_proof(old.size)
        same = tree.digest is old.digest
        if not same or not verify_consistency(
            old.size, old.root, latest.size, latest.root, proof, tree.digest
        ):
            raise CheckpointWrong(f"the log's first {old.size} events are not those of the checkpoint shown")
        return latest, proof


async def _sign(connection: Any, county: str, size: int, place: int, signature: NoteSignature) -> None:
    await connection.execute(_SIGN, county, size, place, signature.name, signature.key_id, str(signature))
