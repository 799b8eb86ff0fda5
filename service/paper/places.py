"""Places in which the content of papers lies: a folder of this machine, or another place that keeps objects by their names.

An object is put whole or not at all, and is never changed; its name is random and says nothing of what it holds. All
calls block: whoever works on an event loop makes them in a thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from service.paper.sealed import NotIntact


@dataclass(frozen=True, slots=True)
class Lying:
    """An object that lies in a place."""

    name: str
    age: float
    """Seconds since it was put there."""


class PaperPlace(Protocol):
    """Objects of all counties by county and name."""

    @property
    def described(self) -> str:
        """What it is, for whoever runs the service; without secrets."""

    def begin(self) -> IO[bytes]:
        """A new file that an object is written into before it is put: on a disk, and nobody else's."""

    def put(self, county: str, name: str, file: IO[bytes]) -> None:
        """Keep what was written as an object, durably. Whoever is stopped on the way has put nothing."""

    def discard(self, file: IO[bytes]) -> None:
        """Throw away what was written."""

    def reader(self, county: str, name: str) -> Callable[[int, int], bytes]:
        """Reads an object: (offset, most bytes) → bytes. `NotIntact` where there is none."""

    def remove(self, county: str, name: str) -> None:
        """Remove an object; one that is not there is removed."""

    def lying(self, county: str) -> Iterator[Lying]:
        """All objects of a county."""

    def unfinished(self, older_than: float) -> list[Path]:
        """Files that were begun so many seconds ago and never put: whoever wrote them was stopped."""


class PaperFolder:
    """A folder: `<county>/<two digits>/<name>`, and `incoming/` for what is being written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def described(self) -> str:
        """Where it is."""
        return str(self.folder)

    def begin(self) -> IO[bytes]:
        """A file in `incoming/`, readable by its owner alone."""
        incoming = self.folder / "incoming"
        incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = incoming / f"{os.getpid()}-{os.urandom(8).hex()}"
        return open(path, "x+b", opener=_for_its_owner)

    def put(self, county: str, name: str, file: IO[bytes]) -> None:
        """Move the file to its place, and have the folder know of it on the disk."""
        path = self._path(county, name)
        made = not path.parent.is_dir()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.flush()
        os.fsync(file.fileno())
        Path(file.name).replace(path)
        file.close()
        for folder in (path.parent, *((path.parent.parent, self.folder) if made else ())):
            _settle(folder)

    def discard(self, file: IO[bytes]) -> None:
        """Close and remove it."""
        file.close()
        Path(file.name).unlink(missing_ok=True)

    def reader(self, county: str, name: str) -> Callable[[int, int], bytes]:
        """Reads from the file, which is opened for each piece: nothing is held open while a client does not read."""
        path = self._path(county, name)

        def read_at(offset: int, most: int) -> bytes:
            try:
                with path.open("rb") as file:
                    file.seek(offset)
                    return file.read(most)
            except FileNotFoundError as error:
                raise NotIntact(f"{path}: {error.strerror}", "MISSING") from error

        return read_at

    def remove(self, county: str, name: str) -> None:
        """Remove the file."""
        self._path(county, name).unlink(missing_ok=True)

    def lying(self, county: str) -> Iterator[Lying]:
        """The files in the county's folder."""
        now = self._now()
        for path in sorted((self.folder / county).glob("*/*")):
            try:
                yield Lying(path.name, now - path.stat().st_mtime)
            except FileNotFoundError:
                continue  # removed meanwhile

    def unfinished(self, older_than: float) -> list[Path]:
        """What is in `incoming/` for so long."""
        now = self._now()
        incoming = self.folder / "incoming"
        return [path for path in sorted(incoming.glob("*")) if now - path.stat().st_mtime > older_than]

    def _now(self) -> float:
        """The moment by the clock that the files' own times are of."""
        file = self.begin()
        try:
            return os.fstat(file.fileno()).st_mtime
        finally:
            self.discard(file)

    def _path(self, county: str, name: str) -> Path:
        return self.folder / county / name[:2] / name


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
