"""The log's signing keys: the private part in a folder that only its owner can read, the public part in the database.

The first checkpoint of a county makes a key. A rotation makes another; the old one stays in `log_key`, so that what it
signed can be verified for ever, and its private part is left where it is for the operator to put away.

Beside the private key lies the largest checkpoint that was signed with it (`….checkpoint`), and with a key that was
rotated which one came after it (`….successor`). Checkpoints that were given away can be laid there too (`checkpoint keep`).
Whoever changes or restores the database does not change that: a log that is not what was signed then gets no further
signature, and is not served.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from service.algorithms.chosen import ChosenAlgorithms, refused_digest
from service.algorithms.digests import digest_named
from service.algorithms.signers import SIGNATURES, LogSigner
from service.database.database import Database
from service.database.embedded import default_folder
from service.exit_codes import CommandFailed
from service.log.ends import ends_of
from service.log.signed_note import Checkpoint, Note, NoteInvalid, SignerKey, VerifierKey
from service.log.tree import LogTreeWrong, load_tree
from service.settings import Settings

_FILE: Final = re.compile(r"[A-Za-z0-9._-]+")
_OF_A_KEY: Final = frozenset({".pem", ".checkpoint", ".readings"})
"""Endings of the files by which a key signs, and by which what it signed counts."""
_KEYS: Final = """
SELECT verifier, kind, made_at, retired_at FROM log_key WHERE county = $1
ORDER BY kind, retired_at NULLS LAST, made_at, key_id"""


class SigningKeyMissing(CommandFailed):
    """The log has a key, but its private part is not in the folder, or is open to others."""


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A public key that signs, or once signed, checkpoints of this log."""

    verifier: VerifierKey
    kind: str
    """LOG or WITNESS."""
    made_at: datetime
    retired_at: datetime | None


def origin_of(county: str) -> str:
    """The log's name in its checkpoints."""
    return f"taizhang/{county}"


def folder_of(settings: Settings, database: Database) -> Path:
    """Where private keys are: TAIZHANG_KEYS, else with the data, else (a database elsewhere) beside the data's place."""
    if settings.keys is not None:
        return settings.keys
    if database.data_folder is not None:
        return database.data_folder / "keys"
    return (settings.data or default_folder()).with_name("taizhang-keys")


