"""When an endpoint is given up: 410, five days of failures, a key that may not read any more; and what stays to be seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from tests.api.webhooks.conftest import ENDPOINTS, Hooked, hooking
from tests.receivers import Received, Receiver, answer, eventually, receiving, take, until

JUMPS = (0.01, 0.11, 0.61, 2.41, 6.01, 12.01, 16.81, 24.01, 28.81)
"""Hours after which the next attempt is due even if its delay was lengthened by a fifth; 3.8 days in all."""


@pytest_asyncio.fixture(loop_scope="module")
async def alone(database_url: str, tmp_path: Path) -> AsyncIterator[Hooked]:
    """A service whose clock nobody else minds."""
    async with hooking(database_url, tmp_path) as one:
        yield one


async def until_off(hooked: Hooked, code: str) -> str:
    """Wait until an endpoint is disabled; the reason."""

    async def off() -> bool:
        return bool((await hooked.state(code))["state"] == "DISABLED")

    await eventually(off)
    found = await hooked.state(code)
    assert found["history"][-1]["act"] == "DISABLED"
    return str(found["reason"])


async def test_gone_disables_and_enabling_goes_on_where_it_stopped(hooked: Hooked) -> None:
    async def gone(_: Received, writer: asyncio.StreamWriter) -> None:
        await answer(writer, 410)

    receiver = Receiver(behave=gone)
    async with receiving(receiver):
        code = await hooked.endpoint(receiver)
        await hooked.asset()
        first = await hooked.service.head()
        assert await until_off(hooked, code) == "GONE"
        assert "410" in (await hooked.state(code))["notice"]
        history = (await hooked.state(code))["history"]
        assert [one["act"] for one in history] == ["CREATED", "VERIFIED", "DISABLED"]
        assert history[-1]["actor"] == "service"
        await hooked.asset()
        await asyncio.sleep(0.3)
        assert receiver.positions == [first]
        receiver.behave = take
        hooked.ahead += timedelta(seconds=10)
        enabled = await hooked.service.post(f"{ENDPOINTS}/{code}/enabling", {}, "auditor")
        assert enabled.json()["state"] == "ACTIVE"
        await until(lambda: receiver.positions == [first, first, first + 1])


async def test_delivery_is_given_up_after_ten_attempts_and_is_a_gap_that_can_be_sent_again(
    alone: Hooked,
) -> None:
    async def broken(_: Received, writer: asyncio.StreamWriter) -> None:
        await answer(writer, 500)

    receiver, hooked = Receiver(behave=broken), alone
    async with receiving(receiver):
        code = await hooked.endpoint(receiver)
        asset = await hooked.asset()
        first = await hooked.service.head()
        second = await hooked.report(asset, 1)
        for tries, jump in enumerate((*JUMPS, JUMPS[0]), 1):
            await until_tries(hooked, code, tries)
            if tries < 10:
                assert set(receiver.positions) == {first}  # what comes after it waits
            else:
                receiver.behave = take
            hooked.ahead += timedelta(hours=jump)
        (gap,) = await hooked.deliveries(code, state="DEAD")
        assert (gap["position"], gap["tries"]) == (first, 10)
        assert (await hooked.state(code))["dead"] == 1
        await until(lambda: second in receiver.positions)
        body = {"which": "FAILED", "first": 1, "last": second}
        asked = await hooked.service.post(f"{ENDPOINTS}/{code}/replays", body, "auditor")
        assert asked.status_code == 202
        await hooked.until_state(code, "DELIVERED", first)
        assert await hooked.deliveries(code, state="DEAD") == []
        assert len({one.id for one in receiver.events if one.position == first}) == 1


async def test_five_days_of_nothing_but_failures_disable(alone: Hooked) -> None:
    async def broken(_: Received, writer: asyncio.StreamWriter) -> None:
        await answer(writer, 500)

    receiver, hooked = Receiver(behave=broken), alone
    async with receiving(receiver):
        code = await hooked.endpoint(receiver)
        await hooked.asset()
        await until(lambda: len(receiver.events) == 1)
        await until_tries(hooked, code, 1)
        hooked.ahead += timedelta(days=5) - timedelta(minutes=5)
        await until_tries(hooked, code, 2)
        assert (await hooked.state(code))["state"] == "ACTIVE"
        hooked.ahead += timedelta(minutes=10)
        assert await until_off(hooked, code) == "FAILING"
        assert "五天" in (await hooked.state(code))["notice"]
        # On the sixth day the subscriber is back, and nothing that happened meanwhile is left out.
        for _ in range(3):
            await hooked.asset()
        await asyncio.sleep(0.3)
        assert len(receiver.events) == 3
        receiver.behave = take
        hooked.ahead += timedelta(days=1)
        assert (await hooked.service.post(f"{ENDPOINTS}/{code}/enabling", {}, "auditor")).status_code == 200
        first = receiver.positions[0]
        await until(lambda: sorted(receiver.positions[3:]) == [first, first + 1, first + 2, first + 3])


async def until_tries(hooked: Hooked, code: str, tries: int) -> None:

    async def tried() -> bool:
        found = await hooked.deliveries(code)
        return bool(found) and found[0]["tries"] >= tries

    await eventually(tried)


async def test_revoked_key_stops_its_endpoints_and_another_of_the_unit_takes_over(hooked: Hooked) -> None:
    receiver = Receiver()
    body = {"label": "推送", "organization": "AUDIT", "organizationKind": "DEPARTMENT", "roles": ["AUDITOR"]}
    made = await hooked.service.http.post("/v1/keys", json=body, headers=hooked.service.headers("admin"))
    key = made.json()
    async with receiving(receiver):
        code = await hooked.endpoint(receiver, key["token"])
        await hooked.asset()
        await until(lambda: len(receiver.events) == 1)
        path = f"/v1/keys/{key['id']}"
        assert (
            await hooked.service.http.delete(path, headers=hooked.service.headers("admin"))
        ).status_code == 204
        assert await until_off(hooked, code) == "KEY_REVOKED"
        await hooked.asset()
        missed = await hooked.service.head()
        await asyncio.sleep(0.5)
        assert len(receiver.events) == 1
        assert (await hooked.service.post(f"{ENDPOINTS}/{code}/enabling", {}, "auditor")).status_code == 200
        await until(lambda: missed in receiver.positions)


@pytest.mark.parametrize("roles", [["READER"], ["REGISTRAR"], ["PERSONNEL"]])
async def test_key_that_may_not_read_the_log_any_more_stops_its_endpoints(
    hooked: Hooked, roles: list[str]
) -> None:
    receiver = Receiver()
    body = {"label": "推送", "organization": "AUDIT", "organizationKind": "DEPARTMENT", "roles": ["AUDITOR"]}
    made = await hooked.service.http.post("/v1/keys", json=body, headers=hooked.service.headers("admin"))
    async with receiving(receiver):
        code = await hooked.endpoint(receiver, made.json()["token"])
        await hooked.service.pool.execute(
            "UPDATE credential SET roles = $2 WHERE id = $1", made.json()["id"], roles
        )
        assert await until_off(hooked, code) == "KEY_RESTRICTED"
        await hooked.asset()
        await asyncio.sleep(0.3)
        assert receiver.events == []
