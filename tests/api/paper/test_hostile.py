"""Hostile uploads: what lies about itself, is cut off, is two things at once, never ends or is killed in the middle (C4.6-03)."""

from __future__ import annotations

import asyncio
import io
import struct
import zipfile
from collections.abc import AsyncIterator

import pytest

from tests import papers
from tests.api.paper.store import Store

JPG, PDF, PNG = papers.jpeg(), papers.pdf(), papers.png()


def bomb(megabytes: int) -> bytes:
    """A document whose one part unpacks to so many MiB; itself it is a thousandth."""
    return papers.docx({"word/media/x.bin": bytes(megabytes << 20)})


def with_part_twice() -> bytes:
    made = io.BytesIO(papers.docx())
    with zipfile.ZipFile(made, "a") as into, pytest.warns(UserWarning, match="Duplicate"):
        into.writestr("word/document.xml", "<another/>")
    return made.getvalue()


def encrypted() -> bytes:
    content = bytearray(papers.docx())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


HOSTILE: dict[str, tuple[bytes, str]] = {
    "text": (b"hello" * 100, "PAPER_TYPE_NOT_ALLOWED"),
    "page": (b"<!DOCTYPE html><script>alert(1)</script>", "PAPER_TYPE_NOT_ALLOWED"),
    "program": (b"MZ" + bytes(500), "PAPER_TYPE_NOT_ALLOWED"),
    "program of linux": (b"\x7fELF" + bytes(500), "PAPER_TYPE_NOT_ALLOWED"),
    "drawing with scripts": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "PAPER_TYPE_NOT_ALLOWED"),
    "picture gif": (b"GIF89a" + bytes(100), "PAPER_TYPE_NOT_ALLOWED"),
    "old office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "PAPER_TYPE_NOT_ALLOWED"),
    "package of anything": (papers.package({"a.exe": b"MZ"}), "PAPER_TYPE_NOT_ALLOWED"),
    "presentation": (
        papers._office("presentationml.presentation", "ppt/presentation.xml", {}),
        "PAPER_TYPE_NOT_ALLOWED",
    ),
    "document of macros": (papers.docx({"word/vbaProject.bin": b"x"}), "PAPER_BROKEN"),
    "bomb": (bomb(257), "PAPER_BROKEN"),
    "too many parts": (papers.docx({f"word/{n}.xml": "" for n in range(2_000)}), "PAPER_BROKEN"),
    "one part twice": (with_part_twice(), "PAPER_BROKEN"),
    "encrypted part": (encrypted(), "PAPER_BROKEN"),
    "package cut off": (papers.docx()[:-1], "PAPER_BROKEN"),
    "package with a comment": (
        papers.package({"OFD.xml": "ofdspec.org"}, comment=b"%PDF-1.4"),
        "PAPER_BROKEN",
    ),
    "package with another behind": (papers.docx() + b"x", "PAPER_BROKEN"),
    "part altered": (
        papers.package({"OFD.xml": "http://www.ofdspec.org"}, method=zipfile.ZIP_STORED).replace(
            b"ofdspec", b"ofdspex"
        ),
        "PAPER_BROKEN",
    ),
    "pdf cut off": (PDF[:-20], "PAPER_BROKEN"),
    "pdf without its last word": (PDF[: -len(b"%%EOF\n")], "PAPER_BROKEN"),
    "pdf that does not say where its table is": (PDF.replace(b"startxref", b"startxxxx"), "PAPER_BROKEN"),
    "pdf that is a package": (PDF + papers.docx(), "PAPER_BROKEN"),
    "pdf after a page": (b"<html>" + PDF, "PAPER_TYPE_NOT_ALLOWED"),
    "jpeg cut off": (JPG[:-1], "PAPER_BROKEN"),
    "jpeg cut off in its head": (JPG[:12], "PAPER_BROKEN"),
    "jpeg that is a package": (JPG + papers.docx(), "PAPER_BROKEN"),
    "jpeg that is a pdf": (papers.jpeg(text="%PDF-1.4 x"), "PAPER_BROKEN"),
    "jpeg without a picture": (b"\xff\xd8\xff\xd9" + bytes(100), "PAPER_BROKEN"),
    "jpeg of a billion pixels": (papers.jpeg(width=40_000, height=40_000), "PAPER_BROKEN"),
    "png cut off": (PNG[:-1], "PAPER_BROKEN"),
    "png with something behind": (PNG + b"x", "PAPER_BROKEN"),
    "png that is a package": (PNG + papers.docx(), "PAPER_BROKEN"),
    "png of a billion pixels": (papers.png(width=100_000, height=100_000), "PAPER_BROKEN"),
    "png of nothing": (papers.png(width=0), "PAPER_BROKEN"),
    "tiff cut off": (papers.tiff()[:20], "PAPER_BROKEN"),
    "tiff without an end": (
        b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 0) + struct.pack("<I", 8) + bytes(8),
        "PAPER_BROKEN",
    ),
    "heic cut off": (papers.heic()[:-1], "PAPER_BROKEN"),
    "heic with something behind": (papers.heic() + b"x" * 9, "PAPER_BROKEN"),
    "film": (struct.pack(">I", 24) + b"ftypisom\0\0\0\0isommp42" + bytes(50), "PAPER_TYPE_NOT_ALLOWED"),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