def write_private(path: Path, key: LogSigner) -> None:
    """Keep a private key in a new file, mode 0600; an existing file is never overwritten."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = key.pem()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another, whole or not at all, and on the disk."""
    fresh = path.with_suffix(f".{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_private(path: Path) -> LogSigner:
    """A private key from its file; `SigningKeyMissing` if it is not there, not a key, or readable by others."""
    try:
        if path.stat().st_mode & 0o077:
            raise SigningKeyMissing(
                f"The signing key {path} can be read by others than its owner: chmod 600 it."
            )
        pem = path.read_bytes()
        read = (algorithm.read(pem) for algorithm in SIGNATURES.values())
        key = next((one for one in read if one is not None), None)
    except OSError as error:
        raise SigningKeyMissing(f"The signing key {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SigningKeyMissing(f"{path} is not a private key.") from error
    if key is None:
        raise SigningKeyMissing(f"{path} is a key of none of these algorithms: {', '.join(SIGNATURES)}.")
    return key


class SigningKeys:
    """The keys of all counties of one installation."""

    def __init__(self, folder: Path, algorithms: ChosenAlgorithms | None = None) -> None:
        self.folder = folder
        self._algorithms = algorithms or ChosenAlgorithms()
        """What the next key of a county is made by."""

    async def signer(self, connection: Any, county: str, now: datetime) -> SignerKey:
        """The key that signs now; made if this log never had one."""
        current = await self._current(connection, county)
        if current is None:
            async with connection.transaction():
                await _alone(connection)
                current = await self._current(connection, county)  # of two first ones the second finds a key
                if current is None:
                    return await self._new(connection, county, now)
        key = SignerKey(current.name, read_private(self._path(county, current)))
        if key.verifier != current:
            raise SigningKeyMissing(f"{self._path(county, current)} is not the key {current}.")
        return key

    async def before(self, connection: Any, county: str) -> list[SignerKey]:
        """The key that signed until now; where the database knows of none, all of the county's that lie in the folder."""
        current = await self._current(connection, county)
        if current is not None:
            paths = [self._path(county, current)]
        else:
            paths = sorted(self.folder.glob(f"{county}-*.pem"))
        return [SignerKey(origin_of(county), read_private(path)) for path in paths]

    async def rotate(self, connection: Any, county: str, now: datetime) -> SignerKey:
        """Make a new key and retire the one before; what was signed stays signed."""
        async with connection.transaction():
            await _alone(connection)
            signed = self.largest_signed(county)
            before = await self._current(connection, county)
            key = await self._new(connection, county, now)
            self._link(county, before, key.verifier)
        if signed is not None:
            self.remember(county, key.verifier, signed)
        return key

    def largest_signed(self, county: str) -> Checkpoint | None:
        """The largest checkpoint of the county's log that lies in the folder; None where there is none."""
        return max(self.kept(county), key=lambda one: one.size, default=None)

    def kept(self, county: str) -> list[Checkpoint]:
        """The checkpoints of the county's log in the folder, whichever key signed them: a database that does not know of
        the key may be an older one, or an empty one in the log's place.
        """
        found: dict[str, Checkpoint] = {}
        for path in sorted(self.folder.glob(f"{county}-*.checkpoint")):
            one = self._remembered(path)
            if one is not None and one.origin == origin_of(county):
                found[one.text] = one
        return list(found.values())

    def keep(self, county: str, note: Note, key: VerifierKey) -> Path:
        """Lay a checkpoint that was given away, and that this key signed, beside that key; gives its file."""
        checkpoint = Checkpoint.parse(note.text)
        if checkpoint.origin != origin_of(county) or not note.signed_by(key):
            raise NoteInvalid(
                f"it is not signed by {key.name}+{key.key_id.hex()}, or not about {origin_of(county)}"
            )
        mark = hashlib.sha256(note.text.encode()).hexdigest()[:8]
        path = self.folder / f"{county}-{key.key_id.hex()}-{checkpoint.size}-{mark}.checkpoint"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path, note.text.encode())
        return path

    def _link(self, county: str, before: VerifierKey | None, after: VerifierKey) -> None:
        """Note beside a key which one came after it: an older database does not know."""
        if before is not None:
            _replace(self._path(county, before).with_suffix(".successor"), f"{after}\n".encode())

    def successors(self, county: str, known: Sequence[VerifierKey]) -> list[VerifierKey]:
        """The keys that came after these by what is noted beside them, without those that are known."""
        keys = list(known)
        for key in keys:  # grows while it is walked
            path = self._path(county, key).with_suffix(".successor")
            try:
                after = VerifierKey.parse(path.read_text("utf-8"))
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError, NoteInvalid) as error:
                raise SigningKeyMissing(
                    f"Which key came after cannot be read from {path}: {error}."
                ) from error
            if after not in keys:
                keys.append(after)
        return keys[len(known) :]

    def remember(self, county: str, key: VerifierKey, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint beside the key that is about to sign it, unless a larger one lies there."""
        path = self._memory(county, key)
        before = self._remembered(path)
        if before is None or checkpoint.size > before.size:
            _replace(path, checkpoint.text.encode())

    def remember_readings(self, county: str, key: VerifierKey, text: str) -> None:
        """Keep what is signed of the readings beside the key; they only ever become more."""
        _replace(self._path(county, key).with_suffix(".readings"), text.encode())

    def remembered_readings(self, county: str) -> list[str]:
        """What lies beside the county's keys of its readings."""
        return [path.read_text("utf-8") for path in sorted(self.folder.glob(f"{county}-*.readings"))]

    def _remembered(self, path: Path) -> Checkpoint | None:
        try:
            said = path.read_text("utf-8")
            return Checkpoint.parse(Note.parse(said).text if "\n\n" in said else said)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, NoteInvalid) as error:
            raise SigningKeyMissing(f"What was signed last cannot be read from {path}: {error}.") from error

    async def _current(self, connection: Any, county: str) -> VerifierKey | None:
        known = await known_keys(connection, county, "LOG")
        return next((one.verifier for one in known if one.retired_at is None), None)

    async def _new(self, connection: Any, county: str, now: datetime) -> SignerKey:
        key = SignerKey(origin_of(county), self._algorithms.for_new(county).signature.generate())
        await connection.execute(
            "UPDATE log_key SET retired_at = $2 WHERE county = $1 AND kind = 'LOG' AND retired_at IS NULL",
            county,
            now,
        )
        await _keep(connection, county, key.verifier, "LOG", now)
        write_private(self._path(county, key.verifier), key.private)
        return key

    async def begin_anew(self, connection: Any, county: str, now: datetime) -> SignerKey:
        """A new key that takes nothing along of what earlier ones have signed; those are retired."""
        async with connection.transaction():
            await _alone(connection)
            before = await self._current(connection, county)
            key = await self._new(connection, county, now)
            self._link(county, before, key.verifier)
        return key

    def write_note(self, name: str, note: Note) -> None:
        """Keep a signed note in the folder, on the disk."""
        _replace(self.folder / name, str(note).encode())

    def put_away(self, county: str, epoch: int, staying: VerifierKey) -> None:
        """Move an epoch's keys and checkpoints into a folder of their own: nothing there signs or counts any more."""
        into = self.folder / f"epoch-{epoch}"
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in sorted(self.folder.glob(f"{county}-*")):
            if path.suffix in _OF_A_KEY and not path.name.startswith(f"{county}-{staying.key_id.hex()}"):
                path.replace(into / path.name)

    def _path(self, county: str, verifier: VerifierKey) -> Path:
        return self.folder / f"{county}-{verifier.key_id.hex()}.pem"

    def _memory(self, county: str, verifier: VerifierKey) -> Path:
        return self._path(county, verifier).with_suffix(".checkpoint")


