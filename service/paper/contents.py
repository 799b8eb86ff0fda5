"""Types of papers, told by their content: never by a name, never by what their sender calls them.

Only what is listed is taken in (GB/T 18894 and GB/T 33190 for archives, and what telephones and offices make). A file has to be
whole, begin where it begins and end where it ends: so that it is one thing to whoever reads it, and not a document to one program
and a program to another. Nothing is kept of what is unpacked here.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Final, cast

from domain.refusals import Refusal, refuse
from service.paper.sealed import Content, Opened

PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
TIFF: Final = "image/tiff"
HEIC: Final = "image/heic"
OFD: Final = "application/ofd"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

ENDINGS: Final[dict[str, str]] = {
    PDF: "pdf", JPEG: "jpg", PNG: "png", TIFF: "tif", HEIC: "heic", OFD: "ofd", DOCX: "docx", XLSX: "xlsx"
}  # fmt: skip
"""What papers may be: media type → ending of the file that is downloaded."""
UNSAID: Final = "application/octet-stream"
"""The media type of a sender who does not say what it is."""

MOST_PARTS: Final = 2_000
"""Most parts of a package (ofd, docx, xlsx)."""
MOST_UNPACKED: Final = 268_435_456
"""Largest sum of a package's parts when unpacked, measured on what comes out."""
MOST_PIXELS: Final = 200_000_000
"""Largest picture: more than any telephone makes, and what a viewer can still hold."""
_MOST_SEGMENTS: Final = 10_000
_TAIL: Final = 4_096
_PIECE: Final = 65_536
_END_OF_ZIP: Final = b"PK\x05\x06"


def media_type_of(opened: Opened) -> str:
    """What the content is. PAPER_TYPE_NOT_ALLOWED for what is not listed, PAPER_BROKEN for what is not whole or is two things."""
    file = cast("IO[bytes]", io.BufferedReader(Content(opened), _PIECE))
    head = file.read(1_024)
    for known, fits, check in _KINDS:
        if fits(head):
            found = check(file, opened.size) or known
            if found not in {OFD, DOCX, XLSX} and _END_OF_ZIP in _at_end(file, opened.size, 66_000):
                raise broken("其中另有压缩包 / a package is hidden in it")
            if found != PDF and b"%PDF-" in head:
                raise broken("其中另有 PDF / a PDF is hidden in it")
            return found
    raise refuse("PAPER_TYPE_NOT_ALLOWED", accepted="、".join(ENDINGS.values()))


def broken(reason: str) -> Refusal:
    """A content that is not whole, or not only what it seems."""
    return refuse("PAPER_BROKEN", reason=reason)


_CUT: Final = "不完整 / it is cut off"


def _at_end(file: IO[bytes], size: int, most: int) -> bytes:
    file.seek(max(size - most, 0))
    return file.read(most)


def _exactly(file: IO[bytes], count: int) -> bytes:
    found = file.read(count)
    if len(found) != count:
        raise broken(_CUT)
    return found


def _pixels(width: int, height: int) -> None:
    if not 0 < width * height <= MOST_PIXELS:
        raise broken("图像尺寸超限 / the picture is too large")


def _pdf(file: IO[bytes], size: int) -> None:
    end = _at_end(file, size, _TAIL)
    if b"%%EOF" not in end or b"startxref" not in end:
        raise broken(_CUT)


