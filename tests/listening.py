"""A listener on this machine that leaves nothing open behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

_TURNS: Final = 5
"""Turns of the loop in which a connection that was accepted reaches the listener, or one that was cut is put away."""

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve, **more: Any) -> AsyncIterator[int]:
    """The port of a listener on loopback; at the end every connection is cut and everybody who serves has ended.

    A connection is noted when it is accepted and not when its task begins: a task that is cancelled before
    its first step closes nothing, and what it left open is reported against a later test.
    """
    tasks: set[asyncio.Task[None]] = set()
    writers: set[asyncio.StreamWriter] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve(reader, writer)

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        task = asyncio.ensure_future(served(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accepted, "127.0.0.1", 0, **more)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        for listener in server.sockets:  # first: a server that closes while it accepts leaves the socket open
            server.get_loop().remove_reader(listener.fileno())
        await _turns()
        server.close()
        for writer in writers:
            writer.transport.abort()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _turns()


async def _turns() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