async def log_problems(
    connection: Any,
    keys: SigningKeys,
    chosen: ChosenAlgorithms | None = None,
    served: Collection[str] = (),
) -> dict[str, str]:
    """What does not fit together of each county's log, with what was signed of it and, where it is given, with what the
    settings say; empty: every log is whole. `served`: counties that are looked at though the database has no log of them.
    """
    wrong: dict[str, str] = {}
    known = {one.county: one for one in await ends_of(connection)}
    signing = {row["county"] for row in await connection.fetch("SELECT DISTINCT county FROM log_key")}
    for county in sorted({*known, *signing, *served}):
        ends = known.get(county)
        head = 0 if ends is None or ends.head is None else ends.head
        if ends is not None and ends.problem is not None:
            wrong[county] = ends.problem
            continue
        refused = None
        if chosen is not None and ends is not None and ends.digest is not None:
            refused = refused_digest(chosen, county, digest_named(ends.digest))
        if refused is not None:
            wrong[county] = refused
            continue
        try:
            unlike = await not_as_signed(connection, county, head, keys.kept(county))
        except LogTreeWrong as error:
            wrong[county] = str(error)
        else:
            if unlike is not None:
                wrong[county] = lost_sentence(head, unlike)
    return wrong


async def require_whole(
    pool: asyncpg.Pool, keys: Path, chosen: ChosenAlgorithms | None = None, served: Collection[str] = ()
) -> None:
    """Every log ends where all its tables and all that was signed of it say, and is of the digest that was chosen; one
    sentence where it does not. `served`: counties that would be founded where the database has no log of them.
    """
    async with pool.acquire() as connection:
        wrong = await log_problems(connection, SigningKeys(keys), chosen, served)
    if wrong:
        told = "; ".join(f"the log of {county} is not whole: {problem}" for county, problem in wrong.items())
        sentence = told[:1].upper() + told[1:]
        raise CommandFailed(
            f"{sentence}. Nothing is served until it is known what happened: taizhang doctor, taizhang verify; a log"
            " that was restored and lost events for good goes on after: taizhang checkpoint epoch. What was signed lies in"
            f" {keys}; where that is another database's, name a folder of its own: TAIZHANG_KEYS."
        )


async def not_as_signed(
    connection: Any, county: str, head: int, signed: Sequence[Checkpoint]
) -> Checkpoint | None:
    """The largest of these checkpoints that a log of `head` events is not, or no longer; None: it is what they say."""
    for one in sorted(signed, key=lambda one: -one.size):
        if one.size > head:
            return one
        if not one.size:  # every log begins with none
            continue
        tree = await load_tree(connection, county, one.size)
        if (tree.digest, tree.root()) != (one.digest, one.root):
            return one
    return None


def lost_sentence(head: int, signed: Checkpoint) -> str:
    """How a log of `head` events differs from what was signed of it."""
    if signed.size > head:
        return f"it has {head} events, but {signed.size} were signed"
    return f"its first {signed.size} events are not those that were signed"


async def known_keys(connection: Any, county: str, kind: str | None = None) -> Sequence[KnownKey]:
    """Keys of a county's log and of its witnesses, oldest first."""
    rows = await connection.fetch(_KEYS, county)
    return [
        KnownKey(VerifierKey.parse(row["verifier"]), row["kind"], row["made_at"], row["retired_at"])
        for row in rows
        if kind in {None, row["kind"]}
    ]


async def trust_witness(connection: Any, county: str, verifier: VerifierKey, now: datetime) -> None:
    """Remember a witness's key."""
    await _keep(connection, county, verifier, "WITNESS", now)


async def _keep(connection: Any, county: str, key: VerifierKey, kind: str, now: datetime) -> None:
    await connection.execute(
        "INSERT INTO log_key (county, key_id, name, kind, verifier, made_at) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT DO NOTHING",
        county,
        key.key_id,
        key.name,
        kind,
        str(key),
        now,
    )


async def _alone(connection: Any) -> None:
    await connection.execute("LOCK TABLE log_key IN SHARE ROW EXCLUSIVE MODE")
