"""A county whose policy data cannot be used: it alone is refused, 503 and why; the others are served; health says it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from domain.regulation import Regulation, RegulationInvalid
from service.api.serving import running as serving
from service.commands.policy_data import load_counties
from service.exit_codes import CommandFailed
from service.settings import Settings
from tests import second_county as wuqia
from tests.api.matrix import OF_NO_COUNTY, PUBLIC, ROUTES
from tests.api.service import COUNTY, REGULATION, Service, new_code, running
from tests.api.two_counties import County, give_keys

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FAULT = "parameters：P01 在第一个版本生效时没有规定"


def broken(folder: Path) -> Path:
    """The second county's folder with a threshold that begins a day late."""
    place = wuqia.write_second_county(folder)
    late = wuqia.THRESHOLD.replace("2021-08-01", "2021-08-02") + wuqia.NOTICE_AND_PROCEEDS
    (place / "parameters.toml").write_text(late, "utf-8")
    return place


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counties(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[County, County]]:
    """The packaged county, and beside it the second one, broken."""
    data = tmp_path_factory.mktemp("policy")
    broken(data)
    with pytest.raises(RegulationInvalid) as found:
        Regulation.load(data, wuqia.COUNTY)
    assert found.value.faults == (FAULT,)
    keys = tmp_path_factory.mktemp("keys")
    served = {COUNTY: REGULATION}
    async with running(
        module_database_url, keys, regulations=served, invalid={wuqia.COUNTY: found.value}
    ) as service:
        other = Service(service.app, service.pool, service.http, service.masters)
        await give_keys(other)
        yield County(COUNTY, service), County(wuqia.COUNTY, other)


Both = tuple[County, County]


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES), ids=lambda one: str(one))
async def test_every_route_of_the_broken_county_answers_503(counties: Both, method: str, path: str) -> None:
    service = counties[1].service
    kind = SHEET if path == "/v1/imports" else "application/json"
    answer = await service.http.request(
        method,
        path.replace("{", "").replace("}", ""),
        headers=service.headers("clerk", Content_Type=kind),
        content=b"{}" if method == "POST" else None,
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["quote"]) == (503, "POLICY_DATA_INVALID", None)
    assert wuqia.COUNTY in problem["detail"] and FAULT in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    sorted(one for one in PUBLIC - OF_NO_COUNTY if "/v1/" in one[1]),
    ids=lambda one: str(one),
)
async def test_every_public_route_of_the_broken_county_answers_503(
    counties: Both, method: str, path: str
) -> None:
    service = counties[1].service
    answer = await service.http.request(
        method, path, params={"county": wuqia.COUNTY}, json={} if method == "POST" else None
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "POLICY_DATA_INVALID")


async def test_the_other_county_is_served_all_the_same(counties: Both) -> None:
    first = counties[0]
    asset = new_code()
    await first.registered(asset)
    assert asset in await first.listed()
    assert (await first.service.read("/v1/policy"))["county"] == COUNTY


async def test_health_names_the_broken_county_and_stays_ready(counties: Both) -> None:
    answer = await counties[0].service.http.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    told = {one["county"]: one for one in answer.json()["checks"]["counties"]}
    assert told[COUNTY] == {"county": COUNTY, "served": True, "problem": None}
    assert told[wuqia.COUNTY]["served"] is False
    assert FAULT in told[wuqia.COUNTY]["problem"]


# ---- starting --------------------------------------------------------------------------------------------------------


def test_one_broken_folder_leaves_the_others_to_be_served(tmp_path: Path) -> None:
    broken(tmp_path)
    found = load_counties(Settings(policy_dir=tmp_path))
    assert list(found.usable) == [COUNTY]
    assert found.invalid[wuqia.COUNTY].faults == (FAULT,)


def test_a_folder_without_its_policy_is_told_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / wuqia.COUNTY).mkdir()
    found = load_counties(Settings(policy_dir=tmp_path))
    assert f"{wuqia.COUNTY}：缺少文件 policy.toml" in found.invalid[wuqia.COUNTY].faults


def test_nothing_is_served_when_no_county_is_left(tmp_path: Path) -> None:
    broken(tmp_path)
    with pytest.raises(CommandFailed, match="P01"):
        load_counties(Settings(policy_dir=tmp_path, county=wuqia.COUNTY))


async def test_data_that_does_not_fit_its_log_stops_its_own_county(database_url: str, tmp_path: Path) -> None:
    """Its second version was put to use from 2025 on; now its folder has a third that begins before that."""
    policy = wuqia.write_second_county(tmp_path) / "policy.toml"
    settings = Settings(
        policy_dir=tmp_path, database_url=SecretStr(database_url), keys=tmp_path / "keys", port=0
    )
    policy.write_text(wuqia.versions("2021-08-01", "2025-01-01"), "utf-8")
    async with serving(settings, host="127.0.0.1", port=0, county=COUNTY) as service:
        assert service.app.state.context.in_force.stopped == {}
    policy.write_text(wuqia.versions("2021-08-01", "2024-01-01", "2024-06-01"), "utf-8")
    async with serving(settings, host="127.0.0.1", port=0, county=COUNTY) as service:
        (reason,) = service.app.state.context.in_force.stopped.values()
    assert (reason.code, reason.params["county"]) == ("POLICY_DATA_INVALID", wuqia.COUNTY)
    assert "#3 2024-06-01" in reason.detail_zh
