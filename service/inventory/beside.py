"""A spreadsheet read and judged in a process of its own, which has so much memory and time and is then ended.

Every file gets a process that is forked from one that has everything loaded (some hundredths of a second; the first
file of a service waits a second for that one). What a file costs ends with its process: nothing is kept. A process
that dies of a file is a refusal like any other; one whose asker has gone away is killed.
"""

from __future__ import annotations

import asyncio
import signal
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final

from domain.refusals import Refusal, refuse
from service.inventory.judged import JudgedSheet, RegisterAnswer, RegisterQuestion, SheetOrder, judge_sheet
from service.memory import collecting_paused
from service.processes import MEBIBYTE, Line, ProcessDied, bound_this_process, process_beside, serve_only


@dataclass(frozen=True, slots=True)
class SheetBounds:
    """Bounds of reading and judging one file. The largest honest file (30,000 rows) takes half of it."""

    memory: int = 1_024 * MEBIBYTE
    """Bytes beside what the process has at its start."""
    cpu_seconds: int = 60
    seconds: float = 180.0
    """By the clock on the wall, on a machine that has other things to do."""
    spill: int = 512 * MEBIBYTE
    """Largest file that it may write meanwhile."""


BOUNDS: Final = SheetBounds()


@dataclass(frozen=True, slots=True)
class _RefusalSent:
    """A refusal on its way between processes."""

    code: str
    clause: str | None
    missing: tuple[str, ...]
    params: dict[str, Any]


async def judged_beside(
    order: SheetOrder,
    answer: Callable[[RegisterQuestion], Awaitable[RegisterAnswer]],
    progress: Callable[[int, int | None], Awaitable[None]],
    bounds: SheetBounds = BOUNDS,
) -> JudgedSheet:
    """Have a file read and judged. The refusals of reading; SPREADSHEET_TOO_LARGE when it needs more than the bounds;
    whatever `progress` and `answer` raise ends the process.
    """
    async with process_beside("spreadsheet", _work, bounds) as (process, line):
        try:
            async with asyncio.timeout(bounds.seconds) as deadline:
                return await _conversation(line, order, answer, progress)
        except TimeoutError:
            if not deadline.expired():
                raise  # somebody else's, of the database for one
            raise _too_slow(bounds) from None
        except ProcessDied:
            await asyncio.to_thread(process.join)
            raise _of_death(process.exitcode, bounds) from None


async def _conversation(
    line: Line,
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


_NO_ROOM_TO_SAY_SO: Final = 1
"""Exit code of an exception that nothing caught: all are, but for want of memory while one is told."""


def _of_death(code: int | None, bounds: SheetBounds) -> Refusal:
    """What a process died of, as it is told."""
    if code == -signal.SIGXCPU:
        return _too_slow(bounds)
    if code in {-signal.SIGABRT, -signal.SIGKILL, -signal.SIGXFSZ, _NO_ROOM_TO_SAY_SO}:
        return _too_big(bounds)
    return refuse("SPREADSHEET_UNREADABLE", reason="读取时出错中止 / reading it broke off")


def _too_slow(bounds: SheetBounds) -> Refusal:
    limit = f"{bounds.cpu_seconds} 秒 / seconds"
    return refuse("SPREADSHEET_TOO_LARGE", what="读取所需时间 / time to read it", limit=limit)


def _too_big(bounds: SheetBounds) -> Refusal:
    limit = f"{bounds.memory // MEBIBYTE} MiB"
    return refuse("SPREADSHEET_TOO_LARGE", what="读取所需内存 / memory to read it", limit=limit)


# ---- in the process of its own -------------------------------------------------------------------------------------


def _work(theirs: Connection, bounds: SheetBounds) -> None:
    serve_only()
    too_big = _as_sent(_too_big(bounds))  # made while there is room for it
    bound_this_process(bounds.memory, bounds.cpu_seconds, bounds.spill)
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
        said = too_big
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # nobody listens any more
    except BaseException:  # noqa: BLE001  a reader in another language fails with more than an Exception
        said = traceback.format_exc()
    try:
        theirs.send(said)
    except MemoryError:
        theirs.send(too_big)


def _answer_to(theirs: Connection, question: RegisterQuestion) -> RegisterAnswer:
    theirs.send(question)
    answer: RegisterAnswer = theirs.recv()
    return answer


def _as_sent(refusal: Refusal) -> _RefusalSent:
    return _RefusalSent(refusal.code, refusal.clause, refusal.missing, refusal.params)
