"""The store on a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from service.log.event_store import EventStore
from tests.log.commands import CODEC


@pytest.fixture
async def store(pool: asyncpg.Pool) -> AsyncIterator[EventStore]:
    """A running store."""
    async with EventStore(pool, codec=CODEC) as running:
        yield running
