"""Senders that are killed, and two at once: every event arrives at least once, under the same id, in order per asset."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from domain.catalogue import EVENT_TYPES
from projections.catalogue import CATALOGUE
from service.clock import utc_now
from service.ledgers.rebuild.workers import rebuild
from service.sealing_keys import SealingKeys
from service.webhooks.endpoints import Endpoints, WebhookEndpoint
from service.webhooks.filters import EventFilter
from service.webhooks.places import places_of
from service.webhooks.sender import WebhookSender
from service.webhooks.sending import Courier
from tests.api.bodies import road
from tests.api.service import COUNTY, Service, new_code, running
from tests.receivers import Net, Received, Receiver, answer, receiving, take, until


class Senders:
    """Senders of one database, as several processes would run them; their clock runs fast."""

    def __init__(self, service: Service, net: Net, folder: Path) -> None:
        self.service = service
        self.ahead = timedelta()
        self.endpoints = Endpoints(service.pool, SealingKeys(folder, "webhooks"))
        titles = {name: one.TITLE for name, one in EVENT_TYPES.items()}
        self.courier = Courier(self.endpoints, net.dialler(total_seconds=1.0), self.now, titles)

    def now(self) -> datetime:
        return utc_now() + self.ahead

    def sender(self, lease_seconds: float = 0.6) -> WebhookSender:
        context = self.service.app.state.context
        return WebhookSender(context.store, self.courier, places_of(context), lease_seconds=lease_seconds)

    async def endpoint(self, url: str, **changes: Any) -> WebhookEndpoint:
        key = await self.service.pool.fetchval("SELECT id FROM credential WHERE label = 'auditor'")
        made = WebhookEndpoint(
            **{
                "county": COUNTY,
                "endpoint": new_code("W"),
                "url": url,
                "label": "试",
                "organization": "AUDIT",
                "credential": key,
                "filters": EventFilter(types=("asset.*",)),
                "ordering": "ASSET",
                "concurrency": 8,
                "per_second": 200,
                "state": "UNVERIFIED",
                "reason": None,
                "position": await self.service.head(),
                "failing_since": None,
                "created_at": self.now(),
                "epoch": 0,
            }
            | changes
        )
        await self.endpoints.create(made, self.now())
        await self.endpoints.change_state(made, "ACTIVE", "VERIFIED", "test", self.now())
        return made

    async def pending(self) -> int:
        return int(
            await self.service.pool.fetchval("SELECT count(*) FROM webhook_delivery WHERE state = 'PENDING'")
        )


@asynccontextmanager
async def killable(sender: WebhookSender) -> AsyncIterator[None]:
    """A sender that ends as a killed process does: at whatever it is doing, without giving its leases back."""
    await sender.__aenter__()
    mine = lambda: [  # noqa: E731
        task
        for task in (sender._watch, *sender._followers.values(), *(one.task for one in sender._held.values()))
        if task
    ]
    try:
        yield
    finally:
        tasks = mine()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def reported(service: Service, assets: dict[str, int], dice: random.Random) -> None:
    """One more event of some asset."""
    asset = dice.choice(sorted(assets))
    body = {"report": {"state": "IDLE" if assets[asset] % 2 else "IN_USE", "reportedOn": "2022-01-01"}}
    await service.write(f"/v1/assets/{asset}/status-reports", body, version=assets[asset])
    assets[asset] += 1


async def storm(database_url: str, tmp_path: Path, kills: int) -> None:
    """Kill senders at random moments while events are recorded and a third of the attempts fail; then look at all."""
    dice = random.Random(20210617)

    async def moody(request: Received, writer: asyncio.StreamWriter) -> None:
        if dice.random() < 0.3:
            await answer(writer, 500)
        elif dice.random() < 0.05:
            writer.transport.abort()
        else:
            await asyncio.sleep(dice.random() * 0.03)
            await take(request, writer)

    net, receiver = Net(), Receiver(behave=moody)
    async with running(database_url) as service, receiving(receiver):
        senders = Senders(service, net, tmp_path / "keys")
        begin = await service.head()
        await senders.endpoint(net.put(receiver))
        assets = {new_code(): 1 for _ in range(5)}
        for asset in assets:
            await service.write("/v1/assets", {"asset": asset, "card": road()})
        for _ in range(kills):
            async with killable(senders.sender()):
                for _ in range(3):
                    await reported(service, assets, dice)
                    senders.ahead += timedelta(minutes=10)
                await asyncio.sleep(dice.random() * 0.5)
            await asyncio.sleep(0.65)  # the lease of the dead one runs out
        receiver.behave = take
        async with senders.sender():
            async with asyncio.timeout(20):
                while await senders.pending() or await behind(service.pool):
                    senders.ahead += timedelta(hours=30)
                    await asyncio.sleep(0.1)
        recorded = range(begin + 1, await service.head() + 1)
        assert set(receiver.positions) == set(recorded)
        versions: dict[str, list[int]] = defaultdict(list)
        bodies: dict[str, set[bytes]] = defaultdict(set)
        for one in receiver.events:
            data = one.json["data"]
            versions[data["asset"]].append(data["version"])
            bodies[one.id].add(one.body)
            assert one.id == f"msg_{COUNTY}_{data['position']}"
        assert all(len(one) == 1 for one in bodies.values())
        assert {asset: max(found) for asset, found in versions.items()} == assets
        assert all(found == sorted(found) for found in versions.values()), versions
        states = await service.pool.fetch("SELECT state, count(*) FROM webhook_delivery GROUP BY state")
        assert dict(states) == {"DELIVERED": len(recorded)}


async def behind(pool: asyncpg.Pool) -> int:
    """How many events no delivery was made of yet."""
    return int(
        await pool.fetchval(
            "SELECT h.position - min(e.position) FROM log_head h JOIN webhook_endpoint e USING (county)"
            " GROUP BY h.position"
        )
    )


async def test_nothing_is_lost_or_out_of_order_when_senders_are_killed(
    database_url: str, tmp_path: Path
) -> None:
    await storm(database_url, tmp_path, kills=4)


@pytest.mark.soak
async def test_nothing_is_lost_or_out_of_order_when_senders_are_killed_fifty_times(
    database_url: str, tmp_path: Path
) -> None:
    await storm(database_url, tmp_path, kills=50)


async def test_two_senders_send_everything_once(database_url: str, tmp_path: Path) -> None:
    net, receivers = Net(), [Receiver() for _ in range(4)]
    async with running(database_url) as service, receiving(*receivers):
        senders = Senders(service, net, tmp_path / "keys")
        first, second = senders.sender(30), senders.sender(30)
        async with first:
            for receiver in receivers[:2]:
                await senders.endpoint(net.put(receiver))
            await until(lambda: len(first._held) == 2)
            async with second:
                for receiver in receivers[2:]:
                    await senders.endpoint(net.put(receiver))
                await until(lambda: len(first._held) + len(second._held) == 4)
                begin = await service.head()
                for _ in range(10):
                    await service.write("/v1/assets", {"card": road()})
                expected = Counter(range(begin + 1, begin + 11))
                for receiver in receivers:
                    await until(lambda receiver=receiver: len(receiver.positions) >= 10)
                await asyncio.sleep(0.3)
                assert [Counter(one.positions) for one in receivers] == [expected] * 4
            # The second has stopped in good order: what it held is taken over at once.
            await service.write("/v1/assets", {"card": road()})
            for receiver in receivers:
                await until(lambda receiver=receiver: len(receiver.positions) == 11)


async def test_sender_whose_lease_was_taken_over_writes_nothing(database_url: str, tmp_path: Path) -> None:
    net = Net()
    hold = asyncio.Event()

    async def waits(request: Received, writer: asyncio.StreamWriter) -> None:
        await hold.wait()
        await take(request, writer)

    receiver = Receiver(behave=waits)
    async with running(database_url) as service, receiving(receiver):
        senders = Senders(service, net, tmp_path / "keys")
        made = await senders.endpoint(net.put(receiver))
        async with senders.sender(30.0):
            await service.write("/v1/assets", {"card": road()})
            await until(lambda: len(receiver.events) == 1)
            await service.pool.execute(
                "UPDATE webhook_endpoint SET epoch = epoch + 1, holder = 'another',"
                " lease_until = clock_timestamp() + interval '20 seconds' WHERE endpoint = $1",
                made.endpoint,
            )
            hold.set()
            await asyncio.sleep(0.6)
            assert await senders.pending() == 1
            assert await service.pool.fetchval("SELECT count(*) FROM webhook_attempt") == 0


async def test_rebuild_of_the_ledgers_sends_nothing(database_url: str, tmp_path: Path) -> None:
    net, receiver = Net(), Receiver()
    async with running(database_url) as service, receiving(receiver):
        senders = Senders(service, net, tmp_path / "keys")
        await senders.endpoint(net.put(receiver))
        async with senders.sender():
            await service.write("/v1/assets", {"card": road()})
            await until(lambda: len(receiver.events) == 1)
            (rebuilt,) = await rebuild(database_url, [CATALOGUE["asset_register"]], processes=1)
            assert rebuilt.positions == {COUNTY: await service.head()}
            await asyncio.sleep(0.5)
            assert len(receiver.events) == 1
