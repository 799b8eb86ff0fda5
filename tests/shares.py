"""A service's connections in shares, for tests that open their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from service.database.bulkheads import Bulkheads, open_shares
from service.shares import DEFAULT_CONNECTIONS, TERMS, Share, Terms


@asynccontextmanager
async def bulkheads(
    url: str, connections: int = DEFAULT_CONNECTIONS, *, terms: Mapping[Share, Terms] = TERMS
) -> AsyncIterator[Bulkheads]:
    """Shares that are open inside the block."""
    opened = await open_shares(url, connections, session={}, patience=60, terms=terms)
    try:
        yield opened
    finally:
        await opened.close()
