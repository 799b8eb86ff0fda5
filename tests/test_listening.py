"""A test's listener leaves nothing open that a later test would be blamed for."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings

import pytest

from tests.listening import listening


@pytest.mark.parametrize("turns", range(6))
def test_connection_accepted_as_the_listener_ends_is_closed(turns: int) -> None:
    """Whatever came of it: nothing yet, a task that has not begun, one that reads."""
    with socket.socket() as client, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")

        async def read(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            await reader.read()

        async def once() -> None:
            async with listening(read) as port:
                client.connect(("127.0.0.1", port))
                for _ in range(turns):
                    await asyncio.sleep(0)

        asyncio.run(once())
        gc.collect()
    assert [str(one.message) for one in warned] == []
