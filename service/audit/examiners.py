"""The examination for a pack, some streams at a time: judged here, or, where there are many, in processes beside this.

The rows are the same either way. A process is given bytes and gives rows; it has no connection of its own, and ends
with the one that began it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context, parent_process
from typing import Any, Final

from domain.examination.examination import RulesAt
from domain.recorded import RecordedEvent
from domain.regulation import Regulation
from service.audit.examination import examined_rows, rules_at
from service.log.codec import EventCodec
from service.memory import collecting_paused, settle_memory

Stored = list[tuple[int, bytes]]
"""Events as the log has them: position and bytes, in order of position."""
Rows = list[list[Any]]

WORTH_FROM: Final = 1_000
"""Streams from which on processes are worth their start, about a second."""
_PROCESSES: Final = min(3, (os.cpu_count() or 1) - 1)
"""Beside this one, which has work of its own."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some whole streams, and the whole procedures that their events name; judged are events of these days."""

    streams: Stored
    procedures: Stored
    days: tuple[date, date]


@dataclass(frozen=True, slots=True)
class Bench:
    """Material of a judgement: whose log, by which rules."""

    county: str
    codec: EventCodec
    rules: RulesAt

    @classmethod
    def of(cls, regulation: Regulation, policy: Stored) -> Bench:
        """`policy`: the events by which the county changed its parameters."""
        codec = EventCodec()
        changes = [codec.decode(regulation.county, position, body) for position, body in policy]
        return cls(regulation.county, codec, rules_at(codec, regulation, changes))

    def judge(self, chunk: Chunk) -> Rows:
        """Rows of the pack's table."""
        return examined_rows(
            self.codec, self.rules, self._whole(chunk.streams), self._whole(chunk.procedures), chunk.days
        )

    def _whole(self, stored: Iterable[tuple[int, bytes]]) -> dict[str, list[RecordedEvent]]:
        found: dict[str, list[RecordedEvent]] = {}
        for position, body in stored:
            event = self.codec.decode(self.county, position, body)
            found.setdefault(event.stream, []).append(event)
        return found


Judge = Callable[[Chunk], Awaitable[Rows]]


@dataclass(frozen=True, slots=True)
class Examiners:
    """Judges of a chunk: in a thread of this process, or in a process beside it."""

    here: Judge
    beside: Judge | None
    processes: int


@asynccontextmanager
async def examiners(regulation: Regulation, policy: Stored, streams: int) -> AsyncIterator[Examiners]:
    """For so many streams; processes begin with their first chunk and end with this."""
    bench = Bench.of(regulation, policy)

    async def in_thread(chunk: Chunk) -> Rows:
        return await asyncio.to_thread(bench.judge, chunk)

    if streams < WORTH_FROM or _PROCESSES == 0:
        yield Examiners(in_thread, None, 0)
        return
    pool = ProcessPoolExecutor(
        _PROCESSES, mp_context=get_context("spawn"), initializer=_begin, initargs=(regulation, policy)
    )

    async def in_process(chunk: Chunk) -> Rows:
        try:
            return await asyncio.wrap_future(pool.submit(_judge, chunk))
        except BrokenProcessPool:  # somebody ended a process, or memory did; nothing is lost but time
            return await in_thread(chunk)

    try:
        yield Examiners(in_thread, in_process, _PROCESSES)
    finally:
        await asyncio.to_thread(pool.shutdown, cancel_futures=True)


# ---- in the process beside -----------------------------------------------------------------------------------------

_BENCH: list[Bench] = []


def _begin(regulation: Regulation, policy: Stored) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the parent's to end this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _BENCH.append(Bench.of(regulation, policy))
    settle_memory()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _judge(chunk: Chunk) -> Rows:
    with collecting_paused():
        return _BENCH[0].judge(chunk)
