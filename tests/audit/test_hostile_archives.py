"""Whatever archive somebody hands over: one sentence, one exit code for each kind, in little memory and time."""

from __future__ import annotations

import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest

from service.audit import verify
from service.audit.zipped import entry
from service.exit_codes import MEANINGS, ExitCode

FILES = {name: f"{name}\n".encode() * 9 for name in (*verify.FILES, verify.MANIFEST, verify.SIGNATURE)}
FIRST = verify.FILES[0]
MEMORY = 256 << 20
"""Bytes of address space that the verifier may take for any of them."""


def zipped(files: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] | None = None) -> bytes:
    """Files as the service zips them, but for what `change` does to the entry of the first one."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for place, (name, content) in enumerate(files.items()):
            info = entry(name)
            if change is not None and place == 0:
                change(info)
            archive.writestr(info, content)
    return out.getvalue()


def edited(field: int, size: int, value: int, *, local: int | None = None) -> bytes:
    """A number in the directory's first entry replaced; and in the file's own header, at `local`."""
    raw = bytearray(zipped(FILES))
    at = raw.index(b"PK\x01\x02")
    raw[at + field : at + field + size] = value.to_bytes(size, "little")
    if local is not None:
        raw[local : local + size] = value.to_bytes(size, "little")
    return bytes(raw)


def renamed(name: str, second: str) -> bytes:
    """The first two files under other names."""
    contents = list(FILES.items())
    raw = BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for new, (_, content) in zip([name, second, *list(FILES)[2:]], contents, strict=True):
            archive.writestr(entry(new), content)
    return raw.getvalue()


@cache
def bomb(size: int) -> bytes:
    """A file of zeros, packed as tightly as can be."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)), packer.flush()])


def with_bomb(said: int, size: int = 1 << 29) -> bytes:
    """The first file is a bomb that says it has `said` bytes."""
    packed, name = bomb(size), FIRST.encode()
    head = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 33, 0, len(packed), said, len(name), 0) + name
    end = len(head) + len(packed)
    listed = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 788, 20, 0, 8, 0, 33, 0, len(packed), said, len(name), 0, 0, 0, 0, 0o644 << 16, 0,
    ) + name  # fmt: skip
    return head + packed + listed + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(listed), end, 0)


def overlapping() -> bytes:
    """Two entries of the directory that stand for the same bytes."""
    raw = zipped({"a": b"x" * 99, "b": b"x" * 99})
    at = raw.index(b"PK\x01\x02")
    second = raw.index(b"PK\x01\x02", at + 4)
    return raw[: second + 42] + struct.pack("<L", 0) + raw[second + 46 :]


def extra(info: zipfile.ZipInfo) -> None:
    info.extra = struct.pack("<HHL", 0x5455, 4, 0)


def symlink(info: zipfile.ZipInfo) -> None:
    info.external_attr = 0o120777 << 16


def dated(info: zipfile.ZipInfo) -> None:
    info.date_time = (2026, 1, 1, 0, 0, 0)


def bzipped(info: zipfile.ZipInfo) -> None:
    info.compress_type = zipfile.ZIP_BZIP2


def with_comment() -> bytes:
    out = BytesIO(zipped(FILES))
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"hello"
    return out.getvalue()


