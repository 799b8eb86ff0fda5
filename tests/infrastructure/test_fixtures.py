"""The fixtures themselves."""

from __future__ import annotations

import asyncpg

from service.database import migrate


async def test_database_url_is_migrated(database_url: str) -> None:
    assert await migrate.current(database_url) == migrate.head()


async def test_pool_is_on_this_tests_database(pool: asyncpg.Pool, database_url: str) -> None:
    assert await pool.fetchval("SELECT current_database()") in database_url


async def test_empty_database_is_empty(empty_database_url: str) -> None:
    assert await migrate.current(empty_database_url) is None
