"""Two workers of one service on one database: what one of them was told is what the other judges by."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api.bodies import TOWNSHIP, VILLAGE, road
from tests.api.service import Service, new_code, running

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def workers(module_database_url: str) -> AsyncIterator[tuple[Service, Service]]:
    async with running(module_database_url) as one, running(module_database_url) as other:
        yield one, other


async def risk(service: Service, asset: str, kind: str, version: int) -> tuple[int, int]:
    """Status and version of an answer to a risk that is recorded on a version."""
    body = {"kind": kind, "reason": "台账不全"}
    answer = await service.post(f"/v1/assets/{asset}/risks", body, version=version)
    return answer.status_code, answer.json().get("version", 0)


async def test_an_asset_is_as_the_other_worker_left_it(workers: tuple[Service, Service]) -> None:
    one, other = workers
    asset = new_code()
    await one.write("/v1/assets", {"asset": asset, "card": road()})
    assert await risk(one, asset, "DAMAGED", 1) == (201, 2)
    assert await risk(other, asset, "IDLE", 2) == (201, 3)
    assert await risk(one, asset, "WASTED", 2) == (412, 0)
    assert await risk(one, asset, "WASTED", 3) == (201, 4)


async def test_a_village_that_one_worker_closed_is_named_by_nobody_at_the_other(
    workers: tuple[Service, Service],
) -> None:
    one, other = workers
    village = "653022202299"
    place = {"name": "某村", "level": "village", "parent": TOWNSHIP, "validFrom": "2014-01-01"}
    await one.write("/v1/divisions", {"division": village, "card": place}, "admin")
    there = road(location=village)
    first = await other.post("/v1/assets", {"asset": new_code(), "card": there})
    assert first.status_code == 201, first.text
    ended = {"successor": VILLAGE, "closedOn": "2022-01-01", "documentNo": "民政1号"}
    await one.write(f"/v1/divisions/{village}/successor", ended, "admin")
    second = await other.post("/v1/assets", {"asset": new_code(), "card": there})
    assert second.status_code == 409, second.text
    assert second.json()["code"] == "NOT_IN_EXISTENCE"
