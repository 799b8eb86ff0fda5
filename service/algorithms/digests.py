"""Digests a county's log can be kept with, by name: SHA-256, and SM3 (GB/T 32905-2016).

Which one it is is settled when the log begins and never changes, for every leaf and every root rests on it. It stands in
the log's head, and in everything that is signed about the log: a text that names none is about a log of SHA-256.
Hashes of both have 32 bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from cryptography.hazmat.primitives import hashes

HASH_BYTES: Final = 32


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


class Sm3Hash:
    """SM3 with the methods of a hash from `hashlib`, which has it only where Python's own OpenSSL does."""

    def __init__(self, content: bytes = b"") -> None:
        self._hash = hashes.Hash(hashes.SM3())
        self._hash.update(content)

    def update(self, content: bytes) -> None:
        """Add bytes."""
        self._hash.update(content)

    def digest(self) -> bytes:
        """The hash of what was added so far, 32 bytes."""
        return self._hash.copy().finalize()

    def hexdigest(self) -> str:
        """The same in hexadecimal."""
        return self.digest().hex()


def _sm3(content: bytes) -> bytes:
    found = hashes.Hash(hashes.SM3())
    found.update(content)
    return found.finalize()


@dataclass(frozen=True)
class Digest:
    """A hash function, and what trees are made of with it (RFC 6962, 2.1)."""

    name: str
    of: Callable[[bytes], bytes]
    """The hash of some bytes."""
    begin: Callable[[], Any]
    """A hash that bytes are added to: `update`, `digest`, `hexdigest`."""

    def leaf(self, entry: bytes) -> bytes:
        """Hash of one entry; the 0x00 in front keeps a leaf from ever passing for an inner node."""
        return self.of(b"\x00" + entry)

    def node(self, left: bytes, right: bytes) -> bytes:
        """Hash of an inner node."""
        return self.of(b"\x01" + left + right)

    @cached_property
    def empty_root(self) -> bytes:
        """Root of a log without events."""
        return self.of(b"")

    def marked(self, hexadecimal: str) -> str:
        """A hash as signed texts write it: with the digest's name, where that is not SHA-256."""
        return hexadecimal if self is SHA256 else f"{self.name}:{hexadecimal}"


SHA256: Final = Digest("sha256", _sha256, hashlib.sha256)
SM3: Final = Digest("sm3", _sm3, Sm3Hash)
DIGESTS: Final = {one.name: one for one in (SHA256, SM3)}


class DigestUnknown(ValueError):  # noqa: N818  names a state
    """A log of a digest that this version does not know."""

    def __init__(self, name: str) -> None:
        super().__init__(f"its digest is {name!r}; this version knows {', '.join(DIGESTS)}")


def digest_named(name: str) -> Digest:
    """The digest of this name; `DigestUnknown`."""
    try:
        return DIGESTS[name]
    except KeyError:
        raise DigestUnknown(name) from None


async def digest_of(connection: Any, county: str) -> Digest:
    """The digest of a county's log; SHA-256 where there is none yet, for then there is nothing to hash."""
    name = await connection.fetchval("SELECT digest FROM log_head WHERE county = $1", county)
    return SHA256 if name is None else digest_named(name)
