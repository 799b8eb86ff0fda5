"""A backup of the embedded database with what belongs to it, as a folder; and the way back.

    backup.json     what the backup is: versions, where each log stood, size and SHA-256 of every file; written last
    postgresql/     the cluster as PostgreSQL itself copies it while it runs (pg_basebackup), with the WAL it needs
    keys/           the keys that sign checkpoints, with what they have signed
    policy/         the counties' folders of policy data
    papers/         the document store, where it was asked for; its master keys are not in a backup

Keys are copied before the database: what they have signed is then in it. A folder without `backup.json` is no backup. Nothing
here deletes anything: an unfinished copy keeps a name that says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from service.database.embedded import EmbeddedServer
from service.exit_codes import CommandFailed

FORMAT: Final = 1
MANIFEST: Final = "backup.json"
CLUSTER: Final = "postgresql"
UNFINISHED: Final = "incoming"
"""A folder in which something is being written: nothing in it is whole."""
SPARE: Final = 100 << 20
"""Bytes that have to be left on the disk beside a copy."""
_PROGRESS: Final = re.compile(rb"(\d+)/(\d+) kB")
_CHUNK: Final = 1 << 20

Progress = Callable[[str, int, int], None]
"""(what is under way, bytes done, bytes in all)"""


class BackupWrong(CommandFailed):
    """The folder is no whole backup, or it does not fit where it is to go; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A whole backup. `about` is what its maker said of it."""

    folder: Path
    about: dict[str, Any]
    files: dict[str, tuple[int, str]]
    """Path below the folder → (bytes, SHA-256 in hexadecimal)."""

    @property
    def digest(self) -> str:
        """One SHA-256 over the names and digests of all files, and over what is said about the backup."""
        lines = "".join(f"{sha} {path}\n" for path, (_, sha) in sorted(self.files.items()))
        said = json.dumps(self.about, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(f"{said}\n{lines}".encode()).hexdigest()


def make(
    server: EmbeddedServer,
    folder: Path,
    beside: Mapping[str, Path | None],
    about: Mapping[str, Any],
    progress: Progress = lambda *_: None,
) -> Backup:
    """Copy a running server's cluster, and the folders `beside` it (name in the backup → folder), into a new folder.

    `BackupWrong` where the folder has something in it, lies in the data folder, or the disk has no room.
    """
    folder = Path(os.path.realpath(folder))
    if folder.is_relative_to(server.folder):
        raise BackupWrong(f"{folder} lies in the data folder itself; a backup belongs on another disk.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupWrong(f"{folder} is there already and not empty; nothing was written.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _require_room(folder.parent, _bytes_in(server.cluster))
    unfinished = folder.with_name(f"{folder.name}.unfinished-{time.time_ns()}")
    unfinished.mkdir(mode=0o700)
    for name, source in beside.items():
        if source is not None and source.is_dir():
            _copy_tree(source, unfinished / name)
    _base_backup(server, unfinished / CLUSTER, progress)
    for name, source in beside.items():
        if source is not None and source.is_dir():
            _copy_new(source, unfinished / name)
    backup = Backup(unfinished, dict(about), _digests(unfinished, progress))
    said = {
        "format": FORMAT,
        "about": backup.about,
        "digest": backup.digest,
        "files": {path: {"bytes": size, "sha256": sha} for path, (size, sha) in backup.files.items()},
    }
    _write(unfinished / MANIFEST, json.dumps(said, indent=1, ensure_ascii=False, sort_keys=True).encode())
    if folder.exists():
        folder.rmdir()  # it is empty
    unfinished.rename(folder)
    return Backup(folder, backup.about, backup.files)


def read(folder: Path, progress: Progress = lambda *_: None) -> Backup:
    """The backup in a folder with every file's digest compared; `BackupWrong` names the first that is not as written."""
    try:
        said = json.loads((folder / MANIFEST).read_bytes())
        files = {path: (one["bytes"], one["sha256"]) for path, one in said["files"].items()}
        backup, digest, form = Backup(folder, said["about"], files), said["digest"], said["format"]
    except FileNotFoundError:
        raise BackupWrong(f"{folder} is no backup: it has no {MANIFEST}.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupWrong(f"{folder / MANIFEST} cannot be read: {error}.") from error
    if form != FORMAT:
        raise BackupWrong(f"{folder} has the format {form}; this version reads {FORMAT}.")
    if digest != backup.digest:
        raise BackupWrong(f"{folder / MANIFEST} was changed: its digest is not that of what it says.")
    found = _digests(folder, progress)
    for path in sorted({*files, *found}):
        if path not in found:
            raise BackupWrong(f"The backup is not whole: {path} is missing.")
        if path not in files:
            raise BackupWrong(f"The backup was changed: it had no {path}.")
        if files[path] != found[path]:
            raise BackupWrong(f"The backup was changed: {path} is not what was written.")
    return backup


def restore(
    backup: Backup,
    server: EmbeddedServer,
    beside: Mapping[str, Path | None],
    progress: Progress,
    *,
    leave: frozenset[str] = frozenset(),
) -> list[Path]:
    """Put a backup that was read into a data folder without a cluster; gives what was left as it was.

    `beside`: where its other folders go (None: nowhere). A file that is there already is never overwritten, and names in
    `leave` are left out.
    """
    total = sum(size for path, (size, _) in backup.files.items() if path.startswith(f"{CLUSTER}/"))
    done = 0

    def copy(source: str, target: str) -> str:
        nonlocal done
        shutil.copy2(source, target)
        done += Path(target).stat().st_size
        progress("restoring", done, total)
        return target

    server.folder.parent.mkdir(parents=True, exist_ok=True)
    _require_room(server.folder.parent, total)
    server.adopt(lambda place: shutil.copytree(backup.folder / CLUSTER, place, copy_function=copy))
    kept: list[Path] = []
    for name, place in beside.items():
        if place is not None and (backup.folder / name).is_dir():
            kept += _copy_new(backup.folder / name, place, leave)
    return kept


def _base_backup(server: EmbeddedServer, target: Path, progress: Progress) -> None:
    command = [
        str(server.programs / "pg_basebackup"), "-D", str(target), "-h", str(server.socket_folder), "-p", "5432",
        "-U", "postgres", "-X", "stream", "-c", "fast", "-P", "-w", "--manifest-checksums=SHA256",
    ]  # fmt: skip
    environment = {**os.environ, "LC_ALL": "C"}
    said = b""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    ) as copying:
        assert copying.stderr is not None  # noqa: S101 - it is a pipe
        try:
            while part := os.read(copying.stderr.fileno(), 4096):
                said = (said + part)[-4096:]
                if found := _PROGRESS.findall(part):
                    progress("copying the database", int(found[-1][0]) << 10, int(found[-1][1]) << 10)
        except BaseException:
            copying.kill()
            raise
    if copying.returncode:
        reasons = re.findall(rb"error: +(.+)", said) or [said.strip().split(b"\n")[-1]]
        told = reasons[-1].decode(errors="replace").rstrip(".")
        raise CommandFailed(
            f"The database could not be copied: {told}; what there is of the backup is in {target.parent}."
        )


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield Path(place) / name


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in _files(folder):
        try:
            total += path.lstat().st_size
        except FileNotFoundError:
            continue  # a running server removes files
    return total


def _require_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise BackupWrong(
            f"{(needed + SPARE) >> 20} MB are needed under {folder}, {free >> 20} MB are free; nothing was written."
        )


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.new", UNFINISHED))


def _copy_new(source: Path, target: Path, leave: frozenset[str] = frozenset()) -> list[Path]:
    """Copy what is not there yet; gives the files, below the source, that were there and are others."""
    others: list[Path] = []
    for path in sorted(_files(source)):
        place = target / path.relative_to(source)
        if path.suffix == ".new" or path.name in leave or path.parent.name == UNFINISHED:
            continue
        if not place.exists():
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(path, place)
        elif place.read_bytes() != path.read_bytes():
            others.append(path.relative_to(source))
    return others


def _digests(folder: Path, progress: Progress) -> dict[str, tuple[int, str]]:
    paths = sorted(path for path in _files(folder) if path != folder / MANIFEST)
    total = sum(path.stat().st_size for path in paths)
    found: dict[str, tuple[int, str]] = {}
    done = 0
    for path in paths:
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
        found[path.relative_to(folder).as_posix()] = (size, digest.hexdigest())
        done += size
        progress("digests", done, total)
    return found


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
