"""Audit packs over HTTP: ordered, made beside other requests, downloaded in pieces, verified like any other."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from service.api.http.ranges import part_of
from service.audit import verify
from service.audit.zipped import entry
from service.commands.operations import ENDED
from service.paper import beside_packs
from service.version import installed_version
from tests import papers
from tests.api.bodies import TOWNSHIP, road
from tests.api.household.test_household_life import entered
from tests.api.service import Service, new_code, running

VERIFIER = Path(verify.__file__).read_bytes()
DOCUMENTED = (Path(__file__).parents[3] / "docs" / "verifier.sha256").read_text("utf-8")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signing(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service with a folder for keys."""
    async with running(module_database_url, tmp_path_factory.mktemp("keys")) as one:
        yield one


async def ended(service: Service, pack: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            found = dict(await service.read(f"/v1/audit-packs/{pack}", "auditor"))
            if found["state"] in ENDED:
                return found
            await asyncio.sleep(0.05)


async def test_a_pack_is_ordered_made_and_downloaded_in_pieces(signing: Service) -> None:
    person, asset = await signing.person(TOWNSHIP), new_code()
    made = await signing.write("/v1/assets", {"asset": asset, "card": road()})
    custody = {
        "custodian": TOWNSHIP,
        "responsibleUnit": TOWNSHIP,
        "duties": [{"person": person, "duty": "MANAGER"}],
        "provisional": True,
    }
    await signing.write(f"/v1/assets/{asset}/custody", {"custody": custody}, version=made["version"])
    answer = await signing.post("/v1/audit-packs", {"person": person}, "auditor", key="one")
    assert answer.status_code == 202
    pack = answer.json()["pack"]
    assert answer.headers["location"] == f"/v1/audit-packs/{pack}"
    again = await signing.post("/v1/audit-packs", {"person": person}, "auditor", key="one")
    assert again.json()["pack"] == pack
    found = await ended(signing, pack)
    assert found["state"] == "SUCCEEDED", found
    assert found["result"]["assets"] == 1
    whole = await signing.get(found["file"], "auditor")
    assert whole.status_code == 200
    assert whole.headers["accept-ranges"] == "bytes"
    assert len(whole.content) == found["result"]["bytes"]
    (key,) = await signing.read("/v1/log/keys")
    result = verify.verify(BytesIO(whole.content), key["fingerprint"])
    assert (result["assets"], result["pinned"]) == (1, True)
    await in_pieces(signing, found["file"], whole.content, whole.headers["etag"])


async def in_pieces(service: Service, path: str, whole: bytes, etag: str) -> None:
    """As a client does whose line breaks."""
    half = len(whole) // 2

    async def part(given: str, if_range: str | None = None) -> Any:
        headers = service.headers("auditor", Range=given) | ({"If-Range": if_range} if if_range else {})
        return await service.http.get(path, headers=headers)

    first, second = await part(f"bytes=0-{half - 1}"), await part(f"bytes={half}-", etag)
    assert (first.status_code, second.status_code) == (206, 206)
    assert second.headers["content-range"] == f"bytes {half}-{len(whole) - 1}/{len(whole)}"
    assert first.content + second.content == whole
    assert (await part("bytes=-5")).content == whole[-5:]
    assert (await part(f"bytes={half}-", '"another"')).status_code == 200
    for wrong in (f"bytes={len(whole)}-", "bytes=5-4", "bytes=-", "lines=1-2", "bytes=0-1,3-4"):
        refused = await part(wrong)
        assert refused.status_code == 416
        assert refused.headers["content-range"] == f"bytes */{len(whole)}"


@pytest.mark.clause("C3-07", "C4.10-09")
@pytest.mark.parametrize(("who", "detained", "state"), [
    ("auditor", True, "SUCCEEDED"),
    ("personnel", True, "SUCCEEDED"),
    ("office", True, "FAILED"),
    ("office", False, "SUCCEEDED"),
])  # fmt: skip
async def test_a_pack_is_made_for_who_may_see_all_that_is_in_it(
    signing: Service, who: str, detained: bool, state: str
) -> None:
    """Refuses the office the pack of somebody whose detention is on record; the file is for who ordered it and for auditors."""
    person = await signing.person(TOWNSHIP)
    if detained:
        fact = {"kind": "DETENTION", "happenedOn": "2021-12-30", "documentNo": "拘字7号"}
        await signing.write(f"/v1/persons/{person}/leaving-facts", {"fact": fact}, "personnel")
    answer = await signing.post("/v1/audit-packs", {"person": person}, who)
    found = await ended(signing, answer.json()["pack"])
    assert found["state"] == state, found
    if state == "FAILED":
        assert found["problem"]["code"] == "FORBIDDEN_PERSONAL_DATA"
        assert found["problem"]["missing"] == ["LEAVER PERSONAL", "LEAVER SEALED"]
        return
    stored = f"/v1/operations/{found['pack']}/files/pack.zip"
    for door in (found["file"], stored):
        for reader in {"auditor", "personnel", "office"} - {who}:
            told = await signing.get(door, reader)
            assert (told.status_code == 200) is (reader == "auditor"), (door, reader, told.text[:200])
        assert (await signing.get(door, who)).status_code == 200


@pytest.mark.parametrize("state", ["QUEUED", "RUNNING"])
async def test_packs_are_made_one_at_a_time_for_a_key(signing: Service, state: str) -> None:
    """While one is not done the same key orders no other; another key does, and the order sent again is the same one."""
    body = {"person": await signing.person(TOWNSHIP)}
    first = await signing.post("/v1/audit-packs", body, "auditor", key=f"first-{state}")
    pack = first.json()["pack"]
    await ended(signing, pack)
    put = "UPDATE operation SET state = $2 WHERE operation = $1"
    held = "UPDATE operation SET state = $2, holder = 'another service', lease_until = now() + interval '20 s' WHERE operation = $1"
    await signing.pool.execute(held, pack, state)
    try:
        second = await signing.post("/v1/audit-packs", body, "auditor", key=f"second-{state}")
        assert (second.status_code, second.json()["code"]) == (429, "TOO_MANY_REQUESTS")
        assert int(second.headers["retry-after"]) > 0
        again = await signing.post("/v1/audit-packs", body, "auditor", key=f"first-{state}")
        assert (again.status_code, again.json()["pack"]) == (202, pack)
        other = await signing.post("/v1/audit-packs", body, "office", key=f"other-{state}")
        assert other.status_code == 202
    finally:
        await signing.pool.execute(put, pack, "SUCCEEDED")
    after = await signing.post("/v1/audit-packs", body, "auditor", key=f"second-{state}")
    assert after.status_code == 202
    for order in (other, after):
        await ended(signing, order.json()["pack"])


def test_parts_of_a_file() -> None:
    assert part_of("bytes=0-0", 10) == (0, 0)
    assert part_of("bytes=3-", 10) == (3, 9)
    assert part_of("bytes=3-99", 10) == (3, 9)
    assert part_of("bytes=-99", 10) == (0, 9)
    assert part_of("bytes=-0", 10) is None


async def test_what_cannot_be_packed_is_refused(signing: Service) -> None:
    person = await signing.person(TOWNSHIP)
    for body, code in (
        ({"person": "P-nobody"}, "NOT_FOUND"),
        ({"person": person, "from": "2022-01-02", "to": "2022-01-01"}, "DATE_ORDER"),
        ({"person": person, "from": "2022-02-30"}, "DATE_MALFORMED"),
        ({}, "FIELD_REQUIRED"),
    ):
        answer = await signing.post("/v1/audit-packs", body, "auditor")
        assert answer.json()["code"] == code, answer.text
    assert (await signing.get("/v1/audit-packs/none", "auditor")).json()["code"] == "NOT_FOUND"
    assert (await signing.get("/v1/audit-packs/none/file", "auditor")).json()["code"] == "NOT_FOUND"


async def test_without_a_key_the_order_fails_and_says_so(signing: Service) -> None:
    person = await signing.person(TOWNSHIP)
    folder = signing.app.state.checkpoints.keys.folder
    await signing.write("/v1/checkpoints", {}, "auditor")
    away = folder.rename(folder.with_name("away"))
    answer = await signing.post("/v1/audit-packs", {"person": person}, "auditor")
    found = await ended(signing, answer.json()["pack"])
    away.rename(folder)
    assert found["state"] == "FAILED"
    assert found["problem"]["code"] == "SIGNING_KEY_UNAVAILABLE"
    assert "file" not in found


async def test_the_verifier_is_published_for_everybody(signing: Service) -> None:
    """Its digest and the file, without a key; the same that lies in packs, and that the documents of this version name."""
    told = (await signing.http.get("/v1/audit/verifier")).json()
    answer = await signing.http.get(told["file"])
    assert answer.status_code == 200
    assert answer.content == VERIFIER
    assert (hashlib.sha256(answer.content).hexdigest(), len(answer.content)) == (
        told["sha256"],
        told["bytes"],
    )
    assert verify.sm3(answer.content).hex() == told["sm3"]
    assert (told["format"], told["version"]) == (verify.FORMAT, installed_version())
    assert answer.headers["etag"] == f'"{told["sha256"]}"'
    assert f"{told['sha256']}  verify.py\n" == DOCUMENTED, "make openapi writes it"


def at_the_terminal(folder: Path, key: str) -> tuple[int, str]:
    """Exit code, and what `taizhang verify` says of the pack in a folder and the papers beside it."""
    command = ["verify", str(folder / "pack.zip"), "--key", key, "--papers", str(folder / "papers.zip")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.program", *command], capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


async def test_papers_come_beside_a_pack_on_request_and_the_verifier_takes_each_by_its_digest(
    signing: Service, tmp_path: Path
) -> None:
    """C4.10-09 and 四(六): what the pack's events name and is kept; what is missing is counted, a foreign file is told."""
    person = await in_care(signing, there := papers.pdf("验收单"), papers.sha256(papers.pdf("从未上传")))
    found = await ordered(signing, {"person": person, "papers": True}, "auditor")
    assert found["state"] == "SUCCEEDED", found
    told = found["result"]["papers"]
    assert (told["named"], told["there"]) == (2, 1)
    pack, beside = [(await signing.get(found[one], "auditor")).content for one in ("file", "papers")]
    assert (told["bytes"], told["sha256"]) == (len(beside), hashlib.sha256(beside).hexdigest())
    digest = papers.sha256(there)
    with zipfile.ZipFile(BytesIO(beside)) as zipped:
        assert {name: zipped.read(name) for name in zipped.namelist()} == {f"{digest}.pdf": there}
    (key,) = await signing.read("/v1/log/keys")
    for name, content in (("pack.zip", pack), ("papers.zip", beside)):
        (tmp_path / name).write_bytes(content)
    result = verify.verify_file(tmp_path / "pack.zip", key["fingerprint"], papers=tmp_path / "papers.zip")
    assert (result["good"], result["papers"]) == (True, 1)
    assert "所附资料): 1" in verify.report(result)
    code, told_there = at_the_terminal(tmp_path, key["fingerprint"])
    assert (code, "所附资料): 1" in told_there) == (0, True), told_there
    other = papers.pdf("别的资料")
    for name, content, said in (
        (f"{digest}.pdf", other, "与事件所引用的资料不同"),
        (f"{papers.sha256(other)}.pdf", other, "审计包的事件未引用"),
        ("说明.pdf", there, "不是审计包所附资料"),
    ):
        with zipfile.ZipFile(tmp_path / "papers.zip", "w") as zipped:
            zipped.writestr(entry(name, zipfile.ZIP_STORED), content)
        with pytest.raises(verify.Bad, match=said):
            verify.verify_file(tmp_path / "pack.zip", None, papers=tmp_path / "papers.zip")
    code, told_there = at_the_terminal(tmp_path, key["fingerprint"])
    assert (code != 0, "不是审计包所附资料" in told_there) == (True, True), told_there
    plain = await ordered(signing, {"person": person}, "auditor")
    assert "papers" not in plain
    refused = await signing.get(f"/v1/audit-packs/{plain['pack']}/papers", "auditor")
    assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND")


async def test_papers_beside_a_pack_are_refused_to_who_may_not_see_all_of_them(
    signing: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A household's paper that an asset's event names too is not for the personnel of the county; the pack alone is."""
    own = papers.pdf("到户凭证")
    person = await in_care(signing, own)
    life = await entered(signing, household=new_code("HH"))
    document = {"kind": "PHOTO", "document": "D-1", "sha256": papers.sha256(own)}
    await life.step("documents", {"document": document})
    assert (await ordered(signing, {"person": person}, "personnel"))["state"] == "SUCCEEDED"
    found = await ordered(signing, {"person": person, "papers": True}, "personnel")
    assert (found["state"], found["problem"]["code"]) == ("FAILED", "FORBIDDEN_PERSONAL_DATA")
    assert "papers" not in found
    monkeypatch.setattr(beside_packs, "MOST_BYTES", len(own))
    assert (await ordered(signing, {"person": person, "papers": True}, "auditor"))["state"] == "SUCCEEDED"
    monkeypatch.setattr(beside_packs, "MOST_BYTES", len(own) - 1)
    large = await ordered(signing, {"person": person, "papers": True}, "auditor")
    assert large["problem"]["code"] == "PACK_PAPERS_TOO_LARGE"


async def in_care(service: Service, *named: bytes | str) -> str:
    """A person who has a road in care, whose file names these papers: a content is uploaded, a digest is not."""
    person, asset = await service.person(TOWNSHIP), new_code()
    made = await service.write("/v1/assets", {"asset": asset, "card": road()})
    custody = {
        "custodian": TOWNSHIP,
        "responsibleUnit": TOWNSHIP,
        "duties": [{"person": person, "duty": "MANAGER"}],
        "provisional": True,
    }
    made = await service.write(f"/v1/assets/{asset}/custody", {"custody": custody}, version=made["version"])
    for one in named:
        if isinstance(one, bytes):
            headers = service.headers("clerk", Content_Type="application/pdf")
            kept = await service.http.post("/v1/documents", content=one, headers=headers)
            assert kept.status_code == 201, kept.text
        digest = papers.sha256(one) if isinstance(one, bytes) else one
        document = {"kind": "ACCEPTANCE", "document": new_code("D"), "sha256": digest}
        made = await service.write(
            f"/v1/assets/{asset}/documents", {"document": document}, version=made["version"]
        )
    return person


async def ordered(service: Service, body: dict[str, Any], who: str) -> dict[str, Any]:
    """A pack that was ordered, when it has ended."""
    answer = await service.post("/v1/audit-packs", body, who)
    assert answer.status_code == 202, answer.text
    return await ended(service, answer.json()["pack"])
