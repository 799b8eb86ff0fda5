"""Whoever changes a pack is found, whether an outsider or the log's owner with the signing key; and nothing is for show:
for every check of the verifier there is a change that only this check finds.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, strategies as st

from domain.catalogue import EVENT_TYPES
from service.algorithms.digests import SHA256
from service.algorithms.signers import ED25519
from service.audit import verify
from service.audit.zipped import entry
from service.log.merkle import Tree
from service.log.signed_note import Checkpoint, Note, SignerKey
from tests.audit.packs import EVENTS, Files, Insider, Log, files_of, found, log_with, zipped
from tests.projections.history import COUNTY


@dataclass
class Case:
    """A good pack, and what the log's owner knows."""

    log: Log
    files: Files
    insider: Insider


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def case(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Case]:
    async with log_with(module_database_url, tmp_path_factory.mktemp("packs")) as log:
        packed = await log.pack()
        made = Case(log, files_of(packed.path), await log.insider())
        assert found(made.files) is None
        assert found(made.insider.resigned(made.files)) is None, "an honest owner passes"
        yield made


# ---- ways to change files ------------------------------------------------------------------------------------------


def flip(files: Files, name: str, place: float = 0.5) -> Files:
    """One bit of one byte."""
    content = bytearray(files[name])
    content[int(len(content) * place)] ^= 1
    return files | {name: bytes(content)}


def lines_of(files: Files, name: str = verify.EVENTS) -> list[bytes]:
    return files[name].split(b"\n")[:-1]


def with_lines(files: Files, lines: list[bytes], name: str = verify.EVENTS) -> Files:
    return files | {name: b"".join(line + b"\n" for line in lines)}


def swapped(files: Files) -> Files:
    """Two events exchanged, positions left where they were."""
    lines = lines_of(files)
    (a, first), (b, second) = (line.split(b" ", 1) for line in (lines[10], lines[11]))
    lines[10], lines[11] = a + b" " + second, b + b" " + first
    return with_lines(files, lines)


def edited_event(files: Files) -> Files:
    """An amount in an event."""
    changed = files[verify.EVENTS].replace(b'"originalValue":', b'"originalValue":9', 1)
    return files | {verify.EVENTS: changed}


def edited_workbook(files: Files, title: str, pattern: bytes, replacement: bytes) -> Files:
    """A cell of a sheet, or more."""
    place = [verify.COVER, *(one for one, _, _ in verify.SHEETS)].index(title) + 1
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(files[verify.WORKBOOK])) as book, zipfile.ZipFile(out, "w") as changed:
        for name in book.namelist():
            content = book.read(name)
            if name == f"xl/worksheets/sheet{place}.xml":
                edited = re.sub(pattern, replacement, content, count=1)
                assert edited != content
                content = edited
            changed.writestr(entry(name), content)
    return files | {verify.WORKBOOK: out.getvalue()}


def edited_tables(files: Files, table: str, column: int, value: Any) -> Files:
    tables = json.loads(files[verify.TABLES_FILE])
    tables[table][0][column] = value
    return files | {verify.TABLES_FILE: verify.dumps(tables)}


def edited_examination(files: Files, edit: Callable[[list[list[Any]]], list[list[Any]]]) -> Files:
    """Another examination, the same wherever it stands in words that can be edited as easily."""
    rows = edit(json.loads(files[verify.EXAMINATION]))
    tables = json.loads(files[verify.TABLES_FILE]) | {"examination": rows}
    return files | {
        verify.EXAMINATION: verify.dumps(rows),
        verify.TABLES_FILE: verify.dumps(tables),
    }


def edited_page(files: Files) -> Files:
    content = files[verify.PAGE].decode()
    figure = re.search(r'<td class="m">([1-9][0-9,]*\.[0-9]{2})</td>', content)
    assert figure is not None
    changed = content.replace(figure.group(0), '<td class="m">1.00</td>', 1)
    return files | {verify.PAGE: changed.encode()}


