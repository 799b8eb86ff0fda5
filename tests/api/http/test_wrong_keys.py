"""Wrong keys: slowed down per address, while good keys of the same address are answered at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import httpx
import pytest

from service.api.http.wrong_keys import WrongKeys
from tests.api.service import Service
from tests.api.system.test_access import make_key

WRONG = f"tzk_000000000000.{'x' * 43}"
FOREVER = 1_000.0


@pytest.fixture
def slowing(service: Service) -> Any:
    """Puts other patience in for one test."""
    before = service.app.state.wrong_keys

    def put(**patience: Any) -> None:
        service.app.state.wrong_keys = WrongKeys(**patience)

    yield put
    service.app.state.wrong_keys = before


@asynccontextmanager
async def at(service: Service, host: str) -> AsyncIterator[Callable[[str], Any]]:
    """Asks from an address with a token."""
    transport = httpx.ASGITransport(app=service.app, client=(host, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://taizhang") as http:
        yield lambda token: http.get("/v1/divisions", headers={"Authorization": f"Bearer {token}"})


async def test_wrong_keys_in_a_row_are_answered_ever_later(
    service: Service, slowing: Callable[..., None]
) -> None:
    slowing(at_once=3, every=0.2)
    async with at(service, "10.0.0.1") as ask:
        began = monotonic()
        codes = [(answer := await ask(WRONG)).json()["code"] for _ in range(6)]
    assert codes == ["CREDENTIAL_INVALID"] * 6
    assert answer.status_code == 401
    assert monotonic() - began >= 0.6 - 0.01


@pytest.mark.parametrize("token", [WRONG, "nonsense", "tzk_000000000000.short"])
async def test_wrong_keys_at_once_wait_in_line_or_are_sent_away(
    service: Service, slowing: Callable[..., None], token: str
) -> None:
    slowing(at_once=3, every=0.2, longest=0.5)
    async with at(service, "10.0.0.1") as ask:
        answers = await asyncio.gather(*(ask(token) for _ in range(50)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(401) >= 5
    assert statuses.count(429) >= 30
    assert {answer.headers["retry-after"] for answer in answers if answer.status_code == 429} == {"1"}


async def test_good_keys_of_the_same_address_are_answered_at_once(
    service: Service, slowing: Callable[..., None]
) -> None:
    """One that was used before and one that is new, while wrong ones wait; and other addresses know of nothing."""
    slowing(at_once=1, every=FOREVER, longest=5 * FOREVER)
    fresh = (await make_key(service)).json()["token"]
    async with at(service, "10.0.0.1") as ask, at(service, "10.0.0.2") as ask_elsewhere:
        assert (await ask(service.tokens["reader"])).status_code == 200
        assert (await ask(WRONG)).status_code == 401
        waiting = [asyncio.create_task(ask(WRONG)) for _ in range(5)]
        assert (await ask(service.tokens["reader"])).status_code == 200
        assert (await ask(fresh)).status_code == 200
        assert (await ask_elsewhere(WRONG)).status_code == 401
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_wrong_keys_of_one_ipv6_subscriber_are_one_address(
    service: Service, slowing: Callable[..., None]
) -> None:
    slowing(at_once=1, every=FOREVER)
    async with at(service, "2001:db8::1") as ask, at(service, "2001:db8::2") as ask_too:
        assert (await ask(WRONG)).status_code == 401
        assert (await ask_too(WRONG)).status_code == 429


async def test_wrong_key_at_a_public_question_is_slowed_too(
    service: Service, slowing: Callable[..., None]
) -> None:
    slowing(at_once=1, every=FOREVER)
    headers = {"Authorization": f"Bearer {WRONG}"}
    statuses = [(await service.http.get("/v1/policy", headers=headers)).status_code for _ in range(2)]
    assert statuses == [401, 429]


async def test_keys_that_were_never_made_are_not_looked_up(service: Service) -> None:
    asked = 0

    class Pool:
        async def fetchrow(self, *_: Any) -> None:
            nonlocal asked
            asked += 1

    credentials = service.app.state.credentials
    assert not await credentials.bootstrap_pending()  # known from now on
    pool, credentials._pool = credentials._pool, Pool()
    try:
        for token in (
            "nonsense",
            "tzk_",
            "tzk_000000000000",
            "tzk_000000000000.",
            WRONG + "x",
            "tzx" + WRONG[3:],
        ):
            async with at(service, f"10.1.0.{len(token)}") as ask:
                assert (await ask(token)).status_code == 401
        assert asked == 0
        async with at(service, "10.1.1.1") as ask:
            assert (await ask(WRONG)).status_code == 401
        assert asked == 1
    finally:
        credentials._pool = pool
