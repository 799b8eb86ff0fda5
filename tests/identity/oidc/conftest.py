"""The provider of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.identity.oidc.own_provider import OwnProvider, providing


@pytest_asyncio.fixture
async def own() -> AsyncIterator[OwnProvider]:
    async with providing() as provider:
        yield provider
