"""Committed head of a county's log, as this process knows it."""

from __future__ import annotations

import asyncio


class Committed:
    """A county's last known position, and a way to wait for a later one.

    Only an optimisation: it knows what this process stored or read; others are noticed by looking at the head row.
    """

    def __init__(self) -> None:
        self.position = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def publish(self, position: int) -> None:
        """Wake everybody who waits if `position` is news."""
        if position <= self.position:
            return
        self.position = position
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self, after: int, timeout: float) -> int:
        """Return the position as soon as it is greater than `after`, or what it is after `timeout` seconds."""
        if self.position <= after:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await asyncio.wait((future,), timeout=timeout)
            finally:
                self._waiting.discard(future)
        return self.position
