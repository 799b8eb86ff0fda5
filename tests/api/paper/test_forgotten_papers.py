"""With a household go the contents of the papers that are about it alone; the digests stay, and are no gap (三(七), D11)."""

from __future__ import annotations

from service.paper.checking import condition_of, lacking, lost, papers_of
from service.paper.keeping import look_after
from tests import papers
from tests.api.household.test_household_life import HouseholdLife, entered
from tests.api.paper.store import Store
from tests.api.service import COUNTY, new_code

ORDER = {"decidedOn": "2022-08-01", "reason": "户籍已迁出本县", "documentNo": "个信〔2022〕1号"}


async def a_household(store: Store) -> tuple[str, HouseholdLife]:
    code = new_code("HH")
    return code, await entered(store.service, household=code)


async def named(life: HouseholdLife, number: str, digest: str) -> None:
    await life.step("documents", {"document": {"kind": "PHOTO", "document": number, "sha256": digest}})


async def test_content_of_a_household_alone_goes_with_it_and_nobody_brings_it_back(store: Store) -> None:
    code, life = await a_household(store)
    _, neighbour = await a_household(store)
    before = set(store.lying())
    own = await store.keep(own_content := papers.pdf(f"发票 {code}"))
    (lies,) = set(store.lying()) - before
    never = papers.sha256(never_content := papers.pdf(f"从未上传 {code}"))
    shared = await store.keep(papers.pdf(f"两户的照片 {code}"))
    units = await store.keep(papers.pdf(f"村里的合同 {code}"))
    for number, digest in (("D-1", own), ("D-2", shared), ("D-3", units), ("D-4", never)):
        await named(life, number, digest)
    await named(neighbour, "D-1", shared)
    await store.asset(units)
    await life.step(
        "closing", {"closing": {"closedOn": "2022-07-20", "reason": "已迁出", "documentNo": "销1"}}
    )

    path = f"/v1/personal-data/household.{code}"
    hold = {"hold": new_code("BQ"), "placedOn": "2022-07-25", "reason": "专项审计", "documentNo": "审保3号"}
    await store.service.write(f"{path}/holds", {"hold": hold}, "auditor")
    refused = await store.service.post(f"{path}/forgetting", {"order": ORDER}, "office")
    assert refused.json()["code"] == "PERSONAL_DATA_ON_HOLD"
    assert (await store.fetch(own)).content == own_content
    await store.service.write(f"{path}/holds/{hold['hold']}/release", {"order": ORDER}, "auditor")

    answer = await store.service.write(f"{path}/forgetting", {"order": ORDER}, "office")
    assert answer["resource"]["forgettings"][0]["papers"] == sorted((own, never))
    assert not lies.exists()
    gone = await store.fetch(own)
    assert (gone.status_code, gone.json()["code"]) == (404, "PAPER_FORGOTTEN")
    assert (await store.service.read(f"/v1/documents/{own}", "clerk"))["state"] == "FORGOTTEN"
    for digest in (shared, units):
        assert (await store.fetch(digest)).status_code == 200
    for content in (own_content, never_content):
        assert await store.refused(content) == (404, "PAPER_FORGOTTEN")


async def test_forgotten_papers_are_no_gap_and_stay_forgotten(store: Store) -> None:
    archive = store.service.app.state.archive
    code, life = await a_household(store)
    content = papers.pdf(f"照片 {code}")
    digest = await store.keep(content)
    await named(life, "D-1", digest)
    await life.step(
        "closing", {"closing": {"closedOn": "2022-07-20", "reason": "已迁出", "documentNo": "销1"}}
    )
    before = await condition_of(archive, COUNTY)
    paper = await archive.find(COUNTY, digest)
    lies = store.folder / next(one for one in store.lying() if one.name == paper.object)
    kept = lies.read_bytes()
    path = f"/v1/personal-data/household.{code}/forgetting"
    await store.service.write(path, {"order": ORDER}, "office")
    found = await condition_of(archive, COUNTY)
    assert (found.papers, found.missing, found.altered) == (before.papers - 1, before.missing, before.altered)
    assert found.forgotten == before.forgotten + 1
    assert found.bytes == before.bytes - len(content)
    assert digest not in {one.sha256 for one in await lost(archive, COUNTY)}
    assert digest not in {one["sha256"] async for one in lacking(archive, COUNTY)}
    assert digest not in {one.sha256 async for one in papers_of(archive, COUNTY)}
    await archive.note(paper, "MISSING")  # whoever was just reading it
    await look_after(archive, COUNTY)
    assert (await archive.find(COUNTY, digest)).state == "FORGOTTEN"
    lies.write_bytes(kept)  # a stop between the row and the content, or a folder put back from a backup
    await store.service.app.state.erasure.settle(COUNTY)
    assert not lies.exists()