def _jpeg(file: IO[bytes], _size: int) -> None:
    """Segments up to the picture, its size among them, and the picture up to its end."""
    file.seek(2)
    sized = False
    for _ in range(_MOST_SEGMENTS):
        marker = _exactly(file, 2)
        while marker == b"\xff\xff":
            marker = b"\xff" + _exactly(file, 1)
        if marker[0] != 0xFF:
            raise broken("不是 JPEG / not a JPEG")
        code = marker[1]
        if code == 0x01 or 0xD0 <= code <= 0xD7:
            continue
        length = int.from_bytes(_exactly(file, 2), "big")
        body = _exactly(file, length - 2) if length >= 2 else b""
        if 0xC0 <= code <= 0xCF and code not in {0xC4, 0xC8, 0xCC}:
            if len(body) < 5:
                raise broken(_CUT)
            _pixels(int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big"))
            sized = True
        if code == 0xDA:
            break
    else:
        raise broken("不是 JPEG / not a JPEG")
    if not sized:
        raise broken("不是 JPEG / not a JPEG")
    last = b""
    while piece := file.read(_PIECE):
        if b"\xff\xd9" in last + piece:
            return
        last = piece[-1:]
    raise broken(_CUT)


def _png(file: IO[bytes], size: int) -> None:
    """Chunks from the header to the end, and nothing behind it."""
    at, first = 8, True
    for _ in range(_MOST_SEGMENTS * 10):
        file.seek(at)
        length, kind = struct.unpack(">I4s", _exactly(file, 8))
        if first:
            if kind != b"IHDR" or length != 13:
                raise broken("不是 PNG / not a PNG")
            _pixels(*struct.unpack(">II", _exactly(file, 8)))
            first = False
        at += 12 + length
        if at > size:
            raise broken(_CUT)
        if kind == b"IEND":
            if at != size:
                raise broken("结尾之后另有内容 / something follows its end")
            return
    raise broken("不是 PNG / not a PNG")


def _tiff(file: IO[bytes], size: int) -> None:
    """Directory after directory, each within the file."""
    file.seek(0)
    head = _exactly(file, 8)
    order = "<" if head.startswith(b"II") else ">"
    (at,) = struct.unpack(f"{order}I", head[4:])
    for _ in range(_MOST_SEGMENTS):
        if not 8 <= at <= size - 6:
            raise broken(_CUT)
        file.seek(at)
        (entries,) = struct.unpack(f"{order}H", _exactly(file, 2))
        file.seek(at + 2 + 12 * entries)
        (at,) = struct.unpack(f"{order}I", _exactly(file, 4))
        if at == 0:
            return
    raise broken("不是 TIFF / not a TIFF")


def _heic(file: IO[bytes], size: int) -> None:
    """Boxes one behind the other, up to the end of the file."""
    at, kinds = 0, set()
    for _ in range(_MOST_SEGMENTS):
        if at == size:
            break
        file.seek(at)
        length, kind = struct.unpack(">I4s", _exactly(file, 8))
        if length == 1:
            (length,) = struct.unpack(">Q", _exactly(file, 8))
        elif length == 0:
            length = size - at
        kinds.add(kind)
        at += length
        if length < 8 or at > size:
            raise broken(_CUT)
    if not {b"ftyp", b"meta", b"mdat"} <= kinds:
        raise broken(_CUT)


def _package(file: IO[bytes], size: int) -> str:
    """A ZIP that holds a document of a known kind: every part is unpacked once and measured, none is kept."""
    if not _at_end(file, size, 22).startswith(_END_OF_ZIP):
        raise broken("压缩包不完整或结尾之后另有内容 / the package is cut off, or something follows its end")
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as package:
            return _kind_of_package(package)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        EOFError,
        UnicodeError,
        ValueError,
        RuntimeError,
    ) as error:
        raise broken(f"压缩包 / package: {type(error).__name__}") from error


def _kind_of_package(package: zipfile.ZipFile) -> str:
    entries = package.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > MOST_PARTS:
        raise broken(f"部件多于 {MOST_PARTS} / more parts than {MOST_PARTS}")
    if len(names) != len(entries):
        raise broken("部件重名 / two parts with one name")
    if min((entry.header_offset for entry in entries), default=0) != 0:
        raise broken("开头之前另有内容 / something stands before its beginning")
    left = MOST_UNPACKED
    kept: dict[str, bytes] = {}
    for entry in entries:
        if entry.flag_bits & 1:
            raise broken("加密 / encrypted")
        if "vbaproject" in entry.filename.lower():
            raise broken("含宏 / macros")
        with package.open(entry) as part:
            while piece := part.read(_PIECE):
                left -= len(piece)
                if left < 0:
                    raise broken(f"解压后大于 {MOST_UNPACKED >> 20} MiB / larger than that when unpacked")
                if entry.filename in _TELLING:
                    kept.setdefault(entry.filename, piece)
    types = kept.get("[Content_Types].xml", b"")
    if b"macroEnabled" in types:
        raise broken("含宏 / macros")
    if b"wordprocessingml.document.main+xml" in types and "word/document.xml" in names:
        return DOCX
    if b"spreadsheetml.sheet.main+xml" in types and "xl/workbook.xml" in names:
        return XLSX
    if b"ofdspec.org" in kept.get("OFD.xml", b""):
        return OFD
    raise refuse("PAPER_TYPE_NOT_ALLOWED", accepted="、".join(ENDINGS.values()))


_TELLING: Final = frozenset({"[Content_Types].xml", "OFD.xml"})
"""Parts of which the first piece says what a package is."""

_Kind = tuple[str, Callable[[bytes], bool], Callable[[IO[bytes], int], str | None]]
_KINDS: Final[tuple[_Kind, ...]] = (
    (PDF, lambda head: head.startswith((b"%PDF-1.", b"%PDF-2.")), _pdf),
    (JPEG, lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg),
    (PNG, lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (TIFF, lambda head: head.startswith((b"II*\0", b"MM\0*")), _tiff),
    (HEIC, lambda head: head[4:8] == b"ftyp" and b"heic" in _brands(head), _heic),
    ("", lambda head: head.startswith(b"PK\x03\x04"), _package),
)
"""How each kind begins, and what else holds of it. The three packages are told apart by what is in them."""


def _brands(head: bytes) -> list[bytes]:
    """The brands that a file of boxes says it keeps to, the major one first."""
    length = min(int.from_bytes(head[:4], "big"), 128)
    return [head[8:12], *(head[at : at + 4] for at in range(16, length, 4))]
