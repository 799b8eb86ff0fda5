"""A running store for tests of ledgers on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from service.log.event_store import EventStore


@pytest.fixture
async def store(pool: asyncpg.Pool) -> AsyncIterator[EventStore]:
    """An event store on a fresh database."""
    async with EventStore(pool) as running:
        yield running
