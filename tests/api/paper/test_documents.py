"""Papers over HTTP: kept by their digest, found by the events that name them, given out proved (C4.6-03)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from tests import papers
from tests.api.household.test_household_life import entered
from tests.api.paper.store import Store
from tests.api.service import Service, new_code


@pytest.mark.parametrize("kind", sorted(papers.EVERY))
async def test_paper_of_every_kind_comes_back_as_it_went_in(store: Store, kind: str) -> None:
    content = papers.EVERY[kind]
    answer = await store.send(content, media_type=papers.TYPES[kind])
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert (said["sha256"], said["size"], said["mediaType"]) == (
        papers.sha256(content),
        len(content),
        papers.TYPES[kind],
    )
    got = await store.fetch(said["sha256"])
    assert (got.status_code, got.content) == (200, content)
    assert got.headers["content-type"] == papers.TYPES[kind]
    assert got.headers["content-disposition"] == f'attachment; filename="{said["sha256"][:16]}.{kind}"'
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"


async def test_paper_lies_encrypted_and_under_a_name_that_says_nothing(store: Store) -> None:
    before = set(store.lying())
    content = papers.pdf("某户的合同，身份证号 653022199001010011", padding=200_000)
    digest = await store.keep(content)
    (path,) = set(store.lying()) - before
    stored = path.read_bytes()
    assert digest not in path.name
    assert b"653022199001010011" not in stored
    assert b"%PDF" not in stored
    assert path.stat().st_mode & 0o077 == 0


async def test_same_content_is_kept_once_whoever_brings_it(store: Store) -> None:
    content = papers.pdf("同一份文件")
    before = len(store.lying())
    first = await store.send(content)
    again = await store.send(content)
    other = await store.send(content, "neighbour")
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert len(store.lying()) == before + 1


async def test_named_paper_is_seen_by_who_sees_the_event_and_listed_by_asset(store: Store) -> None:
    content = papers.pdf("竣工验收")
    digest = await store.keep(content)
    hidden = await store.fetch(digest, "neighbour")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "NOT_FOUND")
    asset = await store.asset(digest, papers.sha256(b"never uploaded"))
    seen = await store.fetch(digest, "neighbour")
    assert (seen.status_code, seen.content) == (200, content)
    listed = (await store.service.read("/v1/documents", asset=asset))["documents"]
    assert [(one["sha256"], one["state"], one["mediaType"]) for one in listed] == [
        (digest, "INTACT", "application/pdf"),
        (papers.sha256(b"never uploaded"), None, None),
    ]
    facts = await store.service.read(f"/v1/documents/{digest}", "neighbour")
    assert [(one["type"], one["field"], one["asset"]) for one in facts["namedBy"]] == [
        ("asset.document_archived", "document.sha256", asset)
    ]
    absent = await store.fetch(papers.sha256(b"never uploaded"))
    assert (absent.status_code, absent.json()["code"]) == (404, "PAPER_NOT_KEPT")


async def test_unnamed_paper_is_its_units_alone(store: Store) -> None:
    digest = await store.keep(papers.pdf("尚未引用"))
    assert (await store.fetch(digest, "approver")).status_code == 200  # of the same unit
    for who in ("neighbour", "finance", "office", "auditor", "operator", "reader", "household"):
        answer = await store.fetch(digest, who)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), who
    mine = (await store.service.read("/v1/documents/uploads", "clerk", limit=1000))["documents"]
    (one,) = [one for one in mine if one["sha256"] == digest]
    assert (one["named"], one["removedAfter"] > one["uploadedAt"]) == (False, True)


async def test_part_of_a_paper_is_sent_as_it_is_asked_for(store: Store) -> None:
    content = papers.jpeg(data=os.urandom(300_000).replace(b"\xff", b"\x00"))
    digest = await store.keep(content)
    for first, last in ((0, 0), (65_535, 65_536), (1, len(content) - 1), (131_072, 131_072)):
        got = await store.fetch(digest, Range=f"bytes={first}-{last}")
        assert (got.status_code, got.content) == (206, content[first : last + 1])
        assert got.headers["content-range"] == f"bytes {first}-{last}/{len(content)}"
    tail = await store.fetch(digest, Range="bytes=-10")
    assert tail.content == content[-10:]
    none = await store.fetch(digest, Range=f"bytes={len(content)}-")
    assert (none.status_code, none.headers["content-range"]) == (416, f"bytes */{len(content)}")


async def test_two_uploads_of_the_same_content_at_once_keep_one(store: Store) -> None:
    content = papers.pdf("同时上传", padding=500_000)
    before = len(store.lying())
    answers = await asyncio.gather(
        *(store.send(content, who) for who in ("clerk", "neighbour", "village", "finance"))
    )
    assert [one.status_code for one in answers] == [201] * 4
    assert len(store.lying()) == before + 1
    assert (await store.fetch(papers.sha256(content))).content == content


async def test_lost_or_altered_content_is_never_given_out(store: Store) -> None:
    before = set(store.lying())
    content = papers.pdf("会被改动", padding=300_000)
    digest = await store.keep(content)
    (path,) = set(store.lying()) - before
    stored = path.read_bytes()
    for name, other in (
        ("head", stored[:20] + bytes((stored[20] ^ 1,)) + stored[21:]),
        ("first frame", stored[:400] + bytes((stored[400] ^ 1,)) + stored[401:]),
        ("nothing", b""),
    ):
        path.write_bytes(other)
        answer = await store.fetch(digest)
        assert (answer.status_code, answer.json()["code"]) == (503, "PAPER_NOT_INTACT"), name
    for name, other in (
        ("cut off", stored[:-1]),
        ("last frame", stored[:-10] + bytes((stored[-10] ^ 1,)) + stored[-9:]),
    ):
        path.write_bytes(other)
        status, told, ended = await store.fetch_by_hand(digest)
        assert (status, ended) == (200, False), name
        assert len(told) < len(content) and content.startswith(told), name
    assert (await store.service.read(f"/v1/documents/{digest}", "clerk"))["state"] == "ALTERED"
    path.unlink()
    assert (await store.fetch(digest)).json()["code"] == "PAPER_NOT_INTACT"
    assert (await store.service.read(f"/v1/documents/{digest}", "clerk"))["state"] == "MISSING"
    assert await store.keep(content) == digest  # who holds the original uploads it again
    assert (await store.fetch(digest)).content == content
    assert (await store.service.read(f"/v1/documents/{digest}", "clerk"))["state"] == "INTACT"


async def test_object_does_not_stand_in_for_another(store: Store) -> None:
    before = set(store.lying())
    digest = await store.keep(papers.pdf("甲"))
    (mine,) = set(store.lying()) - before
    await store.keep(papers.pdf("乙"))
    (other,) = set(store.lying()) - before - {mine}
    mine.write_bytes(other.read_bytes())
    assert (await store.fetch(digest)).json()["code"] == "PAPER_NOT_INTACT"
    await store.service.pool.execute(
        "UPDATE paper SET object = $2 WHERE sha256 = $1", digest, other.name
    )  # as somebody could who writes to the database
    assert await store.fetch_by_hand(digest) == (200, b"", False)


async def test_upload_is_refused_to_who_only_reads(store: Store) -> None:
    for who, code in (
        ("reader", "ROLE_NOT_ALLOWED"),
        ("household", "ROLE_NOT_ALLOWED"),
        ("admin", "ROLE_NOT_ALLOWED"),
    ):
        assert await store.refused(papers.pdf(), who) == (403, code)


async def test_body_beyond_the_bound_is_refused_at_its_first_byte_beyond(
    store: Store, service: Service
) -> None:
    largest = 2 << 20
    fits = papers.pdf(padding=largest - len(papers.pdf()) - 5)
    fits += b" " * (largest - len(fits))
    assert len(fits) == largest
    assert (await store.send(fits)).status_code == 201
    assert await store.refused(fits + b" ") == (413, "BODY_TOO_LARGE")
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield papers.pdf()
        while True:
            sent += 65_536
            yield b" " * 65_536

    assert await store.refused(endless()) == (413, "BODY_TOO_LARGE")
    assert sent <= largest + 2 * 65_536
    assert await store.refused(b"") == (400, "BODY_REQUIRED")


async def test_digest_that_is_expected_has_to_be_that_of_the_content(store: Store) -> None:
    content = papers.pdf("核对")
    assert await store.refused(content, sha256=papers.sha256(b"x")) == (422, "PAPER_DIGEST_OTHERWISE")
    assert (await store.send(content, sha256=papers.sha256(content))).status_code == 201


async def test_number_of_unnamed_papers_of_a_unit_is_bounded(store: Store) -> None:
    for number in range(40):
        await store.keep(papers.pdf(f"批量{number}"), "second_village")
    assert await store.refused(papers.pdf("再一份"), "second_village") == (409, "PAPERS_TOO_MANY")
    await store.asset(papers.sha256(papers.pdf("批量0")))
    await store.service.read("/v1/documents/uploads", "second_village")  # the ledger knows of it
    assert (await store.send(papers.pdf("再一份"), "second_village")).status_code == 201
    assert (await store.send(papers.pdf("再一份"), "quiet_village")).status_code == 201


async def test_digest_that_is_none_is_refused_before_anything_is_looked_up(service: Service) -> None:
    answer = await service.get(f"/v1/documents/{'A' * 64}")
    assert answer.status_code == 422
    assert (await service.get(f"/v1/documents/{new_code()}")).status_code == 422


@pytest.mark.clause("C4.6-03")
async def test_paper_of_a_household_is_for_who_sees_the_household(store: Store) -> None:
    """Gives a household's paper to its village, township, the office and auditors; naming it elsewhere opens it to nobody."""
    content = papers.pdf("到户资产购买发票")
    digest = await store.keep(content)
    life = await entered(store.service)
    await life.step("documents", {"document": {"kind": "PHOTO", "document": "D-1", "sha256": digest}})
    for who in ("clerk", "village", "office", "auditor"):
        assert (await store.fetch(digest, who)).content == content, who

    async def hidden(who: str) -> None:
        for path in (f"/v1/documents/{digest}/content", f"/v1/documents/{digest}"):
            answer = await store.service.get(path, who)
            assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN_PERSONAL_DATA"), who

    for who in ("neighbour", "reader", "finance", "commerce", "operator", "admin"):
        await hidden(who)
    await store.asset(digest)  # an event that everybody sees now names it too
    for who in ("neighbour", "reader", "finance"):
        await hidden(who)
    await store.keep(content, "neighbour")  # who has the content may have it back
    assert (await store.fetch(digest, "neighbour")).content == content
    await hidden("reader")


async def test_household_sees_its_own_papers_and_no_units(store: Store) -> None:
    own, units = await store.keep(papers.pdf("本户的凭证")), await store.keep(papers.pdf("村的合同"))
    life = await entered(store.service)
    await life.step("documents", {"document": {"kind": "PHOTO", "document": "D-1", "sha256": own}})
    other = await entered(store.service, household="H-0013")
    theirs = await store.keep(papers.pdf("邻居的凭证"))
    await other.step("documents", {"document": {"kind": "PHOTO", "document": "D-1", "sha256": theirs}})
    await store.asset(units)
    told = {}
    for name, digest in (("own", own), ("theirs", theirs), ("units", units)):
        answer = await store.fetch(digest, "household")
        told[name] = answer.status_code if answer.status_code == 200 else answer.json()["code"]
    assert told == {"own": 200, "theirs": "FORBIDDEN_PERSONAL_DATA", "units": "FORBIDDEN"}
