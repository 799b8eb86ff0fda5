"""Papers for tests, written byte by byte from the formats' own descriptions; none of it by the code under test."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "png": "image/png",
    "tif": "image/tiff",
    "heic": "image/heic",
    "ofd": "application/ofd",
    "docx": DOCX,
    "xlsx": XLSX,
}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pdf(text: str = "验收单", padding: int = 0) -> bytes:
    body = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    )
    body += b"%" + text.encode() + b" " * padding + b"\n"
    return body + b"trailer<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(body)


def jpeg(text: str = "照片", width: int = 640, height: int = 480, data: bytes = b"\x12\x34" * 50) -> bytes:
    def segment(code: int, body: bytes) -> bytes:
        return bytes((0xFF, code)) + struct.pack(">H", len(body) + 2) + body

    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
        + segment(0xFE, text.encode())
        + segment(0xC0, frame)
        + segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
        + data
        + b"\xff\xd9"
    )


def png(text: str = "照片", width: int = 4, height: int = 4) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * 4 for _ in range(4)))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tEXt", b"Comment\0" + text.encode())
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def tiff() -> bytes:
    entries = [(256, 4), (257, 4), (258, 1)]
    directory = struct.pack("<H", len(entries))
    for tag, value in entries:
        directory += struct.pack("<HHII", tag, 3, 1, value)
    return b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", 0) + b"\0\0"


def heic(text: str = "照片") -> bytes:
    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body) + 8) + kind + body

    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", b"\0" * 12) + box(b"mdat", text.encode())


def package(parts: dict[str, bytes | str], comment: bytes = b"", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as into:
        for name, body in parts.items():
            into.writestr(name, body)
        into.comment = comment
    return made.getvalue()


def _office(main: str, part: str, more: dict[str, bytes | str]) -> bytes:
    types = (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-officedocument.{main}.main+xml"/></Types>'
    )
    return package({"[Content_Types].xml": types, part: "<x/>", **more})


def docx(more: dict[str, bytes | str] | None = None) -> bytes:
    return _office("wordprocessingml.document", "word/document.xml", more or {})


def xlsx(more: dict[str, bytes | str] | None = None) -> bytes:
    return _office("spreadsheetml.sheet", "xl/workbook.xml", more or {})


def ofd() -> bytes:
    root = (
        '<?xml version="1.0"?><ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016" DocType="OFD" Version="1.1"/>'
    )
    return package({"OFD.xml": root, "Doc_0/Document.xml": "<x/>"})


EVERY = {
    "pdf": pdf(),
    "jpg": jpeg(),
    "png": png(),
    "tif": tiff(),
    "heic": heic(),
    "ofd": ofd(),
    "docx": docx(),
    "xlsx": xlsx(),
}
"""One of each kind that is kept."""
