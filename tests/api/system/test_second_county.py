"""Two counties in one installation, the second by data alone: neither sees nor disturbs the other."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from projections.catalogue import CATALOGUE
from service.audit import verify
from service.commands.operations import ENDED
from service.ledgers.rebuild.run import Rebuild
from tests import second_county as wuqia
from tests.api.procedure.test_procedures import Running, posting, representatives
from tests.api.service import COUNTY, Service, new_code
from tests.api.two_counties import NEIGHBOURS, Both, both


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counties(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    """Both counties, served by one service."""
    folders = (tmp_path_factory.mktemp(name) for name in ("policy", "keys"))
    async with both(module_database_url, *folders) as served:
        yield served


async def test_same_asset_code_in_two_counties_is_two_assets(counties: Both) -> None:
    """Of one code, one key and one body each county has its own effect, its own place in its own log."""
    asset, key = new_code(), new_code("K")
    for county in counties:
        before = await county.head()
        body = {"asset": asset, "card": county.road(assetName=f"{county.code}的路")}
        done = await county.service.post("/v1/assets", body, "clerk", key=key)
        again = await county.service.post("/v1/assets", body, "clerk", key=key)
        assert (done.status_code, again.json()) == (201, done.json())
        assert done.json()["position"] == await county.head() == before + 1
    for county in counties:
        shown = (await county.service.read(f"/v1/assets/{asset}"))["resource"]
        assert shown["card"]["assetName"] == f"{county.code}的路"
        timeline = await county.service.read(f"/v1/assets/{asset}/timeline", min_position=await county.head())
        assert len(timeline["entries"]) == 1


async def test_nobody_sees_what_is_not_theirs(counties: Both) -> None:
    ours, theirs = [new_code() for _ in counties]
    for county, asset in zip(counties, (ours, theirs), strict=True):
        await county.registered(asset)
    first, second = counties
    assert ours in await first.listed()
    assert theirs in await second.listed()
    assert not await first.listed() & {theirs}
    assert not await second.listed() & {ours}
    for county, asset in ((first, theirs), (second, ours)):
        for path in (f"/v1/assets/{asset}", f"/v1/assets/{asset}/events", f"/v1/assets/{asset}/examination"):
            answer = await county.service.get(path)
            assert answer.status_code in {403, 404}, path
        answer = await county.service.post(
            f"/v1/assets/{asset}/use-starts", {"inUseSince": "2021-08-01"}, "clerk", version=1
        )
        assert answer.status_code == 404
    totals = [
        (await county.service.read("/v1/ledgers/asset-register/totals", min_position=await county.head()))
        for county in counties
    ]
    assert [one["managed"]["assets"] for one in totals] == [len(await county.listed()) for county in counties]


async def test_no_unit_of_the_other_county_can_be_named(counties: Both) -> None:
    """Divisions and units are each county's own."""
    for county, other in (counties, counties[::-1]):
        card = county.road() | {"location": other.village}
        answer = await county.service.post("/v1/assets", {"asset": new_code(), "card": card}, "clerk")
        assert answer.status_code in {403, 409, 422}
        assert other.village not in {one["division"] for one in await county.service.read("/v1/divisions")}


@pytest.mark.clause("C4.3-19")
async def test_a_notice_hangs_as_long_as_its_county_says(counties: Both) -> None:
    """Ten days in the one county, fifteen in the other, for the same plan posted on the same day."""
    last_days = {}
    for county in counties:
        it = Running(county.service, "A5")
        given = (
            ("VILLAGE", county.village), ("VILLAGE", NEIGHBOURS[county.code]), ("OWNER", county.village),
            ("TOWNSHIP", county.township), ("PROJECT_VILLAGE", county.village),
        )  # fmt: skip
        parties = [{"role": role, "organization": unit} for role, unit in given]
        await it.open(county.township, "clerk", "2022-03-01", parties=parties)
        await it.act("steps", "SHARES", county.township, "clerk", "2022-03-01")
        meeting = representatives("2022-03-02", kind="TOWNSHIP_MEETING", concluded=True)
        await it.act("meetings", "MEETING", county.township, "approver", None, meeting=meeting)
        for role, unit in (("PROJECT_VILLAGE", county.village), ("TOWNSHIP", county.township)):
            sheet = posting(role, unit, "2022-03-03")
            await it.act("notices", "NOTICE", county.township, "clerk", None, posting=sheet)
        for days in range(10, 20):
            on = (datetime(2022, 3, 3) + timedelta(days=days)).date().isoformat()
            body = await it.body("NOTICE", county.township, on)
            answer = await county.service.post(f"{it.path}/notice-completions", body, "clerk")
            if answer.status_code == 201:
                last_days[county.code] = on
                break
            assert answer.json()["code"] == "NOTICE_PERIOD_RUNNING"
    assert last_days == {COUNTY: "2022-03-15", wuqia.COUNTY: "2022-03-19"}


