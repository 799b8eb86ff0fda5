"""A spreadsheet read and judged in a process of its own, which has so much memory and time and is then ended.

Every file gets a process that is forked from one that has everything loaded (some hundredths of a second; the first
file of a service waits a second for that one). What a file costs ends with its process: nothing is kept. A process
that dies of a file is a refusal like any other; one whose asker has gone away is killed.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any, Final

from domain.refusals import Refusal, refuse
from service.inventory.judged import JudgedSheet, RegisterAnswer, RegisterQuestion, SheetOrder, judge_sheet
from service.memory import collecting_paused
from service.parent import end_with_parent

_MEBIBYTE: Final = 1_048_576
_BEAT_SECONDS: Final = 0.5
"""How often the asker is told that it is still going on, and can say that it is not wanted any more."""


@dataclass(frozen=True, slots=True)
class SheetBounds:
    """Bounds of reading and judging one file. The largest honest file (30,000 rows) takes half of it."""

    memory: int = 1_024 * _MEBIBYTE
    """Bytes beside what the process has at its start."""
    cpu_seconds: int = 60
    seconds: float = 180.0
    """By the clock on the wall, on a machine that has other things to do."""
    spill: int = 512 * _MEBIBYTE
    """Largest file that it may write meanwhile."""


BOUNDS: Final = SheetBounds()


@dataclass(frozen=True, slots=True)
class _RefusalSent:
    """A refusal on its way between processes."""

    code: str
    clause: str | None
    missing: tuple[str, ...]
    params: dict[str, Any]


_CONTEXT: Final = get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [__name__, "service.cli.main"]
)  # the latter is what a process looks for first


async def judged_beside(
    order: SheetOrder,
    answer: Callable[[RegisterQuestion], Awaitable[RegisterAnswer]],
    progress: Callable[[int, int | None], Awaitable[None]],
    bounds: SheetBounds = BOUNDS,
) -> JudgedSheet:
    """Have a file read and judged. The refusals of reading; SPREADSHEET_TOO_LARGE when it needs more than the bounds;
    whatever `progress` and `answer` raise ends the process.
    """
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_work, args=(theirs, bounds), daemon=True, name="spreadsheet")
    line = _Line(ours)
    try:
        try:
            await asyncio.to_thread(process.start)
        finally:
            theirs.close()
        try:
            async with asyncio.timeout(bounds.seconds) as deadline:
                return await _conversation(line, order, answer, progress)
        except TimeoutError:
            if not deadline.expired():
                raise  # somebody else's, of the database for one
            raise _too_slow(bounds) from None
        except _Died:
            await asyncio.to_thread(process.join)
            raise _of_death(process.exitcode, bounds) from None
    finally:
        await asyncio.shield(asyncio.to_thread(_end, process))
        await line.close()


def _end(process: ForkServerProcess) -> None:
    """Kill it if it still runs, and leave nothing of it."""
    with suppress(ValueError, AssertionError, AttributeError):  # it never started
        process.kill()
        process.join()
        process.close()


class _Died(Exception):  # noqa: N818  what happened to the other end
    """The process ended in the middle of the conversation."""


class _Line:
    """Our end of the line to the process. What is said and heard on it is waited for in a thread, one at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._at_work: asyncio.Future[Any] | None = None

    async def say(self, what: Any) -> None:
        """Send; `_Died`."""
        await self._done(self._connection.send, what)

    async def hear(self) -> Any:
        """What is said next, None after a moment of silence; `_Died`."""
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
            raise _Died from error

    def _next_message(self) -> Any:
        return self._connection.recv() if self._connection.poll(_BEAT_SECONDS) else None


async def _conversation(
    line: _Line,
    order: SheetOrder,
    answer: Callable[[RegisterQuestion], Awaitable[RegisterAnswer]],
    progress: Callable[[int, int | None], Awaitable[None]],
) -> JudgedSheet:
    await line.say(order)
    at: tuple[int, int | None] = (0, None)
    while True:
        match await line.hear():
            case None:
                await progress(*at)
            case RegisterQuestion() as question:
                await line.say(await answer(question))
            case (int(done), int(total)):
                at = (done, total)
                await progress(done, total)
            case JudgedSheet() as judged:
                return judged
            case _RefusalSent(code, clause, missing, params):
                raise refuse(code, clause=clause, missing=missing, **params)
            case other:
                raise RuntimeError(f"the process that reads spreadsheets failed: {other}")


def _of_death(code: int | None, bounds: SheetBounds) -> Refusal:
    """What a process died of, as it is told."""
    if code == -signal.SIGXCPU:
        return _too_slow(bounds)
    if code in {-signal.SIGABRT, -signal.SIGKILL, -signal.SIGXFSZ}:
        return _too_big(bounds)
    return refuse("SPREADSHEET_UNREADABLE", reason="读取时出错中止 / reading it broke off")


def _too_slow(bounds: SheetBounds) -> Refusal:
    limit = f"{bounds.cpu_seconds} 秒 / seconds"
    return refuse("SPREADSHEET_TOO_LARGE", what="读取所需时间 / time to read it", limit=limit)


def _too_big(bounds: SheetBounds) -> Refusal:
    limit = f"{bounds.memory // _MEBIBYTE} MiB"
    return refuse("SPREADSHEET_TOO_LARGE", what="读取所需内存 / memory to read it", limit=limit)


# ---- in the process of its own -------------------------------------------------------------------------------------


def _work(theirs: Connection, bounds: SheetBounds) -> None:
    for ended in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ended, signal.SIG_IGN)  # it is the parent's to end this one, and ends with it
    end_with_parent()
    _bound(bounds)
    try:
        with collecting_paused():
            said: Any = judge_sheet(
                theirs.recv(),
                lambda question: _answer_to(theirs, question),
                lambda done, total: theirs.send((done, total)),
            )
    except Refusal as refusal:
        said = _as_sent(refusal)
    except MemoryError:
        said = _as_sent(_too_big(bounds))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # nobody listens any more
    except BaseException:  # noqa: BLE001  a reader in another language fails with more than an Exception
        said = traceback.format_exc()
    try:
        theirs.send(said)
    except MemoryError:
        theirs.send(_as_sent(_too_big(bounds)))


def _answer_to(theirs: Connection, question: RegisterQuestion) -> RegisterAnswer:
    theirs.send(question)
    answer: RegisterAnswer = theirs.recv()
    return answer


def _bound(bounds: SheetBounds) -> None:
    """From here on no more than this; what a library in another language says of it is nobody's business."""
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123
        pages = int(statm.read().split()[0])
    there = pages * resource.getpagesize()
    _lower(resource.RLIMIT_AS, there + bounds.memory)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, bounds.cpu_seconds + round(spent.ru_utime + spent.ru_stime))
    _lower(resource.RLIMIT_FSIZE, bounds.spill)
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


def _as_sent(refusal: Refusal) -> _RefusalSent:
    return _RefusalSent(refusal.code, refusal.clause, refusal.missing, refusal.params)
