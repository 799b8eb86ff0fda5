"""Signature algorithms, by name: what makes keys, signs and verifies. Today Ed25519; SM2 would be a second one.

Which algorithm a key is of is said by the first byte of its public half (`VerifierKey`), so that keys of several can
follow each other in one log. A verifier refuses a byte that it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


class LogSigner(Protocol):
    """A private key of some algorithm."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """What it signs by."""

    @property
    def public(self) -> bytes:
        """Its public half, as verifier keys write it."""

    def sign(self, message: bytes) -> bytes:
        """Its signature under a message."""

    def pem(self) -> bytes:
        """The private key as its file holds it."""


class SignatureAlgorithm(Protocol):
    """An algorithm: how keys are made, read and used."""

    name: str
    log_kind: int
    """First byte of the public key of a log (C2SP signed-note)."""
    witness_kind: int
    """First byte of the public key of a witness, whose signature also says when (C2SP tlog-cosignature)."""
    public_bytes: int

    def generate(self) -> LogSigner:
        """A new key."""

    def read(self, pem: bytes) -> LogSigner | None:
        """The key in a file; None if it is of another algorithm. ValueError if it is no private key."""

    def verifies(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this public key's under the message."""


@dataclass(frozen=True, slots=True)
class Ed25519Signer:
    """An Ed25519 key."""

    private: Ed25519PrivateKey

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """Ed25519."""
        return ED25519

    @property
    def public(self) -> bytes:
        """32 bytes (RFC 8032)."""
        return self.private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """64 bytes (RFC 8032)."""
        return self.private.sign(message)

    def pem(self) -> bytes:
        """PKCS #8."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Ed25519:
    """Ed25519 (RFC 8032)."""

    name = "ed25519"
    log_kind = 1
    witness_kind = 4
    public_bytes = 32

    def generate(self) -> LogSigner:
        """A new key from the system's randomness."""
        return Ed25519Signer(Ed25519PrivateKey.generate())

    def read(self, pem: bytes) -> LogSigner | None:
        """The key in a PKCS #8 file."""
        try:
            key = load_pem_private_key(pem, password=None)
        except (TypeError, UnsupportedAlgorithm) as error:
            raise ValueError("not a private key") from error
        return Ed25519Signer(key) if isinstance(key, Ed25519PrivateKey) else None

    def verifies(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this public key's under the message."""
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


ED25519: Final[SignatureAlgorithm] = Ed25519()
SIGNATURES: Final = {one.name: one for one in (ED25519,)}
KINDS: Final = {
    kind: algorithm
    for algorithm in SIGNATURES.values()
    for kind in (algorithm.log_kind, algorithm.witness_kind)
}
"""First byte of a public key → its algorithm."""
WITNESS_KINDS: Final = frozenset(algorithm.witness_kind for algorithm in SIGNATURES.values())
