"""Ciphers that seal a value under a person's key: AES-256-GCM, or SM4-GCM (GB/T 32907) where the settings choose it.

The nonce is made from the value under a second key (as in SIV modes): the same value of one person in the same form
gives the same token, so that repeating a request records nothing new. That tells two equal values of one person, and
nothing more. The token's head is authenticated with its county and person.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.sealed import MARKER, SealedForm, Token, parts_of

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_SM4_KEY_BYTES: Final = 16


class NotOpened(Exception):  # noqa: N818  names what happened
    """A token is not one of this key, person or county, or it was altered."""


def _aes_seal(key: bytes, nonce: bytes, content: bytes, bound: bytes) -> bytes:
    return AESGCM(key).encrypt(nonce, content, bound)


def _aes_open(key: bytes, nonce: bytes, content: bytes, bound: bytes) -> bytes:
    return AESGCM(key).decrypt(nonce, content, bound)


def _sm4_seal(key: bytes, nonce: bytes, content: bytes, bound: bytes) -> bytes:
    encryptor = Cipher(algorithms.SM4(key[:_SM4_KEY_BYTES]), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(bound)
    return encryptor.update(content) + encryptor.finalize() + encryptor.tag


def _sm4_open(key: bytes, nonce: bytes, content: bytes, bound: bytes) -> bytes:
    mode = modes.GCM(nonce, content[-_TAG_BYTES:])
    decryptor = Cipher(algorithms.SM4(key[:_SM4_KEY_BYTES]), mode).decryptor()
    decryptor.authenticate_additional_data(bound)
    return decryptor.update(content[:-_TAG_BYTES]) + decryptor.finalize()


_Step = Callable[[bytes, bytes, bytes, bytes], bytes]
AES256GCM: Final = "aes256gcm"
SM4GCM: Final = "sm4gcm"
CIPHERS: Final[Mapping[str, tuple[_Step, _Step]]] = {
    AES256GCM: (_aes_seal, _aes_open),
    SM4GCM: (_sm4_seal, _sm4_open),
}
"""Name in tokens and settings → (seal, open)."""


def seal(
    key: bytes, bound: tuple[str, str], algorithm: str, form: SealedForm, name: str, value: str
) -> Token:
    """The token of a value. `bound`: county and subject; `name`: of the key."""
    head = f"{MARKER}{algorithm}:{form}:{name}:"
    context = _context(head, bound)
    content = value.encode()
    nonce = hmac.digest(_part(key, b"nonce " + algorithm.encode()), context + content, sha256)[:_NONCE_BYTES]
    sealed = CIPHERS[algorithm][0](_part(key, b"value " + algorithm.encode()), nonce, content, context)
    return Token(head + _text(nonce + sealed))


def unseal(key: bytes, bound: tuple[str, str], token: str) -> str:
    """The value of a token; `NotOpened`."""
    parts = parts_of(token)
    if parts is None or parts.algorithm not in CIPHERS:
        raise NotOpened
    head = token[: -len(parts.content)]
    try:
        content = base64.b64decode(parts.content + "=" * (-len(parts.content) % 4), b"-_", validate=True)
        if len(content) < _NONCE_BYTES + _TAG_BYTES or _text(content) != parts.content:
            raise NotOpened
        opening = CIPHERS[parts.algorithm][1]
        secret = _part(key, b"value " + parts.algorithm.encode())
        found = opening(secret, content[:_NONCE_BYTES], content[_NONCE_BYTES:], _context(head, bound))
    except (InvalidTag, binascii.Error) as error:
        raise NotOpened from error
    return found.decode()


def _text(content: bytes) -> str:
    """Base64url without padding, in its one spelling."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def tag(master: bytes, county: str, form: str, value: str) -> bytes:
    """By what a value is found again: HMAC under a key made from the master key, so a new master makes all tags new."""
    return hmac.digest(_part(master, b"lookup"), f"{county}\n{form}\n{_plain(value)}".encode(), sha256)


def _plain(value: str) -> str:
    """A value as it is compared: without spaces and hyphens, letters large."""
    return "".join(value.replace("-", "").split()).upper()


def _part(key: bytes, use: bytes) -> bytes:
    """A key for one use, made from another (HKDF-Expand of one block, RFC 5869)."""
    return hmac.digest(key, b"taizhang " + use + b"\x01", sha256)


def _context(head: str, bound: tuple[str, str]) -> bytes:
    return "\n".join((head, *bound)).encode()
