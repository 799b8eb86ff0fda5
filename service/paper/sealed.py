"""The content of a paper as it lies in the store: encrypted in frames, so that any part of it can be read and proved.

    magic · name of the cipher · name of the key · sealed content key · frame · frame · … · last frame

Every object has a content key of its own (AES-256-GCM, or SM4-GCM where the settings choose it), sealed by the county's key (`service.sealing_keys`). A frame
holds 64 KiB of content; its nonce is its number, and says whether it is the last one: frames cannot be altered, left
out, put in another order or cut off unnoticed. The object's name is authenticated with each, so that no object can stand in
for another.
"""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Callable
from typing import IO, Final, Literal

from cryptography.exceptions import InvalidTag

from service.personal.ciphers import AES256GCM, CIPHERS, KEY_BYTES
from service.sealing_keys import SealingKeyMissing, SealingKeys

USE: Final = "papers"
"""The sealing keys' use."""
FRAME: Final = 65_536
"""Bytes of content in a frame."""
_TAG: Final = 16
_MAGIC: Final = b"TZPAPER\x01"
_MOST_HEAD: Final = 512

State = Literal["INTACT", "MISSING", "ALTERED", "FORGOTTEN"]
"""What was found of a paper when it was looked at, or that its content was destroyed with what is forgotten of a person."""
ReadAt = Callable[[int, int], bytes]
"""(offset, most bytes) → what the store has there; fewer only at the end."""


class NotIntact(Exception):  # noqa: N818  names a state, like its siblings
    """An object of the store that is not what was put there, or is not there at all. `state`: None where it cannot be told for want
    of the key.
    """

    def __init__(self, reason: str, state: State | None = "ALTERED") -> None:
        super().__init__(reason)
        self.state = state


class SealedFile:
    """Writes one object's content, as it comes, into a file."""

    def __init__(
        self, file: IO[bytes], keys: SealingKeys, county: str, name: str, cipher: str = AES256GCM
    ) -> None:
        key = secrets.token_bytes(KEY_BYTES)
        named, sealed = keys.seal(county, name, key)
        self._key, self._seal = key, CIPHERS[cipher][0]
        self._bound = _bound(county, name)
        self._file = file
        self._rest = bytearray()
        self._frames = 0
        file.write(_MAGIC + b"".join(map(_counted, (cipher.encode(), named.encode(), sealed))))

    def write(self, content: bytes) -> None:
        """Add content. The last frame is held back until it is known to be the last."""
        self._rest += content
        while len(self._rest) > FRAME:
            self._frame(bytes(self._rest[:FRAME]), last=False)
            del self._rest[:FRAME]

    def finish(self) -> None:
        """Write the last frame, and have all of it on the disk."""
        self._frame(bytes(self._rest), last=True)
        self._file.flush()
        os.fsync(self._file.fileno())

    def _frame(self, content: bytes, *, last: bool) -> None:
        self._file.write(self._seal(self._key, _nonce(self._frames, last=last), content, self._bound))
        self._frames += 1


class Opened:
    """One object's content, read at any place; every byte that is given was proved. `NotIntact`."""

    def __init__(self, read_at: ReadAt, keys: SealingKeys, county: str, name: str, size: int) -> None:
        """`size`: of the content, as the register of papers says."""
        self.size = size
        self._read_at = read_at
        self._bound = _bound(county, name)
        head = read_at(0, _MOST_HEAD)
        try:
            if not head.startswith(_MAGIC):
                raise NotIntact("it is no paper of this store")
            cipher, at = _part(head, len(_MAGIC))
            named, at = _part(head, at)
            sealed, self._start = _part(head, at)
            self._key = keys.open(county, name, named.decode("ascii"), sealed)
            self._open = CIPHERS[cipher.decode("ascii")][1]
        except (LookupError, ValueError) as error:
            raise NotIntact("its head was altered") from error
        except SealingKeyMissing as error:
            raise NotIntact(str(error), None) from error
        self._kept: tuple[int, bytes] = (-1, b"")

    def read(self, offset: int, most: int) -> bytes:
        """Content from an offset on: at most so many bytes and not beyond the frame that it lies in; empty at the end."""
        if not 0 <= offset < self.size:
            return b""
        number, inside = divmod(offset, FRAME)
        return self._frame(number)[inside : inside + most]

    def _frame(self, number: int) -> bytes:
        if self._kept[0] != number:
            last = number == (self.size - 1) // FRAME
            wanted = self.size - number * FRAME if last else FRAME
            stored = self._read_at(self._start + number * (FRAME + _TAG), FRAME + _TAG)
            try:
                content = self._open(self._key, _nonce(number, last=last), stored, self._bound)
            except (InvalidTag, ValueError):
                raise NotIntact("its content was altered or cut off") from None
            if len(content) != wanted:
                raise NotIntact("it is not as large as it was")
            self._kept = (number, content)
        return self._kept[1]


class Content(io.RawIOBase):
    """The content of an object as a file to be looked into."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._at = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere; ValueError for a place before the beginning."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._opened.size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # the only buffer it is given
        """Fill the buffer as far as one frame does."""
        piece = self._opened.read(self._at, len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def _counted(part: bytes) -> bytes:
    return bytes((len(part),)) + part


def _part(head: bytes, at: int) -> tuple[bytes, int]:
    """A part that its length stands before, and where the next one begins."""
    end = at + 1 + head[at]
    if end > len(head):
        raise IndexError(end)
    return head[at + 1 : end], end


def _bound(county: str, name: str) -> bytes:
    return f"{county}/{name}".encode()


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))