GOOD = zipped(FILES)
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "not-an-archive"),
    "no archive": (lambda: b"no archive at all" * 99, "not-an-archive"),
    "half of it": (lambda: GOOD[: len(GOOD) // 2], "cut-off"),
    "without its last byte": (lambda: GOOD[:-1], "cut-off"),
    "its end only": (lambda: GOOD[-22:], "cut-off"),
    "a file that lies beyond the end": (lambda: edited(20, 4, 10**6, local=18), "cut-off"),
    "a byte before it": (lambda: b"x" + GOOD, "surplus"),
    "a program before it": (lambda: b"#!/bin/sh\nexit\n" + GOOD, "surplus"),
    "a byte after it": (lambda: GOOD + b"x", "surplus"),
    "another archive after it": (lambda: GOOD + zipped({"x": b"y"}), "surplus"),
    "a comment": (with_comment, "surplus"),
    "bytes between two files": (lambda: edited(42, 4, 1), "surplus"),
    "two entries for the same bytes": (overlapping, "surplus"),
    "65 files": (lambda: zipped({f"{n}": b"" for n in range(65)}), "too-many-files"),
    "30,000 files": (lambda: zipped({f"{n}": b"" for n in range(30_000)}), "too-many-files"),
    "a name of 256 bytes": (lambda: renamed("n" * 256, "b"), "file-name"),
    "a name of 60,000 bytes": (lambda: renamed("n" * 60_000, "b"), "file-name"),
    "a file outside the folder": (lambda: renamed("../../.bashrc", "b"), "file-name"),
    "a file from the root": (lambda: renamed("/etc/passwd", "b"), "file-name"),
    "a file of another drive": (lambda: renamed("C:x", "b"), "file-name"),
    "a backslash": (lambda: zipped(FILES).replace(FIRST.encode(), b"..\\vents.txt"[:10]), "file-name"),
    "a NUL in a name": (lambda: zipped(FILES).replace(FIRST.encode(), b"events\0txt"), "file-name"),
    "a line break in a name": (lambda: renamed("events\n.txt", "b"), "file-name"),
    "a name turned round": (lambda: renamed("events\u202etxt", "b"), "file-name"),
    "the same name twice": (lambda: zipped(FILES).replace(b"index.proof", b"events.proof"[1:]).replace(b"vents.proof", b"index.proof").replace(b"index.txt", b"verify.py"), "name-twice"),
    "names that differ in case": (lambda: renamed(FIRST, FIRST.upper()), "name-twice"),
    "names that differ in the width of a letter": (lambda: renamed("events.txt", "ｅvents.txt"), "name-twice"),
    "an encrypted file": (lambda: edited(8, 2, 1, local=6), "encrypted"),
    "a file of strong encryption": (lambda: edited(8, 2, 0x41, local=6), "encrypted"),
    "sizes after the file": (lambda: edited(8, 2, 8, local=6), "method"),
    "a patch for a file": (lambda: edited(8, 2, 0x20, local=6), "method"),
    "bzip2": (lambda: zipped(FILES, bzipped), "method"),
    "a method that nobody knows": (lambda: edited(10, 2, 99, local=8), "method"),
    "a size in the long form": (lambda: edited(24, 4, 2**32 - 1), "zip64"),
    "a place in the long form": (lambda: edited(42, 4, 2**32 - 1), "zip64"),
    "a number of files in the long form": (lambda: GOOD[:-14] + b"\xff\xff\xff\xff" + GOOD[-10:], "zip64"),
    "a long form of the end": (lambda: GOOD[:-22] + b"PK\x06\x07" + bytes(16) + GOOD[-22:], "zip64"),
    "a long form that lies": (lambda: lying_zip64(), "zip64"),
    "a file of a GiB and a byte": (lambda: edited(24, 4, 2**30 + 1), "too-large"),
    "a manifest of a MiB and a byte": (
        lambda: zipped({verify.MANIFEST: bytes(range(256)) * 4096 + b"x"}), "too-large",
    ),
    "a bomb": (lambda: with_bomb(1 << 30), "ratio"),
    "a bomb that says it is small": (lambda: with_bomb(1000), "size-is-another"),
    "a file larger than it says": (lambda: edited(24, 4, 10, local=22), "size-is-another"),
    "a symbolic link": (lambda: zipped(FILES, symlink), "not-a-file"),
    "a folder": (lambda: zipped({"events/": b""} | FILES), "not-a-file"),
    "another size in front of the file": (lambda: GOOD[:22] + b"\x01" + GOOD[23:], "header"),
    "another name in front of the file": (lambda: GOOD[:30] + b"E" + GOOD[31:], "header"),
    "an extra field": (lambda: zipped(FILES, extra), "header"),
    "another date": (lambda: zipped(FILES, dated), "header"),
    "a directory of nonsense": (lambda: GOOD.replace(b"PK\x01\x02", b"PK\x01\x03", 1), "header"),
    "one of several volumes": (lambda: GOOD[:-18] + b"\x01" + GOOD[-17:], "header"),
}  # fmt: skip


def lying_zip64() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open(entry(FIRST), "w", force_zip64=True) as file:
        file.write(b"x" * 500)
    raw = bytearray(out.getvalue())
    raw[30 + len(FIRST) + 4] ^= 1
    return bytes(raw)


def test_what_the_service_zips_is_read() -> None:
    """Files written at once, and one whose size was not known before; else what follows proves nothing."""
    opened = verify.Archive(BytesIO(GOOD), "it", {})
    assert {name: opened.read(name) for name in opened.entries} == FILES
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open(entry(FIRST), "w", force_zip64=True) as file:
        file.write(b"x" * 500)
    assert verify.Archive(out, "it", {}).read(FIRST) == b"x" * 500


def test_bounds_are_reached_and_not_passed() -> None:
    """64 files, a name of 255 bytes, a manifest of one MiB and a file packed 100 times: just allowed."""
    assert len(verify.Archive(BytesIO(zipped({f"{n}": b"" for n in range(64)})), "it", {}).entries) == 64
    assert verify.Archive(BytesIO(zipped({"n" * 255: b""})), "it", {}).entries
    limits = {verify.MANIFEST: 1 << 20}
    whole = bytes(range(256)) * 4096
    assert (
        verify.Archive(BytesIO(zipped({verify.MANIFEST: whole})), "it", limits).read(verify.MANIFEST) == whole
    )
    small = bytes(1 << 20)  # up to a MiB it may be packed as tightly as it likes
    assert verify.Archive(BytesIO(zipped({"a": small})), "it", {}).read("a") == small
    with pytest.raises(verify.Bad) as bad:
        verify.Archive(BytesIO(zipped({"a": bytes((1 << 20) + 1)})), "it", {})
    assert bad.value.kind == "ratio"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("what", HOSTILE)
def test_archive_that_no_pack_is(what: str) -> None:
    make, kind = HOSTILE[what]
    with pytest.raises(verify.Bad) as bad:
        archive = verify.Archive(BytesIO(make()), "the archive", {verify.MANIFEST: 1 << 20})
        for name in archive.entries:
            archive.read(name)
    assert bad.value.kind == kind, str(bad.value)
    assert str(bad.value).count("\n") == 0
    assert verify.code_of(bad.value) == verify.ARCHIVE_CODES[kind]


def test_every_kind_is_tried_and_has_a_code_of_its_own() -> None:
    assert {kind for _, kind in HOSTILE.values()} == set(verify.ARCHIVE_CODES)
    codes = [*verify.ARCHIVE_CODES.values(), verify.UNPINNED_CODE, verify.FORMAT_CODE]
    assert len(set(codes)) == len(codes)
    assert all(MEANINGS[ExitCode(code)] for code in codes)
    documented = verify.__doc__ or ""
    assert all(f"{code} " in documented for code in codes)


@pytest.mark.parametrize("said", [1 << 30, 1000, (1 << 20) * 100])
def test_bomb_takes_no_memory(tmp_path: Path, said: int) -> None:
    """As a stranger runs it: a process that may have no more than `MEMORY`, whatever the bomb says of its size."""
    (tmp_path / "bomb.zip").write_bytes(with_bomb(said))
    run = subprocess.run(
        [sys.executable, "-I", "-S", verify.__file__, "bomb.zip"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert run.returncode in {
        verify.ARCHIVE_CODES["ratio"],
        verify.ARCHIVE_CODES["size-is-another"],
        1,  # it says what is packed a hundred times, and has no manifest
    }, run.stderr
    assert run.stdout.count(b"\n") == 1


NESTED = b'{"a":' + b"[" * 100_000
MANIFESTS = {
    "nested": NESTED, "a list": b"[]", "a number": b"1", "null": b"null", "a huge number": b"1" * 5_000,
    "no format": b"{}", "half": b'{"format":"%b"}' % verify.FORMAT.encode(),
    "of other types": b'{"format":"%b","files":[],"words":1,"request":{},"asked":{},"log":{},"said":{},' % verify.FORMAT.encode()
    + b'"events":"1","assets":true}',
}  # fmt: skip


@pytest.mark.parametrize("what", MANIFESTS)
def test_manifest_that_is_none(what: str) -> None:
    with pytest.raises(verify.Bad) as bad:
        verify.verify(BytesIO(zipped(FILES | {verify.MANIFEST: MANIFESTS[what]})))
    assert bad.value.kind == "manifest"


@pytest.mark.parametrize("number", [1, 2, 3, 99])
def test_pack_of_another_format_says_who_can_verify_it(number: int) -> None:
    """Format 3 had its tables on one sheet each; what was made then is verified by the verifier that lies in it."""
    said = f"audit-pack/{number},.*{verify.FORMAT}: use the verifier of its own version"
    with pytest.raises(verify.Bad, match=said) as bad:
        verify.verify(BytesIO(zipped({verify.MANIFEST: b'{"format":"taizhang-audit-pack/%d"}' % number})))
    assert verify.code_of(bad.value) == verify.FORMAT_CODE
    assert str(bad.value).count("\n") == 0
