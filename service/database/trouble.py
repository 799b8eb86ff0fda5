"""Errors for a database that is not there, or not to be reached."""

from __future__ import annotations

from time import monotonic
from typing import Final

import asyncpg
import structlog

from service.database.bulkheads import NoConnectionFree

log = structlog.get_logger(__name__)


LOST: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""The connection was cut or refused; the server shuts down, starts up, or has no room: try again."""

TOO_SLOW: Final = (NoConnectionFree, asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)
"""A wait that came to its limit: for a connection, a statement, a lock. Nothing is broken: try again."""

TROUBLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""Whatever the database or its driver may fail with, for those who go on by themselves."""


class Outage:
    """A time without the database: one line when it is first met, one when it is over, whoever meets it in between."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._failures = 0

    def met(self, by: str, error: BaseException) -> None:
        """Somebody could not reach the database."""
        self._failures += 1
        if self._since is None:
            self._since = monotonic()
            log.warning(
                "database_lost", first_met_by=by, reason=f"{type(error).__name__}: {in_words(error)[:300]}"
            )

    def over(self) -> None:
        """The database has answered."""
        if self._since is not None:
            seconds, failures = round(monotonic() - self._since, 1), self._failures
            self._since, self._failures = None, 0
            log.warning("database_back", after_seconds=seconds, failures=failures)


OUTAGE: Final = Outage()
"""This process's."""

_GONE: Final = frozenset({"08", "53", "57"})
"""SQLSTATE classes of a connection that is lost or refused."""


def sentence(failure: BaseException) -> str | None:
    """What the database or its driver failed with, for somebody at the terminal; None for whatever is no trouble of
    theirs: a statement that is wrong is ours.
    """
    failure = getattr(failure, "orig", None) or failure  # SQLAlchemy's carry the driver's
    sqlstate = getattr(failure, "sqlstate", None)
    told = in_words(failure).rpartition(">: ")[2].split("\n")[0].rstrip(".")
    if sqlstate == "42501":
        return (
            f"The database refuses the role it is asked with: {told}; taizhang doctor says what the role may."
        )
    if sqlstate == "25006":
        return f"The database takes no writes: {told}."
    if (sqlstate or "")[:2] in _GONE:
        return f"The database ended the connection or has no room: {told}."
    if isinstance(failure, asyncpg.InterfaceError | asyncpg.InternalClientError | ConnectionError):
        return f"The connection to the database was lost: {told}."
    return None


def in_words(error: BaseException) -> str:
    """What an error says, or its kind where it says nothing, as a timeout does."""
    return str(error) or type(error).__name__
