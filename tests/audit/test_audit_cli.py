"""`taizhang checkpoint`, `taizhang audit` and `taizhang verify PACK`, as people type them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from service.audit import verify as verifier
from service.cli import main as cli
from service.exit_codes import ExitCode
from service.log.event_store import EventStore
from service.log.signed_note import Checkpoint, Note, VerifierKey
from tests.log.test_verification import tamper
from tests.projections.history import RandomHistory, append_all

HISTORY = RandomHistory(5, alive=60, departures=0.01).take(600)
KEEPER = Counter(
    duty["person"]
    for event in HISTORY
    if event.type == "asset.custody_assigned"
    for duty in event.data["custody"]["duties"]
).most_common(1)[0][0]
"""Who has most in care."""


class Terminal:
    """A shell with the settings of one log; commands run in this process, which is much faster."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run `taizhang`; what it says on stdout, or on stderr when it fails as it should."""
        self._capture.readouterr()
        ended = cli.run(list(arguments))
        said = self._capture.readouterr()
        assert ended == code, said.err
        return said.out if code == 0 else said.err

    def json(self, *arguments: str) -> dict[str, object]:
        return dict(json.loads(self.run("--json", *arguments)))


@pytest.fixture
def terminal(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    async def fill() -> None:
        async with (
            asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool,
            EventStore(pool) as store,
        ):
            await append_all(store, HISTORY)

    asyncio.run(fill())
    yield from _terminal(database_url, tmp_path, monkeypatch, capfd)


@pytest.fixture
def empty(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    """On a database without any log."""
    yield from _terminal(database_url, tmp_path, monkeypatch, capfd)


def _terminal(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    monkeypatch.setenv("TAIZHANG_DATABASE_URL", database_url)
    monkeypatch.setenv("TAIZHANG_KEYS", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)
    handlers = {sent: signal.getsignal(sent) for sent in (signal.SIGTERM, signal.SIGHUP)}
    monkeypatch.setattr("service.terminal.configure_log", lambda *_: None)
    yield Terminal(tmp_path, capfd)
    for sent, handler in handlers.items():
        signal.signal(sent, handler)


def test_log_without_its_head_is_good_nowhere(terminal: Terminal, database_url: str) -> None:
    """Every command that is asked about the log or signs it says so in one sentence; before the damage all are content."""
    terminal.run("checkpoint", "export", "kept.note")
    terminal.run("projections", "rebuild", "directory")
    asked = (
        ("verify",),
        ("projections", "verify", "directory"),
        ("checkpoint", "consistency", "kept.note"),
        ("checkpoint", "show"),
    )
    for command in asked:
        terminal.run(*command)
    nothing = ("checkpoint", "show", "0")
    terminal.run(*nothing, code=ExitCode.REFUSED)  # nothing is never signed
    assert "log 653022" not in terminal.run("doctor", code=ExitCode.REFUSED)
    asyncio.run(tamper(database_url, "DELETE FROM log_head"))
    for command in (*asked, nothing):
        said = terminal.run(*command, code=ExitCode.REFUSED)
        assert "653022" in said or "no head" in said, (command, said)
    assert "log 653022" in terminal.run("doctor", code=ExitCode.REFUSED)


def test_nothing_verified_is_not_good(
    empty: Terminal,
) -> None:
    assert "nothing was verified" in empty.run("verify", code=ExitCode.REFUSED)
    assert "no log" in empty.run("projections", "verify", code=ExitCode.REFUSED)


def test_an_auditors_way(terminal: Terminal) -> None:
    """Key told beforehand, checkpoint witnessed, pack made, verified with the stand-alone file, and after a change."""
    folder = terminal.folder
    note = Note.parse(terminal.run("checkpoint", "show"))
    assert Checkpoint.parse(note.text).size == 600
    terminal.run("checkpoint", "export", "given.txt")
    assert (folder / "given.txt").read_text("utf-8") == str(note)
    key = terminal.run("checkpoint", "keys").splitlines()[0].removeprefix("LOG ")
    assert note.signed_by(VerifierKey.parse(key))
    ours = ["--key", "witness.pem", "--name", "audit.example/653022"]
    cosigned = terminal.run(
        "checkpoint", "cosign", "given.txt", *ours, "--log-key", key, "--out", "back.txt"
    ).strip()
    assert (folder / "witness.pem").stat().st_mode & 0o777 == 0o600
    terminal.run("checkpoint", "witness", "back.txt", "--key", cosigned)
    terminal.run("checkpoint", "consistency", "given.txt")
    made = terminal.json("audit", "pack", KEEPER, "--out", "pack.zip")
    assert made["assets"]
    terminal.run("audit", "verifier", "check.py")
    digest = hashlib.sha256(Path("check.py").read_bytes()).hexdigest()
    assert terminal.run("audit", "verifier", "--digest") == f"{digest}  verify.py\n"
    terminal.run("audit", "verifier", code=ExitCode.USAGE)
    (folder / "key.txt").write_text(f"{key}\n")
    command = [
        sys.executable,
        "-I",
        "check.py",
        "pack.zip",
        "--key",
        "key.txt",
        "--witness",
        cosigned,
        "--json",
    ]
    alone = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert json.loads(alone.stdout)["pinned"] is True
    assert terminal.json("verify", "pack.zip", "--key", key, "--witness", cosigned)["good"] is True
    assert "--key KEY" in terminal.run("verify", "pack.zip", code=ExitCode.SIGNER_UNKNOWN)
    nobody = subprocess.run(command[:4], cwd=folder, capture_output=True, text=True, check=False)
    assert nobody.returncode == ExitCode.SIGNER_UNKNOWN
    assert "NOT PINNED" in nobody.stdout
    assert "GOOD" not in nobody.stdout
    assert "通过" not in nobody.stdout
    content = bytearray((folder / "pack.zip").read_bytes())
    with zipfile.ZipFile(
        folder / "pack.zip"
    ) as pack:  # the workbook is stored: every bit of it is only content
        content[pack.getinfo(verifier.WORKBOOK).header_offset + 5_000] ^= 1
    (folder / "bad.zip").write_bytes(content)
    damaged = terminal.run("verify", "bad.zip", "--key", key, code=ExitCode.REFUSED)
    assert f"BAD 核验不通过: {verifier.WORKBOOK}: is damaged" in damaged
    assert "no zip archive" in terminal.run("verify", "key.txt", code=ExitCode.NOT_AN_ARCHIVE)
    terminal.run("verify", "none.zip", code=ExitCode.USAGE)
    terminal.run("verify", "pack.zip", "--key", "nonsense.txt", code=ExitCode.USAGE)


def test_rotation_and_notes_that_are_not_ours(terminal: Terminal) -> None:
    folder = terminal.folder
    terminal.run("checkpoint", "export", "old.txt")
    old = terminal.run("checkpoint", "keys").splitlines()[0].removeprefix("LOG ")
    new = terminal.run("checkpoint", "rotate").strip()
    assert new != old
    assert Note.parse(terminal.run("checkpoint", "show")).signed_by(VerifierKey.parse(new))
    assert Note.parse((folder / "old.txt").read_text("utf-8")).signed_by(VerifierKey.parse(old))
    terminal.run("checkpoint", "consistency", "old.txt")
    forged = (folder / "old.txt").read_text("utf-8").replace("\n600\n", "\n599\n")
    (folder / "forged.txt").write_text(forged, "utf-8")
    assert "not those" in terminal.run("checkpoint", "consistency", "forged.txt", code=ExitCode.REFUSED)
    ours = ["--key", "w.pem", "--name", "w", "--log-key", old, "--out", "x.txt"]
    terminal.run("checkpoint", "cosign", "forged.txt", *ours, code=ExitCode.REFUSED)
    assert not (folder / "x.txt").exists()
    terminal.run("checkpoint", "witness", "old.txt", "--key", "nonsense", code=ExitCode.USAGE)
    terminal.run("checkpoint", "witness", "none.txt", "--key", new, code=ExitCode.USAGE)
    terminal.run("checkpoint", "show", "601", code=ExitCode.REFUSED)
    next(iter((folder / "keys").iterdir())).parent.chmod(0o700)
    for file in (folder / "keys").iterdir():
        file.chmod(0o644)
    assert "chmod 600" in terminal.run("checkpoint", "show", code=ExitCode.REFUSED)


def test_what_cannot_be_packed_is_one_sentence(terminal: Terminal) -> None:
    assert "P-9999" in terminal.run("audit", "pack", "P-9999", "--out", "x.zip", code=ExitCode.REFUSED)
    wrong = ["audit", "pack", KEEPER, "--out"]
    for arguments in (
        [*wrong, "none/x.zip"],
        [*wrong, "x.zip", "--from", "2022-02-30"],
        [*wrong, "x.zip", "--from", "2022-02-02", "--to", "2022-02-01"],
        [*wrong, "x.zip", "--known-at", "2022-02-02"],
    ):
        assert terminal.run(*arguments, code=ExitCode.USAGE).count("\n") == 1
    assert not (terminal.folder / "x.zip").exists()


def test_witness_recomputes_an_exported_log(terminal: Terminal) -> None:
    """Tree and index from the bytes, and those of an earlier checkpoint; each change of a byte, line or order is found."""
    terminal.run("checkpoint", "show", "400")
    folder = terminal.folder
    early = terminal.run("checkpoint", "show", "400")
    (folder / "early.note").write_text(early, "utf-8")
    terminal.run("checkpoint", "export-log", "log.txt")
    key = terminal.run("checkpoint", "keys").splitlines()[0].removeprefix("LOG ")
    found = terminal.json("verify", "log.txt", "--key", key, "--since", "early.note")
    assert (found["verdict"], found["size"], found["since"]) == ("GOOD", 600, 400)
    assert "--key KEY" in terminal.run("verify", "log.txt", code=ExitCode.SIGNER_UNKNOWN)
    raw = (folder / "log.txt").read_bytes()
    lines = raw.splitlines(keepends=True)
    for changed in (
        raw.replace(b'"originalValue":', b'"originalValue":9', 1),
        b"".join(lines[:-1]),
        raw + lines[-1],
        b"".join([*lines[:-2], lines[-1], lines[-2]]),
        raw.replace(b"\nevents 600\n", b"\nevents 599\n"),
        raw[:-1],
    ):
        assert changed != raw
        (folder / "bad.txt").write_bytes(changed)
        assert "BAD" in terminal.run("verify", "bad.txt", "--key", key, code=ExitCode.REFUSED)
    other = early.replace("\n400\n", "\n401\n")
    (folder / "early.note").write_text(other, "utf-8")
    terminal.run("verify", "log.txt", "--key", key, "--since", "early.note", code=ExitCode.REFUSED)
