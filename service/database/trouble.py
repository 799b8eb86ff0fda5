"""What is raised where the database, or the way to it, is not there."""

from __future__ import annotations

from typing import Final

import asyncpg

LOST: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""The connection was cut or refused; the server shuts down, starts up, or has no room: try again."""

TROUBLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""Whatever the database or its driver may fail with, for those who go on by themselves."""


def in_words(error: BaseException) -> str:
    """What an error says, or its kind where it says nothing, as a timeout does."""
    return str(error) or type(error).__name__
