"""docs/pack-format.md says what a pack is: its lists are those of the code, and its commands verify a real pack."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from service.audit import verify
from service.sealing.clearance_certificate import ClearanceCertificate
from tests.audit.pack_format import DOCUMENT, written
from tests.audit.packs import zipped
from tests.audit.test_tampering import Case, case as made_case, edited_event

case = made_case
TEXT = DOCUMENT.read_text("utf-8")
BLOCKS = re.findall(r"```(sh|python)\n(.*?)```", TEXT, re.DOTALL)
"""The commands, in order."""


def section(title: str) -> str:
    """What stands below a heading of the third level."""
    found: str = re.split(r"\n##+ ", TEXT.split(f"\n### {title}\n")[1])[0]
    return found


def test_the_document_says_what_the_code_says() -> None:
    assert written(TEXT) == TEXT, "python -m tests.audit.pack_format writes it"


def test_every_file_has_its_section_in_the_order_of_the_archive() -> None:
    assert re.findall(r"\n### `(.+?)`\n", TEXT) == [*verify.FILES, verify.MANIFEST, verify.SIGNATURE]


def test_every_field_of_the_manifest_is_named() -> None:
    named = re.findall(
        r"`([a-zA-Z.]+)`", "".join(re.findall(r"^\| (.*?) \|", section("`manifest.json`"), re.MULTILINE))
    )
    due = [name for name, kind in verify._SHAPE.items() if kind is not dict or name not in verify._FIELDS]
    due += [f"{part}.{name}" for part, fields in verify._FIELDS.items() for name in fields]
    assert sorted(named) == sorted(due)


def test_every_field_of_an_event_is_named(case: Case) -> None:
    event = json.loads(case.files[verify.EVENTS].split(b"\n")[0].partition(b" ")[2])
    said = section("`events.txt`").partition("members:")[2].partition("What `data`")[0]
    assert re.findall(r"`([a-zA-Z]+)`", said) == sorted(event)


def test_every_field_of_a_certificate_is_named() -> None:
    said = TEXT.partition("## A handover certificate")[2].partition("Whether it still holds")[0]
    fields = sorted(field.alias or name for name, field in ClearanceCertificate.model_fields.items())
    assert sorted(re.findall(r"`([a-zA-Z]+)`", said)) == fields
    assert {*verify._CERTIFIED, "digest"} == set(fields)


def by_hand(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the document's commands, one block after the other, up to the first that fails."""
    parts = []
    for number, (language, block) in enumerate(BLOCKS):
        file = folder / f"block-{number}"
        file.write_text(block, "utf-8")
        parts.append(f"sh -e {file}" if language == "sh" else f"{sys.executable} -I {file}")
    return subprocess.run(
        ["sh", "-e", "-c", "\n".join(parts)], cwd=folder, capture_output=True, text=True, timeout=120
    )


def test_a_pack_is_verified_by_hand_as_the_document_says(case: Case, tmp_path: Path) -> None:
    assert [language for language, _ in BLOCKS] == ["sh", "sh", "python"]
    (tmp_path / "pack.zip").write_bytes(zipped(case.files).getvalue())
    (tmp_path / "key.txt").write_text(f"{case.insider.key.verifier}\n", "utf-8")
    done = by_hand(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Signature Verified Successfully") == 2
    assert "events stand in the log" in done.stdout


@pytest.mark.parametrize("what", ["checkpoint", "manifest", "a file", "an event, all digests put right"])
def test_by_hand_a_changed_pack_is_found(case: Case, tmp_path: Path, what: str) -> None:
    files = dict(case.files)
    if what == "checkpoint":
        files[verify.CHECKPOINT] = files[verify.CHECKPOINT].replace(b"\nindex ", b"\nindex 1")
    elif what == "manifest":
        files[verify.MANIFEST] += b" "
    elif what == "a file":
        files[verify.PAGE] += b" "
    else:
        files = case.insider.resigned(edited_event(files))
    (tmp_path / "pack.zip").write_bytes(zipped(files).getvalue())
    (tmp_path / "key.txt").write_text(f"{case.insider.key.verifier}\n", "utf-8")
    assert by_hand(tmp_path).returncode != 0
