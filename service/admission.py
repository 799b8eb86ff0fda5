"""Admission to slow work: so many at once, so many of them for one key, and nobody waits for ever.

    async with room.place():
        ...

Whoever finds no place waits for a moment, in the order of arrival; a key that has its share waits for its own and holds
up nobody. Who cannot be let in is told when to come again: TOO_MANY_REQUESTS (429) where it is his own key's share that
is used up, SERVICE_BUSY (503) where it is everybody's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from domain.refusals import Refusal, refuse

NOBODY: Final = "-"

_sender: ContextVar[str] = ContextVar("sender", default=NOBODY)


@contextmanager
def acting_for(sender: str) -> Iterator[None]:
    """Whatever is done here, and in tasks begun here, is done for this key or address."""
    token = _sender.set(sender)
    try:
        yield
    finally:
        _sender.reset(token)


@dataclass(frozen=True, slots=True)
class RoomBounds:
    """Bounds of a room: how many may be in it, and wait before it."""

    at_once: int
    per_key: int
    waiting: int = 0
    """Most that wait for a place."""
    waiting_per_key: int = 0
    wait_seconds: float = 5.0
    again_seconds: int = 1
    """When somebody who was not let in is told to come again."""


@dataclass(slots=True, eq=False)
class _Waiter:
    sender: str
    let_in: asyncio.Future[None]


class WaitingRoom:
    """Places for one sort of work in this process."""

    def __init__(self, bounds: RoomBounds) -> None:
        self.bounds = bounds
        self._inside: Counter[str] = Counter()
        self._waiting: list[_Waiter] = []

    @property
    def taken(self) -> int:
        """How many are in."""
        return self._inside.total()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place for whoever this is done for; TOO_MANY_REQUESTS, SERVICE_BUSY."""
        sender = await self.enter()
        try:
            yield
        finally:
            self.leave(sender)

    async def enter(self) -> str:
        """Take a place; gives whose it is, for `leave`. TOO_MANY_REQUESTS, SERVICE_BUSY."""
        sender = _sender.get()
        if not self._has_place(sender):
            await self._wait(sender)
        else:
            self._inside[sender] += 1
        return sender

    def leave(self, sender: str) -> None:
        """Give a place back; the first who waits and may have it gets it."""
        self._inside[sender] -= 1
        if not self._inside[sender]:
            del self._inside[sender]
        self._let_in()

    def _has_place(self, sender: str) -> bool:
        return self._inside[sender] < self.bounds.per_key and self.taken < self.bounds.at_once

    def _let_in(self) -> None:
        for waiter in list(self._waiting):
            if not waiter.let_in.done() and self._has_place(waiter.sender):
                self._waiting.remove(waiter)
                self._inside[waiter.sender] += 1
                waiter.let_in.set_result(None)

    async def _wait(self, sender: str) -> None:
        """Until somebody has left; whoever has let us in has counted us."""
        own = sum(waiter.sender == sender for waiter in self._waiting)
        if own >= self.bounds.waiting_per_key or len(self._waiting) >= self.bounds.waiting:
            raise self._full(sender)
        waiter = _Waiter(sender, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(self.bounds.wait_seconds):
                await waiter.let_in
        except BaseException as error:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif waiter.let_in.done() and not waiter.let_in.cancelled():
                self.leave(sender)
            if isinstance(error, TimeoutError):
                raise self._full(sender) from error
            raise

    def _full(self, sender: str) -> Refusal:
        own = self._inside[sender] >= self.bounds.per_key
        return refuse("TOO_MANY_REQUESTS" if own else "SERVICE_BUSY", seconds=self.bounds.again_seconds)
