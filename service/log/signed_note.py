"""Signed notes and checkpoints as C2SP writes them: text that people can read, with Ed25519 signatures below it.

A checkpoint is a note of three lines: the log's name, the number of events, the Merkle root in base64; here a fourth
line commits to the index (`service.log.index`). Formats: c2sp.org/signed-note, /tlog-checkpoint, /tlog-cosignature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOG_SIGNATURE: Final = 1
"""Algorithm byte of a log's own Ed25519 signature."""
COSIGNATURE: Final = 4
"""Algorithm byte of a witness's signature, which also says when."""
_DASH: Final = "— "
_NAME: Final = re.compile(r"[^\s+]+")


class NoteInvalid(ValueError):  # noqa: N818  says what the text is
    """The text is not a note, a key or a checkpoint in the format agreed."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name its signatures carry."""

    name: str
    public: bytes
    """32 bytes of Ed25519."""
    algorithm: int = LOG_SIGNATURE

    @property
    def key_id(self) -> bytes:
        """Four bytes that say which key of this name a signature belongs to."""
        content = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public
        return hashlib.sha256(content).digest()[:4]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, in hexadecimal: what one party tells another."""
        return hashlib.sha256(self.public).hexdigest()

    def __str__(self) -> str:
        """The line others put into their configuration: name+id+key."""
        key = base64.b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, line: str) -> Self:
        """The inverse of `str`; `NoteInvalid`."""
        parts = line.strip().split("+", 2)
        try:
            name, key_id, encoded = parts
            raw = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error) as error:
            raise NoteInvalid("a verifier key reads name+id+base64") from error
        if len(raw) != 33 or raw[0] not in {LOG_SIGNATURE, COSIGNATURE} or not _NAME.fullmatch(name):
            raise NoteInvalid("a verifier key holds one Ed25519 key under a name without spaces")
        key = cls(name, raw[1:], raw[0])
        if key.key_id.hex() != key_id:
            raise NoteInvalid(f"the verifier key of {name} has the id {key.key_id.hex()}, not {key_id}")
        return key


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A private key and the name it signs under."""

    name: str
    private: Ed25519PrivateKey
    algorithm: int = LOG_SIGNATURE

    @property
    def verifier(self) -> VerifierKey:
        """Its public half."""
        return VerifierKey(self.name, self.private.public_key().public_bytes_raw(), self.algorithm)

    def sign(self, text: str) -> NoteSignature:
        """A log's signature under a note."""
        return NoteSignature(self.name, self.verifier.key_id, self.private.sign(text.encode()))

    def cosign(self, text: str, timestamp: int) -> NoteSignature:
        """A witness's signature: this is what the log showed at `timestamp` (seconds since 1970)."""
        message = f"cosignature/v1\ntime {timestamp}\n{text}".encode()
        return NoteSignature(
            self.name, self.verifier.key_id, timestamp.to_bytes(8, "big") + self.private.sign(message)
        )


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One line under a note."""

    name: str
    key_id: bytes
    content: bytes

    def __str__(self) -> str:
        """The line, without its newline."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.content).decode()}"

    @classmethod
    def parse(cls, line: str) -> Self:
        """The inverse of `str`; `NoteInvalid`."""
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raw = b""
        if not line.startswith(_DASH) or len(raw) < 5 or not _NAME.fullmatch(name):
            raise NoteInvalid("a signature line reads “— name base64”")
        found = cls(name, raw[:4], raw[4:])
        if str(found) != line:  # base64 has bits at its end that say nothing
            raise NoteInvalid("a signature line has one spelling")
        return found

    def verifies(self, text: str, key: VerifierKey) -> bool:
        """Whether this key made it for this text."""
        if (self.name, self.key_id) != (key.name, key.key_id):
            return False
        content, message = self.content, text.encode()
        if key.algorithm == COSIGNATURE:
            moment, content = int.from_bytes(content[:8], "big"), content[8:]
            message = f"cosignature/v1\ntime {moment}\n{text}".encode()
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(content, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with a newline, and the signatures below it."""

    text: str
    signatures: tuple[NoteSignature, ...] = ()

    def __str__(self) -> str:
        """The whole note."""
        return f"{self.text}\n" + "".join(f"{one}\n" for one in self.signatures)

    @classmethod
    def parse(cls, note: str) -> Self:
        """The inverse of `str`; `NoteInvalid`."""
        text, blank, below = note.rpartition("\n\n")
        if not blank or not below.endswith("\n"):
            raise NoteInvalid("a note is a text, an empty line, and signature lines")
        return cls(text + "\n", tuple(NoteSignature.parse(line) for line in below[:-1].split("\n")))

    def signed_by(self, key: VerifierKey) -> bool:
        """Whether one of the signatures is this key's."""
        return any(one.verifies(self.text, key) for one in self.signatures)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: so many events make this root, and this index (entries, root)."""

    origin: str
    size: int
    root: bytes
    index_count: int
    index_root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return (
            f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
            f"index {self.index_count} {base64.b64encode(self.index_root).decode()}\n"
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `text`; `NoteInvalid`."""
        lines = text.split("\n")
        try:
            origin, size, root, index, end = lines
            word, count, index_root = index.split(" ")
            found = cls(
                origin,
                int(size),
                base64.b64decode(root, validate=True),
                int(count),
                base64.b64decode(index_root, validate=True),
            )
        except ValueError as error:
            raise NoteInvalid("a checkpoint names log, size, root and index") from error
        if end or word != "index" or found.text != text:
            raise NoteInvalid("a checkpoint has four lines in one spelling")
        return found


def note_of(checkpoint: Checkpoint, signatures: Sequence[NoteSignature]) -> Note:
    """A checkpoint with its signatures."""
    return Note(checkpoint.text, tuple(signatures))
