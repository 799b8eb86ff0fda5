"""A wire between the store and PostgreSQL that can be cut where it hurts: after the server has done its work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit, urlunsplit

from tests.listening import listening

_APPEND: Final = b"UPDATE log_head SET position"
"""In what is sent on a connection that appends, when it prepares its statement."""
_DONE: Final = b"D\x00\x00\x00\x0e\x00\x01\x00\x00\x00\x04\x00\x00\x00\x01"
"""In the answer to it: one row with the number 1. The head was moved, and that is committed."""


class Wire:
    """Forwards bytes between clients on a loopback port and the server's Unix socket or port."""

    def __init__(self, url: str) -> None:
        self._upstream = urlsplit(url)
        self._port = 0
        self._clients: list[asyncio.StreamWriter] = []
        self._open = True
        self._lose_next_reply = False
        self._lose_commits = 0
        self.replies_lost = 0

    @property
    def url(self) -> str:
        """Where clients connect."""
        user = self._upstream.username or "postgres"
        return urlunsplit(("postgresql", f"{user}@127.0.0.1:{self._port}", self._upstream.path, "", ""))

    def lose_next_reply(self) -> None:
        """Let the next request through, and cut every client off when the server has answered it."""
        self._lose_next_reply = True

    def lose_commits(self, count: int) -> None:
        """Of the next appends so many are stored without their sender hearing of it: he alone is cut off."""
        self._lose_commits += count

    def refuse(self) -> None:
        """Accept nobody until `accept`."""
        self._open = False

    def accept(self) -> None:
        """Accept clients again."""
        self._open = True

    def hang_up(self) -> None:
        """Cut the clients off; the server goes on with what it was asked and notices nothing yet."""
        for client in self._clients:
            client.transport.abort()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """This wire, listening; at the end everything is cut."""
        async with listening(self._forward) as self._port:
            yield self

    async def _forward(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if not self._open:
            client.transport.abort()
            return
        query = parse_qs(self._upstream.query)
        if "host" in query:
            port = query.get("port", ["5432"])[0]
            from_server, server = await asyncio.open_unix_connection(f"{query['host'][0]}/.s.PGSQL.{port}")
        else:
            from_server, server = await asyncio.open_connection(
                self._upstream.hostname, self._upstream.port or 5432
            )
        self._clients.append(client)
        appends = asyncio.Event()
        try:
            await asyncio.gather(
                self._requests(reader, server, appends),
                self._replies(from_server, client, appends),
                return_exceptions=True,
            )
        finally:
            server.transport.abort()

    async def _requests(
        self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, appends: asyncio.Event
    ) -> None:
        try:
            while request := await reader.read(65536):
                if _APPEND in request:
                    appends.set()
                server.write(request)
                await server.drain()
        except ConnectionError:
            return  # hung up: the server's side stays as it is
        if self._open:
            server.close()

    async def _replies(
        self, from_server: asyncio.StreamReader, client: asyncio.StreamWriter, appends: asyncio.Event
    ) -> None:
        while reply := await from_server.read(65536):
            if self._lose_commits and appends.is_set() and _DONE in reply:
                self._lose_commits -= 1
                self.replies_lost += 1
                client.transport.abort()
                continue
            if self._lose_next_reply:
                self._lose_next_reply = False
                self.replies_lost += 1
                self.hang_up()
                continue
            if not client.is_closing():
                client.write(reply)
        client.close()


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[Wire]:
    """A running wire."""
    async with Wire(url).running() as wire:
        yield wire
