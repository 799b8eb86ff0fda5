"""Long work gives way to commands, and loses nothing by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from time import monotonic, perf_counter, sleep
from typing import Any

import pytest

from service import pace
from service.pace import commanding, giving_way


@pytest.fixture(autouse=True)
def own_pace(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A pace without the commands of other tests."""
    monkeypatch.setattr(pace, "_PACE", pace._WorkPace())
    yield
    assert not pace._PACE.stepping


async def steps(number: int, seconds: float) -> int:
    """Work of so many steps, each of which takes Python so long."""
    for _ in range(number):
        sleep(seconds)  # noqa: ASYNC251  # a step that lets nobody else have a turn
        await asyncio.sleep(0)
    return number


async def took(work: Callable[[], Coroutine[Any, Any, Any]]) -> float:
    started = perf_counter()
    await work()
    return perf_counter() - started


async def test_long_work_takes_its_time_and_no_more_without_commands() -> None:
    assert await took(lambda: wrapped(10, 0.01)) < 0.3


async def wrapped(number: int, seconds: float) -> None:
    assert await giving_way(steps(number, seconds)) == number


async def test_long_work_beside_a_command_gets_a_tenth_of_the_time() -> None:
    with commanding():
        assert await took(lambda: wrapped(5, 0.01)) >= 5 * 0.01 * pace.WAY


async def test_two_long_works_beside_a_command_get_a_tenth_together() -> None:
    async def both() -> None:
        await asyncio.gather(wrapped(3, 0.01), wrapped(3, 0.01))

    with commanding():
        assert await took(both) >= 6 * 0.01 * pace.WAY


async def test_long_work_within_long_work_is_counted_once() -> None:
    async def outer() -> None:
        await giving_way(wrapped(5, 0.01))

    with commanding():
        assert 5 * 0.01 * pace.WAY <= await took(outer) < 5 * 0.01 * pace.WAY * 1.8


async def test_long_work_goes_on_at_full_speed_soon_after_the_last_command() -> None:
    with commanding():
        working = asyncio.ensure_future(giving_way(steps(3, 0.2)))
        await asyncio.sleep(0.05)
    ended = monotonic()
    await working
    assert monotonic() - ended < pace.QUIET + 1.0  # and not the 5 s that the steps would have to wait


@pytest.mark.parametrize("beside", [True, False], ids=["in its turn", "in its step"])
async def test_long_work_that_is_given_up_is_told_where_it_waits(beside: bool) -> None:
    told = asyncio.Event()

    async def work() -> None:
        try:
            sleep(0.05)  # noqa: ASYNC251
            await asyncio.sleep(0 if beside else 60)
            await asyncio.sleep(60)
        finally:
            told.set()

    with commanding():
        working = asyncio.ensure_future(giving_way(work()))
        await asyncio.sleep(0.1)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
    assert told.is_set()


async def test_what_long_work_raises_and_is_sent_goes_through() -> None:
    async def work() -> str:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.sleep(60)
        assert await asyncio.to_thread(lambda: 7) == 7
        raise LookupError("gone")

    with commanding(), pytest.raises(LookupError, match="gone"):
        await giving_way(work())