async def test_hostile_content_is_refused_and_leaves_nothing(store: Store, name: str) -> None:
    content, code = HOSTILE[name]
    assert await store.refused(content) == ({"PAPER_TYPE_NOT_ALLOWED": 415, "PAPER_BROKEN": 422}[code], code)


async def test_package_is_measured_at_the_bound(store: Store) -> None:
    """256 MiB in sum are unpacked and not one byte more; the parts of the document itself count."""
    own = sum(
        len(body)
        for body in (
            zipfile.ZipFile(io.BytesIO(papers.docx())).read(name)
            for name in ("[Content_Types].xml", "word/document.xml")
        )
    )
    for beyond, status in ((-1, 201), (0, 201), (1, 422)):
        content = papers.docx({"word/media/x.bin": bytes((256 << 20) - own + beyond)})
        assert len(content) < 1 << 20
        assert (await store.send(content)).status_code == status, beyond


@pytest.mark.parametrize("kind", sorted(papers.EVERY))
async def test_type_that_is_said_has_to_be_the_contents(store: Store, kind: str) -> None:
    for other, media_type in papers.TYPES.items():
        if other != kind:
            assert await store.refused(papers.EVERY[kind], media_type=media_type) == (
                415,
                "PAPER_TYPE_OTHERWISE",
            )
    assert await store.refused(papers.EVERY[kind], media_type="text/html") == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_upload_that_breaks_off_leaves_nothing(store: Store) -> None:
    before = store.lying()

    async def broken() -> AsyncIterator[bytes]:
        yield PDF[:20]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await store.send(broken())
    assert (store.lying(), store.incoming()) == (before, [])


async def test_upload_that_is_given_up_in_the_middle_leaves_nothing(store: Store) -> None:
    before, begun = store.lying(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield PDF[:20]
        begun.set()
        await asyncio.sleep(60)

    sending = asyncio.create_task(store.send(slow()))
    await begun.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    for _ in range(100):
        if not store.incoming():
            break
        await asyncio.sleep(0.05)
    assert (store.lying(), store.incoming()) == (before, [])


LOSES_ITS_CONNECTION = "SELECT pg_terminate_backend(pg_backend_pid()), $1::text, $2::text, $3::bigint, $4::text, $5::text, $6::timestamptz"


async def test_no_half_paper_is_served_whatever_step_of_its_keeping_fails(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the beginning, or when it is put; the database is lost when the row is written."""
    place = type(store.service.app.state.archive.place)
    for step, code in (
        ("begin", "PAPERS_UNAVAILABLE"),
        ("put", "PAPERS_UNAVAILABLE"),
        ("row", "DATABASE_UNAVAILABLE"),
    ):
        content = papers.pdf(f"中断{step}")
        with monkeypatch.context() as patch:
            if step == "row":
                patch.setattr("service.paper.archive._KEEP", LOSES_ITS_CONNECTION)
            else:
                patch.setattr(place, step, _full)
            answer = await store.send(content)
        assert (answer.status_code, answer.json()["code"]) == (503, code)
        digest = papers.sha256(content)
        assert (await store.fetch(digest)).status_code == 404
        assert not store.incoming()
        assert await store.keep(content) == digest
        assert (await store.fetch(digest)).content == content


async def test_store_that_cannot_be_read_is_no_lost_paper(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = papers.pdf("存储暂不可用")
    digest = await store.keep(content)
    place = type(store.service.app.state.archive.place)
    with monkeypatch.context() as patch:
        patch.setattr(place, "reader", lambda *_: _full)
        answer = await store.fetch(digest)
    assert (answer.status_code, answer.json()["code"]) == (503, "PAPERS_UNAVAILABLE")
    assert (await store.service.read(f"/v1/documents/{digest}", "clerk"))["state"] == "INTACT"
    assert (await store.fetch(digest)).content == content


def _full(*_: object) -> bytes:
    raise OSError(28, "No space left on device")