OUTSIDERS: dict[str, tuple[Callable[[Files], Files], str]] = {
    "a bit of an event": (lambda f: flip(f, verify.EVENTS), "digest"),
    "a bit of the proof": (lambda f: flip(f, verify.PROOF), "digest"),
    "a bit of the index": (lambda f: flip(f, verify.INDEX), "digest"),
    "a bit of the index's proof": (lambda f: flip(f, verify.INDEX_PROOF), "digest"),
    "a figure of the tables": (lambda f: edited_tables(f, "balances", 2, 1), "digest"),
    "a figure of the spreadsheet": (
        lambda f: edited_workbook(f, "清册", rb"<v>[0-9]+[.][0-9]{2}</v>", b"<v>1</v>"), "digest",
    ),
    "a figure of the page": (edited_page, "digest"),
    "a finding gone": (lambda f: edited_examination(f, lambda rows: rows[1:]), "digest"),
    "another verifier": (lambda f: f | {verify.VERIFIER: b"print('GOOD')\n"}, "digest"),
    "a bit of the manifest": (lambda f: flip(f, verify.MANIFEST, 0.9), "digest"),
    "a bit of the checkpoint": (
        lambda f: f | {verify.CHECKPOINT: f[verify.CHECKPOINT].replace(b"\n2400\n", b"\n2401\n")}, "signature",
    ),
    "a dropped event": (lambda f: with_lines(f, lines_of(f)[:20] + lines_of(f)[21:]), "digest"),
    "two events exchanged": (swapped, "digest"),
    "a cut tail": (lambda f: with_lines(f, lines_of(f)[:-3]), "digest"),
    "a file gone": (lambda f: {n: c for n, c in f.items() if n != verify.PROOF}, "files"),
    "a file too many": (lambda f: f | {"说明2.html": b"x"}, "files"),
    "no key": (lambda f: f | {verify.KEYS: b""}, "signature"),
    "nonsense for keys": (lambda f: f | {verify.KEYS: b"a+b+c\n"}, "keys"),
    "no signature": (lambda f: f | {verify.SIGNATURE: b"\n\n"}, "digest"),
    "a signature of nothing": (
        lambda f: f | {verify.SIGNATURE: f[verify.SIGNATURE].rpartition("—".encode())[0]}, "signature",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", OUTSIDERS)
def test_an_outsider_is_found(case: Case, change: str) -> None:
    """Without the key nothing at all can be changed."""
    make, kind = OUTSIDERS[change]
    bad = found(make(case.files))
    assert bad is not None
    assert bad.kind in {kind, "note", "manifest"}, str(bad)


def test_any_bit_of_any_file(case: Case) -> None:
    """Somewhere in each file, many times."""
    rng = random.Random(1)
    for name in case.files:
        for _ in range(6):
            assert found(flip(case.files, name, rng.random() * 0.999)) is not None, name


def test_a_broken_or_doubled_zip(case: Case, tmp_path: Any) -> None:
    raw = zipped(case.files).getvalue()
    for content, kind in (
        (b"", "not-an-archive"),
        (raw[: len(raw) // 2], "cut-off"),
        (b"no zip at all", "not-an-archive"),
    ):
        with pytest.raises(verify.Bad) as bad:
            verify.verify(BytesIO(content))
        assert bad.value.kind == kind
    doubled = BytesIO()
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(doubled, "w") as pack:
        for name, content in [*case.files.items(), (verify.TABLES_FILE, b"{}")]:
            pack.writestr(entry(name), content)
    with pytest.raises(verify.Bad, match="twice"):
        verify.verify(doubled)


# ---- the owner, who signs what he likes ----------------------------------------------------------------------------


def _asset(insider: Insider, files: Files, least: int = 4) -> str:
    """The stream of an asset of the pack with some events."""
    for line in lines_of(files):
        stream = insider.streams[int(line.partition(b" ")[0]) - 1]
        if stream.startswith("asset-") and insider.streams.count(stream) >= least:
            return stream
    raise AssertionError


def _without_version(case: Case, version: int) -> Files:
    """An asset without one of its events; -1: the last."""
    stream = _asset(case.insider, case.files)
    places = [n for n, name in enumerate(case.insider.streams, 1) if name == stream]
    return case.insider.with_events(case.files, lambda position, _: position != places[version])


def _without_stream(case: Case) -> Files:
    stream = _asset(case.insider, case.files)
    files = case.insider.with_events(case.files, lambda _, name: name != stream)
    return case.insider.with_index(files, lambda key: key != f"stream/{stream}")


def _without_procedure(case: Case) -> Files:
    """An asset without the procedure about it."""
    held = case.files[verify.EVENTS]
    procedures = (name for name in case.insider.streams if name.startswith("procedure-"))
    stream = next(name for name in procedures if name.encode() in held)
    files = case.insider.with_events(case.files, lambda _, name: name != stream)
    return case.insider.with_index(files, lambda key: key != f"stream/{stream}")


def _merged_unit(case: Case) -> str:
    """The stream of the unit that was merged into the one whose post the person held."""
    entries = dict(json.loads(line.partition(b" ")[2]) for line in lines_of(case.files, verify.INDEX))
    return next(
        stream
        for key, streams in sorted(entries.items()) if key.startswith("unit/")
        for stream in streams if stream.partition("-")[2] != key.removeprefix("unit/")
    )  # fmt: skip


def _without_merged_unit(case: Case) -> Files:
    """The merged unit; the index still names it."""
    merged = _merged_unit(case)
    files = case.insider.with_events(case.files, lambda _, name: name != merged)
    return case.insider.with_index(files, lambda key: key != f"stream/{merged}")


def _without_entry(case: Case, kind: str) -> Files:
    known = [json.loads(line.partition(b" ")[2])[0] for line in lines_of(case.files, verify.INDEX)]
    gone = next(key for key in known if key.startswith(kind))
    return case.insider.with_index(case.files, lambda key: key != gone)


def _other_request(case: Case, *, asked: bool = False, **changes: str) -> Files:
    manifest = json.loads(case.files[verify.MANIFEST])
    manifest["request"] |= changes
    manifest["asked"] |= changes if asked else {}
    return case.insider.with_manifest(case.files, manifest)


def _other_log(case: Case, **changes: Any) -> Files:
    manifest = json.loads(case.files[verify.MANIFEST])
    manifest["log"] |= changes
    return case.insider.with_manifest(case.files, manifest)


INSIDERS: dict[str, tuple[Callable[[Case], Files], str]] = {
    "an amount of an event": (lambda c: edited_event(c.files), "proof"),
    "two events exchanged": (lambda c: swapped(c.files), "proof"),
    "events out of order": (lambda c: with_lines(c.files, [*lines_of(c.files)[1:], lines_of(c.files)[0]]), "order"),
    "an event twice": (lambda c: with_lines(c.files, [lines_of(c.files)[0], *lines_of(c.files)]), "order"),
    "no position": (lambda c: with_lines(c.files, [b"x " + lines_of(c.files)[0], *lines_of(c.files)[1:]]), "order"),
    "half a line": (lambda c: c.files | {verify.EVENTS: c.files[verify.EVENTS][:-1]}, "order"),
    "a dropped event": (lambda c: with_lines(c.files, lines_of(c.files)[:20] + lines_of(c.files)[21:]), "proof"),
    "a dropped event, the rest proved": (lambda c: _without_version(c, 1), "missing"),
    "the first event of an asset, the rest proved": (lambda c: _without_version(c, 0), "missing"),
    "a cut tail, the rest proved": (lambda c: _without_version(c, -1), "missing"),
    "an asset left out, the rest proved": (_without_stream, "missing"),
    "no word of how far a stream goes": (lambda c: _without_entry(c, "stream/asset-"), "missing"),
    "no word of where the person is named": (lambda c: _without_entry(c, "person/"), "missing"),
    "no word of where a post is named": (lambda c: _without_entry(c, "post/"), "missing"),
    "a unit that was merged left out, the rest proved": (_without_merged_unit, "missing"),
    "no word of which units were merged": (lambda c: _without_entry(c, "unit/"), "missing"),
    "no word of where the same post of a unit that was merged is named": (
        lambda c: _without_entry(c, f"post/{_merged_unit(c).partition('-')[2]}/"), "missing",
    ),
    "a procedure about an asset left out, the rest proved": (_without_procedure, "missing"),
    "no word of which procedures are about an asset": (lambda c: _without_entry(c, "asset/"), "missing"),
    "an edited entry of the index": (
        lambda c: c.files | {verify.INDEX: c.files[verify.INDEX].replace(b'"version":', b'"version":1', 1)}, "proof",
    ),
    "a figure of the tables": (lambda c: edited_tables(c.files, "balances", 2, 1), "figures"),
    "a custodian of the tables": (lambda c: edited_tables(c.files, "inventory", 15, "他人"), "figures"),
    "a line of the tables gone": (
        lambda c: c.files | {verify.TABLES_FILE: json.dumps(
            json.loads(c.files[verify.TABLES_FILE]) | {"events": json.loads(c.files[verify.TABLES_FILE])["events"][:-1]}
        ).encode()}, "figures",
    ),
    "a finding gone from the examination only": (
        lambda c: c.files | {verify.EXAMINATION: edited_examination(c.files, lambda rows: rows[1:])[verify.EXAMINATION]},
        "figures",
    ),
    "a finding gone from everything but the spreadsheet": (
        lambda c: edited_examination(c.files, lambda rows: rows[1:]), "workbook",
    ),
    "a finding about no event": (
        lambda c: edited_examination(c.files, lambda rows: [[rows[0][0], "asset-A-0", *rows[0][2:]], *rows[1:]]), "figures",
    ),
    "an examination that is none": (lambda c: c.files | {verify.EXAMINATION: b'[["1"]]'}, "figures"),
    "a figure of the spreadsheet": (lambda c: edited_workbook(c.files, "清册", rb"<v>[1-9][0-9]*[.][0-9]{2}</v>", b"<v>1</v>"), "workbook"),
    "a text of the spreadsheet": (lambda c: edited_workbook(c.files, "清册", "在用|闲置".encode(), "未投入使用".encode()), "workbook"),
    "a header of the spreadsheet": (lambda c: edited_workbook(c.files, "清册", "原始价值".encode(), "估计价值".encode()), "workbook"),
    "a row of the spreadsheet gone": (
        lambda c: edited_workbook(c.files, "事项", rb'<row r="7".*?</row>', b""), "workbook",
    ),
    "a row too many": (
        lambda c: edited_workbook(
            c.files, "合同", b"</sheetData>", b'<row r="90000"><c r="A90000"><v>1</v></c></row></sheetData>'
        ), "workbook",
    ),
    "a formula": (
        lambda c: edited_workbook(c.files, "期初期末", rb"<v>([1-9][0-9]*[.][0-9]{2})</v>", rb"<f>1+1</f><v>\1</v>"), "workbook",
    ),
    "a figure of the page": (lambda c: edited_page(c.files), "page"),
    "a script in the page": (
        lambda c: c.files | {verify.PAGE: c.files[verify.PAGE].replace(b"</body>", b"<script>1</script></body>")}, "page",
    ),
    "another summary": (
        lambda c: c.files | {verify.PAGE: re.sub(
            "(资产项数</th><td [^>]*>)[0-9]+".encode(), rb"\g<1>0", c.files[verify.PAGE])}, "page",
    ),
    "a table of the page gone": (
        lambda c: c.files | {verify.PAGE: c.files[verify.PAGE].replace('id="收益余额"'.encode(), b'id="x"')}, "page",
    ),
    "a table too many on the page": (
        lambda c: c.files | {verify.PAGE: c.files[verify.PAGE].replace(
            b"</body>", b'<table id="x"><tr><td>1</td></tr></table></body>')}, "page",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", INSIDERS)
def test_the_owner_is_found(case: Case, change: str) -> None:
    """Digests put right and signed anew: what the files say must still follow from the signed tree and index."""
    make, kind = INSIDERS[change]
    bad = found(case.insider.resigned(make(case)))
    assert bad is not None
    assert bad.kind == kind, str(bad)


def test_a_stream_whose_events_are_gone_is_named_by_the_index(case: Case) -> None:
    stream = _asset(case.insider, case.files)
    files = case.insider.with_events(case.files, lambda _, name: name != stream)
    bad = found(case.insider.resigned(files))
    assert bad is not None
    assert (bad.kind, bad.place) == ("missing", stream)
    assert "the index has it, its events are missing" in str(bad)


def test_another_period_or_person_than_the_tables_show(case: Case) -> None:
    manifest = json.loads(case.files[verify.MANIFEST])
    for changes in ({"from": manifest["request"]["to"]}, {"unit": "653022201201"}):
        bad = found(_other_request(case, **changes))
        assert bad is not None
        assert bad.kind == "manifest"
        bad = found(_other_request(case, asked=True, **changes))
        assert bad is not None
        assert bad.kind in {"manifest", "figures"}, "the question is another, or the figures are"
    for person in ("P-0004", "P-9999"):
        bad = found(_other_request(case, person=person))
        assert bad is not None
        assert bad.kind == "missing"
    bad = found(_other_request(case, **{"from": "2999-01-01"}))
    assert bad is not None
    assert bad.kind == "manifest"


def test_another_log_than_the_checkpoint_tells_of(case: Case) -> None:
    recorded = json.loads(case.files[verify.MANIFEST])["log"]["recordedAt"]
    another = recorded[:-2] + ("1" if recorded[-2] == "0" else "0") + "Z"
    for changes in ({"size": EVENTS - 1}, {"origin": "taizhang/653023"}, {"recordedAt": another}):
        bad = found(_other_log(case, **changes))
        assert bad is not None
        assert bad.kind == "manifest"


def test_a_first_bad_place_is_named(case: Case) -> None:
    """People are told where, not only that."""
    stream = _asset(case.insider, case.files)
    second = [n for n, name in enumerate(case.insider.streams, 1) if name == stream][2]
    bad = found(case.insider.resigned(_without_version(case, 1)))
    assert bad is not None
    assert bad.place == f"event {second}"
    assert stream in bad.detail
    files = edited_workbook(case.files, "期初期末", rb'(<c r="H5"[^>]*><v>)[^<]*', rb"\g<1>77")
    bad = found(case.insider.resigned(files))
    assert bad is not None
    assert bad.place == f"{verify.WORKBOOK} 期初期末!H5"


# ---- another key, a witness ----------------------------------------------------------------------------------------


def _rewritten(case: Case) -> tuple[Files, SignerKey]:
    """History rewritten from one event on, tree and all, under a key of the forger's own."""
    key = SignerKey(case.insider.key.name, ED25519.generate())
    lines = lines_of(case.files)
    bodies = list(case.insider.bodies)
    for n, line in enumerate(lines):
        position, _, body = line.partition(b" ")
        if b'"content":"\xe6' in body:
            bodies[int(position) - 1] = body.replace("清淤".encode(), "大修".encode())
            lines[n] = position + b" " + bodies[int(position) - 1]
    assert bodies != case.insider.bodies
    tree = Tree(map(SHA256.leaf, bodies))
    places = [int(line.partition(b" ")[0]) - 1 for line in lines]
    old = Checkpoint.parse(Note.parse(case.files[verify.CHECKPOINT].decode()).text)
    text = Checkpoint(old.origin, old.size, tree.root(), old.index_count, old.index_root).text
    files = with_lines(case.files, lines) | {
        verify.PROOF: b"".join(tree.multi_proof(places)),
        verify.CHECKPOINT: str(Note(text, (key.sign(text),))).encode(),
        verify.KEYS: f"{key.verifier}\n".encode(),
    }
    forger = Insider(bodies, case.insider.streams, case.insider.index, key)
    return forger.resigned(files), key


def test_a_rewritten_log_under_another_key_is_found_by_whoever_knows_the_key(case: Case) -> None:
    """And whoever does not know it is told so, loudly."""
    files, forger = _rewritten(case)
    mine = case.insider.key.verifier
    for pinned in (str(mine), mine.fingerprint):
        bad = found(files, pinned)
        assert bad is not None
        assert bad.kind == "signature"
    result = verify.verify(zipped(files))
    assert result["pinned"] is False
    assert result["fingerprint"] == forger.verifier.fingerprint
    assert "NOT PINNED" in verify.report(result)
    assert "NOT PINNED" not in verify.report(verify.verify(zipped(case.files), mine.fingerprint))


@pytest.mark.asyncio(loop_scope="module")
async def test_a_witness_who_must_have_signed(case: Case) -> None:
    key = SignerKey("audit.example/county", ED25519.generate(), witness=True)
    with pytest.raises(verify.Bad, match="witness"):
        verify.verify(zipped(case.files), None, [str(key.verifier)])
    latest = await case.log.checkpoints.latest(COUNTY)
    signed = Note(latest.text, (*latest.signatures, key.cosign(latest.text, 1_700_000_000)))
    await case.log.checkpoints.witness(COUNTY, signed, key.verifier)
    packed = await case.log.pack("witnessed.zip")
    assert verify.verify(packed.path, None, [str(key.verifier)])["witnesses"] == 1
    stranger = SignerKey("audit.example/county", ED25519.generate(), witness=True)
    with pytest.raises(verify.Bad, match="witness"):
        verify.verify(packed.path, None, [str(stranger.verifier)])


def test_a_witness_s_key_signs_nothing_for_the_log(case: Case) -> None:
    """Neither named by whoever verifies nor put among the pack's keys, with the checkpoint under it."""
    witness = SignerKey(case.insider.key.name, ED25519.generate(), witness=True)
    bad = found(case.files, str(witness.verifier))
    assert bad is not None
    assert (bad.kind, "witness's" in bad.detail) == ("signature", True)
    text = Note.parse(case.files[verify.CHECKPOINT].decode()).text
    under_it = {
        verify.CHECKPOINT: str(Note(text, (witness.cosign(text, 1_700_000_000),))).encode(),
        verify.KEYS: f"{witness.verifier}\n".encode(),
    }
    bad = found(case.insider.resigned(case.files | under_it))
    assert bad is not None
    assert bad.kind == "signature"
    mine = str(case.insider.key.verifier)
    with pytest.raises(verify.Bad, match="the key of a log, not of a witness"):
        verify.verify(zipped(case.files), mine, [mine])


# ---- the verifier itself -------------------------------------------------------------------------------------------

PLANTED: dict[str, tuple[str, Any, list[str]]] = {
    "no proof is checked": ("check_proof", lambda *_: None, ["an amount of an event", "an edited entry of the index"]),
    "no look into the index": ("_complete", lambda *_: None, ["an asset left out, the rest proved"]),
    "tables are not compared": ("_compare", lambda *_: None, ["a figure of the tables", "a line of the tables gone"]),
    "the page is not read": ("check_page", lambda *_, **__: None, ["a figure of the page", "another summary"]),
    "the spreadsheet is not read": ("check_workbook", lambda *_: None, ["a figure of the spreadsheet", "a formula"]),
}  # fmt: skip


def test_an_entry_that_is_not_there_must_not_be_taken_for_none(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for the index: that it has no entry is proved, not assumed."""
    monkeypatch.setattr(verify.Index, "streams", lambda self, key: self.known.get(key, []))
    for change in ("no word of where a post is named", "no word of which procedures are about an asset"):
        assert found(case.insider.resigned(INSIDERS[change][0](case))) is None


@pytest.mark.parametrize("bug", PLANTED)
def test_a_verifier_with_a_bug_lets_something_through(
    case: Case, bug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each check is needed: with it gone, these changes pass (so the tests above would find the bug)."""
    name, broken, changes = PLANTED[bug]
    monkeypatch.setattr(verify, name, broken)
    for change in changes:
        bad = found(case.insider.resigned(INSIDERS[change][0](case)))
        assert bad is None or bad.kind != INSIDERS[change][1], (change, str(bad))


def test_a_verifier_that_believes_every_signature_believes_everybody(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "_KINDS", {kind: (32, lambda *_: True) for kind in verify._KINDS})
    files, _ = _rewritten(case)
    forged = files | {verify.KEYS: case.files[verify.KEYS]}
    text = forged[verify.CHECKPOINT].decode().split("\n\n")[0]
    signature = case.files[verify.CHECKPOINT].decode().split("\n\n")[1]
    manifest = case.files[verify.SIGNATURE].decode().split("\n\n")[1]
    said = forged[verify.SIGNATURE].decode().split("\n\n")[0]
    forged |= {
        verify.CHECKPOINT: f"{text}\n\n{signature}".encode(),
    }
    raw = json.loads(forged[verify.MANIFEST])
    raw["files"][verify.CHECKPOINT] = hashlib.sha256(forged[verify.CHECKPOINT]).hexdigest()
    raw["files"][verify.KEYS] = hashlib.sha256(forged[verify.KEYS]).hexdigest()
    packed = verify.dumps(raw)
    said = f"{said.splitlines()[0]}\n{hashlib.sha256(packed).hexdigest()}\n"
    forged |= {verify.MANIFEST: packed, verify.SIGNATURE: f"{said}\n{manifest}".encode()}
    assert found(forged, case.insider.key.verifier.fingerprint) is None


# ---- its parts against other implementations -----------------------------------------------------------------------


@given(st.binary(max_size=200), st.integers(0, 511))
def test_signatures_are_judged_like_elsewhere(message: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(message).digest())
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert verify.ed25519_verifies(public, message, signature)
    assert not verify.ed25519_verifies(public, message + b"x", signature)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert not verify.ed25519_verifies(public, message, bytes(changed))


def test_signatures_of_the_standard() -> None:
    """RFC 8032, section 7.1, tests 1 to 3; and scalars beyond the group's order, which would make two of one."""
    for public, message, signature in (
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ):  # fmt: skip
        key, text, made = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
        assert verify.ed25519_verifies(key, text, made)
        more = int.from_bytes(made[32:], "little") + 2**252 + 27742317777372353535851937790883648493
        assert not verify.ed25519_verifies(key, text, made[:32] + more.to_bytes(32, "little"))
        assert not verify.ed25519_verifies(key, text, made[:-1])


@given(st.data())
def test_proofs_are_judged_like_elsewhere(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 80))
    places = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    entries = [b"entry %d" % number for number in range(size)]
    tree = Tree(map(SHA256.leaf, entries))
    proof = b"".join(tree.multi_proof(places))
    chosen = [entries[place] for place in places]
    verify.check_proof(chosen, places, size, proof, tree.root(), "x", verify.SHA256)
    wrong = data.draw(st.integers(0, len(chosen) - 1))
    for entries_, proof_ in (
        ([*chosen[:wrong], b"other", *chosen[wrong + 1 :]], proof),
        (chosen, proof + bytes(32)),
        (chosen, proof[:-32] if proof else bytes(32)),
    ):
        with pytest.raises(verify.Bad):
            verify.check_proof(entries_, places, size, proof_, tree.root(), "x", verify.SHA256)


def test_the_verifier_needs_the_standard_library_only() -> None:
    tree = ast.parse(Path(verify.__file__).read_text("utf-8"))
    names = {
        name.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    } | {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names - {"orjson"} <= sys.stdlib_module_names
    bare = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({verify.__file__!r})"],
        capture_output=True,
        check=False,
    )
    assert bare.returncode == 0, "without site-packages it has to load all the same"


WITHOUT_EFFECT = {
    "booked", "county_decision_issued", "document_archived", "joint_shares_proposed",
    "maintenance_done", "ownership_certificate_issued", "ownership_filed", "property_registered",
    "quantification_plan_proposed", "right_assigned", "risk_cleared", "supervision_assigned",
    "title_certificate_applied", "title_certificate_ineligible", "title_certificate_issued", "transfer_completed",
    "transfer_initiated", "transfer_items_accepted", "transfer_refused", "handed_over", "appraisal_published",
    "appraisal_recorded", "disposal_approved", "disposal_closed", "disposal_forwarded",
    "disposal_proceeds_received", "disposal_proposed", "external_entry_recorded", "maintenance_planned",
    "stocktake_recorded", "management_rule_adopted", "risk_mitigation_added", "risk_mitigation_released",
    "platform_authorised", "platform_authorisation_ended", "disposal_consent_recorded", "preemption_offered",
    "preemption_answered",
    "owner_consent_recorded", "sublet_recorded",
}  # fmt: skip
"""Events of an asset that change no column of the pack's tables (care is folded apart)."""


def test_the_verifier_knows_every_event_of_an_asset() -> None:
    """A new event has to be folded by `verify.Asset.take`, or be named above as one that changes nothing shown."""
    folded = set(re.findall(r'"([a-z_]+)"', inspect.getsource(verify.AssetFigures.take)))
    events = {name.partition(".")[2] for name in EVENT_TYPES if name.startswith("asset.")}
    assert events - folded - WITHOUT_EFFECT == set()
