"""Signed notes and checkpoints as C2SP writes them: text that people can read, with Ed25519 signatures below it.

A checkpoint is a note of three lines: the log's name, the number of events, the Merkle root in base64; here a fourth
line commits to the index (`service.log.index`), and a fifth names the digest of all of it where that is not SHA-256.
Ids and fingerprints of keys are SHA-256 whatever the log's digest is: they are part of the format of keys. Formats: c2sp.org/signed-note, /tlog-checkpoint, /tlog-cosignature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from service.algorithms.digests import SHA256, Digest, DigestUnknown, digest_named
from service.algorithms.signers import ED25519, KINDS, WITNESS_KINDS, LogSigner, SignatureAlgorithm

_DASH: Final = "— "
_NAME: Final = re.compile(r"[^\s+]+")


class NoteInvalid(ValueError):  # noqa: N818  says what the text is
    """The text is not a note, a key or a checkpoint in the format agreed."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name its signatures carry."""

    name: str
    public: bytes
    """As its algorithm writes it; 32 bytes of Ed25519."""
    kind: int = ED25519.log_kind
    """Which algorithm, and whether of a log or of a witness."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """What signatures of it are verified by."""
        return KINDS[self.kind]

    @property
    def of_a_witness(self) -> bool:
        """Whether it is a witness's, whose signature also says when."""
        return self.kind in WITNESS_KINDS

    @property
    def key_id(self) -> bytes:
        """Four bytes that say which key of this name a signature belongs to."""
        content = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(content).digest()[:4]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, in hexadecimal: what one party tells another."""
        return hashlib.sha256(self.public).hexdigest()

    def __str__(self) -> str:
        """The line others put into their configuration: name+id+key."""
        key = base64.b64encode(bytes([self.kind]) + self.public).decode()
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
        known = KINDS.get(raw[0]) if raw else None
        if known is None or len(raw) != 1 + known.public_bytes or not _NAME.fullmatch(name):
            raise NoteInvalid("a verifier key holds one key of a known algorithm under a name without spaces")
        key = cls(name, raw[1:], raw[0])
        if key.key_id.hex() != key_id:
            raise NoteInvalid(f"the verifier key of {name} has the id {key.key_id.hex()}, not {key_id}")
        return key


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A private key and the name it signs under."""

    name: str
    private: LogSigner
    witness: bool = False
    """Whether it signs as a witness."""

    @property
    def verifier(self) -> VerifierKey:
        """Its public half."""
        algorithm = self.private.algorithm
        kind = algorithm.witness_kind if self.witness else algorithm.log_kind
        return VerifierKey(self.name, self.private.public, kind)

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
        if key.of_a_witness:
            moment, content = int.from_bytes(content[:8], "big"), content[8:]
            message = f"cosignature/v1\ntime {moment}\n{text}".encode()
        return key.algorithm.verifies(key.public, message, content)


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
    """Statement of a log about itself: so many events make this root, and this index (entries, root)."""

    origin: str
    size: int
    root: bytes
    index_count: int
    index_root: bytes
    digest: Digest = SHA256

    @property
    def text(self) -> str:
        """The text that is signed."""
        named = "" if self.digest is SHA256 else f"digest {self.digest.name}\n"
        return (
            f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
            f"index {self.index_count} {base64.b64encode(self.index_root).decode()}\n{named}"
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `text`; `NoteInvalid`."""
        lines = text.split("\n")
        try:
            origin, size, root, index, *named, end = lines
            word, count, index_root = index.split(" ")
            digest = digest_named(named[0].removeprefix("digest ")) if named else SHA256
            found = cls(
                origin,
                int(size),
                base64.b64decode(root, validate=True),
                int(count),
                base64.b64decode(index_root, validate=True),
                digest,
            )
        except DigestUnknown as error:
            raise NoteInvalid(f"the checkpoint cannot be read: {error}") from error
        except ValueError as error:
            raise NoteInvalid("a checkpoint names log, size, root and index") from error
        if end or word != "index" or found.text != text:
            raise NoteInvalid("a checkpoint has its lines in one spelling")
        return found


def note_of(checkpoint: Checkpoint, signatures: Sequence[NoteSignature]) -> Note:
    """A checkpoint with its signatures."""
    return Note(checkpoint.text, tuple(signatures))
