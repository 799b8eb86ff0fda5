"""One connection's writing into shadow tables: in transactions that a fence opens and a note of progress ends.

Rows that a table cannot hold yet are gathered and copied in while the next events are applied.
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import asyncpg

from projections.engine.tables import SHADOW, LedgerTable
from projections.engine.writing import copy_in
from service.ledgers.rebuild.plan import RebuildLimits


class ShadowWriter(ABC):
    """A connection that writes shadows."""

    def __init__(self, work: asyncpg.Connection, limits: RebuildLimits) -> None:
        self.work, self.limits = work, limits
        self._gathered: dict[LedgerTable, list[Sequence[Any]]] = {}
        self._transaction: Any = None
        self._copying: asyncio.Future[None] | None = None
        self._committed_at = monotonic()

    @abstractmethod
    async def fence(self) -> None:
        """Let nobody write beside us until the transaction ends; RebuildUnderWay if we have been taken over."""

    @abstractmethod
    async def advance(self) -> None:
        """Write what is in memory beside what is gathered, and note how far all of it is."""

    @property
    def due(self) -> bool:
        """Whether the last commit is too long ago."""
        return monotonic() - self._committed_at > self.limits.seconds

    async def begin(self) -> None:
        """Have a transaction that only who holds the rebuilds is in."""
        await self.copied()
        if self._transaction is None:
            self._transaction = self.work.transaction()
            await self._transaction.start()
            await self.work.execute("SET LOCAL synchronous_commit = off")
            await self.fence()

    async def gather(self, ledger: LedgerTable, records: Sequence[Sequence[Any]]) -> None:
        """Have records copied in that a shadow cannot hold yet: with others, while the next events are applied."""
        self._gathered.setdefault(ledger, []).extend(records)
        if sum(map(len, self._gathered.values())) >= self.limits.appended:
            await self.begin()
            gathered, self._gathered = self._gathered, {}
            self.copy_beside(gathered)

    def copy_beside(self, gathered: Mapping[LedgerTable, Sequence[Sequence[Any]]]) -> None:
        """Copy records in while the next events are applied."""
        self._copying = asyncio.ensure_future(self._copy(gathered))

    async def _copy(self, gathered: Mapping[LedgerTable, Sequence[Sequence[Any]]]) -> None:
        for ledger, records in gathered.items():
            await copy_in(self.work, ledger, records, schema=SHADOW)

    async def copied(self) -> None:
        """Wait for what is being copied: a connection does one thing at a time."""
        if self._copying is not None:
            copying, self._copying = self._copying, None
            await copying

    async def commit(self) -> None:
        """Write what is in memory, and how far it is with it."""
        await self.begin()
        gathered, self._gathered = self._gathered, {}
        await self._copy(gathered)
        await self.advance()
        await self._transaction.commit()
        self._transaction = None
        self._committed_at = monotonic()

    async def abandon(self) -> None:
        """Undo what is under way; nothing where nothing is."""
        await self._stop_copying()
        if self._transaction is not None:
            transaction, self._transaction = self._transaction, None
            await transaction.rollback()  # else its lock on our own row is waited for

    async def _stop_copying(self) -> None:
        if self._copying is not None:
            copying, self._copying = self._copying, None
            await cancelled(copying)


async def cancelled(task: asyncio.Future[Any]) -> None:
    """Cancel a task and wait until it has ended, however."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task
