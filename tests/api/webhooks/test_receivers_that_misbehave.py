"""Receivers that fail, are slow, break off or lie: what counts is the status; a dead one holds up nobody else."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from time import monotonic

import pytest

from tests.api.webhooks.conftest import Hooked
from tests.receivers import Behave, Received, Receiver, answer, eventually, receiving, take, until


async def silence(_: Received, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)


async def reset(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def cut_after_200(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()


async def cut_in_the_head(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    await writer.drain()


async def longer_than_said(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\nmuch more than one")
    await writer.drain()


async def no_http(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.test ESMTP\r\n")
    await writer.drain()


async def slow(_: Received, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.4)
    await answer(writer, 202)


async def drop_by_drop(_: Received, writer: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok":
        writer.write(bytes([byte]))
        await asyncio.sleep(0.05)


async def endless(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(100):
        writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
    await writer.drain()


async def moved(_: Received, writer: asyncio.StreamWriter) -> None:
    await answer(writer, 307, b"", "Location: http://127.0.0.1/")


@pytest.mark.parametrize(
    ("behave", "outcome", "status"),
    [
        (silence, "TIMEOUT", None),
        (drop_by_drop, "TIMEOUT", None),
        (reset, "BROKEN", None),
        (cut_in_the_head, "BROKEN", None),
        (no_http, "BROKEN", None),
        (moved, "STATUS", 307),
        (endless, "STATUS", 500),
        (cut_after_200, "DELIVERED", 200),
        (longer_than_said, "DELIVERED", 204),
        (slow, "DELIVERED", 202),
    ],
    ids=lambda one: one.__name__ if callable(one) else str(one),
)
async def test_status_decides_and_what_is_no_answer_is_tried_again(
    hooked: Hooked, behave: Behave, outcome: str, status: int | None
) -> None:
    receiver = Receiver(behave=behave)
    async with receiving(receiver):
        code = await hooked.endpoint(receiver)
        await hooked.asset()
        position = await hooked.service.head()
        await eventually(lambda: hooked.attempts(code, position))
        (one,) = await hooked.attempts(code, position)
        assert (one["outcome"], one["status"]) == (outcome, status)
        assert len(one["answer"].encode()) <= 2048
        (delivery,) = await hooked.deliveries(code, after=position - 1)
        assert delivery["state"] == ("DELIVERED" if outcome == "DELIVERED" else "PENDING")
        await hooked.service.post(f"/v1/webhook-endpoints/{code}/disabling", {}, "auditor")


async def test_dead_endpoint_holds_up_nobody_else(hooked: Hooked) -> None:
    dead, good = Receiver(behave=silence), Receiver()
    async with receiving(dead, good):
        stuck = await hooked.endpoint(dead)
        await hooked.endpoint(good)
        for _ in range(6):
            await hooked.asset()
        last = await hooked.service.head()
        await until(lambda: last in good.positions, 2)
        assert good.positions == list(range(last - 5, last + 1))
        assert len([one for one in await hooked.deliveries(stuck) if one["state"] == "PENDING"]) == 6
        await hooked.service.post(f"/v1/webhook-endpoints/{stuck}/disabling", {}, "auditor")


async def test_retry_after_is_waited_for(hooked: Hooked) -> None:
    async def busy(_: Received, writer: asyncio.StreamWriter) -> None:
        await answer(writer, 503, b"", "Retry-After: 3600")

    receiver = Receiver(behave=busy)
    async with receiving(receiver):
        code = await hooked.endpoint(receiver)
        await hooked.asset()
        position = await hooked.service.head()
        await until(lambda: len(receiver.events) == 1)
        await eventually(lambda: hooked.attempts(code, position))
        hooked.ahead += timedelta(minutes=59)
        await asyncio.sleep(1.3)
        assert len(receiver.events) == 1
        hooked.ahead += timedelta(minutes=2)
        await until(lambda: len(receiver.events) == 2)


@pytest.mark.parametrize(
    ("ordering", "concurrency", "most"), [("NONE", 3, 3), ("NONE", 1, 1), ("ALL", 4, 1), ("ASSET", 4, 2)]
)
async def test_so_many_side_by_side_as_the_endpoint_takes_and_its_order_lets(
    hooked: Hooked, ordering: str, concurrency: int, most: int
) -> None:
    """Six events of two assets: unordered as many as it takes, ordered one for each lane."""
    now, at_once = 0, 0

    async def counting(_: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal now, at_once
        now += 1
        at_once = max(at_once, now)
        await asyncio.sleep(0.25)
        now -= 1
        await answer(writer, 200)

    receiver = Receiver(behave=counting)
    async with receiving(receiver):
        first, second = await hooked.asset(), await hooked.asset()
        after = await hooked.service.head()
        await hooked.endpoint(receiver, ordering=ordering, concurrency=concurrency, after=after)
        for version in (1, 2, 3):
            await hooked.report(first, version)
            last = await hooked.report(second, version)
        await until(lambda: len(receiver.positions) == 6)
        assert at_once == most
        if ordering == "ALL":
            assert receiver.positions == list(range(last - 5, last + 1))


async def test_no_more_a_second_than_the_endpoint_takes(hooked: Hooked) -> None:
    arrived: list[float] = []

    async def noting(request: Received, writer: asyncio.StreamWriter) -> None:
        arrived.append(monotonic())
        await take(request, writer)

    receiver = Receiver(behave=noting)
    async with receiving(receiver):
        after = await hooked.service.head()
        for _ in range(5):
            await hooked.asset()
        await hooked.endpoint(receiver, per_second=4, after=after, filters={"types": ["asset.registered"]})
        await until(lambda: len(arrived) == 5)
        assert arrived[-1] - arrived[0] >= 0.7  # four gaps of a quarter, the first message being late
