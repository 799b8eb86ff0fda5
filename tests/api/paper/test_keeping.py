"""What is kept, for how long, and what is said of it: clearing, checks, `taizhang papers`, doctor (C4.6-03)."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from service.cli import doctor
from service.paper import keeping
from service.paper.checking import condition_of, lacking, look_at, lost
from service.paper.clearing import LedgerBehind, clear, due
from service.paper.keeping import look_after
from service.settings import Settings
from tests import papers
from tests.api.bodies import TOWNSHIP
from tests.api.paper.store import Store
from tests.api.service import COUNTY

DAYS = 30


async def reached(store: Store) -> None:
    """The ledger of namings knows all of the log."""
    await store.service.read("/v1/documents/uploads", "clerk")


async def aged(store: Store, digest: str, days: float) -> None:
    """As if it had been uploaded so many days ago."""
    await store.service.pool.execute(
        "UPDATE paper_upload SET uploaded_at = $3 WHERE county = $1 AND sha256 = $2",
        COUNTY,
        digest,
        store.service.app.state.archive.clock() - timedelta(days=days),
    )


async def test_unnamed_paper_is_removed_after_its_time_and_a_named_one_never(store: Store) -> None:
    archive = store.service.app.state.archive
    young, old, named, again = [await store.keep(papers.pdf(f"清除{n}")) for n in range(4)]
    await store.asset(named)
    await aged(store, young, DAYS - 0.01)
    for digest in (old, named, again):
        await aged(store, digest, DAYS + 0.01)
    await store.keep(papers.pdf("清除3"), "neighbour")  # another unit has just brought it
    await reached(store)
    lying = len(store.lying())
    assert {one.sha256 for one in (await due(archive, COUNTY)).papers} == {old}
    assert len(store.lying()) == lying
    done = await clear(archive, COUNTY)
    assert {one.sha256 for one in done.papers} == {old}
    assert len(store.lying()) == lying - 1
    assert (await store.fetch(old)).status_code == 404
    for digest in (young, named, again):
        assert (await store.fetch(digest)).status_code == 200
    assert await store.keep(papers.pdf("清除1")) == old
    assert (await store.fetch(old)).status_code == 200


async def test_nothing_is_removed_while_the_ledger_is_behind_the_log(store: Store) -> None:
    archive = store.service.app.state.archive
    digest = await store.keep(papers.pdf("台账落后"))
    await aged(store, digest, DAYS + 1)
    await reached(store)
    await store.service.pool.execute(
        "UPDATE projection_checkpoint SET position = position - 1 WHERE projection = 'paper_namings'"
    )
    try:
        with pytest.raises(LedgerBehind):
            await clear(archive, COUNTY)
        with pytest.raises(LedgerBehind):
            await due(archive, COUNTY)
        assert (await store.fetch(digest)).status_code == 200
    finally:
        await store.service.pool.execute(
            "UPDATE projection_checkpoint SET position = position + 1 WHERE projection = 'paper_namings'"
        )


async def test_what_was_left_behind_is_removed_when_nobody_can_still_be_at_work_on_it(store: Store) -> None:
    archive = store.service.app.state.archive
    await reached(store)
    day = 86_400
    made = {}
    for name, age in (("00" * 16, day - 60), ("01" * 16, day + 60)):
        for path in (store.folder / COUNTY / name[:2] / name, store.folder / "incoming" / name):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"half")
            os.utime(path, (path.stat().st_mtime - age,) * 2)
            made[path] = age
    done = await clear(archive, COUNTY)
    assert ([one.name for one in done.objects], done.files) == (["01" * 16], 1)
    assert {path: path.exists() for path in made} == {path: age < day for path, age in made.items()}
    for path in made:
        path.unlink(missing_ok=True)


async def test_check_tells_lost_from_altered_and_from_a_key_that_is_not_there(store: Store) -> None:
    archive = store.service.app.state.archive
    found = {}
    for name in ("whole", "lost", "altered", "sealed"):
        before = set(store.lying())
        digest = await store.keep(papers.pdf(f"核对{name}", padding=70_000))
        (path,) = set(store.lying()) - before
        found[name] = (digest, path)
    found["lost"][1].unlink()
    stored = found["altered"][1].read_bytes()
    found["altered"][1].write_bytes(stored[:-5] + bytes(5))
    states = {}
    for name, (digest, _) in found.items():
        paper = await archive.find(COUNTY, digest)
        states[name] = (await look_at(archive, paper))[0]
    assert states == {"whole": "INTACT", "lost": "MISSING", "altered": "ALTERED", "sealed": "INTACT"}
    assert [one.sha256 for one in await lost(archive, COUNTY)] == [found["lost"][0]]
    (key,) = archive.keys.folder.glob("*-papers-*.key")
    key.rename(key.with_suffix(".away"))
    try:
        paper = await archive.find(COUNTY, found["sealed"][0])
        assert (await look_at(archive, paper))[0] is None
        assert (await store.fetch(paper.sha256)).json()["code"] == "PAPER_NOT_INTACT"
        assert (await archive.find(COUNTY, paper.sha256)).state == "INTACT"
    finally:
        key.with_suffix(".away").rename(key)
    asset = await store.asset(found["lost"][0], papers.sha256(b"never"))
    await store.service.read("/v1/documents", asset=asset)  # the ledger knows of it
    told = {one["sha256"]: (one["state"], one["type"]) async for one in lacking(archive, COUNTY)}
    assert told[found["lost"][0]] == ("MISSING", "asset.document_archived")
    assert told[papers.sha256(b"never")] == (None, "asset.document_archived")
    assert found["whole"][0] not in told
    condition = await condition_of(archive, COUNTY)
    assert (condition.missing, condition.altered) == (1, 1)
    assert condition.not_kept >= 1


async def test_no_second_master_key_is_made_for_papers_whose_own_is_away_or_another(store: Store) -> None:
    folder = store.service.app.state.archive.keys.folder
    digest = await store.keep(papers.pdf("主密钥"))
    (key,) = folder.glob("*-papers-*.key")
    away = key.rename(key.with_suffix(".away"))
    try:
        assert await store.refused(papers.pdf("主密钥不在")) == (503, "PAPERS_UNAVAILABLE")
        assert list(folder.glob("*-papers-*.key")) == []
        store.service.app.state.archive.keys.make_next(COUNTY)  # as in the folder of another database
        answer = await store.send(papers.pdf("主密钥是另一个"))
        assert (answer.status_code, answer.json()["code"]) == (503, "PAPERS_UNAVAILABLE")
        assert "TAIZHANG_MASTERS" in answer.json()["detail"]
    finally:
        away.rename(key)
    assert (await store.fetch(digest)).status_code == 200
    await store.keep(papers.pdf("主密钥回来"))


async def test_service_looks_after_its_papers_by_itself(store: Store) -> None:
    """What is due goes, and what was not read for 30 days is read: also what somebody altered in the folder."""
    archive = store.service.app.state.archive
    old = await store.keep(papers.pdf("自行清除"))
    await aged(store, old, DAYS + 1)
    kept = {}
    for name in ("whole", "altered", "looked at"):
        before = set(store.lying())
        digest = await store.keep(papers.pdf(f"巡检{name}", padding=70_000))
        (kept[name, digest],) = set(store.lying()) - before
        if name != "looked at":
            await store.service.pool.execute(
                "UPDATE paper SET checked_at = $3 WHERE county = $1 AND sha256 = $2",
                COUNTY,
                digest,
                archive.clock() - timedelta(days=30, seconds=1),
            )
        if name != "whole":
            path = kept[name, digest]
            path.write_bytes(path.read_bytes()[:-5] + bytes(5))
    await reached(store)
    await look_after(archive, COUNTY)
    assert await archive.find(COUNTY, old) is None
    states = {name: (await archive.find(COUNTY, digest)).state for name, digest in kept}
    assert states == {"whole": "INTACT", "altered": "ALTERED", "looked at": "INTACT"}


async def test_service_looks_after_its_papers_at_its_times_and_again_after_trouble(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First after a while, then again and again; a round that fails does not end it, and the end of the service does."""
    rounds: list[str] = []
    enough = asyncio.Event()

    async def one_round(_archive: Any, county: str) -> None:
        rounds.append(county)
        if len(rounds) == 1:
            raise OSError("the store does not answer")
        if len(rounds) >= 6:
            enough.set()

    monkeypatch.setattr(keeping, "look_after", one_round)
    monkeypatch.setattr(keeping, "FIRST_SECONDS", 0.05)
    monkeypatch.setattr(keeping, "EVERY_SECONDS", 0.01)
    async with keeping.looked_after(store.service.app.state.archive, [COUNTY, "653023"]):
        await asyncio.sleep(0)
        assert rounds == []
        await asyncio.wait_for(enough.wait(), 10)
    over = len(rounds)
    assert rounds == [COUNTY, "653023"] * (over // 2) + [COUNTY] * (over % 2)
    await asyncio.sleep(0.05)
    assert len(rounds) == over


async def test_doctor_tells_lost_and_altered_papers_of_a_county(store: Store) -> None:
    database: Any = SimpleNamespace(pool=store.service.pool, data_folder=None)
    masters = store.service.app.state.archive.keys.folder
    settings = Settings(papers=str(store.folder), masters=masters)

    async def told() -> tuple[bool, str]:
        (found,) = [one for one in await doctor.papers(database, settings, masters) if COUNTY in one.check]
        assert found.check == f"papers {COUNTY}"
        return found.ok, found.found

    for paper in await lost(store.service.app.state.archive, COUNTY):  # of the tests before
        await store.service.pool.execute("DELETE FROM paper WHERE sha256 = $1", paper.sha256)
    await store.service.pool.execute("UPDATE paper SET state = 'INTACT'")
    assert (await told())[0]
    before = set(store.lying())
    digest = await store.keep(papers.pdf("体检"))
    (path,) = set(store.lying()) - before
    content = path.read_bytes()
    path.unlink()
    ok, words = await told()
    assert not ok
    assert words.startswith("1 lost, 0 altered of ")
    assert words.endswith("taizhang papers missing")
    path.write_bytes(content[:-5] + bytes(5))
    paper = await store.service.app.state.archive.find(COUNTY, digest)
    assert (await told())[0], "altered is known once somebody has looked"
    await look_at(store.service.app.state.archive, paper)
    ok, words = await told()
    assert (ok, words.split(" of ")[0]) == (False, "0 lost, 1 altered")


async def test_gaps_of_papers_stand_on_the_data_quality_board(store: Store) -> None:
    """An asset whose papers were never uploaded, or are lost, is a line until somebody uploads them (C4.6-03)."""
    before = set(store.lying())
    content, later = papers.pdf("看板"), papers.pdf("看板，稍后上传")
    digest = await store.keep(content)
    (path,) = set(store.lying()) - before
    asset = await store.asset(digest, papers.sha256(later))

    async def gaps() -> set[str]:
        head = await store.service.head()
        page = await store.service.read(
            "/v1/ledgers/data-quality", asset=asset, limit=1000, min_position=head
        )
        return {row["kind"] for row in page["rows"] if row["kind"].startswith("PAPER")}

    assert await gaps() == {"PAPER_NOT_KEPT"}
    await store.keep(later)
    assert await gaps() == set()
    path.unlink()
    assert (await store.fetch(digest)).json()["code"] == "PAPER_NOT_INTACT"
    assert await gaps() == {"PAPER_LOST"}
    await store.keep(content)
    assert await gaps() == set()


async def test_one_photograph_under_several_notices_is_a_reason_to_look(store: Store) -> None:
    """Two notices with the same picture; one notice with a picture of its own says nothing (C5.4-04)."""
    same, own = papers.sha256(papers.jpeg("同一张")), papers.sha256(papers.jpeg("另一张"))
    person = await store.service.person(TOWNSHIP)
    codes = []
    for evidence in ([same], [same, own]):
        made = await store.service.write("/v1/notices", notice_body(evidence, person), "clerk")
        codes.append(made["id"])
    found = await store.service.read(
        "/v1/ledgers/anomalies", rule="SAME_EVIDENCE", min_position=await store.service.head()
    )
    rows = {row["subject"]: row for row in found["rows"]}
    assert own not in rows
    assert sorted(rows[same]["evidence"]["streams"]) == sorted(f"public_notice-{code}" for code in codes)
    assert rows[same]["cases"] == 2


def notice_body(evidence: list[str], person: str) -> dict[str, Any]:
    return {
        "announcement": {"stage": "INCOME_USE", "title": "收益使用公告"},
        "posting": {
            "place": {"role": "TOWNSHIP", "organization": TOWNSHIP},
            "location": "公示栏",
            "postedOn": "2022-03-03",
            "evidence": evidence,
            "text": "公示",
        },
        "by": {"organization": TOWNSHIP, "person": person},
    }
