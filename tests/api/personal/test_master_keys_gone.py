"""A county that had a master key of personal data gets no second one because the folder is gone or another's."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from service.personal.condition import condition
from service.personal.keys import USE
from service.sealing_keys import SealingKeys
from tests.api.household.test_household_life import cow
from tests.api.personal.test_forgetting import ORDER, Household, a_household
from tests.api.service import COUNTY, Service, new_code, running


@pytest_asyncio.fixture(loop_scope="module")
async def untouched(database_url: str) -> AsyncIterator[Service]:
    """A service on a database of its own, of a county whose log and tables tell of no person."""
    async with running(database_url) as one:
        yield one


@contextmanager
def without(folder: Path) -> Iterator[None]:
    """The folder of master keys is gone, and comes back."""
    away = folder.with_name(f"{folder.name}-away")
    folder.rename(away)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        away.rename(folder)


@contextmanager
def of_another_database(folder: Path) -> Iterator[None]:
    """In its place stands the folder of another database of the same county: a file of the same name."""
    with without(folder):
        SealingKeys(folder, USE).make_next(COUNTY)
        yield


async def new_household(service: Service, name: str = "买买提") -> httpx.Response:
    body = {"card": cow(new_code("HH"), householder=name), "occurredOn": "2021-07-15"}
    return await service.post("/v1/household-assets", body)


def refused(answer: httpx.Response) -> bool:
    """Whether it is refused for want of the master key, and says how that is mended."""
    told = answer.json()
    return (answer.status_code, told["code"]) == (503, "SEALING_UNAVAILABLE") and "TAIZHANG_MASTERS" in told[
        "detail"
    ]


async def wrong(service: Service) -> str | None:
    """What doctor says is wrong with the county's personal data."""
    return (await condition(service.pool, service.app.state.context, COUNTY, service.masters)).wrong


@pytest.mark.parametrize("away", [without, of_another_database])
async def test_a_first_value_of_a_new_person_is_refused_where_the_master_key_is_not_the_countys(
    service: Service, away: Callable[[Path], AbstractContextManager[None]]
) -> None:
    it = await a_household(service, "古丽")
    rows = "SELECT key, master, wrapped FROM personal_key WHERE county = $1 ORDER BY key"
    kept, head = await service.pool.fetch(rows, COUNTY), await service.head()
    assert await wrong(service) is None
    with away(service.masters):
        before = SealingKeys(service.masters, USE).names(COUNTY)
        assert refused(await new_household(service))
        assert refused(
            await service.post(
                "/v1/household-assets", {"card": cow(it.code, householder="古丽"), "occurredOn": "2021-07-15"}
            )
        )
        body = {"form": "NAME", "value": "古丽", "reason": "信访核查"}
        assert refused(await service.post("/v1/personal-data/lookups", body, "office")), (
            "not: nobody is found"
        )
        assert "TAIZHANG_MASTERS" in str(await wrong(service))
        with capture_logs() as said:
            await service.app.state.erasure.settle(COUNTY)
        (told,) = [one for one in said if one["event"] == "personal_data_not_taken_in"]
        assert (told["county"], told["log_level"]) == (COUNTY, "warning")
        assert "TAIZHANG_MASTERS" in told["mend"]
        assert SealingKeys(service.masters, USE).names(COUNTY) == before, "no key was made"
    assert await service.pool.fetch(rows, COUNTY) == kept
    assert await service.head() == head
    assert (await new_household(service)).status_code == 201
    assert await it.shown() == "古**"
    with capture_logs() as said:
        await service.app.state.erasure.settle(COUNTY)
    assert "personal_data_not_taken_in" not in {one["event"] for one in said}


async def test_a_restriction_before_the_first_value_makes_no_second_master_key(service: Service) -> None:
    await a_household(service, "古丽")
    with without(service.masters):
        path = f"/v1/personal-data/household.{new_code('HH')}/restriction"
        assert refused(await service.post(path, {"order": ORDER}, "office"))
        assert not service.masters.exists()


async def test_only_a_county_that_never_had_a_master_key_makes_its_first(untouched: Service) -> None:
    """The last person is forgotten: no table tells of a key any more, and the log does."""
    assert SealingKeys(untouched.masters, USE).names(COUNTY) == []
    it: Household = await a_household(untouched, "古丽")
    assert SealingKeys(untouched.masters, USE).names(COUNTY) == [f"{COUNTY}-personal-0001"]
    await it.closed()
    with without(untouched.masters):
        answer = await untouched.post(f"{it.path}/forgetting", {"order": ORDER}, "office")
        assert refused(answer), "what is not there cannot be destroyed"
        assert not untouched.masters.exists()
    await untouched.app.state.erasure.settle(COUNTY)
    assert await it.shown() == "（已遗忘）"
    assert await untouched.pool.fetchval("SELECT count(*) FROM personal_key") == 0
    with without(untouched.masters):
        assert refused(await new_household(untouched))
        assert "holds no master key" in str(await wrong(untouched))
    assert (await new_household(untouched)).status_code == 201
