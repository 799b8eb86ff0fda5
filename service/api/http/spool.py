"""Whole ledgers on their way to a client: written to a file first, then sent at the client's pace.

While the file is written the database is asked; while it is sent it is not. The files are bounded in size and number,
so a client who does not read holds one file until the connection's time is up, and nothing else.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import IO, Final, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from domain.refusals import refuse
from service.admission import RoomBounds, WaitingRoom
from service.shares import Share, working

MOST_BYTES: Final = 536_870_912
"""Largest export: 500,000 rows of a kilobyte."""
IN_MEMORY_BYTES: Final = 1_048_576
"""Up to so many bytes no file is made."""
BOUNDS: Final = RoomBounds(
    at_once=16, per_key=2, waiting=16, waiting_per_key=2, wait_seconds=5.0, again_seconds=5
)
"""Exports that are written or sent; a key that fetches several ledgers does so two at a time."""
WRITING: Final = RoomBounds(
    at_once=3, per_key=2, waiting=16, waiting_per_key=2, wait_seconds=10.0, again_seconds=5
)
"""Exports that are written at the same time."""
_CHUNK: Final = 262_144


class Spools:
    """The exports of one application."""

    def __init__(self, bounds: RoomBounds = BOUNDS, most_bytes: int = MOST_BYTES) -> None:
        self.room = WaitingRoom(bounds)
        self._most_bytes = most_bytes
        self._writing = WaitingRoom(WRITING)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Spool]:
        """A file to write an export to, in the share of exports. It stays open for `Spool.answer`, unless writing fails.

        TOO_MANY_REQUESTS, SERVICE_BUSY where there is no place for it.
        """
        sender = await self.room.enter()
        spool = Spool(self, sender, self._most_bytes)
        try:
            async with self._writing.place():
                with working(Share.EXPORTS):
                    yield spool
        except BaseException:
            spool.close()
            raise


def spools_of(request: Request) -> Spools:
    """The exports of the application that answers this request."""
    return cast("Spools", request.app.state.spools)


class Spool:
    """The file of one export, with its place among them."""

    def __init__(self, spools: Spools, sender: str, most_bytes: int) -> None:
        self._spools: Spools | None = spools
        self._sender = sender
        self._most_bytes = most_bytes
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self.file.write(data)
        self.keep_within_bounds()

    def keep_within_bounds(self) -> None:
        """Refuse what somebody has written to `file` beyond the bound; EXPORT_TOO_LARGE."""
        if self.file.tell() > self._most_bytes:
            raise refuse("EXPORT_TOO_LARGE", limit=self._most_bytes)

    def close(self) -> None:
        """Throw the file away and give its place back."""
        self.file.close()
        if self._spools is not None:
            self._spools.room.leave(self._sender)
            self._spools = None

    def answer(self, media_type: str, headers: Mapping[str, str] | None = None) -> Response:
        """What was written as an answer, which closes the file when it was sent or the client is gone."""
        self.file.seek(0, 2)
        self.size = self.file.tell()
        self.file.seek(0)
        return _SpooledAnswer(self, media_type, headers)

    def read(self) -> bytes:
        """The next piece; empty at the end."""
        return self.file.read(_CHUNK)


def give_up(answer: Response) -> None:
    """Give an answer up unsent: a file behind it is closed."""
    if isinstance(answer, _SpooledAnswer):
        answer.spool.close()


class _SpooledAnswer(Response):
    """Sends a spool's bytes as fast as the client takes them."""

    def __init__(self, spool: Spool, media_type: str, headers: Mapping[str, str] | None) -> None:
        super().__init__(
            media_type=media_type, headers={**(headers or {}), "Content-Length": str(spool.size)}
        )
        self.spool = spool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await send(start)
            while piece := await asyncio.to_thread(self.spool.read):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if await request.is_disconnected():
                    return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self.spool.close()
