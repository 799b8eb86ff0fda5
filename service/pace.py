"""Long work beside commands: it gives way while commands are under way, and goes at full speed when there are none.

    await giving_way(fold(...))

Python does one thing at a time. Folding a log, writing out a ledger or filling a workbook takes whatever it can get;
what every step of it took, from one wait to the next, is counted, and before its next step it waits several times as
long, together for all that goes on, so that commands keep most of the time. So long work waits often: no step of it
takes longer than a health check may.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from time import monotonic, perf_counter
from typing import Any, Final, Generic, TypeVar

WAY: Final = 9.0
"""How many times as long as its steps took all long work together waits: it gets a tenth of the time."""
QUIET: Final = 0.5
"""After so many seconds without a command there is nobody to give way to."""
_LOOK: Final = 0.1
"""Seconds between two looks at whether there is still anybody to give way to."""

_Result = TypeVar("_Result")


class _WorkPace:
    """Pace of the work in this process."""

    def __init__(self) -> None:
        self.commands = 0
        self.last_command = float("-inf")
        self.free_at = 0.0
        """From when on the next step may be taken, beside commands."""
        self.stepping = False
        """Whether a step is being taken: long work within long work is timed once."""

    def quiet(self) -> bool:
        return not self.commands and monotonic() - self.last_command > QUIET

    def owe(self, seconds: float) -> None:
        self.free_at = max(self.free_at, monotonic()) + seconds * WAY

    async def turn(self) -> None:
        """Until everything that was taken up to now is made good, or nobody needs it."""
        due = self.free_at
        while not self.quiet() and (left := due - monotonic()) > 0:  # noqa: ASYNC110  # nobody says when commands end
            await asyncio.sleep(min(left, _LOOK))
        if self.quiet():
            self.free_at = 0.0


_PACE: Final = _WorkPace()


async def turn_after(seconds: float) -> float:
    """Wait for the next step of long work that another process does; its last step took so many seconds. Seconds waited."""
    asked = monotonic()
    _PACE.owe(seconds)
    await _PACE.turn()
    return monotonic() - asked


@contextmanager
def commanding() -> Iterator[None]:
    """A command is under way."""
    _PACE.commands += 1
    try:
        yield
    finally:
        _PACE.commands -= 1
        _PACE.last_command = monotonic()


def giving_way(work: Coroutine[Any, Any, _Result]) -> Awaitable[_Result]:
    """Long work that waits for its turn before each of its steps."""
    return _GivingWay(work)


class _GivingWay(Generic[_Result]):
    """A coroutine whose steps are timed, and taken only in turn."""

    def __init__(self, work: Coroutine[Any, Any, _Result]) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, _Result]:
        if _PACE.stepping:
            return (yield from self._work.__await__())
        error: BaseException | None = None
        while True:
            if error is None:
                try:
                    yield from _PACE.turn().__await__()
                except BaseException as stopped:  # noqa: BLE001  # the work is told of it where it waits
                    error = stopped
            started, _PACE.stepping = perf_counter(), True
            try:
                waits_for = self._work.send(None) if error is None else self._work.throw(error)
            except StopIteration as done:
                result: _Result = done.value
                return result
            finally:
                _PACE.stepping = False
                _PACE.owe(perf_counter() - started)
            error = None
            try:
                yield waits_for
            except BaseException as stopped:  # noqa: BLE001  # likewise
                error = stopped