async def test_a_parameter_changed_in_one_county_stays_there(counties: Both) -> None:
    first, second = counties
    before = (await second.service.get("/v1/policy/parameters", county=second.code)).json()
    begins = first.service.app.state.context.today().isoformat()
    wanted = {"parameter": "P19", "value": 25, "document": "陶政办发〔2026〕9号", "effectiveFrom": begins}
    heads = await second.head()
    await first.service.write("/v1/policy/parameter-changes", {"change": wanted}, "office")
    assert await second.head() == heads
    assert (await second.service.get("/v1/policy/parameters", county=second.code)).json() == before
    ours = (await first.service.get("/v1/policy/parameters", county=first.code)).json()["parameters"]
    assert {one["id"]: one["value"] for one in ours}["P19"] == 25
    assert {one["id"]: one["value"] for one in before["parameters"]}["P24"]["allocator"] == "OWNER"


async def test_packs_and_checkpoints_speak_of_one_county(counties: Both) -> None:
    """A person of one code in both: each pack holds that county's events alone, and verifies."""
    person = new_code("P")
    origins = set()
    for county in counties:
        card = {"name": "张三", "organization": county.township}
        await county.service.write("/v1/persons", {"person": person, "card": card}, "personnel")
        asset = new_code()
        made = await county.registered(asset)
        custody = {
            "custodian": county.township,
            "responsibleUnit": county.township,
            "duties": [{"person": person, "duty": "MANAGER"}],
            "provisional": True,
        }
        await county.service.write(
            f"/v1/assets/{asset}/custody", {"custody": custody}, version=made["version"]
        )
        ordered = await county.service.post("/v1/audit-packs", {"person": person}, "auditor")
        found = await _ended(county.service, ordered.json()["pack"])
        assert found["state"] == "SUCCEEDED", found
        content = (await county.service.get(found["file"], "auditor")).content
        result = verify.verify(BytesIO(content))
        assert (result["verdict"], result["assets"], result["size"]) == (
            verify.UNPINNED,
            1,
            await county.head(),
        )
        origins.add(result["log"])
        with zipfile.ZipFile(BytesIO(content)) as pack:
            events = [
                json.loads(line.partition(" ")[2]) for line in pack.read(verify.EVENTS).decode().splitlines()
            ]
        assert {event["county"] for event in events} == {county.code}
        other = counties[county is counties[0]]
        answer = await other.service.get(f"/v1/audit-packs/{ordered.json()['pack']}", "auditor")
        assert answer.status_code == 404
    assert len(origins) == 2


async def _ended(service: Service, pack: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            found = dict(await service.read(f"/v1/audit-packs/{pack}", "auditor"))
            if found["state"] in ENDED:
                return found
            await asyncio.sleep(0.05)


async def test_ledgers_of_one_county_are_built_anew_beside_the_other_s(
    counties: Both, module_database_url: str
) -> None:
    """A rebuild of both gives what stands there, and both logs are sound."""
    for county in counties:
        await county.registered(new_code())
        await county.listed()
    outcomes = await Rebuild(module_database_url, [CATALOGUE["asset_register"]], swap=False).run()
    assert [one.equal for one in outcomes] == [True]
    for county in counties:
        assert (await county.service.app.state.context.store.verify(county.code)).problem is None


def test_the_second_county_s_data_folder_is_all_there_is(tmp_path: Path) -> None:
    """Its versions, its articles and their words, its wording of a code, its own parameters, its divisions: no code."""
    place = wuqia.write_second_county(tmp_path)
    assert {one.suffix for one in place.iterdir()} == {".csv", ".toml", ".txt"}
