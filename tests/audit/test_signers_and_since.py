"""Whose signature counts under a pack, and the histories that somebody kept: a witness vouches for what a log showed him,
and never takes the log's place; a checkpoint from earlier belongs to one history with the pack, or the pack is not good.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.algorithms.digests import SHA256, SM3
from service.algorithms.signers import ED25519
from service.audit import verify
from service.log.merkle import Tree
from service.log.signed_note import Checkpoint, Note, SignerKey
from tests.audit.packs import Files, zipped
from tests.audit.test_tampering import Case, case as made_case
from tests.projections.history import COUNTY

case = made_case
NOW = 1_700_000_000
EARLY = 1_000
"""Events of the checkpoint that somebody kept."""


def judged(
    files: Files, pinned: str | None, *witnesses: str, since: verify.Since | None = None
) -> verify.Bad:
    """What the verifier finds; it finds something."""
    with pytest.raises(verify.Bad) as bad:
        verify.verify(zipped(files), pinned, witnesses, since=since)
    return bad.value


def text_of(case: Case) -> str:
    return Note.parse(case.files[verify.CHECKPOINT].decode()).text


# ---- a witness's key -----------------------------------------------------------------------------------------------


def signed_by_a_witness(case: Case, name: str) -> tuple[Files, SignerKey]:
    """A pack under which no log's signature stands, but a witness's everywhere, also under the manifest."""
    witness = SignerKey(name, ED25519.generate(), witness=True)
    text = text_of(case)
    files = case.files | {
        verify.CHECKPOINT: str(Note(text, (witness.cosign(text, NOW),))).encode(),
        verify.KEYS: f"{witness.verifier}\n".encode(),
    }
    files = case.insider.resigned(files)
    said = Note.parse(files[verify.SIGNATURE].decode()).text
    return files | {verify.SIGNATURE: str(Note(said, (witness.cosign(said, NOW),))).encode()}, witness


@pytest.mark.parametrize("name", ["audit.example/county", f"taizhang/{COUNTY}"])
def test_a_witness_cannot_sign_for_the_log(case: Case, name: str) -> None:
    """Not under its own name and not under the log's, whether its key is named or comes with the pack."""
    files, witness = signed_by_a_witness(case, name)
    for pinned in (None, str(witness.verifier), witness.verifier.fingerprint):
        bad = judged(files, pinned)
        assert bad.kind == "signature", str(bad)


def test_a_witness_key_that_is_named_as_the_logs_is_told_so(case: Case) -> None:
    """Though the witness did sign the checkpoint beside the log."""
    witness = SignerKey("audit.example/county", ED25519.generate(), witness=True)
    note = Note.parse(case.files[verify.CHECKPOINT].decode())
    both = str(Note(note.text, (*note.signatures, witness.cosign(note.text, NOW)))).encode()
    keys = case.files[verify.KEYS] + f"{witness.verifier}\n".encode()
    files = case.insider.resigned(case.files | {verify.CHECKPOINT: both, verify.KEYS: keys})
    key = str(case.insider.key.verifier)
    assert verify.verify(zipped(files), key, [str(witness.verifier)])["witnesses"] == 1
    bad = judged(files, str(witness.verifier))
    assert (bad.kind, "witness's" in bad.detail) == ("signature", True)
    assert judged(files, witness.verifier.fingerprint).kind == "signature"
    assert judged(files, key, key).kind == "witness", "and a log is no witness of itself"


def test_a_log_s_signature_is_not_a_witness_s_nor_the_other_way_round(case: Case) -> None:
    """The same private key in both roles makes signatures that are not exchangeable."""
    private = ED25519.generate()
    name = f"taizhang/{COUNTY}"
    log, witness = SignerKey(name, private), SignerKey(name, private, witness=True)
    text = text_of(case)
    for one, other in (
        (log.sign(text), witness.verifier),
        (witness.cosign(text, NOW), log.verifier),
    ):
        raw = str(Note(text, (one,))).encode()
        known = verify.Key(str(other))
        assert not known.signed(*verify.read_note(raw, "x"))
        moved = raw.replace(
            base64.b64encode(one.key_id + one.content), base64.b64encode(other.key_id + one.content)
        )
        assert moved != raw
        assert not known.signed(*verify.read_note(moved, "x")), "under the other's id neither"


# ---- a checkpoint from earlier -------------------------------------------------------------------------------------


def kept_of(case: Case, size: int, bodies: list[bytes] | None = None, key: SignerKey | None = None) -> bytes:
    """A checkpoint of the log's first events, as its key signed it."""
    said = Checkpoint.parse(text_of(case))
    leaves = [SHA256.leaf(one) for one in (bodies or case.insider.bodies)[:size]]
    text = Checkpoint(said.origin, size, Tree(leaves).root(), 1, bytes(32)).text
    return str(Note(text, ((key or case.insider.key).sign(text),))).encode()


def proof_of(case: Case, old: int, size: int) -> bytes:
    """What GET /v1/log/proofs/consistency answers."""
    tree = Tree(SHA256.leaf(one) for one in case.insider.bodies)
    shown = [base64.b64encode(one).decode() for one in tree.consistency_proof(old, size)]
    return json.dumps({"proof": shown}).encode()


