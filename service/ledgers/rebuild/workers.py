"""Rebuilds spread over processes: the order as a line on stdin of each, what happens as JSON lines on its stdout.

Stdin stays open for as long as the one who gave the order lives; with him the process ends, whatever it waits for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson
import uvloop

import service
from projections.catalogue import chosen
from projections.engine.projection import Projection
from service.ledgers.rebuild.plan import (
    RebuildFailed,
    RebuildLimits,
    RebuildOutcome,
    RebuildProgress,
    in_groups,
)
from service.ledgers.rebuild.replay import cancelled
from service.ledgers.rebuild.run import Rebuild

_ROOT: Final = Path(service.__file__).resolve().parents[1]
"""Where this code lies: the processes of a rebuild run the same."""


def worker_main() -> None:
    """Entry of a process: runs one rebuild order read as a line of JSON from stdin."""
    order = orjson.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_stdin, daemon=True).start()

    def say(**line: Any) -> None:
        sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
        sys.stdout.buffer.flush()  # fails when nobody listens any more, and ends this rebuild

    work = Rebuild(
        order["url"],
        chosen(order["names"]),
        county=order["county"],
        swap=order["swap"],
        accept_difference=order["accept_difference"],
        progress=lambda progress: say(progress=asdict(progress)),
        limits=RebuildLimits(**order["limits"]),
    )
    try:
        say(done=[asdict(outcome) for outcome in uvloop.run(work.run())])
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:  # noqa: BLE001  told to the parent, which raises it
        say(failed=f"{type(error).__name__}: {error}")


def _end_with_stdin() -> None:
    os.read(sys.stdin.fileno(), 1)  # nothing more is ever sent: this returns at its end
    os._exit(1)


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
    """Rebuild projections of the catalogue, spread over processes; outcomes in the given order.

    Raises `RebuildFailed` with the first process's words; what other processes had finished by then stays.
    """
    groups = in_groups(projections, max(1, processes))
    limits = limits or RebuildLimits()
    if len(groups) == 1:
        alone = Rebuild(
            url,
            projections,
            county=county,
            swap=swap,
            accept_difference=accept_difference,
            progress=progress,
            limits=limits,
        )
        return await alone.run()
    order = {
        "url": url,
        "county": county,
        "swap": swap,
        "accept_difference": accept_difference,
        "limits": asdict(limits),
    }
    latest = [RebuildProgress("starting", 0, 0) for _ in groups]

    async def send(place: int, group: Sequence[Projection]) -> list[RebuildOutcome]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from service.ledgers.rebuild.workers import worker_main; worker_main()",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=_ROOT,
            limit=2**24,
        )
        if process.stdin is None or process.stdout is None:
            msg = "the worker has no pipes"
            raise RuntimeError(msg)
        try:
            process.stdin.write(orjson.dumps(order | {"names": [one.name for one in group]}) + b"\n")
            async for line in process.stdout:
                said = orjson.loads(line)
                if "progress" in said:
                    latest[place] = RebuildProgress(**said["progress"])
                    _tell_all(latest, progress)
                elif "failed" in said:
                    raise RebuildFailed(said["failed"])
                else:
                    return [RebuildOutcome(**outcome) for outcome in said["done"]]
            raise RebuildFailed(
                f"the process for {group[0].name} ended with exit code {await process.wait()}"
            )
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
            process.stdin.close()
            await process.wait()

    sent = [asyncio.ensure_future(send(place, group)) for place, group in enumerate(groups)]
    try:
        done = [outcome for outcomes in await asyncio.gather(*sent) for outcome in outcomes]
    finally:
        for one in sent:
            await cancelled(one)
    order_of = {projection.name: place for place, projection in enumerate(projections)}
    return sorted(done, key=lambda outcome: order_of[outcome.projection])


def _tell_all(latest: Sequence[RebuildProgress], progress: Callable[[RebuildProgress], None] | None) -> None:
    """All processes' progress as one: the slowest counts."""
    if progress is not None:
        slowest = min(latest, key=lambda one: one.done)
        progress(RebuildProgress(slowest.phase, slowest.done, max(one.total for one in latest)))
