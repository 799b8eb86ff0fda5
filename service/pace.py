"""Long work beside commands: it gives way while commands are under way, and goes at full speed when there are none.

Python does one thing at a time. Folding a log, writing out a ledger or filling a workbook takes whatever it can get;
after every piece of it `give_way` waits several times as long as the piece took, together for all that goes on, so that
commands keep most of the time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from time import monotonic, perf_counter
from typing import Final, TypeVar

WAY: Final = 5.0
"""How many times as long as a piece took one waits after it: long work gets a sixth of the time."""
LONGEST: Final = 1.0
"""Seconds of the longest wait."""
QUIET: Final = 0.5
"""After so many seconds without a command there is nobody to give way to."""

_Piece = TypeVar("_Piece")


class _WorkPace:
    """Pace of the work in this process."""

    def __init__(self) -> None:
        self.commands = 0
        self.last_command = float("-inf")
        self.long = 0

    def quiet(self) -> bool:
        return not self.commands and monotonic() - self.last_command > QUIET


_PACE: Final = _WorkPace()


@contextmanager
def commanding() -> Iterator[None]:
    """A command is under way."""
    _PACE.commands += 1
    try:
        yield
    finally:
        _PACE.commands -= 1
        _PACE.last_command = monotonic()


@contextmanager
def long_work() -> Iterator[None]:
    """Something long is under way."""
    _PACE.long += 1
    try:
        yield
    finally:
        _PACE.long -= 1


async def give_way(seconds: float) -> None:
    """After a piece of long work that took so many seconds: let the others have their turn."""
    wait = 0.0 if _PACE.quiet() else min(seconds * WAY * max(1, _PACE.long), LONGEST)
    await asyncio.sleep(wait)


async def paced(pieces: AsyncIterator[_Piece]) -> AsyncIterator[_Piece]:
    """The pieces of long work, with a pause after each in proportion to what was made of it."""
    with long_work():
        async for piece in pieces:
            started = perf_counter()
            yield piece
            await give_way(perf_counter() - started)
