"""Removal of what a running service keeps for a while only: tables that a rebuild replaced, and idempotency keys.

Several services may do so at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog

from service.database.trouble import TROUBLE
from service.ledgers.rebuild.previous import remove_due
from service.log.expired_keys import forget_expired_keys
from service.settings import Settings

log = structlog.get_logger(__name__)

FIRST_SECONDS: Final = 120.0
EVERY_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class KeptFor:
    """Times for which what is no part of the log is kept."""

    replaced: timedelta = timedelta(days=30)
    """Tables of ledgers that a rebuild has replaced."""
    keys: timedelta = timedelta(days=30)
    """Idempotency keys with their answers."""

    @classmethod
    def from_settings(cls, settings: Settings) -> KeptFor:
        """As the settings say, in days."""
        return cls(timedelta(days=settings.replaced_ledgers_days), timedelta(days=settings.idempotency_days))


@asynccontextmanager
async def clearing_up(pool: Any, kept: KeptFor) -> AsyncIterator[None]:
    """What is due is removed again and again while the block lasts."""
    task = asyncio.create_task(_go_on(pool, kept), name="clearing up")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _go_on(pool: Any, kept: KeptFor) -> None:
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        await clear_up(pool, kept)
        await asyncio.sleep(EVERY_SECONDS)


async def clear_up(pool: Any, kept: KeptFor) -> None:
    """One round; what cannot be removed now, because it is looked at or belongs to another role, is told and tried again."""
    for what, remove, keep in (
        ("replaced_ledgers", remove_due, kept.replaced),
        ("idempotency_keys", forget_expired_keys, kept.keys),
    ):
        try:
            async with pool.acquire() as connection:
                removed = await remove(connection, keep)
        except TROUBLE as error:
            log.warning("not_cleared_up", what=what, error=repr(error))
        else:
            if removed:
                log.info("cleared_up", what=what, removed=removed)
