"""The log's signing keys: the private part in a folder that only its owner can read, the public part in the database.

The first checkpoint of a county makes a key. A rotation makes another; the old one stays in `log_key`, so that what it
signed can be verified for ever, and its private part is left where it is for the operator to put away.

Beside the private key lies the largest checkpoint that was signed with it (`….checkpoint`). Whoever changes or restores
the database does not change that: a log that is not what was signed then gets no further signature.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from service.database.database import Database
from service.database.embedded import default_folder
from service.exit_codes import CommandFailed
from service.log.ends import ends_of
from service.log.signed_note import LOG_SIGNATURE, Checkpoint, NoteInvalid, SignerKey, VerifierKey
from service.settings import Settings

_FILE: Final = re.compile(r"[A-Za-z0-9._-]+")
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


def write_private(path: Path, key: Ed25519PrivateKey) -> None:
    """Keep a private key in a new file, mode 0600; an existing file is never overwritten."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
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


def read_private(path: Path) -> Ed25519PrivateKey:
    """A private key from its file; `SigningKeyMissing` if it is not there, not a key, or readable by others."""
    try:
        if path.stat().st_mode & 0o077:
            raise SigningKeyMissing(
                f"The signing key {path} can be read by others than its owner: chmod 600 it."
            )
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise SigningKeyMissing(f"The signing key {path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SigningKeyMissing(f"{path} is not a private key.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyMissing(f"{path} is not an Ed25519 key.")
    return key


class SigningKeys:
    """The keys of all counties of one installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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

    async def rotate(self, connection: Any, county: str, now: datetime) -> SignerKey:
        """Make a new key and retire the one before; what was signed stays signed."""
        async with connection.transaction():
            await _alone(connection)
            signed = await self.largest_signed(connection, county)
            key = await self._new(connection, county, now)
        if signed is not None:
            self.remember(county, key.verifier, signed)
        return key

    async def largest_signed(self, connection: Any, county: str) -> Checkpoint | None:
        """The largest checkpoint that lies beside the present key; None before the first, or where there is no key."""
        current = await self._current(connection, county)
        return None if current is None else self._remembered(self._memory(county, current))

    def remember(self, county: str, key: VerifierKey, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint beside the key that is about to sign it, unless a larger one lies there."""
        path = self._memory(county, key)
        before = self._remembered(path)
        if before is None or checkpoint.size > before.size:
            _replace(path, checkpoint.text.encode())

    def _remembered(self, path: Path) -> Checkpoint | None:
        try:
            return Checkpoint.parse(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, NoteInvalid) as error:
            raise SigningKeyMissing(f"What was signed last cannot be read from {path}: {error}.") from error

    async def _current(self, connection: Any, county: str) -> VerifierKey | None:
        known = await known_keys(connection, county, "LOG")
        return next((one.verifier for one in known if one.retired_at is None), None)

    async def _new(self, connection: Any, county: str, now: datetime) -> SignerKey:
        key = SignerKey(origin_of(county), Ed25519PrivateKey.generate(), LOG_SIGNATURE)
        await connection.execute(
            "UPDATE log_key SET retired_at = $2 WHERE county = $1 AND kind = 'LOG' AND retired_at IS NULL",
            county,
            now,
        )
        await _keep(connection, county, key.verifier, "LOG", now)
        write_private(self._path(county, key.verifier), key.private)
        return key

    def _path(self, county: str, verifier: VerifierKey) -> Path:
        return self.folder / f"{county}-{verifier.key_id.hex()}.pem"

    def _memory(self, county: str, verifier: VerifierKey) -> Path:
        return self._path(county, verifier).with_suffix(".checkpoint")


async def log_problems(connection: Any, keys: SigningKeys) -> dict[str, str]:
    """What does not fit together of each county's log, with what was signed of it; empty: every log is whole."""
    wrong: dict[str, str] = {}
    known = {one.county: one for one in await ends_of(connection)}
    signing = {row["county"] for row in await connection.fetch("SELECT DISTINCT county FROM log_key")}
    for county in sorted({*known, *signing}):
        ends = known.get(county)
        head = 0 if ends is None or ends.head is None else ends.head
        signed = await keys.largest_signed(connection, county)
        if ends is not None and ends.problem is not None:
            wrong[county] = ends.problem
        elif signed is not None and signed.size > head:
            wrong[county] = f"it has {head} events, but {signed.size} were signed"
    return wrong


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
