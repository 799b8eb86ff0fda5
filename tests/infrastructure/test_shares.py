"""Shares of connections and rooms: who gets in, who waits, who is told to come again."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from pydantic import SecretStr

from domain.refusals import Refusal
from service.admission import RoomBounds, WaitingRoom, acting_for
from service.cli.doctor import examine
from service.database.bulkheads import Bulkheads, NoConnectionFree, share_of
from service.database.database import open_database
from service.settings import Settings
from service.shares import DEFAULT_CONNECTIONS, LEAST_CONNECTIONS, TERMS, Share, shared_out, working
from tests.shares import bulkheads


@pytest.mark.parametrize("connections", [LEAST_CONNECTIONS, LEAST_CONNECTIONS + 1, DEFAULT_CONNECTIONS, 100])
def test_connections_are_shared_out_to_the_last_one_and_every_share_has_its_least(connections: int) -> None:
    sizes = shared_out(connections)
    assert sum(sizes.values()) == connections
    assert all(sizes[share] >= terms.least for share, terms in TERMS.items())
    assert set(sizes) == set(Share)


def test_fewer_connections_than_the_shares_need_are_no_setting() -> None:
    with pytest.raises(ValueError, match="not enough"):
        shared_out(LEAST_CONNECTIONS - 1)


def test_defaults_of_every_share() -> None:
    assert shared_out(DEFAULT_CONNECTIONS) == {
        Share.COMMANDS: 6, Share.QUESTIONS: 6, Share.PAST: 6, Share.EXPORTS: 3,
        Share.WORK: 5, Share.LEDGERS: 3, Share.PAPERS: 2, Share.HEALTH: 1, Share.CREDENTIALS: 2,
    }  # fmt: skip


async def test_a_share_that_is_taken_leaves_every_other_its_connections(database_url: str) -> None:
    terms = {share: replace(one, wait=0.2) for share, one in TERMS.items()}
    async with bulkheads(database_url, LEAST_CONNECTIONS, terms=terms) as pool, AsyncExitStack() as taken:
        with working(Share.QUESTIONS):
            for _ in range(pool.of(Share.QUESTIONS).get_max_size()):
                await taken.enter_async_context(pool.acquire())
            with pytest.raises(NoConnectionFree):
                await pool.fetchval("SELECT 1")
        for share in set(Share) - {Share.QUESTIONS}:
            with working(share):
                assert await pool.fetchval("SELECT 1") == 1


async def test_nothing_of_any_share_waits_without_a_limit(database_url: str) -> None:
    async with bulkheads(database_url) as pool:
        for share, terms in TERMS.items():
            one = share_of(pool, share)
            assert one.wait == terms.wait > 0
            async with one.acquire() as connection:
                for name in ("lock_timeout", "statement_timeout"):
                    assert await connection.fetchval(f"SHOW {name}") not in {"0", "0s"}, (share, name)


async def test_a_task_keeps_the_share_it_was_begun_in(database_url: str) -> None:
    async with bulkheads(database_url) as pool:
        begun = asyncio.Event()

        async def which() -> int:
            await begun.wait()
            async with pool.acquire():
                return pool.of(Share.WORK).get_size() - pool.of(Share.WORK).get_idle_size()

        with working(Share.WORK):
            task = asyncio.create_task(which())
        begun.set()
        assert await task == 1


async def test_a_connection_goes_back_only_to_its_share(database_url: str) -> None:
    async with bulkheads(database_url) as pool:
        connection = await pool.of(Share.HEALTH).acquire()
        with pytest.raises(TypeError):
            await pool.release(connection)
        await pool.of(Share.HEALTH).release(connection)
        assert isinstance(pool, Bulkheads)


async def test_doctor_tells_when_a_service_would_leave_too_few_connections_to_the_tools(
    database_url: str,
) -> None:
    """The test server takes 400 connections and keeps three for superusers; five are for the tools."""
    async with open_database(Settings(database_url=SecretStr(database_url))) as database:
        for connections, ok in ((391, True), (392, True), (393, False)):
            found = {one.check: one async for one in examine(database, None, connections)}
            assert found["connections"].ok is ok
            assert found["connections"].found.startswith(f"{connections} of 397 for a service (commands ")


# ---- rooms ----------------------------------------------------------------------------------------------------------


class _Crowd:
    """Who is in a room, each until told to leave."""

    def __init__(self, room: WaitingRoom) -> None:
        self.room = room
        self.leave: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.inside: list[str] = []

    async def send(self, sender: str, name: str) -> asyncio.Task[None]:
        """Somebody comes; afterwards he is in, waits, or was refused."""
        self.leave[name] = asyncio.Event()

        async def come() -> None:
            with acting_for(sender):
                async with self.room.place():
                    self.inside.append(name)
                    try:
                        await self.leave[name].wait()
                    finally:
                        self.inside.remove(name)

        self.tasks[name] = asyncio.create_task(come())
        await settled()
        return self.tasks[name]

    async def goes(self, name: str) -> None:
        self.leave[name].set()
        await settled()

    async def empty(self) -> None:
        for one in self.leave.values():
            one.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        assert (self.inside, self.room.taken) == ([], 0)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def refused(task: asyncio.Task[None]) -> tuple[str, int]:
    error = task.exception()
    assert isinstance(error, Refusal)
    return error.code, error.params["seconds"]


async def test_a_room_takes_its_number_and_one_key_its_share() -> None:
    crowd = _Crowd(WaitingRoom(RoomBounds(at_once=3, per_key=2, again_seconds=7)))
    await crowd.send("a", "a1")
    await crowd.send("a", "a2")
    assert refused(await crowd.send("a", "a3")) == ("TOO_MANY_REQUESTS", 7)
    await crowd.send("b", "b1")
    assert crowd.inside == ["a1", "a2", "b1"]
    assert refused(await crowd.send("c", "c1")) == ("SERVICE_BUSY", 7)
    await crowd.goes("a1")
    await crowd.send("a", "a4")
    assert crowd.inside == ["a2", "b1", "a4"]
    await crowd.empty()


async def test_who_waits_is_let_in_by_turns_and_a_full_key_holds_up_nobody() -> None:
    crowd = _Crowd(
        WaitingRoom(RoomBounds(at_once=2, per_key=1, waiting=3, waiting_per_key=1, wait_seconds=60))
    )
    await crowd.send("a", "a1")
    await crowd.send("b", "b1")
    await crowd.send("a", "a2")
    assert refused(await crowd.send("a", "a3"))[0] == "TOO_MANY_REQUESTS"
    await crowd.send("c", "c1")
    await crowd.send("d", "d1")
    assert refused(await crowd.send("e", "e1"))[0] == "SERVICE_BUSY"
    await crowd.goes("b1")
    assert crowd.inside == ["a1", "c1"]
    await crowd.goes("a1")
    assert crowd.inside == ["c1", "a2"]
    await crowd.empty()


async def test_who_waited_in_vain_is_told_whose_share_was_used_up() -> None:
    bounds = RoomBounds(at_once=1, per_key=1, waiting=3, waiting_per_key=2, wait_seconds=0.05)
    crowd = _Crowd(WaitingRoom(bounds))
    await crowd.send("a", "a1")
    own, others = await crowd.send("a", "a2"), await crowd.send("b", "b1")
    await asyncio.wait({own, others})
    assert (refused(own)[0], refused(others)[0]) == ("TOO_MANY_REQUESTS", "SERVICE_BUSY")
    await crowd.empty()


async def test_who_goes_away_while_waiting_leaves_no_trace() -> None:
    crowd = _Crowd(
        WaitingRoom(RoomBounds(at_once=1, per_key=1, waiting=2, waiting_per_key=2, wait_seconds=60))
    )
    await crowd.send("a", "a1")
    for name in ("b1", "b2"):
        await crowd.send("b", name)
    crowd.tasks["b1"].cancel()
    await settled()
    await crowd.goes("a1")
    assert crowd.inside == ["b2"]
    await crowd.send("c", "c1")
    crowd.leave["b2"].set()
    crowd.tasks["c1"].cancel()  # let in and gone in the same moment
    await settled()
    await crowd.send("d", "d1")
    assert crowd.inside == ["d1"]
    await crowd.empty()
