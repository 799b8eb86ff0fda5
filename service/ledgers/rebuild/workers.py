"""Processes of a rebuild: orders as lines on stdin of each, what happens as JSON lines on its stdout.

Stdin stays open for as long as the one who gives the orders lives; with him the process ends, whatever it waits for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
import uvloop

import service
from projections.catalogue import CATALOGUE, chosen
from projections.engine.events import EventReader, Undecodable
from projections.engine.projection import PoisonEvent, Projection
from service.ledgers.rebuild.plan import (
    RebuildFailed,
    RebuildLimits,
    RebuildOutcome,
    RebuildProgress,
    StreamRange,
)
from service.ledgers.rebuild.run import Rebuild, connected
from service.ledgers.rebuild.streams import StreamFold, StreamsWanted, Unappliable
from service.log.codec import EventCodec
from service.memory import collecting_paused

_ROOT: Final = Path(service.__file__).resolve().parents[1]
"""Where this code lies: the processes of a rebuild run the same."""


def worker_main() -> None:
    """Entry of a process: follows orders until there is nobody to give any."""
    orders: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    try:
        uvloop.run(_work(orders))
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:  # noqa: BLE001  told to the parent, which raises it
        _say(failed=f"{type(error).__name__}: {error}")


async def _work(orders: asyncio.Queue[dict[str, Any]]) -> None:
    loop = asyncio.get_running_loop()

    def listen() -> None:
        for line in sys.stdin.buffer:
            loop.call_soon_threadsafe(orders.put_nowait, orjson.loads(line))
        os._exit(1)  # whoever gave the orders is gone

    threading.Thread(target=listen, daemon=True).start()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(collecting_paused())
        told = await orders.get()
        url, limits = told.pop("url"), RebuildLimits(**told.pop("limits"))
        folds: dict[StreamsWanted, StreamFold] = {}
        connections: tuple[asyncpg.Connection, asyncpg.Connection] | None = None
        while True:
            order = await orders.get()
            if "finish" in order:
                rebuild = Rebuild(
                    url,
                    chosen(order["finish"]),
                    limits=limits,
                    progress=lambda progress: _say(progress=asdict(progress)),
                    **told,
                )
                _say(done=[asdict(outcome) for outcome in await rebuild.run()])
                continue
            wanted = StreamsWanted(
                order["county"], order["upto"], tuple((name, epoch) for name, epoch in order["epochs"])
            )
            if wanted not in folds:
                if connections is None:
                    connections = (
                        await stack.enter_async_context(connected(url)),
                        await stack.enter_async_context(connected(url)),
                    )
                work, log = connections
                folds[wanted] = StreamFold(
                    work,
                    log,
                    wanted,
                    CATALOGUE,
                    reader=EventReader(EventCodec().upcast),
                    limits=limits,
                    folded=lambda events: _say(folded=events),
                )
            await folds[wanted].fold(StreamRange(**order["fold"]))
            _say(lowest=_as_told(folds[wanted].lowest))


def _say(**line: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
    sys.stdout.buffer.flush()  # fails when nobody listens any more, and ends this process


def _as_told(error: Unappliable | None) -> dict[str, Any] | None:
    if error is None:
        return None
    projection = error.projection if isinstance(error, PoisonEvent) else None
    return {
        "projection": projection,
        "position": error.position,
        "event_type": error.event_type,
        "reason": error.reason,
    }


def _told(line: dict[str, Any] | None) -> Unappliable | None:
    if line is None:
        return None
    projection = line.pop("projection")
    return Undecodable(**line) if projection is None else PoisonEvent(projection, **line)


class _Process:
    """A process that helps, as the one that gives it orders sees it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            msg = "the process has no pipes"
            raise RuntimeError(msg)
        self._process, self._stdin, self._stdout = process, process.stdin, process.stdout

    async def fold(
        self, wanted: StreamsWanted, one: StreamRange, folded: Callable[[int], None]
    ) -> Unappliable | None:
        """See `Helper`."""
        self.order(fold=asdict(one), **asdict(wanted))
        async for said in self._answers():
            if "folded" not in said:
                return _told(said["lowest"])
            folded(said["folded"])
        raise await self._ended()

    async def finish(
        self, names: Sequence[str], progress: Callable[[RebuildProgress], None]
    ) -> list[RebuildOutcome]:
        """See `Helper`."""
        self.order(finish=names)
        async for said in self._answers():
            if "progress" not in said:
                return [RebuildOutcome(**outcome) for outcome in said["done"]]
            progress(RebuildProgress(**said["progress"]))
        raise await self._ended()

    def order(self, **order: Any) -> None:
        """Give an order."""
        self._stdin.write(orjson.dumps(order) + b"\n")

    async def end(self) -> None:
        """End it, whatever it does."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
        self._stdin.close()
        await self._process.wait()

    async def _answers(self) -> AsyncIterator[dict[str, Any]]:
        async for line in self._stdout:
            said = orjson.loads(line)
            if "failed" in said:
                raise RebuildFailed(said["failed"])
            yield said

    async def _ended(self) -> RebuildFailed:
        return RebuildFailed(f"a process of the rebuild ended with exit code {await self._process.wait()}")


async def rebuild(
    url: str,
    projections: Sequence[Projection],
    *,
    county: str | None = None,
    swap: bool = True,
    accept_difference: bool = False,
    progress: Callable[[RebuildProgress], None] | None = None,
    limits: RebuildLimits | None = None,
    processes: int = 2,
) -> list[RebuildOutcome]:
    """Rebuild projections of the catalogue, the work spread over processes of which this is one; outcomes in the given order.

    Raises `RebuildFailed` with another process's words; what has been finished by then stays.
    """
    limits = limits or RebuildLimits()
    if processes > 1 and await _events(url, county) < limits.shared:
        processes = 1
    helpers: list[_Process] = []
    try:
        for _ in range(processes - 1):
            helpers.append(_Process(await _started()))
            helpers[-1].order(
                url=url,
                limits=asdict(limits),
                county=county,
                swap=swap,
                accept_difference=accept_difference,
            )
        outcomes = await Rebuild(
            url,
            projections,
            county=county,
            swap=swap,
            accept_difference=accept_difference,
            progress=progress,
            limits=limits,
            helpers=helpers,
        ).run()
    finally:
        for one in helpers:
            await one.end()
    order_of = {projection.name: place for place, projection in enumerate(projections)}
    return sorted(outcomes, key=lambda outcome: order_of[outcome.projection])


async def _events(url: str, county: str | None) -> int:
    async with connected(url) as connection:
        return int(
            await connection.fetchval(
                "SELECT coalesce(sum(position), 0) FROM log_head WHERE $1::text IS NULL OR county = $1",
                county,
            )
        )


async def _started() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from service.ledgers.rebuild.workers import worker_main; worker_main()",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
        limit=2**24,
    )
