"""A county kept with SM3: its whole walk, verified by the stand-alone program; counties of SHA-256 as they ever were."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from hypothesis import given, strategies as st

from service.algorithms.chosen import USUAL, Algorithms, ChosenAlgorithms
from service.algorithms.digests import DIGESTS, SHA256, SM3, Sm3Hash
from service.algorithms.signers import SIGNATURES
from service.audit import verify
from service.exit_codes import ExitCode
from service.log.appending import LogDamaged
from service.log.event_store import EventStore
from service.log.signed_note import Checkpoint, Note, NoteInvalid
from service.sample.demonstration import LEAST_ASSETS
from tests.audit.test_audit_cli import Terminal
from tests.log.commands import command, stream_append
from tests.log.test_verification import tamper
from tests.sample.test_demonstration import demo

COUNTY = "653022"
STANDARD = {
    b"abc": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
    b"abcd" * 16: "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732",
}
"""Examples of GB/T 32905-2016, annex A."""


@pytest.mark.parametrize("content", STANDARD)
def test_sm3_is_that_of_the_standard(content: bytes) -> None:
    assert verify.sm3(content).hex() == SM3.of(content).hex() == STANDARD[content]
    assert verify.SM3.of(content).hex() == STANDARD[content]


@given(st.binary(max_size=200))
def test_sm3_of_the_verifier_is_that_of_the_library(content: bytes) -> None:
    begun = Sm3Hash(content[:7])
    begun.update(content[7:])
    assert verify.sm3(content) == SM3.of(content) == begun.digest()


def test_verifier_knows_the_digests_that_logs_have() -> None:
    assert verify.DIGESTS.keys() == DIGESTS.keys()
    for name, digest in DIGESTS.items():
        other = verify.DIGESTS[name]
        assert (digest.leaf(b"x"), digest.node(b"l", b"r"), digest.empty_root) == (
            other.leaf(b"x"), other.node(b"l", b"r"), other.of(b""),
        )  # fmt: skip
        assert digest.marked(digest.of(b"x").hex()) == other.marked(b"x")
    kinds = {bytes([kind]) for one in SIGNATURES.values() for kind in (one.log_kind, one.witness_kind)}
    assert set(verify._KINDS) == kinds


def test_a_checkpoint_names_its_digest_unless_it_is_sha256() -> None:
    """What is signed of a county of SHA-256 is byte for byte what it ever was."""
    plain = Checkpoint("taizhang/653022", 2, bytes(32), 1, bytes(32))
    zeros = "A" * 43 + "="
    assert plain.text == f"taizhang/653022\n2\n{zeros}\nindex 1 {zeros}\n"
    named = Checkpoint("taizhang/653022", 2, bytes(32), 1, bytes(32), SM3)
    assert named.text == f"{plain.text}digest sm3\n"
    for one in (plain, named):
        assert Checkpoint.parse(one.text) == one
        assert verify.checkpoint_of(one.text, "x")[-1].name == one.digest.name
    for wrong in ("digest sha256\n", "digest md5\n", "digest sm3\ndigest sm3\n", "sm3\n", "digest  sm3\n"):
        with pytest.raises(NoteInvalid):
            Checkpoint.parse(plain.text + wrong)
        with pytest.raises(verify.Bad):
            verify.checkpoint_of(plain.text + wrong, "x")


def test_algorithms_are_chosen_by_name() -> None:
    assert str(USUAL) == "sha256+ed25519"
    chosen = ChosenAlgorithms.parse(("sm3+ed25519", "653022=sha256+ed25519"))
    assert (chosen.for_new("653023").digest, chosen.for_new("653022").digest) == (SM3, SHA256)
    assert ChosenAlgorithms().of("653022") is None
    assert {str(Algorithms.parse(f"{one}+ed25519")) for one in DIGESTS} == {"sha256+ed25519", "sm3+ed25519"}
    for wrong in (("md5+ed25519",), ("sm3",), ("sm3+rsa",), ("6530=sm3+ed25519",), ("sm3+ed25519",) * 2):
        with pytest.raises(ValueError, match=r"sha256\+ed25519|digest\+signature"):
            ChosenAlgorithms.parse(wrong)


async def test_a_log_keeps_the_digest_it_began_with(database_url: str) -> None:
    """Who chose another one gets nothing stored; who chose nothing goes on with what the log has."""
    sm3, sha256 = (ChosenAlgorithms.parse((f"{one}+ed25519",)) for one in ("sm3", "sha256"))
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        for place, chosen in enumerate((sm3, None, sm3)):
            async with EventStore(pool, algorithms=chosen) as store:
                await store.append(COUNTY, command(stream_append(f"thing-{place}", 0)))
        async with EventStore(pool, algorithms=sha256) as store:
            with pytest.raises(LogDamaged, match="begun with sm3 and keeps it"):
                await store.append(COUNTY, command(stream_append("thing-9", 0)))
        rows = await pool.fetch("SELECT body, leaf FROM event ORDER BY position")
    assert [row["leaf"] for row in rows] == [SM3.leaf(row["body"]) for row in rows]
    assert len(rows) == 3


@pytest.fixture
def terminal(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    monkeypatch.setenv("TAIZHANG_DATABASE_URL", database_url)
    monkeypatch.setenv("TAIZHANG_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("TAIZHANG_ALGORITHMS", "sm3+ed25519")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("service.terminal.configure_log", lambda *_: None)
    handlers = {sent: signal.getsignal(sent) for sent in (signal.SIGTERM, signal.SIGHUP)}
    yield Terminal(tmp_path, capfd)
    for sent, handler in handlers.items():
        signal.signal(sent, handler)


_WITHOUT_SM3 = """
import hashlib, runpy, sys
hashlib.algorithms_available = set(hashlib.algorithms_available) - {"sm3"}
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def alone(*arguments: str, without_sm3: bool = False) -> dict[str, object]:
    """The verifier as a program of its own, on Python's standard library only."""
    start = ["-c", _WITHOUT_SM3] if without_sm3 else []
    ended = subprocess.run(
        [sys.executable, "-I", "-S", *start, verify.__file__, "--json", *arguments],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ended.stdout, ended.stderr
    return dict(json.loads(ended.stdout)) | {"code": ended.returncode}


def test_the_whole_walk_of_a_county_of_sm3(terminal: Terminal, database_url: str) -> None:
    """Founded, filled and walked over HTTP; checkpoint, consistency, export, pack, each verified alone; then tampering."""
    walked = demo(database_url, terminal.folder / "keys", "--assets", str(LEAST_ASSETS))
    assert walked.returncode == 0, walked.stderr
    assert "离线核验通过" in walked.stdout + walked.stderr
    terminal.run("verify", "--thorough")
    assert "sm3" not in terminal.run("doctor", code=ExitCode.REFUSED)

    terminal.run("checkpoint", "export", "first.note")
    note = Note.parse(Path("first.note").read_text("utf-8"))
    assert Checkpoint.parse(note.text).digest is SM3
    key = next(one["key"] for one in json.loads(terminal.run("--json", "checkpoint", "keys")))
    person = asyncio.run(_who_keeps_most(database_url))
    again = demo(database_url, terminal.folder / "keys", "--assets", str(LEAST_ASSETS))
    assert again.returncode == 0, again.stderr
    proof = terminal.json("checkpoint", "consistency", "first.note")
    Path("proof.json").write_text(json.dumps(proof), "utf-8")
    terminal.run("audit", "pack", person, "--out", "pack.zip")
    terminal.run("checkpoint", "export-log", "log.txt")

    since = ("--key", key, "--since", "first.note", "--proof", "proof.json")
    for without in (False, True):
        found = alone("pack.zip", *since, without_sm3=without)
        assert (found["code"], found["verdict"], found["digest"]) == (0, "GOOD", "sm3"), found
        assert found["since"] == Checkpoint.parse(note.text).size
    found = alone("log.txt", "--key", key, "--since", "first.note")
    assert (found["code"], found["verdict"], found["digest"]) == (0, "GOOD", "sm3"), found

    _refuse_another_setting(terminal, database_url)
    _find_tampering(terminal, database_url)


async def _who_keeps_most(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(
            await connection.fetchval(
                "SELECT person FROM custody_ledger WHERE person IS NOT NULL GROUP BY person"
                " ORDER BY count(*) DESC, person LIMIT 1"
            )
        )
    finally:
        await connection.close()


def _refuse_another_setting(terminal: Terminal, url: str) -> None:
    """The service does not start with another digest than the log has, and doctor says the same; each in one sentence."""
    refused = subprocess.run(
        [sys.executable, "-m", "tests.program", "serve", "--port", "0"],
        env=os.environ | {"TAIZHANG_ALGORITHMS": "653022=sha256+ed25519"},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert refused.returncode == ExitCode.REFUSED, refused.stderr
    assert "begun with sm3 and keeps it" in refused.stderr
    assert "Traceback" not in refused.stderr


def _find_tampering(terminal: Terminal, url: str) -> None:
    """An event's bytes, and the digest that the head names."""
    asyncio.run(
        tamper(
            url,
            "UPDATE event SET body = convert_to(replace(convert_from(body, 'UTF8'), '村', '镇'), 'UTF8') WHERE position = 40",
        )
    )
    assert "40" in terminal.run("verify", code=ExitCode.REFUSED)
    assert "40" in terminal.run("checkpoint", "consistency", "first.note", code=ExitCode.REFUSED)
    for name, told in (("sha256", "sm3"), ("md5", "md5")):
        asyncio.run(tamper(url, f"UPDATE log_head SET digest = '{name}'"))
        for asked in (("verify",), ("checkpoint", "show"), ("doctor",)):
            said = terminal.run(*asked, code=ExitCode.REFUSED)
            assert "653022" in said, (name, asked, said)
        assert told in terminal.run("checkpoint", "show", code=ExitCode.REFUSED)


def test_sha256_is_hashlibs() -> None:
    assert SHA256.of(b"x") == hashlib.sha256(b"x").digest() == verify.SHA256.of(b"x")
