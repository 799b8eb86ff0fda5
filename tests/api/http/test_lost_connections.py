"""Connections that are cut in the middle of requests: a clear 503 with its words, never a 500, and then all is well."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from service.api.app import _HANDLERS
from service.database.trouble import LOST
from tests.api.bodies import road
from tests.api.service import Service, new_code

_CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def test_requests_whose_connections_are_cut_are_told_to_come_again(
    service: Service, module_database_url: str
) -> None:
    """Reads and writes at once, while every session of the database is ended again and again."""
    codes: dict[int, int] = {}
    stored: list[str] = []
    done = asyncio.Event()

    async def read() -> None:
        while not done.is_set():
            answer = await service.get("/v1/ledgers/asset-register", limit=5)
            codes[answer.status_code] = codes.get(answer.status_code, 0) + 1
            assert answer.status_code in {200, 503}, answer.text

    async def write() -> None:
        while not done.is_set():
            asset = new_code()
            body = {"asset": asset, "card": road(), "occurredOn": "2020-02-01"}
            answer = await service.post("/v1/assets", body)
            codes[answer.status_code] = codes.get(answer.status_code, 0) + 1
            assert answer.status_code in {201, 503}, answer.text
            if answer.status_code == 201:
                stored.append(asset)
            else:
                assert answer.json()["code"] in {"DATABASE_UNAVAILABLE", "SERVICE_BUSY"}

    async def cut() -> None:
        outside = await asyncpg.connect(module_database_url)
        try:
            for _ in range(12):
                assert await outside.fetchval(_CUT) >= 0
                await asyncio.sleep(0.1)
        finally:
            done.set()
            await outside.close()

    await asyncio.gather(cut(), *(read() for _ in range(4)), *(write() for _ in range(4)))
    assert codes.get(503, 0) > 0, codes
    assert stored
    for asset in stored:  # what was acknowledged is there
        assert (await service.get(f"/v1/assets/{asset}", "clerk")).status_code == 200
    head = await service.head()
    answer = await service.get("/v1/ledgers/asset-register", limit=5, min_position=head)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("error", LOST)
def test_every_kind_of_lost_connection_has_its_answer(error: type[Exception]) -> None:
    assert _HANDLERS[error].__name__ == "_disconnected"