def test_a_pack_and_the_history_that_somebody_kept(case: Case) -> None:
    """With the proof it is one history, whoever names which key; without the proof nothing is said."""
    size = Checkpoint.parse(text_of(case)).size
    kept, proof = kept_of(case, EARLY), proof_of(case, EARLY, size)
    for pinned in (str(case.insider.key.verifier), case.insider.key.verifier.fingerprint, None):
        found = verify.verify(zipped(case.files), pinned, since=verify.Since(kept, proof))
        assert (found["since"], found["good"]) == (EARLY, pinned is not None)
        assert f"{EARLY} events" in verify.report(found)
    bad = judged(case.files, None, since=verify.Since(kept, None))
    assert (bad.kind, f"old_size={EARLY}&size={size}" in bad.detail) == ("since", True)
    same = verify.verify(zipped(case.files), None, since=verify.Since(case.files[verify.CHECKPOINT], None))
    assert same["since"] == size, "of the same size no proof is needed"


def test_a_pack_of_an_earlier_place_and_a_later_checkpoint(case: Case) -> None:
    """The other way round: what was kept is larger than what the pack speaks of."""
    said = Checkpoint.parse(text_of(case))
    later = [*case.insider.bodies, b"one more"]
    kept = kept_of(case, said.size + 1, later)
    proof = Tree(SHA256.leaf(one) for one in later).consistency_proof(said.size)
    shown = json.dumps({"proof": [base64.b64encode(one).decode() for one in proof]}).encode()
    assert verify.verify(zipped(case.files), None, since=verify.Since(kept, shown))["since"] == said.size + 1
    assert (
        judged(case.files, None, since=verify.Since(kept, proof_of(case, EARLY, said.size))).kind == "since"
    )


def test_a_pack_of_another_history(case: Case) -> None:
    """Another past, another log, another signer, another digest, the same size otherwise: each is found."""
    size = Checkpoint.parse(text_of(case)).size
    proof = proof_of(case, EARLY, size)
    other = [*case.insider.bodies[: EARLY - 1], b"rewritten", *case.insider.bodies[EARLY:]]
    forger = SignerKey(case.insider.key.name, ED25519.generate())
    witness = SignerKey(case.insider.key.name, ED25519.generate(), witness=True)
    kept = Note.parse(kept_of(case, EARLY).decode()).text
    elsewhere = kept.replace(COUNTY, "653023")
    digest = kept + "digest sm3\n"
    signed = case.insider.key.sign
    for name, note, told in (
        ("another past", kept_of(case, EARLY, other), "past was changed"),
        ("another past of the same size", kept_of(case, size, other), "two histories"),
        ("a key of somebody else", kept_of(case, EARLY, key=forger), "not signed by a key of this log"),
        (
            "a witness's signature only",
            str(Note(kept, (witness.cosign(kept, NOW),))).encode(),
            "not signed by",
        ),
        ("another log", str(Note(elsewhere, (signed(elsewhere),))).encode(), "taizhang/653023"),
        ("another digest", str(Note(digest, (signed(digest),))).encode(), "of sm3"),
    ):
        bad = judged(case.files, None, since=verify.Since(note, proof))
        assert (bad.kind, told in bad.detail) == ("since", True), (name, str(bad))
    for wrong in (b"[]", b"{}", b'{"proof": 1}', b'{"proof": ["x"]}', b"no json"):
        with pytest.raises(verify.Bad, match="the proof"):
            verify.Since(kept_of(case, EARLY), wrong)
    assert SM3.name in verify.DIGESTS


def test_what_a_signer_says_does_nothing_to_the_terminal(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever signs with a key of his own could write over the line that says that nobody knows the key."""
    manifest = json.loads(case.files[verify.MANIFEST])
    manifest["said"]["version"] = "1\x1b[8m\r\u202e\x9b2K"
    (tmp_path / "pack.zip").write_bytes(zipped(case.insider.with_manifest(case.files, manifest)).getvalue())
    assert verify.main([str(tmp_path / "pack.zip")]) == verify.UNPINNED_CODE
    told = capsys.readouterr().out
    assert "1\ufffd[8m\ufffd\ufffd\ufffd2K" in told
    assert all(one.isprintable() for one in told.replace("\n", ""))
    (tmp_path / "pack.zip").write_bytes(zipped(case.files | {"\x1b[8m": b""}).getvalue())
    assert verify.main([str(tmp_path / "pack.zip")]) == verify.ARCHIVE_CODES["file-name"]
    assert all(one.isprintable() for one in capsys.readouterr().out.replace("\n", ""))


@pytest.mark.parametrize("option", ["--key", "--witness", "--since", "--proof"])
def test_file_too_large_for_what_it_is_to_be_is_not_read(
    case: Case, tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pack.zip").write_bytes(zipped(case.files).getvalue())
    assert verify.main([str(tmp_path / "pack.zip"), option, "/dev/zero"]) == 2
    assert "larger than 1 MiB" in capsys.readouterr().err


def test_pipe_is_not_waited_for(case: Case, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "pack.zip").write_bytes(zipped(case.files).getvalue())
    for asked in (["pipe"], ["pack.zip", "--papers", "pipe"]):
        refused = subprocess.run(
            [sys.executable, verify.__file__, *asked],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert refused.returncode == 2
        assert "pipe is no regular file" in refused.stderr


def test_a_pack_with_since_on_the_command_line(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = Checkpoint.parse(text_of(case)).size
    (tmp_path / "pack.zip").write_bytes(zipped(case.files).getvalue())
    (tmp_path / "kept.note").write_bytes(kept_of(case, EARLY))
    (tmp_path / "proof.json").write_bytes(proof_of(case, EARLY, size))
    asked = [
        str(tmp_path / "pack.zip"),
        "--key",
        str(case.insider.key.verifier),
        "--since",
        str(tmp_path / "kept.note"),
    ]
    assert verify.main(asked) == 1
    assert "--proof" in capsys.readouterr().out
    assert verify.main([*asked, "--proof", str(tmp_path / "proof.json")]) == 0
    assert f"checkpoint of {EARLY} events" in capsys.readouterr().out
