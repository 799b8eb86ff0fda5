"""Processes beside the service's own, for work that has to be bounded and can be ended.

Each is forked from one that has everything loaded (some hundredths of a second; the first one of a service waits a second
for that one), is talked to over a line, and is ended with its work: nothing of it is kept.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any, Final

from service.parent import end_with_parent

MEBIBYTE: Final = 1_048_576
_BEAT_SECONDS: Final = 0.5
"""How often whoever listens is told that nothing was said, and can say that it is not wanted any more."""

_CONTEXT: Final = get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["service.inventory.beside", "service.ledgers.beside", "service.cli.main"]
)  # the last is what a process looks for first


class ProcessDied(Exception):  # noqa: N818  what happened to the other end
    """The process ended in the middle of the conversation."""


@asynccontextmanager
async def process_beside(
    name: str, work: Callable[..., None], *given: Any
) -> AsyncIterator[tuple[ForkServerProcess, Line]]:
    """A process that does `work(its end of the line, *given)`, and the line to it; killed at the end if it still runs."""
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=work, args=(theirs, *given), daemon=True, name=name)
    line = Line(ours)
    try:
        try:
            await asyncio.to_thread(process.start)
        finally:
            theirs.close()
        yield process, line
    finally:
        await asyncio.shield(asyncio.to_thread(_end, process))
        await line.close()


def _end(process: ForkServerProcess) -> None:
    """Kill it if it still runs, and leave nothing of it."""
    with suppress(ValueError, AssertionError, AttributeError):  # it never started
        process.kill()
        process.join()
        process.close()


class Line:
    """Our end of the line to a process. What is said and heard on it is waited for in a thread, one at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._at_work: asyncio.Future[Any] | None = None

    async def say(self, what: Any) -> None:
        """Send; `ProcessDied`."""
        await self._done(self._connection.send, what)

    async def hear(self) -> Any:
        """What is said next, None after a moment of silence; `ProcessDied`."""
        return await self._done(self._next_message)

    async def close(self) -> None:
        """Close it when nobody is at work on it any more; the process has ended, so that is now."""
        if self._at_work is not None:
            await asyncio.wait((self._at_work,))
            self._at_work.exception()
        self._connection.close()

    async def _done(self, work: Callable[..., Any], *given: Any) -> Any:
        self._at_work = asyncio.get_running_loop().run_in_executor(None, work, *given)
        try:
            return await asyncio.shield(self._at_work)
        except (EOFError, OSError) as error:
            raise ProcessDied from error

    def _next_message(self) -> Any:
        return self._connection.recv() if self._connection.poll(_BEAT_SECONDS) else None


# ---- in the process of its own -------------------------------------------------------------------------------------


def serve_only() -> None:
    """In the process: it is its parent's to end it, and it ends with it."""
    for ended in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ended, signal.SIG_IGN)
    end_with_parent()


def bound_this_process(memory: int, cpu_seconds: int, spill: int) -> None:
    """From here on no more than this: bytes of memory beside what is there, processor time, bytes of a file. What a library
    in another language says of it is nobody's business.
    """
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123
        pages = int(statm.read().split()[0])
    there = pages * resource.getpagesize()
    _lower(resource.RLIMIT_AS, there + memory)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, cpu_seconds + round(spent.ru_utime + spent.ru_stime))
    _lower(resource.RLIMIT_FSIZE, spill)
    _lower(resource.RLIMIT_CORE, 0)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    os.close(silence)


def _lower(what: int, to: int) -> None:
    """Set a limit, or leave a lower one that is there."""
    _, most = resource.getrlimit(what)
    if most != resource.RLIM_INFINITY:
        to = min(to, most)
    resource.setrlimit(what, (to, most))
