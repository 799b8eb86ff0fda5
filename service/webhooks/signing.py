"""Signatures of Standard Webhooks: `v1` (HMAC-SHA256, shared secret) and `v1a` (Ed25519, public key).

A message is signed with every live key of its endpoint; whoever verifies accepts any that he knows. The signed text is
`<webhook-id>.<webhook-timestamp>.<body>`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from standardwebhooks.webhooks import Webhook

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  how every secret of this standard begins
PUBLIC_PREFIX: Final = "whpk_"
TOLERANCE_SECONDS: Final = 300
"""How old or how far ahead a timestamp may be."""

KeyKind = Literal["HMAC", "ED25519"]


class SignatureWrong(Exception):  # noqa: N818  names what was found
    """A message that is not from who it says, was changed, or is too old."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One live key of an endpoint. `private`: 32 random bytes, for Ed25519 the seed."""

    kind: KeyKind
    private: bytes

    @classmethod
    def fresh(cls, kind: KeyKind) -> SigningKey:
        """A new random key."""
        return cls(kind, os.urandom(32))

    @property
    def shown(self) -> str:
        """What the subscriber is given: the secret itself (HMAC), or the public key (Ed25519)."""
        if self.kind == "HMAC":
            return SECRET_PREFIX + base64.b64encode(self.private).decode()
        public = Ed25519PrivateKey.from_private_bytes(self.private).public_key()
        return PUBLIC_PREFIX + base64.b64encode(public.public_bytes_raw()).decode()

    def sign(self, message: str, moment: datetime, body: bytes) -> str:
        """One entry of the `webhook-signature` header."""
        if self.kind == "HMAC":
            return Webhook(self.private).sign(message, moment.astimezone(UTC), body.decode())
        signed = Ed25519PrivateKey.from_private_bytes(self.private).sign(_signed_text(message, moment, body))
        return f"v1a,{base64.b64encode(signed).decode()}"


def headers_of(message: str, moment: datetime, body: bytes, keys: Sequence[SigningKey]) -> dict[str, str]:
    """The three headers of a message, signed with all keys."""
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(key.sign(message, moment, body) for key in keys),
    }


def verify(
    headers: Mapping[str, str], body: bytes, known: Sequence[str], now: datetime
) -> Literal["v1", "v1a"]:
    """Check a message against the secrets and public keys one knows; gives which kind of signature fits. `SignatureWrong`."""
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message, stamp, signatures = (
            given[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        )
        moment = datetime.fromtimestamp(int(stamp), UTC)
    except (KeyError, ValueError, OverflowError, OSError) as error:
        raise SignatureWrong(f"a header is missing or no number: {error}") from None
    if abs((now - moment).total_seconds()) > TOLERANCE_SECONDS:
        raise SignatureWrong(f"sent at {moment.isoformat()}, more than {TOLERANCE_SECONDS} s from now")
    text = _signed_text(message, moment, body)
    for entry in signatures.split(" "):
        version, _, encoded = entry.partition(",")
        for key in known:
            if version == "v1" and key.startswith(SECRET_PREFIX):
                expected = hmac.digest(_decoded(key.removeprefix(SECRET_PREFIX)), text, "sha256")
                if hmac.compare_digest(expected, _decoded(encoded)):
                    return "v1"
            elif version == "v1a" and key.startswith(PUBLIC_PREFIX):
                try:
                    public = Ed25519PublicKey.from_public_bytes(_decoded(key.removeprefix(PUBLIC_PREFIX)))
                    public.verify(_decoded(encoded), text)
                except (InvalidSignature, ValueError):
                    continue
                return "v1a"
    raise SignatureWrong("no signature fits")


def _signed_text(message: str, moment: datetime, body: bytes) -> bytes:
    return f"{message}.{int(moment.timestamp())}.".encode() + body


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
