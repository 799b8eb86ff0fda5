"""The keys under which secrets are sealed at rest: files beside the log's signing keys, AES-256-GCM.

Files `<county>-<use>-<n>.key`, one row of them per use ("webhooks", "identity", "personal"); the highest number seals,
every one opens what it sealed: each secret says which one that was. `taizhang webhooks reseal` makes the next key and
seals everything anew; the older file may then be put away. The master keys of personal data ("personal") lie in a folder
of their own, and an old one is destroyed when somebody is forgotten.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12
_FIRST: Final = 1


class SealingKeyMissing(Exception):  # noqa: N818  names what happened
    """A secret cannot be opened: its sealing key is not in the folder, is open to others, or is another one."""


class SealingKeys:
    """The sealing keys of one installation for one use."""

    def __init__(self, folder: Path, use: str) -> None:
        self.folder = folder
        self._use = use

    def seal(self, county: str, place: str, secret: bytes) -> tuple[str, bytes]:
        """Seal a secret for its place (whose it is, and its id): the key's name, and the sealed bytes."""
        name = self.current(county) or self.make_next(county)
        return name, sealed_with(self.secret(name), county, place, secret)

    def open(self, county: str, place: str, name: str, sealed: bytes) -> bytes:
        """The secret that was sealed for this place; `SealingKeyMissing`."""
        try:
            return opened_with(self.secret(name), county, place, sealed)
        except InvalidTag:
            raise SealingKeyMissing(f"{self._path(name)} does not open what was sealed as {name}") from None

    def make_next(self, county: str) -> str:
        """Make the key that seals from now on; its name."""
        current = self.current(county)
        number = _FIRST if current is None else int(current.rpartition("-")[2]) + 1
        name = f"{county}-{self._use}-{number:04d}"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(self._path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another process was faster: its key is as good
            return name
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(AESGCM.generate_key(256)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return name

    def names(self, county: str) -> list[str]:
        """The county's keys that are there, the oldest first."""
        shape = re.compile(rf"{re.escape(county)}-{self._use}-[0-9]{{4}}\.key")
        if not self.folder.is_dir():
            return []
        return sorted(path.stem for path in self.folder.iterdir() if shape.fullmatch(path.name))

    def current(self, county: str) -> str | None:
        """The key that seals; None while there is none."""
        return max(self.names(county), default=None)

    def destroy(self, name: str) -> None:
        """Destroy a key: what it sealed is opened by nobody any more. Its bytes are overwritten before its file goes."""
        path = self._path(name)
        if not path.exists():
            return
        with path.open("r+b") as file:
            file.write(b"0" * path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def secret(self, name: str) -> bytes:
        """The 32 bytes of a key, for who seals or opens many; `SealingKeyMissing`."""
        path = self._path(name)
        try:
            if path.stat().st_mode & 0o077:
                raise SealingKeyMissing(f"{path} can be read by others than its owner: chmod 600 it")
            key = base64.b64decode(path.read_bytes().strip(), validate=True)
        except OSError as error:
            raise SealingKeyMissing(f"{path} cannot be read: {error.strerror}") from error
        except binascii.Error:
            key = b""
        if len(key) != 32:
            raise SealingKeyMissing(f"{path} is no sealing key")
        return key


def sealed_with(key: bytes, county: str, place: str, secret: bytes) -> bytes:
    """A secret sealed for its place."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret, _bound(county, place))


def opened_with(key: bytes, county: str, place: str, sealed: bytes) -> bytes:
    """The secret that was sealed for this place; `InvalidTag`."""
    return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(county, place))


def _bound(county: str, place: str) -> bytes:
    return f"{county}/{place}".encode()
